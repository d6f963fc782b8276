"""A file of requests (`.http`) of a vendor's OpenAPI document, which editors can send one by one.

It is in the common form of Visual Studio Code's REST Client and of Visual Studio: requests are separated by `###`,
and a request refers to the response of an earlier one by its name. Each creation is followed by a control call that
completes what was created, because patterns, reports and scores exist from then on.
"""

import json
from typing import Any
from urllib.parse import quote

from assessment_simulator.http.problem_details import ROOT

# The name of the sandbox in the documents' examples.
_EXAMPLE = "sim-example"


def http_file(document: dict[str, Any], url: str, sandbox: str) -> str:
    """The requests of a document, in the order in which they can be sent."""
    operations = [
        (method.upper(), path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    # What is deleted can be read before.
    operations.sort(key=lambda one: one[0] == "DELETE")
    # By operation and parameter: where an earlier response has its value.
    known: dict[tuple[str, str], str] = {}
    parts = [f"# {document['info']['title']}\n\n@base = {url}\n@sandbox = {sandbox}\n@key = sim-{sandbox}\n"]
    for method, path, operation in operations:
        id = operation["operationId"]
        filled = _path(path, operation, known)
        if filled is None:
            continue
        lines = [f"### {operation['summary']}", f"# @name {id}", f"{method} {{{{base}}}}{filled}"]
        for scheme in operation.get("security") or ():
            lines += [_header(document["components"]["securitySchemes"][name]) for name in scheme]
        body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        if body:
            example = json.dumps(next(iter(body["examples"].values()))["value"], indent=2)
            lines += ["Content-Type: application/json", "", example.replace(_EXAMPLE, "{{key}}")]
        parts.append("\n".join(lines) + "\n")
        created = ""
        for response in operation["responses"].values():
            for link in response.get("links", {}).values():
                for name, value in link["parameters"].items():
                    pointer = value.removeprefix("$response.body#/").replace("/", ".")
                    created = known[link["operationId"], name] = f"{{{{{id}.response.body.$.{pointer}}}}}"
        if created:
            complete = f"POST {{{{base}}}}{ROOT}/sandboxes/{{{{sandbox}}}}/invitations/{created}/complete"
            parts.append(f"### Simulate the candidate\n# @name complete_{id}\n{complete}\n")
    return "\n".join(parts)


def _path(path: str, operation: dict[str, Any], known: dict[tuple[str, str], str]) -> str | None:
    """The path with its parameters and required queries; None if there is no example of one."""
    query = []
    for one in operation.get("parameters", ()):
        value = known.get((operation["operationId"], one["name"]), one.get("example"))
        if one["in"] == "path":
            if value is None:
                return None
            path = path.replace(f"{{{one['name']}}}", str(value))
        elif one["in"] == "query" and value is not None:
            query.append(f"{quote(one['name'])}={quote(str(value))}")
    return path + (f"?{'&'.join(query)}" if query else "")


def _header(scheme: dict[str, Any]) -> str:
    if scheme["type"] == "apiKey":
        return f"{scheme['name']}: {{{{key}}}}"
    return "Authorization: Bearer {{create_token.response.body.$.access_token}}"
