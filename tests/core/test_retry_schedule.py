"""The retry schedule: what a response means, when the next attempt is due, and when a delivery fails."""

from dataclasses import replace
from itertools import pairwise

import pytest

from assessment_simulator.core import instant
from assessment_simulator.core.decision import WebhookEvent
from assessment_simulator.core.retry_schedule import (
    MAX_ATTEMPTS,
    REFUSED,
    Attempt,
    Delivery,
    WebhookRequest,
    WebhookResponse,
    backoff,
)

NOTICE = WebhookEvent("n", "vendor", "i", "http://127.0.0.1/hook", "text/plain", "body")
POST = WebhookRequest(NOTICE.url, (), b"body")
FRESH = Delivery("n", NOTICE, created=0, due=0)

AGAIN = (408, 429, 500, 502, 503, 504)


def attempt(number: int, at: int, status: int | None = 200, error: str | None = None) -> Attempt:
    answer = None if status is None else WebhookResponse(status, (), "")
    return Attempt(number, at, POST, answer, error, 0.1)


def test_every_status_delivers_retries_or_fails() -> None:
    for status in range(100, 600):
        expected = "delivered" if 200 <= status < 300 else "again" if status in AGAIN else "failed"
        assert attempt(1, 0, status).outcome == expected


@pytest.mark.parametrize("error", ["no answer within 30 s", "ConnectError: refused", None, REFUSED])
def test_attempt_without_a_response_is_repeated_unless_the_policy_refused_it(error: str | None) -> None:
    assert attempt(1, 0, None, error).outcome == ("failed" if error == REFUSED else "again")


def test_nine_attempts_with_exponential_backoff_within_a_day() -> None:
    delivery, tried = FRESH, list[int]()
    while delivery.due is not None:
        tried.append(delivery.due)
        assert delivery.state == "pending"
        delivery = delivery.after(attempt(len(tried), delivery.due, 500))
    gaps = [later - earlier for earlier, later in pairwise(tried)]
    assert (len(tried), delivery.state, len(delivery.attempts)) == (MAX_ATTEMPTS, "failed", 9)
    assert gaps[0] == 337.5 * instant.SECOND
    assert all(later == 2 * earlier for earlier, later in pairwise(gaps))
    assert 23.9 * instant.HOUR <= tried[-1] < instant.DAY


def test_backoff_counts_from_the_last_attempt() -> None:
    delivery = FRESH.after(attempt(1, 5 * instant.HOUR, 503))
    assert delivery.due == 5 * instant.HOUR + backoff(1)


@pytest.mark.parametrize("before", range(9))
@pytest.mark.parametrize(
    ("status", "error", "state"), [(204, None, "delivered"), (404, None, "failed"), (None, REFUSED, "failed")]
)
def test_final_response_ends_the_delivery_at_any_attempt(
    before: int, status: int | None, error: str | None, state: str
) -> None:
    delivery = FRESH
    for number in range(1, before + 1):
        delivery = delivery.after(attempt(number, number, 500))
    delivery = delivery.after(attempt(before + 1, 100, status, error))
    assert (delivery.state, delivery.due, len(delivery.attempts)) == (state, None, before + 1)


def test_next_attempt_is_never_after_the_latest_instant() -> None:
    due = FRESH.after(attempt(1, instant.LATEST - instant.SECOND, 500)).due
    assert due is None or due <= instant.LATEST


def test_duplicate_has_the_ordering_key_of_its_original() -> None:
    double = replace(FRESH, id="n-duplicate-1", duplicate_key=FRESH.ordering_key)
    assert double.ordering_key == FRESH.ordering_key
    assert replace(double, id="another", duplicate_key="own").ordering_key == "own"


def test_attempt_clears_the_fault_except_on_a_duplicate() -> None:
    failed = attempt(1, 0, 500)
    assert replace(FRESH, fault="f").after(failed).fault is None
    assert replace(FRESH, fault="f", duplicate_key="i").after(failed).fault == "f"


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("http://a/x?y", "http://a"),
        ("https://u:p@a.b:8443/", "https://a.b:8443"),
        ("http://[::1]:80", "http://[::1]:80"),
    ],
)
def test_origin_is_scheme_host_and_port(url: str, origin: str) -> None:
    assert replace(FRESH, event=replace(NOTICE, url=url)).origin == origin
