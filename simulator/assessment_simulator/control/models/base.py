"""The base classes of the models, checks of values, and types of text with a known format."""

from collections.abc import Callable
from typing import Annotated, Any, ClassVar, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    model_validator,
)  # fmt: skip
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError, ValidationError

from assessment_simulator.core import instant
from assessment_simulator.core.schema import Schema, named, record
from assessment_simulator.core.urls import is_web_url

_N = r"[0-9]{1,12}(?:\.[0-9]{1,9})?"
_TIME = f"T(?:{_N}H(?:{_N}M)?(?:{_N}S)?|{_N}M(?:{_N}S)?|{_N}S)"
DURATION = f"P(?:{_N}W(?:{_N}D)?(?:{_TIME})?|{_N}D(?:{_TIME})?|{_TIME})"
"""The durations that `core.instant.parse_duration` accepts, without look-ahead, which JSON Schema does not have."""
INSTANT = r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,7})?(?:Z|[+-][0-9]{2}:[0-9]{2})?)?"


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


def not_null(member: Schema) -> Schema:
    """The schema of a member that may be null, without the null."""
    described = {"description": member["description"]} if "description" in member else {}
    return {**member["anyOf"][0], **described}


class OneOf(Body):
    """A body with exactly one of the members `choices`; null and false count as absent."""

    choices: ClassVar[tuple[str, ...]]
    verb: ClassVar[str]
    """Client generators name the schema of each choice after the verb and the member: `TurnFreeze`."""

    @property
    def chosen(self) -> str:
        """The name of that member."""
        return self._given()[0]

    def _given(self) -> list[str]:
        return [name for name in self.choices if getattr(self, name) not in (None, False)]

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if len(self._given()) != 1:
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


def must(demand: str, is_valid: Callable[[Any], object]) -> AfterValidator:
    """A check with its error text, where pydantic has no constraint."""

    def checked(value: Any) -> Any:
        if not is_valid(value):
            raise ValueError(f"must {demand}")
        return value

    return AfterValidator(checked)


def wrong(found: list[tuple[str, str]]) -> ValidationError:
    """A ValidationError with several errors: the member, and what is valid."""
    flaws = [
        InitErrorDetails(type=PydanticCustomError("wrong", "{what}", {"what": what}), loc=(where,), input=None)
        for where, what in found
    ]
    return ValidationError.from_exception_data("body", flaws)


def _text_of_instant(at: Any) -> Any:
    return instant.seven_digits(at) if isinstance(at, int) else at


Object = dict[str, Any]
Binary = Annotated[str, Field(json_schema_extra={"format": "binary"})]
Filled = Annotated[str, Field(min_length=1)]
Count = Annotated[int, Field(ge=0)]
Duration = Annotated[str, Field(json_schema_extra={"pattern": f"^{DURATION}$"})]
Moment = Annotated[str, BeforeValidator(_text_of_instant), Field(json_schema_extra={"format": "date-time"})]
WebUrl = Annotated[
    str, must("be an absolute http or https URL with a host", is_web_url), Field(json_schema_extra={"format": "uri"})
]
