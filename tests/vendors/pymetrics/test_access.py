"""Access tokens and credentials."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assessment_simulator.core import instant
from assessment_simulator.core.request import Credential
from assessment_simulator.vendors.pymetrics import VENDOR
from tests.fakes import FakeSandbox
from tests.vendors.pymetrics.fakes import PymetricsSandbox
from tests.vendors.pymetrics.rows import ABSENT


def test_token_response_has_four_members() -> None:
    response = PymetricsSandbox().send("create_token")
    assert response.status == 201
    assert list(response.body) == ["access_token", "token_type", "expires_in", "scope"]
    assert (response.body["token_type"], response.body["expires_in"], response.body["scope"]) == (
        "Bearer",
        3600,
        "mercury",
    )


@pytest.mark.parametrize(("authorization", "hinted"), [("Basic c2ltOng=", True), ("basic", True), ("Bearer x", False)])
def test_refused_token_request_with_basic_credentials_has_a_hint(authorization: str, hinted: bool) -> None:
    response = FakeSandbox().handle(
        VENDOR, "create_token", {}, media_type="application/json", headers={"authorization": authorization}
    )
    assert response.status == 400
    assert ("client_secret_post" in " ".join(response.hints)) is hinted


def test_unknown_members_of_a_token_request_are_noted() -> None:
    body = {"client_id": "sim-a", "client_secret": "x", "grant_type": "client_credentials", "Scope": "all"}
    response = FakeSandbox().handle(VENDOR, "create_token", body, media_type="application/json")
    assert (response.status, response.notes) == (201, ("body.Scope is not a documented member; it was ignored",))


def test_tokens_of_one_instant_differ_and_begin_with_the_sandbox_name(sandbox: PymetricsSandbox) -> None:
    tokens = {sandbox.send("create_token").body["access_token"] for _ in range(2)}
    assert len(tokens) == 2
    assert all(token.startswith("sim-test.") for token in tokens)


def test_token_is_valid_on_a_clock_before_1970(sandbox: PymetricsSandbox) -> None:
    sandbox.now = instant.EARLIEST
    sandbox.placeholders["{token}"] = sandbox.send("create_token").body["access_token"]
    assert sandbox.send("get_configuration").status == 200


@given(st.text())
def test_any_authorization_header_is_refused_without_raising(text: str) -> None:
    response = PymetricsSandbox().send("get_configuration", {"header.authorization": f"Bearer {text}"})
    assert response.status == 401


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
def test_credential_is_a_client_a_key_or_a_link(operation: str, change: Any, shown: Credential | None) -> None:
    request = PymetricsSandbox().request(operation, change)
    assert VENDOR.credential(operation, request.params, request.headers, request.body) == shown
