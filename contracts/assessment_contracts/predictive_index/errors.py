"""The formats of errors: the framework's stock body in the HTTP layer, the vendor's own object behind it."""

from collections.abc import Mapping
from typing import Any

from assessment_contracts.invalid_requests import check_refusal
from assessment_contracts.predictive_index.facts import TABLES
from assessment_contracts.wire import Answer

DENIED = {"Message": "Authorization has been denied for this request."}
"""The vendor's response to a missing or disabled key."""
MAINTENANCE: Mapping[str, Any] = {
    "number": 27, "context": None, "description": "The API is down for maintenance", "parameterErrors": [],
}  # fmt: skip
"""The one error that the vendor publishes in full."""


def stock(answer: Answer, text: str = "") -> None:
    """Assert a stock error: one object with a `Message`, which is this text if one is given."""
    TABLES.check(_json(answer), "stock_error")
    message = answer.json["Message"]
    assert message.endswith("."), f"the message is no sentence: {message!r}"
    assert text in ("", message), f"the message is {message!r}, not {text!r}"


def denied(answer: Answer) -> None:
    """Assert the response to a missing or unknown key, in the words of the vendor's FAQ."""
    assert _json(answer) == DENIED, f"a call without a key returns {answer.text[:200]}"


def no_route(answer: Answer) -> None:
    """Assert the framework's response to an unknown path, which repeats the URL."""
    stock(answer)
    words = "No HTTP resource was found that matches the request URI '"
    assert answer.json["Message"].startswith(words), answer.json["Message"]


def vendor(answer: Answer) -> None:
    """Assert an error of the vendor's own format."""
    TABLES.check(_json(answer), "error")
    members = list(TABLES.members("error"))
    assert [*answer.json] == members, f"the members are {[*answer.json]}, not {members}"


def parameters(answer: Answer) -> list[str]:
    """The parameters that an error of the vendor's format lists."""
    vendor(answer)
    return [item["parameter"] for item in answer.json["parameterErrors"]]


def refused(answer: Answer, status: int, *rules: str) -> None:
    """Assert that a request was refused with this status, and for these rules if the server names any."""
    check_refusal(answer, status, {*rules})


def _json(answer: Answer) -> Any:
    kind = answer.headers.get("content-type", "none")
    assert kind.partition(";")[0] == "application/json", f"the content type is {kind}"
    return answer.json
