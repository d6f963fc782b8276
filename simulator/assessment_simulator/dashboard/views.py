"""The context of each page's template: responses of the control API, put together."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from zlib import crc32

from assessment_simulator.dashboard.api_client import PageRequest
from assessment_simulator.dashboard.formatting import pretty

View = Callable[[PageRequest], Awaitable[dict[str, Any]]]
_SHOWN_RULES = {
    "broken": "those that were broken", "kept": "those that were kept", "untouched": "those that no call has met",
}  # fmt: skip


def rows(path: str, *filters: str) -> View:
    """The view of a list: its newest entries, by the filters in the page's query."""
    return lambda page: page.list(path, *filters)


def get(**paths: str) -> View:
    """The view of these paths under the sandbox, by the name that the template has for the response."""

    async def view(page: PageRequest) -> dict[str, Any]:
        params = page.request.path_params
        return {name: await page.get(path.format_map(params)) for name, path in paths.items()}

    return view


async def inbox(page: PageRequest) -> dict[str, Any]:
    """The webhooks that the built-in receiver got, newest first."""
    config, received = await page.get("config"), await page.get(f"/catch/{page.name}")
    set_up = page.inbox_url in (config["webhook_url"], config["default_webhook_url"])
    return {"rows": received, "url": page.inbox_url, "set_up": set_up}


async def rules(page: PageRequest) -> dict[str, Any]:
    """The rule coverage, with what each rule demands."""
    coverage, catalogue = await page.get("coverage"), await page.get("/rules")
    statements = {rule["id"]: rule for rule in catalogue}
    asked = {"show": "", "q": "", **page.parameters("show", "q")}
    found = [{**statements[rule["id"]], **rule} for rule in coverage["rules"]]
    if asked["show"] == "untouched":
        found = [rule for rule in found if not rule["kept"] and not rule["broken"]]
    elif asked["show"] in _SHOWN_RULES:
        found = [rule for rule in found if rule[asked["show"]]]
    text = asked["q"].casefold()
    found = [rule for rule in found if text in f"{rule['id']} {rule['statement']}".casefold()]
    return {"rows": found, "coverage": coverage, "shows": _SHOWN_RULES.items(), "asked": asked}


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
