"""The life of an assessment: sent, opened, started, completed; or expired, or aborted. And what completion brings."""

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from assessment_contracts.context import Context
from assessment_contracts.predictive_index import calls, moments, oracle, refusals, strategies
from assessment_contracts.predictive_index.oracle import Account, Face
from assessment_contracts.predictive_index.scene import TAKER
from assessment_contracts.predictive_index.settings import furnished
from assessment_contracts.property import Need, contract, given
from assessment_contracts.sources import Standing
from assessment_contracts.wire import Answer

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


@contract(
    "pi.states.moves",
    "An assessment moves as its taker does, from 0 or 10 over 20 and 30 to 40, or ends in 50 or 65, and stays there",
    promises=("pi.states", "pi.states.moves", "pi.states.sent", "pi.states.failed", "pi.get"),
    standing=Standing.ASSUMED,
    needs={Need.CONTROL},
)
@given(notify=st.sampled_from((0, 1)), actions=st.lists(st.sampled_from(ACTIONS), max_size=6))
def moves(context: Context, notify: int, actions: list[str]) -> None:
    """Numbers as the page Common lists them. What an ended assessment cannot do is refused with 409 and leaves it as
    it is, byte for byte; until completion nothing is shown of any result."""
    id = calls.made(context.sandbox, {**TAKER, "notifyAssessmentAvailableUsingEmail": notify})["assessmentId"]
    face = calls.read(context.sandbox, id)
    state = SENT if notify else CREATED
    for action in actions:
        target = MOVES.get((state, action))
        answer = acted(context.sandbox, id, action)
        where = f"{action} from {state} is answered {answer.status}: {answer.text[:200]}"
        assert answer.status == (409 if target is None else 200), where
        after = calls.read(context.sandbox, id)
        if target is None:
            assert after == face, f"{action}, which was refused, has changed the assessment"
            assert action in answer.json["detail"], f"the refusal does not name the move: {answer.text}"
            continue
        assert answer.json["status"] == target, f"{action} from {state} shows {answer.json['status']}, not {target}"
        if target == COMPLETED:
            oracle.check_completed(after)
        else:
            calls.same(after, {**face, "assessmentState": target})
        state, face = target, after


@contract(
    "pi.states.table",
    "Every action is possible in every state that is no end, and in no other",
    promises=("pi.states", "pi.states.moves"),
    standing=Standing.ASSUMED,
    needs={Need.CONTROL},
)
def table(context: Context) -> None:
    """All states against all actions, one new assessment each."""
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


@contract(
    "pi.states.completed",
    "Completion brings scores, a pattern and their addresses at once, and changes nothing else",
    promises=("pi.face.sigma", "pi.face.pattern_number", "pi.face.date", "pi.face.patterns", "pi.face.pending",
              "pi.face.members"),
    standing=Standing.ASSUMED,
    needs={Need.CONTROL},
)  # fmt: skip
@given(body=strategies.account_bodies, tick=st.integers(0, 9_999_999))
def completed(context: Context, body: Face, tick: int) -> None:
    """Nothing of a result is shown before, all of it after. assessmentDateTime is the completion then. Who was asked,
    by whom and for what stays as it was."""
    sandbox = furnished(context.sandbox)
    body = {name: value for name, value in calls.own(body).items() if name != "assessmentStatusWebHook"}
    before = calls.made(sandbox, body)
    calls.same(before, oracle.opened(body, before, Account()))
    begun = moments.ticks(before["assessmentDateTime"])
    done = begun + moments.HOUR + tick
    sandbox.freeze(moments.written(done))
    sandbox.act(before["assessmentId"], "complete")
    after = calls.read(sandbox, before["assessmentId"])
    sandbox.control_json("POST", "/clock", {"run": True})
    oracle.check_completed(after)
    oracle.check_synthesis(after)
    assert after["assessmentDateTime"] == moments.written(done), f"completed at {after['assessmentDateTime']}"
    kept = {name: value for name, value in before.items() if name not in (*oracle.RESULTS, *_MOVED)}
    calls.same({name: after[name] for name in kept}, kept)
    assert calls.read(sandbox, before["assessmentId"]) == after, "the results differ from one reading to the next"


_MOVED = ("assessmentState", "assessmentDateTime")


@contract(
    "pi.states.scores",
    "Scores that are given with the completion are shown as they are",
    promises=("pi.face.sigma", "pi.face.pattern_number"),
    standing=Standing.ASSUMED,
    needs={Need.CONTROL},
)
@given(scores=strategies.scores)
def scores(context: Context, scores: Face) -> None:
    """Whoever tests how scores are read says which; and the same scores make the same pattern."""
    faces = [calls.completed(context.sandbox, TAKER, scores=scores) for _ in range(2)]
    for face in faces:
        oracle.check_completed(face)
        for graph in strategies.GRAPHS:
            calls.same(face[graph], [scores[graph]])
    assert faces[0]["patternNumber"] == faces[1]["patternNumber"], "equal scores make two patterns"


@contract(
    "pi.states.expiry",
    "An invitation expires at the instant that it shows, not a tick earlier, and only if nothing else has ended it",
    promises=("pi.states", "pi.states.failed", "pi.create.day"),
    standing=Standing.ASSUMED,
    needs={Need.CONTROL},
    examples=0.75,
)
@given(
    way=st.sampled_from(("", "open", "start", "complete", "abort")),
    sent=st.sampled_from(("2031-01-02", "2031-01-02T03:04:05.6789012Z", None, "2031-01-01T00:00:00.0000002Z")),
)
def expiry(context: Context, way: str, sent: str | None) -> None:
    """A date alone lasts until its very last tick. What is completed or aborted stays so when the day comes."""
    sandbox = context.fresh()
    sandbox.freeze("2031-01-01T00:00:00Z")
    face = calls.made(sandbox, {**TAKER, "expirationDateTime": sent})
    id = face["assessmentId"]
    if way:
        sandbox.act(id, way)
    left = moments.ticks(face["expirationDateTime"]) - moments.ticks("2031-01-01T00:00:00Z")
    state = {"": CREATED, "open": OPENED, "start": STARTED, "complete": COMPLETED, "abort": ABORTED}[way]
    sandbox.advance(moments.lasting(left - 1))
    before = calls.read(sandbox, id)
    assert before["assessmentState"] == state, f"a tick before it expires the state is {before['assessmentState']}"
    sandbox.advance(moments.lasting(1))
    after = calls.read(sandbox, id)
    calls.same(after, {**before, "assessmentState": state if state in ENDS else EXPIRED})
    sandbox.advance("P400D")
    assert calls.read(sandbox, id) == after, "something has happened after the end"


@contract(
    "pi.states.future",
    "An expirationDateTime is refused from the present instant backwards, and taken from the next tick on",
    kept=("pi.create.expiration.future", "pi.change.expiration.future"),
    broken=("pi.create.expiration.future", "pi.change.expiration.future"),
    needs={Need.CONTROL},
    examples=0.5,
)
@given(
    now=st.sampled_from(("2031-05-06T07:08:09.1234567Z", "2031-12-31T23:59:59.9999998Z", "2032-02-29T00:00:00Z")),
    ticks=st.sampled_from((0, 1, 9, 10, 10_000_000)),
)
def future(context: Context, now: str, ticks: int) -> None:
    """ "Must lie in the future" leaves out the present. A date lies in the future until its day is over, so that today
    is taken and yesterday is not."""
    sandbox = context.fresh()
    sandbox.freeze(now)
    id = calls.made(sandbox, TAKER)["assessmentId"]
    at = moments.ticks(now)
    yesterday = moments.written(at - moments.DAY)[:10]
    for text, right in ((moments.written(at - ticks), False), (moments.written(at + 1 + ticks), True),
                        (now[:10], True), (yesterday, False)):  # fmt: skip
        made = calls.create(sandbox, {**TAKER, "expirationDateTime": text})
        changed = calls.change(sandbox, id, {"expirationDateTime": text})
        for answer, call, status in ((made, "create", 201), (changed, "change", 200)):
            if right:
                assert calls.shown(answer, status)["expirationDateTime"] == moments.written(moments.ticks(text))
            else:
                refusals.refused(answer, 400, f"pi.{call}.expiration.future")
                refusals.legacy(answer)


PROPERTIES = (moves, table, completed, scores, expiry, future)
