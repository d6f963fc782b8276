"""Every rule, kept and broken."""

import pytest

from assessment_simulator.core.vendor import refusal_response
from assessment_simulator.vendors.pymetrics import VENDOR
from tests.vendors.pymetrics.desk import Desk
from tests.vendors.pymetrics.rows import ABSENT, DOOR, ROWS, UNFINISHED, Row


def prepared(row: Row) -> Desk:
    """A sandbox in which the row's request can be made."""
    desk = Desk(**row.config)
    if UNFINISHED in row.broken.values():
        desk.words[UNFINISHED] = desk.order(application_id="a-2")
    desk.order(*row.actions)
    if row.request == "download_report":
        desk.ticket()
    return desk


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_request_that_keeps_the_rule_is_answered(row: Row) -> None:
    reply = prepared(row).send(row.request, row.kept)
    assert (reply.status < 300, reply.rules) == (True, ()), reply


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_request_that_breaks_the_rule_is_refused_by_it_and_changes_nothing(row: Row) -> None:
    desk = prepared(row)
    before = desk.memory()
    reply = desk.send(row.request, row.broken)
    assert (reply.status, reply.rules) == (row.status, (row.rule,))
    assert desk.memory() == before


@pytest.mark.parametrize("row", DOOR, ids=str)
def test_the_door_refuses_in_the_envelope(row: Row) -> None:
    rule = next(rule for rule in VENDOR.http_rules.values() if rule.id == row.rule)
    desk = Desk()
    reply = refusal_response(VENDOR, (rule,), desk.call(""), desk)
    assert (reply.status, reply.rules, reply.body["recoverable"]) == (row.status, (row.rule,), False)
    assert rule.check(desk.call(""), desk)


def test_every_rule_has_a_row_and_every_row_a_rule() -> None:
    assert {row.rule for row in ROWS + DOOR} == {rule.id for rule in VENDOR.rules}


def test_every_rule_names_its_vendor_first_and_says_where_it_comes_from() -> None:
    for rule in VENDOR.rules:
        assert rule.id.startswith("pymetrics.")
        assert rule.source.where
        assert (rule.source.title == "our choice") <= (rule.standing == "assumed")


def test_an_endpoint_answers_with_no_status_that_it_does_not_name() -> None:
    for endpoint in VENDOR.endpoints:
        refusals = {rule.status for stage in endpoint.operation.stages for rule in stage}
        assert refusals == {status for status in endpoint.statuses if status >= 300}


def test_all_broken_members_are_reported_together() -> None:
    broken = {"body": {"candidate": {"first_name": 5}, "send_email": "yes", "candidate_redirect_url": ""}}
    reply = Desk().send("create_order", broken)
    assert set(reply.rules) == {
        "pymetrics.order.candidate.email.required",
        "pymetrics.order.candidate.first_name.type",
        "pymetrics.order.assessment_id.required",
        "pymetrics.order.application_id.required",
        "pymetrics.order.send_email.type",
        "pymetrics.order.candidate_redirect_url.length",
        "pymetrics.order.candidate_redirect_url.url",
    }
    assert reply.body["message"].count("; ") == 6


def test_an_order_without_a_candidate_is_not_also_blamed_for_the_missing_address() -> None:
    reply = Desk().send("create_order", {"body.candidate": ABSENT, "body.application_id": ABSENT})
    assert reply.rules == ("pymetrics.order.candidate.required", "pymetrics.order.application_id.required")


def test_access_is_judged_before_the_body() -> None:
    reply = Desk().send("create_order", {"raw": "{", "header.authorization": ABSENT})
    assert reply.rules == ("pymetrics.access.bearer",)


def test_an_unknown_grant_is_refused_before_an_unknown_client() -> None:
    reply = Desk().send("create_token", {"body.grant_type": "password", "body.client_id": "nobody"})
    assert reply.rules == ("pymetrics.token.grant_type.value",)


def test_an_unknown_order_is_a_404_whatever_else_is_wrong() -> None:
    assert Desk().send("get_order", {"path.uuid": "x", "query.report": "maybe"}).status == 404


def test_the_key_is_refused_as_the_gateway_does() -> None:
    reply = Desk().send("get_configuration", {"header.x-api-key": ABSENT})
    assert (reply.status, reply.body) == (403, {"message": "Forbidden"})


def test_every_other_refusal_is_the_envelope_of_three_members() -> None:
    reply = Desk().send("list_orders", {"body": {}})
    assert list(reply.body) == ["request_id", "recoverable", "message"]
    assert (len(reply.body["request_id"]), reply.body["recoverable"]) == (36, False)


def test_too_many_calls_may_be_tried_again_after_a_minute() -> None:
    reply = Desk(rate_limit=1).send("get_configuration", {"recent": 1})
    assert (reply.body["recoverable"], reply.headers) == (True, (("retry-after", "60"),))
