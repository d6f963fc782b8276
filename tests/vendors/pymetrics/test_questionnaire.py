"""The questionnaire: briefing, points and results."""

from typing import Any

import pytest

from assessment_simulator.core.config import Config
from assessment_simulator.core.questionnaire import Phase, questions
from assessment_simulator.vendors.pymetrics.questionnaire import (
    KINDS,
    PARTS,
    POINTS,
    QUESTIONNAIRE,
    briefing,
    to_results,
)
from assessment_simulator.vendors.pymetrics.results import problem
from assessment_simulator.vendors.pymetrics.states import ACCEPTED, FULFILLED, PENDING, REJECTED
from tests.fakes import FakeSandbox, FakeStored


def order(**more: Any) -> FakeStored:
    face = {
        "assessment": {"description": "Core games"},
        "candidate": {"email": "ada@example.com", "first_name": "Ada", "last_name": None, "external_id": None},
        "requisition_title": None,
        "candidate_redirect_url": None,
    }
    return FakeStored("id", more.pop("status", PENDING), {**face, **more}, {})


@pytest.mark.parametrize(
    ("candidate", "name"),
    [
        ({"first_name": "Ada", "last_name": "Lovelace"}, "Ada Lovelace"),
        ({"last_name": "Lovelace"}, "Lovelace"),
        ({"email": "ada@example.com"}, "ada@example.com"),
        ({"external_id": "c-1"}, "c-1"),
        ({}, ""),
    ],
)
def test_candidate_has_the_best_known_name(candidate: dict[str, str], name: str) -> None:
    nobody = dict.fromkeys(("email", "first_name", "last_name", "external_id"))
    assert briefing(order(candidate=nobody | candidate)).candidate == name


def test_briefing_names_assessment_vacancy_and_redirect() -> None:
    text = briefing(order(requisition_title="Engineer", candidate_redirect_url="https://ats.example/"))
    assert (text.title, text.subject, text.redirect) == ("Core games", "Engineer", "https://ats.example/")
    assert (text.host, text.until, text.language) == ("", None, "en")
    assert [briefing(order(status=status)).phase for status in (ACCEPTED, FULFILLED, REJECTED)] == [
        Phase.INVITED, Phase.FINISHED, Phase.CLOSED,
    ]  # fmt: skip


def test_every_choice_has_points() -> None:
    for kind, parts in KINDS.items():
        asked = {name: {value for value, _ in question.choices} for name, question in questions(parts).items()}
        assert {name: set(worth) for name, worth in POINTS[kind].items()} == asked
    names = [name for points in POINTS.values() for name in points]
    assert len(names) == len({*names})


@pytest.mark.parametrize("kind", [one.type for one in Config().assessments])
def test_an_assessment_asks_the_questions_of_its_type_and_its_best_answers_score_100(kind: str) -> None:
    told = briefing(order(assessment={"description": "", "type": kind}))
    assert QUESTIONNAIRE.parts_of(told.kind, "en") == KINDS[kind]
    best = {name: [max(worth, key=worth.__getitem__)] for name, worth in POINTS[kind].items()}
    assert to_results(best)["results"][0]["score"] == 100


def test_answers_about_the_signs_are_correct() -> None:
    row = [name for _, name in PARTS[1].exhibit]
    assert POINTS["games"]["after_square"][row[row.index("square") + 1]] == 1
    assert POINTS["games"]["circles"][str(row.count("circle"))] == 1


BEST = {name: [max(worth, key=worth.__getitem__)] for name, worth in POINTS["games"].items()}
WORST = {name: [min(worth, key=worth.__getitem__)] for name, worth in POINTS["games"].items()}


@pytest.mark.parametrize(
    ("answers", "score"),
    [
        (BEST, 100),
        ({**BEST, "circles": []}, 91.67),
        ({"after_square": ["star"]}, 58.33),
        ({"after_square": ["heart"]}, 41.67),
    ],
)
def test_equal_answers_make_equal_scores(answers: dict[str, list[str]], score: float) -> None:
    for _ in range(2):
        (result,) = to_results(answers)["results"]
        assert result["score"] == score


def test_worst_answers_make_a_low_score_and_its_description() -> None:
    (result,) = to_results(WORST)["results"]
    assert result["score"] < 10
    assert "not close" in result["description"]


@pytest.mark.parametrize("blank", [{}, {"circles": []}])
def test_blank_answers_leave_the_score_to_the_seed(blank: dict[str, list[str]]) -> None:
    assert to_results(blank) == {}


def test_results_of_answers_are_accepted_by_complete() -> None:
    sandbox = FakeSandbox()
    assert problem(to_results(BEST), sandbox.config) is None
    assert QUESTIONNAIRE.opening_action is None
    assert QUESTIONNAIRE.parts == {"en": PARTS}
