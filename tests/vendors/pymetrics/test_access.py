"""Tokens, their life and their reach, and what a caller shows to be let in."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assessment_simulator.core import instant
from assessment_simulator.core.vendor import Credential
from assessment_simulator.vendors.pymetrics import VENDOR
from tests.fakes import FakeSandbox
from tests.vendors.pymetrics.desk import Desk
from tests.vendors.pymetrics.rows import ABSENT


def test_a_token_is_shown_with_the_four_members_that_clients_need() -> None:
    reply = Desk().send("create_token")
    assert reply.status == 201
    assert list(reply.body) == ["access_token", "token_type", "expires_in", "scope"]
    assert (reply.body["token_type"], reply.body["expires_in"], reply.body["scope"]) == ("Bearer", 3600, "mercury")


@pytest.mark.parametrize(("authorization", "hinted"), [("Basic c2ltOng=", True), ("basic", True), ("Bearer x", False)])
def test_a_refused_token_call_with_basic_credentials_has_a_hint(authorization: str, hinted: bool) -> None:
    reply = FakeSandbox().ask(
        VENDOR, "create_token", {}, media_type="application/json", headers={"authorization": authorization}
    )
    assert reply.status == 400
    assert ("client_secret_post" in " ".join(reply.hints)) is hinted


def test_unknown_members_of_a_token_call_are_noted() -> None:
    body = {"client_id": "sim-a", "client_secret": "x", "grant_type": "client_credentials", "Scope": "all"}
    reply = FakeSandbox().ask(VENDOR, "create_token", body, media_type="application/json")
    assert (reply.status, reply.notes) == (201, ("body.Scope is not a documented member; it was ignored",))


def test_a_token_names_its_sandbox() -> None:
    assert Desk().words["{token}"].startswith("sim-test.")


def test_two_tokens_of_one_moment_differ() -> None:
    desk = Desk()
    assert desk.send("create_token").body["access_token"] != desk.send("create_token").body["access_token"]


def test_a_token_lives_until_its_last_tick() -> None:
    desk = Desk()
    desk.now += 3600 * instant.SECOND - 1
    assert desk.send("get_configuration").status == 200
    desk.now += 1
    assert desk.send("get_configuration").rules == ("pymetrics.access.token.live",)


def test_a_token_works_on_a_clock_before_1970() -> None:
    desk = Desk()
    desk.now = instant.EARLIEST
    desk.words["{token}"] = desk.send("create_token").body["access_token"]
    assert desk.send("get_configuration").status == 200


def test_a_token_is_known_only_where_it_is_remembered() -> None:
    desk = Desk()
    del desk.records["token", desk.words["{token}"]]
    assert desk.send("get_configuration").rules == ("pymetrics.access.token.known",)


@given(st.text())
def test_no_header_makes_it_stumble(text: str) -> None:
    reply = Desk().send("get_configuration", {"header.authorization": f"Bearer {text}"})
    assert reply.status == 401


@pytest.mark.parametrize(
    ("operation", "change", "shown"),
    [
        ("create_token", {}, Credential("pymetrics.client", "sim-test", "any")),
        ("create_token", {"body": ABSENT}, None),
        ("create_token", {"raw": "{"}, None),
        ("create_token", {"body": ["client_id"]}, None),
        ("create_token", {"body.client_id": 5}, None),
        ("create_token", {"body.client_id": ""}, None),
        ("create_token", {"body.client_secret": ABSENT}, None),
        ("create_token", {"body.client_secret": ""}, None),
        ("get_order", {}, Credential("pymetrics.key", "sim-test")),
        ("get_order", {"header.x-api-key": ""}, None),
        ("get_order", {"header.x-api-key": ABSENT}, None),
        ("download_report", {"path.ticket": "test.seal.order.5.code"}, Credential("link", "test", "seal", "order")),
        ("download_report", {"path.ticket": "test"}, Credential("link", "test", "")),
        ("download_report", {"path.ticket": ".seal"}, None),
        ("download_report", {"path.ticket": ABSENT}, None),
    ],
)
def test_a_caller_shows_a_client_a_key_or_a_link(operation: str, change: Any, shown: Credential | None) -> None:
    request = Desk().request(operation, change)
    assert VENDOR.credential(operation, request.params, request.headers, request.body) == shown


def test_every_kind_of_credential_that_is_handed_out_is_one_that_is_asked_for() -> None:
    assert VENDOR.credentials == {
        "pymetrics.client": ("client_id", "client_secret"),
        "pymetrics.key": ("api_key",),
    }


def test_no_header_is_added_to_every_answer() -> None:
    assert VENDOR.extra_headers(Desk()) == ()
