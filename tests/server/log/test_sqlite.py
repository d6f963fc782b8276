"""The log in a file, through the real program: it ends as it may and comes back with everything."""

import asyncio
import os
import resource
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx2
import pytest

from assessment_simulator.app import VENDORS
from assessment_simulator.core import instant
from assessment_simulator.core.config import Config
from assessment_simulator.counters import Meters
from assessment_simulator.sandbox.commit_queue import IMAGE_AFTER, Commits
from assessment_simulator.sandbox.maintenance import Limits, Maintenance, maintained
from assessment_simulator.sandbox.registry import Sandboxes
from assessment_simulator.storage.sqlite import SqliteLog
from assessment_simulator.webhooks.client import WebhookClient
from assessment_simulator.webhooks.egress import Policy
from assessment_simulator.webhooks.worker import WebhookWorker
from tests.server import PERSON, PI, ROOT, assessment
from tests.server.log.worlds import World, create, portrait
from tests.servers import CONTROL, CONTROL_TOKEN, Listener, Sandbox, Server, served
from tests.waiting import until

START = "2026-01-01T00:00:00.0000000Z"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a log may be."""
    return tmp_path / "log.db"


def registry(log: SqliteLog) -> Sandboxes:
    """The sandboxes of a process without HTTP; its webhooks may go nowhere."""
    client, meters = WebhookClient(Policy(())), Meters()
    return Sandboxes(VENDORS, lambda sandbox: WebhookWorker(sandbox, client, meters), meters, log=log)


@contextmanager
def serving(path: Path, *options: str, killed: bool = False) -> Iterator[httpx2.Client]:
    """A server over this log, stopped in good order or by SIGKILL."""
    server = Server("--log", f"sqlite:{path}", "--public-url", "http://sim.example", *options)
    with server:
        with httpx2.Client(base_url=server.url, trust_env=False, timeout=30) as http:
            yield http
        if killed:
            server.process.send_signal(signal.SIGKILL)
            server.process.wait()
            server.stop = server.kill  # type: ignore[method-assign]


def everything(sandbox: Sandbox) -> list[Any]:
    """What the control API shows of a sandbox that outlives the process."""
    looks = ("/config", "/clock", "/invitations", "/deliveries", "/faults", "/mail", "/states/pymetrics")
    short = sandbox.control_json("GET")
    del short["counts"]["journal"]
    return [short, *(sandbox.control_json("GET", look) for look in looks)]


@pytest.mark.parametrize("killed", [False, True])
def test_a_sandbox_is_the_same_after_a_restart(path: Path, listener: Listener, killed: bool) -> None:
    with serving(path, killed=killed) as http:
        sandbox = Sandbox(http, "ada")
        sandbox.control_json("POST", "/clock", {"freeze": START})
        sandbox.control_json("PATCH", "/config", {"positions": ["Ünïcode"], "rate_limit": 1_000})
        created = sandbox.pi.post(PI, json={**PERSON, "assessmentStatusWebHook": listener.url}).json()
        token = sandbox.pymetrics.headers
        sandbox.control_json("POST", f"/invitations/{created['assessmentId']}/complete")
        listener.wait_for(1)
        sandbox.control_json("POST", "/clock", {"advance": "PT1H"})
        sandbox.control_json("PUT", "/faults", [{"do": "drop", "after": 5, "path": "/nothing"}])
        sandbox.control_json("POST", "/snapshots")
        sandbox.control_json("POST", "/fork", {"name": "fork"})
        before = everything(sandbox), everything(Sandbox(http, "fork"))
    with serving(path) as http:
        sandbox = Sandbox(http, "ada")
        names = sorted(one["name"] for one in http.get("/_simulator/sandboxes").json())
        assert names == ["ada", "fork"]
        fork = Sandbox(http, "fork")
        frozen = before[0]
        assert everything(sandbox) == frozen
        assert fork.control_json("GET", "/invitations") == before[1][3]
        assert http.get("/mercury/v1/orders", headers=dict(token)).status_code in (200, 404)
        read = sandbox.pi.get(f"{PI}/{created['assessmentId']}").json()
        assert read["assessmentState"] == 40
        sandbox.control_json("POST", "/snapshots/snapshot-1/restore")
        assert sandbox.control_json("POST", "/reset")["counts"]["invitations"] == 0
    assert len(listener.received) == 1


def test_ids_continue_after_a_restart(path: Path, http: httpx2.Client) -> None:
    """The same calls draw the same, with a restart between them or without."""
    name = "restarted"
    straight = Sandbox(http, name)
    straight.control_json("DELETE")
    one = [straight.pi.post(PI, json=PERSON).json()["assessmentId"] for _ in range(4)]
    straight.control_json("DELETE")
    other = []
    for _ in range(2):
        with serving(path, killed=True) as again:
            other += [Sandbox(again, name).pi.post(PI, json=PERSON).json()["assessmentId"] for _ in range(2)]
    assert one == other


def test_a_pending_webhook_is_retried_when_due_after_a_crash(path: Path) -> None:
    with Listener(answers=[503]) as deaf:
        with serving(path, killed=True) as http:
            sandbox = Sandbox(http, "ada")
            for _ in range(3):
                order = sandbox.pi.post(PI, json={**PERSON, "assessmentStatusWebHook": deaf.url}).json()
                sandbox.control_json("POST", f"/invitations/{order['assessmentId']}/complete")
            deaf.wait_for(3)
            until(lambda: all(one["attempts"] for one in sandbox.control_json("GET", "/deliveries")))
        deaf.answers = [200]
        with serving(path) as http:
            http.get("/_simulator/health")
            assert len(deaf.received) == 3
            Sandbox(http, "ada").control_json("POST", "/clock", {"advance": "PT6M"})
            deaf.wait_for(6)
            sandbox = Sandbox(http, "ada")
            until(lambda: {one["state"] for one in sandbox.control_json("GET", "/deliveries")} == {"delivered"})


def test_an_attempt_in_flight_at_a_crash_is_repeated(path: Path) -> None:
    with Listener(delay=30) as slow:
        with serving(path, killed=True) as http:
            sandbox = Sandbox(http, "ada")
            order = sandbox.pi.post(PI, json={**PERSON, "assessmentStatusWebHook": slow.url}).json()
            sandbox.control_json("POST", f"/invitations/{order['assessmentId']}/complete")
            slow.wait_for(1)
        slow.delay = 0
        with serving(path) as http:
            [first, second] = slow.wait_for(2)
            assert first.body == second.body
            ada = Sandbox(http, "ada")
            [delivery] = until(
                lambda: [one for one in ada.control_json("GET", "/deliveries") if one["state"] == "delivered"]
            )
            assert len(delivery["attempts"]) == 1


def test_a_timer_due_while_no_server_ran_fires_after_the_start(path: Path, listener: Listener) -> None:
    with serving(path, killed=True) as http:
        sandbox = Sandbox(http, "ada")
        body = {**PERSON, "email": "ada+completes-in-1s@example.com", "assessmentStatusWebHook": listener.url}
        assert sandbox.pi.post(PI, json=body).status_code == 201
    time.sleep(1)  # it falls due while no server is there
    with serving(path):
        listener.wait_for(1)


def test_the_clock_runs_again_after_a_crash_during_an_advance(path: Path) -> None:
    with Listener(delay=30) as slow, serving(path, killed=True) as http:
        sandbox = Sandbox(http, "ada")
        order = sandbox.pi.post(PI, json={**PERSON, "assessmentStatusWebHook": slow.url}).json()
        sandbox.control_json("POST", f"/invitations/{order['assessmentId']}/complete")
        slow.wait_for(1)
        with pytest.raises(httpx2.ReadTimeout):
            http.post("/_simulator/sandboxes/ada/clock", json={"advance": "P1D"}, timeout=0.3)
    with serving(path) as http:
        sandbox = Sandbox(http, "ada")
        first = sandbox.control_json("GET", "/clock")
        assert first["mode"] == "running"
        until(lambda: sandbox.control_json("GET", "/clock")["now"] > first["now"])


def test_credentials_and_links_are_the_same_after_a_restart(path: Path) -> None:
    keys: list[dict[str, str]] = []
    links: list[str] = []
    for _ in range(2):
        server = Server(
            "--access", "closed", "--log", f"sqlite:{path}", environ={"SIMULATOR_CONTROL_TOKEN": CONTROL_TOKEN}
        )
        with server, httpx2.Client(base_url=server.url, trust_env=False, timeout=30) as http:
            if not keys:
                made = http.post(ROOT, json={"name": "ada"}, headers=CONTROL).json()
                for _ in range(2):  # new credentials end the links
                    keys.append({"api-key": made["credentials"]["predictive_index"]["api_key"]})
                    links.append(http.post(PI, json=PERSON, headers=keys[-1]).json()["assessmentUrl"])
                    made = http.post(f"{ROOT}/ada/credentials", headers=CONTROL).json()
                keys.append({"api-key": made["credentials"]["predictive_index"]["api_key"]})
                links += [one["links"]["invite"] for one in http.get(f"{ROOT}/ada/invitations", headers=CONTROL).json()]
            assert [http.get(PI, headers=key).status_code for key in keys] == [401, 401, 200]
            assert http.get(PI, headers={"api-key": "sim-ada"}).status_code == 401
            assert http.post(ROOT, json={"name": "ada"}, headers=CONTROL).status_code == 409
            pages = [http.get(f"/Account{link.partition('/Account')[2]}") for link in links]
            assert [page.status_code for page in pages] == [404, 404, 200, 200]


def test_a_deleted_sandbox_stays_deleted(path: Path) -> None:
    with serving(path) as http:
        sandbox = Sandbox(http, "ada")
        sandbox.pi.post(PI, json=PERSON)
        sandbox.control_json("DELETE")
    with serving(path) as http:
        assert http.get("/_simulator/sandboxes").json() == []
        assert Sandbox(http, "ada").control_json("GET", "/invitations") == []


def test_an_idle_sandbox_is_released_and_read_again(path: Path) -> None:
    with serving(path, "--idle", "PT0.2S") as http:
        sandbox = Sandbox(http, "ada")
        order = sandbox.pi.post(PI, json=PERSON).json()
        assert len(sandbox.control_json("GET", "/journal")) == 1
        until(lambda: "simulator_sandboxes 0.0" in http.get("/_simulator/metrics").text)
        # The journal is not in the log: that it is empty shows that the sandbox was read from there.
        assert sandbox.control_json("GET", "/journal") == []
        assert sandbox.pi.get(f"{PI}/{order['assessmentId']}").status_code == 200


@pytest.mark.parametrize(("limits", "left"), [
    (Limits(), ["a", "b", "c", "d"]), (Limits(most=2), ["c", "d"]), (Limits(age=50), ["b", "d"]),
    (Limits(age=50, most=1), ["d"]), (Limits(age=0.0), []),
])  # fmt: skip
async def test_unused_sandboxes_are_deleted_by_age_and_number(
    path: Path, limits: Limits, left: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assessment_simulator.sandbox.maintenance.INTERVAL", 0.0)  # none is in use at this moment
    log = SqliteLog(path)
    sandboxes = registry(log)

    async def used(name: str, seconds: int) -> None:
        async with log.transaction() as run:
            await run("UPDATE sandbox SET used = used - ? WHERE name = ?", seconds * instant.SECOND, name)

    for place, name in enumerate("abcd"):
        assert await sandboxes.find_or_open(name)
        await used(name, 100 * (name in "ac") + 10 - place)
    if limits.most:
        await used("b", 95)
        await used("c", -95)
    await Maintenance(sandboxes, log, limits).delete_unused()
    assert [one.name for one in await log.listed()] == left[::-1]
    assert sorted(sandbox.name for sandbox in sandboxes) == left
    await sandboxes.close()


LISTED: list[tuple[dict[str, str], str]] = [
    ({}, "c-1 b-1 a-2 a-1"), ({"newest": "2"}, "c-1 b-1"), ({"before": "b-1"}, "a-2 a-1"),
    ({"before": "b-1", "newest": "1"}, "a-2"), ({"q": "A-"}, "a-2 a-1"), ({"q": "-1", "newest": "2"}, "c-1 b-1"),
    ({"q": "-1", "before": "a-2", "newest": "9"}, "a-1"), ({"q": "_"}, ""), ({"q": "%"}, ""), ({"before": "a-1"}, ""),
]  # fmt: skip


def test_a_page_of_the_list_of_sandboxes_is_that_page_of_the_whole_list(path: Path) -> None:
    for options in ((), ("--log", f"sqlite:{path}")):
        with served(*options) as url, httpx2.Client(base_url=url, trust_env=False) as http:
            for name in ("a-1", "a-2", "b-1", "c-1"):
                assert http.post("/_simulator/sandboxes", json={"name": name}).status_code == 201
            for query, expected in LISTED:
                found = [one["name"] for one in http.get("/_simulator/sandboxes", params=query).json()]
                assert (found if "newest" in query else found[::-1]) == expected.split(), query
            assert http.get("/_simulator/sandboxes?before=a-3").status_code == 422


async def test_a_sandbox_in_use_counts_as_used_last(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assessment_simulator.sandbox.maintenance.INTERVAL", 0.01)
    log = SqliteLog(path)
    sandboxes = registry(log)
    maintenance = Maintenance(sandboxes, log, Limits(most=2))
    used, _ = [await sandboxes.find_or_open(name) for name in "ab"]
    assert used
    await maintenance.note_used()
    await asyncio.sleep(0.02)  # that both are idle for longer than between two looks is what is tested
    create(used)
    assert await sandboxes.find_or_open("c")
    await maintenance.delete_unused()
    assert [one.name for one in await log.listed()] == ["c", "a"]
    await sandboxes.close()


def test_a_sandbox_in_use_is_not_deleted_by_age(path: Path) -> None:
    with serving(path, "--keep-for", "PT2S") as http:
        used, other = Sandbox(http, "a"), Sandbox(http, "b")
        for one in (used, other):
            one.pi.post(PI, json=PERSON)
        until(lambda: len(used.pi.get(PI).json()) == 1 and len(http.get("/_simulator/sandboxes").json()) == 1, 20)
        assert len(used.pi.get(PI).json()) == 1


# When it cannot be written, or read.


def test_a_full_disk_gives_503_and_changes_nothing(path: Path) -> None:
    server = Server("--log", f"sqlite:{path}", "--public-url", "http://sim.example")
    with server, httpx2.Client(base_url=server.url, trust_env=False) as http:
        sandbox = Sandbox(http, "ada")
        sandbox.control_json("POST", "/clock", {"freeze": START})
        order = sandbox.pi.post(PI, json=PERSON).json()
        before = everything(sandbox)
        unlimited = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)
        written = Path(f"{path}-wal").stat().st_size
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (written, unlimited[1]))  # no file may grow any more
        refused = [sandbox.pi.post(PI, json=PERSON) for _ in range(3)]
        control = sandbox.control("PATCH", "/config", {"positions": ["x"]})
        assert [one.status_code for one in refused] == [503] * 3
        assert [call["status"] for call in sandbox.control_json("GET", "/journal")] == [201, 503, 503, 503]
        assert "nothing was changed" in refused[0].json()["detail"]
        assert (control.status_code, control.headers["content-type"]) == (503, "application/problem+json")
        assert http.post("/_simulator/sandboxes", json={"name": "bo"}).status_code == 503
        assert http.get("/_simulator/ready").status_code == 503
        assert sandbox.pi.get(f"{PI}/{order['assessmentId']}").status_code == 200
        assert everything(sandbox) == before
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, unlimited)
        assert sandbox.pi.post(PI, json=PERSON).status_code == 201
        after = everything(sandbox)
    with serving(path) as http:
        assert everything(Sandbox(http, "ada")) == after


def test_an_attempt_is_recorded_once_the_disk_has_room_and_not_repeated(path: Path) -> None:
    server = Server("--log", f"sqlite:{path}")
    with Listener(delay=0.5) as listener, server, httpx2.Client(base_url=server.url, trust_env=False) as http:
        sandbox = Sandbox(http, "ada")
        id = assessment(sandbox, assessmentStatusWebHook=f"{listener.url}/hook")["assessmentId"]
        sandbox.control_json("POST", f"/invitations/{id}/complete")
        listener.wait_for(1)
        unlimited = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (Path(f"{path}-wal").stat().st_size, unlimited[1]))
        assert sandbox.pi.post(PI, json=PERSON).status_code == 503
        until(lambda: "an attempt cannot be recorded yet" in server.stderr())
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, unlimited)
        until(lambda: [one["state"] for one in sandbox.control_json("GET", "/deliveries")] == ["delivered"])
        assert len(listener.received) == 1
        assert "Traceback" not in server.stderr()


def test_changes_are_refused_while_the_file_is_moved_or_replaced(path: Path) -> None:
    with serving(path) as http:
        sandbox = Sandbox(http, "ada")
        assert sandbox.pi.post(PI, json=PERSON).status_code == 201
        away = path.rename(path.with_name("away.db"))
        for replaced in (False, True):
            if replaced:
                path.write_bytes(b"another")
            refused = sandbox.pi.post(PI, json=PERSON)
            assert (refused.status_code, "was removed or replaced" in refused.json()["detail"]) == (503, True)
        away.rename(path)
        assert sandbox.pi.post(PI, json=PERSON).status_code == 201
        assert len(sandbox.pi.get(PI).json()) == 2


def refusal(path: Path) -> str:
    """Why a server does not start over this file; nothing is changed in it."""
    before = path.read_bytes()
    command = [sys.executable, "-m", "assessment_simulator", "serve", "--port", "0", "--log", f"sqlite:{path}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stdout, path.read_bytes() == before) == (1, "", True)
    [line] = done.stderr.splitlines()
    assert str(path) in line
    return line


def test_a_second_server_on_the_same_file_is_refused(path: Path) -> None:
    with serving(path) as http:
        assert Sandbox(http, "ada").pi.post(PI, json=PERSON).status_code == 201
        assert "another server has it" in refusal(path)
        assert Sandbox(http, "ada").pi.post(PI, json=PERSON).status_code == 201


@pytest.mark.parametrize("umask", [0, 0o277])
def test_new_files_have_mode_0600(path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        world = World(SqliteLog(path))
        sandbox = world.opened()
        world.do(sandbox, lambda: create(sandbox))
        modes = {one.name: stat.S_IMODE(one.stat().st_mode) for one in path.parent.iterdir()}
        world.close()
    finally:
        os.umask(before)
    assert set(modes) == {"log.db", "log.db-wal"}
    assert set(modes.values()) == {0o600}


READ_ONLY = """
import os, sys
from pathlib import Path
from assessment_simulator.storage import Unusable
from assessment_simulator.storage.sqlite import SqliteLog
if os.getuid() == 0:
    os.setuid(65_534)  # root may write everywhere
try:
    SqliteLog(Path(sys.argv[1]))
except Unusable as problem:
    print(problem)
"""


@pytest.mark.parametrize("place", ["file", "folder", "new"])
def test_a_read_only_file_or_folder_is_reported(place: str) -> None:
    with TemporaryDirectory() as name:
        path = Path(name) / "log.db"
        if place != "new":
            World(SqliteLog(path)).close()
            path.chmod(0o444 if place == "file" else 0o666)
        path.parent.chmod(0o777 if place == "file" else 0o555)
        command = [sys.executable, "-c", READ_ONLY, str(path)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        path.parent.chmod(0o777)
    assert done.stderr == ""
    assert "read-only" in done.stdout


@pytest.mark.parametrize(("number", "why"), [(99, "newer version"), (2, "written by version 0.1, whose logs are not")])
def test_a_file_of_another_version_is_refused(path: Path, number: int, why: str) -> None:
    World(SqliteLog(path)).close()
    with closing(sqlite3.connect(path)) as database:
        database.execute(f"PRAGMA user_version = {number}")
    assert why in refusal(path)


def test_another_programs_database_is_refused(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE theirs (a)")
    assert "another program" in refusal(path)


def test_a_file_that_is_no_database_is_refused(path: Path) -> None:
    path.write_bytes(b"Dear diary, " * 1_000)
    assert "no SQLite database" in refusal(path)


def test_a_damaged_file_is_refused(path: Path) -> None:
    world = World(SqliteLog(path))
    sandbox = world.opened()
    world.do(sandbox, lambda: [create(sandbox) for _ in range(200)])
    world.close()
    data = bytearray(path.read_bytes())
    data[len(data) // 2 :: 7] = b"\xaa" * len(data[len(data) // 2 :: 7])
    path.write_bytes(data)
    assert "damaged" in refusal(path) or "malformed" in refusal(path)


@pytest.fixture
def spoilt(path: Path) -> Path:
    """A log with two sandboxes, of which `ada` cannot be read."""
    world = World(SqliteLog(path))
    for name in ("ada", "bo"):
        sandbox = world.opened(name)
        world.do(sandbox, partial(create, sandbox))
    world.close()
    spoil(path, "UPDATE entry SET data = CAST(replace(data, 'Ada', 'Eve') AS BLOB)")
    return path


def spoil(path: Path, statement: str) -> None:
    """Change what the log has of sandbox ada."""
    with closing(sqlite3.connect(path)) as database:
        found = database.execute("SELECT key FROM sandbox WHERE name = 'ada'").fetchone()[0]
        assert database.execute(f"{statement} WHERE sandbox = {found}").rowcount == 1
        database.commit()


@pytest.mark.parametrize(("statement", "why"), [
    ("UPDATE entry SET data = CAST(replace(data, 'Ada', 'Eve') AS BLOB)", "up to 1 are not those that were written"),
    ("DELETE FROM entry", "up to 1 are missing"),
    ("UPDATE entry SET number = 2", "commit 1 is missing"),
    ("UPDATE image SET data = CAST(replace(data, 'Finance', 'Fiction') AS BLOB)", "image as of commit 0 is not"),
    ("DELETE FROM image", "image as of commit 0 is not"),
])  # fmt: skip
def test_a_changed_or_missing_commit_is_never_served(path: Path, statement: str, why: str) -> None:
    world = World(SqliteLog(path))
    sandbox = world.opened("ada")
    world.do(sandbox, lambda: create(sandbox))
    world.close()
    spoil(path, statement)
    with serving(path) as http:
        answer = Sandbox(http, "ada").pi.get(PI)
        assert answer.status_code == 503
        assert why in answer.json()["detail"]


def test_a_sandbox_that_cannot_be_read_is_listed_and_can_be_deleted(spoilt: Path) -> None:
    with serving(spoilt) as http:
        assert [one["name"] for one in http.get(ROOT).json()] == ["ada", "bo"]
        assert http.get("/", headers={"Accept": "text/html"}).status_code == 200
        assert "simulator_sandboxes 0.0" in http.get("/_simulator/metrics").text
        ada = Sandbox(http, "ada")
        answer = ada.pi.get(PI)
        assert (answer.status_code, "damaged" in answer.json()["detail"]) == (503, True)
        assert [one["email"] for one in Sandbox(http, "bo").pi.get(PI).json()] == ["ada@example.com"]
        assert ada.control("POST", "/reset").status_code == 503
        ada.control_json("DELETE")
        assert [one["name"] for one in http.get(ROOT).json()] == ["bo"]
        assert ada.pi.get(PI).json() == []
        assert ada.pi.post(PI, json=PERSON).status_code == 201


# Images.


def test_the_size_to_read_does_not_grow_with_history(path: Path) -> None:
    world = World(SqliteLog(path))
    sandbox = world.opened()
    commits = sandbox.commits
    assert commits
    read, sizes = list[int](), list[int]()
    for number in range(1, 6_001):
        config = Config(invitation_days=4 + number % 20)
        world.do(sandbox, partial(sandbox.configure, config))
        if commits.needs_image:
            world.run(commits.write_image())
        if number % 1_000 == 0:
            sizes.clear()
            world.run(world.log.read(commits.key, lambda _, data, __: sizes.append(len(data))))
            read.append(sum(sizes))
    assert max(read) < 2.5 * IMAGE_AFTER
    assert portrait(world.read_again()) == portrait(sandbox)
    world.close()


def entries_of(path: Path) -> int:
    """How many commits the file holds beside images; a copy is read, because the server has the file for itself."""
    copy = path.with_name("copy.db")
    for end in ("", "-wal"):
        shutil.copy(f"{path}{end}", f"{copy}{end}")
    with closing(sqlite3.connect(copy)) as database:
        [[count]] = database.execute("SELECT count(*) FROM entry")
    return int(count)


def test_a_running_server_replaces_commits_by_images(path: Path) -> None:
    with serving(path) as http:
        sandbox = Sandbox(http, "ada")
        sandbox.control_json("POST", "/clock", {"freeze": START})
        for _ in range(40):
            sandbox.control_json("PATCH", "/config", {"positions": [f"{number} {'x' * 1_000}" for number in range(20)]})
        until(lambda: entries_of(path) < 20)
        before = everything(sandbox)
    with serving(path) as http:
        assert everything(Sandbox(http, "ada")) == before


async def test_a_large_first_image_is_written_in_parts_and_its_sandbox_exists_when_all_are_there(path: Path) -> None:
    log = SqliteLog(path)
    counts: list[int] = []

    def image() -> Iterator[bytes]:
        for number in range(5):
            time.sleep(0.01)  # to encode it takes longer than a pause may be away
            yield b"part %d" % number

    async def count() -> None:
        while True:
            counts.append((await log.count())[0])
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    found = await log.create("fork", {}, image(), None, b"{}", 0)
    counting.cancel()
    assert len(counts) >= 3
    assert {*counts} == {0}
    assert found
    parts: list[bytes] = []
    await log.read(found.key, lambda number, data, is_image: parts.append(data))
    assert parts == [*image()]
    assert await log.create("fork", {}, image(), None, b"{}", 0) is None
    async with log.transaction(writes=False) as run:
        assert await run("SELECT DISTINCT sandbox FROM image") == [(found.key,)]
    await log.close()


async def test_a_slow_image_does_not_delay_adoption(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = asyncio.Event()

    async def write_image(commits: Commits) -> None:
        begun.set()
        await asyncio.sleep(60)

    monkeypatch.setattr("assessment_simulator.sandbox.maintenance.INTERVAL", 0.01)
    monkeypatch.setattr(Commits, "needs_image", True)
    monkeypatch.setattr(Commits, "write_image", write_image)
    log = SqliteLog(path)
    sandboxes = registry(log)
    due = await sandboxes.find_or_open("due")
    assert due
    create(due, "ada+completes-in-1s@example.com")
    await sandboxes.release(due)
    assert await sandboxes.find_or_open("grown")
    async with maintained(sandboxes, Limits()), asyncio.timeout(10):
        await begun.wait()
        while (adopted := sandboxes.cached("due")) is None:  # noqa: ASYNC110  no event tells a test of it
            await asyncio.sleep(0.01)
    assert adopted is not due
    await sandboxes.close()


def test_an_image_of_a_deleted_sandbox_is_not_kept(path: Path) -> None:
    world = World(SqliteLog(path))
    sandbox = world.opened()
    assert sandbox.commits
    world.do(sandbox, lambda: create(sandbox))
    world.run(world.log.delete(sandbox.commits.key))
    world.run(sandbox.commits.write_image())
    world.close()
    World(SqliteLog(path)).close()  # what is left of deleted sandboxes is removed at the start
    with closing(sqlite3.connect(path)) as database:
        question = "SELECT (SELECT count(*) FROM sandbox), (SELECT count(*) FROM entry), (SELECT count(*) FROM image)"
        assert database.execute(question).fetchone() == (0, 0, 0)
