"""Sends what is owed when it is due: at most eight at once for a sandbox and origin, in order for each invitation.

A notice was committed with the change that it tells of; here it is only put on its way, and each try is committed.
What a fault does to a try is seen to here: put off, let others pass, or lose.
"""

import asyncio
import logging
from collections import defaultdict, deque
from functools import partial

from assessment_simulator.core import instant
from assessment_simulator.core.delivery import Attempt, Delivery, Post
from assessment_simulator.core.faults import Fault
from assessment_simulator.server.advance import LOOK, Playing, played
from assessment_simulator.server.clock import machine_now
from assessment_simulator.server.log import Deleted, Unusable, Unwritten
from assessment_simulator.server.meters import Meters
from assessment_simulator.server.pace import Pace
from assessment_simulator.server.sandbox import Sandbox
from assessment_simulator.server.sender import Outcome, Sender
from assessment_simulator.server.watched import Event

_log = logging.getLogger("simulator.webhooks")
AT_ONCE = 8
"""So many attempts run at the same time for one sandbox and origin."""
_LONGEST_SLEEP = 3_600.0
_REST = 1.0
"""Seconds of rest after a commit that could not be kept."""
_PUTS_OFF = frozenset({"delay", "reorder"})
"""The faults that let an attempt wait."""
Leaving = tuple[Delivery, Fault | None]
"""What is to be tried now, and the fault that loses it on the way."""


class Dispatcher:
    """One sandbox's deliveries and alarms on their way."""

    def __init__(self, sandbox: Sandbox, sender: Sender, meters: Meters) -> None:
        self.playing = False
        self._sandbox = sandbox
        self._sender = sender
        self._meters = meters
        self._waiting: defaultdict[str, deque[Leaving]] = defaultdict(deque)
        self._running: defaultdict[str, dict[str, asyncio.Task[None] | None]] = defaultdict(dict)
        """By origin the deliveries that are being tried; None is one whose claim is not kept yet."""
        self._looking: asyncio.TimerHandle | None = None
        self._is_resting = False
        self._pace = Pace()
        self._epoch = sandbox.epoch
        self._timer: asyncio.TimerHandle | None = None
        self._timer_due = 0
        sandbox.watch = lambda: sandbox.then(self._go_on)
        sandbox.requeue, sandbox.pause = self.requeue, self.pause

    @property
    def busy(self) -> bool:
        """Whether anything is on its way."""
        return self.playing or bool(self._waiting or self._running)

    def trying(self) -> frozenset[str]:
        """The deliveries of which an attempt is under way."""
        return frozenset(id for tries in self._running.values() for id in tries)

    def requeue(self) -> None:
        """Let all that is due be taken anew, but what is being tried."""
        if self._sandbox.epoch != self._epoch:
            self._forget()
        self._waiting.clear()
        for origin, tries in [*self._running.items()]:
            for id in [id for id, task in tries.items() if task is None]:
                self._over(origin, id)
        self._sandbox.state.queue_again(sparing=self.trying())

    def pause(self) -> None:
        """Begin nothing for a while: what was done could not be kept, and would be done again and again."""
        self.requeue()
        self._cancel_timer()
        self._timer_due, self._is_resting = 0, True
        self._timer = asyncio.get_running_loop().call_later(_REST, self._tick)

    def _wake(self) -> None:
        """Put on its way whatever is due, and set the timer for what comes next."""
        self._is_resting = False
        if self._sandbox.epoch != self._epoch:
            self._forget()
        if self._may_have_work() and not self._sandbox.played_elsewhere:
            now = self._sandbox.now()
            while (delivery := self._next(now)) is not None:
                self._take(delivery, now)
        if self._waiting:
            self._start()
        self._set_timer()

    def _may_have_work(self) -> bool:
        state = self._sandbox.state
        return bool(state.due) or state.held is not None

    def _take(self, delivery: Delivery, now: int) -> None:
        """Let a delivery wait for its turn, unless a fault puts it off."""
        try:
            fault = self._struck(delivery, now)
        except BaseException:  # the log is behind, or away
            self._sandbox.state.put_back(delivery)
            raise
        if fault is None or fault.do not in _PUTS_OFF:
            self._waiting[delivery.origin].append((delivery, fault))

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
            while line and len(self._running.get(origin, ())) < AT_ONCE:
                claimed = self._sandbox.claim(line[0][0], AT_ONCE)
                if claimed is None:
                    self._look_soon()
                    break
                delivery, fault = line.popleft()
                if claimed:
                    self._running[origin][delivery.id] = None
                    self._sandbox.then(partial(self._begin, delivery, fault))
            if not line:
                del self._waiting[origin]

    def _look_soon(self) -> None:
        """Other processes have all the turns, and nobody tells when one is over."""
        if self._looking is None:
            self._looking = asyncio.get_running_loop().call_later(LOOK, self._look)

    def _look(self) -> None:
        self._looking = None
        self._go_on()

    def _begin(self, delivery: Delivery, fault: Fault | None) -> None:
        task = asyncio.get_running_loop().create_task(self._attempt(delivery, fault))
        self._running[delivery.origin][delivery.id] = task
        task.add_done_callback(partial(self._finished, delivery))

    async def _attempt(self, delivery: Delivery, fault: Fault | None) -> None:
        sandbox, epoch = self._sandbox, self._epoch
        if sandbox.config.webhook_rate is not None:
            await self._pace.turn(sandbox.config.webhook_rate)
            if sandbox.epoch != epoch:
                return
        at, place = sandbox.now(), sandbox.next_place()
        try:
            stamp = machine_now() if sandbox.config.webhook_time == "real" else at
            post = sandbox.vendors[delivery.notice.vendor].post(delivery, stamp, sandbox.config)
            if fault is None:
                outcome = await self._sender.send(post, sandbox.config.webhook_timeout, named=delivery.notice.named)
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

    def _finished(self, delivery: Delivery, task: asyncio.Task[None]) -> None:
        if self._running.get(delivery.origin, {}).get(delivery.id) is task:
            self._over(delivery.origin, delivery.id)
        if not task.cancelled():
            task.result()
        if not self._is_resting:
            self._go_on()

    def _over(self, origin: str, id: str) -> None:
        del self._running[origin][id]
        if not self._running[origin]:
            del self._running[origin]

    def _go_on(self, *, ring: bool = False) -> None:
        """Look at what is due where nobody asks; what the log cannot tell now is looked at again soon."""
        try:
            if ring:
                self._sandbox.ring(self._sandbox.now())
            if self._waiting or self._may_have_work():
                self._sandbox.step(self._wake)
            else:
                self._wake()
        except Deleted:
            pass
        except (Unwritten, Unusable) as problem:
            _log.warning("sandbox %s: what is due must wait: %s", self._sandbox.name, problem)
            self.pause()

    def _forget(self) -> None:
        """Another epoch has begun: what is on its way may not act any more."""
        self._epoch = self._sandbox.epoch
        self._cancel_timer()
        self._waiting.clear()
        for task in self._tasks():
            task.cancel()
        self._running.clear()

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

    async def play(self, target: int | None) -> list[Event]:
        """Turn the clock to `target`, or until nothing is left to happen; what happened meanwhile."""
        player = self._sandbox.begin_play()
        if player is None:
            raise Playing
        self.playing = True
        try:
            return await played(self._sandbox, player, target, self._tasks)
        finally:
            self.playing = False

    @property
    def is_posting(self) -> bool:
        """Whether an attempt is under way; what waits for its turn waits behind one that is."""
        return bool(self._running)

    def _tasks(self) -> list[asyncio.Task[None]]:
        return [task for tries in self._running.values() for task in tries.values() if task is not None]

    def stop(self) -> None:
        """Let nothing that is on its way act any more."""
        self._sandbox.close()
        self._forget()
        if self._looking is not None:
            self._looking.cancel()

    async def close(self) -> None:
        """Stop, and wait until it has stopped."""
        tasks = self._tasks()
        self.stop()
        await asyncio.gather(*tasks, return_exceptions=True)
