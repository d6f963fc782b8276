"""Where a fact comes from, and how sure we are of it."""

from dataclasses import dataclass
from enum import StrEnum


class Standing(StrEnum):
    """How sure we are of a rule, the surest first."""

    DOCUMENTED = "documented"
    """A page of the vendor about this API says so."""
    THIRD_PARTY = "third_party"
    """A page of another publisher says so, of this API or of a newer one of the vendor."""
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
class Basis:
    """How sure we are of one part of a rule, such as the status of its refusal, and where that part comes from."""

    standing: Standing
    source: Source


def assumed(reason: str) -> Basis:
    """The basis of a part that no page names: our own choice, with its reason."""
    return Basis(Standing.ASSUMED, ours(reason))


@dataclass(frozen=True, slots=True)
class Document:
    """One copy of a page, repository or package that sources cite.

    `titles` are the names under which sources cite it, the first one its own; one title may stand for several
    documents. `publisher` wrote it, and it describes `api`. `code` marks a package or a repository, which shows what
    a client does but states no rule. `copied` is what is known of the age of the copy, `share` how much could be read.
    """

    titles: tuple[str, ...]
    address: str
    publisher: str
    api: str
    share: str
    copied: str = "not known"
    read: str = "2026-11-01"
    code: bool = False


@dataclass(frozen=True, slots=True)
class Assumption:
    """A choice of ours that callers can depend on: what a wrong guess looks like at the vendor, and how to find out.

    `flags` are behaviour flags or settings that change it; `ids` are the rules, promises and flags that hold it.
    """

    what: str
    cost: str
    flags: tuple[str, ...]
    check: str
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Guarantee:
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
