"""The rules about the query options of the lists.

The page Common explains each option in a sentence. That a wrong option is refused, and how, is our reading: a
simulator that ignored it would hide the caller's mistake.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from assessment_simulator.core.config import Config
from assessment_simulator.core.request import VendorRequest
from assessment_simulator.core.rules import Check, Rule, misspelt_query
from assessment_simulator.core.sandbox_view import SandboxView
from assessment_simulator.core.sources import Source, Standing, ours
from assessment_simulator.core.text import PLUS, plus_is_suspect, raw_value
from assessment_simulator.vendors.predictive_index.odata import entity_schemas, options, parser
from assessment_simulator.vendors.predictive_index.odata.ast import EntitySchema, ODataError
from assessment_simulator.vendors.predictive_index.sources import BODY, STATUS

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
    ("top.value", "$top", f"$top must be a whole number from 0 to {options.MAX_COUNT}", _COUNTS),
    ("skip.value", "$skip", f"$skip must be a whole number from 0 to {options.MAX_COUNT}", _COUNTS),
    ("count.value", "$count", "$count must be true or false",
      ours("OData 4 has the option; no page of this vendor names it")),
    ("select.member", "$select", "$select must be members of the answer with commas between them", "returned fields"),
    ("search.text", "$search",
     f"$search must be one word or more, and at most {options.MAX_SEARCH_LENGTH} characters",
     ours("the option is documented as a text search; one for nothing is taken for a mistake")),
    ("searchfields.member", "searchfields", "searchfields must be text members with commas between them",
     "limits $search to the given fields"),
)  # fmt: skip


_SCHEMAS: Mapping[str, Callable[[Config], EntitySchema]] = {
    "pi.list": entity_schemas.assessments,
    "pi.search": lambda config: entity_schemas.PEOPLE,
}


def _errors(prefix: str, slug: str, request: VendorRequest, view: SandboxView) -> list[ODataError]:
    # Most requests for a list have no options.
    found = options.errors(request.query, _SCHEMAS[prefix](view.config)) if request.query else ()
    return [error for error in found if error.slug == slug]


def _no_error(prefix: str, slug: str) -> Check:
    return lambda request, view: not _errors(prefix, slug, request, view)


def _plus_hint(request: VendorRequest, view: SandboxView) -> str | None:
    """Return the hint for a refused `$filter` in which a `+` was probably meant as a plus, as in an offset."""
    raw = raw_value(request.raw_query, "$filter")
    broken_offset = re.search(r"T\d\d:[\d:.]+ \d\d:\d\d", request.query.get("$filter", ""))
    return PLUS if "+" in raw and (broken_offset or plus_is_suspect(raw, quoted=True)) else None


def _rules(prefix: str, known: tuple[str, ...]) -> tuple[Rule, ...]:
    first = (
        "option.known", "options",
        f"an option that begins with $ must be one of {', '.join(name for name in known if name[0] == '$')}",
        ours("which options a method supports is documented in its reference alone, which cannot be read"),
    )  # fmt: skip
    hints = {
        "option.known": misspelt_query(*entity_schemas.OPTIONS), "filter.syntax": _plus_hint, "filter.type": _plus_hint,
    }  # fmt: skip
    found = []
    for slug, place, statement, source in (first, *(row for row in _TABLE if row[1] in known)):
        rule = Rule(
            f"{prefix}.{slug}", f"query.{place}", statement, 400, Standing.ASSUMED, _NO_GRAMMAR,
            _no_error(prefix, slug), hints.get(slug),
        )  # fmt: skip
        if isinstance(source, Source):
            found.append(replace(rule, source=source))
        else:
            page = Source("Common", f"OData, {place}: {source}; that anything else is refused is our reading")
            documented = replace(rule, standing=Standing.DOCUMENTED, source=page)
            found.append(replace(documented, status_basis=STATUS, body_basis=BODY))
    return tuple(found)


LIST = (_rules("pi.list", entity_schemas.OPTIONS),)
"""The stage of GET behavioralassessments; it holds all rules, so that a response names all that are violated."""
SEARCH = (_rules("pi.search", entity_schemas.PEOPLE.options),)
"""The stage of GET peopleandjobs."""


def error_detail(rule: Rule, request: VendorRequest, view: SandboxView) -> str:
    """Return what exactly violates a rule about options, to follow its statement; nothing for any other rule."""
    prefix, slug = ".".join(rule.id.split(".")[:2]), ".".join(rule.id.split(".")[2:])
    found = _errors(prefix, slug, request, view) if prefix in _SCHEMAS else []
    return f": {found[0].message}" if found else ""
