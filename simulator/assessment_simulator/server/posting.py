"""One POST over one connection, as HTTP/1.1 has it: a protocol of a hundred lines, for no client is quick enough.

No connection is used twice: one that the listener is closing just now would cost an attempt it never saw. A client with
pools, proxies, redirects and events for each step took a millisecond of the processor for it, this takes a tenth.
"""

import asyncio
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

import httptools

if TYPE_CHECKING:
    import ssl

LONGEST_ANSWER = 8_192
"""So many bytes of a listener's answer are kept; no more of it is read."""
LONGEST_HEAD = 65_536
"""A head longer than this is no answer."""
_SWITCHING = 101
_FINAL = 200
_BROKEN_LINE = re.compile(rb"[\x00\r\n]")
Pairs = list[tuple[bytes, bytes]]


class Target(NamedTuple):
    """Where a webhook goes, as it goes over the wire: `authority` is the header `Host`."""

    is_secure: bool
    host: str
    port: int
    authority: bytes
    path: bytes


class Broken(Exception):
    """The listener answered nothing that HTTP knows, or only half of it."""


class Unreachable(Exception):
    """There was no connection, so the listener has seen nothing; the OSError behind it says why."""


class Heard(NamedTuple):
    """A listener's answer, as far as it was read."""

    status: int
    headers: Pairs
    body: bytes


def written(target: Target, headers: Iterable[tuple[str, str]], body: bytes) -> bytes:
    """The request as it goes over the wire. Raises ValueError where a part of it would begin a line of its own."""
    pairs = [(b"Host", target.authority), *((name.encode(), value.encode()) for name, value in headers)]
    if not any(name.lower() == b"content-length" for name, _ in pairs):
        pairs.append((b"Content-Length", b"%d" % len(body)))
    pairs.append((b"Connection", b"close"))
    if any(_BROKEN_LINE.search(part) for part in (target.path, *(part for pair in pairs for part in pair))):
        raise ValueError("a header or the address holds a line break")
    head = b"".join(b"%b: %b\r\n" % pair for pair in pairs)
    return b"POST %b HTTP/1.1\r\n%b\r\n%b" % (target.path, head, body)


class Exchange(asyncio.Protocol):
    """Sends a request as soon as there is a connection; `heard` is the answer, or why there is none."""

    def __init__(self, request: bytes) -> None:
        self.heard: asyncio.Future[Heard] = asyncio.get_running_loop().create_future()
        self._request = request
        self._parser = httptools.HttpResponseParser(self)
        self._headers: Pairs = []
        self._body = b""
        self._read = 0
        self._is_bounded = self._is_in_body = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The listener is there."""
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]
        self.transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Some of the answer is here."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._finish()
        except httptools.HttpParserError as problem:
            self._fail(Broken(f"the answer is no HTTP: {problem}"))
        self._read += len(data)
        if not self._is_in_body and self._read > LONGEST_HEAD:
            self._fail(Broken(f"the head of the answer is over {LONGEST_HEAD} bytes"))

    def connection_lost(self, exc: Exception | None) -> None:
        """The listener has hung up; that ends an answer whose length it did not say."""
        if exc is None and self._is_in_body and not self._is_bounded:
            self._finish()
        self._fail(exc or Broken("the listener hung up before the end of its answer"))

    # What the parser calls.

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header of the answer."""
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """The head is whole; whether it says where the body ends is seen from two headers."""
        self._is_in_body = self._parser.get_status_code() >= _FINAL
        self._is_bounded = any(name.lower() in (b"content-length", b"transfer-encoding") for name, _ in self._headers)

    def on_body(self, body: bytes) -> None:
        """A piece of the body; what is beyond the limit is not waited for."""
        self._body += body
        if len(self._body) >= LONGEST_ANSWER:
            self._finish()

    def on_message_complete(self) -> None:
        """The answer is whole, unless it was an interim one."""
        if self._is_in_body or self._parser.get_status_code() == _SWITCHING:
            self._finish()
        else:
            self._headers, self._read = [], 0

    def _finish(self) -> None:
        if not self.heard.done():
            status = self._parser.get_status_code()
            self.heard.set_result(Heard(status, self._headers, self._body[:LONGEST_ANSWER]))

    def _fail(self, problem: Exception) -> None:
        if not self.heard.done():
            self.heard.set_exception(problem)


async def post(address: str, target: Target, request: bytes, tls: "ssl.SSLContext | None") -> Heard:
    """Send a request to an address and hear the answer; cancelled, it hangs up.

    Raises `Unreachable` before anything was sent, afterwards `Broken` or OSError.
    """
    secured: dict[str, Any] = {} if tls is None else {"ssl": tls, "server_hostname": target.host}
    loop = asyncio.get_running_loop()
    try:
        transport, exchange = await loop.create_connection(lambda: Exchange(request), address, target.port, **secured)
    except OSError as problem:
        raise Unreachable from problem
    try:
        return await exchange.heard
    finally:
        transport.abort() if exchange.heard.cancelled() else transport.close()
