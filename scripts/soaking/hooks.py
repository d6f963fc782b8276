"""Listeners: one that answers at once and counts what has come, one that never answers."""

import asyncio
import contextlib
import re
import time
from collections.abc import AsyncIterator

from benchmarks.webhooks import Listener

_ID = re.compile(rb"assessmentId=([0-9a-f-]{36})")


class Arrivals:
    """When which webhook came first, by the id of its assessment, and how many came in all."""

    def __init__(self) -> None:
        self.first: dict[bytes, float] = {}
        self.count = 0
        self._more = asyncio.Event()

    def note(self, id: bytes) -> None:
        """Take down that one has come."""
        self.count += 1
        self.first.setdefault(id, time.perf_counter())
        self._more.set()

    async def wait_for(self, count: int, quiet: float = 20) -> None:
        """Return when so many different ones have come, or none for so many seconds."""
        with contextlib.suppress(TimeoutError):
            while len(self.first) < count:
                self._more.clear()
                await asyncio.wait_for(self._more.wait(), quiet)


@contextlib.asynccontextmanager
async def quick() -> AsyncIterator[tuple[str, Arrivals]]:
    """A listener that answers 200 at once; its address, and what has come."""
    arrivals = Arrivals()

    def note(body: bytes) -> None:
        id = _ID.search(body)
        arrivals.note(id[1] if id else b"")

    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Listener(note, close=True), "127.0.0.1", 0, backlog=1_024)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook", arrivals


@contextlib.asynccontextmanager
async def silent() -> AsyncIterator[str]:
    """A listener that takes what comes and never answers; its address."""
    server = await asyncio.get_running_loop().create_server(asyncio.Protocol, "127.0.0.1", 0, backlog=1_024)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
