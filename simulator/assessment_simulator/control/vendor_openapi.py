"""OpenAPI 3.1 documents of the vendors, built from their endpoints, rules and schemas.

The examples are real requests and answers: each vendor has a story, which runs in a sandbox of its own with a frozen
clock and a fixed seed, so they are always the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from assessment_simulator.core.config import Config
from assessment_simulator.core.decision import VendorResponse
from assessment_simulator.core.instant import DAY
from assessment_simulator.core.request import MISSING, VendorRequest
from assessment_simulator.core.rules import Rule
from assessment_simulator.core.schema import Content, Step, record, text
from assessment_simulator.core.seeded_random import SeededRandom
from assessment_simulator.core.vendor import Endpoint, Vendor, refusal_response
from assessment_simulator.sandbox.clock import Clock
from assessment_simulator.sandbox.sandbox import Sandbox
from assessment_simulator.sandbox.state import State
from assessment_simulator.storage import json_codec

Json = dict[str, Any]
ADDRESS = "http://127.0.0.1:8787"
"""Where the examples are served from: the address that a server without options has."""
_NOW = 20_454 * DAY  # 2026-01-01
_HOOK = "https://client.example/hook"
CRASH = record({"detail": text()}, "An internal error of the simulator")
LICENSE = {"name": "MIT", "identifier": "MIT"}
HEADERS: Json = {
    name: {"description": description, "schema": {"type": kind}}
    for name, kind, description in (
        ("Simulator-Rule", "string", "The ids of the rules that refused the call, separated by commas."),
        ("Simulator-Note", "string", "What was accepted although no document of the vendor names it."),
        ("Simulator-Hint", "string", "Why the call was refused and what to change."),
        ("Simulator-Request-Id", "string", "The id under which the server's log describes the failure."),
        ("Retry-After", "integer", "The number of seconds after which the call may be repeated."),
    )
}
"""Response headers of all vendors."""
_OF_STATUS = {429: ("Retry-After",), 500: ("Simulator-Request-Id",)}
"""Response headers of one error status."""
_INTERNAL = "a fault was set, or the simulator itself failed or has no room"


@dataclass(frozen=True, slots=True)
class Examples:
    """What was sent, and what was answered by status, for each operation; the sandbox is as the story left it."""

    sandbox: Sandbox
    sent: dict[str, Step] = field(default_factory=dict)
    answered: dict[tuple[str, int], Any] = field(default_factory=dict)


def document(vendor: Vendor, version: str) -> Json:
    """The vendor's document."""
    examples, interface = played(vendor), vendor.interface
    paths: Json = {}
    for endpoint in vendor.endpoints:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(vendor, endpoint, examples)
    return {
        **head(f"{vendor.title}, simulated", version, interface.about),
        "paths": paths,
        # By reference: openapi-generator writes code that does not compile for a webhook that is defined inline.
        "webhooks": {name: {"$ref": f"#/components/pathItems/{name}"} for name in interface.webhooks},
        "components": {
            "schemas": {**interface.schemas, "Crash": CRASH},
            "headers": {**HEADERS, **interface.answer_headers},
            "pathItems": dict(interface.webhooks),
            "securitySchemes": dict(interface.security),
        },
    }


def named(vendor: Vendor) -> str:
    """The name of a vendor's document, and of the vendor in addresses."""
    return vendor.id.replace("_", "-")


def head(title: str, version: str, about: str) -> Json:
    """The beginning of every document. Its server is the one that the document was read from."""
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version, "description": about, "license": LICENSE},
        "servers": [{"url": "/"}],
    }


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


def _operation(vendor: Vendor, endpoint: Endpoint, examples: Examples) -> Json:
    name, interface = endpoint.operation.name, vendor.interface
    content = interface.contents.get(name, Content())
    sent = examples.sent.get(name)
    given: Mapping[str, str] = {**sent.params, **sent.query} if sent else {}
    parameters = [
        {
            "name": one.name, "in": one.place, "required": one.required, "description": one.description,
            "schema": one.schema, **({"example": given[one.name]} if one.name in given else {}),
        }
        for one in content.parameters
    ]  # fmt: skip
    body = body_of(content.body, sent.body if sent else None)
    links = {target: {"operationId": target, "parameters": dict(where)} for target, where in content.links.items()}
    answers = {
        str(status): {
            **answer(status, shapes, examples.answered.get((name, status)), links),
            "headers": _headers("Simulator-Note", *interface.answer_headers),
        }
        for status, shapes in content.answers.items()
    }
    return {
        "operationId": name,
        "summary": endpoint.summary,
        "tags": [vendor.title],
        "security": [{scheme: [] for scheme in content.security}] if content.security else [],
        **({"parameters": parameters} if parameters else {}),
        **({"requestBody": body} if body else {}),
        "responses": answers | _errors(vendor, endpoint, examples),
    }


def body_of(shapes: Mapping[str, Any], example: Any, *, required: bool = True) -> Json:
    """A request body of these shapes by media type; nothing where there are none."""
    return {"required": required, "content": _content(shapes, example)} if shapes else {}


def _content(shapes: Mapping[str, Any], example: Any) -> Json:
    more = {} if example is None else {"examples": {"example": {"value": example}}}
    return {kind: {"schema": shape, **more} for kind, shape in shapes.items()}


def _headers(*names: str) -> Json:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def answer(status: int, shapes: Mapping[str, Any], example: Any, links: Json | None = None) -> Json:
    """A response of these shapes by media type."""
    content = {"content": _content(shapes, example)} if shapes else {}
    return {"description": HTTPStatus(status).phrase, **content, **({"links": links} if links else {})}


def _errors(vendor: Vendor, endpoint: Endpoint, examples: Examples) -> Json:
    """Each error status with an example for every rule that leads to it.

    Every call may get 500 and 503: from a fault, in the vendor's format, or from the simulator itself, in its own.
    """
    interface = vendor.interface
    found: Json = {}
    # No rule leads to these two.
    always: dict[int, list[Rule]] = {500: [], 503: []}
    for status, rules in (always | refusals(vendor, endpoint)).items():
        reasons = [rule.statement for rule in rules] or [_INTERNAL]
        shape: Json = interface.errors.get(status, interface.errors.get(0, {}))
        if status in (500, 503):
            shape = {"anyOf": [shape, {"$ref": "#/components/schemas/Crash"}]}
        shown = {rule.id: {"summary": rule.statement, "value": refused(vendor, rule, examples)} for rule in rules}
        names = (*(("Simulator-Rule",) if rules else ()), "Simulator-Hint", *_OF_STATUS.get(status, ()))
        found[str(status)] = {
            "description": f"{HTTPStatus(status).phrase}: {'; '.join(reasons)}",
            "headers": _headers(*names, *interface.answer_headers),
            "content": {"application/json": {"schema": shape, **({"examples": shown} if shown else {})}},
        }
    return dict(sorted(found.items()))


# The examples.


def played(vendor: Vendor) -> Examples:
    """Run the vendor's story."""
    config = Config(default_webhook_url=_HOOK, webhook_url=_HOOK)
    sandbox = Sandbox("example", 0, State(config, Clock().freeze(_NOW)), {vendor.id: vendor})
    examples, answers = Examples(sandbox), dict[str, Any]()
    for raw in vendor.interface.story:
        # Later steps name members of earlier answers, such as an id.
        headers = _filled(dict(vendor.interface.headers), answers)
        body, params = _filled(raw.body, answers), _filled(dict(raw.params), answers)
        step = Step(raw.operation, body, params, dict(raw.query), raw.media_type)
        response = _send(vendor, sandbox, step, headers)
        if raw.operation not in vendor.actions:  # actions are not part of the vendor's API
            answers[raw.operation] = value = _value(response, sandbox)
            examples.sent.setdefault(raw.operation, step)
            examples.answered.setdefault((raw.operation, response.status), value)
    return examples


def refused(vendor: Vendor, rule: Rule, examples: Examples) -> Any:
    """The body of the vendor's answer to a request that violates this rule."""
    request = VendorRequest("", _NOW, SeededRandom(b"example", 0), ADDRESS, "GET", f"{vendor.roots[0]}/…")
    return _value(refusal_response(vendor, (rule,), request, examples.sandbox), examples.sandbox)


def _send(vendor: Vendor, sandbox: Sandbox, step: Step, headers: Mapping[str, str]) -> VendorResponse:
    body = MISSING if step.body is None else step.body

    def at_time(now: int, random: SeededRandom, recent: int) -> VendorRequest:
        return VendorRequest(
            step.operation, now, random, ADDRESS, "POST", "", step.params, step.query, headers, step.media_type, body
        )

    return sandbox.handle(vendor, vendor.operations[step.operation], at_time)


def _filled(value: Any, answers: Mapping[str, Any]) -> Any:
    """The value with every `=operation/member/…` in it replaced by that member of the operation's answer."""
    if isinstance(value, dict):
        return {name: _filled(one, answers) for name, one in value.items()}
    if not isinstance(value, str):
        return value
    before, found, path = value.partition("=")
    if not found or before not in ("", "Bearer ") or path.partition("/")[0] not in answers:
        return value
    result: Any = answers
    for name in path.split("/"):
        result = result[name]
    return f"{before}{result}"


def _value(response: VendorResponse, sandbox: Sandbox) -> Any:
    """The body of an answer as JSON values; None for a file."""
    if response.body is None or response.media_type != "application/json":
        return None
    return json_codec.loads(sandbox.links.fill_placeholders(json_codec.dumps(response.body), ADDRESS))
