"""A vendor's states and moves as an SVG picture, with what a sandbox has seen of them in bold.

The boxes stand where the vendor's table puts them. An arrow runs straight from the side of one box to that of another;
two that lead there and back run side by side. A label is near the start of its arrow, or in the middle if that slants.
The markup is in `templates/state_diagram.svg`.
"""

from collections import defaultdict
from collections.abc import Mapping
from math import atan2, copysign, degrees
from typing import Any

from assessment_simulator.core.states import DiagramPosition, State, StateMachine
from assessment_simulator.http.templating import filled

MEDIA_TYPE = "image/svg+xml"
_TIMES = "\N{MULTIPLICATION SIGN}"
_HIGH = 58.0
"""Height of the box of a state of one row."""
_BESIDE, _BELOW, _MARGIN = 124.0, 54.0, 16.0
"""The spaces between two columns, between two rows, and around everything."""
_APART = 13.0
"""Distance of each of two arrows that lead there and back from the middle."""
View = dict[str, Any]
Box = tuple[float, float, float, float]
"""Left, top, right and bottom."""


def diagram(machine: StateMachine, places: Mapping[State, DiagramPosition], view: View, title: str) -> str:
    """The picture of a table with its counts (`states.counted`)."""
    states: list[View] = view["states"]
    names = {one["id"]: machine.title(one["id"]) for one in states}
    moves: defaultdict[tuple[State, State], list[View]] = defaultdict(list)
    loops: defaultdict[State, list[str]] = defaultdict(list)
    for move in view["moves"]:
        if move["from"] == move["to"]:
            loops[move["from"]].append(move["action"])
        else:
            moves[move["from"], move["to"]].append(move)
    lines = {
        one["id"]: [
            names[one["id"]],
            *([f"{_TIMES}{one['seen']}, {one['now']} now"] if one["seen"] else []),
            *([f"↻ {', '.join(loops[one['id']])}"] if loops[one["id"]] else []),
        ]
        for one in states
    }
    # 7.2 is the width of an average letter: fonts differ, and a browser would have to measure them.
    width = max(96, *(round(7.2 * len(line)) + 24 for texts in lines.values() for line in texts))
    boxes: dict[State, Box] = {}
    for state, place in places.items():
        left, top = _MARGIN + place.column * (width + _BESIDE), _MARGIN + place.row * (_HIGH + _BELOW)
        boxes[state] = left, top, left + width, top + place.rows * (_HIGH + _BELOW) - _BELOW
    arrows = [
        _arrow(machine, between, boxes[start], boxes[end], _APART if (end, start) in moves else 0.0)
        for (start, end), between in moves.items()
    ]
    counts = "; ".join(f"{names[one['id']]}: {one['now']} now, {one['seen']} so far" for one in states)
    made = "; ".join(
        f"{names[one['from']]} to {names[one['to']]} by {one['action']}: {one['seen']}" for one in view["moves"]
    )
    return filled(
        "state_diagram.svg", title=title, description=f"States: {counts}. Moves and how often they were made: {made}.",
        width=round(max(right for _, _, right, _ in boxes.values()) + _MARGIN),
        height=round(max(bottom for _, _, _, bottom in boxes.values()) + _MARGIN), arrows=arrows,
        boxes=[_box(machine, one, lines[one["id"]], boxes[one["id"]]) for one in states],
    )  # fmt: skip


def _box(machine: StateMachine, state: View, lines: list[str], box: Box) -> View:
    left, top, right, bottom = box
    classes = [*(["seen"] if state["seen"] else []), *(["end"] if state["id"] in machine.ends else [])]
    return {
        "classes": " ".join(classes), "title": state["title"], "left": left, "top": top, "width": right - left,
        "height": bottom - top, "middle": (left + right) / 2, "lines": lines,
        "first": (top + bottom) / 2 + 5 - 8.5 * (len(lines) - 1),
    }  # fmt: skip


def _arrow(machine: StateMachine, moves: list[View], a: Box, b: Box, apart: float) -> View:
    """The arrow of all moves from the box `a` to the box `b`."""
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
    is_listed = any(machine.moves.get((one["from"], one["action"])) == one["to"] for one in moves)
    is_seen = any(one["seen"] for one in moves)
    return {
        "x": x, "y": y, "to_x": to_x, "to_y": to_y, "label_x": label_x, "label_y": label_y + 4,
        "turned": round(degrees(atan2(to_y - y, to_x - x)), 1),
        "classes": " ".join([side, *(["seen"] if is_seen else []), *([] if is_listed else ["unlisted"])]),
        "label": ", ".join(f"{one['action']} {_TIMES}{one['seen']}" if one["seen"] else one["action"] for one in moves),
    }  # fmt: skip
