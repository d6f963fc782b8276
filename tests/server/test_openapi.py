"""The OpenAPI documents: valid, complete, with true examples, and matched by the responses of the server."""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from assessment_simulator.app import VENDORS, documents
from assessment_simulator.control.openapi import refusals
from assessment_simulator.control.operation import named
from assessment_simulator.control.reference import FILES, FOLDER
from assessment_simulator.core.vendor import Endpoint, Vendor
from tests.server import assessment, order, problem
from tests.servers import Listener, Received, Sandbox

REFERENCE = documents()
NAMES = REFERENCE.names
VENDOR_NAMES = {named(vendor): vendor for vendor in VENDORS.values()}
ENDPOINTS = [
    pytest.param(vendor, endpoint, id=endpoint.operation.name)
    for vendor in VENDORS.values()
    for endpoint in vendor.endpoints
]


def operations(document: Any) -> Iterator[tuple[str, str, Any]]:
    """Every operation of a document, with its method and path."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def validator(document: Any, schema: Any) -> Draft202012Validator:
    """A validator for a schema that stands in a document."""
    checker = Draft202012Validator.FORMAT_CHECKER
    return Draft202012Validator({**schema, "components": document["components"]}, format_checker=checker)


def webhook(name: str) -> Any:
    """The operation of a document's only webhook, which stands there by reference."""
    document = REFERENCE.get(name)
    ((hook, item),) = document["webhooks"].items()
    assert item == {"$ref": f"#/components/pathItems/{hook}"}
    return document["components"]["pathItems"][hook]["post"]


def schemas(value: Any, where: str = "") -> Iterator[tuple[str, Any]]:
    """Every value in a document that says a JSON type, with its place; examples are left out."""
    if isinstance(value, dict):
        if isinstance(value.get("type"), str | list) and not {"in", "scheme"} & value.keys():
            yield where, value
        for name, inner in value.items():
            if name not in ("examples", "example", "enum", "default"):
                yield from schemas(inner, f"{where}/{name}")
    if isinstance(value, list):
        for place, inner in enumerate(value):
            yield from schemas(inner, f"{where}/{place}")


def contents(operation: Any) -> Iterator[tuple[str, Any]]:
    """Every body that an operation describes, with where it stands."""
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        yield f"request {kind}", content
    for status, response in operation["responses"].items():
        for kind, content in response.get("content", {}).items():
            yield f"{status} {kind}", content


def described(name: str, method: str, path: str, status: int) -> Any:
    response = REFERENCE.get(name)["paths"][path][method.lower()]["responses"][str(status)]
    return next(iter(response["content"].values()))["schema"]


@pytest.mark.parametrize("name", NAMES)
def test_document_is_valid_openapi_and_deterministic(name: str) -> None:
    validate(REFERENCE.get(name))
    assert json.dumps(documents().get(name)) == json.dumps(REFERENCE.get(name))


def wrong_for_generators(schema: Any) -> list[str]:
    """Why a client generator writes code that does not compile for this shape."""
    kinds = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    found = []
    if "object" in kinds and not {"properties", "additionalProperties", "oneOf", "anyOf"} & schema.keys():
        found.append("an object without members")
    if "array" in kinds and not schema.get("items"):
        found.append("an array without items")
    return found


@pytest.mark.parametrize("name", NAMES)
def test_schemas_work_with_client_generators(name: str) -> None:
    document = REFERENCE.get(name)
    assert document["info"]["license"] == {"name": "MIT", "identifier": "MIT"}
    found = [(where, why) for where, schema in schemas(document) for why in wrong_for_generators(schema)]
    # Beside another shape null is understood.
    nulls = [where for where, schema in schemas(document) if schema["type"] == "null" and "/anyOf/" not in where]
    assert (found, nulls) == ([], [])
    hooks = [webhook(name)] if name in VENDOR_NAMES else []
    for operation in [*hooks, *(one for _, _, one in operations(document))]:
        assert "security" in operation
        assert [where for where, content in contents(operation) if not content["schema"]] == []
    assert [hook["security"] for hook in hooks] == [[]] * len(hooks)


@pytest.mark.parametrize("name", VENDOR_NAMES)
def test_document_has_exactly_the_endpoints_of_the_vendor(name: str) -> None:
    described = {(method, path, one["operationId"]) for method, path, one in operations(REFERENCE.get(name))}
    vendor = VENDOR_NAMES[name]
    assert described == {(one.method, one.path, one.operation.name) for one in vendor.endpoints}
    assert set(vendor.interface.contents) == {one.operation.name for one in vendor.endpoints}


@pytest.mark.parametrize(("vendor", "endpoint"), ENDPOINTS)
def test_endpoint_has_all_its_schemas(vendor: Vendor, endpoint: Endpoint) -> None:
    content = vendor.interface.contents.get(endpoint.operation.name)
    assert content, f"{endpoint.operation.name} lacks a row in CONTENTS of its vendor's schemas"
    in_path = {one.name for one in content.parameters if one.place == "path"}
    assert in_path == {part.strip("{}") for part in endpoint.path.split("/") if part.startswith("{")}
    http_rules = vendor.http_rules.values()
    rules = {rule.status for stage in endpoint.operation.stages for rule in stage if rule not in http_rules}
    assert set(content.answers) | rules == set(endpoint.statuses)
    assert bool(content.body) == (413 in refusals(vendor, endpoint) and endpoint.method != "DELETE")


def test_every_endpoint_except_downloads_has_an_example_of_success() -> None:
    for name in VENDOR_NAMES:
        for _, path, operation in operations(REFERENCE.get(name)):
            good = [response for status, response in operation["responses"].items() if status < "300"]
            bodies = [body for response in good for body in response.get("content", {}).values()]
            bodies = [body for body in bodies if body["schema"].get("format") != "binary"]
            if bodies and operation["operationId"] != "archive_assessment":
                assert any("examples" in body for body in bodies), path


@pytest.mark.parametrize("name", NAMES)
def test_every_example_matches_its_schema(name: str) -> None:
    document = REFERENCE.get(name)
    for method, path, operation in operations(document):
        for where, content in contents(operation):
            for id, example in content.get("examples", {}).items():
                found = [
                    error.message for error in validator(document, content["schema"]).iter_errors(example["value"])
                ]
                assert found == [], f"{method} {path} {where} {id}"
        for parameter in operation.get("parameters", ()):
            if "example" in parameter and parameter["schema"].get("type") == "string":
                validator(document, parameter["schema"]).validate(parameter["example"])


def test_every_rule_has_an_example_in_the_document() -> None:
    for name, vendor in VENDOR_NAMES.items():
        text = json.dumps(REFERENCE.get(name))
        for endpoint in vendor.endpoints:
            for rules in refusals(vendor, endpoint).values():
                assert [rule.id for rule in rules if f'"{rule.id}": {{"summary"' not in text] == []


@pytest.mark.parametrize("name", NAMES)
def test_served_and_printed_documents_are_equal(name: str, http: httpx2.Client) -> None:
    served = http.get(f"/_simulator/openapi/{name}.json")
    assert served.status_code == 200
    assert served.json() == REFERENCE.get(name)
    printed = subprocess.run(
        [sys.executable, "-m", "assessment_simulator", "openapi", name], capture_output=True, text=True, check=True
    )
    assert json.loads(printed.stdout) == served.json()


def test_unknown_document_or_file_returns_404(http: httpx2.Client) -> None:
    problem(http.get("/_simulator/openapi/other.json"), 404, "predictive-index")
    problem(http.get("/_simulator/static/index.html"), 404, "page.js")
    problem(http.get("/_simulator/static/..%2Fdocs%2Findex.html"), 404)


def test_docs_page_uses_only_files_of_this_server(http: httpx2.Client) -> None:
    page = http.get("/_simulator/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert "http:" not in page.text
    assert "https:" not in page.text
    assert "script-src 'self';" in page.headers["content-security-policy"]
    for name in FILES:
        answer = http.get(f"/_simulator/static/{name}")
        assert answer.status_code == 200
        assert answer.content == (FOLDER / name).read_bytes()
        assert name == "favicon.png" or f"static/{name}" in page.text


def checked(name: str, method: str, path: str, answer: httpx2.Response) -> Any:
    """The answer's JSON, which must be as the document says."""
    value = answer.json()
    errors = validator(REFERENCE.get(name), described(name, method, path, answer.status_code)).iter_errors(value)
    assert [error.message for error in errors] == [], f"{method} {path}"
    return value


@pytest.mark.parametrize("status", [429, 500, 503])
@pytest.mark.parametrize(
    ("name", "path"), [("pymetrics", "/mercury/order"), ("predictive-index", "/api/v1/behavioralassessments")]
)
def test_errors_by_injected_faults_match_the_document(name: str, path: str, status: int, sandbox: Sandbox) -> None:
    sandbox.control_json("PATCH", "/config", {"rate_limit": 100})
    kind = {"do": "rate_limit"} if status == 429 else {"do": "status", "status": status}
    caller = sandbox.pymetrics if name == "pymetrics" else sandbox.pi
    sandbox.control_json("PUT", "/faults", [kind])
    answer = caller.post(path, json={})
    assert answer.status_code == status
    checked(name, "POST", path, answer)
    declared = {
        header.lower() for header in REFERENCE.get(name)["paths"][path]["post"]["responses"][str(status)]["headers"]
    }
    assert extra_headers(answer) <= declared
    assert ("retry-after" in answer.headers) == (status == 429)


def extra_headers(answer: httpx2.Response) -> set[str]:
    """The headers of an answer that only this simulator or its vendor sends."""
    return {name for name in answer.headers if name.startswith(("simulator-", "x-", "retry-"))}


@pytest.mark.parametrize("name", VENDOR_NAMES)
def test_every_answer_declares_its_simulator_headers(name: str) -> None:
    document = REFERENCE.get(name)
    own = set(VENDOR_NAMES[name].interface.answer_headers)
    for _, _, operation in operations(document):
        for status, response in operation["responses"].items():
            explaining = {"Simulator-Note"} if status < "300" else {"Simulator-Hint"}
            assert explaining | own <= response["headers"].keys() <= document["components"]["headers"].keys()


def test_sent_simulator_headers_are_declared(sandbox: Sandbox) -> None:
    sandbox.control_json("PATCH", "/config", {"rate_limit": 100})
    path = "/api/v1/behavioralassessments"
    responses = REFERENCE.get("predictive-index")["paths"][path]["post"]["responses"]
    person = {"firstName": "Ada", "lastName": "Byron", "email": "ada@example.com"}
    for body, status in (({**person, "shoeSize": 41}, 201), ({**person, "firstName": None, "FirstName": "Ada"}, 400)):
        answer = sandbox.pi.post(path, json=body)
        assert answer.status_code == status
        explaining = {"simulator-note"} if status == 201 else {"simulator-rule", "simulator-hint"}
        assert explaining | {"x-ratelimit-limit"} == extra_headers(answer)
        assert extra_headers(answer) <= {header.lower() for header in responses[str(status)]["headers"]}


def told(name: str, received: Received) -> None:
    """A webhook as it came in, which must be as the document says."""
    document = REFERENCE.get(name)
    kind = received.headers["content-type"]
    value: Any = received.form if "form" in kind else received.json
    if "form" in kind:
        value["assessmentState"] = int(value["assessmentState"])
    errors = validator(document, webhook(name)["requestBody"]["content"][kind]["schema"]).iter_errors(value)
    assert [error.message for error in errors] == []


@pytest.mark.parametrize("kind", ["form", "json"])
def test_webhook_of_the_predictive_index_matches_the_document(kind: str, sandbox: Sandbox, listener: Listener) -> None:
    sandbox.control_json("PATCH", "/config", {"behaviour": {"pi.webhook_format": kind}})
    first = assessment(sandbox, assessmentStatusWebHook=listener.url, associatedPositionTitle="Software Engineer")
    sandbox.control_json("POST", f"/invitations/{first['assessmentId']}/complete")
    told("predictive-index", listener.wait_for(1)[0])


def test_webhook_of_pymetrics_matches_the_document(sandbox: Sandbox, listener: Listener) -> None:
    sandbox.control_json("PATCH", "/config", {"webhook_url": listener.url})
    sandbox.control_json("POST", f"/invitations/{order(sandbox)['id']}/complete")
    told("pymetrics", listener.wait_for(1)[0])


def checked_control(sandbox: Sandbox, method: str, path: str, address: str, json: Any = None) -> Any:
    """A control call under the sandbox, and its answer's JSON, which must be as the document says."""
    answer = sandbox.control(method, address, json)
    return checked("control", method, f"/_simulator/sandboxes/{{name}}{path}", answer)


def test_answers_of_the_control_api_match_the_document(sandbox: Sandbox, http: httpx2.Client) -> None:
    order(sandbox, send_email=True)
    order(sandbox, "application-2", "ada+completes-in-10m@example.com")
    assessment(sandbox, assessmentStatusWebHook="http://169.254.169.254/")
    for path in ("", "/config", "/clock", "/invitations", "/mail"):
        checked_control(sandbox, "GET", path, path)
    assert checked_control(sandbox, "POST", "/clock", "/clock", {"advance": "PT1H"})["events"]
    for one in sandbox.control_json("GET", "/invitations"):
        checked_control(sandbox, "POST", "/invitations/{id}/{action}", f"/invitations/{one['id']}/complete")
    (delivery,) = checked_control(sandbox, "GET", "/deliveries", "/deliveries")
    checked_control(sandbox, "GET", "/deliveries/{id}", f"/deliveries/{delivery['id']}")
    checked_control(sandbox, "POST", "/deliveries/{id}/replay", f"/deliveries/{delivery['id']}/replay")
    checked_control(sandbox, "POST", "/snapshots", "/snapshots")
    checked_control(sandbox, "DELETE", "/snapshots/{id}", "/snapshots/none")
    checked_control(sandbox, "PATCH", "/config", "/config", {"snapshot_limit": 1})
    checked_control(sandbox, "POST", "/snapshots", "/snapshots")
    checked_control(sandbox, "PATCH", "/config", "/config", {"invitation_days": 1})
    checked_control(sandbox, "POST", "/clock", "/clock", {"advance": "x"})
    (first, *_) = sandbox.control_json("GET", "/invitations")
    checked_control(sandbox, "GET", "/invitations/{id}/timeline", f"/invitations/{first['id']}/timeline")
    for path in ("/invitations", "/deliveries", "/journal", "/mail"):
        assert len(checked_control(sandbox, "GET", path, f"{path}?newest=1")) == 1
        checked_control(sandbox, "GET", path, f"{path}?newest=0")
    for name in VENDOR_NAMES:
        checked_control(sandbox, "GET", "/states/{vendor}", f"/states/{name}")
        checked("control", "GET", "/_simulator/states/{vendor}", http.get(f"/_simulator/states/{name}"))
    http.post(f"/_simulator/catch/{sandbox.name}", json={"a": 1})
    assert checked("control", "GET", "/_simulator/catch/{name}", http.get(f"/_simulator/catch/{sandbox.name}"))
    for path in ("/_simulator/health", "/_simulator/rules", "/_simulator/sandboxes"):
        checked("control", "GET", path, http.get(path))
