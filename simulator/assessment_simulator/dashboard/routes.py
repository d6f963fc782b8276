"""The table of the dashboard's pages, the contexts of their templates, and their handlers."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import urlencode
from zlib import crc32

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from assessment_simulator.core.sources import Standing
from assessment_simulator.core.text import SANDBOX_NAME, pretty
from assessment_simulator.core.vendor import Vendor
from assessment_simulator.dashboard import formatting, forms, invite, settings_form, tour
from assessment_simulator.dashboard.api_client import CONTROL, Form, PageRequest, call_control
from assessment_simulator.dashboard.forms import FormAction
from assessment_simulator.dashboard.waterfall import waterfall
from assessment_simulator.events.feed import WHAT
from assessment_simulator.http.auth import local
from assessment_simulator.http.base_url import BaseUrl, proxy_info
from assessment_simulator.http.problem_details import Problem
from assessment_simulator.http.routing import Handler, route
from assessment_simulator.http.templating import HEADERS, render

UNDER = "/sandboxes/{name}"
# Requests without a sandbox that the first page shows.
_MOST_UNATTRIBUTED = 10
View = Callable[[PageRequest], Awaitable[dict[str, Any]]]
_SHOWN_RULES = {"broken": "violated", "kept": "passed", "untouched": "not reached by any request"}


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a sandbox: its path under the sandbox's, its template, its view, and the actions of its forms.

    The view makes the template's context from responses of the control API. `tab` is the page's title among the tabs,
    `counted` the member of the sandbox's `counts` that the tab shows. A page without a tab belongs to the tab whose
    path its own begins with.
    """

    path: str
    template: str
    view: View
    tab: str = ""
    counted: str = ""
    actions: Mapping[str, FormAction] = field(default_factory=dict)


def _rows(path: str, *filters: str) -> View:
    """The view of a list: its newest entries, by the filters in the page's query."""
    return lambda page: page.list(path, *filters)


def _get(**paths: str) -> View:
    """The view of these paths under the sandbox, by the name that the template has for the response."""

    async def view(page: PageRequest) -> dict[str, Any]:
        params = page.request.path_params
        return {name: await page.get(path.format_map(params)) for name, path in paths.items()}

    return view


async def _inbox(page: PageRequest) -> dict[str, Any]:
    """The webhooks that the built-in receiver got, newest first."""
    config, received = await page.get("config"), await page.get(f"/catch/{page.name}")
    set_up = page.inbox_url in (config["webhook_url"], config["default_webhook_url"])
    return {"rows": received, "url": page.inbox_url, "set_up": set_up}


async def _rules(page: PageRequest) -> dict[str, Any]:
    """The rule coverage, with what each rule demands."""
    coverage, catalogue = await page.get("coverage"), await page.get("/rules")
    asked = {"show": "", "q": "", "standing": "", "vendor": "", **page.parameters("show", "q", "standing", "vendor")}
    show, text = asked["show"], asked["q"].casefold()
    statements = {rule["id"]: rule for rule in catalogue}
    rows = []
    for rule in ({**statements[one["id"]], **one} for one in coverage["rules"]):
        is_shown = rule[show] if show in ("broken", "kept") else True
        if show == "untouched":
            is_shown = not rule["kept"] and not rule["broken"]
        is_shown = is_shown and all(asked[name] in ("", rule[name]) for name in ("standing", "vendor"))
        if is_shown and text in f"{rule['id']} {rule['statement']}".casefold():
            rows.append(rule)
    standings = [(one.value, one.value.replace("_", " ")) for one in Standing]
    return {
        "rows": rows, "coverage": coverage, "shows": _SHOWN_RULES.items(), "standings": standings, "asked": asked,
    }  # fmt: skip


async def _invitation(page: PageRequest) -> dict[str, Any]:
    """An invitation with its results, its story, the picture of it, and the request that created it."""
    path = f"invitations/{page.request.path_params['id']}"
    one, entries, results = await asyncio.gather(*(page.get(path + more) for more in ("", "/timeline", "/results")))
    now, creation = (await page.get("clock"))["now"], page.vendors.get(one["vendor"]).invitation_form.operation
    creating = next((entry for entry in entries if entry["what"] == "call" and entry["operation"] == creation), None)
    script = None if creating is None else await page.get(f"journal/{creating['id']}.sh")
    statuses = page.vendors.status_words(one["vendor"])
    return {
        "one": one, "entries": entries, "results": results, "script": script, "creating": creating,
        "picture": waterfall(entries, now, statuses), "created": page.parameters("created"),
    }  # fmt: skip


async def _call(page: PageRequest) -> dict[str, Any]:
    """One request, with the rules that it violates and the curl script that repeats it."""
    id = page.request.path_params["id"]
    one, catalogue = await page.get(f"journal/{id}"), await page.get("/rules")
    rules = [rule for rule in catalogue if rule["id"] in one["rules"]]
    return {"one": one, "rules": rules, "script": await page.get(f"journal/{id}.sh")}


async def _clock(page: PageRequest) -> dict[str, Any]:
    """What is scheduled, and the action that is to be confirmed."""
    asked = page.parameters("confirm", "back", "id")
    confirm = asked.get("confirm") if asked.get("confirm") in ("until_idle", "reset", "delete", "restore") else None
    return {
        "pending": await page.get("pending"), "faults": await page.get("faults"), "confirm": confirm, "asked": asked,
        "back": local(asked.get("back", page.here), page.prefix),
    }  # fmt: skip


async def _faults(page: PageRequest) -> dict[str, Any]:
    """The faults; the query fills in the form."""
    names = "kind", "vendor", "operation", "times", "after", "status", "duration", "when"
    return {"rows": await page.get("faults"), "preset": page.parameters(*names)}


async def _settings(page: PageRequest) -> dict[str, Any]:
    """The settings, as fields and as JSON."""
    config = await page.get("config")
    return {"config": config, "groups": settings_form.groups(config, page.vendors)}


async def _states(page: PageRequest) -> dict[str, Any]:
    """Each vendor's states and moves, with their counts in this sandbox."""

    async def machine(vendor: str, title: str) -> dict[str, Any]:
        name = vendor.replace("_", "-")
        seen = await page.get(f"states/{name}")
        # The mark changes the picture's address with its content.
        mark = crc32(pretty(seen).encode())
        return {"title": title, "name": name, "seen": seen, "mark": mark, "words": page.vendors.status_words(vendor)}

    return {"machines": await asyncio.gather(*(machine(*one) for one in page.vendors.titles.items()))}


PAGES = (
    Page("", "invitations", _rows("invitations", "vendor", "status"), "Invitations", "invitations"),
    Page("/new", "new", invite.view, actions=forms.NEW),
    Page("/invitations/{id}", "invitation", _invitation, actions=forms.INVITATION),
    Page("/deliveries", "deliveries", _rows("deliveries", "state", "invitation"), "Webhooks", "deliveries"),
    Page("/deliveries/{id}", "delivery", _get(one="deliveries/{id}"), actions=forms.DELIVERY),
    Page("/mail", "mail", _rows("mail", "invitation"), "Mail", "mail"),
    Page("/mail/{id}", "mail_message", _get(one="mail/{id}")),
    Page("/journal", "journal", _rows("journal", "vendor", "status", "operation"), "Requests", "journal"),
    Page("/journal/{id}", "call", _call),
    Page("/caught", "caught", _inbox, "Webhook inbox", actions=forms.INBOX),
    Page("/clock", "clock", _clock, "Clock", actions=forms.CLOCK),
    Page("/faults", "faults", _faults, "Faults", actions=forms.FAULTS),
    Page("/rules", "rules", _rules, "Rules"),
    Page("/states", "states", _states, "States"),
    Page("/settings", "settings", _settings, "Settings", actions=forms.SETTINGS),
)  # fmt: skip
TOUR = Page(tour.PATH, "tour", tour.steps, actions=forms.TOUR)


class Dashboard:
    """Handlers of the pages.

    In open access a sandbox's name is its key; otherwise its keys are random and shown once, when it is opened.
    """

    def __init__(
        self, vendors: Mapping[str, Vendor], address: BaseUrl, version: str, *, open_access: bool = True
    ) -> None:
        self._vendors = formatting.Vendors(vendors)
        self._base_paths = [(vendor.title, vendor.base_path) for vendor in vendors.values()]
        self._address = address
        self._version = version
        self._open_access = open_access

    def routes(self) -> list[Route]:
        """The routes for Starlette."""
        routes = [route("/", {"GET": self._home}), route("/sandboxes", {"POST": self._open})]
        for path, page in [(tour.PATH, TOUR), *((UNDER + page.path, page) for page in PAGES)]:
            handlers: dict[str, Handler] = {"GET": partial(self._show, page)}
            if page.actions:
                handlers["POST"] = partial(self._act, page)
            routes.append(route(path, handlers))
        return routes

    async def _home(self, request: Request, flaw: str = "", status: int = 200, name: str = "") -> Response:
        """The first page: the sandboxes, the base URLs of the APIs, and what was counted."""
        page = PageRequest(request, self._vendors, self._address, tour.SANDBOX)
        listed, counters = await page.list("/sandboxes"), await page.get("/counters")
        unattributed = await page.get("/unattributed", newest=_MOST_UNATTRIBUTED)
        has_demo = self._open_access or any(row["name"] == tour.SANDBOX for row in listed["rows"])
        asked: dict[str, Any] = {"deleted": None, "before": None, **page.parameters("deleted", "before")}
        return render(
            "dashboard/home.html", status, prefix=page.prefix, version=self._version, counters=counters, name=name,
            vendors=[(title, page.base + path) for title, path in self._base_paths], flaw=flaw, has_demo=has_demo,
            here=page.here, asked=listed.pop("asked"), **asked, **listed, unattributed=unattributed, words=formatting,
            control=CONTROL,
        )  # fmt: skip

    async def _open(self, request: Request) -> Response:
        """Open a sandbox, or go to the one that has this name."""
        form = Form(request.state.body)
        body = {"name": form["name"]} if "name" in form else {}
        try:
            opened = await call_control(request, "POST", f"{CONTROL}/sandboxes", body)
        except Problem as problem:
            if problem.status != 409:
                return await self._home(request, problem.detail, problem.status, form.get("name", ""))
            opened = {"name": form["name"], "credentials": None}
        prefix = proxy_info(request.scope).prefix
        if opened["credentials"] and not self._open_access:
            return render("dashboard/opened.html", 201, prefix=prefix, titles=self._vendors.titles, **opened)
        return RedirectResponse(f"{prefix}/sandboxes/{opened['name']}", 303, HEADERS)

    async def _show(
        self, page: Page, http_request: Request, flaw: str = "", status: int = 200, form: Form | None = None
    ) -> Response:
        """Show a page; after a refused form with the problem, and with what was typed."""
        request = PageRequest(http_request, self._vendors, self._address, tour.SANDBOX)
        try:
            sandbox, query = await request.get(), http_request.query_params
        except Problem as problem:
            if problem.status != 404 or not SANDBOX_NAME.fullmatch(request.name):
                raise
            return render("dashboard/unknown.html", 404, prefix=request.prefix, name=request.name)
        done = page.actions.get(query.get("done", "")) or forms.CLOCK.get(query.get("done", ""))
        # The page of an item belongs to the tab of its list; that of invitations has the path of the sandbox itself.
        current = page.path.split("/{")[0].replace("/invitations", "").replace("/new", "")
        tabs = [
            {
                "href": f"{request.prefix}/sandboxes/{sandbox['name']}{one.path}", "text": one.tab,
                "here": one.path == current, "count": sandbox["counts"].get(one.counted),
            }
            for one in PAGES
            if one.tab
        ]  # fmt: skip
        context: dict[str, Any] = await page.view(request)
        return render(
            f"dashboard/{page.template}.html", status, prefix=request.prefix, sandbox=sandbox, now=sandbox["now"],
            flaw=flaw, said=done.message if done and not flaw else "", can_undo="undo" in query and not flaw,
            here=request.here, here_view=request.view, tabs=tabs, words=formatting, vendors=self._vendors,
            kinds_of_events=" ".join(WHAT), base=request.base, control=CONTROL, open_access=self._open_access,
            before=query.get("before"), form=form or {}, **context,
        )  # fmt: skip

    async def _act(self, page: Page, request: Request) -> Response:
        sent = PageRequest(request, self._vendors, self._address, tour.SANDBOX)
        form = Form(request.state.body)
        name = form.get("do", "")
        action = page.actions.get(name)
        if action is None:
            raise Problem(422, f"this page can {', '.join(page.actions)}; it cannot {name[:40]!r}")
        # Refused, the form's page is shown again with the problem. Else a redirect follows, so that reloading the page
        # sends nothing again.
        try:
            if action.can_undo:
                await sent.call("PUT", "undo")
            elsewhere = await action.run(sent, form)
        except Problem as problem:
            # If the page itself is gone, there is nothing to show the problem on.
            if problem.status == 404 and "id" in request.path_params:
                raise
            return await self._show(page, request, problem.detail, problem.status, form)
        if elsewhere:
            location = sent.prefix + elsewhere
        else:  # a form that stands on every page leads back to it
            back = local(form["back"], sent.prefix) if "back" in form else sent.here
            query = {"done": name, **({"undo": "1"} if action.can_undo else {})}
            location = f"{back}{'&' if '?' in back else '?'}{urlencode(query)}"
        return RedirectResponse(location, 303, HEADERS)
