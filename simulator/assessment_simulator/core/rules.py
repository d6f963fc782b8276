"""Rules are data: each demand on a request is one row with its check, its source and its standing."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import Any

from assessment_simulator.core.request import Unreadable, VendorRequest
from assessment_simulator.core.sandbox_view import SandboxView
from assessment_simulator.core.sources import Basis, Source, Standing, ours
from assessment_simulator.core.text import folded, meant, plain

Check = Callable[[VendorRequest, SandboxView], bool]
# How to correct a request that violates a rule; None where this request does not show the cause.
Hint = Callable[[VendorRequest, SandboxView], str | None]


@dataclass(frozen=True, slots=True)
class Rule:
    """One demand on a request."""

    id: str
    place: str  # what it is about: `body.email`, `header.api-key`, `query.report`, `path.uuid`, `request`
    statement: str  # a sentence that a refused caller can act on
    status: int  # of the refusal
    standing: Standing  # of the demand, as the source
    source: Source
    # Whether a request meets the demand, or the demand does not apply; always true for a rule of the HTTP layer, which
    # enforces it before there is a request.
    check: Check = lambda request, view: True
    hint: Hint | None = None  # its text is sent in the header `Simulator-Hint`
    # Where the status of the refusal, or the shape of its body, comes from elsewhere.
    status_basis: Basis | None = None
    body_basis: Basis | None = None

    @property
    def of_status(self) -> Basis:
        """The basis of the refusal's status: that of the demand, unless the rule names another."""
        return self.status_basis or Basis(self.standing, self.source)

    @property
    def of_body(self) -> Basis:
        """The basis of the shape of the refusal's body: that of the status, unless the rule names another."""
        return self.body_basis or self.of_status

    @property
    def name(self) -> str:
        """The last word of `place`: the parameter that the rule is about."""
        return self.place.rpartition(".")[2]


class Json(StrEnum):
    """The JSON types of members."""

    STRING = "string"
    BOOLEAN = "boolean"
    INTEGER = "integer"
    OBJECT = "object"
    ARRAY = "array"


_PYTHON: dict[Json, type] = {
    Json.STRING: str, Json.BOOLEAN: bool, Json.INTEGER: int, Json.OBJECT: dict, Json.ARRAY: list,
}  # fmt: skip


def is_type(value: object, kind: Json) -> bool:
    """Whether a parsed JSON value is of that type; `true` is no integer, `1.0` is one (JSON knows one number)."""
    # A JSON parser returns exactly these types, so `True`, which Python counts among the `int`, is no integer here.
    return type(value) is _PYTHON[kind] or (kind is Json.INTEGER and type(value) is float and value.is_integer())


@dataclass(frozen=True, slots=True)
class Field:
    """A member of a request body."""

    path: tuple[str, ...]
    type: Json
    slug: str  # its name in rule ids
    description: str

    @property
    def place(self) -> str:
        return "body." + ".".join(self.path)

    def of(self, body: Any) -> Any:
        """The member's value; None when it, or an object on the way to it, is null, absent or no object."""
        for name in self.path:
            if type(body) is not dict:
                return None
            body = body.get(name)
        return body

    def well_typed(self, request: VendorRequest, view: SandboxView) -> bool:
        """Whether the member is absent, null or of its type."""
        value = self.of(request.body)
        return value is None or is_type(value, self.type)

    def passes(self, test: Callable[[Any], bool]) -> Check:
        """A check of the member's value; it accepts what is absent, null or of another type."""

        def check(request: VendorRequest, view: SandboxView) -> bool:
            value = self.of(request.body)
            return value is None or not is_type(value, self.type) or test(value)

        return check


# The most members of a refused body that are compared with the right spelling.
_MOST_COMPARED = 1_000


def misspelt(*fields: Field) -> Hint:
    """The hint for required members: one that the body has under a name with other letter case or separators.

    A member of an inner object is also looked for outside of it (`first_name` for `candidate.first_name`).
    """

    def hint(request: VendorRequest, view: SandboxView) -> str | None:
        body = request.body if isinstance(request.body, Mapping) else {}
        paths: list[tuple[str, ...]] = []
        for name, value in islice(body.items(), _MOST_COMPARED):
            paths.append((name,))
            if isinstance(value, Mapping) and len(paths) < _MOST_COMPARED:
                paths += [(name, inner) for inner in value]
        for field in fields:
            wanted = [*map(folded, field.path)]
            for path in paths[:_MOST_COMPARED]:
                same = len(path) == len(wanted) and [*map(folded, path)] == wanted
                outside = len(path) < len(wanted) and folded(path[-1]) == wanted[-1]
                if path != field.path and (same or outside):
                    return f"body.{'.'.join(map(plain, path))} is unknown; did you mean {'.'.join(field.path)}?"
        return None

    return hint


def misspelt_query(*names: str) -> Hint:
    """The hint for required query parameters: one that was sent with other letter case or separators."""

    def hint(request: VendorRequest, view: SandboxView) -> str | None:
        for name in islice(request.query, _MOST_COMPARED):
            right = meant(name, names)
            if right is not None:
                return f"query.{plain(name)} is unknown; did you mean {right}?"
        return None

    return hint


def unreadable(request: VendorRequest, view: SandboxView) -> str | None:
    """The hint for a body that cannot be read, where the cause is known."""
    return request.body.hint if isinstance(request.body, Unreadable) else None


def uncompressed(request: VendorRequest, view: SandboxView) -> str:
    """The hint of the rules that refuse a compressed body."""
    return "send the body without Content-Encoding: compressed bodies are not decoded here"


def type_rules(prefix: str, fields: Iterable[Field], status: int) -> tuple[Rule, ...]:
    """One assumed rule a member: a wrong JSON type is refused, never coerced; null means "not sent"."""
    source = ours("a simulator that coerces would hide the caller's bug")
    return tuple(
        Rule(
            f"{prefix}.{field.slug}.type", field.place, f"{'.'.join(field.path)} must be of type {field.type}", status,
            Standing.ASSUMED, source, field.well_typed,
        )
        for field in fields
    )  # fmt: skip
