"""Whole responses: the head and all of the body are there before the first byte is sent.

ASGI hands them over in two messages, and uvicorn looks at each header of them. A response of the vendors' is whole and
its headers are ours: it is written in one piece, with one look, which saves a read of an order a tenth of its time.
"""

from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from assessment_simulator.server.asgi import Headers, Send

_PRINTABLE = bytes(octet for octet in range(256) if octet == 9 or (octet >= 32 and octet != 127))
"""All octets but control characters; the tab is allowed in a header."""


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
    head = b"".join([b"%b: %b\r\n" % header for header in headers])
    if len(head.translate(None, _PRINTABLE)) != 2 * len(headers):  # each header has one line end
        raise RuntimeError("a header has a control character in it")
    end = b"\r\n" if exchange.keep_alive else b"connection: close\r\n\r\n"
    exchange.response_started = exchange.response_complete = True
    exchange.waiting_for_100_continue = False
    exchange.transport.write(b"".join((STATUS_LINE[status], head, end, body)))
    exchange.message_event.set()
    if not exchange.keep_alive:
        exchange.transport.close()
    exchange.on_response()
