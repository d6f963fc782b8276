"""Whole responses: the head and all of the body are there before the first byte is sent.

ASGI hands them over in two messages, and uvicorn looks at each header of them. A response of the vendors' is whole and
its headers are ours: it is written in one piece, with one look, which saves a read of an order a tenth of its time.
"""

import re
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from assessment_simulator.server.asgi import Headers, Send

_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")


async def respond(send: Send, status: int, headers: Headers, body: bytes) -> None:
    """Send a whole response; its length stands among the headers, unless it is one that has no body at all."""
    exchange = getattr(send, "__self__", None)
    if type(exchange) is RequestResponseCycle and _is_open(exchange):
        _write(exchange, status, headers, body)
        return
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _is_open(exchange: RequestResponseCycle) -> bool:
    """Whether a response may be written now, as it is: nobody hung up, nobody reads too slowly, nothing is left out."""
    return not (exchange.disconnected or exchange.flow.write_paused or exchange.scope["method"] == "HEAD")


def _write(exchange: Any, status: int, headers: Headers, body: bytes) -> None:
    """What uvicorn's `send` does with both messages."""
    pieces = [STATUS_LINE[status]]
    for name, value in headers:
        pieces += (name, b": ", value, b"\r\n")
    if _CONTROL.search(b" ".join([value for _, value in headers])):
        raise RuntimeError("a header has a control character in it")
    pieces += (b"\r\n", body) if exchange.keep_alive else (b"connection: close\r\n\r\n", body)
    exchange.response_started = exchange.response_complete = True
    exchange.waiting_for_100_continue = False
    exchange.transport.write(b"".join(pieces))
    exchange.message_event.set()
    if not exchange.keep_alive:
        exchange.transport.close()
    exchange.on_response()
