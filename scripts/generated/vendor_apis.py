"""The page of all simulated operations, written from the vendors' OpenAPI documents."""

from assessment_simulator.app import documents

_TOP = """\
# Vendor APIs

Reference, written by `scripts/docs` from the OpenAPI documents; do not edit. A running server shows them with all
members at `/_simulator/docs`, and serves them at `/_simulator/openapi/<document>.json`. `operation` is the name that a
[fault](control.md#faults) and the [journal](control.md#the-journal) use. [Limitations](limitations.md) lists what is
missing.
"""


def page() -> str:
    """The page's text."""
    parts = [_TOP]
    for name in documents().names:
        document = documents().get(name)
        if name == "control":
            continue
        parts.append(f"## {document['info']['title']}\n\nDocument: `{name}`.\n")
        parts.append("| request | operation | does | statuses |\n|---|---|---|---|")
        parts += [
            f"| `{method.upper()} {path}` | `{one['operationId']}` | {one['summary']} | {', '.join(one['responses'])} |"
            for path, methods in document["paths"].items()
            for method, one in methods.items()
        ]
        parts.append("")
    return "\n".join(parts).rstrip("\n") + "\n"
