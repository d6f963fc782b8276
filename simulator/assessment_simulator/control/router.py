"""Serves the control API: finds the sandbox of a call, runs its handler, and answers when all changes are durable."""

from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router

from assessment_simulator.control import server
from assessment_simulator.control.operation import ControlCall, Operation, S, no_sandbox, read_query
from assessment_simulator.control.reference import Documents
from assessment_simulator.events.feed import ChangeFeed
from assessment_simulator.http.asgi import CROSS_SITE, MAY_OPEN, Receive, Scope, Send, header_line
from assessment_simulator.http.base_url import BaseUrl
from assessment_simulator.http.problem_details import ROOT, Problem
from assessment_simulator.http.routing import Handler, route
from assessment_simulator.loading import CONTROL, loaded
from assessment_simulator.sandbox.registry import Sandboxes
from assessment_simulator.sandbox.sandbox import Sandbox
from assessment_simulator.webhooks.client import WebhookClient
from assessment_simulator.webhooks.inbox import Inbox

# Calls of monitors, which must be answered from the start on: they load no models.
LIGHT = {f"{ROOT}/health": server.health, f"{ROOT}/ready": server.ready, f"{ROOT}/metrics": server.metrics}


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
        # By id, the rules whose pages were asked for.
        self.rules: dict[str, dict[str, Any]] = {}
        self._router: Router | None = None

    def routes(self) -> list[Route]:
        """The routes for Starlette: the light calls, and one for all others, whose own routes are loaded when used."""
        light = [
            route(path, {"GET": partial(self._serve, Operation("", "GET", path, handler))})
            for path, handler in LIGHT.items()
        ]
        # The light calls come first: Starlette takes the first route that matches.
        return [*light, Route(f"{ROOT}/{{rest:path}}", self)]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._router is None:
            # In a thread, so that other calls are answered meanwhile. Two first calls at once build two equal routers.
            await loaded(*CONTROL)
            from assessment_simulator.control.operations import operations

            by_path: dict[str, dict[str, Handler]] = {}
            for one in operations(self.sandboxes.vendors):
                by_path.setdefault(one.path, {})[one.method] = partial(self._serve, one)
            routes = [route(path, handlers) for path, handlers in by_path.items()]
            self._router = Router(routes, redirect_slashes=False)  # a path with another slash is another path
        await self._router(scope, receive, send)

    async def _serve(self, operation: Operation, request: Request) -> Response:
        # Find the sandbox in the path. One is deleted without being loaded, because one that cannot be read must be
        # deletable.
        name, sandbox = request.path_params.get("name"), None
        if name is not None and (operation.method, operation.path) != ("DELETE", S):
            # A page of another site can send requests through the user's browser; it must not create sandboxes.
            foreign = request.scope.get(CROSS_SITE, False)
            may_open = not foreign and request.scope.get(MAY_OPEN, True)
            while sandbox is None or sandbox.is_closed:
                sandbox = await (self.sandboxes.find_or_open(name) if may_open else self.sandboxes.find(name))
                if sandbox is None and foreign:
                    raise Problem(404, f"there is no sandbox {name!r}, and a page of another site cannot open one")
                if sandbox is None:
                    raise no_sandbox(name)
                # Timers that are due change what the call reads, so they fire first. That takes several steps of the
                # event loop, in which the sandbox can be evicted or deleted: then it is looked up again.
                await sandbox.fire_due_timers()
        call = ControlCall(self, request, sandbox)

        # Validate query and body, and run the handler.
        if operation.query:
            pairs = request.query_params.multi_items()
            if operation.allows_other_parameters:  # of several values the last counts
                pairs = [pair for pair in request.query_params.items() if pair[0] in operation.query]
            call.query = read_query(pairs, operation.query)
        if operation.body is None:
            result = await operation.handler(call)
        else:
            from assessment_simulator.control.bodies import read

            body = read(operation.body, request.state.body, vendors=self.sandboxes.vendors)
            result = await operation.handler(call, body)

        # Render the result, unless the handler has written the JSON itself, from stored records.
        if isinstance(result, Response):
            response = result
        elif operation.answer is None:
            response = Response(status_code=operation.status)
        else:
            if not isinstance(result, bytes):
                from assessment_simulator.control.bodies import rendered

                result = await rendered(operation.answer, result)
            if operation.has_links:
                result = call.sandbox.links.fill_placeholders(result, call.base)
            response = Response(result, operation.status, media_type=operation.media_type)
        if call.notes:
            response.headers["simulator-note"] = header_line(call.notes).decode()
        if call.hints:
            response.headers["simulator-hint"] = header_line(call.hints).decode()

        # A read waits too: it must not show what the storage may still lose.
        if sandbox is not None and not sandbox.is_closed:
            await sandbox.settled()
        return response
