"""Where each rule and promise of pymetrics stands, read anew from the vendor's pages and clients.

The pages are those of the Assessment API 1.3.0 (version 1) and of the API 2.2.0 and 2.2.1 (version 2); what they do not
say is known from the published clients, or it is assumed, and then the reason is given.
"""

from collections.abc import Iterator
from dataclasses import replace

from assessment_contracts.sources import Fact, Source, Standing, ours

BOTH = "pymetrics API 1.3.0 and 2.2.0"
FIRST = "pymetrics Assessment API 1.3.0"
SECOND = "pymetrics API 2.2.0"
LATEST = "pymetrics API 2.2.1"
CLIENT = "pymetrics-assessment-api-client 1.0.1 (PyPI)"
GENERATED = "pymetrics/open_api_pymetrics_assessment_client 2eff9fb (GitHub)"

TOKEN_FIELDS = ("client_id", "client_secret", "grant_type")
ORDER_FIELDS = (
    "candidate", "candidate.email", "candidate.first_name", "candidate.last_name", "candidate.external_id",
    "assessment_id", "application_id", "send_email", "requisition_id", "requisition_title", "metadata",
    "candidate_redirect_url",
)  # fmt: skip
LIST_FIELDS = ("job_application_id", "candidate_id")


def _documented(title: str, where: str, *ids: str) -> Iterator[Fact]:
    """What a page says."""
    return (Fact(f"pymetrics.{id}", Standing.DOCUMENTED, Source(title, where)) for id in ids)


def _observed(title: str, where: str, *ids: str) -> Iterator[Fact]:
    """What a client of the vendor's shows."""
    return (Fact(f"pymetrics.{id}", Standing.OBSERVED, Source(title, where)) for id in ids)


def _assumed(reason: str, *ids: str) -> Iterator[Fact]:
    """What nobody outside knows."""
    return (Fact(f"pymetrics.{id}", Standing.ASSUMED, ours(reason)) for id in ids)


_CALLS = (
    *_documented(BOTH, "Generate OAuth Token, response 400", "token.body.json", "token.body.object"),
    *_documented(BOTH, "Generate OAuth Token, request body", *(f"token.{name}.required" for name in TOKEN_FIELDS)),
    *_documented(BOTH, "Generate OAuth Token, response 401", "token.client"),
    *_assumed("documented as 'usually client_credentials'; no other grant is described", "token.grant_type.value"),
    *_assumed("only JSON is documented, but general OAuth clients send a form", "token.media_type"),
    *_documented(
        BOTH, "Introduction, authentication", "access.key", "access.bearer", "access.token.live", "token.keyless"
    ),
    *_documented(BOTH, "Get Assessment Configurations, response 401", "access.token.known"),
    *_assumed("no limit is documented; a sandbox may set one to see how its callers bear it", "access.rate"),
    *_documented(BOTH, "Create Assessment Order, response 400", "order.body.json", "order.body.object"),
    *_documented(
        BOTH, "Create Assessment Order, request body", "order.candidate.required", "order.assessment_id.required",
        "order.assessment_id.known", "order.application_id.required",
    ),
    *_documented(FIRST, "MercuryCandidate, email", "order.candidate.email.required"),
    *_documented(
        SECOND, "MercuryCandidate, email: generally required unless pymetrics says otherwise",
        "v2.order.candidate.email.required",
    ),
    *_assumed("it becomes the candidate's user name; no other form is asked of it", "order.candidate.email.empty"),
    *_assumed(
        "a name that shows nothing is a caller's mistake",
        *(f"order.{name}.blank" for name in ("candidate.first_name", "candidate.last_name")),
    ),
    *_observed(
        GENERATED, "OrderRequest, length checks; the same in pymetrics-soft-skills-sdk 1.0.2 (PyPI)",
        "order.candidate_redirect_url.length",
    ),
    *_assumed(
        "the length limits are those of a type that takes any scheme and needs a host",
        "order.candidate_redirect_url.url",
    ),
    *_assumed(
        "a simulator that coerces would hide the caller's bug",
        *(f"token.{name}.type" for name in TOKEN_FIELDS),
        *(f"order.{name}.type" for name in ORDER_FIELDS),
        *(f"list.{name}.type" for name in LIST_FIELDS),
    ),
    *_documented(BOTH, "Get Assessment Order, response 404", "get.known"),
    *_assumed("the vendor's clients send true, false, True and False; anything else is a slip", "get.report"),
    *_documented(FIRST, "List Assessment Orders, request body", "list.body.json", "list.body.object"),
    *_documented(FIRST, "List Assessment Orders, response 400", "list.filter"),
    *_documented(SECOND, "List Assessment Orders, response 400", "v2.list.filter"),
    *_documented(SECOND, "Get Factor Content, response 404", "v2.factor.known"),
    *_documented(SECOND, "Get Factor Content, response 400", "v2.factor.scores"),
    *_documented(LATEST, "Get Capability Content, path parameter type", "v2.capability.type"),
    *_assumed(
        "only the parameters of this call are documented; it answers as Get Factor Content does",
        "v2.capability.known", "v2.capability.scores",
    ),
    *_assumed("presigned links are answered 403 by their store when they are not genuine", "report.link"),
    *_assumed("documented as presigned, so it lapses; after an hour is our choice", "report.lapsed"),
    *_assumed("nothing is documented; the envelope is what the vendor's clients parse", "http.route"),
    *_assumed("nothing is documented; a 405 tells a caller more than a gateway's 403", "http.verb"),
    *_assumed("nothing is documented; what is not decoded must not be read as JSON", "http.encoding"),
    *_assumed("nothing is documented; a body that large is a caller's mistake", "http.size"),
)  # fmt: skip
"""What is demanded of a call."""

_ANSWERS = (
    *_documented(BOTH, "Generate OAuth Token, response 201", "token.created"),
    *_documented(BOTH, "Generate OAuth Token, expires_in", "token.life"),
    *_documented(BOTH, "Create Assessment Order, response 201", "order.created"),
    *_documented(BOTH, "Create Assessment Order, response 200", "order.resolved"),
    *_assumed("the documents speak of resolving to an existing object", "order.unchanged"),
    *_documented(BOTH, "OrderRequest, send_email", "order.mail"),
    *_documented(BOTH, "OrderRequest", "order.echo"),
    *_assumed("one member, metadata, was seen null, in a client that was changed by hand for it", "order.nulls"),
    *_observed(CLIENT, "models/pontem_order_statuses.py", "order.statuses"),
    *_assumed("version 1 demands the link in the answer to a creation", "order.initial"),
    *_assumed("the ids are UUIDs, whose letters have no case", "id.case"),
    *_assumed("one move is documented; the others are told by their names", "order.moves"),
    *_assumed("no expiry is documented", "order.stays"),
    *_documented(BOTH, "Get Assessment Order, description", "order.fulfilled"),
    *_assumed("the description says that retrieving moves it", "order.fulfilled.shown"),
    *_documented(BOTH, "Get Assessment Order, report", "order.report"),
    *_assumed("no 400 is listed for this call", "order.report.early"),
    *_documented(BOTH, "MercuryReport, download_url", "order.report.link"),
    *_assumed("presigned addresses lapse; neither life nor format is documented", "order.report.life"),
    *_documented(BOTH, "List Assessment Orders", "list.both"),
    *_assumed("no other identifier of a candidate is ever shown", "list.and"),
    *_assumed("only the description of Get says so", "list.still"),
    *_documented(SECOND, "paths of the operations", "v2.same"),
    *_assumed("no page speaks of orders or tokens of the other version", "v2.shared"),
    *_documented(SECOND, "models against those of 1.3.0", "v2.loose"),
    *_documented(SECOND, "Get Factor Content", "v2.factors"),
    *_documented(LATEST, "Get Capability Content", "v2.capabilities"),
    *_assumed("the page could not be read as far as its path", "v2.capabilities.path"),
    *_observed(LATEST, "Get Capability Content, response sample", "v2.capabilities.members"),
    *_documented(BOTH, "ErrorResponse", "error.envelope"),
    *_assumed("the vendor's slides and press speak of percentages and show three tiers", "results.scale"),
    *_assumed("the clients list these values and more; which of them orders of this API have follows from the names",
              "types"),
    *_assumed("any form of ISO 8601 suits the clients; this one is Python's own", "dates"),
    *_assumed(
        "the vendor has no webhook; ours is signed as the Standard Webhooks specification says", "webhook"
    ),
)  # fmt: skip
"""What is promised of the answers."""

_STATUS_ASSUMED = frozenset({
    # A gateway's 403: no page names it, nor its body.
    "pymetrics.access.key",
    # 401 is listed for two calls only, and the rule holds for all.
    "pymetrics.access.bearer", "pymetrics.access.token.known", "pymetrics.access.token.live",
    # The demand is written, what happens to the call is not. The 400 of a list is for the case that it has no filter.
    "pymetrics.order.assessment_id.known", "pymetrics.v2.order.candidate.email.required",
    "pymetrics.v2.capability.type", "pymetrics.list.body.json", "pymetrics.list.body.object",
})  # fmt: skip
"""Rules whose demand is documented, and the status of whose refusal is not."""

FACTS: tuple[Fact, ...] = tuple(
    replace(fact, status=Standing.ASSUMED) if fact.id in _STATUS_ASSUMED else fact for fact in (*_CALLS, *_ANSWERS)
)
"""Every rule and promise of pymetrics."""
