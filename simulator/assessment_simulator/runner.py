"""Runs the app under uvicorn: in the foreground for `serve`, in a thread of this process for demos and tests."""

import asyncio
import contextlib
import gc
import logging
import socket
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial
from types import FrameType
from typing import Any, NamedTuple, Protocol

import uvicorn
from uvicorn.server import ServerState

from assessment_simulator import logging_setup, output
from assessment_simulator.app import Simulator, Unopened
from assessment_simulator.http.asgi import App
from assessment_simulator.http.connection import IDLE, Connections
from assessment_simulator.journal.redaction import hidden
from assessment_simulator.open_files import fitted
from assessment_simulator.settings import Settings, authorities
from assessment_simulator.sockets import BACKLOG, listen, unheard, url_of
from assessment_simulator.storage import LogError, Unusable
from assessment_simulator.webhooks.ca_certificates import flaws

_TICKS_BETWEEN_LOOKS = 5
"""Ticks of a tenth of a second between two looks at those who let us wait."""
_TICK = 0.02
"""Seconds between two looks at what is still under way when the server stops."""
_LAST_WORD = 0.2
"""Seconds in which those who are cut off may be told."""
_REDIRECTING = 0.1
"""Seconds in which requests for released sandboxes get 421, before the idle connections that bring them are closed."""
_FORWARD_SLACK = 2
"""A forwarded head has one more header, and each byte of it may have become two (`server.forwarding`)."""
_log = logging.getLogger("simulator.serving")


class Application(Protocol):
    """What `Server` needs of `Simulator`."""

    app: App

    async def open(self) -> None: ...

    def leave(self) -> None: ...

    def is_sending(self) -> bool: ...


class ForwardListener(NamedTuple):
    """Where other processes forward requests to, and the app that responds to these.

    While the server stops, it still takes forwards: another process would take an owner without a listener for dead.
    When all else is finished, the server awaits `release`, which is told whether it may wait, and after which
    the app responds 421. Then the listener closes.
    """

    socket: socket.socket
    app: App
    release: Callable[[Callable[[], bool]], Awaitable[None]]


class Server(uvicorn.Server):
    """uvicorn, with a word said as soon as it really listens, and an end that finishes what was begun."""

    def __init__(
        self,
        simulator: Application,
        listening: Callable[[], bool],
        settings: Settings,
        forward_listener: ForwardListener | None = None,
    ) -> None:
        if isinstance(simulator, Simulator) and simulator.forward_socket is not None:
            forward_listener = ForwardListener(simulator.forward_socket, simulator.forward_app, simulator.release)
        self._connections = Connections(simulator.app, settings.max_connections)
        super().__init__(_config(self._connections, settings))
        self.forward_listener = forward_listener
        """May be set until the simulator is open."""
        self._forwards: Connections | None = None
        self._forward_server: asyncio.Server | None = None
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
            if self.forward_listener is not None:
                await self._listen_for_forwards(self.forward_listener)
            self.is_told = self._listening()
            if not self.is_told:
                self.should_exit = True
                await self.lifespan.shutdown()  # which old versions of uvicorn leave out then

    async def _listen_for_forwards(self, listener: ForwardListener) -> None:
        """Serve other processes as uvicorn serves clients, but without TLS, and outside the limit of connections."""
        self._forwards = Connections(listener.app, sys.maxsize, _FORWARD_SLACK)
        config, state = _config(self._forwards), ServerState()
        config.load()
        loop = asyncio.get_running_loop()

        def connection() -> asyncio.Protocol:
            made: asyncio.Protocol = config.http_protocol_class(  # type: ignore[call-arg]
                config=config, server_state=state, app_state=self.lifespan.state, _loop=loop
            )
            return made

        self._forward_server = await loop.create_server(connection, sock=listener.socket, backlog=BACKLOG)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let nobody in, let all who wait for something go, finish what was begun; then stop as uvicorn does."""
        deadline = asyncio.get_running_loop().time() + self._grace
        for listener in (*self.servers, *(sockets or ())):
            listener.close()
        self._simulator.leave()
        # Forwarded calls that begin from now on are the business of `release`: there is always another.
        await self._drain(self._connections, deadline, self._forwards.calls() if self._forwards else [])
        if self.forward_listener is not None and self._forwards is not None and self._forward_server is not None:
            await self._release(self.forward_listener, deadline)
            if not self.force_exit:
                await asyncio.sleep(_REDIRECTING)
            await self._drain(self._forwards, deadline)
            self._forward_server.close()
        await super().shutdown(sockets)
        if self.force_exit:  # uvicorn leaves it out then; it takes no time, for nothing is waited for
            await self.lifespan.shutdown()

    async def _drain(self, connections: Connections, deadline: float, calls: Sequence[asyncio.Task[Any]] = ()) -> None:
        """Close connections as their calls end, and wait for webhooks under way and for further calls.

        When the time is up, or at a second signal, cut off what remains.
        """
        loop = asyncio.get_running_loop()
        connections.shutdown()
        while connections.all or self._simulator.is_sending() or not all(call.done() for call in calls):
            if self.force_exit or loop.time() >= deadline:
                when = "at a second signal" if self.force_exit else f"after {self._grace:g} s of grace"
                if count := await connections.cut_off(_LAST_WORD, calls):
                    _log.warning("stopped %s: %d calls were not finished", when, count)
                return
            await asyncio.sleep(_TICK)

    async def _release(self, listener: ForwardListener, deadline: float) -> None:
        """Release the sandboxes; where that fails, they are free when this process has ended."""
        time = asyncio.get_running_loop().time
        try:
            async with asyncio.timeout_at(max(deadline, time() + _LAST_WORD)):
                await listener.release(lambda: not self.force_exit and time() < deadline)
        except Exception:  # noqa: BLE001  the server stops nevertheless
            _log.exception("the sandboxes of this process were not released")

    async def on_tick(self, counter: int) -> bool:
        """What uvicorn does ten times a second; and see to those who let us wait."""
        if counter % _TICKS_BETWEEN_LOOKS == 0:
            now = asyncio.get_running_loop().time()
            self._connections.look(now, self._patience)
            if self._forwards is not None:
                self._forwards.look(now, self._patience)
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
        listeners = listen(settings)
    except OSError as problem:
        warn(unheard(settings, problem))
        return 1
    url = url_of(settings, listeners)
    if simulator.control_token is not None and settings.control_token is None:
        warn(f"control token: {simulator.control_token}")

    def listening() -> bool:
        _log.info("listening on %s", url)
        return greet(url, warn)

    return serve_on(listeners, Server(simulator, listening, settings), settings, warn)


def greet(url: str, warn: Callable[[str], None]) -> bool:
    """Say on standard output where the server listens; False where that fails. A reader who waits is no failure."""
    output.drain()  # what was said before stands before it, also where both streams are one
    print(f"listening on {url}", flush=True)
    problem = output.failure(sys.stdout)
    if problem is not None:
        warn(f"cannot write to standard output: {problem.strerror}")
    return problem is None


def messages(settings: Settings) -> Callable[[str], None]:
    """Set up what the program says, so that no reader can make it wait; gives the way to say what must be said.

    Authorities that cannot be used are reported here, because a webhook would only fail much later.
    """
    output.take_over("stdout")
    logging_setup.set_up(settings.log_format, settings.log_level, settings.access_log)
    warn = partial(logging_setup.announce, settings.log_format)
    for line in flaws(authorities()):
        warn(line)
    return warn


def serve_on(listeners: list[socket.socket], server: Server, settings: Settings, warn: Callable[[str], None]) -> int:
    """Serve on these sockets until a signal comes. Returns the exit status."""
    _calm_garbage_collection()
    try:
        with contextlib.suppress(KeyboardInterrupt):
            server.run(sockets=listeners)
    except Unopened as problem:
        warn(str(problem))
    except LogError as problem:
        warn(unlogged(settings, problem))
    return 0 if server.is_told else 1


@contextlib.contextmanager
def running(settings: Settings, listeners: list[socket.socket] | None = None) -> Iterator[str]:
    """Serve in a thread of this process for as long as the block lasts; gives the base address."""
    simulator = Simulator(settings)
    listeners = listeners or listen(settings)
    ready = threading.Event()

    def listening() -> bool:
        ready.set()
        return True

    server = Server(simulator, listening, settings)
    thread = threading.Thread(
        target=server.run, kwargs={"sockets": listeners}, name="assessment-simulator", daemon=True
    )
    thread.start()
    try:
        while not ready.wait(0.1):
            if not thread.is_alive():
                raise RuntimeError("the server did not start; its log says why")
        yield url_of(settings, listeners)
    finally:
        server.should_exit = True
        thread.join()


def _config(connections: Connections, settings: Settings | None = None) -> uvicorn.Config:
    """The configuration of a listener; the forward listener has no settings."""
    return uvicorn.Config(
        connections, log_config=None, log_level=None, access_log=False, server_header=False, date_header=False,
        lifespan="on", proxy_headers=False, timeout_graceful_shutdown=2, timeout_keep_alive=int(2 * IDLE),
        http=connections.factory, ws="none",
        limit_concurrency=None if settings is None else settings.max_connections + 1,
        ssl_certfile=None if settings is None else settings.tls_cert,
        ssl_keyfile=None if settings is None else settings.tls_key,
    )  # fmt: skip


def unlogged(settings: Settings, problem: LogError) -> str:
    """Why there is no log, in a line without passwords."""
    return f"--log {hidden(settings.log)}: {problem}"


def _calm_garbage_collection() -> None:
    """What is loaded now stays for good: keep the collector from walking over it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 100)
