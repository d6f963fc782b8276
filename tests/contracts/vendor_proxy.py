"""A proxy that plays a vendor: a simulator without its control API, behind whatever networks and gateways do.

A behaviour is a function of a `Call`, in the thread of that call: it answers, late or in part, or not at all.
"""

import socket
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, closing, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from assessment_contracts.kit.client import Answer, Connection

# Headers of the simulator that a vendor does not send, and those that the proxy writes itself.
HIDDEN = ("connection", "content-length", "date", "server", "transfer-encoding")


@dataclass
class Call:
    """One request at the proxy, and the ways to answer it."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    proxy: "VendorProxy"
    handler: "_Handler"

    @property
    def creates(self) -> bool:
        """Whether the API creates something for it."""
        creations = ("/api/v1/behavioralassessments", "/mercury/order", "/mercury/v2/orders")
        return self.method == "POST" and self.path in creations

    def forward(self) -> Answer:
        """The simulator's answer, after which what it created exists."""
        sent = {name: value for name, value in self.headers.items() if name not in ("host", "content-length")}
        with closing(Connection(self.proxy.simulator)) as connection:
            return connection.request(self.method, self.path, sent, self.body)

    def send(self, status: int, body: bytes = b"", headers: Mapping[str, str] | None = None) -> None:
        """Send an answer."""
        self._head(status, len(body), headers or {})
        if self.method != "HEAD":
            self.handler.wfile.write(body)

    def relay(self, status: int | None = None) -> None:
        """Send the simulator's answer, with another status if one is given."""
        answer = self.forward()
        self.send(status or answer.status, b"" if status == 204 else answer.body, answer.headers)

    def trickle(self, answer: Answer, pause: float = 0.05) -> None:
        """Send a byte of the body every `pause` seconds, as long as the caller takes them."""
        self._head(answer.status, 1_000_000, answer.headers)
        while not self.proxy.closed.wait(pause):
            self.handler.wfile.write(b" ")

    def cut(self) -> None:
        """Close the connection."""
        self.handler.close_connection = True

    def wait(self, seconds: float) -> None:
        """Wait, but not beyond the end of the proxy."""
        self.proxy.closed.wait(seconds)

    def _head(self, status: int, length: int, headers: Mapping[str, str]) -> None:
        self.handler.send_response(status)
        for name, value in headers.items():
            if name not in HIDDEN and not name.startswith("simulator-"):
                self.handler.send_header(name, value)
        self.handler.send_header("content-length", str(length))
        self.handler.end_headers()


def relay(call: Call) -> None:
    """Behave well."""
    call.relay()


class VendorProxy(AbstractContextManager["VendorProxy"]):
    """Listens on a free port inside `with`. `calls` are the requests so far; `behave` may be set at any time."""

    def __init__(self, simulator: str, behave: Callable[[Call], None] = relay) -> None:
        self.simulator = simulator
        self.behave = behave
        self.calls: list[Call] = []
        self.closed = threading.Event()
        self.sockets: set[socket.socket] = set()

    def __enter__(self) -> Self:
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.proxy = self
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.crash()

    def crash(self) -> None:
        """End all connections, and accept no more."""
        if not self.closed.is_set():
            self.closed.set()
            self._server.shutdown()
            self._server.server_close()
            for connection in [*self.sockets]:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def wait_for(self, count: int, seconds: float = 100, creations: bool = True) -> None:
        """Wait until there were so many creations, or calls; AssertionError if they do not come."""
        end = time.monotonic() + seconds
        while sum(1 for call in [*self.calls] if call.creates or not creations) < count:
            assert time.monotonic() < end, f"{len(self.calls)} calls, but no {count}"
            self.closed.wait(0.01)


class _Server(ThreadingHTTPServer):
    proxy: VendorProxy
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print nothing: callers may leave."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.server.proxy.sockets.add(self.connection)

    def finish(self) -> None:
        self.server.proxy.sockets.discard(self.connection)
        with suppress(OSError):
            super().finish()

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        call = Call(self.command, self.path, headers, body, self.server.proxy, self)
        self.server.proxy.calls.append(call)
        if self.path.startswith("/_simulator"):
            call.send(404)
        else:
            self.server.proxy.behave(call)

    def __getattr__(self, name: str) -> Callable[[], None]:
        if name.startswith("do_"):  # http.server looks for a method by the verb
            return self._answer
        raise AttributeError(name)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class names it
        """Write nothing."""
