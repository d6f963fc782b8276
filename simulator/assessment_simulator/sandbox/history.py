"""How the invitations of a sandbox came to be as they are: each change of a status, and how often each was made.

It is a part of the state, so a snapshot keeps it, a fork takes it and a reset forgets it, as they do with records.
Every creation passes here: an invitation costs one small tuple, made of what there is already.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

Chain = tuple[int, str, Any, Any] | None
"""The changes of one invitation, newest first: when, by which operation, the status from then on, the older ones."""
Step = tuple[str, Any, str, Any]
"""A kind of invitation, the status before (None at the creation), the operation, the status after (None when gone)."""


class Move(NamedTuple):
    """One change of an invitation's status; `before` is None at its creation."""

    at: int
    operation: str
    before: Any
    after: Any


class History:
    """The changes by invitation, and the number of each step that was ever made."""

    __slots__ = ("chains", "tally")

    def __init__(self) -> None:
        self.chains: dict[str, Chain] = {}
        self.tally: dict[Step, int] = {}
        """Grows with the vendors' tables, not with the invitations."""

    def copy(self) -> "History":
        """The same history, to go on apart from this one."""
        twin = History()
        twin.chains, twin.tally = self.chains.copy(), self.tally.copy()
        return twin

    def note(
        self, saved: Iterable[tuple[str, str, Any, Any]], forgotten: Iterable[tuple[str, str]], kinds: frozenset[str],
        at: int, operation: str,
    ) -> None:  # fmt: skip
        """Take down what a commit changes of the invitations, which are the records of these kinds."""
        chains, tally = self.chains, self.tally
        for kind, id, row, _ in saved:
            if kind in kinds:
                status, older = row[0], chains.get(id)
                if older is None:
                    before = None
                elif (before := older[2]) == status:
                    continue
                chains[id] = (at, operation, status, older)
                step = (kind, before, operation, status)
                tally[step] = tally.get(step, 0) + 1
        for kind, id in forgotten:
            if kind in kinds and (last := chains.get(id)) is not None:
                del chains[id]
                step = (kind, last[2], operation, None)
                tally[step] = tally.get(step, 0) + 1

    def of(self, id: str) -> list[Move]:
        """The changes of one invitation, oldest first."""
        found = []
        chain = self.chains.get(id)
        while chain is not None:
            at, operation, after, older = chain
            found.append(Move(at, operation, None if older is None else older[2], after))
            chain = older
        return found[::-1]
