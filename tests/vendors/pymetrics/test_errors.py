"""Responses to failures of the vendor, and bearer tokens."""

import uuid

import pytest

from assessment_simulator.core.vendor import failure_response
from assessment_simulator.vendors.pymetrics import VENDOR
from tests.fakes import FakeSandbox

MESSAGES = [
    (400, False, "not valid"),
    (401, False, "credentials"),
    (404, False, "no such thing"),
    (408, True, "cannot be served"),
    (418, False, "cannot be served"),
    (429, True, "a minute must not see more calls"),
    (500, True, "may succeed later"),
    (503, True, "may succeed later"),
    (599, True, "may succeed later"),
]


@pytest.mark.parametrize(("status", "recoverable", "words"), MESSAGES)
def test_failure_has_the_envelope_and_its_recoverability(status: int, recoverable: bool, words: str) -> None:
    sandbox = FakeSandbox()
    response = failure_response(VENDOR, status, sandbox.call("get_order"), sandbox)
    assert (response.status, response.media_type, response.rules) == (status, "application/json", ())
    assert list(response.body) == ["request_id", "recoverable", "message"]
    assert str(uuid.UUID(response.body["request_id"])) == response.body["request_id"]
    assert response.body["recoverable"] is recoverable
    assert words in response.body["message"]
    assert response.headers == ((("retry-after", "60"),) if status == 429 else ())


def test_403_is_the_gateways() -> None:
    sandbox = FakeSandbox()
    assert failure_response(VENDOR, 403, sandbox.call("get_order"), sandbox).body == {"message": "Forbidden"}


@pytest.mark.parametrize(
    ("header", "token"), [("Bearer abc", "abc"), ("bearer  abc ", "abc"), ("Basic abc", ""), ("abc", ""), ("", "")]
)
def test_bearer_token_is_read_from_the_header(header: str, token: str) -> None:
    assert VENDOR.bearer_token
    assert VENDOR.bearer_token(FakeSandbox().call("get_order", headers={"authorization": header})) == token
    assert VENDOR.bearer_token(FakeSandbox().call("get_order")) == ""
