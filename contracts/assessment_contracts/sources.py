"""Where rules and guarantees stand, and how sure we are of them: the contracts' own reading of the vendors' pages.

Each vendor's folder has a `sources.toml`, which says of every rule and guarantee on which page it stands. Only ids
join it with the simulator's catalogue: the two are written separately, so that they do not share one error.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any


class Standing(StrEnum):
    """How sure we are of a rule or guarantee."""

    DOCUMENTED = "documented"
    """A page of the vendor about this API says so."""
    THIRD_PARTY = "third_party"
    """A page of another publisher says so, of this API or of a newer one of the vendor."""
    OBSERVED = "observed"
    """A vendor's SDK or sample shows it."""
    ASSUMED = "assumed"
    """No source says so; the reason for our choice is given."""

    @property
    def strength(self) -> int:
        """Three for documented, two for a third party, one for observed, none for assumed."""
        return (Standing.ASSUMED, Standing.OBSERVED, Standing.THIRD_PARTY, Standing.DOCUMENTED).index(self)


@dataclass(frozen=True, slots=True)
class Source:
    """A page or file, the place in it, and the day it was read (ISO 8601)."""

    title: str
    where: str
    read: str = "2026-11-01"

    def __str__(self) -> str:
        return f"{self.title}, {self.where} (read {self.read})" if self.read else f"{self.title}: {self.where}"


@dataclass(frozen=True, slots=True)
class Fact:
    """A rule or guarantee, known by its id alone, with our reading of where it stands.

    `status` and `body` are how sure we are of a refusal's status and of the format of its body, if that differs from
    how sure we are of the rule; a body is as sure as its status unless it is given.
    """

    id: str
    standing: Standing
    source: Source
    status: Standing | None = None
    body: Standing | None = None
    is_rule: bool = False

    @property
    def of_status(self) -> Standing:
        """How sure we are of the status of a refusal."""
        return self.status or self.standing

    @property
    def of_body(self) -> Standing:
        """How sure we are of the format of a refusal's body."""
        return self.body or self.of_status

    @property
    def of_refusal(self) -> Standing:
        """How sure we are of all parts of a refusal: as of its least sure part."""
        return min(self.standing, self.of_status, self.of_body, key=lambda one: one.strength)


def ours(reason: str) -> Source:
    """The source of an assumption: our choice, with its reason."""
    return Source("our choice", reason, read="")


def facts(vendor: str, folder: Path) -> tuple[Fact, ...]:
    """The facts of the folder's `sources.toml`; ids get the vendor's prefix."""
    table = tomllib.loads((folder / "sources.toml").read_text("utf-8"))
    return tuple(
        fact
        for standing in Standing
        for entry in table.get(standing, ())
        for fact in _facts(vendor, standing, entry, table)
    )


def _facts(vendor: str, standing: Standing, entry: Mapping[str, Any], table: Mapping[str, Any]) -> Iterator[Fact]:
    source = ours(entry["reason"]) if "reason" in entry else Source(entry["page"], entry["where"])
    status, body = (Standing(entry[part]) if part in entry else None for part in ("status", "body"))
    for kind in ("rules", "guarantees"):
        for pattern in entry.get(kind, "").split():
            for id in expanded(pattern, table["words"]):
                yield Fact(f"{vendor}.{id}", standing, source, status, body, kind == "rules")


def expanded(pattern: str, words: Mapping[str, str]) -> list[str]:
    """The pattern with each `{name}` in it replaced by each of the words of that name."""
    found = re.search(r"\{(\w+)\}", pattern)
    if found is None:
        return [pattern]
    return [text for word in words[found[1]].split() for text in expanded(pattern.replace(found[0], word, 1), words)]
