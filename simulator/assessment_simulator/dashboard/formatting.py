"""Functions that the dashboard's templates call: names, ages, statuses, bodies."""

from collections.abc import Mapping
from typing import Any

from assessment_simulator.core import faults, instant
from assessment_simulator.core.sources import BehaviourFlag
from assessment_simulator.core.states import State
from assessment_simulator.core.text import pretty  # noqa: F401  for templates
from assessment_simulator.core.vendor import Vendor

_UNITS = ((instant.DAY, "d"), (instant.HOUR, "h"), (instant.MINUTE, "min"), (instant.SECOND, "s"))
FAULT_KINDS = faults.KINDS
DELIVERY_TONES = {"pending": "info", "delivered": "good", "failed": "bad"}


def age(at: str, now: str) -> str:
    """The time from an instant to `now` in one unit: `3 d ago`, `in 2 h`."""
    then, present = instant.parse(at), instant.parse(now)
    ticks = present.at - then.at if then and present else 0
    size, unit = next((one for one in _UNITS if abs(ticks) >= one[0]), _UNITS[-1])
    if abs(ticks) < instant.SECOND:
        return "now"
    length = f"{abs(ticks) // size} {unit}"
    return f"{length} ago" if ticks > 0 else f"in {length}"


def span(ticks: int) -> str:
    """A length of time in its two largest units: `10 d`, `1 h 30 min`, `0 s`."""
    parts = []
    for size, unit in _UNITS:
        if ticks >= size:
            parts.append(f"{ticks // size} {unit}")
            ticks %= size
    return " ".join(parts[:2]) or "0 s"


def gap(at: str, later: str) -> str:
    """The time between two instants."""
    before, after = instant.parse(at), instant.parse(later)
    return span(after.at - before.at) if before and after else ""


def timer_effect(operation: str, count: int) -> str:
    """What timers of an operation do, for a sentence about so many invitations."""
    return operation if count > 1 else f"{operation}s"


def moment(at: str) -> str:
    """An instant for readers: `2026-01-31 12:30:05 UTC`."""
    return f"{at[:10]} {at[11:19]} UTC"


def name_of(candidate: Mapping[str, Any]) -> str:
    """A candidate's name, or else the e-mail address or the external id."""
    name = " ".join(filter(None, (candidate.get("first_name"), candidate.get("last_name"))))
    return name or candidate.get("email") or candidate.get("external_id") or "without a name"


class Vendors:
    """What templates show of the vendors: titles by id, statuses, actions, and the operations with descriptions."""

    def __init__(self, vendors: Mapping[str, Vendor]) -> None:
        self._vendors = vendors
        self.behaviour_flags = [(vendor.title, vendor.behaviour_flags) for vendor in vendors.values()]
        self.titles = {vendor.id: vendor.title for vendor in vendors.values()}
        self.operations = [
            (endpoint.operation.name, f"{vendor.title}: {endpoint.summary}")
            for vendor in vendors.values()
            for endpoint in vendor.endpoints
        ]

    def get(self, id: str) -> Vendor:
        """The vendor of that id, which exists."""
        return self._vendors[id]

    def flag(self, id: str) -> BehaviourFlag:
        """The behaviour flag of that id, which exists."""
        return next(flag for _, flags in self.behaviour_flags for flag in flags if flag.id == id)

    def status(self, vendor: str, status: State) -> dict[str, str]:
        """A status as a badge: its text, and its tone.

        Good is the goal of the usual path, bad is every other end, and info is on the way to the goal.
        """
        machine = self._vendors[vendor].state_machine
        last = machine.happy_path[-1]
        walked = {end for (_, action), end in machine.moves.items() if action == last}
        goals = walked | {end for (start, _), end in machine.moves.items() if start in walked}
        begun = machine.path(status, last)
        if status in goals:
            tone = "good"
        elif status in machine.ends:
            tone = "bad"
        else:
            tone = "info" if begun is not None and len(begun) == 1 else "plain"
        return {"text": machine.title(status), "tone": tone}

    def status_words(self, vendor: str) -> dict[State, dict[str, str]]:
        """Text and tone of each status of a vendor."""
        return {state: self.status(vendor, state) for state in self._vendors[vendor].state_machine.states}

    def statuses(self, vendor: str) -> list[tuple[str, str]]:
        """The values and titles of the statuses of a vendor, or without one, of all vendors."""
        chosen = [one for one in self._vendors.values() if vendor in ("", one.id)]
        return [(str(state), one.state_machine.title(state)) for one in chosen for state in one.state_machine.states]

    def actions(self, vendor: str, status: State) -> list[tuple[str, bool]]:
        """Every action of a vendor, and whether it is possible in this status."""
        known = self._vendors[vendor]
        return [(action, bool(known.state_machine.steps(status, action))) for action in known.actions]
