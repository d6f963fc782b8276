"""Factor and capability content of version 2: what an order's results mean, in words.

Nothing of it is stored: it follows from the order's id and results, so every read and every fork returns the same.
"""

from collections.abc import Mapping
from typing import Any, cast

from assessment_simulator.core.decision import Decision, VendorResponse
from assessment_simulator.core.request import VendorRequest
from assessment_simulator.core.rules import Check, Rule
from assessment_simulator.core.sandbox_view import SandboxView, Stored
from assessment_simulator.core.seeded_random import SeededRandom, secret_of
from assessment_simulator.core.sources import Source, Standing, ours
from assessment_simulator.vendors.pymetrics import results, rules, sources
from assessment_simulator.vendors.pymetrics.states import RECORD_KIND
from assessment_simulator.vendors.pymetrics.v2.content import CAPABILITIES, FACTORS, Factor

# Of the alignments only `Low Alignment` is known, from the vendor's sample.
# The readers whom capability content is written for, and the title for each.
TITLES = {
    "talent": "Your capabilities",
    "recruiter": "The candidate's capabilities",
    "manager": "Your team member's capabilities",
}
# The alignment that goes with each band.
ALIGNMENTS = dict(
    zip((name for _, name, _ in results.BANDS), ("High Alignment", "Moderate Alignment", "Low Alignment"), strict=True)
)


def _has_results(request: VendorRequest, view: SandboxView) -> bool:
    # The stage before found the order.
    return bool(cast("Stored", view.get(RECORD_KIND, request.params["uuid"])).public["results"])


def _id(id: str, statement: str, status: int, standing: Standing, source: Source, check: Check) -> Rule:
    return Rule(id, "path.uuid", statement, status, standing, source, check)


_ANALOGY = ours("only the parameters of this call are documented; it answers as Get Factor Content does")
_KNOWN = "the id must be that of an order"
_MUST_SCORE = "the order must have results; complete it first"

# The vendor's 400 is for scores that cannot be obtained: ours is that there are none.
FACTOR = (
    (_id("pymetrics.v2.factor.known", _KNOWN, 404, Standing.DOCUMENTED, sources.FACTOR_404, rules.order_exists),),
    (_id("pymetrics.v2.factor.scores", _MUST_SCORE, 400, Standing.DOCUMENTED, sources.FACTOR_400, _has_results),),
)

# The three types are documented; the 400 for another one is our choice.
CAPABILITY = (
    (_id("pymetrics.v2.capability.known", _KNOWN, 404, Standing.ASSUMED, _ANALOGY, rules.order_exists),),
    (
        Rule("pymetrics.v2.capability.type", "path.type", f"type must be one of {', '.join(TITLES)}", 400,
            Standing.DOCUMENTED, sources.CAPABILITY_TYPE,
            lambda request, view: request.params["type"] in TITLES, status_basis=sources.UNLISTED),
        _id("pymetrics.v2.capability.scores", _MUST_SCORE, 400, Standing.ASSUMED, _ANALOGY, _has_results),
    ),
)  # fmt: skip


def show(request: VendorRequest, view: SandboxView) -> Decision:
    """Get Factor Content: the nine factors, and what the role's model asks of each."""
    order, random, level = _read(request, view, "factors")
    head = {
        "id": order["id"],
        "status": order["status"],
        "assessment_id": order["assessment_id"],
        "implementation_id": SeededRandom(secret_of(order["assessment_id"], "implementation"), 0).uuid(),
    }
    factors = [_factor(factor, order, random.number(0, 100) < level) for factor in FACTORS]
    return Decision(VendorResponse(200, {"order": head, "factors": factors}))


def show_capabilities(request: VendorRequest, view: SandboxView) -> Decision:
    """Get Capability Content: how far the candidate meets what a role may ask for, for one kind of reader."""
    _, random, level = _read(request, view, "capabilities")
    capabilities = []
    for one in CAPABILITIES:
        # The fifth of the scale from 0 to 100; values outside count as its ends.
        fifth = int(min(max(level + random.number(-20, 20), 0), 99) // 20) + 1
        link = f"https://learning.example.com/{one.icon}"
        capabilities.append(
            {
                "label": one.label,
                "description": one.description,
                "icon": one.icon,
                "quintile": str(fifth),
                "behaviors_exhibited": [list(group) for group in one.behaviors],
                "ways_to_develop": list(one.develop),
                "ways_to_lead": list(one.lead),
                "learning_content": [{"title": one.lesson, "link": link, "type": "article", "language_code": "en"}],
            }
        )
    title, alignment = TITLES[request.params["type"]], ALIGNMENTS[results.band(level)]
    body = {"title": title, "overall_capabilities_alignment": alignment, "capabilities": capabilities}
    return Decision(VendorResponse(200, body))


def _read(request: VendorRequest, view: SandboxView, purpose: str) -> tuple[dict[str, Any], SeededRandom, float]:
    """An order that has results, a random source of its own for each purpose, and the mean of its scores."""
    order = cast("Stored", view.get(RECORD_KIND, request.params["uuid"])).public
    scores = [result["score"] for result in order["results"] if result["score"] is not None]
    level = sum(scores) / len(scores) if scores else SeededRandom(secret_of(order["id"], "level"), 0).number(0, 100)
    return order, SeededRandom(secret_of(order["id"], purpose), 0), level


def _direction(factor: Factor, assessment: Mapping[str, Any]) -> str:
    """The end of a factor that an assessment's model favours: the same for all candidates."""
    return SeededRandom(secret_of(assessment["id"], factor.name), 0).pick(("high", "low"))


def _factor(factor: Factor, order: Mapping[str, Any], meets: bool) -> dict[str, Any]:
    """One factor of a candidate who meets what the ordered assessment's model asks, or does not."""
    taken = {result["assessment"]["id"]: result["assessment"] for result in order["results"]}
    leans_high = (_direction(factor, order["assessment"]) == "high") == meets
    pole = factor.high if leans_high else factor.low
    return {
        "name": factor.name,
        "definition": factor.definition,
        "quadrant": factor.quadrant,
        "high_label": factor.high.label,
        "low_label": factor.low.label,
        "model_directions": [{"assessment": one, "direction": _direction(factor, one)} for one in taken.values()],
        "development_report_factor_content": {
            "results": f"You lean to this end: {pole.label}.",
            "strengths": pole.strength,
            "opportunities": pole.opportunity,
            "maximize_strengths": list(pole.uses),
            "ways_to_develop": list(pole.practice),
        },
    }
