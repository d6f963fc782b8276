"""What a fault does to a call: what the vendor gets to see of it, and what its caller gets to see of the answer."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple

from assessment_simulator.core import instant
from assessment_simulator.core.faults import BEFORE, Fault, merge_patch
from assessment_simulator.core.request import VendorRequest, VendorResponse
from assessment_simulator.core.seeded_random import SeededRandom, seal
from assessment_simulator.core.vendor import Operation, Vendor, failure_response
from assessment_simulator.http import asgi
from assessment_simulator.http.asgi import Gone, Headers, Send
from assessment_simulator.http.connection import Connection, hang_up
from assessment_simulator.sandbox.sandbox import Ask, Sandbox
from assessment_simulator.storage import json_codec

GARBAGE = b"<html><body><h1>This is not the answer you are looking for</h1></body></html>"
"""What a garbled answer says: a page such as a proxy puts in the place of an answer."""
_TOO_MANY = 429


class _Struck(NamedTuple):
    """A call and the fault that strikes it."""

    fault: Fault
    sandbox: Sandbox
    vendor: Vendor
    operation: Operation
    ask: Ask

    def call(self) -> VendorResponse:
        """Answer and commit."""
        return self.sandbox.handle(self.vendor, self.operation, self.ask)

    def sketch(self) -> VendorRequest:
        """The call with a chance of its own: what is drawn for a fault is taken from nobody."""
        secret = seal(self.sandbox.secret, "fault", self.fault.id).encode()
        return self.ask(self.sandbox.now(), SeededRandom(secret, self.fault.met), 0)


def met(sandbox: Sandbox, vendor: Vendor, ask: Ask) -> Fault | None:
    """The fault that strikes a call, if one does."""
    return sandbox.match_fault(vendor, ask(sandbox.now(), SeededRandom(b"", 0), 0))


async def answered(fault: Fault, sandbox: Sandbox, vendor: Vendor, operation: Operation, ask: Ask) -> VendorResponse:
    """Answer a call, as far as the fault that strikes it lets it be answered.

    Raises `Gone` where the sandbox was reset, restored or deleted while the call had to wait.
    """
    struck = _Struck(fault, sandbox, vendor, operation, ask)
    if fault.when == BEFORE:
        return await _BEFORE.get(fault.do, _considered)(struck)
    reply = struck.call()
    return await _AFTER[fault.do](struck, reply) if fault.do in _AFTER else reply


# Before the commit.


async def _considered(struck: _Struck) -> VendorResponse:
    """The answer without the commit."""
    return struck.sandbox.dry_run(struck.vendor, struck.operation, struck.ask)


async def _refused(struck: _Struck) -> VendorResponse:
    """The vendor's own error, whatever was asked."""
    fault, sandbox = struck.fault, struck.sandbox
    if fault.status is not None:
        return failure_response(struck.vendor, fault.status, struck.sketch(), sandbox)
    reply = failure_response(struck.vendor, _TOO_MANY, struck.sketch(), sandbox)
    others = tuple(header for header in reply.headers if header[0] != "retry-after")
    return reply._replace(headers=(*others, ("retry-after", str(fault.retry_after))))


async def _late(struck: _Struck) -> VendorResponse:
    epoch = struck.sandbox.epoch
    await _wait(struck.fault)
    if struck.sandbox.epoch != epoch or struck.sandbox.is_closed:
        raise Gone
    return struck.call()


async def _expired(struck: _Struck) -> VendorResponse:
    _expire(struck)
    return struck.call()


_BEFORE: Mapping[str, Callable[[_Struck], Awaitable[VendorResponse]]] = {
    "status": _refused,
    "rate_limit": _refused,
    "delay": _late,
    "expire_token": _expired,
}
"""How a call is answered that is struck before its commit; others are considered, not committed, and then spoilt."""


# After the commit.


async def _replaced(struck: _Struck, reply: VendorResponse) -> VendorResponse:
    return await _refused(struck)


async def _waited(struck: _Struck, reply: VendorResponse) -> VendorResponse:
    await _wait(struck.fault)
    return reply


async def _expired_since(struck: _Struck, reply: VendorResponse) -> VendorResponse:
    _expire(struck)
    return reply


_AFTER: Mapping[str, Callable[[_Struck, VendorResponse], Awaitable[VendorResponse]]] = {
    "status": _replaced,
    "rate_limit": _replaced,
    "delay": _waited,
    "expire_token": _expired_since,
}
"""What becomes of the answer to a call that is struck after its commit; others are answered as usual, and spoilt."""


async def _wait(fault: Fault) -> None:
    """Wait in real time; nobody else is held up. Raises `Gone` when the server stops meanwhile."""
    try:
        await asyncio.sleep((instant.parse_duration(fault.duration or "") or 0) / instant.SECOND)
    except asyncio.CancelledError:
        raise Gone from None


def _expire(struck: _Struck) -> None:
    if struck.vendor.bearer_token is not None:
        struck.sandbox.expire(struck.vendor.bearer_token(struck.sketch()))


# On the way out.


def spoilt(fault: Fault, reply: VendorResponse, body: bytes) -> bytes:
    """What is left of a rendered body; without a body there is nothing to spoil, and only JSON can be amended."""
    if body and fault.do == "garble":
        return GARBAGE
    if fault.do == "amend" and body and reply.media_type == "application/json":
        return json_codec.dumps(merge_patch(json_codec.loads(body), fault.merge))
    return body


def left(fault: Fault, status: int, body: bytes) -> tuple[int | None, bytes]:
    """What of an answer gets out: its status, None where there is none, and its body."""
    if fault.do == "drop":
        return None, b""
    return status, body[: len(body) // 2] if fault.do == "cut" else body


async def respond(
    fault: Fault, connection: Connection | None, send: Send, status: int, headers: Headers, body: bytes
) -> None:
    """Send an answer, or as much of it as the fault lets through."""
    if fault.do == "drop":
        hang_up(connection)
    elif fault.do == "cut":
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
        hang_up(connection)
    else:
        await asgi.respond(send, status, headers, body)
