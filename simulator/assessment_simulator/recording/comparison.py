"""Replays a recording against the simulator, and says of each rule and operation whether both agree."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from assessment_simulator.core.text import is_uuid
from assessment_simulator.core.vendor import Vendor
from assessment_simulator.http.router import Router
from assessment_simulator.recording.difference import References, Tolerance, compare
from assessment_simulator.recording.files import Answer, Call
from assessment_simulator.recording.preparation import Replay, sent_values, values_in

AGREES, DIFFERS, NOT_EXERCISED, COULD_NOT = "agrees", "differs", "not exercised", "could not check"
# The exit status of a comparison, by the first of these states that occurs.
STATUSES = {DIFFERS: 1, COULD_NOT: 3, AGREES: 0, NOT_EXERCISED: 4}
# Seeds whose answers are compared with each other: where they differ, the simulator's value is a random one.
_SEED, *_OTHER_SEEDS = 1, 2, 3
# A fresh sandbox for a replay, with a seed and behaviour flags.
Start = Callable[[int, Mapping[str, Any]], Replay]


@dataclass(slots=True)
class Verdict:
    """What is known of a rule or an operation; `notes` are differences, or why it could not be checked."""

    id: str
    state: str = NOT_EXERCISED
    notes: list[str] = field(default_factory=list)
    calls: int = 0


@dataclass(slots=True)
class Comparison:
    """The verdicts by id, the simulator's answers in the order of the calls, and what was not compared."""

    vendor: Vendor
    tolerance: Tolerance
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    answers: list[Answer | None] = field(default_factory=list)
    flags: list[tuple[str, Any, int]] = field(default_factory=list)  # values that make fewer places differ, how many

    def __post_init__(self) -> None:
        operations = (f"{self.vendor.id}.{endpoint.operation.name}" for endpoint in self.vendor.endpoints)
        rules = (rule.id for rule in self.vendor.rules)
        self.verdicts = {id: Verdict(id) for id in chain(operations, rules)}

    @property
    def differences(self) -> list[str]:
        """All differences, each once."""
        found = (verdict.notes for verdict in self.verdicts.values() if verdict.state == DIFFERS)
        return [*dict.fromkeys(chain.from_iterable(found))]

    @property
    def status(self) -> int:
        """The exit status."""
        states = {verdict.state for verdict in self.verdicts.values()}
        return next(status for state, status in STATUSES.items() if state in states)

    def judge(self, ids: Sequence[str], state: str, notes: list[str]) -> None:
        """Add what one call shows. A difference outweighs an agreement, which outweighs an attempt."""
        order = (NOT_EXERCISED, COULD_NOT, AGREES, DIFFERS)
        for id in ids:
            verdict = self.verdicts.setdefault(id, Verdict(id))
            verdict.calls += 1
            if order.index(state) > order.index(verdict.state):
                verdict.state, verdict.notes = state, []
            if state == verdict.state:
                verdict.notes += notes


def compare_all(calls: Sequence[Call], vendor: Vendor, start: Start, exclusions: Mapping[str, str]) -> Comparison:
    """Compare a recording with the simulator; where they differ, also with each other value of the behaviour flags."""
    tolerance = Tolerance(exclusions=exclusions)
    router = Router({vendor.id: vendor})
    for call in calls:
        if call.answer is not None and call.repeated is not None:
            tolerance.measure(_operation(router, call), call.answer, call.repeated, References())
    one, other = (_replayed(calls, vendor, router, start(seed, {}), Tolerance()) for seed in _OTHER_SEEDS)
    references = References()
    for call, own, another in zip(calls, one.answers, other.answers, strict=True):
        if own is not None and another is not None:
            tolerance.measure(_operation(router, call), own, another, references)
    found = _replayed(calls, vendor, router, start(_SEED, {}), tolerance)
    behaviour, left = dict[str, Any](), len(found.differences)
    for flag in vendor.behaviour_flags:
        for value in flag.values[1:] if left else ():
            changed = _replayed(calls, vendor, router, start(_SEED, {**behaviour, flag.id: value}), tolerance)
            if (fewer := left - len(changed.differences)) > 0:  # it is kept while the other flags are tried
                behaviour[flag.id], left = value, left - fewer
                found.flags.append((flag.id, value, fewer))
    return found


def _operation(router: Router, call: Call) -> str:
    route = router.find(call.method, call.path)
    return route.endpoint.operation.name if route and route.endpoint else "no operation"


def _replayed(
    calls: Sequence[Call], vendor: Vendor, router: Router, replay: Replay, tolerance: Tolerance
) -> Comparison:
    """Send the calls in their order, and compare each answer."""
    import httpx2

    found, references = Comparison(vendor, tolerance), replay.references
    for call in calls:
        name = _operation(router, call)
        operation = f"{vendor.id}.{name}"
        found.answers.append(None)
        why = _no_answer(call) or replay.prepare(call)
        if why or call.answer is None:
            found.judge([operation], COULD_NOT, [f"{call.method} {call.path}: {why}"])
            continue
        references.sent.update(map(references.translated, _sent(call)), _sent(call))
        body = references.translated(call.body.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
        try:
            ours = replay.send(call.method, references.translated(call.target), replay.headers(call), body)
            why = f"the simulator answered {ours.status}" if ours.status >= 500 else ""
        except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as problem:
            why = f"it could not be sent: {problem}"
        if why:
            found.judge([operation], COULD_NOT, [f"{call.method} {call.path}: {why}"])
            continue
        found.answers[-1] = ours
        rules = [rule for rule in ours.headers.get("simulator-rule", "").split(", ") if rule]
        place = f"{call.method} {_template(call.path)}"
        notes = [f"{place}: {one}" for one in compare(name, call.answer, ours, references, tolerance)]
        found.judge([operation, *rules], DIFFERS if notes else AGREES, notes)
    return found


def _no_answer(call: Call) -> str:
    """Why the vendor's answer says nothing, or ""."""
    if call.answer is None:
        return f"the vendor did not answer: {call.error or 'the recording has no answer'}"
    return f"the vendor answered {call.answer.status}" if call.answer.status >= 500 else ""


def _template(path: str) -> str:
    return "/".join("{id}" if is_uuid(segment) else segment for segment in path.split("/"))


def _sent(call: Call) -> Iterator[str]:
    """The texts of a request, which an answer may echo."""
    yield from (value for _, value in parse_qsl(urlsplit(call.url).query))
    yield from (value for value in values_in(sent_values(call)) if isinstance(value, str))
