"""Waits for states without an event: of another process, or of a server that has to be polled."""

import time
from collections.abc import Callable
from typing import TypeVar

import httpx2

T = TypeVar("T")
STEP = 0.01
"""Seconds between two looks."""
CALLS = 10
"""Requests that `wait_for_requests_read` sends."""


def until(happened: Callable[[], T], within: float = 10) -> T:
    """The value of `happened` as soon as it is true; AssertionError after `within` seconds."""
    deadline = time.monotonic() + within
    while not (found := happened()):
        assert time.monotonic() < deadline, f"it did not happen within {within:g} s"
        time.sleep(STEP)
    return found


def wait_for_requests_read(url: str) -> None:
    """Wait until the server has read what was sent to it before, and works on it.

    It sends requests, each over a connection of its own: a server of one process accepts these after earlier ones.
    """
    for _ in range(CALLS):
        assert httpx2.get(f"{url}/_simulator/health", trust_env=False, verify=False).status_code == 200
