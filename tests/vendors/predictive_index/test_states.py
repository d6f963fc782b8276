"""What may happen to an assessment in each state, and what completing one brings."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assessment_simulator.core import instant
from assessment_simulator.core.request import BASE_URL_TOKEN, MISSING, VendorResponse
from assessment_simulator.vendors.predictive_index import VENDOR
from tests.fakes import FakeSandbox
from tests.vendors.predictive_index.rows import VALID
from tests.vendors.predictive_index.test_assessments import SAMPLE_MEMBERS, created, saved

ACTIONS = (*VENDOR.actions, *VENDOR.sample_actions)
PATHS: dict[int, tuple[str, ...]] = {
    0: (), 20: ("open",), 30: ("start",), 40: ("complete",), 50: ("expire",), 60: ("start", "fail"), 65: ("abort",),
}  # fmt: skip
"""How to reach each state; 10 is the one of a notified invitation."""

AFTER = {
    #      open  start  complete expire abort fail
    0: (20, 30, 40, 50, 65, None),
    10: (20, 30, 40, 50, 65, None),
    20: (20, 30, 40, 50, 65, None),
    30: (30, 30, 40, 50, 65, 60),
    40: (None,) * 6,
    50: (None,) * 6,
    60: (None,) * 6,
    65: (None,) * 6,
}
"""The state after each action; None where the move does not exist."""

MOVES = [(state, action, end) for state, ends in AFTER.items() for action, end in zip(ACTIONS, ends, strict=True)]


def act(world: FakeSandbox, id: str, action: str, body: Any = MISSING) -> VendorResponse:
    return world.ask(VENDOR, action, body, params={"id": id})


def in_state(world: FakeSandbox, state: int) -> str:
    id: str = created(world, notifyAssessmentAvailableUsingEmail=int(state == 10))["assessmentId"]
    for action in PATHS.get(state, ()):
        assert act(world, id, action).status == 200
    assert saved(world, id).status == state
    return id


@pytest.mark.parametrize(("state", "action", "end"), [row for row in MOVES if row[2] is not None])
def test_a_move_of_the_table_leads_where_the_table_says(state: int, action: str, end: int) -> None:
    world = FakeSandbox()
    id = in_state(world, state)
    reply = act(world, id, action)
    stored = saved(world, id)
    assert (reply.status, stored.status, stored.public["assessmentState"]) == (200, end, end)
    assert list(stored.public) == SAMPLE_MEMBERS


@pytest.mark.parametrize(("state", "action"), [row[:2] for row in MOVES if row[2] is None])
def test_a_move_that_the_table_lacks_is_refused_and_changes_nothing(state: int, action: str) -> None:
    world = FakeSandbox()
    id = in_state(world, state)
    before = world.memory()
    reply = act(world, id, action)
    assert reply.status == 409
    assert reply.body["detail"].startswith(f"cannot {action}: the assessment is {VENDOR.state_machine.states[state]}")
    assert world.memory() == before


def test_the_refusal_of_a_move_names_the_state_and_says_when_it_is_the_end() -> None:
    world = FakeSandbox()
    done = act(world, in_state(world, 40), "complete").body
    assert done == {"detail": "cannot complete: the assessment is Completed (40), an end state"}
    assert act(world, in_state(world, 20), "fail").body == {"detail": "cannot fail: the assessment is Opened (20)"}


def test_an_action_that_changes_nothing_saves_nothing() -> None:
    world = FakeSandbox()
    id = in_state(world, 30)
    before = world.memory()
    assert act(world, id, "open").body is saved(world, id)
    assert world.memory() == before


@pytest.mark.parametrize("state", [40, 50, 60, 65])
def test_nothing_more_can_happen_in_an_end_state(state: int) -> None:
    world = FakeSandbox()
    in_state(world, state)
    assert world.timers == {}


def test_an_unknown_assessment_is_not_found() -> None:
    assert act(FakeSandbox(), "nobody", "open").status == 404


def test_a_walk_that_began_may_still_expire() -> None:
    world = FakeSandbox()
    world.ask(VENDOR, "create_assessment", {**VALID, "email": "a+abandons@example.com"}, media_type="application/json")
    (stored,) = world.all("assessment")
    world.ring(VENDOR)
    assert saved(world, stored.id).status == 30
    world.ring(VENDOR, 10 * instant.DAY)
    assert saved(world, stored.id).status == 50


def test_completion_fills_in_scores_pattern_addresses_and_its_moment() -> None:
    world = FakeSandbox()
    id = created(world, gender=2, associatedPositionTitle="Software Engineer")["assessmentId"]
    world.now += instant.HOUR
    act(world, id, "complete")
    face = saved(world, id).public
    own = f"{BASE_URL_TOKEN}/api/v1/behavioralassessments/{id}"
    assert face["assessmentDateTime"] == "2026-11-01T13:00:00.0000000Z"
    assert face["patternFullUrl"] == f"{own}/patterns/0?format=PNG"
    assert face["patternSelfUrl"] == f"{own}/patterns/1?format=PNG"
    assert face["descriptiveReportUrl"] == f"{own}/reports/PersonDetailReport?format=PDF&gender=2"
    assert face["descriptiveReportPageUrl"].endswith(id)
    assert 1 <= face["patternNumber"] <= 17
    for graph in ("selfSigmaScore", "selfConceptSigmaScore", "synthesisSigmaScore"):
        assert [list(sigma) for sigma in face[graph]] == [["aSigma", "bSigma", "cSigma", "dSigma", "eSigma"]]
    assert [list(sigma) for sigma in face["positionSigmaScore"]] == [["aSigma", "bSigma", "cSigma", "dSigma"]]


def test_without_a_position_there_is_no_score_for_one() -> None:
    world = FakeSandbox()
    assert saved(world, in_state(world, 40)).public["positionSigmaScore"] is None


@pytest.mark.parametrize("tag", ["high", "low"])
def test_a_tag_in_the_address_leans_the_scores(tag: str) -> None:
    world = FakeSandbox()
    body = {**VALID, "email": f"ada+completes+score-{tag}@example.com"}
    world.ask(VENDOR, "create_assessment", body, media_type="application/json")
    world.ring(VENDOR)
    (stored,) = world.all("assessment")
    found = stored.public["selfSigmaScore"][0].values()
    assert all(value >= 0.75 for value in found) if tag == "high" else all(value <= -0.75 for value in found)


# The body of `complete`.


GIVEN: list[tuple[Any, dict[str, dict[str, float]]]] = [
    (None, {}),
    ({}, {}),
    ({"scores": {}}, {}),
    ({"scores": {"selfSigmaScore": {"aSigma": 4}}}, {"selfSigmaScore": {"aSigma": 4}}),
    ({"scores": {"selfConceptSigmaScore": [{"eSigma": -4.0}]}}, {"selfConceptSigmaScore": {"eSigma": -4.0}}),
    (
        {"scores": {"synthesisSigmaScore": {"aSigma": 1.11, "dSigma": -0.5}, "selfSigmaScore": {}}},
        {"synthesisSigmaScore": {"aSigma": 1.11, "dSigma": -0.5}},
    ),
]


@pytest.mark.parametrize(("body", "expected"), GIVEN)
def test_scores_that_are_given_are_shown_and_the_others_drawn(body: Any, expected: dict[str, dict[str, float]]) -> None:
    world = FakeSandbox()
    id = in_state(world, 10)
    assert act(world, id, "complete", body).status == 200
    face = saved(world, id).public
    for graph in ("selfSigmaScore", "selfConceptSigmaScore", "synthesisSigmaScore"):
        assert len(face[graph][0]) == 5
        assert expected.get(graph, {}).items() <= face[graph][0].items()


FLAWS = [
    ([], "the body must be an object"),
    ("scores", "the body must be an object"),
    ({"results": {}}, "results belong to pymetrics"),
    ({"score": {}}, "the body has no member 'score'"),
    ({"scores": []}, "scores must be an object"),
    ({"scores": None}, "scores must be an object"),
    ({"scores": {"positionSigmaScore": {}}}, "scores has no member 'positionSigmaScore'"),
    ({"scores": {"selfSigmaScore": []}}, "scores.selfSigmaScore must be an object"),
    ({"scores": {"selfSigmaScore": [{}, {}]}}, "scores.selfSigmaScore must be an object"),
    ({"scores": {"selfSigmaScore": 1}}, "scores.selfSigmaScore must be an object"),
    ({"scores": {"selfSigmaScore": {"fSigma": 1}}}, "scores.selfSigmaScore has no member 'fSigma'"),
    *(
        ({"scores": {"selfSigmaScore": {"aSigma": value}}}, "scores.selfSigmaScore.aSigma must be a number")
        for value in ("1", None, True, 4.01, -5, math.nan, math.inf, 10**400, [1])
    ),
]


@pytest.mark.parametrize(("body", "detail"), FLAWS)
def test_scores_that_cannot_be_are_refused_with_what_would_be_right(body: Any, detail: str) -> None:
    world = FakeSandbox()
    id = in_state(world, 10)
    before = world.memory()
    reply = act(world, id, "complete", body)
    assert reply.status == 422
    assert reply.body["detail"].startswith(detail)
    assert world.memory() == before


def test_only_completing_takes_a_body() -> None:
    world = FakeSandbox()
    id = in_state(world, 10)
    assert act(world, id, "start", {"scores": {}}).status == 422
    assert act(world, id, "start", {}).status == 200


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["scores", "selfSigmaScore", "aSigma", "bSigma", "?"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(JSON)
def test_no_body_of_completing_raises(body: Any) -> None:
    world = FakeSandbox()
    id = in_state(world, 10)
    reply = act(world, id, "complete", body)
    assert (reply.status, saved(world, id).status) in ((200, 40), (422, 10))
