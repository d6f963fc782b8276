"""What a request must contain: the fields of each body as tables, and every demand on them as one row.

An operation has stages of rules. The response names all violated rules of the first stage that has any, so a stage may
rely on the stages before it.
"""

from dataclasses import replace
from typing import Any

from assessment_simulator.core.config import Assessment, Config
from assessment_simulator.core.request import MISSING, Unreadable, VendorRequest
from assessment_simulator.core.rules import (
    Check,
    Field,
    Json,
    Rule,
    media_type_hint,
    misspelt,
    misspelt_query,
    not_an_object,
    type_rules,
    unknown_id,
    unreadable,
)
from assessment_simulator.core.sandbox_view import SandboxView
from assessment_simulator.core.sources import Basis, Source, Standing, ours
from assessment_simulator.core.text import choice_of, folded, ignored, is_blank, is_uuid
from assessment_simulator.core.urls import FORM, is_url
from assessment_simulator.vendors.pymetrics import access, sources
from assessment_simulator.vendors.pymetrics.behaviour_flags import FORM_BODY, V2_EMAIL
from assessment_simulator.vendors.pymetrics.states import RECORD_KIND

LONGEST_URL = 65_536
YES = frozenset({"true", "1", "yes", "on", "t", "y"})
NO = frozenset({"false", "0", "no", "off", "f", "n"})


def _field(kind: Json, path: str, description: str) -> Field:
    return Field(tuple(path.split(".")), kind, path, description)


TOKEN_FIELDS = (
    _field(Json.STRING, "client_id", "the client's id, issued at set-up"),
    _field(Json.STRING, "client_secret", "the client's secret, issued at set-up"),
    _field(Json.STRING, "grant_type", "always client_credentials"),
)
ORDER_FIELDS = (
    _field(Json.OBJECT, "candidate", "who is to be assessed"),
    _field(Json.STRING, "candidate.email", "the candidate's address and user name; part of the order's identity"),
    _field(Json.STRING, "candidate.first_name", "the candidate's first name"),
    _field(Json.STRING, "candidate.last_name", "the candidate's last name"),
    _field(Json.STRING, "candidate.external_id", "the caller's own id of the candidate"),
    _field(Json.STRING, "assessment_id", "one of the configured assessments; part of the order's identity"),
    _field(Json.STRING, "application_id", "the caller's own id of the application; part of the order's identity"),
    _field(Json.BOOLEAN, "send_email", "whether the vendor mails the invitation; false unless sent"),
    _field(Json.STRING, "requisition_id", "the caller's own id of the vacancy, shown again in the order"),
    _field(Json.STRING, "requisition_title", "the vacancy's title; may stand in the mail"),
    _field(Json.OBJECT, "metadata", "anything the caller wants to find again in the order"),
    _field(Json.STRING, "candidate_redirect_url", "where the candidate goes when finished"),
)
LIST_FIELDS = (
    _field(Json.STRING, "job_application_id", "orders with this application_id"),
    _field(Json.STRING, "candidate_id", "orders whose candidate has this external_id"),
)
_ORDER = {field.slug: field for field in ORDER_FIELDS}


def find_assessment(config: Config, id: Any) -> Assessment | None:
    """The configured assessment with that id; a UUID may have letters of either case."""
    for assessment in config.assessments:
        if assessment.id == id:
            return assessment
    if not isinstance(id, str) or not is_uuid(id):
        return None
    return next((assessment for assessment in config.assessments if assessment.id.lower() == id.lower()), None)


def show_assessment(assessment: Assessment) -> dict[str, str]:
    """The public fields of an assessment; `dataclasses.asdict` takes ten times as long, in every creation."""
    return {"id": assessment.id, "type": assessment.type, "description": assessment.description}


def order_exists(request: VendorRequest, view: SandboxView) -> bool:
    """Whether the id in the path is that of an order."""
    return view.get(RECORD_KIND, request.params["uuid"]) is not None


def _is_readable(request: VendorRequest, view: SandboxView) -> bool:
    return request.body is not MISSING and not isinstance(request.body, Unreadable)


def _is_json(request: VendorRequest, view: SandboxView) -> bool:
    return request.media_type != FORM and _is_readable(request, view)


def _is_known_assessment(request: VendorRequest, view: SandboxView) -> bool:
    id = request.body.get("assessment_id")
    return not isinstance(id, str) or find_assessment(view.config, id) is not None


def _assessment_hint(request: VendorRequest, view: SandboxView) -> str:
    """The assessments that are configured, of which each may also be meant by its description."""
    id, known = request.body["assessment_id"], view.config.assessments
    named = next((one.id for one in known if one.description and folded(one.description) == folded(id)), None)
    right = f"assessment_id is the id, here {named}; " if named else ""
    return right + choice_of(None, [f"{one.id} ({one.description})" for one in known], "assessments here")


def _body(prefix: str, source: Source, statement: str, check: Check, status: Basis | None = None) -> tuple[Rule, ...]:
    return (
        Rule(f"{prefix}.body.json", "body", statement, 400, Standing.DOCUMENTED, source, check, unreadable, status),
        Rule(f"{prefix}.body.object", "body", "the body must be an object", 400, Standing.DOCUMENTED, source,
            lambda request, view: isinstance(request.body, dict) or not _is_readable(request, view),
            not_an_object, status),
    )  # fmt: skip


def _required(prefix: str, field: Field, source: Source) -> Rule:
    """The rule that a member is there and not null, unless the object around it is itself missing."""
    *outer, name = field.path

    def check(request: VendorRequest, view: SandboxView) -> bool:
        around: Any = request.body
        for step in outer:
            around = around.get(step)
        return not isinstance(around, dict) or around.get(name) is not None

    return Rule(
        f"{prefix}.{field.slug}.required", field.place, f"{field.slug} is required", 400, Standing.DOCUMENTED, source,
        check, misspelt(field),
    )  # fmt: skip


def _with_basic_hint(rule: Rule) -> Rule:
    """The rule with a hint for OAuth clients that send the credentials in a header, where the vendor ignores them."""

    def hint(request: VendorRequest, view: SandboxView) -> str | None:
        if request.headers.get("authorization", "").partition(" ")[0].lower() != "basic":
            return rule.hint(request, view) if rule.hint else None
        return (
            "credentials in Authorization: Basic (client_secret_basic) are not read: send client_id and client_secret "
            "in the JSON body (client_secret_post)"
        )

    return replace(rule, hint=hint)


# The body is judged before the client: a 400 says more than a 401.
TOKEN = tuple(tuple(map(_with_basic_hint, stage)) for stage in (
    (
        *_body("pymetrics.token", sources.TOKEN_400, "the body must be readable JSON", _is_readable),
        Rule("pymetrics.token.media_type", "header.content-type", "the body must be JSON, not a form", 400,
            Standing.ASSUMED, FORM_BODY.source,
            lambda request, view: request.media_type != FORM or FORM_BODY.value(view.config) == "accepted",
            media_type_hint),
    ),
    (
        *(_required("pymetrics.token", field, sources.TOKEN_BODY) for field in TOKEN_FIELDS),
        *type_rules("pymetrics.token", TOKEN_FIELDS, 400),
        Rule("pymetrics.token.grant_type.value", "body.grant_type", "grant_type must be client_credentials", 400,
            Standing.ASSUMED, ours("documented as 'usually client_credentials'; no other grant is described"),
            TOKEN_FIELDS[2].passes("client_credentials".__eq__)),
    ),
    (access.CLIENT,),
))  # fmt: skip

EMAIL_REQUIRED = _required("pymetrics.order", _ORDER["candidate.email"], sources.CANDIDATE)

ORDER = (
    _body("pymetrics.order", sources.ORDER_400, "the body must be readable JSON, not a form", _is_json),
    (
        _required("pymetrics.order", _ORDER["candidate"], sources.ORDER_BODY),
        EMAIL_REQUIRED,
        Rule("pymetrics.order.candidate.email.empty", "body.candidate.email", "candidate.email must not be blank", 400,
            Standing.ASSUMED, ours("it becomes the candidate's user name; no other form is asked of it"),
            _ORDER["candidate.email"].passes(lambda email: not is_blank(email))),
        *(
            Rule(f"pymetrics.order.{name}.blank", f"body.{name}", f"{name} must not be white space alone", 400,
                Standing.ASSUMED, ours("no page names it; a name that shows nothing is a caller's mistake"),
                _ORDER[name].passes(lambda text: text == "" or not is_blank(text)))
            for name in ("candidate.first_name", "candidate.last_name")
        ),
        _required("pymetrics.order", _ORDER["assessment_id"], sources.ORDER_BODY),
        # The demand is documented, the 400 is our choice.
        Rule("pymetrics.order.assessment_id.known", "body.assessment_id",
            "assessment_id must be the id of one of the configured assessments", 400,
            Standing.DOCUMENTED, sources.ORDER_BODY, _is_known_assessment, _assessment_hint, sources.UNLISTED),
        _required("pymetrics.order", _ORDER["application_id"], sources.ORDER_BODY),
        *type_rules("pymetrics.order", ORDER_FIELDS, 400),
        Rule("pymetrics.order.candidate_redirect_url.length", "body.candidate_redirect_url",
            "candidate_redirect_url must be 1 to 65536 characters long", 400, Standing.OBSERVED, sources.URL_LENGTH,
            _ORDER["candidate_redirect_url"].passes(lambda url: 1 <= len(url) <= LONGEST_URL)),
        Rule("pymetrics.order.candidate_redirect_url.url", "body.candidate_redirect_url",
            "candidate_redirect_url must be a URL with a scheme and a host", 400,
            Standing.ASSUMED, ours("the length limits are those of a type that takes any scheme and needs a host"),
            _ORDER["candidate_redirect_url"].passes(is_url)),
    ),
)  # fmt: skip

# Version 2 states one demand on a new order otherwise. The page says "generally required"; its schema leaves the member
# optional: hence the flag.
EMAIL_REQUIRED_V2 = Rule("pymetrics.v2.order.candidate.email.required", "body.candidate.email",
    "candidate.email is required, unless pymetrics agreed to do without", 400,
    Standing.DOCUMENTED, sources.CANDIDATE_V2,
    lambda request, view: V2_EMAIL.value(view.config) == "optional" or EMAIL_REQUIRED.check(request, view),
    EMAIL_REQUIRED.hint, sources.UNLISTED)  # fmt: skip
ORDER_V2 = tuple(tuple(EMAIL_REQUIRED_V2 if rule is EMAIL_REQUIRED else rule for rule in stage) for stage in ORDER)

# A malformed id is simply unknown: the 404 is the only documented refusal.
GET = (
    (
        Rule("pymetrics.get.known", "path.uuid", "the id must be that of an order", 404,
            Standing.DOCUMENTED, sources.GET_404, order_exists, unknown_id(RECORD_KIND, "uuid")),
    ),
    (
        Rule("pymetrics.get.report", "query.report", "report must be true or false", 400,
            Standing.ASSUMED, ours("the vendor's clients send true, false, True and False; anything else is a slip"),
            lambda request, view: request.query.get("report", "").lower() in YES | NO | {""}),
    ),
)  # fmt: skip

# The 400 of a list is documented for the case that neither id is given. An empty string counts as not given.
LIST = (
    _body(
        "pymetrics.list", sources.LIST_BODY, "the body must be readable JSON, not a form", _is_json, sources.UNLISTED
    ),
    (
        *type_rules("pymetrics.list", LIST_FIELDS, 400),
        Rule("pymetrics.list.filter", "body", "at least one of job_application_id and candidate_id must be given", 400,
            Standing.DOCUMENTED, sources.LIST_400,
            lambda request, view: any(field.of(request.body) not in (None, "") for field in LIST_FIELDS),
            misspelt(*LIST_FIELDS)),
    ),
)  # fmt: skip

# An empty string counts as not given: the vendor's client sends one so.
LIST_V2 = (
    (
        Rule("pymetrics.v2.list.filter", "query", "at least one of job_application_id and candidate_id must be given",
            400, Standing.DOCUMENTED, sources.LIST_400_V2,
            lambda request, view: any(request.query.get(field.slug) for field in LIST_FIELDS),
            misspelt_query(*(field.slug for field in LIST_FIELDS))),
    ),
)  # fmt: skip

ORDER_MEMBERS = frozenset(field.path for field in ORDER_FIELDS)
LIST_MEMBERS = frozenset(field.path for field in LIST_FIELDS)


def notes(body: dict[str, Any], known: frozenset[tuple[str, ...]]) -> tuple[str, ...]:
    """Notes about members that no document names, at most five: they are accepted, and may be misspelt."""
    inner = body.get("candidate") if ("candidate",) in known else None
    found = [(name,) for name in body] + [("candidate", name) for name in inner or ()]
    if known.issuperset(found):
        return ()
    names = [".".join(path) for path in known]
    within = [path[1] for path in known if path[0] == "candidate" and len(path) > 1]
    return tuple(
        ignored("body", path[0], names) if len(path) == 1 else ignored("body.candidate", path[1], within)
        for path in [path for path in found if path not in known][:5]
    )
