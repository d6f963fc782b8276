"""`env`, `complete`, `clock` and `requests`: the commands about one sandbox of a running server."""

import contextlib
import json
import shlex
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from assessment_simulator.cli.intercept import HOSTS, TLS_DIR, intercepting
from assessment_simulator.cli.options import CA, SANDBOX, URL, control_token, parsed, server_url
from assessment_simulator.cli.values import duration
from assessment_simulator.testing.connection import SANDBOXES, Connection, SimulatorError

# Seconds between two looks for new requests.
_PAUSE = 0.5


def of_sandbox(command: Callable[..., None]) -> Callable[..., None]:
    """The options of a command about one sandbox of a running server."""
    return URL(CA(SANDBOX(command)))


@contextlib.contextmanager
def connected(url: str | None, ca: Path | None) -> Iterator[Connection]:
    """A connection to the server at a URL; its errors end the command with status 1 and a line."""
    from assessment_simulator.healthcheck import trust

    try:
        base = server_url(url)
        with Connection(base, control_token(), trust(base, ca, own=url is None)) as connection:
            connection.health()
            yield connection
    except SimulatorError as problem:
        hint = "; start one with `assessment-simulator serve`" if problem.status is None else ""
        reason = problem.detail + hint
        raise click.ClickException(reason) from None
    except (ValueError, OSError) as problem:
        raise click.ClickException(str(problem)) from None


def variables(server: Connection, sandbox: str, *, create: bool) -> dict[str, str | None]:
    """The variables with which a client finds both vendors; None for what only `create` can tell in closed access."""
    keys: dict[str, dict[str, str]] = {}
    if create:
        keys = server.call("POST", SANDBOXES, {"name": sandbox})["credentials"]
    elif _is_open(server):
        keys = {
            "pymetrics": dict.fromkeys(("client_id", "client_secret", "api_key"), f"sim-{sandbox}"),
            "predictive_index": {"api_key": f"sim-{sandbox}"},
        }
    pymetrics, pi = keys.get("pymetrics", {}), keys.get("predictive_index", {})
    return {
        "PYMETRICS_BASE_URL": server.url,
        **{f"PYMETRICS_{name.upper()}": pymetrics.get(name) for name in ("client_id", "client_secret", "api_key")},
        "PI_BASE_URL": f"{server.url}/api/v1", "PI_API_KEY": pi.get("api_key"),
    }  # fmt: skip


def _is_open(server: Connection) -> bool:
    """Whether the server has open access: then it lists its sandboxes to a caller without a token."""
    listed = server.probe(SANDBOXES, {})
    return listed is not None and listed[0] == 200


def _written(name: str, value: str | None, form: str) -> str:
    """A line of a file of variables; a variable without a value is a comment, so that it does not unset another."""
    start = "export " if form == "shell" else ""
    return f"# {start}{name}=" if value is None else f"{start}{name}={shlex.quote(value)}"


@click.command()
@of_sandbox
@click.option("--create", is_flag=True, help="Open the sandbox, and print its credentials.")
@click.option("--format", "form", type=click.Choice(["dotenv", "shell", "json"]), default="dotenv", show_default=True)
@click.option(
    "--intercept", type=click.IntRange(1, 65_535), help="Print instead what leads to the server's --intercept."
)
@HOSTS
@TLS_DIR
def env(
    url: str | None, ca: Path | None, sandbox: str, create: bool, form: str, intercept: int | None,
    intercept_hosts: tuple[str, ...] | None, tls_dir: Path | None,
) -> None:  # fmt: skip
    """Print the variables with which a client finds both vendors in a sandbox.

    In closed access only --create knows the credentials: it opens the sandbox with the token in
    SIMULATOR_CONTROL_TOKEN. Without it, base URLs and names are printed.

    With --intercept it prints the variables with which a client reaches that port of a server on this machine instead
    of the vendors, and trusts its authority: proxies, certificates, and modules that some languages load first.
    """
    found: Mapping[str, str | None]
    if intercept is not None:
        settings = intercepting({"intercept": intercept, "intercept_hosts": intercept_hosts, "tls_dir": tls_dir})
        from assessment_simulator.intercepting import client_variables

        try:
            found = client_variables(settings)
        except (OSError, ValueError) as problem:
            raise click.ClickException(str(problem)) from None
    else:
        with connected(url, ca) as server:
            found = variables(server, sandbox, create=create)
    if form == "json":
        click.echo(json.dumps(found, indent=2))
    else:
        click.echo("\n".join(_written(name, value, form) for name, value in found.items()))
    if None in found.values():
        click.echo("the server has closed access: --create opens the sandbox and prints its credentials", err=True)


@click.command()
@of_sandbox
@click.argument("id")
def complete(url: str | None, ca: Path | None, sandbox: str, id: str) -> None:
    """Complete an invitation, as its candidate would."""
    with connected(url, ca) as server:
        done = server.call("POST", f"{SANDBOXES}/{sandbox}/invitations/{id}/complete")
    click.echo(f"{done['vendor']} {done['id']}: {done['status']}")


@click.group()
def clock() -> None:
    """Change the clock of a sandbox."""


@clock.command()
@of_sandbox
@click.argument("span", callback=parsed(duration))
def advance(url: str | None, ca: Path | None, sandbox: str, span: str) -> None:
    """Advance by a duration, such as 24h or PT24H, and print what happened."""
    with connected(url, ca) as server:
        done = server.call("POST", f"{SANDBOXES}/{sandbox}/clock", {"advance": span}, within=None)
    for event in done["events"]:
        click.echo(f"{event['at']}  {event['what']}  {event['id']}")
    click.echo(f"{done['now']}  {done['mode']}")


@click.group()
def requests() -> None:
    """Look at the requests to the vendors."""


@requests.command()
@of_sandbox
@click.option("--lines", default=10, show_default=True, type=click.IntRange(0, 1000), help="Requests to begin with.")
@click.option("--follow/--no-follow", default=True, show_default=True, help="Go on until Ctrl-C.")
def tail(url: str | None, ca: Path | None, sandbox: str, lines: int, follow: bool) -> None:
    """Print the last requests, and each new one as it comes: id, status, request, violated rules."""
    from assessment_simulator.testing.failures import request_line

    def show(calls: Iterable[Any]) -> None:
        for call in calls:
            click.echo(request_line(call))

    with connected(url, ca) as server, contextlib.suppress(KeyboardInterrupt):
        path = f"{SANDBOXES}/{sandbox}/journal"
        newest = server.call("GET", f"{path}?newest={max(lines, 1)}")
        show(reversed(newest[:lines]))
        last = newest[0]["id"] if newest else ""
        while follow:
            time.sleep(_PAUSE)
            found = server.call("GET", f"{path}?since={last}" if last else path)
            if last and not found and not server.call("GET", f"{path}?newest=1"):
                # The sandbox was reset, and its requests are counted from 1 again.
                last = ""
            show(found)
            last = found[-1]["id"] if found else last
