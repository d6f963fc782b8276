"""Several processes behave like one server: concurrent calls are linearizable."""

import random
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from tests.postgres import new_database
from tests.server.log.linear import Account, Operation, account, is_linear
from tests.servers import Server

PATH = "/api/v1/behavioralassessments"
GAMES = "6ac4d6b5-9a3e-4d0c-8f55-0d5a3f6d2b10"

HISTORIES: list[tuple[bool, list[tuple[str, Any, Any, float, float]]]] = [
    (True, []),
    (True, [("set", "a", None, 0, 1), ("get", None, "a", 2, 3)]),
    (False, [("set", "a", None, 0, 1), ("get", None, "", 2, 3)]),
    (True, [("set", "a", None, 0, 4), ("get", None, "", 1, 2)]),
    (True, [("set", "a", None, 0, 4), ("get", None, "a", 1, 2)]),
    (False, [("set", "a", None, 0, 9), ("get", None, "a", 1, 2), ("get", None, "", 3, 4)]),
    (True, [("order", "x", (True, "1"), 0, 5), ("order", "x", (False, "1"), 0, 5)]),
    (False, [("order", "x", (True, "1"), 0, 5), ("order", "x", (True, "2"), 0, 5)]),
    (False, [("order", "x", (True, "1"), 3, 5), ("order", "x", (False, "1"), 0, 2)]),
    (False, [("order", "x", (True, "1"), 0, 1), ("order", "x", (False, "2"), 2, 3)]),
    (True, [("assess", None, None, 0, 5), ("assess", None, None, 0, 5), ("count", None, 1, 1, 2)]),
    (False, [("assess", None, None, 0, 1), ("assess", None, None, 0, 1), ("count", None, 1, 2, 3)]),
]


@pytest.mark.parametrize(("linear", "rows"), HISTORIES)
def test_the_checker_recognizes_linearizable_histories(linear: bool, rows: list[Any]) -> None:
    assert is_linear([Operation(*row) for row in rows], account, Account()) is linear


class Client(threading.Thread):
    """Makes one call after the other, each over a new connection, so that any process may answer."""

    def __init__(self, url: str, name: str, token: str, seed: int, times: int) -> None:
        super().__init__(daemon=True)
        self.history: list[Operation] = []
        self.failed: BaseException | None = None
        self._url, self._name, self._token, self._times = url, name, token, times
        self._chance = random.Random(seed)

    def run(self) -> None:
        """Call."""
        try:
            for _ in range(self._times):
                what = self._chance.choice(["set", "get", "order", "assess", "count"])
                asked = self._chance.choice("abc")
                with httpx2.Client(base_url=self._url, trust_env=False, timeout=30) as http:
                    began = time.monotonic()
                    shown = getattr(self, what)(http, asked)
                    self.history.append(Operation(what, asked, shown, began, time.monotonic()))
        except BaseException as problem:
            self.failed = problem
            raise

    def set(self, http: httpx2.Client, asked: str) -> None:
        """Write the setting."""
        path = f"/_simulator/sandboxes/{self._name}/config"
        assert http.patch(path, json={"positions": [asked]}).status_code == 200

    def get(self, http: httpx2.Client, asked: str) -> Any:
        """Read the setting."""
        return http.get(f"/_simulator/sandboxes/{self._name}/config").json()["positions"][0]

    def order(self, http: httpx2.Client, asked: str) -> Any:
        """Order what may have been ordered before."""
        headers = {"Authorization": f"Bearer {self._token}", "X-Api-Key": f"sim-{self._name}"}
        body = {"candidate": {"email": "ada@example.com"}, "assessment_id": GAMES, "application_id": asked}
        shown = http.post("/mercury/order", json=body, headers=headers).json()
        return shown["created"], shown["order"]["id"]

    def assess(self, http: httpx2.Client, asked: str) -> None:
        """Add an assessment."""
        body = {"firstName": "Ada", "lastName": "Lovelace", "email": "ada@example.com"}
        assert http.post(PATH, json=body, headers={"api-key": f"sim-{self._name}"}).status_code == 201

    def count(self, http: httpx2.Client, asked: str) -> int:
        """Count the assessments."""
        return len(http.get(PATH, headers={"api-key": f"sim-{self._name}"}).json())


@pytest.fixture
def urls(postgres_server: str) -> Iterator[list[str]]:
    """The addresses of a server of one process, and of one of two."""
    log = new_database(postgres_server)
    with Server("--log", log) as one, Server("--log", log, "--workers", "2") as two:
        yield [one.url, two.url]


def test_concurrent_calls_to_three_processes_are_linearizable(urls: list[str]) -> None:
    for number in range(6):
        name = f"linear-{number}"
        keys = {"client_id": f"sim-{name}", "client_secret": "x", "grant_type": "client_credentials"}
        with httpx2.Client(base_url=urls[0], trust_env=False, timeout=30) as http:
            http.patch(f"/_simulator/sandboxes/{name}/config", json={"positions": ["a"]})
            token = http.post("/mercury/oauth/token", json=keys).json()["access_token"]
        clients = [Client(urls[each % len(urls)], name, token, 100 * number + each, 10) for each in range(5)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        assert [client.failed for client in clients] == [None] * 5
        history = [operation for client in clients for operation in client.history]
        assert is_linear(history, account, Account("a")), sorted(history, key=lambda one: one.began)
