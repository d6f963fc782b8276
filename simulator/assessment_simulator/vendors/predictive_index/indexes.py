"""The members under which an assessment is found again without looking at any other.

Whoever saves an assessment whose members have changed gives its keys anew. A key may also lead to what no longer has
that member, or is gone: look again at what was found.
"""

from collections.abc import Mapping
from typing import Any

from assessment_simulator.vendors.predictive_index.people import EXTERNAL_ID, given

PERSON = "pi.assessment.person"
"""The assessments of a person, by `assessmentUserId`."""

INDEXES = {
    "externalId": EXTERNAL_ID,
    "externalPersonId": "pi.assessment.external_person_id",
    "email": "pi.assessment.email",
    "assessmentUserId": PERSON,
}
"""The index of each such member."""


def new_keys(old: Mapping[str, Any], face: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """The keys of an assessment with this face that did not lead to it when it had the old one."""
    known = keys(old)
    return tuple(key for key in keys(face) if key not in known)


def keys(face: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """The keys of an assessment with this face."""
    return tuple((index, face[member]) for member, index in INDEXES.items() if given(face[member]))
