"""How changes are stored: one JSON array for each, its name first. The only module that knows the format.

Records are stored as the text that they were rendered to, so what is read is byte for byte what was saved. An image
(`memory.image`) holds each value of a dictionary once: where the same object is met again, in another snapshot, its
number stands in its place, and the decoder puts the same object there. A change of the format needs a new migration of
the log, because older commits are read with the same table.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, astuple
from operator import itemgetter
from typing import Any, NamedTuple

import orjson

from assessment_simulator.core.config import Config
from assessment_simulator.core.decision import Timer, WebhookEvent
from assessment_simulator.core.faults import Counter, Fault
from assessment_simulator.core.retry_schedule import Attempt, Delivery, WebhookRequest, WebhookResponse
from assessment_simulator.sandbox.clock import Clock
from assessment_simulator.sandbox.memory import Change, Memory, image

PART = 65_536
"""A part of an encoded image ends after this many bytes."""
_PLAIN_JSON = b" "
"""The first byte of what orjson could not write, and Python's parser must read."""


class Codec(NamedTuple):
    """How one kind of value becomes JSON values, and is made of them."""

    write: Callable[["Encoder", Any], Any]
    read: Callable[["Decoder", Any], Any]


class Encoder:
    """Encodes changes, and numbers the objects of an image."""

    def __init__(self) -> None:
        self.numbers: dict[int, int] = {}
        """By `id` of an object its number."""
        self._alive: list[Any] = []
        """The numbered objects: while they are alive, no other object has their `id`."""

    def number(self, value: Any) -> None:
        """Give an object the next number."""
        self.numbers[id(value)] = len(self._alive)
        self._alive.append(value)

    def write(self, changes: Iterable[Change]) -> bytes:
        """Changes as bytes; those of several calls may be joined by line feeds."""
        arrays = [
            [name, *[codec.write(self, value) for codec, value in zip(VALUES[name], values, strict=True)]]
            for name, values in changes
        ]
        try:
            return orjson.dumps(arrays)
        except TypeError:  # an integer of more than 64 bits, half a surrogate pair
            return _PLAIN_JSON + json.dumps(arrays, separators=(",", ":")).encode()


class Decoder:
    """Decodes what an `Encoder` wrote, in the same order."""

    def __init__(self) -> None:
        self.numbered: list[Any] = []
        """What was read, by number."""

    def read(self, data: bytes) -> list[Change]:
        """The changes; raises ValueError, TypeError or LookupError where they are none."""
        return [
            (name, tuple([codec.read(self, value) for codec, value in zip(VALUES[name], values, strict=True)]))
            for line in data.split(b"\n")
            for name, *values in (json.loads(line) if line.startswith(_PLAIN_JSON) else orjson.loads(line))
        ]


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


def _tuples(value: Any) -> Any:
    """Arrays as tuples, all the way down."""
    return tuple([_tuples(one) for one in value]) if isinstance(value, list) else value


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


def _once(codec: Codec, shared: Callable[[Any], Any] = lambda value: value) -> Codec:
    """A value; where its `shared` object was written before, the number of that."""

    def write(encoder: Encoder, value: Any) -> Any:
        number = encoder.numbers.get(id(shared(value)))
        if number is not None:
            return number
        written = codec.write(encoder, value)
        encoder.number(shared(value))
        return written

    def read(decoder: Decoder, written: Any) -> Any:
        if isinstance(written, int):
            return decoder.numbered[written]
        value = codec.read(decoder, written)
        decoder.numbered.append(value)
        return value

    return Codec(write, read)


def _entries(codec: Codec) -> Codec:
    """Entries of a dictionary, known by their values: no value has two keys."""
    return _many(_once(_tuple(TUPLES, codec), itemgetter(1)))


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


def _write_attempt(attempt: Attempt) -> list[Any]:
    request, answer = attempt.request, None if attempt.answer is None else astuple(attempt.answer)
    post = [request.url, request.headers, request.body.decode("latin-1")]
    return [attempt.number, attempt.at, post, answer, attempt.error, attempt.duration, attempt.fault]


def _read_attempt(written: Any) -> Attempt:
    number, at, (url, headers, body), answer, *rest = written
    post = WebhookRequest(url, _tuples(headers), body.encode("latin-1"))
    return Attempt(number, at, post, None if answer is None else WebhookResponse(*_tuples(answer)), *rest)


def _write_delivery(delivery: Delivery) -> list[Any]:
    attempts = [_write_attempt(attempt) for attempt in delivery.attempts]
    return [
        delivery.id, astuple(delivery.event), delivery.created, delivery.due, delivery.state, attempts, delivery.fault,
        delivery.duplicate_key, delivery.number,
    ]  # fmt: skip


def _read_delivery(written: Any) -> Delivery:
    id, notice, created, due, state, attempts, *rest = written
    return Delivery(id, WebhookEvent(*notice), created, due, state, tuple(map(_read_attempt, attempts)), *rest)


PLAIN = _codec(lambda value: value, lambda value: value)
TUPLES = _codec(lambda value: value, _tuples)
ROW = _codec(lambda row: [row[0], row[1].decode(), row[2].decode()], lambda w: (w[0], w[1].encode(), w[2].encode()))
SAVED = _tuple(PLAIN, PLAIN, ROW, TUPLES)
CONFIG = _codec(asdict, Config.of)
CLOCK = _codec(astuple, lambda written: Clock(*written))
TIMER = _codec(lambda t: (t.operation, t.id, t.at, t.vendor, t.base_url), lambda written: Timer(*written))
QUEUED_TIMER = _tuple(PLAIN, PLAIN, TIMER)
DELIVERY = _codec(_write_delivery, _read_delivery)
CHAINS = _many(Codec(_write_chain, _read_chain))
"""Entries whose values are chains, tuples that end in the chain of what is older. An entry is its key, the number of
the part that was written before, and the links that were not, oldest first, each of which gets a number."""
ATTEMPT = _codec(_write_attempt, _read_attempt)
FAULT = _codec(asdict, lambda written: Fault(**written))
COUNTER = _codec(tuple, lambda written: Counter(*written))

VALUES: Mapping[str, tuple[Codec, ...]] = {
    "commit": (PLAIN, PLAIN, _many(SAVED), TUPLES, _many(TIMER), _many(DELIVERY)),
    "timer": (TIMER,),
    "count_request": (PLAIN, PLAIN),
    "configure": (CONFIG,),
    "set_clock": (CLOCK,),
    "set_faults": (_many(FAULT),),
    "count_fault": (PLAIN, COUNTER),
    "attempt": (PLAIN, ATTEMPT, PLAIN, _maybe(DELIVERY)),
    "postpone": (PLAIN, PLAIN, PLAIN),
    "reorder": (PLAIN, PLAIN, PLAIN),
    "release": (PLAIN,),
    "enqueue": (DELIVERY,),
    "snapshot": (PLAIN, PLAIN),
    "delete_snapshot": (PLAIN,),
    "restore": (PLAIN, CLOCK),
    "reset": (),
    "renew": (),
    # Those of images.
    "begin": (_once(CONFIG), CLOCK, TUPLES, _many(_tuple(_once(TUPLES), PLAIN)), PLAIN),
    "table": (PLAIN, _entries(ROW)),
    "index": (CHAINS,),
    "history": (CHAINS,),
    "alarms": (_entries(QUEUED_TIMER),),
    "deliveries": (_entries(DELIVERY),),
    "lines": (_entries(TUPLES),),
    "as_opening": (),
    "as_snapshot": (PLAIN,),
    "as_present": (TUPLES, _many(FAULT), _many(COUNTER), TUPLES),
}
"""How the arguments of each type of change are written, in order."""
