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
def test_failure_statuses_of_the_vendor_have_its_error_object(status: int, number: int, description: str) -> None:
    sandbox = FakeSandbox()
    response = failure_response(VENDOR, status, sandbox.call("get_assessment"), sandbox)
    assert (response.status, response.rules, response.headers) == (status, (), ())
    assert response.body == {"number": number, "context": None, "description": description, "parameterErrors": []}


STOCK = [
    (401, "Authorization has been denied for this request."),
    (403, "An error has occurred."),
    (405, "The requested resource does not support http method 'GET'."),
    (413, "The request entity is too large."),
    (500, "An error has occurred."),
    (502, "An error has occurred."),
]


@pytest.mark.parametrize(("status", "message"), STOCK)
def test_other_failure_statuses_have_the_frameworks_body(sandbox: FakeSandbox, status: int, message: str) -> None:
    response = failure_response(VENDOR, status, sandbox.call("get_assessment", method="GET"), sandbox)
    assert (response.status, response.body) == (status, {"Message": message})


def test_failure_has_the_rate_limit_header(sandbox: FakeSandbox) -> None:
    sandbox.config = replace(sandbox.config, rate_limit=5)
    assert failure_response(VENDOR, 503, sandbox.call("get_assessment"), sandbox).headers == (
        ("x-ratelimit-limit", "5"),
    )
