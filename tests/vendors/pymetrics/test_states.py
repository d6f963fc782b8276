"""The statuses of an order and its actions."""

import pytest

from assessment_simulator.vendors.pymetrics import VENDOR
from assessment_simulator.vendors.pymetrics.states import STATE_MACHINE
from tests.vendors.pymetrics.fakes import PymetricsSandbox, shown

STATUSES = ["Rejected", "Pending", "Accepted", "Not Started", "In Progress", "Completed", "Fulfilled", "Expired"]
ACTIONS = ["accept", "reject", "start", "complete", "expire", "fulfil"]

LEADS_TO: dict[str, list[str | None]] = {
    "Pending": ["Accepted", "Rejected", "In Progress", "Completed", "Expired", None],
    "Accepted": ["Accepted", "Rejected", "In Progress", "Completed", "Expired", None],
    "Not Started": ["Accepted", "Rejected", "In Progress", "Completed", "Expired", None],
    "In Progress": [None, None, "In Progress", "Completed", "Expired", None],
    "Completed": [None, None, None, None, None, "Fulfilled"],
    "Rejected": [None] * 6,
    "Fulfilled": [None] * 6,
    "Expired": [None] * 6,
}
"""Where each of the actions leads from each status; None where it is refused."""

BEGINS = {
    "Pending": ("Pending", ()),
    "Accepted": ("Accepted", ()),
    "Not Started": ("Not Started", ()),
    "In Progress": ("Not Started", ("start",)),
    "Completed": ("Not Started", ("complete",)),
    "Rejected": ("Not Started", ("reject",)),
    "Fulfilled": ("Not Started", ("complete", "fulfil")),
    "Expired": ("Not Started", ("expire",)),
}
"""How an order comes into each status."""


@pytest.mark.parametrize(
    ("status", "action", "reached"),
    [
        (status, action, reached)
        for status, row in LEADS_TO.items()
        for action, reached in zip(ACTIONS, row, strict=True)
    ],
)
def test_action_leads_to_the_status_of_the_table(status: str, action: str, reached: str | None) -> None:
    first, actions = BEGINS[status]
    sandbox = PymetricsSandbox(behaviour={"pymetrics.initial_status": first})
    sandbox.order(*actions)
    before = sandbox.memory()
    response = sandbox.act(action)
    if reached is None:
        assert response.status == 409
        assert response.body["detail"].startswith(f"cannot {action}: the order is {status}")
        assert sandbox.memory() == before
    else:
        assert (response.status, shown(response)["status"]) == (200, reached)
        assert sandbox.all("order")[0].status == reached


def test_statuses_are_those_of_the_vendor_in_its_order() -> None:
    assert list(STATE_MACHINE.states) == STATUSES


@pytest.mark.parametrize(
    ("actions", "action", "detail"),
    [
        (["expire"], "complete", "cannot complete: the order is Expired, an end state"),
        (["start"], "reject", "cannot reject: the order is In Progress; possible from Pending, Accepted, Not Started"),
        ([], "fulfil", "cannot fulfil: the order is Not Started; possible from Completed"),
    ],
)
def test_refused_move_gives_the_reason(sandbox: PymetricsSandbox, actions: list[str], action: str, detail: str) -> None:
    sandbox.order(*actions)
    assert sandbox.act(action).body == {"detail": detail}


def test_order_without_results_cannot_be_fulfilled(sandbox: PymetricsSandbox) -> None:
    sandbox.order()
    sandbox.act("complete", {"results": []})
    response = sandbox.act("fulfil")
    assert (response.status, response.body) == (
        409,
        {"detail": "cannot fulfil: the order is Completed without results"},
    )


def test_actions_are_those_of_candidates_and_of_the_vendor() -> None:
    assert [*VENDOR.actions, *VENDOR.sample_actions] == ACTIONS
