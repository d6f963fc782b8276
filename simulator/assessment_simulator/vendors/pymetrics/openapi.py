"""What goes over the wire, for the OpenAPI document: shapes as tables, and a story that is played for its examples."""

from typing import get_args, get_type_hints

from assessment_simulator.core import config
from assessment_simulator.core.schema import (
    Content,
    Interface,
    Parameter,
    Schema,
    Step,
    any_case,
    anything,
    array,
    binary,
    body,
    boolean,
    instant,
    integer,
    nullable,
    number,
    record,
    ref,
    text,
)
from assessment_simulator.vendors.pymetrics import results, rules, rules_v2
from assessment_simulator.vendors.pymetrics.content import FACTORS
from assessment_simulator.vendors.pymetrics.rules import LONGEST_URL, NO, YES
from assessment_simulator.vendors.pymetrics.states import STATE_MACHINE

JSON = "application/json"
_ID: Schema = {"format": "uuid"}

_TYPES = list(get_args(get_type_hints(config.Assessment)["type"]))
_FIELDS = {field.slug: field.description for field in rules.ORDER_FIELDS}
_ALIGNMENTS = ["High Alignment", "Moderate Alignment", "Low Alignment"]

SCHEMAS: dict[str, Schema] = {
    "Token": record({
        "access_token": text("goes into the header Authorization, after `Bearer `"),
        "token_type": text(enum=["Bearer"]),
        "expires_in": integer("seconds that the token lives"),
        "scope": text(),
    }),
    "Assessment": record({
        "id": text("what an order names as assessment_id"),
        "type": text(enum=_TYPES),
        "description": text("the name that people know it by"),
    }, "One candidate experience, registered outside the API"),
    "Assessments": record({"assessments": array(ref("Assessment"))}),
    "Candidate": record({
        name: nullable(text(_FIELDS[f"candidate.{name}"]))
        for name in ("email", "first_name", "last_name", "external_id")
    }),
    "Result": record({
        "assessment": ref("Assessment"),
        "create_date": instant("when the candidate finished"),
        "description": nullable(text("what the band means")),
        "score": nullable(number("from 0 to 100 where it is drawn")),
        "band": nullable(text(f"one of {', '.join(name for _, name, _ in results.BANDS)}, where it is drawn")),
    }),
    "Report": record({
        "download_url": text("answers without headers, for an hour", format="uri"),
        "create_date": instant(),
        "modify_date": instant(),
        "report_type": text("in version 2 only"),
    }, optional=("report_type",)),
    "Order": record({
        "id": text("the order's id", **_ID),
        "invite_link": text("where the candidate begins", format="uri"),
        "status": text("where the order is in its life", enum=[str(state) for state in STATE_MACHINE.states]),
        "create_date": instant(),
        "candidate": ref("Candidate"),
        "assessment_id": text(_FIELDS["assessment_id"]),
        "assessment": ref("Assessment"),
        "application_id": text(_FIELDS["application_id"]),
        "ats_type": text(),
        "requisition_id": nullable(text(_FIELDS["requisition_id"])),
        "requisition_title": nullable(text(_FIELDS["requisition_title"])),
        "metadata": nullable(ref("Metadata")),
        "recruiter_report": nullable(text("documented; always null here", format="uri")),
        "results": nullable(array(ref("Result"), "null until the candidate has finished")),
        "reports": nullable(array(ref("Report"), "null until a report was asked for")),
        "candidate_redirect_url": nullable(text(_FIELDS["candidate_redirect_url"])),
    }),
    "Metadata": anything(_FIELDS["metadata"]),
    "CreatedOrder": record({
        "order": ref("Order"), "created": boolean("false where the order was there already"),
    }),
    "Orders": record({"orders": array(ref("Order"))}),
    "FactorContent": record({
        "order": record({
            "id": text(**_ID), "status": text(), "assessment_id": text(), "implementation_id": text(**_ID),
        }),
        "factors": array(ref("Factor")),
    }),
    "Factor": record({
        "name": text(enum=[factor.name for factor in FACTORS]),
        "definition": text(),
        "quadrant": text(),
        "high_label": text(),
        "low_label": text(),
        "model_directions": array(record({"assessment": ref("Assessment"), "direction": text(enum=["high", "low"])})),
        "development_report_factor_content": record({
            "results": text(),
            "strengths": text(),
            "opportunities": text(),
            "maximize_strengths": array(text()),
            "ways_to_develop": array(text()),
        }),
    }),
    "CapabilityContent": record({
        "title": text(),
        "overall_capabilities_alignment": text(enum=_ALIGNMENTS),
        "capabilities": array(ref("Capability")),
    }),
    "Capability": record({
        "label": text(),
        "description": text(),
        "icon": text(),
        "quintile": text(enum=["1", "2", "3", "4", "5"]),
        "behaviors_exhibited": array(array(text())),
        "ways_to_develop": array(text()),
        "ways_to_lead": array(text()),
        "learning_content": array(record({
            "title": text(), "link": text(format="uri"), "type": text(), "language_code": text(),
        })),
    }),
    "ErrorResponse": record({
        "request_id": text(**_ID),
        "recoverable": boolean("whether the same call may succeed later"),
        "message": text("what is wrong"),
    }),
    "OrderStatusChanged": record({
        "type": text(enum=["order.status_changed"]), "timestamp": instant(), "data": ref("Order"),
    }, "The body of the webhook"),
    "Forbidden": record({"message": text(enum=["Forbidden"])}, "The gateway's answer where the key is not known"),
}  # fmt: skip
"""Every named shape."""

SCHEMAS["TokenBody"] = body(rules.TOKEN_FIELDS, ("client_id", "client_secret", "grant_type"), {
    "client_id": {"minLength": 1}, "client_secret": {"minLength": 1}, "grant_type": {"enum": ["client_credentials"]},
})  # fmt: skip
SCHEMAS["OrderBody"] = body(
    rules.ORDER_FIELDS, ("candidate", "candidate.email", "assessment_id", "application_id"),
    {
        "candidate.email": {"pattern": r"\S"},
        "candidate.first_name": {"pattern": r"^$|\S"},
        "candidate.last_name": {"pattern": r"^$|\S"},
        "candidate_redirect_url": {"format": "uri", "minLength": 1, "maxLength": LONGEST_URL},
    },
)  # fmt: skip
SCHEMAS["ListBody"] = {"anyOf": [
    body(rules.LIST_FIELDS, (field.slug,), {field.slug: {"minLength": 1}}) for field in rules.LIST_FIELDS
]}  # fmt: skip
_BOTH = ("key", "token")
_UUID = (Parameter("uuid", text(**_ID), "the order's id", required=True, place="path"),)
_REPORT = Parameter(
    "report", {"anyOf": [boolean(), text(pattern=any_case(YES | NO))]}, "whether to make a report of a finished order"
)
_FILTERS = tuple(Parameter(field.slug, text(), field.description) for field in rules.LIST_FIELDS)
_TYPE = Parameter("type", text(enum=list(rules_v2.TITLES)), "whom the content is for", required=True, place="path")
_TICKET = Parameter("ticket", text(), "the last segment of a report's download_url", required=True, place="path")


def _json(name: str) -> dict[str, Schema]:
    return {JSON: ref(name)}


def _token() -> Content:
    # A form is taken too, by a switch; no page says so, and generators of clients do not bear two kinds of body.
    return Content(body={JSON: ref("TokenBody")}, answers={201: _json("Token")})


def _create(*readers: str) -> Content:
    links = {reader: {"uuid": "$response.body#/order/id"} for reader in readers}
    answers = {200: _json("CreatedOrder"), 201: _json("CreatedOrder")}
    return Content((), {JSON: ref("OrderBody")}, answers, _BOTH, links)


def _read(shape: str, *parameters: Parameter) -> Content:
    return Content(parameters, {}, {200: _json(shape)}, _BOTH)


CONTENTS = {
    "create_token": _token(),
    "get_configuration": _read("Assessments"),
    "create_order": _create("get_order"),
    "get_order": _read("Order", *_UUID, _REPORT),
    "list_orders": Content((), {JSON: ref("ListBody")}, {200: _json("Orders")}, _BOTH),
    "create_token_v2": _token(),
    "get_configuration_v2": _read("Assessments"),
    "create_order_v2": _create("get_order_v2", "get_factor_content", "get_capability_content"),
    "get_order_v2": _read("Order", *_UUID, _REPORT),
    "list_orders_v2": _read("Orders", *_FILTERS),
    "get_factor_content": _read("FactorContent", *_UUID),
    "get_capability_content": _read("CapabilityContent", *_UUID, _TYPE),
    "download_report": Content((_TICKET,), {}, {200: {"application/pdf": binary()}}),
}
"""What each operation takes and gives."""

_CLIENT = {"client_id": "sim-example", "client_secret": "any", "grant_type": "client_credentials"}
_WISH = {
    "candidate": {
        "email": "ada@example.com", "first_name": "Ada", "last_name": "Lovelace", "external_id": "candidate-7",
    },
    "assessment_id": config.Config().assessments[0].id,
    "application_id": "application-42",
    "requisition_title": "Software Engineer",
    "candidate_redirect_url": "https://client.example/done",
}  # fmt: skip
_ONE = {"uuid": "=create_order/order/id"}


def _version(v2: str, *middle: Step) -> tuple[Step, ...]:
    return (
        Step(f"create_token{v2}", _CLIENT),
        Step(f"get_configuration{v2}"),
        Step(f"create_order{v2}", _WISH),
        Step(f"create_order{v2}", _WISH),
        *middle,
        Step(f"get_order{v2}", params=_ONE, query={"report": "true"}),
    )


STORY = (
    *_version("", Step("complete", params={"id": "=create_order/order/id"})),
    Step("list_orders", {"job_application_id": "application-42"}),
    *_version("_v2"),
    Step("create_order_v2", {**_WISH, "application_id": "application-43"}),
    Step("list_orders_v2", query={"candidate_id": "candidate-7", "job_application_id": "application-43"}),
    Step("get_factor_content", params=_ONE),
    Step("get_capability_content", params={**_ONE, "type": "talent"}),
)
"""An order from the token to its report, in both versions."""

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

INTERFACE = Interface(
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
"""All that the document of pymetrics says besides endpoints and rules."""
