"""`/catch/{name}`: a built-in receiver for webhooks, so that a demo needs no listener of its own."""

from typing import Any

from pydantic import Field
from starlette.responses import Response

from assessment_simulator.control.bodies import Answer, Moment
from assessment_simulator.control.journal import Parsed
from assessment_simulator.control.operation import ControlCall, Parameter
from assessment_simulator.core.schema import integer
from assessment_simulator.http.asgi import named_headers
from assessment_simulator.journal.redaction import Mask
from assessment_simulator.journal.search import invitation_in
from assessment_simulator.journal.views import message_view
from assessment_simulator.sandbox.watchers import CAUGHT
from assessment_simulator.webhooks.inbox import Inbox

# HTTP ends at 599; a 1xx would not end the exchange.
STATUS = {"status": Parameter(integer("the status to answer with, in place of 200", minimum=200, maximum=599), int)}


class Caught(Answer):
    """A webhook that the built-in receiver got."""

    id: str
    at: Moment = Field(description="on the sandbox's clock")
    headers: dict[str, str]
    body: Parsed
    invitation: str | None = Field(description="the one that its body names")
    status: int = Field(description="the status of the answer")


def _inbox(call: ControlCall) -> Inbox:
    sandbox, inboxes = call.sandbox, call.api.inboxes
    inbox = inboxes.get(sandbox)
    if inbox is None or inbox.generation != sandbox.generation:  # a reset empties it
        inbox = inboxes[sandbox] = Inbox(sandbox.generation)
    return inbox


async def receive(call: ControlCall) -> Response:
    """Keep a webhook, and answer with 200 or the status in the address."""
    status = call.query.get("status", 200)
    headers, body = named_headers(call.request.scope), call.request.state.body
    call.sandbox.publish(CAUGHT, _inbox(call).add(call.sandbox.now(), headers, body, status))
    return Response(status_code=status)


async def list_webhooks(call: ControlCall) -> list[dict[str, Any]]:
    """The received webhooks, newest first, secrets masked."""
    mask = Mask(call.sandbox.name)
    return [
        {
            **webhook._asdict(),
            **message_view(mask.headers(webhook.headers), webhook.body, mask),
            "invitation": invitation_in(call.sandbox, webhook.body),
        }
        for webhook in reversed(_inbox(call).webhooks)
    ]


async def clear(call: ControlCall) -> None:
    """Delete the received webhooks."""
    _inbox(call).webhooks.clear()
    call.sandbox.publish(CAUGHT)
