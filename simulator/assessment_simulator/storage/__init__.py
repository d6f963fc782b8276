"""The commit log: where sandboxes are kept beyond the process.

Theory of operation:

- All that one step of a sandbox changes is one **commit**: its effects (see `memory`), written as JSON (`writing`).
  A commit is applied in memory at once and waits in the sandbox's queue (`commits`). One task (`writer`) writes what
  waits in all queues as one transaction. An answer leaves, and webhooks, mails and events begin, when the commit that
  they depend on is durable.
- Commits of a sandbox are numbered and **chained**: each has a digest over its bytes and the digest before it. The
  sandbox's row holds the `Position` (number and digest) of the last one. A commit is written only where the row still
  has the position before it. So a log that lost commits, has a gap or a changed byte is noticed by the next write or
  read, and is never continued.
- A commit that cannot be written has not happened. The sandbox is read from the log again, so memory never holds more
  than the log. Where the log belongs to another process by then, the sandbox is dropped.
- A sandbox is read by applying its last **image** (`image`: a whole memory as effects that build it up) and the commits
  after it. Images are written from time to time, so the time to read a sandbox does not grow with its history.
- With PostgreSQL several processes share the log. Each sandbox has one **owner**: the process that holds it in memory
  and alone appends to it (`postgresql`). A SQLite file (`sqlite`) has one process.
"""

from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Any, NamedTuple, Protocol

SETTLES_WITHIN = 5.0
"""Seconds that a call waits for a log that does not answer."""


class LogError(Exception):
    """The text is for the operator: it may name the database's host, user and file. `shown`, for callers, does not."""

    def __init__(self, text: str, shown: str = "the log cannot be used; the server's own messages say why") -> None:
        super().__init__(text)
        self.shown = shown


class Unwritten(LogError):
    """A commit could not be written. Nothing of it has happened, unless it `is_uncertain`."""

    def __init__(self, why: str, cause: str = "the log cannot be written", *, is_uncertain: bool = False) -> None:
        outcome = "whether the change was kept is not known" if is_uncertain else "nothing was changed"
        super().__init__(f"{why}; {outcome}", f"{cause}; {outcome}")
        self.why = why
        self.cause = cause
        self.is_uncertain = is_uncertain
        self.durable: int | None = None
        """The number of the sandbox's last commit that was kept, where that is known."""


class Unusable(LogError):
    """The log cannot be opened or read: the text says why. Nothing was changed."""


class Deleted(Unwritten):
    """The sandbox does not exist any more."""

    def __init__(self, text: str = "the sandbox was deleted") -> None:
        super().__init__(text, text)


class Owner(Protocol):
    """Another process, which owns a sandbox; `address` is the HOST:PORT where it takes forwarded requests."""

    @property
    def address(self) -> str: ...

    async def unreachable(self, *, is_silent: bool) -> None:
        """Connecting failed, or, `is_silent`, it does not answer: let its sandboxes be claimed where that may be."""

    def forget(self) -> None:
        """It says that it does not own the sandbox: look the owner up again."""


class OwnedElsewhere(Exception):
    """The sandbox of a request belongs to another process. Raised before anything of an answer was sent."""

    def __init__(self, owner: Owner) -> None:
        super().__init__(f"the sandbox belongs to the process at {owner.address}")
        self.owner = owner


class Position(NamedTuple):
    """A place in the chain of a sandbox's commits: the number of a commit, and the digest up to it."""

    number: int
    digest: bytes

    def after(self, data: bytes) -> "Position":
        """The position of the next commit, which has these bytes."""
        return Position(self.number + 1, blake2b(self.digest + data, digest_size=16).digest())


class Batch(NamedTuple):
    """Commits of one sandbox that are written together.

    `before` is the position that the log must have, `after` the one it has then. `due` is when the sandbox has
    something to do by itself, by the machine's clock in ticks; None: not before it is called. `summary` is what lists
    of sandboxes show of it, as JSON.
    """

    key: int
    before: Position
    commits: Sequence[bytes]
    after: Position
    due: int | None
    summary: bytes


class Found(NamedTuple):
    """A sandbox that this process owns: its key and name, what of it never changes, and its last position."""

    key: int
    name: str
    about: dict[str, Any]
    position: Position


class Claimed(NamedTuple):
    """Another process owns the sandbox: the id of its session, and where it takes forwarded requests."""

    server: int
    address: str


class Listed(NamedTuple):
    """A sandbox as lists show it; it was not loaded for that."""

    name: str
    about: dict[str, Any]
    summary: dict[str, Any]


Apply = Callable[[int, bytes, bool], None]
"""Takes a part of an image, or a commit, as it is read: the number, the bytes, and whether it is of the image."""


class Log(Protocol):
    """Keeps the commits of sandboxes.

    Methods raise `Unwritten` or `Unusable`. Each has happened when it returns, either in whole or not at all.
    """

    kind: str
    """`sqlite` or `postgresql`."""
    address: str
    """Where other processes forward requests to; "" where there are none."""
    owner: int | None
    """The id of this process's session, where processes share the log: another one after the session was lost."""
    takeovers: int
    """Sandboxes that were claimed from a process that is gone."""

    async def start(self) -> None:
        """Begin, in the event loop that the other methods run in."""
        ...

    async def close(self) -> None:
        """End; sandboxes that are still owned have no owner any more."""
        ...

    @property
    def is_confirmed(self) -> bool:
        """Whether this process has certainly not lost its sandboxes to another one; else `confirm` it first."""
        ...

    async def confirm(self, within: float = SETTLES_WITHIN) -> None:
        """Return as soon as `is_confirmed`; raises `Unusable` where that takes longer than so many seconds."""
        ...

    async def ready(self) -> None:
        """Check that the log can be written; raises where it cannot."""
        ...

    async def write(self, batches: Sequence[Batch]) -> frozenset[int]:
        """Append commits in one transaction.

        Returns the keys of those that were not written because this process does not own the sandbox, or because the
        log has another position.
        """
        ...

    async def create(
        self, name: str, about: dict[str, Any], image: Sequence[bytes], due: int | None, summary: bytes
    ) -> Found | None:
        """Create a sandbox of this process, with an image of it as commit 0; None where the name is taken."""
        ...

    async def claim(self, name: str) -> "Found | Claimed | None":
        """Own the sandbox of that name from now on, unless another live process does; None where there is none."""
        ...

    async def release(self, keys: Sequence[int]) -> None:
        """Own these no more."""
        ...

    def stop_claiming(self) -> None:
        """Claim nothing more: the process is about to end."""
        ...

    async def depose(self, server: int, *, by_force: bool) -> None:
        """Let the sandboxes of a process be claimed, if its session has ended; `by_force`: end that session."""
        ...

    async def read(self, key: int, apply: Apply) -> Position:
        """Call `apply` with the parts of the last image, then with the commits after it; returns the last position.

        Raises `Unusable` where they are not those that were written, `Deleted` where there is no such sandbox.
        """
        ...

    async def delete(self, key: int) -> None:
        """Delete a sandbox."""
        ...

    async def exists(self, name: str) -> bool:
        """Whether there is a sandbox of that name."""
        ...

    async def every(self) -> list[Listed]:
        """All sandboxes, in the order of their creation."""
        ...

    async def count(self) -> int:
        """How many sandboxes there are."""
        ...

    async def due(self, now: int, after: int, most: int) -> Sequence[tuple[int, str]]:
        """Keys and names of sandboxes that no process owns and that have something to do by now.

        In order of their keys, and only those behind the key `after`.
        """
        ...

    async def touch(self, keys: Sequence[int]) -> None:
        """Keep that these sandboxes are in use now."""
        ...

    async def unused(self, since: int | None, most: int | None) -> list[str]:
        """The sandboxes not used since then, and those beyond the `most` used last; none of another process."""
        ...

    async def write_image(self, key: int, number: int, part: int, data: bytes) -> None:
        """Write a part of an image as of that commit, which is not read before it is settled."""
        ...

    async def settle_image(self, key: int, position: Position, digest: bytes) -> None:
        """The image as of that position is whole, and `digest` is that of its parts: delete what is older."""
        ...

    async def opened_by(self, kind: str, id: bytes) -> str | None:
        """The name of the sandbox that a credential opens; `id` is a digest of its id."""
        ...

    async def locks(self, key: int) -> Sequence[tuple[str, bytes, bytes]]:
        """What opens a sandbox: kinds of credentials, with digests of id and secret."""
        ...

    async def lock(self, key: int, locks: Sequence[tuple[str, bytes, bytes]]) -> None:
        """Let these credentials, and no others, open a sandbox."""
        ...

    async def end_session(self, id: str, until: int) -> None:
        """Accept a login session no more; it would have ended by itself at `until`."""
        ...

    async def has_ended(self, id: str) -> bool:
        """Whether a login session was ended."""
        ...
