"""The query options of a list: what they ask for, and what is not valid in them."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from assessment_simulator.vendors.predictive_index.odata.ast import EntitySchema, Member, Node, ODataError, Type, quoted
from assessment_simulator.vendors.predictive_index.odata.parser import parse

MAX_COUNT = 2_147_483_647
"""The largest `$top` and `$skip`: a 32-bit integer's."""
MAX_SEARCH_LENGTH = 1_000


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked for. `select` None is every member; `order` holds members, each with whether it descends."""

    filter: Node | None = None
    order: tuple[tuple[Member, bool], ...] = ()
    skip: int = 0
    top: int | None = None
    select: frozenset[str] | None = None
    words: tuple[str, ...] = ()
    fields: tuple[Member, ...] = ()
    count: bool = False

    @property
    def is_page(self) -> bool:
        """Whether only the position of a record decides if it is shown."""
        return self.filter is None and not self.order and not self.words


def read(options: Mapping[str, str], schema: EntitySchema) -> Query:
    """Read valid options."""
    return _read(tuple(options.items()), schema)[0]


def errors(options: Mapping[str, str], schema: EntitySchema) -> tuple[ODataError, ...]:
    """Return what is not valid in these options, one error an option."""
    return _read(tuple(options.items()), schema)[1]


@lru_cache(maxsize=64)
def _read(options: tuple[tuple[str, str], ...], schema: EntitySchema) -> tuple[Query, tuple[ODataError, ...]]:
    # Cached, since each of a dozen rules asks for the errors of the same request, and the decision for its query.
    parts: dict[str, object] = {"fields": tuple(schema.members[name] for name in schema.searchable)}
    found = []
    for name, text in options:
        try:
            if name in schema.options:
                part, parse_option = _OPTIONS[name]
                parts[part] = parse_option(text, schema)
            elif name.startswith("$"):
                raise ODataError("option.known", f"{quoted(name)} is none")  # noqa: TRY301  one way out for every error
        except ODataError as error:
            # The cache must not keep the frames of the traceback alive.
            found.append(error.with_traceback(None))
    return Query(**parts), tuple(found)  # type: ignore[arg-type]  # the table pairs each part with its parser


def _order(text: str, schema: EntitySchema) -> tuple[tuple[Member, bool], ...]:
    found: dict[Member, bool] = {}
    for item in text.split(","):
        name, *direction = item.split() or [""]
        if not name or len(direction) > 1 or [word.lower() for word in direction] not in ([], ["asc"], ["desc"]):
            raise ODataError("orderby.syntax", f"{quoted(item.strip())} is not of that form")
        member = schema.member(name, "orderby.member")
        if member.type in (Type.OBJECT, Type.BOOLEAN):
            raise ODataError("orderby.member", f"{quoted(name)} has no order")
        # Records that are equal at the first mention are equal at the second too.
        found.setdefault(member, bool(direction) and direction[0].lower() == "desc")
    return tuple(found.items())


def _number(slug: str) -> Callable[[str, EntitySchema], int]:
    def parse_number(text: str, schema: EntitySchema) -> int:
        if re.fullmatch(r"[0-9]{1,10}", text) is None or int(text) > MAX_COUNT:
            raise ODataError(slug, f"{quoted(text)} is none")
        return int(text)

    return parse_number


def _count(text: str, schema: EntitySchema) -> bool:
    if text not in ("true", "false"):
        raise ODataError("count.value", f"{quoted(text)} is neither")
    return text == "true"


def _select(text: str, schema: EntitySchema) -> frozenset[str] | None:
    names = [name.strip() for name in text.split(",")]
    for name in names:
        if name not in (*schema.selectable, "*"):
            raise ODataError("select.member", f"{quoted(name)} is none")
    return None if "*" in names else frozenset(names)


def _search(text: str, schema: EntitySchema) -> tuple[str, ...]:
    if len(text) > MAX_SEARCH_LENGTH:
        raise ODataError("search.text", f"it has {len(text)} characters")
    # Words and "phrases"; a quotation mark without its pair counts for nothing.
    found = re.findall(r'"([^"]+)"|([^\s"]+)', text)
    if not found:
        raise ODataError("search.text", "there is no word in it")
    return tuple(dict.fromkeys((phrase or word).lower() for phrase, word in found))


def _fields(text: str, schema: EntitySchema) -> tuple[Member, ...]:
    fields = tuple(dict.fromkeys(schema.member(name.strip(), "searchfields.member") for name in text.split(",")))
    for member in fields:
        if member.type is not Type.TEXT:
            raise ODataError("searchfields.member", f"{quoted(member.name)} is no text")
    return fields


# The part of the query that each option sets, and its parser.
_OPTIONS: Mapping[str, tuple[str, Callable[[str, EntitySchema], object]]] = {
    "$filter": ("filter", parse),
    "$orderby": ("order", _order),
    "$top": ("top", _number("top.value")),
    "$skip": ("skip", _number("skip.value")),
    "$select": ("select", _select),
    "$search": ("words", _search),
    "searchfields": ("fields", _fields),
    "$count": ("count", _count),
}
