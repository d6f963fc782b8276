"""Pattern images: the factors of each graph as dots on a line of sigmas, A to D joined, E beside them.

The page names parameters and graphs; how a pattern looks is ours, and so is that there is none before completion.
"""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, cast

from assessment_simulator.core.decision import Decision
from assessment_simulator.core.request import Dot, Drawing, Label, Line, VendorRequest, VendorResponse
from assessment_simulator.core.rules import Rule
from assessment_simulator.core.sandbox_view import SandboxView, Stored
from assessment_simulator.core.sources import Standing, ours
from assessment_simulator.vendors.predictive_index import results
from assessment_simulator.vendors.predictive_index.rules import known
from assessment_simulator.vendors.predictive_index.sources import BODY, PATTERN_PAGE, STATUS
from assessment_simulator.vendors.predictive_index.states import COMPLETED, RECORD_KIND

FORMATS: Mapping[str, str] = {"PNG": "image/png", "SVG": "image/svg+xml"}

_TITLES = dict(zip(results.GRAPHS, ("Self", "Self-Concept", "Synthesis"), strict=True))
_SELF, _CONCEPT, _SYNTHESIS = ((graph,) for graph in results.GRAPHS)
TYPES: Mapping[str, tuple[str, ...]] = {
    "0": results.GRAPHS, "1": _SELF, "2": _CONCEPT, "3": _SYNTHESIS,
    "Complete": results.GRAPHS, "Full": results.GRAPHS,
    "Self": _SELF, "Self-Concept": _CONCEPT, "SelfConcept": _CONCEPT, "Synthesis": _SYNTHESIS,
}  # fmt: skip
"""The graphs of each pattern type, by its number and by its name."""

_WIDTH, _MIDDLE, _SIGMA, _ROW, _TOP = 440, 210, 40, 26, 60
_PANEL = _TOP + _ROW * len(results.FACTORS)
_INK, _GRID, _FAINT = "#1d2b3a", "#c9d2dc", "#7a8794"
_COLOURS = dict(zip(results.FACTORS, ("#b3261e", "#b06000", "#1e6b3a", "#1a56a0", "#7a8794"), strict=True))


def drawing(face: Mapping[str, Any], graphs: tuple[str, ...]) -> Drawing:
    """The pattern of a completed assessment: one graph under the other, each with its numbers."""
    marks = tuple(mark for place, graph in enumerate(graphs) for mark in _panel(face, graph, place * _PANEL))
    title = f"Behavioral pattern: {', '.join(_TITLES[graph] for graph in graphs)}"
    return Drawing(title, _WIDTH, _PANEL * len(graphs) + _ROW // 2, marks)


def _panel(face: Mapping[str, Any], graph: str, top: int) -> list[Line | Dot | Label]:
    sigma = face[graph][0]
    rows = [(factor, top + _TOP + _ROW * place) for place, factor in enumerate(results.FACTORS)]
    points = {factor: (_MIDDLE + sigma[factor] * _SIGMA, height) for factor, height in rows}
    joined = [points[factor] for factor in results.FACTORS[:4]]
    return [
        Label((16, top + 22), _TITLES[graph], 14, colour=_INK),
        *_grid(top),
        *(Line(start, end, _INK, 2) for start, end in pairwise(joined)),
        *(Dot(points[factor], 7, _COLOURS[factor]) for factor in results.FACTORS),
        *(Label((24, height + 4), factor[0].upper(), 12, colour=_COLOURS[factor]) for factor, height in rows),
        *(Label((_WIDTH - 12, y + 4), results.written(sigma[factor]), 12, "end", _INK)
          for factor, (_, y) in points.items()),
    ]  # fmt: skip


def _grid(top: int) -> list[Line | Dot | Label]:
    first, last = top + _TOP - _ROW // 2, top + _TOP + _ROW * len(results.FACTORS) - _ROW // 2
    marks: list[Line | Dot | Label] = []
    for sigma in range(-results.LIMIT, results.LIMIT + 1):
        x = _MIDDLE + sigma * _SIGMA
        marks.append(Line((x, first), (x, last), _GRID if sigma else _FAINT, 1 if sigma else 2))
        marks.append(Label((x, first - 4), f"{sigma:+d}" if sigma else "0", 9, "middle", _FAINT))
    return marks


def _is_type(call: VendorRequest, world: SandboxView) -> bool:
    return call.params["patternType"] in TYPES


def _is_format(call: VendorRequest, world: SandboxView) -> bool:
    return call.query.get("format") in FORMATS


def is_complete(call: VendorRequest, world: SandboxView) -> bool:
    """Whether there is anything to draw."""
    stored = world.get(RECORD_KIND, call.params["assessmentId"])
    return stored is not None and stored.status == COMPLETED


PATTERN: tuple[tuple[Rule, ...], ...] = (
    known("pi.pattern.known"),
    (Rule("pi.pattern.type", "path.patternType",
          "patternType must be 0 (Complete), 1 (Self), 2 (Self-Concept) or 3 (Synthesis)", 400,
          Standing.DOCUMENTED, PATTERN_PAGE, _is_type, status_basis=STATUS, body_basis=BODY),
     Rule("pi.pattern.format", "query.format", "format must be given, and be PNG or SVG", 400,
          Standing.DOCUMENTED, PATTERN_PAGE, _is_format, status_basis=STATUS, body_basis=BODY)),
    (Rule("pi.pattern.complete", "path.assessmentId", "there is no pattern before the assessment is completed", 404,
          Standing.ASSUMED, ours("the address of the image is empty until then"), is_complete),),
)  # fmt: skip
"""The stages of GET …/patterns/{patternType}."""


def draw(call: VendorRequest, world: SandboxView) -> Decision:
    """The image that was asked for, for the edge to draw."""
    # The rules have refused what is not there.
    stored = cast("Stored", world.get(RECORD_KIND, call.params["assessmentId"]))
    wanted = drawing(stored.public, TYPES[call.params["patternType"]])
    return Decision(VendorResponse(200, wanted, media_type=FORMATS[call.query["format"]]))
