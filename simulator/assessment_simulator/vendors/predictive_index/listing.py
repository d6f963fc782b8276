"""The list of assessments: the first of them, or those that the options of OData ask for.

Records are handed on as they are stored. A page that only `$skip` and `$top` bound is read at its place, and a filter
that names an id is answered by an index; every other question looks at each assessment.
"""

from collections.abc import Iterable, Mapping
from operator import itemgetter
from typing import Any

from assessment_simulator.core.config import Config
from assessment_simulator.core.decision import Decision
from assessment_simulator.core.request import VendorRequest, VendorResponse
from assessment_simulator.core.sandbox_view import SandboxView, Stored
from assessment_simulator.vendors.predictive_index import faces, notes, odata, surfaces
from assessment_simulator.vendors.predictive_index.behaviour_flags import LIST_LIMIT, setting
from assessment_simulator.vendors.predictive_index.indexes import INDEXES
from assessment_simulator.vendors.predictive_index.people import given
from assessment_simulator.vendors.predictive_index.states import RECORD_KIND

Match = tuple[Stored, Mapping[str, Any]]
"""A record, and its face as answers show it."""

_OURS = ("assessmentId", "assessmentUserId")


def list_assessments(call: VendorRequest, world: SandboxView) -> Decision:
    """Show assessments in the order of their creation, or as the options ask for them: at most so many as the limit."""
    config = world.config
    limit = setting(config, LIST_LIMIT)
    most = odata.MOST if limit is None else limit
    query = odata.read(call.query, surfaces.of_assessments(config))
    top = min(most + 1 if query.top is None else query.top, most + 1)  # one more shows whether there is a next page
    counted: tuple[str, ...] = ()
    if query.is_page and not query.count:
        found = world.page(RECORD_KIND, query.skip, top)
    else:
        every = _asked(query, call, world)
        found = every[query.skip : query.skip + top]
        if query.count:
            counted = (f"$count: {len(every)} match; the answer is a bare array, which has no member for it",)
    asked = notes.of_filter(call, found=bool(found))
    more = () if len(found) <= most else (f"a list holds {most} assessments at most; $skip leads to the next ones",)
    return Decision(
        VendorResponse(200, [_chosen(one, query, config) for one in found[:most]], notes=(*counted, *asked, *more))
    )


def fits(query: odata.Query, call: VendorRequest, world: SandboxView, rows: Iterable[Match]) -> list[Match]:
    """Those records that the filter keeps and the search finds."""

    def fill(link: str) -> str:
        return world.links.fill_text(link, call.base_url)

    if query.filter is not None:
        keeps = odata.keeps(query.filter, fill, call.now)
        rows = (row for row in rows if keeps(row[1]))
    if query.words:
        fields = [odata.looking_up(member, fill) for member in query.fields]
        rows = (row for row in rows if _holds(query.words, [field(row[1]) for field in fields]))
    return list(rows)


def indexed(tree: odata.Node | None, world: SandboxView) -> list[Stored] | None:
    """The few assessments among which an index finds all that the filter keeps, oldest first; None without such."""
    if tree is None:
        return None
    leads = (_ids(member, value, world) for member, value in odata.equalities(tree))
    shortest = min((ids for ids in leads if ids is not None), key=len, default=None)
    if shortest is None:
        return None
    found = [stored for id in dict.fromkeys(shortest) if (stored := world.get(RECORD_KIND, id)) is not None]
    return sorted(found, key=created) if len(found) > 1 else found


def created(stored: Stored) -> int:
    """What puts assessments, or people, into the order of their creation."""
    # Records of earlier versions have no number; they are older than all that have one.
    return int(stored.internal.get("number", 0))


def _ids(member: str, value: odata.Literal, world: SandboxView) -> list[str] | None:
    # In the caller's own ids a GUID may be in capitals, which the index knows nothing of.
    if value.type is odata.Type.GUID and member not in _OURS:
        return None
    if member == "assessmentId":
        return [value.value]
    # An empty text is no key.
    return [*world.ids(INDEXES[member], value.value)] if member in INDEXES and given(value.value) else None


def _asked(query: odata.Query, call: VendorRequest, world: SandboxView) -> list[Stored]:
    few = indexed(query.filter, world)
    rows = ((stored, _face(stored, world.config)) for stored in (world.all(RECORD_KIND) if few is None else few))
    found = fits(query, call, world, rows)
    for member, descending in reversed(query.order):
        look = odata.looking_up(member, str)
        found.sort(key=lambda row: _rank(look(row[1])), reverse=descending)
    return [*map(itemgetter(0), found)]


def _rank(value: Any) -> tuple[Any, ...]:
    return () if value is None else (value,)


def _holds(words: tuple[str, ...], values: list[str | None]) -> bool:
    texts = [value.lower() for value in values if value is not None]
    return all(any(word in text for text in texts) for word in words)


def _chosen(stored: Stored, query: odata.Query, config: Config) -> Stored | Mapping[str, Any]:
    if query.select is None:
        return faces.shown(stored, config)
    return {member: value for member, value in _face(stored, config).items() if member in query.select}


def _face(stored: Stored, config: Config) -> Mapping[str, Any]:
    shown = faces.shown(stored, config)
    return shown if isinstance(shown, dict) else shown.public
