"""What an assessment yields: a score from 0 to 100 and a band, drawn from the sandbox's seed or given with `complete`.

The vendor documents neither scale nor names. Its product pages speak of percentages and show these three bands.
"""

from collections.abc import Callable, Mapping
from typing import Any

from assessment_simulator.core import instant
from assessment_simulator.core.config import Config
from assessment_simulator.core.outcome_tags import parse_tags
from assessment_simulator.core.request import MISSING, Unreadable, VendorRequest
from assessment_simulator.core.sandbox_view import SandboxView
from assessment_simulator.core.text import plain
from assessment_simulator.vendors.pymetrics import assessments

BANDS = (
    (70.0, "Highly Recommended", "The candidate's traits are very close to those that the role asks for."),
    (40.0, "Recommended", "The candidate's traits are close to those that the role asks for."),
    (0.0, "Not Recommended", "The candidate's traits are not close to those that the role asks for."),
)
"""Each band with its lowest score and a sentence for the description, best first."""

_RANGES: dict[str | None, tuple[float, float]] = {None: (0.0, 100.0), "high": (75.0, 100.0), "low": (0.0, 35.0)}


def band(score: float) -> str:
    """The name of the band that a score falls into; a score below every band falls into the last."""
    return next((name for lowest, name, _ in BANDS if score >= lowest), BANDS[-1][1])


def told(score: float) -> str:
    """The sentence of the band that a score falls into."""
    return next(text for _, name, text in BANDS if name == band(score))


def made(call: VendorRequest, world: SandboxView, order: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The results of an order completed by this call: those in its body, else one that is drawn."""
    given = None if call.body is MISSING else call.body.get("results")
    if given is None:
        return [_drawn(call, order)]
    return [_taken(result, call, world, order) for result in given]


def _drawn(call: VendorRequest, order: Mapping[str, Any]) -> dict[str, Any]:
    score = round(call.random.number(*_RANGES[parse_tags(order["candidate"]["email"] or "").score]), 2)
    return _face(call, order["assessment"], told(score), score, band(score))


def _taken(
    result: Mapping[str, Any], call: VendorRequest, world: SandboxView, order: Mapping[str, Any]
) -> dict[str, Any]:
    score, chosen = result.get("score"), assessments.find(world.config, result.get("assessment_id"))
    name = result.get("band")
    if name is None and score is not None:
        name = band(score)
    assessment = assessments.face(chosen) if chosen else order["assessment"]
    return _face(call, assessment, result.get("description"), score, name)


def _face(
    call: VendorRequest, assessment: Any, description: str | None, score: float | None, name: str | None
) -> dict[str, Any]:
    return {
        "assessment": assessment,
        "create_date": instant.six_digits(call.now),
        "description": description,
        "score": score,
        "band": name,
    }


def _is_number(value: Any, config: Config) -> bool:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    # No client could read infinity, or a whole number longer than a float holds.
    return abs(value) < 1e300


def _is_text(value: Any, config: Config) -> bool:
    return isinstance(value, str)


def _is_configured(value: Any, config: Config) -> bool:
    return assessments.find(config, value) is not None


_MEMBERS: dict[str, tuple[Callable[[Any, Config], bool], str]] = {
    "score": (_is_number, "a number or null"),
    "band": (_is_text, "a string or null"),
    "description": (_is_text, "a string or null"),
    "assessment_id": (_is_configured, "the id of a configured assessment or null"),
}


def problem(body: Any, config: Config) -> str | None:
    """What is wrong with the body of `complete`, where, and what would be right; None when nothing is."""
    found = _unfit(body, ("results",))
    if found is not None or body is MISSING or body.get("results") is None:
        return found
    if not isinstance(body["results"], list):
        return f"body.results must be a list of objects, each with any of {', '.join(_MEMBERS)}"
    problems = (_flaw(f"body.results[{at}]", result, config) for at, result in enumerate(body["results"]))
    return next((flaw for flaw in problems if flaw), None)


def unwanted(body: Any) -> str | None:
    """What is wrong with the body of an action that takes none."""
    return _unfit(body, ())


def _unfit(body: Any, members: tuple[str, ...]) -> str | None:
    if body is MISSING:
        return None
    if isinstance(body, Unreadable):
        return f"the body is not readable JSON: {body.reason}"
    if not isinstance(body, dict):
        return "the body must be an object, or left out"
    if "scores" in body:
        return "body.scores is for Predictive Index assessments; complete a pymetrics order with body.results"
    unknown = next((name for name in body if name not in members), None)
    if unknown is None:
        return None
    right = f"known is {members[0]}" if members else "this action takes no members"
    return f"body.{plain(unknown)} is unknown; {right}"


def _flaw(place: str, result: Any, config: Config) -> str | None:
    if not isinstance(result, dict):
        return f"{place} must be an object with any of {', '.join(_MEMBERS)}"
    for name, value in result.items():
        if name not in _MEMBERS:
            return f"{place}.{plain(name)} is unknown; known are {', '.join(_MEMBERS)}"
        fits, right = _MEMBERS[name]
        if value is not None and not fits(value, config):
            return f"{place}.{name} must be {right}"
    return None
