"""Partitions of the network: servers that cannot reach the database, or each other."""

import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from itertools import pairwise

import httpx2
import pytest

from assessment_contracts.kit import ServerProcess, serve_command
from assessment_simulator.storage.postgresql import LEASE, TENURE
from tests.engine.cluster import succeeded, wait_until_delivered
from tests.engine.network import HOME, NETWORK, Network, can_partition
from tests.postgres import Postgres, new_database
from tests.server import ROOT, assessment
from tests.servers import CONTROL, CONTROL_TOKEN, Listener, Sandbox
from tests.waiting import until

pytestmark = pytest.mark.skipif(
    "CI" not in os.environ and not can_partition(), reason="needs root and network namespaces"
)
PATH = "/api/v1/behavioralassessments"


def create(sandbox: Sandbox) -> str | None:
    """A new assessment's id; None where the answer is not 201, or none comes."""
    with suppress(httpx2.TransportError, AssertionError):
        return str(assessment(sandbox)["assessmentId"])
    return None


def ids(sandbox: Sandbox) -> set[str] | None:
    """The ids of the first 50 assessments; None where they cannot be read."""
    found = succeeded(lambda: sandbox.pi.get(PATH))
    return None if found is None else {one["assessmentId"] for one in found}


@dataclass
class Site:
    """Two servers and a database; the sandbox, as the callers of each server see it, belongs to `a`."""

    network: Network
    a: Sandbox
    b: Sandbox
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
        sandboxes = []
        for name in ("a", "b"):
            address = network.address[name]
            options = ("--log", log, "--host", address, "--advertise", address, "--access", "closed")
            command = [*network.inside(name), *serve_command(*options, "--webhook-hosts", HOME)]
            environ = {"SIMULATOR_CONTROL_TOKEN": CONTROL_TOKEN}
            server = stack.enter_context(ServerProcess(command, environ=environ, within=60))
            limits = httpx2.Limits(max_keepalive_connections=0)
            http = httpx2.Client(base_url=server.url, headers=CONTROL, trust_env=False, timeout=20, limits=limits)
            sandboxes.append(Sandbox(stack.enter_context(http), "ada"))
        a, b = sandboxes
        opened = a.http.post(ROOT, json={"name": "ada"}).json()
        a.credential = b.credential = opened["credentials"]["predictive_index"]["api_key"]
        a.control_json("PATCH", "/config", {"default_webhook_url": listener.url})
        assert create(a)
        assert create(b)
        yield Site(network, a, b, listener)


def test_an_owner_that_cannot_reach_the_database_is_replaced_and_answers_nothing_old(site: Site) -> None:
    ids(site.b)  # so that b knows the owner
    with site.network.cut(("a", "db")):
        began = time.monotonic()
        id = until(lambda: create(site.b), 30)
        took = time.monotonic() - began
        read = ids(site.a)
        assert read is None or id in read
        assert took < 12
    assert id in (until(lambda: ids(site.a), 20) or ())
    assert id in (ids(site.b) or ())


class Calls(threading.Thread):
    """Reads and creates at one server again and again until it is stopped."""

    def __init__(self, sandbox: Sandbox, *, creates: bool = True) -> None:
        super().__init__(daemon=True)
        self.read: list[tuple[float, set[str]]] = []
        self.created: list[tuple[float, str]] = []
        self.stopped = threading.Event()
        self._sandbox, self._creates = sandbox, creates

    def run(self) -> None:
        while not self.stopped.wait(1.0 if self._creates else 0.01):  # a read shows 50 assessments at most
            began = time.monotonic()
            if (found := ids(self._sandbox)) is not None:
                self.read.append((began, found))
            if self._creates and (id := create(self._sandbox)) is not None:
                self.created.append((time.monotonic(), id))

    def check(self, created: Sequence[tuple[float, str]]) -> None:
        """Stop, and check that each read showed what was created before it began."""
        self.stopped.set()
        self.join()
        for began, found in self.read:
            assert [id for at, id in created if at < began and id not in found] == []


def test_servers_that_cannot_reach_each_other_take_turns_and_answer_nothing_old(site: Site) -> None:
    """Both reach the database all the time: only what it says can tell a server that it is not the owner any more."""
    calls = [Calls(site.a), Calls(site.b)]
    with site.network.cut(("a", "b")):
        began = time.monotonic()
        for one in calls:
            one.start()
        time.sleep(3 * TENURE)
        for one in calls:
            one.stopped.set()
            one.join()
        ended = time.monotonic()
    created = sorted((at, id, place) for place, one in enumerate(calls) for at, id in one.created)
    for one in calls:
        one.check([(at, id) for at, id, _ in created])
        times = [began, *(at for at, _ in one.created), ended]
        assert max(later - earlier for earlier, later in pairwise(times)) < TENURE + 10, "no caller starves"
    owners = [place for _, _, place in created]
    assert sum(one != other for one, other in pairwise(owners)) <= 4, "nor does every call take the sandbox"
    assert {id for _, id, _ in created} <= (until(lambda: ids(site.a), 20) or set())


def test_a_takeover_by_force_waits_for_the_lease_of_an_owner_that_cannot_notice_it(site: Site) -> None:
    reader = Calls(site.a, creates=False)
    with ExitStack() as cuts:
        cuts.enter_context(site.network.cut(("a", "b")))
        reader.start()
        began = time.monotonic()
        threading.Timer(1.5, lambda: cuts.enter_context(site.network.cut(("a", "db")))).start()
        id = until(lambda: create(site.b), 30)
        created = time.monotonic()
        assert id
        assert 1.5 < created - began < 8
        time.sleep(LEASE + 1)
    assert any(at > began + 1 for at, _ in reader.read)
    reader.check([(created, id)])


def test_webhooks_come_once_or_were_under_way_when_the_owner_was_cut_off(site: Site) -> None:
    completed = [create(site.a) for _ in range(20)]
    for id in completed:
        site.a.control_json("POST", f"/invitations/{id}/complete")
    site.listener.wait_for(8)
    with site.network.cut(("a", "db")):
        began = time.monotonic()
        until(lambda: create(site.b), 30)
        wait_until_delivered(site.b, 30)
    until(lambda: ids(site.a), 20)
    times: dict[str, list[float]] = {}
    for one in site.listener.received:
        times.setdefault(one.form["assessmentId"], []).append(one.at)
    assert {*times} == {*completed}
    assert {id for id, came in times.items() if len(came) > 1} <= {
        id for id, came in times.items() if came[0] < began + 2.5
    }
    assert max(len(came) for came in times.values()) <= 2
