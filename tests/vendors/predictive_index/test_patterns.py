"""Pattern images: which graphs, where the dots stand, and which numbers."""

from typing import Any

import pytest

from assessment_simulator.core.request import Dot, Drawing, Label, Line, VendorResponse
from assessment_simulator.vendors.predictive_index import VENDOR
from tests.fakes import FakeSandbox
from tests.vendors.predictive_index.test_assessments import created, saved
from tests.vendors.predictive_index.test_states import act

SCORES = {
    "selfSigmaScore": {"aSigma": 1, "bSigma": -2.5, "cSigma": 0, "dSigma": 0.25, "eSigma": 4},
    "selfConceptSigmaScore": {"aSigma": 0.125, "bSigma": -4, "cSigma": 3.5, "dSigma": 1.1, "eSigma": -0.3},
}


def completed(world: FakeSandbox, **more: Any) -> str:
    id: str = created(world, **more)["assessmentId"]
    assert act(world, id, "complete", {"scores": SCORES}).status == 200
    return id


def ask(world: FakeSandbox, id: str, kind: str, form: str = "PNG") -> VendorResponse:
    params = {"assessmentId": id, "patternType": kind}
    return world.ask(VENDOR, "get_pattern", params=params, query={"format": form})


def drawn(kind: str) -> Drawing:
    world = FakeSandbox()
    reply = ask(world, completed(world), kind)
    assert reply.status == 200
    assert isinstance(reply.body, Drawing)
    return reply.body


def texts(drawing: Drawing) -> list[str]:
    return [mark.text for mark in drawing.marks if isinstance(mark, Label)]


KINDS = [
    ("0", ["Self", "Self-Concept", "Synthesis"]),
    ("1", ["Self"]),
    ("2", ["Self-Concept"]),
    ("3", ["Synthesis"]),
    ("Complete", ["Self", "Self-Concept", "Synthesis"]),
    ("Self", ["Self"]),
    ("SelfConcept", ["Self-Concept"]),
    ("Synthesis", ["Synthesis"]),
]


@pytest.mark.parametrize(("kind", "graphs"), KINDS)
def test_a_type_shows_its_graphs_with_a_dot_for_each_factor(kind: str, graphs: list[str]) -> None:
    drawing = drawn(kind)
    assert [text for text in texts(drawing) if text[0] == "S"] == graphs
    assert len([mark for mark in drawing.marks if isinstance(mark, Dot)]) == 5 * len(graphs)
    assert drawing.title == f"Behavioral pattern: {', '.join(graphs)}"


def test_a_graph_shows_its_own_numbers() -> None:
    shown = texts(drawn("2"))
    assert [text for text in shown if text in ("0.125", "-4.00", "3.50", "1.10", "-0.30")] == [
        "0.125", "-4.00", "3.50", "1.10", "-0.30",
    ]  # fmt: skip
    assert [text for text in shown if text in "ABCDE"] == ["A", "B", "C", "D", "E"]


def test_a_dot_stands_where_its_score_is_and_a_to_d_are_joined() -> None:
    drawing = drawn("1")
    dots = [mark.centre for mark in drawing.marks if isinstance(mark, Dot)]
    steps = [(x - dots[2][0]) for x, _ in dots]
    assert [step / steps[0] for step in steps] == [1, -2.5, 0, 0.25, 4]
    assert [y for _, y in dots] == sorted({y for _, y in dots})
    joins = [(mark.start, mark.end) for mark in drawing.marks if isinstance(mark, Line) and mark.start in dots]
    assert joins == [(dots[0], dots[1]), (dots[1], dots[2]), (dots[2], dots[3])]


@pytest.mark.parametrize("kind", ["0", "1"])
def test_every_mark_lies_on_the_picture(kind: str) -> None:
    drawing = drawn(kind)
    points = [point for mark in drawing.marks for point in _points(mark)]
    assert all(0 <= x <= drawing.width and 0 <= y <= drawing.height for x, y in points)


def _points(mark: Line | Dot | Label) -> list[tuple[float, float]]:
    if isinstance(mark, Line):
        return [mark.start, mark.end]
    return [mark.centre] if isinstance(mark, Dot) else [mark.at]


@pytest.mark.parametrize(("form", "media_type"), [("PNG", "image/png"), ("SVG", "image/svg+xml")])
def test_the_format_is_the_media_type(form: str, media_type: str) -> None:
    world = FakeSandbox()
    assert ask(world, completed(world), "0", form).media_type == media_type


@pytest.mark.parametrize("action", ["open", "start", "expire", "abort"])
def test_there_is_no_pattern_before_completion_nor_without(action: str) -> None:
    world = FakeSandbox()
    id = created(world)["assessmentId"]
    act(world, id, action)
    reply = ask(world, id, "0")
    assert (reply.status, reply.rules) == (404, ("pi.pattern.complete",))
    assert reply.body["parameterErrors"] == []


def test_the_links_of_the_answer_are_ready_made_calls() -> None:
    world = FakeSandbox()
    face = saved(world, completed(world)).public
    assert face["patternFullUrl"].endswith(f"/{face['assessmentId']}/patterns/0?format=PNG")
    assert face["patternSelfUrl"].endswith(f"/{face['assessmentId']}/patterns/1?format=PNG")
