"""The format of pymetrics' errors."""

from assessment_contracts.pymetrics.facts import TABLES
from assessment_contracts.wire import Answer


def envelope(answer: Answer) -> None:
    """Assert the vendor's format of errors, everywhere but where a key is missing."""
    assert answer.headers.get("content-type") == "application/json", answer.headers.get("content-type")
    TABLES.check(answer.json, "error")
    assert answer.json["recoverable"] is (answer.status == 429), "only a 429 can be repeated as it is"
    if answer.status == 429:
        assert answer.headers.get("retry-after") == "60", f"Retry-After is {answer.headers.get('retry-after')!r}"


def gateway(answer: Answer) -> None:
    """Assert the gateway's response to an unknown key, which is not the vendor's format."""
    assert answer.headers.get("content-type") == "application/json", answer.headers.get("content-type")
    assert answer.json == {"message": "Forbidden"}, answer.text
