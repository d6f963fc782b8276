"""The commands of `assessment-simulator check`."""

import os
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import click
from hypothesis.configuration import set_hypothesis_home_dir

from assessment_contracts import drift as drifting
from assessment_contracts import predictive_index, pymetrics
from assessment_contracts.clients import checking
from assessment_contracts.clients.properties import PROPERTIES as CLIENT_PROPERTIES
from assessment_contracts.html import html as page
from assessment_contracts.junit import junit as xml
from assessment_contracts.property import Property, as_sure_as
from assessment_contracts.report import Report, line, summary
from assessment_contracts.runner import PROFILES, VENDOR, Outcome, Profile, Runner, Verdict
from assessment_contracts.sources import Fact, Standing
from assessment_contracts.target import Target, Unaskable

FACTS: tuple[Fact, ...] = (*pymetrics.FACTS, *predictive_index.FACTS)
PROPERTIES: tuple[Property, ...] = as_sure_as(FACTS, (*pymetrics.PROPERTIES, *predictive_index.PROPERTIES))


class _Written(click.Path):
    """A file that can be written; this is checked before the run, not after it."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Its path."""
        path = Path(str(super().convert(value, param, ctx)))
        if not os.access(path.parent, os.W_OK):
            self.fail(f"{path}: nothing can be written into the folder {path.parent}", param, ctx)
        return path


_FILE = _Written(dir_okay=False, writable=True)


def _number(context: click.Context, option: click.Parameter, value: float) -> float:
    """A number, which NaN is not, though it is within any bounds."""
    if value != value:
        raise click.BadParameter(f"{value} is no number")
    return value


_BUDGET = click.option(
    "--budget", default=110.0, show_default=True, type=click.FloatRange(0), callback=_number,
    help="Stop after this number of seconds.",
)  # fmt: skip
_PROFILE = click.option(
    "--profile", default="default", show_default=True, type=click.Choice(list(PROFILES)),
    help="Number of examples per property: 3, 12 or 10,000.",
)  # fmt: skip
_EXAMPLES = click.option(
    "--examples", type=click.IntRange(1), help="Number of examples per property, different ones in each run."
)


@click.group()
def check() -> None:
    """Check a server against what the vendors promise, or a client against the failures of production."""
    # What Hypothesis keeps to itself would otherwise appear as .hypothesis/ wherever somebody checks something.
    set_hypothesis_home_dir(Path(tempfile.gettempdir()) / "assessment-simulator-hypothesis")


def chosen(properties: Sequence[Property], standing: str = "assumed", only: Sequence[str] = ()) -> list[Property]:
    """Those of at least this standing whose id matches one of the patterns."""
    least = Standing(standing).strength
    return [
        property
        for property in properties
        if property.standing.strength >= least and (not only or any(fnmatchcase(property.id, glob) for glob in only))
    ]


@check.command()
@click.option("--target", metavar="URL", help="The server to check; required unless --list is given.")
@click.option(
    "--standing", default="assumed", type=click.Choice([standing.value for standing in Standing]),
    help="Run only properties with at least this standing.  [default: assumed, that is all]",
)  # fmt: skip
@_BUDGET
@_PROFILE
@_EXAMPLES
@click.option("--only", multiple=True, metavar="GLOB", help="Only properties whose id matches; can be repeated.")
@click.option("--junit", type=_FILE, help="Write JUnit XML.")
@click.option("--html", type=_FILE, help="Write one self-contained page.")
@click.option("--drift", type=_FILE, help="Compare with the report in this file, then overwrite it.")
@click.option("--allow-email", is_flag=True, help="At a vendor: also run properties that make it send e-mail.")
@click.option(
    "--allow-writes", is_flag=True, help="At a vendor: also run properties that create orders which cannot be removed."
)
@click.option(
    "--rate", default=2.0, show_default=True, type=click.FloatRange(0, min_open=True), callback=_number,
    help="At a vendor: maximum number of requests per second.",
)  # fmt: skip
@click.option("--listener-host", default=None, help="Name or address under which the server reaches this machine.")
@click.option("-x", "--fail-fast", is_flag=True, help="Stop at the first property that does not hold.")
@click.option("--list", "listing", is_flag=True, help="List the properties and exit.")
def server(
    target: str | None, standing: str, budget: float, profile: str, examples: int | None, only: tuple[str, ...],
    junit: Path | None, html: Path | None, drift: Path | None, allow_email: bool, allow_writes: bool, rate: float,
    listener_host: str | None, fail_fast: bool, listing: bool,
) -> None:  # fmt: skip
    """Check a simulator, or a vendor's own server, against what the vendors promise.

    The exit status is 0 if all properties that were run held, 1 if one did not, 2 if it could not run.
    """
    properties = chosen(PROPERTIES, standing, only)
    if listing or not properties:
        _list(properties)
    if target is None:
        raise click.UsageError("--target URL says which server to ask, such as http://127.0.0.1:8787")
    began = time.monotonic()
    try:
        before = drifting.read(drift) if drift else {}
        asked = Target.from_environment(target, deadline=began + budget, mail=allow_email)
        _approach(asked, rate)
    except (Unaskable, drifting.Unreadable) as problem:
        _unasked(problem)
    shapes = drifting.Shapes()
    thorough = _thorough(profile, examples) if asked.is_simulator else VENDOR
    host = listener_host or ("127.0.0.1" if asked.is_simulator else None)
    runner = Runner(asked, thorough, host, allow_writes, fail_fast, observe=shapes.observe)
    report = Report(
        f"Contracts of {target}", asked.url, datetime.now(UTC).isoformat(timespec="seconds"),
        _outcomes(runner, properties), time.monotonic() - began, asked.secrets,
    )  # fmt: skip
    asked.close()
    summary(report, _say)
    write(report, junit, html)
    if drift:
        _write_drift(drift, drifting.drift(report, FACTS, shapes, before))
    sys.exit(report.status)


@check.command()
@click.argument("adapter", required=False, metavar="[MODULE:CLASS]")
@click.option("--command", metavar="COMMAND", help="A command that speaks JSON lines, instead of a Python class.")
@_BUDGET
@_PROFILE
@_EXAMPLES
@click.option("--only", multiple=True, metavar="GLOB", help="Only properties whose id matches; can be repeated.")
@click.option("--junit", type=_FILE, help="Write JUnit XML.")
@click.option("--html", type=_FILE, help="Write one self-contained page.")
@click.option("-x", "--fail-fast", is_flag=True, help="Stop at the first property that does not hold.")
@click.option("--list", "listing", is_flag=True, help="List the properties and exit.")
def client(
    adapter: str | None, command: str | None, budget: float, profile: str, examples: int | None, only: tuple[str, ...],
    junit: Path | None, html: Path | None, fail_fast: bool, listing: bool,
) -> None:  # fmt: skip
    """Check how a client handles failures of vendors and networks, through a small adapter.

    MODULE:CLASS is an adapter in Python, imported from the current directory; --command runs one in any language.
    The exit status is 0 if all properties that were run held, 1 if one did not, 2 if it could not run.
    """
    properties = chosen(CLIENT_PROPERTIES, only=only)
    if listing or not properties:
        _list(properties)
    try:
        words = checking.command_of(adapter, command)
        report = checking.check(words, properties, _thorough(profile, examples), budget, fail_fast, _tell)
    except Unaskable as problem:
        _unasked(problem)
    summary(report, _say)
    write(report, junit, html)
    sys.exit(report.status)


def _outcomes(runner: Runner, properties: Sequence[Property]) -> list[Outcome]:
    """Ask; whoever breaks off ends it without a report. What could not be removed is named."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, partial(_break_off, runner.target))
    try:
        return runner.run(properties, _tell)
    except KeyboardInterrupt:
        _unasked("it was broken off")
    finally:
        for call in runner.target.left:
            click.echo(f"left at the vendor, for it could not be removed: {call}", err=True)


def _break_off(target: Target, number: int, frame: FrameType | None) -> None:
    """Ask for nothing more and clear up; told again, do not even that."""
    if target.broken_off:
        raise KeyboardInterrupt
    target.broken_off = True


def _approach(asked: Target, rate: float) -> None:
    """See whether the target can be asked, a vendor's no faster than that; raises `Unaskable`."""
    if not asked.is_simulator:
        asked.rate = rate
        given = ", ".join(asked.keys)
        click.echo(f"{asked.url} is taken for a vendor's server: {given} is set", err=True)
    asked.probe()


def _thorough(profile: str, examples: int | None) -> Profile:
    return Profile("given", examples, fixed=False, shares=False) if examples else PROFILES[profile]


def _tell(outcome: Outcome) -> None:
    """Say what became of a property; what is not claimed is told in the summary."""
    if outcome.verdict is not Verdict.NOT_CLAIMED:
        _say(line(outcome))


def _say(text: str) -> None:
    """Say something, whatever letters a client or a server has put into it."""
    click.echo(text.encode("utf-8", "backslashreplace").decode())


def _unasked(problem: object) -> NoReturn:
    click.echo(f"cannot be asked: {problem}", err=True)
    sys.exit(2)


def _list(properties: Sequence[Property]) -> None:
    """Say which properties there are, and end."""
    if not properties:
        _unasked("no property has such an id and standing; --list shows all")
    for property in properties:
        click.echo(f"{property.id:60} {property.standing:11}  {property.statement}")
    sys.exit(0)


def write(report: Report, junit: Path | None, html: Path | None) -> None:
    """Write the report's files."""
    for path, content in ((junit, xml), (html, page)):
        if path is None:
            continue
        made: Any = content(report)
        path.write_bytes(made if isinstance(made, bytes) else made.encode())


def _write_drift(path: Path, found: dict[str, Any]) -> None:
    path.write_text(drifting.dumps(found), "utf-8")
    for id in found["no_longer_held"]:
        click.echo(f"drift: {id} held before and does not now")
    for change in found["changes"]:
        was, now = (", ".join(change[when]) or "absent" for when in ("was", "now"))
        click.echo(f"drift: {change['answer']}: {change['member']} was {was}, is {now}")
