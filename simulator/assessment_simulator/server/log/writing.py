"""How effects are written down: one JSON array for each, its word first. The only place that knows the format.

Records go in as the text that they were rendered to, so what is read is byte for byte what was saved. Within an
image, a record or delivery that was written before is a number: that of its first place. Changes of the format are a
new `FORMAT`.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, astuple
from typing import Any, NamedTuple

import orjson

from assessment_simulator.core.config import Config
from assessment_simulator.core.decision import Alarm, Notice
from assessment_simulator.core.delivery import Answer, Attempt, Delivery, Post
from assessment_simulator.core.faults import Fault, Tally
from assessment_simulator.server.clock import Clock
from assessment_simulator.server.memory import Effect
from assessment_simulator.server.state import Row

FORMAT = 1
_PLAIN_JSON = b" "
"""Stands before what orjson could not write: it is Python's to read as well."""


class Codec(NamedTuple):
    """How one kind of value becomes JSON values, and is made of them."""

    write: Callable[["Writer", Any], Any]
    read: Callable[["Reader", Any], Any]


class Writer:
    """Writes effects; one object each time it is met, as a number from the second time on."""

    def __init__(self) -> None:
        self._met: dict[int, int] = {}
        self._alive: list[Any] = []
        """What was met, so that its identity stays its own."""

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

    def once(self, value: Any, write: Callable[[Any], Any]) -> Any:
        """The value, or where it was written."""
        place = self._met.get(id(value))
        if place is not None:
            return place
        self._met[id(value)] = len(self._alive)
        self._alive.append(value)
        return write(value)


class Reader:
    """Reads what a `Writer` wrote, in the same order."""

    def __init__(self) -> None:
        self._met: list[Any] = []

    def read(self, data: bytes) -> list[Effect]:
        """The effects; raises ValueError, TypeError or LookupError where they are none."""
        return [
            (word, tuple([codec.read(self, value) for codec, value in zip(VALUES[word], told, strict=True)]))
            for line in data.split(b"\n")
            for word, *told in (json.loads(line) if line.startswith(_PLAIN_JSON) else orjson.loads(line))
        ]

    def once(self, value: Any, read: Callable[[Any], Any]) -> Any:
        """The value, which may have been read before."""
        if isinstance(value, int):
            return self._met[value]
        made = read(value)
        self._met.append(made)
        return made


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


def _pair(first: Codec, second: Codec) -> Codec:
    return Codec(
        lambda writer, pair: [first.write(writer, pair[0]), second.write(writer, pair[1])],
        lambda reader, pair: (first.read(reader, pair[0]), second.read(reader, pair[1])),
    )


def _maybe(codec: Codec) -> Codec:
    return Codec(
        lambda writer, value: None if value is None else codec.write(writer, value),
        lambda reader, value: None if value is None else codec.read(reader, value),
    )


# The values.


def _write_row(row: Row) -> list[Any]:
    return [row[0], row[1].decode(), row[2].decode()]


def _read_row(said: Any) -> Row:
    return (said[0], said[1].encode(), said[2].encode())


def _write_post(post: Post) -> list[Any]:
    return [post.url, post.headers, post.body.decode("latin-1")]


def _write_attempt(attempt: Attempt) -> list[Any]:
    answer = None if attempt.answer is None else astuple(attempt.answer)
    return [
        attempt.number, attempt.at, _write_post(attempt.request), answer, attempt.error, attempt.duration, attempt.fault
    ]  # fmt: skip


def _read_attempt(said: Any) -> Attempt:
    number, at, (url, headers, body), answer, *rest = said
    post = Post(url, _tuples(headers), body.encode("latin-1"))
    return Attempt(number, at, post, None if answer is None else Answer(*_tuples(answer)), *rest)


def _write_delivery(delivery: Delivery) -> list[Any]:
    attempts = [_write_attempt(attempt) for attempt in delivery.attempts]
    return [
        delivery.id, astuple(delivery.notice), delivery.created, delivery.due, delivery.state, attempts, delivery.fault,
        delivery.doubles,
    ]  # fmt: skip


def _read_delivery(said: Any) -> Delivery:
    id, notice, created, due, state, attempts, *rest = said
    return Delivery(id, Notice(*notice), created, due, state, tuple(map(_read_attempt, attempts)), *rest)


PLAIN = Codec(_same, _same)
TUPLES = Codec(_same, lambda _, value: _tuples(value))
ROW = Codec(lambda w, row: w.once(row, _write_row), lambda r, said: r.once(said, _read_row))
SAVED = Codec(
    lambda w, saved: [saved[0], saved[1], ROW.write(w, saved[2]), saved[3]],
    lambda r, said: (said[0], said[1], ROW.read(r, said[2]), _tuples(said[3])),
)
CONFIG = _codec(asdict, Config.of)
CLOCK = _codec(astuple, lambda said: Clock(*said))
ALARM = _codec(lambda a: (a.operation, a.id, a.at, a.vendor, a.base), lambda said: Alarm(*said))
DELIVERY = Codec(lambda w, one: w.once(one, _write_delivery), lambda r, said: r.once(said, _read_delivery))
ATTEMPT = _codec(_write_attempt, _read_attempt)
FAULT = _codec(asdict, lambda said: Fault(**said))
TALLY = _codec(tuple, lambda said: Tally(*said))

VALUES: Mapping[str, tuple[Codec, ...]] = {
    "commit": (PLAIN, PLAIN, _many(SAVED), TUPLES, _many(ALARM), _many(DELIVERY)),
    "alarm": (ALARM,),
    "let_in": (PLAIN, PLAIN),
    "configure": (CONFIG,),
    "turn": (CLOCK,),
    "misbehave": (_many(FAULT),),
    "count": (PLAIN, TALLY),
    "attempt": (PLAIN, ATTEMPT, PLAIN, _maybe(DELIVERY)),
    "claim": (PLAIN, PLAIN),
    "play": (PLAIN,),
    "put_off": (PLAIN, PLAIN, PLAIN),
    "overtake": (PLAIN, PLAIN, PLAIN),
    "release": (PLAIN,),
    "owe": (DELIVERY,),
    "snapshot": (PLAIN, PLAIN),
    "restore": (PLAIN, CLOCK),
    "reset": (),
    "renew": (),
    "state": (CONFIG, CLOCK, PLAIN),
    "table": (PLAIN, _many(_pair(PLAIN, ROW))),
    "index": (TUPLES,),
    "history": (TUPLES,),
    "tally": (TUPLES,),
    "ringing": (_many(_pair(ALARM, PLAIN)),),
    "deliveries": (_many(DELIVERY),),
    "lines": (TUPLES, PLAIN, TUPLES),
    "as_opening": (),
    "as_snapshot": (PLAIN,),
    "as_present": (PLAIN, _many(FAULT), _many(TALLY), TUPLES, PLAIN),
    "epoch": (PLAIN,),
    "renewals": (PLAIN,),
}
"""Every effect's values, in order."""
