"""Version 2: another face of the same orders and tokens, and candidates without an address."""

from typing import Any

import pytest

from assessment_simulator.core.request import BASE_URL_TOKEN
from assessment_simulator.vendors.pymetrics import VENDOR, rules
from assessment_simulator.vendors.pymetrics.v2 import rules as rules_v2
from tests.vendors.pymetrics.desk import Desk, shown
from tests.vendors.pymetrics.rows import ABSENT, ORDER, REASONING

OPTIONAL = {"pymetrics.v2_email": "optional"}
NAMELESS = {**ORDER, "candidate": {"external_id": "c-1"}}
NOBODY = {**ORDER, "candidate": {}}


def test_an_order_made_by_either_version_is_the_same_order_to_the_other() -> None:
    for first, second in (("create_order", "create_order_v2"), ("create_order_v2", "create_order")):
        desk = Desk()
        made = desk.send(first)
        again = desk.send(second)
        assert (made.status, again.status, again.body["created"]) == (201, 200, False)
        assert shown(again) == shown(made)


def test_both_versions_read_and_list_the_same_bytes() -> None:
    desk = Desk()
    desk.order()
    assert desk.send("get_order_v2").body is desk.send("get_order").body is desk.all("order")[0]
    assert desk.send("list_orders_v2").body == desk.send("list_orders").body
    assert desk.send("get_configuration_v2").body == desk.send("get_configuration").body


def test_a_token_of_version_2_has_the_four_members_and_serves_both_versions() -> None:
    desk = Desk()
    reply = desk.send("create_token_v2")
    assert (reply.status, list(reply.body)) == (201, ["access_token", "token_type", "expires_in", "scope"])
    access = {"header.authorization": f"Bearer {reply.body['access_token']}"}
    assert desk.send("get_configuration", access).status == desk.send("get_configuration_v2", access).status == 200


def test_reading_by_version_2_fulfils_and_reports_with_a_type() -> None:
    desk = Desk()
    desk.order("complete")
    order = shown(desk.send("get_order_v2", {"query.report": "True"}))
    assert order["status"] == "Fulfilled"
    assert [report["report_type"] for report in order["reports"]] == ["recruiter-report"]
    assert order["reports"][0]["download_url"].startswith(BASE_URL_TOKEN)


def listed(desk: Desk, **query: str) -> list[str]:
    """The ids of the orders that a query string finds."""
    return [order.id for order in desk.send("list_orders_v2", {"query": query}).body["orders"]]


def test_listing_by_query_finds_by_application_by_candidate_or_by_both() -> None:
    desk = Desk()
    first = desk.order()
    second = desk.order(candidate={"email": "eda@example.com", "external_id": "c-2"})
    third = desk.order(application_id="a-2")
    assert listed(desk, job_application_id="a-1") == [first, second]
    assert listed(desk, candidate_id="c-1") == [first, third]
    assert listed(desk, candidate_id="c-1", job_application_id="a-1") == [first]
    assert listed(desk, candidate_id="", job_application_id="a-2") == [third]
    assert listed(desk, candidate_id="c-3") == []


def test_creating_differs_from_version_1_in_nothing_but_the_address() -> None:
    pairs = [
        (one, two)
        for first, second in zip(rules.ORDER, rules_v2.ORDER, strict=True)
        for one, two in zip(first, second, strict=True)
        if one is not two
    ]
    assert pairs == [(rules.EMAIL_REQUIRED, rules_v2.EMAIL_REQUIRED)]


@pytest.mark.parametrize("behaviour", [{}, OPTIONAL])
def test_version_1_wants_an_address_whatever_version_2_does(behaviour: dict[str, str]) -> None:
    reply = Desk(behaviour=behaviour).send("create_order", {"body": NAMELESS})
    assert reply.rules == ("pymetrics.order.candidate.email.required",)


def test_without_an_address_the_callers_own_id_tells_candidates_apart() -> None:
    desk = Desk(behaviour=OPTIONAL)
    made = desk.send("create_order_v2", {"body": NAMELESS})
    again = desk.send("create_order_v2", {"body": NAMELESS})
    assert (made.status, again.status, shown(again)) == (201, 200, shown(made))
    for change in (
        {"body.candidate.external_id": "c-2"},
        {"body.candidate.email": "c-1"},
        {"body.assessment_id": REASONING},
        {"body.application_id": "a-2"},
    ):
        assert desk.send("create_order_v2", {"body": NAMELESS, **change}).status == 201


@pytest.mark.parametrize("external_id", [ABSENT, None, ""])
def test_without_address_and_id_every_order_is_a_new_one(external_id: Any) -> None:
    desk = Desk(behaviour=OPTIONAL)
    change = {"body": NOBODY, "body.candidate.external_id": external_id}
    replies = [desk.send("create_order_v2", change) for _ in range(2)]
    assert [reply.status for reply in replies] == [201, 201]
    assert listed(desk, job_application_id="a-1") == [shown(reply)["id"] for reply in replies]


def test_with_an_address_the_address_counts_though_it_is_optional() -> None:
    desk = Desk(behaviour=OPTIONAL)
    desk.send("create_order_v2")
    assert desk.send("create_order_v2", {"body.candidate.external_id": "c-2"}).status == 200


def test_who_has_no_address_gets_no_mail_and_the_caller_is_told() -> None:
    desk = Desk(behaviour=OPTIONAL)
    reply = desk.send("create_order_v2", {"body": {**NAMELESS, "send_email": True}})
    assert (reply.status, desk.all("mail")) == (201, [])
    assert reply.notes == ("body.send_email was ignored: the candidate has no address",)
    assert desk.send("create_order_v2", {"body": {**NOBODY, "send_email": False}}).notes == ()


@pytest.mark.parametrize(
    ("candidate", "name"),
    [({"first_name": "Ada", "external_id": "c-1"}, "Ada"), ({"external_id": "c-1"}, "c-1"), ({}, "")],
)
def test_an_order_without_an_address_goes_all_the_way_to_its_report(candidate: dict[str, str], name: str) -> None:
    desk = Desk(behaviour=OPTIONAL)
    order = shown(desk.send("create_order_v2", {"body": {**ORDER, "candidate": candidate}}))
    desk.words["{order}"] = order["id"]
    assert desk.act("complete").status == 200
    desk.ticket()
    document = desk.send("download_report").body
    assert document.sections[0] == ("Candidate", (("Name", name), ("E-mail", "")))
    assert VENDOR.to_invitation(desk.all("order")[0]).candidate["email"] is None
