"""The takers: who a request speaks of, and when it speaks of somebody who was assessed before.

`externalId` names an assessment and `externalPersonId` a person, both in the caller's words. A request that uses one
which is known already re-assesses that person. Equal names or e-mail addresses never make two takers one: the vendor
leaves that to the caller. What is archived is gone, its ids are free again.
"""

from collections.abc import Mapping
from typing import Any, TypeGuard, cast

from simulator.core.call import Call
from simulator.core.decision import Record
from simulator.core.world import Stored, World
from simulator.vendors.predictive_index.states import KIND

PERSON = "person"
EXTERNAL_ID = "pi.external_id"
EXTERNAL_PERSON_ID = "pi.external_person_id"

Face = Mapping[str, Any]

_MEMBERS = ("firstName", "middleName", "lastName", "email", "externalPersonId")
"""What is known of a person, besides the vendor's own id."""


def given(value: Any) -> TypeGuard[str]:
    """Whether a text was sent: the vendor says "excluded, empty, or null" for one that was not."""
    return isinstance(value, str) and value != ""


def returning(body: Face, world: World) -> str | None:
    """The id of the person whom this request re-assesses; where both ids match, `externalId` decides."""
    return assessed_as(body.get("externalId"), world) or known_as(body.get("externalPersonId"), world)


def agree(body: Face, world: World) -> bool:
    """Whether `externalId` and `externalPersonId` can mean the same person."""
    assessed = assessed_as(body.get("externalId"), world)
    named = body.get("externalPersonId")
    if assessed is None or not given(named):
        return True
    known = _person(world, assessed)["externalPersonId"]
    return named == known if given(known) else known_as(named, world) is None


def taker(call: Call, world: World) -> tuple[Face, tuple[Record, ...]]:
    """The person whom the request speaks of, and what has to be remembered about that person from now on."""
    id = returning(call.body, world)
    if id is None:
        person = _new(call)
        return person, (_record(person),)
    person = _person(world, id)
    named = call.body.get("externalPersonId")
    if given(person["externalPersonId"]) or not given(named):
        return person, ()
    person = {**person, "externalPersonId": named}
    return person, (_record(person),)


def changed(body: Face, id: str, world: World) -> tuple[Record, ...]:
    """What has to be remembered about a person whose names or id a request changes."""
    person = _person(world, id)
    renamed = {**person, **{member: body[member] for member in _MEMBERS if given(body.get(member))}}
    return () if renamed == person else (_record(renamed),)


def find(external_id: Any, world: World) -> Stored | None:
    """The latest assessment that has this `externalId` now: some that had it may be archived, or renamed."""
    latest = world.latest(EXTERNAL_ID, external_id) if given(external_id) else None
    if latest is None:
        return None
    found = _named(latest, external_id, world)
    if found is not None:
        return found
    older = (_named(id, external_id, world) for id in reversed(world.ids(EXTERNAL_ID, external_id)))
    return next((stored for stored in older if stored is not None), None)


def assessed_as(external_id: Any, world: World) -> str | None:
    """The id of the person to whom the assessment with this `externalId` belongs."""
    found = find(external_id, world)
    return None if found is None else str(found.face["assessmentUserId"])


def known_as(external_person_id: Any, world: World) -> str | None:
    """The id of the person who has this `externalPersonId` now."""
    # Never two at once: who was saved last under it is the only one who can have it still.
    latest = world.latest(EXTERNAL_PERSON_ID, external_person_id) if given(external_person_id) else None
    person = None if latest is None else world.get(PERSON, latest)
    return latest if person is not None and person.face["externalPersonId"] == external_person_id else None


def _new(call: Call) -> Face:
    return {"assessmentUserId": call.draw.uuid()} | {member: call.body.get(member) for member in _MEMBERS}


def _record(person: Face) -> Record:
    named = person["externalPersonId"]
    keys = ((EXTERNAL_PERSON_ID, named),) if given(named) else ()
    return Record(PERSON, person["assessmentUserId"], None, person, keys=keys)


def _named(id: str, external_id: str, world: World) -> Stored | None:
    stored = world.get(KIND, id)
    return stored if stored is not None and stored.face["externalId"] == external_id else None


def _person(world: World, id: str) -> Face:
    # A person is forgotten with the last assessment, not before.
    return cast("Stored", world.get(PERSON, id)).face
