"""Runs the app under uvicorn: in the foreground for `serve`, in a thread of this process for `demo` and tests.

Start: messages (`set_up_messages`) → limit of open files → app and log → listening sockets → sandboxes of the settings
→ uvicorn → forward listener → `listening on URL` on standard output. Failures before that line are reported in one
line on standard error, and the exit status is 1.

Stop (SIGTERM, SIGINT): close the listening sockets → end long waits → finish the requests and webhooks in progress,
for at most `grace` seconds → release the sandboxes, so that other processes take over → refuse forwarded requests for
a moment → uvicorn's shutdown. A second signal cuts off what is still in progress.

Sockets: an address gives one socket. `::` accepts IPv4 connections, too. `localhost` listens on the loopback addresses
of both families, because clients differ in which they try. A family that this machine lacks is left out.
"""

import asyncio
import contextlib
import errno
import gc
import logging
import os
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from ipaddress import IPv6Address, ip_address
from types import FrameType
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.server import ServerState

from assessment_simulator import logging_setup, output
from assessment_simulator.app import VENDORS, Simulator, Unopened
from assessment_simulator.http.connection import IDLE, Connections
from assessment_simulator.journal.redaction import redact
from assessment_simulator.settings import BACKLOG, Settings, authorities, is_localhost, local_url
from assessment_simulator.storage import LogError
from assessment_simulator.webhooks.ca_certificates import environment_problems

if TYPE_CHECKING:
    from assessment_simulator.intercept.proxy import Intercept

if sys.platform != "win32":
    import resource

# Ports that are tried until one is free in both families, where the system chooses the port.
PORT_TRIES = 50
# Open files that are no connections from clients: webhooks, modules, the log.
OTHER_FILES = 1_000
# Errors of a system that has no such address family, or none of its addresses.
_NO_FAMILY = (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL, errno.EPROTONOSUPPORT)
# uvicorn's ticks, each a tenth of a second, between two checks for clients that are too slow.
_TICKS_PER_CHECK = 5
# Seconds between two checks for requests in progress while the server stops.
_POLL = 0.02
# Seconds in which clients whose requests are cut off may still get a response.
_CUT_OFF = 0.2
# Seconds in which requests for released sandboxes get 421, before the idle connections that bring them are closed.
_REDIRECTING = 0.1
_log = logging.getLogger("simulator.serving")


class Intercepted:
    """The listeners of `--intercept`, and what answers on them; raises OSError and ValueError."""

    def __init__(self, settings: Settings, warn: Callable[[str], None]) -> None:
        from assessment_simulator.intercept.listener import Certificates, authority_folder, hosts_of  # noqa: PLC0415  with --intercept only

        self.hosts = hosts_of(VENDORS, settings.intercept_hosts)
        self.certificates = Certificates(authority_folder(settings), self.hosts, warn)
        self.listeners = listen(replace(settings, port=settings.intercept or 0))
        self.port: int = self.listeners[0].getsockname()[1]


class Server(uvicorn.Server):
    """uvicorn with a callback when it listens, more listeners, and the stop described above.

    If `announce` returns False, no client learns where the server listens, so it stops. `intercepted` are the listeners
    for the vendors' hosts, if there are any; `proxy` answers on them once the server has started.
    """

    def __init__(
        self, simulator: Simulator, announce: Callable[[], bool], settings: Settings,
        intercepted: Intercepted | None = None, url: str = "",
    ) -> None:  # fmt: skip
        self.connections = Connections(simulator.app, settings.max_connections)
        most, cert, key = settings.max_connections + 1, settings.tls_cert, settings.tls_key
        super().__init__(
            _config(
                self.connections, limit_concurrency=most, ssl_certfile=cert, ssl_keyfile=key,
                loop=event_loop(forwards=simulator.forward_socket is not None),
            )
        )  # fmt: skip
        self.is_announced = self._is_shut_down = False
        self._announce = announce
        self._simulator = simulator
        self._settings = settings
        self._forwards: Connections | None = None
        self._forward_server: asyncio.Server | None = None
        self._intercepted = intercepted
        self.proxy: Intercept | None = None
        self._proxied: Connections | None = None
        if intercepted is not None:
            from assessment_simulator.intercept.requests import InterceptedRequests  # noqa: PLC0415  with --intercept only

            hosts = {host: VENDORS[id] for host, id in intercepted.hosts.table.items()}
            self._proxied = Connections(InterceptedRequests(simulator.app, hosts, url), settings.max_connections)

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until a signal comes, also if it comes before the start is over."""
        with self.capture_signals():
            try:
                await super().serve(sockets)
            finally:
                # After an error, and in old versions of uvicorn after a signal during the start, uvicorn leaves out the
                # shutdown. The connections of the log, which then stay open, would keep the process.
                if self.started and not self._is_shut_down:
                    await self.shutdown(sockets)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Open the log and the configured sandboxes, start as uvicorn does, listen for forwards, then announce."""
        await self._simulator.open()
        await super().startup(sockets)
        if not self.started:
            return
        if self._simulator.forward_socket is not None:
            # Without TLS, and outside the limit of connections.
            self._forwards = Connections(self._simulator.forward_app, sys.maxsize)
            self._forward_server = await asyncio.get_running_loop().create_server(
                self._protocol(self._forwards), sock=self._simulator.forward_socket, backlog=BACKLOG
            )
        if self._intercepted is not None and self._proxied is not None:
            from assessment_simulator.intercept.listener import intercept  # noqa: PLC0415  with --intercept only

            protocol = self._protocol(self._proxied, limit_concurrency=self._settings.max_connections + 1)
            self.proxy = intercept(self._settings, self._intercepted.hosts, self._intercepted.certificates, protocol)
            self.proxy.serve(self._intercepted.listeners)
        self.is_announced = self._announce()
        self.should_exit |= not self.is_announced

    def _protocol(self, connections: Connections, **more: Any) -> Callable[[], asyncio.Protocol]:
        """Makes protocols that serve connections as uvicorn serves those of its own listener."""
        config = _config(connections, **more)
        config.load()
        kind: Any = config.http_protocol_class
        loop = asyncio.get_running_loop()
        return partial(kind, config=config, server_state=ServerState(), app_state=self.lifespan.state, _loop=loop)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop in the order that the module describes."""
        self._is_shut_down = True
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._settings.grace
        for listener in (*self.servers, *(sockets or ())):
            listener.close()
        if self.proxy is not None:
            await self.proxy.close()
        self._simulator.leave()
        if self._proxied is not None:
            self._proxied.shutdown()
        # Wait for the forwarded requests of now only: there may always be another. `release` refuses later ones.
        await self._drain(self.connections, deadline, self._forwards.calls() if self._forwards else [])
        if self._proxied is not None:
            await self._drain(self._proxied, deadline)
        if self._forwards is not None and self._forward_server is not None:
            # The forward listener stays open until here: others would take an owner without a listener for dead.
            try:
                async with asyncio.timeout_at(max(deadline, loop.time() + _CUT_OFF)):
                    await self._simulator.release(lambda: not self.force_exit and loop.time() < deadline)
            except Exception:  # noqa: BLE001  the sandboxes are free at the latest when this process has ended
                _log.exception("the sandboxes of this process were not released")
            if not self.force_exit:
                await asyncio.sleep(_REDIRECTING)
            await self._drain(self._forwards, deadline)
            self._forward_server.close()
        await super().shutdown(sockets)
        # uvicorn leaves it out after a second signal. It takes no time, because it waits for nothing.
        if self.force_exit:
            await self.lifespan.shutdown()

    async def _drain(self, connections: Connections, deadline: float, calls: Sequence[asyncio.Task[Any]] = ()) -> None:
        """Close connections as their requests end, and wait for webhooks in progress and for `calls`.

        At the deadline, or at a second signal, cut off what remains.
        """
        loop = asyncio.get_running_loop()
        connections.shutdown()
        while connections.all or self._simulator.is_sending() or not all(call.done() for call in calls):
            if self.force_exit or loop.time() >= deadline:
                when = "at a second signal" if self.force_exit else f"after {self._settings.grace:g} s of grace"
                if count := await connections.cut_off(_CUT_OFF, calls):
                    _log.warning("stopped %s: %d calls were not finished", when, count)
                return
            await asyncio.sleep(_POLL)

    async def on_tick(self, counter: int) -> bool:
        """What uvicorn does ten times a second, and the time limits of clients."""
        if counter % _TICKS_PER_CHECK == 0:
            for connections in filter(None, (self.connections, self._forwards, self._proxied)):
                connections.look(asyncio.get_running_loop().time(), self._settings.request_timeout)
        return await super().on_tick(counter)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop gracefully, at a second signal at once. uvicorn would raise the signal again and end the process."""
        self.force_exit = self.should_exit
        self.should_exit = True


def serve(settings: Settings, *, is_guided: bool = True) -> int:
    """Serve until a signal comes; the first line on standard output is the URL. Returns the exit status.

    If it `is_guided`, lines on standard error say where to look and how to call the vendors.
    """
    warn = set_up_messages(settings)
    settings = limit_connections(settings, warn)
    try:
        simulator = Simulator(settings, warn)
        listeners = listen(settings)
    except (LogError, OSError) as problem:
        warn(start_error(settings, problem))
        return 1
    url, intercepted = url_of(settings, listeners), None
    if settings.intercept is not None:
        try:
            intercepted = Intercepted(settings, warn)
        except (OSError, ValueError) as problem:
            warn(intercept_error(settings, problem))
            return 1
        warn(f"intercepting {', '.join(intercepted.hosts.table)} on port {intercepted.port}")
    if simulator.control_token is not None and settings.control_token is None:
        warn(f"control token: {simulator.control_token}")

    def announce() -> bool:
        _log.info("listening on %s", url)
        is_printed = print_url(url, warn)
        if is_printed and is_guided:
            print_guide(settings, listeners, warn)
        return is_printed

    return serve_on(listeners, Server(simulator, announce, settings, intercepted, url), settings, warn)


def serve_on(listeners: list[socket.socket], server: Server, settings: Settings, warn: Callable[[str], None]) -> int:
    """Serve on these sockets until a signal comes. Returns the exit status."""
    # What is loaded now stays loaded: the garbage collector need not walk over it again and again.
    gc.freeze()
    gc.enable()
    gc.set_threshold(10_000, 20, 100)
    try:
        with contextlib.suppress(KeyboardInterrupt):
            server.run(sockets=listeners)
    except (Unopened, LogError) as problem:
        warn(start_error(settings, problem))
    return 0 if server.is_announced else 1


@contextlib.contextmanager
def running(settings: Settings, listeners: list[socket.socket] | None = None) -> Iterator[str]:
    """Serve in a thread of this process while the block lasts. Yields the base URL."""
    with running_server(settings, listeners or listen(settings)) as (url, _):
        yield url


@contextlib.contextmanager
def running_server(
    settings: Settings, listeners: list[socket.socket], intercepted: Intercepted | None = None
) -> Iterator[tuple[str, Server]]:
    """Serve in a thread of this process while the block lasts. Yields the base URL and the server."""
    simulator, url = Simulator(settings), url_of(settings, listeners)
    ready = threading.Event()

    def announce() -> bool:
        ready.set()
        return True

    server = Server(simulator, announce, settings, intercepted, url)
    thread = threading.Thread(target=server.run, args=(listeners,), name="assessment-simulator", daemon=True)
    thread.start()
    try:
        while not ready.wait(0.1):
            if not thread.is_alive():
                raise RuntimeError("the server did not start; its log says why")
        yield url, server
    finally:
        server.should_exit = True
        thread.join()


def event_loop(*, forwards: bool) -> str:
    """uvicorn's name of the event loop.

    uvloop before 0.23 closes a connection of somebody else when a task is cancelled while it connects. The task of a
    forwarded request may be, so a server that forwards runs on asyncio's own loop then.
    """
    if forwards:
        from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415  it takes milliseconds

        with contextlib.suppress(PackageNotFoundError):  # there is none for Windows
            if tuple(map(int, version("uvloop").split(".")[:2])) < (0, 23):
                return "asyncio"
    return "auto"


def _config(connections: Connections, **more: Any) -> uvicorn.Config:
    return uvicorn.Config(
        connections, log_config=None, log_level=None, access_log=False, server_header=False, date_header=False,
        lifespan="on", proxy_headers=False, timeout_graceful_shutdown=2, timeout_keep_alive=int(2 * IDLE),
        http=connections.factory, ws="none", **more,
    )  # fmt: skip


def set_up_messages(settings: Settings) -> Callable[[str], None]:
    """Set up logging and output that never blocks. Returns the function that writes a line whatever the log level.

    Unusable certificate authorities are reported here, because a webhook would only fail much later.
    """
    output.replace_stream("stdout")
    logging_setup.set_up(settings.log_format, settings.log_level, settings.access_log)
    warn = partial(logging_setup.announce, settings.log_format)
    for line in environment_problems(authorities()):
        warn(line)
    return warn


def print_url(url: str, warn: Callable[[str], None]) -> bool:
    """Print where the server listens. Returns False if that fails; a reader that has not read it yet is no failure."""
    # Earlier lines come first, also where both streams are one.
    output.drain()
    print(f"listening on {url}", flush=True)
    problem = output.write_error(sys.stdout)
    if problem is not None:
        warn(f"cannot write to standard output: {problem.strerror}")
    return problem is None


def print_guide(settings: Settings, listeners: list[socket.socket], warn: Callable[[str], None]) -> None:
    """Say on standard error where to look and how to call each vendor; nothing where a program reads it as JSON."""
    if settings.log_format == "json":
        return
    local = local_url(settings.host, listeners[0].getsockname()[1], tls=settings.tls_cert is not None)
    base = (settings.public_url or local).rstrip("/")
    lines: tuple[str, ...]
    if settings.access == "open":
        lines = (
            f"dashboard:         {base}/",
            f"API reference:     {base}/_simulator/docs",
            f"demo sandbox:      {base}/sandboxes/demo",
            f"pymetrics:         {base} with client_id and X-Api-Key sim-demo, any client_secret",
            f"Predictive Index:  {base}/api/v1 with api-key sim-demo",
            "another sandbox:   sim-<name>, with a name of a-z, 0-9 and -",
        )
    else:
        lines = (
            f"dashboard:         {base}/ (log in with the control token)",
            f"API reference:     {base}/_simulator/docs",
            f"pymetrics:         {base} with the credentials of a sandbox",
            f"Predictive Index:  {base}/api/v1 with the credentials of a sandbox",
            "credentials:       assessment-simulator env --create --sandbox NAME, with SIMULATOR_CONTROL_TOKEN",
        )
    for line in lines:
        warn(line)


def start_error(settings: Settings, problem: Exception) -> str:
    """Why the server cannot start, in a line without passwords."""
    if isinstance(problem, LogError):
        return f"--log {redact(settings.log)}: {problem}"
    if not isinstance(problem, OSError):
        return str(problem)
    # Not Python's own text, which repeats the address.
    reason = os.strerror(problem.errno) if problem.errno else str(problem)
    if isinstance(problem, socket.gaierror):
        reason = f"the name {settings.host} cannot be resolved"
    elif problem.errno == errno.EADDRINUSE:
        reason += "; choose another with --port, 0 takes a free one"
    return f"cannot listen on {settings.host}:{settings.port}: {reason}"


def intercept_error(settings: Settings, problem: Exception) -> str:
    """Why `--intercept` cannot start."""
    from assessment_simulator.intercept.listener import authority_folder  # noqa: PLC0415  with --intercept only

    if isinstance(problem, OSError) and problem.filename is None:
        return start_error(replace(settings, port=settings.intercept or 0), problem).replace("--port", "--intercept")
    return f"--tls-dir {authority_folder(settings)}: {problem}"


def limit_connections(settings: Settings, warn: Callable[[str], None]) -> Settings:
    """Raise the limit of open files; if it is too low, lower `max_connections`: more connections get 503."""
    if sys.platform == "win32":
        return settings
    needed = settings.max_connections + OTHER_FILES
    files, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files == resource.RLIM_INFINITY or files >= needed:
        return settings
    with contextlib.suppress(OSError, ValueError):
        more = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (more, hard))
        files = more
    fewer = max(1, files - min(OTHER_FILES, files // 2))
    if fewer >= settings.max_connections:
        return settings
    warn(
        f"this process may open {files} files (ulimit -n): "
        f"it accepts {fewer} connections at once, not {settings.max_connections}"
    )
    return replace(settings, max_connections=fewer)


def listen(settings: Settings) -> list[socket.socket]:
    """The sockets that listen on the host of the settings, all on one port; raises OSError."""
    hosts = _addresses(settings.host.strip("[]"))
    for tries_left in reversed(range(PORT_TRIES)):
        port, listeners, missing = settings.port, list[socket.socket](), list[OSError]()
        with contextlib.ExitStack() as opened:
            for host in hosts:
                family = socket.AF_INET6 if ":" in host else socket.AF_INET
                both = host == "::" and socket.has_dualstack_ipv6()
                try:
                    listener = socket.create_server((host, port), family=family, backlog=BACKLOG, dualstack_ipv6=both)
                except OSError as problem:
                    if problem.errno == errno.EADDRINUSE and not settings.port and tries_left:
                        # The port that the system chose for the first address is in use at the second: try another.
                        break
                    if problem.errno not in _NO_FAMILY or len(hosts) == 1:
                        raise
                    missing.append(problem)
                else:
                    listeners.append(opened.enter_context(listener))
                    port = listener.getsockname()[1]
            else:
                if not listeners:
                    raise missing[0]
                opened.pop_all()
                return listeners
    raise AssertionError("the last try returns or raises")


def _addresses(host: str) -> list[str]:
    """The addresses to listen on; raises `socket.gaierror` for a name that has none."""
    if is_localhost(host):
        return ["127.0.0.1", "::1"]
    if not host:
        return ["0.0.0.0"]  # noqa: S104
    with contextlib.suppress(ValueError):
        address = ip_address(host)
        if isinstance(address, IPv6Address) and address.ipv4_mapped:
            return [str(address.ipv4_mapped)]
        # Where the system has no IPv6, or no socket for both families, IPv4 needs a socket of its own.
        if address == IPv6Address("::"):
            return ["::"] if socket.has_dualstack_ipv6() else ["::", "0.0.0.0"]  # noqa: S104
        return [str(address)]
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (UnicodeError, TypeError):  # Python's errors for a name that no host can have
        raise socket.gaierror(socket.EAI_NONAME, "is no name of a host") from None
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def url_of(settings: Settings, listeners: list[socket.socket]) -> str:
    """The base URL of the sockets: with the host name of the settings, or the address that is listened on."""
    host, port, *_ = listeners[0].getsockname()
    name = settings.host.strip("[]") or host
    with contextlib.suppress(ValueError):
        ip_address(name)
        name = host
    scheme = "http" if settings.tls_cert is None else "https"
    return f"{scheme}://{f'[{name}]' if ':' in name else name}:{port}"
