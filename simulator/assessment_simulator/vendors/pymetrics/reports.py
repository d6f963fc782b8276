"""Recruiter reports: made on request, shown with a link that expires, and sent to every client that has the link.

A presigned link needs no headers. Ours holds the sandbox's name, the order's seal and id, the expiry, and a code
over id and expiry, with dots between.
"""

from collections.abc import Mapping, Sequence
from hmac import compare_digest
from typing import Any, cast

from assessment_simulator.core import instant
from assessment_simulator.core.decision import Decision, Document, Dot, Drawing, Label, Line, Sections, VendorResponse
from assessment_simulator.core.links import BASE_URL_TOKEN, LINK_TOKEN
from assessment_simulator.core.request import VendorRequest
from assessment_simulator.core.results import Band, File, Graph, Results, Score
from assessment_simulator.core.rules import Rule
from assessment_simulator.core.sandbox_view import SandboxView, Stored
from assessment_simulator.core.seeded_random import seal
from assessment_simulator.core.sources import Standing, ours
from assessment_simulator.vendors.pymetrics.results import BANDS
from assessment_simulator.vendors.pymetrics.states import COMPLETED, FULFILLED, RECORD_KIND

# How long a link is valid after the response that showed it.
LINK_LIFE = instant.HOUR
# The internal field that holds the instant at which an order's report was made.
REPORTED = "reported"


def show(id: str, internal: Mapping[str, Any], request: VendorRequest, view: SandboxView) -> list[Any] | None:
    """An order's reports, with a link that is valid from now on; None when none was made."""
    if REPORTED not in internal:
        return None
    made, expiry = instant.six_digits(internal[REPORTED]), str(request.now + LINK_LIFE)
    link = f"{BASE_URL_TOKEN}/pymetrics/reports/{LINK_TOKEN}.{id}.{expiry}.{_code(view, id, expiry)}"
    report = {"download_url": link, "create_date": made, "modify_date": made}
    # Only version 2 has `report_type`. It names development reports too; that only recruiter reports are made is our
    # choice: "a report" is what the pages promise.
    return [{**report, "report_type": "recruiter-report"} if request.operation.endswith("_v2") else report]


def with_fresh_link(stored: Stored, request: VendorRequest, view: SandboxView) -> Stored | dict[str, Any]:
    """The order as it was saved, or with a new link where it has a report."""
    if stored.status not in (COMPLETED, FULFILLED) or REPORTED not in stored.internal:
        return stored
    return {**stored.public, "reports": show(stored.id, stored.internal, request, view)}


def _code(view: SandboxView, id: str, expiry: str) -> str:
    return seal(view.secret, "report", id, expiry)


def _is_genuine(request: VendorRequest, view: SandboxView) -> bool:
    ticket = request.params["ticket"]
    parts = ticket.split(".")
    if view.name == "" or len(parts) != 5 or not ticket.isascii():
        return False
    _, _, id, expiry, code = parts
    order = view.get(RECORD_KIND, id)
    return order is not None and REPORTED in order.internal and compare_digest(_code(view, id, expiry), code)


DOWNLOAD = (
    (
        Rule("pymetrics.report.link", "path.ticket", "the link must be one that an order's report showed", 403,
            Standing.ASSUMED, ours("presigned links are answered 403 by their store when they are not genuine"),
            _is_genuine),
    ),
    (
        # The stage before verified the code, so the expiry is a number that the simulator wrote.
        Rule("pymetrics.report.lapsed", "path.ticket",
            "the link must not have lapsed; read the order again for a new one", 403,
            Standing.ASSUMED, ours("documented as presigned, so it lapses; after an hour is our choice"),
            lambda request, view: request.now < int(request.params["ticket"].split(".")[3])),
    ),
)  # fmt: skip


def download(request: VendorRequest, view: SandboxView) -> Decision:
    """The report behind a link."""
    order = cast("Stored", view.get(RECORD_KIND, request.params["ticket"].split(".")[2])).public
    return Decision(VendorResponse(200, _document(order), media_type="application/pdf"))


def _document(order: Mapping[str, Any]) -> Document:
    candidate = order["candidate"]
    name = " ".join(part for part in (candidate["first_name"], candidate["last_name"]) if part)
    email = candidate["email"] or ""
    results: tuple[tuple[str, ...], ...] = tuple(
        (one["assessment"]["description"], "" if one["score"] is None else f"{one['score']:g}", one["band"] or "")
        for one in order["results"] or ()
    )
    sections: Sections = (
        ("Candidate", (("Name", name or email or candidate["external_id"] or ""), ("E-mail", email))),
        ("Order", (
            ("Order", order["id"]), ("Application", order["application_id"]),
            ("Vacancy", order["requisition_title"] or ""), ("Assessment", order["assessment"]["description"]),
            ("Status", order["status"]),
        )),
        ("Results", (("Assessment", "Score", "Band"), *results) if results else (("There are no results.",),)),
    )  # fmt: skip
    if results:
        about = tuple((f"{name}, from {lowest:g}", text) for lowest, name, text in BANDS)
        sections += (
            ("Scores", (_chart(order["results"]),)), ("What the bands mean", about),
            ("How to read this report", ((_EXPLANATION,),)),
        )  # fmt: skip
    return Document(
        "Recruiter report", sections, f"{name or email}: {order['assessment']['description']}", "#3b2a6b",
        "Simulated report, not affiliated with pymetrics.",
    )  # fmt: skip


_EXPLANATION = (
    "Each score is between 0 and 100. The simulator draws it, unless the request or the candidate's answers gave it; "
    "it measures nobody."
)
_COLOURS = ("#1b7f4d", "#b7791f", "#b3261e")  # of the bands, best first
_LEFT, _SCALE, _STEP = 20, 4.0, 58  # of the chart: its left edge, units per point, and height for each result


def _chart(found: Sequence[Mapping[str, Any]]) -> Drawing:
    """Each score as a dot on a line from 0 to 100, whose bands have colours."""
    marks: list[Line | Dot | Label] = []
    for place, one in enumerate(found):
        y = 34 + place * _STEP
        marks.append(Label((_LEFT, y - 14), one["assessment"]["description"], 11))
        end = 100.0
        for (lowest, name, _), colour in zip(BANDS, _COLOURS, strict=True):
            marks.append(Line((_LEFT + lowest * _SCALE, y), (_LEFT + end * _SCALE, y), colour, 8))
            marks.append(Label((_LEFT + lowest * _SCALE, y + 20), f"{lowest:g} {name}", 8, colour="#5b6570"))
            end = lowest
        if one["score"] is not None:
            x = _LEFT + min(max(one["score"], 0), 100) * _SCALE
            marks += [Dot((x, y), 9, "#ffffff"), Dot((x, y), 7, "#1d2b3a")]
            marks.append(Label((_LEFT + 100 * _SCALE, y - 14), f"{one['score']:g}", 11, "end"))
    return Drawing("Scores and bands", 2 * _LEFT + 400, 20 + _STEP * len(found), tuple(marks))


def to_results(stored: Stored) -> Results | None:
    """The results of a completed order for people: scores with their bands, and the report."""
    order = stored.public
    if stored.status not in (COMPLETED, FULFILLED):
        return None
    scores = tuple(
        Score(
            one["assessment"]["description"] or one["assessment"]["id"], one["score"], one["band"], one["description"]
        )
        for one in order["results"] or ()
    )
    bands = tuple(Band(lowest, name) for lowest, name, _ in reversed(BANDS))
    graphs = (Graph("Scores", "points", 0, 100, scores, bands),) if scores else ()
    files = {"report.pdf": File("Recruiter report", "application/pdf", _document(order))}
    first = scores[0] if scores else None
    summary = "No results" if first is None else first.band or f"{first.value or 0:g}"
    return Results(summary, graphs, files)
