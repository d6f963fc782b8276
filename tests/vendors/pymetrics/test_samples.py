"""The orders of the sample data."""

from dataclasses import replace

from assessment_simulator.core.config import Config
from assessment_simulator.vendors.pymetrics import VENDOR
from tests.fakes import FakeSandbox
from tests.vendors.pymetrics.fakes import PymetricsSandbox
from tests.vendors.pymetrics.test_states import STATUSES


def planted(seed: int) -> FakeSandbox:
    """A sandbox with the samples in it, made as the server makes them."""
    sandbox = PymetricsSandbox()
    for sample in VENDOR.samples(seed):
        sandbox.config = replace(Config(), behaviour=sample.behaviour)
        response = sandbox.send(sample.operation, {"body": sample.body})
        assert (response.status, response.notes) == (201, ())
        for action in sample.actions:
            call = {"id": sandbox.all("order")[-1].id}
            assert sandbox.handle(VENDOR, action, params=call).status == 200
    return sandbox


def test_samples_pass_every_rule_and_are_in_every_status() -> None:
    orders = planted(0).all("order")
    assert len(orders) == 12
    assert {order.status for order in orders} == set(STATUSES)


def test_samples_depend_on_the_seed() -> None:
    assert VENDOR.samples(1) == VENDOR.samples(1)
    assert VENDOR.samples(1) != VENDOR.samples(2)


def test_emails_of_samples_are_not_deliverable_and_have_no_tags() -> None:
    for sample in VENDOR.samples(0):
        email = sample.body["candidate"]["email"]
        assert email.endswith("@example.com")
        assert "+" not in email


def test_samples_are_oldest_first_and_in_the_past() -> None:
    ages = [sample.age for sample in VENDOR.samples(0)]
    assert ages == sorted(ages, reverse=True)
    assert ages[-1] > 0
