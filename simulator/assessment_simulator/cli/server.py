"""`serve` and `demo`: the commands that start a server."""

import contextlib
import gc
import sys
import threading
from pathlib import Path
from typing import Any, get_args
from urllib.parse import urlsplit

import click

from assessment_simulator.cli import values
from assessment_simulator.cli.config_file import read_config
from assessment_simulator.cli.intercept import DEFAULT_SANDBOX, HOSTS, INTERCEPT, OTHERS, check_intercept
from assessment_simulator.cli.options import FLAG, PATH, control_token, need_cryptography, option
from assessment_simulator.core.log_location import LOG_FORMS, log_place
from assessment_simulator.core.urls import host_and_port
from assessment_simulator.settings import (
    PREFIX,
    Access,
    LogFormat,
    LogLevel,
    Settings,
    default_access,
    flaw_of_token,
    local_url,
)


@click.command()
@option("host", "127.0.0.1", "Address to listen on.", values.bind_host)
@option("port", "8787", "Port to listen on; 0 takes a free one.", type=click.IntRange(0, 65_535))
@option("log", "memory", f"Where commits are kept: {LOG_FORMS}.", values.log_location)
@option("workers", "1", "With PostgreSQL: how many processes serve on one port.", type=click.IntRange(1, 64))
@option("idle", "PT1H", "With a log: how long unused sandboxes stay in memory.", values.seconds)
@option("keep_for", None, "With a log: how long unused sandboxes are kept; no limit by default.", values.seconds)
@option("keep", None, "With a log: keep only the N most recently used sandboxes.", type=click.IntRange(1))
@option("access", None, "Who may open sandboxes; open by default on loopback.", type=click.Choice(get_args(Access)))
@option("config", None, "JSON or TOML file: sandboxes to open at the start, with settings and seeds.", type=PATH)
@option(
    "public_url", None, "Base address of links, if it differs from the address that the caller used.", values.base_url
)
@option(
    "trusted_proxies",
    None,
    "Comma-separated IP addresses and networks; their X-Forwarded-… is trusted.",
    values.networks,
)
@option(
    "allowed_hosts",
    None,
    "Comma-separated additional hosts that open access accepts; * accepts all.",
    values.host_names,
)
@option(
    "advertise", None,
    "With PostgreSQL: HOST or HOST:PORT where other servers forward requests to; by default the address from which "
    "this machine reaches the database, and a free port.",
    values.forward_address,
)  # fmt: skip
@option("cors_origins", None, "Comma-separated origins of web pages that may call.", values.origins)
@option(
    "webhook_hosts", None, "Comma-separated hosts that webhooks may go to; * is a wildcard.",
    lambda value: values.hosts(value) or None,
)  # fmt: skip
@option("webhook_ca", None, "More authorities to trust for listeners with https (PEM).", type=click.Path())
@option("webhook_insecure", None, "Do not verify listeners' certificates.", **FLAG)
@option("smtp", None, "HOST:PORT of a mail server that gets every invitation mail.", values.smtp_server)
@option(
    "request_timeout", "30",
    "Seconds for a request's head, for its body, and for each part of an answer that the client reads.",
    values.number, type=click.FloatRange(0.1, 3_600),
)  # fmt: skip
@option("max_connections", "10000", "Maximum number of connections; further ones get 503.", type=click.IntRange(1))
@option("max_sandboxes", "20000", "Maximum number of sandboxes; further ones get 503.", type=click.IntRange(1))
@option("tls", None, "Serve over TLS with a certificate of a local authority.", type=click.Choice(["local"]))
@option("tls_dir", None, "Folder of the local authority; --intercept has a default, in the user's data.", type=PATH)
@option("tls_cert", None, "Serve over TLS with this certificate (PEM).", type=PATH)
@option("tls_key", None, "The certificate's private key (PEM), without a password.", type=PATH)
@option(
    "grace",
    "2",
    "Seconds allowed to finish open requests when stopping.",
    values.number,
    type=click.FloatRange(0, 3_600),
)
@option("log_format", "text", "How the program's messages are written.", type=click.Choice(get_args(LogFormat)))
@option("log_level", "warning", "Lowest level of messages to write.", type=click.Choice(get_args(LogLevel)))
@option("access_log", None, "Write a line for every call.", **FLAG)
@INTERCEPT
@HOSTS
@OTHERS
@DEFAULT_SANDBOX
def serve(
    config: Path | None, tls: str | None, tls_dir: Path | None, tls_cert: Path | None, tls_key: Path | None,
    **options: Any,
) -> None:  # fmt: skip
    """Serve both vendors' APIs; the first line on standard output is "listening on URL"."""
    token, host, log = control_token(), options["host"], options["log"]
    if flaw := flaw_of_token(token):
        raise click.UsageError(f"{PREFIX}CONTROL_TOKEN {flaw}")
    if options["workers"] > 1 and log_place(log)[0] != "postgresql":
        raise click.UsageError(
            "--workers needs a log that several processes can share: --log postgresql://USER@HOST/DATABASE; "
            "memory and a SQLite file are for one process"
        )
    if options["workers"] > 1 and host_and_port(options["advertise"] or ""):
        raise click.UsageError("--advertise may name no port with --workers: each process has a port of its own")
    for name in ("keep", "keep_for"):
        if log == "memory" and options[name] is not None:
            raise click.UsageError(
                f"--{name.replace('_', '-')} needs a log, such as --log sqlite:PATH; "
                "without a log, all sandboxes are kept until the server stops"
            )
    if options["webhook_ca"] is not None:
        if options["webhook_insecure"]:
            raise click.UsageError("--webhook-insecure checks no certificate, so --webhook-ca is of no use beside it")
        from assessment_simulator.webhooks.ca_certificates import file_problem

        if problem := file_problem(options["webhook_ca"]):
            raise click.ClickException(f"--webhook-ca {options['webhook_ca']}: {problem}")
    if options["intercept"] is not None:
        check_intercept(options["workers"])
    cert, key = _tls_files(tls, tls_dir, tls_cert, tls_key, options)
    given = {name: value for name, value in options.items() if value is not None}
    given.setdefault("access", default_access(host))
    if given["access"] != "open" and "default_sandbox" in given:
        raise click.UsageError("--default-sandbox is for open access; in closed access each credential has one sandbox")
    settings = Settings(
        **given, control_token=token, tls_cert=cert, tls_key=key, tls_dir=None if tls_dir is None else str(tls_dir),
        sandboxes=read_config(config) if config else {},
    )  # fmt: skip
    gc.disable()  # what is loaded from here on lives as long as the process; `runner.serve_on` enables it
    if settings.workers > 1:
        from assessment_simulator.workers import serve_together

        sys.exit(serve_together(settings))
    from assessment_simulator.runner import serve as serve_alone

    sys.exit(serve_alone(settings))


def _tls_files(
    tls: str | None, folder: Path | None, cert: Path | None, key: Path | None, options: dict[str, Any]
) -> tuple[str | None, str | None]:
    """The files of certificate and key, checked, or made for the names under which the server will be reached."""
    if tls == "local":
        if folder is None or cert is not None or key is not None:
            raise click.UsageError("--tls local needs --tls-dir, for its authority, and no --tls-cert or --tls-key")
        need_cryptography("--tls local")
        try:
            from assessment_simulator.certificates import certify

            urls = (local_url(options["host"], options["port"], tls=True), options["public_url"] or "")
            made = certify(folder, [options["host"], *filter(None, (urlsplit(url).hostname for url in urls))])
        except (OSError, ValueError) as problem:
            raise click.ClickException(f"--tls-dir {folder}: {problem}") from None
        click.echo(f"certificate authority: {made.authority.absolute()}", err=True)
        return str(made.server), str(made.server)
    if folder is not None and options["intercept"] is None:
        raise click.UsageError("--tls-dir is for --tls local and --intercept alone")
    if cert is None and key is None:
        return None, None
    if cert is None or key is None:
        raise click.UsageError("--tls-cert and --tls-key go together")
    import ssl

    try:
        # Without a password here, OpenSSL would ask for it on the terminal.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key, password="")
    except (OSError, ValueError) as problem:
        raise click.ClickException(
            f"--tls-cert {cert}, --tls-key {key}: no certificate with its key, without a password: {problem}"
        ) from None
    return str(cert), str(key)


@click.command()
@click.option("--port", default=0, type=click.IntRange(0, 65_535), help="Port to serve on; 0 takes a free one.")
@click.option("--stay/--leave", default=None, help="Go on serving after the demo.  [default: stay in a terminal]")
@click.option("--open", "in_browser", is_flag=True, help="Open a guided tour in the browser, and go on serving.")
def demo(port: int, stay: bool | None, in_browser: bool) -> None:
    """Serve, and show the workflows of both vendors in the terminal."""
    from assessment_simulator import logging_setup
    from assessment_simulator.demo import Demo
    from assessment_simulator.runner import listen, running, start_error

    settings = Settings(port=port)
    logging_setup.set_up(settings.log_format, settings.log_level, settings.access_log)
    try:
        listeners = listen(settings)
    except OSError as problem:
        raise click.ClickException(start_error(settings, problem)) from None
    with running(settings, listeners) as base:
        shown = Demo(base, click.echo)
        shown.run()
        if in_browser:
            shown.open_tour()
        if (in_browser or sys.stdout.isatty()) if stay is None else stay:
            shown.stay()
            with contextlib.suppress(KeyboardInterrupt):
                threading.Event().wait()
