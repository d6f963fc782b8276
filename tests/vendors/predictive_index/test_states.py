"""What may happen to an assessment in each state, and what completing one brings."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assessment_simulator.core import instant
from assessment_simulator.core.decision import VendorResponse
from assessment_simulator.core.links import BASE_URL_TOKEN
from assessment_simulator.core.request import MISSING
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

ENDS = [state for state, ends in AFTER.items() if ends == (None,) * 6]
MOVES = [(state, action, end) for state, ends in AFTER.items() for action, end in zip(ACTIONS, ends, strict=True)]


def act(sandbox: FakeSandbox, id: str, action: str, body: Any = MISSING) -> VendorResponse:
    return sandbox.handle(VENDOR, action, body, params={"id": id})


def in_state(sandbox: FakeSandbox, state: int) -> str:
    id: str = created(sandbox, notifyAssessmentAvailableUsingEmail=int(state == 10))["assessmentId"]
    for action in PATHS.get(state, ()):
        assert act(sandbox, id, action).status == 200
    assert saved(sandbox, id).status == state
    return id


@pytest.mark.parametrize(("state", "action", "end"), [row for row in MOVES if row[2] is not None])
def test_action_leads_to_the_state_of_the_table(sandbox: FakeSandbox, state: int, action: str, end: int) -> None:
    id = in_state(sandbox, state)
    response = act(sandbox, id, action)
    stored = saved(sandbox, id)
    assert (response.status, stored.status, stored.public["assessmentState"]) == (200, end, end)
    assert (sandbox.timers == {}) is (end in ENDS)
    assert list(stored.public) == SAMPLE_MEMBERS


@pytest.mark.parametrize(("state", "action"), [row[:2] for row in MOVES if row[2] is None])
def test_undefined_action_returns_409_and_changes_nothing(sandbox: FakeSandbox, state: int, action: str) -> None:
    id = in_state(sandbox, state)
    before = sandbox.memory()
    response = act(sandbox, id, action)
    assert response.status == 409
    assert response.body["detail"].startswith(
        f"cannot {action}: the assessment is {VENDOR.state_machine.states[state]}"
    )
    assert sandbox.memory() == before


def test_refused_action_names_the_state(sandbox: FakeSandbox) -> None:
    done = act(sandbox, in_state(sandbox, 40), "complete").body
    assert done == {"detail": "cannot complete: the assessment is Completed (40), an end state"}
    assert act(sandbox, in_state(sandbox, 20), "fail").body == {"detail": "cannot fail: the assessment is Opened (20)"}


def test_an_action_that_changes_nothing_saves_nothing(sandbox: FakeSandbox) -> None:
    id = in_state(sandbox, 30)
    before = sandbox.memory()
    assert act(sandbox, id, "open").body is saved(sandbox, id)
    assert sandbox.memory() == before


def test_an_unknown_assessment_is_not_found() -> None:
    assert act(FakeSandbox(), "nobody", "open").status == 404


def test_completion_sets_scores_pattern_urls_and_time(sandbox: FakeSandbox) -> None:
    id = created(sandbox, gender=2, associatedPositionTitle="Software Engineer")["assessmentId"]
    sandbox.now += instant.HOUR
    act(sandbox, id, "complete")
    face = saved(sandbox, id).public
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


@pytest.mark.parametrize("tag", ["high", "low"])
def test_score_tag_sets_high_or_low_scores(sandbox: FakeSandbox, tag: str) -> None:
    body = {**VALID, "email": f"ada+completes+score-{tag}@example.com"}
    sandbox.handle(VENDOR, "create_assessment", body, media_type="application/json")
    sandbox.fire_timers(VENDOR)
    (stored,) = sandbox.all("assessment")
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
def test_given_scores_are_kept_and_others_drawn(body: Any, expected: dict[str, dict[str, float]]) -> None:
    sandbox = FakeSandbox()
    id = in_state(sandbox, 10)
    assert act(sandbox, id, "complete", body).status == 200
    face = saved(sandbox, id).public
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
def test_invalid_scores_return_422_with_the_expected_form(sandbox: FakeSandbox, body: Any, detail: str) -> None:
    id = in_state(sandbox, 10)
    before = sandbox.memory()
    response = act(sandbox, id, "complete", body)
    assert response.status == 422
    assert response.body["detail"].startswith(detail)
    assert sandbox.memory() == before


def test_only_completing_takes_a_body(sandbox: FakeSandbox) -> None:
    id = in_state(sandbox, 10)
    assert act(sandbox, id, "start", {"scores": {}}).status == 422
    assert act(sandbox, id, "start", {}).status == 200


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["scores", "selfSigmaScore", "aSigma", "bSigma", "?"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(JSON)
def test_arbitrary_completion_body_never_raises(body: Any) -> None:
    sandbox = FakeSandbox()
    id = in_state(sandbox, 10)
    response = act(sandbox, id, "complete", body)
    assert (response.status, saved(sandbox, id).status) in ((200, 40), (422, 10))
