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
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Barrier, Timer
from typing import Any

import httpx2
import pytest

from assessment_simulator.app import VENDORS
from assessment_simulator.core import instant
from assessment_simulator.core.config import Config
from assessment_simulator.server.egress import Policy
from assessment_simulator.server.keeper import Keeper, Limits
from assessment_simulator.server.log import MARKS, Unusable, mark_of
from assessment_simulator.server.log.ledger import IMAGE_AFTER
from assessment_simulator.server.log.sqlite import MIGRATIONS, SqliteLog
from assessment_simulator.server.sandboxes import Sandboxes
from assessment_simulator.server.sender import HttpSender
from tests.server import ROOT, assessment
from tests.server.log.worlds import compact, create, opened, portrait, read_again
from tests.servers import Listener, Sandbox, Server
from tests.waiting import until

PATH = "/api/v1/behavioralassessments"
PERSON = {"firstName": "Ada", "lastName": "Lovelace", "email": "ada@example.com"}
START = "2026-01-01T00:00:00.0000000Z"
SOON = 5.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a log may be."""
    return tmp_path / "log.db"


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
    short = sandbox.told("GET")
    del short["counts"]["journal"]
    return [short, *(sandbox.told("GET", look) for look in looks)]


@pytest.mark.parametrize("killed", [False, True])
def test_a_sandbox_comes_back_as_it_was(path: Path, listener: Listener, killed: bool) -> None:
    with serving(path, killed=killed) as http:
        sandbox = Sandbox(http, "ada")
        sandbox.told("POST", "/clock", {"freeze": START})
        sandbox.told("PATCH", "/config", {"positions": ["Ünïcode"], "rate_limit": 1_000})
        created = sandbox.pi.post(PATH, json={**PERSON, "assessmentStatusWebHook": listener.url}).json()
        token = sandbox.pymetrics.headers
        sandbox.told("POST", f"/invitations/{created['assessmentId']}/complete")
        listener.wait_for(1)
        sandbox.told("POST", "/clock", {"advance": "PT1H"})
        sandbox.told("PUT", "/faults", [{"do": "drop", "after": 5, "path": "/nothing"}])
        sandbox.told("POST", "/snapshots")
        sandbox.told("POST", "/fork", {"name": "fork"})
        before = everything(sandbox), everything(Sandbox(http, "fork"))
    with serving(path) as http:
        sandbox = Sandbox(http, "ada")
        names = sorted(one["name"] for one in http.get("/_simulator/sandboxes").json())
        assert names == ["ada", "fork"]
        fork = Sandbox(http, "fork")
        frozen = before[0]
        assert everything(sandbox) == frozen
        assert fork.told("GET", "/invitations") == before[1][3]
        assert http.get("/mercury/v1/orders", headers=dict(token)).status_code in (200, 404)
        read = sandbox.pi.get(f"{PATH}/{created['assessmentId']}").json()
        assert read["assessmentState"] == 40
        sandbox.told("POST", "/snapshots/snapshot-1/restore")
        assert sandbox.told("POST", "/reset")["counts"]["invitations"] == 0
    assert len(listener.received) == 1


def test_ids_go_on_where_they_were(path: Path, http: httpx2.Client) -> None:
    """The same calls draw the same, with a restart between them or without."""
    name = "restarted"
    straight = Sandbox(http, name)
    straight.told("DELETE")
    one = [straight.pi.post(PATH, json=PERSON).json()["assessmentId"] for _ in range(4)]
    straight.told("DELETE")
    other = []
    for _ in range(2):
        with serving(path, killed=True) as again:
            other += [Sandbox(again, name).pi.post(PATH, json=PERSON).json()["assessmentId"] for _ in range(2)]
    assert one == other


def test_what_is_owed_is_tried_again_after_a_crash_when_it_is_due(path: Path) -> None:
    with Listener(answers=[503]) as deaf:
        with serving(path, killed=True) as http:
            sandbox = Sandbox(http, "ada")
            for _ in range(3):
                order = sandbox.pi.post(PATH, json={**PERSON, "assessmentStatusWebHook": deaf.url}).json()
                sandbox.told("POST", f"/invitations/{order['assessmentId']}/complete")
            deaf.wait_for(3)
            until(lambda: all(one["attempts"] for one in sandbox.told("GET", "/deliveries")))
        deaf.answers = [200]
        with serving(path) as http:
            http.get("/_simulator/health")
            assert len(deaf.received) == 3
            Sandbox(http, "ada").told("POST", "/clock", {"advance": "PT6M"})
            deaf.wait_for(6)
            sandbox = Sandbox(http, "ada")
            until(lambda: {one["state"] for one in sandbox.told("GET", "/deliveries")} == {"delivered"})


def test_an_attempt_that_was_under_way_is_made_again(path: Path) -> None:
    with Listener(delay=30) as slow:
        with serving(path, killed=True) as http:
            sandbox = Sandbox(http, "ada")
            order = sandbox.pi.post(PATH, json={**PERSON, "assessmentStatusWebHook": slow.url}).json()
            sandbox.told("POST", f"/invitations/{order['assessmentId']}/complete")
            slow.wait_for(1)
        slow.delay = 0
        with serving(path) as http:
            [first, second] = slow.wait_for(2)
            assert first.body == second.body
            [delivery] = until(
                lambda: [d for d in Sandbox(http, "ada").told("GET", "/deliveries") if d["state"] == "delivered"]
            )
            assert len(delivery["attempts"]) == 1


def test_an_alarm_that_fell_due_meanwhile_rings_without_being_asked(path: Path, listener: Listener) -> None:
    with serving(path, killed=True) as http:
        sandbox = Sandbox(http, "ada")
        body = {**PERSON, "email": "ada+completes-in-1s@example.com", "assessmentStatusWebHook": listener.url}
        assert sandbox.pi.post(PATH, json=body).status_code == 201
    time.sleep(1)  # it falls due while no server is there
    with serving(path):
        listener.wait_for(1)


def test_a_clock_that_was_held_by_an_advance_goes_on(path: Path) -> None:
    with Listener(delay=30) as slow, serving(path, killed=True) as http:
        sandbox = Sandbox(http, "ada")
        order = sandbox.pi.post(PATH, json={**PERSON, "assessmentStatusWebHook": slow.url}).json()
        sandbox.told("POST", f"/invitations/{order['assessmentId']}/complete")
        slow.wait_for(1)
        with pytest.raises(httpx2.ReadTimeout):
            http.post("/_simulator/sandboxes/ada/clock", json={"advance": "P1D"}, timeout=0.3)
    with serving(path) as http:
        sandbox = Sandbox(http, "ada")
        first = sandbox.told("GET", "/clock")
        assert first["mode"] == "running"
        until(lambda: sandbox.told("GET", "/clock")["now"] > first["now"])


def test_credentials_of_closed_access_stay_good(path: Path) -> None:
    token = {"Authorization": "Bearer the-control-token"}
    environ = {"SIMULATOR_CONTROL_TOKEN": "the-control-token"}
    keys: list[str] = []
    for _ in range(2):
        server = Server("--access", "closed", "--log", f"sqlite:{path}", environ=environ)
        with server, httpx2.Client(base_url=server.url, trust_env=False) as http:
            if not keys:
                body = http.post("/_simulator/sandboxes", json={"name": "ada"}, headers=token).json()
                keys.append(body["credentials"]["predictive_index"]["api_key"])
                assert http.post("/_simulator/sandboxes", json={"name": "ada"}, headers=token).status_code == 409
            assert http.get(PATH, headers={"api-key": keys[0]}).status_code == 200
            assert http.get(PATH, headers={"api-key": "sim-ada"}).status_code == 401


def test_links_that_new_credentials_have_ended_stay_closed(path: Path) -> None:
    token = {"Authorization": "Bearer the-control-token"}
    environ = {"SIMULATOR_CONTROL_TOKEN": "the-control-token"}
    links: list[str] = []
    for _ in range(2):
        server = Server("--access", "closed", "--log", f"sqlite:{path}", environ=environ)
        with server, httpx2.Client(base_url=server.url, trust_env=False) as http:
            if not links:
                made = http.post("/_simulator/sandboxes", json={"name": "ada"}, headers=token).json()
                for _ in range(2):
                    key = {"api-key": made["credentials"]["predictive_index"]["api_key"]}
                    links.append(http.post(PATH, json=PERSON, headers=key).json()["assessmentUrl"])
                    made = http.post("/_simulator/sandboxes/ada/credentials", headers=token).json()
                (first, second) = http.get("/_simulator/sandboxes/ada/invitations", headers=token).json()
                links = [*links, first["links"]["invite"], second["links"]["invite"]]
            answers = [http.get(link.partition("/Account")[1] + link.partition("/Account")[2]) for link in links]
            assert [answer.status_code for answer in answers] == [404, 404, 200, 200]


def test_a_deleted_sandbox_stays_deleted(path: Path) -> None:
    with serving(path) as http:
        sandbox = Sandbox(http, "ada")
        sandbox.pi.post(PATH, json=PERSON)
        sandbox.told("DELETE")
    with serving(path) as http:
        assert http.get("/_simulator/sandboxes").json() == []
        assert Sandbox(http, "ada").told("GET", "/invitations") == []


def test_an_idle_sandbox_is_let_go_and_comes_back(path: Path) -> None:
    with serving(path, "--idle", "PT0.2S") as http:
        sandbox = Sandbox(http, "ada")
        order = sandbox.pi.post(PATH, json=PERSON).json()
        assert len(sandbox.told("GET", "/journal")) == 1
        until(lambda: "simulator_sandboxes 0.0" in http.get("/_simulator/metrics").text)
        # The journal is not in the log: that it is empty shows that the sandbox was read from there.
        assert sandbox.told("GET", "/journal") == []
        assert sandbox.pi.get(f"{PATH}/{order['assessmentId']}").status_code == 200


@pytest.mark.parametrize(("limits", "left"), [
    (Limits(), ["a", "b", "c", "d"]), (Limits(most=2), ["c", "d"]), (Limits(age=50), ["b", "d"]),
    (Limits(age=50, most=1), ["d"]), (Limits(age=0.0), []),
])  # fmt: skip
async def test_unused_sandboxes_are_deleted_by_age_and_number_where_that_is_asked(
    path: Path, limits: Limits, left: list[str]
) -> None:
    log = SqliteLog(path)
    sandboxes = Sandboxes(VENDORS, HttpSender(Policy(())), log=log)
    for place, name in enumerate("abcd"):
        create(sandboxes.get(name) or sandboxes.nowhere)
        ago = 100 * instant.SECOND * (name in "ac") + 10 * instant.SECOND - place
        log.run("UPDATE sandbox SET used = used - ? WHERE name = ?", (ago, name))
    if limits.most:
        log.run("UPDATE sandbox SET used = used - ? WHERE name = 'b'", (95 * instant.SECOND,))
        log.run("UPDATE sandbox SET used = used + ? WHERE name = 'c'", (95 * instant.SECOND,))
    await Keeper(sandboxes, log, limits).forget()
    assert log.names() == left
    assert sorted(sandbox.name for sandbox in sandboxes) == left
    await sandboxes.close()


async def test_a_sandbox_that_is_in_use_is_among_those_used_last(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assessment_simulator.server.keeper.LOOKS", 0.01)
    log = SqliteLog(path)
    sandboxes = Sandboxes(VENDORS, HttpSender(Policy(())), log=log)
    keeper = Keeper(sandboxes, log, Limits(most=2))
    used, _ = [sandboxes.get(name) or sandboxes.nowhere for name in "ab"]
    await keeper.tend()
    await asyncio.sleep(0.02)  # that both are idle for longer than between two looks is what is tested
    create(used)
    assert sandboxes.get("c")
    await keeper.tend()
    await keeper.forget()
    assert log.names() == ["a", "c"]
    await sandboxes.close()


def test_a_sandbox_that_is_in_use_is_kept_however_short_the_time(path: Path) -> None:
    with serving(path, "--keep-for", "PT2S") as http:
        used, other = Sandbox(http, "a"), Sandbox(http, "b")
        for one in (used, other):
            one.pi.post(PATH, json=PERSON)
        until(lambda: len(used.pi.get(PATH).json()) == 1 and len(http.get("/_simulator/sandboxes").json()) == 1, 20)
        assert len(used.pi.get(PATH).json()) == 1


# When it cannot be written, or read.


def test_what_cannot_be_written_has_not_happened_and_the_answer_says_so(path: Path) -> None:
    server = Server("--log", f"sqlite:{path}", "--public-url", "http://sim.example")
    with server, httpx2.Client(base_url=server.url, trust_env=False) as http:
        sandbox = Sandbox(http, "ada")
        sandbox.told("POST", "/clock", {"freeze": START})
        order = sandbox.pi.post(PATH, json=PERSON).json()
        before = everything(sandbox)
        unlimited = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)
        written = Path(f"{path}-wal").stat().st_size
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (written, unlimited[1]))  # no file may grow any more
        refused = [sandbox.pi.post(PATH, json=PERSON) for _ in range(3)]
        control = sandbox.control("PATCH", "/config", {"positions": ["x"]})
        assert [one.status_code for one in refused] == [503] * 3
        assert [call["status"] for call in sandbox.told("GET", "/journal")] == [201, 503, 503, 503]
        assert "nothing was changed" in refused[0].json()["detail"]
        assert (control.status_code, control.headers["content-type"]) == (503, "application/problem+json")
        assert http.post("/_simulator/sandboxes", json={"name": "bo"}).status_code == 503
        assert sandbox.pi.get(f"{PATH}/{order['assessmentId']}").status_code == 200
        assert everything(sandbox) == before
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, unlimited)
        assert sandbox.pi.post(PATH, json=PERSON).status_code == 201
        after = everything(sandbox)
    with serving(path) as http:
        assert everything(Sandbox(http, "ada")) == after


def test_an_attempt_that_cannot_be_kept_is_kept_when_there_is_room_and_is_not_made_again(path: Path) -> None:
    server = Server("--log", f"sqlite:{path}")
    with Listener(delay=0.5) as listener, server, httpx2.Client(base_url=server.url, trust_env=False) as http:
        sandbox = Sandbox(http, "ada")
        id = assessment(sandbox, assessmentStatusWebHook=f"{listener.url}/hook")["assessmentId"]
        sandbox.told("POST", f"/invitations/{id}/complete")
        listener.wait_for(1)
        unlimited = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (Path(f"{path}-wal").stat().st_size, unlimited[1]))
        assert sandbox.pi.post(PATH, json=PERSON).status_code == 503
        until(lambda: "an attempt cannot be kept yet" in server.stderr())
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, unlimited)
        until(lambda: [one["state"] for one in sandbox.told("GET", "/deliveries")] == ["delivered"])
        assert len(listener.received) == 1
        assert "Traceback" not in server.stderr()


@pytest.mark.parametrize("workers", ["1", "2"])
def test_nothing_is_acknowledged_while_the_file_is_not_where_it_was(path: Path, workers: str) -> None:
    with serving(path, "--workers", workers) as http:
        sandbox = Sandbox(http, "ada")
        assert sandbox.pi.post(PATH, json=PERSON).status_code == 201
        away = path.rename(path.with_name("away.db"))
        for replaced in (False, True):
            if replaced:
                path.write_bytes(b"another")
            refused = sandbox.pi.post(PATH, json=PERSON)
            assert (refused.status_code, "was removed or replaced" in refused.json()["detail"]) == (503, True)
        away.rename(path)
        assert sandbox.pi.post(PATH, json=PERSON).status_code == 201
        assert len(sandbox.pi.get(PATH).json()) == 2


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
        assert Sandbox(http, "ada").pi.post(PATH, json=PERSON).status_code == 201
        assert "another server has it" in refusal(path)
        assert Sandbox(http, "ada").pi.post(PATH, json=PERSON).status_code == 201


def test_a_new_file_may_be_opened_by_several_at_once(tmp_path: Path) -> None:
    together, files, many = Barrier(6), range(30), range(6)

    def open_all(_: int) -> list[str]:
        trouble = []
        for number in files:
            together.wait(20)
            try:
                SqliteLog(tmp_path / f"{number}.db", shared=True).close()
            except Unusable as problem:
                trouble.append(str(problem))
        return trouble

    with ThreadPoolExecutor(len(many)) as pool:
        assert list(pool.map(open_all, many)) == [[]] * len(many)
    for number in files:
        SqliteLog(tmp_path / f"{number}.db").close()


def test_who_shares_a_file_waits_until_it_can_be_written_ahead(path: Path) -> None:
    SqliteLog(path).close()
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("PRAGMA journal_mode = DELETE")
        other.execute("BEGIN")
        other.execute("SELECT * FROM sandbox").fetchall()
        with pytest.raises(Unusable, match="another server has it"):
            SqliteLog(path)
        leaving = Timer(0.3, other.execute, ("COMMIT",))
        leaving.start()
        with closing(SqliteLog(path, shared=True)) as log:
            assert log.run("PRAGMA journal_mode").fetchall() == [("wal",)]
        leaving.join()


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("umask", [0, 0o277])
def test_a_new_file_and_those_beside_it_are_its_owners_alone(path: Path, shared: bool, umask: int) -> None:
    before = os.umask(umask)
    try:
        with closing(SqliteLog(path, shared=shared)) as log:
            create(opened(log))
            modes = {one.name: stat.S_IMODE(one.stat().st_mode) for one in path.parent.iterdir()}
    finally:
        os.umask(before)
    assert set(modes) == {"log.db", "log.db-wal", *(["log.db-shm"] if shared else [])}
    assert set(modes.values()) == {0o600}


READ_ONLY = """
import os, sys
from pathlib import Path
from assessment_simulator.server.log import Unusable
from assessment_simulator.server.log.sqlite import SqliteLog
if os.getuid() == 0:
    os.setuid(65_534)  # root may write everywhere
try:
    SqliteLog(Path(sys.argv[1]), shared=sys.argv[2] == "shared")
except Unusable as problem:
    print(problem)
"""


@pytest.mark.parametrize("shared", ["shared", "alone"])
@pytest.mark.parametrize("place", ["file", "folder", "new"])
def test_a_read_only_place_is_reported_as_one(place: str, shared: str) -> None:
    with TemporaryDirectory() as name:
        path = Path(name) / "log.db"
        if place != "new":
            SqliteLog(path).close()
            path.chmod(0o444 if place == "file" else 0o666)
        path.parent.chmod(0o777 if place == "file" else 0o555)
        command = [sys.executable, "-c", READ_ONLY, str(path), shared]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        path.parent.chmod(0o777)
    assert done.stderr == ""
    assert "read-only" in done.stdout


def test_no_two_processes_that_share_a_log_have_the_same_mark(path: Path) -> None:
    with closing(SqliteLog(path, shared=True)) as one:
        taken = mark_of(one.owner)
        left = (taken + 7) % MARKS
        for mark in {*range(MARKS)} - {taken, left}:
            one.run("INSERT INTO process (owner, seen) VALUES (?, 1)", (f"{5 * MARKS + mark:016x}",))
        with closing(SqliteLog(path, shared=True)) as other:
            assert mark_of(other.owner) == left
            with closing(SqliteLog(path, shared=True)) as third:
                assert mark_of(third.owner) not in (taken, left), "it takes the one that has been silent for longest"
        with closing(SqliteLog(path, shared=True)) as again:
            assert mark_of(again.owner) == left, "who has ended has none any more"


def test_a_file_of_a_newer_version_is_refused(path: Path) -> None:
    SqliteLog(path).close()
    with closing(sqlite3.connect(path)) as database:
        database.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    assert "newer version" in refusal(path)


def test_another_programs_database_is_refused(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE theirs (a)")
    assert "another program" in refusal(path)


def test_a_file_that_is_no_database_is_refused(path: Path) -> None:
    path.write_bytes(b"Dear diary, " * 1_000)
    assert "no SQLite database" in refusal(path)


def test_a_damaged_file_is_refused(path: Path) -> None:
    log = SqliteLog(path)
    sandbox = opened(log)
    for _ in range(200):
        create(sandbox)
    log.close()
    data = bytearray(path.read_bytes())
    data[len(data) // 2 :: 7] = b"\xaa" * len(data[len(data) // 2 :: 7])
    path.write_bytes(data)
    assert "damaged" in refusal(path) or "malformed" in refusal(path)


@pytest.fixture
def spoilt(path: Path) -> Path:
    """A log with two sandboxes, of which `ada` cannot be read."""
    log = SqliteLog(path)
    for name in ("ada", "bo"):
        create(opened(log, name))
    log.close()
    with closing(sqlite3.connect(path)) as database:
        found = database.execute("SELECT key FROM sandbox WHERE name = 'ada'").fetchone()[0]
        database.execute("UPDATE entry SET data = ? WHERE sandbox = ?", (b'[["unheard"]]', found))
        database.commit()
    return path


def test_a_sandbox_that_cannot_be_read_is_left_out_of_lists_and_that_is_said_once(spoilt: Path) -> None:
    with Server("--log", f"sqlite:{spoilt}") as server, httpx2.Client(base_url=server.url, trust_env=False) as http:
        for _ in range(3):
            assert [one["name"] for one in http.get(ROOT).json()] == ["bo"]
            assert http.get("/", headers={"Accept": "text/html"}).status_code == 200
        said = [line for line in server.stderr().splitlines() if "left out" in line]
        assert len(said) == 1
        assert "sandbox ada" in said[0]
        assert "commit 1 of sandbox number 1 cannot be read" in said[0]


def test_a_sandbox_that_cannot_be_read_can_be_deleted(spoilt: Path) -> None:
    with serving(spoilt) as http:
        ada = Sandbox(http, "ada")
        assert ada.control("POST", "/reset").status_code == 503
        ada.told("DELETE")
        assert [one["name"] for one in http.get(ROOT).json()] == ["bo"]
        assert ada.pi.get(PATH).json() == []
        assert ada.pi.post(PATH, json=PERSON).status_code == 201
        ada.told("DELETE")


def test_a_commit_that_cannot_be_read_stops_its_sandbox_alone(spoilt: Path) -> None:
    with serving(spoilt) as http:
        answer = Sandbox(http, "ada").pi.get(PATH)
        assert answer.status_code == 503
        assert "commit 1" in answer.json()["detail"]
        assert [one["email"] for one in Sandbox(http, "bo").pi.get(PATH).json()] == ["ada@example.com"]


# Images.


def test_what_is_read_at_the_start_does_not_grow_with_history(path: Path) -> None:
    log = SqliteLog(path)
    sandbox = opened(log)
    create(sandbox)
    ledger = sandbox.ledger
    assert ledger
    read = []
    for number in range(1, 6_001):
        sandbox.configure(Config(invitation_days=4 + number % 20))
        if ledger.ripe:
            asyncio.run(ledger.draft())
        if number % 1_000 == 0:
            read.append(sum(len(data) for _, data in log.read(ledger.key)))
    assert max(read) < 2.5 * IMAGE_AFTER
    assert portrait(read_again(log)) == portrait(sandbox)
    log.close()


def entries_of(path: Path) -> int:
    """How many commits the file holds beside images; a copy is read, because the server has the file for itself."""
    copy = path.with_name("copy.db")
    for end in ("", "-wal"):
        shutil.copy(f"{path}{end}", f"{copy}{end}")
    with closing(sqlite3.connect(copy)) as database:
        [[count]] = database.execute("SELECT count(*) FROM entry")
    return int(count)


def test_a_running_server_makes_images(path: Path) -> None:
    with serving(path) as http:
        sandbox = Sandbox(http, "ada")
        sandbox.told("POST", "/clock", {"freeze": START})
        for _ in range(40):
            sandbox.told("PATCH", "/config", {"positions": [f"{number} {'x' * 1_000}" for number in range(20)]})
        until(lambda: entries_of(path) < 20)
        before = everything(sandbox)
    with serving(path) as http:
        assert everything(Sandbox(http, "ada")) == before


def test_an_image_of_a_deleted_sandbox_is_not_kept(path: Path) -> None:
    log = SqliteLog(path)
    sandbox = opened(log)
    ledger = sandbox.ledger
    assert ledger
    create(sandbox)
    log.delete(ledger.key)
    compact(log, sandbox)
    log.close()
    with closing(sqlite3.connect(path)) as database:
        question = "SELECT (SELECT count(*) FROM sandbox), (SELECT count(*) FROM entry), (SELECT count(*) FROM image)"
        assert database.execute(question).fetchone() == (0, 0, 0)


def test_an_image_of_a_process_that_is_behind_counts_for_nothing(path: Path) -> None:
    one, other = SqliteLog(path, shared=True), SqliteLog(path, shared=True)
    ahead = opened(one)
    create(ahead)
    behind = read_again(other)
    for _ in range(3):
        create(ahead)
    compact(one, ahead)
    compact(other, behind)
    assert portrait(read_again(other)) == portrait(ahead)
    create(behind)
    create(ahead)
    assert portrait(read_again(one)) == portrait(ahead)
    assert len(ahead.all("assessment")) == 6
    one.close()
    other.close()
