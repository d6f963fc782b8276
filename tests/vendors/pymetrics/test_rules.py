"""Every rule, passed and violated."""

import pytest

from assessment_simulator.core.vendor import refusal_response
from assessment_simulator.vendors.pymetrics import VENDOR
from tests.vendors.pymetrics.fakes import PymetricsSandbox
from tests.vendors.pymetrics.rows import ABSENT, ROWS, UNFINISHED, Change, Row


def prepared(row: Row) -> PymetricsSandbox:
    """A sandbox in which the row's request can be made."""
    sandbox = PymetricsSandbox(**row.config)
    if UNFINISHED in row.broken.values():
        sandbox.placeholders[UNFINISHED] = sandbox.order(application_id="a-2")
    sandbox.order(*row.actions)
    if row.request == "download_report":
        sandbox.ticket()
    return sandbox


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_request_that_passes_the_rule_is_accepted(row: Row) -> None:
    response = prepared(row).send(row.request, row.kept)
    assert (response.status < 300, response.rules) == (True, ()), response


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_request_that_violates_the_rule_is_refused_and_changes_nothing(row: Row) -> None:
    sandbox = prepared(row)
    before = sandbox.memory()
    response = sandbox.send(row.request, row.broken)
    assert (response.status, response.rules) == (row.status, (row.rule,))
    assert sandbox.memory() == before


@pytest.mark.parametrize(("name", "status"), [("route", 404), ("verb", 405), ("encoding", 415), ("size", 413)])
def test_http_rules_refuse_with_the_envelope(sandbox: PymetricsSandbox, name: str, status: int) -> None:
    rule = VENDOR.http_rules[name]
    response = refusal_response(VENDOR, (rule,), sandbox.call(""), sandbox)
    assert (response.status, response.rules, response.body["recoverable"]) == (status, (rule.id,), False)
    assert rule.check(sandbox.call(""), sandbox)


def test_every_rule_has_a_row() -> None:
    assert {row.rule for row in ROWS} == {rule.id for rule in VENDOR.rules} - {
        rule.id for rule in VENDOR.http_rules.values()
    }


def test_all_invalid_members_are_reported_together() -> None:
    broken = {"body": {"candidate": {"first_name": 5}, "send_email": "yes", "candidate_redirect_url": ""}}
    response = PymetricsSandbox().send("create_order", broken)
    assert set(response.rules) == {
        "pymetrics.order.candidate.email.required",
        "pymetrics.order.candidate.first_name.type",
        "pymetrics.order.assessment_id.required",
        "pymetrics.order.application_id.required",
        "pymetrics.order.send_email.type",
        "pymetrics.order.candidate_redirect_url.length",
        "pymetrics.order.candidate_redirect_url.url",
    }
    assert response.body["message"].count("; ") == 6


def test_429_is_recoverable_after_a_minute() -> None:
    response = PymetricsSandbox(rate_limit=1).send("get_configuration", {"recent": 1})
    assert (response.body["recoverable"], response.headers) == (True, (("retry-after", "60"),))


@pytest.mark.parametrize(
    ("operation", "change", "rules"),
    [
        ("create_order", {"body.candidate": ABSENT, "body.application_id": ABSENT},
         ("pymetrics.order.candidate.required", "pymetrics.order.application_id.required")),
        ("create_order", {"raw": "{", "header.authorization": ABSENT}, ("pymetrics.access.bearer",)),
        ("create_token", {"body.grant_type": "password", "body.client_id": "nobody"},
         ("pymetrics.token.grant_type.value",)),
        ("get_order", {"path.uuid": "x", "query.report": "maybe"}, ("pymetrics.get.known",)),
        ("get_capability_content", {"path.uuid": "x", "path.type": "x"}, ("pymetrics.v2.capability.known",)),
        ("get_capability_content", {"path.type": "x"},
         ("pymetrics.v2.capability.type", "pymetrics.v2.capability.scores")),
    ],
)  # fmt: skip
def test_first_stage_with_violations_is_reported(
    sandbox: PymetricsSandbox, operation: str, change: Change, rules: tuple[str, ...]
) -> None:
    sandbox.order("start")
    assert sandbox.send(operation, change).rules == rules


def test_refusal_has_the_envelope_unless_the_gateway_refuses(sandbox: PymetricsSandbox) -> None:
    body = sandbox.send("list_orders", {"body": {}}).body
    assert (list(body), len(body["request_id"])) == (["request_id", "recoverable", "message"], 36)
    assert sandbox.send("get_configuration", {"header.x-api-key": ABSENT}).body == {"message": "Forbidden"}
