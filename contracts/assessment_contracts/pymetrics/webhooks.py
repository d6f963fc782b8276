"""EXTENSION: the vendor documents no webhook. A sandbox with a `webhook_url` sends one for every change of status."""

import base64
import hmac
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from assessment_contracts import timestamps
from assessment_contracts.context import Context
from assessment_contracts.kit import Received
from assessment_contracts.property import given
from assessment_contracts.pymetrics import api
from assessment_contracts.pymetrics.facts import FACTS, TABLES
from assessment_contracts.pymetrics.model import MOVES
from assessment_contracts.pymetrics.strategies import ACTIONS, PLAIN, instants
from assessment_contracts.sandbox import Sandbox
from assessment_contracts.webhooks import Sender, deliveries, schedule, settled
from assessment_contracts.wire import Connection

PUBLISHED = b"simulator-webhook-secret"
"""Signs if a sandbox sets no secret of its own, so that a listener can always check."""
SECRETS: tuple[tuple[str | None, bytes], ...] = (
    (None, PUBLISHED),
    ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")),
    ("a plain secret, é", "a plain secret, é".encode()),
)
"""A secret as it is set, and its key."""


def _order(sandbox: Sandbox) -> dict[str, Any]:
    return api.order(sandbox, api.own(sandbox, PLAIN))


def check_signature(received: Received, at: str, key: bytes = PUBLISHED) -> None:
    """Assert the signature of Standard Webhooks, for the second in which the webhook was sent."""
    sent = {name: received.headers.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature")}
    second = str(int(timestamps.parsed(at).timestamp() // 1))
    assert sent["timestamp"] == second, f"webhook-timestamp is {sent['timestamp']}, not {second}"
    assert sent["id"].startswith("msg_"), f"webhook-id is {sent['id']!r}"
    code = hmac.digest(key, f"{sent['id']}.{sent['timestamp']}.".encode() + received.body, "sha256")
    signature = f"v1,{base64.b64encode(code).decode()}"
    assert sent["signature"] == signature, f"webhook-signature is {sent['signature']!r}, not {signature!r}"


SENDER = Sender("webhook_url", lambda sandbox: str(_order(sandbox)["id"]), "expire", check_signature)
contract = schedule("pymetrics.webhooks", FACTS, "webhook", SENDER)


@contract("webhook")
@given(
    initial=st.sampled_from(("Not Started", "Pending", "Accepted")),
    actions=st.lists(st.sampled_from((*ACTIONS, "read", "again")), max_size=4),
    at=instants, secret=st.sampled_from(SECRETS),
)  # fmt: skip
def every_change(context: Context, initial: str, actions: list[str], at: str, secret: tuple[str | None, bytes]) -> None:
    """Each change of status sends one webhook, in order, signed, with the order as it was then.

    A listener that keeps what it receives knows every order. A creation, a repeated request, a list and a refused
    action change no status, so they send none.
    """
    behaviour = {"pymetrics.initial_status": initial}
    sandbox = SENDER.open(context, at, webhook_secret=secret[0], behaviour=behaviour)
    made, status, sent = _order(sandbox), initial, list[str]()
    for action in actions:
        way = _way(status, action)
        _act(sandbox, made, action)
        sent += way
        status = sent[-1] if way else status
        received = settled(context, sandbox)
        assert [one.json["data"]["status"] for one in received] == sent, f"webhooks after {action} of {status}"
        if way:
            timestamp = timestamps.six_decimals(timestamps.parsed(at))
            wanted = {"type": "order.status_changed", "timestamp": timestamp, "data": api.look(sandbox, made)}
            api.same(received[-1].json, wanted, f"the webhook of {action}")
    for one in settled(context, sandbox):
        assert (one.method, one.headers.get("content-type")) == ("POST", "application/json")
        TABLES.check(one.json, "webhook")
        check_signature(one, at, secret[1])
    assert len({one.headers["webhook-id"] for one in context.listener.received}) == len(sent), "two changes share an id"
    assert [one["state"] for one in deliveries(sandbox)] == ["delivered"] * len(sent)


def _way(status: str, action: str) -> list[str]:
    """The statuses that this leads through."""
    if action == "read":
        return ["Fulfilled"] if status == "Completed" else []
    return [*MOVES[status].get(action, ())]


def _act(sandbox: Sandbox, made: dict[str, Any], action: str) -> None:
    """Do something that may or may not be possible."""
    if action == "read":
        api.read(sandbox, made["id"])
    elif action == "again":
        asked = {name: made[name] for name in ("candidate", "assessment_id", "application_id")}
        api.expected(api.ask(sandbox, asked), 200)
    else:
        sandbox.control("POST", f"/invitations/{made['id']}/{action}")


@contract("webhook", examples=0.7)
@given(action=st.sampled_from(("start", "reject", "expire", "complete", "read")), by=st.sampled_from(("get", "list")))
def after_the_commit(context: Context, action: str, by: str) -> None:
    """A listener that reads the order from within a webhook finds it as the webhook says.

    A webhook that is sent before the change is saved would show it the old one. The server responds meanwhile.
    """
    sandbox, seen = SENDER.open(context), list[tuple[Any, Any]]()
    made = _order(sandbox)
    for step in {"complete": ["start"], "read": ["complete"]}.get(action, []):
        _act(sandbox, made, step)
    settled(context, sandbox)
    context.listener.clear()
    inside = replace(sandbox, connection=Connection(context.target.url))

    def respond(received: Received) -> int:
        found = api.look(inside, made) if by == "list" else api.read(inside, made["id"])
        seen.append((received.json["data"], found))
        return 200

    context.listener.answers = respond
    _act(sandbox, made, action)
    settled(context, sandbox)
    inside.connection.close()
    fulfils = by == "get" and action == "complete"
    assert len(seen) == 1 + fulfils, f"{len(seen)} webhooks were received after {action}"
    sent, found = seen[0]
    assert sent["status"] != made["status"], "the webhook shows no change"
    api.same(found, {**sent, "status": "Fulfilled"} if fulfils else sent, "what a listener reads")


PROPERTIES = contract.properties
