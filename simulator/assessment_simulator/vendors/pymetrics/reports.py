"""Recruiter reports: made when asked for, shown with a link that lapses, and handed out to whoever holds the link.

A presigned link asks for no headers. Ours carries the order's seal, the order, its own end, and a code over both.
"""

from collections.abc import Mapping
from hmac import compare_digest
from typing import Any, cast

from assessment_simulator.core import instant
from assessment_simulator.core.decision import Decision
from assessment_simulator.core.request import BASE_URL_TOKEN, LINK_TOKEN, Document, VendorRequest, VendorResponse
from assessment_simulator.core.rules import Rule
from assessment_simulator.core.sandbox_view import SandboxView, Stored
from assessment_simulator.core.seeded_random import seal
from assessment_simulator.core.sources import Standing, ours
from assessment_simulator.vendors.pymetrics.states import COMPLETED, FULFILLED, RECORD_KIND

LINK_LIFE = instant.HOUR
"""How long a link answers after the answer that showed it."""
REPORTED = "reported"
"""The fact that holds the instant at which an order's report was made."""
_PATH = f"{BASE_URL_TOKEN}/pymetrics/reports/{LINK_TOKEN}"


def faces(id: str, facts: Mapping[str, Any], call: VendorRequest, world: SandboxView) -> list[dict[str, str]] | None:
    """An order's reports as they are shown now, with a link that begins to live now; None when none was made."""
    if REPORTED not in facts:
        return None
    made, expiry = instant.six_digits(facts[REPORTED]), str(call.now + LINK_LIFE)
    link = f"{_PATH}.{id}.{expiry}.{_code(world, id, expiry)}"
    report = {"download_url": link, "create_date": made, "modify_date": made}
    # Only version 2 has `report_type`. It names development reports too; that only recruiter reports are made is our
    # choice: "a report" is what the pages promise.
    return [{**report, "report_type": "recruiter-report"} if call.operation.endswith("_v2") else report]


def fresh(stored: Stored, call: VendorRequest, world: SandboxView) -> Stored | dict[str, Any]:
    """The order as it is shown now: as it was saved, but for the link of a report."""
    if stored.status not in (COMPLETED, FULFILLED) or REPORTED not in stored.internal:
        return stored
    return {**stored.public, "reports": faces(stored.id, stored.internal, call, world)}


def _code(world: SandboxView, id: str, expiry: str) -> str:
    return seal(world.secret, "report", id, expiry)


def _parts(call: VendorRequest) -> list[str]:
    """The link's sandbox, seal, order, expiry and code."""
    return call.params["ticket"].split(".")


def _is_ours(call: VendorRequest, world: SandboxView) -> bool:
    parts = _parts(call)
    if world.name == "" or len(parts) != 5 or not call.params["ticket"].isascii():
        return False
    order = world.get(RECORD_KIND, parts[2])
    return (
        order is not None and REPORTED in order.internal and compare_digest(_code(world, parts[2], parts[3]), parts[4])
    )


def _is_live(call: VendorRequest, world: SandboxView) -> bool:
    # The stage before found the code right, so this number is one that we wrote.
    return call.now < int(_parts(call)[3])


DOWNLOAD = (
    (
        Rule(
            "pymetrics.report.link", "path.ticket", "the link must be one that an order's report showed", 403,
            Standing.ASSUMED, ours("presigned links are answered 403 by their store when they are not genuine"),
            _is_ours,
        ),
    ),
    (
        Rule(
            "pymetrics.report.lapsed", "path.ticket",
            "the link must not have lapsed; read the order again for a new one", 403,
            Standing.ASSUMED, ours("documented as presigned, so it lapses; after an hour is our choice"), _is_live,
        ),
    ),
)  # fmt: skip
"""The stages of downloading a report."""


def download(call: VendorRequest, world: SandboxView) -> Decision:
    """The report behind a link, as a document for the edge to draw."""
    order = cast("Stored", world.get(RECORD_KIND, _parts(call)[2])).public
    return Decision(VendorResponse(200, document(order), media_type="application/pdf"))


def document(order: Mapping[str, Any]) -> Document:
    """What the report says."""
    candidate = order["candidate"]
    name = " ".join(part for part in (candidate["first_name"], candidate["last_name"]) if part)
    email = candidate["email"] or ""
    results = tuple(_row(result) for result in order["results"] or ())
    sections = (
        ("Candidate", (("Name", name or email or candidate["external_id"] or ""), ("E-mail", email))),
        ("Order", (
            ("Order", order["id"]),
            ("Application", order["application_id"]),
            ("Vacancy", order["requisition_title"] or ""),
            ("Assessment", order["assessment"]["description"]),
            ("Status", order["status"]),
        )),
        ("Results", (("Assessment", "Score", "Band"), *results) if results else (("There are no results.",),)),
    )  # fmt: skip
    return Document("Recruiter report", sections)


def _row(result: Mapping[str, Any]) -> tuple[str, ...]:
    score = result["score"]
    return (result["assessment"]["description"], "" if score is None else f"{score:g}", result["band"] or "")
