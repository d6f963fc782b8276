"""A database that ends sessions, stops answering or restarts: nothing is lost, and nothing is done twice."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import pytest

from tests.engine.cluster import cluster, completed, wait_until_delivered
from tests.engine.load import load, timed
from tests.postgres import Postgres, new_database
from tests.servers import Listener


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
        health = [partial(servers.client(server.url, 5).get, "/_simulator/health") for server in servers.servers]
        with under_way.disturbed(), timed(*health) as took:
            database.stop("fast")
            time.sleep(seconds)  # the outage is the behaviour
            database.start()
            recovered = under_way.wait_for_progress(more=5)
        under_way.check()
        assert recovered < 5
        assert sorted(took)[int(len(took) * 0.99)] < 0.1  # three servers and their callers share this machine


def test_webhooks_that_are_due_while_the_database_is_stopped_are_sent_when_it_is_back(database: Postgres) -> None:
    with cluster(new_database(database.url), 1) as servers, Listener(delay=1.0) as listener:
        sandbox = servers.sandbox("ada")
        # The first attempt is due after three seconds, in the middle of the outage; others are under way, or wait.
        late = {"on": "deliveries", "do": "delay", "duration": "PT3S", "times": 1}
        sandbox.control_json("PUT", "/faults", [late])
        ids = completed(sandbox, listener.url, 20)
        listener.wait_for(8)
        database.stop("fast")
        time.sleep(9)  # longer than a call, or a due delivery, waits for the log
        database.start()
        wait_until_delivered(sandbox)
        assert sorted(one.form["assessmentId"] for one in listener.received) == sorted(ids)
