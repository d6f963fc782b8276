"""The options of a query, read together: what is asked for, and what is wrong with how it is asked."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from assessment_simulator.vendors.predictive_index.odata.parser import parse
from assessment_simulator.vendors.predictive_index.odata.surface import (
    Flaw,
    Member,
    Surface,
    Type,
    Wrong,
    named,
    quoted,
)
from assessment_simulator.vendors.predictive_index.odata.tree import Node

MOST = 2_147_483_647
"""The largest `$top` and `$skip`: a 32-bit integer's."""
LONGEST_SEARCH = 1_000

_NUMBER = re.compile(r"[0-9]{1,10}")
_WORD = re.compile(r'"([^"]+)"|([^\s"]+)')
_UNORDERED = (Type.OBJECT, Type.TRUTH)


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked for. `select` None is every member; `order` are members, each with whether it descends."""

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
        """Whether only the place of a record decides if it is shown."""
        return self.filter is None and not self.order and not self.words


def read(options: Mapping[str, str], surface: Surface) -> Query:
    """What these options, which have no flaws, ask for."""
    return _read(tuple(options.items()), surface)[0]


def flaws(options: Mapping[str, str], surface: Surface) -> tuple[Flaw, ...]:
    """What is wrong with these options."""
    return _read(tuple(options.items()), surface)[1]


@lru_cache(maxsize=64)
def _read(options: tuple[tuple[str, str], ...], surface: Surface) -> tuple[Query, tuple[Flaw, ...]]:
    """Cached, for every rule asks again, and so does the decision."""
    given, found = dict(options), []
    parts: dict[str, object] = {"fields": tuple(surface.members[name] for name in surface.sought)}
    for name, text in given.items():
        try:
            if name in surface.options:
                part, reading = _OPTIONS[name]
                parts[part] = reading(text, surface)
            elif name.startswith("$"):
                raise Wrong("option.known", f"{quoted(name)} is none")  # noqa: TRY301  one way out for every flaw
        except Wrong as wrong:
            found.append(wrong.flaw)
    return Query(**parts), tuple(found)  # type: ignore[arg-type]  # the table pairs each part with its reading


def _order(text: str, surface: Surface) -> tuple[tuple[Member, bool], ...]:
    found: dict[Member, bool] = {}
    for item in text.split(","):
        name, *direction = item.split() or [""]
        if not name or len(direction) > 1 or [word.lower() for word in direction] not in ([], ["asc"], ["desc"]):
            raise Wrong("orderby.syntax", f"{quoted(item.strip())} is not of that form")
        member = named(surface, name, "orderby.member")
        if member.type in _UNORDERED:
            raise Wrong("orderby.member", f"{quoted(name)} has no order")
        # What the first mention leaves alike, a second would too.
        found.setdefault(member, bool(direction) and direction[0].lower() == "desc")
    return tuple(found.items())


def _count(slug: str) -> Callable[[str, Surface], int]:
    def reading(text: str, surface: Surface) -> int:
        if _NUMBER.fullmatch(text) is None or int(text) > MOST:
            raise Wrong(slug, f"{quoted(text)} is none")
        return int(text)

    return reading


def _counting(text: str, surface: Surface) -> bool:
    if text not in ("true", "false"):
        raise Wrong("count.value", f"{quoted(text)} is neither")
    return text == "true"


def _select(text: str, surface: Surface) -> frozenset[str] | None:
    names = [name.strip() for name in text.split(",")]
    strange = [name for name in names if name not in (*surface.shown, "*")]
    if strange:
        raise Wrong("select.member", f"{quoted(strange[0])} is none")
    return None if "*" in names else frozenset(names)


def _search(text: str, surface: Surface) -> tuple[str, ...]:
    if len(text) > LONGEST_SEARCH:
        raise Wrong("search.text", f"it has {len(text)} characters")
    words = words_in(text)
    if not words:
        raise Wrong("search.text", "there is no word in it")
    return words


def words_in(text: str) -> tuple[str, ...]:
    """The words and "phrases" of a search, in lower case; a quotation mark without its pair counts for nothing."""
    return tuple(dict.fromkeys((phrase or word).lower() for phrase, word in _WORD.findall(text)))


def _fields(text: str, surface: Surface) -> tuple[Member, ...]:
    fields = tuple(dict.fromkeys(named(surface, name.strip(), "searchfields.member") for name in text.split(",")))
    for member in fields:
        if member.type is not Type.TEXT:
            raise Wrong("searchfields.member", f"{quoted(member.name)} is no text")
    return fields


_OPTIONS: Mapping[str, tuple[str, Callable[[str, Surface], object]]] = {
    "$filter": ("filter", parse),
    "$orderby": ("order", _order),
    "$top": ("top", _count("top.value")),
    "$skip": ("skip", _count("skip.value")),
    "$select": ("select", _select),
    "$search": ("words", _search),
    "searchfields": ("fields", _fields),
    "$count": ("count", _counting),
}
"""The part of the query that each option gives, and how it is read."""
