"""Partitions of the network: servers that cannot reach the database, or each other."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from assessment_contracts.kit import ServerProcess, serve_command
from tests.engine.network import HOME, NETWORK, Network, can_partition
from tests.postgres import Postgres, new_database
from tests.servers import CONTROL, CONTROL_TOKEN, Listener
from tests.waiting import until

pytestmark = pytest.mark.skipif(
    "CI" not in os.environ and not can_partition(), reason="needs root and network namespaces"
)
PATH = "/api/v1/behavioralassessments"


@dataclass
class Customer:
    """Calls one server for the sandbox of a credential."""

    http: httpx2.Client
    key: str
    hook: str

    def create(self) -> str | None:
        """A new assessment's id; None where the answer is not 201, or none comes."""
        body = {"firstName": "Ada", "lastName": "Lovelace", "email": "ada@example.com",
                "assessmentStatusWebHook": self.hook}  # fmt: skip
        with suppress(httpx2.TransportError):
            answer = self.http.post(PATH, json=body, headers={"api-key": self.key})
            if answer.status_code == 201:
                id: str = answer.json()["assessmentId"]
                return id
        return None

    def ids(self) -> set[str] | None:
        """The ids of the first 100 assessments; None where they cannot be read."""
        with suppress(httpx2.TransportError):
            answer = self.http.get(PATH, headers={"api-key": self.key})
            if answer.status_code == 200:
                return {one["assessmentId"] for one in answer.json()}
        return None

    def control(self, method: str, path: str = "") -> Any:
        """A control call of the sandbox; its JSON, None where it fails."""
        with suppress(httpx2.TransportError):
            answer = self.http.request(method, f"/_simulator/sandboxes/ada{path}", headers=CONTROL)
            if answer.status_code == 200:
                return answer.json()
        return None


@dataclass
class Site:
    """Two servers, `a` and `b`, and a database; the sandbox belongs to `a`."""

    network: Network
    a: Customer
    b: Customer
    listener: Listener


@pytest.fixture
def site() -> Iterator[Site]:
    with ExitStack() as stack:
        network = Network(["db", "a", "b"])
        network.build(stack)
        database = Postgres(host=network.address["db"], prefix=network.inside("db"))
        stack.callback(database.close)
        database.create(f"{NETWORK}.0/24")
        database.start()
        log = new_database(database.url)
        listener = stack.enter_context(Listener(host=HOME, bind=HOME, delay=0.3))
        clients = []
        for name in ("a", "b"):
            address = network.address[name]
            command = serve_command(
                "--log", log, "--host", address, "--advertise", address, "--access", "closed", "--webhook-hosts", HOME
            )
            server = ServerProcess(
                [*network.inside(name), *command], environ={"SIMULATOR_CONTROL_TOKEN": CONTROL_TOKEN}
            )
            stack.enter_context(server)
            limits = httpx2.Limits(max_keepalive_connections=0)
            clients.append(
                stack.enter_context(httpx2.Client(base_url=server.url, trust_env=False, timeout=20, limits=limits))
            )
        opened = clients[0].post("/_simulator/sandboxes", json={"name": "ada"}, headers=CONTROL).json()
        key = opened["credentials"]["predictive_index"]["api_key"]
        a, b = (Customer(client, key, listener.url) for client in clients)
        assert a.create()
        assert b.create()
        yield Site(network, a, b, listener)


def test_an_owner_that_cannot_reach_the_database_is_replaced_and_answers_nothing_old(site: Site) -> None:
    site.b.ids()  # so that b knows the owner
    with site.network.cut(("a", "db")):
        began = time.monotonic()
        id = until(site.b.create, 30)
        took = time.monotonic() - began
        read = site.a.ids()
        assert read is None or id in read
        assert took < 12
    assert id in (until(site.a.ids, 20) or ())
    assert id in (site.b.ids() or ())


def test_a_server_that_cannot_reach_the_owner_takes_the_sandbox_and_the_owner_answers_nothing_old(site: Site) -> None:
    """The owner reaches the database all the time: only what the database says can tell it that it is not the owner."""
    created: list[tuple[float, str]] = []
    read: list[tuple[float, set[str]]] = []
    stopped = threading.Event()

    def reading() -> None:
        while not stopped.is_set():
            began = time.monotonic()
            if (ids := site.a.ids()) is not None:
                read.append((began, ids))

    reader = threading.Thread(target=reading)
    with site.network.cut(("a", "b")):
        reader.start()
        ends = time.monotonic() + 30  # each takes the sandbox from the other again and again
        while len(created) < 6 and time.monotonic() < ends:
            if (id := site.b.create()) is not None:
                created.append((time.monotonic(), id))
        stopped.set()
        reader.join()
    assert created
    for began, ids in read:
        missing = [id for at, id in created if at < began and id not in ids]
        assert missing == []
    assert {id for _, id in created} <= (until(site.a.ids, 20) or set())


def test_webhooks_come_once_or_were_under_way_when_the_owner_was_cut_off(site: Site) -> None:
    ids = [site.a.create() for _ in range(20)]
    for id in ids:
        assert site.a.control("POST", f"/invitations/{id}/complete")
    site.listener.wait_for(8)
    with site.network.cut(("a", "db")):
        began = time.monotonic()
        until(site.b.create, 30)
        until(
            lambda: {one["state"] for one in site.b.control("GET", "/deliveries") or [{"state": 0}]} == {"delivered"},
            30,
        )
    until(site.a.ids, 20)
    times: dict[str, list[float]] = {}
    for one in site.listener.received:
        times.setdefault(one.form["assessmentId"], []).append(one.at)
    assert {*times} == {*ids}
    assert {id for id, came in times.items() if len(came) > 1} <= {
        id for id, came in times.items() if came[0] < began + 2.5
    }
    assert max(len(came) for came in times.values()) <= 2
