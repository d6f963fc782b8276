"""The results of an assessment: a score from 0 to 100 and a band, drawn from the seed or sent with `complete`.

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
from assessment_simulator.vendors.pymetrics.rules import find_assessment, show_assessment

# Each band with its lowest score and a sentence for the description, best first.
BANDS = (
    (70.0, "Highly Recommended", "The candidate's traits are very close to those that the role asks for."),
    (40.0, "Recommended", "The candidate's traits are close to those that the role asks for."),
    (0.0, "Not Recommended", "The candidate's traits are not close to those that the role asks for."),
)

_RANGES: dict[str | None, tuple[float, float]] = {None: (0.0, 100.0), "high": (75.0, 100.0), "low": (0.0, 35.0)}


def band(score: float) -> str:
    """The name of the band that a score falls into; a score below every band falls into the last."""
    return next((name for lowest, name, _ in BANDS if score >= lowest), BANDS[-1][1])


def describe(score: float) -> str:
    """The sentence of the band that a score falls into."""
    return next(text for _, name, text in BANDS if name == band(score))


def create(request: VendorRequest, view: SandboxView, order: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The results of an order that this request completes: those in its body, else one that is drawn."""
    given = None if request.body is MISSING else request.body.get("results")
    if given is None:
        score = round(request.random.number(*_RANGES[parse_tags(order["candidate"]["email"] or "").score]), 2)
        given = [{"score": score, "description": describe(score)}]
    created = []
    for result in given:
        score, name = result.get("score"), result.get("band")
        chosen = find_assessment(view.config, result.get("assessment_id"))
        created.append(
            {
                "assessment": show_assessment(chosen) if chosen else order["assessment"],
                "create_date": instant.six_digits(request.now),
                "description": result.get("description"),
                "score": score,
                "band": band(score) if name is None and score is not None else name,
            }
        )
    return created


def _is_number(value: Any, config: Config) -> bool:
    # No client could read infinity, or a whole number longer than a float holds.
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300


def _is_text(value: Any, config: Config) -> bool:
    return isinstance(value, str)


_MEMBERS: dict[str, tuple[Callable[[Any, Config], bool], str]] = {
    "score": (_is_number, "a number or null"),
    "band": (_is_text, "a string or null"),
    "description": (_is_text, "a string or null"),
    "assessment_id": (
        lambda value, config: find_assessment(config, value) is not None, "the id of a configured assessment or null",
    ),
}  # fmt: skip


def problem(body: Any, config: Config, members: tuple[str, ...] = ("results",)) -> str | None:
    """What is wrong with the body of `complete`, where, and what would be right; None when nothing is.

    With no `members`: the same for an action that takes no body.
    """
    if body is MISSING:
        return None
    if isinstance(body, Unreadable):
        return f"the body is not readable JSON: {body.reason}"
    if not isinstance(body, dict):
        return "the body must be an object, or left out"
    if "scores" in body:
        return "body.scores is for Predictive Index assessments; complete a pymetrics order with body.results"
    unknown = next((name for name in body if name not in members), None)
    if unknown is not None:
        known = f"known is {members[0]}" if members else "this action takes no members"
        return f"body.{plain(unknown)} is unknown; {known}"
    results, known = body.get("results"), ", ".join(_MEMBERS)
    if results is None:
        return None
    if not isinstance(results, list):
        return f"body.results must be a list of objects, each with any of {known}"
    for at, result in enumerate(results):
        place = f"body.results[{at}]"
        if not isinstance(result, dict):
            return f"{place} must be an object with any of {known}"
        for name, value in result.items():
            if name not in _MEMBERS:
                return f"{place}.{plain(name)} is unknown; known are {known}"
            is_right, right = _MEMBERS[name]
            if value is not None and not is_right(value, config):
                return f"{place}.{name} must be {right}"
    return None
