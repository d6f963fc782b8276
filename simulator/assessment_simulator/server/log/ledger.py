"""One sandbox's part of the log: what a step changes is appended as one commit, or has not happened."""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from math import inf
from time import monotonic
from typing import Any, TypeVar

from assessment_simulator.server import changes
from assessment_simulator.server.log import Deleted, Log, Unusable, Unwritten
from assessment_simulator.server.log.image import blank, parts, replay, still
from assessment_simulator.server.log.writing import Reader, Writer
from assessment_simulator.server.memory import EFFECTS, Effect, Memory

T = TypeVar("T")
IMAGE_AFTER = 262_144
"""A new image is made when the commits since the last are larger than it, and than so many bytes."""
_log = logging.getLogger("simulator.log")


class Remembering(Memory, ABC):
    """A memory that wants to hear of what is kept."""

    @abstractmethod
    def told(self, word: str, told: tuple[Any, ...]) -> None:
        """An effect has been kept."""

    @abstractmethod
    def reloaded(self) -> None:
        """Everything was read from the log anew."""

    @abstractmethod
    def refused(self) -> None:
        """Something could not be kept."""

    @abstractmethod
    def heard(self, effects: Iterable[Effect]) -> None:
        """Another process has done this."""

    @abstractmethod
    def ended(self) -> None:
        """Another process has deleted the sandbox."""


class _Behind(BaseException):
    """Another process has committed since this one read."""


class Ledger:
    """Writes down what a memory is told, and reads it again."""

    def __init__(self, log: Log, key: int, memory: Remembering) -> None:
        self.key = key
        self.number = 0
        """The number of the last commit."""
        self._log = log
        self._memory = memory
        self._effects: list[Effect] = []
        self._then: list[Callable[[], None]] = []
        self._used, self._looked, self._stamped = True, monotonic(), -inf
        self._in_step = False
        self._stale = self._ours = False
        self._version = -1
        self._size = self._image_size = 0
        self._wake: int | None = None

    def step(self, body: Callable[[], T]) -> T:
        """Do something of which all changes are one commit; a step within a step is part of it.

        Raises `Unwritten` where they cannot be kept. Then, and after any other exception, nothing of them has happened.
        Where other processes have the log too, the body is run again if one of them was first: it must only look until
        its first change.
        """
        if self._in_step:
            return body()
        self.refresh()
        try:
            return self._once(body)
        except _Behind:
            return self._once(lambda: self._caught_up(body))  # the log is ours now: nobody comes between a second time

    def _caught_up(self, body: Callable[[], T]) -> T:
        self.refresh()
        return body()

    def _once(self, body: Callable[[], T]) -> T:
        self._in_step = self._used = True
        try:
            result = body()
            if self._effects:
                self._append()
            self._let_go(well=True)
            if self._effects:
                changes.note()
        except _Behind:
            raise
        except BaseException:
            self._let_go(well=False)
            if self._effects:
                self._undo()
            raise
        finally:
            self._in_step = False
            effects, self._effects = self._effects, []
            actions, self._then = self._then, []
        for word, told in effects:
            self._memory.told(word, told)
        for action in actions:
            action()
        return result

    def then(self, action: Callable[[], None]) -> None:
        """Do something, once, when what this step changes is kept; at once where no step is under way."""
        if not self._in_step:
            action()
        elif action not in self._then:
            self._then.append(action)

    def _let_go(self, *, well: bool) -> None:
        if self._ours:
            self._ours = False
            self._log.end(well=well)

    def change(self, word: str, told: tuple[Any, ...]) -> None:
        """Make an effect true, and a part of this step's commit."""
        if not self._in_step:
            raise RuntimeError(f"{word} outside of a step")  # a mistake of ours: it would be lost
        if self._log.shared and not self._ours:
            self._log.begin(self.key)
            self._ours = True
            newest = self._log.newest(self.key)
            if newest is None or newest[1] != self.number:
                raise _Behind
        self._effects.append((word, told))
        EFFECTS[word](self._memory, *told)

    def _append(self) -> None:
        data, wake = Writer().write(self._effects), wake_of(self._memory)
        self._log.append(self.key, self.number + 1, data, None if wake == self._wake else (wake,))
        self._wake = wake
        self.number += 1
        self._size += len(data)

    def idle(self) -> float:
        """For how many real seconds there was no step, as far as who asks now and then can know."""
        if self._used:
            self._used, self._looked = False, monotonic()
        return monotonic() - self._looked

    def stamp(self, every: float) -> None:
        """Say that the sandbox is in use, unless that was said within so many seconds."""
        if monotonic() - self._stamped > every:
            self._log.stamp(self.key)
            self._stamped = monotonic()

    @property
    def shared(self) -> bool:
        """Whether other processes have the log too."""
        return self._log.shared

    @property
    def doubtful(self) -> bool:
        """Whether what is remembered may not be what the log has, until it is read."""
        return self._stale or self._log.shared

    @property
    def owner(self) -> str:
        """This process."""
        return self._log.owner

    def settle(self) -> None:
        """Say when the sandbox must be looked at, after it was."""
        wake = wake_of(self._memory)
        if wake != self._wake:
            self._log.wake(self.key, wake)
            self._wake = wake

    # Reading.

    def _undo(self) -> None:
        """What the log does not have has not happened: go back to what it has."""
        self._stale = True
        try:
            self.load()
        except (Unwritten, Unusable) as problem:
            _log.warning("a sandbox cannot be read again; that is tried when it is asked for: %s", problem)
        self._memory.refused()

    def refresh(self) -> None:
        """Read what other processes have committed; raises `Deleted` where they have deleted the sandbox."""
        if self._stale:
            self.load()
            return
        version = self._log.version()
        if version == self._version and not self._ours:
            return
        newest = self._log.newest(self.key)
        if newest is None:
            self._memory.ended()
            raise Deleted("the sandbox was deleted")
        image, last = newest
        if image > self.number:
            self.load()
        elif last > self.number:
            self._catch_up(last)
        self._version = version

    def _catch_up(self, last: int) -> None:
        self._stale = True
        commits = self._log.since(self.key, self.number)
        numbers = [number for number, _ in commits]
        if numbers != [*range(self.number + 1, max([last, *numbers]) + 1)]:
            self.load()  # an image has taken the place of some of them since
            return
        effects: list[Effect] = []
        for number, data in commits:
            effects += self._replayed(number, Reader(), data)
            self._size += len(data)
            self.number = number
        self._stale = False
        self._wake = -1
        self._memory.heard(effects)

    def _replayed(self, number: int, reader: Reader, data: bytes) -> list[Effect]:
        try:
            effects = reader.read(data)
            replay(self._memory, effects)
        except (ValueError, TypeError, LookupError, AttributeError) as problem:
            flaw = f"commit {number} of sandbox number {self.key} cannot be read"
            raise Unusable(f"{flaw}: {problem!r}", flaw) from problem
        return effects

    def load(self) -> None:
        """Forget everything and read it from the log."""
        self._stale = True
        entries = [*self._log.read(self.key)]  # before anything is forgotten: the log may not be there
        blank(self._memory)
        reader, last, image = Reader(), -1, -1
        self._size = self._image_size = 0
        for number, data in entries:
            image = number if image < 0 else image
            if number != last:
                reader, last = Reader(), number
            self._replayed(number, reader, data)
            self._size += len(data)
            self._image_size += len(data) if number == image else 0
        self._size -= self._image_size
        if last < 0:
            self._memory.ended()
            raise Deleted("the sandbox was deleted")
        self._memory.state.queue_again()
        alive = self._log.alive()
        self._memory.state.free(lambda _, owner: owner in alive)
        self.number, self._stale = last, False
        self._wake = -1  # not known: the next commit tells
        self._memory.reloaded()

    # Images.

    @property
    def ripe(self) -> bool:
        """Whether there are so many commits that an image should take their place."""
        return self._size > max(IMAGE_AFTER, self._image_size) and not self._stale

    async def draft(self) -> None:
        """Write an image, a piece at a time, so that others are answered meanwhile."""
        number, written = self.number, 0
        self._size = 0  # where it fails, it is tried again after as much more
        for part, piece in enumerate(parts(still(self._memory))):
            self._log.draft(self.key, number, part, piece)
            written += len(piece)
            await asyncio.sleep(0)
        self._log.settle(self.key, number)
        self._image_size = written


def wake_of(memory: Memory) -> int | None:
    """When a sandbox has something to do by itself, by the machine's clock; 0: now; None: not before a call."""
    state, clock = memory.state, memory.state.clock
    if state.away or state.claims or clock.held:
        return 0
    due = state.next_due()
    if due is None or (clock.stands and due > clock.now()):
        return None
    return 0 if clock.stands else max(due - clock.ahead, 0)
