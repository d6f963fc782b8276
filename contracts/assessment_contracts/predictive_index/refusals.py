"""How refusals look: the stock bodies of the framework in the HTTP layer, the vendor's own object behind it."""

from collections.abc import Mapping
from typing import Any

from assessment_contracts.wire import Answer

DENIED = {"Message": "Authorization has been denied for this request."}
"""What the vendor says to a missing or disabled key."""
MAINTENANCE: Mapping[str, Any] = {
    "number": 27, "context": None, "description": "The API is down for maintenance", "parameterErrors": [],
}  # fmt: skip
"""The one error that the vendor publishes whole."""


def stock(answer: Answer) -> None:
    """An error of transport: one object with a `Message`."""
    body = _json(answer)
    assert [*body] == ["Message"], f"the members are {[*body]}, not Message alone"
    assert isinstance(body["Message"], str), f"the message is {body['Message']!r}"
    assert body["Message"].endswith("."), f"the message is no sentence: {body['Message']!r}"


def legacy(answer: Answer) -> None:
    """An error of the vendor's own: number, context, description and parameterErrors, and no other member."""
    body = _json(answer)
    members = ["number", "context", "description", "parameterErrors"]
    assert [*body] == members, f"the members are {[*body]}, not {members}"
    assert type(body["number"]) is int, f"number is {body['number']!r}"
    assert body["context"] is None or isinstance(body["context"], str), f"context is {body['context']!r}"
    assert isinstance(body["description"], str), f"description is {body['description']!r}"
    assert body["description"], f"description is {body['description']!r}"
    assert isinstance(body["parameterErrors"], list), f"parameterErrors is {body['parameterErrors']!r}"


def items(answer: Answer) -> list[str]:
    """The parameters that the vendor's object lists as wrong; what an item looks like is ours."""
    legacy(answer)
    found = answer.json["parameterErrors"]
    for item in found:
        assert [*item] == ["parameter", "description"], f"an item is {item!r}"
        assert all(isinstance(text, str) and text for text in item.values()), f"an item is {item!r}"
    return [item["parameter"] for item in found]


def message(answer: Answer, text: str) -> None:
    """An error of transport with just this text."""
    stock(answer)
    assert answer.json["Message"] == text, f"the message is {answer.json['Message']!r}, not {text!r}"


def refused(answer: Answer, status: int, *rules: str) -> None:
    """An answer with this status, refused by these rules where the server names any."""
    assert answer.status == status, f"{answer.status} instead of {status}: {answer.text[:200]}"
    assert not answer.rules or {*answer.rules} == {*rules}, f"refused by {answer.rules}, not by {rules}"


def _json(answer: Answer) -> Any:
    kind = answer.headers.get("content-type", "none")
    assert kind.partition(";")[0] == "application/json", f"the content type is {kind}"
    assert isinstance(answer.json, dict), f"an error is one object, not {answer.text[:200]}"
    return answer.json
