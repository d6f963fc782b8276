"""Both vendors do the same trade: something is created, it has an id, it can be read. What differs stands here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from assessment_contracts.clients.compare import differences, true
from assessment_contracts.clients.harness import Call, Harness
from assessment_contracts.clients.properties import wishes
from assessment_contracts.sources import Source, Standing


@dataclass(frozen=True)
class Trade:
    """How one vendor's clients are asked, and what the answers are."""

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
    """The thing as the vendor shows it to the suite."""
    create_by_suite: Callable[[Harness, Mapping[str, Any]], str]
    """Has the suite itself create one; gives its id."""
    errors: Source
    credentials: tuple[Source, Standing]
    """Where it is stated that a call is made with the caller's own credentials."""
    flaw: Mapping[str, Any]
    """What makes a wish one that the vendor refuses with 400."""
    stranger: int
    """The status for a key that the vendor does not know."""
    strange: tuple[Any, ...]
    """States that no document names."""
    wrapped: str = ""
    """The member of the create answer that holds the thing."""
    read_with: Mapping[str, Any] | None = None

    @property
    def state_name(self) -> str:
        """The vendor's name of it."""
        return "status" if self.wrapped else "state"

    def create(self, harness: Harness, wish: Mapping[str, Any] | None = None) -> Call:
        """What the client says to a creation."""
        return harness.try_(self.method, **{self.parameter: self.wish() if wish is None else dict(wish)})

    def read(self, harness: Harness, id: str) -> Call:
        """What the client says to a reading."""
        return harness.try_(self.read_method, id=id, **(self.read_with or {}))

    def made(self, call: Call) -> dict[str, Any]:
        """The thing that a creation reported; that there is none fails the property."""
        result = call.right()
        face = result.get(self.wrapped) if self.wrapped and isinstance(result, dict) else result
        return _thing(face, self, call)

    def found(self, call: Call) -> dict[str, Any]:
        """The thing that a reading reported."""
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
        """The id of one that a well-behaved vendor has just created."""
        return str(self.made(self.create(harness))[self.id])


def _thing(face: Any, trade: Trade, call: Call) -> dict[str, Any]:
    assert isinstance(face, dict), f"{call.method} gave no {trade.thing}, but {call.told}"
    assert isinstance(face.get(trade.id), str), f"{call.method} gave an {trade.thing} without {trade.id}: {call.told}"
    return face


_MERCURY = "pymetrics API 1.3.0 and 2.2.0"

PYMETRICS = Trade(
    "pymetrics.orders", "pymetrics.patience", "order", ("create_order", "create_order_v2"),
    ("get_order", "get_order_v2"), "id", "status", "create_order", "order", "get_order", wishes.order, Harness.order,
    Harness.new_order, Source(_MERCURY, "ErrorResponse: recoverable tells whether the same request may succeed"),
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
