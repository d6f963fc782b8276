"""The operations on assessments: create, read, change and archive, and the actions that move one to its end.

The rules have been judged before: what they refuse does not reach an operation. An operation returns one decision with
the response, the records to save, the timers to set and the webhooks to send, and changes nothing itself. Random values
are drawn in a fixed order, which stored sandboxes rely on: the person's id, the assessment's id, its password, the
mail's id, the webhook's id.

A person's names, e-mail address, gender, personType and externalPersonId are saved with the person and copied into each
of the person's assessments. So every read, list, filter and search agrees, and reads serve stored bytes; a change of
one of these members saves one record for each assessment of the person.

A member whose value is shown already is no change. Empty texts leave a member as it is, and so does null, unless a
behaviour flag lets it clear the member. After the end of an assessment an expiration date is ignored, but for an
expired one: a later date is the only way to extend it. What is ignored is noted. Changes and archiving send no webhook.
"""

from collections.abc import Mapping
from typing import Any, cast

from assessment_simulator.core import instant
from assessment_simulator.core.config import Config
from assessment_simulator.core.decision import Decision, Record, Timer, VendorResponse
from assessment_simulator.core.outcome_tags import cancelled_timers, parse_tags, planned_timers
from assessment_simulator.core.request import MISSING, VendorRequest
from assessment_simulator.core.sandbox_view import SandboxView, Stored
from assessment_simulator.core.urls import container_hints
from assessment_simulator.core.vendor import Invitation, mail
from assessment_simulator.vendors.predictive_index import behaviour_flags as flags
from assessment_simulator.vendors.predictive_index import people, representations, results, rules, webhooks
from assessment_simulator.vendors.predictive_index.representations import Representation
from assessment_simulator.vendors.predictive_index.states import (
    COMPLETED,
    CREATED,
    ENDS,
    RECORD_KIND,
    REVIVED,
    SENT,
    STATE_MACHINE,
    VENDOR_ID,
)


def create(request: VendorRequest, view: SandboxView) -> Decision:
    """Create an assessment and its person, send the e-mail if one is asked for, and set the timer of its expiration."""
    body, config = request.body, view.config
    before, person = people.of_request(request, view)
    id = request.random.uuid()
    notified = bool(body.get("notifyAssessmentAvailableUsingEmail"))
    state = SENT if notified else flags.UNSENT_STATE.value(config)
    expires = rules.expiry(body.get("expirationDateTime") or "")
    if expires is None:
        expires = min(request.now + config.invitation_days * instant.DAY, instant.LATEST)
    # The rule about folderPath has refused one that leads to no folder.
    folder = representations.find_folder(body.get("folderPath") or "", config) or next(iter(config.folders), "")
    public = representations.new(request, config, person, id, state, expires, folder)
    internal = {
        "created": request.now, "expires": expires, "folder": folder,
        "language": body.get("languageLocale") or "en-US", "number": request.random.sequence,
    }  # fmt: skip
    record = Record(RECORD_KIND, id, state, public, internal, (("invitation", ""), *representations.keys(public)))
    records = [*_save_person(before, person, request, view), record]
    if notified:
        administrator = f"{public['administeredByFirstName']} {public['administeredByLastName']}"
        text = (
            f"Dear {public['firstName']} {public['lastName']},\n\n{administrator} invites you to take the PI Behavioral"
            f" Assessment before {public['expirationDateTime']}:\n\n{public['assessmentUrl']}\n"
        )
        records.append(
            mail(request, public["email"], "Your PI Behavioral Assessment", text, id, public["assessmentUrl"])
        )
    timers = planned_timers(VENDOR_ID, request, id, public["email"], view, ("complete", "expire", "start"))
    # There is one timer for each operation: a tag that lets the assessment expire at once replaces the last day.
    if all(timer.operation != "expire" for timer in timers):
        timers = (Timer("expire", id, expires, VENDOR_ID, request.base_url), *timers)
    sample = flags.CREATED_STATE.value(config) == "sample"
    shown = representations.reshaped({**public, "assessmentState": CREATED if sample else state}, internal, config)
    other_match = people.other_match(request, view)
    notes = rules.body_notes(body, config) + ((other_match,) if other_match else ())
    created = flags.WEBHOOK_ON.value(config) != "completion"
    events = webhooks.events(request, view, record) if created else ()
    hints = container_hints(public["assessmentStatusWebHook"])
    return Decision(VendorResponse(201, shown, notes=notes, hints=hints), tuple(records), events, timers)


def read(request: VendorRequest, view: SandboxView) -> Decision:
    stored = _required(request, view)
    return Decision(VendorResponse(200, representations.shown(stored, view.config)))


def _required(request: VendorRequest, view: SandboxView) -> Stored:
    """Return the assessment of the path, which a rule has found."""
    return cast("Stored", view.get(RECORD_KIND, request.params["assessmentId"]))


def move(action: str, request: VendorRequest, view: SandboxView) -> Decision:
    """Apply an action of the candidate, a timer or the control API; 409 where the state table has no such move."""
    stored = view.get(RECORD_KIND, request.params["id"])
    if stored is None:
        return Decision(VendorResponse(404, {"detail": "no assessment of The Predictive Index has this id"}))
    given, error = results.read_body(request.body) if action == "complete" else ({}, None)
    if action != "complete" and request.body is not MISSING and request.body:
        error = f"{action} takes no body; only complete does, with scores"
    if error is not None:
        return Decision(VendorResponse(422, {"detail": error}))
    steps = STATE_MACHINE.steps(stored.status, action)
    if steps is None:
        end = ", an end state" if stored.status in ENDS else ""
        state = f"{STATE_MACHINE.states[stored.status]} ({stored.status})"
        return Decision(VendorResponse(409, {"detail": f"cannot {action}: the assessment is {state}{end}"}))
    if not steps:
        return Decision(VendorResponse(200, stored))
    reached = steps[-1]
    public = {**stored.public, "assessmentState": reached}
    if reached == COMPLETED:
        lean = parse_tags(public["email"]).score
        scores = results.scores(request.random, public["associatedPositionTitle"], lean, given)
        public = representations.completed(public, scores, request.now)
    record = Record(RECORD_KIND, stored.id, reached, public, stored.internal)
    return Decision(
        VendorResponse(200, public),
        (record,),
        webhooks.events(request, view, record) if reached == COMPLETED else (),
        cancelled_timers(stored.id) if reached in ENDS else (),
    )


def change(request: VendorRequest, view: SandboxView) -> Decision:
    """Change the members that the body names, and return the whole assessment."""
    # The rule pi.change.known has refused what does not exist.
    stored = cast("Stored", rules.target(request, view))
    old, old_internal, config = stored.public, stored.internal, view.config
    sent = rules.differing(request, view)
    values, notes = _new_values(sent, old, old_internal, config)
    expires = rules.expiry(sent.get("expirationDateTime") or "")
    if expires == old_internal["expires"]:
        expires = None
    state = stored.status
    if expires is not None and state in ENDS and state not in REVIVED:
        notes.append(f"body.expirationDateTime was ignored: the assessment is {STATE_MACHINE.states[state]} ({state})")
        expires = None
    if expires is not None and flags.REVIVE_EXPIRED.value(config):
        state = REVIVED.get(state, state)
    public = representations.changed({**old, "assessmentState": state}, values, expires)
    internal = dict(old_internal)
    if expires is not None:
        internal["expires"] = expires
    if "folderPath" in values:
        internal["folder"] = representations.find_folder(values["folderPath"], config, old_internal["folder"])
    if "languageLocale" in values:
        internal["language"] = values["languageLocale"]
    record = Record(RECORD_KIND, stored.id, state, public, internal, representations.keys(public, old))
    person = people.find(old["assessmentUserId"], view)
    changed = {**person, **{member: values[member] for member in people.MEMBERS if member in values}}
    hints = container_hints(values.get("assessmentStatusWebHook"))
    timers: tuple[Timer, ...] = ()
    if expires is not None and state not in ENDS:
        timers = (Timer("expire", stored.id, expires, VENDOR_ID, request.base_url),)
    return Decision(
        VendorResponse(
            200,
            representations.reshaped(public, internal, config),
            notes=(*rules.body_notes(sent, config), *notes),
            hints=hints,
        ),
        (*_save_person(person, changed, request, view, except_for=stored.id), record),
        timers=timers,
    )


# The members that may be cleared, and their values then; each custom field may lose its value, too.
_CLEARED: Mapping[str, Any] = {
    **dict.fromkeys((
        "middleName", "administeredByPhone", "associatedPositionTitle", "assessmentStatusWebHook", "externalId",
        "externalPersonId", "redirectUrl",
    )),
    **people.DEFAULTS,
}  # fmt: skip

_KEPT = f'null was ignored; {flags.PATCH_NULL.id} "cleared" clears'
_REQUIRED = "null was ignored; an assessment always has a value there"
_EMPTY = "an empty text was ignored"


def _new_values(
    sent: Mapping[str, Any], old: Representation, internal: Mapping[str, Any], config: Config
) -> tuple[dict[str, Any], list[str]]:
    """Return the new values of the members that a change sends, and notes that name those without effect."""
    clears = flags.PATCH_NULL.value(config) == "cleared"
    present = {**old, "languageLocale": internal["language"]}
    values: dict[str, Any] = {}
    ignored: dict[str, list[str]] = {_KEPT: [], _REQUIRED: [], _EMPTY: []}
    for member in rules.FIELDS:
        name = flags.WEBHOOK_MEMBER.value(config) if member == "assessmentStatusWebHook" else member
        if name not in sent:
            continue
        value = sent[name]
        if member == "customFields":
            values |= _new_custom_fields(value, old, config, clears, ignored[_KEPT])
        elif value not in (None, ""):
            values[member] = value
        elif value is None and clears and member in _CLEARED:
            values[member] = _CLEARED[member]
        elif present[member] and present[member] != _CLEARED.get(member):
            reason = _EMPTY if value == "" else _KEPT if member in _CLEARED else _REQUIRED
            ignored[reason].append(f"body.{name}")
    notes = [f"{', '.join(names)}: {reason}" for reason, names in ignored.items() if names]
    return values | people.gender_and_type(values), notes


def _new_custom_fields(
    items: list[Any] | None, old: Representation, config: Config, clears: bool, ignored: list[str]
) -> dict[str, Any]:
    """Return the custom fields after a change; those for which null is ignored are added to `ignored`."""
    values: dict[str, str | None] = {field["fieldName"]: field["fieldValue"] for field in old["customFields"]}
    sent = [{"fieldName": name, "fieldValue": None} for name in values] if items is None else items
    nulls = [item.get("fieldName") for item in sent if item.get("fieldValue", "") is None]
    lost = [name for name, value in values.items() if value is not None and name in nulls]
    if clears:
        values |= dict.fromkeys(lost)
    else:
        ignored += [f'body.customFields "{name}"' for name in lost]
    if items is None and not clears:
        return {}
    return {"customFields": representations.custom_fields(sent, config, values)}


def archive(request: VendorRequest, view: SandboxView) -> Decision:
    """Delete an assessment, and its person with the last one; their ids are free again."""
    stored = _required(request, view)
    person = stored.public["assessmentUserId"]
    ids = view.ids(representations.BY_PERSON, person)
    is_last = all(id == stored.id or view.get(RECORD_KIND, id) is None for id in ids)
    status = flags.ARCHIVE_STATUS.value(view.config)
    public = representations.reshaped({**stored.public, "isDeleted": 1}, stored.internal, view.config)
    return Decision(
        VendorResponse(status, None if status == 204 else public),
        timers=cancelled_timers(stored.id),
        deleted=((RECORD_KIND, stored.id), (people.PERSON, person)) if is_last else ((RECORD_KIND, stored.id),),
    )


def _save_person(
    before: Mapping[str, Any], after: Mapping[str, Any], request: VendorRequest, view: SandboxView, except_for: str = ""
) -> tuple[Record, ...]:
    """Return the records of a person and all the person's assessments; none if no member changes.

    `before` is empty for a new person. The assessment `except_for` is left to the caller, who changes more of it.
    """
    # Only what changes is written: assessments that an earlier version saved may differ from their person.
    values = {member: value for member, value in after.items() if member not in before or value != before[member]}
    if not values:
        return ()
    id, external_id = after["assessmentUserId"], after["externalPersonId"]
    stored = view.get(people.PERSON, id)
    internal = {"number": request.random.sequence} if stored is None else stored.internal
    keys = ((people.EXTERNAL_PERSON_ID, external_id),) if people.given(external_id) else ()
    records = [Record(people.PERSON, id, None, after, internal, keys)]
    for other in dict.fromkeys(view.ids(representations.BY_PERSON, id)):
        assessment = view.get(RECORD_KIND, other)
        if assessment is not None and other != except_for:
            old = assessment.public
            public = representations.with_person(old, values)
            index = representations.keys(public, old)
            records.append(Record(RECORD_KIND, other, assessment.status, public, assessment.internal, index))
    return tuple(records)


def as_invitation(stored: Stored) -> Invitation:
    """Return the assessment in the terms that both vendors share."""
    public = stored.public
    links = {"invite": public["assessmentUrl"], "person": public["personPageUrl"]}
    if public["descriptiveReportUrl"]:
        links["report"] = public["descriptiveReportUrl"]
    candidate = {
        "email": public["email"], "first_name": public["firstName"], "last_name": public["lastName"],
        "external_id": public["externalPersonId"],
    }  # fmt: skip
    created, references = stored.internal["created"], (public["externalId"],)
    return Invitation(stored.id, VENDOR_ID, stored.status, candidate, created, links, references)
