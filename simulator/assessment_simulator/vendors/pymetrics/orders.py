"""Orders: create, read, list, and change their status.

Reading is the hot path: an order that needs no change is returned as it was saved, without parsing it.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any, cast

from assessment_simulator.core import instant
from assessment_simulator.core.config import Assessment, Config
from assessment_simulator.core.decision import Decision, Record, VendorResponse, WebhookEvent
from assessment_simulator.core.links import BASE_URL_TOKEN, LINK_TOKEN
from assessment_simulator.core.outcome_tags import cancelled_timers, planned_timers
from assessment_simulator.core.request import VendorRequest
from assessment_simulator.core.sandbox_view import SandboxView, Stored
from assessment_simulator.core.text import PLUS, address_note, plus_is_suspect, raw_value
from assessment_simulator.core.vendor import Invitation, Operation, mail
from assessment_simulator.vendors.pymetrics import reports, results, rules, webhooks
from assessment_simulator.vendors.pymetrics.behaviour_flags import EMAIL_MATCH, INITIAL_STATUS
from assessment_simulator.vendors.pymetrics.states import COMPLETED, FULFILLED, RECORD_KIND, SETTLED, STATE_MACHINE

_CANDIDATE = ("email", "first_name", "last_name", "external_id")


def show_assessments(request: VendorRequest, view: SandboxView) -> Decision:
    """Get Assessment Configurations."""
    assessments = [rules.show_assessment(one) for one in view.config.assessments]
    return Decision(VendorResponse(200, {"assessments": assessments}))


def create(request: VendorRequest, view: SandboxView) -> Decision:
    """Create Assessment Order: a new one, or the one that exists for this candidate, assessment and application."""
    body, sends_email = request.body, request.body.get("send_email")
    email = body["candidate"].get("email")
    notes = rules.notes(body, rules.ORDER_MEMBERS) + address_note("body.candidate.email", email)
    if sends_email and email is None:
        notes += ("body.send_email was ignored: the candidate has no address",)
    # The rule pymetrics.order.assessment_id.known has refused unknown ids.
    assessment = cast("Assessment", rules.find_assessment(view.config, body["assessment_id"]))
    identity = _identity(body, assessment, view.config)
    id = view.latest_id("pymetrics.order", identity) if identity else None
    if id is not None:
        known = reports.with_fresh_link(_stored(view, id), request, view)
        return Decision(VendorResponse(200, {"order": known, "created": False}, notes=notes))
    order = _new_order(request, assessment, view.config)
    external_id = order["candidate"]["external_id"]
    keys = (
        ("invitation", ""),
        *((("pymetrics.order", identity),) if identity else ()),
        ("pymetrics.application", order["application_id"]),
        *((("pymetrics.candidate", external_id),) if external_id else ()),
    )
    record = Record(RECORD_KIND, order["id"], order["status"], order, {"created": request.now}, keys)
    mails = (_mail(request, order),) if sends_email and email else ()
    timers = planned_timers(
        "pymetrics", request, order["id"], email or "", view, ("complete", "expire", "start", "reject")
    )
    response = VendorResponse(201, {"order": order, "created": True}, notes=notes)
    return Decision(response, (record, *mails), timers=timers)


def _identity(body: Mapping[str, Any], assessment: Assessment, config: Config) -> str | None:
    """The key by which the same order is found again; `repr`, so that no separator in the parts makes two keys equal.

    Version 2 may omit the address: then the caller's own id of the candidate is used; None without either.
    """
    ends = assessment.id, body["application_id"]
    email, external_id = body["candidate"].get("email"), body["candidate"].get("external_id")
    if email is None:
        return repr(("external_id", external_id, *ends)) if external_id else None
    if EMAIL_MATCH.value(config) == "ignore case":
        email = email.strip().casefold()
    return repr((email, *ends))


def _new_order(request: VendorRequest, assessment: Assessment, config: Config) -> dict[str, Any]:
    """The public fields of a new order: every member is there, and what is not set is null."""
    body, id = request.body, request.random.uuid()
    return {
        "id": id,
        "invite_link": f"{BASE_URL_TOKEN}/pymetrics/invite/{LINK_TOKEN}.{id}",
        "status": INITIAL_STATUS.value(config),
        "create_date": instant.six_digits(request.now),
        "candidate": {name: body["candidate"].get(name) for name in _CANDIDATE},
        "assessment_id": assessment.id,
        "assessment": rules.show_assessment(assessment),
        "application_id": body["application_id"],
        "ats_type": "mercury_api",
        "requisition_id": body.get("requisition_id"),
        "requisition_title": body.get("requisition_title"),
        "metadata": body.get("metadata"),
        "recruiter_report": None,
        "results": None,
        "reports": None,
        "candidate_redirect_url": body.get("candidate_redirect_url"),
    }


def _mail(request: VendorRequest, order: Mapping[str, Any]) -> Record:
    candidate, link, title = order["candidate"], order["invite_link"], order["requisition_title"]
    text = (
        f"Hello {candidate['first_name'] or candidate['email']},\n\n"
        f"you are invited to an assessment{f' for {title}' if title else ''}: {order['assessment']['description']}.\n\n"
        f"Begin here: {link}\n"
    )
    subject = f"Your assessment for {title}" if title else "Your assessment"
    return mail(request, candidate["email"], subject, text, order["id"], link)


def _stored(view: SandboxView, id: str) -> Stored:
    """The record of an order that exists: a rule or an index found it."""
    return cast("Stored", view.get(RECORD_KIND, id))


def get(request: VendorRequest, view: SandboxView) -> Decision:
    """Get Assessment Order: reading results fulfils it, and `report` makes a report of a finished order."""
    stored = _stored(view, request.params["uuid"])
    if stored.status not in (COMPLETED, FULFILLED):
        return Decision(VendorResponse(200, stored))
    fulfils = stored.status == COMPLETED and bool(stored.public["results"])
    wanted = request.query.get("report", "").lower() in rules.YES
    reported = wanted and reports.REPORTED not in stored.internal
    if not (fulfils or reported):
        return Decision(VendorResponse(200, reports.with_fresh_link(stored, request, view)))
    status = STATE_MACHINE.moves[COMPLETED, "fulfil"] if fulfils else stored.status
    internal = {**stored.internal, reports.REPORTED: request.now} if reported else stored.internal
    order = {**stored.public, "status": status, "reports": reports.show(stored.id, internal, request, view)}
    events = webhooks.status_changed(request, view, order) if fulfils else ()
    return Decision(VendorResponse(200, order), (Record(RECORD_KIND, stored.id, status, order, internal),), events)


def find(request: VendorRequest, view: SandboxView) -> Decision:
    """List Assessment Orders, by a body: those of the application, of the candidate, or of both; oldest first."""
    found, notes = _list(request.body, request, view), rules.notes(request.body, rules.LIST_MEMBERS)
    return Decision(VendorResponse(200, {"orders": found}, notes=notes))


def find_v2(request: VendorRequest, view: SandboxView) -> Decision:
    """List Assessment Orders, by a query string."""
    found = _list(request.query, request, view)
    suspect = (
        f"query.{field.slug}: {PLUS}"
        for field in rules.LIST_FIELDS
        if plus_is_suspect(raw_value(request.raw_query, field.slug), quoted=False, certain=not found)
    )
    return Decision(VendorResponse(200, {"orders": found}, notes=tuple(suspect)))


def _list(filters: Mapping[str, Any], request: VendorRequest, view: SandboxView) -> list[Any]:
    application, candidate = filters.get("job_application_id"), filters.get("candidate_id")
    if candidate:
        ids = view.ids("pymetrics.candidate", candidate)
        if application:
            of_application = frozenset(view.ids("pymetrics.application", application))
            ids = [id for id in ids if id in of_application]
    else:
        ids = view.ids("pymetrics.application", str(application))
    return [reports.with_fresh_link(_stored(view, id), request, view) for id in ids]


def move(action: str, request: VendorRequest, view: SandboxView) -> Decision:
    """Apply an action of a candidate, a timer or the control API: 200, or 404, 409 or 422 with `detail`."""
    stored = view.get(RECORD_KIND, request.params["id"])
    if stored is None:
        return Decision(VendorResponse(404, {"detail": "no pymetrics order has this id"}))
    wrong = results.problem(request.body, view.config, ("results",) if action == "complete" else ())
    if wrong is not None:
        return Decision(VendorResponse(422, {"detail": wrong}))
    steps = cast("tuple[str, ...] | None", STATE_MACHINE.steps(stored.status, action))
    if steps is None or (action == "fulfil" and not stored.public["results"]):
        return Decision(VendorResponse(409, {"detail": _obstacle(action, stored.status)}))
    if not steps:
        return Decision(VendorResponse(200, stored))
    order, events = stored.public, list[WebhookEvent]()
    for status in steps:
        created = results.create(request, view, order) if status == COMPLETED else order["results"]
        order = {**order, "status": status, "results": created}
        events += webhooks.status_changed(request, view, order)
    record = Record(RECORD_KIND, stored.id, steps[-1], order, stored.internal)
    timers = cancelled_timers(stored.id) if steps[-1] in SETTLED else ()
    return Decision(VendorResponse(200, order), (record,), tuple(events), timers)


def _obstacle(action: str, status: str) -> str:
    if status in STATE_MACHINE.ends:
        return f"cannot {action}: the order is {status}, an end state"
    if action == "fulfil" and status == COMPLETED:
        return f"cannot {action}: the order is {status} without results"
    possible = ", ".join(str(state) for state in STATE_MACHINE.states if STATE_MACHINE.steps(state, action) is not None)
    return f"cannot {action}: the order is {status}; possible from {possible}"


ACTIONS = {
    action: Operation(action, partial(move, action)) for action in ("accept", "reject", "start", "complete", "expire")
}
# Callers fulfil an order by reading it; sample data does it by this action.
SAMPLE_ACTIONS = {"fulfil": Operation("fulfil", partial(move, "fulfil"))}


def to_invitation(stored: Stored) -> Invitation:
    """An order in neutral words."""
    order = stored.public
    links, references = {"invite": order["invite_link"]}, (order["application_id"], order["requisition_id"])
    created = stored.internal["created"]
    return Invitation(stored.id, "pymetrics", stored.status, order["candidate"], created, links, references)
