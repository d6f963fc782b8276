"""A notice on its way: what an answer means, when the next try is due, and when it is given up."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
VERDICTS = [
    *((status, None, "delivered") for status in (200, 201, 202, 204, 226, 299)),
    *((status, None, "again") for status in AGAIN),
    *(
        (status, None, "failed")
        for status in (100, 199, 300, 301, 302, 307, 308, 400, 401, 403, 404, 405, 409, 410, 413, 418, 422, 425, 451)
    ),
    *((status, None, "failed") for status in (501, 505, 507, 511, 599)),
    (None, "no answer within 30 s", "again"),
    (None, "ConnectError: refused", "again"),
    (None, None, "again"),
    (None, REFUSED, "failed"),
]


def attempt(number: int, at: int, status: int | None = 200, error: str | None = None) -> Attempt:
    answer = None if status is None else WebhookResponse(status, (), "")
    return Attempt(number, at, POST, answer, error, 0.1)


@pytest.mark.parametrize(("status", "error", "verdict"), VERDICTS)
def test_an_answer_means_what_the_table_says(status: int | None, error: str | None, verdict: str) -> None:
    assert attempt(1, 0, status, error).outcome == verdict


@given(st.integers(100, 599))
def test_every_status_is_a_success_a_retry_or_the_end(status: int) -> None:
    expected = "delivered" if 200 <= status < 300 else "again" if status in AGAIN else "failed"
    assert attempt(1, 0, status).outcome == expected


def test_the_ladder_is_nine_tries_at_doubling_gaps_within_a_day() -> None:
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


@pytest.mark.parametrize("made", range(1, 9))
def test_the_gap_doubles_with_each_try(made: int) -> None:
    assert backoff(made) == 337.5 * instant.SECOND * 2 ** (made - 1)


def test_the_next_try_counts_from_the_last_one_not_from_when_it_was_due() -> None:
    delivery = FRESH.after(attempt(1, 5 * instant.HOUR, 503))
    assert delivery.due == 5 * instant.HOUR + backoff(1)


@pytest.mark.parametrize("before", range(9))
@pytest.mark.parametrize(
    ("status", "error", "state"), [(204, None, "delivered"), (404, None, "failed"), (None, REFUSED, "failed")]
)
def test_a_final_answer_ends_it_at_any_try(before: int, status: int | None, error: str | None, state: str) -> None:
    delivery = FRESH
    for number in range(1, before + 1):
        delivery = delivery.after(attempt(number, number, 500))
    delivery = delivery.after(attempt(before + 1, 100, status, error))
    assert (delivery.state, delivery.due, len(delivery.attempts)) == (state, None, before + 1)


def test_a_delivery_is_never_changed_in_place() -> None:
    FRESH.after(attempt(1, 0))
    assert (FRESH.attempts, FRESH.due, FRESH.state) == ((), 0, "pending")


def test_no_try_is_due_at_an_instant_that_cannot_be_written() -> None:
    due = FRESH.after(attempt(1, instant.LATEST - instant.SECOND, 500)).due
    assert due is None or due <= instant.LATEST


def test_a_double_waits_in_the_line_of_the_one_it_doubles() -> None:
    double = replace(FRESH, id="n-duplicate-1", duplicate_key=FRESH.ordering_key)
    assert double.ordering_key == FRESH.ordering_key
    assert replace(double, id="another", duplicate_key="own").ordering_key == "own"


def test_a_fault_that_met_a_try_may_meet_the_next_but_never_a_double() -> None:
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
def test_an_origin_is_scheme_host_and_port(url: str, origin: str) -> None:
    assert replace(FRESH, event=replace(NOTICE, url=url)).origin == origin
