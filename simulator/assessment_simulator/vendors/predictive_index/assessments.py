"""Assessments: creating and reading them, and what happens to one until it ends."""

from collections.abc import Mapping
from typing import Any, cast

from assessment_simulator.core import instant
from assessment_simulator.core.config import Config
from assessment_simulator.core.decision import Decision, Record, Timer
from assessment_simulator.core.mail import mail
from assessment_simulator.core.outcome_tags import cancelled_timers, parse_tags, planned_timers
from assessment_simulator.core.request import MISSING, VendorRequest, VendorResponse
from assessment_simulator.core.sandbox_view import SandboxView, Stored
from assessment_simulator.core.vendor import Invitation
from assessment_simulator.vendors.predictive_index import faces, indexes, notes, people, results, takers, webhooks
from assessment_simulator.vendors.predictive_index.behaviour_flags import CREATED_STATE, UNSENT_STATE, setting
from assessment_simulator.vendors.predictive_index.rules import expiry, folder_of
from assessment_simulator.vendors.predictive_index.states import (
    COMPLETED,
    CREATED,
    ENDS,
    RECORD_KIND,
    SENT,
    STATE_MACHINE,
    VENDOR_ID,
)


def create(call: VendorRequest, world: SandboxView) -> Decision:
    """Invite a taker: the assessment, its person, the e-mail if one was asked for, and the day it expires."""
    config = world.config
    known, person = people.taker(call, world)
    record = _new(call, config, person)
    mails = (_mail(call, record.public),) if record.public["notifyAssessmentAvailableUsingEmail"] else ()
    other = people.other_reading(call, world)
    return Decision(
        VendorResponse(
            201, _as_created(record, config), notes=notes.of_body(call.body, config) + ((other,) if other else ())
        ),
        (*takers.saved(known, person, call, world), record, *mails),
        webhooks.on_creation(call, world, record),
        _alarms(call, world, record),
    )


def read(call: VendorRequest, world: SandboxView) -> Decision:
    """Show one assessment."""
    # The rule pi.get.known has refused the ids of none.
    stored = cast("Stored", world.get(RECORD_KIND, call.params["assessmentId"]))
    return Decision(VendorResponse(200, faces.shown(stored, world.config)))


def move(action: str, call: VendorRequest, world: SandboxView) -> Decision:
    """Do to an assessment what its taker, the clock or the control API does; 409 where the table has no such move."""
    stored = world.get(RECORD_KIND, call.params["id"])
    if stored is None:
        return _refused(404, "no assessment of The Predictive Index has this id")
    flaw = results.flaw(call.body) if action == "complete" else _needless(action, call.body)
    if flaw is not None:
        return _refused(422, flaw)
    steps = STATE_MACHINE.steps(stored.status, action)
    if steps is None:
        end = ", an end state" if stored.status in ENDS else ""
        state = f"{STATE_MACHINE.states[stored.status]} ({stored.status})"
        return _refused(409, f"cannot {action}: the assessment is {state}{end}")
    return _moved(stored, steps[-1], call, world) if steps else Decision(VendorResponse(200, stored))


def view(stored: Stored) -> Invitation:
    """The assessment in the words that serve both vendors."""
    face = stored.public
    links = {"invite": face["assessmentUrl"], "person": face["personPageUrl"]}
    if face["descriptiveReportUrl"]:
        links["report"] = face["descriptiveReportUrl"]
    candidate = {
        "email": face["email"],
        "first_name": face["firstName"],
        "last_name": face["lastName"],
        "external_id": face["externalPersonId"],
    }
    created, references = stored.internal["created"], (face["externalId"],)
    return Invitation(stored.id, VENDOR_ID, stored.status, candidate, created, links, references)


def _new(call: VendorRequest, config: Config, person: Mapping[str, Any]) -> Record:
    body = call.body
    id = call.random.uuid()
    state = SENT if body.get("notifyAssessmentAvailableUsingEmail") else setting(config, UNSENT_STATE)
    expires = _expires(call, config)
    # The rule about folderPath has refused one that leads to no folder.
    folder = folder_of(body.get("folderPath") or "", config) or next(iter(config.folders), "")
    face = faces.opening(call, config, person, id, state, expires, folder)
    language = body.get("languageLocale") or "en-US"
    facts = {
        "created": call.now, "expires": expires, "folder": folder, "language": language, "number": call.random.sequence,
    }  # fmt: skip
    return Record(RECORD_KIND, id, state, face, facts, (("invitation", ""), *indexes.keys(face)))


def _expires(call: VendorRequest, config: Config) -> int:
    sent = expiry(call.body.get("expirationDateTime") or "")
    return sent if sent is not None else min(call.now + config.invitation_days * instant.DAY, instant.LATEST)


def _as_created(record: Record, config: Config) -> faces.Face:
    sample = setting(config, CREATED_STATE) == "sample"
    state = CREATED if sample else record.status
    return faces.reshaped({**record.public, "assessmentState": state}, record.internal, config)


def _mail(call: VendorRequest, face: Mapping[str, Any]) -> Record:
    link = face["assessmentUrl"]
    who = f"{face['administeredByFirstName']} {face['administeredByLastName']}"
    text = (
        f"Dear {face['firstName']} {face['lastName']},\n\n{who} invites you to take the PI Behavioral Assessment"
        f" before {face['expirationDateTime']}:\n\n{link}\n"
    )
    return mail(call, face["email"], "Your PI Behavioral Assessment", text, face["assessmentId"], link)


def _alarms(call: VendorRequest, world: SandboxView, record: Record) -> tuple[Timer, ...]:
    plan = planned_timers(VENDOR_ID, call, record.id, record.public["email"], world, ("complete", "expire", "start"))
    # An invitation has one alarm an operation: a tag that lets it expire at once takes the place of the last day.
    if any(alarm.operation == "expire" for alarm in plan):
        return plan
    return (Timer("expire", record.id, record.internal["expires"], VENDOR_ID, call.base_url), *plan)


def _needless(action: str, body: Any) -> str | None:
    return None if body is MISSING or not body else f"{action} takes no body; only complete does, with scores"


def _refused(status: int, detail: str) -> Decision:
    return Decision(VendorResponse(status, {"detail": detail}))


def _moved(stored: Stored, state: Any, call: VendorRequest, world: SandboxView) -> Decision:
    face = {**stored.public, "assessmentState": state}
    if state == COMPLETED:
        lean = parse_tags(face["email"]).score
        drawn = results.scores(call.random, face["associatedPositionTitle"], lean, results.wished(call.body))
        face = faces.completed(face, drawn, call.now)
    record = Record(RECORD_KIND, stored.id, state, face, stored.internal)
    return Decision(
        VendorResponse(200, face),
        (record,),
        webhooks.on_completion(call, world, record) if state == COMPLETED else (),
        cancelled_timers(stored.id) if state in ENDS else (),
    )
