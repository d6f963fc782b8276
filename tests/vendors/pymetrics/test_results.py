"""Scores and bands: drawn, steered or given."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assessment_simulator.core.request import Unreadable
from assessment_simulator.vendors.pymetrics.results import BANDS, band
from tests.vendors.pymetrics.desk import Desk, shown
from tests.vendors.pymetrics.rows import GAMES, REASONING

NAMES = [name for _, name, _ in BANDS]


def drawn(email: str, secret: bytes) -> dict[str, Any]:
    """The one result of an order completed in a sandbox with this secret."""
    desk = Desk()
    desk.secret = secret
    desk.words["{token}"] = desk.send("create_token").body["access_token"]
    desk.order(candidate={"email": email})
    (result,) = shown(desk.act("complete"))["results"]
    return dict(result)


secrets = st.binary(min_size=1, max_size=64)


@given(secrets)
def test_a_drawn_result_is_whole_and_its_band_follows_from_its_score(secret: bytes) -> None:
    result = drawn("ada@example.com", secret)
    assert list(result) == ["assessment", "create_date", "description", "score", "band"]
    assert result["assessment"]["id"] == GAMES
    assert result["create_date"] == "2026-11-01T12:00:00.000000+00:00"
    assert 0 <= result["score"] <= 100
    assert result["score"] == round(result["score"], 2)
    assert result["band"] == band(result["score"])
    assert "role" in result["description"]


@given(secrets)
def test_a_tag_makes_scores_high(secret: bytes) -> None:
    assert drawn("ada+score-high@example.com", secret)["band"] == "Highly Recommended"


@given(secrets)
def test_a_tag_makes_scores_low(secret: bytes) -> None:
    assert drawn("ada+score-low@example.com", secret)["band"] == "Not Recommended"


@given(secrets)
def test_equal_seeds_give_equal_results(secret: bytes) -> None:
    assert drawn("ada@example.com", secret) == drawn("ada@example.com", secret)


@given(st.floats(allow_nan=False), st.floats(allow_nan=False))
def test_a_better_score_is_never_in_a_worse_band(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert NAMES.index(band(high)) <= NAMES.index(band(low))


def completed(results: Any) -> list[dict[str, Any]]:
    """The results of an order completed with these."""
    desk = Desk()
    desk.order()
    found: list[dict[str, Any]] = shown(desk.act("complete", {"results": results}))["results"]
    return found


def test_given_results_are_shown_as_they_were_given() -> None:
    given_ = {"score": 12, "band": "Ours", "description": "Why", "assessment_id": REASONING}
    (result,) = completed([given_])
    assert (result["score"], result["band"], result["description"]) == (12, "Ours", "Why")
    assert result["assessment"] == {
        "id": REASONING, "type": "nlr", "description": "Numerical and logical reasoning"
    }  # fmt: skip


def test_a_given_score_finds_its_band_and_its_assessment_by_itself() -> None:
    (result,) = completed([{"score": 55.5}])
    assert (result["band"], result["assessment"]["id"], result["description"]) == ("Recommended", GAMES, None)


@pytest.mark.parametrize("bare", [{}, {"score": None, "band": None, "description": None, "assessment_id": None}])
def test_a_result_may_have_no_score(bare: dict[str, None]) -> None:
    (result,) = completed([bare])
    assert (result["score"], result["band"]) == (None, None)


def test_results_may_be_many_or_none() -> None:
    assert len(completed([{"score": 1}, {"score": 2}])) == 2
    assert completed([]) == []


def test_results_left_out_or_null_are_drawn() -> None:
    assert completed(None)[0]["score"] is not None
    desk = Desk()
    desk.order()
    assert len(shown(desk.act("complete", {}))["results"]) == 1


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
def test_a_wrong_body_is_told_where_it_is_wrong_and_what_would_be_right(action: str, body: Any, detail: str) -> None:
    desk = Desk()
    desk.order()
    before = desk.memory()
    reply = desk.act(action, body)
    assert (reply.status, reply.body) == (422, {"detail": detail})
    assert desk.memory() == before
