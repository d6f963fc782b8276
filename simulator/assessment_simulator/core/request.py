"""A request freed from HTTP, and what the vendor would answer.

What is made anew for every request is a named tuple: as frozen as a dataclass, and made in a third of the time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from assessment_simulator.core.seeded_random import SeededRandom

BASE_URL_TOKEN = "http://b-7f3kq9x2.simulator.invalid"  # noqa: S105  a placeholder
"""Stands in every record where the address goes under which the caller reaches this server; the edge fills it in.

Nobody writes it by accident; who writes it on purpose reads his own address back."""
LINK_TOKEN = "s-7f3kq9x2.simulator.invalid"  # noqa: S105  a placeholder
"""Stands in every link before `.` and the invitation's id, where the sandbox's name and the seal go; see `links`."""


MISSING: Any = object()
"""The body of a request that has none."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A body that was sent but is not what its media type promises.

    `hint` says what to change, where the cause is known. `unmarked` is the JSON value behind a UTF-8 byte order mark,
    for a vendor that accepts the mark; `MISSING` where the body has no such value.
    """

    reason: str
    hint: str | None = None
    unmarked: Any = MISSING


_NO_WORDS: Mapping[str, str] = MappingProxyType({})


class VendorRequest(NamedTuple):
    """One request to a vendor: by HTTP, by a control action, by a candidate's page or by an alarm.

    `now` is in ticks. `headers` holds those that the vendor declared, by lower-case name. `body` is the parsed JSON
    (or form, as a mapping), `MISSING` or `Unreadable`. `recent` counts the calls let in during the last minute.
    `raw_query` is the query string as it was sent.
    """

    operation: str
    now: int
    random: SeededRandom
    base_url: str
    method: str = ""
    path: str = ""
    params: Mapping[str, str] = _NO_WORDS
    query: Mapping[str, str] = _NO_WORDS
    headers: Mapping[str, str] = _NO_WORDS
    media_type: str = ""
    body: Any = MISSING
    recent: int = 0
    raw_query: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """A page to be drawn, without the means to draw it: a title, and sections of (heading, rows of text)."""

    title: str
    sections: tuple[tuple[str, tuple[tuple[str, ...], ...]], ...]


@dataclass(frozen=True, slots=True)
class Line:
    """A straight line from one point to another; colours are `#rrggbb`."""

    start: tuple[float, float]
    end: tuple[float, float]
    colour: str = "#000000"
    width: float = 1


@dataclass(frozen=True, slots=True)
class Dot:
    """A filled circle."""

    centre: tuple[float, float]
    radius: float
    colour: str = "#000000"


@dataclass(frozen=True, slots=True)
class Label:
    """A line of text whose `anchor` (its start, middle or end) stands at a point, on the base line."""

    at: tuple[float, float]
    text: str
    size: int = 12
    anchor: Literal["start", "middle", "end"] = "start"
    colour: str = "#000000"


@dataclass(frozen=True, slots=True)
class Drawing:
    """A picture to be drawn, without the means to draw it: `width` by `height` units, from the top left corner.

    It is drawn on white, mark over mark. The reply's media type says as what: SVG or PNG.
    """

    title: str
    width: int
    height: int
    marks: tuple[Line | Dot | Label, ...]


@dataclass(frozen=True, slots=True)
class Bundle:
    """Several documents in one archive, each under its file name."""

    files: tuple[tuple[str, Document], ...]


class VendorResponse(NamedTuple):
    """What the vendor answers: a status, and a body of JSON values, stored records, bytes, or what is to be drawn.

    `rules` are the ids of the rules that refused the call; `notes` say what was accepted though no document names it,
    `hints` what to change in a call that was refused.
    """

    status: int
    body: Any = None
    headers: tuple[tuple[str, str], ...] = ()
    media_type: str = "application/json"
    rules: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
