"""The few words of ASGI that the door and the control API share."""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, NamedTuple

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

LARGEST_BODY = 1_048_576
"""So many bytes a request's body may have: 1 MiB."""

PLAIN_BODY = "send the body as it is, without compression"

_HEADERS = "simulator.headers"
"""Where `named_headers` keeps its answer in a scope."""

FOREIGN = "simulator.foreign"
"""Set in the scope of a request that a page of another origin sent: it may read nothing, and opens no sandbox."""

MOST_PARAMETERS = 1_000
"""So many parameters a query or a form may have."""


class Incoming(NamedTuple):
    """What the door needs of an HTTP request, and the address under which its caller reaches us."""

    method: str
    path: str
    headers: Mapping[bytes, bytes]
    query: bytes
    base: str


def named_headers(scope: Scope) -> dict[bytes, bytes]:
    """The headers of a request by name. The values of lines with one name are joined by commas (RFC 9110, 5.3).

    So a second `Origin` or key can replace none: the joined value is neither of them.
    """
    known: dict[bytes, bytes] | None = scope.get(_HEADERS)
    if known is None:
        lines = scope["headers"]
        known = dict(lines)
        if len(known) != len(lines):
            known = {
                name: (b"; " if name == b"cookie" else b", ").join([value for other, value in lines if other == name])
                for name in known
            }
        scope[_HEADERS] = known
    return known


class TooLarge(Exception):
    """The body is over the limit; the rest of it was not read."""


class Gone(Exception):
    """The call broke off before the end of its body, or outlived its world: nothing may be done, nobody answered."""


async def read_body(headers: Mapping[bytes, bytes], receive: Receive) -> bytes:
    """The whole body; raises `TooLarge` as soon as that is known, `Gone` when the caller breaks off."""
    length = headers.get(b"content-length", b"0")
    if length.isdigit() and int(length) > LARGEST_BODY:
        raise TooLarge
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Gone
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > LARGEST_BODY:
            raise TooLarge
    return body


def content_coding(headers: Mapping[bytes, bytes]) -> str:
    """The coding in `Content-Encoding`; "" where the body is sent as it is. Nothing here decodes a body."""
    coding = headers.get(b"content-encoding", b"").decode("latin-1").strip()
    return "" if coding.lower() in ("", "identity") else coding


def hang_up(send: Send) -> None:
    """Close the connection as soon as what was sent has left; there is no other answer.

    ASGI has no word for it. `send` belongs to uvicorn's account of this one request, which knows the connection, and
    takes note that there is nobody left to answer.
    """
    exchange: Any = getattr(send, "__self__", None)
    if exchange is not None:
        exchange.transport.close()
        exchange.disconnected = True


def cut_off(receive: Receive) -> None:
    """Break the connection now, though what was sent has not left: its reader may have stopped reading.

    `receive` comes through Starlette as uvicorn made it, which `send` does not.
    """
    exchange: Any = getattr(receive, "__self__", None)
    if exchange is not None:
        exchange.transport.abort()
        exchange.disconnected = True
