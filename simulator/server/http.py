"""The door: HTTP requests become Calls, replies become responses. One plain ASGI app, the vendors tried first."""

import logging
from asyncio import CancelledError
from collections.abc import Awaitable, Callable, Mapping
from time import perf_counter
from typing import Any
from urllib.parse import parse_qsl

from simulator.core import instant
from simulator.core.call import NOTHING, Bundle, Call, Document, Drawing, Reply, Unreadable
from simulator.core.decision import Decision
from simulator.core.draw import Draw
from simulator.core.faults import Fault
from simulator.core.vendor import Credential, Operation, Vendor, refusal
from simulator.core.vendor import trouble as vendors_trouble
from simulator.core.world import World
from simulator.server import trouble, wire
from simulator.server.address import Address
from simulator.server.asgi import (
    MOST_PARAMETERS,
    App,
    Gone,
    Headers,
    Incoming,
    Receive,
    Scope,
    Send,
    TooLarge,
    hang_up,
    read_body,
)
from simulator.server.header_text import header_line
from simulator.server.keys import Renewed
from simulator.server.log import Deleted, Unusable, Unwritten
from simulator.server.logs import HEADER, name_request
from simulator.server.problems import Full
from simulator.server.response import respond
from simulator.server.routes import Found, Lost, Routes
from simulator.server.sandbox import Ask, Sandbox
from simulator.server.sandboxes import Sandboxes

MakeFile = Callable[[Bundle | Document | Drawing, str], Awaitable[bytes]]
"""Makes a file of a media type out of what is to be drawn."""

Answered = tuple[Sandbox, Reply, Fault | None]
"""Where a call was answered, with what, and the fault that struck it."""
FORM = "application/x-www-form-urlencoded"
_PREFLIGHT: Headers = [
    (b"access-control-allow-origin", b"*"),
    (b"access-control-allow-methods", b"GET, POST, PUT, PATCH, DELETE"),
    (b"access-control-allow-headers", b"authorization, x-api-key, api-key, content-type"),
    (b"access-control-max-age", b"600"),
]
_SHARED: Headers = [
    (b"access-control-allow-origin", b"*"),
    (
        b"access-control-expose-headers",
        b", ".join(
            [
                b"Content-Disposition",
                b"Simulator-Rule",
                b"Simulator-Note",
                b"Simulator-Hint",
                b"Simulator-Request-Id",
                b"Retry-After",
                b"X-RateLimit-Limit",
            ]
        ),
    ),
]
_NO_DRAW = Draw(b"", 0)
_DRAWN = (Bundle, Document, Drawing)
_log = logging.getLogger("simulator.http")


class Door:
    """Answers for the vendors; hands every other path on to `inner`."""

    def __init__(self, sandboxes: Sandboxes, inner: App, make_file: MakeFile, address: Address) -> None:
        self._sandboxes = sandboxes
        self._meters = sandboxes.meters
        self._inner = inner
        self._make_file = make_file
        self._address = address
        self._routes = Routes(sandboxes.vendors)
        self._wanted = {
            vendor.id: tuple((name.encode(), name) for name in vendor.headers) for vendor in sandboxes.vendors.values()
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        path: str = scope["path"]
        if path.startswith("//"):
            path = "/" + path.lstrip("/")
        found = self._routes.find(scope["method"], path)
        if found is None:
            try:
                await self._inner(scope, receive, send)
            except CancelledError:  # the server stops, and the caller does not even take its answer
                hang_up(send)
            return
        headers: dict[bytes, bytes] = dict(scope["headers"])
        if scope["method"] == "OPTIONS" and b"access-control-request-method" in headers and self._sandboxes.open_access:
            await respond(send, 204, [*_PREFLIGHT], b"")
        else:
            request = Incoming(scope["method"], path, headers, scope["query_string"], self._address.of(scope, headers))
            await self._answer(found, request, receive, send)

    async def _answer(self, found: Found | Lost, request: Incoming, receive: Receive, send: Send) -> None:
        began, sandbox, operation, sent, more = perf_counter(), self._sandboxes.nowhere, None, b"", []
        fault: Fault | None = None  # the one that struck this call
        try:
            if isinstance(found, Found):
                operation = found.endpoint.operation.name
                sandbox, reply, fault, sent = await self._call(found, request, receive)
            else:
                sandbox, reply, fault = await self._refuse(found.vendor, "verb" if found.allowed else "route", request)
                more = [(b"allow", ", ".join(found.allowed).encode())] if found.allowed else []
            raw = reply.body if type(reply.body) is bytes else getattr(reply.body, "raw", None)
            body = await self._render(reply) if raw is None else raw
        except (Gone, CancelledError):  # cancelled: the server stops, and its patience is at an end
            hang_up(send)
            return
        except Exception as problem:  # noqa: BLE001  a mistake of ours must not take the connection down
            reply, body, more = _failed(request, problem)
            sandbox.moment = sandbox.now()
        stored, body = body, sandbox.links.set_out(body, request.base)
        headers = self._headers(request, sandbox, reply)
        headers += more
        if fault is not None:
            body = trouble.spoilt(fault, reply, body)
        if reply.status != 204:
            headers.append((b"content-length", b"%d" % len(body)))
        status, left = (reply.status, stored) if fault is None else trouble.left(fault, reply.status, body)
        if sandbox is self._sandboxes.nowhere:
            self._meters.stranger(found.vendor.id, operation, status)
        else:
            sandbox.journal.record(
                sandbox.moment, found.vendor.id, operation, request, sent, status, reply.rules, headers, left,
                perf_counter() - began, fault.id if fault else None,
            )  # fmt: skip
        if self._meters.latencies is not None:
            self._meters.latencies.note(found.vendor.id, operation, perf_counter() - began)
        if fault is None:
            await respond(send, reply.status, headers, body)
        else:
            await trouble.respond(fault, send, reply.status, headers, body)

    async def _call(
        self, found: Found, request: Incoming, receive: Receive
    ) -> tuple[Sandbox, Reply, Fault | None, bytes]:
        """Let the vendor answer, in the sandbox that the caller's credential opens; the body as it came goes along."""
        vendor, operation, headers = found.vendor, found.endpoint.operation, request.headers
        media_type, body, sent = "", NOTHING, b""
        if request.method != "GET":
            media_type = headers.get(b"content-type", b"").decode("latin-1").partition(";")[0].strip().lower()
            try:
                sent = await read_body(headers, receive)
            except TooLarge:
                return *await self._refuse(vendor, "size", request), b""
            body = parse(media_type, sent)
        query, wanted = parse_query(request.query), self._headers_for(vendor, headers)

        def ask(now: int, draw: Draw, recent: int) -> Call:
            return Call(
                operation.name, now, draw, request.base, request.method, request.path, found.params, query, wanted,
                media_type, body, recent,
            )  # fmt: skip

        try:
            return *await self._answered(vendor, operation, ask), sent
        except Full as full:
            return *self._without_room(vendor, ask, full), sent

    async def _answered(self, vendor: Vendor, operation: Operation, ask: Ask, *, may_open: bool = True) -> Answered:
        """The answer of the sandbox that the caller's credential opens."""
        credential = vendor.credential(ask(0, _NO_DRAW, 0))
        while True:
            sandbox = self._sandboxes.find(credential, may_open=may_open)
            asked = self._insisting(credential, sandbox, ask)
            try:
                if sandbox.faults is None:
                    return sandbox, sandbox.call(vendor, operation, asked), None
                return await trouble.met(sandbox, vendor, operation, asked)
            except (Deleted, Renewed):
                continue  # by another process, just now: it is looked for again, and opened anew where it may be

    def _insisting(self, credential: Credential | None, sandbox: Sandbox, ask: Ask) -> Ask:
        """Let a secret, for which there are tokens, be looked at again within the step that gives one."""
        known = sandbox is not self._sandboxes.nowhere and not self._sandboxes.open_access
        if not known or credential is None or not credential.secret or credential.kind == "link":
            return ask

        def insisting(now: int, draw: Draw, recent: int) -> Call:
            self._sandboxes.insist(credential, sandbox)
            return ask(now, draw, recent)

        return insisting

    def _without_room(self, vendor: Vendor, ask: Ask, full: Full) -> Answered:
        """The answer to a call whose sandbox cannot be opened: the vendor has trouble; a note says of which kind."""
        nowhere = self._sandboxes.nowhere
        nowhere.moment = nowhere.now()
        reply = vendors_trouble(vendor, full.status, ask(nowhere.moment, nowhere.draw(), 0), nowhere)
        return nowhere, reply._replace(notes=(full.detail,)), None

    def _headers_for(self, vendor: Vendor, headers: Mapping[bytes, bytes]) -> Mapping[str, str]:
        """Those headers that the vendor looks at."""
        return {text: headers[name].decode("latin-1") for name, text in self._wanted[vendor.id] if name in headers}

    async def _refuse(self, vendor: Vendor, place: str, request: Incoming) -> Answered:
        """The vendor's answer to a request that never becomes a Call; it opens no sandbox that is not open."""

        def decide(call: Call, world: World) -> Decision:
            return Decision(refusal(vendor, (vendor.door[place],), call, world))

        def ask(now: int, draw: Draw, recent: int) -> Call:
            wanted = self._headers_for(vendor, request.headers)
            return Call("", now, draw, request.base, request.method, request.path, headers=wanted)

        return await self._answered(vendor, Operation("", decide), ask, may_open=False)

    def _headers(self, request: Incoming, sandbox: Sandbox, reply: Reply) -> Headers:
        headers: Headers = [(b"date", instant.http_date(sandbox.moment))]
        if reply.status != 204:
            headers.append((b"content-type", reply.media_type.encode()))
        if reply.rules:
            headers.append((b"simulator-rule", ", ".join(reply.rules).encode()))
        if reply.notes:
            headers.append((b"simulator-note", header_line(reply.notes)))
        if reply.hints:
            headers.append((b"simulator-hint", header_line(reply.hints)))
        if reply.headers:
            headers += [(name.encode(), value.encode()) for name, value in reply.headers]
        if b"origin" in request.headers and self._sandboxes.open_access:
            headers += _SHARED
        return headers

    async def _render(self, reply: Reply) -> bytes:
        body = reply.body
        if isinstance(body, _DRAWN):
            return await self._make_file(body, reply.media_type)
        return b"" if reply.status == 204 else wire.tight(wire.dumps(body))  # the journal keeps it


_CRASH = Reply(500, {"detail": "The simulator failed; its log says where. Nothing was changed."})


def _failed(request: Incoming, problem: Exception) -> tuple[Reply, bytes, Headers]:
    """Write down what is being handled, and what its caller gets: from a mistake of ours an id leads to the log."""
    if isinstance(problem, Unwritten | Unusable):
        _log.error("%s %s: %s", request.method, request.path, problem)
        reply = Reply(503, {"detail": problem.shown})  # it says itself what has changed
        return reply, wire.dumps(reply.body), []
    id = name_request(request.headers)
    _log.exception("%s %s failed; nothing was changed", request.method, request.path)
    return _CRASH, wire.dumps(_CRASH.body), [(HEADER, id.encode())]


def parse_query(text: bytes) -> Mapping[str, str]:
    """The parameters of a query string or a form; of several with one name the last counts.

    More than there can be in an address is a ValueError.
    """
    if not text:
        return {}
    said = text.decode("utf-8", "replace")
    return dict(parse_qsl(said, keep_blank_values=True, max_num_fields=MOST_PARAMETERS))


def parse(media_type: str, body: bytes) -> Any:
    """A form as a mapping, anything else as JSON; `NOTHING` where nothing was sent."""
    if not body:
        return NOTHING
    try:
        return parse_query(body) if media_type == FORM else wire.loads(body)
    except ValueError as problem:
        return Unreadable(str(problem))
