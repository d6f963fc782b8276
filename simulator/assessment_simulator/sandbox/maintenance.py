"""Looks after the sandboxes that nobody calls, where there is a log.

Once a second: free sandboxes in which something is due are claimed and read, so that it happens; idle ones are released
from memory; images are written of those that have grown; and those that are too old or too many are deleted.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from math import inf
from time import monotonic

from assessment_simulator.core import instant
from assessment_simulator.sandbox.clock import machine_now
from assessment_simulator.sandbox.registry import Sandboxes
from assessment_simulator.sandbox.sandbox import Sandbox
from assessment_simulator.storage import Log, LogError, OwnedElsewhere
from assessment_simulator.storage.pauses import Pause

LOOKS = 1.0
"""Seconds between two looks."""
AT_ONCE = 4
"""Sandboxes that are read at the same time: fewer than may be, so that calls need not wait for them."""
AGAIN = 60.0
"""Seconds after which a sandbox that could not be read is tried again."""
MOST = 200
"""Sandboxes that one look into the log finds."""
_STAMPS = 60.0
_log = logging.getLogger("simulator.log")


@dataclass(frozen=True, slots=True)
class Limits:
    """How long an unused sandbox stays, in real seconds: `idle` in memory, `age` in the log; and how many, `most`.

    None is no limit.
    """

    idle: float = 3_600.0
    age: float | None = None
    most: int | None = None

    @property
    def stamps(self) -> float:
        """Seconds between updates of the last-used times; less than the retention that reads them."""
        if self.most is not None:
            return 0.0
        return _STAMPS if self.age is None else min(_STAMPS, self.age / 4)


@asynccontextmanager
async def kept(sandboxes: Sandboxes, limits: Limits) -> AsyncIterator[None]:
    """Look after the sandboxes for as long as the block lasts."""
    if sandboxes.log is None:
        yield
        return
    keeper = Keeper(sandboxes, sandboxes.log, limits)
    task = asyncio.ensure_future(keeper.keep())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


class Keeper:
    """The task that does it."""

    def __init__(self, sandboxes: Sandboxes, log: Log, limits: Limits) -> None:
        self._sandboxes = sandboxes
        self._log = log
        self._limits = limits
        self._is_away = False
        self._stamped = 0.0
        self._used: set[Sandbox] = set()
        self._unreadable: dict[str, float] = {}
        """When sandboxes could not be read."""

    async def keep(self) -> None:
        """Look once a second."""
        while True:
            try:
                await self.adopt()
                await self.tend()
                await self.forget()
                if self._is_away:
                    self._is_away = False
                    _log.warning("the log is back")
            except LogError as problem:
                if not self._is_away:
                    self._is_away = True
                    _log.error("%s; that is tried again every second", problem)
            except Exception:  # noqa: BLE001  what fails now may succeed in a second
                _log.exception("the log cannot be looked after")
            await asyncio.sleep(min(LOOKS, self._limits.idle / 2))

    async def adopt(self) -> None:
        """Read the free sandboxes in which something is due, so that it happens."""
        now, last = machine_now(), 0
        while found := await self._log.due(now, last, MOST):
            last = found[-1][0]
            names = [name for _, name in found if self._sandboxes.loaded(name) is None and self._may_be_read(name)]
            for first in range(0, len(names), AT_ONCE):
                await asyncio.gather(*(self._adopt(name) for name in names[first : first + AT_ONCE]))

    def _may_be_read(self, name: str) -> bool:
        """Whether a sandbox could be read, or some time has passed since it could not."""
        return monotonic() - self._unreadable.get(name, -inf) > AGAIN

    async def _adopt(self, name: str) -> None:
        try:
            await self._sandboxes.known(name)
        except OwnedElsewhere:  # another process was first
            self._sandboxes.forget_owner(name)
        except LogError as problem:
            await self._log.count()  # raises where it is the whole log that cannot be read
            now = monotonic()
            if now - self._unreadable.get(name, -inf) > AGAIN:
                _log.error("sandbox %s cannot be read, so nothing happens in it: %s", name, problem)
            self._unreadable[name] = now

    async def tend(self) -> None:
        """Say which sandboxes are in use, release idle ones, and write images of those that have grown."""
        pause = Pause()
        for sandbox in self._sandboxes:
            await pause.if_due()
            commits = sandbox.commits
            if commits is None or not sandbox.is_current or self._sandboxes.loaded(sandbox.name) is not sandbox:
                continue
            idle = commits.idle()
            if idle < LOOKS:
                self._used.add(sandbox)
            busy = sandbox.watchers or sandbox.faults or self._sandboxes.worker(sandbox).is_busy
            if idle >= self._limits.idle and not busy:
                await self._sandboxes.release(sandbox)
            elif commits.needs_image:
                await commits.write_image()
        if self._used and monotonic() - self._stamped > self._limits.stamps:
            used, self._used, self._stamped = self._used, set(), monotonic()
            await self._log.touch([sandbox.commits.key for sandbox in used if sandbox.commits is not None])

    async def forget(self) -> None:
        """Delete the sandboxes that are too old or too many, unless something is on its way in them."""
        age, most = self._limits.age, self._limits.most
        if age is None and most is None:
            return
        since = None if age is None else machine_now() - int((age + 2 * self._limits.stamps) * instant.SECOND)
        for name in await self._log.unused(since, most):
            sandbox = self._sandboxes.loaded(name)
            if sandbox is None or not self._sandboxes.worker(sandbox).is_busy:
                try:
                    await self._sandboxes.delete(name)
                except OwnedElsewhere:
                    self._sandboxes.forget_owner(name)
