"""The list: what there is, in the order of creation, a page at a time, or what the options of OData ask for."""

from typing import Any

from hypothesis import strategies as st

from assessment_contracts.context import Context
from assessment_contracts.predictive_index import calls, fixtures, odata, oracle, strategies
from assessment_contracts.predictive_index.calls import PATH, unique
from assessment_contracts.predictive_index.facts import FACTS
from assessment_contracts.predictive_index.odata import Piece
from assessment_contracts.predictive_index.oracle import Face
from assessment_contracts.predictive_index.strategies import TAKER
from assessment_contracts.property import given
from assessment_contracts.registry import ASSUMED, CONTROL, Registry

contract = Registry("pi.list", FACTS, CONTROL)

_ORDERED = (
    "firstName", "middleName", "email", "gender", "patternNumber", "expirationDateTime", "assessmentDateTime",
    "personType", "assessmentState", "selfSigmaScore/bSigma", "positionSigmaScore/aSigma", "externalId",
    "associatedPositionTitle", "notifyAssessmentAvailableUsingEmail",
)  # fmt: skip
_orders = st.lists(
    st.tuples(st.sampled_from(_ORDERED), st.sampled_from(("", " asc", " desc", " DESC", " ASC"))),
    min_size=1,
    max_size=3,
)
_counts = st.sampled_from((None, 0, 1, 2, 3, 5, 12, 13, 14, 50, 2_147_483_647))


def _ids(faces: list[Face]) -> list[str]:
    return [face["assessmentId"][:8] + " " + str(face["firstName"]) for face in faces]


def _alike(found: list[Face], wanted: list[Face], asked: Any) -> None:
    assert _ids(found) == _ids(wanted), f"{asked} lists {_ids(found)}, not {_ids(wanted)}"
    calls.same(found, wanted)


@contract("list list.array list.limit", examples=0.1)
@given(more=st.integers(48, 53))
def limit(context: Context, more: int) -> None:
    """The list is an array of at most 50 assessments in the order of creation.

    $top and $skip return the pages, in which each is listed once. An empty list is an empty array.
    """
    sandbox = context.fresh()
    assert calls.listed(sandbox) == [], "a new account lists something"
    known = fixtures.listed(sandbox)
    _alike(calls.listed(sandbox), known, "no option")
    known = known + [calls.made(sandbox, TAKER) for _ in range(more)]
    _alike(calls.listed(sandbox), known[:50], "no option")
    for options, wanted in (
        ({"top": 51}, known[:50]), ({"top": 50}, known[:50]), ({"top": 49}, known[:49]), ({"skip": 50}, known[50:]),
        ({"skip": 2}, known[2:52]), ({"skip": 50, "top": 1000}, known[50:]), ({"filter": "true"}, known[:50]),
        ({"orderby": "isDeleted", "skip": 1}, known[1:51]),
    ):  # fmt: skip
        _alike(calls.listed(sandbox, **options), wanted, options)
    for top in (7, 50):
        found: list[Face] = []
        while page := calls.listed(sandbox, top=top, skip=len(found)):
            found += page
        _alike(found, known, f"all pages of {top}")


@contract("list.grammar list.filter", accepts="list.filter.*")
def operators(context: Context) -> None:
    """Every operator and function of $filter selects just the assessments for which it is true.

    Each is tried at its boundaries: equal, next to equal, empty and null.
    """
    known = fixtures.listed(context.sandbox)
    for piece in odata.WHOLE:
        _alike(calls.listed(context.sandbox, filter=piece.text), odata.kept(known, piece), piece.text)


@contract("list.grammar list.filter")
@given(pieces=st.lists(odata.filters, min_size=1, max_size=3))
def filtered(context: Context, pieces: list[Piece]) -> None:
    """A combined $filter has OData's meaning: `and` before `or`, brackets first, null neither true nor false.

    Compared with a small model, over the assessments as they are shown alone.
    """
    known = fixtures.listed(context.sandbox)
    for piece in pieces:
        _alike(calls.listed(context.sandbox, filter=piece.text), odata.kept(known, piece), piece.text)


@contract("list.filter list.array", needs=())
@given(names=strategies.names, stem=strategies.texts)
def found(context: Context, names: Face, stem: str) -> None:
    """An assessment is found by each of its ids, and by no other value.

    For a lookup by externalId the filter is the documented way.
    """
    ids = {"externalId": unique(stem), "externalPersonId": unique(stem)}
    face = calls.made(context.sandbox, {**names, **ids})
    for member in (*ids, "assessmentId", "assessmentUserId"):
        text = odata.quoted(face[member]).text
        assert _ids(calls.listed(context.sandbox, filter=f"{member} eq {text}")) == _ids([face]), (
            f"not found by {member}"
        )
        assert calls.listed(context.sandbox, filter=f"{member} eq {odata.quoted(face[member] + 'x').text}") == [], (
            member
        )
    both = " and ".join(f"{member} eq {odata.quoted(id).text}" for member, id in ids.items())
    assert _ids(calls.listed(context.sandbox, filter=both)) == _ids([face]), "not found by both ids"
    other = calls.made(context.sandbox, {"externalPersonId": ids["externalPersonId"]})
    where = f"externalPersonId eq {odata.quoted(ids['externalPersonId']).text}"
    assert _ids(calls.listed(context.sandbox, filter=where)) == _ids([face, other]), "not both of a person's are found"


@contract("list.grammar id.case", examples=0.25)
@given(place=st.integers(0, 12))
def guids(context: Context, place: int) -> None:
    """A GUID may be bare, tagged or quoted, in either case.

    OData 3 tags it, OData 4 does not.
    """
    known = fixtures.listed(context.sandbox)
    id = known[place]["assessmentId"]
    for text in (id, id.upper(), f"guid'{id}'", f"guid'{id.upper()}'", f"'{id}'", f"'{id.upper()}'"):
        _alike(calls.listed(context.sandbox, filter=f"assessmentId eq {text}"), [known[place]], text)
        others = [face for face in known if face is not known[place]]
        _alike(calls.listed(context.sandbox, filter=f"{text} ne assessmentId"), others, text)


@contract("list.options", accepts="list.orderby.*")
@given(order=_orders)
def ordered(context: Context, order: list[tuple[str, str]]) -> None:
    """$orderby sorts by each member, ascending unless DESC; equal ones stay in the order of creation.

    Numbers by value, texts by code point, times by time; null first.
    """
    known = fixtures.listed(context.sandbox)
    text = ",".join(name + direction for name, direction in order)
    wanted = odata.ordered(known, [(name, "desc" in direction.lower()) for name, direction in order])
    _alike(calls.listed(context.sandbox, orderby=text), wanted, text)


@contract("list.options")
def every_order(context: Context) -> None:
    """$orderby sorts by every member that has an order, in both directions.

    One member after the other.
    """
    known = fixtures.listed(context.sandbox)
    for name in _ORDERED:
        for direction in ("", " desc"):
            wanted = odata.ordered(known, [(name, bool(direction))])
            _alike(calls.listed(context.sandbox, orderby=name + direction), wanted, name + direction)


@contract("list.options", accepts="list.option.known list.skip.value list.top.value")
@given(skip=_counts, top=_counts, piece=st.none() | odata.filters, order=st.just([]) | _orders)
def pages(
    context: Context, skip: int | None, top: int | None, piece: Piece | None, order: list[tuple[str, str]]
) -> None:
    """$skip and $top select a page of what is filtered and ordered.

    Page by page a caller sees everything once.
    """
    wanted = fixtures.listed(context.sandbox)
    options: dict[str, Any] = {name: count for name, count in (("skip", skip), ("top", top)) if count is not None}
    if piece is not None:
        wanted, options["filter"] = odata.kept(wanted, piece), piece.text
    if order:
        wanted = odata.ordered(wanted, [(name, "desc" in direction.lower()) for name, direction in order])
        options["orderby"] = ", ".join(name + direction for name, direction in order)
    first = skip or 0
    wanted = wanted[first:] if top is None else wanted[first : first + top]
    _alike(calls.listed(context.sandbox, **options), wanted, options)


@contract("list.options")
def every_page(context: Context) -> None:
    """Every $skip with every $top returns the right page.

    Also at the beginning and at the end.
    """
    known = fixtures.listed(context.sandbox)
    for skip in (0, 1, 11, 12, 13, 14):
        for top in (0, 1, 2, 12, 13, 14):
            for more in ({}, {"filter": "true"}, {"orderby": "isDeleted"}):
                found = calls.listed(context.sandbox, skip=skip, top=top, **more)
                _alike(found, known[skip : skip + top], f"$skip={skip}, $top={top}, {more}")


@contract("list.options", accepts="list.select.member")
@given(
    names=st.lists(st.sampled_from((*oracle.MEMBERS, "*")), min_size=1, max_size=4), blank=st.sampled_from(("", " "))
)
def selected(context: Context, names: list[str], blank: str) -> None:
    """$select shows the named members only, in their usual order.

    A star means all of them.
    """
    known = fixtures.listed(context.sandbox)
    wanted = [{m: face[m] for m in oracle.MEMBERS if m in names or "*" in names} for face in known]
    calls.same(calls.listed(context.sandbox, select=f",{blank}".join(names)), wanted)


_SOUGHT = (
    "firstName", "middleName", "lastName", "email", "administeredByEmail", "administeredByPhone",
    "administeredByFirstName", "administeredByLastName", "associatedPositionTitle", "folderPath", "externalId",
    "externalPersonId",
)  # fmt: skip
_WORDS = (
    "ada",
    "ADA",
    "kevin",
    "sam1",
    "Flynn",
    "Zoë",
    "a b",
    "b",
    "executive",
    "sales",
    "nobody",
    "😀",
    "É",
    "@example",
)


@contract("list.options", accepts="list.search.text list.searchfields.member")
@given(
    words=st.lists(st.sampled_from(_WORDS), min_size=1, max_size=2),
    fields=st.just([]) | st.lists(st.sampled_from((*_SOUGHT, "personType", "redirectUrl")), min_size=1, max_size=2),
)
def searched(context: Context, words: list[str], fields: list[str]) -> None:
    """$search matches assessments whose texts contain each of its words, in any case; searchfields selects the texts.

    Phrases are in quotation marks.
    """
    known = fixtures.listed(context.sandbox)
    text = " ".join(f'"{word}"' if " " in word else word for word in words)
    wanted = [
        face for face in known
        if all(any(word.lower() in str(face[field] or "").lower() for field in fields or _SOUGHT) for word in words)
    ]  # fmt: skip
    more = {"searchfields": ",".join(fields)} if fields else {}
    _alike(calls.listed(context.sandbox, search=text, **more), wanted, f"{text} in {fields}")


@contract("list.count", accepts="list.count.value", examples=0.25)
@given(piece=st.none() | odata.filters, top=st.sampled_from((0, 2, None)))
def counted(context: Context, piece: Piece | None, top: int | None) -> None:
    """$count=true adds a note with the number of matches, and does not change the list.

    An array has no member for the number.
    """
    known = fixtures.listed(context.sandbox)
    wanted = known if piece is None else odata.kept(known, piece)
    options = {name: value for name, value in (("$filter", piece and piece.text), ("$top", top)) if value is not None}
    for count in ("true", "false"):
        answer = calls.ask(context.sandbox, "GET", PATH, query={**options, "$count": count})
        _alike(calls.shown(answer, 200), wanted[:top], f"{options} with $count={count}")
        note = f"$count: {len(wanted)} match"
        assert (note in answer.headers.get("simulator-note", "")) is (count == "true"), f"{options}: {answer.headers}"


@contract(standing=ASSUMED, examples=0.25)
@given(name=st.sampled_from(("top", "externalId", "page", "Filter", "größe")))
def strangers(context: Context, name: str) -> None:
    """An undocumented parameter without a dollar sign is ignored, with a note.

    The vendor's framework does not bind it.
    """
    known = fixtures.listed(context.sandbox)
    answer = calls.ask(context.sandbox, "GET", PATH, query={name: "1", "$top": "3"})
    _alike(calls.shown(answer, 200), known[:3], name)
    assert "not a documented parameter" in answer.headers.get("simulator-note", ""), f"{name} is not noted"
    clean = calls.ask(context.sandbox, "GET", PATH, query={"$top": "3", "searchfields": "email"})
    assert "simulator-note" not in clean.headers, "a documented option is noted"


PROPERTIES = contract.properties
