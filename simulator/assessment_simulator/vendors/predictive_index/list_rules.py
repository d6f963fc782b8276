"""Every demand on the options of a list. The page Common explains them in a sentence each; that a wrong one is
refused, and with what, is our reading: a simulator that ignored it would hide the caller's bug.
"""

from collections.abc import Callable

from assessment_simulator.core.config import Config
from assessment_simulator.core.request import VendorRequest
from assessment_simulator.core.rules import Holds, Rule, misspelt_query
from assessment_simulator.core.sandbox_view import SandboxView
from assessment_simulator.core.sources import Source, Standing, ours
from assessment_simulator.vendors.predictive_index import surfaces
from assessment_simulator.vendors.predictive_index.notes import plus_hint
from assessment_simulator.vendors.predictive_index.odata import MOST, Surface, flaws
from assessment_simulator.vendors.predictive_index.odata.lexer import LONGEST, MOST_TOKENS
from assessment_simulator.vendors.predictive_index.odata.options import LONGEST_SEARCH
from assessment_simulator.vendors.predictive_index.odata.parser import DEEPEST
from assessment_simulator.vendors.predictive_index.sources import BODY, STATUS

SurfaceOf = Callable[[Config], Surface]

_NO_GRAMMAR = ours(
    "the option is documented, its grammar and version are not: the common ground of OData 3 and 4 is taken"
)
_LIMITS = ours("no limit is published; a real server has one")
_COUNTS = ours("the page says what the number is for; no page says which numbers are refused")

_EXAMPLE = "`externalId eq 'a-1' and not (gender eq 0 or startswith(lastName, 'F'))`"
_SIZE = f"{LONGEST} characters or {MOST_TOKENS} words, values and marks, nor nested more than {DEEPEST} deep"
_LIKE = (
    "what is alike: texts, numbers, instants, GUIDs, each with its like or with null, give functions what they take, "
    "and not divide by zero"
)
_ORDER = "members with commas between them, each alone or with ASC or DESC after it"
_TABLE: tuple[tuple[str, str, str, Source | str], ...] = (
    ("filter.size", "$filter", f"$filter must not be longer than {_SIZE}", _LIMITS),
    ("filter.syntax", "$filter", f"$filter must be an expression such as {_EXAMPLE}", _NO_GRAMMAR),
    ("filter.member", "$filter", "$filter must name members of the answer, as they are spelt there", "field names"),
    ("filter.type", "$filter", f"$filter must compare {_LIKE}", _NO_GRAMMAR),
    ("orderby.syntax", "$orderby", f"$orderby must be {_ORDER}", "sort field with optional DESC or ASC"),
    ("orderby.member", "$orderby", "$orderby must name members of the answer that have an order", "sort field"),
    ("top.value", "$top", f"$top must be a whole number from 0 to {MOST}", _COUNTS),
    ("skip.value", "$skip", f"$skip must be a whole number from 0 to {MOST}", _COUNTS),
    ("count.value", "$count", "$count must be true or false",
      ours("OData 4 has the option; no page of this vendor names it")),
    ("select.member", "$select", "$select must be members of the answer with commas between them", "returned fields"),
    ("search.text", "$search", f"$search must be one word or more, and at most {LONGEST_SEARCH} characters",
     ours("the option is documented as a text search; one for nothing is taken for a mistake")),
    ("searchfields.member", "searchfields", "searchfields must be text members with commas between them",
     "limits $search to the given fields"),
)  # fmt: skip
"""(the id's last words, the option, what is demanded, the words of Common about it or the reason for an assumption)."""


def _rules(prefix: str, surface_of: SurfaceOf, options: tuple[str, ...]) -> tuple[Rule, ...]:
    known = f"an option that begins with $ must be one of {', '.join(name for name in options if name[0] == '$')}"
    only = ours("which options a method supports is documented in its reference alone, which cannot be read")
    rows = [row for row in _TABLE if row[1] in options]
    return tuple(
        _rule(prefix, slug, place, statement, source, surface_of)
        for slug, place, statement, source in (("option.known", "options", known, only), *rows)
    )


def _rule(prefix: str, slug: str, place: str, statement: str, source: Source | str, surface_of: SurfaceOf) -> Rule:
    hint = {"option.known": misspelt_query(*surfaces.OPTIONS), "filter.syntax": _plus, "filter.type": _plus}.get(slug)
    id, where, holds = f"{prefix}.{slug}", f"query.{place}", _without(slug, surface_of)
    if isinstance(source, Source):
        return Rule(id, where, statement, 400, Standing.ASSUMED, source, holds, hint)
    source = Source("Common", f"OData, {place}: {source}; that anything else is refused is our reading")
    return Rule(
        id, where, statement, 400, Standing.DOCUMENTED, source, holds, hint, status_basis=STATUS, body_basis=BODY
    )  # fmt: skip


def _plus(call: VendorRequest, world: SandboxView) -> str | None:
    return plus_hint(call)


def _without(slug: str, surface_of: SurfaceOf) -> Holds:
    def holds(call: VendorRequest, world: SandboxView) -> bool:
        # The list that is asked for most has no options: nothing is read then.
        return not call.query or all(flaw.slug != slug for flaw in flaws(call.query, surface_of(world.config)))

    return holds


LIST = (_rules("pi.list", surfaces.of_assessments, surfaces.OPTIONS),)
"""The stage of GET behavioralassessments; all its rules stand in it, so that a refusal names all at once."""
SEARCH = (_rules("pi.search", surfaces.of_people, surfaces.OF_PEOPLE.options),)
"""The stage of GET peopleandjobs."""

_SURFACES: dict[str, SurfaceOf] = {"pi.list": surfaces.of_assessments, "pi.search": surfaces.of_people}


def found_wrong(rule: Rule, call: VendorRequest, world: SandboxView) -> str:
    """What exactly breaks a rule about options, to be put behind its statement; nothing for any other rule."""
    prefix = ".".join(rule.id.split(".")[:2])
    if prefix not in _SURFACES:
        return ""
    slug = rule.id.removeprefix(f"{prefix}.")
    found = flaws(call.query, _SURFACES[prefix](world.config))
    return next((f": {flaw.message}" for flaw in found if flaw.slug == slug), "")
