"""The log in PostgreSQL as one server has it: addresses, formats, poolers, sessions."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
import pytest

from assessment_simulator.storage import Batch, Claimed, Found, Position, Unusable, Unwritten
from assessment_simulator.storage.factory import opened
from assessment_simulator.storage.postgresql import LEASE, Positions, PostgresqlLog
from tests.postgres import new_database


@pytest.fixture
def url(postgres_server: str) -> str:
    """A new database."""
    return new_database(postgres_server)


@asynccontextmanager
async def started(url: str, address: str = "127.0.0.1:1") -> AsyncIterator[PostgresqlLog]:
    """A server's part of the log."""
    log = PostgresqlLog(url)
    log.address = address
    await log.start()
    try:
        yield log
    finally:
        await log.close()


def servers(url: str) -> list[tuple[int, str]]:
    """The servers that are registered."""
    with psycopg.connect(url) as database:
        return [*database.execute("SELECT id, address FROM server ORDER BY id").fetchall()]


async def create(log: PostgresqlLog, name: str) -> Found:
    made = await log.create(name, {"seed": 0, "sampled": False}, [b"[]"], None, b"{}", 0)
    assert made
    return made


@pytest.mark.parametrize("scheme", ["postgresql://", "postgres://"])
def test_an_address_may_begin_with_either_name(url: str, scheme: str) -> None:
    assert isinstance(opened(url.replace("postgresql://", scheme)), PostgresqlLog)


@pytest.mark.parametrize(("number", "why"), [(99, "newer version"), (3, "written by version 0.1, whose logs are not")])
def test_a_database_of_another_version_is_refused(url: str, number: int, why: str) -> None:
    with psycopg.connect(url, autocommit=True) as database:
        database.execute("CREATE TABLE simulator_format (number BIGINT NOT NULL)")
        database.execute("INSERT INTO simulator_format VALUES (%s)", (number,))
    with pytest.raises(Unusable, match=why):
        PostgresqlLog(url)


async def test_a_server_is_registered_from_start_to_end_and_its_id_is_never_used_again(url: str) -> None:
    async with started(url, "127.0.0.1:1") as one, started(url, "127.0.0.1:2") as other:
        assert {*servers(url)} == {(one.owner, "127.0.0.1:1"), (other.owner, "127.0.0.1:2")}
        before = {one.owner, other.owner}
    assert servers(url) == []
    async with started(url) as third:
        assert third.owner not in before


async def test_a_sandbox_belongs_to_the_server_that_created_it_until_that_releases_it(url: str) -> None:
    async with started(url, "127.0.0.1:1") as one, started(url) as other:
        made = await create(one, "a")
        assert await one.claim("a") == made
        assert await other.claim("a") == Claimed(one.owner or 0, "127.0.0.1:1")
        assert await other.claim("b") is None
        await one.release([made.key])
        assert await other.claim("a") == made
        assert isinstance(await one.claim("a"), Claimed)


async def test_the_sandboxes_of_a_server_that_ended_are_free(url: str) -> None:
    async with started(url) as other:
        async with started(url) as one:
            made = await create(one, "a")
            assert isinstance(await other.claim("a"), Claimed)
        assert await other.claim("a") == made
        assert other.takeovers == 1


async def lost(log: PostgresqlLog, url: str) -> None:
    """Let the session be lost, and return when another one took its place."""
    before = log.owner
    with psycopg.connect(url, autocommit=True) as database:
        database.execute("SELECT pg_terminate_backend(pid) FROM server WHERE id = %s", (before,))
    await replaced(log, before)


async def replaced(log: PostgresqlLog, before: int | None) -> None:
    """Return when another session took the place of the one with that id."""
    async with asyncio.timeout(20):
        while log.owner == before:  # noqa: ASYNC110  no event tells a test of it
            await asyncio.sleep(0.02)
        await log.confirm()


async def test_a_lost_session_is_replaced_and_the_sandboxes_stay(url: str) -> None:
    async with started(url) as one, started(url) as other:
        made = await create(one, "a")
        regained = list[Positions]()
        one.regained = regained.append
        await lost(one, url)
        assert regained == [{made.key: made.position}]
        assert await one.claim("a") == made
        assert isinstance(await other.claim("a"), Claimed)
        assert [id for id, _ in servers(url)] == sorted([one.owner or 0, other.owner or 0])


async def test_a_server_that_comes_back_has_lost_the_sandbox_that_was_taken_by_force_and_no_other(url: str) -> None:
    async with started(url) as one, started(url) as other:
        made, kept = await create(one, "a"), await create(one, "b")
        regained = list[Positions]()
        one.regained = regained.append
        await other.free(one.owner or 0)
        assert isinstance(await other.claim("a"), Claimed), "its session is alive"
        before = one.owner
        began = time.monotonic()
        await other.take("a", before or 0)
        assert time.monotonic() - began < LEASE, "it says itself that it has noticed"
        assert await other.claim("a") == made
        assert other.takeovers == 1
        await replaced(one, before)
        assert regained == [{kept.key: kept.position}]
        assert isinstance(await one.claim("a"), Claimed)
        assert await one.claim("b") == kept


async def test_a_sandbox_that_was_taken_by_force_stays_with_an_owner_that_is_alive(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with started(url) as one, started(url) as other:
        made = await create(one, "a")
        before = one.owner
        await other.take("a", before or 0)
        await replaced(one, before)
        await one.take("a", other.owner or 0)
        assert isinstance(await one.claim("a"), Claimed), "it was taken a moment ago"
        with psycopg.connect(url, autocommit=True) as database:
            database.execute("UPDATE sandbox SET taken = taken - interval '10 seconds'")
        await one.take("a", other.owner or 0)
        assert await one.claim("a") == made


async def test_a_taken_sandbox_is_used_when_the_lease_of_a_silent_owner_has_ended(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The owner and the database are cut off from each other: it does not learn that its session was ended."""
    async with started(url) as silent, started(url) as one, started(url) as other:
        made, left = await create(silent, "a"), await create(silent, "b")
        assert silent._session
        monkeypatch.setattr(silent, "_regain", lambda deadline: asyncio.sleep(60))
        began = time.monotonic()
        taking = asyncio.create_task(one.take("a", silent.owner or 0))
        await asyncio.sleep(0.5)  # its session has ended by now
        await other.free(silent.owner or 0)
        assert isinstance(await other.claim("b"), Claimed), "another server must wait for the lease as well"
        assert await one.claim("a") == made
        assert LEASE <= time.monotonic() - began < LEASE + 2
        await taking
        assert await other.claim("b") == left


async def test_confirm_waits_for_the_lease(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with started(url) as log:
        monkeypatch.setattr("assessment_simulator.storage.postgresql.LEASE", 0.0)
        assert not log.is_confirmed
        monkeypatch.undo()
        await log.confirm()
        assert log.is_confirmed


def batch(found: Found, *commits: bytes, before: Position | None = None) -> Batch:
    """Commits behind the last one of a sandbox."""
    after = start = before or found.position
    for data in commits:
        after = after.after(data)
    return Batch(found.key, start, commits, after, None, b"{}")


async def test_a_group_of_commits_is_one_transaction(url: str) -> None:
    async with started(url) as log:
        one, other = await create(log, "a"), await create(log, "b")
        with psycopg.connect(url, autocommit=True) as database:
            database.execute("INSERT INTO entry VALUES (%s, 1, '')", (other.key,))  # what the second one conflicts with
        with pytest.raises(Unwritten, match="duplicate key") as refused:
            await log.write([batch(one, b"x"), batch(other, b"y")])
        assert not refused.value.is_uncertain
        assert await log.claim("a") == one
        assert await log.write([batch(one, b"x", b"y")]) == frozenset()
        assert await log.claim("a") == one._replace(position=one.position.after(b"x").after(b"y"))


async def test_a_commit_that_does_not_follow_the_last_one_is_not_written_and_the_others_are(url: str) -> None:
    async with started(url) as log:
        one, other = await create(log, "a"), await create(log, "b")
        wrong = batch(one, b"x", before=one.position.after(b"lost"))
        assert await log.write([wrong, batch(other, b"y")]) == {one.key}
        assert await log.claim("a") == one
        assert await log.claim("b") == other._replace(position=other.position.after(b"y"))
