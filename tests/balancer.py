"""A proxy that sends each request, not each connection, to the next of several servers.

This is the hardest case for several processes: consecutive requests of a client reach different processes. The proxy
asks the server to close the connection after its response, so that the client opens another one for its next request.
All else is passed byte for byte, and either side sees when the other closes.
"""

import re
import select
import socket
import socketserver
import threading
from contextlib import AbstractContextManager, suppress
from itertools import cycle
from typing import Self
from urllib.parse import urlsplit

_PIECE = 65_536
# Seconds that a client has to close its connection after the server has.
_PATIENCE = 2.0


class _Caller(socketserver.BaseRequestHandler):
    """One connection of a client, and its one request."""

    server: "_Listening"
    request: socket.socket

    def handle(self) -> None:
        client, head = self.request, b""
        with suppress(OSError):
            while b"\r\n\r\n" not in head:
                if not (data := client.recv(_PIECE)):
                    return
                head += data
            head, end, begun = head.partition(b"\r\n\r\n")
            head = re.sub(rb"\r\nconnection:[^\r\n]*", b"", head, flags=re.IGNORECASE)
            with socket.create_connection(self.server.next_one(), 10) as server:
                server.settimeout(None)
                server.sendall(head + b"\r\nConnection: close" + end + begun)
                while True:
                    ready, _, _ = select.select([client, server], [], [])
                    if server in ready:
                        if not (data := server.recv(_PIECE)):
                            break
                        client.sendall(data)
                    elif not (data := client.recv(_PIECE)):
                        return
                    else:
                        with suppress(OSError):  # a server that stops reading may respond all the same
                            server.sendall(data)
            # Read what a client still sends after an early response: closing at once could destroy the response.
            client.shutdown(socket.SHUT_WR)
            client.settimeout(_PATIENCE)
            while client.recv(_PIECE):
                pass


class _Listening(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True
    request_queue_size = 256
    block_on_close = False

    def __init__(self, urls: tuple[str, ...]) -> None:
        super().__init__(("127.0.0.1", 0), _Caller)
        parts = [urlsplit(url) for url in urls]
        self._turns = cycle([(str(part.hostname), part.port or 80) for part in parts])
        self._lock = threading.Lock()

    def next_one(self) -> tuple[str, int]:
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
