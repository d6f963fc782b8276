"""The OpenAPI 3.1 document of the control API, built from the list of operations and the models."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Literal

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from assessment_simulator.control.models import config, faults
from assessment_simulator.control.models.sandboxes import Name, Problem
from assessment_simulator.control.operation import Operation
from assessment_simulator.control.operations import operations
from assessment_simulator.control.vendor_openapi import answer, body_of, head
from assessment_simulator.core.schema import Schema, ref
from assessment_simulator.core.vendor import Vendor
from assessment_simulator.http.auth import OPEN_PATHS
from assessment_simulator.http.problem_details import MEDIA_TYPE

Json = dict[str, Any]
Place = tuple[str, str]
"""The id of an operation, and `body` or `answer`."""

_PARTS = (
    "Answered Attempt Candidate Counts Covered Event Flaw Message Move SeenMove SeenState Sent Standing State "
    "WholeAttempt"
).split()
"""Models without a component of their own: their schemas are inlined where they are used."""
_ABOUT = (
    "Sets up and inspects the simulator. In open access no call needs a token, and a call for an unknown sandbox "
    "creates it; in closed access all but `health` and `static/ui/` need the control token."
)
_MEANS = {
    400: "the body is not JSON, or is incomplete",
    401: "closed access needs the control token",
    403: "a page of another site sent this",
    404: "not found",
    405: "the path does not have this method",
    408: "it did not happen in time",
    409: "not possible in the current state",
    410: "the sandbox was deleted, or the server stops",
    413: "the body is over 1 MiB",
    415: "the body has a content encoding",
    422: "the body or a parameter is not valid",
    500: "the simulator failed; its log says where",
    503: "the server stops, and this call was not finished",
    501: "an optional package is not installed; the answer names it",
}


class _Schemas(GenerateJsonSchema):
    """Writes no titles of members, and no default null, because a member that is left out of a change stays as it was.

    A map of any values says so, which some versions of pydantic leave out.
    """

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def default_schema(self, schema: Any) -> Json:
        built = super().default_schema(schema)
        return {key: one for key, one in built.items() if key != "default" or one is not None}

    def dict_schema(self, schema: Any) -> Json:
        return {"additionalProperties": True, **super().dict_schema(schema)}


def control_document(vendors: Mapping[str, Vendor], version: str) -> Json:
    """The document of all control calls."""
    rows = operations(vendors)
    kinds: list[tuple[Place, Literal["validation", "serialization"], TypeAdapter[Any]]] = [
        (("", "name"), "validation", TypeAdapter(Name)),
        (("", "problem"), "serialization", TypeAdapter(Problem)),
        *(
            ((row.id, "body"), "validation", TypeAdapter(row.body_as or row.body))
            for row in rows
            if row.body is not None
        ),
        *(((row.id, "answer"), "serialization", TypeAdapter(row.answer)) for row in rows if row.answer),
    ]
    found, definitions = TypeAdapter.json_schemas(
        kinds, ref_template="#/components/schemas/{model}", schema_generator=_Schemas
    )
    shapes = {place: shape for (place, _), shape in found.items()}
    components: Json = definitions["$defs"]
    # These parts depend on the vendors, so no class can define them.
    components["Config"]["properties"]["behaviour"] = config.behaviour_schema(vendors)
    components["Opening"]["properties"]["config"] = ref("Config")
    components["Fault"] = faults.kinds(components["Fault"], vendors)
    parts = {name: {key: one for key, one in components.pop(name).items() if key != "title"} for name in _PARTS}
    paths: Json = {}
    for row in rows:
        paths.setdefault(row.path, {})[row.method.lower()] = _operation(row, shapes)
    return {
        **head("assessment-simulator, control API", version, _ABOUT),
        "paths": paths,
        "components": {
            "schemas": _with_parts(components, parts),
            "securitySchemes": {"control": {"type": "http", "scheme": "bearer"}},
        },
    }


def _with_parts(value: Any, parts: Json) -> Any:
    """The value with these schemas in place of the references to them."""
    if isinstance(value, list):
        return [_with_parts(one, parts) for one in value]
    if not isinstance(value, dict):
        return value
    part = parts.get(str(value.get("$ref")).rpartition("/")[2])
    if part is not None:
        value = {**part, **{key: one for key, one in value.items() if key != "$ref"}}
    return {key: _with_parts(one, parts) for key, one in value.items()}


def _operation(row: Operation, shapes: Mapping[Place, Schema]) -> Json:
    """One call: parameters, body, the answer, and the problems that its kind of call can have."""
    names = re.findall(r"{(\w+)}", row.path)
    plain: Schema = {"type": "string", "minLength": 1}
    in_path = {name: row.parameters.get(name, shapes["", "name"] if name == "name" else plain) for name in names}
    parameters = [
        *({"name": name, "in": "path", "required": True, "schema": schema} for name, schema in in_path.items()),
        *({"name": name, "in": "query", "schema": one.schema} for name, one in row.query.items()),
    ]
    body = {} if row.body is None else {"application/json": shapes[row.id, "body"]}
    sent = body_of(body, row.example, required=row.needs_body)
    content = {} if row.answer is None else {row.media_type: shapes[row.id, "answer"]}
    links = {target: {"operationId": target, "parameters": where} for target, where in row.links.items()}
    # Every error that the router and the HTTP layer can give is listed, because clients are generated from this.
    is_open = row.path in OPEN_PATHS
    problems = {500, 503, *row.problems} | (set() if is_open else {401})
    if names:  # a parameter that holds a slash leads elsewhere
        problems |= {404, 405}
    if row.method != "GET":
        problems |= {400, 403, 413, 415}
    if row.body is not None or row.query:
        problems.add(422)
    errors = {
        str(status): {
            "description": f"{HTTPStatus(status).phrase}: {_MEANS[status]}",
            "content": {MEDIA_TYPE: {"schema": ref("Problem")}},
        }
        for status in sorted(problems)
    }
    return {
        "operationId": row.id,
        "summary": (row.handler.__doc__ or "").partition("\n")[0].rstrip("."),
        "tags": ["sandbox" if "name" in names else "server"],
        "security": [] if is_open else [{}, {"control": []}],
        **({"parameters": parameters} if parameters else {}),
        **({"requestBody": sent} if sent else {}),
        "responses": {str(row.status): answer(row.status, content, None, links), **errors},
    }
