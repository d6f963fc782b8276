"""Version 2: the same orders and tokens, and candidates without an e-mail address."""

import pytest

from assessment_simulator.vendors.pymetrics import VENDOR, rules
from tests.vendors.pymetrics.fakes import PymetricsSandbox, shown
from tests.vendors.pymetrics.rows import ORDER

OPTIONAL = {"pymetrics.v2_email": "optional"}
NAMELESS = {**ORDER, "candidate": {"external_id": "c-1"}}
NOBODY = {**ORDER, "candidate": {}}


def test_both_versions_identify_the_same_order() -> None:
    for first, second in (("create_order", "create_order_v2"), ("create_order_v2", "create_order")):
        sandbox = PymetricsSandbox()
        made = sandbox.send(first)
        again = sandbox.send(second)
        assert (made.status, again.status, again.body["created"]) == (201, 200, False)
        assert shown(again) == shown(made)


def test_both_versions_return_the_same_orders(sandbox: PymetricsSandbox) -> None:
    sandbox.order()
    assert sandbox.send("get_order_v2").body is sandbox.send("get_order").body is sandbox.all("order")[0]
    assert sandbox.send("list_orders_v2").body == sandbox.send("list_orders").body
    assert sandbox.send("get_configuration_v2").body == sandbox.send("get_configuration").body


def test_token_of_version_2_is_valid_in_both_versions(sandbox: PymetricsSandbox) -> None:
    response = sandbox.send("create_token_v2")
    assert (response.status, list(response.body)) == (201, ["access_token", "token_type", "expires_in", "scope"])
    access = {"header.authorization": f"Bearer {response.body['access_token']}"}
    assert (
        sandbox.send("get_configuration", access).status == sandbox.send("get_configuration_v2", access).status == 200
    )


def listed(sandbox: PymetricsSandbox, **query: str) -> list[str]:
    """The ids of the orders that a query string finds."""
    return [order.id for order in sandbox.send("list_orders_v2", {"query": query}).body["orders"]]


def test_list_of_version_2_filters_by_query(sandbox: PymetricsSandbox) -> None:
    first = sandbox.order()
    second = sandbox.order(candidate={"email": "eda@example.com", "external_id": "c-2"})
    third = sandbox.order(application_id="a-2")
    assert listed(sandbox, job_application_id="a-1") == [first, second]
    assert listed(sandbox, candidate_id="c-1") == [first, third]
    assert listed(sandbox, candidate_id="c-1", job_application_id="a-1") == [first]
    assert listed(sandbox, candidate_id="", job_application_id="a-2") == [third]
    assert listed(sandbox, candidate_id="c-3") == []


def test_version_2_differs_in_the_email_rule_only() -> None:
    pairs = [
        (one, two)
        for first, second in zip(rules.ORDER, rules.ORDER_V2, strict=True)
        for one, two in zip(first, second, strict=True)
        if one is not two
    ]
    assert pairs == [(rules.EMAIL_REQUIRED, rules.EMAIL_REQUIRED_V2)]


@pytest.mark.parametrize("behaviour", [{}, OPTIONAL])
def test_version_1_requires_an_email_for_every_flag(behaviour: dict[str, str]) -> None:
    response = PymetricsSandbox(behaviour=behaviour).send("create_order", {"body": NAMELESS})
    assert response.rules == ("pymetrics.order.candidate.email.required",)


def test_send_email_without_email_is_noted() -> None:
    sandbox = PymetricsSandbox(behaviour=OPTIONAL)
    response = sandbox.send("create_order_v2", {"body": {**NAMELESS, "send_email": True}})
    assert (response.status, sandbox.all("mail")) == (201, [])
    assert response.notes == ("body.send_email was ignored: the candidate has no address",)
    assert sandbox.send("create_order_v2", {"body": {**NOBODY, "send_email": False}}).notes == ()


@pytest.mark.parametrize(
    ("candidate", "name"),
    [({"first_name": "Ada", "external_id": "c-1"}, "Ada"), ({"external_id": "c-1"}, "c-1"), ({}, "")],
)
def test_order_without_email_completes_and_has_a_report(candidate: dict[str, str], name: str) -> None:
    sandbox = PymetricsSandbox(behaviour=OPTIONAL)
    order = shown(sandbox.send("create_order_v2", {"body": {**ORDER, "candidate": candidate}}))
    sandbox.placeholders["{order}"] = order["id"]
    assert sandbox.act("complete").status == 200
    sandbox.ticket()
    document = sandbox.send("download_report").body
    assert document.sections[0] == ("Candidate", (("Name", name), ("E-mail", "")))
    assert VENDOR.to_invitation(sandbox.all("order")[0]).candidate["email"] is None
