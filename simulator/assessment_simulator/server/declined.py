"""Another protocol that a caller offers (`Upgrade`, as who speaks HTTP/2 does), and that is not taken up.

The offer may be ignored (RFC 9110, 7.8): the request is one like any other, and what follows its head is its body. The
parser sees it otherwise: with such a head HTTP has ended for it. So another one reads on, which is told by a head of
its own how long the body is.
"""

from collections.abc import Iterable
from typing import Any

from httptools import HttpRequestParser

_FRAMING = (b"content-length", b"transfer-encoding")


def reader(protocol: Any, headers: Iterable[tuple[bytes, bytes]]) -> tuple[HttpRequestParser, bytes]:
    """A parser for what follows the head with these headers: its body, then whatever comes; and what it reads first."""
    framing = b"".join(b"%b: %b\r\n" % pair for pair in headers if pair[0] in _FRAMING)
    parser = HttpRequestParser(_Rest(protocol))
    parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn's own
    return parser, b"POST / HTTP/1.1\r\n%b\r\n" % framing


class _Rest:
    """Tells a protocol what a parser finds, but for the head that was made for that parser alone."""

    def __init__(self, protocol: Any) -> None:
        self._protocol = protocol
        self._is_known = True
        """Whether what is read belongs to the request whose head the protocol knows."""

    def on_message_begin(self) -> None:
        if not self._is_known:
            self._protocol.on_message_begin()

    def on_url(self, url: bytes) -> None:
        if not self._is_known:
            self._protocol.on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._is_known:
            self._protocol.on_header(name, value)

    def on_headers_complete(self) -> None:
        if not self._is_known:
            self._protocol.on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._protocol.on_body(body)

    def on_message_complete(self) -> None:
        self._is_known = False
        self._protocol.on_message_complete()
