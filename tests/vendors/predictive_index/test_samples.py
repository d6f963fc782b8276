"""The demo's invitations: every state, nobody called, nothing refused."""

from assessment_simulator.vendors.predictive_index import VENDOR
from tests.fakes import NOW, FakeSandbox

SAMPLES = VENDOR.samples(7)


def played() -> FakeSandbox:
    sandbox = FakeSandbox()
    for sample in SAMPLES:
        sandbox.fire_timers(VENDOR, NOW - sample.age - sandbox.now)
        response = sandbox.handle(VENDOR, sample.operation, sample.body, media_type="application/json")
        assert response.status == 201, response
        for action in sample.actions:
            assert sandbox.handle(VENDOR, action, params={"id": response.body["assessmentId"]}).status == 200
    sandbox.fire_timers(VENDOR, NOW - sandbox.now)
    return sandbox


def test_samples_cover_every_state_but_failed() -> None:
    assessments = played().all(VENDOR.record_kind)
    assert len(assessments) == 12
    assert {stored.status for stored in assessments} == set(VENDOR.state_machine.states) - {60}


def test_samples_send_no_webhook_and_use_example_addresses() -> None:
    sandbox = played()
    assert sandbox.webhook_events == []
    assert all(sample.body["email"].endswith("@example.com") for sample in SAMPLES)
    assert not any("+" in sample.body["email"] for sample in SAMPLES)


def test_samples_have_expiration_timers_only() -> None:
    assert {alarm.operation for alarm in played().timers.values()} == {"expire"}


def test_equal_seeds_give_equal_samples_and_others_give_others() -> None:
    assert VENDOR.samples(7) == SAMPLES
    assert VENDOR.samples(8) != SAMPLES
