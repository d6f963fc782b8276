"""Calls about the states of a vendor's invitations: its table of moves, what a sandbox saw of it, and the picture.

In the picture the boxes stand where the vendor's table puts them. An arrow runs straight from the side of one box to
that of another; two that lead there and back run side by side. A label is near the start of its arrow, or in the middle
if that slants. The markup is in `templates/state_diagram.svg`.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from math import atan2, copysign, degrees
from typing import Any

from pydantic import Field
from starlette.responses import Response

from assessment_simulator.control.bodies import Answer, Count
from assessment_simulator.control.operation import ControlCall, named
from assessment_simulator.core.states import DiagramPosition, Move, State, StateMachine
from assessment_simulator.core.vendor import Vendor
from assessment_simulator.http.problem_details import Problem
from assessment_simulator.http.templating import filled
from assessment_simulator.sandbox.state import History

MEDIA_TYPE = "image/svg+xml"
POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_TIMES = "\N{MULTIPLICATION SIGN}"
_HIGH = 58.0  # the height of the box of a state of one row
_BESIDE, _BELOW, _MARGIN = 124.0, 54.0, 16.0  # the spaces between columns, between rows, and around everything
_APART = 13.0  # the distance of each of two arrows that lead there and back from the middle
View = dict[str, Any]
Box = tuple[float, float, float, float]  # left, top, right and bottom


class VendorState(Answer):
    """A state of a vendor's invitations."""

    id: State
    title: str


class VendorMove(Answer):
    """A move between two states."""

    from_: State = Field(alias="from")
    action: str
    to: State


class States(Answer):
    """A vendor's states, and the moves between them."""

    states: list[VendorState]
    moves: list[VendorMove]


class SeenState(VendorState):
    """A state with its counts in a sandbox."""

    now: Count = Field(description="how many invitations are in it")
    seen: Count = Field(description="how many entered it so far")


class SeenMove(VendorMove):
    """A move with its count in a sandbox."""

    seen: Count = Field(description="how often it was made so far")


class SeenStates(Answer):
    """The states and moves with their counts in a sandbox."""

    states: list[SeenState]
    moves: list[SeenMove]


def _vendor(call: ControlCall) -> Vendor:
    by_name = {named(vendor): vendor for vendor in call.api.sandboxes.vendors.values()}
    name = call.params["vendor"]
    if name not in by_name:
        raise Problem(404, f"there is no vendor {name[:40]!r}; there are {', '.join(by_name)}")
    return by_name[name]


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


async def show_diagram(call: ControlCall) -> Response:
    """The same as a picture."""
    vendor = _vendor(call)
    view = counted(vendor, call.sandbox.state.history)
    title = f"{vendor.title}: states and moves in sandbox {call.sandbox.name}"
    headers = {"content-security-policy": POLICY, "cache-control": "no-store"}
    picture = diagram(vendor.state_machine, vendor.diagram_positions, view, title)
    return Response(picture, headers=headers, media_type=MEDIA_TYPE)


def moves_of(machine: StateMachine) -> list[Move]:
    """The moves of a table, in its order."""
    return [(start, action, end) for (start, action), end in machine.moves.items()]


def moves_between(machine: StateMachine, before: State, operation: str, after: State) -> tuple[Move, ...]:
    """The moves that led from one status to another: those of the table if it has any, else the operation itself."""
    path = machine.path(before, operation)
    if path and path[-1][2] == after:
        return path
    # An operation that is no action may make a move as a side effect: reading an order fulfils it.
    actions = [action for start, action, end in moves_of(machine) if (start, end) == (before, after)]
    return ((before, actions[0] if actions else operation, after),)


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


def diagram(machine: StateMachine, places: Mapping[State, DiagramPosition], view: View, title: str) -> str:
    """The picture of a table with its counts (`counted`)."""
    moves: defaultdict[tuple[State, State], list[View]] = defaultdict(list)
    loops: defaultdict[State, list[str]] = defaultdict(list)
    for move in view["moves"]:
        if move["from"] == move["to"]:
            loops[move["from"]].append(move["action"])
        else:
            moves[move["from"], move["to"]].append(move)
    lines: dict[State, list[str]] = {}
    for state in view["states"]:
        lines[state["id"]] = [machine.title(state["id"])]
        if state["seen"]:
            lines[state["id"]].append(f"{_TIMES}{state['seen']}, {state['now']} now")
        if loops[state["id"]]:
            lines[state["id"]].append(f"↻ {', '.join(loops[state['id']])}")
    # 7.2 is the width of an average letter: fonts differ, and a browser would have to measure them.
    width = max(96, *(round(7.2 * len(line)) + 24 for texts in lines.values() for line in texts))
    boxes: dict[State, Box] = {}
    for id, place in places.items():
        left, top = _MARGIN + place.column * (width + _BESIDE), _MARGIN + place.row * (_HIGH + _BELOW)
        boxes[id] = left, top, left + width, top + place.rows * (_HIGH + _BELOW) - _BELOW
    drawn = []
    for state in view["states"]:
        left, top, right, bottom = boxes[state["id"]]
        texts = lines[state["id"]]
        drawn.append({
            "classes": _classes(seen=state["seen"], end=state["id"] in machine.ends), "title": state["title"],
            "left": left, "top": top, "width": right - left, "height": bottom - top, "middle": (left + right) / 2,
            "lines": texts, "first": (top + bottom) / 2 + 5 - 8.5 * (len(texts) - 1),
        })  # fmt: skip
    arrows = []
    for (start, end), between in moves.items():
        side, ends = _arrow(boxes[start], boxes[end], _APART if (end, start) in moves else 0.0)
        is_listed = any(machine.moves.get((one["from"], one["action"])) == one["to"] for one in between)
        labels = [f"{one['action']} {_TIMES}{one['seen']}" if one["seen"] else one["action"] for one in between]
        is_seen = any(one["seen"] for one in between)
        classes = f"{side} {_classes(seen=is_seen, unlisted=not is_listed)}"
        arrows.append({**ends, "classes": classes, "label": ", ".join(labels)})
    counts = "; ".join(f"{lines[one['id']][0]}: {one['now']} now, {one['seen']} so far" for one in view["states"])
    made = "; ".join(
        f"{lines[one['from']][0]} to {lines[one['to']][0]} by {one['action']}: {one['seen']}" for one in view["moves"]
    )
    return filled(
        "state_diagram.svg", title=title, description=f"States: {counts}. Moves and how often they were made: {made}.",
        width=round(max(right for _, _, right, _ in boxes.values()) + _MARGIN),
        height=round(max(bottom for _, _, _, bottom in boxes.values()) + _MARGIN), arrows=arrows, boxes=drawn,
    )  # fmt: skip


def _classes(**holds: Any) -> str:
    return " ".join(name for name, does in holds.items() if does)


def _arrow(a: Box, b: Box, apart: float) -> tuple[str, dict[str, float]]:
    """An arrow from the box `a` to the box `b`: the side it leaves by if they are side by side, and its places."""
    side, middle, other = "", (a[0] + a[2]) / 2, (b[0] + b[2]) / 2
    top, bottom = max(a[1], b[1]), min(a[3], b[3])
    if top < bottom:  # side by side
        side = "east" if a[0] < b[0] else "west"
        sign = 1 if side == "east" else -1
        y = to_y = label_y = (top + bottom) / 2 + sign * apart
        x, to_x = (a[2], b[0]) if side == "east" else (a[0], b[2])
        label_x = x + 10 * sign
    else:
        # One above the other: two arrows are moved apart, and one to another column leans towards it.
        down = a[1] < b[1]
        shift = -apart if down else apart
        lean = copysign((a[2] - a[0]) / 4, b[0] - a[0]) if a[0] != b[0] else 0.0
        x, y = middle + lean + shift, a[3] if down else a[1]
        to_x, to_y = other - lean + shift, b[1] if down else b[3]
        label_x, label_y = ((x + to_x) / 2, (y + to_y) / 2) if lean else (x, y + (18 if down else -18))
    turned = round(degrees(atan2(to_y - y, to_x - x)), 1)
    return side, {
        "x": x, "y": y, "to_x": to_x, "to_y": to_y, "label_x": label_x, "label_y": label_y + 4, "turned": turned,
    }  # fmt: skip
