"""OpenAPI 3.1 documents of the vendors, made of what answers: endpoints, rules, shapes, and stories that are played."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from assessment_simulator.control.examples import Examples, played, refused
from assessment_simulator.core.rules import Rule
from assessment_simulator.core.schema import Content, Parameter, record, text
from assessment_simulator.core.vendor import Endpoint, Vendor

Json = dict[str, Any]

CRASH = record({"detail": text()}, "A mistake of the simulator's own")
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
"""Headers of answers that are the same for all vendors."""
_OF_STATUS = {429: ("Retry-After",), 500: ("Simulator-Request-Id",)}
"""Headers of an error that only this status has."""
_CRASHED = "a fault was set, or the simulator itself failed or has no room"


def document(vendor: Vendor, version: str) -> Json:
    """The vendor's document."""
    examples, interface = played(vendor), vendor.interface
    paths: Json = {}
    for endpoint in vendor.endpoints:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(vendor, endpoint, examples)
    return {
        **head(f"{vendor.title}, simulated", version, interface.about),
        "paths": paths,
        # By reference: openapi-generator writes code that does not compile for a webhook that stands here itself.
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
    """How every document begins. The server is the one that the document comes from."""
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version, "description": about, "license": LICENSE},
        "servers": [{"url": "/"}],
    }


def refusals(vendor: Vendor, endpoint: Endpoint) -> dict[int, list[Rule]]:
    """The rules that can refuse a call of this endpoint, by status, with those that the door judges before."""
    doors = vendor.http_rules.values()
    rules = [rule for stage in endpoint.operation.stages for rule in stage if rule not in doors]
    if "{" in endpoint.path:  # a parameter that holds a slash leads elsewhere
        rules += [vendor.http_rules["route"], vendor.http_rules["verb"]]
    if endpoint.method != "GET":
        rules += [vendor.http_rules["encoding"], vendor.http_rules["size"]]
    found: dict[int, list[Rule]] = {}
    for rule in rules:
        found.setdefault(rule.status, []).append(rule)
    return dict(sorted(found.items()))


def _operation(vendor: Vendor, endpoint: Endpoint, examples: Examples) -> Json:
    name = endpoint.operation.name
    content = vendor.interface.contents.get(name, Content())
    sent = examples.sent.get(name)
    given: Mapping[str, str] = {**sent.params, **sent.query} if sent else {}
    body = body_of(content.body, sent.body if sent else None)
    return {
        "operationId": name,
        "summary": endpoint.summary,
        "tags": [vendor.title],
        "security": [{scheme: [] for scheme in content.security}] if content.security else [],
        **({"parameters": [_parameter(one, given) for one in content.parameters]} if content.parameters else {}),
        **({"requestBody": body} if body else {}),
        "responses": _responses(vendor, endpoint, content, examples),
    }


def _parameter(one: Parameter, given: Mapping[str, str]) -> Json:
    shown: Any = given.get(one.name)
    return {
        "name": one.name,
        "in": one.place,
        "required": one.required,
        "description": one.description,
        "schema": one.schema,
        **({"example": shown} if shown is not None else {}),
    }


def body_of(shapes: Mapping[str, Any], example: Any, *, required: bool = True) -> Json:
    """A request body of these shapes by media type; nothing where there are none."""
    more = {} if example is None else {"examples": {"example": {"value": example}}}
    content = {kind: {"schema": shape, **more} for kind, shape in shapes.items()}
    return {"required": required, "content": content} if shapes else {}


def _responses(vendor: Vendor, endpoint: Endpoint, content: Content, examples: Examples) -> Json:
    """Every answer of an endpoint, by status."""
    name, interface = endpoint.operation.name, vendor.interface
    links = {target: {"operationId": target, "parameters": dict(where)} for target, where in content.links.items()}
    good = {
        str(status): {
            **answer(status, shapes, examples.answered.get((name, status)), links),
            "headers": _headers("Simulator-Note", *interface.answer_headers),
        }
        for status, shapes in content.answers.items()
    }
    return good | _bad(vendor, endpoint, examples)


def _headers(*names: str) -> Json:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def answer(status: int, shapes: Mapping[str, Any], example: Any, links: Json | None = None) -> Json:
    """A response of these shapes by media type."""
    more = {} if example is None else {"examples": {"example": {"value": example}}}
    content = {kind: {"schema": shape, **more} for kind, shape in shapes.items()}
    return {
        "description": HTTPStatus(status).phrase,
        **({"content": content} if content else {}),
        **({"links": links} if links else {}),
    }


def _bad(vendor: Vendor, endpoint: Endpoint, examples: Examples) -> Json:
    """Each status that refuses, with an example for every rule behind it, and 500 and 503, which every call may get.

    Without a rule these come from a fault, in the vendor's words, or from the simulator itself, in its own.
    """
    interface = vendor.interface
    found: Json = {}
    always: dict[int, list[Rule]] = {500: [], 503: []}
    for status, rules in (always | refusals(vendor, endpoint)).items():
        reasons = [rule.statement for rule in rules] or [_CRASHED]
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
