"""A vendor's states and moves as an SVG picture, drawn from its table, with what a sandbox has seen of them."""

from collections import defaultdict
from collections.abc import Mapping
from html import escape
from math import atan2, copysign, degrees
from typing import Any, NamedTuple

from assessment_simulator.core.states import DiagramPosition, State, StateMachine
from assessment_simulator.journal.search import state_title

MEDIA_TYPE = "image/svg+xml"
_TIMES = "\N{MULTIPLICATION SIGN}"
_HIGH = 58.0
"""How high the box of a state of one row is."""
_BESIDE, _BELOW, _MARGIN = 124.0, 54.0, 16.0
"""The spaces between two columns, between two rows, and around everything."""
_APART = 13.0
"""So far from the middle is each of two arrows that lead there and back."""
View = dict[str, Any]
Pair = tuple[State, State]
Point = tuple[float, float]

_STYLE = """
svg{--canvas:#fff;--ink:#1b1f24;--faint:#5b6570;--box:#f3f5f7;--seen:#0b57a4;--seen-box:#e4effa}
@media(prefers-color-scheme:dark){
svg{--canvas:#14171b;--ink:#eceff2;--faint:#a3adb8;--box:#22272d;--seen:#8ec4ff;--seen-box:#12304d}}
.canvas{fill:var(--canvas)}
text{font:13px system-ui,sans-serif;fill:var(--ink);text-anchor:middle}
.name{font-weight:600}.small{font-size:11px}
.east text{text-anchor:start}.west text{text-anchor:end}
.move text{font-size:12px;paint-order:stroke;stroke:var(--canvas);stroke-width:5px;stroke-linejoin:round}
rect.box{fill:var(--box);stroke:var(--faint);stroke-width:1}
.end rect.box{rx:20px}
path{fill:none;stroke:var(--faint);stroke-width:1}
.seen rect.box{fill:var(--seen-box);stroke:var(--seen);stroke-width:3}
.seen path{stroke:var(--seen);stroke-width:3}
.seen .name,.move.seen text{fill:var(--seen);font-weight:700}
.unlisted path{stroke-dasharray:6 4}
polygon{fill:var(--faint)}.seen polygon{fill:var(--seen)}
"""


class _Box(NamedTuple):
    """The rectangle of a state."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def middle(self) -> float:
        """Where its middle is, from the left."""
        return (self.left + self.right) / 2


class _Arrow(NamedTuple):
    """A straight line, where the middle of its label is, and to which side the label runs from there."""

    start: Point
    end: Point
    label: Point
    side: str


def diagram(machine: StateMachine, places: Mapping[State, DiagramPosition], view: View, title: str) -> str:
    """The picture of a table as `lives.seen_view` shows it; all that is seen is bolder, and says how often."""
    moves: defaultdict[Pair, list[View]] = defaultdict(list)
    loops: defaultdict[State, list[str]] = defaultdict(list)
    for move in view["moves"]:
        if move["from"] == move["to"]:
            loops[move["from"]].append(move["action"])
        else:
            moves[move["from"], move["to"]].append(move)
    names = {state["id"]: state_title(machine, state["id"]) for state in view["states"]}
    lines = {state["id"]: _lines(state, names[state["id"]], loops[state["id"]]) for state in view["states"]}
    width = max(96.0, *(7.2 * len(line) + 24 for texts in lines.values() for line in texts))
    boxes = {state: _box(place, width) for state, place in places.items()}
    drawn = [
        *(_move(machine, made, _arrow(boxes[a], boxes[b], (b, a) in moves)) for (a, b), made in moves.items()),
        *(_state(machine, state, lines[state["id"]], boxes[state["id"]]) for state in view["states"]),
    ]
    return _picture(boxes, title, _told(view, names), "".join(drawn))


def _picture(boxes: Mapping[State, _Box], title: str, told: str, drawn: str) -> str:
    width = round(max(box.right for box in boxes.values()) + _MARGIN)
    height = round(max(box.bottom for box in boxes.values()) + _MARGIN)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-labelledby="title desc"><title id="title">{escape(title)}</title>'
        f'<desc id="desc">{escape(told)}</desc><style>{_STYLE}</style>'
        f'<rect class="canvas" width="100%" height="100%"/>{drawn}</svg>\n'
    )


def _told(view: View, names: dict[State, str]) -> str:
    """The picture in words."""
    states = [f"{names[one['id']]}: {one['now']} now, {one['seen']} so far" for one in view["states"]]
    moves = [f"{names[one['from']]} to {names[one['to']]} by {one['action']}: {one['seen']}" for one in view["moves"]]
    return f"States: {'; '.join(states)}. Moves and how often they were made: {'; '.join(moves)}."


def _lines(state: View, name: str, loops: list[str]) -> list[str]:
    """What stands in a state's box: its name, how often it was seen, and the actions that change nothing."""
    counted = [f"{_TIMES}{state['seen']}, {state['now']} now"] if state["seen"] else []
    return [name, *counted, *([f"↻ {', '.join(loops)}"] if loops else [])]


def _state(machine: StateMachine, state: View, lines: list[str], box: _Box) -> str:
    kinds = " ".join(["state", *(["seen"] if state["seen"] else []), *(["end"] if state["id"] in machine.ends else [])])
    first = (box.top + box.bottom) / 2 + 5 - 8.5 * (len(lines) - 1)
    x = f"{box.middle:.1f}"
    texts = "".join(
        f'<text class="{"small" if at else "name"}" x="{x}" y="{first + 17 * at:.1f}">{escape(line)}</text>'
        for at, line in enumerate(lines)
    )
    return (
        f'<g class="{kinds}"><title>{escape(state["title"])}</title>'
        f'<rect class="box" x="{box.left:.1f}" y="{box.top:.1f}" width="{box.right - box.left:.1f}" '
        f'height="{box.bottom - box.top:.1f}" rx="6"/>{texts}</g>'
    )


def _move(machine: StateMachine, made: list[View], arrow: _Arrow) -> str:
    listed = any(machine.moves.get((one["from"], one["action"])) == one["to"] for one in made)
    seen = any(one["seen"] for one in made)
    kinds = " ".join(["move", arrow.side, *(["seen"] if seen else []), *([] if listed else ["unlisted"])])
    label = ", ".join(f"{one['action']} {_TIMES}{one['seen']}" if one["seen"] else one["action"] for one in made)
    (x, y), (to_x, to_y) = arrow.start, arrow.end
    turned = degrees(atan2(to_y - y, to_x - x))
    return (
        f'<g class="{kinds}"><path d="M{x:.1f} {y:.1f}L{to_x:.1f} {to_y:.1f}"/>'
        f'<polygon points="0,0 -9,-4.5 -9,4.5" transform="translate({to_x:.1f} {to_y:.1f}) rotate({turned:.1f})"/>'
        f'<text x="{arrow.label[0]:.1f}" y="{arrow.label[1] + 4:.1f}">{escape(label)}</text></g>'
    )


def _box(place: DiagramPosition, width: float) -> _Box:
    left, top = _MARGIN + place.column * (width + _BESIDE), _MARGIN + place.row * (_HIGH + _BELOW)
    return _Box(left, top, left + width, top + place.rows * (_HIGH + _BELOW) - _BELOW)


def _arrow(a: _Box, b: _Box, there_and_back: bool) -> _Arrow:
    """From the side of one box to that of another; the label is near the start, or in the middle if it slants."""
    apart = _APART if there_and_back else 0.0
    top, bottom = max(a.top, b.top), min(a.bottom, b.bottom)
    if top < bottom:
        forth = a.left < b.left
        y = (top + bottom) / 2 + (apart if forth else -apart)
        if forth:
            return _Arrow((a.right, y), (b.left, y), (a.right + 10, y), "east")
        return _Arrow((a.left, y), (b.right, y), (a.left - 10, y), "west")
    down = a.top < b.top
    shift = -apart if down else apart
    lean = copysign((a.right - a.left) / 4, b.left - a.left) if a.left != b.left else 0.0
    start = a.middle + lean + shift, a.bottom if down else a.top
    end = b.middle - lean + shift, b.top if down else b.bottom
    if lean:
        return _Arrow(start, end, ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2), "")
    return _Arrow(start, end, (start[0], start[1] + (18 if down else -18)), "")
