"""Runs the app under uvicorn: in the foreground for `serve`, in a thread of this process for demos and tests."""

import asyncio
import contextlib
import gc
import logging
import socket
import threading
from collections.abc import Callable, Iterator
from functools import partial
from types import FrameType
from typing import Any, cast

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from simulator.app import Simulator
from simulator.server import logs
from simulator.server.joined import Joined
from simulator.settings import Settings


class Protocol(HttpToolsProtocol):
    """uvicorn's, over a transport that does not send a response in two pieces."""

    def connection_made(self, transport: Any) -> None:
        """A caller has connected."""
        super().connection_made(cast("asyncio.Transport", Joined(transport, self.loop.call_soon)))


_TICK = 0.02
"""Seconds between two looks at what is still under way when the server stops."""
_LAST_WORD = 0.2
"""Seconds in which those who are cut off may be told."""
_log = logging.getLogger("simulator.serving")


class Server(uvicorn.Server):
    """uvicorn, with a word said as soon as it really listens, and an end that finishes what was begun.

    `grace` is how many seconds it may take to finish it.
    """

    def __init__(self, simulator: Simulator, listening: Callable[[], None], grace: float) -> None:
        super().__init__(_config(simulator))
        self._listening = listening
        self._simulator = simulator
        self._grace = grace

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start as uvicorn does, then tell."""
        await super().startup(sockets)
        if self.started:
            self._listening()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let nobody in, let all who wait for something go, finish what was begun; then stop as uvicorn does."""
        for listener in (*self.servers, *(sockets or ())):
            listener.close()
        self._simulator.leave()
        for connection in [*self.server_state.connections]:
            connection.shutdown()  # closes it now if it is idle, else after its answer, which says so
        if not await self._finished():
            await self._cut_off()
        await super().shutdown(sockets)
        if self.force_exit:  # uvicorn leaves it out then; it takes no time, for nothing is waited for
            await self.lifespan.shutdown()

    async def _finished(self) -> bool:
        """Wait for calls and webhooks under way; False when the time is up first. A second signal ends the waiting."""
        loop, state = asyncio.get_running_loop(), self.server_state
        deadline = loop.time() + self._grace
        while state.connections or state.tasks or self._simulator.is_posting():
            if self.force_exit or loop.time() >= deadline:
                return False
            await asyncio.sleep(_TICK)
        return True

    async def _cut_off(self) -> None:
        """End the calls that are still under way: each may say so to its caller, then its connection is closed."""
        tasks, connections = [*self.server_state.tasks], [*self.server_state.connections]
        if tasks:
            _log.warning("stopped after %g s of grace: %d calls were not finished", self._grace, len(tasks))
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks, timeout=_LAST_WORD)
        for connection in connections:
            transport = connection.transport
            transport.abort() if transport.get_write_buffer_size() else transport.close()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop in good order, and at once when asked again; uvicorn would raise the signal anew and end with it."""
        self.force_exit = self.should_exit
        self.should_exit = True


def serve(settings: Settings) -> int:
    """Serve until a signal comes; the first line on standard output says where. Returns the exit status."""
    logs.set_up(settings.log_format, settings.log_level, settings.access_log)
    warn = partial(logs.announce, settings.log_format)
    simulator = Simulator(settings, warn)
    try:
        listener = listen(settings)
    except OSError as problem:
        warn(unheard(settings, problem))
        return 1
    url = _url(settings, listener)
    if simulator.control_token is not None and settings.control_token is None:
        warn(f"control token: {simulator.control_token}")

    def listening() -> None:
        print(f"listening on {url}", flush=True)
        _log.info("listening on %s", url)

    server = Server(simulator, listening, settings.grace)
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
    server = Server(simulator, ready.set, settings.grace)
    thread = threading.Thread(
        target=server.run, kwargs={"sockets": [listener]}, name="assessment-simulator", daemon=True
    )
    thread.start()
    try:
        while not ready.wait(0.1):
            if not thread.is_alive():
                raise RuntimeError("the server did not start; its log says why")
        yield _url(settings, listener)
    finally:
        server.should_exit = True
        thread.join()


def _config(simulator: Simulator) -> uvicorn.Config:
    return uvicorn.Config(
        simulator.app, log_config=None, log_level=None, access_log=False, server_header=False, date_header=False,
        lifespan="on", proxy_headers=False, timeout_graceful_shutdown=2, http=Protocol, ws="none",
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


def _url(settings: Settings, listener: socket.socket) -> str:
    host = f"[{settings.host.strip('[]')}]" if ":" in settings.host else settings.host
    return f"http://{host}:{listener.getsockname()[1]}"


def _calm_garbage_collection() -> None:
    """What is loaded now stays for good: keep the collector from walking over it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 100)
