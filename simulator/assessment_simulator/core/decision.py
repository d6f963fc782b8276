"""What a vendor decided about a Call. Nothing in it has happened yet: the sandbox's commit makes it true."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from assessment_simulator.core.request import VendorResponse

TOKEN = "token"  # noqa: S105  a kind of record
"""The kind of records that are credentials: their `status` is the instant at which they lapse. They outlive a restore,
not a reset, and no fork takes them."""


@dataclass(frozen=True, slots=True)
class Record:
    """A thing to remember: `public` is what the vendor shows of it, member for member; `internal` what only we know.

    `keys` are the (index, value) pairs under which it can be found from now on; none is forgotten by a later save.
    """

    kind: str
    id: str
    status: str | int | None
    public: Mapping[str, Any]
    internal: Mapping[str, Any] = field(default_factory=dict)
    keys: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class WebhookEvent:
    """A webhook to send about an invitation; `body` may hold `BASE` and `SEAL`.

    `named` says that a request to the vendor named the address; else a setting of the sandbox did.
    """

    id: str
    vendor: str
    invitation: str
    url: str
    media_type: str
    body: str
    named: bool = False


@dataclass(frozen=True, slots=True)
class Timer:
    """A Call due later: `operation` on the invitation `id`, at the instant `at`; `at=None` takes the alarm back.

    An invitation has at most one alarm for each operation.
    """

    operation: str
    id: str
    at: int | None
    vendor: str = ""
    base_url: str = ""


class Decision(NamedTuple):
    """A reply, and the changes that go with it: all of them, or none.

    `deleted` are the (kind, id) of records that are gone from now on; keys that led to them lead nowhere.
    """

    response: VendorResponse
    records: tuple[Record, ...] = ()
    webhook_events: tuple[WebhookEvent, ...] = ()
    timers: tuple[Timer, ...] = ()
    deleted: tuple[tuple[str, str], ...] = ()

    @property
    def changes(self) -> bool:
        """Whether anything is to be made true."""
        return bool(self.records or self.timers or self.webhook_events or self.deleted)
