"""The takers: who a request speaks of, and when it speaks of somebody who was assessed before.

`externalId` names an assessment and `externalPersonId` a person, both in the caller's words. A request that uses one
which is known already re-assesses that person. Equal names or e-mail addresses never make two takers one: the vendor
leaves that to the caller. What is archived is gone, its ids are free again.

A taker is one entity: names, e-mail address, gender, personType and externalPersonId are the same in every assessment
of a person. The person's record has them, and each assessment has a copy, so that reads serve stored bytes; `takers`
saves both when they change.
"""

from collections.abc import Mapping
from typing import Any, TypeGuard, cast

from assessment_simulator.core.decision import Record
from assessment_simulator.core.request import VendorRequest
from assessment_simulator.core.sandbox_view import SandboxView, Stored
from assessment_simulator.vendors.predictive_index.behaviour_flags import EXTERNAL_ID_MATCH, setting
from assessment_simulator.vendors.predictive_index.states import RECORD_KIND

PERSON = "person"
EXTERNAL_ID = "pi.external_id"
EXTERNAL_PERSON_ID = "pi.external_person_id"

Face = Mapping[str, Any]

PERSON_TYPES = {1: "Unknown", 2: "Other", 3: "Candidate", 4: "Employee", 5: "Former Employee"}
"""The names that POST behavioralassessments lists, under the numbers that Common gives them."""

_TEXTS = ("firstName", "middleName", "lastName", "email", "externalPersonId")
MEMBERS = (*_TEXTS, "gender", "personType")
"""The members of an assessment that are its taker's, besides the vendor's own id of the taker."""
UNKNOWN: Face = {"gender": 0, "personType": PERSON_TYPES[1]}
"""The gender and the personType of a taker for whom no request gave them."""


def given(value: Any) -> TypeGuard[str]:
    """Whether a text was sent: the vendor says "excluded, empty, or null" for one that was not."""
    return isinstance(value, str) and value != ""


def returning(body: Face, world: SandboxView) -> str | None:
    """The id of the person whom this request re-assesses; where both ids match, `externalId` decides."""
    return assessed_as(body.get("externalId"), world) or known_as(body.get("externalPersonId"), world)


def agree(body: Face, world: SandboxView) -> bool:
    """Whether `externalId` and `externalPersonId` can mean the same person."""
    assessed = assessed_as(body.get("externalId"), world)
    named = body.get("externalPersonId")
    if assessed is None or not given(named):
        return True
    known = person(world, assessed)["externalPersonId"]
    return named == known if given(known) else known_as(named, world) is None


def taker(call: VendorRequest, world: SandboxView) -> tuple[Face, Face]:
    """The person whom the request speaks of: as known so far (empty: a new one), and as known from now on.

    A re-assessment changes the taker's gender and personType where it names them.
    """
    id = returning(call.body, world)
    if id is None:
        return {}, _new(call)
    known = person(world, id)
    new = {**known, **kinds(call.body)}
    named = call.body.get("externalPersonId")
    if given(named) and not given(known["externalPersonId"]):
        new["externalPersonId"] = named
    return known, new


def kinds(body: Face) -> dict[str, Any]:
    """The gender and the personType that a request names, as they are stored."""
    found: dict[str, Any] = {}
    if (gender := body.get("gender")) is not None:
        found["gender"] = int(gender)
    if (person_type := body.get("personType")) is not None:
        found["personType"] = PERSON_TYPES.get(person_type, person_type)
    return found


def find(external_id: Any, world: SandboxView) -> Stored | None:
    """The latest assessment that has this `externalId` now: some that had it may be archived, or renamed."""
    latest = world.latest_id(EXTERNAL_ID, external_id) if given(external_id) else None
    if latest is None:
        return None
    found = _named(latest, external_id, world)
    if found is not None:
        return found
    older = (_named(id, external_id, world) for id in reversed(world.ids(EXTERNAL_ID, external_id)))
    return next((stored for stored in older if stored is not None), None)


def assessed_as(external_id: Any, world: SandboxView) -> str | None:
    """The id of the person whom a request with this `externalId` re-assesses."""
    found = _matching(setting(world.config, EXTERNAL_ID_MATCH), external_id, world)
    return None if found is None else str(found.public["assessmentUserId"])


def _matching(reading: str, external_id: Any, world: SandboxView) -> Stored | None:
    """The assessment that an `externalId` matches by one of the values of the switch pi.external_id_match."""
    if reading == "externalId":
        return find(external_id, world)
    return world.get(RECORD_KIND, external_id.lower()) if given(external_id) else None


def other_reading(call: VendorRequest, world: SandboxView) -> str | None:
    """A sentence about an `externalId` that re-assesses a person only by the other value of pi.external_id_match."""
    # The reference pages ask for the hint of a rule without a request.
    external_id = call.body.get("externalId") if isinstance(call.body, dict) else None
    reading = setting(world.config, EXTERNAL_ID_MATCH)
    (other,) = (value for value in EXTERNAL_ID_MATCH.values if value != reading)
    if _matching(str(other), external_id, world) is None or _matching(reading, external_id, world) is not None:
        return None
    return f'body.externalId is the {other} of an assessment; {EXTERNAL_ID_MATCH.id} "{other}" re-assesses its taker'


def known_as(external_person_id: Any, world: SandboxView) -> str | None:
    """The id of the person who has this `externalPersonId` now."""
    # Never two at once: who was saved last under it is the only one who can have it still.
    latest = world.latest_id(EXTERNAL_PERSON_ID, external_person_id) if given(external_person_id) else None
    found = None if latest is None else world.get(PERSON, latest)
    return latest if found is not None and found.public["externalPersonId"] == external_person_id else None


def _new(call: VendorRequest) -> Face:
    names = {"assessmentUserId": call.random.uuid()} | {member: call.body.get(member) for member in _TEXTS}
    return {**names, **UNKNOWN, **kinds(call.body)}


def person(world: SandboxView, id: str) -> Face:
    """What is known of a person who has an assessment."""
    # A person is forgotten with the last assessment, not before. Records of earlier versions lack gender and type.
    return {**UNKNOWN, **cast("Stored", world.get(PERSON, id)).public}


def record(person: Face, call: VendorRequest, world: SandboxView) -> Record:
    """A person as the sandbox remembers it from this call on."""
    id, named = person["assessmentUserId"], person["externalPersonId"]
    keys = ((EXTERNAL_PERSON_ID, named),) if given(named) else ()
    stored = world.get(PERSON, id)
    facts = {"number": call.random.sequence} if stored is None else stored.internal
    return Record(PERSON, id, None, person, facts, keys)


def _named(id: str, external_id: str, world: SandboxView) -> Stored | None:
    stored = world.get(RECORD_KIND, id)
    return stored if stored is not None and stored.public["externalId"] == external_id else None
