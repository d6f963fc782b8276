"""Scores: sigma values drawn from the sandbox's seed or given with the action `complete`, and the pattern they make.

Members aSigma to eSigma are inferred from the vendor's newer API (`aSigmaRangeLow` …), their two decimals too. The
numbers 1 to 17 of the reference profiles are published nowhere: ours follow the order of `PROFILES`, and so do the
factors that make one. No score measures anybody.
"""

from collections.abc import Mapping
from typing import Any

from assessment_simulator.core.request import MISSING
from assessment_simulator.core.seeded_random import SeededRandom, secret_of

Sigma = dict[str, float]
Scores = dict[str, Any]

FACTORS = ("aSigma", "bSigma", "cSigma", "dSigma", "eSigma")
GRAPHS = ("selfSigmaScore", "selfConceptSigmaScore", "synthesisSigmaScore")
SCORE_MEMBERS = (*GRAPHS, "positionSigmaScore")

# Drawn scores lie between -MAX_DRAWN and MAX_DRAWN.
MAX_DRAWN = 2.5
# Given scores lie between -MAX_GIVEN and MAX_GIVEN.
MAX_GIVEN = 4

_RANGES = {"high": (0.75, MAX_DRAWN), "low": (-MAX_DRAWN, -0.75), None: (-MAX_DRAWN, MAX_DRAWN)}

# The reference profiles in our order, each with its typical A, B, C and D.
PROFILES: Mapping[str, tuple[float, float, float, float]] = {
    "Analyzer": (0.8, -1.0, -0.8, 1.0), "Controller": (1.4, -1.0, -1.0, 1.6), "Specialist": (-0.8, -1.2, 0.8, 1.2),
    "Strategist": (1.6, -0.6, -1.2, 0.4), "Venturer": (1.6, -0.8, -0.4, -0.8), "Altruist": (-0.8, 1.0, -0.4, 1.0),
    "Captain": (1.2, 1.2, -1.0, -0.4), "Collaborator": (-1.0, 0.8, 1.0, -0.6), "Maverick": (1.8, 0.8, -1.2, -1.6),
    "Persuader": (1.0, 1.8, -0.6, -1.0), "Promoter": (-0.4, 1.6, -0.4, -1.2), "Adapter": (0.0, 0.0, 0.0, 0.0),
    "Artisan": (-0.6, -0.8, 1.2, 0.4), "Guardian": (-1.2, -0.6, 1.0, 1.4), "Operator": (-1.0, -0.2, 1.6, 0.6),
    "Individualist": (1.0, -1.2, 0.8, -1.0), "Scholar": (0.6, -1.6, 0.4, 1.0),
}  # fmt: skip


def scores(
    random: SeededRandom, position: str | None, lean: str | None, given: Mapping[str, Mapping[str, float]]
) -> Scores:
    """Return a sigma score for every graph: given factors unchanged, the others drawn; `lean` is high, low or None."""
    low, high = _RANGES[lean]
    own = {factor: round(random.number(low, high), 2) for factor in FACTORS}
    concept = {f: round(max(low, min(high, own[f] + random.number(-0.6, 0.6))), 2) for f in FACTORS}
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
    """Return the scores of a position: the same for the same title, and without the secondary factor E."""
    random = SeededRandom(secret_of("position", title), 0)
    return {factor: round(random.number(-MAX_DRAWN, MAX_DRAWN), 2) for factor in FACTORS[:4]}


def pattern(sigma: Mapping[str, float]) -> int:
    """Return the number, 1 to 17, of the nearest reference profile."""
    found = [sigma[factor] for factor in FACTORS[:4]]
    distances = [sum((a - b) ** 2 for a, b in zip(found, typical, strict=True)) for typical in PROFILES.values()]
    return distances.index(min(distances)) + 1


def profile(number: int) -> str:
    """Return the name of the reference profile with this number."""
    return tuple(PROFILES)[number - 1]


def formatted(score: float) -> str:
    """Return a score as files show it: with two decimals, or with all that it has if these are more."""
    return f"{score:.2f}" if round(score, 2) == score else str(score)


def fit(synthesis: Mapping[str, float], position: Mapping[str, float]) -> int:
    """Rate from 1 to 10 how near a pattern is to that of a position; the vendor's formula is unknown."""
    distance = sum(abs(synthesis[factor] - position[factor]) for factor in FACTORS[:4])
    return max(1, 10 - int(distance))


def read_body(body: Any) -> tuple[dict[str, Sigma], str | None]:
    """Return the scores that the body of the action `complete` gives, by graph; and what is not valid in it, if so."""
    if body is MISSING or body is None:
        return {}, None
    if not isinstance(body, dict):
        return {}, 'the body must be an object, for example {"scores": {"selfSigmaScore": {"aSigma": 1.5}}}'
    if "results" in body:
        return {}, "results belong to pymetrics; an assessment of The Predictive Index takes scores"
    sent = body.get("scores", {})
    error = _unknown_member(body, "the body", ("scores",))
    if error is None and not isinstance(sent, dict):
        error = f"scores must be an object with any of {', '.join(GRAPHS)}"
    error = error or _unknown_member(sent, "scores", GRAPHS)
    scores: dict[str, Sigma] = {}
    for graph, value in () if error else sent.items():
        # Answers show scores as an array of one object.
        place, sigma = f"scores.{graph}", value[0] if isinstance(value, list) and len(value) == 1 else value
        if not isinstance(sigma, dict):
            return {}, f"{place} must be an object, or an array of one object, with any of {', '.join(FACTORS)}"
        error = _unknown_member(sigma, place, FACTORS)
        for factor, score in () if error else sigma.items():
            # The comparison is false for NaN too.
            is_number = isinstance(score, int | float) and not isinstance(score, bool)
            if not is_number or not -MAX_GIVEN <= score <= MAX_GIVEN:
                error = error or f"{place}.{factor} must be a number from -{MAX_GIVEN} to {MAX_GIVEN}"
        if error:
            return {}, error
        scores[graph] = sigma
    return scores, error


def _unknown_member(value: Mapping[str, Any], place: str, known: tuple[str, ...]) -> str | None:
    unknown = next((name for name in value if name not in known), None)
    return None if unknown is None else f"{place} has no member {unknown[:40]!a}; it may have {', '.join(known)}"
