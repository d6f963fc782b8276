"""Factor and capability content of version 2: what an order's results mean, in words.

Nothing of it is kept: it follows from the order's id and results, so it is the same at every look and in every fork.
"""

from collections.abc import Mapping
from typing import Any, cast

from assessment_simulator.core.decision import Decision
from assessment_simulator.core.request import VendorRequest, VendorResponse
from assessment_simulator.core.sandbox_view import SandboxView, Stored
from assessment_simulator.core.seeded_random import SeededRandom, secret_of
from assessment_simulator.vendors.pymetrics import results
from assessment_simulator.vendors.pymetrics.content import CAPABILITIES, FACTORS, Capability, Factor, Pole
from assessment_simulator.vendors.pymetrics.rules_v2 import TITLES
from assessment_simulator.vendors.pymetrics.states import RECORD_KIND

_ALIGNMENTS = dict(
    zip((name for _, name, _ in results.BANDS), ("High Alignment", "Moderate Alignment", "Low Alignment"), strict=True)
)
"""For each band the alignment that goes with it; of these only `Low Alignment` is known from the vendor's sample."""

_LESSONS = "https://learning.example.com/"


def show(call: VendorRequest, world: SandboxView) -> Decision:
    """Get Factor Content: the nine factors, and what the role's model asks of each."""
    order = _order(call, world)
    draw, level = _chance(order, "factors"), _level(order)
    head = {
        "id": order["id"],
        "status": order["status"],
        "assessment_id": order["assessment_id"],
        "implementation_id": SeededRandom(secret_of(order["assessment_id"], "implementation"), 0).uuid(),
    }
    factors = [_factor(factor, order, draw.number(0, 100) < level) for factor in FACTORS]
    return Decision(VendorResponse(200, {"order": head, "factors": factors}))


def show_capabilities(call: VendorRequest, world: SandboxView) -> Decision:
    """Get Capability Content: how far the candidate meets what a role may ask for, for one kind of reader."""
    order = _order(call, world)
    draw, level = _chance(order, "capabilities"), _level(order)
    body = {
        "title": TITLES[call.params["type"]],
        "overall_capabilities_alignment": _ALIGNMENTS[results.band(level)],
        "capabilities": [_capability(one, _fifth(level + draw.number(-20, 20))) for one in CAPABILITIES],
    }
    return Decision(VendorResponse(200, body))


def _order(call: VendorRequest, world: SandboxView) -> dict[str, Any]:
    """The face of an order that is known to have results."""
    return cast("Stored", world.get(RECORD_KIND, call.params["uuid"])).public


def _chance(order: Mapping[str, Any], purpose: str) -> SeededRandom:
    return SeededRandom(secret_of(order["id"], purpose), 0)


def _level(order: Mapping[str, Any]) -> float:
    """The mean of the order's scores; drawn when there is none."""
    scores = [result["score"] for result in order["results"] if result["score"] is not None]
    return sum(scores) / len(scores) if scores else _chance(order, "level").number(0, 100)


def _fifth(score: float) -> str:
    """The fifth of the scale from 0 to 100 that a score falls into, 1 to 5; what lies outside counts as its end."""
    return str(int(min(max(score, 0), 99) // 20) + 1)


def _direction(factor: Factor, assessment: Mapping[str, Any]) -> str:
    """The end of a factor that an assessment's model favours: the same for everybody who takes it."""
    return SeededRandom(secret_of(assessment["id"], factor.name), 0).pick(("high", "low"))


def _factor(factor: Factor, order: Mapping[str, Any], meets: bool) -> dict[str, Any]:
    """One factor of a candidate who meets what the ordered assessment's model asks, or does not."""
    taken = {result["assessment"]["id"]: result["assessment"] for result in order["results"]}
    leans_high = (_direction(factor, order["assessment"]) == "high") == meets
    return {
        "name": factor.name,
        "definition": factor.definition,
        "quadrant": factor.quadrant,
        "high_label": factor.high.label,
        "low_label": factor.low.label,
        "model_directions": [{"assessment": one, "direction": _direction(factor, one)} for one in taken.values()],
        "development_report_factor_content": _development(factor.high if leans_high else factor.low),
    }


def _development(pole: Pole) -> dict[str, Any]:
    return {
        "results": f"You lean to this end: {pole.label}.",
        "strengths": pole.strength,
        "opportunities": pole.opportunity,
        "maximize_strengths": list(pole.uses),
        "ways_to_develop": list(pole.practice),
    }


def _capability(capability: Capability, quintile: str) -> dict[str, Any]:
    link = f"{_LESSONS}{capability.icon}"
    return {
        "label": capability.label,
        "description": capability.description,
        "icon": capability.icon,
        "quintile": quintile,
        "behaviors_exhibited": [list(group) for group in capability.behaviors],
        "ways_to_develop": list(capability.develop),
        "ways_to_lead": list(capability.lead),
        "learning_content": [{"title": capability.lesson, "link": link, "type": "article", "language_code": "en"}],
    }
