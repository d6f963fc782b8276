"""Writes commits in groups: whatever waits in the queues of all sandboxes goes into one transaction."""

import asyncio
import logging
from typing import Protocol

from assessment_simulator.storage import Batch, Log, LogError, Unwritten

MOST_BYTES = 4_194_304
"""A group is closed when it holds this many bytes, so that no transaction keeps others waiting for long."""
_log = logging.getLogger("simulator.log")


class Queue(Protocol):
    """The commits of one sandbox that wait to be written (`commits.Commits`)."""

    key: int

    def batch(self) -> Batch:
        """What waits, to be written now."""
        ...

    def written(self, batch: Batch) -> None:
        """The batch is durable."""
        ...

    def lost(self, problem: Unwritten) -> None:
        """What waits is not written, and never will be."""
        ...


class Writer:
    """The one task that appends to a log."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._waiting: dict[int, Queue] = {}
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._closing = False
        self.groups = 0
        """How many groups were written."""

    def add(self, queue: Queue) -> None:
        """Write what waits in this queue with the next group."""
        self._waiting[queue.key] = queue
        self._news.set()
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._work())

    async def close(self) -> None:
        """Write what waits, then end."""
        self._closing = True
        self._news.set()
        if self._task is not None:
            await self._task

    async def _work(self) -> None:
        while self._waiting or not self._closing:
            await self._news.wait()
            self._news.clear()
            while self._waiting:
                await self._write(self._taken())

    def _taken(self) -> dict[int, tuple[Queue, Batch]]:
        """The next group."""
        group: dict[int, tuple[Queue, Batch]] = {}
        size = 0
        while self._waiting and size < MOST_BYTES:
            key = next(iter(self._waiting))
            queue = self._waiting.pop(key)
            batch = queue.batch()
            if batch.commits:
                group[key] = queue, batch
                size += sum(map(len, batch.commits))
        return group

    async def _write(self, group: dict[int, tuple[Queue, Batch]]) -> None:
        if not group:
            return
        try:
            refused = await self._log.write([batch for _, batch in group.values()])
            self.groups += 1
            for key, (queue, batch) in group.items():
                if key in refused:
                    queue.lost(Unwritten("the log has another state of the sandbox, or another server owns it"))
                else:
                    queue.written(batch)
        except Unwritten as problem:
            self._fail(group, problem)
        except LogError as problem:
            self._fail(group, Unwritten(str(problem), problem.shown))
        except Exception as problem:  # noqa: BLE001  a bug must not end the task that all sandboxes wait for
            _log.exception("a group of commits failed")
            self._fail(group, Unwritten(f"the log failed: {problem!r}", is_uncertain=True))

    def _fail(self, group: dict[int, tuple[Queue, Batch]], problem: Unwritten) -> None:
        for queue, _ in group.values():
            queue.lost(problem)
