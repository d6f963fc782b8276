"""The data of a sandbox, and every way in which it changes.

A change is a row of `CHANGES` and its arguments. Nothing else changes the data, and a change reads no clock and no
random numbers. So a log can be read back by calling the same functions with the arguments that were written.

An image is a whole memory as changes that build it up again. The log begins with one, and later ones replace commits.
The states of one memory (its opening state, its snapshots, the present state) share most of their values, and `codec`
writes each value once, so the dictionaries of a snapshot cost a few bytes an entry, and what is read shares again.
"""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from heapq import heappush
from itertools import islice
from typing import Any, TypeVar

from assessment_simulator.core import instant
from assessment_simulator.core.config import Config
from assessment_simulator.core.decision import Timer
from assessment_simulator.core.faults import Counter, Fault, FaultPlan
from assessment_simulator.core.retry_schedule import Attempt, Delivery
from assessment_simulator.sandbox.clock import Clock
from assessment_simulator.sandbox.state import DueTimer, Row, Saved, State, Step, Stored, TimerKey

K = TypeVar("K")
V = TypeVar("V")
Items = tuple[tuple[K, V], ...]
"""Some entries of a dictionary."""
Change = tuple[str, tuple[Any, ...]]
"""A name in `CHANGES` or `IMAGE_CHANGES`, and the arguments."""
AT_ONCE = 200
"""At most this many entries of a dictionary are in one change of an image."""


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


class LoggedMemory(Memory, ABC):
    """A memory that is called when commits are durable, and when they were lost."""

    @abstractmethod
    def durable(self, name: str, arguments: tuple[Any, ...]) -> None:
        """A change is durable."""

    @abstractmethod
    def reloaded(self) -> None:
        """Everything was read from the log again."""

    @abstractmethod
    def refused(self) -> None:
        """Commits were lost; what is in memory must be read from the log again."""


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


# Images.


def still(memory: Memory) -> Memory:
    """A copy that stays as it is while the memory changes. The opening state and the snapshots never change."""
    twin = Memory(memory.seed, State(memory.initial.config, memory.initial.clock), memory.kinds)
    twin.initial, twin.state, twin.snapshots = memory.initial, memory.state.copy(), memory.snapshots.copy()
    twin.generation, twin.epoch = memory.generation, memory.epoch
    twin.renewals, twin.snapshots_taken = memory.renewals, memory.snapshots_taken
    twin.faults = memory.faults and memory.faults.copy()
    twin.recent = {vendor: calls.copy() for vendor, calls in memory.recent.items()}
    return twin


def image(memory: Memory) -> Iterator[Change]:
    """The changes that build a memory up from nothing; it must not change until they are all written."""
    yield from _state_of(memory.initial)
    yield "as_opening", ()
    for id, state in memory.snapshots.items():
        yield from _state_of(state)
        yield "as_snapshot", (id,)
    yield from _state_of(memory.state)
    faults, tallies = ((), ()) if memory.faults is None else (memory.faults.faults, tuple(memory.faults.counters))
    recent = tuple((vendor, tuple(calls)) for vendor, calls in memory.recent.items())
    counters = (memory.generation, memory.renewals, memory.epoch, memory.snapshots_taken)
    yield "as_present", (counters, faults, tallies, recent)


def _state_of(state: State) -> Iterator[Change]:
    numbers = (state.sequence, state.timers_set)
    tally = tuple(state.history.tally.items())
    yield "begin", (state.config, state.clock, numbers, tally, state.held_back)
    for kind, table in state.tables.items():
        for rows in _some(table):
            yield "table", (kind, rows)
    for name, entries in (
        ("index", state.indexes), ("history", state.history.chains), ("alarms", state.timers),
        ("deliveries", state.deliveries), ("lines", state.ordering_keys),
    ):  # fmt: skip
        for some in _some(entries):
            yield name, (some,)


def _some(entries: Mapping[Any, Any]) -> Iterator[tuple[Any, ...]]:
    """The entries of a dictionary, some at a time."""
    left = iter(entries.items())
    while some := tuple(islice(left, AT_ONCE)):
        yield some


def blank(memory: Memory) -> None:
    """Empty a memory, so that an image can be applied."""
    memory.snapshots, memory.generation, memory.renewals = {}, 0, 0
    memory.faults = None
    memory.replace_state(memory.initial)
    memory.epoch = 0  # the image has it: what was begun goes on where it was only read again


def replay(memory: Memory, changes: Iterable[Change]) -> None:
    """Apply changes that were read from a log."""
    for name, values in changes:
        _ALL[name](memory, *values)


def _begin(
    memory: Memory, config: Config, clock: Clock, numbers: tuple[int, int], tally: Items[Step, int], held: str | None,
) -> None:  # fmt: skip
    memory.state = state = State(config, clock)
    state.sequence, state.timers_set = numbers
    state.history.tally, state.held_back = dict(tally), held


def _table(memory: Memory, kind: str, rows: Items[str, Row]) -> None:
    memory.state.table(kind).update(rows)


def _alarms(memory: Memory, alarms: Items[TimerKey, DueTimer]) -> None:
    memory.state.timers.update(alarms)
    for _, ringing in alarms:
        heappush(memory.state.timer_heap, ringing)


def _deliveries(memory: Memory, deliveries: Items[str, Delivery]) -> None:
    memory.state.deliveries.update(deliveries)
    memory.state.pending.update((id, delivery) for id, delivery in deliveries if delivery.due is not None)


def _as_opening(memory: Memory) -> None:
    memory.initial = memory.state


def _as_present(
    memory: Memory, counters: tuple[int, int, int, int], faults: tuple[Fault, ...], tallies: tuple[Counter, ...],
    recent: Items[str, tuple[int, ...]],
) -> None:  # fmt: skip
    memory.generation, memory.renewals, memory.epoch, memory.snapshots_taken = counters
    memory.faults = FaultPlan(faults, memory.seed, tallies) if faults else None
    most = memory.state.config.rate_limit
    memory.recent = {vendor: deque(calls, maxlen=most) for vendor, calls in recent}
    memory.state.queue_again()


IMAGE_CHANGES: Mapping[str, Callable[..., None]] = {
    "begin": _begin,
    "table": _table,
    "index": lambda memory, chains: memory.state.indexes.update(chains),
    "history": lambda memory, chains: memory.state.history.chains.update(chains),
    "alarms": _alarms,
    "deliveries": _deliveries,
    "lines": lambda memory, lines: memory.state.ordering_keys.update(lines),
    "as_opening": _as_opening,
    "as_snapshot": lambda memory, id: memory.snapshots.update({id: memory.state}),
    "as_present": _as_present,
}
"""The types of change of which images are made."""
_ALL = {**CHANGES, **IMAGE_CHANGES}
