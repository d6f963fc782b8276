"""The words to say what goes over the wire: JSON Schema (draft 2020-12, that of OpenAPI 3.1) as plain values.

A vendor's `schemas` says with them what its endpoints do not: the shapes of bodies, and examples of how to ask.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from assessment_simulator.core.rules import Field

Schema = dict[str, Any]
INSTANT = {"type": "string", "format": "date-time"}


def text(description: str = "", **more: Any) -> Schema:
    """A string."""
    return _described({"type": "string", **more}, description)


def integer(description: str = "", **more: Any) -> Schema:
    """A whole number."""
    return _described({"type": "integer", **more}, description)


def number(description: str = "", **more: Any) -> Schema:
    """Any number."""
    return _described({"type": "number", **more}, description)


def boolean(description: str = "") -> Schema:
    """True or false."""
    return _described({"type": "boolean"}, description)


def instant(description: str = "") -> Schema:
    """A moment, as RFC 3339 has it."""
    return _described(dict(INSTANT), description)


def array(items: Schema, description: str = "", **more: Any) -> Schema:
    """A list of things that are alike."""
    return _described({"type": "array", "items": items, **more}, description)


def record(members: Mapping[str, Schema], description: str = "", optional: Iterable[str] = ()) -> Schema:
    """An object of just these members, all there but for the `optional` ones."""
    absent = frozenset(optional)
    required = [name for name in members if name not in absent]
    shape: Schema = {"type": "object", "properties": dict(members), "additionalProperties": False}
    return _described({**shape, **({"required": required} if required else {})}, description)


def anything(description: str = "") -> Schema:
    """An object with any members."""
    return _described({"type": "object", "additionalProperties": True}, description)


def binary(description: str = "") -> Schema:
    """The bytes of a file."""
    return _described({"type": "string", "format": "binary"}, description)


def named(words: str) -> str:
    """A title from words with underscores; client generators make it the name of the shape."""
    return "".join(word.capitalize() for word in words.split("_"))


def ref(name: str) -> Schema:
    """One of the document's own named shapes."""
    return {"$ref": f"#/components/schemas/{name}"}


def choice(values: Iterable[str | int | bool | None], description: str = "", **more: Any) -> Schema:
    """One of these values, all of one JSON type but for null.

    Client generators write code that does not compile for a value list of mixed types, and for a shape whose only type
    is null.
    """
    known = list(values)
    (kind,) = {type(value) for value in known if value is not None}
    name = {bool: "boolean", int: "integer", str: "string"}[kind]
    limits: Schema = {} if {True, False} <= {*known} and kind is bool else {"enum": known}
    if len(known) == 1:
        limits = {"const": known[0]}
    return _described({"type": [name, "null"] if None in known else name, **limits, **more}, description)


def nullable(schema: Schema) -> Schema:
    """The same, or null."""
    if "$ref" in schema:
        return {"anyOf": [schema, {"type": "null"}]}
    values = {"enum": [*schema["enum"], None]} if "enum" in schema else {}
    return {**schema, "type": [schema["type"], "null"], **values}


def any_case(words: Iterable[str]) -> str:
    """A pattern for any of the words, in letters of either case, and for the empty text."""
    spelt = ("".join(f"[{c.lower()}{c.upper()}]" if c.isalpha() else c for c in word) for word in sorted(words))
    return f"^(?:{'|'.join(spelt)})?$"


def body(fields: Iterable[Field], required: Iterable[str] = (), more: Mapping[str, Schema] | None = None) -> Schema:
    """The object that these members of a request make; members nobody knows may stand beside them.

    `required` and `more`, keywords to add, go by dotted path. What is not required may be null, which is "not sent".
    """
    demanded, added = frozenset(required), more or {}
    root: Schema = {"type": "object", "properties": {}}
    for one in sorted(fields, key=lambda one: len(one.path)):
        around, path = root, ".".join(one.path)
        for step in one.path[:-1]:
            around = around["properties"][step]
            around.setdefault("properties", {})
        shape: Schema = {"type": one.type.value, "description": one.description}
        if one.type == "object":
            shape["additionalProperties"] = True
        if one.type == "array":
            shape["items"] = {}
        shape |= added.get(path, {})
        around["properties"][one.path[-1]] = shape if path in demanded else nullable(shape)
        if path in demanded:
            around.setdefault("required", []).append(one.path[-1])
    return root


def _described(schema: Schema, description: str) -> Schema:
    return {**schema, "description": description} if description else schema


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a path (always required) or of a query."""

    name: str
    schema: Schema
    description: str
    required: bool = False
    place: str = "query"


@dataclass(frozen=True, slots=True)
class Content:
    """What goes in and out of an operation: parameters, the request's body, and the body of each answer that is good.

    A body is its shape by media type; an answer without any has no body. `security` are the schemes of which all are
    asked for. `links` lead on: by the name of an operation, where in the answer its parameters stand.
    """

    parameters: tuple[Parameter, ...] = ()
    body: Mapping[str, Schema] = field(default_factory=dict)
    answers: Mapping[int, Mapping[str, Schema]] = field(default_factory=dict)
    security: tuple[str, ...] = ()
    links: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a story: an operation or action, and what is sent with it.

    A text that begins with `=` stands for something in an earlier answer: `=create_order/order/id`.
    """

    operation: str
    body: Any = None
    params: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    media_type: str = "application/json"


@dataclass(frozen=True, slots=True)
class Interface:
    """What a vendor's document says besides its endpoints and rules.

    `schemas` are the named shapes, `contents` what each operation takes and gives, `errors` the shape of each refusal
    by status, `security` the ways to be let in, `webhooks` what is sent, and `answer_headers` the vendor's own headers
    of answers (OpenAPI's own objects). The `story` is played for examples of requests and answers, each call with
    `headers`.
    """

    about: str = ""
    schemas: Mapping[str, Schema] = field(default_factory=dict)
    contents: Mapping[str, Content] = field(default_factory=dict)
    errors: Mapping[int, Schema] = field(default_factory=dict)
    security: Mapping[str, Schema] = field(default_factory=dict)
    webhooks: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    answer_headers: Mapping[str, Any] = field(default_factory=dict)
    story: tuple[Step, ...] = ()
