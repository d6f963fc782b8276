"""The states and moves of a vendor: the table, how often each was reached in a sandbox, and the diagram."""

import re
from itertools import combinations
from typing import Any
from xml.etree import ElementTree as ET

import httpx2
import pytest

from assessment_simulator.app import VENDORS
from assessment_simulator.control.operation import named
from assessment_simulator.control.states import diagram, moves_between, moves_of
from assessment_simulator.core.states import DiagramPosition, State, StateMachine
from tests.server import assessment, order, problem
from tests.servers import Sandbox

SVG = "{http://www.w3.org/2000/svg}"
TIMES = "\N{MULTIPLICATION SIGN}"
NAMES = {named(vendor): vendor for vendor in VENDORS.values()}


def seen(sandbox: Sandbox, vendor: str) -> tuple[dict[Any, tuple[int, int]], dict[tuple[Any, str, Any], int]]:
    """How many invitations are and were in each state, and how often each move was made; what was never is left out."""
    told = sandbox.control_json("GET", f"/states/{vendor}")
    states = {one["id"]: (one["now"], one["seen"]) for one in told["states"] if one["seen"]}
    moves = {(one["from"], one["action"], one["to"]): one["seen"] for one in told["moves"] if one["seen"]}
    return states, moves


def act(sandbox: Sandbox, id: str, *actions: str) -> None:
    for action in actions:
        sandbox.control_json("POST", f"/invitations/{id}/{action}")


# The table.


@pytest.mark.parametrize("name", NAMES)
def test_all_states_and_moves_of_a_vendor_are_listed(name: str, http: httpx2.Client, sandbox: Sandbox) -> None:
    machine = NAMES[name].state_machine
    told = http.get(f"/_simulator/states/{name}").json()
    assert {one["id"]: one["title"] for one in told["states"]} == machine.states
    assert {(one["from"], one["action"]): one["to"] for one in told["moves"]} == machine.moves
    here = sandbox.control_json("GET", f"/states/{name}")
    assert [{"id": one["id"], "title": one["title"]} for one in here["states"]] == told["states"]
    assert [{name: one[name] for name in ("from", "action", "to")} for one in here["moves"]] == told["moves"]


def test_unknown_vendor_returns_404_with_the_known_ones(sandbox: Sandbox, http: httpx2.Client) -> None:
    for path in ("/states/predictive_index", "/states/other", "/states/other.svg", "/states/pymetrics.png"):
        problem(sandbox.control("GET", path), 404, "there are pymetrics, predictive-index")
    problem(http.get("/_simulator/states/other"), 404, "there are pymetrics, predictive-index")


# What was seen.


def test_action_over_several_states_counts_every_move(sandbox: Sandbox) -> None:
    act(sandbox, assessment(sandbox)["assessmentId"], "complete")
    act(sandbox, assessment(sandbox)["assessmentId"], "open", "abort")
    states, moves = seen(sandbox, "predictive-index")
    assert states == {0: (0, 2), 20: (0, 2), 30: (0, 1), 40: (1, 1), 65: (1, 1)}
    assert moves == {(0, "open", 20): 2, (20, "start", 30): 1, (30, "complete", 40): 1, (20, "abort", 65): 1}
    assert seen(sandbox, "pymetrics") == ({}, {})


def test_move_by_a_read_is_counted_under_its_name_in_the_table(sandbox: Sandbox) -> None:
    id = order(sandbox)["id"]
    act(sandbox, id, "complete")
    sandbox.pymetrics.get(f"/mercury/getOrder/{id}")
    states, moves = seen(sandbox, "pymetrics")
    assert states["Fulfilled"] == (1, 1)
    assert moves["Completed", "fulfil", "Fulfilled"] == 1
    assert len(moves) == 3


def test_move_outside_the_table_is_counted_under_its_operation(sandbox: Sandbox) -> None:
    id = assessment(sandbox)["assessmentId"]
    act(sandbox, id, "expire")
    later = {"expirationDateTime": "2090-01-01T00:00:00Z"}
    assert sandbox.pi.request("PATCH", f"/api/v1/behavioralassessments/{id}", json=later).status_code == 200
    told = sandbox.control_json("GET", "/states/predictive-index")
    assert told["moves"][-1] == {"from": 50, "action": "change_assessment", "to": 10, "seen": 1}
    assert seen(sandbox, "predictive-index")[0][10] == (1, 1)
    svg = ET.fromstring(sandbox.control("GET", "/states/predictive-index.svg").text)  # noqa: S314  our own
    [group] = [one for one in svg.iter(f"{SVG}g") if "unlisted" in one.attrib["class"].split()]
    assert "".join(group.itertext()) == f"change_assessment {TIMES}1"


def test_archived_invitation_is_counted_as_seen_and_not_as_current(sandbox: Sandbox) -> None:
    id = assessment(sandbox)["assessmentId"]
    sandbox.pi.request("DELETE", f"/api/v1/behavioralassessments/{id}")
    assert seen(sandbox, "predictive-index") == ({0: (0, 1)}, {})


def test_counts_of_the_demo_match_its_invitations(http: httpx2.Client) -> None:
    demo = Sandbox(http, "demo")
    for name, vendor in NAMES.items():
        there = [one["status"] for one in demo.control_json("GET", f"/invitations?vendor={vendor.id}")]
        states, _ = seen(demo, name)
        assert {state: now for state, (now, _) in states.items() if now} == {one: there.count(one) for one in there}
        assert all(now <= ever for now, ever in states.values())


MADE: list[tuple[str, Any, str, Any, list[str]]] = [
    ("pymetrics", "Pending", "complete", "Completed", ["accept", "invite", "start", "complete"]),
    ("pymetrics", "Not Started", "accept", "Accepted", ["accept"]),
    ("pymetrics", "Completed", "get_order_v2", "Fulfilled", ["fulfil"]),
    ("pymetrics", "Rejected", "complete", "Pending", ["complete"]),
    ("predictive_index", 30, "fail", 60, ["fail"]),
    ("predictive_index", 50, "change_by_external_id", 10, ["change_by_external_id"]),
]


@pytest.mark.parametrize(("vendor", "before", "operation", "after", "actions"), MADE)
def test_moves_between_two_states(vendor: str, before: Any, operation: str, after: Any, actions: list[str]) -> None:
    found = moves_between(VENDORS[vendor].state_machine, before, operation, after)
    assert [action for _, action, _ in found] == actions
    assert (found[0][0], found[-1][2]) == (before, after)


# The picture.


def picture(sandbox: Sandbox, vendor: str) -> ET.Element:
    answer = sandbox.control("GET", f"/states/{vendor}.svg")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/svg+xml"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    return ET.fromstring(answer.text)  # noqa: S314  our own


@pytest.mark.parametrize("name", NAMES)
def test_diagram_shows_every_state_and_move_and_loads_nothing(sandbox: Sandbox, name: str) -> None:
    svg, machine = picture(sandbox, name), NAMES[name].state_machine
    text = ET.tostring(svg, encoding="unicode")
    assert "href" not in text
    assert "url(" not in text
    assert re.findall(r"https?://[^\"]*", text) == ["http://www.w3.org/2000/svg"]
    assert "prefers-color-scheme:dark" in text
    groups = [one.attrib["class"].split()[0] for one in svg.iter(f"{SVG}g")]
    assert groups.count("state") == len(machine.states)
    pairs = {(start, end) for (start, _), end in machine.moves.items() if start != end}
    assert groups.count("move") == len(pairs)
    words = " ".join(svg.itertext())
    for _, action in machine.moves:
        assert action in words


def test_diagram_has_a_title_and_a_description(sandbox: Sandbox) -> None:
    act(sandbox, assessment(sandbox)["assessmentId"], "open")
    svg = picture(sandbox, "predictive-index")
    title, described = svg.find(f"{SVG}title"), svg.find(f"{SVG}desc")
    assert title is not None
    assert described is not None
    assert title.text == f"The Predictive Index: states and moves in sandbox {sandbox.name}"
    assert "Opened (20): 1 now, 1 so far" in (described.text or "")
    assert "Created (0) to Opened (20) by open: 1" in (described.text or "")


def test_seen_states_and_moves_are_bold_and_counted(sandbox: Sandbox) -> None:
    for _ in range(2):
        act(sandbox, order(sandbox, f"a{_}")["id"], "start")
    svg = picture(sandbox, "pymetrics")
    shown = {"".join(one.itertext()) for one in svg.iter(f"{SVG}g") if "seen" in one.attrib["class"].split()}
    title = VENDORS["pymetrics"].state_machine.states
    assert shown == {
        f"start {TIMES}2",
        f"{title['Not Started']}Not Started{TIMES}2, 0 now",
        f"{title['In Progress']}In Progress{TIMES}2, 2 now↻ start",
    }
    style = svg.find(f"{SVG}style")
    assert style is not None
    assert ".seen path{stroke:var(--seen);stroke-width:3}" in (style.text or "")


def test_diagram_escapes_every_name() -> None:
    evil = '</text><script>alert("&\'")</script>'
    machine = StateMachine({evil: evil, "b": "]]>", 7: "\u202eright"}, {(evil, evil): "b", ("b", "x"): 7}, ())
    places: dict[State, DiagramPosition] = {
        evil: DiagramPosition(0, 0),
        "b": DiagramPosition(1, 0),
        7: DiagramPosition(0, 1),
    }
    view = {
        "states": [{"id": id, "title": title, "now": 1, "seen": 1} for id, title in machine.states.items()],
        "moves": [{"from": a, "action": by, "to": b, "seen": 1} for (a, by), b in machine.moves.items()],
    }
    svg = ET.fromstring(diagram(machine, places, view, evil))  # noqa: S314  our own
    assert [one for one in svg.iter() if one.tag == f"{SVG}script"] == []
    assert evil in {"".join(one.itertext()) for one in svg.iter(f"{SVG}text")}


# Where things are.

# Left, top, right and bottom.
Box = tuple[float, float, float, float]

LISTED = pytest.mark.parametrize("vendor", VENDORS.values(), ids=lambda vendor: vendor.id)
# The moves that are in no table.
REVIVED = [(50, "change_assessment", 10), (50, "change_by_external_id", 10)]


@LISTED
def test_every_state_has_a_position_of_its_own(vendor: Any) -> None:
    assert set(vendor.diagram_positions) == set(vendor.state_machine.states)
    positions = [*vendor.diagram_positions.values()]
    cells = [(one.column, row) for one in positions for row in range(one.row, one.row + one.rows)]
    assert len(set(cells)) == len(cells)
    assert all(one.rows > 0 and one.column >= 0 and one.row >= 0 for one in positions)


def numbers(text: str) -> list[float]:
    return [float(number) for number in re.findall(r"-?[\d.]+", text)]


def overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def words_box(text: ET.Element, side: str) -> Box:
    """About where the words are: a letter of the label is at most so wide."""
    x, y, wide = float(text.attrib["x"]), float(text.attrib["y"]), 6.9 * len(text.text or "")
    left = {"east": x, "west": x - wide}.get(side, x - wide / 2)
    return left, y - 10, left + wide, y + 3


def passes(line: list[float], box: Box) -> bool:
    """Whether a line goes through a box, and does not only touch it."""
    x, y, to_x, to_y = line
    points = [(x + (to_x - x) * part / 500, y + (to_y - y) * part / 500) for part in range(501)]
    return any(box[0] + 1 < a < box[2] - 1 and box[1] + 1 < b < box[3] - 1 for a, b in points)


@pytest.mark.parametrize("times", [0, 9_999])
@LISTED
def test_no_arrow_crosses_a_box_and_no_labels_overlap(vendor: Any, times: int) -> None:
    machine = vendor.state_machine
    moves = [*moves_of(machine), *(REVIVED if times and vendor.id == "predictive_index" else [])]
    view = {
        "states": [{"id": id, "title": title, "now": times, "seen": times} for id, title in machine.states.items()],
        "moves": [
            {"from": a, "action": by, "to": b, "seen": 1 if (a, by, b) in REVIVED else times} for a, by, b in moves
        ],
    }
    svg = ET.fromstring(diagram(machine, vendor.diagram_positions, view, "all"))  # noqa: S314  our own
    boxes: list[Box] = []
    for rect in svg.findall(f".//{SVG}g/{SVG}rect"):
        x, y, wide, high = (float(rect.attrib[name]) for name in ("x", "y", "width", "height"))
        boxes.append((x, y, x + wide, y + high))
    lines = [numbers(path.attrib["d"]) for path in svg.iter(f"{SVG}path")]
    labels = [
        words_box(text, next((side for side in ("east", "west") if side in group.attrib["class"].split()), ""))
        for group in svg.iter(f"{SVG}g")
        if "move" in group.attrib["class"].split()
        for text in group.iter(f"{SVG}text")
    ]
    assert len(labels) == len(lines) == len({(a, b) for a, _, b in moves if a != b})
    assert not [pair for pair in combinations(boxes, 2) if overlap(*pair)]
    assert not [(line, box) for line in lines for box in boxes if passes(line, box)]
    assert not [pair for pair in combinations(labels, 2) if overlap(*pair)]
    assert not [(label, box) for label in labels for box in boxes if overlap(label, box)]
    wide, high = float(svg.attrib["width"]), float(svg.attrib["height"])
    assert all(min(box[:2]) > 0 and box[2] < wide and box[3] < high for box in [*boxes, *labels])
