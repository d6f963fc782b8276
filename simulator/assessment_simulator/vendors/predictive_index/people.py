"""The people who take assessments, and when a request re-assesses a known one.

`externalId` names an assessment and `externalPersonId` a person, both in the caller's words. A request that uses a
known one re-assesses that person. Equal names or e-mail addresses never make two people one: the vendor leaves that to
the caller. What is archived is deleted, and its ids are free again.

Names, e-mail address, gender, personType and externalPersonId belong to the person and are the same in all of the
person's assessments. The person's record holds them, and each assessment a copy, so that reads serve stored bytes.
"""

from collections.abc import Iterator, Mapping
from typing import Any, TypeGuard, cast

from assessment_simulator.core.request import VendorRequest
from assessment_simulator.core.sandbox_view import SandboxView, Stored
from assessment_simulator.vendors.predictive_index.behaviour_flags import EXTERNAL_ID_MATCH
from assessment_simulator.vendors.predictive_index.states import RECORD_KIND

PERSON = "person"
# The index of assessments by `externalId`.
EXTERNAL_ID = "pi.external_id"
# The index of people by `externalPersonId`.
EXTERNAL_PERSON_ID = "pi.external_person_id"

# The names that POST behavioralassessments lists, under the numbers that Common gives them.
PERSON_TYPES = {1: "Unknown", 2: "Other", 3: "Candidate", 4: "Employee", 5: "Former Employee"}

_TEXTS = ("firstName", "middleName", "lastName", "email", "externalPersonId")
# The members of an assessment that belong to its person, besides the vendor's own id of the person.
MEMBERS = (*_TEXTS, "gender", "personType")
DEFAULTS: Mapping[str, Any] = {"gender": 0, "personType": PERSON_TYPES[1]}


def given(value: Any) -> TypeGuard[str]:
    """Whether a text was sent: the vendor says "excluded, empty, or null" for one that was not."""
    return isinstance(value, str) and value != ""


def reassessed(body: Mapping[str, Any], view: SandboxView) -> str | None:
    """Return the id of the person whom a request re-assesses; where both ids match, `externalId` decides."""
    person = by_external_id(body.get("externalId"), view)
    return person or by_external_person_id(body.get("externalPersonId"), view)


def ids_agree(body: Mapping[str, Any], view: SandboxView) -> bool:
    """Whether `externalId` and `externalPersonId` can mean the same person."""
    person = by_external_id(body.get("externalId"), view)
    named = body.get("externalPersonId")
    if person is None or not given(named):
        return True
    known = find(person, view)["externalPersonId"]
    return named == known if given(known) else by_external_person_id(named, view) is None


def of_request(request: VendorRequest, view: SandboxView) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Return the members of a request's person before (empty for a new person) and after the request.

    A re-assessment changes the gender and the personType that it names.
    """
    body = request.body
    id = reassessed(body, view)
    if id is None:
        texts = {member: body.get(member) for member in _TEXTS}
        return {}, {"assessmentUserId": request.random.uuid(), **texts, **DEFAULTS, **gender_and_type(body)}
    known = find(id, view)
    changed = {**known, **gender_and_type(body)}
    named = body.get("externalPersonId")
    if given(named) and not given(known["externalPersonId"]):
        changed["externalPersonId"] = named
    return known, changed


def gender_and_type(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the gender and the personType that a request names, as they are stored."""
    found: dict[str, Any] = {}
    if (gender := body.get("gender")) is not None:
        found["gender"] = int(gender)
    if (person_type := body.get("personType")) is not None:
        found["personType"] = PERSON_TYPES.get(person_type, person_type)
    return found


def find(id: str, view: SandboxView) -> Mapping[str, Any]:
    """Return the members of a person who has an assessment."""
    # A person is deleted with the last assessment, not before. Records of earlier versions lack gender and type.
    return {**DEFAULTS, **cast("Stored", view.get(PERSON, id)).public}


def latest_assessment(external_id: Any, view: SandboxView) -> Stored | None:
    """Return the latest assessment that has this `externalId` now: others that had it may be archived or renamed."""

    def newest_first() -> Iterator[str | None]:
        yield view.latest_id(EXTERNAL_ID, external_id)  # nearly always this one; `ids` walks through all
        yield from reversed(view.ids(EXTERNAL_ID, external_id))

    for id in newest_first() if given(external_id) else ():
        stored = view.get(RECORD_KIND, id) if id else None
        if stored is not None and stored.public["externalId"] == external_id:
            return stored
    return None


def by_external_id(external_id: Any, view: SandboxView) -> str | None:
    """Return the id of the person whom a request with this `externalId` re-assesses."""
    found = _matching_assessment(EXTERNAL_ID_MATCH.value(view.config), external_id, view)
    return None if found is None else str(found.public["assessmentUserId"])


def _matching_assessment(reading: str, external_id: Any, view: SandboxView) -> Stored | None:
    """Return the assessment that an `externalId` matches under one value of the flag pi.external_id_match."""
    if reading == "externalId":
        return latest_assessment(external_id, view)
    return view.get(RECORD_KIND, external_id.lower()) if given(external_id) else None


def other_match(request: VendorRequest, view: SandboxView) -> str | None:
    """Return a note if `externalId` re-assesses a person under the other value of pi.external_id_match only."""
    # The reference pages ask for the hint of a rule without a request.
    external_id = request.body.get("externalId") if isinstance(request.body, dict) else None
    reading = EXTERNAL_ID_MATCH.value(view.config)
    (other,) = (str(value) for value in EXTERNAL_ID_MATCH.values if value != reading)
    found = (_matching_assessment(one, external_id, view) for one in (other, reading))
    if next(found) is None or next(found) is not None:
        return None
    return f'body.externalId is the {other} of an assessment; {EXTERNAL_ID_MATCH.id} "{other}" re-assesses its taker'


def by_external_person_id(external_person_id: Any, view: SandboxView) -> str | None:
    """Return the id of the person who has this `externalPersonId` now."""
    # No two people have it at once: only the one who was saved last under it can still have it.
    latest = view.latest_id(EXTERNAL_PERSON_ID, external_person_id) if given(external_person_id) else None
    found = None if latest is None else view.get(PERSON, latest)
    return latest if found is not None and found.public["externalPersonId"] == external_person_id else None
