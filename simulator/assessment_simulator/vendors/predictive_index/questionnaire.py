"""The candidate's part: a list of words, ticked twice, as the vendor's assessment is publicly described.

First the words for how others expect the taker to be (the Self-Concept), then those for how the taker really is (the
Self). The vendor's own words are its own; these twenty are ours, two for either end of each factor, and so is the
arithmetic: a word moves its factor by 1.2 sigma, up or down. The graph of a list that is left blank is drawn from the
sandbox's seed.
"""

from collections.abc import Mapping
from typing import Any

from assessment_simulator.core.questionnaire import Answers, Briefing, Part, Phase, Question, Questionnaire
from assessment_simulator.core.sandbox_view import Stored
from assessment_simulator.vendors.predictive_index import adjectives, languages
from assessment_simulator.vendors.predictive_index.adjectives import WORDS
from assessment_simulator.vendors.predictive_index.results import FACTORS, Sigma
from assessment_simulator.vendors.predictive_index.states import (
    ABORTED,
    COMPLETED,
    CREATED,
    EXPIRED,
    FAILED,
    OPENED,
    SENT,
    STARTED,
)

PHASES: Mapping[int, Phase] = {
    CREATED: Phase.INVITED,
    SENT: Phase.INVITED,
    OPENED: Phase.INVITED,
    STARTED: Phase.STARTED,
    COMPLETED: Phase.FINISHED,
    EXPIRED: Phase.EXPIRED,
    FAILED: Phase.CLOSED,
    ABORTED: Phase.CLOSED,
}
"""Where a taker stands in each state."""

GRAPHS: Mapping[str, str] = {"expected": "selfConceptSigmaScore", "real": "selfSigmaScore"}
"""The lists, in their order, and the graph that each makes."""
WEIGHT = 1.2
"""By how many sigma a word moves its factor."""


def _parts(language: str) -> tuple[Part, ...]:
    words = tuple((id, shown) for id, shown in zip(WORDS, adjectives.SHOWN[language], strict=True))
    texts = adjectives.LISTS[language]
    return tuple(
        Part(title, text, (Question(name, title, words, many=True),))
        for name, (title, text) in zip(GRAPHS, texts, strict=True)
    )


def to_results(answers: Answers) -> dict[str, Any]:
    """The scores that ticked words lead to, as `complete` takes them; none for a list that was left blank."""
    scores = {graph: _sigma(answers[name]) for name, graph in GRAPHS.items() if answers.get(name)}
    return {"scores": scores} if scores else {}


def _sigma(ticked: Any) -> Sigma:
    sums = dict.fromkeys(FACTORS, 0)
    for word in ticked:
        factor, way = WORDS[word]
        sums[factor] += way
    return {factor: round(WEIGHT * moved, 2) for factor, moved in sums.items()}


def briefing(stored: Stored) -> Briefing:
    """What the taker of an assessment is told."""
    face, language = stored.public, stored.internal["language"]
    host = " ".join(filter(None, (face["administeredByFirstName"], face["administeredByLastName"])))
    return Briefing(
        title="PI Behavioral Assessment",
        candidate=" ".join(filter(None, (face["firstName"], face["lastName"]))),
        phase=PHASES[stored.status],
        host=host,
        subject=face["associatedPositionTitle"] or "",
        until=stored.internal["expires"],
        language=language,
        language_name=languages.name(language),
        redirect=face["redirectUrl"],
    )


QUESTIONNAIRE = Questionnaire(
    "/Account/LoginPi", "a", briefing, {language: _parts(language) for language in adjectives.SHOWN}, to_results, "open"
)
"""What stands behind an assessmentUrl."""
