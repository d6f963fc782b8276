"""What differs between the vendors in contracts that hold for both: something is created, has an id and can be read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from assessment_contracts.clients.compare import differences, true
from assessment_contracts.clients.harness import Call, Harness
from assessment_contracts.clients.properties import wishes
from assessment_contracts.sources import Source, Standing


@dataclass(frozen=True)
class Trade:
    """How clients of one vendor are called, and what its responses contain."""

    feature: str
    patience: str
    thing: str
    creates: tuple[str, ...]
    """The operations that create; of several versions of an API."""
    reads: tuple[str, ...]
    id: str
    state: str
    method: str
    """The adapter's method that creates, whose one parameter is `parameter`."""
    parameter: str
    read_method: str
    wish: Callable[[], dict[str, Any]]
    seen: Callable[[Harness, str], dict[str, Any]]
    """Reads it from the vendor, without the client."""
    create_by_suite: Callable[[Harness, Mapping[str, Any]], str]
    """Creates one without the client; returns its id."""
    errors: Source
    credentials: tuple[Source, Standing]
    """Where it is stated that a call is made with the caller's own credentials."""
    flaw: Mapping[str, Any]
    """What makes a wish one that the vendor refuses with 400."""
    stranger: int
    """The status for a key that the vendor does not know."""
    strange: tuple[Any, ...]
    """Undocumented states."""
    wrapped: str = ""
    """The member of the create answer that holds the thing."""
    read_with: Mapping[str, Any] | None = None

    @property
    def state_name(self) -> str:
        """The vendor's name of it."""
        return "status" if self.wrapped else "state"

    def create(self, harness: Harness, wish: Mapping[str, Any] | None = None) -> Call:
        """Create one by the client."""
        return harness.try_(self.method, **{self.parameter: self.wish() if wish is None else dict(wish)})

    def read(self, harness: Harness, id: str) -> Call:
        """Read one by the client."""
        return harness.try_(self.read_method, id=id, **(self.read_with or {}))

    def made(self, call: Call) -> dict[str, Any]:
        """What a creation reported; if that is none, the contract fails."""
        result = call.right()
        face = result.get(self.wrapped) if self.wrapped and isinstance(result, dict) else result
        return _thing(face, self, call)

    def found(self, call: Call) -> dict[str, Any]:
        """What a read reported."""
        return _thing(call.right(), self, call)

    def told_truly(self, harness: Harness, face: Mapping[str, Any]) -> None:
        """Assert that a thing is reported as the vendor shows it, but for what has contracts of its own.

        Those are instants, the state (a look at an order may move it, a new assessment's depends on settings), and
        members that the client reports otherwise also when nothing goes wrong.
        """
        elsewhere = {self.state, "assessmentDateTime", "expirationDateTime"}
        seen, calm = self.seen(harness, face[self.id]), self.read(harness, face[self.id]).result
        if isinstance(calm, dict):
            elsewhere |= {name for name, value in seen.items() if any(differences(calm, {name: value}))}
        true(face, {name: value for name, value in seen.items() if name not in elsewhere})

    def begun(self, harness: Harness) -> str:
        """Create one while no fault is injected; returns its id."""
        return str(self.made(self.create(harness))[self.id])


def _thing(face: Any, trade: Trade, call: Call) -> dict[str, Any]:
    assert isinstance(face, dict), f"{call.method} returned no {trade.thing}, but {call.outcome}"
    assert isinstance(face.get(trade.id), str), f"{call.method} returned no {trade.id}: {call.outcome}"
    return face


_MERCURY = "pymetrics API 1.3.0 and 2.2.0"

PYMETRICS = Trade(
    "pymetrics.orders", "pymetrics.patience", "order", ("create_order", "create_order_v2"),
    ("get_order", "get_order_v2"), "id", "status", "create_order", "order", "get_order", wishes.order, Harness.order,
    Harness.new_order, Source(_MERCURY, "ErrorResponse: recoverable says whether the same request may succeed"),
    (Source(_MERCURY, "Introduction, authentication: a token is issued for a client's id and secret"),
     Standing.DOCUMENTED),
    {"assessment_id": "none-of-the-configured"}, 403, ("Archived", "not started"), "order", {"report": False},
)  # fmt: skip
PREDICTIVE_INDEX = Trade(
    "predictive_index.assessments", "predictive_index.patience", "assessment", ("create_assessment",),
    ("get_assessment",), "assessmentId", "assessmentState", "create_assessment", "assessment", "get_assessment",
    wishes.assessment, Harness.assessment, Harness.new_assessment,
    Source("API Guide", "error handling: statuses of 400 and above carry an error object"),
    (Source("API Guide", "authentication: the header api-key on every request"), Standing.DOCUMENTED),
    {"gender": 7}, 401, (70, 5),
)  # fmt: skip
TRADES = (PYMETRICS, PREDICTIVE_INDEX)


def fault(operations: tuple[str, ...], do: str, **more: Any) -> list[dict[str, Any]]:
    """The same fault for each of these operations."""
    return [{"operation": operation, "do": do, **more} for operation in operations]
