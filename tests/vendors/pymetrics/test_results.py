"""Scores and bands: drawn, chosen by a tag, or given."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assessment_simulator.core.request import Unreadable
from assessment_simulator.vendors.pymetrics.results import BANDS, band
from tests.vendors.pymetrics.fakes import PymetricsSandbox, shown
from tests.vendors.pymetrics.rows import GAMES, REASONING

NAMES = [name for _, name, _ in BANDS]


def drawn(email: str, secret: bytes) -> dict[str, Any]:
    """The one result of an order completed in a sandbox with this secret."""
    sandbox = PymetricsSandbox()
    sandbox.secret = secret
    sandbox.placeholders["{token}"] = sandbox.send("create_token").body["access_token"]
    sandbox.order(candidate={"email": email})
    (result,) = shown(sandbox.act("complete"))["results"]
    return dict(result)


secrets = st.binary(min_size=1, max_size=64)


@given(secrets)
def test_drawn_result_is_complete_and_has_the_band_of_its_score(secret: bytes) -> None:
    result = drawn("ada@example.com", secret)
    assert list(result) == ["assessment", "create_date", "description", "score", "band"]
    assert result["assessment"]["id"] == GAMES
    assert result["create_date"] == "2026-11-01T12:00:00.000000+00:00"
    assert 0 <= result["score"] <= 100
    assert result["score"] == round(result["score"], 2)
    assert result["band"] == band(result["score"])
    assert "role" in result["description"]


@given(secrets)
def test_outcome_tag_makes_scores_high_or_low(secret: bytes) -> None:
    assert drawn("ada+score-high@example.com", secret)["band"] == "Highly Recommended"
    assert drawn("ada+score-low@example.com", secret)["band"] == "Not Recommended"


@given(st.floats(allow_nan=False), st.floats(allow_nan=False))
def test_better_score_is_never_in_a_worse_band(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert NAMES.index(band(high)) <= NAMES.index(band(low))


def completed(results: Any) -> list[dict[str, Any]]:
    """The results of an order completed with these."""
    sandbox = PymetricsSandbox()
    sandbox.order()
    found: list[dict[str, Any]] = shown(sandbox.act("complete", {"results": results}))["results"]
    return found


def test_given_results_are_shown_as_given() -> None:
    given_ = {"score": 12, "band": "Ours", "description": "Why", "assessment_id": REASONING}
    (result,) = completed([given_])
    assert (result["score"], result["band"], result["description"]) == (12, "Ours", "Why")
    assert result["assessment"] == {
        "id": REASONING, "type": "nlr", "description": "Numerical and logical reasoning"
    }  # fmt: skip


def test_given_score_gets_its_band_and_the_ordered_assessment() -> None:
    (result,) = completed([{"score": 55.5}])
    assert (result["band"], result["assessment"]["id"], result["description"]) == ("Recommended", GAMES, None)


@pytest.mark.parametrize("bare", [{}, {"score": None, "band": None, "description": None, "assessment_id": None}])
def test_result_can_have_no_score(bare: dict[str, None]) -> None:
    (result,) = completed([bare])
    assert (result["score"], result["band"]) == (None, None)


@pytest.mark.parametrize(("results", "count"), [([{"score": 1}, {"score": 2}], 2), ([], 0), (None, 1)])
def test_results_can_be_many_or_none_and_missing_ones_are_drawn(results: Any, count: int) -> None:
    found = completed(results)
    assert len([result for result in found if result["score"] is not None]) == len(found) == count


_MEMBERS = "score, band, description, assessment_id"


@pytest.mark.parametrize(
    ("action", "body", "detail"),
    [
        ("complete", Unreadable("it ends too early"), "the body is not readable JSON: it ends too early"),
        ("complete", [], "the body must be an object, or left out"),
        ("complete", None, "the body must be an object, or left out"),
        (
            "complete",
            {"scores": {}},
            "body.scores is for Predictive Index assessments; complete a pymetrics order with body.results",
        ),
        ("complete", {"result": []}, "body.result is unknown; known is results"),
        ("complete", {"results": {}}, f"body.results must be a list of objects, each with any of {_MEMBERS}"),
        ("complete", {"results": [{}, 5]}, f"body.results[1] must be an object with any of {_MEMBERS}"),
        ("complete", {"results": [{"points": 5}]}, f"body.results[0].points is unknown; known are {_MEMBERS}"),
        ("complete", {"results": [{"score": "5"}]}, "body.results[0].score must be a number or null"),
        ("complete", {"results": [{"score": True}]}, "body.results[0].score must be a number or null"),
        ("complete", {"results": [{"score": 10**400}]}, "body.results[0].score must be a number or null"),
        ("complete", {"results": [{"score": float("nan")}]}, "body.results[0].score must be a number or null"),
        ("complete", {"results": [{"band": 5}]}, "body.results[0].band must be a string or null"),
        ("complete", {"results": [{"description": []}]}, "body.results[0].description must be a string or null"),
        (
            "complete",
            {"results": [{"assessment_id": "x"}]},
            "body.results[0].assessment_id must be the id of a configured assessment or null",
        ),
        ("start", {"results": []}, "body.results is unknown; this action takes no members"),
        ("expire", [], "the body must be an object, or left out"),
    ],
)
def test_invalid_body_of_an_action_is_explained_and_changes_nothing(action: str, body: Any, detail: str) -> None:
    sandbox = PymetricsSandbox()
    sandbox.order()
    before = sandbox.memory()
    response = sandbox.act(action, body)
    assert (response.status, response.body) == (422, {"detail": detail})
    assert sandbox.memory() == before
