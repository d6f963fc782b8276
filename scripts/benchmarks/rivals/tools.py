"""The tools: how each is installed, told what to answer, and started, and what it does for a request."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.bare import ORDER

_HERE = Path(__file__).parent
_BUCKET, _ROUTE = "00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"
JSON = {"content-type": "application/json"}


@dataclass(frozen=True, slots=True)
class Tool:
    """One of them. `command` gets the folder of its files and a port; `prepare` writes those files.

    `reads` is the path of one order, with its id in braces; `seed` is the id of one that is there from the start, None
    where it must be created first.
    """

    name: str
    package: str
    version: str
    does: str
    prepare: Callable[[Path], None]
    command: Callable[[Path, int], tuple[str, ...]]
    creates: str = "/mercury/order"
    reads: str = "/mercury/getOrder/{id}"
    seed: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def _nothing(folder: Path) -> None:
    """It needs no files."""


def _script(folder: Path, package: str, path: str) -> str:
    return str(folder.parent / "node_modules" / package / path)


def _json_server(folder: Path) -> None:
    (folder / "db.json").write_text(json.dumps({"orders": [{**ORDER, "id": "first"}]}))
    routes = {"/mercury/order": "/orders", "/mercury/getOrder/:id": "/orders/:id"}
    (folder / "routes.json").write_text(json.dumps(routes))


def _prism(folder: Path) -> None:
    from assessment_simulator.app import documents  # prism mocks the very document that we publish

    (folder / "openapi.json").write_text(json.dumps(documents().get("pymetrics")))


def _mockoon(folder: Path) -> None:
    response = {
        "uuid": _BUCKET, "statusCode": 200, "bodyType": "DATABUCKET", "databucketID": "ords", "default": True,
        "headers": [], "rules": [], "crudKey": "id",
    }  # fmt: skip
    route = {"uuid": _ROUTE, "type": "crud", "method": "", "endpoint": "mercury/order", "responses": [response]}
    bucket = {"uuid": _BUCKET, "id": "ords", "name": "orders", "value": json.dumps([{**ORDER, "id": "first"}])}
    environment = {
        "uuid": _BUCKET, "lastMigration": 33, "name": "orders", "port": 3000, "hostname": "127.0.0.1",
        "routes": [route], "rootChildren": [{"type": "route", "uuid": _ROUTE}], "data": [bucket], "headers": [],
        "folders": [],
    }  # fmt: skip
    (folder / "environment.json").write_text(json.dumps(environment))


def _wiremock(folder: Path) -> None:
    candidate = {**ORDER["candidate"], "email": "{{jsonPath request.body '$.candidate.email'}}"}  # type: ignore[dict-item]
    made = {**ORDER, "id": "{{randomValue type='UUID'}}", "candidate": candidate}
    read = {**ORDER, "id": "{{request.pathSegments.[2]}}"}
    answers = (
        ({"method": "POST", "urlPath": "/mercury/order"}, 201, made),
        ({"method": "GET", "urlPathPattern": "/mercury/getOrder/[^/]+"}, 200, read),
    )
    mappings = [
        {
            "request": request,
            "response": {"status": status, "jsonBody": body, "headers": JSON, "transformers": ["response-template"]},
        }
        for request, status, body in answers
    ]
    (folder / "mappings").mkdir(exist_ok=True)
    (folder / "mappings" / "orders.json").write_text(json.dumps({"mappings": mappings}))


def _jar(folder: Path) -> str:
    return str(next((folder.parent / "node_modules" / "wiremock" / "build").glob("wiremock-standalone-*.jar")))


TOOLS = (
    Tool(
        "Express stub", "express", "5",
        "twenty lines written by hand; parses the body, keeps it in a map; no access, no rules, no states",
        _nothing,
        lambda folder, port: ("node", str(_HERE / "stub.cjs"), str(port)),
    ),
    Tool(
        "Mockoon", "@mockoon/cli", "9",
        "keeps what was posted in memory (a CRUD route), logs each call to standard output; no access, no rules",
        _mockoon,
        lambda folder, port: ("node", _script(folder, "@mockoon/cli", "bin/run.js"), "start", "--data",
                              str(folder / "environment.json"), "--port", str(port), "--disable-log-to-file"),
        reads="/mercury/order/{id}", seed="first",
    ),
    Tool(
        "WireMock", "wiremock", "3",
        "fills in templates with parts of the request, remembers nothing; its journal is off",
        _wiremock,
        lambda folder, port: ("java", "-jar", _jar(folder), "--port", str(port), "--bind-address", "127.0.0.1",
                              "--root-dir", str(folder), "--no-request-journal", "--use-chunked-encoding", "never",
                              "--disable-banner"),
        seed="first",
    ),
    Tool(
        "json-server", "json-server", "0.17",
        "keeps what was posted in a file that it writes anew each time; no access, no rules",
        _json_server,
        lambda folder, port: ("node", _script(folder, "json-server", "lib/cli/bin.js"), "--quiet",
                              "--host", "127.0.0.1", "--port", str(port), "--routes",
                              str(folder / "routes.json"), str(folder / "db.json")),
        seed="first",
    ),
    Tool(
        "Prism", "@stoplight/prism-cli", "5",
        "checks the request's shape against our OpenAPI document and answers its example; remembers nothing",
        _prism,
        lambda folder, port: ("node", _script(folder, "@stoplight/prism-cli", "dist/index.js"), "mock",
                              "--host", "127.0.0.1", "--port", str(port), "--verboseLevel", "error",
                              str(folder / "openapi.json")),
        seed="6f1c7a52-3b0e-4d55-9a7c-2f6a1e0b9c3d",
        headers={"authorization": "Bearer bench", "x-api-key": "sim-bench"},
    ),
)  # fmt: skip
