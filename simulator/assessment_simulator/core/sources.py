"""Where a fact comes from, and how sure we are of it."""

from dataclasses import dataclass
from enum import StrEnum


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
class Document:
    """One copy of a page, repository or package that sources cite."""

    titles: tuple[str, ...]  # under which sources cite it, its own title first; documents may share a title
    address: str
    publisher: str
    api: str  # what it describes
    share: str  # how much of it could be read
    copied: str = "not known"  # the age of the copy
    read: str = "2026-11-01"
    code: bool = False  # a package or a repository, which shows what a client does but states no rule


@dataclass(frozen=True, slots=True)
class BehaviourFlag:
    """A behaviour that the vendor's documents leave open or contradict; the first of `values` is the default."""

    id: str
    values: tuple[str | int | bool | None, ...]
    statement: str
    source: Source
    standing: Standing = Standing.ASSUMED


@dataclass(frozen=True, slots=True)
class Assumption:
    """A choice of ours that callers can depend on."""

    what: str
    cost: str  # what a wrong assumption looks like at the vendor
    flags: tuple[str, ...]  # behaviour flags or settings that change it
    check: str  # how to find out
    ids: tuple[str, ...]  # the rules, guarantees and flags that hold it


@dataclass(frozen=True, slots=True)
class Guarantee:
    """What the vendor does, besides the rules that it enforces."""

    id: str
    statement: str
    standing: Standing
    source: Source


@dataclass(frozen=True, slots=True)
class Omission:
    """A part of the vendor that is not simulated, and why."""

    what: str
    why: str
