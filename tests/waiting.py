"""Waiting for what has no event of its own: the state of another process, or of a server that can only be asked."""

import time
from collections.abc import Callable
from typing import TypeVar

import httpx2

T = TypeVar("T")
STEP = 0.01
"""Seconds between two looks."""
CALLS = 10
"""How many calls `overtaken` makes."""


def until(happened: Callable[[], T], within: float = 10) -> T:
    """What `happened` gives as soon as it is true; AssertionError when that takes more than `within` seconds."""
    deadline = time.monotonic() + within
    while not (found := happened()):
        assert time.monotonic() < deadline, f"it did not happen within {within:g} s"
        time.sleep(STEP)
    return found


def overtaken(url: str) -> None:
    """Make calls that are answered after the server has read what was sent to it before, and has begun with it.

    Each call has a connection of its own, which a server of one process accepts after those that were opened before.
    """
    for _ in range(CALLS):
        assert httpx2.get(f"{url}/_simulator/health", trust_env=False, verify=False).status_code == 200
