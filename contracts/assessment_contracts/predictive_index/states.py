"""The life of an assessment: sent, opened, started, completed; or expired, or aborted. And what completion brings."""

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from assessment_contracts import timestamps
from assessment_contracts.context import Context
from assessment_contracts.predictive_index import calls, errors, oracle, strategies
from assessment_contracts.predictive_index.facts import FACTS
from assessment_contracts.predictive_index.fixtures import furnished
from assessment_contracts.predictive_index.oracle import Account, Face
from assessment_contracts.predictive_index.strategies import TAKER
from assessment_contracts.property import given
from assessment_contracts.registry import CONTROL, Registry
from assessment_contracts.wire import Answer

contract = Registry("pi.states", FACTS, CONTROL)

CREATED, SENT, OPENED, STARTED, COMPLETED, EXPIRED, ABORTED = 0, 10, 20, 30, 40, 50, 65
ENDS = (COMPLETED, EXPIRED, ABORTED)
ACTIONS = ("open", "start", "complete", "expire", "abort")

MOVES: Mapping[tuple[int, str], int] = {
    **{(state, "open"): max(state, OPENED) for state in (CREATED, SENT, OPENED, STARTED)},
    **{(state, "start"): STARTED for state in (CREATED, SENT, OPENED, STARTED)},
    **{(state, "complete"): COMPLETED for state in (CREATED, SENT, OPENED, STARTED)},
    **{(state, "expire"): EXPIRED for state in (CREATED, SENT, OPENED, STARTED)},
    **{(state, "abort"): ABORTED for state in (CREATED, SENT, OPENED, STARTED)},
}
"""Where each action leads from each state: what is not here cannot happen, and a later one takes those before along."""


def acted(lab_sandbox: Any, id: str, action: str) -> Answer:
    """Ask for what a taker, or time, would do; it may be refused."""
    answer: Answer = lab_sandbox.control("POST", f"/invitations/{id}/{action}")
    return answer


@contract("states states.moves")
def table(context: Context) -> None:
    """Every action is possible in every state but end states.

    All states by all actions, one new assessment each.
    """
    ways: dict[int, tuple[str, ...]] = {
        CREATED: (), SENT: (), OPENED: ("open",), STARTED: ("start",), COMPLETED: ("complete",), EXPIRED: ("expire",),
        ABORTED: ("abort",),
    }  # fmt: skip
    for state, way in ways.items():
        for action in ACTIONS:
            body = {**TAKER, "notifyAssessmentAvailableUsingEmail": int(state == SENT)}
            id = calls.made(context.sandbox, body)["assessmentId"]
            for step in way:
                context.sandbox.act(id, step)
            answer = acted(context.sandbox, id, action)
            target = MOVES.get((state, action), state)
            possible = (state, action) in MOVES
            assert answer.status == (200 if possible else 409), f"{action} from {state} is answered {answer.status}"
            found = calls.read(context.sandbox, id)["assessmentState"]
            assert found == target, f"{action} from {state} leads to {found}, not to {target}"


@contract("face.sigma face.pattern_number face.date face.patterns face.pending face.members")
@given(body=strategies.account_bodies, tick=st.integers(0, 9_999_999))
def completed(context: Context, body: Face, tick: int) -> None:
    """Completion adds scores, a pattern and their URLs at once, and changes nothing else.

    No result is shown before. assessmentDateTime becomes the time of completion.
    """
    sandbox = furnished(context.sandbox)
    body = {name: value for name, value in calls.own(body).items() if name != "assessmentStatusWebHook"}
    before = calls.made(sandbox, body)
    calls.same(before, oracle.opened(body, before, Account()))
    begun = timestamps.ticks(before["assessmentDateTime"])
    done = begun + timestamps.HOUR + tick
    sandbox.freeze(timestamps.seven_decimals(done))
    sandbox.act(before["assessmentId"], "complete")
    after = calls.read(sandbox, before["assessmentId"])
    sandbox.control_json("POST", "/clock", {"run": True})
    oracle.check_completed(after)
    oracle.check_synthesis(after)
    assert after["assessmentDateTime"] == timestamps.seven_decimals(done), f"completed at {after['assessmentDateTime']}"
    kept = {name: value for name, value in before.items() if name not in (*oracle.RESULTS, *_MOVED)}
    calls.same({name: after[name] for name in kept}, kept)
    assert calls.read(sandbox, before["assessmentId"]) == after, "the results differ from one reading to the next"


_MOVED = ("assessmentState", "assessmentDateTime")


@contract("face.sigma face.pattern_number")
@given(scores=strategies.scores)
def scores(context: Context, scores: Face) -> None:
    """Scores that are given with the completion are shown unchanged.

    Equal scores make equal patterns.
    """
    faces = [calls.completed(context.sandbox, TAKER, scores=scores) for _ in range(2)]
    for face in faces:
        oracle.check_completed(face)
        for graph in strategies.GRAPHS:
            calls.same(face[graph], [scores[graph]])
    assert faces[0]["patternNumber"] == faces[1]["patternNumber"], "equal scores make two patterns"


@contract("states states.failed create.day", examples=0.75)
@given(
    way=st.sampled_from(("", "open", "start", "complete", "abort")),
    sent=st.sampled_from(("2031-01-02", "2031-01-02T03:04:05.6789012Z", None, "2031-01-01T00:00:00.0000002Z")),
)
def expiry(context: Context, way: str, sent: str | None) -> None:
    """An invitation expires at the time that it shows, unless it has ended before.

    A date alone lasts until its last tick. A completed or aborted assessment does not expire.
    """
    sandbox = context.fresh()
    sandbox.freeze("2031-01-01T00:00:00Z")
    face = calls.made(sandbox, {**TAKER, "expirationDateTime": sent})
    id = face["assessmentId"]
    if way:
        sandbox.act(id, way)
    left = timestamps.ticks(face["expirationDateTime"]) - timestamps.ticks("2031-01-01T00:00:00Z")
    state = {"": CREATED, "open": OPENED, "start": STARTED, "complete": COMPLETED, "abort": ABORTED}[way]
    sandbox.advance(timestamps.duration(left - 1))
    before = calls.read(sandbox, id)
    assert before["assessmentState"] == state, f"a tick before it expires the state is {before['assessmentState']}"
    sandbox.advance(timestamps.duration(1))
    after = calls.read(sandbox, id)
    calls.same(after, {**before, "assessmentState": state if state in ENDS else EXPIRED})
    sandbox.advance("P400D")
    assert calls.read(sandbox, id) == after, "something has happened after the end"


@contract(refuses="create.expiration.future change.expiration.future", examples=0.5)
@given(
    now=st.sampled_from(("2031-05-06T07:08:09.1234567Z", "2031-12-31T23:59:59.9999998Z", "2032-02-29T00:00:00Z")),
    ticks=st.sampled_from((0, 1, 9, 10, 10_000_000)),
)
def future(context: Context, now: str, ticks: int) -> None:
    """An expirationDateTime must be later than now, by at least a tick.

    "Must lie in the future" excludes the present. A date is in the future until its day is over: today is accepted,
    yesterday is not.
    """
    sandbox = context.fresh()
    sandbox.freeze(now)
    id = calls.made(sandbox, TAKER)["assessmentId"]
    at = timestamps.ticks(now)
    yesterday = timestamps.seven_decimals(at - timestamps.DAY)[:10]
    past, later = timestamps.seven_decimals(at - ticks), timestamps.seven_decimals(at + 1 + ticks)
    for text, right in ((past, False), (later, True), (now[:10], True), (yesterday, False)):
        made = calls.create(sandbox, {**TAKER, "expirationDateTime": text})
        changed = calls.change(sandbox, id, {"expirationDateTime": text})
        for answer, call, status in ((made, "create", 201), (changed, "change", 200)):
            if right:
                assert calls.shown(answer, status)["expirationDateTime"] == timestamps.seven_decimals(
                    timestamps.ticks(text)
                )
            else:
                errors.refused(answer, 400, f"pi.{call}.expiration.future")
                errors.vendor(answer)


PROPERTIES = contract.properties
