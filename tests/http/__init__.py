"""Tests of the HTTP layer, and a server in a thread that runs any app behind both listeners."""

import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPResponse
from io import BytesIO
from typing import Any, cast

from assessment_simulator import storage
from assessment_simulator.app import Simulator
from assessment_simulator.http.asgi import App, Receive, Scope, Send
from assessment_simulator.http.forwarding import Forwarded, Forwarding, give_up
from assessment_simulator.runner import Server
from assessment_simulator.settings import Settings


async def lifespan(receive: Receive, send: Send, close: Callable[[], Awaitable[None]]) -> None:
    """Start and stop when told to."""
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await close()
    await send({"type": "lifespan.shutdown.complete"})


class Node:
    """One process: an app behind both listeners, as `Server` runs it. All methods are thread-safe.

    `app` is behind both listeners. At the ordinary one stands `Forwarding` before it, with `refuse`, and `outer` before
    that.
    """

    def __init__(
        self,
        app: App,
        *,
        grace: float = 5.0,
        refuse: App = give_up,
        outer: Callable[[App], App] = lambda app: app,
        release: Callable[[Callable[[], bool]], Awaitable[None]] | None = None,
    ) -> None:
        async def living(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "lifespan":
                await lifespan(receive, send, self.forwarding.close)
            else:
                await app(scope, receive, send)

        self.forwarding = Forwarding(living, refuse)
        self.app: App = outer(self.forwarding)
        self._ready = threading.Event()
        self._listener, self._forwards = (socket.create_server(("127.0.0.1", 0), backlog=512) for _ in range(2))
        self.port, self.forward_port = (each.getsockname()[1] for each in (self._listener, self._forwards))
        self.address = f"127.0.0.1:{self.forward_port}"
        # Whether the server has released its sandboxes while stopping.
        self.released = False
        self.forward_socket: socket.socket | None = self._forwards
        self.forward_app = Forwarded(app)
        self.release = release or self._release
        self.server = Server(cast("Simulator", self), self._listening, Settings(grace=grace))
        self._thread = threading.Thread(target=self.server.run, kwargs={"sockets": [self._listener]}, daemon=True)

    # What `Server` asks of the simulator.

    async def open(self) -> None:
        """Open nothing."""

    def leave(self) -> None:
        self.forwarding.leave()

    def is_sending(self) -> bool:
        return False

    async def _release(self, may_wait: Callable[[], bool]) -> None:
        self.released = True

    def _listening(self) -> bool:
        self._ready.set()
        return True

    # For tests.

    def start(self) -> "Node":
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def begin_stop(self) -> None:
        """Stop as at SIGTERM."""
        self.server.should_exit = True

    def stop(self) -> None:
        self.begin_stop()
        self._thread.join(15)
        assert not self._thread.is_alive()

    def connect(self, port: int | None = None) -> socket.socket:
        """A connection of a client; `port` is by default that of the ordinary listener."""
        return socket.create_connection(("127.0.0.1", port or self.port), 10)

    def exchange(self, request: bytes, port: int | None = None) -> bytes:
        """All that comes back to these bytes until the connection is closed."""
        with self.connect(port) as connection:
            connection.sendall(request)
            return everything(connection)


@contextmanager
def serving(app: App, **options: Any) -> Iterator[Node]:
    node = Node(app, **options).start()
    try:
        yield node
    finally:
        node.stop()


class Owner(storage.Owner):
    """An owner that notes what is reported about it; `then` is done when something is."""

    def __init__(self, address: str, then: Callable[[], Any] = lambda: None) -> None:
        async def unreachable(by_force: bool) -> None:
            self.reports.append("unreachable")
            done = self._then()
            if isinstance(done, Awaitable):
                await done

        def forget() -> None:
            self.reports.append("forget")
            self._then()

        super().__init__(address, forget, unreachable)
        self.reports: list[str] = []
        self._then = then


def everything(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(65_536), b""))


def until(connection: socket.socket, end: bytes) -> bytes:
    got = b""
    while end not in got:
        part = connection.recv(65_536)
        assert part, f"the connection was closed after {got!r}"
        got += part
    return got


def parsed(data: bytes, method: str = "GET") -> tuple[int, list[tuple[str, str]], bytes]:
    """Status, headers in their order and body of a response; raises `IncompleteRead` if it is cut short."""

    class _Socket:
        def makefile(self, mode: str) -> BytesIO:
            return BytesIO(data)

    response = HTTPResponse(_Socket(), method=method)  # type: ignore[arg-type]
    response.begin()
    body = response.read()
    return response.status, response.getheaders(), body


def get(path: str = "/", *headers: str, method: str = "GET", body: bytes = b"") -> bytes:
    """A request after whose response the server closes."""
    lines = [f"{method} {path} HTTP/1.1", "Host: sim.example", "Connection: close", *headers]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body
