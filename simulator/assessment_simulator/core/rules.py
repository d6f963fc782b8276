"""Rules are data: each demand on a request is one row with its source and standing beside it."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import Any

from assessment_simulator.core.request import Unreadable, VendorRequest
from assessment_simulator.core.sandbox_view import SandboxView
from assessment_simulator.core.sources import Basis, Source, Standing, ours
from assessment_simulator.core.text import folded, meant, plain

Check = Callable[[VendorRequest, SandboxView], bool]
Hint = Callable[[VendorRequest, SandboxView], str | None]
"""What a caller who breaks a rule should change, if this call shows it; None if it does not."""


def always_passes(call: VendorRequest, world: SandboxView) -> bool:
    """The check of a rule that the HTTP layer enforces before a VendorRequest exists (unknown route, wrong method)."""
    return True


def uncompressed(call: VendorRequest, world: SandboxView) -> str:
    """The hint of the rules that refuse a compressed body."""
    return "send the body without Content-Encoding: compressed bodies are not decoded here"


@dataclass(frozen=True, slots=True)
class Rule:
    """One demand on a request.

    `place` names what it speaks of (`body.email`, `header.api-key`, `query.report`, `path.uuid`, `request`);
    `statement` says it in a sentence that a refused caller can act on; `status` is the refusal's HTTP status;
    `check` is true where the demand is kept or does not apply. `hint` explains a likely cause of the refusal: it is
    called only for a call that breaks the rule, and its text is sent in the header `Simulator-Hint`.

    `standing` and `source` are those of the demand. `status_basis` and `body_basis` are set where the status, or the
    shape of the body, comes from elsewhere.
    """

    id: str
    place: str
    statement: str
    status: int
    standing: Standing
    source: Source
    check: Check = always_passes
    hint: Hint | None = None
    status_basis: Basis | None = None
    body_basis: Basis | None = None

    @property
    def of_status(self) -> Basis:
        """How sure we are of the refusal's status; as of the demand, unless the rule says otherwise."""
        return self.status_basis or Basis(self.standing, self.source)

    @property
    def of_body(self) -> Basis:
        """How sure we are of the shape of the refusal's body; as of the status, unless the rule says otherwise."""
        return self.body_basis or self.of_status

    @property
    def name(self) -> str:
        """The last word of `place`: the parameter that the rule speaks of."""
        return self.place.rpartition(".")[2]


class Json(StrEnum):
    """The JSON types a member may have."""

    STRING = "string"
    BOOLEAN = "boolean"
    INTEGER = "integer"
    OBJECT = "object"
    ARRAY = "array"


_PYTHON: dict[Json, type] = {
    Json.STRING: str,
    Json.BOOLEAN: bool,
    Json.INTEGER: int,
    Json.OBJECT: dict,
    Json.ARRAY: list,
}


def is_type(value: object, kind: Json) -> bool:
    """Whether a parsed JSON value is of that type; `true` is no integer, `1.0` is one (JSON knows one number)."""
    # Exactly these types come out of a JSON parser, so that `True`, an `int` to Python, is none here.
    if type(value) is _PYTHON[kind]:
        return True
    return kind is Json.INTEGER and type(value) is float and value.is_integer()


@dataclass(frozen=True, slots=True)
class Field:
    """A member of a request body: its path in it, its JSON type, its name in rule ids, and what it is for."""

    path: tuple[str, ...]
    type: Json
    slug: str
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

    def well_typed(self, call: VendorRequest, world: SandboxView) -> bool:
        """Whether the member is absent, null or of its type."""
        value = self.of(call.body)
        return value is None or is_type(value, self.type)

    def passes(self, test: Callable[[Any], bool]) -> Check:
        """A predicate that judges the member's value, and lets pass what is absent, null or of another type."""

        def holds(call: VendorRequest, world: SandboxView) -> bool:
            value = self.of(call.body)
            return value is None or not is_type(value, self.type) or test(value)

        return holds


_LOOKED_AT = 1_000
"""How many members of a refused body are compared with the right spelling."""


def misspelt(*fields: Field) -> Hint:
    """The hint for required members: one that the body has under a name with other letter case or separators.

    A member of an inner object is also looked for outside of it (`first_name` for `candidate.first_name`).
    """

    def hint(call: VendorRequest, world: SandboxView) -> str | None:
        body = call.body if isinstance(call.body, Mapping) else {}
        for field in fields:
            last = folded(field.path[-1])
            for path in islice(_paths(body), _LOOKED_AT):
                same = len(path) == len(field.path) and [*map(folded, path)] == [*map(folded, field.path)]
                outside = len(path) < len(field.path) and folded(path[-1]) == last
                if path != field.path and (same or outside):
                    return f"body.{'.'.join(map(plain, path))} is unknown; did you mean {'.'.join(field.path)}?"
        return None

    return hint


def misspelt_query(*names: str) -> Hint:
    """The hint for required query parameters: one that was sent with other letter case or separators."""

    def hint(call: VendorRequest, world: SandboxView) -> str | None:
        for name in islice(call.query, _LOOKED_AT):
            right = meant(name, names)
            if right is not None:
                return f"query.{plain(name)} is unknown; did you mean {right}?"
        return None

    return hint


def unreadable(call: VendorRequest, world: SandboxView) -> str | None:
    """The hint for a body that cannot be read, where the cause is known."""
    return call.body.hint if isinstance(call.body, Unreadable) else None


def _paths(body: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """The paths of a body's members, and of those of the objects in it."""
    for name, value in body.items():
        yield (name,)
        if isinstance(value, Mapping):
            yield from ((name, inner) for inner in value)


def type_rules(prefix: str, fields: Iterable[Field], status: int) -> tuple[Rule, ...]:
    """One assumed rule a member: a wrong JSON type is refused, never coerced; null means "not sent"."""
    return tuple(
        Rule(
            f"{prefix}.{field.slug}.type", field.place, f"{'.'.join(field.path)} must be of type {field.type}", status,
            Standing.ASSUMED, ours("a simulator that coerces would hide the caller's bug"), field.well_typed,
        )
        for field in fields
    )  # fmt: skip


def violated_rules(stages: Iterable[tuple[Rule, ...]], call: VendorRequest, world: SandboxView) -> tuple[Rule, ...]:
    """All violated rules of the first stage that has any: later stages may rely on the earlier ones."""
    for stage in stages:
        for rule in stage:
            if not rule.check(call, world):
                return tuple(rule for rule in stage if not rule.check(call, world))
    return ()
