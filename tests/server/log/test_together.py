"""Whatever several people do at once through several processes, afterwards all processes tell the same."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest

from tests.postgres import new_database
from tests.server import ROOT, problem
from tests.servers import Listener, Sandbox, Server
from tests.waiting import until

TOKEN = "secret-of-the-test"
CONTROL = {"Authorization": f"Bearer {TOKEN}"}
PI = "/api/v1/behavioralassessments"
GAMES = "6ac4d6b5-9a3e-4d0c-8f55-0d5a3f6d2b10"
SECONDS = 3.0
LISTS = ("", "/config", "/clock", "/invitations", "/deliveries", "/mail", "/faults", "/states/predictive-index")


class Person(threading.Thread):
    """Does one thing after the other to two sandboxes, each over a connection of its own."""

    def __init__(self, urls: list[str], hook: str, seed: int) -> None:
        super().__init__(daemon=True)
        self.odd: list[str] = []
        self._urls, self._hook, self._chance = urls, hook, random.Random(seed)

    def run(self) -> None:
        """Go on for a while."""
        end = time.monotonic() + SECONDS
        names, weights = zip(*((name, weight) for name, (weight, _) in DEEDS.items()), strict=True)
        while time.monotonic() < end:
            [name] = self._chance.choices(names, weights)
            with httpx2.Client(base_url=self._chance.choice(self._urls), trust_env=False, timeout=20) as http:
                try:
                    DEEDS[name][1](self, Sandbox(http, self._chance.choice("ab")))
                except (httpx2.HTTPError, AssertionError) as problem:
                    self.odd.append(f"{name}: {problem!r}")

    def check(self, answer: httpx2.Response) -> httpx2.Response:
        """An answer, which is never trouble of the server's; but a control call may meet a deletion."""
        deleted = "the sandbox was deleted; nothing was changed"
        assert answer.status_code < 500 or answer.json().get("detail") == deleted, answer.text
        return answer

    def assess(self, sandbox: Sandbox) -> None:
        """Create an assessment, as a vendor's caller, who never hears of a deletion."""
        email = f"ada{self._chance.choice(['', '+completes', '+completes-in-1h'])}@example.com"
        body = {"firstName": "Ada", "lastName": "Lovelace", "email": email, "assessmentStatusWebHook": self._hook}
        assert sandbox.pi.post(PI, json=body).status_code == 201

    def order(self, sandbox: Sandbox) -> None:
        """Order what may have been ordered before."""
        body = {"candidate": {"email": "ada+completes@example.com"}, "assessment_id": GAMES}
        body["application_id"] = str(self._chance.randrange(9))
        # The token is another call, and what it opens may be gone by the next.
        assert sandbox.pymetrics.post("/mercury/order", json=body).status_code in (200, 201, 401)

    def act(self, sandbox: Sandbox) -> None:
        """Do what a candidate does."""
        rows = self.check(sandbox.control("GET", "/invitations?newest=20")).json()
        if isinstance(rows, list) and rows:
            action = self._chance.choice(["open", "start", "complete", "expire"])
            self.check(sandbox.control("POST", f"/invitations/{self._chance.choice(rows)['id']}/{action}"))

    def restore(self, sandbox: Sandbox) -> None:
        """Bring back a snapshot."""
        kept = self.check(sandbox.control("GET")).json().get("snapshots")
        if kept:
            self.check(sandbox.control("POST", f"/snapshots/{kept[-1]}/restore"))

    def turn(self, sandbox: Sandbox) -> None:
        """Do something to the clock."""
        wishes = ({"advance": "PT1H"}, {"until_idle": True}, {"freeze": "2026-01-01T00:00:00Z"}, {"run": True})
        self.check(sandbox.control("POST", "/clock", self._chance.choice(wishes)))


def control(method: str, path: str, body: Any = None) -> Callable[[Person, Sandbox], None]:
    """A control call as a deed."""

    def deed(person: Person, sandbox: Sandbox) -> None:
        person.check(sandbox.control(method, path, body))

    return deed


DEEDS: dict[str, tuple[float, Callable[[Person, Sandbox], None]]] = {
    "assess": (20, Person.assess),
    "order": (8, Person.order),
    "act": (12, Person.act),
    "turn": (8, Person.turn),
    "snapshot": (2, control("POST", "/snapshots")),
    "restore": (2, Person.restore),
    "reset": (1, control("POST", "/reset")),
    "delete": (1, control("DELETE", "")),
    "faults": (2, control("PUT", "/faults", [{"on": "deliveries", "do": "drop", "times": 2}])),
    "settings": (2, control("PATCH", "/config", {"positions": ["Engineer"]})),
}
"""What is done, how often, and how."""


@pytest.fixture(params=["sqlite", "postgresql"])
def urls(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[list[str]]:
    """Two servers of two processes over SQLite, or of one over PostgreSQL."""
    if request.param == "sqlite":
        options = ["--log", f"sqlite:{tmp_path}/log.db", "--workers", "2"]
    else:
        options = ["--log", new_database(request.getfixturevalue("postgres_server"))]
    with Server(*options) as one, Server(*options) as other:
        yield [one.url, other.url]


def told(url: str, name: str) -> dict[str, Any]:
    """All that a process tells of a sandbox whose clock stands; links name the server that was asked."""
    with httpx2.Client(base_url=url, trust_env=False, timeout=20) as http:
        return {path: Sandbox(http, name).control("GET", path).text.replace(url, "") for path in LISTS}


def test_all_processes_tell_the_same_in_the_end_and_nothing_is_left_on_its_way(
    urls: list[str], listener: Listener
) -> None:
    people = [Person(urls, listener.url, seed) for seed in range(6)]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert [odd for person in people for odd in person.odd] == []
    for name in "ab":
        with httpx2.Client(base_url=urls[0], trust_env=False, timeout=20) as http:
            sandbox = Sandbox(http, name)
            sandbox.told("PUT", "/faults", [])
            sandbox.told("POST", "/clock", {"freeze": "2027-01-01T00:00:00Z"})
            sandbox.told("POST", "/clock", {"until_idle": True})
            assert {one["state"] for one in sandbox.told("GET", "/deliveries")} <= {"delivered", "failed"}
        first, *others = [told(url, name) for url in urls * 4]  # each over a new connection, so of any process
        assert others == [first] * len(others)


@pytest.mark.parametrize("way", ["opened", "forked"])
def test_a_name_is_free_again_wherever_its_sandbox_was_deleted(postgres_server: str, way: str) -> None:
    options = ("--log", new_database(postgres_server))
    with ExitStack() as stack:
        one, other = (
            stack.enter_context(httpx2.Client(base_url=server.url, trust_env=False))
            for server in [stack.enter_context(Server(*options)) for _ in range(2)]
        )
        path = ROOT if way == "opened" else f"{ROOT}/bo/fork"
        assert other.post(path, json={"name": "ada"}).status_code == 201
        assert one.delete(f"{ROOT}/ada").status_code == 204
        assert other.post(path, json={"name": "ada"}).status_code == 201
        assert one.post(path, json={"name": "ada"}).status_code == 409
        assert Sandbox(other, "ada").told("GET", "/invitations") == []


def test_a_snapshot_that_a_reset_elsewhere_has_just_made_void_is_not_there(postgres_server: str) -> None:
    url = new_database(postgres_server)
    with ExitStack() as stack:
        one, other = (
            Sandbox(stack.enter_context(httpx2.Client(base_url=server.url, trust_env=False, timeout=20)), "ada")
            for server in [stack.enter_context(Server("--log", url)) for _ in range(2)]
        )
        resetting, restoring = (stack.enter_context(ThreadPoolExecutor(1)) for _ in range(2))
        database = stack.enter_context(psycopg.connect(url))
        for _ in range(3):
            one.told("POST", "/snapshots")
            assert other.told("GET")["snapshots"] == ["snapshot-1"]
            database.execute("SELECT key FROM sandbox FOR UPDATE")
            reset = resetting.submit(one.told, "POST", "/reset")
            until_waiting(database, 1)
            restored = restoring.submit(other.control, "POST", "/snapshots/snapshot-1/restore")
            until_waiting(database, 2)
            database.rollback()
            problem(restored.result(), 404, "there is no snapshot 'snapshot-1'; there are none")
            assert reset.result()["snapshots"] == []


WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"


def test_a_token_asked_for_while_the_credentials_are_renewed_does_not_outlive_them(postgres_server: str) -> None:
    url = new_database(postgres_server)
    options, secret = ("--log", url, "--access", "closed"), {"SIMULATOR_CONTROL_TOKEN": TOKEN}
    with ExitStack() as stack:
        servers = [stack.enter_context(Server(*options, environ=secret)) for _ in range(2)]
        one, other = (
            stack.enter_context(httpx2.Client(base_url=server.url, trust_env=False, timeout=20)) for server in servers
        )
        renewing, asking = (stack.enter_context(ThreadPoolExecutor(1)) for _ in range(2))
        database = stack.enter_context(psycopg.connect(url))
        held = credentials(one.post(ROOT, json={"name": "ada"}, headers=CONTROL))
        for _ in range(3):
            assert token(other, held).status_code == 201
            database.execute("SELECT key FROM sandbox FOR UPDATE")
            renewed = renewing.submit(one.post, f"{ROOT}/ada/credentials", headers=CONTROL)
            until_waiting(database, 1)
            late = asking.submit(token, other, held)  # which looked at its credentials while they were good
            until_waiting(database, 2)
            database.rollback()
            assert late.result().status_code == 401
            held = credentials(renewed.result())


def credentials(answer: httpx2.Response) -> dict[str, str]:
    """What pymetrics is asked for tokens with."""
    assert answer.status_code == 201, answer.text
    held: dict[str, str] = answer.json()["credentials"]["pymetrics"]
    return held


def token(http: httpx2.Client, held: dict[str, str]) -> httpx2.Response:
    """Ask for a token."""
    asked = {name: held[name] for name in ("client_id", "client_secret")}
    return http.post("/mercury/oauth/token", json={**asked, "grant_type": "client_credentials"})


def until_waiting(database: psycopg.Connection[Any], count: int) -> None:
    """Go on when so many wait for what somebody else has locked."""
    until(lambda: database.execute(WAITING).fetchall()[0][0] >= count)
