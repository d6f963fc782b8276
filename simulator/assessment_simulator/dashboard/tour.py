"""The tour of the sandbox `demo`: an invitation of each vendor from its link to the result, then a listener that fails.

The server remembers nothing of a tour: the page's address names the invitations of its steps. What an address names and
is gone, as after a reset, counts as not begun.
"""

from typing import Any
from urllib.parse import urlencode

from assessment_simulator.dashboard.api_client import Form, PageRequest
from assessment_simulator.http.problem_details import Problem

PATH = "/tour"
SANDBOX = "demo"
_PEOPLE = (("Ada", "Lovelace"), ("Grace", "Hopper"))
_FAILING = "fail"  # the parameter with the invitation of the last step


async def steps(page: PageRequest) -> dict[str, Any]:
    """The progress of the tour: the invitations of both vendors and of the last step, as far as they exist."""
    asked = page.parameters(*page.vendors.titles, _FAILING)
    found = {step: await _progress(page, id) for step, id in asked.items()}
    failing = found.pop(_FAILING, None)
    return {"taken": [one for one in found.values() if one], "failing": failing}


async def _progress(page: PageRequest, id: str) -> dict[str, Any] | None:
    """An invitation with its newest delivery and its results; None where it is gone."""
    try:
        invitation = await page.get(f"invitations/{id}")
        deliveries = await page.get("deliveries", invitation=id, newest=1)
        results = await page.get(f"invitations/{id}/results")
    except Problem as problem:
        if problem.status != 404:
            raise
        return None
    return {"one": invitation, "delivery": deliveries[0] if deliveries else None, "results": results}


async def begin(page: PageRequest, form: Form) -> str:
    """Send webhooks to the built-in receiver and invite somebody by each vendor; returns the path of the tour."""
    await use_inbox(page, form)
    vendors = list(page.vendors.titles)
    invited = {id: await _invite(page, id, number) for number, id in enumerate(vendors)}
    return f"{PATH}?{urlencode(invited)}"


async def fail(page: PageRequest, form: Form) -> str:
    """Complete another invitation with a failing listener and advance a day; returns the path of the last step."""
    await use_inbox(page, Form(b"status=500"))
    id = await _invite(page, [*page.vendors.titles][-1], 0)
    await page.call("POST", f"invitations/{id}/complete")
    await page.call("POST", "clock", {"advance": "PT24H"})
    await use_inbox(page, Form(b""))
    return f"{PATH}?{urlencode({**page.parameters(*page.vendors.titles), _FAILING: id, 'done': 'fail', 'undo': 1})}"


async def _invite(page: PageRequest, vendor: str, person: int) -> str:
    first, last = _PEOPLE[person % len(_PEOPLE)]
    chosen, number = page.vendors.get(vendor), (await page.get())["counts"]["invitations"] + 1
    fields = {
        "first_name": first, "last_name": last, "email": f"{first}.{last}@example.com".lower(), "send_email": "yes",
        "external_id": f"tour-{number}",
    }  # fmt: skip
    config = await page.config()
    subjects = [*chosen.invitation_form.subjects(config)]
    return await page.invite(chosen, fields | ({"subject": subjects[0][0]} if subjects else {}), config)


async def use_inbox(page: PageRequest, form: Form) -> None:
    """Make the built-in receiver the sandbox's webhook URL; the field `status` is what it responds."""
    url = page.inbox_url + (f"?status={form['status']}" if "status" in form else "")
    await page.call("PATCH", "config", {"webhook_url": url, "default_webhook_url": url})
