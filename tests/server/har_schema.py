"""The HTTP Archive format, version 1.2, as a JSON Schema: what its specification asks for, member by member."""

from typing import Any

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
SIZE: Schema = {"type": "integer", "minimum": -1}
TIME: Schema = {"type": "number", "minimum": 0}
MOMENT: Schema = {
    "type": "string",
    "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$",
}


def thing(required: dict[str, Schema], optional: dict[str, Schema] | None = None) -> Schema:
    """An object with these members, with a comment, and with custom ones, which begin with an underscore."""
    return {
        "type": "object",
        "required": [*required],
        "properties": {**required, **(optional or {}), "comment": TEXT},
        "patternProperties": {"^_": {}},
        "additionalProperties": False,
    }


def many(items: Schema) -> Schema:
    return {"type": "array", "items": items}


PAIR = thing({"name": TEXT, "value": TEXT})
COOKIE = thing(
    {"name": TEXT, "value": TEXT},
    {"path": TEXT, "domain": TEXT, "expires": TEXT, "httpOnly": {"type": "boolean"}, "secure": {"type": "boolean"}},
)
POSTED = thing({"mimeType": TEXT, "text": TEXT})
REQUEST = thing(
    {
        "method": TEXT, "url": {"type": "string", "pattern": "^https?://[^#\\s]+$"}, "httpVersion": TEXT,
        "cookies": many(COOKIE), "headers": many(PAIR), "queryString": many(PAIR), "headersSize": SIZE,
        "bodySize": SIZE,
    },
    {"postData": POSTED},
)  # fmt: skip
RESPONSE = thing({
    "status": {"type": "integer", "minimum": 0, "maximum": 599}, "statusText": TEXT, "httpVersion": TEXT,
    "cookies": many(COOKIE), "headers": many(PAIR),
    "content": thing({"size": SIZE, "mimeType": TEXT}, {"compression": SIZE, "text": TEXT, "encoding": TEXT}),
    "redirectURL": TEXT, "headersSize": SIZE, "bodySize": SIZE,
})  # fmt: skip
ENTRY = thing(
    {
        "startedDateTime": MOMENT, "time": TIME, "request": REQUEST, "response": RESPONSE, "cache": thing({}),
        "timings": thing({"send": TIME, "wait": TIME, "receive": TIME}),
    },
    {"pageref": TEXT, "serverIPAddress": TEXT, "connection": TEXT},
)  # fmt: skip
HAR = thing({
    "log": thing(
        {"version": {"const": "1.2"}, "creator": thing({"name": TEXT, "version": TEXT}), "entries": many(ENTRY)},
        {"browser": thing({"name": TEXT, "version": TEXT}), "pages": many({"type": "object"})},
    ),
})  # fmt: skip
"""A whole archive."""
