"""Looks host names up without letting names that hang stop others.

The system's resolver blocks its thread, for half a minute where a name server does not answer. So each look-up has a
thread, at most `THREADS` at once, and all callers that wait for one name share one look-up. Names whose last look-up
was quick come first, and `RESERVED` threads are for them alone; names whose last one was slow come last, and take half
of the threads at most. The threads are daemons: a look-up that hangs does not hold up the end of the program.
"""

import asyncio
import socket
import threading
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

THREADS = 64
"""Look-ups at once."""
RESERVED = 8
"""So many of them are for names that were quick."""
LATE = 2.0
"""Seconds after which a look-up counts as slow."""
REMEMBERED = 4_096
"""So many names are known to be quick or slow."""
_QUICK, _NEW, _SLOW = range(3)


class _LookUp:
    """One name, and who waits for it."""

    def __init__(self, host: str, rank: int, answer: "asyncio.Future[list[Any]]") -> None:
        self.host = host
        self.rank = rank
        self.answer = answer
        self.asking = 0
        self.began = 0.0


class Resolver:
    """The look-ups of one event loop."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ranks: dict[str, int] = {}

    async def look_up(self, host: str) -> list[Any]:
        """What `socket.getaddrinfo` says of a host; raises OSError."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop = loop
            self._open: dict[str, _LookUp] = {}
            self._lines: tuple[deque[_LookUp], ...] = (deque(), deque(), deque())
            self._running: Counter[int] = Counter()
        one = self._open.get(host)
        if one is None:
            one = self._open[host] = _LookUp(host, self._ranks.get(host, _NEW), loop.create_future())
            self._lines[one.rank].append(one)
        one.asking += 1
        self._start(loop)
        try:
            return await asyncio.shield(one.answer)
        finally:
            one.asking -= 1

    def _start(self, loop: asyncio.AbstractEventLoop) -> None:
        while (one := self._next()) is not None:
            self._running[one.rank] += 1
            one.began = loop.time()
            tell = self._teller(loop, one)
            try:
                threading.Thread(target=_ask, args=(one.host, tell), name=f"look up {one.host}", daemon=True).start()
            except RuntimeError as problem:  # the system has no thread left
                self._done(loop, one, [], OSError(str(problem)))

    def _next(self) -> _LookUp | None:
        """The next that may have a thread; abandoned look-ups are skipped."""
        running, slow = self._running.total(), self._running[_SLOW]
        for rank, line in enumerate(self._lines):
            room = running < (THREADS if rank == _QUICK else THREADS - RESERVED)
            while line and room and (rank != _SLOW or slow < THREADS // 2):
                one = line.popleft()
                if one.asking:
                    return one
                del self._open[one.host]
        return None

    def _teller(self, loop: asyncio.AbstractEventLoop, one: _LookUp) -> "_Tell":
        def tell(found: list[Any], problem: OSError | None) -> None:
            with suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(self._done, loop, one, found, problem)

        return tell

    def _done(self, loop: asyncio.AbstractEventLoop, one: _LookUp, found: list[Any], problem: OSError | None) -> None:
        if loop is not self._loop:
            return
        del self._open[one.host]
        self._running[one.rank] -= 1
        self._ranks.pop(one.host, None)
        self._ranks[one.host] = _SLOW if loop.time() - one.began > LATE else _QUICK
        if len(self._ranks) > REMEMBERED:
            del self._ranks[next(iter(self._ranks))]
        if problem is None:
            one.answer.set_result(found)
        elif one.asking:
            one.answer.set_exception(problem)
        self._start(loop)


_Tell = Callable[[list[Any], OSError | None], None]


def _ask(host: str, tell: _Tell) -> None:
    found: list[Any] = []
    problem: OSError | None = None
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError as error:
        problem = error
    except UnicodeError as error:
        problem = OSError(f"{host!r} is no host name: {error}")
    tell(found, problem)
