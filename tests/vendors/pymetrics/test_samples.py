"""The demo's orders."""

from dataclasses import replace

from assessment_simulator.core.config import Config
from assessment_simulator.vendors.pymetrics import VENDOR
from tests.fakes import FakeSandbox
from tests.vendors.pymetrics.desk import Desk
from tests.vendors.pymetrics.test_states import STATUSES


def planted(seed: int) -> FakeSandbox:
    """A sandbox with the samples in it, made as the server makes them."""
    desk = Desk()
    for sample in VENDOR.samples(seed):
        desk.config = replace(Config(), behaviour=sample.behaviour)
        reply = desk.send(sample.operation, {"body": sample.body})
        assert (reply.status, reply.notes) == (201, ())
        for action in sample.actions:
            call = {"id": desk.all("order")[-1].id}
            assert desk.ask(VENDOR, action, params=call).status == 200
    return desk


def test_a_dozen_samples_keep_every_rule_and_are_in_every_status() -> None:
    orders = planted(0).all("order")
    assert len(orders) == 12
    assert {order.status for order in orders} == set(STATUSES)


def test_equal_seeds_invent_equal_people_and_other_seeds_others() -> None:
    assert VENDOR.samples(1) == VENDOR.samples(1)
    assert VENDOR.samples(1) != VENDOR.samples(2)


def test_nobody_in_the_samples_can_be_written_to_or_steers_anything() -> None:
    for sample in VENDOR.samples(0):
        email = sample.body["candidate"]["email"]
        assert email.endswith("@example.com")
        assert "+" not in email


def test_the_samples_are_oldest_first_and_lie_in_the_past() -> None:
    ages = [sample.age for sample in VENDOR.samples(0)]
    assert ages == sorted(ages, reverse=True)
    assert ages[-1] > 0
