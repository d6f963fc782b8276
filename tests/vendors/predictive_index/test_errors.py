"""How The Predictive Index responds to failures of its own."""

from dataclasses import replace

import pytest

from assessment_simulator.core.vendor import failure_response
from assessment_simulator.vendors.predictive_index import VENDOR
from tests.fakes import FakeSandbox

OWN = [
    (400, 1, "The request is not valid"),
    (404, 2, "There is no such thing"),
    (429, 3, "There were too many calls in 60 seconds"),
    (503, 27, "The API is down for maintenance"),
]


@pytest.mark.parametrize(("status", "number", "description"), OWN)
def test_the_statuses_that_its_code_answers_have_the_vendors_object(status: int, number: int, description: str) -> None:
    world = FakeSandbox()
    reply = failure_response(VENDOR, status, world.call("get_assessment"), world)
    assert (reply.status, reply.rules, reply.headers) == (status, (), ())
    assert reply.body == {"number": number, "context": None, "description": description, "parameterErrors": []}


STOCK = [
    (401, "Authorization has been denied for this request."),
    (403, "An error has occurred."),
    (405, "The requested resource does not support http method 'GET'."),
    (413, "The request entity is too large."),
    (500, "An error has occurred."),
    (502, "An error has occurred."),
]


@pytest.mark.parametrize(("status", "message"), STOCK)
def test_the_others_have_the_stock_body_of_their_framework(status: int, message: str) -> None:
    world = FakeSandbox()
    reply = failure_response(VENDOR, status, world.call("get_assessment", method="GET"), world)
    assert (reply.status, reply.body) == (status, {"Message": message})


def test_an_account_with_a_limit_is_told_it_in_trouble_too() -> None:
    world = FakeSandbox()
    world.config = replace(world.config, rate_limit=5)
    assert failure_response(VENDOR, 503, world.call("get_assessment"), world).headers == (("x-ratelimit-limit", "5"),)


def test_it_knows_no_access_tokens() -> None:
    assert VENDOR.bearer_token is None
