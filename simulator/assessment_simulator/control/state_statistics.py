"""The states of a vendor's invitations and the moves between them: as its table has them, and as a sandbox saw them."""

from collections import Counter
from typing import Any, NamedTuple

from assessment_simulator.core.states import Machine, Move, State
from assessment_simulator.core.vendor import Vendor
from assessment_simulator.sandbox.history import History


class Seen(NamedTuple):
    """How many invitations are in each state now and have ever come into it, and how often each move was made."""

    now: Counter[State]
    entered: Counter[State]
    moves: Counter[Move]


def listed(machine: Machine) -> list[Move]:
    """The moves of a table, in its order."""
    return [(start, action, end) for (start, action), end in machine.moves.items()]


def machine_view(machine: Machine) -> dict[str, Any]:
    """A vendor's states and moves."""
    return {
        "states": [{"id": id, "title": title} for id, title in machine.states.items()],
        "moves": [{"from": start, "action": action, "to": end} for start, action, end in listed(machine)],
    }


def seen_view(vendor: Vendor, history: History) -> dict[str, Any]:
    """The same with what a sandbox has seen; a move that is not in the table stands behind the others."""
    machine, found = vendor.machine, seen(vendor, history)
    moves = dict.fromkeys([*listed(machine), *found.moves])
    return {
        "states": [
            {"id": id, "title": title, "now": found.now[id], "seen": found.entered[id]}
            for id, title in machine.states.items()
        ],
        "moves": [
            {"from": start, "action": action, "to": end, "seen": found.moves[start, action, end]}
            for start, action, end in moves
        ],
    }


def seen(vendor: Vendor, history: History) -> Seen:
    """What a sandbox's history holds of a vendor's invitations."""
    found = Seen(Counter(), Counter(), Counter())
    for (kind, before, operation, after), times in history.tally.items():
        if kind != vendor.kind:
            continue
        if before is not None:
            found.now[before] -= times
        if after is not None:
            found.now[after] += times
        if before is None:
            found.entered[after] += times
        elif after is not None:
            for move in made(vendor.machine, before, operation, after):
                found.moves[move] += times
                found.entered[move[2]] += times
    return found


def made(machine: Machine, before: State, operation: str, after: State) -> tuple[Move, ...]:
    """The moves that led from one status to another: those of the table if it has any, else the operation itself."""
    path = machine.path(before, operation)
    if path and path[-1][2] == after:
        return path
    # An operation that is no action may make a move on its way: who reads an order fulfils it.
    actions = [action for start, action, end in listed(machine) if (start, end) == (before, after)]
    return ((before, actions[0] if actions else operation, after),)
