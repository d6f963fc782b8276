"""Calls about webhooks: list and show deliveries, send one again, and test a listener."""

from collections.abc import Iterator
from typing import Any

from assessment_simulator.control.bodies import values
from assessment_simulator.control.models.deliveries import Replaying, Trying, WholeAttempt
from assessment_simulator.control.operation import ControlCall
from assessment_simulator.control.query_parameters import one_of, page
from assessment_simulator.core.retry_schedule import Attempt, Delivery, WebhookRequest
from assessment_simulator.core.urls import basic_auth
from assessment_simulator.http.problem_details import Problem
from assessment_simulator.journal import search
from assessment_simulator.journal.redaction import NO_SANDBOX
from assessment_simulator.sandbox.state import State
from assessment_simulator.storage import json_codec

STATE = {"state": one_of("only those in this state", ("pending", "delivered", "failed"))}
TEST_BODY = b'{"type":"simulator.test"}'
"""No vendor sends this, so a listener may well answer 400; the test shows that it answers."""


def delivery_view(state: State, delivery: Delivery) -> dict[str, Any]:
    """A delivery as its models read it."""
    return {
        "id": delivery.id, "invitation": delivery.event.invitation, "url": delivery.event.url,
        "state": delivery.state, "next": state.next_attempt(delivery), "attempts": delivery.attempts,
    }  # fmt: skip


async def list_deliveries(call: ControlCall) -> Iterator[dict[str, Any]]:
    """The webhooks, pending or sent, oldest first, or the newest of them."""
    found = await page(search.deliveries(call.sandbox, call.query), call.query.get("newest"))
    return (delivery_view(call.sandbox.state, one) for one in found)


async def show(call: ControlCall) -> dict[str, Any]:
    """One delivery, with what was sent and answered."""
    return delivery_view(call.sandbox.state, _found(call))


async def replay(call: ControlCall, body: Replaying) -> dict[str, Any]:
    """Send a webhook again."""
    return delivery_view(call.sandbox.state, call.sandbox.replay(_found(call), body.url))


def _found(call: ControlCall) -> Delivery:
    # Not only UUIDs are read in any case: the id of a duplicate has a suffix.
    found: Delivery | None = call.sandbox.state.deliveries.get(call.params["id"].lower())
    if found is None:
        raise Problem(404, f"sandbox {call.sandbox.name!r} has no delivery {call.params['id']!r}")
    return found


async def send_test(call: ControlCall, body: Trying) -> bytes:
    """Make one attempt to post to a listener, as a webhook would be posted; nothing is stored, and no fault applies."""
    config = call.sandbox.config
    url = body.url or config.default_webhook_url or config.webhook_url
    if url is None:
        raise Problem(409, "give a url: the sandbox has neither a default_webhook_url nor a webhook_url")
    bare, authorization = basic_auth(url)
    # As in a webhook, user and password of the URL become Basic authentication.
    headers = [("content-type", "application/json"), ("simulator-test", "1")]
    if authorization is not None:
        headers.append(("authorization", authorization))
    post, at = WebhookRequest(bare, tuple(headers), TEST_BODY), call.sandbox.now()
    outcome = await call.api.webhook_client.send(post, config.webhook_timeout)
    attempt = Attempt(1, at, post, outcome.answer, outcome.error, outcome.duration)
    return json_codec.dumps({"url": NO_SANDBOX.plain(url), **values(WholeAttempt, attempt)})
