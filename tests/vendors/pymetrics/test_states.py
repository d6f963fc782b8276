"""The life of an order."""

import pytest

from assessment_simulator.vendors.pymetrics import VENDOR
from assessment_simulator.vendors.pymetrics.states import SETTLED, STATE_MACHINE
from tests.vendors.pymetrics.desk import Desk, shown

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
def test_an_action_leads_where_the_table_says(status: str, action: str, reached: str | None) -> None:
    first, actions = BEGINS[status]
    desk = Desk(behaviour={"pymetrics.initial_status": first})
    desk.order(*actions)
    before = desk.memory()
    reply = desk.act(action)
    if reached is None:
        assert reply.status == 409
        assert reply.body["detail"].startswith(f"cannot {action}: the order is {status}")
        assert desk.memory() == before
    else:
        assert (reply.status, shown(reply)["status"]) == (200, reached)
        assert desk.all("order")[0].status == reached


def test_the_eight_statuses_are_those_of_the_vendor_in_its_order() -> None:
    assert list(STATE_MACHINE.states) == STATUSES


def test_three_statuses_are_ends() -> None:
    assert STATE_MACHINE.ends == ("Rejected", "Fulfilled", "Expired")
    assert set(STATE_MACHINE.ends) < SETTLED


def test_every_move_starts_and_ends_in_a_known_status() -> None:
    assert {status for (status, _), _ in STATE_MACHINE.moves.items()} | set(STATE_MACHINE.moves.values()) == set(
        STATUSES
    )


@pytest.mark.parametrize(
    ("actions", "action", "detail"),
    [
        (["expire"], "complete", "cannot complete: the order is Expired, an end state"),
        (["start"], "reject", "cannot reject: the order is In Progress; possible from Pending, Accepted, Not Started"),
        ([], "fulfil", "cannot fulfil: the order is Not Started; possible from Completed"),
    ],
)
def test_a_refused_move_is_named_with_the_reason(actions: list[str], action: str, detail: str) -> None:
    desk = Desk()
    desk.order(*actions)
    assert desk.act(action).body == {"detail": detail}


def test_an_order_without_results_cannot_be_fulfilled() -> None:
    desk = Desk()
    desk.order()
    desk.act("complete", {"results": []})
    reply = desk.act("fulfil")
    assert (reply.status, reply.body) == (409, {"detail": "cannot fulfil: the order is Completed without results"})


def test_the_actions_are_those_of_candidates_and_of_the_vendor() -> None:
    assert [*VENDOR.actions, *VENDOR.sample_actions] == ACTIONS
