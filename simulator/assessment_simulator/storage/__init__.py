"""The commit log: stores the commits of sandboxes beyond the process. It deals with bytes and positions only.

Theory of operation:

- All that one step of a sandbox changes is one **commit**: bytes, which `sandbox.codec` writes and reads. A commit is
  applied in memory at once and waits in a queue (`sandbox.commit_queue`), from which one task writes the waiting
  commits of all sandboxes as one transaction (`Log.write`). An answer leaves, and webhooks, mails and events begin,
  when the commit that they depend on is durable.
- Commits of a sandbox are numbered and **chained**: each has a digest over its bytes and the digest before it. The
  sandbox's row holds the `Position` (number and digest) of the last one. A commit is written only where the row still
  has the position before it. So a log that lost commits, has a gap or a changed byte is noticed by the next write or
  read, and is never continued.
- A commit that cannot be written has not happened. The sandbox is read from the log again, so memory never holds more
  than the log. Where the log belongs to another process by then, the sandbox is dropped.
- A sandbox is read by applying its last **image** (a checkpoint, `sandbox.codec.image`) and the commits after it.
  Images are written from time to time, so the time to read a sandbox does not grow with its history.

Ownership. A SQLite file (`sqlite`) has one process. With PostgreSQL (`postgresql`) several share the log, and each
sandbox has at most one **owner**: the process that has it in memory, answers everything about it, sends its webhooks
and alone appends to it. The database decides; no process believes another one::

                  claim: the first one that asks
    ┌──────┐ ─────────────────────────────────────▶ ┌────────────┐ ─┐ A lost its session: it opens another one
    │ free │                                        │ owned by A │  │ and compares positions
    └──────┘ ◀───────────────────────────────────── └────────────┘ ◀┘
                release: A stops, or it was idle;         │
                or A's session has ended                  │ take: B cannot connect to A, or A is silent
                                                          ▼
    ┌────────────┐  A has another session, or its   ┌───────────────────────────────┐
    │ owned by B │ ◀─────────────────────────────── │ taken by B, answered by nobody│
    └────────────┘  lease is certainly over         └───────────────────────────────┘

| who | does what |
|---|---|
| `storage.postgresql` | decides who owns a sandbox, and whether this process still does (`is_confirmed`) |
| `sandbox.registry` | claims a sandbox that is not in memory, or raises `OwnedElsewhere`; remembers other owners |
| `sandbox.maintenance` | claims free sandboxes in which something is due, releases idle ones |
| `sandbox.commit_queue` | lets no answer and no webhook leave before the ownership is confirmed |
| `http.forwarding` | sends the request to the `Owner`, and reports one that is the wrong one or cannot be reached |
| `runner` | releases all sandboxes when the process stops |
"""

from collections.abc import Awaitable, Callable, Sequence
from hashlib import blake2b
from typing import Any, NamedTuple

# Seconds that a call waits for a log that does not answer.
SETTLES_WITHIN = 5.0


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
        # The number of the sandbox's last commit that was kept, where that is known.
        self.durable: int | None = None


class Unusable(LogError):
    """The log cannot be opened or read: the text says why. Nothing was changed."""


class Deleted(Unwritten):
    """The sandbox does not exist any more."""

    def __init__(self, text: str = "the sandbox was deleted") -> None:
        super().__init__(text, text)


class Owner:
    """Another process, which owns a sandbox; `address` is the HOST:PORT where it takes forwarded requests.

    `forget` is called when it responds that it does not own the sandbox, `unreachable` when connecting failed or it
    does not respond. Its argument says whether to take the sandbox by force, if the owner's session has not ended.
    """

    def __init__(
        self, address: str, forget: Callable[[], None], unreachable: Callable[[bool], Awaitable[None]]
    ) -> None:
        self.address, self.forget, self.unreachable = address, forget, unreachable


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
