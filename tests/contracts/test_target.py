"""A vendor's server as a target: it is asked as often as it likes, and what was created there is removed."""

import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from assessment_contracts.hindered import Hindered
from assessment_contracts.runner import PROFILES, Runner, Verdict
from assessment_contracts.target import Target
from tests.contracts import toys

Script = list[tuple[int, str]]
"""For each request in turn the status, and what Retry-After says; the last is repeated."""


@contextmanager
def vendor(script: Script, deadline: float = float("inf")) -> Iterator[tuple[Target, list[str]]]:
    """A target that answers so, and the requests that it gets."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(f"{self.command} {self.path}")
            status, wait = script[min(len(asked), len(script)) - 1]
            self.send_response(status)
            if wait:
                self.send_header("Retry-After", wait)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_DELETE = do_POST = do_GET  # noqa: N815 - the names that http.server looks for

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    with closing(Target(url, {"PI_API_KEY": "a-key"}, deadline=deadline)) as target:
        yield target, asked
    server.shutdown()
    server.server_close()


def test_a_vendor_that_wants_to_be_left_alone_is_asked_again_when_it_says() -> None:
    with vendor([(429, "1"), (429, "0"), (200, "")]) as (target, asked):
        began = time.monotonic()
        assert target.open().look().status == 200
        assert time.monotonic() - began >= 1
        assert len(asked) == 3


@pytest.mark.parametrize("answer", [(502, ""), (503, "1"), (504, ""), (429, "3600")])
def test_a_vendor_that_is_away_or_wants_to_be_left_alone_for_long_hinders(answer: tuple[int, str]) -> None:
    with vendor([answer], deadline=time.monotonic() + 60) as (target, asked):
        with pytest.raises(Hindered, match=str(answer[0])):
            target.open().look()
        assert len(asked) == 1


def test_what_hinders_is_no_failure_and_the_run_is_not_called_complete() -> None:
    with vendor([(503, "")]) as (target, _):
        [outcome] = Runner(target, PROFILES["quick"]).run([toys.observed])
        assert (outcome.verdict, outcome.reason, outcome.hindered) == (
            Verdict.NOT_ASKED, "the server answers 503", True,
        )  # fmt: skip


def test_what_was_created_is_removed_though_the_vendor_has_had_enough_and_what_stays_is_named() -> None:
    with vendor([(500, ""), (429, "0"), (204, ""), (404, ""), (503, "")], deadline=0) as (target, asked):
        account = target.open()
        for name in "abcd":
            account.undo("DELETE", f"/{name}", "predictive_index")
        target.forget(account)
        assert asked == ["DELETE /d", "DELETE /c", "DELETE /c", "DELETE /b", "DELETE /a"]
        assert target.left == ["DELETE /d", "DELETE /a"]
