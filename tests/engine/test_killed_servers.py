"""Servers that are killed, or replaced one after the other, while callers go on."""

import time
from contextlib import ExitStack, closing, nullcontext

import psycopg
import pytest

from assessment_contracts.kit import NotStarted
from tests.engine.cluster import cluster, completed, wait_until_delivered
from tests.engine.creator import Creator
from tests.engine.load import load
from tests.engine.pgbouncer import pgbouncer
from tests.servers import Listener, Server
from tests.waiting import until


@pytest.mark.parametrize("place", ["PostgreSQL", "PgBouncer"])
def test_servers_are_killed_and_started_again_under_load(log: str, place: str) -> None:
    pooled = pgbouncer(log, "session") if place == "PgBouncer" else nullcontext(log)
    with pooled as address, cluster(address) as servers, load(servers) as under_way:
        under_way.kill_each()
        assert under_way.check().acknowledged > 0


def test_three_servers_are_replaced_one_after_the_other_without_an_error(log: str) -> None:
    """As an orchestrator does it: a new server starts, the old one gets no more calls and then SIGTERM."""
    with cluster(log, 4) as servers:
        spare = servers.servers.pop()
        servers.balance(*servers.servers)
        with load(servers) as under_way:
            for _ in range(3):
                old = servers.servers[0]
                servers.servers = [*servers.servers[1:], spare]
                servers.balance(*servers.servers)
                time.sleep(0.3)  # calls under way reach the old server still
                assert old.terminate() == 0
                assert "Traceback" not in old.stderr()
                under_way.wait_for_progress(more=10)
                old.close()
                spare = old.start()
            servers.servers.append(spare)
            failures = under_way.failures()
            verdict = under_way.verdict()
        assert verdict.wrong == []
        assert failures == []
        assert verdict.again == 0
        assert "Traceback" not in servers.stderr()


def test_a_server_with_many_busy_sandboxes_stops_without_an_error(log: str) -> None:
    """Each sandbox is released between two calls: no call fails, is done twice, or waits for half a second."""
    with cluster(log, 3) as servers:
        old, *rest = servers.servers
        names = [f"s-{number}" for number in range(60)]
        for name in names:
            servers.sandbox(name, old).control_json("GET")
        servers.balance(*rest)
        callers = [Creator(servers.client(), names[number::6]) for number in range(6)]
        for caller in callers:
            caller.start()
        until(lambda: all(len(caller.created) > 20 for caller in callers))
        began = time.monotonic()
        assert old.terminate() == 0
        ended = time.monotonic()
        before = [len(caller.created) for caller in callers]
        until(lambda: all(len(c.created) > count + 20 for c, count in zip(callers, before, strict=True)), 20)
        for caller in callers:
            caller.stopped.set()
            caller.join()
        assert [caller.failed for caller in callers] == [[]] * 6
        at_rest = max(took for caller in callers for at, took in caller.took if at + took < began)
        assert max(took for c in callers for at, took in c.took if began <= at + took and at <= ended) < 0.5 + at_rest
        for caller in callers:
            for name in caller.names:
                there = servers.sandbox(name).control_json("GET", "/invitations")
                assert {one["id"] for one in there} == {id for of, id in caller.created if of == name}
        assert "Traceback" not in servers.stderr()


def test_webhooks_that_are_under_way_or_due_when_a_server_stops_come_once(log: str) -> None:
    with cluster(log, 2) as servers, Listener(delay=0.4) as listener:
        old, other = servers.servers
        servers.place("ada", old)
        sandbox = servers.sandbox("ada", other)
        ids = completed(sandbox, listener.url, 24)
        listener.wait_for(8)
        assert old.terminate() == 0
        wait_until_delivered(sandbox)
        assert sorted(one.form["assessmentId"] for one in listener.received) == sorted(ids)


def test_a_pooler_that_changes_to_transaction_mode_is_noticed(log: str) -> None:
    with pgbouncer(log, "session") as address, Server("--log", address) as server, ExitStack() as held:
        console = f"{address.rpartition('/')[0]}/pgbouncer"
        held.enter_context(closing(psycopg.connect(console, autocommit=True))).execute("SET pool_mode = 'transaction'")
        [(session,)] = held.enter_context(closing(psycopg.connect(log))).execute("SELECT pid FROM server").fetchall()

        def is_taken() -> bool:
            """Whether another client holds the session with the server's lock."""
            client = held.enter_context(closing(psycopg.connect(address)))
            return bool(client.execute("SELECT pg_backend_pid()").fetchall() == [(session,)])

        until(is_taken)
        until(lambda: "a pooler in transaction mode is between" in server.stderr())


@pytest.mark.parametrize("mode", ["transaction", "statement"])
def test_pgbouncer_in_another_mode_is_refused_with_one_line(log: str, mode: str) -> None:
    with pgbouncer(log, mode) as address, pytest.raises(NotStarted, match="pooler in transaction mode") as refused:
        Server("--log", address).start()
    said = str(refused.value).partition("it printed: ")[2]
    assert said.startswith(("assessment-simulator: ", "--log")), said
    assert "\n" not in said
    assert "Traceback" not in said
