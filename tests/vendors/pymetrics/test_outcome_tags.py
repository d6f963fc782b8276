"""Orders that change by timers."""

import pytest

from assessment_simulator.core import instant
from assessment_simulator.vendors.pymetrics import VENDOR
from tests.vendors.pymetrics.fakes import PymetricsSandbox


@pytest.mark.parametrize(
    ("tag", "after", "status"),
    [
        ("completes-in-10s", "PT9S", "Not Started"),
        ("completes-in-10s", "PT10S", "Completed"),
        ("expires", "PT0S", "Expired"),
        ("abandons", "PT0S", "In Progress"),
        ("rejected", "PT0S", "Rejected"),
    ],
)
def test_outcome_tag_in_the_email_chooses_the_outcome(tag: str, after: str, status: str) -> None:
    sandbox = PymetricsSandbox()
    sandbox.order(candidate={"email": f"ada+{tag}@example.com"})
    sandbox.fire_timers(VENDOR, instant.parse_duration(after) or 0)
    assert sandbox.all("order")[0].status == status


def test_progress_completes_every_order_after_its_duration() -> None:
    sandbox = PymetricsSandbox(progress="PT5M")
    sandbox.order()
    sandbox.fire_timers(VENDOR, 5 * instant.MINUTE)
    order = sandbox.all("order")[0].public
    assert (order["status"], order["results"][0]["create_date"]) == ("Completed", "2026-11-01T12:05:00.000000+00:00")


@pytest.mark.parametrize("action", ["complete", "expire", "reject"])
def test_settled_order_has_no_timers(action: str) -> None:
    sandbox = PymetricsSandbox(progress="PT5M")
    sandbox.order(action)
    assert sandbox.timers == {}
