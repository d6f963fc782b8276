"""A filter that was read: a tree of these, in which every comparison makes sense."""

from dataclasses import dataclass
from typing import Any, TypeAlias

from assessment_simulator.vendors.predictive_index.odata.surface import Member, Type


@dataclass(frozen=True, slots=True)
class Literal:
    """A value written out; instants are in ticks, GUIDs in lower case."""

    type: Type
    value: Any


@dataclass(frozen=True, slots=True)
class Named:
    """The value that a record has for a member."""

    member: Member

    @property
    def type(self) -> Type:
        return self.member.type


@dataclass(frozen=True, slots=True)
class Function:
    """What a function makes of its arguments."""

    name: str
    arguments: tuple["Node", ...]
    type: Type


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """A line of operands of one precedence, from left to right: `first`, then each operator with its operand.

    It is flat, so that a long line costs no recursion.
    """

    first: "Node"
    rest: tuple[tuple[str, "Node"], ...]
    type: Type


@dataclass(frozen=True, slots=True)
class Membership:
    """Whether a value is one of a list of literals."""

    part: "Node"
    values: frozenset[Any]
    type: Type = Type.TRUTH


@dataclass(frozen=True, slots=True)
class Comparison:
    """Whether `eq`, `ne`, `gt`, `ge`, `lt` or `le` holds between two values."""

    operator: str
    left: "Node"
    right: "Node"
    type: Type = Type.TRUTH


@dataclass(frozen=True, slots=True)
class Junction:
    """Whether all (`and`) or any (`or`) of the parts hold."""

    operator: str
    parts: tuple["Node", ...]
    type: Type = Type.TRUTH


@dataclass(frozen=True, slots=True)
class Negation:
    """Whether the part does not hold."""

    part: "Node"
    type: Type = Type.TRUTH


Node: TypeAlias = Literal | Named | Function | Arithmetic | Membership | Comparison | Junction | Negation
