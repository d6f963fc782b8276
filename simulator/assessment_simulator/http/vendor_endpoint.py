"""The vendors' endpoints over HTTP.

Theory of operation. A request takes five steps, all in `VendorEndpoint`:

1. **Route.** The router finds the vendor's endpoint. A path of no vendor goes on to `inner` (pages, control API), but
   for one that is an endpoint's without its base URL: it is refused here, and a hint says what is missing.
2. **Read.** The body is read and parsed. A request with a wrong path, method, encoding or size gets an operation that
   only refuses it, so the response is the vendor's. Such a request opens no sandbox.
3. **Authenticate.** The credential in headers, path or body names the sandbox. Open access opens one that does not
   exist yet. A request without a valid credential goes to the anonymous sandbox, where the vendor's rules refuse it.
4. **Handle.** Timers that are due fire first, in commits of their own. `Sandbox.handle` lets the vendor decide and
   applies the decision. Nothing waits in between, so each request is atomic. A fault may act before and after.
5. **Respond and record.** A long list is worked out in steps, between which others are answered. The body is rendered,
   and its placeholders are filled. The response waits until all that it depends on is durable. The journal of the
   sandbox records the request and what was sent; requests that belong to no sandbox are in the journal of the anonymous
   one, which each process has for itself.

A refusal has hints in headers. They cost accepted requests nothing: rules have them as functions, and only the request
to the anonymous sandbox carries all headers, so that a hint can tell where a key was sent instead.

What may fail: the log (503), and the simulator itself (500 with an id that its log shows). For a sandbox of another
process, `OwnedElsewhere` is raised before anything happened: `forwarding` sends the request there.
"""

import logging
from asyncio import CancelledError
from codecs import BOM_UTF8
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import replace
from functools import partial
from time import perf_counter
from typing import Any

from assessment_simulator.core import instant
from assessment_simulator.core.decision import Bundle, Decision, Document, Drawing, Unfinished, VendorResponse
from assessment_simulator.core.faults import Fault
from assessment_simulator.core.request import IN_PROCESS, MISSING, Credential, Unreadable, VendorRequest
from assessment_simulator.core.rules import Rule
from assessment_simulator.core.sandbox_view import SandboxView
from assessment_simulator.core.seeded_random import SeededRandom
from assessment_simulator.core.urls import FORM, parse_query
from assessment_simulator.core.vendor import Operation, Vendor, failure_response, finish, refusal_response
from assessment_simulator.faults import injector
from assessment_simulator.http import forwarding
from assessment_simulator.http.asgi import (
    REQUEST_ID,
    App,
    Gone,
    Headers,
    Receive,
    Scope,
    Send,
    TooLarge,
    content_coding,
    header_line,
    name_request,
    named_headers,
    read_body,
    respond,
)  # fmt: skip
from assessment_simulator.http.base_url import BaseUrl
from assessment_simulator.http.connection import connection_of, hang_up
from assessment_simulator.http.cross_origin import CrossOriginPolicy
from assessment_simulator.http.path_hints import PathHints
from assessment_simulator.http.problem_details import MEDIA_TYPE, ROOT, Problem, unlogged
from assessment_simulator.http.router import Route, Router
from assessment_simulator.sandbox import request_changes
from assessment_simulator.sandbox.journal import Incoming
from assessment_simulator.sandbox.registry import CapacityExceeded, Sandboxes
from assessment_simulator.storage import Deleted, LogError, OwnedElsewhere, json_codec
from assessment_simulator.storage.json_codec import not_utf8
from assessment_simulator.storage.pauses import Pause

RenderFile = Callable[[Bundle | Document | Drawing, str], Awaitable[bytes]]
"""Renders a document or an image as a file of a media type."""

# The rules of a refusal that the header `Link` leads to; `Simulator-Rule` names all.
MOST_LINKS = 10
_EMPTY: Mapping[str, str] = {}
_log = logging.getLogger("simulator.http")


class VendorEndpoint:
    """The ASGI app that answers for the vendors and passes all other paths on to `inner`.

    `pages` are the first segments of the paths of `inner`.
    """

    def __init__(
        self, sandboxes: Sandboxes, inner: App, render_file: RenderFile, address: BaseUrl, origins: CrossOriginPolicy,
        pages: Collection[str] = (),
    ) -> None:  # fmt: skip
        self._sandboxes = sandboxes
        self._meters = sandboxes.meters
        self._inner = inner
        self._render_file = render_file
        self._address = address
        self._origins = origins
        self._router = Router(sandboxes.vendors)
        self._path_hints = PathHints(sandboxes.vendors)
        self._pages = frozenset(pages)
        vendors = sandboxes.vendors.values()
        self._headers = {vendor.id: tuple((name.encode(), name) for name in vendor.headers) for vendor in vendors}
        self._refusals = {
            (vendor.id, reason): self._refusing(vendor, reason, rule)
            for vendor in vendors
            for reason, rule in vendor.http_rules.items()
        }
        """By vendor and reason: an operation that refuses every request with one rule of the HTTP layer."""
        self._refusals |= {(vendor.id, "rootless"): self._rootless(vendor) for vendor in vendors}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        request_changes.begin()
        path = _path(scope)
        route = self._router.find(scope["method"], path)
        if route is not None:
            await self._answer(route, path, scope, receive, send)
            return
        if path.split("/")[1] not in self._pages and (vendor := self._path_hints.vendor_of(path)) is not None:
            await self._answer(Route(vendor, None), path, scope, receive, send, is_rootless=True)
            return
        try:
            await self._inner(scope, receive, send)
        except CancelledError:  # the server stops, and not even an error can be sent any more
            hang_up(connection_of(scope))

    async def _answer(
        self, route: Route, path: str, scope: Scope, receive: Receive, send: Send, *, is_rootless: bool = False
    ) -> None:
        began = perf_counter()
        vendor, method, query, headers = route.vendor, scope["method"], scope["query_string"], named_headers(scope)
        incoming = Incoming(method, path, headers, query, self._address.of(scope, headers))
        # What is known so far. The journal records it also when a later step fails.
        sandbox, at, body, extra = self._sandboxes.anonymous, 0, b"", []
        fault: Fault | None = None
        name = None if route.endpoint is None else route.endpoint.operation.name
        try:
            # Read.
            params, media_type, parsed = _EMPTY, "", MISSING
            if route.endpoint is None:
                reason = "rootless" if is_rootless else "verb" if route.allowed else "route"
                operation = self._refusals[vendor.id, reason]
                extra = [(b"allow", ", ".join(route.allowed).encode())] if route.allowed else []
            else:
                operation, params = route.endpoint.operation, route.params
                if method != "GET":
                    try:
                        if content_coding(headers):
                            operation = self._refusals[vendor.id, "encoding"]
                        else:
                            media_type = headers.get(b"content-type", b"").decode("latin-1")
                            media_type = media_type.partition(";")[0].strip().lower()
                            body = await read_body(headers, receive)
                            parsed = parse(media_type, body)
                    except TooLarge:
                        operation = self._refusals[vendor.id, "size"]

            # Authenticate. Blanks around a header's value are no part of it (RFC 9110, 5.5).
            wanted = {
                header: headers[key].decode("latin-1").strip(" \t")
                for key, header in self._headers[vendor.id]
                if key in headers
            }
            credential = vendor.credential(operation.name, params, wanted, parsed)
            if credential is not None and IN_PROCESS in scope:  # a page asks, for the sandbox that it shows
                credential = Credential(IN_PROCESS, scope[IN_PROCESS])
            parameters = parse_query(query) if query else _EMPTY

            def at_time(now: int, random: SeededRandom, recent: int) -> VendorRequest:
                nonlocal at
                at = now
                return VendorRequest(
                    operation.name, now, random, incoming.base, method, path, params, parameters, wanted, media_type,
                    parsed, recent, query.decode("latin-1"),
                )  # fmt: skip

            # Handle.
            while True:
                sandbox = self._sandboxes.cached_by(credential)  # the journal has it also if the log cannot be read
                try:
                    if credential is not None and (sandbox is self._sandboxes.anonymous or not sandbox.is_current):
                        sandbox = await self._sandboxes.find_by(credential, may_open=operation.name != "")
                    if sandbox is self._sandboxes.anonymous:
                        wanted = {key.decode("latin-1"): value.decode("latin-1") for key, value in headers.items()}
                    if sandbox.has_due_timers:
                        await sandbox.fire_due_timers()
                        if sandbox.is_closed:
                            continue
                    fault = None if sandbox.faults is None else injector.match(sandbox, vendor, at_time)
                    if fault is None:
                        response = sandbox.handle(vendor, operation, at_time)
                    else:
                        response = await injector.handle(fault, sandbox, vendor, operation, at_time)
                    if not sandbox.is_settled:
                        await sandbox.settled()
                    break
                except Deleted:  # just now: find it again, or open a new one
                    fault = None
                except CapacityExceeded as full:
                    request = at_time(sandbox.now(), sandbox.random(), 0)
                    response = failure_response(vendor, 503, request, sandbox)._replace(hints=(str(full),))
                    break

            # Render.
            if isinstance(response.body, Unfinished):
                pause, whole = Pause(), response
                for whole in finish(response):  # noqa: B007  it is used behind the loop
                    await pause.if_due()
                response = whole
            content = response.body
            if type(content) is not bytes:
                content = getattr(content, "raw", None) or await self._render(response)
            sent = sandbox.links.fill_placeholders(content, incoming.base)
            if fault is not None:
                sent = injector.corrupt_body(fault, response, sent)
        except OwnedElsewhere:
            raise
        except (Gone, injector.Abandoned, CancelledError):  # the caller is gone, or the server stops
            hang_up(connection_of(scope))
            return
        except Exception as problem:  # noqa: BLE001  an internal error must become a response
            response, content, extra = _failed(incoming, problem)
            sent, fault, at = content, None, at or sandbox.now()

        # Respond and record.
        answer = self._response_headers(at, response, headers, incoming.base)
        answer += extra
        if response.status != 204:
            answer.append((b"content-length", b"%d" % len(sent)))
        status, left = (response.status, content) if fault is None else injector.sent_part(fault, response.status, sent)
        took = perf_counter() - began
        sandbox.journal.record(
            at, vendor.id, name, incoming, body, status, response.rules, answer, left, took,
            fault.id if fault else None,
        )  # fmt: skip
        self._meters.called(vendor.id, name, status, took)
        if fault is None:
            await respond(send, response.status, answer, sent)
        else:
            await injector.respond(fault, send, partial(hang_up, connection_of(scope)), status, answer, left)

    async def refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request whose owner cannot be reached; at a vendor's path as the vendor would."""
        route = self._router.find(scope["method"], _path(scope))
        if route is None:
            await forwarding.give_up(scope, receive, send)
            return
        sandbox, headers = self._sandboxes.anonymous, named_headers(scope)
        request = VendorRequest("", sandbox.now(), sandbox.random(), "")
        response = failure_response(route.vendor, 503, request, sandbox)._replace(hints=(forwarding.UNREACHABLE,))
        body = await self._render(response)
        more = [(b"retry-after", b"1"), (b"content-length", b"%d" % len(body))]
        answer = self._response_headers(request.now, response, headers, request.base_url)
        await respond(send, response.status, [*answer, *more], body)

    def _refusing(self, vendor: Vendor, reason: str, rule: Rule) -> Operation:
        """An operation that refuses every request with one rule."""
        find = {"route": self._path_hints.route, "verb": self._path_hints.verb}.get(reason)
        if find is not None:
            rule = replace(rule, hint=lambda request, view: find(vendor, request.method, request.path))
        return Operation("", lambda request, view: Decision(refusal_response(vendor, (rule,), request, view)))

    def _rootless(self, vendor: Vendor) -> Operation:
        """An operation that refuses a path under no vendor's root: the response is the simulator's own."""

        def decide(request: VendorRequest, view: SandboxView) -> Decision:
            hint = self._path_hints.route(vendor, request.method, request.path)
            body = Problem(404, f"nothing answers at {request.path}; {hint}").body
            rules = (vendor.http_rules["route"].id,)
            return Decision(VendorResponse(404, body, media_type=MEDIA_TYPE, rules=rules, hints=(hint,)))

        return Operation("", decide)

    def _response_headers(
        self, at: int, response: VendorResponse, headers: Mapping[bytes, bytes], base: str
    ) -> Headers:
        """The headers of a response at the sandbox's time, but for its length; `headers` are the request's."""
        found: Headers = [(b"date", instant.http_date(at))]
        if response.status != 204:
            found.append((b"content-type", response.media_type.encode()))
        if response.rules:
            found.append((b"simulator-rule", ", ".join(response.rules).encode()))
            links = (f'<{base}{ROOT}/rules/{rule}>; rel="help"' for rule in response.rules[:MOST_LINKS])
            found.append((b"link", ", ".join(links).encode()))
        if response.notes:
            found.append((b"simulator-note", header_line(response.notes)))
        if response.hints:
            found.append((b"simulator-hint", header_line(response.hints)))
        if response.headers:
            found += [(name.encode(), value.encode()) for name, value in response.headers]
        return found + self._origins.response_headers(headers)

    async def _render(self, response: VendorResponse) -> bytes:
        body = response.body
        if isinstance(body, Bundle | Document | Drawing):
            return await self._render_file(body, response.media_type)
        return b"" if response.status == 204 else json_codec.tight(json_codec.dumps(body))  # the journal keeps it


def _path(scope: Scope) -> str:
    """The path; several slashes at its beginning count as one."""
    path: str = scope["path"]
    return "/" + path.lstrip("/") if path.startswith("//") else path


def _failed(request: Incoming, problem: Exception) -> tuple[VendorResponse, bytes, Headers]:
    """Write down what is being handled, and what its caller gets: from a mistake of ours an id leads to the log."""
    if isinstance(problem, LogError):
        detail = unlogged(problem)
        _log.error("%s %s: %s", request.method, request.path, problem)
        return VendorResponse(503), json_codec.dumps({"detail": detail}), []
    id = name_request(request.headers)
    outcome = (
        "What the request had changed by then is kept." if request_changes.is_changed() else "Nothing was changed."
    )
    _log.exception("%s %s failed. %s", request.method, request.path, outcome)
    detail = f"The simulator failed; its log says where. {outcome}"
    return VendorResponse(500), json_codec.dumps({"detail": detail}), [(REQUEST_ID, id.encode())]


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
