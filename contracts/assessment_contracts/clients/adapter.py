"""What an adapter is: a few methods around your client, which the suite calls.

Write one class that implements one of these Protocols or several; no base class is needed. It is instantiated once per
example with the parameters of its `__init__` among these, as keywords:

    base_url       where the vendor's host is, without a slash at the end: "http://127.0.0.1:40001"; the paths of the
                   vendor's documents follow, so The Predictive Index's begin with /api/v1
    client_id, client_secret    pymetrics' credentials
    api_key        either vendor's key
    timeout        the seconds that the client should wait for a response at most
    webhook_username, webhook_password    the credentials (HTTP Basic) with which the vendor calls the receiver, if the
                   adapter names these two parameters

`features` says what the client claims (`assessment_contracts.clients.features`); without it, it claims all that its
methods allow.
Bodies and answers are the vendor's own JSON, as `json.loads` gives it. A call that fails raises `ClientError`;
anything else that it raises is a crash. In any case a call must end within fifteen seconds.
"""

from collections.abc import Mapping
from typing import Any, Literal, Protocol, TypedDict

Kind = Literal["refused", "unavailable", "unreadable"]
KINDS: tuple[Kind, ...] = ("refused", "unavailable", "unreadable")
Vendor = Literal["pymetrics", "predictive_index"]


class ClientError(Exception):
    """A call failed.

    `kind` is `refused` if the vendor refused and would refuse again (most 4xx); `unavailable` if the same call may
    succeed later (no response, too slow, 429, 5xx, recoverable); `unreadable` if the response is not what the vendor
    promises. `status` is the HTTP status, if there was one.
    """

    def __init__(self, kind: Kind, message: str = "", status: int | None = None) -> None:
        super().__init__(message or kind)
        self.kind: Kind = kind
        self.status = status


class Created(TypedDict):
    """What a create call returned: the order as the vendor shows it, and whether it is a new one."""

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
        """Create an order: `{"candidate": {"email": …}, "assessment_id": …, "application_id": …, …}`."""
        ...

    def get_order(self, id: str, report: bool) -> dict[str, Any]:
        """The order with this id; `report` requests a report from the vendor."""
        ...

    def assessments(self) -> list[dict[str, Any]]:
        """The assessments that can be ordered: `[{"id": …, "type": …, "description": …}]`. Optional."""
        ...

    def list_orders(self, application_id: str | None, candidate_id: str | None) -> list[dict[str, Any]]:
        """The orders of an application, of a candidate (`external_id`), or of both. Optional."""
        ...


class PredictiveIndexClient(Protocol):
    """A client of The Predictive Index's behavioural assessments."""

    def create_assessment(self, assessment: Mapping[str, Any]) -> dict[str, Any]:
        """Create one: `{"firstName": …, "lastName": …, "email": …, …}`; returns it as the vendor shows it."""
        ...

    def get_assessment(self, id: str) -> dict[str, Any]:
        """The assessment with this id."""
        ...

    def change_assessment(self, id: str, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Change these members of it; returns the changed assessment. Optional."""
        ...


class WebhookReceiver(Protocol):
    """Receives webhooks and remembers their content."""

    def receive(self, vendor: Vendor, request: Request) -> int:
        """Receive one webhook; returns the HTTP status of the response. It may call the vendor in between."""
        ...

    def state_of(self, vendor: Vendor, id: str) -> int | str | None:
        """An order's status, or an assessment's state, as the client knows it from webhooks so far; None if unknown."""
        ...


AT_ONCE = "at_once"
"""A request of the protocol that makes several calls at the same time; Python adapters need no method for it."""
METHODS = (
    *("create_order", "get_order", "assessments", "list_orders"),
    *("create_assessment", "get_assessment", "change_assessment"),
    *("receive", "state_of"),
)
"""Every method that an adapter can have."""
OPENING = (
    "base_url", "client_id", "client_secret", "api_key", "timeout", "webhook_username", "webhook_password",
)  # fmt: skip
"""The parameters that a client's `__init__` may have."""
