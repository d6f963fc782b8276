"""The list of assessments: all of them, or those that the options of OData ask for.

Without options the records are handed on as they are stored. A page that only `$skip` and `$top` bound is read at its
place, and a filter that names an id is answered by an index; every other question looks at each assessment.
"""

from collections.abc import Iterable, Mapping
from operator import itemgetter
from typing import Any

from simulator.core.call import BASE, SEAL, Call, Reply
from simulator.core.config import Config
from simulator.core.decision import Decision
from simulator.core.draw import seal
from simulator.core.world import Stored, World
from simulator.vendors.predictive_index import faces, odata, surfaces
from simulator.vendors.predictive_index.indexes import INDEXES
from simulator.vendors.predictive_index.people import given
from simulator.vendors.predictive_index.states import KIND
from simulator.vendors.predictive_index.switches import LIST_LIMIT, setting

Match = tuple[Stored, Mapping[str, Any]]
"""A record, and its face as answers show it."""

_OURS = ("assessmentId", "assessmentUserId")
_NOTED = 5
_CUT = 40


def list_assessments(call: Call, world: World) -> Decision:
    """Show all assessments in the order of their creation, or those that the options ask for as they ask for it."""
    config = world.config
    limit = setting(config, LIST_LIMIT)
    if not call.query:
        stored = world.all(KIND) if limit is None else world.page(KIND, 0, limit)
        return Decision(Reply(200, [faces.shown(one, config) for one in stored]))
    query = odata.read(call.query, surfaces.of_assessments(config))
    top = min(number for number in (query.top, limit, odata.MOST) if number is not None)
    if query.is_page and not query.count:
        found = world.page(KIND, query.skip, top)
        counted: tuple[str, ...] = ()
    else:
        every = _asked(query, call, world)
        found = every[query.skip : query.skip + top]
        counted = (f"$count: {len(every)} match; the answer is a bare array, which has no member for it",)
    shown = [_chosen(one, query, config) for one in found]
    return Decision(Reply(200, shown, notes=(*(counted if query.count else ()), *notes(call))))


def fits(query: odata.Query, call: Call, world: World, rows: Iterable[Match]) -> list[Match]:
    """Those records that the filter keeps and the search finds."""

    def fill(link: str) -> str:
        return link.replace(BASE, call.base).replace(SEAL, f"{world.name}.{seal(world.secret, 'link')}")

    if query.filter is not None:
        keeps = odata.keeps(query.filter, fill, call.now)
        rows = (row for row in rows if keeps(row[1]))
    if query.words:
        fields = [odata.looking_up(member, fill) for member in query.fields]
        rows = (row for row in rows if _holds(query.words, [field(row[1]) for field in fields]))
    return list(rows)


def notes(call: Call) -> tuple[str, ...]:
    """What was asked in words that no document knows; an unknown option with a dollar sign was refused before."""
    strange = [name for name in call.query if name not in surfaces.OPTIONS][:_NOTED]
    # Notes travel in places that take printable ASCII alone.
    printable = (ascii(name[:_CUT])[1:-1][:_CUT] for name in strange)
    return tuple(f"query.{name} is not a documented option; it was ignored" for name in printable)


def indexed(tree: odata.Node | None, world: World) -> list[Stored] | None:
    """The few assessments among which an index finds all that the filter keeps, oldest first; None without such."""
    if tree is None:
        return None
    leads = (_ids(member, value, world) for member, value in odata.equalities(tree))
    shortest = min((ids for ids in leads if ids is not None), key=len, default=None)
    if shortest is None:
        return None
    found = [stored for id in dict.fromkeys(shortest) if (stored := world.get(KIND, id)) is not None]
    return sorted(found, key=lambda stored: stored.facts["created"]) if len(found) > 1 else found


def _ids(member: str, value: odata.Literal, world: World) -> list[str] | None:
    # In the caller's own ids a GUID may be in capitals, which the index knows nothing of.
    if value.type is odata.Type.GUID and member not in _OURS:
        return None
    if member == "assessmentId":
        return [value.value]
    # An empty text is no key.
    return [*world.ids(INDEXES[member], value.value)] if member in INDEXES and given(value.value) else None


def _asked(query: odata.Query, call: Call, world: World) -> list[Stored]:
    few = indexed(query.filter, world)
    rows = ((stored, _face(stored, world.config)) for stored in (world.all(KIND) if few is None else few))
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
    return shown if isinstance(shown, dict) else shown.face
