"""All that a sandbox remembers, and every way in which that changes.

A change is an **effect**: a word of the table `EFFECTS` and the values that go with it. Nothing else changes a
memory, and an effect reads no clock and draws no chance; so what a log has written down is made true again by the
very code that made it true at first.
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

Effect = tuple[str, tuple[Any, ...]]
"""A word of `EFFECTS`, and what it is told."""
Pairs = tuple[tuple[str, str], ...]


class Memory:
    """What outlives the process where there is a log. `Sandbox` is what uses it."""

    def __init__(self, seed: int | str, opening: State, kinds: frozenset[str]) -> None:
        self.seed = seed
        self.kinds = kinds
        """The kinds of records that are invitations."""
        self.opening = opening
        """What a reset goes back to."""
        self.state = opening.copy()
        self.snapshots: dict[str, State] = {}
        self.snapshots_taken = 0
        """How many snapshots were taken since the last reset; their ids are numbered by it, so none is used twice."""
        self.generation = 0
        self.renewals = 0
        """How often other credentials took the place of those before; links from before open nothing."""
        self.epoch = 0
        """Raised by reset, restore and delete: what was begun in an older one may not act any more. All processes that
        share a log count alike."""
        self.faults: FaultPlan | None = None
        """What goes wrong on purpose; None where nothing does."""
        self.recent: dict[str, deque[int]] = {}
        """The instants of the last calls to each vendor; kept only where a limit is set."""
        self.seen: dict[str, Stored] = {}
        """The record of each kind that was looked at last, while nothing has changed."""

    def begin_again(self, state: State) -> None:
        """Another state is in force, and what was begun may not act any more."""
        self.epoch += 1
        self.recent.clear()
        self.seen.clear()
        self.state = state


def lapsed(calls: Iterable[int], now: int) -> int:
    """How many of the oldest calls are not of the last minute, or, where the clock was turned back, not yet made."""
    count = 0
    for at in calls:
        if now - instant.MINUTE < at <= now:
            break
        count += 1
    return count


# What happens.


def _commit(
    memory: Memory, now: int, operation: str, saved: tuple[Saved, ...], forgotten: Pairs, alarms: tuple[Timer, ...],
    owed: tuple[Delivery, ...],
) -> None:  # fmt: skip
    """A decision comes true."""
    state = memory.state
    memory.seen.clear()
    state.save(saved, now)
    for kind, id in forgotten:
        state.forget(kind, id)
    state.history.note(saved, forgotten, memory.kinds, now, operation)
    state.sequence += 1
    for alarm in alarms:
        state.set_alarm(alarm)
    for delivery in owed:
        state.enqueue(delivery)


def _alarm(memory: Memory, alarm: Timer) -> None:
    """An alarm is set, moved or taken back."""
    memory.state.set_alarm(alarm)


def _let_in(memory: Memory, vendor: str, at: int) -> None:
    """A call counts against the limit."""
    calls = memory.recent.get(vendor)
    if calls is None:
        calls = memory.recent[vendor] = deque(maxlen=memory.state.config.rate_limit)
    for _ in range(lapsed(calls, at)):
        calls.popleft()
    calls.append(at)


def _configure(memory: Memory, config: Config) -> None:
    """Other settings hold."""
    if config.rate_limit != memory.state.config.rate_limit:
        memory.recent.clear()
    memory.state.config = config
    memory.state.sequence += 1


def _turn(memory: Memory, clock: Clock) -> None:
    """Another clock is in force."""
    memory.state.clock = clock


def _misbehave(memory: Memory, faults: tuple[Fault, ...]) -> None:
    """These faults go wrong from now on, and no others."""
    memory.faults = FaultPlan(faults, memory.seed) if faults else None


def _count(memory: Memory, place: int, tally: Counter) -> None:
    """The fault at this place has met something."""
    if memory.faults is not None:
        memory.faults.counters[place] = tally


def _attempt(memory: Memory, id: str, attempt: Attempt, now: int, double: Delivery | None) -> None:
    """A delivery was tried; a fault may have its notice posted once more, and what it held goes after an answer."""
    if double is not None:
        memory.state.sequence += 1
        memory.state.enqueue_next(double)
    memory.state.after(memory.state.pending[id], attempt)
    if attempt.answer is not None:
        memory.state.release(now)


def _put_off(memory: Memory, id: str, until: int, fault: str) -> None:
    """A fault lets a delivery wait."""
    memory.state.postpone(memory.state.pending[id], until, fault)


def _overtake(memory: Memory, id: str, until: int, fault: str) -> None:
    """A fault lets the next delivery pass."""
    memory.state.reorder(memory.state.pending[id], until, fault)


def _release(memory: Memory, now: int) -> None:
    """What was held need not wait any longer."""
    memory.state.release(now)


def _owe(memory: Memory, delivery: Delivery) -> None:
    """A notice is to be sent again."""
    memory.state.sequence += 1
    memory.state.enqueue(delivery)


# The whole state at once.


def _snapshot(memory: Memory, id: str, now: int) -> None:
    """The present state is kept."""
    memory.snapshots[id] = memory.state.kept(now)
    memory.snapshots_taken += 1


def _delete_snapshot(memory: Memory, id: str) -> None:
    """A kept state is deleted."""
    del memory.snapshots[id]


def _restore(memory: Memory, id: str, clock: Clock) -> None:
    """A kept state is back: its records, settings and unfinished deliveries; the tokens of today stay good."""
    memory.begin_again(memory.snapshots[id].restored(memory.state, clock))


def _reset(memory: Memory) -> None:
    """The opening state is back; tokens, links, snapshots, faults and whatever was begun are void."""
    memory.snapshots.clear()
    memory.snapshots_taken = 0
    memory.generation += 1
    memory.faults = None
    memory.begin_again(memory.opening.copy())


def _renew(memory: Memory) -> None:
    """Other credentials open the sandbox, and links from before open nothing."""
    memory.renewals += 1


EFFECTS: Mapping[str, Callable[..., None]] = {
    effect.__name__[1:]: effect
    for effect in (
        _commit, _alarm, _let_in, _configure, _turn, _misbehave, _count, _attempt, _put_off, _overtake,
        _release, _owe, _snapshot, _delete_snapshot, _restore, _reset, _renew,
    )
}  # fmt: skip
"""Every effect by its word."""
