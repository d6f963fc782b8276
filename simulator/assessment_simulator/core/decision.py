"""What a vendor decided about a request: the response, and the changes that go with it.

Nothing in it has happened yet: the sandbox's commit applies it. Objects that are created for every request are named
tuples: immutable like a dataclass, created in a third of the time.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

# The kind of records that are credentials; their `status` is the instant at which they expire. A restore keeps them, a
# reset deletes them, and a fork does not copy them.
TOKEN = "token"  # noqa: S105  a kind of record
# The kind of records that are mails. Their internal field `base` is the base URL of the request that caused them, for
# the relay; it is empty if no request did, as for the demo's sample data.
MAIL = "mail"


@dataclass(frozen=True, slots=True)
class Record:
    """A thing to store."""

    kind: str
    id: str
    status: str | int | None
    public: Mapping[str, Any]  # what the vendor shows of it, member for member
    internal: Mapping[str, Any] = field(default_factory=dict)  # never shown
    # The (index, value) pairs under which it is found from now on; a later save removes none of them.
    keys: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class WebhookEvent:
    """A webhook to send about an invitation."""

    id: str
    vendor: str
    invitation: str
    url: str
    media_type: str
    body: str  # may hold placeholders of `core.links`
    named: bool = False  # whether a request to the vendor named the URL; else a setting of the sandbox did


@dataclass(frozen=True, slots=True)
class Timer:
    """A request due later; an invitation has at most one timer for each operation."""

    operation: str
    id: str  # of the invitation
    at: int | None  # None cancels the timer
    vendor: str = ""
    base_url: str = ""


class VendorResponse(NamedTuple):
    """What a vendor responds."""

    status: int
    body: Any = None  # JSON values, stored records, bytes, a file to draw, or one of these that is `Unfinished`
    headers: tuple[tuple[str, str], ...] = ()
    media_type: str = "application/json"
    rules: tuple[str, ...] = ()  # the ids of the violated ones
    notes: tuple[str, ...] = ()  # about accepted input that no document knows
    hints: tuple[str, ...] = ()  # how to correct a refused request


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A body that takes long to work out, with notes about it: the last of the `steps` yields both, the others None.

    What the steps read does not change between two of them: they have records, and not the sandbox view.
    """

    steps: Iterator[tuple[Any, tuple[str, ...]] | None]


class Decision(NamedTuple):
    """A response, and the changes that go with it: all of them, or none."""

    response: VendorResponse
    records: tuple[Record, ...] = ()
    webhook_events: tuple[WebhookEvent, ...] = ()
    timers: tuple[Timer, ...] = ()
    deleted: tuple[tuple[str, str], ...] = ()  # (kind, id) of records; keys that led to them lead nowhere


# Files that a response describes without drawing them; `documents` draws them.


@dataclass(frozen=True, slots=True)
class Document:
    """A page to draw: a title on a coloured bar, and sections."""

    title: str
    sections: "Sections"
    subtitle: str = ""  # on the bar, under the title
    colour: str = "#1d2b3a"  # of the bar and the headings
    footer: str = ""  # of each page, before its number; without one, pages have no number


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


# Each with its heading and its content: rows of text, or pictures.
Sections = tuple[tuple[str, tuple[tuple[str, ...] | Drawing, ...]], ...]


@dataclass(frozen=True, slots=True)
class Bundle:
    """Several documents in one archive, each under its file name."""

    files: tuple[tuple[str, Document], ...]
