"""The candidate's questionnaire: three little games of ours, where the vendor has a dozen of its own.

The vendor's games measure how people take risks, remember, and trust. Ours ask about the same in a minute and measure
nothing: each answer is worth some points, and the score is the share of all points. A blank answer counts half; where
all are blank, the score is drawn from the sandbox's seed.
"""

from collections.abc import Mapping
from typing import Any

from assessment_simulator.core.questionnaire import Answers, Briefing, Part, Phase, Question, Questionnaire
from assessment_simulator.core.sandbox_view import Stored
from assessment_simulator.vendors.pymetrics import results, states

PHASES: Mapping[str, Phase] = {
    states.REJECTED: Phase.CLOSED,
    states.PENDING: Phase.INVITED,
    states.ACCEPTED: Phase.INVITED,
    states.NOT_STARTED: Phase.INVITED,
    states.IN_PROGRESS: Phase.STARTED,
    states.COMPLETED: Phase.FINISHED,
    states.FULFILLED: Phase.FINISHED,
    states.EXPIRED: Phase.EXPIRED,
}

_PUFFS = (("2", "2 puffs"), ("5", "5 puffs"), ("9", "9 puffs"), ("14", "14 puffs"), ("20", "20 puffs"))
_SIGNS = (("▲", "triangle"), ("●", "circle"), ("■", "square"), ("★", "star"), ("●", "circle"), ("♥", "heart"))

PARTS = (
    Part(
        "Balloons",
        "Every puff of air earns a coin. At some puff the balloon bursts, and its coins are gone. Nobody knows which.",
        (
            Question("first_balloon", "How many puffs do you give the first balloon?", _PUFFS),
            Question("next_balloon", "It burst at the eighth. How many do you give the next one?", _PUFFS),
        ),
    ),
    Part(
        "A row of signs",
        "Open the row, look at it for as long as you like, and close it again. Then answer from memory.",
        (
            Question(
                "after_square", "Which sign came right after the square?",
                (("triangle", "Triangle"), ("circle", "Circle"), ("star", "Star"), ("heart", "Heart")),
            ),
            Question(
                "circles", "How many circles were there?", (("1", "One"), ("2", "Two"), ("3", "Three"), ("4", "Four")),
            ),
        ),
        _SIGNS,
    ),
    Part(
        "The stranger",
        "You have ten coins. What you hand to a stranger is tripled; the stranger may give back as much as they like.",
        (
            Question(
                "handed_over", "How many coins do you hand over?",
                (("0", "None"), ("3", "3 coins"), ("5", "5 coins"), ("8", "8 coins"), ("10", "All ten")),
            ),
            Question(
                "given_back", "You handed over five and were given back six. How was that?",
                (("unfair", "Unfair"), ("fair", "Fair"), ("generous", "Generous")),
            ),
        ),
    ),
)  # fmt: skip

# The points that each answer is worth.
POINTS: Mapping[str, Mapping[str, float]] = {
    "first_balloon": {"2": 0.2, "5": 0.7, "9": 1, "14": 0.6, "20": 0},
    "next_balloon": {"2": 0.3, "5": 1, "9": 0.5, "14": 0.2, "20": 0},
    "after_square": {"triangle": 0, "circle": 0, "star": 1, "heart": 0},
    "circles": {"1": 0, "2": 1, "3": 0, "4": 0},
    "handed_over": {"0": 0, "3": 0.4, "5": 0.7, "8": 1, "10": 0.8},
    "given_back": {"unfair": 0, "fair": 1, "generous": 0.7},
}


def to_results(answers: Answers) -> dict[str, Any]:
    """The results for answers, as `complete` takes them; none where nothing was answered."""
    if not any(answers.values()):
        return {}
    earned = sum(POINTS[name][answers[name][0]] if answers.get(name) else 0.5 for name in POINTS)
    score = round(100 * earned / len(POINTS), 2)
    return {"results": [{"score": score, "description": results.describe(score)}]}


def briefing(stored: Stored) -> Briefing:
    """What the first page tells the candidate of an order."""
    order, candidate = stored.public, stored.public["candidate"]
    name = " ".join(part for part in (candidate["first_name"], candidate["last_name"]) if part)
    return Briefing(
        title=order["assessment"]["description"],
        candidate=name or candidate["email"] or candidate["external_id"] or "",
        phase=PHASES[stored.status],
        subject=order["requisition_title"] or "",
        redirect=order["candidate_redirect_url"],
    )


QUESTIONNAIRE = Questionnaire("/pymetrics/invite/{ticket}", "ticket", briefing, {"en": PARTS}, to_results)
