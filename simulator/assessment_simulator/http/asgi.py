"""ASGI types, and what the vendor endpoints and the control API share: headers, bodies, and the id of a request."""

import re
import secrets
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from contextvars import ContextVar
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
# False in the scope of a control call that must open no sandbox: a page of the dashboard asks a person first.
MAY_OPEN = "simulator.may_open"
# The header of a response with the id of its request.
REQUEST_ID = b"simulator-request-id"
# The most characters of the headers `Simulator-Note` and `Simulator-Hint`.
MAX_LENGTH = 500
# Where `named_headers` keeps its result in a scope.
_HEADERS = "simulator.headers"
_UNPRINTABLE = re.compile(r"[^ -~]")
_ACCEPTED_ID = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._:+/=@-]{0,127}")
# The id of the request that the current task responds to: in log lines, and in the header `Simulator-Request-Id`.
_request_id: ContextVar[str] = ContextVar("request", default="")


def accepts_html(headers: Mapping[bytes, bytes]) -> bool:
    """Whether a browser asks for a page, by `Accept`."""
    return b"text/html" in headers.get(b"accept", b"").lower()


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


def header_line(texts: Iterable[str]) -> bytes:
    """Join the texts with `; `. Characters outside printable ASCII become `\\uXXXX`, as in JSON; a long line is cut."""

    def escape(character: re.Match[str]) -> str:
        code = ord(character[0])
        if code <= 0xFFFF:
            return f"\\u{code:04x}"
        code -= 0x10000  # outside the Basic Multilingual Plane JSON writes two UTF-16 units
        return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"

    line = _UNPRINTABLE.sub(escape, "; ".join(texts)).strip()
    return (line if len(line) <= MAX_LENGTH else line[: MAX_LENGTH - 3] + "...").encode()


def name_request(headers: Mapping[bytes, bytes]) -> str:
    """The id that the request has already, else its `X-Request-Id` if that is well-formed, else a new one."""
    id = _request_id.get()
    if not id:
        given = headers.get(b"x-request-id", b"")
        id = given.decode() if _ACCEPTED_ID.fullmatch(given) else secrets.token_hex(8)
        _request_id.set(id)
    return id


def request_name() -> str:
    """The id of the request; "" if it has none yet."""
    return _request_id.get()


def take_request_name(id: str) -> None:
    """Use the id that another process has given to the request."""
    _request_id.set(id)
