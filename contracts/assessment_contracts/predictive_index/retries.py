"""The webhook again: posted until somebody takes it, nine times at most within 24 hours, at doubling gaps."""

import socket
from threading import Event

from hypothesis import strategies as st

from assessment_contracts.context import Context
from assessment_contracts.kit import Received, Reply
from assessment_contracts.predictive_index import calls, moments
from assessment_contracts.predictive_index.oracle import Face
from assessment_contracts.predictive_index.scene import TAKER
from assessment_contracts.predictive_index.webhooks import BOTH, deliveries, settled
from assessment_contracts.property import contract, given
from assessment_contracts.sources import Standing

AT = "2031-01-01T00:00:00.0000000Z"
FIRST_GAP = 3_375_000_000
"""Ticks between the first try and the second: 5.625 minutes. Each later gap is twice the one before."""
AGAIN = (408, 429, 500, 502, 503, 504)
"""The codes after which the vendor says that it tries again."""
FINAL = (400, 401, 403, 404, 405, 409, 410, 413, 418, 422, 501, 505, 301, 302, 303, 307, 308, 300)
TAKEN = (200, 201, 202, 203, 204, 206, 299)


def _coded(caught: Received) -> int:
    return int(caught.path.partition("?code=")[2] or 200)


@contract(
    "pi.webhook.codes",
    "Nine tries within 24 hours for 408, 429, 500, 502, 503 and 504, one for every other answer, redirects too",
    promises=("pi.webhook.tries", "pi.webhook.again", "pi.webhook.success", "pi.webhook.final", "pi.webhook.gaps"),
    needs=BOTH,
    standing=Standing.ASSUMED,
)
def codes(context: Context) -> None:
    """A listener that is down for a day loses a webhook; one that refuses it, or moved away, does so at once. The gaps
    begin with 5.625 minutes and double."""
    sandbox = context.fresh()
    sandbox.freeze(AT)
    elsewhere = {"Location": f"{context.listener.url}/elsewhere"}
    context.listener.answers = lambda received: Reply(_coded(received), elsewhere)
    told = {}
    for code in (*AGAIN, *FINAL, *TAKEN):
        address = f"{context.listener.url}?code={code}"
        told[code] = calls.made(sandbox, {**TAKER, "assessmentStatusWebHook": address})["assessmentId"]
        sandbox.act(told[code], "complete")
    sandbox.advance("PT24H")
    counted = [_coded(caught) for caught in context.listener.received]
    wrong = {code: counted.count(code) for code in told if counted.count(code) != (9 if code in AGAIN else 1)}
    assert not wrong, f"so many tries were made after these answers: {wrong}"
    assert not [one for one in context.listener.received if "elsewhere" in one.path], "a redirect was followed"
    for code, id in told.items():
        [delivery] = deliveries(sandbox, id)
        state = "delivered" if code in TAKEN else "failed"
        assert (delivery["state"], delivery["next"]) == (state, None), f"after {code}: {delivery}"
        check_ladder(delivery, 9 if code in AGAIN else 1)
    sandbox.advance("P30D")
    assert len(context.listener.received) == len(counted), "a tenth try was made"


def check_ladder(delivery: Face, tries: int, begun: str = AT) -> None:
    """So many attempts, at doubling gaps of which the first is 5.625 minutes."""
    first = moments.ticks(begun)
    wanted = [moments.written(first + FIRST_GAP * (2**number - 1)) for number in range(tries)]
    found = [attempt["at"] for attempt in delivery["attempts"]]
    assert found == wanted, f"the attempts were at {found}, not at {wanted}"
    assert [attempt["number"] for attempt in delivery["attempts"]] == [*range(1, tries + 1)]


@contract(
    "pi.webhook.recovers",
    "A listener that comes back is told at the next try, and then no more",
    promises=("pi.webhook.again", "pi.webhook.success", "pi.webhook.gaps", "pi.webhook.tries"),
    needs=BOTH,
    standing=Standing.ASSUMED,
    examples=0.5,
)
@given(answers=st.lists(st.sampled_from((*AGAIN, 0)), min_size=1, max_size=8), last=st.sampled_from((200, 204, 404)))
def recovers(context: Context, answers: list[int], last: int) -> None:
    """Every try is the same form; a connection that is closed without an answer counts as none (0)."""
    sandbox = context.fresh()
    sandbox.freeze(AT)
    face = calls.made(sandbox, {**TAKER, "assessmentStatusWebHook": context.listener.url})
    context.listener.answers = [*answers, last]
    sandbox.act(face["assessmentId"], "complete")
    settled(context, sandbox)
    assert len(context.listener.received) == 1, "the first try is made at once, the second is not"
    sandbox.advance("PT5M37.4999999S")
    assert len(context.listener.received) == 1, "the second try comes too early"
    sandbox.advance("PT0.0000001S")
    assert len(context.listener.received) == 2, "the second try is not made after 5.625 minutes"
    sandbox.advance("PT24H")
    assert [caught.body for caught in context.listener.received] == [context.listener.received[0].body] * (
        len(answers) + 1
    )
    [delivery] = deliveries(sandbox, face["assessmentId"])
    check_ladder(delivery, len(answers) + 1)
    assert delivery["state"] == ("failed" if last == 404 else "delivered"), delivery["state"]
    assert [attempt["status"] for attempt in delivery["attempts"]] == [answer or None for answer in (*answers, last)]


@contract(
    "pi.webhook.late",
    "The gap to the next try begins when a try was made, also where it was made late",
    promises=("pi.webhook.gaps",),
    needs=BOTH,
    standing=Standing.ASSUMED,
    examples=0.35,
)
@given(hours=st.sampled_from((1, 6, 23)))
def late(context: Context, hours: int) -> None:
    """A clock that is set forward makes the next try late: a whole gap later comes the one after it."""
    sandbox = context.fresh()
    sandbox.freeze(AT)
    context.listener.answers = lambda received: 503
    id = calls.made(sandbox, {**TAKER, "assessmentStatusWebHook": context.listener.url})["assessmentId"]
    sandbox.act(id, "complete")
    settled(context, sandbox)
    then = moments.written(moments.ticks(AT) + hours * moments.HOUR)
    sandbox.freeze(then)
    settled(context, sandbox)
    [delivery] = deliveries(sandbox, id)
    wanted = moments.written(moments.ticks(then) + 2 * FIRST_GAP)
    assert [attempt["at"] for attempt in delivery["attempts"]] == [AT, then], delivery["attempts"]
    assert delivery["next"] == wanted, f"after a try at {then} the next is due at {delivery['next']}, not at {wanted}"


@contract(
    "pi.webhook.unanswered",
    "No answer in time, and nobody there, are tried again",
    promises=("pi.webhook.final", "pi.webhook.tries"),
    needs=BOTH,
    standing=Standing.ASSUMED,
)
def unanswered(context: Context) -> None:
    """408 in the vendor's list suggests that time-outs count. How long a listener may take is a setting."""
    late = Event()

    def respond(caught: Received) -> int:
        if len(context.listener.received) == 1:
            late.wait(10)
        return 200

    sandbox = context.fresh({"webhook_timeout": 0.1})
    sandbox.freeze(AT)
    context.listener.answers = respond
    slow = calls.made(sandbox, {**TAKER, "assessmentStatusWebHook": context.listener.url})["assessmentId"]
    sandbox.act(slow, "complete")
    settled(context, sandbox)
    late.set()
    sandbox.config(webhook_timeout=30)
    sandbox.advance("PT24H")
    [delivery] = deliveries(sandbox, slow)
    check_ladder(delivery, 2)
    assert delivery["state"] == "delivered", delivery
    assert delivery["attempts"][0]["status"] is None
    context.listener.close()
    gone = calls.made(sandbox, {**TAKER, "assessmentStatusWebHook": _nowhere()})["assessmentId"]
    begun = sandbox.control_json("GET", "/clock")["now"]
    sandbox.act(gone, "complete")
    sandbox.advance("PT24H")
    [delivery] = deliveries(sandbox, gone)
    check_ladder(delivery, 9, begun)
    assert delivery["state"] == "failed", delivery


def _nowhere() -> str:
    """An address on this machine at which nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{held.getsockname()[1]}/gone"


@contract(
    "pi.webhook.replayed",
    "A webhook that is asked for again is the same form once more, at the same address or at another",
    promises=("pi.webhook.form",),
    needs=BOTH,
    standing=Standing.ASSUMED,
    examples=0.5,
)
@given(elsewhere=st.booleans(), first=st.sampled_from((200, 404)))
def replayed(context: Context, elsewhere: bool, first: int) -> None:
    """As a delivery of its own: what is known of the first stays."""
    sandbox = context.fresh()
    context.listener.answers = [first, 200]
    id = calls.made(sandbox, {**TAKER, "assessmentStatusWebHook": context.listener.url})["assessmentId"]
    sandbox.act(id, "complete")
    settled(context, sandbox)
    [before] = deliveries(sandbox, id)
    body = {"url": f"{context.listener.url}?again"} if elsewhere else {}
    sandbox.control_json("POST", f"/deliveries/{before['id']}/replay", body)
    one, other = settled(context, sandbox)
    assert (one.body, one.headers["content-type"]) == (other.body, other.headers["content-type"])
    assert other.path == ("/webhook?again" if elsewhere else "/webhook"), other.path
    kept, again = deliveries(sandbox, id)
    assert kept == before, "the first delivery has changed"
    assert (again["state"], len(again["attempts"])) == ("delivered", 1), again


PROPERTIES = (codes, recovers, late, unanswered, replayed)
