"""Injected faults: which vendor calls and deliveries they match, when they trigger, and how JSON is amended. Pure.

A `FaultPlan` holds a sandbox's faults in order. For each call or attempt, the first fault that matches and triggers
applies; the faults after it do not count the match. Counters and a seeded random decide whether a match triggers, so
the same faults, traffic and seed give the same result. What a fault does: `faults/injector.py` to calls, the webhook
worker to deliveries.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any, Literal, NamedTuple

from assessment_simulator.core.request import VendorRequest
from assessment_simulator.core.retry_schedule import Delivery
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
    """One injected fault; a member that is None (an `id`: empty) has a default, or does not matter."""

    id: str = ""
    on: On = "calls"
    # Calls are selected by vendor, operation, method and path, deliveries by vendor and invitation.
    vendor: str | None = None
    operation: str | None = None
    method: str | None = None
    path: str | None = None  # in which `*` matches any run of characters
    invitation: str | None = None
    # The first `after` matches pass; of the others at most `times` trigger (None: all), each with `probability`.
    times: int | None = None
    after: int = 0
    probability: float = 1.0
    when: When | None = None
    do: Do
    status: int | None = None
    duration: str | None = None  # as `core.instant.parse_duration` reads it
    retry_after: int | None = None  # in seconds
    merge: dict[str, Any] | None = None  # a JSON merge patch
    met: int = 0  # how often it has triggered: shown, never read


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fault."""

    what: str  # it does
    when: When | None = None  # by default; calls only
    # The members that it takes, with their defaults. A member whose default is None must be given.
    takes: Mapping[str, Any] = field(default_factory=dict)


KINDS: Mapping[On, Mapping[str, Kind]] = {
    "calls": {
        "status": Kind("answers with a status and the vendor's error body", BEFORE, {"status": 503}),
        "delay": Kind("answers so much later, in real time", BEFORE, {"duration": None}),
        "drop": Kind("closes the connection without an answer", BEFORE),
        "cut": Kind("closes the connection after half of the body", AFTER),
        "garble": Kind("answers with a body that is not JSON", AFTER),
        "rate_limit": Kind("answers 429 with Retry-After", BEFORE, {"retry_after": 1}),
        "expire_token": Kind("makes the caller's access token expire", BEFORE),
        "amend": Kind("changes the JSON of the answer by a merge patch", AFTER, {"merge": None}),
    },
    "deliveries": {
        "duplicate": Kind("posts a delivered webhook once more"),
        "reorder": Kind("lets the next webhook overtake this one, if it comes soon enough", None, {"duration": "PT1M"}),
        "delay": Kind("puts the attempt off, on the sandbox's clock", None, {"duration": None}),
        "drop": Kind("loses the attempt, which counts as a failed one"),
    },
}


def with_defaults(fault: Fault, place: int) -> Fault:
    """The fault at this place of a list (the first is 1), with every default filled in and no match counted."""
    kind = KINDS[fault.on][fault.do]
    given = {name: default for name, default in kind.takes.items() if getattr(fault, name) is None}
    return replace(fault, id=fault.id or f"fault-{place}", when=fault.when or kind.when, met=0, **given)


class FaultContext(NamedTuple):
    """What a fault may match: a call, or an attempt to deliver."""

    on: On
    able: Collection[str]  # the kinds of faults that are possible here
    vendor: str
    operation: str = ""
    method: str = ""
    path: str = ""
    invitation: str = ""


def path_matches(pattern: str, text: str) -> bool:
    """Whether the pattern, in which `*` alone is a wildcard, describes the whole text."""
    return fnmatchcase(text, pattern.replace("[", "[[]").replace("?", "[?]"))


def matches(fault: Fault, context: FaultContext) -> bool:
    """Whether the fault selects this call or attempt."""
    return (
        fault.on == context.on
        and fault.do in context.able
        and fault.vendor in (None, context.vendor)
        and fault.operation in (None, context.operation)
        and fault.method in (None, context.method)
        and fault.invitation in (None, context.invitation)
        and (fault.path is None or path_matches(fault.path, context.path))
    )


class Counter(NamedTuple):
    """How often a fault has matched, and how often it has triggered."""

    matched: int = 0
    triggered: int = 0


def count_match(fault: Fault, counter: Counter, seed: int | str) -> Counter:
    """The counter after one more match; `triggered` is higher if the fault triggers."""
    matched = counter.matched + 1
    may = matched > fault.after and (fault.times is None or counter.triggered < fault.times)
    # The random number depends on the fault's id, so that another fault in the list does not change it.
    triggers = may and (fault.probability >= 1 or uniform(seed, "fault", fault.id, matched) < fault.probability)
    return Counter(matched, counter.triggered + triggers)


Count = Callable[[int, Counter], None]  # stores the new counter of the fault at a place of the list
_CALLS = frozenset(KINDS["calls"])


class FaultPlan:
    """The faults of a sandbox and their counters."""

    def __init__(self, faults: Iterable[Fault], seed: int | str, counters: Iterable[Counter] = ()) -> None:
        self.faults = tuple(faults)
        self.counters = [*counters] or [Counter()] * len(self.faults)
        self._seed = seed

    def copy(self) -> "FaultPlan":
        """The same faults, with counters of their own."""
        return FaultPlan(self.faults, self._seed, self.counters)

    def with_counts(self) -> list[Fault]:
        """The faults, each with how often it has triggered."""
        pairs = zip(self.faults, self.counters, strict=True)
        return [replace(fault, met=counter.triggered) for fault, counter in pairs]

    def on_call(self, vendor: str, request: VendorRequest, count: Count, *, has_token: bool) -> Fault | None:
        """The fault that triggers on a vendor call; its `met` says how often it has by now.

        `has_token`: the caller sent an access token that exists, so it can be made to expire.
        """
        able = _CALLS if has_token else _CALLS - {"expire_token"}
        context = FaultContext("calls", able, vendor, request.operation, request.method, request.path)
        return self._trigger(context, count)

    def on_attempt(self, delivery: Delivery, count: Count, *, may_wait: bool) -> Fault | None:
        """The fault that triggers before an attempt; `may_wait`: another webhook may overtake this one."""
        if delivery.fault is not None:  # a fault has postponed this attempt already, or made the duplicate
            return None
        able = ("delay", "drop", "reorder") if may_wait else ("delay", "drop")
        event = delivery.event
        return self._trigger(FaultContext("deliveries", able, event.vendor, invitation=event.invitation), count)

    def on_delivered(self, delivery: Delivery, count: Count) -> Fault | None:
        """The fault that triggers on a webhook that has just been delivered."""
        event = delivery.event
        able = ("duplicate",)
        return self._trigger(FaultContext("deliveries", able, event.vendor, invitation=event.invitation), count)

    def _trigger(self, context: FaultContext, count: Count) -> Fault | None:
        for place, fault in enumerate(self.faults):
            if matches(fault, context):
                before, after = self.counters[place], count_match(fault, self.counters[place], self._seed)
                count(place, after)
                if after.triggered > before.triggered:
                    return replace(fault, met=after.triggered)
        return None


def merge_patch(value: Any, patch: Any) -> Any:
    """JSON with a merge patch applied (RFC 7396): null removes a member, an object is merged into an object."""
    if not isinstance(patch, dict):
        return patch
    result = dict(value) if isinstance(value, dict) else {}
    for name, change in patch.items():
        if change is None:
            result.pop(name, None)
        else:
            result[name] = merge_patch(result.get(name), change)
    return result
