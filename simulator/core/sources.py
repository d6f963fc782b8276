"""Where a fact comes from, and how sure we are of it."""

from dataclasses import dataclass
from enum import StrEnum


class Standing(StrEnum):
    """How sure we are of a rule."""

    DOCUMENTED = "documented"
    """A page of the vendor says so."""
    OBSERVED = "observed"
    """A vendor's SDK or sample shows it."""
    ASSUMED = "assumed"
    """Our choice where nothing is known; the rule's source gives the reason."""


@dataclass(frozen=True, slots=True)
class Source:
    """A page or file, the place in it, and the day it was read (ISO 8601)."""

    title: str
    where: str
    read: str = "2026-11-01"

    def __str__(self) -> str:
        return f"{self.title}, {self.where} (read {self.read})" if self.read else f"{self.title}: {self.where}"


def ours(reason: str) -> Source:
    """The source of an assumed rule: our own choice, with its reason."""
    return Source("our choice", reason, read="")


@dataclass(frozen=True, slots=True)
class Promise:
    """What the vendor does, as opposed to what it demands: nobody can break it, so it refuses nothing."""

    id: str
    statement: str
    standing: Standing
    source: Source


@dataclass(frozen=True, slots=True)
class Omission:
    """A part of the vendor that is not simulated, and why."""

    what: str
    why: str
