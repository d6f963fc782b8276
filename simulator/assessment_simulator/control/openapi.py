"""The OpenAPI 3.1 document of the control API, made of its routes and of the models of its bodies and answers."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Literal

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from assessment_simulator.control.models import config, faults
from assessment_simulator.control.models.sandboxes import Name, Problem
from assessment_simulator.control.operations import Control, calls
from assessment_simulator.control.vendor_openapi import answer, body_of, head
from assessment_simulator.core.schema import Schema, ref
from assessment_simulator.core.vendor import Vendor
from assessment_simulator.http.auth import OPEN_PATHS
from assessment_simulator.http.problem_details import MEDIA_TYPE
from assessment_simulator.http.routing import Handler

Json = dict[str, Any]
Table = Mapping[str, Mapping[str, Handler]]
Place = tuple[str, str]
"""A call by its handler's name, and its body or the status of an answer."""
Shapes = Mapping[Place, Schema]

_PARTS = (
    "Answered Attempt Candidate Counts Covered Event Flaw Message Move SeenMove SeenState Sent Standing State "
    "WholeAttempt"
).split()
"""Models that are no components of their own: they stand in those that hold them."""
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


class _Schemas(GenerateJsonSchema):
    """Without a title for each member and without null as a default: what is left out of a change stays as it was.

    A map of any values says so, which some versions of pydantic leave out.
    """

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def default_schema(self, schema: Any) -> Json:
        made = super().default_schema(schema)
        return {key: one for key, one in made.items() if key != "default" or one is not None}

    def dict_schema(self, schema: Any) -> Json:
        return {"additionalProperties": True, **super().dict_schema(schema)}


def control_document(table: Table, vendors: Mapping[str, Vendor], version: str) -> Json:
    """The document of the control calls in `table`, which holds handlers by path and method."""
    rows = calls(vendors)
    shapes, components = _described(rows, vendors)
    return {
        **head("assessment-simulator, control API", version, _ABOUT),
        "paths": {
            path: {
                method.lower(): _operation(method, path, handler, rows[_name(handler)], shapes)
                for method, handler in methods.items()
            }
            for path, methods in table.items()
        },
        "components": {
            "schemas": components,
            "securitySchemes": {"control": {"type": "http", "scheme": "bearer"}},
        },
    }


def _described(rows: Mapping[str, Control], vendors: Mapping[str, Vendor]) -> tuple[Shapes, Json]:
    """The schema of each body and answer by its call and its place, and the components that they refer to."""
    kinds: list[tuple[Place, Literal["validation", "serialization"], TypeAdapter[Any]]] = [
        (("", "name"), "validation", TypeAdapter(Name)),
        (("", "problem"), "serialization", TypeAdapter(Problem)),
    ]
    for call, row in rows.items():
        if row.body is not None:
            kinds.append(((call, "body"), "validation", TypeAdapter(row.body)))
        for status, kind in row.answers.items():
            if kind is not None:
                kinds.append(((call, str(status)), "serialization", TypeAdapter(kind)))
    found, definitions = TypeAdapter.json_schemas(
        kinds, ref_template="#/components/schemas/{model}", schema_generator=_Schemas
    )
    named: Json = definitions["$defs"]
    named["Config"]["properties"]["behaviour"] = config.switches(vendors)
    named["Opening"]["properties"]["config"] = ref("Config")
    named["Fault"] = faults.kinds(named["Fault"], vendors)
    parts = {name: {key: one for key, one in named.pop(name).items() if key != "title"} for name in _PARTS}
    return {place: shape for (place, _), shape in found.items()}, _with_parts(named, parts)


def _with_parts(value: Any, parts: Json) -> Any:
    """The value with these schemas in the place of what refers to them."""
    if isinstance(value, list):
        return [_with_parts(one, parts) for one in value]
    if not isinstance(value, dict):
        return value
    part = parts.get(str(value.get("$ref")).rpartition("/")[2])
    if part is not None:
        value = {**part, **{key: one for key, one in value.items() if key != "$ref"}}
    return {key: _with_parts(one, parts) for key, one in value.items()}


def _name(handler: Handler) -> str:
    name: str = getattr(handler, "__name__", "")
    return name


def _operation(method: str, path: str, handler: Handler, call: Control, shapes: Shapes) -> Json:
    names, id = re.findall(r"{(\w+)}", path), _name(handler)
    body = {} if call.body is None else {"application/json": shapes[id, "body"]}
    sent = body_of(body, call.example, required=not call.optional)
    return {
        "operationId": id,
        "summary": (handler.__doc__ or "").partition("\n")[0].rstrip("."),
        "tags": ["sandbox" if "name" in names else "server"],
        "security": [] if path in OPEN_PATHS else [{}, {"control": []}],
        **({"parameters": [_parameter(one, call, shapes) for one in names] + _query(call)} if names else {}),
        **({"requestBody": sent} if sent else {}),
        "responses": {**_good(id, call, shapes), **_problems(method, path, names, call)},
    }


def _parameter(name: str, call: Control, shapes: Shapes) -> Json:
    plain: Schema = {"type": "string", "minLength": 1}
    schema = call.parameters.get(name, shapes["", "name"] if name == "name" else plain)
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _query(call: Control) -> list[Json]:
    return [{"name": name, "in": "query", "schema": schema} for name, schema in call.query.items()]


def _good(id: str, call: Control, shapes: Shapes) -> Json:
    links = {target: {"operationId": target, "parameters": where} for target, where in call.links.items()}
    return {
        str(status): answer(status, {} if kind is None else {call.media_type: shapes[id, str(status)]}, None, links)
        for status, kind in call.answers.items()
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
