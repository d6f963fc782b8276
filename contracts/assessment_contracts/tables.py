"""The vendors' tables of members, as data with page and quotation: a source beside the simulator's rules.

A vendor's `tables.toml` has the members of request bodies (`requests`) and the records of responses (`records`). From
it follow invalid requests, echoed members, and the checks of responses: every member is there, no other, each of its
type. A type is the name of a basic type (below), of a list of values (`enumerations`) or of another record, with
suffixes: `[]` is a list of these, `[+]` a list of one or more, and `?` says that null is possible. `a|b` is one of two
records, told apart by their members.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from assessment_contracts.timestamps import SEVEN_DECIMALS

LONGEST_URL = 65_536


@dataclass(frozen=True)
class Member:
    """A member of a request body. `rule` is its name in rule ids; `beside` is sent with it where it needs others."""

    name: str
    type: str
    rule: str
    required: bool = False
    visible: bool = False
    """It must not consist of white space alone."""
    values: tuple[Any, ...] = ()
    """The values of an enumeration."""
    beside: Mapping[str, Any] = field(default_factory=dict)
    echo: bool = True
    """Responses show it as it was sent."""


@dataclass(frozen=True)
class Body:
    """A request body: its members, and the names of the invalid requests that are made of it."""

    to: tuple[str, ...]
    rules: str
    members: tuple[Member, ...]


class Tables:
    """The tables of one vendor."""

    def __init__(self, folder: Path) -> None:
        self.data = tomllib.loads((folder / "tables.toml").read_text("utf-8"))
        self.requests = {name: _body(table) for name, table in self.data["requests"].items()}

    def members(self, record: str) -> tuple[str, ...]:
        """The members of a record, in the order of the vendor's example."""
        return tuple(self.data["records"][record])

    def check(self, value: Any, record: str, place: str = "") -> None:
        """Assert that a value is this record: all members, no others, each of its type."""
        place = place or f"the {record}"
        members: Mapping[str, str] = self.data["records"][record]
        check_type("object", value, place)
        missing, more = sorted(members.keys() - value.keys()), sorted(value.keys() - members.keys())
        assert not missing, f"{place} lacks {', '.join(missing)}"
        assert not more, f"{place} has unknown members: {', '.join(more)}"
        for name, kind in members.items():
            self._check(kind, value[name], f"{place}.{name}")

    def _check(self, kind: str, value: Any, place: str) -> None:
        if kind.endswith("?"):
            if value is not None:
                self._check(kind[:-1], value, place)
        elif kind.endswith(("[]", "[+]")):
            assert isinstance(value, list), f"{place} is no list: {value!r}"
            assert value or kind.endswith("[]"), f"{place} is empty"
            for number, item in enumerate(value):
                self._check(kind.rpartition("[")[0], item, f"{place}[{number}]")
        elif "|" in kind:
            first, second = kind.split("|")
            other = isinstance(value, dict) and value.keys() == self.data["records"][second].keys()
            self._check(second if other else first, value, place)
        elif kind in self.data["records"]:
            self.check(value, kind, place)
        elif kind in self.data["enumerations"]:
            values = self.data["enumerations"][kind]
            assert any(_is(value, one) for one in values), f"{place} is none of {values}: {value!r}"
        else:
            check_type(kind, value, place)


def _is(value: Any, one: Any) -> bool:
    return type(value) is type(one) and bool(value == one)


def _body(table: Mapping[str, Any]) -> Body:
    members = []
    for name, entry in table["members"].items():
        beside = {**table.get("beside", {})} if entry.get("beside") else {}
        known = {key: value for key, value in entry.items() if key in ("type", "required", "visible", "echo")}
        members.append(
            Member(name, rule=entry.get("rule", name), values=tuple(entry.get("values", ())), beside=beside, **known)
        )
    return Body(tuple(table["to"]), table.get("rules", ""), tuple(members))


_BASIC: Mapping[str, type | tuple[type, ...]] = {
    "string": str, "text": str, "uuid": str, "url": str, "instant": str, "boolean": bool, "object": dict,
    "number": (int, float), "integer": int, "seven_decimals": str,
}  # fmt: skip
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00", re.ASCII)


def check_type(kind: str, value: Any, place: str) -> None:
    """Assert that a value is of a basic type. A text is a string that is not blank."""
    right = isinstance(value, _BASIC[kind]) and (kind == "boolean" or not isinstance(value, bool))
    assert right, f"{place} is not of type {kind}: {value!r}"
    if kind == "text":
        assert value.strip(), f"{place} is blank: {value!r}"
    elif kind == "uuid":
        assert str(UUID(value)) == value, f"{place} is no UUID: {value!r}"
    elif kind == "url":
        parts = urlsplit(value)
        assert parts.scheme in ("http", "https"), f"{place} is no web address: {value!r}"
        assert parts.netloc, f"{place} has no host: {value!r}"
        assert len(value) <= LONGEST_URL, f"{place} has {len(value)} characters"
        assert not re.search(r"[^!-~]|[{}<>]", value), f"{place} has characters that no URL may have: {value!r}"
    elif kind == "seven_decimals":
        assert SEVEN_DECIMALS.fullmatch(value), f"{place} has not seven decimals and Z: {value!r}"
    elif kind == "instant":
        assert _INSTANT.fullmatch(value), f"{place} is no instant with six decimals: {value!r}"
