"""Looks after the sandboxes that nobody asks for, where there is a log: what is due happens, what is idle is let go."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass

from assessment_simulator.core import instant
from assessment_simulator.server.clock import machine_now
from assessment_simulator.server.log import Deleted, Log, Unusable, Unwritten
from assessment_simulator.server.sandbox import Sandbox
from assessment_simulator.server.sandboxes import Sandboxes

LOOKS = 1.0
"""Seconds between two looks at the log."""
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
        """Seconds after which it is said anew that a sandbox is in use: the log must know it well before it matters."""
        if self.most is not None:
            return 0.0
        return _STAMPS if self.age is None else min(_STAMPS, self.age / 4)


@asynccontextmanager
async def kept(sandboxes: Sandboxes, limits: "Limits") -> AsyncIterator[None]:
    """Look after the sandboxes for as long as the block lasts."""
    if sandboxes.log is None:
        yield
        return
    keeper = Keeper(sandboxes, sandboxes.log, limits)
    await keeper.look()
    tasks = [asyncio.ensure_future(keeper.keep()), asyncio.ensure_future(keeper.listen())]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class Keeper:
    """Who looks after them."""

    def __init__(self, sandboxes: Sandboxes, log: Log, limits: Limits) -> None:
        self._sandboxes = sandboxes
        self._log = log
        self._limits = limits
        self._is_away = False

    async def keep(self) -> None:
        """Look now and then."""
        while True:
            await asyncio.sleep(min(LOOKS, self._limits.idle / 2))
            try:
                await self.look()
                await self.tend()
                await self.forget()
                self._found()
            except (Unusable, Unwritten) as problem:
                self._missed(problem)
            except Exception:  # noqa: BLE001  what fails now may succeed in a second
                _log.exception("the log cannot be looked after")

    def _missed(self, problem: Exception) -> None:
        """Say once that the log is away."""
        if not self._is_away:
            self._is_away = True
            _log.error("%s; that is tried again every second", problem)

    def _found(self) -> None:
        """Say that it is back."""
        if self._is_away:
            self._is_away = False
            _log.warning("the log is back")

    async def look(self) -> None:
        """Say that this process is alive; see to what is due by now, and to what dead processes have left."""
        self._log.beat()
        alive = self._log.alive()
        for name in self._log.due(machine_now()):
            await asyncio.sleep(0)  # others are answered meanwhile, however many there are
            try:
                sandbox = self._sandboxes.loaded(name)
                if sandbox is None:
                    self._sandboxes.known(name)
                elif self._log.shared and self._sandboxes.is_current(sandbox):
                    sandbox.outlive(alive, self._sandboxes.dispatcher(sandbox).trying)
                    sandbox.watch()
            except Deleted:
                pass
            except (Unusable, Unwritten):
                _log.exception("sandbox %s cannot be read, so nothing happens in it", name)

    async def tend(self) -> None:
        """Say which sandboxes are in use, let those go that are not, and make images of those that have grown."""
        for sandbox in self._sandboxes:
            with suppress(Unwritten):  # a sandbox that cannot be had now waits for the next round
                await self._tend(sandbox)

    async def _tend(self, sandbox: Sandbox) -> None:
        ledger = sandbox.ledger
        if ledger is None:  # it was deleted while another was tended
            return
        dispatcher = self._sandboxes.dispatcher(sandbox)
        if sandbox.player and not (sandbox.played_elsewhere or dispatcher.playing):
            sandbox.end_play(sandbox.player)  # that it ended could not be kept when it did
        idle = ledger.idle()
        if idle < LOOKS:
            ledger.stamp(self._limits.stamps)
        if not (idle < self._limits.idle or sandbox.watchers or sandbox.faults or dispatcher.busy):
            ledger.settle()
            await self._sandboxes.dismiss(sandbox).close()
        elif ledger.ripe:
            await ledger.draft()

    async def forget(self) -> None:
        """Delete the sandboxes that are too old or too many, unless something is on its way in them."""
        age, most = self._limits.age, self._limits.most
        if age is None and most is None:
            return
        since = None if age is None else machine_now() - int((age + 2 * self._limits.stamps) * instant.SECOND)
        for name, key in self._log.unused(since, most):
            sandbox = self._sandboxes.loaded(name)
            if sandbox is None:
                self._log.delete(key)
            elif not self._sandboxes.dispatcher(sandbox).busy:
                await self._sandboxes.delete(sandbox)

    async def listen(self) -> None:
        """Let those hear of what other processes do for whom somebody waits here."""
        while self._log.shared:
            try:
                async with aclosing(self._log.news()) as news:
                    async for keys in news:
                        self._hear(keys)
            except (Unusable, Unwritten) as problem:
                self._missed(problem)
            except Exception:  # noqa: BLE001  as above
                _log.exception("the log cannot be listened to")
            await asyncio.sleep(LOOKS)

    def _hear(self, keys: frozenset[int] | None) -> None:
        for sandbox in self._sandboxes:
            if sandbox.ledger is None or not (keys is None or sandbox.ledger.key in keys):
                continue
            if sandbox.watchers or self._sandboxes.dispatcher(sandbox).playing:
                self._sandboxes.is_current(sandbox)
