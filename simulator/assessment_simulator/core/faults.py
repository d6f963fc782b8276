"""Planned misbehaviour: what a fault meets, which of what it meets it strikes, and how JSON is amended.

Arithmetic only: who counts is `faults/plan.py`, who misbehaves is `faults/injector.py` and the worker.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple

from assessment_simulator.core.seeded_random import uniform

On = Literal["calls", "deliveries"]
When = Literal["before_commit", "after_commit"]
Do = Literal[
    "status", "delay", "drop", "cut", "garble", "rate_limit", "expire_token", "amend", "duplicate", "reorder"
]  # fmt: skip
BEFORE: When = "before_commit"
AFTER: When = "after_commit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One planned misbehaviour; what is None (an `id`: empty) is left to the defaults, or does not matter.

    `vendor`, `operation`, `method` and `path` say which calls it meets, `vendor` and `invitation` which deliveries;
    in `path` a `*` stands for any run of characters. Of those it lets `after` pass, then strikes at most `times`
    (None: every one), each with `probability`. `duration` is ISO 8601, `retry_after` in seconds, `merge` a JSON merge
    patch. `met` is how many it has struck: only told, never taken.
    """

    id: str = ""
    on: On = "calls"
    vendor: str | None = None
    operation: str | None = None
    method: str | None = None
    path: str | None = None
    invitation: str | None = None
    times: int | None = None
    after: int = 0
    probability: float = 1.0
    when: When | None = None
    do: Do
    status: int | None = None
    duration: str | None = None
    retry_after: int | None = None
    merge: dict[str, Any] | None = None
    met: int = 0


@dataclass(frozen=True, slots=True)
class Kind:
    """A way to misbehave: its usual moment (calls only), and the members it takes with their defaults.

    A member whose default is None must be given. `what` says it in a few words.
    """

    what: str
    when: When | None = None
    takes: Mapping[str, Any] = field(default_factory=dict)


KINDS: Mapping[On, Mapping[str, Kind]] = {
    "calls": {
        "status": Kind("answers with a status and the vendor's error body", BEFORE, {"status": 503}),
        "delay": Kind("answers so much later, in real time", BEFORE, {"duration": None}),
        "drop": Kind("closes the connection without an answer", BEFORE),
        "cut": Kind("closes the connection after half of the body", AFTER),
        "garble": Kind("answers with a body that is not JSON", AFTER),
        "rate_limit": Kind("answers 429 with Retry-After", BEFORE, {"retry_after": 1}),
        "expire_token": Kind("makes the caller's access token lapse", BEFORE),
        "amend": Kind("changes the JSON of the answer by a merge patch", AFTER, {"merge": None}),
    },
    "deliveries": {
        "duplicate": Kind("posts a notice that was delivered once more"),
        "reorder": Kind("lets the next notice overtake this one, if it comes soon enough", None, {"duration": "PT1M"}),
        "delay": Kind("puts the attempt off, on the sandbox's clock", None, {"duration": None}),
        "drop": Kind("loses the attempt, which counts as a failed one"),
    },
}
"""Every way to misbehave, by what it is done to."""


def with_defaults(fault: Fault, place: int) -> Fault:
    """The fault at this place of a list (the first is 1), with every default filled in and no match counted."""
    kind = KINDS[fault.on][fault.do]
    given = {name: default for name, default in kind.takes.items() if getattr(fault, name) is None}
    return replace(fault, id=fault.id or f"fault-{place}", when=fault.when or kind.when, met=0, **given)


class FaultContext(NamedTuple):
    """Something that a fault may meet: a call, or an attempt to deliver. `able` are the faults it leaves room for."""

    on: On
    able: Collection[str]
    vendor: str
    operation: str = ""
    method: str = ""
    path: str = ""
    invitation: str = ""


def _same(wanted: str, found: str) -> bool:
    return wanted == found


def path_matches(pattern: str, text: str) -> bool:
    """Whether the pattern, in which `*` stands for any run of characters, describes the whole text."""
    first, *rest = pattern.split("*")
    if not rest:
        return pattern == text
    *middle, last = rest
    if not text.startswith(first) or len(text) < len(first) + len(last) or not text.endswith(last):
        return False
    left = text[len(first) : len(text) - len(last)]
    for part in middle:
        _, found, left = left.partition(part) if part else ("", "*", left)
        if not found:
            return False
    return True


_COMPARED: Mapping[str, Callable[[str, str], bool]] = {
    "vendor": _same, "operation": _same, "method": _same, "path": path_matches, "invitation": _same,
}  # fmt: skip


def matches(fault: Fault, met: FaultContext) -> bool:
    """Whether the fault meets this."""
    return (
        fault.on == met.on
        and fault.do in met.able
        and all(
            getattr(fault, name) is None or agrees(getattr(fault, name), getattr(met, name))
            for name, agrees in _COMPARED.items()
        )
    )


class Counter(NamedTuple):
    """How many a fault has met, and how many of them it has struck."""

    seen: int = 0
    struck: int = 0


def count_match(fault: Fault, tally: Counter, seed: int | str) -> Counter:
    """The tally once the fault has met one more; `struck` is higher where it strikes.

    Chance is drawn from the seed, the fault's id and the number: the same list and traffic misbehave alike.
    """
    seen = tally.seen + 1
    left = seen > fault.after and (fault.times is None or tally.struck < fault.times)
    strikes = left and (fault.probability >= 1 or uniform(seed, "fault", fault.id, seen) < fault.probability)
    return Counter(seen, tally.struck + strikes)


def merge_patch(value: Any, patch: Any) -> Any:
    """JSON with a merge patch applied (RFC 7396): null takes a member away, an object goes into an object."""
    if not isinstance(patch, dict):
        return patch
    result = dict(value) if isinstance(value, dict) else {}
    for name, change in patch.items():
        if change is None:
            result.pop(name, None)
        else:
            result[name] = merge_patch(result.get(name), change)
    return result
