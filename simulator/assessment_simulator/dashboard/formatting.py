"""The words and marks of the dashboard's templates: names, ages, statuses, bodies."""

import json
from collections.abc import Mapping
from typing import Any

from assessment_simulator.core import instant
from assessment_simulator.core.states import Machine, State
from assessment_simulator.core.vendor import Vendor
from assessment_simulator.journal.search import state_title

_AGES = ((instant.DAY, "d"), (instant.HOUR, "h"), (instant.MINUTE, "min"), (instant.SECOND, "s"))
DELIVERY_TONES = {"pending": "info", "delivered": "good", "failed": "bad"}


def _ticks(text: str) -> int:
    moment = instant.parse(text)
    return moment.at if moment else 0


def age(at: str, now: str) -> str:
    """How long before `now` something was, or after it is to be, in one unit: `3 d ago`, `in 2 h`."""
    ticks = _ticks(now) - _ticks(at)
    size, unit = next((one for one in _AGES if abs(ticks) >= one[0]), _AGES[-1])
    span = f"{abs(ticks) // size} {unit}"
    if abs(ticks) < instant.SECOND:
        return "now"
    return f"{span} ago" if ticks > 0 else f"in {span}"


def moment(at: str) -> str:
    """An instant as people read it: `2026-01-31 12:30:05 UTC`."""
    return f"{at[:10]} {at[11:19]} UTC"


def name_of(candidate: Mapping[str, Any]) -> str:
    """A candidate's name; the address of one who has none."""
    name = " ".join(filter(None, (candidate.get("first_name"), candidate.get("last_name"))))
    return name or candidate.get("email") or candidate.get("external_id") or "without a name"


def pretty(value: Any) -> str:
    """A body: JSON set out in lines, text as it is."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)


def tone(machine: Machine, state: State) -> str:
    """How a state looks: good where the walk leads, bad where else it ends, busy in between, plain at the beginning."""
    walked = {end for (_, action), end in machine.moves.items() if action == machine.walk[-1]}
    goals = walked | {end for (start, _), end in machine.moves.items() if start in walked}
    if state in goals:
        return "good"
    if state in machine.ends:
        return "bad"
    begun = machine.path(state, machine.walk[-1])
    return "info" if begun is not None and len(begun) == 1 else "plain"


class Vendors:
    """What pages need to know of the vendors, whoever they are."""

    def __init__(self, vendors: Mapping[str, Vendor]) -> None:
        self._vendors = vendors

    def titles(self) -> dict[str, str]:
        """The vendors' titles by id."""
        return {vendor.id: vendor.title for vendor in self._vendors.values()}

    def document(self, vendor: str) -> str:
        """A vendor's name in addresses."""
        return vendor.replace("_", "-")

    def status(self, vendor: str, status: State) -> dict[str, str]:
        """A status as a badge: its words, and its tone."""
        machine = self._vendors[vendor].machine
        return {"text": state_title(machine, status), "tone": tone(machine, status)}

    def statuses(self, vendor: str | None) -> list[tuple[str, str]]:
        """The statuses that invitations of a vendor, or of any, can be in: the value to ask for, and its words."""
        chosen = [one for one in self._vendors.values() if vendor in (None, "", one.id)]
        return [(str(state), state_title(one.machine, state)) for one in chosen for state in one.machine.states]

    def actions(self, vendor: str, status: State) -> list[tuple[str, bool]]:
        """Every action of a vendor, and whether it can be done to an invitation in this status."""
        known = self._vendors[vendor]
        return [(action, bool(known.machine.steps(status, action))) for action in known.actions]

    def operations(self) -> list[tuple[str, str]]:
        """The operations that answer over HTTP: name, and what it does with whose it is."""
        return [
            (endpoint.operation.name, f"{vendor.title}: {endpoint.summary}")
            for vendor in self._vendors.values()
            for endpoint in vendor.endpoints
        ]
