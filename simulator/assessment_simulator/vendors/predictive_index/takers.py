"""Saving a taker: the person's record, and each assessment of the person, which has a copy of the taker's members.

So every read, list, filter and search agrees, and reads serve stored bytes. The work is one record for each assessment
of the person, and only where something of the person has changed.
"""

from collections.abc import Mapping
from typing import Any

from assessment_simulator.core.decision import Record
from assessment_simulator.core.request import VendorRequest
from assessment_simulator.core.sandbox_view import SandboxView, Stored
from assessment_simulator.vendors.predictive_index import faces, indexes, people
from assessment_simulator.vendors.predictive_index.states import RECORD_KIND


def saved(
    known: Mapping[str, Any], person: Mapping[str, Any], call: VendorRequest, world: SandboxView, except_for: str = ""
) -> tuple[Record, ...]:
    """The records of a person who was `known` so (empty: not at all) and is `person` now; none if nothing changes.

    The assessment `except_for` is left to the caller, who changes more of it.
    """
    # Only what changes is written: assessments that an earlier version saved may differ from their person.
    new = {member: value for member, value in person.items() if member not in known or value != known[member]}
    if not new:
        return ()
    ids = dict.fromkeys(world.ids(indexes.PERSON, person["assessmentUserId"]))
    stored = [world.get(RECORD_KIND, id) for id in ids if id != except_for]
    return (people.record(person, call, world), *(_updated(one, new) for one in stored if one is not None))


def _updated(stored: Stored, new: Mapping[str, Any]) -> Record:
    old = stored.public
    face = faces.of_taker(old, new)
    return Record(RECORD_KIND, stored.id, stored.status, face, stored.internal, indexes.new_keys(old, face))
