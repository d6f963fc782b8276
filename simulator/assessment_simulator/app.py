"""The composition root: vendors, sandboxes, webhooks and HTTP become one ASGI app. A new vendor is one line here."""

import json
import secrets
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import Route

from assessment_simulator import __version__
from assessment_simulator.candidate.routes import CandidatePages
from assessment_simulator.control.reference import Documents
from assessment_simulator.control.router import ControlApi
from assessment_simulator.core.sources import Verified
from assessment_simulator.core.urls import host_and_port, path_prefix
from assessment_simulator.core.vendor import Vendor
from assessment_simulator.counters import Meters
from assessment_simulator.dashboard.routes import Dashboard
from assessment_simulator.documents.renderer import draw
from assessment_simulator.http.access_log import AccessLog
from assessment_simulator.http.asgi import App
from assessment_simulator.http.auth import AttemptLimiter, ControlAuth, Login, Session
from assessment_simulator.http.base_url import BaseUrl, ProxyHeaders
from assessment_simulator.http.cross_origin import AllowedHosts, CrossOriginHeaders, CrossOriginPolicy, RequestFilter
from assessment_simulator.http.forwarding import Forwarded, Forwarding, answer_owned_elsewhere
from assessment_simulator.http.problem_details import Problem, answer_crash, answer_error
from assessment_simulator.http.routing import FILE_ROUTES
from assessment_simulator.http.vendor_endpoint import VendorEndpoint
from assessment_simulator.loading import CONTROL, loaded
from assessment_simulator.mail.relay import Relay
from assessment_simulator.mail.smtp import SmtpClient
from assessment_simulator.sandbox.maintenance import Limits, maintained
from assessment_simulator.sandbox.registry import AlreadyExists, CapacityExceeded, Sandboxes
from assessment_simulator.sandbox.sandbox import Sandbox
from assessment_simulator.settings import BACKLOG, Settings, is_loopback
from assessment_simulator.storage import LogError, OwnedElsewhere, Unusable
from assessment_simulator.storage.factory import opened
from assessment_simulator.storage.log import Log
from assessment_simulator.storage.postgresql import PostgresqlLog
from assessment_simulator.vendors import predictive_index, pymetrics
from assessment_simulator.webhooks.client import WebhookClient
from assessment_simulator.webhooks.egress import Policy
from assessment_simulator.webhooks.worker import WebhookWorker

# Empty until somebody compares the simulator with a vendor (`compare --verified`).
_VERIFIED = {
    id: tuple(Verified(**one) for one in found)
    for id, found in json.loads((Path(__file__).parent / "verified.json").read_text("utf-8")).items()
}
VENDORS: Mapping[str, Vendor] = {
    vendor.id: replace(vendor, verified=_VERIFIED) for vendor in (pymetrics.VENDOR, predictive_index.VENDOR)
}


def documents() -> Documents:
    """The OpenAPI documents, without a server."""
    return Documents(VENDORS, __version__)


class Unopened(Exception):
    """A sandbox of the settings cannot be opened."""


class Simulator:
    """The whole server without a socket.

    `app` is the ASGI application; `control_token` is what its control API asks for, None in open access. `tell` is
    given, once, the random credentials of sandboxes that are opened at the start in closed access.
    """

    def __init__(self, settings: Settings, tell: Callable[[str], None] = lambda line: None) -> None:
        open_access = settings.access == "open"
        self.control_token = None if open_access else settings.control_token or secrets.token_urlsafe(24)
        self._settings = settings
        self._tell = tell
        self._limits = Limits(settings.idle, settings.keep_for, settings.keep)
        self._webhook_client = WebhookClient(
            Policy(settings.webhook_hosts, public_only=not open_access),
            ca_file=settings.webhook_ca, insecure=settings.webhook_insecure,
        )  # fmt: skip
        self._relay = None if settings.smtp is None else Relay(SmtpClient(settings.smtp).send)
        self.log: Log | None = opened(settings.log)
        meters = Meters()

        def attach(sandbox: Sandbox) -> WebhookWorker:
            if self._relay is not None:
                sandbox.relay_mail = partial(self._relay.committed, sandbox)
            return WebhookWorker(sandbox, self._webhook_client, meters)

        self._sandboxes = Sandboxes(
            VENDORS,
            attach,
            meters,
            open_access=open_access,
            most=settings.max_sandboxes,
            log=self.log,
            default=settings.default_sandbox,
        )
        # Where other processes forward requests to, in a shared log.
        self.forward_socket: socket.socket | None = None
        self._forwarding: Forwarding | None = None
        if isinstance(self.log, PostgresqlLog):
            self.log.regained = self._sandboxes.regained
            self.forward_socket = self._listen_for_forwards(self.log)
        session = None if self.control_token is None else Session(self.control_token, self.log)
        address = BaseUrl(settings.public_url, trust_host=open_access)
        control = ControlApi(self._sandboxes, self._webhook_client, address, __version__)
        # Everything but the vendors: dashboard, candidates' pages, login, control API and its documents.
        pages = Starlette(
            routes=[
                *Dashboard(VENDORS, address, __version__, open_access=open_access).routes(),
                *FILE_ROUTES,
                *CandidatePages(self._sandboxes, address).routes(),
                *([] if session is None else Login(session, address, AttemptLimiter()).routes()),
                *control.routes(),
            ],
            exception_handlers={
                **dict.fromkeys((Problem, CapacityExceeded, HTTPException, LogError), answer_error),
                OwnedElsewhere: answer_owned_elsewhere,
                Exception: answer_crash,
            },
            lifespan=self._lifespan,
        )
        pages.router.redirect_slashes = False
        paths = [route.path for route in pages.routes if isinstance(route, Route)]
        page_segments = {path.split("/")[1] for path in paths}
        own_segments = page_segments | {root.split("/")[1] for v in VENDORS.values() for root in v.roots}
        inner: App = pages
        if session is not None:
            inner = ControlAuth(
                inner, session, [vendor.questionnaire for vendor in VENDORS.values() if vendor.questionnaire]
            )
        origins = CrossOriginPolicy(settings.cors_origins, settings.public_url, open_access=open_access)
        hosts = AllowedHosts((*settings.allowed_hosts, settings.host), settings.public_url) if open_access else None
        inner = CrossOriginHeaders(inner, origins)
        # Pages call the vendors as clients do, but for the credential.
        endpoint = VendorEndpoint(self._sandboxes, inner, draw, address, origins, page_segments)
        inner = pages.state.vendors = endpoint
        if isinstance(self.log, PostgresqlLog):
            self.forward_app: App = Forwarded(endpoint, self.log.confirm)
            self._forwarding = inner = Forwarding(endpoint, endpoint.refuse, self._sandboxes.count_forwarded)
        inner = RequestFilter(inner, origins, hosts)
        inner = AccessLog(inner) if settings.access_log else inner
        public = settings.public_url
        prefix = None if public is None else path_prefix(urlsplit(public).path)
        trusted = [ip_network(network) for network in settings.trusted_proxies]
        self.app: App = ProxyHeaders(inner, prefix, trusted, own_segments) if prefix or trusted else inner

    def _listen_for_forwards(self, log: PostgresqlLog) -> socket.socket:
        """A socket at the address that this process registers under; raises `Unusable`."""
        advertised = self._settings.advertise or log.host
        host, port = host_and_port(advertised) or (advertised.strip("[]"), 0)
        if self.control_token is None and not is_loopback(host):
            raise Unusable(
                f"other servers would forward requests to {host}, where open access would let in anyone; "
                "serve with --access closed, or with --advertise 127.0.0.1 where all servers are on this machine"
            )
        try:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            listener = socket.create_server((host, port), family=family, backlog=BACKLOG)
        except OSError as problem:
            raise Unusable(f"cannot listen for forwarded requests on {host}:{port}: {problem.strerror}") from None
        log.address = f"{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}"
        return listener

    def leave(self) -> None:
        """End all waits and event streams: the server is about to stop."""
        self._sandboxes.end_waits()
        if self._forwarding is not None:
            self._forwarding.leave()

    async def release(self, may_wait: Callable[[], bool]) -> None:
        """Release all sandboxes, so that other processes can claim them; claim no more."""
        await self._sandboxes.release_all(may_wait)

    def is_sending(self) -> bool:
        """Whether a webhook is in flight, or waits behind others that are."""
        return self._sandboxes.is_sending()

    async def open(self) -> None:
        """Open the log, and the sandboxes of the settings, before anything is served; raises `Unopened`."""
        if self.log is not None:
            await loaded("aiohttp", "httpx2", "jinja2", *CONTROL)  # so that no request waits for these imports later
            await self.log.start()
        try:
            await self._open_sandboxes()
        except BaseException:
            await self._sandboxes.close()
            raise

    async def _open_sandboxes(self) -> None:
        if not self._settings.sandboxes:
            return
        from assessment_simulator.seeds import opening

        for name, members in self._settings.sandboxes.items():
            try:
                config, state, faults = opening(VENDORS, name, members)
            except Problem as problem:
                raise Unopened(f"--config: sandbox {name}: {problem.detail}") from None
            try:
                sandbox = await self._sandboxes.open(name, config=config, state=state)
            except AlreadyExists:
                continue  # it is in the log already, and keeps its settings
            except CapacityExceeded as full:
                raise Unopened(f"--config: sandbox {name}: {full}") from None
            if faults:
                sandbox.set_faults(faults)
                await sandbox.settled()
            if self.control_token is not None:
                self._tell(f"sandbox {name}: {json.dumps(await self._sandboxes.credentials(sandbox))}")

    @asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        async with maintained(self._sandboxes, self._limits):
            yield
        await self._sandboxes.close()
        if self._forwarding is not None:
            await self._forwarding.close()
        if self._relay is not None:
            await self._relay.close(self._settings.grace)
