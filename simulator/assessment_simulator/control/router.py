"""The control API under `/_simulator`: the knobs that people, tests and pages turn."""

import secrets
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from assessment_simulator.control import settings
from assessment_simulator.control.bodies import answer, listed, read, rendered, text
from assessment_simulator.control.clock import ClockControl
from assessment_simulator.control.events import EventControl
from assessment_simulator.control.faults import FaultControl
from assessment_simulator.control.journal import JournalControl
from assessment_simulator.control.lists import ListControl
from assessment_simulator.control.metrics import MetricsControl
from assessment_simulator.control.states import StatesControl
from assessment_simulator.control.views import catalogue, find_invitation, linked
from assessment_simulator.control.webhook_inbox import InboxControl
from assessment_simulator.control.webhook_test import WebhookTest
from assessment_simulator.core.config import Config
from assessment_simulator.core.request import MISSING, VendorRequest
from assessment_simulator.core.retry_schedule import Delivery
from assessment_simulator.core.seeded_random import SeededRandom
from assessment_simulator.http.asgi import FOREIGN, named_headers
from assessment_simulator.http.base_url import Address
from assessment_simulator.http.problem_details import Problem
from assessment_simulator.http.routing import Handler, json, route
from assessment_simulator.journal.curl import Keys
from assessment_simulator.loading import MODELS, loaded
from assessment_simulator.sandbox.credentials import Credentials, members
from assessment_simulator.sandbox.registry import NAME, Sandboxes, Taken
from assessment_simulator.sandbox.sandbox import Sandbox
from assessment_simulator.storage import Listed
from assessment_simulator.webhooks.worker import WebhookWorker

ROOT = "/_simulator"
S = f"{ROOT}/sandboxes/{{name}}"


class Control:
    """Handlers of the control API, over the sandboxes of this process."""

    def __init__(self, sandboxes: Sandboxes, address: Address, version: str) -> None:
        self._sandboxes = sandboxes
        self._address = address
        self._version = version

    def routes(self) -> list[Route]:
        """The routes for Starlette."""
        light = {f"{ROOT}/{name}" for name in ("health", "ready", "metrics")}  # what monitors call
        return [
            route(path, {verb: self._whole(handler, path in light) for verb, handler in handlers.items()})
            for path, handlers in self.table().items()
        ]

    def _whole(self, handler: Handler, light: bool) -> Handler:
        """A handler that has the sandbox as `request.state.sandbox`, with no timer left that should have fired.

        The answer leaves when all that the sandbox has changed by then is durable.
        """

        async def whole(request: Request) -> Response:
            await loaded(*(() if light else MODELS))
            sandbox = request.state.sandbox = await self._found(request)
            while sandbox is not None:
                await sandbox.fire_due_timers()
                if not sandbox.is_closed:
                    break
                sandbox = request.state.sandbox = await self._found(request)  # the one found before was evicted
            response = await handler(request)
            if sandbox is not None and not sandbox.is_closed:
                await sandbox.settled()
            return response

        return whole

    def table(self) -> dict[str, dict[str, Handler]]:
        """Every control call by path and method, in the order in which a reader wants them."""
        events = EventControl(self._sandbox)
        journal = JournalControl(self._sandbox, self._base, lambda: self._version, self._keys)
        table: tuple[tuple[str, str, Handler], ...] = (
            ("GET", f"{ROOT}/health", self.health),
            ("GET", f"{ROOT}/ready", self.ready),
            *MetricsControl(lambda: self._sandboxes, events.readers, lambda: self._version).table(ROOT),
            ("GET", f"{ROOT}/rules", self.rules),
            ("GET", f"{ROOT}/sandboxes", self.every),
            ("POST", f"{ROOT}/sandboxes", self.open),
            ("GET", S, self.look),
            ("DELETE", S, self.delete),
            ("GET", f"{S}/owner", self.owner),
            ("POST", f"{S}/reset", self.reset),
            ("POST", f"{S}/credentials", self.renew),
            ("GET", f"{S}/config", self.config),
            ("PATCH", f"{S}/config", self.configure),
            ("POST", f"{S}/snapshots", self.snapshot),
            ("DELETE", f"{S}/snapshots/{{id}}", self.delete_snapshot),
            ("POST", f"{S}/snapshots/{{id}}/restore", self.restore),
            ("POST", f"{S}/fork", self.fork),
            *ClockControl(self._sandbox, self._worker).table(S),
            *ListControl(self._sandbox, self._base).table(S),
            ("GET", f"{S}/invitations/{{id}}", self.invitation),
            ("POST", f"{S}/invitations/{{id}}/{{action}}", self.act),
            ("GET", f"{S}/deliveries/{{id}}", self.delivery),
            ("POST", f"{S}/deliveries/{{id}}/replay", self.replay),
            *WebhookTest(self._sandbox, lambda: self._sandboxes.sender).table(S),
            *FaultControl(self._sandbox).table(S),
            *journal.table(S),
            *events.table(S),
            *InboxControl(self._sandbox).table(ROOT),
            *StatesControl(lambda: self._sandboxes.vendors, self._sandbox).table(ROOT, S),
        )
        by_path: dict[str, dict[str, Handler]] = {}
        for method, path, handler in table:
            by_path.setdefault(path, {})[method] = handler
        return by_path

    # The server.

    async def health(self, request: Request) -> Response:
        """Whether the process answers; the log is not asked."""
        # Without its model, which loads pydantic: this is what is asked at the start.
        return json({"status": "ok", "version": self._version})

    async def ready(self, request: Request) -> Response:
        """Whether requests can be served: whether the log, where there is one, can be written."""
        if self._sandboxes.log is not None:
            await self._sandboxes.log.ready()
        return await self.health(request)

    async def rules(self, request: Request) -> Response:
        """The rule catalogue."""
        from assessment_simulator.control.models.sandboxes import Rule

        return answer(list[Rule], catalogue(self._sandboxes.vendors))

    async def every(self, request: Request) -> Response:
        """The sandboxes that are open."""
        from assessment_simulator.control.models import sandboxes as models

        def view(one: Sandbox | Listed) -> models.Sandbox:
            return models.Sandbox.listed(one) if isinstance(one, Listed) else models.Sandbox.of(one)

        return text(await listed(models.Sandbox, await self._sandboxes.listed(), view))

    async def open(self, request: Request) -> Response:
        """Open a sandbox."""
        from assessment_simulator.control.models.sandboxes import Opening

        body = read(Opening, request.state.body)
        config = settings.changed(self._sandboxes.vendors, Config(), body.config)
        name = body.name or _random_name()
        seed = body.seed if "seed" in body.model_fields_set else None
        try:
            sandbox = await self._sandboxes.open(name, seed, config)
        except Taken:
            raise _taken(name) from None
        return settings.noted(_opened(sandbox, await self._sandboxes.credentials(sandbox)), config, body.config)

    async def _found(self, request: Request) -> Sandbox | None:
        """The sandbox that a request speaks of, opened where that may be; None where the path names none."""
        name, verb = request.path_params.get("name"), request.method
        if name is None or (verb == "DELETE" and request.scope["path"] == f"{ROOT}/sandboxes/{name}"):
            return None
        foreign = request.scope.get(FOREIGN, False)
        sandbox = await (self._sandboxes.known(name) if foreign else self._sandboxes.get(name))
        if sandbox is None and foreign:
            raise Problem(404, f"there is no sandbox {name!r}, and a page of another site cannot open one")
        if sandbox is None:
            raise _missing(name)
        return sandbox

    def _sandbox(self, request: Request) -> Sandbox:
        found: Sandbox = request.state.sandbox
        return found

    def _worker(self, sandbox: Sandbox) -> WebhookWorker:
        return self._sandboxes.worker(sandbox)

    def _keys(self, sandbox: Sandbox, vendor: str) -> Keys:
        held = dict.fromkeys(members(sandbox.vendors[vendor]), f"sim-{sandbox.name}")
        return Keys(sandbox.name, held, self._sandboxes.open_access)

    # A sandbox.

    async def look(self, request: Request) -> Response:
        """A sandbox in short."""
        return _shown(self._sandbox(request))

    async def delete(self, request: Request) -> Response:
        """Forget a sandbox."""
        name = request.path_params["name"]
        if not await self._sandboxes.delete(name) and not (self._sandboxes.open_access and NAME.fullmatch(name)):
            raise _missing(name)  # in open access each name is that of a sandbox
        return Response(status_code=204)

    async def owner(self, request: Request) -> Response:
        """Which process answers for a sandbox: this one, because others forward to it."""
        from assessment_simulator.control.models.sandboxes import Ownership

        log = self._sandboxes.log
        told = ("memory", None, None) if log is None else (log.kind, log.owner, log.address or None)
        return answer(Ownership, dict(zip(("log", "server", "address"), told, strict=True)))

    async def reset(self, request: Request) -> Response:
        """Put a sandbox back to its opening state."""
        sandbox = self._sandbox(request)
        self._sandboxes.reset(sandbox)
        return _shown(sandbox)

    async def renew(self, request: Request) -> Response:
        """Make other credentials; those before, and the tokens that they were given, open nothing any more."""
        sandbox = self._sandbox(request)
        if self._sandboxes.open_access:
            raise Problem(409, f"in open access sim-{sandbox.name} opens this sandbox, and nothing can change that")
        return _opened(sandbox, await self._sandboxes.renew(sandbox))

    async def config(self, request: Request) -> Response:
        """The settings."""
        return self._settings(self._sandbox(request).config)

    async def configure(self, request: Request) -> Response:
        """Merge changes into the settings."""
        sandbox = self._sandbox(request)
        changes = read(dict[str, Any], request.state.body)
        sandbox.step(lambda: sandbox.configure(settings.changed(sandbox.vendors, sandbox.config, changes)))
        return settings.noted(self._settings(sandbox.config), sandbox.config, changes)

    def _settings(self, config: Config) -> Response:
        return json(settings.shown(self._sandboxes.vendors, config))

    async def snapshot(self, request: Request) -> Response:
        """Keep the present state."""
        from assessment_simulator.control.models.sandboxes import Snapshot

        sandbox = self._sandbox(request)

        def taken() -> str:
            count, most = len(sandbox.snapshots), sandbox.config.snapshot_limit
            if count >= most:
                what = f"this sandbox has {count} snapshots, and its setting snapshot_limit is {most}"
                raise Problem(409, f"{what}; raise the setting, or DELETE a snapshot")
            return sandbox.snapshot()

        return answer(Snapshot, {"id": sandbox.step(taken)}, 201)

    async def delete_snapshot(self, request: Request) -> Response:
        """Delete a kept state."""
        sandbox, id = self._sandbox(request), request.path_params["id"]

        def deleted() -> None:
            _check_snapshot(sandbox, id)
            sandbox.delete_snapshot(id)

        sandbox.step(deleted)
        return Response(status_code=204)

    async def restore(self, request: Request) -> Response:
        """Bring back a kept state."""
        sandbox, id = self._sandbox(request), request.path_params["id"]

        _check_snapshot(sandbox, id)
        sandbox.restore(id)
        return _shown(sandbox)

    async def fork(self, request: Request) -> Response:
        """Open a sandbox that begins with this one's records."""
        from assessment_simulator.control.models.sandboxes import Forking

        sandbox = self._sandbox(request)
        name = read(Forking, request.state.body).name or _random_name()
        try:
            fork = await self._sandboxes.open(name, sandbox.seed, state=sandbox.state.forked())
        except Taken:
            raise _taken(name) from None
        return _opened(fork, await self._sandboxes.credentials(fork))

    # Invitations.

    async def invitation(self, request: Request) -> Response:
        """One invitation."""
        return self._invitation(request, self._sandbox(request))

    def _invitation(self, request: Request, sandbox: Sandbox) -> Response:
        from assessment_simulator.control.models.invitations import Invitation

        _, found = find_invitation(sandbox, request.path_params["id"])
        return linked(self._base(request), sandbox, rendered(Invitation, found))

    async def act(self, request: Request) -> Response:
        """Do to an invitation what a candidate, or the passing of time, would do."""
        sandbox, id, action = self._sandbox(request), request.path_params["id"], request.path_params["action"]
        vendor, _ = find_invitation(sandbox, id)
        operation = vendor.actions.get(action)
        if operation is None:
            can = ", ".join(vendor.actions)
            raise Problem(409, f"cannot {action}: {vendor.title} has no state for it; its actions are {can}")
        data = request.state.body
        body: Any = read(dict[str, Any], data) if data else MISSING
        base = self._base(request)

        def ask(now: int, draw: SeededRandom, recent: int) -> VendorRequest:
            return VendorRequest(action, now, draw, base, params={"id": id}, body=body)

        reply = sandbox.handle(vendor, operation, ask)
        if reply.status != 200:
            raise Problem(reply.status, reply.body["detail"])
        return self._invitation(request, sandbox)

    # Deliveries.

    async def delivery(self, request: Request) -> Response:
        """One delivery, with what was sent and answered."""
        from assessment_simulator.control.models.deliveries import WholeDelivery, told

        sandbox = self._sandbox(request)
        return answer(WholeDelivery, told(sandbox.state, _find_delivery(sandbox, request)))

    async def replay(self, request: Request) -> Response:
        """Send a webhook again."""
        from assessment_simulator.control.models import deliveries as models

        sandbox = self._sandbox(request)
        delivery = _find_delivery(sandbox, request)
        again = sandbox.replay(delivery, read(models.Replaying, request.state.body).url)
        return answer(models.Delivery, models.told(sandbox.state, again))

    def _base(self, request: Request) -> str:
        return self._address.of(request.scope, named_headers(request.scope))


def _random_name() -> str:
    return secrets.token_hex(8)


def _opened(sandbox: Sandbox, credentials: Credentials) -> Response:
    from assessment_simulator.control.models.sandboxes import Opened

    return answer(Opened, {"name": sandbox.name, "seed": sandbox.seed, "credentials": credentials}, 201)


def _shown(sandbox: Sandbox) -> Response:
    from assessment_simulator.control.models import sandboxes as models

    return answer(models.Sandbox, models.Sandbox.of(sandbox))


def _missing(name: str) -> Problem:
    if NAME.fullmatch(name):
        return Problem(404, f"there is no sandbox {name!r}; open it with POST {ROOT}/sandboxes")
    return Problem(404, f"{name!r} is no sandbox name: 1 to 64 of a-z, 0-9 and -")


def _taken(name: str) -> Problem:
    return Problem(409, f"there is a sandbox {name!r} already; choose another name, or DELETE it first")


def _check_snapshot(sandbox: Sandbox, id: str) -> None:
    if id not in sandbox.snapshots:
        raise Problem(404, f"there is no snapshot {id!r}; there are {', '.join(sandbox.snapshots) or 'none'}")


def _find_delivery(sandbox: Sandbox, request: Request) -> Delivery:
    found: Delivery | None = sandbox.state.deliveries.get(request.path_params["id"].lower())
    if found is None:
        raise Problem(404, f"sandbox {sandbox.name!r} has no delivery {request.path_params['id']!r}")
    return found
