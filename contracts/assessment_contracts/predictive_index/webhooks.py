"""The webhook: one form, posted once the assessment is complete, to whoever is to be told. See also `retries`.

`advance` waits for the listener's answers, so that what was caught by then is all that came. Addresses carry a query,
by which the listener tells them apart.
"""

from base64 import b64encode
from dataclasses import replace
from urllib.parse import parse_qsl, quote

from hypothesis import strategies as st

from assessment_contracts.context import Context
from assessment_contracts.kit import Received
from assessment_contracts.predictive_index import calls, oracle, strategies
from assessment_contracts.predictive_index.oracle import Face
from assessment_contracts.predictive_index.scene import TAKER
from assessment_contracts.property import Need, contract, given
from assessment_contracts.sandbox import Sandbox
from assessment_contracts.sources import Standing
from assessment_contracts.wire import Connection

BOTH = {Need.CONTROL, Need.LISTENER}
FORM = "application/x-www-form-urlencoded"


def settled(context: Context, sandbox: Sandbox) -> list[Received]:
    """The webhooks caught once all that is due now was sent and answered."""
    sandbox.advance("PT0S")
    return list(context.listener.received)


def deliveries(sandbox: Sandbox, id: str) -> list[Face]:
    """The deliveries of an assessment, oldest first."""
    return [one for one in sandbox.control_json("GET", "/deliveries") if one["invitation"] == id]


def pairs(caught: Received) -> list[tuple[str, str]]:
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
def told(context: Context, names: Face, stem: str | None) -> None:
    """A listener usually reads the assessment from within the webhook: it must find state 40 and the results. The form
    has assessmentId, assessmentState, assessmentSource, and externalId only where there is one."""
    sandbox = context.fresh()
    body = calls.own({**names, "externalId": stem, "assessmentStatusWebHook": f"{context.listener.url}?a=1&b=%20"})
    face = calls.made(sandbox, body)
    seen: list[Face] = []
    inside = replace(sandbox, connection=Connection(context.target.url))

    def respond(caught: Received) -> int:
        seen.append(calls.read(inside, face["assessmentId"]))
        return 200

    assert settled(context, sandbox) == [], "something is told of a creation"
    context.listener.answers = respond
    sandbox.act(face["assessmentId"], "complete")
    [caught] = settled(context, sandbox)
    inside.connection.close()
    assert (caught.method, caught.path) == ("POST", "/webhook?a=1&b=%20"), f"{caught.method} {caught.path}"
    assert caught.headers["content-type"].partition(";")[0] == FORM, caught.headers["content-type"]
    assert "authorization" not in caught.headers, "nobody gave a user"
    assert pairs(caught) == expected(face), f"the form is {pairs(caught)}, not {expected(face)}"
    [read] = seen
    oracle.check_completed(read)
    sandbox.advance("P2D")
    assert len(context.listener.received) == 1, "what was taken is told again"


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
def states(context: Context, way: tuple[str, ...], change: Face) -> None:
    """The list of triggers names 40 for behavioural assessments, and says no of 10, 20, 30, 50 and 65."""
    sandbox = context.fresh({"default_webhook_url": context.listener.url})
    notify = {"notifyAssessmentAvailableUsingEmail": 1}
    first = calls.made(sandbox, {**TAKER, **notify})["assessmentId"]
    second = calls.made(sandbox, TAKER)["assessmentId"]
    for action in way:
        assert settled(context, sandbox) == [], f"something is told before {action}"
        sandbox.act(first, action)
    told = settled(context, sandbox)
    assert [pairs(one)[:2] for one in told] == [
        [("assessmentId", first), ("assessmentState", "40")] for action in way if action == "complete"
    ], f"{way} tells {[pairs(one) for one in told]}"
    if way and way[-1] in ("complete", "expire", "abort"):
        assert sandbox.control("POST", f"/invitations/{first}/complete").status == 409
    calls.changed(sandbox, first, {n: v for n, v in change.items() if n != "expirationDateTime"})
    calls.archive(sandbox, second)
    sandbox.advance("P400D")
    assert len(context.listener.received) == len(told), f"a change, archiving or expiry is told after {way}"


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
def where(context: Context, own: str | None, default: str | None, later: str | None) -> None:
    """An address that a change gives takes the place of the one that was there. The default is not shown."""
    address = {name: f"{context.listener.url}?{name}" if name else None for name in (own, default, later)}
    sandbox = context.fresh({"default_webhook_url": address[default]})
    face = calls.made(sandbox, {**TAKER, "assessmentStatusWebHook": address[own]})
    assert face["assessmentStatusWebHook"] == address[own], f"shown is {face['assessmentStatusWebHook']}"
    if later:
        calls.changed(sandbox, face["assessmentId"], {"assessmentStatusWebHook": address[later]})
    sandbox.act(face["assessmentId"], "complete")
    wanted = [f"/webhook?{name}" for name in (later or own or default,) if name]
    found = [caught.path for caught in settled(context, sandbox)]
    assert found == wanted, f"told to {found}, not to {wanted}"


@contract(
    "pi.webhook.basic",
    "User and password in the address become Basic authentication, and leave the address",
    promises=("pi.webhook.basic",),
    needs=BOTH,
)
@given(user=strategies.texts, password=st.sampled_from(("", "a:b", ":", "p::w:")) | strategies.texts, raw=st.booleans())
def basic(context: Context, user: str, password: str, raw: bool) -> None:
    """What has a meaning in an address, such as @, is percent-encoded there and must not be in the header. Only the
    first colon separates, so a password may hold colons as they are (`raw`)."""
    sandbox = context.fresh()
    wanted = f"{user.replace(':', '')}x:{password}"
    encoded = ":".join(quote(part, safe=":" if raw else "") for part in wanted.split(":", 1))
    address = context.listener.url.replace("://", f"://{encoded}@")
    face = calls.made(sandbox, {**TAKER, "assessmentStatusWebHook": address})
    assert face["assessmentStatusWebHook"] == address, f"the address is shown as {face['assessmentStatusWebHook']}"
    sandbox.act(face["assessmentId"], "complete")
    [caught] = settled(context, sandbox)
    credentials = b64encode(wanted.encode()).decode()
    assert caught.headers.get("authorization") == f"Basic {credentials}", f"{caught.headers.get('authorization')}"
    assert caught.path == "/webhook", f"told to {caught.path}"
    [delivery] = deliveries(sandbox, face["assessmentId"])
    [attempt] = sandbox.control_json("GET", f"/deliveries/{delivery['id']}")["attempts"]
    assert attempt["request"]["url"] == context.listener.url, (
        "user and password are still in the address that was called"
    )


@contract(
    "pi.webhook.external_id",
    "The externalId of the form is the one that the assessment has when it is completed",
    promises=("pi.webhook.form",),
    needs=BOTH,
)
@given(stem=strategies.texts)
def external_id(context: Context, stem: str) -> None:
    """The page says: if the caller gave one at creation or update."""
    id = calls.made(context.sandbox, {**TAKER, "assessmentStatusWebHook": context.listener.url})["assessmentId"]
    face = calls.changed(context.sandbox, id, {"externalId": calls.unique(stem)})
    context.sandbox.act(id, "complete")
    [caught] = settled(context, context.sandbox)
    assert pairs(caught) == expected(face), f"the form is {pairs(caught)}, not {expected(face)}"


PROPERTIES = (told, states, where, basic, external_id)
