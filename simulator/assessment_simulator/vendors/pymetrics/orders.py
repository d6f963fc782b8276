"""Orders: created once, read, listed, and moved through their life.

Reading is the hot path: an order that needs no change is answered as it was saved, without looking into it.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, cast

from assessment_simulator.core import instant
from assessment_simulator.core.config import Assessment, Config
from assessment_simulator.core.decision import Decision, Record, Timer, WebhookEvent
from assessment_simulator.core.mail import mail
from assessment_simulator.core.outcome_tags import cancelled_timers, planned_timers
from assessment_simulator.core.request import BASE_URL_TOKEN, LINK_TOKEN, VendorRequest, VendorResponse
from assessment_simulator.core.sandbox_view import SandboxView, Stored
from assessment_simulator.core.text import PLUS, address_note, plus_is_suspect, raw_value
from assessment_simulator.core.vendor import Invitation, Operation
from assessment_simulator.vendors.pymetrics import assessments, reports, results, rules, webhooks
from assessment_simulator.vendors.pymetrics.behaviour_flags import EMAIL_MATCH, INITIAL_STATUS, setting
from assessment_simulator.vendors.pymetrics.states import COMPLETED, FULFILLED, RECORD_KIND, SETTLED, STATE_MACHINE

_CANDIDATE = ("email", "first_name", "last_name", "external_id")


def create(call: VendorRequest, world: SandboxView) -> Decision:
    """Create Assessment Order: a new one, or the one that exists for this candidate, assessment and application."""
    email = address_note("body.candidate.email", call.body["candidate"].get("email"))
    notes = rules.notes(call.body, rules.ORDER_MEMBERS) + email + _unmailed(call.body)
    identity = _identity(call.body, world.config)
    id = world.latest_id("pymetrics.order", identity) if identity else None
    if id is not None:
        known = reports.fresh(_stored(world, id), call, world)
        return Decision(VendorResponse(200, {"order": known, "created": False}, notes=notes))
    face = _face(call, world)
    record = Record(RECORD_KIND, face["id"], face["status"], face, {"created": call.now}, _keys(face, identity))
    mails = (_mail(call, face),) if call.body.get("send_email") and face["candidate"]["email"] else ()
    alarms = _alarms(call, world, face)
    return Decision(VendorResponse(201, {"order": face, "created": True}, notes=notes), (record, *mails), (), alarms)


def _unmailed(body: Mapping[str, Any]) -> tuple[str, ...]:
    if body.get("send_email") and body["candidate"].get("email") is None:
        return ("body.send_email was ignored: the candidate has no address",)
    return ()


def _identity(body: Mapping[str, Any], config: Config) -> str | None:
    """What makes an order the same as another, written so that no separator in the parts can confuse two of them.

    Version 2 may do without the address: then the caller's own id of the candidate serves; None without either.
    """
    # The rule pymetrics.order.assessment_id.known has refused the ids of none.
    ends = cast("Assessment", assessments.find(config, body["assessment_id"])).id, body["application_id"]
    email, external_id = body["candidate"].get("email"), body["candidate"].get("external_id")
    if email is None:
        return repr(("external_id", external_id, *ends)) if external_id else None
    if setting(config, EMAIL_MATCH) == "ignore case":
        email = email.strip().casefold()
    return repr((email, *ends))


def _keys(face: Mapping[str, Any], identity: str | None) -> tuple[tuple[str, str], ...]:
    external_id = face["candidate"]["external_id"]
    return (
        ("invitation", ""),
        *((("pymetrics.order", identity),) if identity else ()),
        ("pymetrics.application", face["application_id"]),
        *((("pymetrics.candidate", external_id),) if external_id else ()),
    )


def _face(call: VendorRequest, world: SandboxView) -> dict[str, Any]:
    """A new order as the vendor shows it: every member is there, and what is not set is null."""
    body, id = call.body, call.random.uuid()
    assessment = cast("Assessment", assessments.find(world.config, body["assessment_id"]))
    return {
        "id": id,
        "invite_link": f"{BASE_URL_TOKEN}/pymetrics/invite/{LINK_TOKEN}.{id}",
        "status": setting(world.config, INITIAL_STATUS),
        "create_date": instant.six_digits(call.now),
        "candidate": {name: body["candidate"].get(name) for name in _CANDIDATE},
        "assessment_id": assessment.id,
        "assessment": assessments.face(assessment),
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


def _mail(call: VendorRequest, face: Mapping[str, Any]) -> Record:
    candidate, link, title = face["candidate"], face["invite_link"], face["requisition_title"]
    text = (
        f"Hello {candidate['first_name'] or candidate['email']},\n\n"
        f"you are invited to an assessment{f' for {title}' if title else ''}: {face['assessment']['description']}.\n\n"
        f"Begin here: {link}\n"
    )
    subject = f"Your assessment for {title}" if title else "Your assessment"
    return mail(call, candidate["email"], subject, text, face["id"], link)


def _alarms(call: VendorRequest, world: SandboxView, face: Mapping[str, Any]) -> tuple[Timer, ...]:
    possible = ("complete", "expire", "start", "reject")
    return planned_timers("pymetrics", call, face["id"], face["candidate"]["email"] or "", world, possible)


def get(call: VendorRequest, world: SandboxView) -> Decision:
    """Get Assessment Order: fetching results fulfils it, and `report` makes a report of what is finished."""
    stored = _stored(world, call.params["uuid"])
    if stored.status not in (COMPLETED, FULFILLED):
        return Decision(VendorResponse(200, stored))
    fulfils = stored.status == COMPLETED and bool(stored.public["results"])
    reported = _asks_for_report(call) and _unreported(stored)
    if not (fulfils or reported):
        return Decision(VendorResponse(200, reports.fresh(stored, call, world)))
    status = STATE_MACHINE.moves[COMPLETED, "fulfil"] if fulfils else stored.status
    facts = {**stored.internal, reports.REPORTED: call.now} if reported else stored.internal
    face = {**stored.public, "status": status, "reports": reports.faces(stored.id, facts, call, world)}
    record = Record(RECORD_KIND, stored.id, status, face, facts)
    return Decision(VendorResponse(200, face), (record,), webhooks.notices(call, world, face) if fulfils else ())


def _asks_for_report(call: VendorRequest) -> bool:
    return call.query.get("report", "").lower() in rules.YES


def _unreported(stored: Stored) -> bool:
    return reports.REPORTED not in stored.internal


def _stored(world: SandboxView, id: str) -> Stored:
    """The record of an order that is known to exist."""
    return cast("Stored", world.get(RECORD_KIND, id))


def find(call: VendorRequest, world: SandboxView) -> Decision:
    """List Assessment Orders, by a body: those of the application, of the candidate, or of both; oldest first."""
    return _listed(call.body, rules.notes(call.body, rules.LIST_MEMBERS), call, world)


def find_v2(call: VendorRequest, world: SandboxView) -> Decision:
    """List Assessment Orders, by a query string."""
    decision = _listed(call.query, (), call, world)
    found = bool(decision.response.body["orders"])
    suspect = (
        f"query.{field.slug}: {PLUS}"
        for field in rules.LIST_FIELDS
        if plus_is_suspect(raw_value(call.raw_query, field.slug), quoted=False, certain=not found)
    )
    return decision._replace(response=decision.response._replace(notes=tuple(suspect)))


def _listed(filters: Mapping[str, Any], notes: tuple[str, ...], call: VendorRequest, world: SandboxView) -> Decision:
    found = [_stored(world, id) for id in _matching(filters, world)]
    return Decision(
        VendorResponse(200, {"orders": [reports.fresh(stored, call, world) for stored in found]}, notes=notes)
    )


def _matching(filters: Mapping[str, Any], world: SandboxView) -> Sequence[str]:
    application, candidate = filters.get("job_application_id"), filters.get("candidate_id")
    if not candidate:
        return world.ids("pymetrics.application", str(application))
    of_candidate = world.ids("pymetrics.candidate", candidate)
    if not application:
        return of_candidate
    of_application = frozenset(world.ids("pymetrics.application", application))
    return [id for id in of_candidate if id in of_application]


def move(action: str, call: VendorRequest, world: SandboxView) -> Decision:
    """What a candidate, an alarm or the control API does to an order: 200, or 404, 409 or 422 with `detail`."""
    stored = world.get(RECORD_KIND, call.params["id"])
    if stored is None:
        return Decision(VendorResponse(404, {"detail": "no pymetrics order has this id"}))
    wrong = results.problem(call.body, world.config) if action == "complete" else results.unwanted(call.body)
    if wrong is not None:
        return Decision(VendorResponse(422, {"detail": wrong}))
    steps = STATE_MACHINE.steps(stored.status, action)
    if steps is None or (action == "fulfil" and not stored.public["results"]):
        return Decision(VendorResponse(409, {"detail": _obstacle(action, stored.status)}))
    return (
        _moved(cast("tuple[str, ...]", steps), stored, call, world) if steps else Decision(VendorResponse(200, stored))
    )


def _moved(steps: tuple[str, ...], stored: Stored, call: VendorRequest, world: SandboxView) -> Decision:
    face, told = stored.public, list[WebhookEvent]()
    for status in steps:
        made = results.made(call, world, face) if status == COMPLETED else face["results"]
        face = {**face, "status": status, "results": made}
        told += webhooks.notices(call, world, face)
    alarms = cancelled_timers(stored.id) if steps[-1] in SETTLED else ()
    return Decision(
        VendorResponse(200, face),
        (Record(RECORD_KIND, stored.id, steps[-1], face, stored.internal),),
        tuple(told),
        alarms,
    )


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
"""What may happen to an order besides calls."""
SAMPLE_ACTIONS = {"fulfil": Operation("fulfil", partial(move, "fulfil"))}
"""What callers bring about by reading, and samples have behind them."""


def to_invitation(stored: Stored) -> Invitation:
    """An order in neutral words."""
    face = stored.public
    links = {"invite": face["invite_link"]}
    created, references = stored.internal["created"], (face["application_id"], face["requisition_id"])
    return Invitation(stored.id, "pymetrics", stored.status, face["candidate"], created, links, references)
