"""Scores: sigma values drawn from the sandbox's seed or given by whoever completes, and the pattern they make.

Members aSigma to eSigma are inferred from the vendor's newer API (`aSigmaRangeLow` …), their two decimals too. The
numbers 1 to 17 of the reference profiles are published nowhere: ours follow the order of `PROFILES`, and so do the
factors that make one. None of it measures anybody.
"""

from collections.abc import Mapping
from typing import Any

from assessment_simulator.core.request import MISSING
from assessment_simulator.core.seeded_random import SeededRandom, secret_of

Sigma = dict[str, float]
Scores = dict[str, Any]

FACTORS = ("aSigma", "bSigma", "cSigma", "dSigma", "eSigma")
GRAPHS = ("selfSigmaScore", "selfConceptSigmaScore", "synthesisSigmaScore")
SHOWN = (*GRAPHS, "positionSigmaScore")

REACH = 2.5
"""Drawn scores lie between -REACH and REACH."""
LIMIT = 4
"""Given scores lie between -LIMIT and LIMIT."""

_RANGES = {"high": (0.75, REACH), "low": (-REACH, -0.75), None: (-REACH, REACH)}

PROFILES: Mapping[str, tuple[float, float, float, float]] = {
    "Analyzer": (0.8, -1.0, -0.8, 1.0),
    "Controller": (1.4, -1.0, -1.0, 1.6),
    "Specialist": (-0.8, -1.2, 0.8, 1.2),
    "Strategist": (1.6, -0.6, -1.2, 0.4),
    "Venturer": (1.6, -0.8, -0.4, -0.8),
    "Altruist": (-0.8, 1.0, -0.4, 1.0),
    "Captain": (1.2, 1.2, -1.0, -0.4),
    "Collaborator": (-1.0, 0.8, 1.0, -0.6),
    "Maverick": (1.8, 0.8, -1.2, -1.6),
    "Persuader": (1.0, 1.8, -0.6, -1.0),
    "Promoter": (-0.4, 1.6, -0.4, -1.2),
    "Adapter": (0.0, 0.0, 0.0, 0.0),
    "Artisan": (-0.6, -0.8, 1.2, 0.4),
    "Guardian": (-1.2, -0.6, 1.0, 1.4),
    "Operator": (-1.0, -0.2, 1.6, 0.6),
    "Individualist": (1.0, -1.2, 0.8, -1.0),
    "Scholar": (0.6, -1.6, 0.4, 1.0),
}
"""The reference profiles, each with the A, B, C and D that are most its own, in our order."""


def scores(
    draw: SeededRandom, position: str | None, lean: str | None, given: Mapping[str, Mapping[str, float]]
) -> Scores:
    """A sigma score for every graph: the given factors as they are, the others drawn; `lean` is high, low or None."""
    low, high = _RANGES[lean]
    own = {factor: round(draw.number(low, high), 2) for factor in FACTORS}
    concept = {factor: round(_within(own[factor] + draw.number(-0.6, 0.6), low, high), 2) for factor in FACTORS}
    own |= given.get("selfSigmaScore", {})
    concept |= given.get("selfConceptSigmaScore", {})
    synthesis = {factor: round((own[factor] + concept[factor]) / 2, 2) for factor in FACTORS}
    synthesis |= given.get("synthesisSigmaScore", {})
    return {
        "selfSigmaScore": own,
        "selfConceptSigmaScore": concept,
        "synthesisSigmaScore": synthesis,
        "positionSigmaScore": position_scores(position) if position else None,
    }


def position_scores(title: str) -> Sigma:
    """What a position asks for: always the same for the same title, and without the secondary factor E."""
    draw = SeededRandom(secret_of("position", title), 0)
    return {factor: round(draw.number(-REACH, REACH), 2) for factor in FACTORS[:4]}


def pattern(sigma: Mapping[str, float]) -> int:
    """The number, 1 to 17, of the reference profile that lies nearest."""
    found = [sigma[factor] for factor in FACTORS[:4]]
    distances = [sum((a - b) ** 2 for a, b in zip(found, most, strict=True)) for most in PROFILES.values()]
    return distances.index(min(distances)) + 1


def profile(number: int) -> str:
    """The name of the reference profile that has this number."""
    return tuple(PROFILES)[number - 1]


def written(score: float) -> str:
    """A score as drawings show it: with two decimals, or with all that it has if these are more."""
    return f"{score:.2f}" if round(score, 2) == score else str(score)


def fit(synthesis: Mapping[str, float], position: Mapping[str, float]) -> int:
    """How near a pattern is to what a position asks for, 1 to 10: a number of ours where the vendor's is unknown."""
    distance = sum(abs(synthesis[factor] - position[factor]) for factor in FACTORS[:4])
    return max(1, 10 - int(distance))


def _within(value: float, low: float, high: float) -> float:
    return max(low, min(high, value))


def flaw(body: Any) -> str | None:
    """What is wrong with the body of the action `complete`, and what would be right; None when nothing is."""
    if body is MISSING or body is None:
        return None
    if not isinstance(body, dict):
        return 'the body must be an object, for example {"scores": {"selfSigmaScore": {"aSigma": 1.5}}}'
    if "results" in body:
        return "results belong to pymetrics; an assessment of The Predictive Index takes scores"
    return _stranger(body, "the body", ("scores",)) or _scores_flaw(body.get("scores", {}))


def _scores_flaw(sent: Any) -> str | None:
    if not isinstance(sent, dict):
        return f"scores must be an object with any of {', '.join(GRAPHS)}"
    found = (_graph_flaw(f"scores.{graph}", sent[graph]) for graph in GRAPHS if graph in sent)
    return _stranger(sent, "scores", GRAPHS) or next(filter(None, found), None)


def _graph_flaw(place: str, value: Any) -> str | None:
    sigma = _alone(value)
    if not isinstance(sigma, dict):
        return f"{place} must be an object, or an array of one object, with any of {', '.join(FACTORS)}"
    wrong = [factor for factor in FACTORS if factor in sigma and not _is_score(sigma[factor])]
    return _stranger(sigma, place, FACTORS) or (
        f"{place}.{wrong[0]} must be a number from -{LIMIT} to {LIMIT}" if wrong else None
    )


def _stranger(value: Mapping[str, Any], place: str, known: tuple[str, ...]) -> str | None:
    strange = [name for name in value if name not in known]
    return f"{place} has no member {strange[0][:40]!a}; it may have {', '.join(known)}" if strange else None


def _is_score(value: Any) -> bool:
    # The comparison is false for what is not a number too.
    return isinstance(value, int | float) and not isinstance(value, bool) and -LIMIT <= value <= LIMIT


def wished(body: Any) -> dict[str, Sigma]:
    """The scores that a flawless body of `complete` gives, by graph."""
    sent = body.get("scores", {}) if isinstance(body, dict) else {}
    return {graph: _alone(value) for graph, value in sent.items()}


def _alone(value: Any) -> Any:
    return value[0] if isinstance(value, list) and len(value) == 1 else value
