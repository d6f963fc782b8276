"""A vendor's states and moves as an SVG picture, drawn from its table, with what a sandbox has seen of them."""

from collections import defaultdict
from html import escape
from typing import Any

from assessment_simulator.core.machine import Machine, State
from assessment_simulator.server.layout import NODE_HEIGHT, Edge, Plan, Route, plan
from assessment_simulator.server.searching import state_title

MEDIA_TYPE = "image/svg+xml"
_TIMES = "\N{MULTIPLICATION SIGN}"
View = dict[str, Any]
Pair = tuple[State, State]

_STYLE = """
svg{--canvas:#fff;--ink:#1b1f24;--faint:#5b6570;--box:#f3f5f7;--seen:#0b57a4;--seen-box:#e4effa}
@media(prefers-color-scheme:dark){
svg{--canvas:#14171b;--ink:#eceff2;--faint:#a3adb8;--box:#22272d;--seen:#8ec4ff;--seen-box:#12304d}}
.canvas{fill:var(--canvas)}
text{font:13px system-ui,sans-serif;fill:var(--ink);text-anchor:middle}
.name{font-weight:600}.small{font-size:11px}
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


def diagram(machine: Machine, view: View, title: str) -> str:
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
    labels = {pair: ", ".join(_counted(move["action"], move["seen"]) for move in made) for pair, made in moves.items()}
    widths = {str(id): max(96.0, max(map(_width, texts)) + 24) for id, texts in lines.items()}
    placed = plan(widths, [Edge(str(a), str(b), _width(labels[a, b]) + 8) for a, b in moves])
    drawn = [
        *(_move(machine, moves[pair], labels[pair], route) for pair, route in zip(moves, placed.routes, strict=True)),
        *(_state(machine, state, lines[state["id"]], placed, widths[str(state["id"])]) for state in view["states"]),
    ]
    return _picture(placed, title, _told(view, names), "".join(drawn))


def _picture(placed: Plan, title: str, told: str, drawn: str) -> str:
    width, height = round(placed.width), round(placed.height)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-labelledby="title desc"><title id="title">{escape(title)}</title>'
        f'<desc id="desc">{escape(told)}</desc><style>{_STYLE}</style>'
        f'<rect class="canvas" width="100%" height="100%"/>{drawn}</svg>\n'
    )


def _told(view: View, names: dict[State, str]) -> str:
    """The picture in words."""
    states = [f"{names[one['id']]}: {one['now']} now, {one['seen']} so far" for one in view["states"]]
    moves = [
        f"{names.get(one['from'], one['from'])} to {names.get(one['to'], one['to'])} by {one['action']}: {one['seen']}"
        for one in view["moves"]
    ]
    return f"States: {'; '.join(states)}. Moves and how often they were made: {'; '.join(moves)}."


def _lines(state: View, name: str, loops: list[str]) -> list[str]:
    """What stands in a state's box: its name, how often it was seen, and the actions that change nothing."""
    counted = [f"{_TIMES}{state['seen']}, {state['now']} now"] if state["seen"] else []
    return [name, *counted, *([f"↻ {', '.join(loops)}"] if loops else [])]


def _state(machine: Machine, state: View, lines: list[str], placed: Plan, width: float) -> str:
    x, y = placed.nodes[str(state["id"])]
    kinds = " ".join(["state", *(["seen"] if state["seen"] else []), *(["end"] if state["id"] in machine.ends else [])])
    first = y + 5 - 8.5 * (len(lines) - 1)
    texts = "".join(
        f'<text class="{"small" if at else "name"}" x="{x:.1f}" y="{first + 17 * at:.1f}">{escape(line)}</text>'
        for at, line in enumerate(lines)
    )
    return (
        f'<g class="{kinds}"><title>{escape(state["title"])}</title>'
        f'<rect class="box" x="{x - width / 2:.1f}" y="{y - NODE_HEIGHT / 2:.1f}" width="{width:.1f}" '
        f'height="{NODE_HEIGHT:.0f}" rx="6"/>{texts}</g>'
    )


def _move(machine: Machine, made: list[View], label: str, route: Route) -> str:
    listed = any(machine.moves.get((one["from"], one["action"])) == one["to"] for one in made)
    seen = any(one["seen"] for one in made)
    kinds = " ".join(["move", *(["seen"] if seen else []), *([] if listed else ["unlisted"])])
    x, y = route.label
    return (
        f'<g class="{kinds}"><path d="{_curve(route)}"/>{_arrow(route)}'
        f'<text x="{x:.1f}" y="{y + 4:.1f}">{escape(label)}</text></g>'
    )


def _curve(route: Route) -> str:
    """A line that leaves and enters every point upright."""
    (x, y), *rest = route.points
    steps = [f"M{x:.1f} {y:.1f}"]
    for next_x, next_y in rest:
        middle = (y + next_y) / 2
        steps.append(f"C{x:.1f} {middle:.1f} {next_x:.1f} {middle:.1f} {next_x:.1f} {next_y:.1f}")
        x, y = next_x, next_y
    return "".join(steps)


def _arrow(route: Route) -> str:
    (_, before), (x, y) = route.points[-2:]
    back = -9 if y > before else 9
    return f'<polygon points="{x:.1f},{y:.1f} {x - 4.5:.1f},{y + back:.1f} {x + 4.5:.1f},{y + back:.1f}"/>'


def _counted(action: str, seen: int) -> str:
    return f"{action} {_TIMES}{seen}" if seen else action


def _width(text: str) -> float:
    """About how wide a text is."""
    return 7.2 * len(text)
