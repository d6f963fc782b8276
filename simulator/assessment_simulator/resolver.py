"""Resolves host names; names that hang do not stop others.

The system's resolver blocks its thread, for half a minute if a name server does not respond. So each lookup has a
thread, at most `THREADS` at once, and all callers that wait for one name share one lookup. Names whose last lookup was
fast come first, and `RESERVED` threads are for them alone; names whose last one was slow come last, and take half of
the threads at most. The threads are daemons: a lookup that hangs does not delay the end of the program, as one in the
event loop's executor would.
"""

import asyncio
import socket
import threading
from collections import Counter, deque
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

THREADS = 64
# Threads for names that were fast.
RESERVED = 8
# Seconds after which a lookup counts as slow.
SLOW = 2.0
# Names that are known to be fast or slow.
REMEMBERED = 4_096
_FAST_NAME, _NEW_NAME, _SLOW_NAME = range(3)


@dataclass(eq=False, slots=True)
class _Lookup:
    """One name; `waiters` counts the callers that still wait for it."""

    host: str
    rank: int
    result: "asyncio.Future[list[Any]]"
    waiters: int = 0
    began: float = 0.0


class Resolver:
    """The lookups of one event loop."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ranks: dict[str, int] = {}

    async def look_up(self, host: str) -> list[Any]:
        """What `socket.getaddrinfo` returns for a host; raises OSError."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop = loop
            self._lookups: dict[str, _Lookup] = {}
            self._queues: tuple[deque[_Lookup], ...] = (deque(), deque(), deque())
            self._running: Counter[int] = Counter()
        lookup = self._lookups.get(host)
        if lookup is None:
            lookup = self._lookups[host] = _Lookup(host, self._ranks.get(host, _NEW_NAME), loop.create_future())
            self._queues[lookup.rank].append(lookup)
        lookup.waiters += 1
        self._start(loop)
        try:
            return await asyncio.shield(lookup.result)
        finally:
            lookup.waiters -= 1

    def _start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Start the lookups that may have a thread; skip those without waiters."""
        for rank, queue in enumerate(self._queues):
            limit = THREADS if rank == _FAST_NAME else THREADS - RESERVED
            while queue and self._running.total() < limit:
                if rank == _SLOW_NAME and self._running[rank] >= THREADS // 2:
                    break
                lookup = queue.popleft()
                if not lookup.waiters:
                    del self._lookups[lookup.host]
                    continue
                self._running[rank] += 1
                lookup.began = loop.time()
                name = f"look up {lookup.host}"
                try:
                    threading.Thread(target=self._work, args=(loop, lookup), name=name, daemon=True).start()
                except RuntimeError as problem:  # the system has no thread left
                    self._finish(loop, lookup, [], OSError(str(problem)))

    def _work(self, loop: asyncio.AbstractEventLoop, lookup: _Lookup) -> None:
        """Resolve the name; runs in a thread."""
        found: list[Any] = []
        problem: OSError | None = None
        try:
            found = socket.getaddrinfo(lookup.host, None, type=socket.SOCK_STREAM)
        except OSError as error:
            problem = error
        except UnicodeError as error:
            problem = OSError(f"{lookup.host!r} is no host name: {error}")
        with suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(self._finish, loop, lookup, found, problem)

    def _finish(
        self, loop: asyncio.AbstractEventLoop, lookup: _Lookup, found: list[Any], problem: OSError | None
    ) -> None:
        if loop is not self._loop:
            return
        del self._lookups[lookup.host]
        self._running[lookup.rank] -= 1
        self._ranks.pop(lookup.host, None)
        self._ranks[lookup.host] = _SLOW_NAME if loop.time() - lookup.began > SLOW else _FAST_NAME
        if len(self._ranks) > REMEMBERED:
            del self._ranks[next(iter(self._ranks))]
        if problem is None:
            lookup.result.set_result(found)
        elif lookup.waiters:  # an exception that is not retrieved would be logged
            lookup.result.set_exception(problem)
        self._start(loop)
