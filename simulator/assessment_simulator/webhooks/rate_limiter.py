"""Spreads what is done over real time, so that no second sees more of it than it may."""

import asyncio


class Pace:
    """Gives out turns, in the order in which they are asked for."""

    def __init__(self) -> None:
        self._next = 0.0

    async def turn(self, rate: int) -> None:
        """Wait until it is one's turn: two of them are at least `1 / rate` seconds apart."""
        now = asyncio.get_running_loop().time()
        mine = max(now, self._next)
        self._next = mine + 1 / rate
        if mine > now:
            await asyncio.sleep(mine - now)
