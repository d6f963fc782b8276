"""Forwarding of requests to the process that owns their sandbox.

Each process has two listeners. Clients connect to the first; the other processes connect to the second, the forward
listener. A request passes through these steps:

1. `Forwarding` runs the app with a copy of the scope. If this process owns the sandbox, the app answers.
2. If another process owns it, the app sends nothing and names the owner: it calls `leave_to`, or raises
   `OwnedElsewhere`. `Forwarding` sends the request to the owner's forward listener. What the client sent, and what only
   this process knows (client address, scheme, path prefix), travels in one plain HTTP request.
3. At the owner, `Forwarded` restores the scope and runs the app behind the checks that the first process has made.
   If the sandbox belongs to another process after all, the response is a 421 with the header `HEADER`. Only
   `Forwarded` sends this header, so a 421 of an injected fault is not mistaken for it. A request is forwarded once at
   most.
4. `Forwarding` streams the response to the client.

Guarantees:

- A request is processed once at most. It is sent again only if connecting failed or the response was 421.
- Once a request was sent, its client sees what the owner does to the connection. If that ends before the response or
  within the body, the client's connection is closed at the same point. No status is made up for it.
- If the client disconnects, the connection to the owner is closed, and the owner sees the disconnect.
- If the owner sends nothing for `FIRST_PROBE` seconds, its health is requested on another connection, and again every
  `NEXT_PROBE` seconds. A healthy owner is waited for without limit. Otherwise the owner is reported as unreachable, and
  the client's connection is closed, within five seconds after the request.
- If the sandbox has no owner that can be connected to, the client gets a 503 after `GIVE_UP` seconds.

Idle connections to the owner are kept for `KEPT` seconds here and for `http.connection.IDLE` seconds there, so the
owner never closes one that is about to be used, unless it stops.

Header values may hold bytes that are not UTF-8, and aiohttp writes UTF-8 only. They are decoded as Latin-1 here, and
the owner reverses both steps, so every byte arrives unchanged. The server admits only ASCII in a URL.
"""

import asyncio
import errno
import logging
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from contextlib import suppress
from enum import Enum, auto
from io import BytesIO
from math import inf
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from starlette.requests import Request
from starlette.responses import Response

from assessment_simulator.http.asgi import (
    CROSS_SITE,
    LARGEST_BODY,
    App,
    Headers,
    Receive,
    Scope,
    Send,
    named_headers,
    replace_headers,
    respond,
)
from assessment_simulator.http.connection import connection_of, hang_up
from assessment_simulator.http.problem_details import Problem
from assessment_simulator.http.proxy_headers import ProxyInfo, proxy_info, restore_proxy_info
from assessment_simulator.http.request_id import request_name, take_request_name
from assessment_simulator.storage import LogError, OwnedElsewhere, Owner, json_codec

if TYPE_CHECKING:
    from aiohttp import ClientRequest, ClientResponse, ClientSession

HEADER = b"simulator-forwarded"
"""The header that a forwarded request has, and no other: JSON with what the first process knows of its client.

Of responses only a 421 of `Forwarded` has it.
"""
HEALTH = "/_simulator/health"
MISDIRECTED = 421
GIVE_UP = 5.0
"""Seconds in which an owner must be found that can be connected to."""
FORCE_AFTER = 0.9
"""Seconds between two failed connections to the owner after which the sandbox is taken from it by force."""
CONNECTING = 1.0
"""Seconds in which a connection to the owner must be made. Less than `FIRST_PROBE`: a probe follows a sent request."""
FIRST_PROBE = 1.2
"""Seconds without any byte of a response after which the owner is probed."""
UNWATCHED = 0.02
"""Seconds before anyone looks whether the client is still connected. Most responses come sooner."""
NEXT_PROBE = 3.0
"""Seconds without progress between a probe and the next one."""
PROBE = 1.2
"""Seconds that the owner has to answer a probe."""
CONFIRMING = 1.0
"""Seconds that a forwarded request waits at the owner for the database."""
TAKING = 2.3
"""Seconds that a client waits for `Owner.unreachable`, so that its next request finds another owner."""
ENDING = 0.5
"""Seconds that a client has to receive the end of an event stream when the server stops."""
KEPT = 15.0
"""Seconds that an idle connection is kept. Far less than the owner keeps it."""
FIRST_PAUSE, LONGEST_PAUSE = 0.005, 0.1
"""Seconds before an owner is looked up again; each pause is twice as long as the one before."""

UNREACHABLE = "the process that owns this sandbox cannot be reached, and no other could take over; try again"
_LARGEST_HEAD = 1_048_576
_HOP_BY_HOP = frozenset({b"connection", b"keep-alive", b"proxy-connection", b"te", b"transfer-encoding", b"upgrade"})
"""Fields that are meant for the next recipient only, as those are that `Connection` lists (RFC 9110, 7.6.1)."""
_NOT_ADDED = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")
"""Headers that aiohttp would add."""
_OWN_LIMITS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL})
"""Errors in connecting that say something about this process, not about the owner."""
_KEY = "simulator.forwarding"
_log = logging.getLogger("simulator.forwarding")


def leave_to(scope: Scope, owner: Owner) -> None:
    """Let the owner respond to this request. The caller sends nothing and returns.

    Raises `OwnedElsewhere` where the app runs without `Forwarding` or `Forwarded`.
    """
    if _KEY not in scope:
        raise OwnedElsewhere(owner)
    scope[_KEY].append(owner)


def left_to(scope: Scope) -> Owner | None:
    """The owner to which the app has left this request, or a nested call of the app for it."""
    owners: list[Owner] = scope.get(_KEY, [])
    return owners[-1] if owners else None


def passed_on(scope: Scope) -> dict[str, Any]:
    """The part of a scope by which a nested call of the app can leave its request to an owner."""
    return {_KEY: scope[_KEY]} if _KEY in scope else {}


class LeftToOwner(Response):
    """A response that sends nothing, because the owner responds."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send nothing."""


def answer_owned_elsewhere(request: Request, error: Exception) -> Response:
    """Starlette's handler for `OwnedElsewhere`, which would otherwise become a 500."""
    if isinstance(error, OwnedElsewhere):
        leave_to(request.scope, error.owner)
    return LeftToOwner()


async def _run(app: App, scope: Scope, receive: Receive, send: Send) -> Owner | None:
    """Run the app. Returns the owner if the app has left the request to it."""
    scope[_KEY] = []  # one list for all copies of the scope
    try:
        await app(scope, receive, send)
    except OwnedElsewhere as elsewhere:
        return elsewhere.owner
    return left_to(scope)


# The process that a client is connected to.


async def give_up(scope: Scope, receive: Receive, send: Send) -> None:
    """Respond that the owner cannot be reached: a 503 problem document."""
    problem = Problem(503, UNREACHABLE, {"retry-after": "1"})
    await problem.response()(scope, receive, send)


class _Outcome(Enum):
    """What became of one attempt to forward a request."""

    ANSWERED = auto()
    NOT_THE_OWNER = auto()
    UNCONNECTED = auto()
    OWN_LIMIT = auto()
    """No connection could be made, for a cause in this process."""
    BROKEN = auto()
    """The connection to the owner ended before the response was complete."""
    CLIENT_GONE = auto()
    OWNER_SILENT = auto()
    STOPPING = auto()


class _Ended(Exception):
    """An attempt has ended with this outcome, before the response was complete."""

    def __init__(self, outcome: _Outcome) -> None:
        super().__init__(outcome)
        self.outcome = outcome


class _Exchange:
    """One request under way at the owner. `end` interrupts it from another task."""

    __slots__ = ("has_responded", "is_event_stream", "limit", "outcome", "progress")

    def __init__(self) -> None:
        self.limit = asyncio.timeout(None)
        self.outcome: _Outcome | None = None
        """Why it was interrupted."""
        self.progress = 0
        """Incremented with each part of the response."""
        self.is_event_stream = False
        self.has_responded = False
        """Whether the last part of the response is being sent, so that nothing may interrupt any more."""

    def end(self, outcome: _Outcome) -> None:
        """Interrupt the exchange with this outcome."""
        if not self.has_responded and self.outcome is None:
            self.outcome = outcome
            self.limit.reschedule(0)


class _Body:
    """The body of a request, which is kept while the app reads it, so that it can be read again."""

    __slots__ = ("_is_complete", "_is_gone", "_messages", "_position", "_receive")

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._messages: list[Any] = []
        self._position = 0
        self._is_complete = False
        self._is_gone = False

    async def receive(self) -> Any:
        """The next message for the app: a part of the body, later the disconnect."""
        if self._position < len(self._messages):
            self._position += 1
            return self._messages[self._position - 1]
        message = await self._receive()
        if message["type"] == "http.disconnect":
            self._is_gone = True
        elif not self._is_complete:
            self._messages.append(message)
            self._position += 1
            self._is_complete = not message.get("more_body", False)
        return message

    def rewind(self) -> None:
        """Let the app read the body from its beginning."""
        self._position = 0

    async def read(self, length: bytes | None) -> bytes | None:
        """The whole body, which has this `Content-Length`; None if the client disconnects.

        Of a body over the limit only a part is read. The owner refuses it by its length, or because this part is over
        the limit too.
        """
        self._position = len(self._messages)
        size = sum(len(message.get("body", b"")) for message in self._messages)
        if length is None or int(length) <= LARGEST_BODY:
            while not (self._is_complete or self._is_gone) and size <= LARGEST_BODY:
                size += len((await self.receive()).get("body", b""))
        return None if self._is_gone else b"".join([message.get("body", b"") for message in self._messages])

    async def disconnected(self) -> None:
        """Return when the client disconnects."""
        while not self._is_gone:
            self._is_gone = (await self._receive())["type"] == "http.disconnect"


class Forwarding:
    """Wraps the app of the ordinary listener, behind what judges and logs a request.

    `refuse` responds when no owner could be reached, by default with a problem document. `count` is called for each
    request that is forwarded.
    """

    def __init__(self, app: App, refuse: App = give_up, count: Callable[[], None] = lambda: None) -> None:
        self._app = app
        self._count = count
        self._refuse = refuse
        self._session: ClientSession | None = None
        self._errors: tuple[type[Exception], ...] = (OSError,)
        """What aiohttp raises when a connection breaks."""
        self._exchanges: set[_Exchange] = set()
        self._probes: dict[str, asyncio.Task[bool]] = {}
        self._reports: set[asyncio.Task[None]] = set()
        self._is_stopping = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the app respond to one request, or the owner of its sandbox."""
        if scope["type"] != "http":

            async def closing(message: MutableMapping[str, Any]) -> None:
                if message["type"].startswith("lifespan.shutdown"):
                    await self.close()  # the server awaits nothing after this message
                await send(message)

            await self._app(scope, receive, closing)
            return
        if any(name == HEADER for name, _ in scope["headers"]):  # sent by a client, so it means nothing
            replace_headers(scope, [line for line in scope["headers"] if line[0] != HEADER])
        body = _Body(receive)
        owner = await _run(self._app, {**scope}, body.receive, send)
        if owner is not None:
            try:
                await self._forward(owner, scope, body, send)
            except asyncio.CancelledError:  # the server stops, and its grace time is over
                hang_up(connection_of(scope))

    def leave(self) -> None:
        """End event streams, which have no end of their own: the server is about to stop."""
        self._is_stopping = True
        for exchange in self._exchanges:
            if exchange.is_event_stream:
                exchange.end(_Outcome.STOPPING)

    async def close(self) -> None:
        """Close the connections to owners. Called when the lifespan ends."""
        for report in self._reports:
            report.cancel()
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _forward(self, owner: Owner | None, scope: Scope, body: _Body, send: Send) -> None:
        """Send the request to its owner, and look the owner up again as often as nothing could be sent."""
        loop = asyncio.get_running_loop()
        deadline, pause = loop.time() + GIVE_UP, FIRST_PAUSE
        unconnected_since = inf
        self._count()
        data = await body.read(named_headers(scope).get(b"content-length"))
        while owner is not None and data is not None:
            match await self._exchange(owner, scope, body, data, send):
                case _Outcome.NOT_THE_OWNER:
                    owner.forget()
                case _Outcome.UNCONNECTED:
                    unconnected_since = min(unconnected_since, loop.time())
                    by_force = loop.time() - unconnected_since >= FORCE_AFTER
                    await self._report(owner, deadline - loop.time(), by_force=by_force)
                case _Outcome.OWN_LIMIT:
                    _log.warning("no connection to %s: this process has no more files or ports", owner.address)
                case _Outcome.STOPPING:  # an event stream, which ends as its end is written
                    try:
                        async with asyncio.timeout(ENDING):  # the client may not read any more
                            await send({"type": "http.response.body", "body": b"", "more_body": False})
                    except TimeoutError:
                        if connection := connection_of(scope):
                            connection.abort()
                    return
                case _Outcome.OWNER_SILENT:
                    await self._report(owner, TAKING, by_force=True)
                    hang_up(connection_of(scope))
                    return
                case _Outcome.BROKEN:
                    hang_up(connection_of(scope))
                    return
                case _:
                    return
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)
            body.rewind()
            if loop.time() >= deadline:
                await self._refuse(scope, body.receive, send)
                return
            owner = await _run(self._app, {**scope}, body.receive, send)

    async def _report(self, owner: Owner, seconds: float, *, by_force: bool) -> None:
        """Report to the registry that the owner is unreachable, and wait so long for what it does about that.

        It goes on when the time is over: other requests wait for it too.
        """

        async def reporting() -> None:
            try:
                await owner.unreachable(by_force)
            except Exception as problem:  # noqa: BLE001  the app is run again, and fails or not
                _log.warning("no process could take over from the owner at %s: %s", owner.address, problem)

        report = asyncio.create_task(reporting())
        self._reports.add(report)
        report.add_done_callback(self._reports.discard)
        await asyncio.wait({report}, timeout=seconds)

    async def _exchange(self, owner: Owner, scope: Scope, body: _Body, data: bytes, send: Send) -> _Outcome:
        """Send the request once, and its response to the client."""
        exchange = _Exchange()
        self._exchanges.add(exchange)
        loop = asyncio.get_running_loop()
        watching: list[asyncio.Task[None]] = []

        def watch() -> None:
            watching.append(loop.create_task(self._watch(exchange, owner.address, body)))

        timer = loop.call_later(UNWATCHED, watch)  # a task for each request would take a tenth of the speed
        try:
            async with exchange.limit:
                response = await self._request(owner.address, scope, data)
                try:
                    await self._relay(exchange, response, send)
                finally:
                    response.close()  # unless it is complete, and its connection free for the next request
        except _Ended as end:
            return end.outcome
        except TimeoutError:
            if exchange.outcome is None:
                raise
            return exchange.outcome
        finally:
            self._exchanges.discard(exchange)
            timer.cancel()
            for task in watching:
                task.cancel()
        return _Outcome.ANSWERED

    async def _watch(self, exchange: _Exchange, address: str, body: _Body) -> None:
        """End the exchange when its client disconnects or its owner does not respond any more."""
        patience, seen = FIRST_PROBE, exchange.progress
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(patience):
                    await body.disconnected()
                exchange.end(_Outcome.CLIENT_GONE)
                return
            if exchange.progress != seen:
                patience, seen = FIRST_PROBE, exchange.progress
            elif await self._is_healthy(address):
                patience = NEXT_PROBE
            else:
                exchange.end(_Outcome.OWNER_SILENT)
                return

    async def _relay(self, exchange: _Exchange, response: "ClientResponse", send: Send) -> None:
        """Send the response to the client as it comes."""
        if response.status == MISDIRECTED and HEADER.decode() in response.headers:
            raise _Ended(_Outcome.NOT_THE_OWNER)
        exchange.progress += 1
        headers, content = end_to_end(response.raw_headers), response.content
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        try:
            part = content.read_nowait()  # b"" without a body yet: then the head is sent alone
            if not content.is_eof():
                exchange.is_event_stream = response.content_type == "text/event-stream"
            while not content.is_eof():
                await send({"type": "http.response.body", "body": part, "more_body": True})
                if self._is_stopping and exchange.is_event_stream:
                    raise _Ended(_Outcome.STOPPING)
                part = await content.readany()
                exchange.progress += 1
        except self._errors as problem:
            raise _Ended(_Outcome.BROKEN) from problem
        exchange.has_responded = True
        await send({"type": "http.response.body", "body": part, "more_body": False})

    async def _request(self, address: str, scope: Scope, data: bytes) -> "ClientResponse":
        """Send the request; the head of the response."""
        from yarl import URL

        known = proxy_info(scope)
        headers, length, sent_length = [], None, b"%d" % len(data)
        for name, value in end_to_end(scope["headers"], (b"host", b"content-length")):
            if name == b"content-length":
                length = value.decode()
            # The body is here already, so nothing is expected. The length differs where the body is over the limit.
            if name != b"expect" and (name != b"content-length" or value == sent_length):
                headers.append((name.decode("latin-1"), value.decode("latin-1")))
        about = {
            "client": scope.get("client"), "server": scope.get("server"), "scheme": scope["scheme"],
            "prefix": known.prefix, "names_host": known.names_host, "foreign": scope.get(CROSS_SITE), "length": length,
            "request": request_name(),
        }  # fmt: skip
        headers.append((HEADER.decode(), json_codec.dumps(about).decode("latin-1")))
        path, query = _raw_path(scope), scope["query_string"].decode("ascii")
        url = URL.build(scheme="http", authority=address, path=path, query_string=query, encoded=True)
        # aiohttp warns of plain bytes over a megabyte.
        sent = (data if len(data) <= LARGEST_BODY else BytesIO(data)) if data else None
        return await self._client().request(scope["method"], url, headers=headers, data=sent, allow_redirects=False)

    def _client(self) -> "ClientSession":
        """The session of this process, with its kept connections."""
        if self._session is not None:
            return self._session
        from aiohttp import (
            ClientConnectorError,
            ClientError,
            ClientSession,
            ClientTimeout,
            ConnectionTimeoutError,
            DummyCookieJar,
            TCPConnector,
        )  # fmt: skip

        self._errors = (ClientError, OSError)

        async def once(request: "ClientRequest", send: "Callable[[ClientRequest], Awaitable[ClientResponse]]") -> Any:
            # When a connection breaks, aiohttp sends a GET, PUT or DELETE again. It does so for errors of its own
            # only, and has no public option against that.
            try:
                return await send(request)
            except ClientConnectorError as problem:
                is_own_limit = problem.os_error.errno in _OWN_LIMITS
                raise _Ended(_Outcome.OWN_LIMIT if is_own_limit else _Outcome.UNCONNECTED) from problem
            except ConnectionTimeoutError as problem:
                raise _Ended(_Outcome.UNCONNECTED) from problem
            except (ClientError, OSError) as problem:
                raise _Ended(_Outcome.BROKEN) from problem

        self._session = ClientSession(
            # There are as many connections as requests under way, which the ordinary listener limits.
            connector=TCPConnector(limit=0, keepalive_timeout=KEPT, happy_eyeballs_delay=None),
            timeout=ClientTimeout(total=None, sock_connect=CONNECTING),
            cookie_jar=DummyCookieJar(), skip_auto_headers=_NOT_ADDED, auto_decompress=False,
            max_line_size=_LARGEST_HEAD, max_field_size=_LARGEST_HEAD, max_headers=10_000,
            middlewares=(once,),
        )  # fmt: skip
        return self._session

    async def _is_healthy(self, address: str) -> bool:
        """Whether the owner responds on another connection. Requests that ask at the same time share one probe."""
        probe = self._probes.get(address)
        if probe is None:
            probe = self._probes[address] = asyncio.create_task(self._probe(address))
            probe.add_done_callback(lambda done: self._probes.pop(address, None))
        return await asyncio.shield(probe)

    async def _probe(self, address: str) -> bool:
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            try:
                async with asyncio.timeout(PROBE):
                    response = await self._client().get(f"http://{address}{HEALTH}")
                    await response.read()
            except TimeoutError:
                if loop.time() - began < PROBE + 0.5:  # otherwise this process was stopped in the meantime
                    return False
            except _Ended as end:
                return end.outcome is _Outcome.OWN_LIMIT
            except OSError:
                return False
            else:
                return True


def end_to_end(headers: Iterable[tuple[bytes, bytes]], kept: Iterable[bytes] = ()) -> Headers:
    """The headers without those that are meant for the next recipient only. `Connection` cannot list those `kept`.

    All names are in lower case, as uvicorn reads and writes them.
    """
    dropped: frozenset[bytes] | set[bytes] = _HOP_BY_HOP
    for name, value in headers:
        if name == b"connection":
            dropped = dropped | {option.strip().lower() for option in value.split(b",")} - {*kept}
    return [line for line in headers if line[0] not in dropped]


def _raw_path(scope: Scope) -> str:
    """The path as the client sent it, without the prefix that this process has removed from the decoded path."""
    raw: str = scope["raw_path"].decode("ascii")
    path: str = scope["path"]
    if not proxy_info(scope).prefix or unquote(raw) == path:
        return raw
    for index, character in enumerate(raw):
        if character == "/" and unquote(raw[index:]) == path:
            return raw[index:]
    return quote(path)


# The owner.


class Forwarded:
    """Wraps the app of the forward listener: restores the scope, and responds 421 to what is owned elsewhere.

    The app stands behind the checks of host and origin, the reading of proxies' headers and the access log: the first
    process has done this.

    `confirm` raises `LogError` where this process does not know within `CONFIRMING` seconds that it owns anything. The
    response is 421 then: another process may reach the database and own the sandbox by now.
    """

    def __init__(self, app: App, confirm: Callable[[float], Awaitable[None]] | None = None) -> None:
        self._app = app
        self._confirm = confirm

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the app respond to one forwarded request, or to a probe."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_probe = scope["path"] == HEALTH and scope["method"] in ("GET", "HEAD")
        if not restore(scope) and not is_probe:
            problem = Problem(400, "this listener takes requests from other processes of this simulator only")
            await problem.response()(scope, receive, send)
            return
        is_owner = is_probe or await self._is_confirmed()
        if is_owner:
            is_owner = await _run(self._app, scope, receive, send) is None
        if not is_owner:
            await respond(send, MISDIRECTED, [(HEADER, b"not the owner"), (b"content-length", b"0")], b"")

    async def _is_confirmed(self) -> bool:
        try:
            if self._confirm is not None:
                await self._confirm(CONFIRMING)
        except LogError:
            return False
        return True


def restore(scope: Scope) -> bool:
    """Make the scope what it was in the first process. False: the request was not forwarded."""
    headers: Headers = []
    about: Any = None
    for name, value in scope["headers"]:
        if name == HEADER:
            with suppress(ValueError):
                about = json_codec.ours(_bytes(value))
        else:
            headers.append((name, _bytes(value)))
    try:
        scope["scheme"] = about["scheme"]
        for member in ("client", "server"):
            scope[member] = about[member] and tuple(about[member])
        restore_proxy_info(scope, ProxyInfo(about["prefix"], about["names_host"]))
        if about["foreign"] is not None:
            scope[CROSS_SITE] = about["foreign"]
        if about["request"]:
            take_request_name(about["request"])
        length = about["length"]
    except (TypeError, KeyError):
        return False
    # aiohttp writes the length of what it sends. The client may have sent the body in chunks, or too much of it.
    if (b"content-length", length and length.encode()) not in headers:
        headers = [line for line in headers if line[0] != b"content-length"]
        if length is not None:
            headers.append((b"content-length", length.encode()))
    replace_headers(scope, headers)
    return True


def _bytes(sent: bytes) -> bytes:
    """The bytes that the client sent: Latin-1 that was written as UTF-8."""
    return sent if sent.isascii() else sent.decode("utf-8", "replace").encode("latin-1", "replace")
