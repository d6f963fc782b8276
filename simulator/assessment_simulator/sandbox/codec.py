"""How a sandbox is stored in a log: one JSON array for each change, its name first. Only this module knows the format.

Records are stored as the text that they were rendered to, so what is read is byte for byte what was saved.

An image is a whole sandbox as changes that build it up again. The log begins with one, and later ones replace commits.
The states of one sandbox (its opening state, its snapshots, the present state) share most of their values, and an image
holds each value of a dictionary once: where the same object is met again, in another snapshot, its number stands in its
place, and the decoder puts the same object there. So the dictionaries of a snapshot cost a few bytes an entry, and what
is read shares again.

A change of the format needs a new migration of the log, because older commits are read with the same table.
"""

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, fields
from heapq import heappush
from itertools import islice
from typing import Any, NamedTuple, TypeVar

import orjson

from assessment_simulator.core.config import Config
from assessment_simulator.core.decision import Timer, WebhookEvent
from assessment_simulator.core.faults import Counter, Fault, FaultPlan
from assessment_simulator.core.retry_schedule import Attempt, Delivery, WebhookRequest, WebhookResponse
from assessment_simulator.sandbox.sandbox import CHANGES, Sandbox
from assessment_simulator.sandbox.state import Clock, DueTimer, State, Step, TimerKey

K = TypeVar("K")
V = TypeVar("V")
# Some entries of a dictionary.
Items = tuple[tuple[K, V], ...]
# A name in `VALUES`, and the arguments.
Change = tuple[str, tuple[Any, ...]]
# At most this many entries of a dictionary are in one change of an image.
AT_ONCE = 200
# A part of an encoded image ends after this many bytes.
PART = 65_536
# The first byte of what orjson could not write, and Python's parser must read.
_PLAIN_JSON = b" "

# Images.


def image(sandbox: Sandbox) -> Iterator[Change]:
    """The changes that build a sandbox up from nothing, as it is when the first of them is asked for."""
    # The opening state and the snapshots never change, the present state may change while the image is written.
    initial, snapshots, present = sandbox.initial, [*sandbox.snapshots.items()], sandbox.state.copy()
    plan = sandbox.faults
    faults, tallies = ((), ()) if plan is None else (plan.faults, tuple(plan.counters))
    recent = tuple((vendor, tuple(calls)) for vendor, calls in sandbox.recent.items())
    counters = (sandbox.generation, sandbox.renewals, sandbox.epoch, sandbox.snapshots_taken)
    yield from _state_of(initial)
    yield "as_opening", ()
    for id, state in snapshots:
        yield from _state_of(state)
        yield "as_snapshot", (id,)
    yield from _state_of(present)
    yield "as_present", (counters, faults, tallies, recent)


def _state_of(state: State) -> Iterator[Change]:
    numbers = (state.sequence, state.timers_set)
    tally = tuple(state.history.tally.items())
    yield "begin", (state.config, state.clock, numbers, tally, state.held_back)
    tables = [("table", (kind,), table) for kind, table in state.tables.items()]
    others: list[tuple[str, tuple[str, ...], Mapping[Any, Any]]] = [
        ("index", (), state.indexes), ("history", (), state.history.chains), ("alarms", (), state.timers),
        ("deliveries", (), state.deliveries), ("lines", (), state.ordering_keys),
    ]  # fmt: skip
    for name, more, entries in (*tables, *others):
        left = iter(entries.items())
        while some := tuple(islice(left, AT_ONCE)):
            yield name, (*more, some)


def blank(sandbox: Sandbox) -> None:
    """Empty a sandbox, so that an image can be applied."""
    sandbox.snapshots, sandbox.generation, sandbox.renewals = {}, 0, 0
    sandbox.faults = None
    sandbox.replace_state(sandbox.initial)
    sandbox.epoch = 0  # the image has it: what was begun goes on where it was only read again


def _begin(
    sandbox: Sandbox, config: Config, clock: Clock, numbers: tuple[int, int], tally: Items[Step, int], held: str | None,
) -> None:  # fmt: skip
    sandbox.state = state = State(config, clock)
    state.sequence, state.timers_set = numbers
    state.history.tally, state.held_back = dict(tally), held


def _timers(sandbox: Sandbox, timers: Items[TimerKey, DueTimer]) -> None:
    sandbox.state.timers.update(timers)
    for _, entry in timers:
        heappush(sandbox.state.timer_heap, entry)


def _deliveries(sandbox: Sandbox, deliveries: Items[str, Delivery]) -> None:
    sandbox.state.deliveries.update(deliveries)
    sandbox.state.pending.update((id, delivery) for id, delivery in deliveries if delivery.due is not None)


def _as_present(
    sandbox: Sandbox, counters: tuple[int, int, int, int], faults: tuple[Fault, ...], tallies: tuple[Counter, ...],
    recent: Items[str, tuple[int, ...]],
) -> None:  # fmt: skip
    sandbox.generation, sandbox.renewals, sandbox.epoch, sandbox.snapshots_taken = counters
    sandbox.faults = FaultPlan(faults, sandbox.seed, tallies) if faults else None
    most = sandbox.state.config.rate_limit
    sandbox.recent = {vendor: deque(calls, maxlen=most) for vendor, calls in recent}
    sandbox.state.queue_again()


# Every type of change that a log may hold: those of commits, then those of which images are made.
APPLY: Mapping[str, Callable[..., None]] = {
    **CHANGES,
    "begin": _begin,
    "table": lambda sandbox, kind, rows: sandbox.state.table(kind).update(rows),
    "index": lambda sandbox, chains: sandbox.state.indexes.update(chains),
    "history": lambda sandbox, chains: sandbox.state.history.chains.update(chains),
    "alarms": _timers,
    "deliveries": _deliveries,
    "lines": lambda sandbox, keys: sandbox.state.ordering_keys.update(keys),
    "as_opening": lambda sandbox: setattr(sandbox, "initial", sandbox.state),
    "as_snapshot": lambda sandbox, id: sandbox.snapshots.update({id: sandbox.state}),
    "as_present": _as_present,
}

# Changes as bytes.


class Codec(NamedTuple):
    """How one kind of value becomes JSON values, and is made of them."""

    write: Callable[["Encoder", Any], Any]
    read: Callable[["Decoder", Any], Any]


class Encoder:
    """Encodes changes, and numbers the objects of an image."""

    def __init__(self) -> None:
        # By `id` of an object its number.
        self.numbers: dict[int, int] = {}
        # The numbered objects: while they are alive, no other object has their `id`.
        self._alive: list[Any] = []

    def number(self, value: Any) -> None:
        """Give an object the next number."""
        self.numbers[id(value)] = len(self._alive)
        self._alive.append(value)

    def write(self, changes: Iterable[Change]) -> bytes:
        """Changes as bytes; those of several calls may be joined by line feeds."""
        arrays = [[name, *VALUES[name].write(self, arguments)] for name, arguments in changes]
        try:
            return orjson.dumps(arrays)
        except TypeError:  # an integer of more than 64 bits, half a surrogate pair
            return _PLAIN_JSON + json.dumps(arrays, separators=(",", ":")).encode()


class Decoder:
    """Decodes what an `Encoder` wrote, in the same order."""

    def __init__(self) -> None:
        # What was read, by number.
        self.numbered: list[Any] = []

    def read(self, data: bytes) -> list[Change]:
        """The changes; raises ValueError, TypeError or LookupError where they are none."""
        return [
            (name, VALUES[name].read(self, values))
            for line in data.split(b"\n")
            for name, *values in (json.loads(line) if line.startswith(_PLAIN_JSON) else orjson.loads(line))
        ]


def parts(sandbox: Sandbox) -> Iterator[bytes]:
    """An encoded image, in parts of some tens of kilobytes."""
    encoder, part, size = Encoder(), list[bytes](), 0
    for change in image(sandbox):
        part.append(encoder.write([change]))
        size += len(part[-1])
        if size > PART:
            yield b"\n".join(part)
            part, size = [], 0
    if part:
        yield b"\n".join(part)


def _tuples(value: Any) -> Any:
    """Arrays as tuples, all the way down."""
    if not isinstance(value, list):
        return value
    return tuple([_tuples(one) if isinstance(one, list) else one for one in value])


def _codec(write: Callable[[Any], Any], read: Callable[[Any], Any]) -> Codec:
    """A codec that does not depend on what was written before."""
    return Codec(lambda _, value: write(value), lambda _, value: read(value))


def _many(codec: Codec) -> Codec:
    return Codec(
        lambda encoder, values: [codec.write(encoder, value) for value in values],
        lambda decoder, values: tuple([codec.read(decoder, value) for value in values]),
    )


def _tuple(*codecs: Codec) -> Codec:
    return Codec(
        lambda encoder, values: [codec.write(encoder, value) for codec, value in zip(codecs, values, strict=True)],
        lambda decoder, array: tuple([codec.read(decoder, value) for codec, value in zip(codecs, array, strict=True)]),
    )


def _maybe(codec: Codec) -> Codec:
    return Codec(
        lambda encoder, value: None if value is None else codec.write(encoder, value),
        lambda decoder, value: None if value is None else codec.read(decoder, value),
    )


def _once(codec: Codec) -> Codec:
    """A value; where the same object was written before, its number."""

    def write(encoder: Encoder, value: Any) -> Any:
        number = encoder.numbers.get(id(value))
        if number is not None:
            return number
        written = codec.write(encoder, value)
        encoder.number(value)
        return written

    def read(decoder: Decoder, written: Any) -> Any:
        if isinstance(written, int):
            return decoder.numbered[written]
        value = codec.read(decoder, written)
        decoder.numbered.append(value)
        return value

    return Codec(write, read)


def _entries(codec: Codec) -> Codec:
    """Entries of a dictionary: each its key and its value, or its number where the value was written before.

    No value has two keys. One loop, because an image has several entries for each invitation.
    """

    def write(encoder: Encoder, entries: Items[Any, Any]) -> Any:
        written: list[Any] = []
        for key, value in entries:
            number = encoder.numbers.get(id(value))
            if number is None:
                written.append([key, codec.write(encoder, value)])
                encoder.number(value)
            else:
                written.append(number)
        return written

    def read(decoder: Decoder, written: Any) -> Any:
        numbered, read_value, entries = decoder.numbered, codec.read, []
        for one in written:
            if isinstance(one, int):
                entries.append(numbered[one])
            else:
                key, value = one
                entry = (_tuples(key), read_value(decoder, value))
                numbered.append(entry)
                entries.append(entry)
        return tuple(entries)

    return Codec(write, read)


def _write_chain(encoder: Encoder, entry: tuple[Any, Any]) -> Any:
    key, older = entry
    new = []
    while older is not None and id(older) not in encoder.numbers:
        new.append(older)
        older = older[-1]
    number = None if older is None else encoder.numbers[id(older)]
    for link in reversed(new):
        encoder.number(link)
    return [key, number, [link[:-1] for link in reversed(new)]] if new else number


def _read_chain(decoder: Decoder, written: Any) -> Any:
    if isinstance(written, int):
        return decoder.numbered[written]
    key, number, new = written
    key, chain = (_tuples(key), None) if number is None else decoder.numbered[number]
    for link in new:
        chain = (*link, chain)
        decoder.numbered.append((key, chain))
    return key, chain


def _fields(kind: Any, **codecs: Codec) -> Codec:
    """A dataclass as an array of its fields; those without a codec here are plain. Older logs may have fewer fields."""
    names = [field.name for field in fields(kind)]
    coded = [(names.index(name), codec) for name, codec in codecs.items()]

    def write(encoder: Encoder, value: Any) -> Any:
        array = [getattr(value, name) for name in names]
        for at, codec in coded:
            array[at] = codec.write(encoder, array[at])
        return array

    def read(decoder: Decoder, array: Any) -> Any:
        for at, codec in coded:
            if at < len(array):
                array[at] = codec.read(decoder, array[at])
        return kind(*array)

    return Codec(write, read)


PLAIN = Codec(lambda _, value: value, lambda _, value: value)
TUPLES = Codec(lambda _, value: value, lambda _, value: _tuples(value))
ROW = Codec(
    lambda _, row: [row[0], row[1].decode(), row[2].decode()],
    lambda _, written: (written[0], written[1].encode(), written[2].encode()),
)
SAVED = _tuple(PLAIN, PLAIN, ROW, TUPLES)
CONFIG = _codec(asdict, Config.of)
CLOCK = _fields(Clock)
TIMER = _fields(Timer)
QUEUED_TIMER = _tuple(PLAIN, PLAIN, TIMER)
BODY = _codec(lambda body: body.decode("latin-1"), lambda text: text.encode("latin-1"))
ATTEMPT = _fields(
    Attempt,
    request=_fields(WebhookRequest, headers=TUPLES, body=BODY),
    answer=_maybe(_fields(WebhookResponse, headers=TUPLES)),
)
DELIVERY = _fields(Delivery, event=_fields(WebhookEvent), attempts=_many(ATTEMPT))
# Entries whose values are chains, tuples that end in the chain of what is older. An entry is its key, the number of
# the part that was written before, and the links that were not, oldest first, each of which gets a number.
CHAINS = _many(Codec(_write_chain, _read_chain))
FAULT = _codec(asdict, lambda written: Fault(**written))
COUNTER = _codec(tuple, lambda written: Counter(*written))

# How the arguments of each type of change are written, in order; first those of commits, then those of images.
VALUES: Mapping[str, Codec] = {
    "commit": _tuple(PLAIN, PLAIN, _many(SAVED), TUPLES, _many(TIMER), _many(DELIVERY)),
    "timer": _tuple(TIMER),
    "count_request": TUPLES,
    "configure": _tuple(CONFIG),
    "set_clock": _tuple(CLOCK),
    "set_faults": _tuple(_many(FAULT)),
    "count_fault": _tuple(PLAIN, COUNTER),
    "attempt": _tuple(PLAIN, ATTEMPT, PLAIN, _maybe(DELIVERY)),
    "postpone": TUPLES,
    "reorder": TUPLES,
    "release": TUPLES,
    "enqueue": _tuple(DELIVERY),
    "snapshot": TUPLES,
    "delete_snapshot": TUPLES,
    "restore": _tuple(PLAIN, CLOCK),
    "reset": TUPLES,
    "renew": TUPLES,
    "begin": _tuple(_once(CONFIG), CLOCK, TUPLES, _many(_tuple(_once(TUPLES), PLAIN)), PLAIN),
    "table": _tuple(PLAIN, _entries(ROW)),
    "index": _tuple(CHAINS),
    "history": _tuple(CHAINS),
    "alarms": _tuple(_entries(QUEUED_TIMER)),
    "deliveries": _tuple(_entries(DELIVERY)),
    "lines": _tuple(_entries(TUPLES)),
    "as_opening": TUPLES,
    "as_snapshot": TUPLES,
    "as_present": _tuple(TUPLES, _many(FAULT), _many(COUNTER), TUPLES),
}
