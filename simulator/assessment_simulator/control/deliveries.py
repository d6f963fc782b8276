"""Calls about webhooks: list and show deliveries, send one again, and test a listener."""

from collections.abc import Iterable, Iterator
from typing import Annotated, Any

from pydantic import AfterValidator, AliasPath, BeforeValidator, Field

from assessment_simulator.control.bodies import Answer, Body, Moment, WebUrl, page, values
from assessment_simulator.control.operation import ControlCall
from assessment_simulator.core import retry_schedule
from assessment_simulator.core.urls import basic_auth
from assessment_simulator.http.problem_details import Problem
from assessment_simulator.journal import search
from assessment_simulator.journal.redaction import NO_SANDBOX
from assessment_simulator.sandbox.sandbox import Sandbox
from assessment_simulator.storage import json_codec

# No vendor sends this, so a listener may well answer 400; the test shows that it answers.
TEST_BODY = b'{"type":"simulator.test"}'


def _masked(headers: Iterable[tuple[str, str]]) -> list[list[str]]:
    return [[name, NO_SANDBOX.header(name, value)] for name, value in headers]


_Headers = Annotated[list[Annotated[list[str], Field(min_length=2, max_length=2)]], BeforeValidator(_masked)]
_Url = Annotated[str, AfterValidator(NO_SANDBOX.plain)]


class Attempt(Answer):
    """One attempt to deliver."""

    number: int
    at: Moment
    status: int | None = Field(None, validation_alias=AliasPath("answer", "status"), description="of the answer")
    error: str | None = Field(description="why there is no answer")
    duration: float = Field(description="seconds")


class Sent(Answer):
    """The request. Credentials for the listener are masked; the body of the webhook is shown in full."""

    method: str = "POST"
    url: str
    headers: _Headers
    body: Annotated[str, BeforeValidator(lambda body: body.decode("utf-8", "replace"))]


class Answered(Answer):
    """The answer of the listener."""

    status: int
    headers: _Headers
    body: str


class WholeAttempt(Attempt):
    """An attempt with its request and answer."""

    request: Sent
    fault: str | None = Field(description="the fault that was injected")
    answer: Answered | None


class Delivery(Answer):
    """A webhook, pending or sent."""

    id: str
    created: Moment = Field(description="on the sandbox's clock")
    vendor: str
    invitation: str
    event: str = Field(description="the status that it announces, with its title")
    url: _Url
    state: retry_schedule.State
    next: Moment | None = Field(description="when the next attempt is due")
    attempts: tuple[Attempt, ...]


class WholeDelivery(Delivery):
    """A delivery with its requests and answers."""

    attempts: tuple[WholeAttempt, ...]


class Tried(WholeAttempt):
    """One attempt to reach a listener, outside any delivery."""

    url: _Url


class Replaying(Body):
    """`POST …/replay`."""

    url: WebUrl | None = Field(None, description="send it to this URL instead")


class Trying(Body):
    """`POST …/webhook-test`."""

    url: WebUrl | None = Field(None, description="default: the sandbox's own webhook URL")


def delivery_view(sandbox: Sandbox, delivery: retry_schedule.Delivery) -> dict[str, Any]:
    """A delivery as its models read it."""
    event, vendor = delivery.event, sandbox.vendors[delivery.event.vendor]
    return {
        "id": delivery.id, "created": delivery.created, "vendor": vendor.id, "invitation": event.invitation,
        "event": vendor.state_machine.title(vendor.webhook_status(event)), "url": event.url, "state": delivery.state,
        "next": sandbox.state.next_attempt(delivery), "attempts": delivery.attempts,
    }  # fmt: skip


async def list_deliveries(call: ControlCall) -> Iterator[dict[str, Any]]:
    """The webhooks, pending or sent, oldest first, or the newest of them."""
    found = await page(search.deliveries(call.sandbox, call.query), call.query.get("newest"))
    return (delivery_view(call.sandbox, one) for one in found)


def _found(call: ControlCall) -> retry_schedule.Delivery:
    # Not only UUIDs are read in any case: the id of a duplicate has a suffix.
    found: retry_schedule.Delivery | None = call.sandbox.state.deliveries.get(call.params["id"].lower())
    if found is None:
        raise Problem(404, f"sandbox {call.sandbox.name!r} has no delivery {call.params['id']!r}")
    return found


async def show(call: ControlCall) -> dict[str, Any]:
    """One delivery, with what was sent and answered."""
    return delivery_view(call.sandbox, _found(call))


async def replay(call: ControlCall, body: Replaying) -> dict[str, Any]:
    """Send a webhook again."""
    return delivery_view(call.sandbox, call.sandbox.replay(_found(call), body.url))


async def send_test(call: ControlCall, body: Trying) -> bytes:
    """Make one attempt to post to a listener, as a webhook would be posted; nothing is stored, and no fault applies."""
    config = call.sandbox.config
    url = body.url or config.default_webhook_url or config.webhook_url
    if url is None:
        raise Problem(409, "give a url: the sandbox has neither a default_webhook_url nor a webhook_url")
    # As in a webhook, user and password of the URL become Basic authentication.
    bare, authorization = basic_auth(url)
    headers = [("content-type", "application/json"), ("simulator-test", "1")]
    if authorization is not None:
        headers.append(("authorization", authorization))
    post, at = retry_schedule.WebhookRequest(bare, tuple(headers), TEST_BODY), call.sandbox.now()
    outcome = await call.api.webhook_client.send(post, config.webhook_timeout)
    attempt = retry_schedule.Attempt(1, at, post, outcome.answer, outcome.error, outcome.duration)
    return json_codec.dumps({"url": NO_SANDBOX.plain(url), **values(WholeAttempt, attempt)})
