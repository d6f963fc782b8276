"""OpenAPI 3.1 documents: of each vendor, from its endpoints, rules and schemas; of the control API, from its calls.

The examples in a vendor's document are real requests and answers: each vendor has a story, which runs in a sandbox of
its own with a frozen clock and a fixed seed, so they are always the same. The schemas of the control API are those of
the models of its bodies and answers.
"""

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
from assessment_simulator.core.config import Config
from assessment_simulator.core.request import VendorRequest
from assessment_simulator.core.rules import Rule
from assessment_simulator.core.schema import Content, Step, record, ref, text
from assessment_simulator.core.seeded_random import SeededRandom
from assessment_simulator.core.vendor import Endpoint, Vendor
from assessment_simulator.http.auth import OPEN_PATHS
from assessment_simulator.http.examples import ADDRESS, NOW, Story
from assessment_simulator.http.problem_details import MEDIA_TYPE

Json = dict[str, Any]
_HOOK = "https://client.example/hook"
# Response headers of all vendors.
HEADERS: Json = {
    name: {"description": description, "schema": {"type": kind}}
    for name, kind, description in (
        ("Simulator-Rule", "string", "The ids of the rules that refused the call, separated by commas."),
        ("Simulator-Note", "string", "What was accepted although no document of the vendor names it."),
        ("Simulator-Hint", "string", "Why the call was refused and what to change."),
        ("Link", "string", "The pages of the rules in Simulator-Rule, at most ten."),
        ("Simulator-Request-Id", "string", "The id under which the server's log describes the failure."),
        ("Retry-After", "integer", "The number of seconds after which the call may be repeated."),
    )
}
_OF_STATUS = {429: ["Retry-After"], 500: ["Simulator-Request-Id"]}  # response headers of one error status


def _head(title: str, version: str, about: str) -> Json:
    """The beginning of every document. Its server is the one that the document was read from."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": title, "version": version, "description": about, "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
    }  # fmt: skip


def _content(shapes: Mapping[str, Any], example: Any) -> Json:
    """A body of these shapes by media type."""
    more = {} if example is None else {"examples": {"example": {"value": example}}}
    return {"content": {kind: {"schema": shape, **more} for kind, shape in shapes.items()}} if shapes else {}


def _operation(
    id: str, summary: str, tag: str, security: list[Json], parameters: list[Json], body: Json, responses: Json
) -> Json:
    """One operation of a document; parameters and body are left out where there are none."""
    return {
        "operationId": id, "summary": summary, "tags": [tag], "security": security,
        **({"parameters": parameters} if parameters else {}), **({"requestBody": body} if body else {}),
        "responses": responses,
    }  # fmt: skip


def _success(status: int, shapes: Mapping[str, Any], example: Any, links: Mapping[str, Mapping[str, str]]) -> Json:
    """A response of these shapes, with links by the id of the operation that they lead to."""
    found = {target: {"operationId": target, "parameters": dict(where)} for target, where in links.items()}
    described = {"description": HTTPStatus(status).phrase, **_content(shapes, example)}
    return {**described, "links": found} if links else described


# The documents of the vendors.


def vendor_document(vendor: Vendor, version: str) -> Json:
    """The vendor's document."""
    interface = vendor.interface
    story, sent, answered = _play(vendor)
    paths: Json = {}
    for endpoint in vendor.endpoints:
        name = endpoint.operation.name
        described, step = interface.contents.get(name, Content()), sent.get(name)
        given: Mapping[str, str] = {**step.params, **step.query} if step else {}
        parameters: list[Json] = [
            {
                "name": one.name, "in": one.place, "required": one.required, "description": one.description,
                "schema": one.schema, **({"example": given[one.name]} if one.name in given else {}),
            }
            for one in described.parameters
        ]  # fmt: skip
        body = _content(described.body, step.body if step else None)
        headers = _headers("Simulator-Note", *interface.answer_headers)
        responses = {
            str(status): {**_success(status, shapes, answered.get((name, status)), described.links), "headers": headers}
            for status, shapes in described.answers.items()
        }
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(
            name, endpoint.summary, vendor.title,
            [{scheme: [] for scheme in described.security}] if described.security else [],
            parameters, {"required": True, **body} if body else {}, responses | _errors(vendor, endpoint, story),
        )  # fmt: skip
    return {
        **_head(f"{vendor.title}, simulated", version, interface.about),
        "paths": paths,
        # By reference: openapi-generator writes code that does not compile for a webhook that is defined inline.
        "webhooks": {name: {"$ref": f"#/components/pathItems/{name}"} for name in interface.webhooks},
        "components": {
            "schemas": {**interface.schemas, "Crash": record({"detail": text()}, "An internal error of the simulator")},
            "headers": {**HEADERS, **interface.answer_headers},
            "pathItems": dict(interface.webhooks),
            "securitySchemes": dict(interface.security),
        },
    }


def _headers(*names: str) -> Json:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def refusals(vendor: Vendor, endpoint: Endpoint) -> dict[int, list[Rule]]:
    """The rules that can refuse a request to this endpoint, by status, with those of the HTTP layer."""
    http_rules = vendor.http_rules.values()
    rules = [rule for stage in endpoint.operation.stages for rule in stage if rule not in http_rules]
    if "{" in endpoint.path:  # a parameter that holds a slash leads elsewhere
        rules += [vendor.http_rules["route"], vendor.http_rules["verb"]]
    if endpoint.method != "GET":
        rules += [vendor.http_rules["encoding"], vendor.http_rules["size"]]
    found: dict[int, list[Rule]] = {}
    for rule in rules:
        found.setdefault(rule.status, []).append(rule)
    return dict(sorted(found.items()))


def _errors(vendor: Vendor, endpoint: Endpoint, story: Story) -> Json:
    """Each error status with an example for every rule that leads to it."""
    interface = vendor.interface
    # Every call may get 500 and 503, to which no rule leads: from a fault, in the vendor's format, or from the
    # simulator itself, in its own.
    by_status: dict[int, list[Rule]] = {500: [], 503: [], **refusals(vendor, endpoint)}
    found: Json = {}
    for status, rules in sorted(by_status.items()):
        shape: Json = interface.errors.get(status, interface.errors.get(0, {}))
        if status in (500, 503):
            shape = {"anyOf": [shape, ref("Crash")]}
        shown = {}
        for rule in rules:
            request = VendorRequest("", NOW, SeededRandom(b"example", 0), ADDRESS, "GET", f"{vendor.roots[0]}/…")
            response = vendor.render_refusal((rule,), request, story.sandbox)
            shown[rule.id] = {"summary": rule.statement, "value": story.value(response.body)}
        reasons = [rule.statement for rule in rules]
        reasons = reasons or ["a fault was set, or the simulator itself failed or has no room"]
        names = [*(["Simulator-Rule", "Link"] if rules else []), "Simulator-Hint", *_OF_STATUS.get(status, ())]
        found[str(status)] = {
            "description": f"{HTTPStatus(status).phrase}: {'; '.join(reasons)}",
            "headers": _headers(*names, *interface.answer_headers),
            "content": {"application/json": {"schema": shape, **({"examples": shown} if shown else {})}},
        }
    return found


def _play(vendor: Vendor) -> tuple[Story, dict[str, Step], dict[tuple[str, int], Any]]:
    """Run the vendor's story: it, and for each operation what was sent, and by status what was answered."""
    story = Story(vendor, Config(default_webhook_url=_HOOK, webhook_url=_HOOK))
    sent: dict[str, Step] = {}
    answered: dict[tuple[str, int], Any] = {}
    for step in vendor.interface.story:
        sent.setdefault(step.operation, story.filled(step))
        status = story.play(step)
        if step.operation in story.answers:
            answered.setdefault((step.operation, status), story.answers[step.operation])
    return story, sent, answered


# The document of the control API.

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
            body = {"required": row.needs_body, **_content({"application/json": shapes[row.id, "body"]}, row.example)}
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
        responses = {str(row.status): _success(row.status, answer, None, row.links)}
        for status in sorted(problems):
            responses[str(status)] = {
                "description": f"{HTTPStatus(status).phrase}: {_MEANS[status]}",
                "content": {MEDIA_TYPE: {"schema": ref("Problem")}},
            }
        paths.setdefault(row.path, {})[row.method.lower()] = _operation(
            row.id, (row.handler.__doc__ or "").partition("\n")[0].rstrip("."),
            "sandbox" if "name" in names else "server", [] if is_open else [{}, {"control": []}],
            parameters, body, responses,
        )  # fmt: skip
    return {
        **_head("assessment-simulator, control API", version, _ABOUT),
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
