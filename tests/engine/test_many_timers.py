"""Many timers at one instant, and many sandboxes without an owner: others are answered in time."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest

from tests.engine.cluster import cluster, succeeded
from tests.engine.load import timed
from tests.postgres import new_database
from tests.server import assessment
from tests.servers import Listener, Sandbox, Server
from tests.waiting import until

# Timers, or sandboxes; `scripts/crash --engine` has 25,000.
COUNT = int(os.environ.get("TIMERS", "1000"))
# Seconds in which a call of another sandbox is answered.
SOON = 0.05
# The part of those calls that may be late. More in the suite, whose other tests use the same processors.
LATE = 0.05 if "TIMERS" in os.environ else 0.2
# Seconds in which even those are answered that wait for this test's own threads.
LONGEST = 1.0
CLONE = """
    WITH one AS (SELECT * FROM sandbox WHERE name = 'model'), made AS (
        INSERT INTO sandbox (name, about, owner, number, digest, image, image_chain, image_digest, due, summary, used)
        SELECT 'orphan-' || n, about, NULL, number, digest, image, image_chain, image_digest, due, summary, used
        FROM one, generate_series(1, {0}) AS n RETURNING key
    ), entries AS (
        INSERT INTO entry (sandbox, number, data)
        SELECT made.key, entry.number, entry.data FROM made, entry JOIN one ON entry.sandbox = one.key
    )
    INSERT INTO image (sandbox, number, part, data)
    SELECT made.key, image.number, image.part, image.data FROM made, image JOIN one ON image.sandbox = one.key
"""


def listed(sandbox: Sandbox) -> None:
    assert sandbox.pi.get("/api/v1/behavioralassessments").status_code == 200


def late(took: list[float]) -> float:
    """The part of the calls that were answered late; some are late because this test has the same processors."""
    return sum(each > SOON for each in took) / len(took)


@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("kind", ["memory", "sqlite", "postgresql"])
def test_many_timers_with_webhooks_fire_in_one_advance(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    log = kind
    if kind == "sqlite":
        log = f"sqlite:{tmp_path}/log.db"
    elif kind == "postgresql":
        log = new_database(request.getfixturevalue("postgres_server"))
    with (
        Listener() as listener,
        Server("--log", log) as server,
        httpx2.Client(base_url=server.url, trust_env=False, timeout=1_500) as http,
    ):
        ada, bob = Sandbox(http, "ada"), Sandbox(http, "bob")
        ada.control_json("POST", "/clock", {"freeze": "2026-01-01T00:00:00Z"})
        with ThreadPoolExecutor(8) as threads:
            hook = {"email": "ada+completes-in-1h@example.com", "assessmentStatusWebHook": listener.url}
            [*threads.map(lambda _: assessment(ada, **hook), range(COUNT))]
        assessment(bob)
        with timed(lambda: listed(bob)) as took:
            events = ada.control_json("POST", "/clock", {"advance": "PT1H"})["events"]
        assert sum(event["what"] == "complete" for event in events) == COUNT
        assert sum(event["what"] == "attempt" for event in events) == COUNT
        assert len({one.form["assessmentId"] for one in listener.received}) == len(listener.received) == COUNT
        assert late(took) < LATE
        assert max(took) < LONGEST


@pytest.mark.timeout(1_800)
def test_many_sandboxes_without_an_owner_are_adopted_while_others_are_answered(log: str) -> None:
    with cluster(log, 2, "--max-sandboxes", "50000") as servers:
        first, second = servers.servers
        servers.place("bob", second)
        bob = servers.sandbox("bob", second)
        model = servers.place("model", first)
        assessment(model, email="ada+completes-in-2s@example.com")
        first.kill()
        second.pause()
        time.sleep(2)  # so that the timer is due when the sandboxes are there
        servers.ask(CLONE.format(COUNT))
        second.resume()
        until(lambda: succeeded(lambda: bob.control("GET")), 30)
        with timed(lambda: listed(bob)) as took:
            left = "SELECT count(*) FROM sandbox WHERE due IS NOT NULL"
            until(lambda: servers.ask(left) == [(0,)], 1_500)
        assert late(took) < LATE
        assert max(took) < LONGEST
        free = servers.sandbox("orphan-7", second).control_json("GET", "/invitations")
        assert [one["status"]["value"] if isinstance(one["status"], dict) else one["status"] for one in free] == [40]
