"""How pymetrics responds to failures of its own."""

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
def test_a_trouble_is_an_envelope_that_says_whether_to_try_again(status: int, recoverable: bool, words: str) -> None:
    world = FakeSandbox()
    reply = failure_response(VENDOR, status, world.call("get_order"), world)
    assert (reply.status, reply.media_type, reply.rules) == (status, "application/json", ())
    assert list(reply.body) == ["request_id", "recoverable", "message"]
    assert str(uuid.UUID(reply.body["request_id"])) == reply.body["request_id"]
    assert reply.body["recoverable"] is recoverable
    assert words in reply.body["message"]
    assert reply.headers == ((("retry-after", "60"),) if status == 429 else ())


def test_a_403_is_that_of_the_gateway() -> None:
    world = FakeSandbox()
    assert failure_response(VENDOR, 403, world.call("get_order"), world).body == {"message": "Forbidden"}


@pytest.mark.parametrize(
    ("header", "token"),
    [("Bearer abc", "abc"), ("bearer  abc ", "abc"), ("Basic abc", ""), ("abc", ""), ("", "")],
)
def test_a_call_comes_with_the_token_of_its_header(header: str, token: str) -> None:
    assert VENDOR.bearer_token
    assert VENDOR.bearer_token(FakeSandbox().call("get_order", headers={"authorization": header})) == token
    assert VENDOR.bearer_token(FakeSandbox().call("get_order")) == ""
