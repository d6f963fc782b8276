"""A proxy that sends each request, not each connection, to the next of several servers, and passes every byte as it is.

This is the hardest case for several processes: consecutive requests of a client reach different processes. When a
server closes a connection, the proxy closes the client's, and the other way round.
"""

import select
import socket
import socketserver
import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager, suppress
from itertools import cycle
from typing import Self
from urllib.parse import urlsplit

_END = b"\r\n\r\n"
_PIECE = 65_536
_PATIENCE = 2.0
"""Seconds that a client has to close its connection after `Connection: close`."""


class Body:
    """Finds the end of a message's body, from its head and what of it has come."""

    def __init__(self, head: bytes, *, none: bool = False, to_the_end: bool = False) -> None:
        headers = dict(_header(line) for line in head.split(b"\r\n")[1:] if b":" in line)
        length = headers.get(b"content-length", b"")
        self.is_last = b"close" in headers.get(b"connection", b"").lower()
        self.to_the_end = self._chunked = False
        self._left, self._line, self._in_chunk = 0, b"", True
        if none:
            return
        if b"chunked" in headers.get(b"transfer-encoding", b"").lower():
            self._chunked = True
        elif length.isdigit():
            self._left = int(length)
        else:
            self.to_the_end = to_the_end

    @property
    def is_whole(self) -> bool:
        """Whether all of it has come."""
        return not (self._left or self._chunked or self.to_the_end)

    def feed(self, data: bytes) -> int:
        """Consume what has come. Returns how many bytes of it belong to the body."""
        if self.to_the_end:
            return len(data)
        if not self._chunked:
            taken = min(self._left, len(data))
            self._left -= taken
            return taken
        at = 0
        while at < len(data) and not self.is_whole:
            at += self._chunk(data[at:])
        return at

    def _chunk(self, data: bytes) -> int:
        """The same of a chunked body, up to the next line or the end of a chunk."""
        if self._left:
            taken = min(self._left, len(data))
            self._left -= taken
            return taken
        end = data.find(b"\n") + 1
        self._line += data[: end or len(data)]
        if not end:
            return len(data)
        line, self._line = self._line.strip(), b""
        if self._in_chunk:  # its size; the line break after it counts as a part of it
            with suppress(ValueError):
                size = int(line.partition(b";")[0] or b"0", 16)
                self._left = size + 2 if size else 0
                self._in_chunk = bool(size)
        elif not line:
            self._chunked = False
        return end


def _header(line: bytes) -> tuple[bytes, bytes]:
    name, _, value = line.partition(b":")
    return name.strip().lower(), value.strip()


class _Caller(socketserver.BaseRequestHandler):
    """One connection of a client."""

    server: "_Listening"
    request: socket.socket

    def handle(self) -> None:
        """Pass on one request after the other, until either side closes."""
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        waiting = b""
        with suppress(OSError):
            while True:
                while _END not in waiting:
                    if not (data := self.request.recv(_PIECE)):
                        return
                    waiting += data
                with socket.create_connection(self.server.next_one(), 10) as server:
                    server.settimeout(None)
                    server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    went_well, waiting = Exchange(self.request, server).pass_on(waiting)
                if not went_well:
                    return


class Exchange:
    """One request and its answer."""

    def __init__(self, caller: socket.socket, server: socket.socket) -> None:
        self._caller = caller
        self._server = server
        self._answered = b""
        self._answer: Body | None = None
        self._method = b""

    def pass_on(self, waiting: bytes) -> tuple[bool, bytes]:
        """Pass on both. Returns whether another request may follow, and what of it has come."""
        end = waiting.index(_END) + len(_END)
        head, waiting = waiting[:end], waiting[end:]
        self._method = head.partition(b" ")[0]
        body = Body(head)
        self._server.sendall(head)
        while True:
            taken = body.feed(waiting) if waiting else 0
            with suppress(OSError):  # a server that stops reading may respond all the same
                self._server.sendall(waiting[:taken])
            waiting = waiting[taken:]
            ready, _, _ = select.select([self._caller, self._server], [], [])
            if self._server in ready:
                data = self._server.recv(_PIECE)
                self._caller.sendall(data)
                if not data:
                    return False, b""
                if self._is_whole(data):
                    return self._swallow(body, waiting)
            elif not (data := self._caller.recv(_PIECE)):
                return False, b""
            else:
                waiting += data

    def _swallow(self, body: Body, waiting: bytes) -> tuple[bool, bytes]:
        """Read the rest of a request that got its response early; else the response would not reach the client."""
        is_last = self._answer is not None and self._answer.is_last
        if is_last:
            self._caller.shutdown(socket.SHUT_WR)
            self._caller.settimeout(_PATIENCE)
        while is_last or not body.is_whole:
            data = self._caller.recv(_PIECE)
            if not data:
                return False, b""
            waiting += data
            waiting = b"" if is_last else waiting[body.feed(waiting) :]
        return True, waiting

    def _is_whole(self, data: bytes) -> bool:
        """Whether the answer has come to its end with this."""
        self._answered += data
        while self._answer is None and _END in self._answered:
            end = self._answered.index(_END) + len(_END)
            head, self._answered = self._answered[:end], self._answered[end:]
            status = head.split(b" ", 2)[1]
            if not status.startswith(b"1"):  # an interim response is followed by another
                none = self._method == b"HEAD" or status in (b"204", b"304")
                self._answer = Body(head, none=none, to_the_end=True)
        if self._answer is None:
            return False
        self._answer.feed(self._answered)
        self._answered = b""
        return self._answer.is_whole


class _Listening(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True
    request_queue_size = 256
    block_on_close = False

    def __init__(self, urls: Sequence[str]) -> None:
        super().__init__(("127.0.0.1", 0), _Caller)
        parts = [urlsplit(url) for url in urls]
        self._turns = cycle([(str(part.hostname), part.port or 80) for part in parts])
        self._lock = threading.Lock()

    def next_one(self) -> tuple[str, int]:
        """The next server."""
        with self._lock:
            return next(self._turns)


class Balancer(AbstractContextManager["Balancer"]):
    """A proxy before the servers at these addresses while the block lasts; `url` is its own."""

    def __init__(self, *urls: str) -> None:
        self._listening = _Listening(urls)
        self.url = f"http://127.0.0.1:{self._listening.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._listening.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listening.shutdown()
        self._listening.server_close()
        self._thread.join()
