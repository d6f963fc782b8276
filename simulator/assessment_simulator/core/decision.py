"""What a vendor decided about a request. Nothing in it has happened yet: the sandbox's commit applies it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from assessment_simulator.core.request import VendorResponse

TOKEN = "token"  # noqa: S105  a kind of record
"""The kind of records that are credentials; their `status` is the instant at which they expire. A restore keeps them, a
reset deletes them, and a fork does not copy them."""


@dataclass(frozen=True, slots=True)
class Record:
    """A thing to store: `public` is what the vendor shows of it, member for member; `internal` is never shown.

    `keys` are the (index, value) pairs under which it is found from now on; a later save removes none of them.
    """

    kind: str
    id: str
    status: str | int | None
    public: Mapping[str, Any]
    internal: Mapping[str, Any] = field(default_factory=dict)
    keys: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class WebhookEvent:
    """A webhook to send about an invitation; `body` may hold placeholders of `core.request`."""

    id: str
    vendor: str
    invitation: str
    url: str
    media_type: str
    body: str
    named: bool = False  # whether a request to the vendor named the URL; else a setting of the sandbox did


@dataclass(frozen=True, slots=True)
class Timer:
    """A request due later: `operation` on the invitation `id`, at the instant `at`; `at=None` cancels the timer.

    An invitation has at most one timer for each operation.
    """

    operation: str
    id: str
    at: int | None
    vendor: str = ""
    base_url: str = ""


class Decision(NamedTuple):
    """A response, and the changes that go with it: all of them, or none.

    `deleted` are the (kind, id) of records to delete; keys that led to them lead nowhere.
    """

    response: VendorResponse
    records: tuple[Record, ...] = ()
    webhook_events: tuple[WebhookEvent, ...] = ()
    timers: tuple[Timer, ...] = ()
    deleted: tuple[tuple[str, str], ...] = ()

    @property
    def changes(self) -> bool:
        """Whether anything is to be applied."""
        return bool(self.records or self.timers or self.webhook_events or self.deleted)
