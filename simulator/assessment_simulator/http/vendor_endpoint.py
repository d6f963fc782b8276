"""The door: HTTP requests become Calls, replies become responses. One plain ASGI app, the vendors tried first."""

import logging
from asyncio import CancelledError
from codecs import BOM_UTF8
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from assessment_simulator.core import instant
from assessment_simulator.core.decision import Decision
from assessment_simulator.core.faults import Fault
from assessment_simulator.core.request import (
    MISSING,
    Bundle,
    Document,
    Drawing,
    Unreadable,
    VendorRequest,
    VendorResponse,
)
from assessment_simulator.core.sandbox_view import SandboxView
from assessment_simulator.core.seeded_random import SeededRandom
from assessment_simulator.core.urls import FORM, parse_query
from assessment_simulator.core.vendor import Operation, Vendor, refusal
from assessment_simulator.core.vendor import trouble as vendors_trouble
from assessment_simulator.faults import injector
from assessment_simulator.http import forwarding
from assessment_simulator.http.asgi import (
    App,
    Gone,
    Headers,
    Receive,
    Scope,
    Send,
    TooLarge,
    content_coding,
    named_headers,
    read_body,
    respond,
)
from assessment_simulator.http.base_url import Address
from assessment_simulator.http.connection import Connection, connection_of, hang_up
from assessment_simulator.http.cross_origin import Origins
from assessment_simulator.http.header_text import header_line
from assessment_simulator.http.problem_details import Full, unlogged
from assessment_simulator.http.router import Found, Lost, Routes
from assessment_simulator.journal.recorder import Incoming
from assessment_simulator.logging_setup import HEADER, name_request
from assessment_simulator.sandbox import changes
from assessment_simulator.sandbox.registry import Sandboxes
from assessment_simulator.sandbox.sandbox import Ask, Sandbox
from assessment_simulator.storage import Deleted, LogError, OwnedElsewhere, json_codec
from assessment_simulator.storage.json_codec import not_utf8

MakeFile = Callable[[Bundle | Document | Drawing, str], Awaitable[bytes]]
"""Makes a file of a media type out of what is to be drawn."""

_NO_DRAW = SeededRandom(b"", 0)
_DRAWN = (Bundle, Document, Drawing)
_log = logging.getLogger("simulator.http")


@dataclass(slots=True)
class _Asked:
    """A request while it is answered: what is known of it by now, which the journal needs when answering fails, too.

    `at` is the sandbox's time at which the vendor answered. It belongs to this request: others are answered meanwhile.
    """

    request: Incoming
    sandbox: Sandbox
    at: int = 0
    sent: bytes = b""
    fault: Fault | None = None


class VendorEndpoint:
    """Answers for the vendors; hands every other path on to `inner`."""

    def __init__(
        self, sandboxes: Sandboxes, inner: App, make_file: MakeFile, address: Address, origins: Origins
    ) -> None:
        self._sandboxes = sandboxes
        self._meters = sandboxes.meters
        self._inner = inner
        self._make_file = make_file
        self._address = address
        self._origins = origins
        self._routes = Routes(sandboxes.vendors)
        self._wanted = {
            vendor.id: tuple((name.encode(), name) for name in vendor.headers) for vendor in sandboxes.vendors.values()
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        changes.begin()
        path: str = scope["path"]
        if path.startswith("//"):
            path = "/" + path.lstrip("/")
        found = self._routes.find(scope["method"], path)
        if found is None:
            try:
                await self._inner(scope, receive, send)
            except CancelledError:  # the server stops, and the caller does not even take its answer
                hang_up(connection_of(scope))
            return
        headers = named_headers(scope)
        request = Incoming(scope["method"], path, headers, scope["query_string"], self._address.of(scope, headers))
        await self._answer(found, request, connection_of(scope), receive, send)

    async def refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request whose owner cannot be reached; at a vendor's path as the vendor would."""
        found = self._routes.find(scope["method"], scope["path"])
        if found is None:
            await forwarding.give_up(scope, receive, send)
            return
        headers, nowhere = named_headers(scope), self._sandboxes.nowhere
        request = Incoming(scope["method"], scope["path"], headers, scope["query_string"], "")
        asked = _Asked(request, nowhere, nowhere.now())
        call = VendorRequest("", asked.at, nowhere.draw(), "", headers=self._headers_for(found.vendor, headers))
        reply = vendors_trouble(found.vendor, 503, call, nowhere)._replace(hints=(forwarding.UNREACHABLE,))
        body = await self._render(reply)
        more = [(b"retry-after", b"1"), (b"content-length", b"%d" % len(body))]
        await respond(send, reply.status, [*self._headers(asked, reply), *more], body)

    async def _answer(
        self, found: Found | Lost, request: Incoming, connection: Connection | None, receive: Receive, send: Send
    ) -> None:
        began, operation, more = perf_counter(), None, []
        if isinstance(found, Found):
            operation = found.endpoint.operation.name
        asked = _Asked(request, self._sandboxes.nowhere)
        try:
            if isinstance(found, Found):
                reply = await self._call(found, asked, receive)
            else:
                reply = await self._refuse(found.vendor, "verb" if found.allowed else "route", asked)
                more = [(b"allow", ", ".join(found.allowed).encode())] if found.allowed else []
            raw = reply.body if type(reply.body) is bytes else getattr(reply.body, "raw", None)
            stored = await self._render(reply) if raw is None else raw
            fault = asked.fault
            body = asked.sandbox.links.set_out(stored, request.base)
            if fault is not None:
                body = injector.spoilt(fault, reply, body)
            headers = self._headers(asked, reply)
        except OwnedElsewhere:  # nothing was sent: the owner answers
            raise
        except (Gone, CancelledError):  # cancelled: the server stops, and its patience is at an end
            hang_up(connection)
            return
        except Exception as problem:  # noqa: BLE001  a mistake of ours must not take the connection down
            reply, stored, more = _failed(request, problem)
            asked.at = asked.at or asked.sandbox.now()
            body, headers, fault = stored, self._headers(asked, reply), None
        sandbox = asked.sandbox
        headers += more
        if reply.status != 204:
            headers.append((b"content-length", b"%d" % len(body)))
        status, left = (reply.status, stored) if fault is None else injector.left(fault, reply.status, body)
        took = perf_counter() - began
        if sandbox is not self._sandboxes.nowhere:
            sandbox.journal.record(
                asked.at, found.vendor.id, operation, request, asked.sent, status, reply.rules, headers, left, took,
                asked.fault.id if asked.fault else None,
            )  # fmt: skip
        self._meters.called(found.vendor.id, operation, status, took)
        if fault is None:
            await respond(send, reply.status, headers, body)
        else:
            await injector.respond(fault, connection, send, reply.status, headers, body)

    async def _call(self, found: Found, asked: _Asked, receive: Receive) -> VendorResponse:
        """Let the vendor answer, in the sandbox that the caller's credential opens."""
        vendor, operation, request = found.vendor, found.endpoint.operation, asked.request
        headers = request.headers
        media_type, body = "", MISSING
        if request.method != "GET":
            if content_coding(headers):
                return await self._refuse(vendor, "encoding", asked)
            media_type = headers.get(b"content-type", b"").decode("latin-1").partition(";")[0].strip().lower()
            try:
                asked.sent = await read_body(headers, receive)
            except TooLarge:
                return await self._refuse(vendor, "size", asked)
            body = parse(media_type, asked.sent)
        query, wanted = parse_query(request.query), self._headers_for(vendor, headers)
        raw_query = request.query.decode("latin-1")

        def ask(now: int, draw: SeededRandom, recent: int) -> VendorRequest:
            asked.at = now
            return VendorRequest(
                operation.name, now, draw, request.base, request.method, request.path, found.params, query, wanted,
                media_type, body, recent, raw_query,
            )  # fmt: skip

        try:
            return await self._answered(vendor, operation, ask, asked)
        except Full as full:
            return self._without_room(vendor, ask, full)

    async def _answered(
        self, vendor: Vendor, operation: Operation, ask: Ask, asked: _Asked, *, may_open: bool = True
    ) -> VendorResponse:
        """The answer of the sandbox that the caller's credential opens, once all that it depends on is durable."""
        credential = vendor.credential(ask(0, _NO_DRAW, 0))
        while True:
            sandbox = self._sandboxes.ready(credential)
            if sandbox is None:
                asked.sandbox = self._sandboxes.in_memory(credential)  # for the journal, where it cannot be read
                sandbox = await self._sandboxes.find(credential, may_open=may_open)
            asked.sandbox = sandbox
            try:
                if sandbox.has_due_timers:
                    await sandbox.fire_due_timers()
                    if sandbox.is_closed:
                        continue
                if sandbox.faults is not None:
                    asked.fault = injector.met(sandbox, vendor, ask)
                if asked.fault is None:
                    reply = sandbox.handle(vendor, operation, ask)
                else:
                    reply = await injector.answered(asked.fault, sandbox, vendor, operation, ask)
                if not sandbox.is_settled:
                    await sandbox.settled()
            except Deleted:  # just now: it is looked for again, and opened anew where it may be
                asked.fault = None
            else:
                return reply

    def _without_room(self, vendor: Vendor, ask: Ask, full: Full) -> VendorResponse:
        """The answer to a call whose sandbox cannot be opened: the vendor's 503, and a hint with the reason."""
        nowhere = self._sandboxes.nowhere
        reply = vendors_trouble(vendor, full.status, ask(nowhere.now(), nowhere.draw(), 0), nowhere)
        return reply._replace(hints=(full.detail,))

    def _headers_for(self, vendor: Vendor, headers: Mapping[bytes, bytes]) -> Mapping[str, str]:
        """Those headers that the vendor looks at, without the blanks around their values (RFC 9110, section 5.5)."""
        return {
            text: headers[name].decode("latin-1").strip(" \t")
            for name, text in self._wanted[vendor.id]
            if name in headers
        }

    async def _refuse(self, vendor: Vendor, place: str, asked: _Asked) -> VendorResponse:
        """The vendor's answer to a request that never becomes a VendorRequest; it opens no sandbox that is not open."""

        def decide(call: VendorRequest, world: SandboxView) -> Decision:
            return Decision(refusal(vendor, (vendor.door[place],), call, world))

        request = asked.request

        def ask(now: int, draw: SeededRandom, recent: int) -> VendorRequest:
            asked.at = now
            wanted = self._headers_for(vendor, request.headers)
            return VendorRequest("", now, draw, request.base, request.method, request.path, headers=wanted)

        return await self._answered(vendor, Operation("", decide), ask, asked, may_open=False)

    def _headers(self, asked: _Asked, reply: VendorResponse) -> Headers:
        request = asked.request
        headers: Headers = [(b"date", instant.http_date(asked.at))]
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
        return headers + self._origins.answered(request.headers)

    async def _render(self, reply: VendorResponse) -> bytes:
        body = reply.body
        if isinstance(body, _DRAWN):
            return await self._make_file(body, reply.media_type)
        return b"" if reply.status == 204 else json_codec.tight(json_codec.dumps(body))  # the journal keeps it


def _failed(request: Incoming, problem: Exception) -> tuple[VendorResponse, bytes, Headers]:
    """Write down what is being handled, and what its caller gets: from a mistake of ours an id leads to the log."""
    if isinstance(problem, LogError):
        detail = unlogged(problem)
        _log.error("%s %s: %s", request.method, request.path, problem)
        return VendorResponse(503), json_codec.dumps({"detail": detail}), []
    id = name_request(request.headers)
    outcome = "What the request had changed by then is kept." if changes.is_changed() else "Nothing was changed."
    _log.exception("%s %s failed. %s", request.method, request.path, outcome)
    detail = f"The simulator failed; its log says where. {outcome}"
    return VendorResponse(500), json_codec.dumps({"detail": detail}), [(HEADER, id.encode())]


def parse(media_type: str, body: bytes) -> Any:
    """A form as a mapping, anything else as JSON; `MISSING` where nothing was sent."""
    if not body:
        return MISSING
    try:
        return parse_query(body) if media_type == FORM else json_codec.loads(body)
    except ValueError as problem:
        if body.startswith(BOM_UTF8):
            return Unreadable(str(problem), _MARKED, _behind_mark(body))
        return Unreadable(str(problem), not_utf8(body))


_MARKED = "the body begins with a UTF-8 byte order mark; send it without the mark (RFC 8259, section 8.1)"


def _behind_mark(body: bytes) -> Any:
    """The JSON value behind a byte order mark; `MISSING` where there is none."""
    try:
        return json_codec.loads(body.removeprefix(BOM_UTF8))
    except ValueError:
        return MISSING
