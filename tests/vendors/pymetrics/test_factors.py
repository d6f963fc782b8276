"""Factor and capability content."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assessment_simulator.vendors.pymetrics.v2.content import CAPABILITIES, FACTORS
from assessment_simulator.vendors.pymetrics.v2.factors import TITLES
from tests.vendors.pymetrics.fakes import PymetricsSandbox
from tests.vendors.pymetrics.rows import GAMES, REASONING

NAMES = [
    "Attention", "Decision-making", "Effort", "Emotion", "Fairness", "Focus", "Generosity", "Learning",
    "Risk tolerance",
]  # fmt: skip


def finished(*scores: float | None, **members: Any) -> PymetricsSandbox:
    """A sandbox whose order was completed with these scores."""
    sandbox = PymetricsSandbox()
    sandbox.order(**members)
    sandbox.act("complete", {"results": [{"score": score} for score in scores]})
    return sandbox


def factors(sandbox: PymetricsSandbox) -> dict[str, Any]:
    """The factor content of the order."""
    body: dict[str, Any] = sandbox.send("get_factor_content").body
    return body


def capabilities(sandbox: PymetricsSandbox, reader: str = "recruiter") -> dict[str, Any]:
    """The capability content of the order."""
    body: dict[str, Any] = sandbox.send("get_capability_content", {"path.type": reader}).body
    return body


def leaves(value: Any) -> Iterator[Any]:
    """Everything in a JSON value that is no object and no list; an empty one of those counts as a leaf."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if not inner:
        yield value
    for one in inner:
        yield from leaves(one)


def test_factor_content_names_the_order_and_the_nine_factors(sandbox: PymetricsSandbox) -> None:
    id = sandbox.order("complete")
    body = factors(sandbox)
    assert list(body) == ["order", "factors"]
    assert list(body["order"]) == ["id", "status", "assessment_id", "implementation_id"]
    assert (body["order"]["id"], body["order"]["status"], body["order"]["assessment_id"]) == (id, "Completed", GAMES)
    assert len(body["order"]["implementation_id"]) == 36
    assert [factor["name"] for factor in body["factors"]] == NAMES


def test_factor_has_every_member_and_the_direction_of_the_model() -> None:
    for factor in factors(finished(50, 60))["factors"]:
        assert list(factor) == [
            "name", "definition", "quadrant", "high_label", "low_label", "model_directions",
            "development_report_factor_content",
        ]  # fmt: skip
        assert list(factor["development_report_factor_content"]) == [
            "results", "strengths", "opportunities", "maximize_strengths", "ways_to_develop"
        ]  # fmt: skip
        (model,) = factor["model_directions"]
        assert model["assessment"] == {"id": GAMES, "type": "games", "description": "Core games"}
        assert model["direction"] in ("high", "low")


def test_every_assessment_with_a_result_has_a_model(sandbox: PymetricsSandbox) -> None:
    sandbox.order()
    sandbox.act("complete", {"results": [{"assessment_id": GAMES}, {"assessment_id": REASONING}]})
    for factor in factors(sandbox)["factors"]:
        assert [model["assessment"]["id"] for model in factor["model_directions"]] == [GAMES, REASONING]


def test_model_directions_are_the_same_for_all_candidates() -> None:
    def asked(email: str) -> tuple[str, list[Any]]:
        body = factors(finished(50, candidate={"email": email}))
        return body["order"]["implementation_id"], [factor["model_directions"] for factor in body["factors"]]

    assert asked("ada@example.com") == asked("eda@example.com")


def leanings(sandbox: PymetricsSandbox) -> list[bool]:
    """For each factor whether the candidate leans to the end that the model favours."""
    return [
        factor["development_report_factor_content"]["results"].endswith(
            f"{factor[factor['model_directions'][0]['direction'] + '_label']}."
        )
        for factor in factors(sandbox)["factors"]
    ]


def test_better_scores_meet_more_directions_of_the_model() -> None:
    assert leanings(finished(0)) == [False] * 9
    assert leanings(finished(100)) == [True] * 9
    assert len(set(leanings(finished(50)))) == 2


@pytest.mark.parametrize("reader", ["talent", "recruiter", "manager"])
def test_capability_content_has_every_member_for_every_reader(reader: str) -> None:
    body = capabilities(finished(50), reader)
    assert body["title"] == TITLES[reader]
    assert list(body) == ["title", "overall_capabilities_alignment", "capabilities"]
    for capability in body["capabilities"]:
        assert list(capability) == [
            "label", "description", "icon", "quintile", "behaviors_exhibited", "ways_to_develop", "ways_to_lead",
            "learning_content",
        ]  # fmt: skip
        assert capability["quintile"] in ("1", "2", "3", "4", "5")
        assert all(isinstance(group, list) for group in capability["behaviors_exhibited"])
        (lesson,) = capability["learning_content"]
        assert list(lesson) == ["title", "link", "type", "language_code"]


@pytest.mark.parametrize(
    ("scores", "alignment"),
    [
        ((100,), "High Alignment"), ((70,), "High Alignment"), ((40, 60), "Moderate Alignment"),
        ((39.9,), "Low Alignment"), ((90, None), "High Alignment"), ((-1e299,), "Low Alignment"),
        ((1e299,), "High Alignment"),
    ],
)  # fmt: skip
def test_alignment_follows_from_the_mean_of_the_scores(scores: tuple[float | None, ...], alignment: str) -> None:
    assert capabilities(finished(*scores))["overall_capabilities_alignment"] == alignment


@pytest.mark.parametrize(("score", "possible"), [(0, {"1"}), (100, {"5"}), (50, {"2", "3", "4"})])
def test_quintile_is_near_the_score(score: float, possible: set[str]) -> None:
    found = {one["quintile"] for one in capabilities(finished(score))["capabilities"]}
    assert found <= possible


@given(st.text(min_size=1))
def test_content_is_never_empty_and_repeatable(application: str) -> None:
    sandbox = finished(None, application_id=application)
    before = sandbox.memory()
    for content in (factors, capabilities):
        body = content(sandbox)
        assert all(isinstance(leaf, str) and leaf for leaf in leaves(body))
        assert content(sandbox) == body
    assert sandbox.memory() == before, "reading content fulfils nothing"


def test_content_is_the_same_after_the_order_is_fulfilled() -> None:
    sandbox = finished(50)
    before, able = factors(sandbox), capabilities(sandbox)
    sandbox.send("get_order_v2")
    assert factors(sandbox) == {**before, "order": {**before["order"], "status": "Fulfilled"}}
    assert capabilities(sandbox) == able


def test_order_completed_without_results_has_no_content() -> None:
    assert finished().send("get_factor_content").rules == ("pymetrics.v2.factor.scores",)


def test_texts_are_unique() -> None:
    poles = [pole for factor in FACTORS for pole in (factor.high, factor.low)]
    said = [
        text for pole in poles for text in (pole.label, pole.strength, pole.opportunity, *pole.uses, *pole.practice)
    ]
    said += [factor.definition for factor in FACTORS] + [capability.label for capability in CAPABILITIES]
    assert len(said) == len(set(said))
