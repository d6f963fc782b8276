"""Ports, servers that answer, and waits for states without an event: of another process, or of a polled server."""

import socket
import time
from collections.abc import Callable
from typing import TypeVar

import httpx2

T = TypeVar("T")
# Seconds between two looks.
STEP = 0.01
# Requests that `wait_for_requests_read` sends.
CALLS = 10


def until(happened: Callable[[], T], within: float = 10) -> T:
    """The value of `happened` as soon as it is true; AssertionError after `within` seconds."""
    deadline = time.monotonic() + within
    while not (found := happened()):
        assert time.monotonic() < deadline, f"it did not happen within {within:g} s"
        time.sleep(STEP)
    return found


def free_port() -> int:
    """A port of loopback that no process listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def answers(url: str, path: str = "/_simulator/health") -> bool:
    """Whether a server answers at this address with 200."""
    try:
        return httpx2.get(f"{url}{path}", trust_env=False).status_code == 200
    except httpx2.TransportError:
        return False


def wait_for_requests_read(url: str) -> None:
    """Wait until the server has read what was sent to it before, and works on it.

    It sends requests, each over a connection of its own: a server of one process accepts these after earlier ones.
    """
    for _ in range(CALLS):
        assert httpx2.get(f"{url}/_simulator/health", trust_env=False, verify=False).status_code == 200
