"""The few words of ASGI that the door and the control API share."""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

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


def replace_headers(scope: Scope, headers: Headers) -> None:
    """Give a request other headers, also where `named_headers` has been called before."""
    scope["headers"] = headers
    scope.pop(_HEADERS, None)


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


async def respond(send: Send, status: int, headers: Headers, body: bytes) -> None:
    """Send a whole response; its length stands among the headers, unless it is one that has no body at all."""
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
