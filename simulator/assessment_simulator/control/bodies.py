"""Bodies and answers of control calls: each has one pydantic class, which is its validation, view and schema.

An error of a body names the member and says what is valid. Long lists are written in pieces.
"""

import re
from collections.abc import Callable, Iterable
from functools import cache
from itertools import islice
from typing import Annotated, Any, ClassVar, Self, TypeVar, cast, get_args, get_origin

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    TypeAdapter,
    ValidationError,
    model_validator,
)
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError

from assessment_simulator.core import instant
from assessment_simulator.core.schema import Schema, named, record
from assessment_simulator.core.urls import is_web_url
from assessment_simulator.http.problem_details import Problem, flawed
from assessment_simulator.journal.search import UnknownId
from assessment_simulator.storage import json_codec
from assessment_simulator.storage.pauses import Pause

T = TypeVar("T")
# Most values of a body, by its commas. Reporting an error takes about 100 times as long as reading a value.
MOST_VALUES = 20_000

# The durations that `core.instant.parse_duration` accepts, without look-ahead, which JSON Schema does not have.
_N = r"[0-9]{1,12}(?:\.[0-9]{1,9})?"
_TIME = f"T(?:{_N}H(?:{_N}M)?(?:{_N}S)?|{_N}M(?:{_N}S)?|{_N}S)"
_ISO = f"P(?:{_N}W(?:{_N}D)?(?:{_TIME})?|{_N}D(?:{_TIME})?|{_TIME})"
# Beginning with each unit in turn, so that one at least is there.
_SHORT = "|".join(f"{_N}{unit}" + "".join(f"(?:{_N}{u})?" for u in "wdhms"[n:]) for n, unit in enumerate("wdhms", 1))
DURATION = f"(?:{_ISO}|{_SHORT})"
INSTANT = r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,7})?(?:Z|[+-][0-9]{2}:[0-9]{2})?)?"


def must(demand: str, is_valid: Callable[[Any], object]) -> AfterValidator:
    """A check with its error text, where pydantic has no constraint."""

    def checked(value: Any) -> Any:
        if not is_valid(value):
            raise ValueError(f"must {demand}")
        return value

    return AfterValidator(checked)


Object = dict[str, Any]
Filled = Annotated[str, Field(min_length=1)]
Count = Annotated[int, Field(ge=0)]
Duration = Annotated[str, Field(json_schema_extra={"pattern": f"^{DURATION}$"})]
Moment = Annotated[
    str,
    BeforeValidator(lambda at: instant.seven_digits(at) if isinstance(at, int) else at),
    Field(json_schema_extra={"format": "date-time"}),
]
WebUrl = Annotated[
    str, must("be an absolute http or https URL with a host", is_web_url), Field(json_schema_extra={"format": "uri"})
]


def whole(value: Any) -> Any:
    """100.0 as an integer, which it is in JSON Schema but not in pydantic's strict mode."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


class Body(BaseModel):
    """A request body: unknown members are errors, and no value is converted, except 100.0 to an integer."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _with_integers(cls, body: Any) -> Any:
        return {name: whole(value) for name, value in body.items()} if isinstance(body, dict) else body


class OneOf(Body):
    """A body with exactly one of the members `choices`; null and false count as absent."""

    choices: ClassVar[tuple[str, ...]]
    verb: ClassVar[str]  # client generators name the schema of each choice after the verb and the member: `TurnFreeze`

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if sum(getattr(self, name) not in (None, False) for name in self.choices) != 1:
            names = ", ".join(f'"{name}"' for name in self.choices)
            raise ValueError(f"give exactly one of {names}")
        return self

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> Schema:
        """One shape for each choice."""
        members = handler.resolve_ref_schema(handler(schema))["properties"]
        rest = {name: shape for name, shape in members.items() if name not in cls.choices}
        shapes = []
        for name in cls.choices:
            chosen = not_null(members[name])
            shape = record({name: chosen, **rest}, chosen["description"], optional=rest)
            shapes.append({"title": named(f"{cls.verb}_{name}"), **shape})
        return {"type": "object", "oneOf": shapes}


class Answer(BaseModel):
    """An answer; it can be validated from an object with the same attributes."""

    model_config = ConfigDict(extra="forbid", from_attributes=True, json_schema_serialization_defaults_required=True)


def not_null(member: Schema) -> Schema:
    """The schema of a member that may be null, without the null."""
    described = {"description": member["description"]} if "description" in member else {}
    return {**member["anyOf"][0], **described}


def wrong(found: list[tuple[str, str]]) -> ValidationError:
    """A ValidationError with several errors: the member, and what is valid."""
    flaws = [
        InitErrorDetails(type=PydanticCustomError("wrong", "{what}", {"what": what}), loc=(where,), input=None)
        for where, what in found
    ]
    return ValidationError.from_exception_data("body", flaws)


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def read(kind: type[T], data: bytes, **context: Any) -> T:
    """Read a JSON body; no body is an empty object. Raises `Problem` 400 for what is no JSON, 422 for a wrong shape."""
    if data.count(b",") >= MOST_VALUES:
        raise Problem(422, f"the body holds more than {MOST_VALUES} values")
    try:
        json_codec.loads(data or b"{}")  # pydantic alone would take NaN, and nesting without end
    except ValueError as error:
        raise Problem(400, f"the body is not JSON: {json_codec.not_utf8(data) or error}") from None
    try:
        # Validated from the text again: in strict mode pydantic reads JSON by other rules than Python values.
        return cast("T", _adapter(cast("Any", kind)).validate_json(data or b"{}", context=context))
    except ValidationError as invalid:
        flaws = []
        for flaw in invalid.errors(include_url=False):
            # "Input should be less than or equal to 30" becomes "must be less than or equal to 30".
            what = re.sub(r"^(?:Input|String|List) should ", "must ", flaw["msg"].removeprefix("Value error, "))
            what = what.replace(" after validation", "")  # of the length of a list
            if flaw["type"] == "extra_forbidden":
                # The known members are listed for a body itself, or an item of a list.
                (model,) = get_args(kind) or (kind,)
                is_listed = len(flaw["loc"]) == (1 if model is kind else 2)
                what = f"is unknown; known are {', '.join(model.model_fields)}" if is_listed else "is unknown"
            flaws.append({"where": ".".join(map(str, flaw["loc"])), "what": what})
        raise flawed(flaws) from None


def values(kind: Any, value: Any) -> Any:
    """An answer as JSON values."""
    return _adapter(kind).dump_python(_adapter(kind).validate_python(value), mode="json", by_alias=True)


async def rendered(kind: Any, value: Any) -> bytes:
    """An answer as JSON text, from the program's own objects or JSON values.

    A list is written item by item, and other calls are answered meanwhile: it must not change until then.
    """
    is_list = get_origin(kind) is list
    items: Iterable[Any] = value if is_list else [value]
    adapter, pieces, pause = _adapter(get_args(kind)[0] if is_list else kind), list[bytes](), Pause()
    for one in items:
        pieces.append(adapter.dump_json(adapter.validate_python(one), by_alias=True))
        await pause.if_due()
    return b"[%b]" % b",".join(pieces) if is_list else pieces[0]


async def page(newest_first: Iterable[T], most: int | None) -> list[T]:
    """The first `most` items in this order, or all of them, oldest first.

    Other calls are answered while a long list is collected, so the iteration must allow changes.
    """
    found, pause = list[T](), Pause()
    try:
        for one in islice(newest_first, most):
            found.append(one)
            await pause.if_due()
    except UnknownId:
        what = "must be the id of one that is in the list"
        raise flawed([{"where": "before", "what": what}], between=" ") from None
    return found[::-1] if most is None else found
