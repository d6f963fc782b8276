"""A transport that sends the head of a response together with what follows it: one system call, and one packet.

uvicorn writes the two apart. On a busy loopback the second write and the waking of its reader cost as much as all that
a read of an order costs us.
"""

import asyncio
from collections.abc import Callable
from typing import Any

_BEGIN, _END = b"HTTP/1.1 ", b"\r\n\r\n"


class Joined:
    """Keeps a head back until the next write, the end of the connection, or the next turn of the loop at the latest."""

    __slots__ = ("_head", "_later", "_transport")

    def __init__(self, transport: asyncio.Transport, later: Callable[[Callable[[], None]], object]) -> None:
        self._transport = transport
        self._later = later
        self._head = b""

    def write(self, data: bytes) -> None:
        """Send bytes, and the head that waits before them."""
        if self._head:
            data, self._head = self._head + data, b""
        elif data.startswith(_BEGIN) and data.endswith(_END):
            self._head = data
            self._later(self._send_head)
            return
        if not self._transport.is_closing():  # nobody reads any more
            self._transport.write(data)

    def _send_head(self) -> None:
        if self._head:
            head, self._head = self._head, b""
            self._transport.write(head)

    def close(self) -> None:
        """Close the connection when all that was written has left."""
        self._send_head()
        self._transport.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)
