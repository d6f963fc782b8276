"""What a list offers to its callers: the members that may be named, and the options that may be given."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Type(StrEnum):
    """The types of members, literals and expressions; the values are the words for them."""

    TEXT = "a text"
    LINK = "a link"
    """A text with an address of ours in it, which is known only when somebody asks."""
    INTEGER = "an integer"
    NUMBER = "a number"
    """A decimal number, of at most 38 digits."""
    INSTANT = "an instant"
    TRUTH = "a truth value"
    GUID = "a GUID"
    NULL = "null"
    OBJECT = "an object"


class Member(NamedTuple):
    """A member by the name that queries use, the steps to it within a record, and its type.

    `is_uuid`: its values are UUIDs in lower case, and a UUID in letters of any case is compared with them as one.
    """

    name: str
    steps: tuple[str, ...]
    type: Type
    is_uuid: bool = False


class Flaw(NamedTuple):
    """What is wrong with an option: the rule's last words, and what would be right."""

    slug: str
    message: str


@dataclass(frozen=True, eq=False)
class Surface:
    """One list: its members by name, the options it knows, what `$select` may name, and where `$search` looks."""

    members: Mapping[str, Member]
    options: tuple[str, ...]
    shown: tuple[str, ...]
    sought: tuple[str, ...]


class Wrong(Exception):
    """Ends the reading of a filter at its first flaw."""

    def __init__(self, slug: str, message: str) -> None:
        super().__init__(message)
        self.flaw = Flaw(slug, message)


_CUT = 40


def quoted(text: str) -> str:
    """A caller's words, in quotes and not too many."""
    return f"`{text}`" if len(text) <= _CUT else f"`{text[:_CUT]}`…"


def named(surface: Surface, name: str, slug: str) -> Member:
    """The member of that name; raises `Wrong` where there is none."""
    member = surface.members.get(name)
    if member is None:
        meant = next((known for known in surface.members if known.lower() == name.lower()), None)
        hint = f"; {quoted(meant)} is, and case matters" if meant else ""
        raise Wrong(slug, f"{quoted(name)} is no member that can be asked for{hint}")
    return member
