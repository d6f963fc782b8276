"""The command `assessment-simulator`."""

import contextlib
import errno
import json
import os
import sys
import threading
from collections.abc import Callable
from io import TextIOWrapper
from pathlib import Path
from typing import Any

import click

from assessment_simulator import __version__
from assessment_simulator.core.log_location import LOG_FORMS, log_place
from assessment_simulator.core.urls import is_web_url
from assessment_simulator.options import (
    FLAG,
    Number,
    base_url,
    control_token,
    host_and_perhaps_port,
    host_names,
    host_port,
    hosts,
    networks,
    option,
    origins,
    own_address,
    place,
    seconds,
    to_listen,
    web_url,
)
from assessment_simulator.settings import PREFIX, Settings, address_to_ask, default_access, flaw_of_token


class _Main(click.Group):
    """The commands; `check` belongs to another package with needs of its own, and is loaded when it is asked for."""

    def main(self, *args: Any, **more: Any) -> Any:
        """Run a command. Characters that the encoding of a stream lacks are printed as escapes, in the help, too."""
        _open_standard_streams()
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
            os._exit(1)  # without a flush, which would fail again

    def list_commands(self, context: click.Context) -> list[str]:
        """Every command's name."""
        return sorted([*super().list_commands(context), "check"])

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """A command by its name."""
        return super().get_command(context, name) or (_check() if name == "check" else None)


def _open_standard_streams() -> None:
    """Open the null device in the place of standard streams that are closed.

    Otherwise sockets get their descriptors, and libuv aborts the process when it closes one of them.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, which is this one


def _check() -> click.Command:
    try:
        from assessment_contracts.cli import check
    except ModuleNotFoundError as problem:
        if (problem.name or "").partition(".")[0] not in ("hypothesis", "pytest"):
            raise
        return _unready
    return check


@click.command("check", add_help_option=False, context_settings={"ignore_unknown_options": True})
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def _unready(words: tuple[str, ...]) -> None:
    """Check a server or a client; needs the extra `contracts`."""
    raise click.ClickException(
        "check needs Hypothesis and pytest: pip install 'assessment-simulator[contracts]', or '.[contracts]' in a clone"
    )


@click.group(cls=_Main)
@click.version_option(__version__, prog_name="assessment-simulator")
def main() -> None:
    """One local server that behaves like the APIs of pymetrics and The Predictive Index."""


@main.command()
@option("host", "127.0.0.1", "Address to listen on.", callback=to_listen)
@option("port", "8787", "Port to listen on; 0 takes a free one.", type=click.IntRange(0, 65_535))
@option("log", "memory", f"Where commits are kept: {LOG_FORMS}.", callback=place)
@option("workers", "1", "With PostgreSQL: how many processes serve on one port.", type=click.IntRange(1, 64))
@option("idle", "PT1H", "With a log: how long unused sandboxes stay in memory.", callback=seconds)
@option("keep_for", None, "With a log: how long unused sandboxes are kept; no limit by default.", callback=seconds)
@option(
    "keep", None, "With a log: keep only the N most recently used sandboxes; all by default.", type=click.IntRange(1)
)
@option(
    "access", None, "Who may open sandboxes; open by default on loopback only.", type=click.Choice(["open", "closed"])
)
@option(
    "config", None, "JSON or TOML file with {sandboxes: {name: config}}; these sandboxes are opened at the start.",
    type=click.Path(path_type=Path),
)  # fmt: skip
@option(
    "public_url", None, "Address that links begin with, if it differs from the address that the caller used.",
    callback=base_url,
)  # fmt: skip
@option(
    "trusted_proxies", None, "Comma-separated IP addresses and networks whose X-Forwarded-… headers are trusted.",
    callback=networks,
)  # fmt: skip
@option(
    "allowed_hosts", None, "Additional host names that open access accepts, comma-separated; * accepts all.",
    callback=host_names,
)  # fmt: skip
@option(
    "advertise", None,
    "With PostgreSQL: HOST or HOST:PORT where other servers forward requests to; by default the address from which "
    "this machine reaches the database, and a free port.",
    callback=host_and_perhaps_port,
)  # fmt: skip
@option("cors_origins", None, "Comma-separated origins of web pages that may call.", callback=origins)
@option("webhook_hosts", None, "Comma-separated hosts that webhooks may go to; * is a wildcard.", callback=hosts)
@option(
    "webhook_ca", None, "More authorities to trust for listeners with https (PEM).", type=click.Path(path_type=Path)
)
@option("webhook_insecure", None, "Do not verify listeners' certificates.", **FLAG)
@option("smtp", None, "HOST:PORT of a mail server that gets every invitation mail.", callback=host_port)
@option(
    "request_timeout", "30",
    "Seconds for a request's head, for its body, and for each part of an answer that the client reads.",
    type=Number(0.1, 3_600),
)  # fmt: skip
@option("max_connections", "10000", "Maximum number of connections; further ones get 503.", type=click.IntRange(1))
@option("max_sandboxes", "20000", "Maximum number of sandboxes; further ones get 503.", type=click.IntRange(1))
@option("tls", None, "Speak TLS with a certificate of a local authority.", type=click.Choice(["local"]))
@option("tls_dir", None, "Folder in which the local authority is kept.", type=click.Path(path_type=Path))
@option("tls_cert", None, "Speak TLS with this certificate (PEM).", type=click.Path(path_type=Path))
@option("tls_key", None, "The certificate's private key (PEM), without a password.", type=click.Path(path_type=Path))
@option("grace", "2", "Seconds allowed to finish open requests when stopping.", type=Number(0, 3_600))
@option("log_format", "text", "How the program's messages are written.", type=click.Choice(["text", "json"]))
@option(
    "log_level", "warning", "Lowest level of messages to write.",
    type=click.Choice(["debug", "info", "warning", "error"]),
)  # fmt: skip
@option("access_log", None, "Write a line for every call.", **FLAG)
def serve(
    host: str, port: int, log: str, access: Any, config: Path | None, public_url: str | None,
    webhook_hosts: tuple[str, ...] | None, webhook_ca: Path | None, webhook_insecure: bool, tls: str | None,
    tls_dir: Path | None, tls_cert: Path | None, tls_key: Path | None, **more: Any,
) -> None:  # fmt: skip
    """Serve both vendors' APIs; the first line on standard output says where."""
    from assessment_simulator import tls as certificates

    token = control_token()
    if flaw := flaw_of_token(token):
        raise click.UsageError(f"{PREFIX}CONTROL_TOKEN {flaw}")
    if more["workers"] > 1 and log_place(log)[0] != "postgresql":
        raise click.UsageError(
            "--workers needs a log that several processes can share: --log postgresql://USER@HOST/DATABASE; "
            "memory and a SQLite file are for one process"
        )
    if more["workers"] > 1 and more["advertise"] and more["advertise"].rpartition(":")[2].isdecimal():
        raise click.UsageError("--advertise may name no port with --workers: each process has a port of its own")
    if log == "memory":
        _without_log(**more)
    own = address_to_ask(host, port, tls=True)
    names = (host, certificates.host_of(own), certificates.host_of(public_url))
    more |= certificates.files(tls, tls_dir, tls_cert, tls_key, names)
    more |= certificates.listeners(webhook_ca, insecure=webhook_insecure)
    settings = Settings(
        host, port, log, access or default_access(host), public_url, webhook_hosts, token,
        sandboxes=_sandboxes(config) if config else {}, **more,
    )  # fmt: skip
    if settings.workers > 1:
        from assessment_simulator.workers import serve_together

        sys.exit(serve_together(settings))
    from assessment_simulator.runner import serve as serve_alone

    sys.exit(serve_alone(settings))


def _without_log(keep: int | None, keep_for: float | None, **others: Any) -> None:
    """Refuse options that have no effect without a log."""
    for name, value in (("--keep", keep), ("--keep-for", keep_for)):
        if value is not None:
            raise click.UsageError(
                f"{name} needs a log, such as --log sqlite:PATH; "
                "without a log, all sandboxes are kept until the server stops"
            )


def _sandboxes(path: Path) -> dict[str, dict[str, Any]]:
    """The sandboxes of a configuration file; what is wrong with it ends the command."""
    import tomllib

    try:
        text = path.read_text("utf-8")
        content = tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
    except (OSError, ValueError, RecursionError) as problem:
        kind = "TOML" if path.suffix == ".toml" else "JSON (a TOML file's name ends in .toml)"
        raise click.ClickException(f"{path}: cannot be read as {kind}: {problem}") from None
    return check_sandboxes(str(path), content)


def check_sandboxes(where: str, content: Any) -> dict[str, dict[str, Any]]:
    """The member `sandboxes` of a configuration, each of its settings tried once."""
    from assessment_simulator.app import VENDORS
    from assessment_simulator.control.settings import changed
    from assessment_simulator.core.config import Config
    from assessment_simulator.http.problem_details import Problem
    from assessment_simulator.sandbox.registry import NAME

    sandboxes = content.get("sandboxes") if isinstance(content, dict) else None
    if not isinstance(sandboxes, dict) or len(content) != 1:
        raise click.ClickException(f'{where}: must be an object with the one member "sandboxes": {{name: config}}')
    for name, config in sandboxes.items():
        if not NAME.fullmatch(name) or not isinstance(config, dict):
            raise click.ClickException(
                f"{where}: sandboxes.{name}: the name must be 1 to 64 of a-z, 0-9 and -, and its value an object"
            )
        try:
            changed(VENDORS, Config(), config)
        except Problem as problem:
            raise click.ClickException(f"{where}: sandboxes.{name}: {problem.detail}") from None
    return sandboxes


_ASKED = click.option(
    "--url", default=None, help="Base address of the server.  [default: where the same environment serves]"
)
_TRUSTED = click.option(
    "--ca", default=None, type=click.Path(path_type=Path), help="Authority to trust, for https (PEM)."
)


@main.command()
@_ASKED
@_TRUSTED
def ready(url: str | None, ca: Path | None) -> None:
    """Exit with 0 when a simulator answers, with 1 when none does."""
    from assessment_simulator.healthcheck import Unready, health
    from assessment_simulator.tls import trust

    base = url or own_address()
    if not is_web_url(base):
        raise click.ClickException(f"{base!r} is not an http or https URL with a host")
    try:
        click.echo(health(base, trust(base, ca, own=url is None)))
    except (Unready, OSError) as problem:
        raise click.ClickException(f"{base} is not ready: {problem}") from None


def _key(name: str, what: str) -> Callable[[Any], Any]:
    variable = name.upper().replace("-", "_")
    return click.option(f"--{name}", default=None, envvar=variable, help=f"{what}  [env: {variable}]")


@main.command()
@_ASKED
@_TRUSTED
@click.option("--sandbox", default=None, help="Sandbox that the keys should open, and to inspect.")
@click.option("--listener", default=None, callback=web_url, help="A webhook address that the server should reach.")
@_key("pymetrics-client-id", "What a client would send to pymetrics for a token.")
@_key("pymetrics-client-secret", "The secret that goes with it.")
@_key("pymetrics-api-key", "pymetrics' X-Api-Key.")
@_key("pi-api-key", "The Predictive Index's api-key.")
def doctor(url: str | None, ca: Path | None, sandbox: str | None, listener: str | None, **keys: str | None) -> None:
    """Look at a running server, and say what is wrong and what to do.

    The exit status is 0 when all is well, 1 when something is not, 2 when the server could not be asked. In closed
    access it needs the token in SIMULATOR_CONTROL_TOKEN; it sends that token to the server.
    """
    from assessment_simulator.doctor import Patient, examine
    from assessment_simulator.tls import trust

    base = url or own_address()
    if not is_web_url(base):
        raise click.UsageError(f"{base!r} is not an http or https URL with a host")
    if sandbox is None and (listener or any(keys.values())):
        raise click.UsageError("--sandbox says in which sandbox to look; keys and --listener need it")
    try:
        trusted = trust(base, ca, own=url is None)
    except OSError as problem:
        raise click.UsageError(f"the authority to trust cannot be read: {problem}") from None
    patient = Patient(base, control_token(), trusted, sandbox, listener, **keys)
    sys.exit(examine(patient, click.echo))


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
    wide = max(len(rule["id"]) for rule in listed)
    for rule in listed:
        status = "" if rule["status_standing"] == rule["standing"] else f" (status {rule['status_standing']})"
        click.echo(f"{rule['id']:{wide}}  {rule['status']}  {rule['standing'] + status:31}  {rule['statement']}")


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

    click.echo(_json(documents().made(vendor)))


def _json(value: Any) -> str:
    """The value as JSON that stays JSON in the encoding of standard output: escaped where that lacks a character."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    try:
        text.encode(sys.stdout.encoding)
    except UnicodeEncodeError:
        return json.dumps(value, indent=2)
    return text


@main.command()
@click.option("--port", default=0, type=click.IntRange(0, 65_535), help="Port to serve on; 0 takes a free one.")
@click.option("--stay/--leave", default=None, help="Go on serving after the story.  [default: stay in a terminal]")
@click.option("--open", "in_browser", is_flag=True, help="Open a guided tour in the browser, and go on serving.")
def demo(port: int, stay: bool | None, in_browser: bool) -> None:
    """Serve, and tell the whole story of both vendors in the terminal."""
    from assessment_simulator import logging_setup
    from assessment_simulator.demo import show, tell
    from assessment_simulator.runner import running
    from assessment_simulator.sockets import listen, unheard

    settings = Settings(port=port)
    logging_setup.set_up(settings.log_format, settings.log_level, settings.access_log)
    try:
        listeners = listen(settings)
    except OSError as problem:
        raise click.ClickException(unheard(settings, problem)) from None
    with running(settings, listeners) as base:
        tell(base, click.echo)
        if in_browser:
            show(base, click.echo)
        if (in_browser or sys.stdout.isatty()) if stay is None else stay:
            click.echo("Still serving; Ctrl-C ends it.")
            with contextlib.suppress(KeyboardInterrupt):
                threading.Event().wait()
