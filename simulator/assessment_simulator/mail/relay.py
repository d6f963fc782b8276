"""Relays invitation mails to a real mail server, each once and in order for its sandbox; nobody waits for it.

Only the process that commits a mail relays it. Restores, forks and commits that are read from other processes relay
nothing. What cannot be relayed is said in the log; it stays in
its sandbox's list of mails like any other.
"""

import asyncio
import contextlib
import logging
import secrets
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from assessment_simulator.core.mail import MAIL
from assessment_simulator.mail.message import Letter
from assessment_simulator.mail.smtp import Again, Never, Post
from assessment_simulator.sandbox.sandbox import Sandbox

MOST_WAITING = 1_000
"""So many mails wait for the mail server; the first in line makes room for the next."""
GAPS = (0.5, 1.0, 2.0, 4.0)
"""So many seconds lie between one try and the next; after the last try the mail is given up."""
_log = logging.getLogger("simulator.relay")


@dataclass(slots=True, eq=False)
class _Waiting:
    """A letter that waits, how often it was tried in vain, and before which moment it is not tried again."""

    letter: Letter
    tries: int = 0
    until: float = 0.0


class Relay:
    """The line of mails before the mail server, and the task that hands them over."""

    def __init__(self, post: Post, gaps: Sequence[float] = GAPS, most: int = MOST_WAITING) -> None:
        self._post = post
        self._gaps = gaps
        self._most = most
        self._line: deque[_Waiting] = deque()
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._underway = 0
        self._closing = False

    def committed(self, sandbox: Sandbox, id: str) -> None:
        """A mail of this sandbox was committed; one that no call asked for, such as a sample's, is passed by."""
        stored = sandbox.get(MAIL, id)
        if stored is not None and (base := stored.internal["base"]):
            self.take(Letter(sandbox.name, id, secrets.token_hex(4), stored.raw, base, sandbox.links))

    def take(self, letter: Letter) -> None:
        """Put a mail at the end of the line."""
        self._line.append(_Waiting(letter))
        self._make_room()
        self._changed.set()
        if self._task is None:
            self._task = asyncio.ensure_future(self._work())

    async def close(self, seconds: float) -> None:
        """Stop: what can be handed over within so many seconds is; what remains is said in the log."""
        self._closing = True
        self._changed.set()
        if self._task is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._task, seconds)
        remain = len(self._line) + self._underway
        if remain:
            _log.warning("%d mails were not relayed: the simulator stops", remain)

    async def _work(self) -> None:
        while (waiting := await self._next()) is not None:
            self._underway = 1
            try:
                await self._post.send(waiting.letter)
            except Again as problem:
                self._put_off(waiting, str(problem))
            except Never as problem:
                self._lost(waiting.letter, str(problem))
            except Exception:  # noqa: BLE001  a mistake of ours must not end the task
                _log.exception("a mistake of the simulator's")
                self._lost(waiting.letter, "the simulator failed")
            self._underway = 0

    async def _next(self) -> _Waiting | None:
        """The next that may be tried, as soon as there is one; None when the relay has stopped."""
        while True:
            self._changed.clear()
            now = asyncio.get_running_loop().time()
            heads = self._heads()
            ready = next((head for head in heads if head.until <= now), None)
            if ready is not None:
                self._line.remove(ready)
                return ready
            if self._closing:
                return None
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(min((head.until for head in heads), default=None)):
                    await self._changed.wait()

    def _heads(self) -> list[_Waiting]:
        """The oldest of each sandbox: one that is put off keeps those behind it waiting, and no other sandbox."""
        heads: dict[str, _Waiting] = {}
        for waiting in self._line:
            heads.setdefault(waiting.letter.sandbox, waiting)
        return list(heads.values())

    def _put_off(self, waiting: _Waiting, why: str) -> None:
        if waiting.tries == len(self._gaps):
            self._lost(waiting.letter, f"{why} (tried {waiting.tries + 1} times)")
            return
        waiting.until = asyncio.get_running_loop().time() + self._gaps[waiting.tries]
        waiting.tries += 1
        self._line.appendleft(waiting)
        self._make_room()

    def _make_room(self) -> None:
        if len(self._line) > self._most:
            self._lost(self._line.popleft().letter, f"more than {self._most} mails wait")

    def _lost(self, letter: Letter, why: str) -> None:
        _log.warning("mail %s of sandbox %s was not relayed: %s", letter.id, letter.sandbox, why)
