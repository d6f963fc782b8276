"""What became of the properties, in the terminal and in numbers."""

import re
import textwrap
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from assessment_contracts.curl import script, without_tokens
from assessment_contracts.property import Property
from assessment_contracts.runner import Outcome, Verdict
from assessment_contracts.sources import Standing

MARKS = {Verdict.HELD: "held", Verdict.BROKEN: "BROKEN", Verdict.NOT_ASKED: "-", Verdict.NOT_CLAIMED: "not claimed"}

_UNFIT = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold."""


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

    def masked(self, text: str) -> str:
        """The text without its secrets, and without tokens."""
        for value, name in self.secrets.items():
            text = text.replace(value, f"${name}")
        return without_tokens(text)

    @property
    def status(self) -> int:
        """The exit status: 0 all that was asked held, 1 something did not, 2 it could not be asked."""
        verdicts = [outcome.verdict for outcome in self.outcomes]
        if Verdict.BROKEN in verdicts:
            return 1
        inconclusive = any(outcome.inconclusive for outcome in self.outcomes)
        return 0 if Verdict.HELD in verdicts and not inconclusive else 2

    @property
    def grade(self) -> str:
        """How many held, in a line."""
        counts = Counter(outcome.verdict for outcome in self.outcomes)
        rest = [f"{counts[verdict]} {verdict}" for verdict in list(Verdict)[1:] if counts[verdict]]
        asked = sum(1 for outcome in self.outcomes if outcome.verdict in (Verdict.HELD, Verdict.BROKEN))
        return ", ".join([f"{counts[Verdict.HELD]} of {asked} held", *rest])

    @property
    def rules(self) -> tuple[int, int]:
        """How many rules and promises were shown to hold, and how many the properties speak of."""
        held = {id for one in self.outcomes if one.verdict is Verdict.HELD for id in one.property.ids}
        known = {id for one in self.outcomes for id in one.property.ids}
        broken = {id for one in self.outcomes if one.verdict is Verdict.BROKEN for id in one.property.ids}
        return len(held - broken), len(known)


def fit(text: str) -> str:
    """The text without what neither XML 1.0 nor a page can hold."""
    return _UNFIT.sub("\ufffd", text)


def line(outcome: Outcome) -> str:
    """One property as a row of the table."""
    counted = f"{outcome.examples:>6} examples {outcome.seconds:6.2f} s" if outcome.examples else f"{'':24}"
    return f"{MARKS[outcome.verdict]:>11}  {outcome.property.id:60} {counted}  {outcome.reason}".rstrip()


def told(outcome: Outcome, report: Report) -> str:
    """A broken property in full: what should be, what was, the smallest example, the script."""
    property, failure = outcome.property, outcome.failure
    parts = [f"{property.id}: {property.statement}."]
    if property.why and property.why != property.statement:
        parts.append(textwrap.fill(property.why, 118))
    parts.append(f"Source: {property.source} ({property.standing})" if property.source else _how_sure(property))
    if failure is not None:
        parts.append(f"What happened: {problem(outcome, report)}")
        if failure.drawn:
            parts.append(f"Smallest example: {report.masked(failure.drawn)[:2_000]}")
        parts.append(textwrap.indent(shown(outcome, report), "    "))
    return "\n".join(parts)


def _how_sure(property: Property) -> str:
    """The standing of a property, and what it means that such a one did not hold."""
    guess = "; at a vendor it may be our guess that is wrong" if property.standing is Standing.ASSUMED else ""
    return f"Standing: {property.standing}{guess}"


def problem(outcome: Outcome, report: Report) -> str:
    """What went wrong, in a line or a few."""
    if outcome.failure is None:
        return ""
    problem = outcome.failure.problem
    text = report.masked(str(problem).strip()) or "the assertion failed"
    return text if isinstance(problem, AssertionError) else f"{type(problem).__name__}: {text}"


def shown(outcome: Outcome, report: Report) -> str:
    """The curl script of a broken property; empty where nothing was said."""
    if outcome.failure is None or not outcome.failure.exchanges:
        return ""
    why = f"{outcome.property.id}\n{problem(outcome, report)[:300]}"
    return script(report.base, outcome.failure.exchanges, why, report.secrets)


def summary(report: Report, say: Callable[[str], None]) -> None:
    """The failures in full, then all in short: what was not claimed, what is broken, and the grade."""
    broken = [outcome for outcome in report.outcomes if outcome.verdict is Verdict.BROKEN]
    for outcome in broken:
        say("\n" + told(outcome, report))
    unclaimed: dict[str, list[str]] = {}
    for outcome in report.outcomes:
        if outcome.verdict is Verdict.NOT_CLAIMED:
            unclaimed.setdefault(outcome.property.feature, []).append(outcome.property.id)
    if unclaimed or broken:
        say("")
    for feature, ids in unclaimed.items():
        say(f"{MARKS[Verdict.NOT_CLAIMED]:>11}  {feature}: {', '.join(ids)}")
    for outcome in broken:
        say(f"{MARKS[Verdict.BROKEN]:>11}  {outcome.property.id}")
    held, known = report.rules
    shown_to_hold = f"{held} of {known} rules and promises shown to hold; " if known else ""
    say(f"\n{report.grade}; {shown_to_hold}{report.seconds:.1f} s")
