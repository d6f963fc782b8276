"""How effects are written: one JSON array for each, its word first. The only place that knows the format.

Records go in as the text that they were rendered to, so what is read is byte for byte what was saved. Images
(`image`) write each value of a dictionary once: where the same object is met again, in another snapshot, its number
stands in its place, and the reader puts the same object there. A change of the format is a new migration (`sql`).
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, astuple
from operator import itemgetter
from typing import Any, NamedTuple

import orjson

from assessment_simulator.core.config import Config
from assessment_simulator.core.decision import Timer, WebhookEvent
from assessment_simulator.core.faults import Counter, Fault
from assessment_simulator.core.retry_schedule import Attempt, Delivery, WebhookRequest, WebhookResponse
from assessment_simulator.sandbox.clock import Clock
from assessment_simulator.sandbox.memory import Effect
from assessment_simulator.sandbox.state import Row

_PLAIN_JSON = b" "
"""Stands before what orjson could not write: it is Python's to read as well."""


class Codec(NamedTuple):
    """How one kind of value becomes JSON values, and is made of them."""

    write: Callable[["Writer", Any], Any]
    read: Callable[["Reader", Any], Any]


class Writer:
    """Writes effects, and numbers the objects of an image."""

    def __init__(self) -> None:
        self.numbers: dict[int, int] = {}
        """By `id` of an object its number."""
        self._alive: list[Any] = []
        """The numbered objects: while they are alive, no other object has their `id`."""

    def number(self, value: Any) -> None:
        """Give an object the next number."""
        self.numbers[id(value)] = len(self._alive)
        self._alive.append(value)

    def write(self, effects: Iterable[Effect]) -> bytes:
        """Effects as bytes."""
        said = [
            [word, *[codec.write(self, value) for codec, value in zip(VALUES[word], told, strict=True)]]
            for word, told in effects
        ]
        try:
            return orjson.dumps(said)
        except TypeError:  # an integer of more than 64 bits, half a surrogate pair
            return _PLAIN_JSON + json.dumps(said, separators=(",", ":")).encode()

    @staticmethod
    def joined(written: Iterable[bytes]) -> bytes:
        """What was written one after the other, as one piece."""
        return b"\n".join(written)


class Reader:
    """Reads what a `Writer` wrote, in the same order."""

    def __init__(self) -> None:
        self.numbered: list[Any] = []
        """What was read, by number."""

    def read(self, data: bytes) -> list[Effect]:
        """The effects; raises ValueError, TypeError or LookupError where they are none."""
        return [
            (word, tuple([codec.read(self, value) for codec, value in zip(VALUES[word], told, strict=True)]))
            for line in data.split(b"\n")
            for word, *told in (json.loads(line) if line.startswith(_PLAIN_JSON) else orjson.loads(line))
        ]


def _same(_: object, value: Any) -> Any:
    return value


def _codec(write: Callable[[Any], Any], read: Callable[[Any], Any]) -> Codec:
    """A codec that has no memory."""
    return Codec(lambda _, value: write(value), lambda _, value: read(value))


def _tuples(value: Any) -> Any:
    """Arrays as tuples, all the way down."""
    return tuple([_tuples(one) for one in value]) if isinstance(value, list) else value


def _many(codec: Codec) -> Codec:
    return Codec(
        lambda writer, values: [codec.write(writer, value) for value in values],
        lambda reader, values: tuple([codec.read(reader, value) for value in values]),
    )


def _tuple(*codecs: Codec) -> Codec:
    return Codec(
        lambda writer, values: [codec.write(writer, value) for codec, value in zip(codecs, values, strict=True)],
        lambda reader, said: tuple([codec.read(reader, value) for codec, value in zip(codecs, said, strict=True)]),
    )


def _maybe(codec: Codec) -> Codec:
    return Codec(
        lambda writer, value: None if value is None else codec.write(writer, value),
        lambda reader, value: None if value is None else codec.read(reader, value),
    )


# What the states of an image share: the same object is written once, and read back as one object.


def _once(codec: Codec, shared: Callable[[Any], Any] = lambda value: value) -> Codec:
    """A value; where its `shared` object was written before, the number of that."""

    def write(writer: Writer, value: Any) -> Any:
        number = writer.numbers.get(id(shared(value)))
        if number is not None:
            return number
        said = codec.write(writer, value)
        writer.number(shared(value))
        return said

    def read(reader: Reader, said: Any) -> Any:
        if isinstance(said, int):
            return reader.numbered[said]
        value = codec.read(reader, said)
        reader.numbered.append(value)
        return value

    return Codec(write, read)


def _entries(codec: Codec) -> Codec:
    """Entries of a dictionary, known by their values: no value has two keys."""
    return _many(_once(_tuple(TUPLES, codec), itemgetter(1)))


def _write_chain(writer: Writer, entry: tuple[Any, Any]) -> Any:
    key, older = entry
    new = []
    while older is not None and id(older) not in writer.numbers:
        new.append(older)
        older = older[-1]
    number = None if older is None else writer.numbers[id(older)]
    for link in reversed(new):
        writer.number(link)
    return [key, number, [link[:-1] for link in reversed(new)]] if new else number


def _read_chain(reader: Reader, said: Any) -> Any:
    if isinstance(said, int):
        return reader.numbered[said]
    key, number, new = said
    key, chain = (_tuples(key), None) if number is None else reader.numbered[number]
    for link in new:
        chain = (*link, chain)
        reader.numbered.append((key, chain))
    return key, chain


# The values.


def _write_row(row: Row) -> list[Any]:
    return [row[0], row[1].decode(), row[2].decode()]


def _read_row(said: Any) -> Row:
    return (said[0], said[1].encode(), said[2].encode())


def _write_post(post: WebhookRequest) -> list[Any]:
    return [post.url, post.headers, post.body.decode("latin-1")]


def _write_attempt(attempt: Attempt) -> list[Any]:
    answer = None if attempt.answer is None else astuple(attempt.answer)
    return [
        attempt.number, attempt.at, _write_post(attempt.request), answer, attempt.error, attempt.duration, attempt.fault
    ]  # fmt: skip


def _read_attempt(said: Any) -> Attempt:
    number, at, (url, headers, body), answer, *rest = said
    post = WebhookRequest(url, _tuples(headers), body.encode("latin-1"))
    return Attempt(number, at, post, None if answer is None else WebhookResponse(*_tuples(answer)), *rest)


def _write_delivery(delivery: Delivery) -> list[Any]:
    attempts = [_write_attempt(attempt) for attempt in delivery.attempts]
    return [
        delivery.id, astuple(delivery.event), delivery.created, delivery.due, delivery.state, attempts, delivery.fault,
        delivery.duplicate_key, delivery.number,
    ]  # fmt: skip


def _read_delivery(said: Any) -> Delivery:
    id, notice, created, due, state, attempts, *rest = said
    return Delivery(id, WebhookEvent(*notice), created, due, state, tuple(map(_read_attempt, attempts)), *rest)


PLAIN = Codec(_same, _same)
TUPLES = Codec(_same, lambda _, value: _tuples(value))
ROW = _codec(_write_row, _read_row)
SAVED = _tuple(PLAIN, PLAIN, ROW, TUPLES)
CONFIG = _codec(asdict, Config.of)
CLOCK = _codec(astuple, lambda said: Clock(*said))
ALARM = _codec(lambda a: (a.operation, a.id, a.at, a.vendor, a.base_url), lambda said: Timer(*said))
RINGING = _tuple(PLAIN, PLAIN, ALARM)
DELIVERY = _codec(_write_delivery, _read_delivery)
CHAINS = _many(Codec(_write_chain, _read_chain))
"""Entries whose values are chains, tuples that end in the chain of what is older. An entry is its key, the number of
the part that was written before, and the links that were not, oldest first, each of which gets a number."""
ATTEMPT = _codec(_write_attempt, _read_attempt)
FAULT = _codec(asdict, lambda said: Fault(**said))
TALLY = _codec(tuple, lambda said: Counter(*said))

VALUES: Mapping[str, tuple[Codec, ...]] = {
    "commit": (PLAIN, PLAIN, _many(SAVED), TUPLES, _many(ALARM), _many(DELIVERY)),
    "alarm": (ALARM,),
    "let_in": (PLAIN, PLAIN),
    "configure": (CONFIG,),
    "turn": (CLOCK,),
    "misbehave": (_many(FAULT),),
    "count": (PLAIN, TALLY),
    "attempt": (PLAIN, ATTEMPT, PLAIN, _maybe(DELIVERY)),
    "put_off": (PLAIN, PLAIN, PLAIN),
    "overtake": (PLAIN, PLAIN, PLAIN),
    "release": (PLAIN,),
    "owe": (DELIVERY,),
    "snapshot": (PLAIN, PLAIN),
    "delete_snapshot": (PLAIN,),
    "restore": (PLAIN, CLOCK),
    "reset": (),
    "renew": (),
    "begin": (_once(CONFIG), CLOCK, TUPLES, _many(_tuple(_once(TUPLES), PLAIN)), PLAIN),
    "table": (PLAIN, _entries(ROW)),
    "index": (CHAINS,),
    "history": (CHAINS,),
    "alarms": (_entries(RINGING),),
    "deliveries": (_entries(DELIVERY),),
    "lines": (_entries(TUPLES),),
    "as_opening": (),
    "as_snapshot": (PLAIN,),
    "as_present": (TUPLES, _many(FAULT), _many(TALLY), TUPLES),
}
"""Every effect's values, in order."""
