"""The data of a sandbox, and every way in which it changes.

A change is a row of `CHANGES` and its arguments. Nothing else changes the data, and a change reads no clock and no
random numbers. So a log can be read back by calling the same functions with the arguments that were written.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from assessment_simulator.core import instant
from assessment_simulator.core.config import Config
from assessment_simulator.core.decision import Timer
from assessment_simulator.core.faults import Counter, Fault, FaultPlan
from assessment_simulator.core.retry_schedule import Attempt, Delivery
from assessment_simulator.sandbox.clock import Clock
from assessment_simulator.sandbox.state import Saved, State, Stored

Change = tuple[str, tuple[Any, ...]]
"""A name in `CHANGES`, and the arguments."""


class Memory:
    """The data that a log keeps."""

    def __init__(self, seed: int | str, initial: State, kinds: frozenset[str]) -> None:
        self.seed = seed
        self.kinds = kinds
        """The kinds of records that are invitations."""
        self.initial = initial
        """The state after a reset."""
        self.state = initial.copy()
        self.snapshots: dict[str, State] = {}
        self.snapshots_taken = 0
        """Since the last reset. It numbers the ids, so none is used twice."""
        self.generation = 0
        """How often the sandbox was reset."""
        self.renewals = 0
        """How often the credentials were renewed; it invalidates older links."""
        self.epoch = 0
        """Raised by reset, restore and delete: what began in an older epoch may not act any more."""
        self.faults: FaultPlan | None = None
        """The injected faults, if any."""
        self.recent: dict[str, deque[int]] = {}
        """By vendor, the times of the last requests; only where a limit is set."""
        self.seen: dict[str, Stored] = {}
        """A cache: by kind, the record that was read last, until the next commit."""

    def replace_state(self, state: State) -> None:
        """Make another state the present one, and begin an epoch."""
        self.epoch += 1
        self.recent.clear()
        self.seen.clear()
        self.state = state


def expired(times: Iterable[int], now: int) -> int:
    """How many of the oldest requests are not of the last minute, or are in the future after the clock went back."""
    count = 0
    for at in times:
        if now - instant.MINUTE < at <= now:
            break
        count += 1
    return count


def _commit(
    memory: Memory, now: int, operation: str, saved: tuple[Saved, ...], deleted: tuple[tuple[str, str], ...],
    timers: tuple[Timer, ...], deliveries: tuple[Delivery, ...],
) -> None:  # fmt: skip
    state = memory.state
    memory.seen.clear()
    state.save(saved, now)
    for kind, id in deleted:
        del state.tables[kind][id]
    state.history.add(saved, deleted, memory.kinds, now, operation)
    state.sequence += 1
    for timer in timers:
        state.set_timer(timer)
    for delivery in deliveries:
        state.enqueue(delivery)


def _timer(memory: Memory, timer: Timer) -> None:
    memory.state.set_timer(timer)


def _count_request(memory: Memory, vendor: str, at: int) -> None:
    times = memory.recent.get(vendor)
    if times is None:
        times = memory.recent[vendor] = deque(maxlen=memory.state.config.rate_limit)
    for _ in range(expired(times, at)):
        times.popleft()
    times.append(at)


def _configure(memory: Memory, config: Config) -> None:
    if config.rate_limit != memory.state.config.rate_limit:
        memory.recent.clear()
    memory.state.config = config
    memory.state.sequence += 1


def _set_clock(memory: Memory, clock: Clock) -> None:
    memory.state.clock = clock


def _set_faults(memory: Memory, faults: tuple[Fault, ...]) -> None:
    memory.faults = FaultPlan(faults, memory.seed) if faults else None


def _count_fault(memory: Memory, place: int, counter: Counter) -> None:
    if memory.faults is not None:
        memory.faults.counters[place] = counter


def _attempt(memory: Memory, id: str, attempt: Attempt, now: int, duplicate: Delivery | None) -> None:
    if duplicate is not None:
        memory.state.sequence += 1
        memory.state.enqueue_next(duplicate)
    memory.state.after(memory.state.pending[id], attempt)
    if attempt.answer is not None:  # a delivery that is held back goes after another one's response
        memory.state.release(now)


def _postpone(memory: Memory, id: str, until: int, fault: str) -> None:
    memory.state.postpone(memory.state.pending[id], until, fault)


def _reorder(memory: Memory, id: str, until: int, fault: str) -> None:
    memory.state.reorder(memory.state.pending[id], until, fault)


def _release(memory: Memory, now: int) -> None:
    memory.state.release(now)


def _enqueue(memory: Memory, delivery: Delivery) -> None:
    memory.state.sequence += 1
    memory.state.enqueue(delivery)


def _snapshot(memory: Memory, id: str, now: int) -> None:
    memory.snapshots[id] = memory.state.kept(now)
    memory.snapshots_taken += 1


def _delete_snapshot(memory: Memory, id: str) -> None:
    del memory.snapshots[id]


def _restore(memory: Memory, id: str, clock: Clock) -> None:
    memory.replace_state(memory.snapshots[id].restored(memory.state, clock))


def _reset(memory: Memory) -> None:
    memory.snapshots.clear()
    memory.snapshots_taken = 0
    memory.generation += 1
    memory.faults = None
    memory.replace_state(memory.initial.copy())


def _renew(memory: Memory) -> None:
    memory.renewals += 1


CHANGES: Mapping[str, Callable[..., None]] = {
    change.__name__[1:]: change
    for change in (
        _commit, _timer, _count_request, _configure, _set_clock, _set_faults, _count_fault, _attempt, _postpone,
        _reorder, _release, _enqueue, _snapshot, _delete_snapshot, _restore, _reset, _renew,
    )
}  # fmt: skip
"""Every type of change. `codec.VALUES` says how the arguments are written."""
