"""The takers: who a request speaks of, and when it speaks of somebody who was assessed before.

`externalId` names an assessment and `externalPersonId` a person, both in the caller's words. A request that uses one
which is known already re-assesses that person. Equal names or e-mail addresses never make two takers one: the vendor
leaves that to the caller.
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


def given(value: Any) -> TypeGuard[str]:
    """Whether a text was sent: the vendor says "excluded, empty, or null" for one that was not."""
    return isinstance(value, str) and value != ""


def returning(body: Face, world: World) -> str | None:
    """The id of the person whom this request re-assesses; where both ids match, `externalId` decides."""
    return _by_external_id(body, world) or _by_external_person_id(body, world)


def agree(body: Face, world: World) -> bool:
    """Whether `externalId` and `externalPersonId` can mean the same person."""
    assessed = _by_external_id(body, world)
    named = body.get("externalPersonId")
    if assessed is None or not given(named):
        return True
    known = _face(world, PERSON, assessed)["externalPersonId"]
    return named == known if given(known) else _by_external_person_id(body, world) is None


def taker(call: Call, world: World) -> tuple[Face, tuple[Record, ...]]:
    """The person whom the request speaks of, and what has to be remembered about that person from now on."""
    id = returning(call.body, world)
    if id is None:
        person = _new(call)
        return person, (_record(person),)
    person = _face(world, PERSON, id)
    named = call.body.get("externalPersonId")
    if given(person["externalPersonId"]) or not given(named):
        return person, ()
    person = {**person, "externalPersonId": named}
    return person, (_record(person),)


def _new(call: Call) -> Face:
    members = ("firstName", "middleName", "lastName", "email", "externalPersonId")
    return {"assessmentUserId": call.draw.uuid()} | {member: call.body.get(member) for member in members}


def _record(person: Face) -> Record:
    named = person["externalPersonId"]
    keys = ((EXTERNAL_PERSON_ID, named),) if given(named) else ()
    return Record(PERSON, person["assessmentUserId"], None, person, keys=keys)


def _by_external_id(body: Face, world: World) -> str | None:
    value = body.get("externalId")
    found = world.latest(EXTERNAL_ID, value) if given(value) else None
    return None if found is None else str(_face(world, KIND, found)["assessmentUserId"])


def _by_external_person_id(body: Face, world: World) -> str | None:
    value = body.get("externalPersonId")
    return world.latest(EXTERNAL_PERSON_ID, value) if given(value) else None


def _face(world: World, kind: str, id: str) -> Face:
    # What an index names is stored.
    return cast("Stored", world.get(kind, id)).face
