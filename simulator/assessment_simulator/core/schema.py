"""JSON Schema (draft 2020-12, that of OpenAPI 3.1) as plain values, and what a vendor's document says with it.

A vendor's `openapi` module describes with these what its endpoints do not: the shapes of bodies, and example requests.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from assessment_simulator.core.rules import Field

Schema = dict[str, Any]
INSTANT = {"type": "string", "format": "date-time"}


def _typed(kind: str, description: str = "", **more: Any) -> Schema:
    return {"type": kind, **more, **({"description": description} if description else {})}


text = partial(_typed, "string")
integer = partial(_typed, "integer")
number = partial(_typed, "number")
boolean = partial(_typed, "boolean")
instant = partial(_typed, "string", format="date-time")
binary = partial(_typed, "string", format="binary")
anything = partial(_typed, "object", additionalProperties=True)


def array(items: Schema, description: str = "", **more: Any) -> Schema:
    """A list of values of one shape."""
    return _typed("array", description, items=items, **more)


def record(members: Mapping[str, Schema], description: str = "", optional: Iterable[str] = ()) -> Schema:
    """An object with exactly these members, all required but the `optional` ones."""
    absent = frozenset(optional)
    required = [name for name in members if name not in absent]
    more = {"required": required} if required else {}
    return _typed("object", description, properties=dict(members), additionalProperties=False, **more)


def named(words: str) -> str:
    """A title from words with underscores; client generators use it as the name of the shape."""
    return "".join(word.capitalize() for word in words.split("_"))


def ref(name: str) -> Schema:
    """A reference to one of the document's named shapes."""
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
    shape: Schema = {"type": [name, "null"] if None in known else name, **limits, **more}
    return {**shape, "description": description} if description else shape


def nullable(schema: Schema) -> Schema:
    """The same shape, or null."""
    if "$ref" in schema:
        return {"anyOf": [schema, {"type": "null"}]}
    values = {"enum": [*schema["enum"], None]} if "enum" in schema else {}
    return {**schema, "type": [schema["type"], "null"], **values}


def any_case(words: Iterable[str]) -> str:
    """A pattern for any of the words, in letters of either case, and for the empty text."""
    spelt = ("".join(f"[{c.lower()}{c.upper()}]" if c.isalpha() else c for c in word) for word in sorted(words))
    return f"^(?:{'|'.join(spelt)})?$"


def body(fields: "Iterable[Field]", required: Iterable[str] = (), more: Mapping[str, Schema] | None = None) -> Schema:
    """The object with these members of a request; unknown members may stand beside them.

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
    """The input and output of an operation; a body is a shape by media type, and a response may have none."""

    parameters: tuple[Parameter, ...] = ()
    body: Mapping[str, Schema] = field(default_factory=dict)
    answers: Mapping[int, Mapping[str, Schema]] = field(default_factory=dict)  # the successful responses
    security: tuple[str, ...] = ()  # the schemes, all of which are required
    # By the name of another operation: where in the response its parameters stand.
    links: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a story: an operation or action, and what is sent with it.

    A text that begins with `=` refers to an earlier response: `=create_order/order/id`.
    """

    operation: str
    body: Any = None
    params: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    media_type: str = "application/json"
    # For the examples of rules, which are sent over HTTP: other headers than those of the story (None: it is not sent),
    # the text of the body, another method and another path than those of the operation's endpoint.
    headers: Mapping[str, str | None] = field(default_factory=dict)
    raw: str | None = None
    method: str = ""
    path: str = ""


@dataclass(frozen=True, slots=True)
class Example:
    """A request that a rule accepts and, after it, one that it refuses.

    Before them come the steps of the story up to the operation, and those in `before`. Between them come the settings
    in `changed` and the steps in `between`, and the clock moves by `advance`, in ticks. `config` holds the first
    settings.
    """

    accepted: Step
    refused: Step
    before: tuple[Step, ...] = ()
    between: tuple[Step, ...] = ()
    config: Mapping[str, Any] = field(default_factory=dict)
    changed: Mapping[str, Any] = field(default_factory=dict)
    advance: int = 0


@dataclass(frozen=True, slots=True)
class Interface:
    """What a vendor's OpenAPI document says besides its endpoints and rules."""

    about: str = ""
    schemas: Mapping[str, Schema] = field(default_factory=dict)  # the named shapes
    contents: Mapping[str, Content] = field(default_factory=dict)  # by operation
    errors: Mapping[int, Schema] = field(default_factory=dict)  # the shape of a refusal, by status
    security: Mapping[str, Schema] = field(default_factory=dict)
    webhooks: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)  # of every request of the story
    answer_headers: Mapping[str, Any] = field(default_factory=dict)  # the vendor's own headers of responses
    story: tuple[Step, ...] = ()  # is run for examples of requests and responses
