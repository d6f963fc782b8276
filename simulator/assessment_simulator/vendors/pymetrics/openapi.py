"""The OpenAPI description: the shapes of all bodies, and a story of requests that is run for the examples."""

from typing import get_args, get_type_hints

from assessment_simulator.core import config, schema
from assessment_simulator.core.schema import Content, Parameter, Schema, Step, array, nullable, record, ref, text
from assessment_simulator.core.text import VISIBLE
from assessment_simulator.vendors.pymetrics import results, rules
from assessment_simulator.vendors.pymetrics.examples import CLIENT, ORDER
from assessment_simulator.vendors.pymetrics.states import STATE_MACHINE
from assessment_simulator.vendors.pymetrics.v2.content import FACTORS
from assessment_simulator.vendors.pymetrics.v2.factors import ALIGNMENTS, TITLES

JSON = "application/json"
_UUID = text(format="uuid")
_TEXT = text()
_FIELDS = {field.slug: field.description for field in rules.ORDER_FIELDS}


def _field(slug: str) -> Schema:
    """A member of an order that shows a member of the request."""
    return nullable(text(_FIELDS[slug]))


SCHEMAS: dict[str, Schema] = {
    "Token": record({
        "access_token": text("goes into the header Authorization, after `Bearer `"),
        "token_type": text(enum=["Bearer"]),
        "expires_in": schema.integer("seconds that the token lives"),
        "scope": _TEXT,
    }),
    "Assessment": record({
        "id": text("what an order names as assessment_id"),
        "type": text(enum=list(get_args(get_type_hints(config.Assessment)["type"]))),
        "description": text("the name that people know it by"),
    }, "One candidate experience, registered outside the API"),
    "Assessments": record({"assessments": array(ref("Assessment"))}),
    "Candidate": record({
        name: _field(f"candidate.{name}") for name in ("email", "first_name", "last_name", "external_id")
    }),
    "Result": record({
        "assessment": ref("Assessment"),
        "create_date": schema.instant("when the candidate finished"),
        "description": nullable(text("what the band means")),
        "score": nullable(schema.number("from 0 to 100 where it is drawn")),
        "band": nullable(text(f"one of {', '.join(name for _, name, _ in results.BANDS)}, where it is drawn")),
    }),
    "Report": record({
        "download_url": text("answers without headers, for an hour", format="uri"),
        "create_date": schema.instant(),
        "modify_date": schema.instant(),
        "report_type": text("in version 2 only"),
    }, optional=("report_type",)),
    "Order": record({
        "id": text("the order's id", format="uuid"),
        "invite_link": text("where the candidate begins", format="uri"),
        "status": text("where the order is in its life", enum=[str(state) for state in STATE_MACHINE.states]),
        "create_date": schema.instant(),
        "candidate": ref("Candidate"),
        "assessment_id": text(_FIELDS["assessment_id"]),
        "assessment": ref("Assessment"),
        "application_id": text(_FIELDS["application_id"]),
        "ats_type": _TEXT,
        "requisition_id": _field("requisition_id"),
        "requisition_title": _field("requisition_title"),
        "metadata": nullable(ref("Metadata")),
        "recruiter_report": nullable(text("documented; always null here", format="uri")),
        "results": nullable(array(ref("Result"), "null until the candidate has finished")),
        "reports": nullable(array(ref("Report"), "null until a report was asked for")),
        "candidate_redirect_url": _field("candidate_redirect_url"),
    }),
    "Metadata": schema.anything(_FIELDS["metadata"]),
    "CreatedOrder": record({
        "order": ref("Order"), "created": schema.boolean("false where the order was there already"),
    }),
    "Orders": record({"orders": array(ref("Order"))}),
    "FactorContent": record({
        "order": record({"id": _UUID, "status": _TEXT, "assessment_id": _TEXT, "implementation_id": _UUID}),
        "factors": array(ref("Factor")),
    }),
    "Factor": record({
        "name": text(enum=[factor.name for factor in FACTORS]),
        "definition": _TEXT, "quadrant": _TEXT, "high_label": _TEXT, "low_label": _TEXT,
        "model_directions": array(record({"assessment": ref("Assessment"), "direction": text(enum=["high", "low"])})),
        "development_report_factor_content": record({
            "results": _TEXT, "strengths": _TEXT, "opportunities": _TEXT,
            "maximize_strengths": array(_TEXT), "ways_to_develop": array(_TEXT),
        }),
    }),
    "CapabilityContent": record({
        "title": _TEXT,
        "overall_capabilities_alignment": text(enum=list(ALIGNMENTS.values())),
        "capabilities": array(ref("Capability")),
    }),
    "Capability": record({
        "label": _TEXT, "description": _TEXT, "icon": _TEXT,
        "quintile": text(enum=["1", "2", "3", "4", "5"]),
        "behaviors_exhibited": array(array(_TEXT)), "ways_to_develop": array(_TEXT), "ways_to_lead": array(_TEXT),
        "learning_content": array(record({
            "title": _TEXT, "link": text(format="uri"), "type": _TEXT, "language_code": _TEXT,
        })),
    }),
    "ErrorResponse": record({
        "request_id": _UUID,
        "recoverable": schema.boolean("whether the same call may succeed later"),
        "message": text("what is wrong"),
    }),
    "OrderStatusChanged": record({
        "type": text(enum=["order.status_changed"]), "timestamp": schema.instant(), "data": ref("Order"),
    }, "The body of the webhook"),
    "Forbidden": record({"message": text(enum=["Forbidden"])}, "The gateway's answer where the key is not known"),
    "TokenBody": schema.body(rules.TOKEN_FIELDS, ("client_id", "client_secret", "grant_type"), {
        "client_id": {"minLength": 1}, "client_secret": {"minLength": 1},
        "grant_type": {"enum": ["client_credentials"]},
    }),
    "OrderBody": schema.body(rules.ORDER_FIELDS, ("candidate", "candidate.email", "assessment_id", "application_id"), {
        "candidate.email": {"pattern": VISIBLE},
        "candidate.first_name": {"pattern": f"^$|{VISIBLE}"},
        "candidate.last_name": {"pattern": f"^$|{VISIBLE}"},
        "candidate_redirect_url": {"format": "uri", "minLength": 1, "maxLength": rules.LONGEST_URL},
    }),
    "ListBody": {"anyOf": [
        schema.body(rules.LIST_FIELDS, (field.slug,), {field.slug: {"minLength": 1}}) for field in rules.LIST_FIELDS
    ]},
}  # fmt: skip

_BOTH = ("key", "token")
_ORDER_ID = (Parameter("uuid", _UUID, "the order's id", required=True, place="path"),)
_REPORT = Parameter(
    "report", {"anyOf": [schema.boolean(), text(pattern=schema.any_case(rules.YES | rules.NO))]},
    "whether to make a report of a finished order",
)  # fmt: skip
_FILTERS = tuple(Parameter(field.slug, _TEXT, field.description) for field in rules.LIST_FIELDS)
_TYPE = Parameter("type", text(enum=list(TITLES)), "whom the content is for", required=True, place="path")
_TICKET = Parameter("ticket", _TEXT, "the last segment of a report's download_url", required=True, place="path")


def _answer(shape: str) -> dict[str, Schema]:
    return {JSON: ref(shape)}


def _create(*readers: str) -> Content:
    links = {reader: {"uuid": "$response.body#/order/id"} for reader in readers}
    answers = {200: _answer("CreatedOrder"), 201: _answer("CreatedOrder")}
    return Content((), _answer("OrderBody"), answers, _BOTH, links)


def _read(shape: str, *parameters: Parameter) -> Content:
    return Content(parameters, {}, {200: _answer(shape)}, _BOTH)


# By a behaviour flag a form is accepted too; no page says so, and client generators fail on two kinds of body.
_TOKEN = Content(body=_answer("TokenBody"), answers={201: _answer("Token")})

# The request and the responses of each operation.
CONTENTS = {
    "create_token": _TOKEN,
    "get_configuration": _read("Assessments"),
    "create_order": _create("get_order"),
    "get_order": _read("Order", *_ORDER_ID, _REPORT),
    "list_orders": Content((), _answer("ListBody"), {200: _answer("Orders")}, _BOTH),
    "create_token_v2": _TOKEN,
    "get_configuration_v2": _read("Assessments"),
    "create_order_v2": _create("get_order_v2", "get_factor_content", "get_capability_content"),
    "get_order_v2": _read("Order", *_ORDER_ID, _REPORT),
    "list_orders_v2": _read("Orders", *_FILTERS),
    "get_factor_content": _read("FactorContent", *_ORDER_ID),
    "get_capability_content": _read("CapabilityContent", *_ORDER_ID, _TYPE),
    "download_report": Content((_TICKET,), {}, {200: {"application/pdf": schema.binary()}}),
}

_CREATED = {"uuid": "=create_order/order/id"}


def _version(v2: str, *middle: Step) -> tuple[Step, ...]:
    return (
        Step(f"create_token{v2}", CLIENT),
        Step(f"get_configuration{v2}"),
        Step(f"create_order{v2}", ORDER),
        Step(f"create_order{v2}", ORDER),
        *middle,
        Step(f"get_order{v2}", params=_CREATED, query={"report": "true"}),
    )


# An order from the token to its report, in both versions.
STORY = (
    *_version("", Step("complete", params={"id": "=create_order/order/id"})),
    Step("list_orders", {"job_application_id": "application-42"}),
    *_version("_v2"),
    Step("create_order_v2", {**ORDER, "application_id": "application-43"}),
    Step("list_orders_v2", query={"candidate_id": "candidate-7", "job_application_id": "application-43"}),
    Step("get_factor_content", params=_CREATED),
    Step("get_capability_content", params={**_CREATED, "type": "talent"}),
)

_WEBHOOK = {"post": {
    "operationId": "order_status_changed",
    "summary": "Extension: an order's status changed",
    "description":
        "An extension of this simulator: pymetrics documents no webhook. Sent only where the sandbox sets "
        "`webhook_url`, signed as the Standard Webhooks specification says.",
    "x-extension": True,
    "parameters": [
        {"name": name, "in": "header", "required": True, "schema": {"type": "string"}}
        for name in ("webhook-id", "webhook-timestamp", "webhook-signature")
    ],
    "security": [],
    "requestBody": {"required": True, "content": {JSON: {"schema": ref("OrderStatusChanged")}}},
    "responses": {"2XX": {"description": "taken; anything else, or nothing, is tried again"}},
}}  # fmt: skip

INTERFACE = schema.Interface(
    about="Versions 1 and 2 of pymetrics Mercury's Assessment API, as this simulator answers them with the default "
    "settings. Every refusal names the rules that it comes from in the header Simulator-Rule.",
    schemas=SCHEMAS,
    contents=CONTENTS,
    errors={403: {"anyOf": [ref("Forbidden"), ref("ErrorResponse")]}, 0: ref("ErrorResponse")},
    security={
        "key": {"type": "apiKey", "in": "header", "name": "X-Api-Key", "description": "`sim-<sandbox>`"},
        "token": {"type": "http", "scheme": "bearer", "description": "what the token call gave"},
    },
    webhooks={"order.status_changed": _WEBHOOK},
    headers={"x-api-key": "sim-example", "authorization": "Bearer =create_token/access_token"},
    story=STORY,
)
