"""The page of all commands, written from their definitions."""

from collections.abc import Iterator

import click

from assessment_simulator.cli import main

_TOP = """\
# Command line

Reference, written by `scripts/docs` from the program; do not edit. [Operations](operations.md) explains the options of
`serve`, and gives the variable for each.
"""


def page() -> str:
    """The page's text."""
    return "\n".join([_TOP, *_commands(main, "assessment-simulator")]).rstrip("\n") + "\n"


def _commands(command: click.Command, path: str) -> Iterator[str]:
    context = click.Context(command, info_name=path)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):  # `check` is loaded when it is asked for
            inner = command.get_command(context, name)
            if inner is not None and not inner.hidden:
                yield from _commands(inner, f"{path} {name}")
        return
    usage = " ".join(command.collect_usage_pieces(context))
    yield f"## {path.removeprefix('assessment-simulator ')}\n"
    yield f"```text\n{path} {usage}\n```\n"
    yield f"{_plain(command.help or '')}\n"
    rows = [record for one in command.params if (record := one.get_help_record(context)) is not None]
    if rows:
        yield "| option | |\n|---|---|"
        yield from (f"| `{_cell(names)}` | {_cell(_plain(text))} |" for names, text in rows)
        yield ""


def _plain(text: str) -> str:
    # click's mark for a paragraph whose lines stay as they are.
    return "\n".join(line.strip() for line in text.replace("\b\n", "").splitlines()).strip()


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
