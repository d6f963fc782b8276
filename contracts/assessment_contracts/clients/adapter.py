"""What an adapter is: a few methods around your client, which the suite calls.

Write one class. It may stand for one of these Protocols or for several; nothing need be inherited. The class is called
with those of the following that its `__init__` names, all by keyword:

    base_url       where the vendor's host is, without a slash at the end: "http://127.0.0.1:40001"; the paths of the
                   vendor's documents follow, so The Predictive Index's begin with /api/v1
    client_id, client_secret    pymetrics' credentials
    api_key        either vendor's key
    timeout        how many seconds the client should wait for one answer at most

`features` says what the client claims (`assessment_contracts.clients.features`); without it, it claims all that its
methods allow.
Bodies and answers are the vendor's own JSON, as `json.loads` gives it. A call that does not work out raises
`ClientError`; anything else that it raises is a crash. Whatever happens, a call must end within eight seconds.
"""

from collections.abc import Mapping
from typing import Any, Literal, Protocol, TypedDict

Kind = Literal["refused", "unavailable", "unreadable"]
KINDS: tuple[Kind, ...] = ("refused", "unavailable", "unreadable")
Vendor = Literal["pymetrics", "predictive_index"]


class ClientError(Exception):
    """A call did not work out.

    `kind` is `refused` when the vendor said no and would say it again (most 4xx); `unavailable` when the same call may
    succeed later (no answer, too slow, 429, 5xx, recoverable); `unreadable` when an answer came that is not what the
    vendor promises. `status` is the HTTP status, where there was one.
    """

    def __init__(self, kind: Kind, message: str = "", status: int | None = None) -> None:
        super().__init__(message or kind)
        self.kind: Kind = kind
        self.status = status


class Created(TypedDict):
    """What a create call told: the order as the vendor shows it, and whether it is a new one."""

    order: dict[str, Any]
    created: bool


class Request(TypedDict):
    """A webhook as it came in; header names are in lower case, the body is text."""

    method: str
    path: str
    headers: dict[str, str]
    body: str


class PymetricsClient(Protocol):
    """A client of pymetrics' Mercury API, of either version."""

    def create_order(self, order: Mapping[str, Any]) -> Created:
        """Ask for an order: `{"candidate": {"email": …}, "assessment_id": …, "application_id": …, …}`."""
        ...

    def get_order(self, id: str, report: bool) -> dict[str, Any]:
        """The order with this id; `report` asks the vendor to make a report."""
        ...

    def assessments(self) -> list[dict[str, Any]]:
        """What may be ordered: `[{"id": …, "type": …, "description": …}]`. Optional."""
        ...

    def list_orders(self, application_id: str | None, candidate_id: str | None) -> list[dict[str, Any]]:
        """The orders of an application, of a candidate (`external_id`), or of both. Optional."""
        ...


class PredictiveIndexClient(Protocol):
    """A client of The Predictive Index's behavioural assessments."""

    def create_assessment(self, assessment: Mapping[str, Any]) -> dict[str, Any]:
        """Create one: `{"firstName": …, "lastName": …, "email": …, …}`; gives it as the vendor shows it."""
        ...

    def get_assessment(self, id: str) -> dict[str, Any]:
        """The assessment with this id."""
        ...

    def change_assessment(self, id: str, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Change these members of it; gives it as it is then. Optional."""
        ...


class WebhookReceiver(Protocol):
    """What takes webhooks and remembers what they told."""

    def receive(self, vendor: Vendor, request: Request) -> int:
        """Take one webhook; gives the HTTP status to answer with. It may ask the vendor meanwhile."""
        ...

    def state_of(self, vendor: Vendor, id: str) -> int | str | None:
        """What the client holds an order's status or an assessment's state to be; None when it knows nothing of it."""
        ...


METHODS = (
    *("create_order", "get_order", "assessments", "list_orders"),
    *("create_assessment", "get_assessment", "change_assessment"),
    *("receive", "state_of"),
)
"""Every method that an adapter can have."""
OPENING = ("base_url", "client_id", "client_secret", "api_key", "timeout")
"""What a client may be opened with."""
