"""Changing an assessment, and archiving it. Neither calls a webhook.

What is null or empty in a change is left as it is. Names, and the caller's id of the taker, change on the person and
on this assessment; what was shown of that person's other assessments stays. After the end an expiration date is
ignored, but for an expired assessment: a later date is the only way to extend it.
"""

from typing import Any, cast

from simulator.core.call import Call, Reply
from simulator.core.decision import Alarm, Decision, Record
from simulator.core.rules import Rule
from simulator.core.sources import ours
from simulator.core.steering import silenced
from simulator.core.world import Stored, World
from simulator.vendors.predictive_index import faces, indexes, notes, people
from simulator.vendors.predictive_index.change_rules import target
from simulator.vendors.predictive_index.rules import expiry, known
from simulator.vendors.predictive_index.states import ENDS, KIND, REVIVED, VENDOR_ID
from simulator.vendors.predictive_index.switches import ARCHIVE_STATUS, REVIVE_EXPIRED, setting

_GONE = ours("what is archived is gone, so a second time is a 404")

ARCHIVE: tuple[tuple[Rule, ...], ...] = (known("pi.archive.known", _GONE),)
"""The stages of DELETE behavioralassessments/{assessmentId}."""


def change(call: Call, world: World) -> Decision:
    """Change what the body names, and show the whole assessment."""
    # The rule pi.change.known has refused what leads nowhere.
    stored = cast("Stored", target(call, world))
    old, body = stored.face, call.body
    expires = _put_off(call, stored)
    state = _revived(stored, world) if expires is not None else stored.status
    face = faces.changed({**old, "assessmentState": state}, body, world.config, expires)
    new = {"expires": expires, "folder": body.get("folderPath"), "language": body.get("languageLocale")}
    facts = {**stored.facts, **{name: value for name, value in new.items() if value is not None}}
    keys = tuple(key for key in indexes.keys(face) if key not in indexes.keys(old))
    record = Record(KIND, stored.id, state, face, facts, keys)
    alive = expires is not None and state not in ENDS
    return Decision(
        Reply(200, faces.reshaped(face, facts, world.config), notes=notes.of_body(body, world.config)),
        (*people.changed(body, face["assessmentUserId"], world), record),
        alarms=(Alarm("expire", stored.id, expires, VENDOR_ID, call.base),) if alive else (),
    )


def archive(call: Call, world: World) -> Decision:
    """Let an assessment be gone, and its person with the last one; their ids are free again."""
    # The rule pi.archive.known has refused the ids of none.
    stored = cast("Stored", world.get(KIND, call.params["assessmentId"]))
    person = stored.face["assessmentUserId"]
    others = [id for id in world.ids(indexes.PERSON, person) if id != stored.id and world.get(KIND, id) is not None]
    status = setting(world.config, ARCHIVE_STATUS)
    face = faces.reshaped({**stored.face, "isDeleted": 1}, stored.facts, world.config)
    return Decision(
        Reply(status, None if status == 204 else face),
        alarms=silenced(stored.id),
        forgotten=((KIND, stored.id), *(() if others else ((people.PERSON, person),))),
    )


def _put_off(call: Call, stored: Stored) -> int | None:
    """The new last moment; None where there is none, or where the assessment ended otherwise than by its date."""
    over = stored.status in ENDS and stored.status not in REVIVED
    return None if over else expiry(call.body.get("expirationDateTime") or "")


def _revived(stored: Stored, world: World) -> Any:
    revives = setting(world.config, REVIVE_EXPIRED)
    return REVIVED.get(stored.status, stored.status) if revives else stored.status
