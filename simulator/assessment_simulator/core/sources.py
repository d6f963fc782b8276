"""Where a fact comes from, and how sure we are of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from assessment_simulator.core.config import Config


class Standing(StrEnum):
    """How sure we are of a fact, the surest first."""

    DOCUMENTED = "documented"  # a page of the vendor about this API says so
    THIRD_PARTY = "third_party"  # a page of another publisher says so, of this API or of a newer one of the vendor
    OBSERVED = "observed"  # an SDK or a sample of the vendor shows it
    ASSUMED = "assumed"  # our choice where nothing is known; the source gives the reason


@dataclass(frozen=True, slots=True)
class Source:
    """A page or file, the place in it, and the day it was read (ISO 8601)."""

    title: str
    where: str
    read: str = "2026-11-01"

    def __str__(self) -> str:
        return f"{self.title}, {self.where} (read {self.read})" if self.read else f"{self.title}: {self.where}"


def ours(reason: str) -> Source:
    """The source of an assumption: our own choice, with its reason."""
    return Source("our choice", reason, read="")


@dataclass(frozen=True, slots=True)
class Basis:
    """The standing and the source of one part of a rule, such as the status of its refusal."""

    standing: Standing
    source: Source


def assumed(reason: str) -> Basis:
    """The basis of a part that no page names: our own choice, with its reason."""
    return Basis(Standing.ASSUMED, ours(reason))


@dataclass(frozen=True, slots=True)
class Verified:
    """A comparison with the vendor in which a rule agreed: the day of the recording, its host, our version, calls."""

    date: str  # ISO 8601
    host: str
    version: str
    calls: int


def last_verified(verified: Sequence[Verified]) -> str:
    """When a rule last agreed with the vendor, in words; "" if it was never compared."""
    if not verified:
        return ""
    newest = max(verified, key=lambda one: one.date)
    return f"last agreed with the vendor on {newest.date} ({newest.host})"


@dataclass(frozen=True, slots=True)
class BehaviourFlag:
    """A behaviour that the vendor's documents leave open or contradict; the first of `values` is the default."""

    id: str
    values: tuple[str | int | bool | None, ...]
    statement: str
    source: Source
    standing: Standing = Standing.ASSUMED

    def value(self, config: "Config") -> Any:
        """The value of the flag in a sandbox."""
        return config.behaviour.get(self.id, self.values[0])
