"""Runs the app under uvicorn: in the foreground for `serve`, in a thread of this process for demos and tests."""

import asyncio
import contextlib
import errno
import gc
import logging
import os
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import FrameType

import uvicorn

from simulator.app import Simulator, Unopened
from simulator.open_files import fitted
from simulator.server import logs
from simulator.server.authorities import flaws
from simulator.server.log import Unusable
from simulator.server.masking import hidden
from simulator.server.protocol import Protocol, cut_off_the_slow
from simulator.settings import Settings, authorities

_TICKS_BETWEEN_LOOKS = 5
"""Ticks of a tenth of a second between two looks at those who let us wait."""
_TICK = 0.02
"""Seconds between two looks at what is still under way when the server stops."""
_LAST_WORD = 0.2
"""Seconds in which those who are cut off may be told."""
_log = logging.getLogger("simulator.serving")


class Server(uvicorn.Server):
    """uvicorn, with a word said as soon as it really listens, and an end that finishes what was begun."""

    def __init__(self, simulator: Simulator, listening: Callable[[], bool], settings: Settings) -> None:
        super().__init__(_config(simulator, settings))
        self.is_told = False
        """Whether whoever wants to know where it listens was told; else it does not serve."""
        self._listening = listening
        self._simulator = simulator
        self._patience = settings.request_timeout
        self._grace = settings.grace

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Open what is to be there from the beginning, start as uvicorn does, then tell."""
        await self._simulator.open()
        await super().startup(sockets)
        if self.started:
            self.is_told = self._listening()
            self.should_exit |= not self.is_told

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
            when = "at a second signal" if self.force_exit else f"after {self._grace:g} s of grace"
            _log.warning("stopped %s: %d calls were not finished", when, len(tasks))
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks, timeout=_LAST_WORD)
        for connection in connections:
            transport = connection.transport
            transport.abort() if transport.get_write_buffer_size() else transport.close()

    async def on_tick(self, counter: int) -> bool:
        """What uvicorn does ten times a second; and see to those who let us wait."""
        if counter % _TICKS_BETWEEN_LOOKS == 0:
            cut_off_the_slow(self.server_state.connections, asyncio.get_running_loop().time(), self._patience)
        return await super().on_tick(counter)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop in good order, and at once when asked again; uvicorn would raise the signal anew and end with it."""
        self.force_exit = self.should_exit
        self.should_exit = True


def serve(settings: Settings) -> int:
    """Serve until a signal comes; the first line on standard output says where. Returns the exit status."""
    warn = messages(settings)
    settings = fitted(settings, warn)
    try:
        simulator = Simulator(settings, warn)
    except Unusable as problem:
        warn(unlogged(settings, problem))
        return 1
    try:
        listener = listen(settings)
    except OSError as problem:
        warn(unheard(settings, problem))
        return 1
    url = url_of(settings, listener)
    if simulator.control_token is not None and settings.control_token is None:
        warn(f"control token: {simulator.control_token}")

    def listening() -> bool:
        _log.info("listening on %s", url)
        return greet(url, warn)

    return serve_on(listener, Server(simulator, listening, settings), settings, warn)


def greet(url: str, warn: Callable[[str], None]) -> bool:
    """Say on standard output where the server listens; whether that took it."""
    try:
        print(f"listening on {url}", flush=True)
    except OSError as problem:
        warn(f"cannot write to standard output: {problem.strerror}")
        with contextlib.suppress(OSError), Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), sys.stdout.fileno())  # or Python would try again when it ends, and complain
        return False
    return True


def messages(settings: Settings) -> Callable[[str], None]:
    """Set up what the program says on standard error; gives the way to say what must be said.

    Authorities that cannot be used are reported here, because a webhook would only fail much later.
    """
    logs.set_up(settings.log_format, settings.log_level, settings.access_log)
    warn = partial(logs.announce, settings.log_format)
    for line in flaws(authorities()):
        warn(line)
    return warn


def serve_on(listener: socket.socket, server: Server, settings: Settings, warn: Callable[[str], None]) -> int:
    """Serve on a socket until a signal comes. Returns the exit status."""
    _calm_garbage_collection()
    try:
        with contextlib.suppress(KeyboardInterrupt):
            server.run(sockets=[listener])
    except Unopened as problem:
        warn(str(problem))
    except Unusable as problem:
        warn(unlogged(settings, problem))
    return 0 if server.is_told else 1


@contextlib.contextmanager
def running(settings: Settings, listener: socket.socket | None = None) -> Iterator[str]:
    """Serve in a thread of this process for as long as the block lasts; gives the base address."""
    simulator = Simulator(settings)
    listener = listener or listen(settings)
    ready = threading.Event()

    def listening() -> bool:
        ready.set()
        return True

    server = Server(simulator, listening, settings)
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


def _config(simulator: Simulator, settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        simulator.app, log_config=None, log_level=None, access_log=False, server_header=False, date_header=False,
        lifespan="on", proxy_headers=False, timeout_graceful_shutdown=2, http=Protocol, ws="none",
        limit_concurrency=settings.max_connections + 1, ssl_certfile=settings.tls_cert, ssl_keyfile=settings.tls_key,
    )  # fmt: skip


def listen(settings: Settings) -> socket.socket:
    """A socket that listens where the settings say; raises OSError."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    host = settings.host.strip("[]")
    try:
        if host:  # asked first: of what fails within the next call it could not be told that it was the name
            socket.getaddrinfo(host, settings.port, family, socket.SOCK_STREAM)
        listener = socket.create_server((host, settings.port), family=family, backlog=2_048)
    except (UnicodeError, TypeError):  # what Python makes of a name that cannot be one
        raise socket.gaierror(socket.EAI_NONAME, "is no name of a host") from None
    listener.set_inheritable(True)
    return listener


def unlogged(settings: Settings, problem: Unusable) -> str:
    """Why there is no log, in a line without passwords."""
    return f"--log {hidden(settings.log)}: {problem}"


def unheard(settings: Settings, problem: OSError) -> str:
    """Why nobody can listen there, in a line."""
    if isinstance(problem, socket.gaierror):
        why = f"the name {settings.host} cannot be resolved"
    else:  # what Python adds to the system's word is no help
        why = os.strerror(problem.errno) if problem.errno else str(problem)
    hint = "; choose another with --port, 0 takes a free one" if problem.errno == errno.EADDRINUSE else ""
    return f"cannot listen on {settings.host}:{settings.port}: {why}{hint}"


def url_of(settings: Settings, listener: socket.socket) -> str:
    """The base address of a socket."""
    host = f"[{settings.host.strip('[]')}]" if ":" in settings.host else settings.host
    scheme = "http" if settings.tls_cert is None else "https"
    return f"{scheme}://{host}:{listener.getsockname()[1]}"


def _calm_garbage_collection() -> None:
    """What is loaded now stays for good: keep the collector from walking over it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 100)
