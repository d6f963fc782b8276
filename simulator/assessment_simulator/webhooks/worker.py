"""The webhook worker of one sandbox: claim due → send → record the attempt → reschedule.

1. **Claim due** (`_claim_due`, after every durable commit): deliveries that are due leave the queue. An injected fault
   may postpone one here, let the next one overtake it, or mark its attempt as lost.
2. **Send** (`_attempt`, `_send`): at most eight attempts at once for an origin, so that a slow listener holds up no
   other. An attempt begins only when all commits of the sandbox are durable and the log has confirmed that this
   process owns the sandbox; a process that was paused or lost the sandbox sends nothing.
3. **Record the attempt** (`_attempt`): one commit keeps the attempt and what it means: delivered, failed, or due again
   after a backoff. It is repeated until it succeeds, because an attempt that was made must not be made again.
4. **Reschedule** (`_reschedule`): the next delivery takes the free place, and a timer waits for what is due next. The
   same wake-up fires the sandbox's due timers.

Deliveries arrive at least once: if the process ends between 2 and 3, the next owner sends the webhook again. Those of
one invitation arrive in order, because the queue offers only the first of them.

Two things may end an attempt early. A reset, a restore or a deletion begins another epoch: attempts in flight are
cancelled and not recorded. If commits are lost, the worker pauses until the sandbox was read from the log again, and
then claims all that is due except what is in flight.
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
from assessment_simulator.sandbox.sandbox import Sandbox
from assessment_simulator.sandbox.state import machine_now
from assessment_simulator.storage import Deleted, LogError, OwnedElsewhere, Unwritten
from assessment_simulator.webhooks.client import Result, WebhookClient

_log = logging.getLogger("simulator.webhooks")
# For one sandbox and origin.
ATTEMPTS_AT_ONCE = 8
# Deliveries that are claimed before other requests are answered.
CLAIMS_AT_ONCE = 100
# Seconds after which the clock is looked at again: while a machine sleeps, its clock goes on and timers do not.
_LONGEST_SLEEP = 60.0
# Seconds between attempts to read or write a log that does not respond.
_RETRY_AFTER = 1.0


class WebhookWorker:
    """Sends the webhooks of one sandbox, and fires its timers."""

    def __init__(self, sandbox: Sandbox, client: WebhookClient, meters: Meters) -> None:
        self._sandbox = sandbox
        self._client = client
        self._meters = meters
        self._epoch = sandbox.epoch
        # By origin, what waits for a free place, and the fault that loses its attempt.
        self._claimed: defaultdict[str, deque[tuple[Delivery, Fault | None]]] = defaultdict(deque)
        # By origin and delivery, the attempts in flight.
        self._attempts: defaultdict[str, dict[str, asyncio.Task[None]]] = defaultdict(dict)
        # Attempts that wait for a slot of `webhook_rate`, in their order; and when the last slot was.
        self._slots = asyncio.Lock()
        self._last_slot = 0.0
        # Set by every commit: it may have changed the rate.
        self._woken = asyncio.Event()
        self._is_paused = False
        self._is_stopping = False
        # Whether an attempt did not begin because commits were lost.
        self._must_requeue = False
        self._timer: asyncio.TimerHandle | None = None
        self._timer_due = 0
        self._timer_task: asyncio.Task[None] | None = None

    @property
    def is_sending(self) -> bool:
        """Whether an attempt is in flight; what was claimed waits behind one that is."""
        return bool(self._attempts)

    @property
    def is_busy(self) -> bool:
        """Whether a webhook was claimed whose attempt has not ended."""
        return bool(self._claimed or self._attempts)

    def attempts(self) -> list[asyncio.Task[None]]:
        """The attempts in flight."""
        return [task for attempts in self._attempts.values() for task in attempts.values()]

    # 1. Claim due.

    def wake(self) -> None:
        """Look for due deliveries: something was committed, or the timer fired, or an attempt ended."""
        sandbox = self._sandbox
        self._woken.set()
        if self._is_paused or sandbox.is_closed:
            return
        try:
            sandbox.step(self._claim_due)
        except LogError as problem:
            _log.warning("sandbox %s: what is due must wait: %s", sandbox.name, problem)

    def _claim_due(self) -> None:
        sandbox, state = self._sandbox, self._sandbox.state
        if sandbox.epoch != self._epoch:
            self._cancel_attempts()
        if state.due or state.held_back is not None:
            claimed, has_more = sandbox.claim_due(CLAIMS_AT_ONCE)
            for delivery, fault in claimed:
                self._claimed[delivery.origin].append((delivery, fault))
            if has_more:
                asyncio.get_running_loop().call_soon(self.wake)
        if self._claimed:
            sandbox.on_commit(self._start_attempts)

        # Wake again when something is due next, as far as the clock runs.
        if state.clock.stands:
            self._cancel_timer()
            return
        due = state.next_due()
        if due is not None and (self._timer is None or self._timer_due != due):
            self._cancel_timer()
            self._timer_due = due
            seconds = max(0.0, (due - sandbox.now()) / instant.SECOND)
            self._timer = asyncio.get_running_loop().call_later(min(seconds, _LONGEST_SLEEP), self._fire_timer)

    def requeue(self) -> None:
        """Queue all that is due again, except what is in flight: the sandbox was read from the log again."""
        self._is_paused = False
        if self._sandbox.epoch != self._epoch:
            self._cancel_attempts()
        self._claimed.clear()
        in_flight = frozenset(id for attempts in self._attempts.values() for id in attempts)
        self._sandbox.state.queue_again(sparing=in_flight)

    def pause(self) -> None:
        """Commits were lost: begin nothing until the sandbox was read again."""
        self._claimed.clear()
        self._cancel_timer()
        self._timer_due, self._is_paused = 0, True
        if not self._sandbox.is_closed:
            self._timer = asyncio.get_running_loop().call_later(_RETRY_AFTER, self._fire_timer)

    # 2. Send.

    def _start_attempts(self) -> None:
        if self._is_stopping:
            return
        for origin, waiting in [*self._claimed.items()]:
            while waiting and len(self._attempts.get(origin, ())) < ATTEMPTS_AT_ONCE:
                delivery, fault = waiting.popleft()
                task = asyncio.get_running_loop().create_task(self._attempt(delivery, fault))
                self._attempts[origin][delivery.id] = task
                task.add_done_callback(partial(self._reschedule, delivery))
            if not waiting:
                del self._claimed[origin]

    async def _attempt(self, delivery: Delivery, fault: Fault | None) -> None:
        """Send a webhook once, and record that."""
        sandbox, epoch = self._sandbox, self._epoch
        if sandbox.config.webhook_rate is not None:
            await self._take_slot()
        attempt: Attempt | None = None
        while attempt is None and not sandbox.is_closed:
            try:
                await sandbox.settled()
                if sandbox.epoch != epoch or sandbox.is_closed:
                    return
                place = sandbox.next_order()
                attempt = await self._send(delivery, fault)
            except Unwritten:  # the delivery is claimed again when the sandbox was read again
                self._must_requeue = True
                return
            except LogError as problem:  # the log does not respond; nothing was sent or lost so far
                _log.debug("sandbox %s: an attempt must wait: %s", sandbox.name, problem)
        if attempt is None:
            return

        # 3. Record the attempt. The next one is not made until this is durable.
        while not sandbox.is_closed:
            try:
                sandbox.record_attempt(delivery, attempt, epoch, place)
                await sandbox.settled()
            except Deleted:
                return
            except LogError as problem:
                _log.warning("sandbox %s: an attempt cannot be recorded yet: %s", sandbox.name, problem)
                await asyncio.sleep(_RETRY_AFTER)
            else:
                return

    async def _take_slot(self) -> None:
        """Wait for the next free slot of `webhook_rate`, which may be changed in the meantime."""
        loop = asyncio.get_running_loop()
        slot = asked = loop.time()
        async with self._slots:
            while (rate := self._sandbox.config.webhook_rate) is not None:
                slot = max(asked, self._last_slot + 1 / rate)
                if slot <= loop.time():
                    break
                self._woken.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout_at(slot):
                        await self._woken.wait()
            self._last_slot = slot

    async def _send(self, delivery: Delivery, fault: Fault | None) -> Attempt:
        sandbox, event, number = self._sandbox, delivery.event, len(delivery.attempts) + 1
        at = sandbox.now()
        try:
            timestamp = machine_now() if sandbox.config.webhook_time == "real" else at
            request = sandbox.vendors[event.vendor].webhook_request(delivery, timestamp, sandbox.config)
            if fault is None:
                # Connecting may take long, and the sandbox may belong to another process by then.
                confirm = None if sandbox.commits is None else sandbox.commits.check_ownership
                result = await self._client.send(
                    request, sandbox.config.webhook_timeout, named=event.named, confirm=confirm
                )
            else:
                result = Result(None, f"dropped by fault {fault.id}", 0.0)
        except LogError:
            raise
        except Exception as problem:  # noqa: BLE001  a bug must not lose the webhook: it is retried
            request, result = WebhookRequest(event.url, (), b""), Result(None, f"cannot be sent: {problem}", 0.0)
        fault_id = fault.id if fault else delivery.fault
        attempt = Attempt(number, at, request, result.answer, result.error, result.duration, fault_id)
        self._meters.attempted(event.vendor, attempt)
        _log.info(
            "sandbox %s: attempt %d of delivery %s to %s: %s",
            sandbox.name, number, delivery.id, request.url, result.answer.status if result.answer else result.error,
        )  # fmt: skip
        return attempt

    # 4. Reschedule.

    def _reschedule(self, delivery: Delivery, task: asyncio.Task[None]) -> None:
        attempts = self._attempts.get(delivery.origin, {})
        if attempts.get(delivery.id) is task:  # not if another epoch has begun
            del attempts[delivery.id]
            if not attempts:
                del self._attempts[delivery.origin]
        if not task.cancelled() and (failure := task.exception()) is not None:
            _log.error("sandbox %s: an attempt failed", self._sandbox.name, exc_info=failure)
        if self._must_requeue and not self._is_paused:  # the sandbox was read again before this task ended
            self.requeue()
        self._must_requeue = False
        if self._claimed:
            self._start_attempts()
        self.wake()

    def _fire_timer(self) -> None:
        self._timer = None
        if self._timer_task is None:
            self._timer_task = asyncio.get_running_loop().create_task(self._fire_due_timers())

    async def _fire_due_timers(self) -> None:
        """Fire the sandbox's due timers; if commits were lost, read the sandbox again first."""
        sandbox = self._sandbox
        try:
            if self._is_paused and sandbox.refresh is not None:
                with suppress(OwnedElsewhere):  # then it is closed by now
                    await sandbox.refresh()
            await sandbox.fire_due_timers()
        except LogError as problem:
            _log.warning("sandbox %s: what is due must wait: %s", sandbox.name, problem)
        finally:
            self._timer_task = None
        if self._is_paused and self._timer is None:
            self.pause()
        self.wake()

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    # The end.

    def stop_sending(self) -> None:
        """Begin no more attempts: what is pending is left to the next owner of the sandbox."""
        self._is_stopping = True

    async def close(self, *, is_deleted: bool = False) -> None:
        """Close the sandbox, and wait until no attempt acts any more."""
        tasks = [task for task in self.attempts() if task is not asyncio.current_task()]
        self._sandbox.close(is_deleted=is_deleted)
        self._cancel_attempts()
        if self._timer_task is not None:
            self._timer_task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _cancel_attempts(self) -> None:
        """Another epoch has begun: what began in the last one must not act any more."""
        self._epoch = self._sandbox.epoch
        self._cancel_timer()
        self._claimed.clear()
        for task in self.attempts():
            task.cancel()
        self._attempts.clear()
