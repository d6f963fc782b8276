"""The taker's two lists of words: what is explained, and the scores that ticks lead to."""

from typing import Any

import pytest

from assessment_simulator.core.questionnaire import Phase, questions
from assessment_simulator.vendors.predictive_index import VENDOR, results
from assessment_simulator.vendors.predictive_index.questionnaire import (
    GRAPHS,
    LISTS,
    QUESTIONNAIRE,
    TRANSLATIONS,
    WORDS,
    to_results,
)
from assessment_simulator.vendors.predictive_index.states import RECORD_KIND
from tests.fakes import NOW, FakeSandbox

LANGUAGES = list(TRANSLATIONS)


def invited(**more: Any) -> tuple[FakeSandbox, str]:
    """A sandbox with one assessment, and its id."""
    sandbox = FakeSandbox()
    body = {"firstName": "Grace", "lastName": "Hopper", "email": "grace@example.com", **more}
    keyed = {"headers": {"api-key": "k"}, "media_type": "application/json"}
    response = sandbox.handle(VENDOR, "create_assessment", body, **keyed)
    return sandbox, response.body["assessmentId"]


def test_briefing_has_host_subject_and_expiration() -> None:
    sandbox, id = invited(
        associatedPositionTitle="Software Engineer", languageLocale="de-DE", redirectUrl="https://ats.example/",
        expirationDateTime="2026-12-24T12:00:00Z",
    )  # fmt: skip
    stored = sandbox.get(RECORD_KIND, id)
    assert stored
    told = QUESTIONNAIRE.briefing(stored)
    assert (told.title, told.candidate) == ("PI Behavioral Assessment", "Grace Hopper")
    assert (told.host, told.subject) == ("Ada Administrator", "Software Engineer")
    assert (told.language, told.language_name) == ("de-DE", "German")
    assert (told.redirect, told.phase) == ("https://ats.example/", Phase.INVITED)
    assert told.until is not None
    assert told.until > NOW


def test_briefing_without_position_and_redirect() -> None:
    sandbox, id = invited(languageLocale="tlh")
    stored = sandbox.get(RECORD_KIND, id)
    assert stored
    told = QUESTIONNAIRE.briefing(stored)
    assert (told.subject, told.redirect, told.language_name) == ("", None, "tlh")


def test_each_factor_has_two_words_for_each_end() -> None:
    for factor in results.FACTORS:
        assert sorted(way for moved, way in WORDS.values() if moved == factor) == [-1, -1, 1, 1]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_same_questions(language: str) -> None:
    asked = questions(QUESTIONNAIRE.parts[language])
    assert list(asked) == list(GRAPHS)
    for question in asked.values():
        assert [value for value, _ in question.choices] == list(WORDS)
        assert len({text for _, text in question.choices}) == len(WORDS)
        assert question.many
    assert len({part.title for part in QUESTIONNAIRE.parts[language]}) == 2
    assert LISTS.keys() == TRANSLATIONS.keys()


ROWS: list[tuple[dict[str, list[str]], dict[str, dict[str, float]]]] = [
    ({"real": ["assertive"]}, {"selfSigmaScore": {"aSigma": 1.2}}),
    ({"real": ["assertive", "competitive", "reserved"]}, {"selfSigmaScore": {"aSigma": 2.4, "bSigma": -1.2}}),
    ({"expected": ["steady", "restless"]}, {"selfConceptSigmaScore": {}}),
    (
        {"expected": ["precise", "careful"], "real": ["instinctive"]},
        {"selfConceptSigmaScore": {"dSigma": 2.4}, "selfSigmaScore": {"eSigma": -1.2}},
    ),
    ({"expected": list(WORDS), "real": []}, {"selfConceptSigmaScore": {}}),
]


@pytest.mark.parametrize(("answers", "moved"), ROWS)
def test_ticked_words_move_factors_of_their_graph(
    answers: dict[str, list[str]], moved: dict[str, dict[str, float]]
) -> None:
    neutral = dict.fromkeys(results.FACTORS, 0)
    assert to_results(answers) == {"scores": {graph: neutral | sigma for graph, sigma in moved.items()}}
    assert results.read_body(to_results(answers)) == (to_results(answers)["scores"], None)


@pytest.mark.parametrize("blank", [{}, {"real": []}, {"expected": [], "real": []}])
def test_blank_lists_give_no_scores(blank: dict[str, list[str]]) -> None:
    assert to_results(blank) == {}
