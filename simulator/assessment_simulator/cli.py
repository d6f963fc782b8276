"""The command `assessment-simulator`: its subcommands, their options, and how option values are checked.

Each option of `serve` is also an environment variable `SIMULATOR_…`, which the option overrides; an empty variable
counts as missing. An invalid value ends the command with status 2 and a message that names the option. Heavy imports
stand inside the commands, so that `--help` and `ready` load nothing of the server.
"""

import contextlib
import errno
import gc
import json
import os
import re
import sys
import threading
from collections.abc import Callable
from io import TextIOWrapper
from ipaddress import ip_network
from pathlib import Path
from typing import Any, get_args
from urllib.parse import urlsplit

import click

from assessment_simulator import __version__
from assessment_simulator.core import instant
from assessment_simulator.core.log_location import LOG_FORMS, log_place
from assessment_simulator.core.urls import host_and_port, is_web_url, path_prefix
from assessment_simulator.http.cross_origin import ANY, is_address, parse_origin, pattern
from assessment_simulator.journal.redaction import redact
from assessment_simulator.settings import (
    PREFIX,
    Access,
    LogFormat,
    LogLevel,
    Settings,
    default_access,
    flaw_of_token,
    from_environment,
    local_url,
)

# A name or an IPv4 address, or an IPv6 address, which has two colons at least; `*` is allowed in them.
_HOST = re.compile(r"[^\s,;:/?#@\[\]]+|(?=.*:.*[:*])[0-9a-f.:*]+", re.IGNORECASE)
_HOST_NAME = re.compile(r"\.?[a-z0-9_-]+(\.[a-z0-9_-]+)*")


class _Main(click.Group):
    """The commands. `check` belongs to another package with requirements of its own, and is loaded when it is used."""

    def main(self, *args: Any, **more: Any) -> Any:
        """Run a command. Characters that the encoding of a stream lacks are printed as escapes, in the help, too."""
        # Open the null device in the place of closed standard streams. Otherwise sockets get their descriptors, and
        # libuv aborts the process when it closes one of them.
        for descriptor in range(3):
            try:
                os.fstat(descriptor)
            except OSError:
                # The system takes the lowest free number, which is this one.
                os.open(os.devnull, os.O_RDWR)
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")
        try:
            return super().main(*args, **more)
        except OSError as problem:  # click handles a closed pipe itself
            if problem.errno not in (errno.ENOSPC, errno.EIO):
                raise
            with contextlib.suppress(OSError):
                sys.stderr.write(f"cannot write to standard output: {problem.strerror}\n")
            # Without a flush, which would fail again.
            os._exit(1)

    def list_commands(self, context: click.Context) -> list[str]:
        """The names of all commands."""
        return sorted([*super().list_commands(context), "check"])

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """The command of a name."""
        if name != "check":
            return super().get_command(context, name)
        try:
            from assessment_contracts.cli import check
        except ModuleNotFoundError as problem:
            if (problem.name or "").partition(".")[0] not in ("hypothesis", "pytest"):
                raise
            install = "pip install 'assessment-simulator[contracts]', or '.[contracts]' in a clone"

            def explain() -> None:
                raise click.ClickException(f"check needs Hypothesis and pytest: {install}")

            # It explains this whatever follows on the command line, `--help` included.
            anything = {"ignore_unknown_options": True, "allow_extra_args": True}
            text = "Check a server or a client; needs the extra `contracts`."
            return click.Command("check", anything, explain, help=text, add_help_option=False)
        return check


@click.group(cls=_Main)
@click.version_option(__version__, prog_name="assessment-simulator")
def main() -> None:
    """One local server that behaves like the APIs of pymetrics and The Predictive Index."""


# Values of options. Each function returns the value for `Settings`, or raises ValueError with the reason.


def web_url(value: str) -> str:
    if not is_web_url(value):
        raise ValueError(f"{value!r} is not an http or https URL with a host, such as https://simulator.example")
    return value


def base_url(value: str) -> str:
    parts = urlsplit(web_url(value))
    if parts.username is not None:
        raise ValueError(f"{redact(value)!r} has a user; links to it would show the password to each reader")
    if "?" in value or "#" in value:
        raise ValueError(f"{value!r} has a query or a fragment; links begin with it, and a path follows")
    if path_prefix(parts.path) is None:
        allowed = "letters, digits and . _ ~ @ : + -, others escaped as in %20, and no empty, . or .. segments"
        raise ValueError(f"{value!r} has a path that links cannot begin with; it may have {allowed}")
    return value


def log_location(value: str) -> str:
    try:
        log_place(value)
    except ValueError as problem:
        raise ValueError(f"{redact(value)!r}: {problem}") from None
    return value


def seconds(value: str) -> float:
    ticks = None
    with contextlib.suppress(ValueError, OverflowError):  # so many digits that they are no number
        ticks = instant.parse_duration(value)
    if ticks is None:
        units = "weeks, days, hours, minutes and seconds, such as PT1H or P7D"
        raise ValueError(f"{value!r} is not an ISO 8601 duration of {units}")
    if not ticks:
        raise ValueError(f"{value!r} is zero; it must be longer than zero")
    return ticks / instant.SECOND


def _valid(is_valid: Callable[[Any], Any], expected: str, *, several: bool = False) -> Callable[[Any], Any]:
    """A function that returns a value, or the tuple of a comma-separated list, if `is_valid` says so of each."""

    def parse(value: Any) -> Any:
        items = tuple(item.strip() for item in value.split(",") if item.strip()) if several else (value,)
        if value and not items:
            raise ValueError(f"{value!r} is empty")
        for item in items:
            with contextlib.suppress(ValueError):
                if is_valid(item):
                    continue
            raise ValueError(f"{item!r} is not {expected}")
        return items if several else value

    return parse


# The ranges of click accept NaN.
number = _valid(lambda value: value == value, "a number")
bind_host = _valid(lambda value: value.strip(" []"), "a host; 0.0.0.0 listens on every address of this machine")
smtp_server = _valid(host_and_port, "HOST:PORT, such as 127.0.0.1:1025")
forward_address = _valid(
    lambda value: host_and_port(value) or _HOST.fullmatch(value.strip("[]")),
    "HOST or HOST:PORT, such as 10.0.0.7 or 10.0.0.7:9000",
)
hosts = _valid(_HOST.fullmatch, "a host, such as hook.example, *.hook.example, 127.0.0.1 or ::1", several=True)
networks = _valid(
    ip_network, "an IP address, or a network without bits of a host, such as 127.0.0.1, 10.0.0.0/8 or fd00::/8",
    several=True,
)  # fmt: skip
host_names = _valid(
    lambda item: item == ANY or is_address(item.strip("[]")) or _HOST_NAME.fullmatch(pattern(item)),
    "a host name, such as sim.example, .example.com (with its subdomains) or *; it has no scheme, port or path",
    several=True,
)
origins = _valid(
    lambda item: item == ANY or parse_origin(item.rstrip("/")),
    "an origin, such as https://app.example or http://10.0.0.5:3000: a scheme, a host and perhaps a port, no path",
    several=True,
)


def control_token() -> str | None:
    """The control token of the environment; it must be one that a header can carry."""
    token = from_environment("control_token")
    if token is not None and (token != token.strip() or re.search(r"[\x00-\x1f\x7f]", token)):
        wrong = "a control character in it" if token == token.strip() else "a space or line break at its start or end"
        raise click.UsageError(f"SIMULATOR_CONTROL_TOKEN has {wrong}, which no Authorization header can carry")
    return token


def _parsed(parse: Callable[[Any], Any]) -> Callable[[click.Context, click.Parameter, Any], Any]:
    """A callback for click that reports a ValueError of `parse` under the name of the option."""

    def callback(context: click.Context, option: click.Parameter, value: Any) -> Any:
        try:
            return None if value is None else parse(value)
        except ValueError as problem:
            raise click.BadParameter(str(problem)) from None

    return callback


def option(
    name: str, default: str | None, text: str, parse: Callable[[Any], Any] = lambda value: value, **more: Any
) -> Callable[[Any], Any]:
    """An option whose default is its environment variable, else `default`; its value is None without either."""
    full = f"{text}  [env: {PREFIX}{name.upper()}{f'; default: {default}' if default else ''}]"
    return click.option(
        f"--{name.replace('_', '-')}", default=lambda: from_environment(name) or default, help=full,
        callback=_parsed(parse), **more,
    )  # fmt: skip


# click before 8.2 takes the opposite of the default for `flag_value`, and the default is a function here.
_FLAG: dict[str, Any] = {"is_flag": True, "flag_value": True, "type": bool}
_PATH = click.Path(path_type=Path)


@main.command()
@option("host", "127.0.0.1", "Address to listen on.", bind_host)
@option("port", "8787", "Port to listen on; 0 takes a free one.", type=click.IntRange(0, 65_535))
@option("log", "memory", f"Where commits are kept: {LOG_FORMS}.", log_location)
@option("workers", "1", "With PostgreSQL: how many processes serve on one port.", type=click.IntRange(1, 64))
@option("idle", "PT1H", "With a log: how long unused sandboxes stay in memory.", seconds)
@option("keep_for", None, "With a log: how long unused sandboxes are kept; no limit by default.", seconds)
@option("keep", None, "With a log: keep only the N most recently used sandboxes.", type=click.IntRange(1))
@option("access", None, "Who may open sandboxes; open by default on loopback.", type=click.Choice(get_args(Access)))
@option("config", None, "JSON or TOML file with {sandboxes: {name: config}}, opened at the start.", type=_PATH)
@option("public_url", None, "Base address of links, if it differs from the address that the caller used.", base_url)
@option("trusted_proxies", None, "Comma-separated IP addresses and networks; their X-Forwarded-… is trusted.", networks)
@option("allowed_hosts", None, "Comma-separated additional hosts that open access accepts; * accepts all.", host_names)
@option(
    "advertise", None,
    "With PostgreSQL: HOST or HOST:PORT where other servers forward requests to; by default the address from which "
    "this machine reaches the database, and a free port.",
    forward_address,
)  # fmt: skip
@option("cors_origins", None, "Comma-separated origins of web pages that may call.", origins)
@option(
    "webhook_hosts", None, "Comma-separated hosts that webhooks may go to; * is a wildcard.",
    lambda value: hosts(value) or None,
)  # fmt: skip
@option("webhook_ca", None, "More authorities to trust for listeners with https (PEM).", type=click.Path())
@option("webhook_insecure", None, "Do not verify listeners' certificates.", **_FLAG)
@option("smtp", None, "HOST:PORT of a mail server that gets every invitation mail.", smtp_server)
@option(
    "request_timeout", "30",
    "Seconds for a request's head, for its body, and for each part of an answer that the client reads.",
    number, type=click.FloatRange(0.1, 3_600),
)  # fmt: skip
@option("max_connections", "10000", "Maximum number of connections; further ones get 503.", type=click.IntRange(1))
@option("max_sandboxes", "20000", "Maximum number of sandboxes; further ones get 503.", type=click.IntRange(1))
@option("tls", None, "Serve over TLS with a certificate of a local authority.", type=click.Choice(["local"]))
@option("tls_dir", None, "Folder of the local authority.", type=_PATH)
@option("tls_cert", None, "Serve over TLS with this certificate (PEM).", type=_PATH)
@option("tls_key", None, "The certificate's private key (PEM), without a password.", type=_PATH)
@option("grace", "2", "Seconds allowed to finish open requests when stopping.", number, type=click.FloatRange(0, 3_600))
@option("log_format", "text", "How the program's messages are written.", type=click.Choice(get_args(LogFormat)))
@option("log_level", "warning", "Lowest level of messages to write.", type=click.Choice(get_args(LogLevel)))
@option("access_log", None, "Write a line for every call.", **_FLAG)
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
    cert, key = _tls_files(tls, tls_dir, tls_cert, tls_key, options)
    given = {name: value for name, value in options.items() if value is not None}
    settings = Settings(
        **{"access": default_access(host), **given}, control_token=token, tls_cert=cert, tls_key=key,
        sandboxes=_read_config(config) if config else {},
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
        try:
            from assessment_simulator.certificates import certify

            urls = (local_url(options["host"], options["port"], tls=True), options["public_url"] or "")
            made = certify(folder, [options["host"], *filter(None, (urlsplit(url).hostname for url in urls))])
        except ModuleNotFoundError as problem:
            if problem.name != "cryptography":
                raise
            install = "pip install 'assessment-simulator[tls]'"
            raise click.ClickException(f"--tls local needs the package cryptography: {install}") from None
        except (OSError, ValueError) as problem:
            raise click.ClickException(f"--tls-dir {folder}: {problem}") from None
        click.echo(f"certificate authority: {made.authority.absolute()}", err=True)
        return str(made.server), str(made.server)
    if folder is not None:
        raise click.UsageError("--tls-dir is for --tls local alone")
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


def _read_config(path: Path) -> dict[str, dict[str, Any]]:
    """The sandboxes of a configuration file, each of their settings checked."""
    import tomllib

    from assessment_simulator.app import VENDORS
    from assessment_simulator.control.settings import changed
    from assessment_simulator.core.config import Config
    from assessment_simulator.http.problem_details import Problem
    from assessment_simulator.sandbox.sandbox import NAME

    try:
        text = path.read_text("utf-8")
        content = tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
    except (OSError, ValueError, RecursionError) as problem:
        kind = "TOML" if path.suffix == ".toml" else "JSON (a TOML file's name ends in .toml)"
        raise click.ClickException(f"{path}: cannot be read as {kind}: {problem}") from None
    sandboxes = content.get("sandboxes") if isinstance(content, dict) else None
    if not isinstance(sandboxes, dict) or len(content) != 1:
        raise click.ClickException(f'{path}: must be an object with the one member "sandboxes": {{name: config}}')
    for name, config in sandboxes.items():
        if not NAME.fullmatch(name) or not isinstance(config, dict):
            rule = "the name must be 1 to 64 of a-z, 0-9 and -, and its value an object"
            raise click.ClickException(f"{path}: sandboxes.{name}: {rule}")
        try:
            changed(VENDORS, Config(), config)
        except Problem as problem:
            raise click.ClickException(f"{path}: sandboxes.{name}: {problem.detail}") from None
    return sandboxes


_URL = click.option(
    "--url", default=None,
    help="Base address of the server.  [default: the server that the SIMULATOR_ variables describe]",
)  # fmt: skip
_CA = click.option("--ca", default=None, type=_PATH, help="Authority to trust, for https (PEM).")


def _server_url(url: str | None) -> str:
    """The given URL, else that of the server that the same environment starts; raises ValueError."""
    if url is None:
        host, port = from_environment("host") or Settings().host, from_environment("port") or str(Settings().port)
        if not port.strip("0"):
            raise click.UsageError("SIMULATOR_PORT is 0, so the server chose its port; give its URL with --url")
        url = local_url(host, port, tls=bool(from_environment("tls") or from_environment("tls_cert")))
    if not is_web_url(url):
        raise ValueError(f"{url!r} is not an http or https URL with a host")
    return url


@main.command()
@_URL
@_CA
def ready(url: str | None, ca: Path | None) -> None:
    """Exit with 0 if a simulator answers and its log can be written, else with 1."""
    from assessment_simulator.healthcheck import Unready, health, trust

    try:
        base = _server_url(url)
    except ValueError as problem:
        raise click.ClickException(str(problem)) from None
    try:
        click.echo(health(base, trust(base, ca, own=url is None)))
    except (Unready, OSError) as problem:
        raise click.ClickException(f"{base} is not ready: {problem}") from None


def _key(name: str, text: str) -> Callable[[Any], Any]:
    variable = name.upper().replace("-", "_")
    return click.option(f"--{name}", default=None, envvar=variable, help=f"{text}  [env: {variable}]")


@main.command()
@_URL
@_CA
@click.option("--sandbox", default=None, help="Sandbox to inspect; the keys should open it.")
@click.option("--listener", default=None, callback=_parsed(web_url), help="A webhook address for the server to reach.")
@_key("pymetrics-client-id", "What a client would send to pymetrics for a token.")
@_key("pymetrics-client-secret", "The secret that goes with it.")
@_key("pymetrics-api-key", "pymetrics' X-Api-Key.")
@_key("pi-api-key", "The Predictive Index's api-key.")
def doctor(url: str | None, ca: Path | None, sandbox: str | None, listener: str | None, **keys: str | None) -> None:
    """Check a running server, and say what is wrong and what to do.

    The exit status is 0 when all is well, 1 when something is not, 2 when no simulator answers. In closed access it
    needs the token in SIMULATOR_CONTROL_TOKEN; it sends that token to the server.
    """
    from assessment_simulator.doctor import Doctor
    from assessment_simulator.healthcheck import trust

    if sandbox is None and (listener or any(keys.values())):
        raise click.UsageError("keys and --listener need --sandbox, the sandbox to inspect")
    try:
        base = _server_url(url)
        trusted = trust(base, ca, own=url is None)
    except ValueError as problem:
        raise click.UsageError(str(problem)) from None
    except OSError as problem:
        raise click.UsageError(f"the authority to trust cannot be read: {problem}") from None
    sys.exit(Doctor(base, control_token(), trusted, sandbox, listener, **keys).run(click.echo))


@main.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON, as the control API lists it.")
def rules(as_json: bool) -> None:
    """Print the rule catalogue."""
    from assessment_simulator.app import VENDORS
    from assessment_simulator.control.server import catalogue

    listed = catalogue(VENDORS)
    if as_json:
        click.echo(json.dumps(listed, indent=2))
        return
    width = max(len(rule["id"]) for rule in listed)
    for rule in listed:
        status = "" if rule["status_standing"] == rule["standing"] else f" (status {rule['status_standing']})"
        click.echo(f"{rule['id']:{width}}  {rule['status']}  {rule['standing'] + status:31}  {rule['statement']}")


@main.command()
def routes() -> None:
    """Print the vendors' endpoints."""
    from assessment_simulator.app import VENDORS

    for vendor in VENDORS.values():
        click.echo(vendor.title)
        for endpoint in vendor.endpoints:
            click.echo(f"  {endpoint.method:6} {endpoint.path:48} {endpoint.summary}")


@main.command()
@click.argument("vendor", type=click.Choice(["pymetrics", "predictive-index", "control"]))
def openapi(vendor: str) -> None:
    """Print an OpenAPI 3.1 document: that of a vendor, or that of the control API."""
    from assessment_simulator.app import documents

    document = documents().get(vendor)
    text = json.dumps(document, indent=2, ensure_ascii=False)
    try:
        text.encode(sys.stdout.encoding)
    except UnicodeEncodeError:  # the escape that the stream would print is none of JSON's
        text = json.dumps(document, indent=2)
    click.echo(text)


@main.command()
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
            click.echo("Still serving; Ctrl-C ends it.")
            with contextlib.suppress(KeyboardInterrupt):
                threading.Event().wait()
