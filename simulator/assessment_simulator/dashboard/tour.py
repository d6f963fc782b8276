"""A tour in three steps through the sandbox `demo`: finish an assessment, see its webhook arrive, let a listener fail.

The page remembers nothing: which invitations it speaks of stands in its address.
"""

from typing import Any
from urllib.parse import urlencode

from assessment_simulator.dashboard.api_client import CONTROL
from assessment_simulator.dashboard.page import Visit
from assessment_simulator.http.problem_details import Problem

PATH = "/tour"
SANDBOX = "demo"
_LOOKED_AT = 200


async def steps(visit: Visit) -> dict[str, Any]:
    """How far the tour has come: each invitation that it speaks of, and its newest delivery."""
    asked = visit.asked("first", "second")
    return {name: await _story(visit, asked[name]) if name in asked else None for name in ("first", "second")}


async def _story(visit: Visit, id: str) -> dict[str, Any]:
    found = await visit.get("invitations", id)
    deliveries = await visit.get("deliveries", invitation=id, newest=1)
    finished = not any(possible for _, possible in visit.vendors.actions(found["vendor"], found["status"]))
    return {"one": found, "finished": finished, "delivery": deliveries[0] if deliveries else None}


async def begin(visit: Visit) -> str:
    """Have webhooks caught, and choose who is to be assessed; gives the address of the first step."""
    await _send_webhooks(visit, "")
    return f"{PATH}?{urlencode({'first': await _candidate(visit)})}"


async def fail(visit: Visit) -> str:
    """Complete another assessment while its listener fails, and let a day pass; gives the address of the last step."""
    await _send_webhooks(visit, "?status=500")
    second = await _candidate(visit)
    await visit.ask("POST", "invitations", second, "complete")
    await visit.ask("POST", "clock", body={"advance": "PT24H"})
    return f"{PATH}?{urlencode({**visit.asked('first'), 'second': second})}"


async def _send_webhooks(visit: Visit, query: str) -> None:
    url = f"{visit.base}{CONTROL}/catch/{visit.name}{query}"
    await visit.ask("PATCH", "config", body={"webhook_url": url, "default_webhook_url": url})


async def _candidate(visit: Visit) -> str:
    """The newest invitation that nobody has begun; the demo begins anew where there is none."""
    for _ in range(2):
        for one in await visit.get("invitations", newest=_LOOKED_AT):
            if ("start", True) in visit.vendors.actions(one["vendor"], one["status"]):
                id: str = one["id"]
                return id
        config = await visit.get("config")
        await visit.ask("POST", "reset")
        webhooks = {name: config[name] for name in ("webhook_url", "default_webhook_url")}
        await visit.ask("PATCH", "config", body=webhooks)
    raise Problem(500, "the demo has no sample that nobody has begun")
