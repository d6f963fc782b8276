"""Where version 2 of the API asks for something else than version 1; what both ask for is in `pymetrics.rules`."""

from typing import cast

from assessment_simulator.core.request import VendorRequest
from assessment_simulator.core.rules import Check, Rule, misspelt_query
from assessment_simulator.core.sandbox_view import SandboxView, Stored
from assessment_simulator.core.sources import Source, Standing, ours
from assessment_simulator.vendors.pymetrics import rules, sources
from assessment_simulator.vendors.pymetrics.behaviour_flags import V2_EMAIL
from assessment_simulator.vendors.pymetrics.states import RECORD_KIND

# The readers whom capability content is written for, and the title for each.
TITLES = {
    "talent": "Your capabilities",
    "recruiter": "The candidate's capabilities",
    "manager": "Your team member's capabilities",
}


def _has_email(request: VendorRequest, view: SandboxView) -> bool:
    return V2_EMAIL.value(view.config) == "optional" or rules.EMAIL_REQUIRED.check(request, view)


def _has_results(request: VendorRequest, view: SandboxView) -> bool:
    # The stage before found the order.
    return bool(cast("Stored", view.get(RECORD_KIND, request.params["uuid"])).public["results"])


def _id(id: str, statement: str, status: int, standing: Standing, source: Source, check: Check) -> Rule:
    return Rule(id, "path.uuid", statement, status, standing, source, check)


# The page says "generally required"; its schema leaves the member optional: hence the flag.
EMAIL_REQUIRED = Rule("pymetrics.v2.order.candidate.email.required", "body.candidate.email",
    "candidate.email is required, unless pymetrics agreed to do without", 400,
    Standing.DOCUMENTED, sources.CANDIDATE_V2, _has_email, rules.EMAIL_REQUIRED.hint, sources.UNLISTED)  # fmt: skip

ORDER = tuple(
    tuple(EMAIL_REQUIRED if rule is rules.EMAIL_REQUIRED else rule for rule in stage) for stage in rules.ORDER
)

# An empty string counts as not given: the vendor's client sends one so.
LIST = (
    (
        Rule("pymetrics.v2.list.filter", "query", "at least one of job_application_id and candidate_id must be given",
            400, Standing.DOCUMENTED, sources.LIST_400_V2,
            lambda request, view: any(request.query.get(field.slug) for field in rules.LIST_FIELDS),
            misspelt_query(*(field.slug for field in rules.LIST_FIELDS))),
    ),
)  # fmt: skip

_ANALOGY = ours("only the parameters of this call are documented; it answers as Get Factor Content does")
_KNOWN = "the id must be that of an order"
_MUST_SCORE = "the order must have results; complete it first"

# The vendor's 400 is for scores that cannot be obtained: ours is that there are none.
FACTOR = (
    (_id("pymetrics.v2.factor.known", _KNOWN, 404, Standing.DOCUMENTED, sources.FACTOR_404, rules.order_exists),),
    (_id("pymetrics.v2.factor.scores", _MUST_SCORE, 400, Standing.DOCUMENTED, sources.FACTOR_400, _has_results),),
)

# The three types are documented; the 400 for another one is our choice.
CAPABILITY = (
    (_id("pymetrics.v2.capability.known", _KNOWN, 404, Standing.ASSUMED, _ANALOGY, rules.order_exists),),
    (
        Rule("pymetrics.v2.capability.type", "path.type", f"type must be one of {', '.join(TITLES)}", 400,
            Standing.DOCUMENTED, sources.CAPABILITY_TYPE,
            lambda request, view: request.params["type"] in TITLES, status_basis=sources.UNLISTED),
        _id("pymetrics.v2.capability.scores", _MUST_SCORE, 400, Standing.ASSUMED, _ANALOGY, _has_results),
    ),
)  # fmt: skip
