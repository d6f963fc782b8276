"""The two lists: assessments, and the search for people that the vendor recommends before an assessment is created.

Records are returned as they are stored. A page that only `$skip` and `$top` bound reads no other record, and a filter
that requires an id or an e-mail address is answered by an index; every other query reads all records.

Of the search, the vendor describes the use, not the answer: that `sortName` is "last, first", that `originalId` is the
latest assessment, and that an answer holds at most 50 people, is ours. Jobs are not simulated.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import compress, islice
from typing import Any

from assessment_simulator.core.decision import Decision, VendorResponse
from assessment_simulator.core.request import VendorRequest
from assessment_simulator.core.sandbox_view import SandboxView, Stored
from assessment_simulator.core.text import PLUS, plus_is_suspect, raw_value
from assessment_simulator.vendors.predictive_index import representations
from assessment_simulator.vendors.predictive_index.behaviour_flags import LIST_LIMIT
from assessment_simulator.vendors.predictive_index.odata import entity_schemas, rules
from assessment_simulator.vendors.predictive_index.odata.evaluation import compile_filter, equalities, reader
from assessment_simulator.vendors.predictive_index.odata.syntax import Node, Type
from assessment_simulator.vendors.predictive_index.people import EXTERNAL_PERSON_ID, PERSON
from assessment_simulator.vendors.predictive_index.representations import INDEXES, Representation
from assessment_simulator.vendors.predictive_index.sources import OFFSET_NOTE
from assessment_simulator.vendors.predictive_index.states import RECORD_KIND

MAX_PEOPLE = 50
_BATCH = 256  # records that a filter is evaluated for at a time: it holds a column of them for each of its nodes

Row = tuple[Stored, Mapping[str, Any]]  # a record, and its members as answers show them


def list_assessments(request: VendorRequest, view: SandboxView) -> Decision:
    """Return assessments in the order of their creation, or as the options ask, up to the limit of a list."""
    config = view.config
    query, _ = rules.read(request.query, entity_schemas.assessments(config))
    flag = LIST_LIMIT.value(config)
    limit = rules.MAX_COUNT if flag is None else flag
    top = min(limit + 1 if query.top is None else query.top, limit + 1)  # one more shows whether there is a next page
    notes: list[str] = []
    if query.filter is None and not (query.order or query.words or query.count):
        # The position of a record alone decides whether it is shown.
        found = view.page(RECORD_KIND, query.skip, top)
    else:
        candidates = _indexed_assessments(query.filter, view)
        if candidates is None:
            candidates = view.all(RECORD_KIND)
        rows = _matching(query, request, view, ((one, representations.members(one, config)) for one in candidates))
        for member, descends in reversed(query.order):
            read = reader(member, str)
            # null comes before every value
            rows.sort(key=lambda row: () if (value := read(row[1])) is None else (value,), reverse=descends)
        found = [stored for stored, _ in rows[query.skip : query.skip + top]]
        if query.count:
            notes.append(f"$count: {len(rows)} match; the answer is a bare array, which has no member for it")
    notes += _filter_notes(request, found=bool(found))
    if len(found) > limit:
        notes.append(f"a list holds {limit} assessments at most; $skip leads to the next ones")
    body: list[Stored | Representation] = [representations.shown(stored, config) for stored in found[:limit]]
    if query.select is not None:
        shown = (representations.members(stored, config) for stored in found[:limit])
        body = [{name: value for name, value in members.items() if name in query.select} for members in shown]
    return Decision(VendorResponse(200, body, notes=tuple(notes)))


def search_people(request: VendorRequest, view: SandboxView) -> Decision:
    """Find people by text or by filter, in the order in which they were first invited."""
    query, _ = rules.read(request.query, entity_schemas.PEOPLE)
    candidates = _indexed_people(query.filter, view)
    if candidates is None:
        candidates = view.all(PERSON)
    found = _matching(query, request, view, ((person, _person(person, view)) for person in candidates))
    top = MAX_PEOPLE if query.top is None else min(query.top, MAX_PEOPLE)
    page = [members for _, members in found[query.skip : query.skip + top]]
    body = {"totalSearchResults": len(found), entity_schemas.PEOPLE_ROOT: page}
    return Decision(VendorResponse(200, body, notes=_filter_notes(request, found=bool(found))))


def _person(person: Stored, view: SandboxView) -> Mapping[str, Any]:
    # A person is deleted with the last assessment, not before.
    assessments = reversed(view.ids(representations.BY_PERSON, person.id))
    latest = next(id for id in assessments if view.get(RECORD_KIND, id) is not None)
    public = person.public
    return {
        "sortName": f"{public['lastName']}, {public['firstName']}",
        "assessmentUser": {name: public[name] for name in ("firstName", "lastName", "email", "externalPersonId")},
        "assessmentInformation": {"behavioralAssessmentInformation": {"originalId": latest}},
    }


def _matching(query: rules.Query, request: VendorRequest, view: SandboxView, rows: Iterable[Row]) -> list[Row]:
    """Return the rows that pass the filter and contain every word of the search."""

    def fill(link: str) -> str:
        return view.links.fill_text(link, request.base_url)

    if query.filter is None:
        found = [*rows]
    else:
        passes, found, rest = compile_filter(query.filter, fill, request.now), list[Row](), iter(rows)
        while batch := [*islice(rest, _BATCH)]:
            found += compress(batch, passes([members for _, members in batch]))
    fields = [reader(member, fill) for member in query.fields]

    def contains_words(members: Mapping[str, Any]) -> bool:
        texts = [text.lower() for field in fields if (text := field(members)) is not None]
        return all(any(word in text for text in texts) for word in query.words)

    return [row for row in found if contains_words(row[1])] if query.words else found


def _indexed_assessments(tree: Node | None, view: SandboxView) -> Sequence[Stored] | None:
    """Return the assessments that an index finds for a required value, oldest first; None if no index helps."""
    shortest: Sequence[str] | None = None
    for member, literal in () if tree is None else equalities(tree):
        value: str = literal.value
        ids: Sequence[str] | None = None
        if member == "assessmentId":
            ids = [value]
        # An empty text is no key, and the caller's own ids may hold a GUID in capitals, which its key keeps.
        elif member in INDEXES and value != "" and (literal.type is Type.TEXT or member == "assessmentUserId"):
            ids = view.ids(INDEXES[member], value)
        if ids is not None and (shortest is None or len(ids) < len(shortest)):
            shortest = ids
    if shortest is None:
        return None
    found = [stored for id in dict.fromkeys(shortest) if (stored := view.get(RECORD_KIND, id)) is not None]
    return sorted(found, key=_creation) if len(found) > 1 else found


def _indexed_people(tree: Node | None, view: SandboxView) -> Sequence[Stored] | None:
    """Return the people that an index finds for a required value, oldest first; None if no index helps."""
    for path, literal in () if tree is None else equalities(tree):
        member = path.rpartition("/")[2]
        if literal.type is not Type.TEXT or literal.value == "" or member not in ("externalPersonId", "email"):
            continue
        if member == "externalPersonId":
            ids = [*view.ids(EXTERNAL_PERSON_ID, literal.value)]
        else:
            assessments = (view.get(RECORD_KIND, id) for id in view.ids(INDEXES["email"], literal.value))
            ids = [stored.public["assessmentUserId"] for stored in assessments if stored is not None]
        people = (view.get(PERSON, id) for id in dict.fromkeys(ids))
        return sorted((person for person in people if person is not None), key=_creation)
    return None


def _creation(stored: Stored) -> int:
    # Records of earlier versions have no number; they are older than all that have one.
    return int(stored.internal.get("number", 0))


def _filter_notes(request: VendorRequest, *, found: bool) -> tuple[str, ...]:
    notes = []
    for name, quoted in (("$filter", True), ("$search", False)):
        if plus_is_suspect(raw_value(request.raw_query, name), quoted=quoted, certain=not found and quoted):
            notes.append(f"query.{name}: {PLUS}")
    if re.search(r"\d{4}-\d\d-\d\dT[\d:.]+[+-]\d\d:\d\d", request.query.get("$filter", ""), re.ASCII):
        notes.append(f"query.$filter: {OFFSET_NOTE}")
    return tuple(notes)
