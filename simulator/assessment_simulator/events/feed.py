"""The change feed of one sandbox: its last changes, numbered, for any number of readers.

There is one bounded list and no queue for each reader. A reader remembers the number of the last change that it has
read, and takes what is newer from the list; a repeated change moves to its last place. A reader that is too slow, or
was away for too long, gets `everything`: reload all. The feed watches the sandbox while it has a reader and `LINGER`
seconds longer, so that a reader that reconnects misses nothing.

Readers are woken together, at most every `INTERVAL` seconds, and less often the more they are (`PER_READER`). So a
change costs the sandbox the same with one reader and with hundreds, and the readers share the text of a message.
"""

import asyncio
import secrets
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import takewhile
from typing import NamedTuple

from assessment_simulator.sandbox import watchers
from assessment_simulator.sandbox.sandbox import Sandbox
from assessment_simulator.sandbox.watchers import CLOSING, ENDED, EVERYTHING
from assessment_simulator.storage import json_codec

# Changes that are remembered.
KEPT = 1_000
LINGER = 60.0
# Least seconds between two messages to a reader: the changes in between are one message.
INTERVAL = 0.05
# The same for each reader: so many readers cannot use more than a few hundredths of the processor's time.
PER_READER = 0.002
INVITATION, MAIL = "invitation", "mail"
# What can change.
WHAT = tuple(
    sorted(
        (watchers.CALL, watchers.CAUGHT, watchers.CLOCK, watchers.CONFIG, watchers.DELIVERY, ENDED, EVERYTHING,
         watchers.FAULTS, INVITATION, MAIL)
    )
)  # fmt: skip


class Change(NamedTuple):
    """What changed, and its id if it has one; `number` counts the changes of a sandbox."""

    number: int
    what: str
    id: str


class ChangeFeed:
    """The last changes of a sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._watchers = sandbox.watchers
        # Invitations are records of the vendors' own kinds; other records, such as tokens, are not reported.
        self._public = {what: what for what in WHAT if what != INVITATION} | dict.fromkeys(sandbox.kinds, INVITATION)
        self._token = secrets.token_hex(4)
        self._changes: deque[Change] = deque(maxlen=KEPT)
        # The number of the last change, and of the last one that is not remembered any more.
        self.number = self._forgotten = 0
        # How many streams read now.
        self.readers = 0
        # Set when the readers are woken next; then another takes its place.
        self.next_wake = asyncio.Event()
        self._last_wake = 0.0
        self._wake_timer: asyncio.TimerHandle | None = None
        # The last message: the numbers before and after it, and its text.
        self._text = (0, 0, b"")
        self._is_watching = False
        self._unwatch_timer: asyncio.TimerHandle | None = None
        # Set when nothing follows: the sandbox was deleted, or the server is about to close.
        self.closed = asyncio.Event()
        if sandbox.is_leaving:
            self.closed.set()

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Watch the sandbox for as long as the block lasts."""
        self.readers += 1
        if self._unwatch_timer is not None:
            self._unwatch_timer.cancel()
            self._unwatch_timer = None
        if not self._is_watching:
            self._is_watching = True
            self._watchers.append(self._note)
        try:
            yield
        finally:
            self.readers -= 1
            if not self.readers and self.closed.is_set():
                self._unwatch()  # no reader follows: a timer would only keep this in memory
            elif not self.readers:
                self._unwatch_timer = asyncio.get_running_loop().call_later(LINGER, self._unwatch)

    def _unwatch(self) -> None:
        self._is_watching, self._unwatch_timer = False, None
        with suppress(ValueError):
            self._watchers.remove(self._note)
        self._changes.clear()
        self.number += 1  # a reader that comes later has missed something
        self._forgotten = self.number

    def _note(self, what: str, id: str) -> None:
        """Remember a change and wake the readers. The sandbox calls this, so it must cost little."""
        if what in (CLOSING, ENDED):
            self.closed.set()
        public = self._public.get(what)
        if public is not None:
            self.number += 1
            change, changes = Change(self.number, public, id), self._changes
            if changes and changes[-1][1:] == change[1:]:
                changes[-1] = change  # advancing the clock by a day is one change
            else:
                if len(changes) == KEPT:
                    self._forgotten = changes[0].number
                changes.append(change)
        if self.closed.is_set():
            self._wake()
        elif public is not None and self.readers and self._wake_timer is None:
            loop = asyncio.get_running_loop()
            due = self._last_wake + max(INTERVAL, PER_READER * self.readers)
            self._wake_timer = loop.call_later(max(0.0, due - loop.time()), self._wake)

    def _wake(self) -> None:
        if self._wake_timer is not None:
            self._wake_timer.cancel()
            self._wake_timer = None
        self._last_wake = asyncio.get_running_loop().time()
        self.next_wake.set()
        self.next_wake = asyncio.Event()

    def event_id(self, number: int) -> str:
        """The id of the event with this number, which a reader sends as `Last-Event-ID` when it reconnects."""
        return f"{self._token}-{number}"

    def number_of(self, event_id: str) -> int:
        """The number in an event id; -1, which is too old for anything but `everything`, if it is not ours."""
        token, _, number = event_id.partition("-")
        known = token == self._token and number.isascii() and number.isdecimal() and len(number) < 16
        return int(number) if known and int(number) <= self.number else -1

    def message(self, number: int) -> tuple[int, bytes]:
        """What changed after this number as server-sent events, and the number of the last change."""
        if self._text[:2] != (number, self.number):
            text = b""
            for at, what, id in self.since(number):
                data = json_codec.dumps({"what": what, "id": id or None})
                text += b"id: %b\nevent: %b\ndata: %b\n\n" % (self.event_id(at).encode(), what.encode(), data)
            self._text = (number, self.number, text)
        return self.number, self._text[2]

    def since(self, number: int) -> list[Change]:
        """What changed after this number, each thing once, at its last change; `everything` if that is not known."""
        if number < self._forgotten:
            return [Change(self.number, EVERYTHING, "")]
        newest: dict[tuple[str, str], Change] = {}
        for change in takewhile(lambda change: change.number > number, reversed(self._changes)):
            newest.setdefault((change.what, change.id), change)
        return [*newest.values()][::-1]
