"""`ready` and `doctor`: the commands that check a running server."""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import click

from assessment_simulator.cli.intercept import COMMAND, HOSTS, intercepting
from assessment_simulator.cli.options import CA, URL, control_token, parsed, server_url
from assessment_simulator.cli.values import web_url


@click.command()
@URL
@CA
def ready(url: str | None, ca: Path | None) -> None:
    """Exit with 0 if a simulator answers and its log can be written, else with 1."""
    from assessment_simulator.healthcheck import Unready, health, trust

    try:
        base = server_url(url)
    except ValueError as problem:
        raise click.ClickException(str(problem)) from None
    try:
        click.echo(health(base, trust(base, ca, own=url is None)))
    except (Unready, OSError) as problem:
        raise click.ClickException(f"{base} is not ready: {problem}") from None


def _key(name: str, text: str) -> Callable[[Any], Any]:
    variable = name.upper().replace("-", "_")
    return click.option(f"--{name}", default=None, envvar=variable, help=f"{text}  [env: {variable}]")


@click.command()
@URL
@CA
@click.option("--sandbox", default=None, help="Sandbox to inspect; the keys should open it.")
@click.option("--listener", default=None, callback=parsed(web_url), help="A webhook address for the server to reach.")
@_key("pymetrics-client-id", "What a client would send to pymetrics for a token.")
@_key("pymetrics-client-secret", "The secret that goes with it.")
@_key("pymetrics-api-key", "pymetrics' X-Api-Key.")
@_key("pi-api-key", "The Predictive Index's api-key.")
@HOSTS
@COMMAND
def doctor(
    url: str | None, ca: Path | None, sandbox: str | None, listener: str | None,
    intercept_hosts: tuple[str, ...] | None, command: tuple[str, ...], **keys: str | None,
) -> None:  # fmt: skip
    """Check a running server, and say what is wrong and what to do.

    With -- CMD ARGUMENTS… it runs this command as `run` does, and says what became of its calls of the vendors.

    The exit status is 0 when all is well, 1 when something is not, 2 when no simulator answers. In closed access it
    needs the token in SIMULATOR_CONTROL_TOKEN; it sends that token to the server.
    """
    if command:
        settings = intercepting({"intercept_hosts": intercept_hosts})
        from assessment_simulator.intercepting import diagnose_command

        try:
            sys.exit(diagnose_command(command, settings, partial(click.echo, err=True)))
        except (OSError, ValueError) as problem:
            raise click.ClickException(f"the command was not started: {problem}") from None
    from assessment_simulator.doctor import Doctor
    from assessment_simulator.healthcheck import trust

    if sandbox is None and (listener or any(keys.values())):
        raise click.UsageError("keys and --listener need --sandbox, the sandbox to inspect")
    try:
        base = server_url(url)
        trusted = trust(base, ca, own=url is None)
    except ValueError as problem:
        raise click.UsageError(str(problem)) from None
    except OSError as problem:
        raise click.UsageError(f"the authority to trust cannot be read: {problem}") from None
    sys.exit(Doctor(base, control_token(), trusted, sandbox, listener, **keys).run(click.echo))
