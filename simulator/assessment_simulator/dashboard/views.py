"""The context of each page's template: responses of the control API, put together."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from zlib import crc32

from assessment_simulator.core.faults import KINDS
from assessment_simulator.dashboard.api_client import CONTROL, PageRequest, call_control
from assessment_simulator.dashboard.formatting import DELIVERY_TONES, pretty

View = Callable[[PageRequest], Awaitable[dict[str, Any]]]
_SHOWN_RULES = (
    ("broken", "those that were broken"), ("kept", "those that were kept"),
    ("untouched", "those that no call has met"),
)  # fmt: skip


def rows(path: str, *filters: str) -> View:
    """The view of a list, newest first."""
    return lambda page: page.list(path, *filters)


def one(path: str) -> View:
    """The view of the entry of a list whose id is in the page's path."""

    async def view(page: PageRequest) -> dict[str, Any]:
        return {"one": await page.get(f"{path}/{page.id}")}

    return view


async def nothing(page: PageRequest) -> dict[str, Any]:
    """A page that shows the sandbox alone."""
    return {}


async def invitations(page: PageRequest) -> dict[str, Any]:
    """The invitations, newest first."""
    shown = await page.list("invitations", "vendor", "status")
    return {**shown, "statuses": page.vendors.statuses(shown["asked"]["vendor"])}


async def invitation(page: PageRequest) -> dict[str, Any]:
    """One invitation: its public fields, its actions, its timeline."""
    found = await page.get(f"invitations/{page.id}")
    entries = await page.get(f"invitations/{page.id}/timeline")
    return {"one": found, "entries": entries, "actions": page.vendors.actions(found["vendor"], found["status"])}


async def deliveries(page: PageRequest) -> dict[str, Any]:
    """The webhooks, newest first."""
    shown = await page.list("deliveries", "state", "invitation")
    return {**shown, "states": [(state, state) for state in DELIVERY_TONES]}


async def inbox(page: PageRequest) -> dict[str, Any]:
    """The webhooks that the built-in receiver got, newest first."""
    path = f"{CONTROL}/catch/{page.name}"
    config = await page.get("config")
    url = page.base + path
    set_up = url in (config["webhook_url"], config["default_webhook_url"])
    return {"rows": await call_control(page.request, "GET", path), "url": url, "set_up": set_up}


async def faults(page: PageRequest) -> dict[str, Any]:
    """The injected faults, and a form for another."""
    return {"rows": await page.get("faults"), "kinds": KINDS, "operations": page.vendors.operations()}


async def rules(page: PageRequest) -> dict[str, Any]:
    """The rule coverage, with what each rule demands."""
    coverage = await page.get("coverage")
    catalogue = {rule["id"]: rule for rule in await call_control(page.request, "GET", f"{CONTROL}/rules")}
    asked = {"show": "", "q": "", **page.parameters("show", "q")}
    found = [{**catalogue[row["id"]], **row} for row in coverage["rules"]]
    if asked["show"] in ("kept", "broken"):
        found = [row for row in found if row[asked["show"]]]
    elif asked["show"] == "untouched":
        found = [row for row in found if not row["kept"] and not row["broken"]]
    text = asked["q"].casefold()
    found = [row for row in found if text in f"{row['id']} {row['statement']}".casefold()]
    return {"rows": found, "coverage": coverage, "shows": _SHOWN_RULES, "asked": asked}


async def states(page: PageRequest) -> dict[str, Any]:
    """Each vendor's states and moves, with their counts in this sandbox."""
    titles = page.vendors.titles()
    names = [vendor.replace("_", "-") for vendor in titles]
    seen = await asyncio.gather(*(page.get(f"states/{name}") for name in names))
    return {
        "machines": [
            # The mark changes the picture's address with its content.
            {"title": title, "name": name, "seen": one, "mark": crc32(pretty(one).encode()),
             "words": {state["id"]: page.vendors.status(vendor, state["id"]) for state in one["states"]}}
            for (vendor, title), name, one in zip(titles.items(), names, seen, strict=True)
        ]
    }  # fmt: skip


async def settings(page: PageRequest) -> dict[str, Any]:
    """The settings."""
    return {"config": await page.get("config")}
