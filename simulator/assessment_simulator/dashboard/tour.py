"""The tour of the sandbox `demo`: complete an assessment, see its webhook arrive, let a listener fail for a day.

The server remembers nothing of a tour: the page's address names the invitations of its steps.
"""

from typing import Any
from urllib.parse import urlencode

from assessment_simulator.dashboard.api_client import Form, PageRequest
from assessment_simulator.http.problem_details import Problem

PATH = "/tour"
SANDBOX = "demo"
_STEPS = ("first", "second")
_SEARCHED = 200  # the newest invitations, among which one that is not started is looked for


async def steps(page: PageRequest) -> dict[str, Any]:
    """The progress of the tour: the invitation of each step with its newest delivery."""
    found: dict[str, Any] = dict.fromkeys(_STEPS)
    for step, id in page.parameters(*_STEPS).items():
        invitation = await page.get(f"invitations/{id}")
        deliveries = await page.get("deliveries", invitation=id, newest=1)
        finished = not any(possible for _, possible in page.vendors.actions(invitation["vendor"], invitation["status"]))
        found[step] = {"one": invitation, "finished": finished, "delivery": deliveries[0] if deliveries else None}
    return found


async def begin(page: PageRequest, form: Form) -> str:
    """Send webhooks to the built-in receiver and choose an invitation; returns the path of the first step."""
    await use_inbox(page, form)
    return f"{PATH}?{urlencode({'first': await _open_invitation(page)})}"


async def fail(page: PageRequest, form: Form) -> str:
    """Complete another invitation with a failing listener and advance a day; returns the path of the last step."""
    await use_inbox(page, Form(b"status=500"))
    second = await _open_invitation(page)
    await page.call("POST", f"invitations/{second}/complete")
    await page.call("POST", "clock", {"advance": "PT24H"})
    return f"{PATH}?{urlencode({**page.parameters('first'), 'second': second})}"


async def use_inbox(page: PageRequest, form: Form) -> None:
    """Make the built-in receiver the sandbox's webhook URL; the field `status` is what it responds."""
    url = page.inbox_url + (f"?status={form['status']}" if "status" in form else "")
    await page.call("PATCH", "config", {"webhook_url": url, "default_webhook_url": url})


async def _open_invitation(page: PageRequest) -> str:
    """The newest invitation that is not started; without one, the demo is reset to its samples."""
    for _ in range(2):
        for one in await page.get("invitations", newest=_SEARCHED):
            if ("start", True) in page.vendors.actions(one["vendor"], one["status"]):
                id: str = one["id"]
                return id
        # A reset brings the samples back, and takes the settings that the tour has made.
        config = await page.get("config")
        await page.call("POST", "reset")
        await page.call("PATCH", "config", {name: config[name] for name in ("webhook_url", "default_webhook_url")})
    raise Problem(500, "the demo has no sample invitation that can be started")
