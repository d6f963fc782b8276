"""The syntax tree of a filter, in which every operation is well typed, and the error for a query that is not valid."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple, TypeAlias


class Type(StrEnum):
    """The types of members, literals and expressions, with the words that error messages use for them."""

    TEXT = "a text"
    LINK = "a link"
    """A text that contains the address of this server, which is known only when a request arrives."""
    INTEGER = "an integer"
    NUMBER = "a number"
    """A decimal number of at most 38 digits."""
    INSTANT = "an instant"
    BOOLEAN = "a truth value"
    GUID = "a GUID"
    NULL = "null"
    OBJECT = "an object"


class ODataError(Exception):
    """An option that is not valid: the last words of the id of the violated rule, and what is wrong."""

    def __init__(self, slug: str, message: str) -> None:
        super().__init__(message)
        self.slug = slug
        self.message = message


def quoted(text: str) -> str:
    """Quote at most 40 characters of what a caller sent."""
    return f"`{text}`" if len(text) <= 40 else f"`{text[:40]}`…"


class Member(NamedTuple):
    """A member: its name in queries, the path to it within a record, and its type.

    `is_uuid`: its values are UUIDs in lower case, and a UUID in any case is compared with them as one.
    """

    name: str
    path: tuple[str, ...]
    type: Type
    is_uuid: bool = False


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant; instants are in ticks, GUIDs in lower case."""

    type: Type
    value: Any


@dataclass(frozen=True, slots=True)
class MemberValue:
    """The value that a record has for a member."""

    member: Member

    @property
    def type(self) -> Type:
        return self.member.type


@dataclass(frozen=True, slots=True)
class Operation:
    """A function, a comparison, `and`, `or` or `not`, applied to its operands; `and` and `or` take two or more."""

    name: str
    operands: tuple["Node", ...]
    type: Type = Type.BOOLEAN


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """Operands of one precedence, from left to right: `first`, then each operator with its operand.

    It is flat, so that a long sum needs no recursion.
    """

    first: "Node"
    rest: tuple[tuple[str, "Node"], ...]
    type: Type


@dataclass(frozen=True, slots=True)
class Membership:
    """Whether a value is one of a list of literals (`in`)."""

    operand: "Node"
    values: frozenset[Any]
    type: Type = Type.BOOLEAN


Node: TypeAlias = Literal | MemberValue | Operation | Arithmetic | Membership
