"""Sends webhooks when they are due: at most eight at once for a sandbox and origin, in order for each invitation.

A delivery was committed with the change that it tells of. Here it is sent, and each attempt is committed. An attempt
starts only when all commits of the sandbox are durable and the log has confirmed that this process owns the sandbox.
Faults that concern a delivery are applied here: postpone it, let another one pass it, or lose the attempt.
"""

import asyncio
import logging
from collections import defaultdict, deque
from contextlib import suppress
from functools import partial

from assessment_simulator.core import instant
from assessment_simulator.core.faults import Fault
from assessment_simulator.core.retry_schedule import Attempt, Delivery, WebhookRequest
from assessment_simulator.counters import Meters
from assessment_simulator.sandbox.advance import Playing, played
from assessment_simulator.sandbox.clock import machine_now
from assessment_simulator.sandbox.sandbox import Sandbox
from assessment_simulator.sandbox.watched import Event
from assessment_simulator.storage import Deleted, LogError, Unwritten
from assessment_simulator.webhooks.rate_limiter import Pace
from assessment_simulator.webhooks.sender import Outcome, Sender

_log = logging.getLogger("simulator.webhooks")
AT_ONCE = 8
"""So many attempts run at the same time for one sandbox and origin."""
TAKEN = 100
"""So many deliveries are taken out of the queue before others are answered."""
_LONGEST_SLEEP = 3_600.0
_REST = 1.0
"""Seconds after which a sandbox whose commits were lost is read again, and again."""
_PUTS_OFF = frozenset({"delay", "reorder"})
"""The faults that let an attempt wait."""
Leaving = tuple[Delivery, Fault | None]
"""What is to be tried now, and the fault that loses it on the way."""


class WebhookWorker:
    """One sandbox's deliveries and timers on their way."""

    def __init__(self, sandbox: Sandbox, sender: Sender, meters: Meters) -> None:
        self.is_advancing = False
        self._sandbox = sandbox
        self._sender = sender
        self._meters = meters
        self._waiting: defaultdict[str, deque[Leaving]] = defaultdict(deque)
        self._running: defaultdict[str, dict[str, asyncio.Task[None]]] = defaultdict(dict)
        """By origin the deliveries that are being tried."""
        self._is_resting = False
        self._was_lost = False
        """Whether an attempt did not begin because commits were lost."""
        self._is_finishing = False
        """Whether no attempt begins any more."""
        self._pace = Pace()
        self._epoch = sandbox.epoch
        self._timer: asyncio.TimerHandle | None = None
        self._timer_due = 0
        self._task: asyncio.Task[None] | None = None
        """Fires timers that are due, or reads a sandbox again whose commits were lost."""
        sandbox.watch = lambda: sandbox.then(self._go_on)
        sandbox.requeue, sandbox.pause = self.requeue, self.pause

    @property
    def is_busy(self) -> bool:
        """Whether anything is on its way."""
        return self.is_advancing or bool(self._waiting or self._running)

    def in_flight(self) -> frozenset[str]:
        """The deliveries of which an attempt is under way."""
        return frozenset(id for tries in self._running.values() for id in tries)

    def requeue(self) -> None:
        """Take all that is due again, but what is being tried: the sandbox was read again."""
        self._is_resting = False
        if self._sandbox.epoch != self._epoch:
            self._forget()
        self._waiting.clear()
        self._sandbox.state.queue_again(sparing=self.in_flight())

    def pause(self) -> None:
        """Begin nothing until the sandbox was read again."""
        self._waiting.clear()
        self._cancel_timer()
        self._timer_due, self._is_resting = 0, True
        if not self._sandbox.is_closed:
            self._timer = asyncio.get_running_loop().call_later(_REST, self._tick)

    def _go_on(self) -> None:
        """Start what is due, and set the timer for what comes next."""
        if self._is_resting or self._sandbox.is_closed:
            return
        try:
            self._sandbox.step(self._look)
        except LogError as problem:
            _log.warning("sandbox %s: what is due must wait: %s", self._sandbox.name, problem)

    def _look(self) -> None:
        if self._sandbox.epoch != self._epoch:
            self._forget()
        state = self._sandbox.state
        if state.due or state.held_back is not None:
            now = self._sandbox.now()
            for _ in range(TAKEN):
                delivery = self._next(now)
                if delivery is None:
                    break
                self._take(delivery, now)
            else:
                asyncio.get_running_loop().call_soon(self._go_on)
        if self._waiting:
            self._sandbox.then(self._start)
        self._set_timer()

    def _next(self, now: int) -> Delivery | None:
        if self._sandbox.state.overdue(now):
            self._sandbox.release(now)
        return self._sandbox.state.claim_due(now)

    def _take(self, delivery: Delivery, now: int) -> None:
        """Let a delivery wait for its turn, unless a fault puts it off."""
        fault = self._struck(delivery, now)
        if fault is None or fault.do not in _PUTS_OFF:
            self._waiting[delivery.origin].append((delivery, fault))

    def _struck(self, delivery: Delivery, now: int) -> Fault | None:
        """The fault that strikes what is due now; one that puts it off has done so."""
        faults, state = self._sandbox.faults, self._sandbox.state
        if faults is None:
            return None
        fault = faults.on_attempt(delivery, self._sandbox.count, may_wait=state.may_reorder(delivery))
        if fault is not None and fault.do in _PUTS_OFF:
            until = min(now + (instant.parse_duration(fault.duration or "") or 0), instant.LATEST)
            self._sandbox.postpone(fault, delivery, until)
        return fault

    def _start(self) -> None:
        """Start attempts of what waits, as far as there is room."""
        if self._is_finishing:
            return
        for origin, line in [*self._waiting.items()]:
            while line and len(self._running.get(origin, ())) < AT_ONCE:
                delivery, fault = line.popleft()
                task = asyncio.get_running_loop().create_task(self._attempt(delivery, fault))
                self._running[origin][delivery.id] = task
                task.add_done_callback(partial(self._finished, delivery))
            if not line:
                del self._waiting[origin]

    async def _attempt(self, delivery: Delivery, fault: Fault | None) -> None:
        sandbox, epoch = self._sandbox, self._epoch
        if sandbox.config.webhook_rate is not None:
            await self._pace.turn(sandbox.config.webhook_rate)
        while not sandbox.is_closed:  # a process that was paused, or lost the sandbox, sends nothing
            try:
                await sandbox.settled()
                break
            except Unwritten:  # it is taken out of the queue again when the sandbox was read again
                self._was_lost = True
                return
            except LogError as problem:  # the log does not answer; nothing was lost so far
                _log.debug("sandbox %s: an attempt must wait: %s", sandbox.name, problem)
        if sandbox.epoch != epoch or sandbox.is_closed:
            return
        at, place = sandbox.now(), sandbox.next_place()
        try:
            stamp = machine_now() if sandbox.config.webhook_time == "real" else at
            post = sandbox.vendors[delivery.event.vendor].webhook_request(delivery, stamp, sandbox.config)
            if fault is None:
                outcome = await self._sender.send(post, sandbox.config.webhook_timeout, named=delivery.event.named)
            else:
                outcome = Outcome(None, f"dropped by fault {fault.id}", 0.0)
        except Exception as problem:  # noqa: BLE001  a bug must not lose the webhook: it is tried again
            post = WebhookRequest(delivery.event.url, (), b"")
            outcome = Outcome(None, f"cannot be sent: {problem}", 0.0)
        number, met = len(delivery.attempts) + 1, fault.id if fault else delivery.fault
        attempt = Attempt(number, at, post, outcome.answer, outcome.error, outcome.duration, met)
        self._meters.attempted(delivery.event.vendor, attempt)
        _log.info(
            "sandbox %s: attempt %d of delivery %s to %s: %s",
            sandbox.name, number, delivery.id, post.url, outcome.answer.status if outcome.answer else outcome.error,
        )  # fmt: skip
        await self._keep(delivery, attempt, epoch, place)

    async def _keep(self, delivery: Delivery, attempt: Attempt, epoch: int, place: int) -> None:
        """Commit an attempt that was made; until that is durable, the next one is not made."""
        sandbox = self._sandbox
        while not sandbox.is_closed:
            try:
                sandbox.record_attempt(delivery, attempt, epoch, place)
                await sandbox.settled()
            except Deleted:
                return
            except LogError as problem:
                _log.warning("sandbox %s: an attempt cannot be kept yet: %s", sandbox.name, problem)
                await asyncio.sleep(_REST)
            else:
                return

    def _finished(self, delivery: Delivery, task: asyncio.Task[None]) -> None:
        tries = self._running.get(delivery.origin, {})
        if tries.get(delivery.id) is task:
            del tries[delivery.id]
            if not tries:
                del self._running[delivery.origin]
        if not task.cancelled():
            task.result()
        if self._was_lost and not self._is_resting:  # it was read again before this task ended
            self.requeue()
        self._was_lost = False
        if self._waiting:
            self._start()
        self._go_on()

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
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._ring())
            self._task.add_done_callback(self._rung)

    async def _ring(self) -> None:
        """Fire what is due; where commits were lost, read the sandbox again first."""
        if self._is_resting:
            await self._sandbox.refresh()
        try:
            await self._sandbox.fire_due_timers()
        except LogError as problem:
            _log.warning("sandbox %s: what is due must wait: %s", self._sandbox.name, problem)

    def _rung(self, task: asyncio.Task[None]) -> None:
        self._task = None
        if not task.cancelled():
            task.result()
        if self._is_resting and self._timer is None:
            self.pause()
        self._go_on()

    async def advance(self, target: int | None) -> list[Event]:
        """Turn the clock to `target`, or until nothing is left to happen; what happened meanwhile."""
        if self.is_advancing:
            raise Playing
        self.is_advancing = True
        try:
            return await played(self._sandbox, target, self._tasks, lambda: bool(self._waiting or self._running))
        finally:
            self.is_advancing = False
            if self._sandbox.state.clock.held:  # it was cut short
                with suppress(LogError):  # then the clock goes on when the sandbox is read again
                    self._sandbox.set_clock(self._sandbox.state.clock.let_go())

    @property
    def is_sending(self) -> bool:
        """Whether an attempt is under way; what waits for its turn waits behind one that is."""
        return bool(self._running)

    def stop_sending(self) -> None:
        """Begin no attempt any more: what is pending is left to the next owner of the sandbox."""
        self._is_finishing = True

    def _tasks(self) -> list[asyncio.Task[None]]:
        return [task for tries in self._running.values() for task in tries.values()]

    async def close(self, *, is_deleted: bool = False) -> None:
        """Close the sandbox, and wait until nothing that is on its way acts any more."""
        tasks = [task for task in self._tasks() if task is not asyncio.current_task()]
        self._sandbox.close(is_deleted=is_deleted)
        self._forget()
        if self._task is not None:
            self._task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
