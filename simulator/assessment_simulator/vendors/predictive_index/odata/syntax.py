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
    """A member: its name in queries, the path to it within a record, and its type."""

    name: str
    path: tuple[str, ...]
    type: Type
    # Its values are UUIDs in lower case, and a UUID in any case is compared with them as one.
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


class Node(NamedTuple):
    """A node of a filter's syntax tree.

    `name` is an operator, a function, or one of: `literal` (`value` is the constant: instants in ticks, GUIDs in lower
    case), `member` (`value` is the `Member`), `in` (`value` is the set), `arithmetic` (`value` are the operators
    between the operands, from left to right). `and`, `or` and arithmetic are flat, so that a long filter needs no
    recursion.
    """

    name: str
    type: Type
    operands: tuple["Node", ...] = ()
    value: Any = None
