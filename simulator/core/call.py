"""A request freed from HTTP, and what the vendor would answer.

What is made anew for every request is a named tuple: as frozen as a dataclass, and made in a third of the time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

from simulator.core.draw import Draw

BASE = "http://b-7f3kq9x2.simulator.invalid"
"""Stands in every record where the address goes under which the caller reaches this server; the edge fills it in.

Nobody writes it by accident; who writes it on purpose reads his own address back."""
SEAL = "s-7f3kq9x2.simulator.invalid"
"""Stands in every link where the sandbox's name and its seal go; the edge fills them in."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A body that was sent but is not what its media type promises."""

    reason: str


NOTHING: Any = object()
"""The body of a request that has none."""


_NO_WORDS: Mapping[str, str] = MappingProxyType({})


class Call(NamedTuple):
    """One request to a vendor: by HTTP, by a control action, by a candidate's page or by an alarm.

    `now` is in ticks. `headers` holds those that the vendor declared, by lower-case name. `body` is the parsed JSON
    (or form, as a mapping), `NOTHING` or `Unreadable`. `recent` counts the calls let in during the last minute.
    """

    operation: str
    now: int
    draw: Draw
    base: str
    method: str = ""
    path: str = ""
    params: Mapping[str, str] = _NO_WORDS
    query: Mapping[str, str] = _NO_WORDS
    headers: Mapping[str, str] = _NO_WORDS
    media_type: str = ""
    body: Any = NOTHING
    recent: int = 0


@dataclass(frozen=True, slots=True)
class Document:
    """A page to be drawn, without the means to draw it: a title, and sections of (heading, rows of text)."""

    title: str
    sections: tuple[tuple[str, tuple[tuple[str, ...], ...]], ...]


class Reply(NamedTuple):
    """What the vendor answers: a status, and a body of JSON values, stored records, a `Document` or bytes.

    `rules` are the ids of the rules that refused the call; `notes` say what was accepted though no document names it.
    """

    status: int
    body: Any = None
    headers: tuple[tuple[str, str], ...] = ()
    media_type: str = "application/json"
    rules: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
