"""Catches webhooks: one listener on a free port of this machine, for as many sandboxes as there are."""

import json
import secrets
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar, overload
from urllib.parse import parse_qsl

from assessment_simulator.testing.connection import Connection, SimulatorError
from assessment_simulator.testing.listener_address import address_of, advertised, advice, bind_address

T = TypeVar("T")
_PATIENCE = 5
"""Seconds in which a server must have posted to the listener when it is asked to."""
_STATUSES = range(200, 600)
Match = Mapping[str, Any] | Callable[["Webhook"], bool]


@dataclass(frozen=True)
class Webhook:
    """One webhook as it came in.

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
        """The body as a form, as The Predictive Index posts it; {} when it is none."""
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))

    @cached_property
    def json(self) -> Any:
        """The body as JSON, as our extension for pymetrics posts it; raises ValueError when it is none."""
        return json.loads(self.body)

    @property
    def data(self) -> Any:
        """The JSON or the form, whichever the content type says."""
        return self.json if "json" in self.headers.get("content-type", "") else self.form

    def __str__(self) -> str:
        return f"{self.method} {self.path or '/'} {self.body[:300].decode('utf-8', 'replace')}"


class NotCaught(AssertionError):
    """The webhooks that were waited for did not come in time; the message tells what came, and what was tried."""


class Webhooks(Sequence[Webhook]):
    """The webhooks that one sandbox's listener has caught, oldest first."""

    def __init__(self, url: str, tried: Callable[[], list[str]] = list) -> None:
        self.url = url
        """Where the listener catches them; whatever follows this address is caught too."""
        self._tried = tried
        self._caught: list[Webhook] = []
        self._changed = threading.Condition()
        self._statuses: deque[int] = deque([200])
        self._delay = 0.0

    @overload
    def __getitem__(self, index: int) -> Webhook: ...
    @overload
    def __getitem__(self, index: slice) -> list[Webhook]: ...
    def __getitem__(self, index: int | slice) -> Webhook | list[Webhook]:
        return self._caught[index]

    def __len__(self) -> int:
        return len(self._caught)

    def __iter__(self) -> Iterator[Webhook]:
        return iter([*self._caught])

    def __repr__(self) -> str:
        return repr(self._caught)

    def answer_with(self, *statuses: int, delay: float = 0) -> None:
        """Answer the next webhooks with these statuses, and all later ones with the last; each after `delay` seconds.

        >>> simulator.webhooks.answer_with(503, 500, 200)
        """
        if not statuses:
            raise ValueError("give at least one status, such as answer_with(500, 200)")
        for status in statuses:
            if status not in _STATUSES:
                raise ValueError(f"{status!r} is no final HTTP status, 200 to 599, such as answer_with(500, 200)")
        with self._changed:
            self._statuses = deque(statuses)
            self._delay = delay

    @overload
    def wait_for(self, wanted: int = 1, *, within: float = 5) -> list[Webhook]: ...
    @overload
    def wait_for(self, wanted: Match, *, within: float = 5) -> Webhook: ...
    def wait_for(self, wanted: int | Match = 1, *, within: float = 5) -> list[Webhook] | Webhook:
        """Wait, `within` seconds at most, and raise `NotCaught` after that; what has come already counts.

        A number waits until so many have come, and gives all of them. Members wait for the first webhook whose form or
        JSON has them, a function for the first that it says yes to; both give that one.

        >>> simulator.webhooks.wait_for(0)
        []
        """
        __tracebackhide__ = True  # pytest: the line that waited in vain is the one to show
        if isinstance(wanted, int):
            return self._wait(lambda: [*self] if len(self) >= wanted else None, within, f"{wanted} webhooks", {})
        members = {} if callable(wanted) else wanted
        fits = wanted if callable(wanted) else lambda webhook: not _differences(members, _data(webhook))
        what = "a webhook that the function wants" if callable(wanted) else f"a webhook with {dict(members)}"
        return self._wait(lambda: next(filter(fits, self), None), within, what, members)

    def _wait(self, look: Callable[[], T | None], within: float, what: str, members: Mapping[str, Any]) -> T:
        __tracebackhide__ = True
        with self._changed:
            self._changed.wait_for(lambda: look() is not None, within)
            found = look()
        if found is not None:
            return found
        head = f"waited {within:g} s for {what}; {len(self)} came"
        raise NotCaught("\n".join([head, *self._misses(members), *self._tried()]))

    def _misses(self, members: Mapping[str, Any]) -> list[str]:
        """What was caught instead, the nearest first."""
        nearest = sorted(((_differences(members, _data(one)), one) for one in self), key=lambda pair: len(pair[0]))
        return [line for wrong, one in nearest[:3] for line in (f"caught: {one}", *(f"  {text}" for text in wrong))]

    def clear(self) -> None:
        """Forget what was caught."""
        with self._changed:
            self._caught.clear()

    def take(self, webhook: Webhook) -> int:
        """Keep one that came in, and say what status to answer it with."""
        with self._changed:
            self._caught.append(webhook)
            status = self._statuses.popleft() if len(self._statuses) > 1 else self._statuses[0]
            delay = self._delay
            self._changed.notify_all()
        if delay:
            time.sleep(delay)
        return status


class Listener(AbstractContextManager["Listener"]):
    """Catches webhooks, and sorts what comes by the first part of its path: the name of a sandbox.

    It listens on `host` (HOST or HOST:PORT), on a free port of loopback unless given. `url` is the base address under
    which a server reaches it, where that is another.
    """

    def __init__(self, host: str | None = None, url: str | None = None) -> None:
        self._boxes: dict[str, Webhooks] = {}
        self._unreached: dict[str, str | None] = {}
        """By server: why it does not reach this listener, None where it does."""
        name, port = bind_address(host or "127.0.0.1")
        try:
            self._server = _listening(name, port)
        except OSError as problem:
            raise SimulatorError(f"no listener for webhooks on {host or name}: {problem.strerror or problem}") from None
        self._server.take = self._take
        try:
            port = self._server.server_port
            self.url = address_of(name, port) if url is None else advertised(url, port)
        except ValueError:
            self._server.server_close()
            raise
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="simulator webhooks", daemon=True
        )
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def webhooks(self, name: str, tried: Callable[[], list[str]] = list) -> Webhooks:
        """A list for a sandbox of that name; `tried` tells, in lines, of what the server has tried to deliver."""
        self._boxes[name] = Webhooks(f"{self.url}/{name}", tried)
        return self._boxes[name]

    def unreached(self, connection: Connection, path: str) -> str | None:
        """Why a server does not reach this listener, and what to do; None where it does.

        That is found out once for each server: it is asked, by the sandbox at `path`, to post to the listener, and what
        it posts must arrive here: under the same address another program may answer there.
        """
        if connection.url not in self._unreached:
            why = self._tried(connection, path)
            self._unreached[connection.url] = why and advice(connection.url, self.url, why)
        return self._unreached[connection.url]

    def reached_by(self, server: str) -> None:
        """Know, without trying, that a server reaches this listener."""
        self._unreached[server] = None

    def _tried(self, connection: Connection, path: str) -> str | None:
        name = f"test-{secrets.token_hex(8)}"
        came = self.webhooks(name)
        try:
            tried = connection.call("POST", f"{path}/webhook-test", {"url": came.url}, within=_PATIENCE)
        except SimulatorError as problem:
            return f"nothing arrived within {_PATIENCE} s" if problem.status is None else str(problem)
        finally:
            self.forget(name)
        if came:
            return None
        return tried["error"] or f"another program answers there, with {tried['status']}"

    def forget(self, name: str) -> None:
        """Catch nothing more for that sandbox."""
        self._boxes.pop(name, None)

    def _take(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> int:
        name, slash, rest = target.removeprefix("/").partition("/")
        name, mark, query = name.partition("?")
        box = self._boxes.get(name)
        if box is None:
            return 404
        return box.take(Webhook(method, f"{slash}{rest}{mark}{query}", headers, body, datetime.now(UTC)))


def _listening(host: str, port: int) -> "_Server":
    """A server on that address; on `::` it takes IPv4 connections too."""
    family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0][0]
    server = _Server((host, port), _Handler, bind_and_activate=False)
    server.socket.close()  # it is one for IPv4, whatever the host is
    server.socket = socket.create_server(
        (host, port), family=family, backlog=_Server.request_queue_size, dualstack_ipv6=host == "::"
    )
    server.server_name, server.server_port = host, server.socket.getsockname()[1]
    return server


class _Server(ThreadingHTTPServer):
    request_queue_size = 256  # the standard five would drop a burst's connections
    take: Callable[[str, str, Mapping[str, str], bytes], int]


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
        """Say nothing: the list keeps what came."""


def _data(webhook: Webhook) -> Any:
    try:
        return webhook.data
    except ValueError:
        return None


def _differences(wanted: Any, found: Any, where: str = "") -> list[str]:
    """What keeps `found` from having all that is `wanted`: objects member by member, all else as it is."""
    if isinstance(wanted, Mapping) and isinstance(found, Mapping):
        return [
            line
            for name, value in wanted.items()
            for line in _differences(value, found.get(name), f"{where}.{name}" if where else name)
        ]
    return [] if wanted == found else [f"{where or 'the body'} is {found!r} and not {wanted!r}"]
