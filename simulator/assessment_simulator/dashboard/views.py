"""What each page shows: the control API's answers, put together."""

import asyncio
from typing import Any
from zlib import crc32

from assessment_simulator.core.faults import KINDS
from assessment_simulator.dashboard.api_client import CONTROL
from assessment_simulator.dashboard.formatting import DELIVERY_TONES, pretty
from assessment_simulator.dashboard.page import Visit

Context = dict[str, Any]
SHOWS = (
    ("broken", "those that were broken"),
    ("kept", "those that were kept"),
    ("untouched", "those that no call has met"),
)
"""Which rules can be shown."""


async def invitations(visit: Visit) -> Context:
    """The invitations, newest first."""
    shown = await visit.list("invitations", "vendor", "status")
    return {**shown, "statuses": visit.vendors.statuses(shown["asked"]["vendor"])}


async def invitation(visit: Visit) -> Context:
    """One invitation: its facts, its actions, its timeline."""
    found = await visit.get("invitations", visit.id)
    entries = await visit.get("invitations", visit.id, "timeline")
    actions = visit.vendors.actions(found["vendor"], found["status"])
    return {"one": found, "entries": entries, "actions": actions}


async def deliveries(visit: Visit) -> Context:
    """The webhooks, newest first."""
    shown = await visit.list("deliveries", "state", "invitation")
    return {**shown, "states": [(state, state) for state in DELIVERY_TONES]}


async def delivery(visit: Visit) -> Context:
    """One webhook with every attempt, what was sent and what was answered."""
    return {"one": await visit.get("deliveries", visit.id)}


async def mail(visit: Visit) -> Context:
    """The mail that candidates would have got, newest first."""
    return await visit.list("mail", "invitation")


async def journal(visit: Visit) -> Context:
    """The calls to the vendors, newest first."""
    return {**await visit.list("journal", "vendor", "status"), "control": CONTROL}


async def call(visit: Visit) -> Context:
    """One call with headers and bodies."""
    return {"one": await visit.get("journal", visit.id), "control": CONTROL}


async def caught(visit: Visit) -> Context:
    """What the built-in listener has caught, newest first."""
    path = f"{CONTROL}/catch/{visit.name}"
    config = await visit.get("config")
    url = visit.base + path
    set_up = url in (config["webhook_url"], config["default_webhook_url"])
    return {"rows": await visit.elsewhere("GET", path), "url": url, "set_up": set_up}


async def clock(visit: Visit) -> Context:
    """The clock, and the snapshots that lead back."""
    return {}


async def faults(visit: Visit) -> Context:
    """What goes wrong on purpose, and a form for more of it."""
    return {"rows": await visit.get("faults"), "kinds": KINDS, "operations": visit.vendors.operations()}


async def rules(visit: Visit) -> Context:
    """Which rules were kept and broken, with what each demands."""
    coverage = await visit.get("coverage")
    catalogue = {rule["id"]: rule for rule in await visit.elsewhere("GET", f"{CONTROL}/rules")}
    asked = visit.asked("show", "q")
    rows = [{**catalogue[row["id"]], **row} for row in coverage["rules"]]
    if asked.get("show") in ("kept", "broken"):
        rows = [row for row in rows if row[asked["show"]]]
    elif asked.get("show") == "untouched":
        rows = [row for row in rows if not row["kept"] and not row["broken"]]
    sought = asked.get("q", "").casefold()
    rows = [row for row in rows if sought in f"{row['id']} {row['statement']}".casefold()]
    return {"rows": rows, "coverage": coverage, "shows": SHOWS, "asked": {"show": "", "q": "", **asked}}


async def states(visit: Visit) -> Context:
    """Each vendor's states and moves, with what was seen of them here."""
    names = [visit.vendors.document(vendor) for vendor in visit.vendors.titles()]
    seen = await asyncio.gather(*(visit.get("states", name) for name in names))
    titles = visit.vendors.titles().values()
    return {
        "machines": [
            {"title": title, "name": name, "seen": one, "mark": crc32(pretty(one).encode()),
             "words": {state["id"]: visit.vendors.status(vendor, state["id"]) for state in one["states"]}}
            for vendor, title, name, one in zip(visit.vendors.titles(), titles, names, seen, strict=True)
        ],
        "control": CONTROL,
    }  # fmt: skip


async def settings(visit: Visit) -> Context:
    """The settings, to be changed as JSON."""
    config = await visit.get("config")
    return {"config": config, "control": CONTROL}
