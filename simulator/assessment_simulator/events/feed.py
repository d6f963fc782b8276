"""What changes in one sandbox, numbered, for as many readers as there are: the last changes, and a word that woke them.

There is one short memory and no queue for each reader. A reader remembers the number that it has come to and takes from
there what is new; one that is too slow, or was away for too long, is told that everything may be another.
"""

import asyncio
import secrets
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import takewhile
from typing import NamedTuple

from assessment_simulator.journal.recorder import (
    CALL,
    CAUGHT,
    CLOCK,
    CLOSING,
    CONFIG,
    DELIVERY,
    ENDED,
    EVERYTHING,
    FAULTS,
)
from assessment_simulator.sandbox.sandbox import Sandbox

KEPT = 1_000
"""So many of the last changes are remembered,"""
LINGER = 60.0
"""and for so many seconds after the last reader left, so that one who comes again misses nothing."""

INVITATION, MAIL = "invitation", "mail"
_WORDS = (CALL, CAUGHT, CLOCK, CONFIG, DELIVERY, ENDED, EVERYTHING, FAULTS, MAIL)
WHAT = tuple(sorted((*_WORDS, INVITATION)))
"""What can be said to have changed."""


class Change(NamedTuple):
    """What changed, and its id where it has one; `number` counts the changes of a sandbox."""

    number: int
    what: str
    id: str


class Hub:
    """The last changes of a sandbox. It watches while somebody reads, and a while longer."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._watchers = sandbox.watchers
        self._public: Mapping[str, str] = {word: word for word in _WORDS} | dict.fromkeys(sandbox.kinds, INVITATION)
        self._mark = secrets.token_hex(4)
        self._changes: deque[Change] = deque(maxlen=KEPT)
        self._number = self._forgotten = 0
        self._readers: set[asyncio.Event] = set()
        self._leaving: asyncio.TimerHandle | None = None
        self._watching = False
        self.closed = asyncio.Event()
        """Set when nothing more will be told: the sandbox was deleted, or the server is about to close."""
        if sandbox.is_leaving:
            self.closed.set()

    @property
    def readers(self) -> int:
        """How many read on at present."""
        return len(self._readers)

    @contextmanager
    def reading(self) -> Iterator[asyncio.Event]:
        """Watch for as long as the block lasts; gives what is set whenever there is something new."""
        news = asyncio.Event()
        self._readers.add(news)
        if self._leaving is not None:
            self._leaving.cancel()
            self._leaving = None
        if not self._watching:
            self._watching = True
            self._watchers.append(self.note)
        try:
            yield news
        finally:
            self._readers.remove(news)
            if not self._readers and self.closed.is_set():
                self._leave()  # no reader comes again: a timer would only keep this in memory
            elif not self._readers:
                self._leaving = asyncio.get_running_loop().call_later(LINGER, self._leave)

    def _leave(self) -> None:
        """Watch no more; whoever comes again will have missed something."""
        self._watching, self._leaving = False, None
        with suppress(ValueError):
            self._watchers.remove(self.note)
        self._changes.clear()
        self._number += 1
        self._forgotten = self._number

    def note(self, what: str, id: str) -> None:
        """Called by the sandbox: takes a change down and wakes the readers; that costs the sandbox next to nothing."""
        word = self._public.get(what)
        if what in (CLOSING, ENDED):
            self.closed.set()
        if word is not None:
            self._number += 1
            self._remember(Change(self._number, word, id))
        for news in self._readers:
            news.set()

    def _remember(self, change: Change) -> None:
        changes = self._changes
        if changes and changes[-1][1:] == change[1:]:
            changes[-1] = change  # a clock that plays for a day is one change
            return
        if len(changes) == KEPT:
            self._forgotten = changes[0].number
        changes.append(change)

    @property
    def place(self) -> int:
        """The number of the last change."""
        return self._number

    def mark(self, place: int) -> str:
        """How a reader names its place when it comes again."""
        return f"{self._mark}-{place}"

    def place_of(self, mark: str) -> int:
        """The place that a reader named, or one that is too old for anything but `everything`."""
        known, _, number = mark.partition("-")
        good = known == self._mark and number.isascii() and number.isdecimal() and len(number) < 16
        return int(number) if good and int(number) <= self._number else -1

    def since(self, place: int) -> list[Change]:
        """What changed after a place, each thing once, at its last change; `everything` where that is not known."""
        if place < self._forgotten:
            return [Change(self._number, EVERYTHING, "")]
        newest: dict[tuple[str, str], Change] = {}
        for change in takewhile(lambda change: change.number > place, reversed(self._changes)):
            newest.setdefault((change.what, change.id), change)
        return [*newest.values()][::-1]
