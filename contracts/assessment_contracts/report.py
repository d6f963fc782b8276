"""What came of a run, as text: the summary first, then each failure in full."""

import textwrap
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from assessment_contracts.curl import script, without_tokens
from assessment_contracts.property import Property
from assessment_contracts.runner import Outcome, Verdict
from assessment_contracts.sources import Standing

_WIDTH = 118


@dataclass(frozen=True)
class Report:
    """The outcomes of one run against `base`, on a day (ISO 8601), with the seconds that it took."""

    title: str
    base: str
    date: str
    outcomes: Sequence[Outcome]
    seconds: float
    secrets: Mapping[str, str] = field(default_factory=dict)
    """For each value that must not be shown, its name."""
    baseline: frozenset[str] = frozenset()
    """The ids of contracts whose failure is known."""

    def masked(self, text: str) -> str:
        """The text without its secrets, without tokens, and without what controls a terminal."""
        for value, name in self.secrets.items():
            text = text.replace(value, f"${name}")
        return without_tokens(text).replace("\x1b", "\\x1b")

    @property
    def status(self) -> int:
        """The exit status: 0 nothing failed that the baseline does not list, 1 something did, 2 it could not run."""
        if self.of(Verdict.FAILED, known=False):
            return 1
        ran = self.of(Verdict.PASSED) or self.of(Verdict.ADVISORY) or self.of(Verdict.FAILED)
        return 0 if ran and not self.of(Verdict.INCONCLUSIVE) else 2

    def of(self, verdict: Verdict, *, known: bool | None = None) -> list[Outcome]:
        """The outcomes with this verdict; with `known`, those that the baseline lists, or does not list."""
        return [one for one in self.outcomes if one.verdict is verdict and known in (None, one.known)]

    @property
    def fixed(self) -> list[str]:
        """The ids of contracts that the baseline lists, and that pass now."""
        return [one.property.id for one in self.of(Verdict.PASSED) if one.property.id in self.baseline]

    @property
    def grade(self) -> str:
        """How many passed, in a line."""
        counts = Counter(outcome.verdict for outcome in self.outcomes)
        ran = counts[Verdict.PASSED] + counts[Verdict.FAILED] + counts[Verdict.ADVISORY]
        rest = [f"{counts[verdict]} {verdict}" for verdict in list(Verdict)[1:] if counts[verdict]]
        if known := len(self.of(Verdict.FAILED, known=True)):
            rest[0] += f" ({known} in the baseline)"
        return ", ".join([f"{counts[Verdict.PASSED]} of {ran} passed", *rest])

    @property
    def result(self) -> str:
        """The grade, with the rules that were shown to hold, and the seconds."""
        ids = {id for one in self.outcomes for id in one.property.ids}
        failed = {id for one in self.of(Verdict.FAILED) for id in one.property.ids}
        held = {id for one in self.of(Verdict.PASSED) for id in one.property.ids} - failed
        rules = f"{len(held)} of {len(ids)} rules and guarantees hold; " if ids else ""
        return f"{self.grade}; {rules}{self.seconds:.1f} s"


def line(outcome: Outcome) -> str:
    """One contract as a row of the table, without its verdict."""
    counted = f"{outcome.examples:>6} examples {outcome.seconds:6.2f} s" if outcome.examples else f"{'':24}"
    return f"{outcome.property.id:60} {counted}  {'in the baseline' if outcome.known else outcome.reason}".rstrip()


def described(outcome: Outcome, report: Report) -> str:
    """A failure in full: what is expected and why, what happened, the smallest example, the script."""
    property, failure = outcome.property, outcome.failure
    parts = [property.id, _wrapped("Expected", f"{property.statement}.")]
    if property.why and property.why != property.statement:
        parts.append(_wrapped("Reason", property.why))
    parts.append(f"Source: {source(property)}")
    if failure is not None:
        parts.append(f"What happened: {problem(outcome, report)}")
        if failure.drawn:
            parts.append(f"Smallest example: {report.masked(failure.drawn)[:2_000]}")
        if text := shown(outcome, report):
            parts.append(f"Script:\n{textwrap.indent(text.rstrip(), '    ')}")
    return "\n".join(parts)


def _wrapped(name: str, text: str) -> str:
    return textwrap.fill(f"{name}: {text}", _WIDTH, subsequent_indent="  ")


def source(property: Property) -> str:
    """Where the contract comes from, and how sure that is."""
    guess = "; at a vendor it may be our guess that is wrong" if property.standing is Standing.ASSUMED else ""
    return f"{property.source} ({property.standing}{guess})" if property.source else f"{property.standing}{guess}"


def problem(outcome: Outcome, report: Report) -> str:
    """What went wrong, in a line or a few."""
    if outcome.failure is None:
        return ""
    problem = outcome.failure.problem
    text = report.masked(str(problem).strip()) or "the assertion failed"
    return text if isinstance(problem, AssertionError) else f"{type(problem).__name__}: {text}"


def shown(outcome: Outcome, report: Report) -> str:
    """The curl script of a failure; empty where nothing was sent."""
    failure = outcome.failure
    if failure is None or not failure.exchanges:
        return ""
    why = f"{outcome.property.id}\n{problem(outcome, report)[:300]}"
    return script(report.base, failure.exchanges, why, report.secrets, failure.setup)


def summary(report: Report, say: Callable[[str], None], mark: Callable[[str], str] = str) -> None:
    """The summary, then failures and advisories in full, and the result again, where a terminal ends.

    `mark` renders a verdict, a heading or the result, with colour for instance.
    """
    say(f"\n{mark('Summary')}\n{mark(report.result)}")
    for verdict in (Verdict.FAILED, Verdict.ADVISORY, Verdict.INCONCLUSIVE):
        for outcome in report.of(verdict):
            say(f"{mark(f'{verdict:>12}')}  {outcome.property.id}{'  (in the baseline)' if outcome.known else ''}")
    unclaimed: dict[str, list[str]] = {}
    for outcome in report.of(Verdict.NOT_CLAIMED):
        unclaimed.setdefault(outcome.property.feature, []).append(outcome.property.id)
    for feature, ids in unclaimed.items():
        say(f"{mark(f'{Verdict.NOT_CLAIMED:>12}')}  {feature}: {', '.join(ids)}")
    for id in report.fixed:
        say(f"{mark('fixed'.rjust(12))}  {id}: remove it from the baseline")
    failures = [*report.of(Verdict.FAILED), *report.of(Verdict.ADVISORY)]
    for outcome in failures:
        say(f"\n{mark(outcome.verdict.capitalize())}: {described(outcome, report)}")
    if failures:
        say(f"\n{mark(report.result)}")
