"""What holds for every vendor."""

import json
from dataclasses import replace
from typing import Any

import pytest

from assessment_simulator.app import VENDORS
from assessment_simulator.core.config import Config
from assessment_simulator.core.decision import VendorResponse
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


def test_samples_are_created_at_their_age_and_send_no_webhooks(vendor: Vendor) -> None:
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


FORM_FIELDS: dict[str, str] = {
    "first_name": "Ada", "last_name": "Lovelace", "email": "ada@example.com", "external_id": "x-1",
    "language": "fr-FR", "redirect": "https://example.com/done", "send_email": "on",
}  # fmt: skip


@pytest.mark.parametrize("fields", [{"first_name", "last_name", "email"}, {*FORM_FIELDS}], ids=["few", "all"])
def test_a_form_makes_a_request_that_the_vendor_accepts(vendor: Vendor, fields: set[str]) -> None:
    sandbox, form = PymetricsSandbox(), vendor.invitation_form
    subjects = dict(form.subjects(sandbox.config))
    filled = {name: value for name, value in FORM_FIELDS.items() if name in fields}
    if "language" in filled:
        filled["subject"] = list(subjects)[-1]
    response = create(sandbox, vendor, form.body(filled, sandbox.config))
    assert (response.status, response.notes) == (201, ())
    stored = sandbox.all(vendor.record_kind)[-1]
    assert form.created_id(json.loads(json.dumps(response.body))) == stored.id
    assert vendor.to_invitation(stored).candidate["email"] == "ada@example.com"


def test_results_are_those_of_a_completed_invitation(vendor: Vendor) -> None:
    sandbox = PymetricsSandbox()
    create(sandbox, vendor, vendor.invitation_form.body(FORM_FIELDS, sandbox.config))
    stored = sandbox.all(vendor.record_kind)[-1]
    assert vendor.to_results(stored) is None
    sandbox.handle(vendor, "complete", params={"id": stored.id})
    completed = sandbox.get(vendor.record_kind, stored.id)
    assert completed
    results = vendor.to_results(completed)
    assert results
    assert results.summary
    for graph in results.graphs:
        assert all(score.value is None or graph.low <= score.value <= graph.high for score in graph.scores)
    assert sum(len(graph.scores) for graph in results.graphs) > 0
    assert all(file.title and file.content for file in results.files.values())
    assert {file.media_type for file in results.files.values()} <= {"application/pdf", "image/svg+xml"}


@pytest.mark.parametrize("body", ["form", "json"])
def test_a_webhook_event_announces_the_status_that_it_is_sent_for(vendor: Vendor, body: str) -> None:
    url = "https://example.com/hook"
    sandbox = PymetricsSandbox(webhook_url=url, default_webhook_url=url)
    sandbox.set_behaviour(pi_webhook_format=body)
    create(sandbox, vendor, vendor.invitation_form.body(FORM_FIELDS, sandbox.config))
    stored = sandbox.all(vendor.record_kind)[-1]
    sandbox.handle(vendor, "complete", params={"id": stored.id})
    completed = sandbox.get(vendor.record_kind, stored.id)
    assert completed
    assert vendor.webhook_status(sandbox.webhook_events[-1]) == completed.status


def create(sandbox: PymetricsSandbox, vendor: Vendor, body: dict[str, Any]) -> VendorResponse:
    headers = {"x-api-key": "sim-test", "authorization": f"Bearer {sandbox.placeholders['{token}']}"}
    operation = vendor.invitation_form.operation
    return FakeSandbox.handle(sandbox, vendor, operation, body, media_type="application/json", headers=headers)
