"""Sends generated requests and checks that the server survives them."""

import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx2
from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.fuzz.inputs import KNOWN, NAMES, TARGETS
from tests.server import assessment, order
from tests.servers import Sandbox, Server

# Seconds for each answer.
PATIENCE = 10.0
# Examples of one target before the next has its turn.
_ROUND = 150
_ANSWER = re.compile(rb"HTTP/1\.1 (\d{3}) ")
# What waits because it is asked to: for things to happen, or for listeners.
_MAY_TAKE_LONG = re.compile(rb"^POST /_simulator/sandboxes/[^/]+/(?:await|clock)\b|/clock ")


class Failure(AssertionError):
    """The server did what it never may do."""


@dataclass
class Fuzzer:
    """A server, and how much it has borne."""

    server: Server
    sent: dict[str, int] = field(default_factory=dict)
    statuses: dict[int, int] = field(default_factory=dict)
    slowest: float = 0.0
    _read: int = 0
    _known: dict[bytes, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        parts = urlsplit(self.server.url)
        self._address = (parts.hostname, parts.port)
        self._renew()

    def _renew(self) -> None:
        client = {"client_id": f"sim-{NAMES[0]}", "client_secret": "any", "grant_type": "client_credentials"}
        with httpx2.Client(base_url=self.server.url, trust_env=False, timeout=PATIENCE) as http:
            self._known[b"TOKEN"] = http.post("/mercury/oauth/token", json=client).json()["access_token"].encode()
            for name, ids in KNOWN.items():
                made = _invited(Sandbox(http, name))
                self._known |= {known.encode(): id.encode() for known, id in zip(ids, made, strict=True)}

    def run(self, target: str, number: int, examples: int = _ROUND) -> None:
        """One round of one target; what it finds is raised, in its shortest form. Equal numbers make equal rounds."""

        @seed(number)
        @settings(
            max_examples=examples, deadline=None, database=None, print_blob=False, report_multiple_bugs=False,
            suppress_health_check=[*HealthCheck], phases=[Phase.generate, Phase.shrink],
        )  # fmt: skip
        @given(TARGETS[target]())
        def tried(data: bytes) -> None:
            self.send(data)
            self.sent[target] = self.sent.get(target, 0) + 1

        tried()
        self.look()

    def send(self, data: bytes) -> None:
        """Send bytes on a connection of their own, and read until it ends."""
        for known, real in self._known.items():
            data = data.replace(known, real)
        began = time.monotonic()
        got = self._said(data)
        took = time.monotonic() - began
        if not _MAY_TAKE_LONG.search(data):
            self.slowest = max(self.slowest, took)
        for status in map(int, _ANSWER.findall(got)):
            self.statuses[status] = self.statuses.get(status, 0) + 1
            if status >= 500 and b"simulator-hint" not in got.lower():
                raise Failure(f"{status} for {data!r}: {got[-500:]!r}")
        if self.server.stderr_size() != self._read:
            said = self.server.stderr(self._read)
            self._read = self.server.stderr_size()
            if "Traceback" in said or "failed" in said:
                raise Failure(f"{data!r} was answered with a traceback:\n{said}")

    def _said(self, data: bytes) -> bytes:
        got = b""
        with socket.create_connection(self._address, PATIENCE) as connection:
            try:
                connection.sendall(data)
                if b"connection: close" not in data.lower() or _waits_for_more(data):
                    connection.shutdown(socket.SHUT_WR)
                while more := connection.recv(1_048_576):
                    got += more
                    if len(got) > 64 * 1_048_576:
                        raise Failure(f"an answer of more than 64 MiB for {data!r}")
            except TimeoutError:
                if not got and not _waits_for_more(data) and not _MAY_TAKE_LONG.search(data):
                    raise Failure(f"no answer within {PATIENCE:g} s for {data!r}") from None
            except OSError:
                pass  # it was closed while we were talking
        return got

    def look(self) -> None:
        """See that the server still answers, at once, and lets go of what was opened by chance."""
        began = time.monotonic()
        with httpx2.Client(base_url=self.server.url, trust_env=False, timeout=PATIENCE) as http:
            if http.get("/_simulator/health").status_code != 200 or time.monotonic() - began > 2:
                raise Failure("the server does not answer any more, or not at once")
            for found in http.get("/_simulator/sandboxes").json():
                http.delete(f"/_simulator/sandboxes/{found['name']}")
        self._renew()


def _invited(sandbox: Sandbox) -> tuple[str, str]:
    """The ids of an order and of an assessment, both finished."""
    ids = order(sandbox)["id"], assessment(sandbox)["assessmentId"]
    for id in ids:
        sandbox.control_json("POST", f"/invitations/{id}/complete")
    return ids


def _waits_for_more(data: bytes) -> bool:
    """Whether the server may well wait for the rest of a request that says it is longer; it gives up by itself."""
    head, end, body = data.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)\ncontent-length:\s*(\d{1,18})\s*\r?\n", head + b"\r\n")
    return not end or b"chunked" in head.lower() or (length is not None and int(length[1]) > len(body))


@contextmanager
def fuzzing() -> Iterator[Fuzzer]:
    """A server of its own, for as long as the block lasts."""
    with Server("--request-timeout", "1") as server:
        yield Fuzzer(server)


def run_for(seconds: float, number: int, tell: Callable[[str], None]) -> Fuzzer:
    """Let every target have its turn, again and again, until the time is up."""
    end = time.monotonic() + seconds
    with fuzzing() as fuzzer:
        while time.monotonic() < end:
            for target in TARGETS:
                if time.monotonic() < end:
                    fuzzer.run(target, number)
            number += 1
            tell(f"{sum(fuzzer.sent.values())} sent, {max(0.0, end - time.monotonic()):.0f} s left")
    return fuzzer
