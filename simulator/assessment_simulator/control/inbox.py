"""`/catch/{name}`: a built-in receiver for webhooks, so that a demo needs no listener of its own."""

import re
from typing import Any

from starlette.responses import Response

from assessment_simulator.control.operation import ControlCall
from assessment_simulator.control.query_parameters import Parameter
from assessment_simulator.core import instant
from assessment_simulator.core.schema import integer
from assessment_simulator.http.asgi import named_headers
from assessment_simulator.journal.redaction import Mask
from assessment_simulator.journal.views import message_view
from assessment_simulator.sandbox.watchers import CAUGHT
from assessment_simulator.webhooks.inbox import Inbox


def _status(value: str) -> int:
    if not re.fullmatch("[2-5][0-9]{2}", value):
        raise ValueError("must be a number from 200 to 599")
    return int(value)


_SHAPE = integer("the status to answer with, in place of 200", minimum=200, maximum=599)
# The schema stops at 599 as HTTP does; 1xx would not end the exchange.
STATUS = {"status": Parameter(_SHAPE, _status)}


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
    mask, views = Mask(call.sandbox.name), []
    for webhook in reversed(_inbox(call).webhooks):
        message = message_view(mask.headers(webhook.headers), webhook.body, mask)
        views.append({**webhook._asdict(), "at": instant.seven_digits(webhook.at), **message})
    return views


async def clear(call: ControlCall) -> None:
    """Delete the received webhooks."""
    _inbox(call).webhooks.clear()
    call.sandbox.publish(CAUGHT)
