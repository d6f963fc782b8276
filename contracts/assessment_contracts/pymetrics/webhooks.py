"""EXTENSION: the vendor documents no webhook. A sandbox that sets `webhook_url` is told of every change of status."""

import base64
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import strategies as st

from assessment_contracts.context import Context
from assessment_contracts.kit import Received
from assessment_contracts.property import Need, Property, contract, given
from assessment_contracts.pymetrics import api, shapes
from assessment_contracts.pymetrics.oracle import MOVES
from assessment_contracts.pymetrics.strategies import ACTIONS, PLAIN, instants
from assessment_contracts.sandbox import Sandbox
from assessment_contracts.sources import Standing
from assessment_contracts.wire import Connection

NEEDS = {Need.CONTROL, Need.LISTENER}
PROMISES = ("pymetrics.webhook",)
PUBLISHED = b"simulator-webhook-secret"
"""Signs where a sandbox sets no secret of its own, so that a listener can always check."""
SECRETS: tuple[tuple[str | None, bytes], ...] = (
    (None, PUBLISHED),
    ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")),
    ("a plain secret, é", "a plain secret, é".encode()),
)
"""A secret as it is set, and the key behind it."""


@dataclass
class Desk:
    """A sandbox of this example alone, its clock standing, whose webhooks the context's listener catches."""

    context: Context
    at: str
    config: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.sandbox: Sandbox = self.context.fresh({"webhook_url": self.context.listener.url, **self.config})
        self.sandbox.freeze(self.at)

    def order(self) -> dict[str, Any]:
        """A new order."""
        return api.order(self.sandbox, api.own(self.sandbox, PLAIN))

    def settle(self) -> list[Received]:
        """Wait until all that is due was sent and answered; gives all webhooks so far."""
        self.sandbox.advance("PT0S")
        return list(self.context.listener.received)

    def deliveries(self) -> list[dict[str, Any]]:
        """What was or is to be sent, oldest first."""
        told: list[dict[str, Any]] = self.sandbox.control_json("GET", "/deliveries")
        return told


def signed(caught: Received, key: bytes, at: str) -> None:
    """The webhook is signed as Standard Webhooks says, for the second in which it was sent."""
    moment = shapes.moment(at)
    sent = {name: caught.headers.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature")}
    second = str(int(moment.timestamp() // 1))
    assert sent["timestamp"] == second, f"webhook-timestamp is {sent['timestamp']}, not {second}"
    assert sent["id"].startswith("msg_"), f"webhook-id is {sent['id']!r}"
    code = hmac.digest(key, f"{sent['id']}.{sent['timestamp']}.".encode() + caught.body, "sha256")
    right = f"v1,{base64.b64encode(code).decode()}"
    assert sent["signature"] == right, f"webhook-signature is {sent['signature']!r}, not {right!r}"


@contract(
    "pymetrics.webhooks.every_change",
    "Each change of status is told once, in order, signed, as the order was then",
    promises=PROMISES,
    standing=Standing.ASSUMED,
    needs=NEEDS,
)
@given(
    initial=st.sampled_from(("Not Started", "Pending", "Accepted")),
    actions=st.lists(st.sampled_from((*ACTIONS, "read", "again")), max_size=4),
    at=instants, secret=st.sampled_from(SECRETS),
)  # fmt: skip
def every_change(context: Context, initial: str, actions: list[str], at: str, secret: tuple[str | None, bytes]) -> None:
    """A listener that keeps what it is told knows every order: nothing is left out, told twice, or told in advance.

    Making an order, asking again, listing and refused actions change no status, so they are not told.
    """
    behaviour = {"pymetrics.initial_status": initial}
    desk = Desk(context, at, {"webhook_secret": secret[0], "behaviour": behaviour})
    made = desk.order()
    told, status, shown = list[str](), initial, made
    for action in actions:
        way = _way(status, action)
        done(desk.sandbox, made, action)
        told += way
        status = told[-1] if way else status
        caught = desk.settle()
        assert [one.json["data"]["status"] for one in caught] == told, f"told after {action} of {status}"
        shown = api.look(desk.sandbox, made)
        if way:
            api.same(caught[-1].json, _body(shown, at), f"the webhook of {action}")
    for one in desk.settle():
        assert (one.method, one.headers.get("content-type")) == ("POST", "application/json")
        shapes.WEBHOOK(one.json, "the webhook")
        signed(one, secret[1], at)
    assert len({one.headers["webhook-id"] for one in context.listener.received}) == len(told), "two changes share an id"
    assert [one["state"] for one in desk.deliveries()] == ["delivered"] * len(told)


def _body(shown: dict[str, Any], at: str) -> dict[str, Any]:
    return {"type": "order.status_changed", "timestamp": shapes.written(shapes.moment(at)), "data": shown}


def _way(status: str, action: str) -> list[str]:
    """The statuses that this leads through."""
    if action == "read":
        return ["Fulfilled"] if status == "Completed" else []
    return [*MOVES[status].get(action, ())]


def done(sandbox: Sandbox, made: dict[str, Any], action: str) -> None:
    """Do something that may or may not be possible."""
    if action == "read":
        api.read(sandbox, made["id"])
    elif action == "again":
        asked = {name: made[name] for name in ("candidate", "assessment_id", "application_id")}
        api.expected(api.ask(sandbox, asked), 200)
    else:
        sandbox.control("POST", f"/invitations/{made['id']}/{action}")


@contract(
    "pymetrics.webhooks.after_the_commit",
    "Whoever reads the order from within a webhook finds it as the webhook says",
    promises=PROMISES,
    standing=Standing.ASSUMED,
    needs=NEEDS,
    examples=0.7,
)
@given(action=st.sampled_from(("start", "reject", "expire", "complete", "read")), by=st.sampled_from(("get", "list")))
def after_the_commit(context: Context, action: str, by: str) -> None:
    """A listener usually reads the order at once; a notice sent before the change is saved would show it the old one.

    The server answers meanwhile: a listener that calls back while it is waited for must not be left hanging.
    """
    desk, seen = Desk(context, "2026-01-01T00:00:00Z"), list[tuple[Any, Any]]()
    made = desk.order()
    before = {"complete": ["start"], "read": ["complete"]}.get(action, [])
    for step in before:
        done(desk.sandbox, made, step)
    desk.settle()
    context.listener.clear()
    apart = replace(desk.sandbox, connection=Connection(context.target.url))
    look: Callable[[], Any] = lambda: api.look(apart, made) if by == "list" else api.read(apart, made["id"])  # noqa: E731

    def respond(caught: Received) -> int:
        seen.append((caught.json["data"], look()))
        return 200

    context.listener.answers = respond
    done(desk.sandbox, made, action)
    desk.settle()
    apart.connection.close()
    fulfils = by == "get" and action == "complete"
    assert len(seen) == 1 + fulfils, f"{len(seen)} webhooks were answered after {action}"
    told, found = seen[0]
    assert told["status"] != made["status"], "the webhook tells of no change"
    api.same(found, {**told, "status": "Fulfilled"} if fulfils else told, "what a listener reads")


@contract(
    "pymetrics.webhooks.in_order",
    "A later change of an order waits until the earlier one was taken; another order's does not",
    promises=PROMISES,
    standing=Standing.ASSUMED,
    needs=NEEDS,
    examples=0.5,
)
@given(failures=st.integers(1, 3), action=st.sampled_from(("complete", "expire")))
def in_order(context: Context, failures: int, action: str) -> None:
    """Told out of order, a listener would think an order running that is over."""
    desk = Desk(context, "2026-01-01T00:00:00Z")
    slow, other = desk.order(), desk.order()
    context.listener.answers = [503]
    done(desk.sandbox, slow, "start")
    desk.settle()
    done(desk.sandbox, slow, action)
    assert len(desk.settle()) == 1, "the later change did not wait"
    context.listener.answers = [200, *[503] * (failures - 1), 200]
    done(desk.sandbox, other, "reject")
    assert [one.json["data"]["id"] for one in desk.settle()] == [slow["id"], other["id"]], "the other order waited too"
    desk.sandbox.advance("P1D")
    told = [one.json["data"]["status"] for one in context.listener.received if one.json["data"]["id"] == slow["id"]]
    assert told == ["In Progress"] * (failures + 1) + [MOVES["In Progress"][action][-1]], told


@contract(
    "pymetrics.webhooks.replayed",
    "A replay sends the same notice again, as a delivery of its own, also to another address",
    promises=PROMISES,
    standing=Standing.ASSUMED,
    needs=NEEDS,
    examples=0.5,
)
@given(status=st.sampled_from((200, 400)), tail=st.sampled_from((None, "/elsewhere?a=b")), times=st.integers(1, 2))
def replayed(context: Context, status: int, tail: str | None, times: int) -> None:
    """By its webhook-id a listener knows that it was told before; content and id are the ones of then."""
    desk = Desk(context, "2026-01-01T00:00:00Z")
    made = desk.order()
    context.listener.answers = [status, 200]
    done(desk.sandbox, made, "start")
    (first,) = desk.settle()
    done(desk.sandbox, made, "expire")
    id = desk.deliveries()[0]["id"]
    desk.sandbox.advance("PT1H")
    for number in range(times):
        body = {"url": context.listener.url + tail} if tail else {}
        desk.sandbox.control_json("POST", f"/deliveries/{id}/replay", body)
        caught = desk.settle()
        assert len(caught) == 3 + number, f"{len(caught)} webhooks after {number + 1} replays"
        assert (caught[-1].body, caught[-1].headers["webhook-id"]) == (first.body, first.headers["webhook-id"])
        assert caught[-1].path == first.path + (tail or "")
        signed(caught[-1], PUBLISHED, "2026-01-01T01:00:00Z")
    states = [one["state"] for one in desk.deliveries()]
    assert states == ["delivered" if status == 200 else "failed", *["delivered"] * (times + 1)]


@contract(
    "pymetrics.webhooks.off",
    "Nothing is sent or kept to be sent where a sandbox sets no address",
    promises=PROMISES,
    standing=Standing.ASSUMED,
    needs=NEEDS,
    examples=0.35,
)
@given(actions=st.lists(st.sampled_from(("accept", "start", "complete", "read")), min_size=1, max_size=3))
def off(context: Context, actions: list[str]) -> None:
    """The vendor has no webhook, so none comes unless it is asked for, and none that was missed comes later."""
    desk = Desk(context, "2026-01-01T00:00:00Z", {"webhook_url": None})
    made = desk.order()
    for action in actions:
        done(desk.sandbox, made, action)
    assert desk.deliveries() == []
    desk.sandbox.config(webhook_url=context.listener.url)
    desk.sandbox.advance("P1D")
    assert context.listener.received == [], "what happened before was told after all"


PROPERTIES: tuple[Property, ...] = (
    every_change, after_the_commit, in_order, replayed, off,
)  # fmt: skip
