"""The OpenAPI 3.1 document of the control API, built from the list of operations and the models."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Literal

from pydantic import ConfigDict, Field, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from assessment_simulator.control.bodies import Answer
from assessment_simulator.control.clock import Event
from assessment_simulator.control.faults import one_shape_for_each_kind
from assessment_simulator.control.operations import operations
from assessment_simulator.control.sandboxes import Name
from assessment_simulator.control.settings import behaviour_schema
from assessment_simulator.control.vendor_openapi import content, head, operation, success
from assessment_simulator.core.schema import ref
from assessment_simulator.core.vendor import Vendor
from assessment_simulator.http.auth import OPEN_PATHS
from assessment_simulator.http.problem_details import MEDIA_TYPE

Json = dict[str, Any]
# Models without a component of their own: their schemas are inlined where they are used.
_PARTS = (
    "Answered Attempt Candidate Counts Covered Event Flaw Message SeenMove SeenState Sent Standing VendorMove "
    "VendorState WholeAttempt"
).split()
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


class Flaw(Answer):
    """One error in a request: the member, and what is valid."""

    where: str
    what: str


class Problem(Answer):
    """RFC 9457."""

    model_config = ConfigDict(extra="allow", json_schema_serialization_defaults_required=False)

    type: str
    title: str
    status: int
    detail: str = Field(description="what is wrong, and what is valid")
    errors: list[Flaw] = Field(default_factory=list)
    events: list[Event] = Field(default_factory=list, description="of an interrupted advance: what happened before")


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
    # The schemas of all models, by the id of the operation and whether it is the body or the answer.
    kinds: list[tuple[tuple[str, str], Literal["validation", "serialization"], TypeAdapter[Any]]] = [
        (("", "name"), "validation", TypeAdapter(Name)), (("", "problem"), "serialization", TypeAdapter(Problem)),
    ]  # fmt: skip
    for row in rows:
        if row.body is not None:
            kinds.append(((row.id, "body"), "validation", TypeAdapter(row.body_as or row.body)))
        if row.answer is not None:
            kinds.append(((row.id, "answer"), "serialization", TypeAdapter(row.answer)))
    found, definitions = TypeAdapter.json_schemas(
        kinds, ref_template="#/components/schemas/{model}", schema_generator=_Schemas
    )
    shapes = {place: shape for (place, _), shape in found.items()}
    components: Json = definitions["$defs"]
    # These depend on the vendors, so no class can define them.
    components["Config"]["properties"]["behaviour"] = behaviour_schema(vendors)
    components["Opening"]["properties"]["config"] = ref("Config")
    components["Fault"] = one_shape_for_each_kind(components["Fault"]["properties"], vendors)
    parts = {name: {key: one for key, one in components.pop(name).items() if key != "title"} for name in _PARTS}

    paths: Json = {}
    for row in rows:
        names = re.findall(r"{(\w+)}", row.path)
        known = {"name": shapes["", "name"], **row.parameters}
        parameters: list[Json] = [
            {
                "name": name, "in": "path", "required": True,
                "schema": known.get(name, {"type": "string", "minLength": 1}),
            }
            for name in names
        ]  # fmt: skip
        parameters += [{"name": name, "in": "query", "schema": one.schema} for name, one in row.query.items()]
        body = {}
        if row.body is not None:
            body = {"required": row.needs_body, **content({"application/json": shapes[row.id, "body"]}, row.example)}
        answer = {} if row.answer is None else {row.media_type: shapes[row.id, "answer"]}
        # Every error that the router and the HTTP layer can give is listed, because clients are generated from this.
        is_open = row.path in OPEN_PATHS
        problems = {500, 503, *row.problems, *([] if is_open else [401])}
        if names:  # a parameter that holds a slash leads elsewhere
            problems |= {404, 405}
        if row.method != "GET":
            problems |= {400, 403, 413, 415}
        if row.body is not None or row.query:
            problems.add(422)
        responses = {str(row.status): success(row.status, answer, None, row.links)}
        for status in sorted(problems):
            responses[str(status)] = {
                "description": f"{HTTPStatus(status).phrase}: {_MEANS[status]}",
                "content": {MEDIA_TYPE: {"schema": ref("Problem")}},
            }
        paths.setdefault(row.path, {})[row.method.lower()] = operation(
            row.id, (row.handler.__doc__ or "").partition("\n")[0].rstrip("."),
            "sandbox" if "name" in names else "server", [] if is_open else [{}, {"control": []}],
            parameters, body, responses,
        )  # fmt: skip
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
