"""Runs the app under uvicorn: in the foreground for `serve`, in a thread of this process for demos and tests."""

import asyncio
import contextlib
import gc
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any, cast

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from simulator.app import Simulator
from simulator.server.joined import Joined
from simulator.server.log import Unusable
from simulator.settings import GRACE, Settings


class Protocol(HttpToolsProtocol):
    """uvicorn's, over a transport that does not send a response in two pieces."""

    def connection_made(self, transport: Any) -> None:
        """A caller has connected."""
        super().connection_made(cast("asyncio.Transport", Joined(transport, self.loop.call_soon)))


class Server(uvicorn.Server):
    """uvicorn, with a word said as soon as it really listens, and one to the app before it waits for open calls."""

    def __init__(self, simulator: Simulator, listening: Callable[[], None]) -> None:
        super().__init__(_config(simulator))
        self._listening = listening
        self._leaving = simulator.leave

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start as uvicorn does, then tell."""
        await super().startup(sockets)
        if self.started:
            self._listening()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let all who wait for something go, then stop as uvicorn does."""
        self._leaving()
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop in good order; uvicorn would raise the signal once more afterwards, and end with it."""
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True


def serve(settings: Settings) -> int:
    """Serve until a signal comes; the first line on standard output says where. Returns the exit status."""
    try:
        simulator = Simulator(settings, warn)
    except Unusable as problem:
        warn(f"--log {settings.log}: {problem}")
        return 1
    try:
        listener = listen(settings)
    except OSError as problem:
        warn(unheard(settings, problem))
        return 1
    url = url_of(settings, listener)
    if simulator.control_token is not None and settings.control_token is None:
        warn(f"control token: {simulator.control_token}")
    return serve_on(listener, simulator, lambda: print(f"listening on {url}", flush=True))


def serve_on(listener: socket.socket, simulator: Simulator, listening: Callable[[], None]) -> int:
    """Serve on a socket until a signal comes. Returns the exit status."""
    server = Server(simulator, listening)
    _calm_garbage_collection()
    with contextlib.suppress(KeyboardInterrupt):
        server.run(sockets=[listener])
    return 0 if server.started else 1


@contextlib.contextmanager
def running(settings: Settings, listener: socket.socket | None = None) -> Iterator[str]:
    """Serve in a thread of this process for as long as the block lasts; gives the base address."""
    simulator = Simulator(settings)
    listener = listener or listen(settings)
    ready = threading.Event()
    server = Server(simulator, ready.set)
    thread = threading.Thread(
        target=server.run, kwargs={"sockets": [listener]}, name="assessment-simulator", daemon=True
    )
    thread.start()
    try:
        while not ready.wait(0.1):
            if not thread.is_alive():
                raise RuntimeError("the server did not start; its log says why")
        yield url_of(settings, listener)
    finally:
        server.should_exit = True
        thread.join()


def warn(line: str) -> None:
    """Say something on standard error."""
    print(line, file=sys.stderr, flush=True)


def _config(simulator: Simulator) -> uvicorn.Config:
    return uvicorn.Config(
        simulator.app, log_level="warning", access_log=False, server_header=False, date_header=False, lifespan="on",
        proxy_headers=False, timeout_graceful_shutdown=GRACE, http=Protocol, ws="none",
    )  # fmt: skip


def listen(settings: Settings) -> socket.socket:
    """A socket that listens where the settings say; raises OSError."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.create_server((settings.host.strip("[]"), settings.port), family=family, backlog=2_048)
    listener.set_inheritable(True)
    return listener


def unheard(settings: Settings, problem: OSError) -> str:
    """Why nobody can listen there, in a line."""
    return f"cannot listen on {settings.host}:{settings.port}: {problem.strerror}"


def url_of(settings: Settings, listener: socket.socket) -> str:
    """The base address of a socket."""
    host = f"[{settings.host.strip('[]')}]" if ":" in settings.host else settings.host
    return f"http://{host}:{listener.getsockname()[1]}"


def _calm_garbage_collection() -> None:
    """What is loaded now stays for good: keep the collector from walking over it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 100)
