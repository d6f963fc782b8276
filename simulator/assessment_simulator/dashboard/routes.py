"""The table of the dashboard's pages, and how one is answered."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from assessment_simulator.core.vendor import Vendor
from assessment_simulator.dashboard import formatting, forms, tour, views
from assessment_simulator.dashboard.api_client import CONTROL, Control
from assessment_simulator.dashboard.forms import Deed
from assessment_simulator.dashboard.page import Visit, form
from assessment_simulator.events.feed import WHAT
from assessment_simulator.http.asgi import named_headers
from assessment_simulator.http.base_url import Address
from assessment_simulator.http.login import local
from assessment_simulator.http.problem_details import Problem
from assessment_simulator.http.proxy_headers import seen
from assessment_simulator.http.routing import route
from assessment_simulator.http.templating import HEADERS, render

Look = Callable[[Visit], Awaitable[dict[str, Any]]]
UNDER = "/sandboxes/{name}"


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a sandbox: its path under the sandbox's, its template, what it shows, and what its forms do.

    `tab` is its name in the row of tabs; a page without one stands under the tab whose path its own begins with.
    """

    path: str
    template: str
    look: Look
    tab: str = ""
    deeds: Mapping[str, Deed] = field(default_factory=dict)


PAGES = (
    Page("", "invitations", views.invitations, "Invitations"),
    Page("/invitations/{id}", "invitation", views.invitation, deeds=forms.MOVES),
    Page("/deliveries", "deliveries", views.deliveries, "Deliveries"),
    Page("/deliveries/{id}", "delivery", views.delivery, deeds=forms.REPLAYS),
    Page("/mail", "mail", views.mail, "Mail"),
    Page("/caught", "caught", views.caught, "Catcher", forms.CAUGHT),
    Page("/journal", "journal", views.journal, "Journal"),
    Page("/journal/{id}", "call", views.call),
    Page("/clock", "clock", views.clock, "Clock", forms.CLOCK),
    Page("/faults", "faults", views.faults, "Faults", forms.FAULTS),
    Page("/rules", "rules", views.rules, "Rules"),
    Page("/states", "states", views.states, "States"),
    Page("/settings", "settings", views.settings, "Settings", forms.SETTINGS),
)
TOUR = Page(tour.PATH, "tour", tour.steps, deeds=forms.TOUR)
COUNTED = {"": "invitations", "/deliveries": "deliveries", "/mail": "mail", "/journal": "journal"}
"""Tabs that say how much there is behind them."""


class Board:
    """Handlers of the pages; `control` is asked for all that they show and do.

    In open access a sandbox's name is its key; otherwise its keys are random, and shown when it is opened.
    """

    def __init__(
        self,
        control: Control,
        vendors: Mapping[str, Vendor],
        address: Address,
        version: str,
        *,
        open_access: bool = True,
    ) -> None:
        self._control = control
        self._vendors = formatting.Vendors(vendors)
        self._roots = [(vendor.title, vendor.roots[0]) for vendor in vendors.values()]
        self._address = address
        self._version = version
        self._open_access = open_access

    def routes(self) -> list[Route]:
        """The routes for Starlette."""
        return [
            route("/", {"GET": self.home}),
            route("/sandboxes", {"POST": self.open}),
            route(tour.PATH, self._handlers(TOUR)),
            *(route(UNDER + page.path, self._handlers(page)) for page in PAGES),
        ]

    def _handlers(self, page: Page) -> dict[str, Callable[[Request], Awaitable[Response]]]:
        async def look(request: Request) -> Response:
            return await self._shown(page, self._visit(request))

        async def act(request: Request) -> Response:
            return await self._done(page, self._visit(request))

        return {"GET": look, "POST": act} if page.deeds else {"GET": look}

    def _base(self, request: Request) -> str:
        return self._address.of(request.scope, named_headers(request.scope))

    def _visit(self, request: Request) -> Visit:
        name = request.path_params.get("name", tour.SANDBOX)
        return Visit(request, self._control, self._vendors, self._base(request), name)

    # The first page.

    async def home(self, request: Request, flaw: str = "", status: int = 200) -> Response:
        """The sandboxes, and where to knock."""
        rows = await self._control.get(request, f"{CONTROL}/sandboxes")
        base = self._base(request)
        vendors = [(title, base + root) for title, root in self._roots]
        has_demo = self._open_access or any(row["name"] == tour.SANDBOX for row in rows)
        return render(
            "dashboard/home.html",
            status,
            prefix=seen(request.scope).prefix,
            version=self._version,
            vendors=vendors,
            rows=rows,
            flaw=flaw,
            has_demo=has_demo,
        )

    async def open(self, request: Request) -> Response:
        """Open a sandbox, or go to the one that has this name."""
        asked = form(request.state.body).get("name", "")
        try:
            opened = await self._control.ask(request, "POST", f"{CONTROL}/sandboxes", {"name": asked} if asked else {})
        except Problem as problem:
            if problem.status != 409:
                return await self.home(request, problem.detail, problem.status)
            opened = {"name": asked, "credentials": None}
        prefix = seen(request.scope).prefix
        if opened["credentials"] and not self._open_access:
            return render("dashboard/opened.html", 201, prefix=prefix, titles=self._vendors.titles(), **opened)
        return RedirectResponse(f"{prefix}/sandboxes/{opened['name']}", 303, HEADERS)

    # A page of a sandbox.

    async def _shown(self, page: Page, visit: Visit, flaw: str = "", status: int = 200) -> Response:
        sandbox = await visit.get()
        done = page.deeds.get(visit.request.query_params.get("done", ""))
        context = await page.look(visit)
        return render(
            f"dashboard/{page.template}.html", status, prefix=visit.prefix, sandbox=sandbox, now=sandbox["now"],
            flaw=flaw, said=done.said if done and not flaw else "", here=visit.here,
            tabs=self._tabs(page, sandbox, visit.prefix), words=formatting, vendors=self._vendors,
            kinds_of_events=" ".join(WHAT), base=visit.base, open_access=self._open_access,
            before=visit.request.query_params.get("before"), **context,
        )  # fmt: skip

    def _tabs(self, page: Page, sandbox: Mapping[str, Any], prefix: str) -> list[dict[str, Any]]:
        first = page.path.split("/{")[0].replace("/invitations", "")
        return [
            {
                "href": f"{prefix}/sandboxes/{sandbox['name']}{one.path}", "text": one.tab, "here": one.path == first,
                "count": sandbox["counts"].get(COUNTED.get(one.path, "")),
            }
            for one in PAGES
            if one.tab
        ]  # fmt: skip

    async def _done(self, page: Page, visit: Visit) -> Response:
        sent = form(visit.request.state.body)
        name = sent.get("do", "")
        deed = page.deeds.get(name)
        if deed is None:
            raise Problem(422, f"this page can {', '.join(page.deeds)}; it cannot {name[:40]!r}")
        try:
            elsewhere = await deed.act(visit, sent)
        except Problem as problem:
            if problem.status == 404:
                raise
            return await self._shown(page, visit, problem.detail, problem.status)
        if elsewhere:
            leads = visit.prefix + elsewhere
        else:
            leads = local(sent["back"], visit.prefix) if sent.get("back") else f"{visit.here}?done={name}"
        return RedirectResponse(leads, 303, HEADERS)
