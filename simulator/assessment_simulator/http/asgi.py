"""ASGI types, and what the vendor endpoints and the control API share."""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

# The most bytes of a request's body: 1 MiB.
LARGEST_BODY = 1_048_576
PLAIN_BODY = "send the body as it is, without compression"
# Set in the scope of a request that a page of another site sent: it may read nothing, and opens no sandbox.
CROSS_SITE = "simulator.cross_site"
# Where `named_headers` keeps its result in a scope.
_HEADERS = "simulator.headers"


def named_headers(scope: Scope) -> dict[bytes, bytes]:
    """The headers of a request by name. The values of several lines of one name are joined by commas (RFC 9110, 5.3).

    So a second `Origin` or key cannot replace the first: the joined value is neither of them.
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


def passed_on(scope: Scope) -> dict[str, Any]:
    """What is known of a request, for a request within this process that answers a part of it."""
    return {key: value for key, value in scope.items() if key.startswith("simulator.") and key != _HEADERS}


class TooLarge(Exception):
    """The body is over the limit; the rest of it was not read."""


class Gone(Exception):
    """The client disconnected before the end of the body: nothing may be done or answered."""


async def read_body(headers: Mapping[bytes, bytes], receive: Receive) -> bytes:
    """The whole body; raises `TooLarge` as soon as that is known, `Gone` if the client disconnects."""
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
    """The coding in `Content-Encoding`; "" if there is none. Coded bodies are refused, not decoded."""
    coding = headers.get(b"content-encoding", b"").decode("latin-1").strip()
    return "" if coding.lower() in ("", "identity") else coding


async def respond(send: Send, status: int, headers: Headers, body: bytes) -> None:
    """Send a whole response. The headers must contain its length, unless it can have no body."""
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
