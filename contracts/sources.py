"""Where a promise stands, and how sure we are of it. Contracts have their own reading of the vendors' pages."""

from dataclasses import dataclass
from enum import StrEnum


class Standing(StrEnum):
    """How sure we are of a promise."""

    DOCUMENTED = "documented"
    """A page of the vendor says so."""
    OBSERVED = "observed"
    """A vendor's SDK or sample shows it."""
    ASSUMED = "assumed"
    """Nobody knows; the source gives the reason for the choice."""

    @property
    def strength(self) -> int:
        """Two for documented, one for observed, none for assumed."""
        return (Standing.ASSUMED, Standing.OBSERVED, Standing.DOCUMENTED).index(self)


@dataclass(frozen=True, slots=True)
class Source:
    """A page or file, the place in it, and the day it was read (ISO 8601)."""

    title: str
    where: str
    read: str = "2026-11-01"

    def __str__(self) -> str:
        return f"{self.title}, {self.where} (read {self.read})" if self.read else f"{self.title}: {self.where}"


def ours(reason: str) -> Source:
    """The source of what is assumed: a choice, with its reason."""
    return Source("our choice", reason, read="")


@dataclass(frozen=True, slots=True)
class Fact:
    """A rule or promise, known by its id alone, with our reading of where it stands."""

    id: str
    standing: Standing
    source: Source
