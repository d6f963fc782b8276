"""People and jobs: the search that the vendor recommends before creating, so that a known person is re-assessed.

`originalId` is the person's latest assessment. That `sortName` is "last, first", and that an answer holds at most 50,
are ours. Jobs are not simulated: only people are found.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from assessment_simulator.core.decision import Decision
from assessment_simulator.core.request import VendorRequest, VendorResponse
from assessment_simulator.core.sandbox_view import SandboxView, Stored
from assessment_simulator.vendors.predictive_index import listing, notes, odata
from assessment_simulator.vendors.predictive_index.indexes import INDEXES, PERSON
from assessment_simulator.vendors.predictive_index.people import EXTERNAL_PERSON_ID, given
from assessment_simulator.vendors.predictive_index.people import PERSON as RECORD_KIND
from assessment_simulator.vendors.predictive_index.states import RECORD_KIND as ASSESSMENT
from assessment_simulator.vendors.predictive_index.surfaces import OF_PEOPLE, ROOT

MOST = 50
"""So many people an answer holds at most, and without `$top`; `$skip` leads to the rest."""

_SHOWN = ("firstName", "lastName", "email", "externalPersonId")


def search_people(call: VendorRequest, world: SandboxView) -> Decision:
    """Find people by text or by filter, in the order in which they were first invited."""
    query = odata.read(call.query, OF_PEOPLE)
    few = _few(query.filter, world)
    rows = ((person, _face(person, world)) for person in (world.all(RECORD_KIND) if few is None else few))
    found = listing.fits(query, call, world, rows)
    top = MOST if query.top is None else min(query.top, MOST)
    page = [face for _, face in found[query.skip : query.skip + top]]
    asked = notes.of_filter(call, found=bool(found))
    return Decision(VendorResponse(200, {"totalSearchResults": len(found), ROOT: page}, notes=asked))


def _face(person: Stored, world: SandboxView) -> Mapping[str, Any]:
    # A person is forgotten with the last assessment, not before.
    latest = next(id for id in reversed(world.ids(PERSON, person.id)) if world.get(ASSESSMENT, id) is not None)
    face = person.public
    return {
        "sortName": f"{face['lastName']}, {face['firstName']}",
        "assessmentUser": {member: face[member] for member in _SHOWN},
        "assessmentInformation": {"behavioralAssessmentInformation": {"originalId": latest}},
    }


def _few(tree: odata.Node | None, world: SandboxView) -> list[Stored] | None:
    """The few people among whom an index finds all that the filter keeps, oldest first; None without such."""
    for path, value in () if tree is None else odata.equalities(tree):
        member = path.rpartition("/")[2]
        if value.type is odata.Type.TEXT and given(value.value) and member in _LEADS:
            ids = dict.fromkeys(_LEADS[member](value.value, world))
            return sorted(
                (person for id in ids if (person := world.get(RECORD_KIND, id)) is not None), key=listing.created
            )
    return None


def _by_email(email: str, world: SandboxView) -> Iterator[str]:
    """Those who have an assessment under that address."""
    assessments = (world.get(ASSESSMENT, id) for id in world.ids(INDEXES["email"], email))
    return (str(stored.public["assessmentUserId"]) for stored in assessments if stored is not None)


_LEADS = {
    "externalPersonId": lambda value, world: world.ids(EXTERNAL_PERSON_ID, value),
    "email": _by_email,
}
