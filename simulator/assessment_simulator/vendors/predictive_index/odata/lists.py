"""The two lists: assessments, and the search for people that the vendor recommends before an assessment is created.

Records are returned as they are stored. A page that only `$skip` and `$top` bound reads no other record, and a filter
that requires an id or an e-mail address is answered by an index; every other query reads all records, in short steps
between which other requests are answered. The records are those of the moment at which the request was handled.

Of the search, the vendor describes the use, not the answer: that `sortName` is "last, first", that `originalId` is the
latest assessment, and that an answer holds at most 50 people, is ours. Jobs are not simulated.
"""

import re
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from itertools import compress, islice, repeat
from typing import Any, TypeVar

from assessment_simulator.core.decision import Decision, Unfinished, VendorResponse
from assessment_simulator.core.links import Links
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
_BATCH = 64  # records that are worked on in one step: a filter may have 500 operators, and calculate with decimals

T = TypeVar("T")
Steps = Iterator[tuple[Any, tuple[str, ...]] | None]
Members = Mapping[str, Any]
Row = tuple[Stored, Members]  # a record, and its members as answers show them
Keyed = tuple[Stored, tuple[Any, ...]]  # a record, and the values by which it is ordered


def list_assessments(request: VendorRequest, view: SandboxView) -> Decision:
    """Return assessments in the order of their creation, or as the options ask, up to the limit of a list."""
    config, links = view.config, view.links
    query, _ = rules.read(request.query, entity_schemas.assessments(config))
    flag = LIST_LIMIT.value(config)
    limit = rules.MAX_COUNT if flag is None else flag
    top = min(limit + 1 if query.top is None else query.top, limit + 1)  # one more shows whether there is a next page
    # Without these options the position of a record alone decides whether it is shown.
    is_searched = query.filter is not None or bool(query.order or query.words or query.count)
    candidates: Iterable[Stored] | None
    if not is_searched:
        candidates = view.page(RECORD_KIND, query.skip, top)
    elif (candidates := _indexed_assessments(query.filter, view)) is None:
        candidates = view.all(RECORD_KIND)

    def steps(candidates: Iterable[Stored]) -> Steps:
        notes: list[str] = []
        if not is_searched:
            found = [*candidates]
        else:
            members = ((one, representations.members(one, config)) for one in candidates)
            reads = [reader(member, str) for member, _ in query.order]
            rows = yield from _matching(query, request, links, members, lambda one: tuple(read(one) for read in reads))
            for place, (_, descends) in reversed([*enumerate(query.order)]):
                rows = yield from _sorted(rows, place, descends=descends)
            found = [stored for stored, _ in rows[query.skip : query.skip + top]]
            if query.count:
                notes.append(f"$count: {len(rows)} match; the answer is a bare array, which has no member for it")
        notes += _filter_notes(request, found=bool(found))
        if len(found) > limit:
            notes.append(f"a list holds {limit} assessments at most; $skip leads to the next ones")
        body: list[Stored | Representation] = []
        for batch in _batches(found[:limit]):
            if query.select is None:
                body += (representations.shown(stored, config) for stored in batch)
            else:
                shown = (representations.members(stored, config) for stored in batch)
                body += ({name: one for name, one in members.items() if name in query.select} for members in shown)
            yield None
        yield body, tuple(notes)

    return Decision(VendorResponse(200, Unfinished(steps(candidates))))


def search_people(request: VendorRequest, view: SandboxView) -> Decision:
    """Find people by text or by filter, in the order in which they were first invited."""
    query, _ = rules.read(request.query, entity_schemas.PEOPLE)
    links, indexed = view.links, _indexed_people(query.filter, view)
    candidates = view.all(PERSON) if indexed is None else indexed

    def steps(people: Iterable[Stored]) -> Steps:
        shown = ((person, _person(person)) for person in people)
        found = yield from _matching(query, request, links, shown, lambda members: members)
        top = MAX_PEOPLE if query.top is None else min(query.top, MAX_PEOPLE)
        page = [{**members, **latest} for one, members in found[query.skip : query.skip + top] if (latest := last(one))]
        body = {"totalSearchResults": len(found), entity_schemas.PEOPLE_ROOT: page}
        yield body, _filter_notes(request, found=bool(found))

    def last(person: Stored) -> Mapping[str, Any] | None:
        # A person is deleted with the last assessment, so only one who was deleted between two steps has none.
        assessments = reversed(view.ids(representations.BY_PERSON, person.id))
        id = next((id for id in assessments if view.get(RECORD_KIND, id) is not None), None)
        return {"assessmentInformation": {"behavioralAssessmentInformation": {"originalId": id}}} if id else None

    return Decision(VendorResponse(200, Unfinished(steps(candidates))))


def _person(person: Stored) -> Mapping[str, Any]:
    public = person.public
    return {
        "sortName": f"{public['lastName']}, {public['firstName']}",
        "assessmentUser": {name: public[name] for name in ("firstName", "lastName", "email", "externalPersonId")},
    }


def _batches(items: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(items)
    while batch := [*islice(rest, _BATCH)]:
        yield batch


def _matching(
    query: rules.Query, request: VendorRequest, links: Links, rows: Iterable[Row], keep: Callable[[Members], T]
) -> Generator[None, None, list[tuple[Stored, T]]]:
    """Return the records that pass the filter and contain every word of the search, with what `keep` takes of each.

    The members of 25,000 records are a million objects, over which the garbage collector would walk.
    """

    def fill(link: str) -> str:
        return links.fill_text(link, request.base_url)

    passes = None if query.filter is None else compile_filter(query.filter, fill, request.now)
    fields = [reader(member, fill) for member in query.fields]

    def contains_words(members: Mapping[str, Any]) -> bool:
        texts = [text.lower() for field in fields if (text := field(members)) is not None]
        return all(any(word in text for text in texts) for word in query.words)

    found: list[tuple[Stored, T]] = []
    for batch in _batches(rows):
        passed: Iterable[Any] = repeat(True)
        if passes is not None:
            for passed in passes([members for _, members in batch]):  # noqa: B007  the last is the result
                yield
        matching = (row for row in compress(batch, passed) if not query.words or contains_words(row[1]))
        found += ((stored, keep(members)) for stored, members in matching)
        yield
    return found


def _sorted(rows: Sequence[Keyed], place: int, *, descends: bool) -> Generator[None, None, list[Keyed]]:
    """Return the rows in the order of one of their values; null comes before every value."""
    nulls: list[Keyed] = []
    others: list[Keyed] = []
    for batch in _batches(rows):
        for row in batch:
            (nulls if row[1][place] is None else others).append(row)
        yield
    others.sort(key=lambda row: row[1][place], reverse=descends)
    return others + nulls if descends else nulls + others


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
