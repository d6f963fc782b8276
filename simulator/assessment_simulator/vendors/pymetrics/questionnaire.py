"""The candidate's questionnaire: a few questions of ours for each type of assessment that can be ordered.

The vendor's games measure how people take risks, remember, and trust; it also has tests of numerical and logical
reasoning, and video interviews. Ours ask about the same in a minute and measure nothing: each answer is worth some
points, and the score is the share of all points. A blank answer counts half; where all are blank, the score is drawn
from the sandbox's seed.
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
            Question("next_balloon", "A balloon burst at the eighth puff. How many do you give the next one?", _PUFFS),
        ),
        picture="balloon",
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
        "signs",
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
        picture="coins",
    ),
)  # fmt: skip

# Of an assessment of the type `nlr`: numerical and logical reasoning.
REASONING = (
    Part(
        "Numbers",
        "Work them out in your head. There is no time limit.",
        (
            Question("series", "Which number comes next: 3, 6, 12, 24 …", (("36", "36"), ("42", "42"), ("48", "48"))),
            Question(
                "team", "Eight people need six days for a task. How long do twelve people need?",
                (("3", "3 days"), ("4", "4 days"), ("9", "9 days")),
            ),
        ),
        picture="numbers",
    ),
    Part(
        "A table",
        "Open the sales of four quarters, then answer.",
        (
            Question(
                "growth", "By how much did sales grow from the first to the second quarter?",
                (("10", "10 %"), ("20", "20 %"), ("25", "25 %")),
            ),
        ),
        (("40", "1st quarter"), ("50", "2nd quarter"), ("60", "3rd quarter"), ("75", "4th quarter")),
        "bars",
    ),
    Part(
        "Conclusions",
        "Take the statements to be true, even if you doubt them.",
        (
            Question(
                "brokers", "All brokers are punctual. Ada is not punctual. What follows?",
                (("broker", "Ada is a broker"), ("none", "Ada is no broker"), ("nothing", "Nothing follows")),
            ),
            Question(
                "desks", "Some desks are red. All red things were ordered in May. What follows?",
                (("all", "All desks were ordered in May"), ("some", "Some desks were ordered in May"),
                 ("nothing", "Nothing follows")),
            ),
        ),
        picture="logic",
    ),
)  # fmt: skip
# Of an assessment of the type `video_interview`.
_LENGTHS = (("30", "About 30 seconds"), ("60", "About a minute"), ("120", "About two minutes"))
INTERVIEW = (
    Part(
        "About you",
        "There is no camera here: choose how long your answer would be.",
        (Question("introduction", "Please introduce yourself. How long do you speak?", _LENGTHS),),
        picture="camera",
    ),
    Part(
        "A disagreement",
        "You and a colleague disagree about a plan.",
        (
            Question(
                "first_sentence", "What is your first sentence?",
                (("why", "Tell me why you see it so."), ("mine", "My plan is better."),
                 ("chief", "Let the chief decide.")),
            ),
        ),
        picture="speech",
    ),
    Part(
        "Your question",
        "At the end you may ask one question.",
        (
            Question(
                "question", "What do you ask about?", (("team", "Team"), ("tasks", "Tasks"), ("pay", "Pay")),
            ),
        ),
        picture="speech",
    ),
)  # fmt: skip
KINDS: Mapping[str, tuple[Part, ...]] = {"games": PARTS, "nlr": REASONING, "video_interview": INTERVIEW}

# The points that each answer is worth, by type of assessment. Every question has a name of its own.
POINTS: Mapping[str, Mapping[str, Mapping[str, float]]] = {
    "games": {
        "first_balloon": {"2": 0.2, "5": 0.7, "9": 1, "14": 0.6, "20": 0},
        "next_balloon": {"2": 0.3, "5": 1, "9": 0.5, "14": 0.2, "20": 0},
        "after_square": {"triangle": 0, "circle": 0, "star": 1, "heart": 0},
        "circles": {"1": 0, "2": 1, "3": 0, "4": 0},
        "handed_over": {"0": 0, "3": 0.4, "5": 0.7, "8": 1, "10": 0.8},
        "given_back": {"unfair": 0, "fair": 1, "generous": 0.7},
    },
    "nlr": {
        "series": {"36": 0, "42": 0, "48": 1},
        "team": {"3": 0, "4": 1, "9": 0},
        "growth": {"10": 0, "20": 0, "25": 1},
        "brokers": {"broker": 0, "none": 1, "nothing": 0},
        "desks": {"all": 0, "some": 1, "nothing": 0},
    },
    "video_interview": {
        "introduction": {"30": 0.5, "60": 1, "120": 0.7},
        "first_sentence": {"why": 1, "mine": 0.2, "chief": 0.4},
        "question": {"team": 1, "tasks": 0.9, "pay": 0.5},
    },
}


def to_results(answers: Answers) -> dict[str, Any]:
    """The results for answers, as `complete` takes them; none where nothing was answered."""
    if not any(answers.values()):
        return {}
    points = next(points for points in POINTS.values() if points.keys() & answers.keys())
    earned = sum(points[name][answers[name][0]] if answers.get(name) else 0.5 for name in points)
    score = round(100 * earned / len(points), 2)
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
        kind=order["assessment"].get("type", ""),
    )


QUESTIONNAIRE = Questionnaire(
    "/pymetrics/invite/{ticket}", "ticket", briefing, {"en": PARTS}, to_results,
    kinds={kind: {"en": parts} for kind, parts in KINDS.items()}, look="playful",
)  # fmt: skip
