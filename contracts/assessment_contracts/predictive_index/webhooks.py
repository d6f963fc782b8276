"""The webhook: one form, posted when the assessment is complete, to its own URL or the account's."""

from base64 import b64encode
from dataclasses import replace
from urllib.parse import parse_qsl, quote

from hypothesis import strategies as st

from assessment_contracts.context import Context
from assessment_contracts.kit import Received
from assessment_contracts.predictive_index import calls, oracle, strategies
from assessment_contracts.predictive_index.facts import FACTS
from assessment_contracts.predictive_index.oracle import Face
from assessment_contracts.predictive_index.strategies import TAKER
from assessment_contracts.property import given
from assessment_contracts.registry import ASSUMED
from assessment_contracts.webhooks import Sender, deliveries, schedule, settled
from assessment_contracts.wire import Connection

FORM = "application/x-www-form-urlencoded"


def _check_form(received: Received, at: str) -> None:
    assert received.headers["content-type"].partition(";")[0] == FORM, received.headers["content-type"]


SENDER = Sender(
    "default_webhook_url", lambda sandbox: str(calls.made(sandbox, TAKER)["assessmentId"]), "complete", _check_form
)
contract = schedule(
    "pi.webhook", FACTS, "webhook.tries webhook.again webhook.success webhook.final webhook.gaps", SENDER
)


def pairs(received: Received) -> list[tuple[str, str]]:
    """The fields of a form, in their order."""
    return parse_qsl(received.body.decode(), keep_blank_values=True, strict_parsing=True)


def expected(face: Face) -> list[tuple[str, str]]:
    """What the form of a completed assessment must be."""
    fields = [("assessmentId", face["assessmentId"]), ("assessmentState", "40"), ("assessmentSource", "API")]
    return fields + ([("externalId", face["externalId"])] if face["externalId"] else [])


@contract("webhook.once webhook.form webhook.success", standing=ASSUMED)
@given(names=strategies.names, stem=st.none() | st.just("") | strategies.texts)
def told(context: Context, names: Face, stem: str | None) -> None:
    """Completion sends one webhook to the assessment's own URL, as a form, after it can be read.

    A listener that reads the assessment from within the webhook must find state 40 and the results. The form has
    assessmentId, assessmentState, assessmentSource, and externalId if there is one.
    """
    sandbox = context.fresh()
    body = calls.own({**names, "externalId": stem, "assessmentStatusWebHook": f"{context.listener.url}?a=1&b=%20"})
    face = calls.made(sandbox, body)
    seen: list[Face] = []
    inside = replace(sandbox, connection=Connection(context.target.url))

    def respond(received: Received) -> int:
        seen.append(calls.read(inside, face["assessmentId"]))
        return 200

    assert settled(context, sandbox) == [], "a creation sent a webhook"
    context.listener.answers = respond
    sandbox.act(face["assessmentId"], "complete")
    [received] = settled(context, sandbox)
    inside.connection.close()
    assert (received.method, received.path) == ("POST", "/webhook?a=1&b=%20"), f"{received.method} {received.path}"
    assert received.headers["content-type"].partition(";")[0] == FORM, received.headers["content-type"]
    assert "authorization" not in received.headers, "there is an Authorization without a user in the URL"
    assert pairs(received) == expected(face), f"the form is {pairs(received)}, not {expected(face)}"
    [read] = seen
    oracle.check_completed(read)
    sandbox.advance("P2D")
    assert len(context.listener.received) == 1, "a webhook that was accepted is sent again"


@contract("webhook.basic")
@given(user=strategies.texts, password=st.sampled_from(("", "a:b", ":", "p::w:")) | strategies.texts, raw=st.booleans())
def basic(context: Context, user: str, password: str, raw: bool) -> None:
    """User and password in the URL become Basic authentication, and are removed from the URL.

    Percent-encoded characters are decoded. Only the first colon separates, so a password may contain colons (`raw`).
    """
    sandbox = context.fresh()
    wanted = f"{user.replace(':', '')}x:{password}"
    encoded = ":".join(quote(part, safe=":" if raw else "") for part in wanted.split(":", 1))
    address = context.listener.url.replace("://", f"://{encoded}@")
    face = calls.made(sandbox, {**TAKER, "assessmentStatusWebHook": address})
    assert face["assessmentStatusWebHook"] == address, f"the address is shown as {face['assessmentStatusWebHook']}"
    sandbox.act(face["assessmentId"], "complete")
    [received] = settled(context, sandbox)
    credentials = b64encode(wanted.encode()).decode()
    assert received.headers.get("authorization") == f"Basic {credentials}", f"{received.headers.get('authorization')}"
    assert received.path == "/webhook", f"sent to {received.path}"
    [delivery] = deliveries(sandbox, face["assessmentId"])
    [attempt] = sandbox.control_json("GET", f"/deliveries/{delivery['id']}")["attempts"]
    assert attempt["request"]["url"] == context.listener.url, (
        "user and password are still in the address that was called"
    )


@contract("webhook.form")
@given(stem=strategies.texts)
def external_id(context: Context, stem: str) -> None:
    """The form has the externalId that the assessment has when it is completed.

    The page says: if the caller gave one at creation or update.
    """
    id = calls.made(context.sandbox, {**TAKER, "assessmentStatusWebHook": context.listener.url})["assessmentId"]
    face = calls.changed(context.sandbox, id, {"externalId": calls.unique(stem)})
    context.sandbox.act(id, "complete")
    [received] = settled(context, context.sandbox)
    assert pairs(received) == expected(face), f"the form is {pairs(received)}, not {expected(face)}"


PROPERTIES = contract.properties
