"""Serves the control API: finds the sandbox of a call, runs its handler, and answers when all changes are durable."""

from weakref import WeakKeyDictionary

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router

from assessment_simulator.control import server
from assessment_simulator.control.operation import ControlCall, Operation, no_sandbox
from assessment_simulator.control.query_parameters import read as read_query
from assessment_simulator.control.reference import Documents
from assessment_simulator.events.feed import ChangeFeed
from assessment_simulator.http.asgi import CROSS_SITE, Receive, Scope, Send
from assessment_simulator.http.base_url import BaseUrl
from assessment_simulator.http.header_text import header_line
from assessment_simulator.http.problem_details import ROOT, Problem
from assessment_simulator.http.routing import Handler, route
from assessment_simulator.loading import CONTROL, loaded
from assessment_simulator.sandbox.registry import Sandboxes
from assessment_simulator.sandbox.sandbox import Sandbox
from assessment_simulator.webhooks.client import WebhookClient
from assessment_simulator.webhooks.inbox import Inbox

LIGHT = {f"{ROOT}/health": server.health, f"{ROOT}/ready": server.ready, f"{ROOT}/metrics": server.metrics}
"""Calls of monitors, which must be answered from the start on: they load no models."""


class ControlApi:
    """The control API over the sandboxes of this process, with the state of its handlers that no sandbox holds."""

    def __init__(self, sandboxes: Sandboxes, webhook_client: WebhookClient, address: BaseUrl, version: str) -> None:
        self.sandboxes = sandboxes
        self.webhook_client = webhook_client
        self.address = address
        self.version = version
        self.feeds: WeakKeyDictionary[Sandbox, ChangeFeed] = WeakKeyDictionary()
        self.inboxes: WeakKeyDictionary[Sandbox, Inbox] = WeakKeyDictionary()
        self.documents = Documents(sandboxes.vendors, version)
        self.collector: server.Collector | None = None
        self._router: Router | None = None

    def routes(self) -> list[Route]:
        """The routes for Starlette: the light calls, and one for all others, whose own routes are loaded when used."""
        # The light calls come first: Starlette takes the first route that matches.
        light = [Operation("", "GET", path, handler) for path, handler in LIGHT.items()]
        return [*(route(one.path, {"GET": self._handler(one)}) for one in light), Route(f"{ROOT}/{{rest:path}}", self)]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._router is None:
            # In a thread, so that other calls are answered meanwhile. Two first calls at once build two equal routers.
            await loaded(*CONTROL)
            from assessment_simulator.control.operations import operations

            by_path: dict[str, dict[str, Handler]] = {}
            for one in operations(self.sandboxes.vendors):
                by_path.setdefault(one.path, {})[one.method] = self._handler(one)
            routes = [route(path, handlers) for path, handlers in by_path.items()]
            self._router = Router(routes, redirect_slashes=False)  # a path with another slash is another path
        await self._router(scope, receive, send)

    def _handler(self, operation: Operation) -> Handler:
        async def handle(request: Request) -> Response:
            sandbox = await self._find(request)
            # Timers that are due change what the call reads, so they fire first. That takes several steps of the event
            # loop, in which the sandbox can be evicted or deleted.
            while sandbox is not None:
                await sandbox.fire_due_timers()
                if not sandbox.is_closed:
                    break
                sandbox = await self._find(request)
            call = ControlCall(self, request, sandbox)
            response = await _respond(operation, call)
            if call.notes:
                response.headers["simulator-note"] = header_line(call.notes).decode()
            # A read waits too: it must not show what the storage may still lose.
            if sandbox is not None and not sandbox.is_closed:
                await sandbox.settled()
            return response

        return handle

    async def _find(self, request: Request) -> Sandbox | None:
        """The sandbox in the path, created where access is open; None where the path names none, or deletes it."""
        name = request.path_params.get("name")
        # A sandbox is deleted without being loaded, because one that cannot be read must be deletable.
        if name is None or (request.method == "DELETE" and request.scope["path"] == f"{ROOT}/sandboxes/{name}"):
            return None
        # A page of another site can send requests through the user's browser; it must not create sandboxes.
        foreign = request.scope.get(CROSS_SITE, False)
        sandbox = await (self.sandboxes.find(name) if foreign else self.sandboxes.find_or_open(name))
        if sandbox is None and foreign:
            raise Problem(404, f"there is no sandbox {name!r}, and a page of another site cannot open one")
        if sandbox is None:
            raise no_sandbox(name)
        return sandbox


async def _respond(operation: Operation, call: ControlCall) -> Response:
    """Validate query and body, run the handler, and render its result."""
    if operation.query:
        pairs = call.request.query_params.multi_items()
        if operation.allows_other_parameters:  # of several values the last counts
            pairs = [pair for pair in call.request.query_params.items() if pair[0] in operation.query]
        call.query = read_query(pairs, operation.query)
    if operation.body is None:
        result = await operation.handler(call)
    else:
        from assessment_simulator.control.bodies import read

        body = read(operation.body, call.request.state.body, vendors=call.api.sandboxes.vendors)
        result = await operation.handler(call, body)
    if isinstance(result, Response):
        return result
    if operation.answer is None:
        return Response(status_code=operation.status)
    if not isinstance(result, bytes):  # else the handler has written the JSON itself, from stored records
        from assessment_simulator.control.bodies import rendered

        result = await rendered(operation.answer, result)
    if operation.has_links:
        result = call.sandbox.links.fill_placeholders(result, call.base)
    return Response(result, operation.status, media_type=operation.media_type)
