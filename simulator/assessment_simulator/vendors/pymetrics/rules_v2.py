"""Where version 2 of the API asks for something else than version 1; what both ask for is in `rules`."""

from typing import cast

from assessment_simulator.core.request import VendorRequest
from assessment_simulator.core.rules import Holds, Rule, misspelt_query
from assessment_simulator.core.sandbox_view import SandboxView, Stored
from assessment_simulator.core.sources import Source, Standing, ours
from assessment_simulator.vendors.pymetrics import rules, sources
from assessment_simulator.vendors.pymetrics.behaviour_flags import V2_EMAIL, setting
from assessment_simulator.vendors.pymetrics.states import RECORD_KIND

TITLES = {
    "talent": "Your capabilities",
    "recruiter": "The candidate's capabilities",
    "manager": "Your team member's capabilities",
}
"""The readers whom capability content is written for, and the title that each finds."""

_ANALOGY = ours("only the parameters of this call are documented; it answers as Get Factor Content does")


def _has_email(call: VendorRequest, world: SandboxView) -> bool:
    return setting(world.config, V2_EMAIL) == "optional" or rules.EMAIL_REQUIRED.check(call, world)


def _filtered(call: VendorRequest, world: SandboxView) -> bool:
    return any(call.query.get(field.slug) for field in rules.LIST_FIELDS)


def _known(call: VendorRequest, world: SandboxView) -> bool:
    return world.get(RECORD_KIND, call.params["uuid"]) is not None


def _has_results(call: VendorRequest, world: SandboxView) -> bool:
    # The stage before found the order.
    return bool(cast("Stored", world.get(RECORD_KIND, call.params["uuid"])).public["results"])


def _type_named(call: VendorRequest, world: SandboxView) -> bool:
    return call.params["type"] in TITLES


def _uuid(id: str, statement: str, status: int, standing: Standing, source: Source, holds: Holds) -> Rule:
    return Rule(id, "path.uuid", statement, status, standing, source, holds)


EMAIL_REQUIRED = Rule(
    "pymetrics.v2.order.candidate.email.required", "body.candidate.email",
    "candidate.email is required, unless pymetrics agreed to do without", 400,
    Standing.DOCUMENTED, sources.CANDIDATE_V2, _has_email, rules.EMAIL_REQUIRED.hint, status_basis=sources.UNLISTED,
)  # fmt: skip
"""The page says "generally required"; its schema leaves the member optional: hence the switch."""

ORDER = tuple(
    tuple(EMAIL_REQUIRED if rule is rules.EMAIL_REQUIRED else rule for rule in stage) for stage in rules.ORDER
)
"""The stages of creating an order: those of version 1, but for the address."""

LIST = (
    (
        Rule(
            "pymetrics.v2.list.filter", "query", "at least one of job_application_id and candidate_id must be given",
            400, Standing.DOCUMENTED, sources.LIST_400_V2, _filtered,
            misspelt_query(*(field.slug for field in rules.LIST_FIELDS)),
        ),
    ),
)  # fmt: skip
"""The stage of listing orders; an empty string counts as not given, for the vendor's client sends one so."""

_MUST_BE_KNOWN = "the id must be that of an order"
_MUST_SCORE = "the order must have results; complete it first"

FACTOR = (
    (_uuid("pymetrics.v2.factor.known", _MUST_BE_KNOWN, 404, Standing.DOCUMENTED, sources.FACTOR_404, _known),),
    (_uuid("pymetrics.v2.factor.scores", _MUST_SCORE, 400, Standing.DOCUMENTED, sources.FACTOR_400, _has_results),),
)  # fmt: skip
"""The stages of factor content. The vendor's 400 is for scores that cannot be obtained: ours is that there are none."""

CAPABILITY = (
    (_uuid("pymetrics.v2.capability.known", _MUST_BE_KNOWN, 404, Standing.ASSUMED, _ANALOGY, _known),),
    (
        Rule(
            "pymetrics.v2.capability.type", "path.type", f"type must be one of {', '.join(TITLES)}", 400,
            Standing.DOCUMENTED, sources.CAPABILITY_TYPE, _type_named, status_basis=sources.UNLISTED,
        ),
        _uuid("pymetrics.v2.capability.scores", _MUST_SCORE, 400, Standing.ASSUMED, _ANALOGY, _has_results),
    ),
)  # fmt: skip
"""The stages of capability content. The three types are documented, the 400 for another one is our choice."""
