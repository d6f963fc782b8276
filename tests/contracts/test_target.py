"""A vendor's server as a target: it is asked as often as it likes, and what was created there is removed."""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from assessment_contracts.inconclusive import Inconclusive
from assessment_contracts.kit import Listener, Received, Reply
from assessment_contracts.runner import PROFILES, Runner, Verdict
from assessment_contracts.target import Target
from tests.contracts import toys

# For each request in turn the status, and what Retry-After says; the last is repeated.
Script = list[tuple[int, str]]


@contextmanager
def vendor(script: Script, deadline: float = float("inf")) -> Iterator[tuple[Target, list[Received]]]:
    """A target that answers so, and the requests that it gets."""
    replies = [Reply(status, {"Retry-After": wait} if wait else {}) for status, wait in script]
    with Listener(replies) as server, closing(Target(server.url, {"PI_API_KEY": "a-key"}, deadline=deadline)) as target:
        yield target, server.received


def asked(received: list[Received]) -> list[str]:
    """Each request as a method and a path."""
    return [f"{one.method} {one.path}" for one in received]


def test_a_vendor_that_wants_to_be_left_alone_is_asked_again_when_it_says() -> None:
    with vendor([(429, "1"), (429, "0"), (200, "")]) as (target, received):
        began = time.monotonic()
        assert target.open().look().status == 200
        assert time.monotonic() - began >= 1
        assert len(received) == 3


@pytest.mark.parametrize("answer", [(502, ""), (503, "1"), (504, ""), (429, "3600")])
def test_a_vendor_that_is_away_or_wants_to_be_left_alone_for_long_hinders(answer: tuple[int, str]) -> None:
    with vendor([answer], deadline=time.monotonic() + 60) as (target, received):
        with pytest.raises(Inconclusive, match=str(answer[0])):
            target.open().look()
        assert len(received) == 1


def test_what_hinders_is_no_failure_and_the_run_is_not_called_complete() -> None:
    with vendor([(503, "")]) as (target, _):
        outcome = Runner(target, PROFILES["quick"]).run(toys.observed)
        assert (outcome.verdict, outcome.reason) == (Verdict.INCONCLUSIVE, "the server answers 503")


def test_what_was_created_is_removed_though_the_vendor_has_had_enough_and_what_stays_is_named() -> None:
    with vendor([(500, ""), (429, "0"), (204, ""), (404, ""), (503, "")], deadline=0) as (target, received):
        account = target.open()
        for name in "abcd":
            account.undo("DELETE", f"/{name}", "predictive_index")
        target.forget(account)
        assert asked(received) == ["DELETE /d", "DELETE /c", "DELETE /c", "DELETE /b", "DELETE /a"]
        assert target.left == ["DELETE /d", "DELETE /a"]
