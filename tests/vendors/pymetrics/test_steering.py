"""What happens to an order by itself, on the sandbox's clock."""

import pytest

from assessment_simulator.core import instant
from assessment_simulator.vendors.pymetrics import VENDOR
from tests.vendors.pymetrics.desk import Desk


@pytest.mark.parametrize(
    ("tag", "after", "status"),
    [
        ("completes", "PT0S", "Completed"),
        ("completes-in-10s", "PT9S", "Not Started"),
        ("completes-in-10s", "PT10S", "Completed"),
        ("expires", "PT0S", "Expired"),
        ("abandons", "PT0S", "In Progress"),
        ("rejected", "PT0S", "Rejected"),
        ("nothing", "P365D", "Not Started"),
    ],
)
def test_a_tag_in_the_address_chooses_the_outcome(tag: str, after: str, status: str) -> None:
    desk = Desk()
    desk.order(candidate={"email": f"ada+{tag}@example.com"})
    desk.ring(VENDOR, instant.parse_duration(after) or 0)
    assert desk.all("order")[0].status == status


def test_progress_completes_every_order_after_its_duration() -> None:
    desk = Desk(progress="PT5M")
    desk.order()
    desk.ring(VENDOR, 5 * instant.MINUTE)
    order = desk.all("order")[0].public
    assert (order["status"], order["results"][0]["create_date"]) == ("Completed", "2026-11-01T12:05:00.000000+00:00")


@pytest.mark.parametrize("action", ["complete", "expire", "reject"])
def test_nothing_is_due_any_more_once_an_order_is_settled(action: str) -> None:
    desk = Desk(progress="PT5M")
    desk.order(action)
    assert desk.timers == {}


def test_a_candidate_who_starts_may_still_finish_in_time() -> None:
    desk = Desk(progress="PT5M")
    desk.order("start")
    assert len(desk.timers) == 1
