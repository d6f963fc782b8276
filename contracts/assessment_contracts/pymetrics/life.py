"""The status of an order: which actions are possible, what reading does, and what timers do."""

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from assessment_contracts import timestamps
from assessment_contracts.context import Context
from assessment_contracts.property import given
from assessment_contracts.pymetrics import api
from assessment_contracts.pymetrics.facts import FACTS, TABLES
from assessment_contracts.pymetrics.model import MOVES, TAGS
from assessment_contracts.pymetrics.strategies import ACTIONS, PLAIN, instants, versions
from assessment_contracts.registry import CONTROL, Registry
from assessment_contracts.sandbox import Sandbox

contract = Registry("pymetrics.life", FACTS, CONTROL)

INITIAL = ("Not Started", "Pending", "Accepted")


def _begun(sandbox: Sandbox, initial: str = "Not Started", email: str = "") -> dict[str, Any]:
    """A new order in this status."""
    sandbox.config(behaviour={"pymetrics.initial_status": initial})
    body = api.own(sandbox, PLAIN)
    if email:
        body["candidate"] = {**body["candidate"], "email": f"{api.unused(sandbox)}{email}@example.com"}
    return api.order(sandbox, body)


def _moved(sandbox: Sandbox, id: str, status: str, action: str) -> str:
    """Try an action; gives the status that must follow, after making sure of the answer."""
    answer = sandbox.control("POST", f"/invitations/{id}/{action}")
    way = MOVES[status].get(action)
    if way is None:
        assert answer.status == 409, f"{action} of an order that is {status} was answered {answer.status}"
        assert answer.headers.get("content-type") == "application/problem+json"
        assert f"cannot {action}" in answer.json["detail"], answer.json["detail"]
        assert status in answer.json["detail"], f"the refusal does not name the status: {answer.json['detail']}"
        return status
    assert answer.status == 200, f"{action} of an order that is {status} was answered {answer.status}: {answer.text}"
    after = way[-1] if way else status
    assert answer.json["status"] == after, f"{action} led from {status} to {answer.json['status']}, not to {after}"
    return after


@contract("order.statuses order.moves")
def every_move(context: Context) -> None:
    """Each action has the same effect from each status, wherever it is requested.

    The whole table of transitions: eight statuses by five actions.
    """
    sandbox = context.sandbox
    for status in MOVES:
        for action in ACTIONS:
            id = _brought_to(sandbox, status)["id"]
            after = _moved(sandbox, id, status, action)
            response = sandbox.control_json("GET", f"/invitations/{id}")
            assert response["status"] == after, f"{action} left the order {response['status']}, not {after}"


def _brought_to(sandbox: Sandbox, status: str) -> dict[str, Any]:
    """A new order that was led to this status."""
    way = {
        "In Progress": ("start",), "Completed": ("complete",), "Fulfilled": ("complete",), "Rejected": ("reject",),
        "Expired": ("expire",),
    }  # fmt: skip
    made = _begun(sandbox, status if status in INITIAL else "Not Started")
    for action in way.get(status, ()):
        sandbox.act(made["id"], action)
    if status == "Fulfilled":
        api.read(sandbox, made["id"])
    return made


@contract("order.fulfilled order.fulfilled.shown", examples=0.5)
@given(version=versions, again=versions, query=st.sampled_from(({}, {"report": "false"}, {"report": "true"})))
def fulfilled(context: Context, version: api.Version, again: api.Version, query: dict[str, str]) -> None:
    """Reading a completed order that has results fulfils it, in that response and for good.

    This is the one documented transition; it changes the status only.
    """
    sandbox = context.sandbox
    made = _begun(sandbox)
    sandbox.act(made["id"], "complete")
    before = api.look(sandbox, made, version)
    assert before["status"] == "Completed"
    shown = api.read(sandbox, made["id"], version, **query)
    assert shown["status"] == "Fulfilled", f"the answer that fulfils shows {shown['status']}"
    api.same({**shown, "reports": None}, {**before, "status": "Fulfilled"})
    later = api.read(sandbox, made["id"], again)
    api.same({**later, "reports": None}, {**shown, "reports": None}, "the order read again")


@contract("order.fulfilled", examples=0.35)
@given(version=versions, query=st.sampled_from(({}, {"report": "true"})))
def without_results(context: Context, version: api.Version, query: dict[str, str]) -> None:
    """A completed order without results stays Completed when it is read.

    The transition requires results.
    """
    sandbox = context.sandbox
    made = _begun(sandbox)
    sandbox.act(made["id"], "complete", results=[])
    for _ in range(2):
        shown = api.read(sandbox, made["id"], version, **query)
        TABLES.check(shown, "order")
        assert (shown["status"], shown["results"]) == ("Completed", [])
    content = api.factors(sandbox, made["id"])
    assert content.status == 400, f"factor content without results is answered {content.status}"
    assert content.rules == ("pymetrics.v2.factor.scores",)


@contract("order.statuses order.moves")
@given(tag=st.sampled_from(tuple(TAGS)), at=instants, upper=st.booleans())
def steered(context: Context, tag: str, at: str, upper: bool) -> None:
    """A tag in the candidate's address causes its outcome at the exact time.

    Test data alone chooses the outcome: not a microsecond early or late, and nothing happens afterwards.
    """
    sandbox, (status, delay) = context.sandbox, TAGS[tag]
    sandbox.freeze(at)
    sandbox.forget_token()
    made = _begun(sandbox, email=tag.upper() if upper else tag)
    assert made["status"] == "Not Started", f"the answer to the creation shows {made['status']}"
    if delay:
        sandbox.advance(timestamps.duration(delay - timedelta(microseconds=1)))
        sandbox.forget_token()
        assert api.look(sandbox, made)["status"] == "Not Started", f"{tag} came too early"
        sandbox.advance("PT0.000001S")
    sandbox.forget_token()
    shown = api.look(sandbox, made)
    assert shown["status"] == status, f"{tag} led to {shown['status']}"
    if status == "Completed":
        assert shown["results"][0]["create_date"] == timestamps.six_decimals(timestamps.parsed(at) + delay)
    assert sandbox.advance("P1D")["events"] == [], f"something happened after {tag}"


PROPERTIES = contract.properties
