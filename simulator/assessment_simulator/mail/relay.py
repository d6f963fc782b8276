"""Relays invitation mails to a mail server: each once, in order for each sandbox, and no caller waits for it.

Only the process that commits a mail relays it; a restore, a fork or a load relays nothing. A temporary failure is
retried after the gaps in `BACKOFF`; meanwhile later mails of the same sandbox wait, and no other sandbox's. A mail that
is given up is logged, and stays in its sandbox's list of mails like any other. The queue is in memory and bounded: the
oldest makes room for the newest.
"""

import asyncio
import logging
import secrets
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from assessment_simulator.core.decision import MAIL
from assessment_simulator.mail.smtp import OutgoingMail, PermanentFailure, TemporaryFailure
from assessment_simulator.sandbox.sandbox import Sandbox

MAX_WAITING = 1_000
# Seconds between the attempts; after the last one the mail is given up.
BACKOFF = (0.5, 1.0, 2.0, 4.0)
_log = logging.getLogger("simulator.relay")


@dataclass(slots=True, eq=False)
class _Queued:
    """A mail, how often it failed, and the time before which it is not attempted again."""

    mail: OutgoingMail
    failures: int = 0
    not_before: float = 0.0


class Relay:
    """The queue of mails, and the task that sends them. `send` is `SmtpClient.send`, or raises what that raises."""

    def __init__(
        self, send: Callable[[OutgoingMail], Awaitable[None]], backoff: Sequence[float] = BACKOFF,
        max_waiting: int = MAX_WAITING,
    ) -> None:  # fmt: skip
        self._send = send
        self._backoff = backoff
        self._max_waiting = max_waiting
        self._queue: deque[_Queued] = deque()
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._in_flight = 0
        self._is_closing = False

    def committed(self, sandbox: Sandbox, id: str) -> None:
        """Enqueue a mail that this sandbox has committed, unless no call asked for it: it is sample data's then."""
        stored = sandbox.get(MAIL, id)
        if stored is not None and (base := stored.internal["base"]):
            self.enqueue(OutgoingMail(sandbox.name, id, secrets.token_hex(4), stored.raw, base, sandbox.links))

    def enqueue(self, mail: OutgoingMail) -> None:
        """Add a mail at the end of the queue."""
        self._queue.append(_Queued(mail))
        self._make_room()
        self._changed.set()
        if self._task is None:
            self._task = asyncio.ensure_future(self._work())

    async def close(self, seconds: float) -> None:
        """Stop: send what can be sent within so many seconds, and log how many mails remain."""
        self._is_closing = True
        self._changed.set()
        if self._task is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._task, seconds)
        if remaining := len(self._queue) + self._in_flight:
            _log.warning("%d mails were not relayed: the simulator stops", remaining)

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            self._changed.clear()
            oldest: dict[str, _Queued] = {}
            for queued in self._queue:
                oldest.setdefault(queued.mail.sandbox, queued)
            ready = next((queued for queued in oldest.values() if queued.not_before <= loop.time()), None)
            if ready is None:
                if self._is_closing:
                    return
                with suppress(TimeoutError):
                    async with asyncio.timeout_at(min((one.not_before for one in oldest.values()), default=None)):
                        await self._changed.wait()
                continue
            self._queue.remove(ready)
            self._in_flight = 1
            try:
                await self._send(ready.mail)
            except TemporaryFailure as problem:
                if ready.failures == len(self._backoff):
                    self._give_up(ready.mail, f"{problem} (tried {ready.failures + 1} times)")
                else:
                    ready.not_before = loop.time() + self._backoff[ready.failures]
                    ready.failures += 1
                    self._queue.appendleft(ready)
                    self._make_room()
            except PermanentFailure as problem:
                self._give_up(ready.mail, str(problem))
            except Exception:  # noqa: BLE001  a bug must not end the task
                _log.exception("a mistake of the simulator's")
                self._give_up(ready.mail, "the simulator failed")
            self._in_flight = 0

    def _make_room(self) -> None:
        if len(self._queue) > self._max_waiting:
            self._give_up(self._queue.popleft().mail, f"more than {self._max_waiting} mails wait")

    def _give_up(self, mail: OutgoingMail, reason: str) -> None:
        _log.warning("mail %s of sandbox %s was not relayed: %s", mail.id, mail.sandbox, reason)
