"""For each rule a request that it accepts and one that it refuses: its page sends both and shows what came of them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from assessment_simulator.core import instant
from assessment_simulator.core.config import Config
from assessment_simulator.core.rules import Field, Json
from assessment_simulator.core.schema import Example, Step
from assessment_simulator.core.urls import FORM
from assessment_simulator.vendors.pymetrics.behaviour_flags import FORM_BODY
from assessment_simulator.vendors.pymetrics.rules import LIST_FIELDS, LONGEST_URL, ORDER_FIELDS, TOKEN_FIELDS

CLIENT = {"client_id": "sim-example", "client_secret": "any", "grant_type": "client_credentials"}
ORDER: dict[str, Any] = {
    "candidate": {
        "email": "ada@example.com", "first_name": "Ada", "last_name": "Lovelace", "external_id": "candidate-7",
    },
    "assessment_id": Config().assessments[0].id,
    "application_id": "application-42",
    "requisition_title": "Software Engineer",
    "candidate_redirect_url": "https://client.example/done",
}  # fmt: skip
_ABSENT: Any = object()
# A value of another JSON type than each, as callers send it.
_WRONG: Mapping[Json, Any] = {Json.STRING: 42, Json.BOOLEAN: "true", Json.OBJECT: "Ada Lovelace"}
_ID = {"uuid": "=create_order/order/id"}
_OTHER_ID = {"uuid": "00000000-0000-4000-8000-000000000000"}
_TOKEN, _ORDER = Step("create_token", CLIENT), Step("create_order", ORDER)
_GET, _LIST = Step("get_order", params=_ID), Step("list_orders", {"job_application_id": "application-42"})
_CONFIGURATION = Step("get_configuration")
_REPORT = Step("download_report", path="=get_order/reports/0/download_url")
_URL = "candidate_redirect_url"


def _with(step: Step, member: str, value: Any) -> Step:
    """The step with another value of a member of its body, or without it."""
    body = dict(step.body)
    *outer, name = member.split(".")
    around = body
    for one in outer:
        around[one] = around = dict(around[one])
    if value is _ABSENT:
        del around[name]
    else:
        around[name] = value
    return replace(step, body=body)


def _changed(step: Step, member: str, value: Any) -> Example:
    return Example(step, _with(step, member, value))


def _typed(prefix: str, step: Step, fields: tuple[Field, ...]) -> dict[str, Example]:
    return {
        f"pymetrics.{prefix}.{field.slug}.type": Example(step, _with(step, field.slug, _WRONG[field.type]))
        for field in fields
    }


def _body(prefix: str, step: Step) -> dict[str, Example]:
    return {
        f"pymetrics.{prefix}.body.json": Example(step, replace(step, raw="{'candidate': ")),
        f"pymetrics.{prefix}.body.object": Example(step, replace(step, body=[step.body])),
    }


def _unfinished(step: Step) -> Example:
    """Content of a completed order, then of one that was just created."""
    new = Step("create_order_v2", {**ORDER, "application_id": "application-77"})
    other = replace(step, params={**step.params, "uuid": "=create_order_v2/order/id"})
    return Example(step, other, between=(new,))


def examples() -> Mapping[str, Example]:
    """The examples by the ids of the rules."""
    content = Step("get_factor_content", params=_ID)
    capability = Step("get_capability_content", params={**_ID, "type": "talent"})
    list_v2 = Step("list_orders_v2", query={"job_application_id": "application-42"})
    order_v2 = Step("create_order_v2", ORDER)
    reported = Step("get_order", params=_ID, query={"report": "true"})
    found = {
        "pymetrics.http.route": Example(_ORDER, replace(_ORDER, path="/mercury/order/")),
        "pymetrics.http.verb": Example(_ORDER, replace(_ORDER, method="GET", body=None)),
        "pymetrics.http.encoding": Example(_ORDER, replace(_ORDER, headers={"content-encoding": "gzip"})),
        "pymetrics.http.size": Example(_ORDER, replace(_ORDER, raw=" " * 1_048_577)),
        **_body("token", _TOKEN),
        "pymetrics.token.media_type": Example(
            _TOKEN, replace(_TOKEN, raw=urlencode(CLIENT), media_type=FORM),
            config={"behaviour": {FORM_BODY.id: "refused"}},
        ),
        "pymetrics.token.grant_type.value": _changed(_TOKEN, "grant_type", "password"),
        "pymetrics.token.client": _changed(_TOKEN, "client_id", "example"),
        "pymetrics.access.key": Example(_CONFIGURATION, replace(_CONFIGURATION, headers={"x-api-key": None})),
        "pymetrics.access.rate": Example(
            _CONFIGURATION, _CONFIGURATION, changed={"rate_limit": 1}, between=(_CONFIGURATION,)
        ),
        "pymetrics.access.bearer": Example(_CONFIGURATION, replace(_CONFIGURATION, headers={"authorization": None})),
        "pymetrics.access.token.known": Example(
            _CONFIGURATION, replace(_CONFIGURATION, headers={"authorization": "Bearer sim-example"})
        ),
        "pymetrics.access.token.live": Example(_CONFIGURATION, _CONFIGURATION, advance=instant.HOUR),
        **_body("order", _ORDER),
        "pymetrics.order.candidate.email.empty": _changed(_ORDER, "candidate.email", ""),
        "pymetrics.order.candidate.first_name.blank": _changed(_ORDER, "candidate.first_name", " "),
        "pymetrics.order.candidate.last_name.blank": _changed(_ORDER, "candidate.last_name", " "),
        "pymetrics.order.assessment_id.known": _changed(_ORDER, "assessment_id", "Core games"),
        f"pymetrics.order.{_URL}.length": _changed(_ORDER, _URL, "https://client.example/".ljust(LONGEST_URL + 1, "x")),
        f"pymetrics.order.{_URL}.url": _changed(_ORDER, _URL, "client.example/done"),
        "pymetrics.get.known": Example(_GET, replace(_GET, params=_OTHER_ID)),
        "pymetrics.get.report": Example(reported, replace(reported, query={"report": "maybe"})),
        **_body("list", _LIST),
        "pymetrics.list.filter": Example(_LIST, replace(_LIST, body={})),
        "pymetrics.v2.order.candidate.email.required": _changed(order_v2, "candidate.email", _ABSENT),
        "pymetrics.v2.list.filter": Example(list_v2, replace(list_v2, query={})),
        "pymetrics.v2.factor.known": Example(content, replace(content, params=_OTHER_ID)),
        "pymetrics.v2.factor.scores": _unfinished(content),
        "pymetrics.v2.capability.known": Example(
            capability, replace(capability, params={**_OTHER_ID, "type": "talent"})
        ),
        "pymetrics.v2.capability.type": Example(capability, replace(capability, params={**_ID, "type": "candidate"})),
        "pymetrics.v2.capability.scores": _unfinished(capability),
        "pymetrics.report.link": Example(_REPORT, replace(_REPORT, path="/pymetrics/reports/example")),
        "pymetrics.report.lapsed": Example(_REPORT, _REPORT, advance=instant.HOUR),
    }  # fmt: skip
    required = ("candidate", "candidate.email", "assessment_id", "application_id")
    found |= {f"pymetrics.order.{name}.required": _changed(_ORDER, name, _ABSENT) for name in required}
    found |= {f"pymetrics.token.{name}.required": _changed(_TOKEN, name, _ABSENT) for name in CLIENT}
    whole = _with(_with(_ORDER, "metadata", {"colour": "blue"}), "send_email", True)
    found |= _typed("token", _TOKEN, TOKEN_FIELDS) | _typed("order", whole, ORDER_FIELDS)
    return found | _typed("list", replace(_LIST, body={**_LIST.body, "candidate_id": "candidate-7"}), LIST_FIELDS)
