"""The group of all commands, and what holds for each: closed standard streams, narrow encodings, full disks."""

import contextlib
import errno
import os
import sys
from io import TextIOWrapper
from typing import Any

import click

from assessment_simulator import __version__
from assessment_simulator.core.text import install


class Commands(click.Group):
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

            def explain() -> None:
                needed = f"check needs Hypothesis and pytest: {install('contracts')}"
                if "--help" not in click.get_current_context().args:
                    raise click.ClickException(needed)
                click.echo(
                    f"Check a server or a client. Its options are shown once the extra is installed.\n\n{needed}"
                )

            # It explains this whatever follows on the command line.
            anything = {"ignore_unknown_options": True, "allow_extra_args": True}
            text = "Check a server or a client; needs the extra `contracts`."
            return click.Command("check", anything, explain, help=text, add_help_option=False)
        return check


# `predictive_index` is the same word as `predictive-index`.
@click.group(cls=Commands, context_settings={"token_normalize_func": lambda word: word.replace("_", "-")})
@click.version_option(__version__, prog_name="assessment-simulator")
def main() -> None:
    """One local server that behaves like the APIs of pymetrics and The Predictive Index."""
