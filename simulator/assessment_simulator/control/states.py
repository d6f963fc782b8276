"""Calls about the states of a vendor's invitations and the moves between them: its table, and what a sandbox saw."""

from collections import Counter
from typing import Any

from starlette.responses import Response

from assessment_simulator.control import state_diagram
from assessment_simulator.control.operation import ControlCall
from assessment_simulator.control.vendor_openapi import named
from assessment_simulator.core.states import Move, State, StateMachine
from assessment_simulator.core.vendor import Vendor
from assessment_simulator.http.problem_details import Problem
from assessment_simulator.sandbox.state import History

POLICY = "default-src 'none'; style-src 'unsafe-inline'"
View = dict[str, Any]


async def show_table(call: ControlCall) -> View:
    """A vendor's states and the moves between them."""
    machine = _vendor(call).state_machine
    return {
        "states": [{"id": id, "title": title} for id, title in machine.states.items()],
        "moves": [{"from": start, "action": action, "to": end} for start, action, end in moves_of(machine)],
    }


async def show_counts(call: ControlCall) -> View:
    """The same with how many invitations are and were in each state, and how often each move was made."""
    return counted(_vendor(call), call.sandbox.state.history)


async def diagram(call: ControlCall) -> Response:
    """The same as a picture."""
    vendor = _vendor(call)
    view = counted(vendor, call.sandbox.state.history)
    title = f"{vendor.title}: states and moves in sandbox {call.sandbox.name}"
    text = state_diagram.diagram(vendor.state_machine, vendor.diagram_positions, view, title)
    headers = {"content-security-policy": POLICY, "cache-control": "no-store"}
    return Response(text, headers=headers, media_type=state_diagram.MEDIA_TYPE)


def _vendor(call: ControlCall) -> Vendor:
    by_name = {named(vendor): vendor for vendor in call.api.sandboxes.vendors.values()}
    name = call.params["vendor"]
    if name not in by_name:
        raise Problem(404, f"there is no vendor {name[:40]!r}; there are {', '.join(by_name)}")
    return by_name[name]


def moves_of(machine: StateMachine) -> list[Move]:
    """The moves of a table, in its order."""
    return [(start, action, end) for (start, action), end in machine.moves.items()]


def counted(vendor: Vendor, history: History) -> View:
    """The table with the counts of a sandbox's history; a move that is not in the table comes last.

    `now` is the number of invitations in a state, `seen` how many came into it or made a move.
    """
    machine, now, entered, moves = vendor.state_machine, Counter[State](), Counter[State](), Counter[Move]()
    # The history counts changes of status; an action may lead over several states, whose moves all count.
    for (kind, before, operation, after), times in history.tally.items():
        if kind != vendor.record_kind:
            continue
        if before is not None:
            now[before] -= times
        if after is not None:
            now[after] += times
        if before is None:
            entered[after] += times
        elif after is not None:
            for move in moves_between(machine, before, operation, after):
                moves[move] += times
                entered[move[2]] += times
    return {
        "states": [
            {"id": id, "title": title, "now": now[id], "seen": entered[id]} for id, title in machine.states.items()
        ],
        "moves": [
            {"from": start, "action": action, "to": end, "seen": moves[start, action, end]}
            for start, action, end in dict.fromkeys([*moves_of(machine), *moves])
        ],
    }


def moves_between(machine: StateMachine, before: State, operation: str, after: State) -> tuple[Move, ...]:
    """The moves that led from one status to another: those of the table if it has any, else the operation itself."""
    path = machine.path(before, operation)
    if path and path[-1][2] == after:
        return path
    # An operation that is no action may make a move as a side effect: reading an order fulfils it.
    actions = [action for start, action, end in moves_of(machine) if (start, end) == (before, after)]
    return ((before, actions[0] if actions else operation, after),)
