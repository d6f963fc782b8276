"""A whole memory as effects that build it up again: what the log begins with, and what takes the place of old commits.

What the states of one memory share (its opening, its snapshots, the present) is the same object in each, and `writing`
writes an object once.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, TypeVar

from assessment_simulator.core.config import Config
from assessment_simulator.core.decision import Alarm
from assessment_simulator.core.delivery import Delivery
from assessment_simulator.core.faults import Fault, Tally
from assessment_simulator.server import queue
from assessment_simulator.server.clock import Clock
from assessment_simulator.server.faults import Faults
from assessment_simulator.server.log.writing import Writer
from assessment_simulator.server.memory import EFFECTS, Effect, Memory
from assessment_simulator.server.state import Chain, Row, State
from assessment_simulator.server.table import Table

T = TypeVar("T")
AT_ONCE = 200
"""So many records or deliveries are in one effect."""
PIECE = 65_536
"""A piece of a written image ends after so many bytes."""


def still(memory: Memory) -> Memory:
    """A copy that stays as it is while the memory goes on."""
    twin = Memory(memory.seed, memory.opening, memory.kinds)
    twin.state = memory.state.copy()
    twin.snapshots = {id: state.copy() for id, state in memory.snapshots.items()}
    twin.generation, twin.player, twin.epoch = memory.generation, memory.player, memory.epoch
    twin.renewals = memory.renewals
    twin.faults = memory.faults and memory.faults.copy()
    twin.recent = {vendor: calls.copy() for vendor, calls in memory.recent.items()}
    return twin


def image(memory: Memory) -> Iterator[Effect]:
    """The effects that build a memory up from nothing; it must not change meanwhile."""
    yield from _state_of(memory.opening)
    yield "as_opening", ()
    for id, state in memory.snapshots.items():
        yield from _state_of(state)
        yield "as_snapshot", (id,)
    yield from _state_of(memory.state)
    faults, tallies = ((), ()) if memory.faults is None else (memory.faults.list, tuple(memory.faults.tallies))
    recent = tuple((vendor, tuple(calls)) for vendor, calls in memory.recent.items())
    yield "as_present", (memory.generation, faults, tallies, recent, memory.player)
    yield "epoch", (memory.epoch,)
    yield "renewals", (memory.renewals,)


def _state_of(state: State) -> Iterator[Effect]:
    yield "state", (state.config, state.clock, state.sequence)
    for kind, table in state.tables.items():
        for rows in _some(table):
            yield "table", (kind, rows)
    for keys in _some(state.indexes):
        yield "index", (tuple((*key, _ids(state.indexes[key])) for key in keys),)
    for ids in _some(state.history):
        yield "history", (tuple((id, tuple((m.at, m.operation, m.after) for m in state.history.of(id))) for id in ids),)
    yield "tally", (tuple((*step, times) for step, times in state.history.tally.items()),)
    for alarms in _some(_alarms(state)):
        yield "ringing", (alarms,)
    for deliveries in _some(delivery for _, delivery in state.deliveries):
        yield "deliveries", (deliveries,)
    lines = tuple((line, state.lines[line]) for line in state.lines)
    yield "lines", (lines, state.held, tuple(state.claims.items()))


def _some(things: Iterable[T]) -> Iterator[tuple[T, ...]]:
    """The things, some at a time."""
    left = iter(things)
    while some := tuple(islice(left, AT_ONCE)):
        yield some


def _ids(chain: Any) -> tuple[str, ...]:
    found = []
    while chain:
        found.append(chain[0])
        chain = chain[1]
    return tuple(reversed(found))


def _alarms(state: State) -> Iterator[tuple[Alarm, int]]:
    """The alarms in the order in which they ring, each with what keeps equals in order."""
    told = set()
    for at, place, key in sorted(queue.items(state.ringing)):
        alarm = state.alarms.get(key)
        if alarm is not None and alarm.at == at and key not in told:
            told.add(key)
            yield alarm, place


# Building up.


def _begin(memory: Memory, config: Config, clock: Clock, sequence: int) -> None:
    memory.state = State(config, clock)
    memory.state.sequence = sequence


def _table(memory: Memory, kind: str, rows: Iterable[tuple[str, Row]]) -> None:
    table = memory.state.tables.setdefault(kind, Table())
    for id, row in rows:
        table.save(id, row)


def _index(memory: Memory, keys: Iterable[tuple[str, str, tuple[str, ...]]]) -> None:
    for index, value, ids in keys:
        chain: Chain = None
        for id in ids:
            chain = (id, chain)
        memory.state.indexes[index, value] = chain


def _history(memory: Memory, lives: Iterable[tuple[str, Iterable[tuple[int, str, Any]]]]) -> None:
    for id, changes in lives:
        memory.state.history.put(id, changes)


def _tally(memory: Memory, steps: Iterable[tuple[Any, ...]]) -> None:
    memory.state.history.tally = {(kind, old, by, new): times for kind, old, by, new, times in steps}


def _ringing(memory: Memory, alarms: Iterable[tuple[Alarm, int]]) -> None:
    state = memory.state
    for alarm, place in alarms:
        key = (alarm.id, alarm.operation)
        state.alarms[key] = alarm
        state.ringing = queue.add(state.ringing, (alarm.at or 0, place, key))


def _deliveries(memory: Memory, deliveries: Iterable[Delivery]) -> None:
    for delivery in deliveries:
        memory.state.deliveries.save(delivery.id, delivery)
        if delivery.due is not None:
            memory.state.pending[delivery.id] = delivery


def _lines(
    memory: Memory, lines: Iterable[tuple[str, tuple[str, ...]]], held: str | None, claims: Iterable[tuple[str, str]]
) -> None:
    for line, ids in lines:
        memory.state.lines[line] = ids
    memory.state.held, memory.state.claims = held, dict(claims)
    memory.state.queue_again()


def _as_opening(memory: Memory) -> None:
    memory.opening = memory.state


def _as_snapshot(memory: Memory, id: str) -> None:
    memory.snapshots[id] = memory.state


def _as_present(
    memory: Memory, generation: int, faults: tuple[Fault, ...], tallies: tuple[Tally, ...],
    recent: tuple[tuple[str, tuple[int, ...]], ...], player: str | None,
) -> None:  # fmt: skip
    memory.faults = Faults(faults, memory.seed, tallies) if faults else None
    memory.generation, memory.player = generation, player
    most = memory.state.config.rate_limit
    memory.recent = {vendor: deque(calls, maxlen=most) for vendor, calls in recent}


def _epoch(memory: Memory, epoch: int) -> None:
    memory.epoch = epoch


def _renewals(memory: Memory, renewals: int) -> None:
    memory.renewals = renewals


BUILDING: Mapping[str, Callable[..., None]] = {
    "state": _begin, "table": _table, "index": _index, "history": _history, "tally": _tally, "ringing": _ringing,
    "deliveries": _deliveries, "lines": _lines, "as_opening": _as_opening, "as_snapshot": _as_snapshot,
    "as_present": _as_present, "epoch": _epoch, "renewals": _renewals,
}  # fmt: skip
"""The effects of which images are made; they happen in images alone."""
_ALL = {**EFFECTS, **BUILDING}


def blank(memory: Memory) -> None:
    """Forget everything, so that an image can be built up."""
    memory.snapshots, memory.generation, memory.renewals = {}, 0, 0
    memory.faults = None
    memory.begin_again(memory.opening)
    memory.epoch = 0  # the image tells it: what was begun goes on where it was only read again


def replay(memory: Memory, effects: Iterable[Effect]) -> None:
    """Make effects true that were read from a log."""
    for word, told in effects:
        _ALL[word](memory, *told)


def parts(memory: Memory) -> Iterator[bytes]:
    """An image written down, in pieces of some tens of kilobytes."""
    writer, piece, size = Writer(), list[bytes](), 0
    for effect in image(memory):
        piece.append(writer.write([effect]))
        size += len(piece[-1])
        if size > PIECE:
            yield Writer.joined(piece)
            piece, size = [], 0
    if piece:
        yield Writer.joined(piece)
