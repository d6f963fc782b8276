"""Sends what is owed when it is due: at most eight at once for a sandbox and origin, in order for each invitation.

A notice was committed with the change that it tells of; here it is only put on its way, and each try is committed.
What a fault does to a try is seen to here: put off, let others pass, or lose.
"""

import asyncio
import logging
from collections import defaultdict, deque
from collections.abc import Container

from simulator.core import instant
from simulator.core.delivery import Attempt, Delivery, Post
from simulator.core.faults import Fault
from simulator.server.log import Deleted, Unusable, Unwritten
from simulator.server.meters import Meters
from simulator.server.pace import Pace
from simulator.server.sandbox import Sandbox
from simulator.server.sender import Outcome, Sender
from simulator.server.watched import Event

_log = logging.getLogger("simulator.webhooks")
AT_ONCE = 8
"""So many attempts run at the same time for one sandbox and origin."""
_LONGEST_SLEEP = 3_600.0
_REST = 1.0
"""Seconds of rest after a commit that could not be kept."""
_LOOK = 0.05
"""Seconds between two looks at what other processes are still trying."""
_PUTS_OFF = frozenset({"delay", "reorder"})
"""The faults that let an attempt wait."""
Leaving = tuple[Delivery, Fault | None]
"""What is to be tried now, and the fault that loses it on the way."""


class Playing(Exception):
    """Another advance is under way."""


class Dispatcher:
    """One sandbox's deliveries and alarms on their way."""

    def __init__(self, sandbox: Sandbox, sender: Sender, meters: Meters) -> None:
        self.playing = False
        self._sandbox = sandbox
        self._sender = sender
        self._meters = meters
        self._waiting: defaultdict[str, deque[Leaving]] = defaultdict(deque)
        self._running: defaultdict[str, dict[asyncio.Task[None], str]] = defaultdict(dict)
        """By origin the attempts that are under way, with the ids of their deliveries."""
        self._is_resting = False
        self._pace = Pace()
        self._epoch = sandbox.epoch
        self._timer: asyncio.TimerHandle | None = None
        self._timer_due = 0
        sandbox.watch, sandbox.rest = self.wake, self.rest

    @property
    def busy(self) -> bool:
        """Whether anything is on its way."""
        return self.playing or bool(self._waiting or self._running)

    def trying(self) -> frozenset[str]:
        """The deliveries of which an attempt is under way."""
        return frozenset(id for tasks in self._running.values() for id in tasks.values())

    def rest(self) -> None:
        """Begin nothing for a while: what was done could not be kept, and would be done again and again.

        An attempt that is claimed in the log goes on; another would be made again.
        """
        self._forget(sparing=self._sandbox.state.claims)
        self._timer_due, self._is_resting = 0, True
        self._timer = asyncio.get_running_loop().call_later(_REST, self._tick)

    def wake(self) -> None:
        """Put on its way whatever is due, and set the timer for what comes next. Called after each commit."""
        self._sandbox.step(self._wake)

    def _wake(self) -> None:
        self._is_resting = False
        if self._sandbox.epoch != self._epoch:
            self._forget()
        state = self._sandbox.state
        if (state.due is not None or state.held is not None) and not self._sandbox.played_elsewhere:
            now = self._sandbox.now()
            while (delivery := self._next(now)) is not None:
                fault = self._struck(delivery, now)
                if fault is None or fault.do not in _PUTS_OFF:
                    self._waiting[delivery.origin].append((delivery, fault))
        if self._waiting:
            self._start()
        self._set_timer()

    def _next(self, now: int) -> Delivery | None:
        if self._sandbox.state.overdue(now):
            self._sandbox.release(now)
        return self._sandbox.state.take_due(now)

    def _struck(self, delivery: Delivery, now: int) -> Fault | None:
        """The fault that strikes what is due now; one that puts it off has done so."""
        faults, state = self._sandbox.faults, self._sandbox.state
        if faults is None:
            return None
        fault = faults.on_attempt(delivery, self._sandbox.count, may_wait=state.may_hold(delivery))
        if fault is not None and fault.do in _PUTS_OFF:
            until = min(now + (instant.parse_duration(fault.duration or "") or 0), instant.LATEST)
            self._sandbox.put_off(fault, delivery, until)
        return fault

    def _start(self) -> None:
        for origin, line in [*self._waiting.items()]:
            while line and len(self._running[origin]) < AT_ONCE:
                claimed = self._sandbox.claim(line[0][0], AT_ONCE)
                if claimed is None:  # other processes have all the turns; nobody tells when one is over
                    asyncio.get_running_loop().call_later(_LOOK, self._go_on)
                    break
                delivery, fault = line.popleft()
                if not claimed:
                    continue
                task = asyncio.get_running_loop().create_task(self._attempt(delivery, fault))
                self._running[origin][task] = delivery.id
                task.add_done_callback(lambda task, origin=origin: self._finished(origin, task))  # type: ignore[misc]
            if not line:
                del self._waiting[origin]

    async def _attempt(self, delivery: Delivery, fault: Fault | None) -> None:
        sandbox, epoch = self._sandbox, self._epoch
        if sandbox.config.webhook_rate is not None:
            await self._pace.turn(sandbox.config.webhook_rate)
        at, place = sandbox.now(), sandbox.next_place()
        try:
            post = sandbox.vendors[delivery.notice.vendor].post(delivery, at, sandbox.config)
            if fault is None:
                outcome = await self._sender.send(post, sandbox.config.webhook_timeout)
            else:
                outcome = Outcome(None, f"dropped by fault {fault.id}", 0.0)
        except Exception as problem:  # noqa: BLE001  a mistake of ours must not lose the notice: it is tried again
            post, outcome = Post(delivery.notice.url, (), b""), Outcome(None, f"cannot be sent: {problem}", 0.0)
        number, met = len(delivery.attempts) + 1, fault.id if fault else delivery.fault
        attempt = Attempt(number, at, post, outcome.answer, outcome.error, outcome.duration, met)
        self._meters.attempted(delivery.notice.vendor, attempt)
        _log.info(
            "sandbox %s: attempt %d of delivery %s to %s: %s",
            sandbox.name, number, delivery.id, post.url, outcome.answer.status if outcome.answer else outcome.error,
        )  # fmt: skip
        await self._keep(delivery, attempt, epoch, place)

    async def _keep(self, delivery: Delivery, attempt: Attempt, epoch: int, place: int) -> None:
        """Keep an attempt that was made: until it is, nobody else makes the next, for the delivery is claimed."""
        while True:
            try:
                self._sandbox.attempted(delivery, attempt, epoch, place)
            except Deleted:
                return
            except (Unwritten, Unusable) as problem:
                _log.warning("sandbox %s: an attempt cannot be kept yet: %s", self._sandbox.name, problem)
                await asyncio.sleep(_REST)
            else:
                return

    def _finished(self, origin: str, task: asyncio.Task[None]) -> None:
        del self._running[origin][task]
        if not self._running[origin]:
            del self._running[origin]
        if not task.cancelled():
            task.result()
        if not self._is_resting:
            self._go_on()

    def _go_on(self, *, ring: bool = False) -> None:
        """Look at what is due where nobody asks; what the log cannot tell now is looked at again soon."""
        try:
            if ring:
                self._sandbox.ring(self._sandbox.now())
            self.wake()
        except Deleted:
            pass
        except (Unwritten, Unusable) as problem:
            _log.warning("sandbox %s: what is due must wait: %s", self._sandbox.name, problem)
            self.rest()

    def _forget(self, sparing: Container[str] = ()) -> None:
        """Another epoch has begun: what is on its way may not act any more, but for these deliveries."""
        self._epoch = self._sandbox.epoch
        self._cancel_timer()
        self._waiting.clear()
        for tasks in self._running.values():
            for task, id in tasks.items():
                if id not in sparing:
                    task.cancel()

    # Time that passes by itself.

    def _set_timer(self) -> None:
        if self._sandbox.state.clock.stands:
            self._cancel_timer()
            return
        due = self._sandbox.state.next_due()
        if due is None or (self._timer is not None and self._timer_due == due):
            return
        self._cancel_timer()
        seconds = max(0.0, (due - self._sandbox.now()) / instant.SECOND)
        self._timer_due = due
        self._timer = asyncio.get_running_loop().call_later(min(seconds, _LONGEST_SLEEP), self._tick)

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tick(self) -> None:
        self._timer = None
        self._go_on(ring=True)

    # Time that somebody turns.

    async def play(self, target: int | None) -> list[Event]:
        """Let happen, in order and each at its own moment, all that falls due by `target` (None: all there is).

        Waits for the listeners' answers; vendor calls are answered meanwhile. Returns what happened.
        """
        sandbox = self._sandbox
        events: list[Event] = []
        note = events.append
        player = sandbox.begin_play()
        if player is None:
            raise Playing
        self.playing, epoch = True, sandbox.epoch
        sandbox.listeners.append(note)
        try:
            while await self._settled(epoch):
                due = sandbox.state.next_due()
                if due is None or (target is not None and due > target):
                    break
                sandbox.set_clock(sandbox.state.clock.at(max(due, sandbox.now())))
            if sandbox.epoch == epoch and target is not None:
                sandbox.set_clock(sandbox.state.clock.at(target))
        finally:
            self.playing = False
            sandbox.listeners.remove(note)
            if sandbox.player == player:
                sandbox.end_play()
        return sorted(events, key=lambda event: event.place)

    async def _settled(self, epoch: int) -> bool:
        """Wait until all that is due now has happened; False when another epoch has begun meanwhile."""
        self._sandbox.ring(self._sandbox.now())
        await asyncio.sleep(0)  # others are answered meanwhile, however many alarms there are to ring
        while self._sandbox.epoch == epoch and (running := self._tasks()):
            await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.sleep(0)
        while (
            self._sandbox.epoch == epoch and self._sandbox.state.claims
        ):  # other processes began before the clock stood
            await asyncio.sleep(_LOOK)
            self._sandbox.ring(self._sandbox.now())
        return self._sandbox.epoch == epoch

    @property
    def is_posting(self) -> bool:
        """Whether an attempt is under way; what waits for its turn waits behind one that is."""
        return bool(self._running)

    def _tasks(self) -> list[asyncio.Task[None]]:
        return [task for tasks in self._running.values() for task in tasks]

    def stop(self) -> None:
        """Let nothing that is on its way act any more."""
        self._sandbox.close()
        self._forget()

    async def close(self) -> None:
        """Stop, and wait until it has stopped."""
        tasks = self._tasks()
        self.stop()
        await asyncio.gather(*tasks, return_exceptions=True)
