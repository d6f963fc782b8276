"""Looks after the sandboxes that nobody asks for, where there is a log: what is due happens, what is idle is let go."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from simulator.server.clock import machine_now
from simulator.server.log import Log, Unusable, Unwritten
from simulator.server.sandbox import Sandbox
from simulator.server.sandboxes import Sandboxes

LOOKS = 1.0
"""Seconds between two looks at the log."""
LISTENS = 0.05
"""Seconds between two looks for what other processes have done, while somebody waits for it here."""
_log = logging.getLogger("simulator.log")


@asynccontextmanager
async def kept(sandboxes: Sandboxes, idle: float) -> AsyncIterator[None]:
    """Look after the sandboxes for as long as the block lasts; `idle` is in real seconds."""
    if sandboxes.log is None:
        yield
        return
    keeper = Keeper(sandboxes, sandboxes.log, idle)
    keeper.look()
    tasks = [asyncio.ensure_future(keeper.keep()), asyncio.ensure_future(keeper.listen())]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class Keeper:
    """Who looks after them."""

    def __init__(self, sandboxes: Sandboxes, log: Log, idle: float) -> None:
        self._sandboxes = sandboxes
        self._log = log
        self._idle = idle

    async def keep(self) -> None:
        """Look now and then."""
        while True:
            await asyncio.sleep(min(LOOKS, self._idle / 2))
            try:
                self.look()
                for sandbox in self._sandboxes:
                    await self._tend(sandbox)
            except Exception:  # noqa: BLE001  what fails now may succeed in a second
                _log.exception("the log cannot be looked after")

    def look(self) -> None:
        """Say that this process is alive; see to what is due by now, and to what dead processes have left."""
        self._log.beat()
        alive = self._log.alive()
        for name in self._log.due(machine_now()):
            try:
                sandbox = self._sandboxes.loaded(name)
                if sandbox is None:
                    self._sandboxes.known(name)
                elif self._log.shared and self._sandboxes.is_current(sandbox):
                    sandbox.outlive(alive)
                    sandbox.watch()
            except (Unusable, Unwritten):
                _log.exception("sandbox %s cannot be read, so nothing happens in it", name)

    async def _tend(self, sandbox: Sandbox) -> None:
        ledger, dispatcher = sandbox.ledger, self._sandboxes.dispatcher(sandbox)
        if ledger is None:
            return
        if sandbox.player and not (sandbox.played_elsewhere or dispatcher.playing):
            sandbox.end_play()  # that it ended could not be kept when it did
        if ledger.ripe:
            await ledger.draft()
        watched = len(sandbox.watchers) > self._sandboxes.own_watchers
        if not (ledger.idle() < self._idle or watched or sandbox.faults or dispatcher.busy):
            ledger.settle()
            await self._sandboxes.dismiss(sandbox).close()

    async def listen(self) -> None:
        """Let those hear of what other processes do for whom somebody waits here."""
        heard = self._log.version()
        while self._log.shared:
            await asyncio.sleep(LISTENS)
            try:
                if (version := self._log.version()) != heard:
                    heard = version
                    for sandbox in self._sandboxes:
                        if sandbox.watchers or self._sandboxes.dispatcher(sandbox).playing:
                            self._sandboxes.is_current(sandbox)
            except Exception:  # noqa: BLE001  as above
                _log.exception("the log cannot be listened to")
