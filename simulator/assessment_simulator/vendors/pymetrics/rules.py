"""What a request must be like: the members of each body as tables, and every demand on them as a row."""

from dataclasses import replace
from typing import Any

from assessment_simulator.core.request import MISSING, Unreadable, VendorRequest
from assessment_simulator.core.rules import Field, Holds, Json, Rule, misspelt, type_rules, unreadable
from assessment_simulator.core.sandbox_view import SandboxView
from assessment_simulator.core.sources import Basis, Source, Standing, ours
from assessment_simulator.core.text import ignored, is_blank
from assessment_simulator.core.urls import is_url
from assessment_simulator.vendors.pymetrics import access, assessments, sources
from assessment_simulator.vendors.pymetrics.behaviour_flags import FORM_BODY, setting
from assessment_simulator.vendors.pymetrics.states import RECORD_KIND

FORM = "application/x-www-form-urlencoded"
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


def _readable(call: VendorRequest, world: SandboxView) -> bool:
    return call.body is not MISSING and not isinstance(call.body, Unreadable)


def _is_json(call: VendorRequest, world: SandboxView) -> bool:
    return _readable(call, world) and call.media_type != FORM


def _is_object(call: VendorRequest, world: SandboxView) -> bool:
    return isinstance(call.body, dict) or not _readable(call, world)


def _takes_form(call: VendorRequest, world: SandboxView) -> bool:
    return call.media_type != FORM or setting(world.config, FORM_BODY) == "accepted"


def _given(field: Field) -> Holds:
    """A predicate: the member is there and not null, unless the object around it is itself missing."""
    around, name = field.path[:-1], field.path[-1]

    def holds(call: VendorRequest, world: SandboxView) -> bool:
        outer: Any = call.body
        for step in around:
            outer = outer.get(step)
        return not isinstance(outer, dict) or outer.get(name) is not None

    return holds


def _configured(call: VendorRequest, world: SandboxView) -> bool:
    id = call.body.get("assessment_id")
    return not isinstance(id, str) or assessments.find(world.config, id) is not None


def _filtered(call: VendorRequest, world: SandboxView) -> bool:
    return any(field.of(call.body) not in (None, "") for field in LIST_FIELDS)


def _order_known(call: VendorRequest, world: SandboxView) -> bool:
    return world.get(RECORD_KIND, call.params["uuid"]) is not None


def _report_readable(call: VendorRequest, world: SandboxView) -> bool:
    word = call.query.get("report", "").lower()
    return word == "" or word in YES or word in NO


def _body(
    prefix: str, source: Source, statement: str, holds: Holds, status: Basis | None = None
) -> tuple[Rule, ...]:  # fmt: skip
    return (
        Rule(
            f"{prefix}.body.json", "body", statement, 400, Standing.DOCUMENTED, source, holds, unreadable,
            status_basis=status,
        ),
        Rule(
            f"{prefix}.body.object", "body", "the body must be an object", 400, Standing.DOCUMENTED, source, _is_object,
            status_basis=status,
        ),
    )  # fmt: skip


def _required(prefix: str, field: Field, source: Source) -> Rule:
    return Rule(
        f"{prefix}.{field.slug}.required", field.place, f"{field.slug} is required", 400,
        Standing.DOCUMENTED, source, _given(field), misspelt(field),
    )  # fmt: skip


def _basic(call: VendorRequest, world: SandboxView) -> str | None:
    if call.headers.get("authorization", "").partition(" ")[0].lower() != "basic":
        return None
    return (
        "credentials in Authorization: Basic (client_secret_basic) are not read: send client_id and client_secret in "
        "the JSON body (client_secret_post)"
    )


def _hinted(stages: tuple[tuple[Rule, ...], ...]) -> tuple[tuple[Rule, ...], ...]:
    """The same rules; each also names credentials that were sent in the wrong place as a cause."""

    def hinted(rule: Rule) -> Rule:
        own = rule.hint
        return replace(rule, hint=lambda call, world: (own(call, world) if own else None) or _basic(call, world))

    return tuple(tuple(hinted(rule) for rule in stage) for stage in stages)


TOKEN = _hinted((
    (
        *_body("pymetrics.token", sources.TOKEN_400, "the body must be readable JSON", _readable),
        Rule(
            "pymetrics.token.media_type", "header.content-type", "the body must be JSON, not a form", 400,
            Standing.ASSUMED, FORM_BODY.source, _takes_form,
        ),
    ),
    (
        *(_required("pymetrics.token", field, sources.TOKEN_BODY) for field in TOKEN_FIELDS),
        *type_rules("pymetrics.token", TOKEN_FIELDS, 400),
        Rule(
            "pymetrics.token.grant_type.value", "body.grant_type", "grant_type must be client_credentials", 400,
            Standing.ASSUMED, ours("documented as 'usually client_credentials'; no other grant is described"),
            TOKEN_FIELDS[2].passes("client_credentials".__eq__),
        ),
    ),
    (access.CLIENT,),
))  # fmt: skip
"""The stages of the token call. The body is judged before the client: a 400 says more than a 401."""

EMAIL_REQUIRED = _required("pymetrics.order", _ORDER["candidate.email"], sources.CANDIDATE)
"""The one demand on a new order that version 2 of the API states otherwise."""

ORDER = (
    _body("pymetrics.order", sources.ORDER_400, "the body must be readable JSON, not a form", _is_json),
    (
        _required("pymetrics.order", _ORDER["candidate"], sources.ORDER_BODY),
        EMAIL_REQUIRED,
        Rule(
            "pymetrics.order.candidate.email.empty", "body.candidate.email", "candidate.email must not be blank", 400,
            Standing.ASSUMED, ours("it becomes the candidate's user name; no other form is asked of it"),
            _ORDER["candidate.email"].passes(lambda email: not is_blank(email)),
        ),
        *(
            Rule(
                f"pymetrics.order.{name}.blank", f"body.{name}", f"{name} must not be white space alone", 400,
                Standing.ASSUMED, ours("no page names it; a name that shows nothing is a caller's mistake"),
                _ORDER[name].passes(lambda text: text == "" or not is_blank(text)),
            )
            for name in ("candidate.first_name", "candidate.last_name")
        ),
        _required("pymetrics.order", _ORDER["assessment_id"], sources.ORDER_BODY),
        Rule(
            "pymetrics.order.assessment_id.known", "body.assessment_id",
            "assessment_id must be the id of one of the configured assessments", 400,
            Standing.DOCUMENTED, sources.ORDER_BODY, _configured, status_basis=sources.UNLISTED,
        ),
        _required("pymetrics.order", _ORDER["application_id"], sources.ORDER_BODY),
        *type_rules("pymetrics.order", ORDER_FIELDS, 400),
        Rule(
            "pymetrics.order.candidate_redirect_url.length", "body.candidate_redirect_url",
            "candidate_redirect_url must be 1 to 65536 characters long", 400, Standing.OBSERVED, sources.URL_LENGTH,
            _ORDER["candidate_redirect_url"].passes(lambda url: 1 <= len(url) <= LONGEST_URL),
        ),
        Rule(
            "pymetrics.order.candidate_redirect_url.url", "body.candidate_redirect_url",
            "candidate_redirect_url must be a URL with a scheme and a host", 400,
            Standing.ASSUMED, ours("the length limits are those of a type that takes any scheme and needs a host"),
            _ORDER["candidate_redirect_url"].passes(is_url),
        ),
    ),
)  # fmt: skip
"""The stages of creating an order. The 400 for an unknown assessment is our choice: the demand is documented."""

GET = (
    (
        Rule(
            "pymetrics.get.known", "path.uuid", "the id must be that of an order", 404,
            Standing.DOCUMENTED, sources.GET_404, _order_known,
        ),
    ),
    (
        Rule(
            "pymetrics.get.report", "query.report", "report must be true or false", 400,
            Standing.ASSUMED, ours("the vendor's clients send true, false, True and False; anything else is a slip"),
            _report_readable,
        ),
    ),
)  # fmt: skip
"""The stages of reading an order. A malformed id is simply unknown: the 404 is the only documented refusal."""

LIST = (
    # The 400 of this call is documented for the case that neither id is given.
    _body(
        "pymetrics.list", sources.LIST_BODY, "the body must be readable JSON, not a form", _is_json, sources.UNLISTED
    ),
    (
        *type_rules("pymetrics.list", LIST_FIELDS, 400),
        Rule(
            "pymetrics.list.filter", "body", "at least one of job_application_id and candidate_id must be given", 400,
            Standing.DOCUMENTED, sources.LIST_400, _filtered, misspelt(*LIST_FIELDS),
        ),
    ),
)  # fmt: skip
"""The stages of listing orders; an empty string counts as not given."""


ORDER_MEMBERS = frozenset(field.path for field in ORDER_FIELDS)
LIST_MEMBERS = frozenset(field.path for field in LIST_FIELDS)


def notes(body: dict[str, Any], known: frozenset[tuple[str, ...]]) -> tuple[str, ...]:
    """Which members no document names, at most five, so that a slip of the pen is seen though it is accepted."""
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
