"""Hears of calls that came to other processes, while somebody waits for them here: asks the others again and again.

Whatever is committed is heard of through the log (`keeper`). Calls and caught webhooks are not in it.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from assessment_simulator.server.family import Asked, Family
from assessment_simulator.server.journal import CALL, CAUGHT
from assessment_simulator.server.log import Unusable, Unwritten
from assessment_simulator.server.sandbox import Sandbox

GAP = 0.05
"""Seconds between two questions."""
REST = 1.0
"""Seconds of rest where one could not be asked."""
PATIENCE = 0.5
"""Seconds that a process has to answer: who waits for the others shall not wait for one that hangs."""
MOST = 1_000
"""So many of the newest calls are told at once."""
News = Callable[[Sandbox], tuple[int, int]]
"""When something was last caught or cleared in a sandbox, and the number of what was caught last."""
Mark = tuple[int, int]
"""What was heard of already: the number of the last call, and when something was caught or cleared last."""
_log = logging.getLogger("simulator.peers")


class Hearing:
    """Whom of the sandboxes somebody watches here, and what was heard of them."""

    def __init__(self, family: Family, caught: News) -> None:
        self._family = family
        self._caught = caught
        self._watched: Counter[Sandbox] = Counter()
        self._settled: set[str] = set()
        self._marks: dict[tuple[str, str], Mark] = {}
        family.learn_general("news", self.news)

    def hold(self, sandbox: Sandbox) -> Callable[[], None]:
        """Let a sandbox be told what happens elsewhere, until what this gives is called."""
        self._watched[sandbox] += 1

        def release() -> None:
            self._watched[sandbox] -= 1
            if not self._watched[sandbox]:
                del self._watched[sandbox]
                self._settled.discard(sandbox.name)
                self._marks = {key: mark for key, mark in self._marks.items() if key[1] != sandbox.name}

        return release

    @asynccontextmanager
    async def held(self, sandbox: Sandbox) -> AsyncIterator[None]:
        """Let a sandbox be told of all that comes to others while the block lasts."""
        release = self.hold(sandbox)
        try:
            await self.settle(sandbox)
            yield
        finally:
            release()

    async def settle(self, sandbox: Sandbox) -> None:
        """Returns when all is told from now on that comes to others; what came before is not."""
        if sandbox.name not in self._settled:
            await self._hear([sandbox])

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Ask while the block lasts, where there is anybody to ask."""
        task = asyncio.ensure_future(self._listen()) if self._family.is_large else None
        try:
            yield
        finally:
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    async def _listen(self) -> None:
        while True:
            await asyncio.sleep(GAP)
            try:
                if self._watched:
                    await self._hear([*self._watched])
            except (Unusable, Unwritten):  # the log is away, which its keeper says
                await asyncio.sleep(REST)
            except Exception:  # noqa: BLE001  what fails now may succeed in a moment
                _log.exception("the other processes cannot be heard")
                await asyncio.sleep(REST)

    async def _hear(self, sandboxes: list[Sandbox]) -> None:
        by_name = {sandbox.name: sandbox for sandbox in sandboxes}

        def question(owner: str) -> Any:
            return {"what": "news", "asked": {name: self._mark(owner, name) for name in by_name}}

        answers, _ = await self._family.each(question, PATIENCE)
        for owner, answer in answers.items():
            for name, news in answer.items():
                self._tell(owner, by_name[name], *news)
        self._settled.update(sandbox.name for sandbox in sandboxes if sandbox in self._watched)

    def _mark(self, owner: str, name: str) -> Mark | None:
        """What was heard; of a process that came later, all is news."""
        return self._marks.get((owner, name), (0, 0) if name in self._settled else None)

    def _tell(self, owner: str, sandbox: Sandbox, last: int, calls: list[int], changed: int, caught: int) -> None:
        if sandbox not in self._watched:
            return
        known = self._mark(owner, sandbox.name)
        self._marks[owner, sandbox.name] = max((last, changed), known or (0, 0))
        for number in reversed(calls):
            sandbox.tell(CALL, f"call-{number}")
        if known is not None and changed > known[1]:
            sandbox.tell(CAUGHT, f"caught-{caught}" if caught > known[1] else "")

    def news(self, asked: Asked) -> Any:
        """What has come to this process, by name, since what the asker has heard; nothing where it has heard nothing.

        Where it has no such sandbox, nothing has come.
        """
        found: dict[str, tuple[int, list[int], int, int]] = {}
        for name, mark in asked.items():
            sandbox = self._family.present(name)
            if sandbox is None:
                found[name] = 0, [], 0, 0
            else:
                calls = [] if mark is None else sandbox.journal.numbers(mark[0])[:MOST]
                found[name] = sandbox.journal.number, calls, *self._caught(sandbox)
        return found
