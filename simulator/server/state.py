"""What one sandbox remembers. A snapshot of it costs the same however much is stored."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, cast

from simulator.core import instant
from simulator.core.config import Config
from simulator.core.decision import TOKEN, Alarm, Record
from simulator.core.delivery import Attempt, Delivery
from simulator.server import queue, wire
from simulator.server.clock import Clock
from simulator.server.history import History
from simulator.server.layers import Layers
from simulator.server.table import Table

Row = tuple[Any, bytes, bytes]
"""A record's status, face and facts. Bytes and tuples of bytes are no burden to the garbage collector."""
Chain = tuple[str, Any] | None
"""Ids, newest first: (id, the chain of the older ones)."""
AlarmKey = tuple[str, str]
"""An invitation's id and the operation."""


MOST_TOKENS = 10_000
"""So many bearer tokens a sandbox keeps; the oldest is forgotten for the next."""


class Stored:
    """A record as it was saved; what a reply shows of it is `raw`, parsed only for whoever asks for `face`."""

    __slots__ = ("_facts", "id", "raw", "status")

    def __init__(self, id: str, row: Row) -> None:
        self.id = id
        self.status, self.raw, self._facts = row

    @property
    def face(self) -> dict[str, Any]:
        """What the vendor shows, with placeholders for base address and seal."""
        face: dict[str, Any] = wire.loads(self.raw)
        return face

    @property
    def facts(self) -> Mapping[str, Any]:
        """What only the simulator knows."""
        facts: dict[str, Any] = wire.loads(self._facts)
        return facts


_EMPTY = Table()


class State:
    """Everything that a snapshot brings back. Only `Sandbox` changes the one that is in force."""

    __slots__ = (
        "alarms", "clock", "config", "deliveries", "due", "held", "history", "indexes", "lines", "pending", "ringing",
        "sequence", "tables",
    )  # fmt: skip

    def __init__(self, config: Config, clock: Clock) -> None:
        self.sequence = 0
        """The number of the last commit."""
        self.config = config
        self.clock = clock
        self.tables: dict[str, Table] = {}
        self.indexes: Layers[tuple[str, str], Chain] = Layers()
        self.history = History()
        self.alarms: Layers[AlarmKey, Alarm] = Layers()
        self.ringing: queue.Heap = None
        """Alarms by their time; those that `alarms` no longer holds are stale."""
        self.forget_deliveries()

    def forget_deliveries(self) -> None:
        """Owe nobody anything, and remember no attempts."""
        self.deliveries = Table()
        self.pending: Layers[str, Delivery] = Layers()
        """Deliveries not yet delivered or given up."""
        self.lines: Layers[str, tuple[str, ...]] = Layers()
        """Pending deliveries by line, the oldest first: only the head of a line may be tried."""
        self.due: queue.Heap = None
        """Heads of lines by the time of their next attempt; taken out when the attempt is put on its way."""
        self.held: str | None = None
        """The one head of a line that is in no queue: a fault keeps it until another notice was sent, or it is due."""

    def copy(self) -> "State":
        """The same state, to be changed apart from this one; the cost does not grow with what is stored."""
        twin = State(self.config, self.clock)
        twin.sequence, twin.ringing, twin.due, twin.held = self.sequence, self.ringing, self.due, self.held
        twin.tables = {kind: table.copy() for kind, table in self.tables.items()}
        twin.indexes, twin.alarms, twin.history = self.indexes.copy(), self.alarms.copy(), self.history.copy()
        twin.deliveries, twin.pending, twin.lines = self.deliveries.copy(), self.pending.copy(), self.lines.copy()
        return twin

    def kept(self) -> "State":
        """A copy for a snapshot, whose clock stands still."""
        twin = self.copy()
        twin.clock = twin.clock.hold()
        return twin

    def restored(self, present: "State") -> "State":
        """A copy of what was kept, to take the place of the present state, whose tokens stay good."""
        twin = self.copy()
        twin.clock = twin.clock.let_go()
        twin.sequence = present.sequence + 1
        twin.tables[TOKEN] = present.tables.get(TOKEN, Table())
        twin.queue_again()
        return twin

    def forked(self) -> "State":
        """The records, alarms and settings, without the clock, the deliveries and the tokens."""
        twin = self.copy()
        twin.clock = Clock()
        twin.forget_deliveries()
        twin.tables.pop(TOKEN, None)
        return twin

    def get(self, kind: str, id: str) -> Stored | None:
        """One record."""
        table = self.tables.get(kind)
        row = table.rows.get(id) if table else None
        return Stored(id, row) if row else None

    def all(self, kind: str) -> list[Stored]:
        """All records of a kind, oldest first."""
        return [Stored(id, row) for id, row in self.tables.get(kind, _EMPTY)]

    def newest(self, kind: str) -> Iterator[Stored]:
        """All records of a kind, newest first, one at a time."""
        return (Stored(id, row) for id, row in reversed(self.tables.get(kind, _EMPTY)))

    def save(self, records: Iterable[Record], now: int) -> None:
        """Remember records, and the keys that lead to them: all, or, if one cannot be rendered, none.

        Tokens that lapsed long before `now` are let go meanwhile.
        """
        for record, row in [(record, _row(record)) for record in records]:
            table = self.tables.setdefault(record.kind, Table())
            table.save(record.id, row)
            for key in record.keys:
                chain = self.indexes.get(key)
                if chain is None or chain[0] != record.id:
                    self.indexes[key] = (record.id, chain)
            if record.kind == TOKEN:
                _tidy(table, now)

    def page(self, kind: str, skip: int, top: int) -> list[Stored]:
        """Some records of a kind, oldest first."""
        return [Stored(id, row) for id, row in self.tables.get(kind, _EMPTY).page(skip, top)]

    def forget(self, kind: str, id: str) -> None:
        """Forget a record."""
        self.tables[kind].forget(id)

    def set_alarm(self, alarm: Alarm) -> None:
        """Set, move or take back an alarm."""
        key = (alarm.id, alarm.operation)
        if alarm.at is not None:
            self.alarms[key] = alarm
            self.ringing = queue.add(self.ringing, (alarm.at, self.sequence, key))
        elif key in self.alarms:
            del self.alarms[key]

    def next_alarm(self) -> Alarm | None:
        """The alarm that rings first; forgets stale ones on the way."""
        while (item := queue.first(self.ringing)) is not None:
            alarm = self.alarms.get(item[2])
            if alarm is not None and alarm.at == item[0]:
                return alarm
            self.ringing = queue.rest(self.ringing)
        return None

    def owe(self, delivery: Delivery) -> None:
        """Put a new delivery at the end of its line."""
        line = (*(self.lines.get(delivery.line) or ()), delivery.id)
        self.lines[delivery.line] = line
        self._keep(delivery)
        if len(line) == 1:
            self._queue(delivery)
        elif line[0] == self.held:
            self.held = None
            self._let_pass(replace(self.pending[line[0]], due=delivery.due))

    def owe_next(self, delivery: Delivery) -> None:
        """Put a new delivery right behind the head of its line."""
        head, *rest = self.lines[delivery.line]
        self.lines[delivery.line] = (head, delivery.id, *rest)
        self._keep(delivery)

    def put_off(self, delivery: Delivery, until: int, fault: str) -> None:
        """Let a delivery that was taken out of the queue wait until an instant; the fault meets it no more."""
        later = replace(delivery, due=until, fault=fault)
        self._keep(later)
        self._queue(later)

    def overtake(self, delivery: Delivery, until: int, fault: str) -> None:
        """Let the next in its line pass a delivery that was taken out of the queue; without one, hold it until then."""
        if len(self.lines[delivery.line]) > 1:
            self._let_pass(replace(delivery, fault=fault))
        else:
            self._keep(replace(delivery, due=until, fault=fault))
            self.held = delivery.id

    def may_hold(self, delivery: Delivery) -> bool:
        """Whether the next notice may overtake this one: not while one waits already, or this would overtake itself."""
        behind = self.lines[delivery.line][1:2]
        return self.held is None and all(self.pending[id].fault is None for id in behind)

    def release(self, now: int) -> None:
        """Let the delivery that is held go."""
        if self.held is not None:
            freed = replace(self.pending[self.held], due=now)
            self.held = None
            self._keep(freed)
            self._queue(freed)

    def _let_pass(self, delivery: Delivery) -> None:
        """Change places with the next in the line, which is due from now on."""
        first, second, *rest = self.lines[delivery.line]
        self.lines[delivery.line] = (second, first, *rest)
        self._keep(delivery)
        self._queue(self.pending[second])

    def after(self, delivery: Delivery, attempt: Attempt) -> None:
        """Keep an attempt; a delivery that is over leaves its line, and the next in it is due."""
        delivery = delivery.after(attempt)
        self._keep(delivery)
        if delivery.due is not None:
            self._queue(delivery)
        else:
            self._leave_line(delivery)

    def _keep(self, delivery: Delivery) -> None:
        self.deliveries.save(delivery.id, delivery)
        if delivery.due is not None:
            self.pending[delivery.id] = delivery
        else:
            del self.pending[delivery.id]

    def _leave_line(self, delivery: Delivery) -> None:
        rest = self.lines[delivery.line][1:]
        if rest:
            self.lines[delivery.line] = rest
            self._queue(self.pending[rest[0]])
        else:
            del self.lines[delivery.line]

    def _queue(self, delivery: Delivery) -> None:
        self.due = queue.add(self.due, (cast("int", delivery.due), self.sequence, delivery.id))

    def next_attempt(self, delivery: Delivery) -> int | None:
        """When a delivery is tried next; None when it is over, or waits for the one before it."""
        line = self.lines.get(delivery.line)
        return delivery.due if line and line[0] == delivery.id else None

    def queue_again(self) -> None:
        """Queue the head of every line: what was on its way when this state was kept is due once more."""
        self.due = None
        for name in self.lines:
            if (head := self.lines[name][0]) != self.held:
                self._queue(self.pending[head])

    def take_due(self, now: int) -> Delivery | None:
        """Take the next delivery out of the queue if it is due by `now`."""
        if self.held is not None and self._until(self.held) <= now:
            self.release(now)
        item = queue.first(self.due)
        if item is None or item[0] > now:
            return None
        self.due = queue.rest(self.due)
        return self.pending[item[2]]

    def next_due(self) -> int | None:
        """When the next alarm rings or the next attempt is made."""
        alarm, item = self.next_alarm(), queue.first(self.due)
        held = None if self.held is None else self._until(self.held)
        times = [at for at in (alarm.at if alarm else None, item[0] if item else None, held) if at is not None]
        return min(times, default=None)

    def _until(self, id: str) -> int:
        return cast("int", self.pending[id].due)


def _row(record: Record) -> Row:
    return (record.status, _tight(wire.dumps(record.face)), _tight(wire.dumps(record.facts)))


def _tidy(tokens: Table, now: int) -> None:
    """Forget the oldest tokens: those that lapsed a day ago, and those that are more than anyone can be using."""
    lapsed = now - instant.DAY
    while (oldest := tokens.first()) is not None and (oldest[1][0] <= lapsed or len(tokens.rows) > MOST_TOKENS):
        tokens.drop_first()


def _tight(data: bytes) -> bytes:
    """The same bytes without the slack that orjson leaves behind them."""
    return bytes(memoryview(data))
