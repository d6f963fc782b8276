"""The OpenAPI 3.1 document of the control API, made of its routes, its bodies' dataclasses and `control_schemas`."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from assessment_simulator.core.config import Config
from assessment_simulator.core.schema import Schema, choice, ref
from assessment_simulator.core.vendor import Vendor
from assessment_simulator.server import control_schemas, fault_schemas, journal_schemas, shapes, view_schemas
from assessment_simulator.server.control_schemas import NAME, REFINED, Control
from assessment_simulator.server.guard import OPEN_PATHS
from assessment_simulator.server.openapi import answer, body_of, head
from assessment_simulator.server.plumbing import Handler
from assessment_simulator.server.problems import MEDIA_TYPE

Json = dict[str, Any]
Table = Mapping[str, Mapping[str, Handler]]

SCHEMAS = control_schemas.SCHEMAS | journal_schemas.SCHEMAS | view_schemas.SCHEMAS
_BODIES = (Config, shapes.Opening, shapes.Forking, shapes.Turning, shapes.Replaying, shapes.Trying)
_ABOUT = (
    "The knobs that people, tests and pages turn. In open access no call asks for a token, and any call for a sandbox "
    "opens it; in closed access all but `health` and `static/ui/` ask for the control token."
)
_MEANS = {
    400: "the body is not JSON, or breaks off",
    401: "closed access asks for the control token",
    403: "a page of another site sent this",
    404: "there is no such thing",
    405: "the path does not answer to this method",
    408: "it has not happened in time",
    409: "not as things are",
    410: "the sandbox was deleted meanwhile, or the server closes",
    413: "the body is over 1 MiB",
    422: "the body, or a parameter, is not as it should be",
    500: "the simulator failed; its log says where",
    503: "the server stops, and this call was not finished",
    501: "a package is missing that this needs; the answer says which",
}


def control_document(table: Table, vendors: Mapping[str, Vendor], version: str) -> Json:
    """The document of the control calls in `table`, which holds handlers by path and method."""
    calls = control_schemas.CALLS | journal_schemas.calls(vendors) | view_schemas.calls(vendors)
    return {
        **head("assessment-simulator, control API", version, _ABOUT),
        "paths": {
            path: {
                method.lower(): _operation(method, path, handler, calls[_name(handler)])
                for method, handler in methods.items()
            }
            for path, methods in table.items()
        },
        "components": {
            "schemas": {**SCHEMAS, **_body_schemas(vendors)},
            "securitySchemes": {"control": {"type": "http", "scheme": "bearer"}},
        },
    }


def _name(handler: Handler) -> str:
    name: str = getattr(handler, "__name__", "")
    return name


def _operation(method: str, path: str, handler: Handler, call: Control) -> Json:
    names = re.findall(r"{(\w+)}", path)
    body = _body(call)
    return {
        "operationId": _name(handler),
        "summary": (handler.__doc__ or "").partition("\n")[0].rstrip("."),
        "tags": ["sandbox" if "name" in names else "server"],
        "security": [] if path in OPEN_PATHS else [{}, {"control": []}],
        **({"parameters": [_parameter(one, call) for one in names] + _query(call)} if names else {}),
        **({"requestBody": body} if body else {}),
        "responses": {**_good(call), **_problems(method, path, names, call)},
    }


def _parameter(name: str, call: Control) -> Json:
    plain: Schema = {"type": "string", "minLength": 1}
    schema = call.parameters.get(name, NAME if name == "name" else plain)
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _query(call: Control) -> list[Json]:
    return [{"name": name, "in": "query", "schema": schema} for name, schema in call.query.items()]


def _body(call: Control) -> Json:
    if call.body is None:
        return {}
    shape = call.body if isinstance(call.body, dict) else ref(call.body.__name__)
    return body_of({"application/json": shape}, call.example, required=not call.optional)


def _good(call: Control) -> Json:
    links = {target: {"operationId": target, "parameters": where} for target, where in call.links.items()}
    return {
        str(status): answer(status, {} if shape is None else {call.media_type: shape}, None, links)
        for status, shape in call.answers.items()
    }


def _problems(method: str, path: str, names: list[str], call: Control) -> Json:
    found = {500, 503, *call.problems} | (set() if path in OPEN_PATHS else {401})
    if names:  # a parameter that holds a slash leads elsewhere
        found |= {404, 405}
    if method != "GET":
        found |= {400, 403, 413}
    if call.body is not None or call.query:
        found.add(422)
    content = {MEDIA_TYPE: {"schema": ref("Problem")}}
    return {
        str(status): {"description": f"{HTTPStatus(status).phrase}: {_MEANS[status]}", "content": content}
        for status in sorted(found)
    }


def _body_schemas(vendors: Mapping[str, Vendor]) -> Json:
    """The shapes of bodies as pydantic tells them, with what their types cannot say."""
    named = shapes.schemas(_BODIES, "#/components/schemas/{model}")
    for name, more in REFINED.items():
        named[name] = more if "oneOf" in more else _merged(named[name], more)
    named["Config"] = _merged(named["Config"], _switches(vendors))
    named["Fault"] = fault_schemas.asked(vendors, control_schemas.DURATION)
    return named


def _switches(vendors: Mapping[str, Vendor]) -> Json:
    """The settings' member `behaviour`: every switch with its values."""
    switches = {
        switch.id: choice(switch.values, switch.statement, default=switch.values[0])
        for vendor in vendors.values()
        for switch in vendor.switches
    }
    return {"properties": {"behaviour": {"properties": switches, "additionalProperties": False}}}


def _merged(one: Json, more: Json) -> Json:
    """`more` laid over `one`; a member that says its own type replaces the old one."""
    result = dict(one)
    for name, value in more.items():
        deep = (
            isinstance(value, dict)
            and isinstance(result.get(name), dict)
            and not {"type", "$ref", "anyOf"} & value.keys()
        )
        result[name] = _merged(result[name], value) if deep else value
    return result
