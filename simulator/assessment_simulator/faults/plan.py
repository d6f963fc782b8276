"""One sandbox's faults, and how many calls and deliveries each has met and struck."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from assessment_simulator.core.decision import TOKEN
from assessment_simulator.core.faults import KINDS, Counter, Fault, FaultContext, count_match, matches
from assessment_simulator.core.request import VendorRequest
from assessment_simulator.core.retry_schedule import Delivery
from assessment_simulator.core.sandbox_view import SandboxView
from assessment_simulator.core.vendor import Vendor

_CALLS = frozenset(KINDS["calls"])
_NO_TOKEN = _CALLS - {"expire_token"}
_LATE = frozenset({"delay", "drop"})
_OUT_OF_TURN = _LATE | {"reorder"}
_TWICE = frozenset({"duplicate"})
Count = Callable[[int, Counter], None]
"""Is told the new tally of the fault at a place: what has met it, and whether it strikes, is to be remembered."""


class Faults:
    """Faults in order: the first that matches and strikes is the one; those after it in the list see nothing of it."""

    def __init__(self, faults: Iterable[Fault], seed: int | str, tallies: Iterable[Counter] = ()) -> None:
        self.list = tuple(faults)
        self.tallies = [*tallies] or [Counter()] * len(self.list)
        self._seed = seed

    def copy(self) -> "Faults":
        """The same, to go on apart from these."""
        return Faults(self.list, self._seed, self.tallies)

    def told(self) -> tuple[Fault, ...]:
        """The faults, each with how many it has struck."""
        return tuple(replace(fault, met=tally.struck) for fault, tally in zip(self.list, self.tallies, strict=True))

    def on_call(self, vendor: Vendor, call: VendorRequest, world: SandboxView, count: Count) -> Fault | None:
        """The fault that strikes a call, and which of its strikes this is."""
        token = vendor.bearer_token(call) if vendor.bearer_token else ""
        able = _CALLS if token and world.get(TOKEN, token) else _NO_TOKEN
        return self._strike(FaultContext("calls", able, vendor.id, call.operation, call.method, call.path), count)

    def on_attempt(self, delivery: Delivery, count: Count, *, may_wait: bool) -> Fault | None:
        """The fault that strikes an attempt before it is made; `may_wait` says that another notice may overtake it."""
        # What a fault had posted twice is left alone, or one that strikes always would have it posted for ever.
        if delivery.fault is not None:
            return None
        return self._strike(_delivery(delivery, _OUT_OF_TURN if may_wait else _LATE), count)

    def on_delivered(self, delivery: Delivery, count: Count) -> Fault | None:
        """The fault that strikes a notice that has just been delivered."""
        return self._strike(_delivery(delivery, _TWICE), count)

    def _strike(self, met: FaultContext, count: Count) -> Fault | None:
        for place, fault in enumerate(self.list):
            if not matches(fault, met):
                continue
            before, after = self.tallies[place], count_match(fault, self.tallies[place], self._seed)
            count(place, after)
            if after.struck > before.struck:
                return replace(fault, met=after.struck)
        return None


def _delivery(delivery: Delivery, able: frozenset[str]) -> FaultContext:
    return FaultContext("deliveries", able, delivery.event.vendor, invitation=delivery.event.invitation)
