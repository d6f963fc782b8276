"""Statements that meet in the database, and a server that has lost a sandbox without knowing."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from assessment_simulator.storage import Found, Unwritten
from assessment_simulator.storage.postgresql import PostgresqlLog
from tests.engine.cluster import cluster
from tests.engine.creator import Creator
from tests.waiting import until

ABOUT = {"seed": 0, "sampled": False}


@asynccontextmanager
async def started(url: str) -> AsyncIterator[PostgresqlLog]:
    """The log as one server has it."""
    log = PostgresqlLog(url)
    log.address = "127.0.0.1:9"
    await log.start()
    try:
        yield log
    finally:
        await log.close()


def test_noting_used_sandboxes_fails_no_call(log: str) -> None:
    with cluster(log, 1, "--keep", "1000") as servers:
        names = [f"s-{number}" for number in range(120)]
        for name in names:
            servers.sandbox(name).control_json("GET")
        callers = [Creator(servers.client(), names[number::12]) for number in range(12)]
        for caller in callers:
            caller.start()
        time.sleep(5)  # five times
        for caller in callers:
            caller.stopped.set()
            caller.join()
        assert [failure for caller in callers for failure in caller.failed] == []
        assert "deadlock" not in servers.stderr()


def test_a_sandbox_under_constant_load_gets_images_and_can_be_deleted(log: str) -> None:
    with cluster(log, 1) as servers:
        servers.sandbox("busy").control_json("GET")
        callers = [Creator(servers.client(), ["busy"]) for _ in range(16)]
        for caller in callers:
            caller.start()
        until(lambda: servers.ask("SELECT count(DISTINCT number) FROM image WHERE number > 0") != [(0,)], 60)
        began = time.monotonic()
        assert servers.sandbox("busy").control("DELETE").status_code == 204
        took = time.monotonic() - began
        for caller in callers:
            caller.stopped.set()
            caller.join()
        assert took < 10  # it was as long as the load lasted


@pytest.mark.anyio
async def test_a_server_that_lost_a_sandbox_can_neither_delete_it_nor_change_its_image_or_credentials(log: str) -> None:
    async with started(log) as one, started(log) as other:
        found = await one.create("ada", ABOUT, [b"image"], None, b"{}", 0)
        assert found
        assert one.owner is not None
        await one.release([found.key])
        claimed = await other.claim("ada")
        assert isinstance(claimed, Found)
        await other.lock(claimed.key, [("key", b"id", b"secret")])
        for attempt in (
            one.delete(found.key), one.write_image(found.key, 0, 0, b"other"), one.lock(found.key, []),
        ):  # fmt: skip
            with pytest.raises(Unwritten, match="another server owns"):
                await attempt
        read: list[bytes] = []
        assert await other.read(claimed.key, lambda number, data, is_image: read.append(data)) == claimed.position
        assert read == [b"image"]
        assert await other.locks(claimed.key) == [("key", b"id", b"secret")]
