"""Background work on the sandboxes of a log.

Three tasks, so that a slow one delays no other. About once a second each does one round:

- adoption: unowned sandboxes in which something is due are claimed and read, so that it happens;
- memory: idle sandboxes are released, and images are written of those that have grown;
- retention: the log gets to know which sandboxes are in use, then those that are too old or too many are deleted.

A round that fails because of the log is tried again with the next one.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from math import inf
from time import monotonic

from assessment_simulator.core import instant
from assessment_simulator.sandbox.registry import Sandboxes
from assessment_simulator.sandbox.state import machine_now
from assessment_simulator.storage import LogError, OwnedElsewhere
from assessment_simulator.storage.log import Log
from assessment_simulator.storage.pauses import Pause

# Seconds between two rounds.
INTERVAL = 1.0
# Sandboxes that are read at the same time: fewer than may be, so that calls need not wait for them.
AT_ONCE = 4
# Seconds after which a sandbox that could not be read is tried again.
RETRY = 60.0
# Sandboxes that one query finds.
MOST = 200
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
async def maintained(sandboxes: Sandboxes, limits: Limits) -> AsyncIterator[None]:
    """Look after the sandboxes for as long as the block lasts."""
    tasks = []
    if sandboxes.log is not None:
        maintenance = Maintenance(sandboxes, sandboxes.log, limits)
        rounds = (maintenance.adopt, maintenance.tend, maintenance.delete_unused)
        tasks = [asyncio.ensure_future(maintenance.repeat(each)) for each in rounds]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class Maintenance:
    """The rounds of the three tasks."""

    def __init__(self, sandboxes: Sandboxes, log: Log, limits: Limits) -> None:
        self._sandboxes = sandboxes
        self._log = log
        self._limits = limits
        # The rounds that failed because of the log the last time.
        self._failing: set[Callable[[], Awaitable[None]]] = set()
        self._stamped = 0.0
        self._used: set[int] = set()
        # When sandboxes could not be read.
        self._unreadable: dict[str, float] = {}

    async def repeat(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do a round about once a second. An outage of the log is reported once for all tasks."""
        while True:
            try:
                await work()
                if work in self._failing:
                    self._failing.discard(work)
                    if not self._failing:
                        _log.warning("the log is back")
            except LogError as problem:
                if not self._failing:
                    _log.error("%s; that is tried again every second", problem)
                self._failing.add(work)
            except Exception:  # noqa: BLE001  what fails now may succeed in a second
                _log.exception("the log cannot be looked after")
            await asyncio.sleep(min(INTERVAL, self._limits.idle / 2))

    async def adopt(self) -> None:
        """Read the unowned sandboxes in which something is due, so that it happens."""
        now, last = machine_now(), 0
        while found := await self._log.due(now, last, MOST):
            last = found[-1][0]
            long_ago = monotonic() - RETRY
            names = [
                name
                for _, name in found
                if self._sandboxes.cached(name) is None and self._unreadable.get(name, -inf) < long_ago
            ]
            for first in range(0, len(names), AT_ONCE):
                await asyncio.gather(*map(self._adopt, names[first : first + AT_ONCE]))

    async def _adopt(self, name: str) -> None:
        try:
            await self._sandboxes.find(name)
        except OwnedElsewhere:  # another process was first
            self._sandboxes.forget_owner(name)
        except LogError as problem:
            await self._log.count()  # raises where it is the whole log that cannot be read
            _log.error("sandbox %s cannot be read, so nothing happens in it: %s", name, problem)
            self._unreadable[name] = monotonic()

    async def tend(self) -> None:
        """Release idle sandboxes, and write images of those that have grown."""
        pause = Pause()
        for sandbox in self._sandboxes:
            await pause.if_due()
            commits = sandbox.commits
            if commits is None or not sandbox.is_current or self._sandboxes.cached(sandbox.name) is not sandbox:
                continue
            if commits.idle() >= self._limits.idle and not (sandbox.watchers or sandbox.faults or sandbox.is_busy):
                await self._sandboxes.release(sandbox)
            elif commits.needs_image:
                await commits.write_image()

    async def note_used(self) -> None:
        """Note in the log which sandboxes are in use."""
        pause = Pause()
        for sandbox in self._sandboxes:
            await pause.if_due()
            if sandbox.commits is not None and sandbox.commits.idle() < INTERVAL:
                self._used.add(sandbox.commits.key)
        if self._used and monotonic() - self._stamped > self._limits.stamps:
            used, self._used, self._stamped = self._used, set(), monotonic()
            await self._log.touch([*used], machine_now())

    async def delete_unused(self) -> None:
        """Delete the sandboxes that are too old or too many, unless a webhook or an advance is under way in them."""
        await self.note_used()
        age, most = self._limits.age, self._limits.most
        if age is None and most is None:
            return
        since = None if age is None else machine_now() - int((age + 2 * self._limits.stamps) * instant.SECOND)
        for name in await self._log.unused(since, most):
            sandbox = self._sandboxes.cached(name)
            if sandbox is None or not sandbox.is_busy:
                try:
                    await self._sandboxes.delete(name)
                except OwnedElsewhere:
                    self._sandboxes.forget_owner(name)
