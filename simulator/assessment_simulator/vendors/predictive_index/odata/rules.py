"""The query options of the lists: what they ask for, and the rules about what is not valid in them.

The page Common explains each option in a sentence. That a wrong option is refused, and how, is our reading: a
simulator that ignored it would hide the caller's mistake.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial

from assessment_simulator.core.config import Config
from assessment_simulator.core.request import VendorRequest
from assessment_simulator.core.rules import Rule, misspelt_query
from assessment_simulator.core.sandbox_view import SandboxView
from assessment_simulator.core.sources import Source, Standing, ours
from assessment_simulator.core.text import PLUS, is_blank, plus_is_suspect, raw_value
from assessment_simulator.vendors.predictive_index.odata import entity_schemas, parser
from assessment_simulator.vendors.predictive_index.odata.syntax import (
    EntitySchema,
    Member,
    Node,
    ODataError,
    Type,
    quoted,
)
from assessment_simulator.vendors.predictive_index.sources import BODY, STATUS

MAX_COUNT = 2_147_483_647  # the largest `$top` and `$skip`: a 32-bit integer's
MAX_SEARCH_LENGTH = 1_000


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked for."""

    filter: Node | None = None
    order: tuple[tuple[Member, bool], ...] = ()  # each with whether it descends
    skip: int = 0
    top: int | None = None
    select: frozenset[str] | None = None  # None: every member
    words: tuple[str, ...] = ()  # to search for, in the fields
    fields: tuple[Member, ...] = ()
    count: bool = False


def read(options: Mapping[str, str], schema: EntitySchema) -> tuple[Query, tuple[ODataError, ...]]:
    """Read the options of a request: the query, and what is not valid in them, one error an option."""
    return _read(tuple(options.items()), schema)


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


def _number(slug: str, text: str, schema: EntitySchema) -> int:
    if re.fullmatch(r"[0-9]{1,10}", text) is None or int(text) > MAX_COUNT:
        raise ODataError(slug, f"{quoted(text)} is none")
    return int(text)


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
    found = [phrase or word for phrase, word in re.findall(r'"([^"]+)"|([^\s"]+)', text)]
    words = dict.fromkeys(word.lower() for word in found if not is_blank(word))
    if not words:
        raise ODataError("search.text", "there is no word in it")
    return tuple(words)


def _fields(text: str, schema: EntitySchema) -> tuple[Member, ...]:
    fields = tuple(dict.fromkeys(schema.member(name.strip(), "searchfields.member") for name in text.split(",")))
    for member in fields:
        if member.type is not Type.TEXT:
            raise ODataError("searchfields.member", f"{quoted(member.name)} is no text")
    return fields


# The part of the query that each option sets, and its parser.
_OPTIONS: Mapping[str, tuple[str, Callable[[str, EntitySchema], object]]] = {
    "$filter": ("filter", parser.parse),
    "$orderby": ("order", _order),
    "$top": ("top", partial(_number, "top.value")),
    "$skip": ("skip", partial(_number, "skip.value")),
    "$select": ("select", _select),
    "$search": ("words", _search),
    "searchfields": ("fields", _fields),
    "$count": ("count", _count),
}

_NO_GRAMMAR = ours(
    "the option is documented, its grammar and version are not: the common ground of OData 3 and 4 is taken"
)
_COUNTS = ours("the page says what the number is for; no page says which numbers are refused")
_EXAMPLE = "`externalId eq 'a-1' and not (gender eq 0 or startswith(lastName, 'F'))`"
_MAX_SIZE = (
    f"{parser.MAX_LENGTH} characters or {parser.MAX_TOKENS} words, values and marks, nor nested more than "
    f"{parser.MAX_DEPTH} deep"
)
_COMPARABLE = (
    "what is alike: texts, numbers, instants, GUIDs, each with its like or with null, give functions what they take, "
    "and not divide by zero"
)
# (last words of the id, option, statement, the words of Common about it or the reason for an assumption).
_TABLE: tuple[tuple[str, str, str, Source | str], ...] = (
    ("filter.size", "$filter", f"$filter must not be longer than {_MAX_SIZE}",
     ours("no limit is published; a real server has one")),
    ("filter.syntax", "$filter", f"$filter must be an expression such as {_EXAMPLE}", _NO_GRAMMAR),
    ("filter.member", "$filter", "$filter must name members of the answer, as they are spelt there", "field names"),
    ("filter.type", "$filter", f"$filter must compare {_COMPARABLE}", _NO_GRAMMAR),
    ("orderby.syntax", "$orderby",
     "$orderby must be members with commas between them, each alone or with ASC or DESC after it",
     "sort field with optional DESC or ASC"),
    ("orderby.member", "$orderby", "$orderby must name members of the answer that have an order", "sort field"),
    ("top.value", "$top", f"$top must be a whole number from 0 to {MAX_COUNT}", _COUNTS),
    ("skip.value", "$skip", f"$skip must be a whole number from 0 to {MAX_COUNT}", _COUNTS),
    ("count.value", "$count", "$count must be true or false",
     ours("OData 4 has the option; no page of this vendor names it")),
    ("select.member", "$select", "$select must be members of the answer with commas between them", "returned fields"),
    ("search.text", "$search", f"$search must be one word or more, and at most {MAX_SEARCH_LENGTH} characters",
     ours("the option is documented as a text search; one for nothing is taken for a mistake")),
    ("searchfields.member", "searchfields", "searchfields must be text members with commas between them",
     "limits $search to the given fields"),
)  # fmt: skip
_SCHEMAS: Mapping[str, Callable[[Config], EntitySchema]] = {
    "pi.list": entity_schemas.assessments,
    "pi.search": lambda config: entity_schemas.PEOPLE,
}


def _error(prefix: str, slug: str, request: VendorRequest, view: SandboxView) -> ODataError | None:
    # Most requests for a list have no options.
    found = read(request.query, _SCHEMAS[prefix](view.config))[1] if request.query else ()
    return next((error for error in found if error.slug == slug), None)


def _plus_hint(request: VendorRequest, view: SandboxView) -> str | None:
    """Return the hint for a refused `$filter` in which a `+` was probably meant as a plus, as in an offset."""
    raw = raw_value(request.raw_query, "$filter")
    broken_offset = re.search(r"T\d\d:[\d:.]+ \d\d:\d\d", request.query.get("$filter", ""))
    return PLUS if "+" in raw and (broken_offset or plus_is_suspect(raw, quoted=True)) else None


_HINTS = {
    "option.known": misspelt_query(*entity_schemas.OPTIONS), "filter.syntax": _plus_hint, "filter.type": _plus_hint,
}  # fmt: skip


def _rule(prefix: str, slug: str, option: str, statement: str, source: Source | str) -> Rule:
    standing, status, body = Standing.ASSUMED, None, None
    if isinstance(source, str):
        source = Source("Common", f"OData, {option}: {source}; that anything else is refused is our reading")
        standing, status, body = Standing.DOCUMENTED, STATUS, BODY
    return Rule(
        f"{prefix}.{slug}", f"query.{option}", statement, 400, standing, source,
        lambda request, view: _error(prefix, slug, request, view) is None, _HINTS.get(slug), status, body,
    )  # fmt: skip


def _stage(prefix: str, known: tuple[str, ...]) -> tuple[Rule, ...]:
    options = ", ".join(name for name in known if name[0] == "$")
    first = (
        "option.known", "options", f"an option that begins with $ must be one of {options}",
        ours("which options a method supports is documented in its reference alone, which cannot be read"),
    )  # fmt: skip
    return tuple(_rule(prefix, *row) for row in (first, *(row for row in _TABLE if row[1] in known)))


# The stages of GET behavioralassessments and of GET peopleandjobs; each names all rules that are violated.
LIST = (_stage("pi.list", entity_schemas.OPTIONS),)
SEARCH = (_stage("pi.search", entity_schemas.PEOPLE.options),)


def error_detail(rule: Rule, request: VendorRequest, view: SandboxView) -> str:
    """Return what exactly violates a rule about options, to follow its statement; nothing for any other rule."""
    vendor, resource, slug = rule.id.split(".", 2)
    prefix = f"{vendor}.{resource}"
    error = _error(prefix, slug, request, view) if prefix in _SCHEMAS else None
    return f": {error.message}" if error else ""
