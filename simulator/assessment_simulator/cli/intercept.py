"""`run`, and the options of intercepting, which `serve` and `doctor` share."""

import sys
from functools import partial
from typing import Any, get_args

import click

from assessment_simulator.cli import values
from assessment_simulator.cli.options import PATH, need_cryptography, option
from assessment_simulator.settings import Others, Settings

INTERCEPT = option(
    "intercept", None,
    "Port that answers for the vendors' own hosts, as a proxy or over TLS; 0 takes a free one. Needs the extra `tls`.",
    type=click.IntRange(0, 65_535),
)  # fmt: skip
HOSTS = option(
    "intercept_hosts", None, "Comma-separated HOST=VENDOR: more hosts that --intercept answers for.",
    values.vendor_hosts,
)  # fmt: skip
OTHERS = option(
    "intercept_others", None,
    "What --intercept does with other hosts; by default it tunnels in open access on loopback, else it refuses.",
    type=click.Choice(get_args(Others)),
)  # fmt: skip
DEFAULT_SANDBOX = option(
    "default_sandbox", None, "In open access: the sandbox for credentials that name no sandbox.", values.sandbox_name
)
TLS_DIR = option("tls_dir", None, "Folder of the authority; by default in the user's data folder.", type=PATH)
COMMAND = click.argument("command", nargs=-1, type=click.UNPROCESSED)


def check_intercept(workers: int = 1, what: str = "--intercept") -> None:
    """Raise an error of the command if this program cannot intercept."""
    if workers > 1:
        raise click.UsageError("--intercept is for one process, without --workers")
    need_cryptography(what)


def intercepting(options: dict[str, Any]) -> Settings:
    """The settings of a simulator that intercepts the calls of a command."""
    from assessment_simulator import logging_setup

    check_intercept(what="intercepting")
    given = {name: value for name, value in options.items() if value is not None}
    if "tls_dir" in given:
        given["tls_dir"] = str(given["tls_dir"])
    settings = Settings(**{"port": 0, "intercept": 0, "default_sandbox": "run", **given})
    logging_setup.set_up(settings.log_format, settings.log_level, settings.access_log)
    return settings


# What follows the command belongs to it, also without `--`.
@click.command(context_settings={"allow_interspersed_args": False})
@INTERCEPT
@HOSTS
@OTHERS
@TLS_DIR
@DEFAULT_SANDBOX
@COMMAND
def run(command: tuple[str, ...], **options: Any) -> None:
    """Run a command; its calls of the vendors' own hosts reach a simulator: run -- CMD ARGUMENTS…

    It starts a simulator on free ports, or uses the one that intercepts on --intercept. Standard input, output and
    error, and the exit status, are the command's. Credentials need not change: they open the sandbox `run`.
    """
    if not command:
        raise click.UsageError("which command? run -- CMD ARGUMENTS…")
    settings = intercepting(options)
    from assessment_simulator.intercepting import run_command

    try:
        sys.exit(run_command(command, settings, partial(click.echo, err=True)))
    except (OSError, ValueError) as problem:
        raise click.ClickException(f"the command was not started: {problem}") from None
