"""Where commits are kept beyond the process.

Start with `ledger`: one sandbox's part of the log. All that one step of a sandbox changes is one commit: the effects
(see `memory`), written as JSON (`writing`), appended under the next number before any reply leaves. If it cannot be
appended, the sandbox is read from the log anew, so memory never says more than the log.

To read a sandbox is to apply its last **image** (`image`: a whole memory as effects that build it up) and then the
commits after it. Images are made from time to time, so what is to be read does not grow with history. `sqlite` keeps
it all in a file.
"""

from collections.abc import AsyncGenerator, Iterator, Sequence
from typing import Any, NamedTuple, Protocol

MARKS = 1_000
"""Number of different marks, and so of processes that can share a log with distinct call ids."""


def mark_of(owner: str) -> int:
    """The mark of a process by its name, 16 hexadecimal digits."""
    return int(owner, 16) % MARKS


class LogError(Exception):
    """The text is for the operator: it may name the database's host, user and file. `shown`, for callers, does not."""

    def __init__(self, text: str, shown: str = "the log cannot be used; the server's own messages say why") -> None:
        super().__init__(text)
        self.shown = shown


class Unwritten(LogError):
    """A commit could not be kept, and `cause` says why in words for callers.

    Nothing of it has happened, unless it `is_uncertain`.
    """

    def __init__(self, why: str, cause: str = "the log cannot be written", *, is_uncertain: bool = False) -> None:
        known = "whether it was kept is not known" if is_uncertain else "nothing was changed"
        super().__init__(f"{why}; {known}", f"{cause}; {known}")
        self.cause = cause
        self.is_uncertain = is_uncertain


class Unusable(LogError):
    """There is no log to be had here: the line says why. Nothing was changed."""


class Deleted(Unwritten):
    """There is no such sandbox any more."""

    def __init__(self, text: str) -> None:
        super().__init__(text, text)


class Found(NamedTuple):
    """A sandbox in the log: its number there, its name, and what of it never changes, as JSON values."""

    key: int
    name: str
    about: dict[str, Any]


class Log(Protocol):
    """Keeps commits. Every method is done when it returns, and either in whole or, raising `Unwritten`, not at all.

    Where a log is `shared`, several processes have it. Then a step first reads what others have committed (`version`
    says whether anyone has), and before its first change it takes the log for itself (`begin`), so nobody can come
    between what it has read and its own commit.
    """

    shared: bool
    owner: str
    """This process, among those that share the log; no two of them have the same mark (`mark_of`)."""

    def version(self) -> int:
        """Another number whenever another process has committed anything."""
        ...

    def news(self) -> AsyncGenerator[frozenset[int] | None]:
        """Whenever other processes have committed anything: the numbers of the sandboxes, None for any; without end.

        It may come late, so nothing is decided by it; raises `Unusable` when it cannot be heard any more.
        """
        ...

    def newest(self, key: int) -> tuple[int, int] | None:
        """The numbers of the last image and the last commit of a sandbox; None when it was deleted."""
        ...

    def since(self, key: int, number: int) -> Sequence[tuple[int, bytes]]:
        """The commits after that number."""
        ...

    def begin(self, key: int) -> None:
        """Let nobody else commit to a sandbox until `end`."""
        ...

    def end(self, *, well: bool) -> None:
        """What was appended since `begin` is kept, or, where not all is well, forgotten."""
        ...

    def beat(self) -> None:
        """Say that this process is alive."""
        ...

    def alive(self) -> frozenset[str]:
        """The processes that have said so lately."""
        ...

    def host(self) -> str:
        """Where on this machine the other processes that share the log can reach this one."""
        ...

    def introduce(self, address: str | None) -> bytes:
        """Tell those others an address, or that there is none any more. Gives the secret that all of them know."""
        ...

    def peers(self) -> list[tuple[str, str]]:
        """The other processes that are alive and have told an address, each with it."""
        ...

    def names(self) -> list[str]:
        """The names of all sandboxes."""
        ...

    def find(self, name: str) -> Found | None:
        """The sandbox of that name."""
        ...

    def count(self) -> int:
        """How many sandboxes there are."""
        ...

    def opened_by(self, kind: str, id: bytes) -> str | None:
        """The name of the sandbox that a credential opens; of its id there is a digest."""
        ...

    def locks(self, key: int) -> Sequence[tuple[str, bytes, bytes]]:
        """What opens a sandbox: kinds of credentials, with digests of id and secret."""
        ...

    def lock(self, key: int, locks: Sequence[tuple[str, bytes, bytes]]) -> None:
        """Let these, and nothing else, open a sandbox."""
        ...

    def open(self, name: str, about: dict[str, Any], image: Sequence[bytes], wake: int | None) -> int | None:
        """Begin a sandbox with an image of it, number 0. Gives its number; None where there is one of that name."""
        ...

    def read(self, key: int) -> Iterator[tuple[int, bytes]]:
        """The parts of the last image, then the commits after it; each with its number."""
        ...

    def append(self, key: int, number: int, data: bytes, wake: tuple[int | None] | None = None) -> None:
        """Keep a commit under its number.

        `wake`, where it is given, holds when the sandbox must be looked at, by the machine's clock.
        """
        ...

    def wake(self, key: int, wake: int | None) -> None:
        """Keep when the sandbox must be looked at."""
        ...

    def draft(self, key: int, number: int, part: int, data: bytes) -> None:
        """Keep a part of an image as of that commit, which counts for nothing until it is whole."""
        ...

    def settle(self, key: int, number: int) -> None:
        """The image as of that commit is whole: what is older is deleted."""
        ...

    def delete(self, key: int) -> None:
        """Forget a sandbox."""
        ...

    def due(self, now: int) -> list[str]:
        """The sandboxes that must be looked at by now."""
        ...

    def stamp(self, key: int) -> None:
        """Keep that a sandbox is in use now."""
        ...

    def unused(self, since: int | None, most: int | None) -> list[tuple[str, int]]:
        """Names and numbers of the sandboxes not used since then, and of those beyond the `most` used last."""
        ...

    def close(self) -> None:
        """End."""
        ...
