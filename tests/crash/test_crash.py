"""A short run of `scripts/crash`."""

import socket
from pathlib import Path

import pytest

from tests.crash.listening import Aside
from tests.crash.running import cut_short, run


@pytest.mark.timeout(240)
def test_nothing_that_was_acknowledged_is_lost_when_a_process_is_killed(tmp_path: Path) -> None:
    """With SQLite; tests/engine does the same with PostgreSQL and three servers."""
    verdict = run(4, 1, f"sqlite:{tmp_path}/log.db")
    assert verdict.wrong == []
    assert verdict.acknowledged > 0
    assert verdict.webhooks > 0


@pytest.mark.parametrize(
    ("at", "following", "under_way"),
    [
        pytest.param(19.5, 21.4, 0.5, id="before the death, and again after it"),
        pytest.param(20.5, 21.4, 0.0, id="before it, but noted down while nobody was born yet"),
        pytest.param(19.5, 20.5, 0.5, id="before it, and again by another before all was noted down"),
        pytest.param(18.0, 19.0, None, id="twice before it"),
        pytest.param(21.3, 21.6, None, id="twice after it"),
        pytest.param(9.5, 21.4, None, id="too long before it to be still under way"),
    ],
)
def test_only_a_kill_during_an_attempt_explains_a_repeated_webhook(
    at: float, following: float, under_way: float | None
) -> None:
    assert cut_short(at, following, [(5.0, 5.1), (20.0, 21.0)]) == pytest.approx(under_way)


def test_webhooks_of_a_killed_process_are_recorded_before_the_next_one_starts() -> None:
    with Aside() as listener:
        address = "127.0.0.1", int(listener.url.rpartition(":")[2])
        for number in range(100):
            with socket.create_connection(address) as dead:
                dead.sendall(f"POST /{number} HTTP/1.1\r\ncontent-length: 2\r\n\r\nof".encode())
        listener.wait_until_noted()
        assert {one.path for one in listener.received()} == {f"/{number}" for number in range(100)}
