"""Receives webhooks: one listener on this machine for all sandboxes of a test run.

Each sandbox has an address of its own: the listener's URL with the sandbox's name. A server may reach this machine
under another address than the one that the listener is bound to, so an environment variable exists for each.
"""

import asyncio
import json
import re
import secrets
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from assessment_simulator.core.urls import is_web_url
from assessment_simulator.settings import PREFIX, from_environment
from assessment_simulator.testing.calls import Call, Steps
from assessment_simulator.testing.connection import SimulatorError

HOST, URL = f"{PREFIX}LISTENER_HOST", f"{PREFIX}LISTENER_URL"
# Seconds in which a server must have called the listener.
_PROBE_TIMEOUT = 5
# A bare IPv6 address, which has two colons at least; or one in brackets, or a name, and perhaps a port.
_BIND_ADDRESS = re.compile(
    r"([0-9a-f.]*:[0-9a-f:.]*:[0-9a-f:.]*)|(?:\[([0-9a-f:.]+)\]|([^\s\[\]:/]+))(?::(\d{1,5}))?",
    re.ASCII | re.IGNORECASE,
)


def bind_address(text: str) -> tuple[str, int]:
    """Host and port of HOST or HOST:PORT, an IPv6 address in brackets or bare; port 0 takes a free one."""
    found = _BIND_ADDRESS.fullmatch(text)
    if found is None or int(found[4] or 0) > 65_535:
        raise ValueError(f"{HOST} is {text!r}; give an address of this machine, such as 0.0.0.0, [::] or 0.0.0.0:9000")
    return found[1] or found[2] or found[3], int(found[4] or 0)


def advertised(text: str, port: int) -> str:
    """A given base URL of a listener on `port`; http without a port gets that port."""
    parts = urlsplit(text) if is_web_url(text) else None
    if parts is None or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError(f"{URL} is {text!r}; give a base address, such as http://host.docker.internal")
    if parts.scheme == "http" and parts.port is None:
        parts = parts._replace(netloc=f"{parts.netloc.rstrip(':')}:{port}")
    return parts.geturl().rstrip("/")


@dataclass(frozen=True)
class Webhook:
    """One webhook as it was received.

    `path` is what follows the sandbox's own address, with its query; `headers` have lower-case names; `at` is this
    machine's time.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    at: datetime

    @cached_property
    def form(self) -> dict[str, str]:
        """The body as a form, as The Predictive Index sends it; {} if it is none."""
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))

    @cached_property
    def json(self) -> Any:
        """The body as JSON, as our extension for pymetrics sends it; raises ValueError if it is none."""
        return json.loads(self.body)

    @property
    def data(self) -> Any:
        """The JSON or the form, according to the content type."""
        return self.json if "json" in self.headers.get("content-type", "") else self.form

    def __str__(self) -> str:
        return f"{self.method} {self.path or '/'} {self.body[:300].decode('utf-8', 'replace')}"


class Inbox:
    """What one sandbox's address has received, and how the listener responds there.

    The listener's threads write to it; `wait` looks at each change.
    """

    def __init__(self, url: str) -> None:
        # Where webhooks are received; addresses below it count, too.
        self.url = url
        self.received: list[Webhook] = []
        self._changed = threading.Condition()
        # What is called at each change, for waits in event loops.
        self._wakers: list[Callable[[], None]] = []
        self._statuses: deque[int] = deque([200])
        self._delay = 0.0

    def answer_with(self, statuses: Sequence[int], delay: float) -> None:
        """Answer the next webhooks with these statuses, later ones with the last; each after `delay` seconds."""
        with self._changed:
            self._statuses = deque(statuses)
            self._delay = delay

    def wait(self, until: Callable[[], bool], within: float) -> None:
        """Wait until something is true of what was received, for at most `within` seconds."""
        with self._changed:
            self._changed.wait_for(until, within)

    async def wait_in_loop(self, until: Callable[[], bool], within: float) -> None:
        """The same in an event loop, which goes on meanwhile."""
        loop, changed = asyncio.get_running_loop(), asyncio.Event()

        def wake() -> None:
            loop.call_soon_threadsafe(changed.set)

        with self._changed:
            self._wakers.append(wake)
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(within):
                    while not until():
                        await changed.wait()
                        changed.clear()
        finally:
            # Under the lock, so that no thread wakes a loop that was closed after this.
            with self._changed:
                self._wakers.remove(wake)

    def clear(self) -> None:
        """Delete what was received."""
        with self._changed:
            self.received.clear()

    def take(self, webhook: Webhook) -> int:
        """Add a webhook. Returns the status to answer with."""
        with self._changed:
            self.received.append(webhook)
            status = self._statuses.popleft() if len(self._statuses) > 1 else self._statuses[0]
            delay = self._delay
            self._changed.notify_all()
            for wake in self._wakers:
                wake()
        if delay:
            time.sleep(delay)
        return status


class Listener(AbstractContextManager["Listener"]):
    """Receives webhooks, and sorts them by the first segment of their path: the name of a sandbox.

    It listens on `host` (HOST or HOST:PORT), by default on a free port of the loopback. `url` is the base URL under
    which a server reaches it, if that is another.
    """

    def __init__(self, host: str | None = None, url: str | None = None) -> None:
        self._inboxes: dict[str, Inbox] = {}
        # By server: why it does not reach this listener, None if it does.
        self._unreached: dict[str, str | None] = {}
        name, port = bind_address(host or "127.0.0.1")
        try:
            self._server = _Server(name, port, self._take)
        except OSError as problem:
            raise SimulatorError(f"no listener for webhooks on {host or name}: {problem.strerror or problem}") from None
        port = self._server.server_port
        try:
            # A wildcard is no address to connect to.
            near = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(name, name)  # noqa: S104
            self.url = f"http://{f'[{near}]' if ':' in near else near}:{port}" if url is None else advertised(url, port)
        except ValueError:
            self._server.server_close()
            raise
        serve = self._server.serve_forever
        self._thread = threading.Thread(target=serve, args=(0.05,), name="simulator webhooks", daemon=True)
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def inbox(self, name: str) -> Inbox:
        """A new inbox for the sandbox of a name."""
        self._inboxes[name] = Inbox(f"{self.url}/{name}")
        return self._inboxes[name]

    def unreached(self, server: str, path: str) -> Steps[str | None]:
        """Why a server does not reach this listener, and what to do; None if it does.

        This is found out once for each server: its sandbox at `path` sends a test webhook, which must arrive here,
        because another program may answer under the same address.
        """
        if server in self._unreached:
            return self._unreached[server]
        name = f"test-{secrets.token_hex(8)}"
        inbox = self.inbox(name)
        try:
            tried = yield Call("POST", f"{path}/webhook-test", {"url": inbox.url}, _PROBE_TIMEOUT)
            why = tried["error"] or f"another program answers there, with {tried['status']}"
        except SimulatorError as problem:
            why = f"nothing arrived within {_PROBE_TIMEOUT} s" if problem.status is None else str(problem)
        self.forget(name)
        policy = "; or allow that address with the server's --webhook-hosts" if "refused by policy" in why else ""
        self._unreached[server] = (
            None
            if inbox.received
            else (
                f"the server at {server} cannot reach this machine's listener for webhooks at {self.url}: {why}. "
                f"Set {URL} to the listener's address as that server sees it, such as http://host.docker.internal, and "
                f"{HOST}=0.0.0.0 so that the listener takes connections from there{policy}"
            )
        )
        return self._unreached[server]

    def reached_by(self, server: str) -> None:
        """Note that a server reaches this listener, without a test."""
        self._unreached[server] = None

    def forget(self, name: str) -> None:
        """Receive nothing more for the sandbox of a name."""
        self._inboxes.pop(name, None)

    def _take(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> int:
        name, slash, rest = target.removeprefix("/").partition("/")
        name, mark, query = name.partition("?")
        inbox = self._inboxes.get(name)
        if inbox is None:
            return 404
        return inbox.take(Webhook(method, f"{slash}{rest}{mark}{query}", headers, body, datetime.now(UTC)))


def environment_listener() -> Listener:
    """A listener at the address of the environment."""
    return Listener(from_environment("listener_host"), from_environment("listener_url"))


class _Server(ThreadingHTTPServer):
    # With the default of five, the system would drop connections of a burst.
    request_queue_size = 256

    def __init__(self, host: str, port: int, take: Callable[[str, str, Mapping[str, str], bytes], int]) -> None:
        self.take = take
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        self.address_family = found[0][0]
        super().__init__((host, port), _Handler)

    def server_bind(self) -> None:
        """Accept IPv4 connections on `::`, too."""
        if self.server_address[0] == "::":
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        # Not `HTTPServer.server_bind`, which looks up the host's name.
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.send_response(self.server.take(self.command, self.path, headers, body))
        self.send_header("content-length", "0")
        self.send_header("connection", "close")
        self.end_headers()

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815 - the names that http.server looks for

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
        """Write nothing: an `Inbox` keeps what came."""
