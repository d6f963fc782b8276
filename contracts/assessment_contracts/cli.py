"""The commands of `assessment-simulator check`: a run of pytest (`suite`), its report, and an exit status.

The status is 0 if nothing failed that the baseline does not list, 1 if something did, 2 if it could not run or was not
decided. What cannot work (a target, an adapter, a file, a pattern) ends the command before anything is run.
"""

import os
import secrets
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import click
from click.core import ParameterSource
from hypothesis.configuration import set_hypothesis_home_dir

from assessment_contracts import drift as drifting
from assessment_contracts import predictive_index, pymetrics, state_machine, suite
from assessment_contracts.clients import checking
from assessment_contracts.clients.properties import PROPERTIES as CLIENT_PROPERTIES
from assessment_contracts.forecast import announce
from assessment_contracts.html import html as page
from assessment_contracts.ledger import Ledger, LedgerError
from assessment_contracts.property import Property, Unmatched, as_sure_as, select
from assessment_contracts.report import Report, line, summary
from assessment_contracts.runner import PROFILES, VENDOR, Outcome, Profile, Runner, Verdict
from assessment_contracts.sources import Fact, Standing
from assessment_contracts.target import Target, Unaskable

FACTS: tuple[Fact, ...] = (*pymetrics.FACTS, *predictive_index.FACTS)
PROPERTIES: tuple[Property, ...] = as_sure_as(
    FACTS, (*pymetrics.PROPERTIES, *predictive_index.PROPERTIES, *state_machine.PROPERTIES)
)
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_COLOURS = {
    Verdict.PASSED: "green", Verdict.FAILED: "red", Verdict.ADVISORY: "yellow", Verdict.INCONCLUSIVE: "yellow",
    Verdict.NOT_RUN: "cyan", Verdict.NOT_CLAIMED: "cyan", "fixed": "green",
}  # fmt: skip


class _Written(click.Path):
    """A file that can be written; this is checked before the run, not after it."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Its path."""
        path = Path(str(super().convert(value, param, ctx)))
        if not os.access(path.parent, os.W_OK):
            self.fail(f"{path}: nothing can be written into the folder {path.parent}", param, ctx)
        return path


class _Seed(click.ParamType):  # type: ignore[type-arg]  # generic in newer releases only
    """An integer, or the word `random` for a new one."""

    name = "integer or random"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The seed."""
        if value == "random":
            return secrets.randbits(32)
        try:
            return int(value)
        except ValueError:
            self.fail(f"{value!r} is neither an integer nor the word random", param, ctx)


_FILE = _Written(dir_okay=False, writable=True)


def _number(context: click.Context, option: click.Parameter, value: float) -> float:
    """A number, which NaN is not, though it is within any bounds."""
    if value != value:
        raise click.BadParameter(f"{value} is no number")
    return value


_COMMON: tuple[Callable[[Any], Any], ...] = (
    click.option(
        "--budget", default=110.0, show_default=True, type=click.FloatRange(0), callback=_number,
        help="Stop after this number of seconds.",
    ),
    click.option(
        "--profile", default="default", show_default=True, type=click.Choice(list(PROFILES)),
        help="Number of examples per contract: 3, 12, 100 or 10,000. `nightly` keeps failing examples in .hypothesis.",
    ),
    click.option(
        "--examples", type=click.IntRange(1), help="Number of examples per contract, different ones in each run."
    ),
    click.option("--seed", type=_Seed(), help="Draw the examples of this seed; `random` prints the one that it draws."),
    click.option("--only", multiple=True, metavar="GLOB", help="Only contracts whose id matches; can be repeated."),
    click.option("--exclude", multiple=True, metavar="GLOB", help="No contract whose id matches; can be repeated."),
    click.option(
        "--baseline", type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="Known failures, one id a line: they do not fail the run.",
    ),
    click.option("--write-baseline", type=_FILE, help="Write the failures of this run as a baseline."),
    click.option("--junit", type=_FILE, help="Write JUnit XML."),
    click.option("--html", type=_FILE, help="Write one self-contained page."),
    click.option("-x", "--fail-fast", is_flag=True, help="Stop at the first contract that fails."),
    click.option("--list", "listing", is_flag=True, help="List the contracts and exit."),
)  # fmt: skip


@dataclass(frozen=True)
class _Options:
    """The options of both commands."""

    budget: float
    profile: str
    examples: int | None
    seed: int | None
    only: tuple[str, ...]
    exclude: tuple[str, ...]
    baseline: Path | None
    write_baseline: Path | None
    junit: Path | None
    html: Path | None
    fail_fast: bool
    listing: bool

    @property
    def thorough(self) -> Profile:
        """How many examples are run."""
        if self.examples:
            return Profile("given", self.examples, fixed=False, shares=False)
        return PROFILES[self.profile]

    @property
    def seeded(self) -> int | None:
        """The seed; a run whose examples are not fixed has one too, so that it can be repeated.

        A run that remembers its failing examples has none: with a seed, Hypothesis ignores its database.
        """
        if self.seed is not None or self.thorough.fixed or self.thorough.remembers:
            return self.seed
        return secrets.randbits(32)

    def selected(self, properties: Sequence[Property], standing: str = "assumed") -> list[Property]:
        """The contracts to run; ends the command if they are only to be listed, or if there are none."""
        if self.listing:
            names = {parameter.name or "" for parameter in click.get_current_context().command.params}
            _refuse("has no effect with --list", *names - {"listing", "only", "exclude", "standing"})
        if self.examples:
            _refuse("has no effect with --examples", "profile")
        try:
            found = select(properties, self.only, self.exclude, Standing(standing))
        except Unmatched as problem:
            _end(problem)
        if not found:
            _end("no contract has such an id and standing; --list shows all")
        if self.listing:
            for property in found:
                click.echo(f"{property.id:60} {property.standing:11}  {property.statement}")
            sys.exit(0)
        return found

    def run(self, runner: Runner, properties: Sequence[Property], title: str) -> Report:
        """Run the contracts, print the report, and write its files."""
        known = suite.known_failures(self.baseline) if self.baseline else set()
        for id in sorted(known - {property.id for property in (*PROPERTIES, *CLIENT_PROPERTIES)}):
            click.echo(f"{self.baseline}: there is no contract {id}", err=True)
        if runner.seed is not None:
            _say(f"seed: {runner.seed} (--seed {runner.seed} draws the same examples)")
        date, began, terminal = datetime.now(UTC), time.monotonic(), _Terminal()
        try:
            outcomes = suite.run(
                runner, properties, terminal, fail_fast=self.fail_fast, junit=self.junit, title=title, baseline=known
            )
        except suite.NotRun as problem:
            _end(problem)
        except KeyboardInterrupt:
            _end("it was interrupted")
        if self.write_baseline:
            failed = {one.property.id for one in outcomes if one.verdict is Verdict.FAILED}
            decided = {
                one.property.id for one in outcomes if one.verdict in (Verdict.PASSED, Verdict.FAILED, Verdict.ADVISORY)
            }
            self.write_baseline.write_text("".join(f"{id}\n" for id in sorted(failed | (known - decided))), "utf-8")
            outcomes = [replace(one, known=one.property.id in failed) for one in outcomes]
        report = Report(
            title, runner.base, date.isoformat(timespec="seconds"), outcomes, time.monotonic() - began,
            runner.target.secrets, frozenset(known),
        )  # fmt: skip
        summary(report, _say, terminal.mark)
        if self.html:
            self.html.write_text(page(report), "utf-8")
        return report


def _common(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of both commands."""
    for option in reversed(_COMMON):
        command = option(command)
    return command


@dataclass
class _Terminal:
    """Shows the progress of a run: a line for each contract that has ended; on a terminal also the one that runs."""

    colour: bool = field(
        default_factory=lambda: (
            not os.environ.get("NO_COLOR") and (sys.stdout.isatty() or bool(os.environ.get("FORCE_COLOR")))
        )
    )
    live: bool = field(default_factory=lambda: sys.stdout.isatty() and os.environ.get("TERM") != "dumb")

    def began(self, property: Property) -> None:
        """Show which contract runs, until it has ended."""
        if self.live:
            click.echo(f"\r\x1b[K{'':21}{property.id} …", nl=False)

    def ended(self, outcome: Outcome, done: float) -> None:
        """Show what came of a contract; what is not claimed is in the summary."""
        if self.live:
            click.echo("\r\x1b[K", nl=False)
        if outcome.verdict is not Verdict.NOT_CLAIMED:
            _say(f"[{done:4.0%}] {self.mark(f'{outcome.verdict:>12}')}  {line(outcome)}")

    def mark(self, text: str) -> str:
        """The text in the colour of its verdict, else in bold."""
        if not self.colour:
            return text
        colour = _COLOURS.get(text.strip().lower())
        return click.style(text, fg=colour, bold=colour is None)


@click.group()
def check() -> None:
    """Check a server against what the vendors promise, or a client against the failures of production."""
    # What Hypothesis keeps to itself would otherwise appear as .hypothesis/ wherever somebody checks something.
    set_hypothesis_home_dir(Path(tempfile.gettempdir()) / "assessment-simulator-hypothesis")


@check.command()
@click.option("--target", metavar="URL", help="The server to check; required unless --list is given.")
@click.option(
    "--standing", default="assumed", type=click.Choice([standing.value for standing in Standing]),
    help="Run only contracts with at least this standing.  [default: assumed, that is all]",
)  # fmt: skip
@_common
@click.option("--drift", type=_FILE, help="Compare with the report in this file, then overwrite it.")
@click.option("--allow-email", is_flag=True, help="At a vendor: also run contracts that make it send e-mail.")
@click.option(
    "--allow-writes", is_flag=True, help="At a vendor: also run contracts that create orders which cannot be removed."
)
@click.option(
    "--rate", default=2.0, show_default=True, type=click.FloatRange(0, min_open=True), callback=_number,
    help="At a vendor: maximum number of requests per second.",
)  # fmt: skip
@click.option(
    "--ledger", type=_FILE, help="At a vendor: list here what was created and not removed.  [default: a temporary file]"
)
@click.option("--listener-host", default=None, help="Name or address under which the server reaches this machine.")
def server(
    target: str | None, standing: str, drift: Path | None, allow_email: bool, allow_writes: bool, rate: float,
    ledger: Path | None, listener_host: str | None, **common: Any,
) -> None:  # fmt: skip
    """Check a simulator, or a vendor's own server, against what the vendors promise.

    The exit status is 0 if no contract failed, 1 if one did, 2 if it could not run.
    """
    options = _Options(**common)
    properties = options.selected(PROPERTIES, standing)
    if target is None:
        raise click.UsageError("--target URL says which server to check, such as http://127.0.0.1:8787")
    deadline = time.monotonic() + options.budget
    try:
        before = drifting.read(drift) if drift else {}
        checked = Target.from_environment(target, deadline=deadline, mail=allow_email)
        if checked.is_simulator:
            _refuse("is for a vendor", "allow_email", "allow_writes", "rate", "ledger")
        else:
            _refuse("has no effect at a vendor", "profile", "examples", "listener_host")
            checked.rate = rate
            checked.ledger = Ledger(checked.url, ledger) if ledger else Ledger.temporary(checked.url)
            checked.ledger.load()
    except (Unaskable, drifting.Unreadable, LedgerError) as problem:
        _end(problem)
    shapes = drifting.Shapes()
    profile = options.thorough if checked.is_simulator else VENDOR
    host = (listener_host or "127.0.0.1") if checked.is_simulator else None
    runner = Runner(checked, profile, host, allow_writes, observe=shapes.observe, seed=options.seeded)
    with _removing(checked):
        try:
            checked.probe()
            for text in [] if checked.is_simulator else announce(runner, properties):
                click.echo(text, err=True)
            report = options.run(runner, properties, f"Contracts of {target}")
        except Unaskable as problem:
            _end(problem)
        except KeyboardInterrupt:
            _end("it was interrupted")
    if drift:
        examples = f"{profile.name}, seed {options.seed}" if profile.fixed or options.seed is not None else ""
        _write_drift(drift, drifting.drift(report, FACTS, shapes, before, examples))
    sys.exit(report.status)


@check.command()
@click.argument("adapter", required=False, metavar="[MODULE:CLASS]")
@click.option("--command", metavar="COMMAND", help="A command that speaks JSON lines, instead of a Python class.")
@_common
def client(adapter: str | None, command: str | None, **common: Any) -> None:
    """Check how a client handles failures of vendors and networks, through a small adapter.

    MODULE:CLASS is an adapter in Python, imported from the current directory; --command runs one in any language.
    A failure that rests on an assumption is an advisory. The exit status is 0 if no contract failed, 1 if one did, 2 if
    it could not run.
    """
    options = _Options(**common)
    properties = options.selected(CLIENT_PROPERTIES)
    for number in _SIGNALS:
        signal.signal(number, _interrupt)
    try:
        words = checking.command_of(adapter, command)
        with checking.client_runner(words, options.thorough, options.budget, options.seeded) as runner:
            report = options.run(runner, properties, f"Contracts of the client {checking.named(words)}")
    except Unaskable as problem:
        _end(problem)
    except KeyboardInterrupt:
        _end("it was interrupted")
    sys.exit(report.status)


def _interrupt(number: int, frame: FrameType | None) -> None:
    """End the run at once, so that client and simulator are ended; a second signal must not interrupt that."""
    signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


@contextmanager
def _removing(target: Target) -> Iterator[None]:
    """At the end remove what was created at a vendor, and report what is left, whatever the end is.

    A signal ends the run at once, with a few seconds to remove what exists; a second one ends that, too.
    """

    def interrupt(number: int, frame: FrameType | None) -> None:
        target.interrupt()
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in _SIGNALS}
    try:
        yield
    finally:
        with suppress(KeyboardInterrupt):
            target.close()
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        for text in target.ledger.report:
            _say(text, err=True)
        for number, handler in before.items():
            signal.signal(number, handler)


def _refuse(why: str, *names: str) -> None:
    """Refuse options that were given and that have no effect."""
    context = click.get_current_context()
    for parameter in context.command.params:
        given = context.get_parameter_source(parameter.name or "") is ParameterSource.COMMANDLINE
        if given and parameter.name in names:
            raise click.UsageError(f"{max(parameter.opts, key=len)} {why}")


def _say(text: str, err: bool = False) -> None:
    """Print a line, whatever letters a client or a server has put into it; colours are kept where they are wanted."""
    click.echo(text.encode("utf-8", "backslashreplace").decode(), err=err, color=True)


def _end(problem: object) -> NoReturn:
    click.echo(f"cannot run: {problem}", err=True)
    sys.exit(2)


def _write_drift(path: Path, found: dict[str, Any]) -> None:
    path.write_text(drifting.dumps(found), "utf-8")
    for id in found["no_longer_held"]:
        click.echo(f"drift: {id} held before and does not now")
    for change in found["changes"]:
        was, now = (", ".join(change[when]) or "absent" for when in ("was", "now"))
        click.echo(f"drift: {change['answer']}: {change['member']} was {was}, is {now}")
