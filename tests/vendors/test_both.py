"""What holds for every vendor."""

from dataclasses import replace
from typing import Any

import pytest

from assessment_simulator.app import VENDORS
from assessment_simulator.core.config import Config
from assessment_simulator.core.questionnaire import Phase
from assessment_simulator.core.vendor import Vendor
from assessment_simulator.vendors.predictive_index.questionnaire import PHASES as PI_PHASES
from assessment_simulator.vendors.pymetrics.questionnaire import PHASES as PYMETRICS_PHASES
from tests.fakes import NOW, FakeSandbox
from tests.vendors.pymetrics.fakes import PymetricsSandbox

PHASES: dict[Any, Phase] = {**PI_PHASES, **PYMETRICS_PHASES}


@pytest.fixture(params=VENDORS.values(), ids=list(VENDORS))
def vendor(request: pytest.FixtureRequest) -> Vendor:
    found: Vendor = request.param
    return found


def test_endpoint_lists_the_statuses_of_its_rules(vendor: Vendor) -> None:
    for endpoint in vendor.endpoints:
        rules = {rule for stage in endpoint.operation.stages for rule in stage} - {vendor.http_rules["route"]}
        assert {rule.status for rule in rules} == {status for status in endpoint.statuses if status >= 300}


def test_every_state_has_a_phase(vendor: Vendor) -> None:
    assert all(isinstance(PHASES[state], Phase) for state in vendor.state_machine.states)
    ends = {PHASES[state] for state in vendor.state_machine.ends}
    assert ends <= {Phase.FINISHED, Phase.EXPIRED, Phase.CLOSED}


def test_samples_are_invited_and_acted_upon_at_their_age_and_call_nobody(vendor: Vendor) -> None:
    sandbox = PymetricsSandbox()
    for sample in vendor.samples(7):
        sandbox.fire_timers(vendor, NOW - sample.age - sandbox.now)
        sandbox.config = replace(Config(), behaviour=sample.behaviour)
        headers = {"x-api-key": "sim-test", "authorization": f"Bearer {sandbox.placeholders['{token}']}"}
        members = {"media_type": "application/json", "headers": headers}
        response = FakeSandbox.handle(sandbox, vendor, sample.operation, sample.body, **members)
        assert (response.status, response.notes) == (201, ())
        id = sandbox.all(vendor.record_kind)[-1].id
        for action in sample.actions:
            assert sandbox.handle(vendor, action, params={"id": id}).status == 200
        email = vendor.to_invitation(sandbox.all(vendor.record_kind)[-1]).candidate["email"] or ""
        assert email.endswith("@example.com")
        assert "+" not in email
    sandbox.fire_timers(vendor, NOW - sandbox.now)
    invitations = sandbox.all(vendor.record_kind)
    # Only cognitive assessments fail (60).
    assert (len(invitations), {one.status for one in invitations}) == (12, {*vendor.state_machine.states} - {60})
    assert sandbox.webhook_events == []
    assert {timer.operation for timer in sandbox.timers.values()} <= {"expire"}


def test_samples_depend_on_the_seed_and_are_oldest_first(vendor: Vendor) -> None:
    assert vendor.samples(1) == vendor.samples(1)
    assert vendor.samples(1) != vendor.samples(2)
    ages = [sample.age for sample in vendor.samples(0)]
    assert (ages, ages[-1] > 0) == (sorted(ages, reverse=True), True)


def test_a_seed_is_a_request_that_the_vendor_accepts_for_that_person(vendor: Vendor) -> None:
    sandbox = PymetricsSandbox()
    headers = {"x-api-key": "sim-test", "authorization": f"Bearer {sandbox.placeholders['{token}']}"}
    ada: dict[str, str | None] = {
        "email": "ada@example.com",
        "first_name": "Ada",
        "last_name": "Lovelace",
        "external_id": "candidate-1",
    }
    for number, person in enumerate((ada, {**ada, "external_id": None}), 1):
        seed = vendor.seed(person, Config(), number)
        members = {"media_type": "application/json", "headers": headers}
        assert FakeSandbox.handle(sandbox, vendor, seed.operation, seed.body, **members).status == 201
        candidate = vendor.to_invitation(sandbox.all(vendor.record_kind)[-1]).candidate
        assert (candidate["email"], candidate["first_name"]) == ("ada@example.com", "Ada")
    assert len(sandbox.all(vendor.record_kind)) == 2
