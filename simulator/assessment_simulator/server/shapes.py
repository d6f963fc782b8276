"""Bodies of control calls: dataclasses, read strictly. Every complaint names the member and what would be right."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field, fields, is_dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeVar, get_args, get_origin, get_type_hints

from assessment_simulator.server import wire
from assessment_simulator.server.problems import Problem, flawed
from assessment_simulator.server.text_encoding import not_utf8

if TYPE_CHECKING:
    from pydantic import TypeAdapter

T = TypeVar("T")
_ADAPTERS: "dict[Any, TypeAdapter[Any]]" = {}
_STRICT: dict[str, object] = {"extra": "forbid", "strict": True}
MOST_VALUES = 20_000
"""So many values a body may hold: each may be wrong, and to say so takes a hundred times what it took to write it."""


@dataclass(frozen=True, slots=True)
class Opening:
    """`POST /_simulator/sandboxes`."""

    __pydantic_config__: ClassVar = _STRICT
    name: str | None = None
    seed: int | str = 0
    config: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Forking:
    """`POST …/fork`."""

    __pydantic_config__: ClassVar = _STRICT
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Turning:
    """`POST …/clock`: exactly one of them."""

    __pydantic_config__: ClassVar = _STRICT
    freeze: str | None = None
    advance: str | None = None
    until_idle: bool | None = None
    run: bool | None = None


@dataclass(frozen=True, slots=True)
class Replaying:
    """`POST …/replay`."""

    __pydantic_config__: ClassVar = _STRICT
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Trying:
    """`POST …/webhook-test`."""

    __pydantic_config__: ClassVar = _STRICT
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Awaiting:
    """`POST …/await`: exactly one of the first three, and how long to wait, in real time."""

    __pydantic_config__: ClassVar = _STRICT
    request: dict[str, Any] | None = None
    webhook: dict[str, Any] | None = None
    invitation: dict[str, Any] | None = None
    within: str = "PT5S"


def read(shape: type[T], data: bytes) -> T:
    """Read a JSON body; no body is an empty object. Raises `Problem` 400 for what is no JSON, 422 for a wrong shape."""
    from pydantic import ValidationError

    if data.count(b",") >= MOST_VALUES:
        raise Problem(422, f"the body holds more than {MOST_VALUES} values")
    try:
        parsed = wire.loads(data or b"{}")  # pydantic alone would take NaN, and nesting without end
    except ValueError as error:
        raise Problem(400, f"the body is not JSON: {not_utf8(data) or error}") from None
    adapter: TypeAdapter[T] = _adapter(shape)
    try:
        return adapter.validate_json(data or b"{}")
    except ValidationError:
        # To JSON Schema 100.0 is an integer, to pydantic's strict mode it is not.
        whole = json.dumps(_whole(shape, parsed))
    try:
        return adapter.validate_json(whole)
    except ValidationError as error:
        raise flawed([_complaint(shape, e) for e in error.errors(include_url=False)]) from None


def _whole(kind: Any, value: Any) -> Any:
    """The value, with an int in place of each float without a fraction where `kind`, a type, takes an int."""
    arguments = get_args(kind)
    if isinstance(value, float):
        return int(value) if int in (kind, *arguments) and value.is_integer() else value
    if isinstance(value, list):
        inner = arguments[0] if arguments else Any
        return [_whole(inner, one) for one in value]
    if isinstance(value, dict):
        hints = get_type_hints(kind) if is_dataclass(kind) else {}
        inner = arguments[-1] if arguments else Any
        return {name: _whole(hints.get(name, inner), one) for name, one in value.items()}
    return value


def _complaint(shape: Any, error: Any) -> dict[str, str]:
    where, what = ".".join(map(str, error["loc"])), error["msg"]
    if error["type"] == "unexpected_keyword_argument":
        what = "is unknown"
        inner = get_args(shape)[0] if get_origin(shape) is list else shape
        if len(error["loc"]) == (1 if inner is shape else 2):
            what += f"; known are {', '.join(field.name for field in fields(inner))}"
    return {"where": where, "what": what}


def dump(value: Any) -> dict[str, Any]:
    """A dataclass as JSON values."""
    dumped: dict[str, Any] = _adapter(type(value)).dump_python(value, mode="json")
    return dumped


def schemas(kinds: Iterable[type], template: str) -> dict[str, Any]:
    """The JSON Schemas of dataclasses and of all that they hold, by name; `template` says how they refer to another."""
    from pydantic import TypeAdapter

    asked: list[tuple[str, Literal["validation"], TypeAdapter[Any]]] = [
        (kind.__name__, "validation", _adapter(kind)) for kind in kinds
    ]
    found: dict[str, Any] = TypeAdapter.json_schemas(asked, ref_template=template)[1]["$defs"]
    return found


def _adapter(shape: Any) -> "TypeAdapter[Any]":
    if shape not in _ADAPTERS:
        from pydantic import TypeAdapter

        _ADAPTERS[shape] = TypeAdapter(shape)
    return _ADAPTERS[shape]
