"""An order's life: who may move it where, what reading does, and what happens by itself."""

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from assessment_contracts.context import Context
from assessment_contracts.property import Need, Property, contract, given
from assessment_contracts.pymetrics import api, shapes
from assessment_contracts.pymetrics.oracle import MOVES, TAGS
from assessment_contracts.pymetrics.strategies import ACTIONS, PLAIN, instants, versions
from assessment_contracts.sandbox import Sandbox
from assessment_contracts.sources import Standing

_CONTROL = {Need.CONTROL}
_STATUSES = ("pymetrics.order.statuses", "pymetrics.order.moves")
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


@contract(
    "pymetrics.life.moves",
    "An order moves only as its statuses allow; what is not allowed is a 409 that changes nothing",
    promises=(*_STATUSES, "pymetrics.order.fulfilled"),
    standing=Standing.ASSUMED,
    needs=_CONTROL,
    examples=3,
)
@given(
    initial=st.sampled_from(INITIAL),
    actions=st.lists(st.sampled_from((*ACTIONS, "read")), min_size=1, max_size=5),
    version=versions,
)
def moves(context: Context, initial: str, actions: list[str], version: api.Version) -> None:
    """Pending, Accepted, Not Started, In Progress, Completed is the way; it can be left by rejection before the start
    and by expiry before the end. Completed moves on to Fulfilled when it is read, and then no more.
    """
    sandbox = context.sandbox
    made = _begun(sandbox, initial)
    status, expected = initial, made
    for action in actions:
        if action == "read":
            status = "Fulfilled" if status == "Completed" else status
            shown = api.read(sandbox, made["id"], version)
        else:
            status = _moved(sandbox, made["id"], status, action)
            shown = api.look(sandbox, made, version)
        shapes.ORDER(shown, "the order")
        finished = status in ("Completed", "Fulfilled")
        expected = {
            **expected,
            "status": status,
            "results": (expected["results"] or shown["results"]) if finished else None,
        }
        api.same(shown, expected, f"the order after {action}")
        assert bool(shown["results"]) is finished, f"an order that is {status} has {shown['results']} for results"


@contract(
    "pymetrics.life.every_move",
    "Each action does the same from each status, wherever it is asked for",
    promises=_STATUSES,
    standing=Standing.ASSUMED,
    needs=_CONTROL,
)
def every_move(context: Context) -> None:
    """The whole table of moves, each tried once: eight statuses by five actions."""
    sandbox = context.sandbox
    for status in MOVES:
        for action in ACTIONS:
            id = _brought_to(sandbox, status)["id"]
            after = _moved(sandbox, id, status, action)
            told = sandbox.control_json("GET", f"/invitations/{id}")
            assert told["status"] == after, f"{action} left the order {told['status']}, not {after}"


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


@contract(
    "pymetrics.life.fulfilled",
    "Reading a completed order that has results fulfils it, in that very answer and for good",
    promises=("pymetrics.order.fulfilled", "pymetrics.order.fulfilled.shown"),
    needs=_CONTROL,
    examples=0.5,
)
@given(version=versions, again=versions, query=st.sampled_from(({}, {"report": "false"}, {"report": "true"})))
def fulfilled(context: Context, version: api.Version, again: api.Version, query: dict[str, str]) -> None:
    """The one move that is documented; nothing but the status changes by it."""
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


@contract(
    "pymetrics.life.without_results",
    "A completed order without results stays Completed when it is read",
    promises=("pymetrics.order.fulfilled",),
    needs=_CONTROL,
    examples=0.35,
)
@given(version=versions, query=st.sampled_from(({}, {"report": "true"})))
def without_results(context: Context, version: api.Version, query: dict[str, str]) -> None:
    """The move has a condition: there must be results."""
    sandbox = context.sandbox
    made = _begun(sandbox)
    sandbox.act(made["id"], "complete", results=[])
    for _ in range(2):
        shown = api.read(sandbox, made["id"], version, **query)
        shapes.ORDER(shown, "the order")
        assert (shown["status"], shown["results"]) == ("Completed", [])
    content = api.factors(sandbox, made["id"])
    assert content.status == 400, f"factor content without results is answered {content.status}"
    assert content.rules == ("pymetrics.v2.factor.scores",)


@contract(
    "pymetrics.life.reading_is_still",
    "Reading an order that is not completed changes nothing",
    kept=("pymetrics.get.known", "pymetrics.get.report"),
    promises=("pymetrics.order.fulfilled",),
    needs=_CONTROL,
    examples=0.5,
)
@given(
    status=st.sampled_from(("Pending", "Accepted", "Not Started", "In Progress", "Rejected", "Expired")),
    version=versions, report=st.sampled_from((None, "true", "false", "True", "FALSE", "")),
)  # fmt: skip
def reading_is_still(context: Context, status: str, version: api.Version, report: str | None) -> None:
    """Callers poll: an order must not move because somebody looked."""
    sandbox = context.sandbox
    id = _brought_to(sandbox, status)["id"]
    query = {} if report is None else {"report": report}
    first = api.read(sandbox, id, version, **query)
    shapes.ORDER(first, "the order")
    assert (first["status"], first["results"], first["reports"]) == (status, None, None)
    api.same(api.read(sandbox, id, version), first)


@contract(
    "pymetrics.life.ended_orders_are_found",
    "Asking again for an order that is over gives that order, as it is",
    promises=("pymetrics.order.resolved", "pymetrics.order.unchanged"),
    needs=_CONTROL,
    examples=0.7,
)
@given(status=st.sampled_from(("Rejected", "Expired", "Completed", "Fulfilled", "In Progress")), version=versions)
def ended_orders_are_found(context: Context, status: str, version: api.Version) -> None:
    """An order's identity has three parts, and its status is none of them; asking does not fulfil it either."""
    sandbox = context.sandbox
    made = _brought_to(sandbox, status)
    before = api.look(sandbox, made)
    assert before["status"] == status
    asked = {name: made[name] for name in ("candidate", "assessment_id", "application_id")}
    told = api.expected(api.ask(sandbox, asked, version), 200)
    api.same({**told, "order": _linkless(told["order"])}, {"order": _linkless(before), "created": False})
    api.same(_linkless(api.look(sandbox, made)), _linkless(before))


def _linkless(shown: dict[str, Any]) -> dict[str, Any]:
    """The order without its reports, whose link is another at each look."""
    return {**shown, "reports": None}


@contract(
    "pymetrics.life.stays",
    "An order does not expire or move by itself, however long it lies",
    promises=("pymetrics.order.stays",),
    standing=Standing.ASSUMED,
    needs=_CONTROL,
    examples=0.5,
)
@given(
    status=st.sampled_from(("Pending", "Accepted", "Not Started", "In Progress", "Completed")),
    span=st.sampled_from(("P10D", "P30D", "P365D", "P3000D")),
)
def stays(context: Context, status: str, span: str) -> None:
    """No expiry is documented, so only an action or a tag brings one about."""
    sandbox = context.sandbox
    sandbox.freeze("2026-01-01T00:00:00Z")
    sandbox.forget_token()
    id = _brought_to(sandbox, status)["id"]
    told = sandbox.advance(span)
    sandbox.forget_token()
    assert told["events"] == [], f"something happened by itself: {told['events']}"
    assert sandbox.control_json("GET", f"/invitations/{id}")["status"] == status


@contract(
    "pymetrics.life.steered",
    "A tag in the candidate's address lets its outcome happen at its exact moment",
    promises=_STATUSES,
    standing=Standing.ASSUMED,
    needs=_CONTROL,
)
@given(tag=st.sampled_from(tuple(TAGS)), at=instants, upper=st.booleans())
def steered(context: Context, tag: str, at: str, upper: bool) -> None:
    """A demo chooses the outcome by data alone: not a moment early, not a moment late, and nothing afterwards."""
    sandbox, (status, delay) = context.sandbox, TAGS[tag]
    sandbox.freeze(at)
    sandbox.forget_token()
    made = _begun(sandbox, email=tag.upper() if upper else tag)
    assert made["status"] == "Not Started", f"the answer to the creation shows {made['status']}"
    if delay:
        sandbox.advance(shapes.duration(delay - timedelta(microseconds=1)))
        sandbox.forget_token()
        assert api.look(sandbox, made)["status"] == "Not Started", f"{tag} came too early"
        sandbox.advance("PT0.000001S")
    sandbox.forget_token()
    shown = api.look(sandbox, made)
    assert shown["status"] == status, f"{tag} led to {shown['status']}"
    if status == "Completed":
        assert shown["results"][0]["create_date"] == shapes.written(shapes.moment(at) + delay)
    assert sandbox.advance("P1D")["events"] == [], f"something happened after {tag}"


@contract(
    "pymetrics.life.progress",
    "With `progress` set an order completes by itself after that time, unless a tag or an action was there before",
    promises=("pymetrics.order.moves",),
    standing=Standing.ASSUMED,
    needs=_CONTROL,
    examples=0.5,
)
@given(
    span=st.sampled_from((("PT1H", 3600), ("P1D", 86400), ("PT0.5S", 0.5))),
    before=st.sampled_from((None, "start", "expire", "reject", "complete")),
)
def progress(context: Context, span: tuple[str, float], before: str | None) -> None:
    """A candidate who needs a while is played by the clock; one who was faster, or was turned away, is left alone."""
    sandbox, (text, seconds) = context.sandbox, span
    sandbox.freeze("2026-01-01T00:00:00Z")
    sandbox.forget_token()
    sandbox.config(progress=text)
    made = _begun(sandbox)
    status = _moved(sandbox, made["id"], "Not Started", before) if before else "Not Started"
    sandbox.advance(shapes.duration(timedelta(seconds=seconds, microseconds=-1)))
    told = sandbox.control_json("GET", f"/invitations/{made['id']}")
    assert told["status"] == status, f"the order is {told['status']} too early"
    events = sandbox.advance("PT0.000001S")["events"]
    after = "Completed" if status in ("Not Started", "In Progress") else status
    assert sandbox.control_json("GET", f"/invitations/{made['id']}")["status"] == after
    assert [(one["what"], one["id"]) for one in events] == [("complete", made["id"])] * (after != status)


PROPERTIES: tuple[Property, ...] = (
    moves, every_move, fulfilled, without_results, reading_is_still, ended_orders_are_found, stays, steered, progress,
)  # fmt: skip
