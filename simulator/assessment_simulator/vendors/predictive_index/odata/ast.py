"""The syntax tree of a filter, the members that it may name, and the error for a query that is not valid."""

from collections.abc import Mapping
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


@dataclass(frozen=True, eq=False)
class EntitySchema:
    """One list: its members by name, its options, the members that `$select` may name, and those that are searched."""

    members: Mapping[str, Member]
    options: tuple[str, ...]
    selectable: tuple[str, ...]
    searchable: tuple[str, ...]

    def member(self, name: str, slug: str) -> Member:
        """Return the member of that name; raises `ODataError` where there is none."""
        member = self.members.get(name)
        if member is None:
            meant = next((known for known in self.members if known.lower() == name.lower()), None)
            hint = f"; {quoted(meant)} is, and case matters" if meant else ""
            raise ODataError(slug, f"{quoted(name)} is no member that can be asked for{hint}")
        return member


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
