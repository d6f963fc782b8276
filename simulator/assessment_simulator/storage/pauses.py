"""Pauses in long work, so that no call waits long for another one: the event loop has one thread."""

import asyncio
from time import perf_counter

# Seconds of work between two pauses.
SLICE = 0.005


class Pause:
    """Lets the event loop run others whenever the work since the last pause took longer than `SLICE`."""

    __slots__ = ("_since",)

    def __init__(self) -> None:
        self._since = perf_counter()

    async def if_due(self) -> None:
        """Pause, unless the last pause was a moment ago. Call this between two small steps of the work."""
        if perf_counter() - self._since > SLICE:
            await asyncio.sleep(0)
            self._since = perf_counter()
