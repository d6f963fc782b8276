"""The tests' own listener, on which all webhook tests stand."""

import httpx2
import pytest

from tests.servers import Listener


def test_a_listener_records_what_came_and_repeats_its_last_answer(listener: Listener) -> None:
    listener.answers = [500, 201]
    with httpx2.Client(trust_env=False) as client:
        statuses = [client.post(f"{listener.url}/hook", data={"n": n}).status_code for n in range(3)]
    first, *_ = listener.wait_for(3)
    assert statuses == [500, 201, 201]
    assert (first.method, first.path, first.form) == ("POST", "/hook", {"n": "0"})
    assert first.headers["content-type"] == "application/x-www-form-urlencoded"


def test_a_listener_answers_by_a_function_of_the_request(listener: Listener) -> None:
    listener.answers = lambda received: received.json["status"]
    with httpx2.Client(trust_env=False) as client:
        assert client.post(listener.url, json={"status": 418}).status_code == 418


def test_waiting_for_what_does_not_come_says_what_came(listener: Listener) -> None:
    with pytest.raises(AssertionError, match=r"0 of 1 requests within 0\.01 s"):
        listener.wait_for(1, 0.01)
