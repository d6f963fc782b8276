"""Applies an injected fault to a vendor call; `core/faults.py` decides which one.

In this order: `match` finds the fault before the vendor sees the call; `handle` lets the vendor answer, as far as the
fault allows (before the commit nothing is changed, after it the answer is replaced or late); `corrupt_body` changes the
rendered body; `sent_part` says what of the response leaves, for the request journal; `respond` sends that. Faults use
their own random stream, so a call after a fault gets the ids that it would get without it.
"""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from assessment_simulator.core import instant
from assessment_simulator.core.decision import TOKEN, VendorResponse
from assessment_simulator.core.faults import BEFORE, Fault, merge_patch
from assessment_simulator.core.seeded_random import SeededRandom, seal
from assessment_simulator.core.vendor import Operation, Vendor, failure_response
from assessment_simulator.sandbox.sandbox import AtTime, Sandbox
from assessment_simulator.storage import json_codec

# The body of a garbled response: such a page as a proxy puts in the place of one.
GARBAGE = b"<html><body><h1>This is not the answer you are looking for</h1></body></html>"


class Abandoned(Exception):
    """The sandbox was reset, restored or deleted while the call waited: it is not answered."""


def match(sandbox: Sandbox, vendor: Vendor, ask: AtTime) -> Fault | None:
    """The fault that triggers on a call, if one does."""
    plan = sandbox.faults
    if plan is None:
        return None
    request = ask(sandbox.now(), SeededRandom(b"", 0), 0)
    token = vendor.bearer_token(request) if vendor.bearer_token else ""
    has_token = bool(token) and sandbox.get(TOKEN, token) is not None
    return sandbox.step(lambda: plan.on_call(vendor.id, request, sandbox.count_fault, has_token=has_token))


async def handle(fault: Fault, sandbox: Sandbox, vendor: Vendor, operation: Operation, ask: AtTime) -> VendorResponse:
    """The vendor's response to a call on which a fault triggered; raises `Abandoned`."""
    is_before = fault.when == BEFORE
    if is_before and fault.do not in ("status", "rate_limit", "delay", "expire_token"):
        # The response is worked out, corrupted or dropped, and never committed.
        return sandbox.handle(vendor, operation, ask, is_dry_run=True)
    response = None if is_before else sandbox.handle(vendor, operation, ask)
    own_random = SeededRandom(seal(sandbox.secret, "fault", fault.id).encode(), fault.met)
    match fault.do:
        case "status" | "rate_limit":
            # The vendor's own error response, whatever was requested.
            request = ask(sandbox.now(), own_random, 0)
            if fault.status is not None:
                return failure_response(vendor, fault.status, request, sandbox)
            response = failure_response(vendor, 429, request, sandbox)
            others = tuple(header for header in response.headers if header[0] != "retry-after")
            return response._replace(headers=(*others, ("retry-after", str(fault.retry_after))))
        case "delay":
            epoch = sandbox.epoch
            await asyncio.sleep((instant.parse_duration(fault.duration or "") or 0) / instant.SECOND)  # in real time
            if is_before and (sandbox.epoch != epoch or sandbox.is_closed):
                raise Abandoned
        case "expire_token":
            if vendor.bearer_token is not None:
                sandbox.expire_token(vendor.bearer_token(ask(sandbox.now(), own_random, 0)))
    return sandbox.handle(vendor, operation, ask) if response is None else response


def corrupt_body(fault: Fault, response: VendorResponse, body: bytes) -> bytes:
    """The body that is sent. Without a body there is nothing to corrupt, and only JSON can be amended."""
    if body and fault.do == "garble":
        return GARBAGE
    if fault.do == "amend" and body and response.media_type == "application/json":
        return json_codec.dumps(merge_patch(json_codec.loads(body), fault.merge))
    return body


def sent_part(fault: Fault, status: int, body: bytes) -> tuple[int | None, bytes]:
    """What of a response leaves: its status, None if nothing does, and its body."""
    if fault.do == "drop":
        return None, b""
    return status, body[: len(body) // 2] if fault.do == "cut" else body


async def respond(
    fault: Fault, send: Callable[[MutableMapping[str, Any]], Awaitable[None]], hang_up: Callable[[], None],
    status: int | None, headers: list[tuple[bytes, bytes]], part: bytes,
) -> None:  # fmt: skip
    """Send what `sent_part` returned; the headers are those of the whole response."""
    if status is not None:
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": part, "more_body": fault.do == "cut"})
    if fault.do in ("drop", "cut"):
        hang_up()
