"""The syntax of queries: members with their types, the tree of a filter, and the error for an invalid option."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple


class Type(StrEnum):
    """The types of members, literals and expressions, with the words that error messages use for them."""

    TEXT = "a text"
    LINK = "a link"  # a text with the address of this server, which is known only when a request arrives
    INTEGER = "an integer"
    NUMBER = "a number"  # a decimal number of at most 38 digits
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
    """A member of an entity."""

    name: str  # in queries
    path: tuple[str, ...]  # within a record
    type: Type
    is_uuid: bool = False  # its values are UUIDs in lower case, and a UUID in any case is compared with them as one


@dataclass(frozen=True, eq=False)
class EntitySchema:
    """What one list offers to queries."""

    members: Mapping[str, Member]  # by name
    options: tuple[str, ...]
    selectable: tuple[str, ...]  # the members that `$select` may name
    searchable: tuple[str, ...]  # the members that `$search` looks into

    def member(self, name: str, slug: str) -> Member:
        """Return the member of that name; raises `ODataError` where there is none."""
        member = self.members.get(name)
        if member is None:
            meant = next((known for known in self.members if known.lower() == name.lower()), None)
            hint = f"; {quoted(meant)} is, and case matters" if meant else ""
            raise ODataError(slug, f"{quoted(name)} is no member that can be asked for{hint}")
        return member


class Node(NamedTuple):
    """A node of a filter's syntax tree; `and`, `or` and arithmetic are flat, so a long filter needs no recursion."""

    name: str  # an operator, a function, `literal`, `member`, `in` or `arithmetic`
    type: Type
    operands: tuple["Node", ...] = ()
    # Of `literal` the constant (instants in ticks, GUIDs in lower case), of `member` the `Member`, of `in` the set, of
    # `arithmetic` the operators between the operands, from left to right.
    value: Any = None
