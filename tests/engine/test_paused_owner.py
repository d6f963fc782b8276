"""A server that is stopped for some seconds: another one takes its sandboxes, and it must not act when it wakes."""

import threading
import time

import httpx2
import pytest

from tests.engine.cluster import cluster, completed, succeeded, wait_until_delivered
from tests.engine.load import load
from tests.server import assessment
from tests.servers import Listener, Sandbox
from tests.waiting import until

PATH = "/api/v1/behavioralassessments"


def state_of(sandbox: Sandbox, id: str) -> int | None:
    """The state of an assessment; None where the sandbox cannot be read now."""
    found = succeeded(lambda: sandbox.pi.get(f"{PATH}/{id}"))
    state: int | None = found and found["assessmentState"]
    return state


def test_a_read_that_waited_at_a_paused_owner_is_not_answered_from_its_memory(log: str) -> None:
    with cluster(log, 2) as servers:
        owner, other = servers.servers
        servers.place("ada", owner)
        at_owner, at_other = servers.sandbox("ada", owner), servers.sandbox("ada", other)
        ids = [assessment(at_owner)["assessmentId"] for _ in range(10)]
        states: list[int | None] = []

        def read(id: str) -> None:
            states.append(state_of(Sandbox(servers.client(owner.url), "ada"), id))

        with owner.paused(6):
            readers = [threading.Thread(target=read, args=(id,)) for id in ids]
            for reader in readers:
                reader.start()
            until(lambda: state_of(at_other, ids[0]) is not None, 20)
            for id in ids:
                at_other.control_json("POST", f"/invitations/{id}/complete")
        for reader in readers:
            reader.join()
        assert {*states} <= {40, None}
        until(lambda: state_of(at_owner, ids[0]) == 40)


def test_calls_waiting_at_an_owner_that_loses_a_sandbox_get_503_and_not_410(log: str) -> None:
    with cluster(log, 2) as servers, Listener(delay=10.0) as listener:
        owner, other = servers.servers
        servers.place("ada", owner)
        at_owner, at_other = servers.sandbox("ada", owner), servers.sandbox("ada", other)
        assessment(at_owner, email="ada+completes-in-1h@example.com", assessmentStatusWebHook=listener.url)
        answers: list[httpx2.Response] = []
        streams: list[str] = []

        def advance() -> None:
            answers.append(Sandbox(servers.client(owner.url), "ada").control("POST", "/clock", {"advance": "PT2H"}))

        is_reading = threading.Event()

        def read() -> None:
            with servers.client(owner.url).stream("GET", "/_simulator/sandboxes/ada/events") as stream:
                is_reading.set()
                streams.append(stream.read().decode())

        waiting = [threading.Thread(target=each) for each in (read, advance)]
        waiting[0].start()
        assert is_reading.wait(20)
        waiting[1].start()
        listener.wait_for(1)
        with owner.paused(4):
            until(lambda: succeeded(lambda: at_other.control("GET")), 20)
        for each in waiting:
            each.join()
        assert [answer.status_code for answer in answers] == [503]
        assert any(event["what"] == "complete" for event in answers[0].json()["events"])
        assert "event: delivery" in streams[0]
        assert "ended" not in streams[0]


@pytest.mark.parametrize("seconds", [3, 6, 20])
def test_an_owner_is_paused_while_eight_webhooks_are_under_way(log: str, seconds: float) -> None:
    with cluster(log, 2) as servers, Listener(delay=1.0) as listener:
        owner, other = servers.servers
        sandbox = servers.place("ada", owner)
        at_other = servers.sandbox("ada", other)
        ids = completed(sandbox, listener.url, 16)
        listener.wait_for(8)
        with owner.paused(seconds):
            began = time.monotonic()
        wait_until_delivered(at_other, 40)
        came = [one.form["assessmentId"] for one in listener.received]
        times = {id: came.count(id) for id in ids}
        assert min(times.values()) == 1
        # Only those that were under way at the pause may come twice.
        first = {*came[:8]}
        assert {id for id, count in times.items() if count > 1} <= first
        assert max(times.values()) <= 2
        assert time.monotonic() - began < seconds + 20


@pytest.mark.parametrize("seconds", [3, 6])
def test_an_owner_is_paused_under_load(log: str, seconds: float) -> None:
    with cluster(log) as servers, load(servers) as under_way:
        with under_way.disturbed(), servers.servers[0].paused(seconds):
            pass
        with under_way.disturbed():
            under_way.wait_for_progress(more=20)
        under_way.check()
