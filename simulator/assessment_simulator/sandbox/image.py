"""An image: a whole memory as changes that build it up again. The log begins with one, and later ones replace commits.

The states of one memory (its opening state, its snapshots, the present state) share most of their values. `codec`
writes each value once, so the dictionaries of a snapshot cost a few bytes an entry, and what is read shares again.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from heapq import heappush
from itertools import islice
from typing import Any, TypeVar

from assessment_simulator.core.config import Config
from assessment_simulator.core.faults import Counter, Fault, FaultPlan
from assessment_simulator.core.retry_schedule import Delivery
from assessment_simulator.sandbox.clock import Clock
from assessment_simulator.sandbox.codec import Encoder
from assessment_simulator.sandbox.memory import CHANGES, Change, Memory
from assessment_simulator.sandbox.state import DueTimer, Row, State, Step, TimerKey

K = TypeVar("K")
V = TypeVar("V")
Items = tuple[tuple[K, V], ...]
"""Some entries of a dictionary."""
AT_ONCE = 200
"""At most this many entries are in one change."""
PART = 65_536
"""A part of an encoded image ends after this many bytes."""


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


def parts(memory: Memory) -> Iterator[bytes]:
    """An encoded image, in parts of some tens of kilobytes."""
    encoder, part, size = Encoder(), list[bytes](), 0
    for change in image(memory):
        part.append(encoder.write([change]))
        size += len(part[-1])
        if size > PART:
            yield b"\n".join(part)
            part, size = [], 0
    if part:
        yield b"\n".join(part)


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


_ALL: Mapping[str, Callable[..., None]] = {
    **CHANGES,
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
"""The changes of commits, and those of which images are made."""
