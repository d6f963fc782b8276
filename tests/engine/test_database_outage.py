"""A database that ends sessions, stops answering or restarts: nothing is lost, and nothing is done twice."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.engine.cluster import cluster, succeeded
from tests.engine.load import health_of, load
from tests.postgres import Postgres, new_database
from tests.server import assessment
from tests.servers import Listener
from tests.waiting import until


@contextmanager
def stopped(pid: int, seconds: float) -> Iterator[None]:
    """Stop a process for so many seconds; the block runs at the beginning."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
        time.sleep(seconds)  # the pause is the behaviour
    finally:
        os.kill(pid, signal.SIGCONT)


def test_all_sessions_are_ended_again_and_again_under_load(log: str) -> None:
    with cluster(log) as servers, load(servers) as under_way:
        for _ in range(5):
            with under_way.disturbed():
                servers.end_sessions()
                under_way.wait_for_progress(more=10)
        under_way.check()


@pytest.mark.parametrize("seconds", [3, 6, 10])
def test_a_stopped_database_backend_under_load(log: str, seconds: float) -> None:
    with cluster(log) as servers, load(servers) as under_way:
        with under_way.disturbed(), stopped(servers.backend(servers.servers[0]), seconds):
            pass
        with under_way.disturbed():
            under_way.wait_for_progress(more=20)
        under_way.check()


def test_the_database_crashes_and_restarts_under_load(database: Postgres) -> None:
    with cluster(new_database(database.url)) as servers, load(servers) as under_way:
        for _ in range(3):
            with under_way.disturbed():
                database.restart()
                under_way.wait_for_progress(more=10)
        under_way.check()


@pytest.mark.parametrize("seconds", [1, 8])
def test_the_database_is_stopped_for_some_seconds_under_load(database: Postgres, seconds: float) -> None:
    with cluster(new_database(database.url)) as servers, load(servers) as under_way:
        with under_way.disturbed(), health_of([server.url for server in servers.servers]) as answers:
            database.stop("fast")
            time.sleep(seconds)  # the outage is the behaviour
            database.start()
            recovered = under_way.wait_for_progress(more=5)
        under_way.check()
        assert recovered < 5
        assert sorted(answers)[int(len(answers) * 0.99)] < 0.1  # three servers and their callers share this machine


def test_webhooks_that_are_due_while_the_database_is_stopped_are_sent_when_it_is_back(database: Postgres) -> None:
    with cluster(new_database(database.url), 1) as servers, Listener(delay=1.0) as listener:
        sandbox = servers.sandbox("ada")
        ids = [assessment(sandbox, assessmentStatusWebHook=listener.url)["assessmentId"] for _ in range(20)]
        for id in ids:
            sandbox.control_json("POST", f"/invitations/{id}/complete")
        listener.wait_for(8)
        database.stop("fast")
        time.sleep(8)  # longer than a call waits for the log
        database.start()
        until(lambda: succeeded(lambda: sandbox.control("GET", "/deliveries")) is not None, 20)
        until(lambda: {one["state"] for one in sandbox.control_json("GET", "/deliveries")} == {"delivered"}, 20)
        assert sorted(one.form["assessmentId"] for one in listener.received) == sorted(ids)


def test_health_is_answered_at_once_while_the_database_is_stopped(database: Postgres) -> None:
    with cluster(new_database(database.url), 1) as servers:
        assessment(servers.sandbox("ada"))
        database.stop("fast")
        with health_of([servers.servers[0].url]) as answers:
            time.sleep(3)  # beyond the lease
        assert max(answers) < 0.02


def test_a_webhook_due_during_a_long_outage_is_sent_afterwards(database: Postgres) -> None:
    with cluster(new_database(database.url), 1) as servers, Listener() as listener:
        sandbox = servers.sandbox("ada")
        delay = {"on": "deliveries", "do": "delay", "duration": "PT3S"}
        sandbox.control_json("PUT", "/faults", [delay])
        id = assessment(sandbox, assessmentStatusWebHook=listener.url)["assessmentId"]
        sandbox.control_json("POST", f"/invitations/{id}/complete")
        database.stop("fast")
        time.sleep(9)  # it is due after three seconds, and waits five for the log
        database.start()
        listener.wait_for(1, 20)
        until(lambda: [one["state"] for one in sandbox.control_json("GET", "/deliveries")] == ["delivered"], 20)
