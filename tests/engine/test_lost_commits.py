"""A database that loses commits that it had acknowledged: all servers go back to what it has, and say so."""

import time
from collections.abc import Iterator

import psycopg
import pytest

from tests.engine.cluster import Cluster, cluster, succeeded
from tests.postgres import Postgres, new_database
from tests.server import assessment
from tests.waiting import until

LOST = "the log lost commits"


@pytest.fixture
def careless() -> Iterator[Postgres]:
    """A server that answers before it has written."""
    settings = ("synchronous_commit=off", "wal_writer_delay=10s", "wal_writer_flush_after=0", "autovacuum=off")
    with Postgres(*settings).running() as server:
        yield server


def ids_at(servers: Cluster, number: int) -> list[str] | None:
    """The invitations as that server answers."""
    sandbox = servers.sandbox("ada", servers.servers[number])
    found = succeeded(lambda: sandbox.control("GET", "/invitations"))
    return None if found is None else [one["id"] for one in found]


def agree(servers: Cluster) -> list[str]:
    """What all servers answer, once each answers; they must agree within two seconds."""
    began = time.monotonic()
    answers = []
    for number in range(len(servers.servers)):
        until(lambda number=number: ids_at(servers, number) is not None, 20)  # type: ignore[misc]
        answers.append(ids_at(servers, number) or [])
    assert time.monotonic() < began + 2
    assert all(answer == answers[0] for answer in answers)
    return answers[0]


def test_commits_that_the_database_lost_in_a_crash_are_reported_and_all_servers_agree(careless: Postgres) -> None:
    with cluster(new_database(careless.url)) as servers:
        sandbox = servers.place("ada", servers.servers[0])
        kept = [assessment(sandbox)["assessmentId"] for _ in range(5)]
        servers.ask("CHECKPOINT")
        for _ in range(20):
            assessment(sandbox)
        careless.restart()
        there = agree(servers)
        assert there[:5] == kept
        lost = len(there) < 25
        new = assessment(sandbox)["assessmentId"]
        assert agree(servers) == [*there, new]
        assert lost
        assert LOST in servers.stderr()


def test_a_standby_that_missed_the_last_commits_is_promoted(database: Postgres) -> None:
    new = new_database(database.url)
    name = new.rpartition("/")[2]
    standby = Postgres()
    try:
        standby.run("pg_basebackup", "-D", str(standby.data), "-h", "127.0.0.1", "-p", str(database.port),
                    "-U", "sim", "-R", "-X", "stream", "-c", "fast")  # fmt: skip
        standby.start()
        log = (
            f"postgresql://sim@127.0.0.1:{database.port},127.0.0.1:{standby.port}/{name}"
            "?target_session_attrs=read-write"
        )
        with cluster(log) as servers:
            sandbox = servers.place("ada", servers.servers[0])
            kept = [assessment(sandbox)["assessmentId"] for _ in range(5)]
            standby.wait_until_replayed(database)
            standby.pause_replication()
            for _ in range(5):
                assessment(sandbox)
            database.stop()
            standby.promote()
            until(lambda: ids_at(servers, 0) is not None, 20)
            there = agree(servers)
            assert there == kept
            assert LOST in servers.stderr()
            added = assessment(sandbox)["assessmentId"]
            assert agree(servers) == [*kept, added]
    finally:
        standby.close()


def test_session_ids_are_not_reused_after_the_database_lost_commits(careless: Postgres) -> None:
    """The server would take itself for its own predecessor, and delete its registration."""
    log = new_database(careless.url)
    with cluster(log, 1):
        pass
    with psycopg.connect(log, autocommit=True) as connection:
        connection.execute("CHECKPOINT")
    with cluster(log, 2) as servers:
        before = servers.ask("SELECT id FROM server")
        careless.restart()
        servers.settle()
        until(lambda: len(servers.ask("SELECT id FROM server")) == 2)
        assert not {*before} & {*servers.ask("SELECT id FROM server")}
        sandbox = servers.place("ada", servers.servers[0])
        time.sleep(2)  # two looks for servers that are gone
        assert len(servers.ask("SELECT id FROM server")) == 2
        assert sandbox.control("GET").status_code == 200
