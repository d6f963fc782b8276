"""Changing an assessment, and archiving it. Neither calls a webhook.

A member that has the value that is shown already is no change. Empty texts leave a member as it is, and so does null,
unless a switch lets it clear the member. The taker's members change on the person, and so on all assessments of that
person. After the end an expiration date is ignored, but for an expired assessment: a later date is the only way to
extend it. What is ignored is noted.
"""

from collections.abc import Mapping
from typing import Any, cast

from assessment_simulator.core.config import Config
from assessment_simulator.core.decision import Decision, Record, Timer
from assessment_simulator.core.outcome_tags import cancelled_timers
from assessment_simulator.core.request import VendorRequest, VendorResponse
from assessment_simulator.core.rules import Rule
from assessment_simulator.core.sandbox_view import SandboxView, Stored
from assessment_simulator.core.sources import ours
from assessment_simulator.vendors.predictive_index import faces, indexes, notes, people, takers
from assessment_simulator.vendors.predictive_index.behaviour_flags import (
    ARCHIVE_STATUS,
    PATCH_NULL,
    REVIVE_EXPIRED,
    setting,
)
from assessment_simulator.vendors.predictive_index.change_rules import differing, target
from assessment_simulator.vendors.predictive_index.rules import FIELDS, expiry, folder_of, known, webhook_field
from assessment_simulator.vendors.predictive_index.states import ENDS, RECORD_KIND, REVIVED, STATE_MACHINE, VENDOR_ID

_GONE = ours("what is archived is gone, so a second time is a 404")

ARCHIVE: tuple[tuple[Rule, ...], ...] = (known("pi.archive.known", _GONE),)
"""The stages of DELETE behavioralassessments/{assessmentId}."""

_WEBHOOK = "assessmentStatusWebHook"
_CLEARED: Mapping[str, Any] = {
    **dict.fromkeys(("middleName", "administeredByPhone", "associatedPositionTitle", _WEBHOOK)),
    **dict.fromkeys(("externalId", "externalPersonId", "redirectUrl")),
    **people.UNKNOWN,
}  # fmt: skip
"""The members that an assessment may lack, and what it shows then; each custom field may lack its value, too."""

_KEPT = f'null was ignored; {PATCH_NULL.id} "cleared" clears'
_NEVER = "null was ignored; an assessment always has a value there"
_EMPTY = "an empty text was ignored"


def change(call: VendorRequest, world: SandboxView) -> Decision:
    """Change what the body names, and show the whole assessment."""
    # The rule pi.change.known has refused what leads nowhere.
    stored = cast("Stored", target(call, world))
    old, config = stored.public, world.config
    sent = differing(call, world)
    new, ignored = _wanted(sent, old, stored.internal, config)
    expires, over = _put_off(sent, stored)
    state = _revived(stored, world) if expires is not None else stored.status
    face = faces.changed({**old, "assessmentState": state}, new, expires)
    facts = {**stored.internal, **_facts(new, expires, stored.internal["folder"], config)}
    record = Record(RECORD_KIND, stored.id, state, face, facts, indexes.new_keys(old, face))
    taker = people.person(world, old["assessmentUserId"])
    changed = {**taker, **{member: new[member] for member in people.MEMBERS if member in new}}
    alive = expires is not None and state not in ENDS
    return Decision(
        VendorResponse(200, faces.reshaped(face, facts, config), notes=notes.of_body(sent, config) + ignored + over),
        (*takers.saved(taker, changed, call, world, except_for=stored.id), record),
        timers=(Timer("expire", stored.id, expires, VENDOR_ID, call.base_url),) if alive else (),
    )


def archive(call: VendorRequest, world: SandboxView) -> Decision:
    """Let an assessment be gone, and its person with the last one; their ids are free again."""
    # The rule pi.archive.known has refused the ids of none.
    stored = cast("Stored", world.get(RECORD_KIND, call.params["assessmentId"]))
    person = stored.public["assessmentUserId"]
    others = [
        id for id in world.ids(indexes.PERSON, person) if id != stored.id and world.get(RECORD_KIND, id) is not None
    ]
    status = setting(world.config, ARCHIVE_STATUS)
    face = faces.reshaped({**stored.public, "isDeleted": 1}, stored.internal, world.config)
    return Decision(
        VendorResponse(status, None if status == 204 else face),
        timers=cancelled_timers(stored.id),
        deleted=((RECORD_KIND, stored.id), *(() if others else ((people.PERSON, person),))),
    )


def _wanted(
    sent: Mapping[str, Any], old: faces.Face, facts: Mapping[str, Any], config: Config
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The new values of the members that a change sends, and notes that name those that it sends without effect."""
    clears = setting(config, PATCH_NULL) == "cleared"
    present = {**old, "languageLocale": facts["language"]}
    new: dict[str, Any] = {}
    ignored: dict[str, list[str]] = {_KEPT: [], _NEVER: [], _EMPTY: []}
    for member in FIELDS:
        name = webhook_field(config).path[0] if member == _WEBHOOK else member
        if name not in sent:
            continue
        value = sent[name]
        if member == "customFields":
            new |= _fields(value, old, config, clears, ignored[_KEPT])
        elif value not in (None, ""):
            new[member] = value
        elif value is None and clears and member in _CLEARED:
            new[member] = _CLEARED[member]
        elif present[member] and present[member] != _CLEARED.get(member):
            kind = _EMPTY if value == "" else _KEPT if member in _CLEARED else _NEVER
            ignored[kind].append(f"body.{name}")
    notes = tuple(f"{', '.join(names)}: {what}" for what, names in ignored.items() if names)
    return new | people.kinds(new), notes


def _fields(
    items: list[Any] | None, old: faces.Face, config: Config, clears: bool, ignored: list[str]
) -> dict[str, Any]:
    """The custom fields as a change leaves them; those for which null is ignored are added to `ignored`."""
    values = faces.custom_values(old)
    sent = [{"fieldName": name, "fieldValue": None} for name in values] if items is None else items
    nulls = {item["fieldName"] for item in sent if _is_null(item)}
    lost = [name for name, value in values.items() if value is not None and name in nulls]
    if clears:
        values |= dict.fromkeys(lost)
    else:
        ignored += [f'body.customFields "{name}"' for name in lost]
    return {"customFields": faces.custom_fields(sent, config, values)} if items is not None or clears else {}


def _is_null(item: Mapping[str, Any]) -> bool:
    return isinstance(item.get("fieldName"), str) and item.get("fieldValue", "") is None


def _facts(new: Mapping[str, Any], expires: int | None, folder: str, config: Config) -> dict[str, Any]:
    """What only the simulator knows of an assessment, as far as a change changes it."""
    found: dict[str, Any] = {}
    if expires is not None:
        found["expires"] = expires
    if "folderPath" in new:
        found["folder"] = folder_of(new["folderPath"], config, folder)
    if "languageLocale" in new:
        found["language"] = new["languageLocale"]
    return found


def _put_off(sent: Mapping[str, Any], stored: Stored) -> tuple[int | None, tuple[str, ...]]:
    """The new last moment, None where there is none; and a note where it is ignored, for the assessment has ended."""
    expires = expiry(sent.get("expirationDateTime") or "")
    if expires is None or expires == stored.internal["expires"]:
        return None, ()
    if stored.status in ENDS and stored.status not in REVIVED:
        state = f"{STATE_MACHINE.states[stored.status]} ({stored.status})"
        return None, (f"body.expirationDateTime was ignored: the assessment is {state}",)
    return expires, ()


def _revived(stored: Stored, world: SandboxView) -> Any:
    revives = setting(world.config, REVIVE_EXPIRED)
    return REVIVED.get(stored.status, stored.status) if revives else stored.status
