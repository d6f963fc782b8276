"""Where a promise stands, and how sure we are of it. Contracts have their own reading of the vendors' pages."""

from dataclasses import dataclass
from enum import StrEnum


class Standing(StrEnum):
    """How sure we are of a promise."""

    DOCUMENTED = "documented"
    """A page of the vendor about this API says so."""
    THIRD_PARTY = "third_party"
    """A page of another publisher says so, of this API or of a newer one of the vendor."""
    OBSERVED = "observed"
    """A vendor's SDK or sample shows it."""
    ASSUMED = "assumed"
    """Nobody knows; the source gives the reason for the choice."""

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
    """A rule or promise, known by its id alone, with our reading of where it stands.

    `status` and `body` are how sure we are of a refusal's status and of the shape of its body, where that is not as
    sure as the demand; a body is as sure as its status unless it is given.
    """

    id: str
    standing: Standing
    source: Source
    status: Standing | None = None
    body: Standing | None = None

    @property
    def of_status(self) -> Standing:
        """How sure we are of the status of a refusal."""
        return self.status or self.standing

    @property
    def of_body(self) -> Standing:
        """How sure we are of the shape of a refusal's body."""
        return self.body or self.of_status

    @property
    def of_refusal(self) -> Standing:
        """How sure we are of all that a refusal is judged by: as of its least sure part."""
        return min(self.standing, self.of_status, self.of_body, key=lambda one: one.strength)


def ours(reason: str) -> Source:
    """The source of what is assumed: a choice, with its reason."""
    return Source("our choice", reason, read="")
