"""PostgreSQL tells at once who else has committed: `LISTEN` and `NOTIFY`, on a connection of its own."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import ExitStack, aclosing, closing

import httpx2
import psycopg
import pytest

from assessment_simulator.server.log import Unusable, mark_of
from assessment_simulator.server.log.places import opened as opened_at
from assessment_simulator.server.log.postgresql import PostgresqlLog
from tests.postgres import new_database
from tests.server import assessment
from tests.server.log.worlds import create, opened, read_again
from tests.server.test_await import Waiter
from tests.servers import Sandbox, Server

UNPLUG = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE query = 'LISTEN simulator' AND datname = current_database()"""
"""Ends the connections over which processes listen."""


@pytest.fixture
def logs(postgres_server: str) -> Iterator[tuple[PostgresqlLog, PostgresqlLog]]:
    """The same log, as two processes have it."""
    url = new_database(postgres_server)
    with ExitStack() as stack:
        one, other = (stack.enter_context(closing(PostgresqlLog(url))) for _ in range(2))
        yield one, other


def test_an_address_may_begin_with_postgres_and_no_two_processes_have_the_same_mark(postgres_server: str) -> None:
    url = new_database(postgres_server)
    assert url.startswith("postgresql://")
    with ExitStack() as stack:
        both = [opened_at(one, shared=True) for one in (url, url.replace("postgresql://", "postgres://"))]
        for log in both:
            assert log is not None
            stack.callback(log.close)
        one, other = (mark_of(log.owner) for log in both if log is not None)
        assert one != other
        assert isinstance(both[1], PostgresqlLog)
        assert len(both[1].run("SELECT owner FROM process").fetchall()) == 2


async def told(news: AsyncGenerator[frozenset[int] | None]) -> frozenset[int]:
    """The next sandboxes of which something is told."""
    async with asyncio.timeout(30):
        while (keys := await anext(news)) is None:
            pass
    return keys


def key(log: PostgresqlLog, name: str) -> int:
    found = log.find(name)
    assert found
    return found.key


@pytest.mark.anyio
async def test_a_commit_of_another_process_is_told_with_its_sandbox(logs: tuple[PostgresqlLog, PostgresqlLog]) -> None:
    one, other = logs
    ada, bob = opened(one, "ada"), opened(one, "bob")
    async with aclosing(other.news()) as news:
        assert await anext(news) is None  # it listens now
        create(bob)
        assert await told(news) == {key(one, "bob")}
        create(ada)
        create(bob)
        seen: set[int] = set()
        while len(seen) < 2:
            seen |= await told(news)
        assert seen == {key(one, "ada"), key(one, "bob")}


@pytest.mark.anyio
async def test_a_deletion_is_told(logs: tuple[PostgresqlLog, PostgresqlLog]) -> None:
    one, other = logs
    opened(one)
    number = key(one, "a")
    async with aclosing(other.news()) as news:
        assert await anext(news) is None
        one.delete(number)
        assert await told(news) == {number}


@pytest.mark.anyio
async def test_what_a_process_has_committed_itself_is_no_news_to_it(
    logs: tuple[PostgresqlLog, PostgresqlLog],
) -> None:
    one, other = logs
    opened(one, "mine")
    opened(one, "theirs")
    mine, theirs = read_again(one, "mine"), read_again(other, "theirs")
    async with aclosing(one.news()) as news:
        assert await anext(news) is None
        create(mine)
        create(theirs)
        assert await told(news) == {key(one, "theirs")}


@pytest.mark.anyio
async def test_who_cannot_listen_any_more_says_so(logs: tuple[PostgresqlLog, PostgresqlLog]) -> None:
    one, other = logs
    async with aclosing(one.news()) as news:
        assert await anext(news) is None
        other.run(UNPLUG)
        with pytest.raises(Unusable, match="cannot be listened to"):
            await told(news)


def test_who_waits_hears_of_others_although_the_connection_was_lost_over_which_it_listened(
    postgres_server: str,
) -> None:
    url = new_database(postgres_server)
    with ExitStack() as stack:
        servers = [stack.enter_context(Server("--log", url)) for _ in range(2)]
        waiting, acting = (
            Sandbox(stack.enter_context(httpx2.Client(base_url=server.url, trust_env=False)), "ada")
            for server in servers
        )
        id = assessment(acting)["assessmentId"]
        waiter = Waiter(waiting, "invitation", id=id, status=40)
        with psycopg.connect(url, autocommit=True) as database:
            assert len(database.execute(UNPLUG).fetchall()) == 2
        acting.told("POST", f"/invitations/{id}/complete")
        assert waiter.told()["id"] == id
