"""The demo's invitations: every state, nobody called, nothing refused."""

from assessment_simulator.vendors.predictive_index import VENDOR
from tests.fakes import NOW, FakeSandbox

SAMPLES = VENDOR.samples(7)


def played() -> FakeSandbox:
    world = FakeSandbox()
    for sample in SAMPLES:
        world.ring(VENDOR, NOW - sample.age - world.now)
        reply = world.ask(VENDOR, sample.operation, sample.body, media_type="application/json")
        assert reply.status == 201, reply
        for action in sample.actions:
            assert world.ask(VENDOR, action, params={"id": reply.body["assessmentId"]}).status == 200
    world.ring(VENDOR, NOW - world.now)
    return world


def test_a_dozen_samples_show_every_state_but_that_of_cognitive_assessments() -> None:
    assessments = played().all(VENDOR.record_kind)
    assert len(assessments) == 12
    assert {stored.status for stored in assessments} == set(VENDOR.state_machine.states) - {60}


def test_samples_call_nobody_and_write_to_nobody_real() -> None:
    world = played()
    assert world.webhook_events == []
    assert all(sample.body["email"].endswith("@example.com") for sample in SAMPLES)
    assert not any("+" in sample.body["email"] for sample in SAMPLES)


def test_nothing_happens_to_the_samples_but_that_they_expire() -> None:
    assert {alarm.operation for alarm in played().timers.values()} == {"expire"}


def test_equal_seeds_give_equal_samples_and_others_give_others() -> None:
    assert VENDOR.samples(7) == SAMPLES
    assert VENDOR.samples(8) != SAMPLES
