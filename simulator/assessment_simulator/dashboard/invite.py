"""The form "New invitation": it sends the vendor what a client would send, so its requests are in the journal."""

from typing import Any
from urllib.parse import urlencode

from assessment_simulator.dashboard.api_client import Form, PageRequest
from assessment_simulator.http.problem_details import Problem

# What can be chosen as the outcome: the tags for the candidate's e-mail address.
OUTCOMES = (
    ("", "You simulate the candidate"), ("completes", "Completes at once"),
    ("completes-in-10s", "Completes after 10 seconds"), ("completes-in-2d", "Completes after 2 days"),
    ("expires", "Expires at once"), ("abandons", "Starts and never finishes"),
    ("rejected", "Is rejected (pymetrics)"),
)  # fmt: skip
SCORES = (("", "Random"), ("score-high", "High"), ("score-low", "Low"))


async def view(page: PageRequest) -> dict[str, Any]:
    """The fields of the form for the vendor in the query, and what can be chosen."""
    id = page.parameters("vendor").get("vendor", "")
    vendor = page.vendors.get(id if id in page.vendors.titles else next(iter(page.vendors.titles)))
    form, config = vendor.invitation_form, await page.config()
    return {
        "vendor": vendor, "fields": form, "subjects": [*form.subjects(config)], "outcomes": OUTCOMES, "scores": SCORES,
    }  # fmt: skip


async def create(page: PageRequest, form: Form) -> str:
    """Create an invitation; returns the path of its page, which shows the call."""
    id = form["vendor"]
    if id not in page.vendors.titles:
        raise Problem(422, f"vendor: {id[:40]!r} is none of {', '.join(page.vendors.titles)}")
    vendor = page.vendors.get(id)
    # Blank fields are left out, so that the vendor's own rules speak. Outcomes are tags of the address.
    fields = {name: value for name, value in form.items() if name not in ("do", "vendor", "outcome", "score")}
    name, _, host = fields.get("email", "").rpartition("@")
    tags = "".join(f"+{form[tag]}" for tag in ("outcome", "score") if tag in form)
    if tags and name:
        fields["email"] = f"{name}{tags}@{host}"
    created = await page.invite(vendor, fields, await page.config())
    return f"/sandboxes/{page.name}/invitations/{created}?{urlencode({'created': 'yes'})}"
