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
from assessment_simulator.core.decision import VendorResponse
from assessment_simulator.core.faults import BEFORE, Fault, merge_patch
from assessment_simulator.core.request import VendorRequest
from assessment_simulator.core.seeded_random import SeededRandom, seal
from assessment_simulator.core.vendor import Operation, Vendor, failure_response
from assessment_simulator.sandbox.sandbox import AtTime, Sandbox
from assessment_simulator.storage import json_codec

GARBAGE = b"<html><body><h1>This is not the answer you are looking for</h1></body></html>"
"""The body of a garbled response: such a page as a proxy puts in the place of one."""


class Abandoned(Exception):
    """The sandbox was reset, restored or deleted while the call waited: it is not answered."""


def match(sandbox: Sandbox, vendor: Vendor, ask: AtTime) -> Fault | None:
    """The fault that triggers on a call, if one does."""
    return sandbox.match_fault(vendor, ask(sandbox.now(), SeededRandom(b"", 0), 0))


async def handle(fault: Fault, sandbox: Sandbox, vendor: Vendor, operation: Operation, ask: AtTime) -> VendorResponse:
    """The vendor's response to a call on which a fault triggered; raises `Abandoned`."""

    def request() -> VendorRequest:
        secret = seal(sandbox.secret, "fault", fault.id).encode()
        return ask(sandbox.now(), SeededRandom(secret, fault.met), 0)

    def expire_token() -> None:
        if vendor.bearer_token is not None:
            sandbox.expire_token(vendor.bearer_token(request()))

    seconds = (instant.parse_duration(fault.duration or "") or 0) / instant.SECOND
    if fault.when == BEFORE:
        match fault.do:
            case "status" | "rate_limit":
                return _failure(fault, sandbox, vendor, request())
            case "delay":
                epoch = sandbox.epoch
                await asyncio.sleep(seconds)  # in real time
                if sandbox.epoch != epoch or sandbox.is_closed:
                    raise Abandoned
            case "expire_token":
                expire_token()
            case _:  # the response is worked out, corrupted or dropped, and never committed
                return sandbox.dry_run(vendor, operation, ask)
        return sandbox.handle(vendor, operation, ask)
    response = sandbox.handle(vendor, operation, ask)
    match fault.do:
        case "status" | "rate_limit":
            return _failure(fault, sandbox, vendor, request())
        case "delay":
            await asyncio.sleep(seconds)
        case "expire_token":
            expire_token()
    return response


def _failure(fault: Fault, sandbox: Sandbox, vendor: Vendor, request: VendorRequest) -> VendorResponse:
    """The vendor's own error response, whatever was requested."""
    if fault.status is not None:
        return failure_response(vendor, fault.status, request, sandbox)
    response = failure_response(vendor, 429, request, sandbox)
    others = tuple(header for header in response.headers if header[0] != "retry-after")
    return response._replace(headers=(*others, ("retry-after", str(fault.retry_after))))


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
