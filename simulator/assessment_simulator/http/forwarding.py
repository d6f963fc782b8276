"""Forwarding of requests to the process that owns their sandbox.

Each process has two listeners. Clients connect to the first; the other processes connect to the second, the forward
listener. A request passes through these steps:

1. `Forwarding` reads the body and runs the app. If this process owns the sandbox, the app answers.
2. If another process owns it, the app sends nothing and raises `OwnedElsewhere`. `Forwarding` posts the request to the
   owner's forward listener: its scope as JSON (what the client sent, and what only this process knows), then its body.
3. At the owner, `Forwarded` makes the scope again and runs the app behind the checks that the first process has made.
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
- If the sandbox has no owner that can be connected to, the client gets a 503 after at least `GIVE_UP` seconds: an
  attempt that has begun is finished first.

Idle connections to the owner are kept for `KEPT` seconds here and for `http.connection.IDLE` seconds there, so the
owner never closes one that is about to be used, unless it stops.
"""

import asyncio
import errno
import logging
from collections.abc import Awaitable, Callable
from enum import Enum, auto
from io import BytesIO
from math import inf
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response

from assessment_simulator.http.asgi import (
    CROSS_SITE,
    LARGEST_BODY,
    App,
    Receive,
    Scope,
    Send,
    named_headers,
    request_name,
    respond,
    take_request_name,
)
from assessment_simulator.http.base_url import PROXY_INFO, ProxyInfo, proxy_info
from assessment_simulator.http.connection import connection_of, hang_up
from assessment_simulator.http.problem_details import Problem
from assessment_simulator.storage import LogError, OwnedElsewhere, Owner, json_codec

if TYPE_CHECKING:
    from aiohttp import ClientSession

# In a forwarded request, the length of the JSON before its body. Of responses only a 421 of `Forwarded` has it.
HEADER = b"simulator-forwarded"
HEALTH = "/_simulator/health"
MISDIRECTED = 421
# Seconds in which an owner must be found that can be connected to.
GIVE_UP = 5.0
# Seconds between two failed connections to the owner after which the sandbox is taken from it by force.
FORCE_AFTER = 0.9
# Seconds in which a connection to the owner must be made. Less than `FIRST_PROBE`: a probe follows a sent request.
CONNECTING = 1.0
# Seconds without any byte of a response after which the owner is probed, and that it has to answer the probe.
FIRST_PROBE, PROBE = 1.2, 1.2
# Seconds without progress between a probe and the next one.
NEXT_PROBE = 3.0
# Seconds before anyone looks whether the client is still connected. Most responses come sooner.
UNWATCHED = 0.02
# Seconds that a forwarded request waits at the owner for the database.
CONFIRMING = 1.0
# Seconds that a client waits for `Owner.unreachable`, so that its next request finds another owner.
TAKING = 2.3
# Seconds that a client has to receive the end of an event stream when the server stops.
ENDING = 0.5
# Seconds that an idle connection is kept. Far less than the owner keeps it.
KEPT = 15.0
# Seconds before an owner is looked up again; each pause is twice as long as the one before.
FIRST_PAUSE, LONGEST_PAUSE = 0.005, 0.1

UNREACHABLE = "the process that owns this sandbox cannot be reached, and no other could take over; try again"
_LARGEST_HEAD = 1_048_576
# Headers of a response that are meant for the next recipient only (RFC 9110, 7.6.1).
_HOP_BY_HOP = frozenset({b"connection", b"keep-alive", b"transfer-encoding"})
# Errors in connecting that say something about this process, not about the owner.
_OWN_LIMITS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL})
# Where a scope holds the owners that the app has named, one list for all copies of the scope.
_OWNERS = "simulator.owners"
_log = logging.getLogger("simulator.forwarding")


def left_to(scope: Scope) -> Owner | None:
    """The owner to which the app has left this request, or a nested call of the app for it."""
    owners: list[Owner] = scope.get(_OWNERS, [])
    return owners[-1] if owners else None


class LeftToOwner(Response):
    """A response that sends nothing, because the owner responds."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send nothing."""


def answer_owned_elsewhere(request: Request, error: Exception) -> Response:
    """Starlette's handler for `OwnedElsewhere`, which would otherwise become a 500."""
    if isinstance(error, OwnedElsewhere):
        request.scope[_OWNERS].append(error.owner)
    return LeftToOwner()


async def _run(app: App, scope: Scope, receive: Receive, send: Send) -> Owner | None:
    """Run the app. Returns the owner if the app has left the request to it."""
    scope = {**scope, _OWNERS: []}
    try:
        await app(scope, receive, send)
    except OwnedElsewhere as elsewhere:
        return elsewhere.owner
    return left_to(scope)


def _replayed(body: bytes, more: bool, receive: Receive) -> Receive:
    """What `receive` was before this body, or the first part of it, was read."""
    messages = [{"type": "http.request", "body": body, "more_body": more}]

    async def again() -> Scope:
        return messages.pop() if messages else await receive()

    return again


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
    # No connection could be made, for a cause in this process.
    OWN_LIMIT = auto()
    # The connection to the client, or to the owner, ended before the response was complete.
    BROKEN = auto()
    OWNER_SILENT = auto()
    STOPPING = auto()


class _Exchange:
    """One request under way at the owner. `end` interrupts it from another task."""

    __slots__ = ("has_responded", "is_event_stream", "limit", "outcome", "progress", "watching")

    def __init__(self) -> None:
        self.limit = asyncio.timeout(None)
        # Why it was interrupted.
        self.outcome: _Outcome | None = None
        # Incremented with each part of the response.
        self.progress = 0
        self.is_event_stream = False
        # Whether the last part of the response is being sent, so that nothing may interrupt any more.
        self.has_responded = False
        self.watching: asyncio.Task[None] | None = None

    def end(self, outcome: _Outcome) -> None:
        """Interrupt the exchange with this outcome."""
        if not self.has_responded and self.outcome is None:
            self.outcome = outcome
            self.limit.reschedule(0)


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
        self._exchanges: set[_Exchange] = set()
        self._probes: dict[str, asyncio.Task[bool]] = {}
        self._reports: set[asyncio.Task[None]] = set()
        self._is_stopping = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the app respond to one request, or the owner of its sandbox."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        # The body is read first, because the app and then the owner need it. Of one that is over the limit only a part
        # is read: whoever responds refuses it by its length, or because this part is over the limit too.
        body, more = b"", True
        if int(named_headers(scope).get(b"content-length", b"0")) <= LARGEST_BODY:
            while more and len(body) <= LARGEST_BODY:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return
                body += message.get("body", b"")
                more = message.get("more_body", False)
        owner = await _run(self._app, scope, _replayed(body, more, receive), send)
        if owner is not None:
            try:
                await self._forward(owner, scope, body, more, receive, send)
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

    async def _forward(
        self, owner: Owner | None, scope: Scope, body: bytes, more: bool, receive: Receive, send: Send
    ) -> None:
        """Send the request to its owner, and look the owner up again as often as nothing could be sent."""
        loop = asyncio.get_running_loop()
        deadline, pause = loop.time() + GIVE_UP, FIRST_PAUSE
        unconnected_since = inf
        self._count()
        while owner is not None:
            match await self._attempt(owner, scope, body, receive, send):
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
                case _Outcome.ANSWERED:
                    return
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)
            again = _replayed(body, more, receive)
            if loop.time() >= deadline:
                await self._refuse(scope, again, send)
                return
            owner = await _run(self._app, scope, again, send)

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

    async def _attempt(self, owner: Owner, scope: Scope, body: bytes, receive: Receive, send: Send) -> _Outcome:
        """Send the request once, and its response to the client."""
        from aiohttp import ClientConnectorError, ClientError, ConnectionTimeoutError

        about = json_codec.dumps(
            {
                "method": scope["method"], "scheme": scope["scheme"], "path": scope["path"],
                "client": scope.get("client"), "server": scope.get("server"),
                "proxy": tuple(proxy_info(scope)),  # orjson writes no named tuples
                "cross_site": scope.get(CROSS_SITE), "request": request_name(),
                "raw_path": scope["raw_path"].decode("latin-1"), "query": scope["query_string"].decode("latin-1"),
                "headers": [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]],
            }
        )  # fmt: skip
        content = about + body
        exchange = _Exchange()
        self._exchanges.add(exchange)
        loop = asyncio.get_running_loop()

        def watch() -> None:
            exchange.watching = loop.create_task(self._watch(exchange, owner.address, receive))

        timer = loop.call_later(UNWATCHED, watch)  # a task for each request would take a tenth of the speed
        try:
            async with exchange.limit:
                # A POST, because aiohttp sends other methods again when a connection breaks.
                response = await self._client().post(
                    f"http://{owner.address}/", headers={HEADER.decode(): str(len(about))}, allow_redirects=False,
                    data=content if len(content) <= LARGEST_BODY else BytesIO(content),  # as it warns of long bytes
                )  # fmt: skip
                try:
                    if response.status == MISDIRECTED and HEADER.decode() in response.headers:
                        return _Outcome.NOT_THE_OWNER
                    exchange.progress += 1
                    headers = [line for line in response.raw_headers if line[0] not in _HOP_BY_HOP]
                    await send({"type": "http.response.start", "status": response.status, "headers": headers})
                    part = response.content.read_nowait()  # b"" without a body yet: then the head is sent alone
                    if not response.content.is_eof():
                        exchange.is_event_stream = response.content_type == "text/event-stream"
                    while not response.content.is_eof():
                        await send({"type": "http.response.body", "body": part, "more_body": True})
                        if self._is_stopping and exchange.is_event_stream:
                            return _Outcome.STOPPING
                        part = await response.content.readany()
                        exchange.progress += 1
                    exchange.has_responded = True
                    await send({"type": "http.response.body", "body": part, "more_body": False})
                finally:
                    response.close()  # unless it is complete, and its connection free for the next request
        except ConnectionTimeoutError:
            return _Outcome.UNCONNECTED
        except ClientConnectorError as problem:
            return _Outcome.OWN_LIMIT if problem.os_error.errno in _OWN_LIMITS else _Outcome.UNCONNECTED
        except (ClientError, OSError):  # also the TimeoutError of an exchange that was interrupted
            return exchange.outcome or _Outcome.BROKEN
        finally:
            self._exchanges.discard(exchange)
            timer.cancel()
            if exchange.watching is not None:
                exchange.watching.cancel()
        return _Outcome.ANSWERED

    async def _watch(self, exchange: _Exchange, address: str, receive: Receive) -> None:
        """End the exchange when its client disconnects or its owner does not respond any more."""
        patience, seen = FIRST_PROBE, exchange.progress
        while True:
            try:
                async with asyncio.timeout(patience):
                    while (await receive())["type"] != "http.disconnect":
                        pass
            except TimeoutError:
                if exchange.progress != seen:
                    patience, seen = FIRST_PROBE, exchange.progress
                elif await self._is_healthy(address):
                    patience = NEXT_PROBE
                else:
                    exchange.end(_Outcome.OWNER_SILENT)
                    return
            else:
                exchange.end(_Outcome.BROKEN)
                return

    def _client(self) -> "ClientSession":
        """The session of this process, with its kept connections."""
        if self._session is None:
            from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, TCPConnector

            self._session = ClientSession(
                # There are as many connections as requests under way, which the ordinary listener limits.
                connector=TCPConnector(limit=0, keepalive_timeout=KEPT, happy_eyeballs_delay=None),
                timeout=ClientTimeout(total=None, sock_connect=CONNECTING),
                cookie_jar=DummyCookieJar(), auto_decompress=False,
                skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),  # the owner reads none
                max_line_size=_LARGEST_HEAD, max_field_size=_LARGEST_HEAD, max_headers=10_000,
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
        from aiohttp import ClientConnectorError, ClientError

        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            try:
                async with asyncio.timeout(PROBE):
                    response = await self._client().get(f"http://{address}{HEALTH}")
                    await response.read()
            except ClientConnectorError as problem:
                return problem.os_error.errno in _OWN_LIMITS
            except TimeoutError:
                if loop.time() - began < PROBE + 0.5:  # otherwise this process was stopped in the meantime
                    return False
            except (ClientError, OSError):
                return False
            else:
                return True


# The owner.


class Forwarded:
    """Wraps the app of the forward listener: makes the scope again, and responds 421 to what is owned elsewhere.

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
        if scope["type"] != "http" or (scope["path"] == HEALTH and scope["method"] in ("GET", "HEAD")):
            await self._app(scope, receive, send)
            return
        data, more = b"", True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            data += message.get("body", b"")
            more = message.get("more_body", False)
        try:
            length = int(dict(scope["headers"])[HEADER])
            about = json_codec.loads(data[:length])
            scope = {  # a copy: uvicorn answers a POST, whatever method the client used
                **scope,
                **{name: about[name] for name in ("method", "scheme", "path")},
                **{name: about[name] and tuple(about[name]) for name in ("client", "server")},
                "raw_path": about["raw_path"].encode("latin-1"), "query_string": about["query"].encode("latin-1"),
                "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in about["headers"]],
                PROXY_INFO: ProxyInfo(*about["proxy"]),
            }  # fmt: skip
            if about["cross_site"] is not None:
                scope[CROSS_SITE] = about["cross_site"]
            if about["request"]:
                take_request_name(about["request"])
        except (KeyError, TypeError, ValueError):
            problem = Problem(400, "this listener takes requests from other processes of this simulator only")
            await problem.response()(scope, receive, send)
            return
        try:
            if self._confirm is not None:
                await self._confirm(CONFIRMING)
        except LogError:
            is_owner = False
        else:
            is_owner = await _run(self._app, scope, _replayed(data[length:], False, receive), send) is None
        if not is_owner:
            await respond(send, MISDIRECTED, [(HEADER, b"not the owner"), (b"content-length", b"0")], b"")
