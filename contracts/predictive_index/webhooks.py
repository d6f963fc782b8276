"""The webhook: one form, posted once the assessment is complete, and posted again until somebody takes it.

`advance` waits for the listener's answers, so that what was caught by then is all that came. Addresses carry a query,
by which the listener tells them apart.
"""

import socket
from base64 import b64encode
from dataclasses import replace
from threading import Event
from urllib.parse import parse_qsl, quote

from hypothesis import strategies as st

from contracts.lab import Lab
from contracts.listener import Caught
from contracts.predictive_index import calls, moments, oracle, strategies
from contracts.predictive_index.oracle import Face
from contracts.predictive_index.scene import TAKER
from contracts.property import Need, contract, given
from contracts.sandbox import Sandbox
from contracts.sources import Standing
from contracts.wire import Connection

BOTH = {Need.CONTROL, Need.LISTENER}
FORM = "application/x-www-form-urlencoded"
AT = "2031-01-01T00:00:00.0000000Z"


def settled(lab: Lab, sandbox: Sandbox) -> list[Caught]:
    """The webhooks caught once all that is due now was sent and answered."""
    sandbox.advance("PT0S")
    return list(lab.listener.caught)


def deliveries(sandbox: Sandbox, id: str) -> list[Face]:
    """The deliveries of an assessment, oldest first."""
    return [one for one in sandbox.told("GET", "/deliveries") if one["invitation"] == id]


def pairs(caught: Caught) -> list[tuple[str, str]]:
    """The fields of a form, in their order."""
    return parse_qsl(caught.body.decode(), keep_blank_values=True, strict_parsing=True)


def expected(face: Face) -> list[tuple[str, str]]:
    """What the form of a completed assessment must be."""
    fields = [("assessmentId", face["assessmentId"]), ("assessmentState", "40"), ("assessmentSource", "API")]
    return fields + ([("externalId", face["externalId"])] if face["externalId"] else [])


@contract(
    "pi.webhook.told",
    "The completion is told to the assessment's own address, once, as a form, after it can be read",
    kept=("pi.create.webhook.url", "pi.create.webhook.type"),
    promises=("pi.webhook.once", "pi.webhook.form", "pi.webhook.success"),
    needs=BOTH,
    standing=Standing.ASSUMED,
)
@given(names=strategies.names, stem=st.none() | st.just("") | strategies.texts)
def told(lab: Lab, names: Face, stem: str | None) -> None:
    """A listener usually reads the assessment from within the webhook: it must find state 40 and the results. The form
    has assessmentId, assessmentState, assessmentSource, and externalId only where there is one."""
    sandbox = lab.fresh()
    body = calls.own({**names, "externalId": stem, "assessmentStatusWebHook": f"{lab.listener.url}?a=1&b=%20"})
    face = calls.made(sandbox, body)
    seen: list[Face] = []
    inside = replace(sandbox, connection=Connection(lab.target.url), undoing=[])

    def respond(caught: Caught) -> int:
        seen.append(calls.read(inside, face["assessmentId"]))
        return 200

    assert settled(lab, sandbox) == [], "something is told of a creation"
    lab.listener.respond = respond
    sandbox.act(face["assessmentId"], "complete")
    [caught] = settled(lab, sandbox)
    inside.connection.close()
    assert (caught.method, caught.path) == ("POST", "/webhook?a=1&b=%20"), f"{caught.method} {caught.path}"
    assert caught.headers["content-type"].partition(";")[0] == FORM, caught.headers["content-type"]
    assert "authorization" not in caught.headers, "nobody gave a user"
    assert pairs(caught) == expected(face), f"the form is {pairs(caught)}, not {expected(face)}"
    [read] = seen
    oracle.check_completed(read)
    sandbox.advance("P2D")
    assert len(lab.listener.caught) == 1, "what was taken is told again"


@contract(
    "pi.webhook.states",
    "Completion alone is told: no creation, change, opening, start, expiry or abortion, and no archiving",
    promises=("pi.webhook.states", "pi.webhook.once"),
    needs=BOTH,
)
@given(
    way=st.sampled_from(
        (
            ("open",),
            ("start",),
            ("expire",),
            ("abort",),
            ("open", "start", "abort"),
            (),
            ("open", "expire"),
            ("open", "start", "complete"),
            ("complete",),
        )
    ),
    change=strategies.changes,
)
def states(lab: Lab, way: tuple[str, ...], change: Face) -> None:
    """The list of triggers names 40 for behavioural assessments, and says no of 10, 20, 30, 50 and 65."""
    sandbox = lab.fresh({"default_webhook_url": lab.listener.url})
    notify = {"notifyAssessmentAvailableUsingEmail": 1}
    first = calls.made(sandbox, {**TAKER, **notify})["assessmentId"]
    second = calls.made(sandbox, TAKER)["assessmentId"]
    for action in way:
        assert settled(lab, sandbox) == [], f"something is told before {action}"
        sandbox.act(first, action)
    told = settled(lab, sandbox)
    assert [pairs(one)[:2] for one in told] == [
        [("assessmentId", first), ("assessmentState", "40")] for action in way if action == "complete"
    ], f"{way} tells {[pairs(one) for one in told]}"
    calls.changed(sandbox, first, {n: v for n, v in change.items() if n != "expirationDateTime"})
    calls.archive(sandbox, second)
    sandbox.advance("P400D")
    assert len(lab.listener.caught) == len(told), f"a change, archiving or expiry is told after {way}"


@contract(
    "pi.webhook.where",
    "The own address wins over the account's default one, which serves where there is none",
    promises=("pi.webhook.once",),
    needs=BOTH,
)
@given(
    own=st.sampled_from((None, "own")),
    default=st.sampled_from((None, "default")),
    later=st.sampled_from((None, "later")),
)
def where(lab: Lab, own: str | None, default: str | None, later: str | None) -> None:
    """An address that a change gives takes the place of the one that was there. The default is not shown."""
    address = {name: f"{lab.listener.url}?{name}" if name else None for name in (own, default, later)}
    sandbox = lab.fresh({"default_webhook_url": address[default]})
    face = calls.made(sandbox, {**TAKER, "assessmentStatusWebHook": address[own]})
    assert face["assessmentStatusWebHook"] == address[own], f"shown is {face['assessmentStatusWebHook']}"
    if later:
        calls.changed(sandbox, face["assessmentId"], {"assessmentStatusWebHook": address[later]})
    sandbox.act(face["assessmentId"], "complete")
    wanted = [f"/webhook?{name}" for name in (later or own or default,) if name]
    found = [caught.path for caught in settled(lab, sandbox)]
    assert found == wanted, f"told to {found}, not to {wanted}"


@contract(
    "pi.webhook.basic",
    "User and password in the address become Basic authentication, and leave the address",
    promises=("pi.webhook.basic",),
    needs=BOTH,
)
@given(user=strategies.texts, password=st.just("") | strategies.texts)
def basic(lab: Lab, user: str, password: str) -> None:
    """What has a meaning in an address, such as @, is percent-encoded there and must not be in the header."""
    wanted = f"{user.replace(':', '')}x:{password}"
    encoded = ":".join(quote(part, safe="") for part in wanted.split(":", 1))
    address = lab.listener.url.replace("://", f"://{encoded}@")
    face = calls.made(lab.sandbox, {**TAKER, "assessmentStatusWebHook": address})
    assert face["assessmentStatusWebHook"] == address, f"the address is shown as {face['assessmentStatusWebHook']}"
    lab.sandbox.act(face["assessmentId"], "complete")
    [caught] = settled(lab, lab.sandbox)
    credentials = b64encode(wanted.encode()).decode()
    assert caught.headers.get("authorization") == f"Basic {credentials}", f"{caught.headers.get('authorization')}"
    assert caught.path == "/webhook", f"told to {caught.path}"


@contract(
    "pi.webhook.external_id",
    "The externalId of the form is the one that the assessment has when it is completed",
    promises=("pi.webhook.form",),
    needs=BOTH,
)
@given(stem=strategies.texts)
def external_id(lab: Lab, stem: str) -> None:
    """The page says: if the caller gave one at creation or update."""
    id = calls.made(lab.sandbox, {**TAKER, "assessmentStatusWebHook": lab.listener.url})["assessmentId"]
    face = calls.changed(lab.sandbox, id, {"externalId": calls.unique(stem)})
    lab.sandbox.act(id, "complete")
    [caught] = settled(lab, lab.sandbox)
    assert pairs(caught) == expected(face), f"the form is {pairs(caught)}, not {expected(face)}"


AGAIN = (408, 429, 500, 502, 503, 504)
"""The codes after which the vendor says that it tries again."""
FINAL = (400, 401, 403, 404, 405, 409, 410, 413, 418, 422, 501, 505, 301, 302, 303, 307, 308, 300)
TAKEN = (200, 201, 202, 203, 204, 206, 299)


def _coded(caught: Caught) -> int:
    return int(caught.path.partition("?code=")[2] or 200)


@contract(
    "pi.webhook.codes",
    "Nine tries within 24 hours for 408, 429, 500, 502, 503 and 504, one for every other answer, redirects too",
    promises=("pi.webhook.tries", "pi.webhook.again", "pi.webhook.success", "pi.webhook.final", "pi.webhook.gaps"),
    needs=BOTH,
    standing=Standing.ASSUMED,
)
def codes(lab: Lab) -> None:
    """A listener that is down for a day loses a webhook; one that refuses it, or moved away, does so at once. The gaps
    begin with 5.625 minutes and double."""
    sandbox = lab.fresh()
    sandbox.freeze(AT)
    lab.listener.respond = _coded
    lab.listener.headers["Location"] = f"{lab.listener.url}/elsewhere"
    told = {}
    for code in (*AGAIN, *FINAL, *TAKEN):
        address = f"{lab.listener.url}?code={code}"
        told[code] = calls.made(sandbox, {**TAKER, "assessmentStatusWebHook": address})["assessmentId"]
        sandbox.act(told[code], "complete")
    sandbox.advance("PT24H")
    counted = [_coded(caught) for caught in lab.listener.caught]
    wrong = {code: counted.count(code) for code in told if counted.count(code) != (9 if code in AGAIN else 1)}
    assert not wrong, f"so many tries were made after these answers: {wrong}"
    assert not [one for one in lab.listener.caught if "elsewhere" in one.path], "a redirect was followed"
    for code, id in told.items():
        [delivery] = deliveries(sandbox, id)
        state = "delivered" if code in TAKEN else "failed"
        assert (delivery["state"], delivery["next"]) == (state, None), f"after {code}: {delivery}"
        check_ladder(delivery, 9 if code in AGAIN else 1)
    sandbox.advance("P30D")
    assert len(lab.listener.caught) == len(counted), "a tenth try was made"


def check_ladder(delivery: Face, tries: int, begun: str = AT) -> None:
    """So many attempts, at doubling gaps of which the first is 5.625 minutes."""
    first = moments.ticks(begun)
    wanted = [moments.written(first + 3_375_000_000 * (2**number - 1)) for number in range(tries)]
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
def recovers(lab: Lab, answers: list[int], last: int) -> None:
    """Every try is the same form; a connection that is closed without an answer counts as none (0)."""
    sandbox = lab.fresh()
    sandbox.freeze(AT)
    face = calls.made(sandbox, {**TAKER, "assessmentStatusWebHook": lab.listener.url})
    lab.listener.answers.extend((*answers, last))
    sandbox.act(face["assessmentId"], "complete")
    settled(lab, sandbox)
    assert len(lab.listener.caught) == 1, "the first try is made at once, the second is not"
    sandbox.advance("PT5M37.4999999S")
    assert len(lab.listener.caught) == 1, "the second try comes too early"
    sandbox.advance("PT0.0000001S")
    assert len(lab.listener.caught) == 2, "the second try is not made after 5.625 minutes"
    sandbox.advance("PT24H")
    assert [caught.body for caught in lab.listener.caught] == [lab.listener.caught[0].body] * (len(answers) + 1)
    [delivery] = deliveries(sandbox, face["assessmentId"])
    check_ladder(delivery, len(answers) + 1)
    assert delivery["state"] == ("failed" if last == 404 else "delivered"), delivery["state"]
    assert [attempt["status"] for attempt in delivery["attempts"]] == [answer or None for answer in (*answers, last)]


@contract(
    "pi.webhook.unanswered",
    "No answer in time, and nobody there, are tried again",
    promises=("pi.webhook.final", "pi.webhook.tries"),
    needs=BOTH,
    standing=Standing.ASSUMED,
)
def unanswered(lab: Lab) -> None:
    """408 in the vendor's list suggests that time-outs count. How long a listener may take is a setting."""
    late = Event()

    def respond(caught: Caught) -> int:
        if len(lab.listener.caught) == 1:
            late.wait(10)
        return 200

    sandbox = lab.fresh({"webhook_timeout": 0.1})
    sandbox.freeze(AT)
    lab.listener.respond = respond
    slow = calls.made(sandbox, {**TAKER, "assessmentStatusWebHook": lab.listener.url})["assessmentId"]
    sandbox.act(slow, "complete")
    settled(lab, sandbox)
    late.set()
    sandbox.config(webhook_timeout=30)
    sandbox.advance("PT24H")
    [delivery] = deliveries(sandbox, slow)
    check_ladder(delivery, 2)
    assert delivery["state"] == "delivered", delivery
    assert delivery["attempts"][0]["status"] is None
    lab.listener.close()
    gone = calls.made(sandbox, {**TAKER, "assessmentStatusWebHook": _nowhere()})["assessmentId"]
    begun = sandbox.told("GET", "/clock")["now"]
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
def replayed(lab: Lab, elsewhere: bool, first: int) -> None:
    """As a delivery of its own: what is known of the first stays."""
    sandbox = lab.fresh()
    lab.listener.answers.append(first)
    id = calls.made(sandbox, {**TAKER, "assessmentStatusWebHook": lab.listener.url})["assessmentId"]
    sandbox.act(id, "complete")
    settled(lab, sandbox)
    [before] = deliveries(sandbox, id)
    body = {"url": f"{lab.listener.url}?again"} if elsewhere else {}
    sandbox.told("POST", f"/deliveries/{before['id']}/replay", body)
    one, other = settled(lab, sandbox)
    assert (one.body, one.headers["content-type"]) == (other.body, other.headers["content-type"])
    assert other.path == ("/webhook?again" if elsewhere else "/webhook"), other.path
    kept, again = deliveries(sandbox, id)
    assert kept == before, "the first delivery has changed"
    assert (again["state"], len(again["attempts"])) == ("delivered", 1), again


PROPERTIES = (told, states, where, basic, external_id, codes, recovers, unanswered, replayed)
