"""A vendor request without HTTP, the vendor's response, and files that a response describes without drawing them.

Objects that are created for every request are named tuples: immutable like a dataclass, created in a third of the time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from assessment_simulator.core.seeded_random import SeededRandom

BASE_URL_TOKEN = "http://b-7f3kq9x2.simulator.invalid"  # noqa: S105  a placeholder
"""Stands in every record for the base URL that the caller uses; `core.links` fills it in."""
LINK_TOKEN = "s-7f3kq9x2.simulator.invalid"  # noqa: S105  a placeholder
"""Stands in every link, before `.` and the invitation's id, for the sandbox's name and the seal; see `core.links`."""

MISSING: Any = object()
"""The body of a request that has none."""
_EMPTY: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A body that is not what its media type promises.

    `hint` says what to change, where the cause is known. `unmarked` is the JSON value behind a UTF-8 byte order mark,
    for a vendor that accepts the mark; `MISSING` where the body has no such value.
    """

    reason: str
    hint: str | None = None
    unmarked: Any = MISSING


class VendorRequest(NamedTuple):
    """One request to a vendor: by HTTP, by a control action, by a candidate's page or by a timer."""

    operation: str
    now: int  # in ticks
    random: SeededRandom
    base_url: str
    method: str = ""
    path: str = ""
    params: Mapping[str, str] = _EMPTY
    query: Mapping[str, str] = _EMPTY
    headers: Mapping[str, str] = _EMPTY  # those that the vendor declared, by lower-case name
    media_type: str = ""
    body: Any = MISSING  # the parsed JSON (or form, as a mapping), `MISSING` or `Unreadable`
    recent: int = 0  # requests that were accepted during the last minute
    raw_query: str = ""  # as it was sent


class VendorResponse(NamedTuple):
    """A status, and a body of JSON values, stored records, bytes, or a file to draw.

    `rules` are the ids of the violated rules; `notes` name accepted input that no document knows, `hints` say how to
    correct a refused request.
    """

    status: int
    body: Any = None
    headers: tuple[tuple[str, str], ...] = ()
    media_type: str = "application/json"
    rules: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """A page to draw: a title, and sections of (heading, rows of text)."""

    title: str
    sections: tuple[tuple[str, tuple[tuple[str, ...], ...]], ...]


@dataclass(frozen=True, slots=True)
class Line:
    """A straight line; colours are `#rrggbb`."""

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
    """A line of text whose `anchor` stands at a point, on the base line."""

    at: tuple[float, float]
    text: str
    size: int = 12
    anchor: Literal["start", "middle", "end"] = "start"
    colour: str = "#000000"


@dataclass(frozen=True, slots=True)
class Drawing:
    """A picture of `width` by `height` units from the top left corner: marks on white, later ones over earlier ones.

    The response's media type says as what to draw it: SVG or PNG.
    """

    title: str
    width: int
    height: int
    marks: tuple[Line | Dot | Label, ...]


@dataclass(frozen=True, slots=True)
class Bundle:
    """Several documents in one archive, each under its file name."""

    files: tuple[tuple[str, Document], ...]
