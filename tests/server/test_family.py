"""Several processes are one server to whoever looks: each tells of the calls that came to all."""

import asyncio
import os
import signal
import socket
import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import httpx2
import psycopg
import pytest

from assessment_simulator.server.peer_wire import Strange, ask, reply
from tests.postgres import new_database
from tests.server import ROOT, assessment, order, problem
from tests.server.test_await import Waiter, found
from tests.server.test_events import Reader
from tests.servers import Listener, Sandbox, Server

PI = "/api/v1/behavioralassessments"
CONTROL = {"Authorization": "Bearer control-token-of-two"}


class Pair(NamedTuple):
    """The same sandbox, asked at two servers that share a log."""

    one: Sandbox
    other: Sandbox


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def urls(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Two servers over SQLite, of two processes each; or two of one over PostgreSQL."""
    if request.param == "sqlite":
        options = ["--log", f"sqlite:{tmp_path_factory.mktemp('log')}/log.db", "--workers", "2"]
    else:
        options = ["--log", new_database(request.getfixturevalue("postgres_server"))]
    with Server(*options) as one, Server(*options) as other:
        yield one.url, other.url


def client(url: str, **more: Any) -> httpx2.Client:
    return httpx2.Client(base_url=url, timeout=30, trust_env=False, **more)


@pytest.fixture
def pair(urls: tuple[str, str]) -> Iterator[Pair]:
    name = f"t-{uuid.uuid4()}"
    with client(urls[0]) as one, client(urls[1]) as other:
        yield Pair(Sandbox(one, name), Sandbox(other, name))


def read(sandbox: Sandbox, path: str = PI) -> None:
    sandbox.pi.get(path)


def journal(sandbox: Sandbox, query: str = "") -> list[Any]:
    calls: list[Any] = sandbox.told("GET", f"/journal{query}")
    return calls


def test_a_sandbox_that_was_deleted_through_one_is_opened_anew_by_the_next_call_to_another(pair: Pair) -> None:
    for _ in range(3):
        assert assessment(pair.one)["assessmentId"]
        assert pair.other.control("DELETE").status_code == 204
        answer = pair.one.pi.get(PI)
        assert (answer.status_code, answer.json()) == (200, [])


def test_what_is_done_after_a_deletion_that_an_advance_has_met_is_known_to_all(
    urls: tuple[str, str], pair: Pair, listener: Listener
) -> None:
    gone = threading.Event()
    listener.answers = lambda received: 200 if gone.wait(20) else 500
    pair.one.told("POST", "/clock", {"freeze": "2026-01-01T00:00:00Z"})
    assessment(pair.one, email="ada+completes-in-1h@example.com", assessmentStatusWebHook=listener.url)
    with ThreadPoolExecutor(1) as aside:
        turned = aside.submit(pair.one.control, "POST", "/clock", {"advance": "PT2H"})
        listener.wait_for(1)
        assert pair.other.control("DELETE").status_code == 204
        gone.set()
        turned.result(20)
    made = []
    for url in (urls[0], *urls, urls[0]):
        with client(url) as http:  # whichever process it is, the one whose advance it was among them
            made.append(assessment(Sandbox(http, pair.one.name))["assessmentId"])
    for url in urls * 2:
        with client(url) as http:
            assert {one["assessmentId"] for one in Sandbox(http, pair.one.name).pi.get(PI).json()} == {*made}


def test_the_calls_to_all_are_listed_by_each_in_the_order_in_which_they_came(pair: Pair) -> None:
    for number in range(6):
        read(pair[number % 2], f"{PI}?$top={number + 1}")
        read(pair[number % 2], f"{PI}/{number}")
    paths = [f"{PI}/{number // 2}" if number % 2 else PI for number in range(12)]
    for sandbox in pair:
        calls = journal(sandbox)
        assert [call["path"] for call in calls] == paths
        ids = [call["id"] for call in calls]
        assert len({*ids}) == 12
        assert [call["id"] for call in journal(sandbox, "?newest=5")] == ids[::-1][:5]
        assert [call["id"] for call in journal(sandbox, f"?newest=4&before={ids[7]}")] == ids[3:7][::-1]
        assert [call["id"] for call in journal(sandbox, f"?since={ids[8]}")] == ids[9:]
        assert [call["id"] for call in journal(sandbox, "?status=200")] == ids[::2]
        assert [call["id"] for call in journal(sandbox, f"?q={PI}/3")] == [ids[7]]
        problem(sandbox.control("GET", "/journal?before=call-0"), 422, "before")
        assert sandbox.told("GET")["counts"]["journal"] == 12
        every = {one["name"]: one["counts"]["journal"] for one in sandbox.http.get(ROOT).json()}
        assert every[sandbox.name] == 12


def test_each_shows_a_call_that_came_to_another_and_how_to_repeat_it(pair: Pair) -> None:
    id = order(pair.one)["id"]
    read(pair.other)
    call = journal(pair.other)[1]["id"]
    assert pair.other.told("GET", f"/journal/{call}") == pair.one.told("GET", f"/journal/{call}")
    assert pair.other.told("GET", f"/journal/{call}")["answer"]["body"]["order"]["id"] == id
    script = pair.other.control("GET", f"/journal/{call}.sh")
    assert script.text == pair.one.control("GET", f"/journal/{call}.sh").text
    assert script.text.startswith("#!/bin/sh\n")
    archives = [sandbox.told("GET", "/journal.har")["log"]["entries"] for sandbox in pair]
    assert archives[0] == archives[1]
    assert [entry["_operation"] for entry in archives[0]] == ["create_token", "create_order", "list_assessments"]
    problem(pair.other.control("GET", "/journal/call-1"), 404, "has no call")


def test_an_invitation_tells_of_the_calls_to_all(pair: Pair) -> None:
    id = assessment(pair.one)["assessmentId"]
    read(pair.other, f"{PI}/{id}")
    for sandbox in pair:
        told = sandbox.told("GET", f"/invitations/{id}/timeline")
        assert [one["operation"] for one in told if one["what"] == "call"] == ["create_assessment", "get_assessment"]


def test_coverage_counts_the_calls_to_all(pair: Pair) -> None:
    assessment(pair.one)
    pair.other.pi.post(PI, json={})
    assessment(pair.other)
    told, again = (sandbox.told("GET", "/coverage") for sandbox in pair)
    assert told == again
    [one] = [rule for rule in told["rules"] if rule["id"] == "pi.door.route"]
    assert (one["kept"], one["broken"]) == (3, 0)
    assert max(rule["broken"] for rule in told["rules"]) == 1


def test_what_one_has_caught_all_show_and_forget(pair: Pair) -> None:
    for number in range(4):
        sandbox = pair[number % 2]
        sandbox.http.post(f"/_simulator/catch/{sandbox.name}", json={"number": number})
    for sandbox in pair:
        caught = sandbox.http.get(f"/_simulator/catch/{sandbox.name}").json()
        assert [one["body"]["number"] for one in caught] == [3, 2, 1, 0]
        assert len({one["id"] for one in caught}) == 4
    pair.one.http.delete(f"/_simulator/catch/{pair.one.name}")
    assert [sandbox.http.get(f"/_simulator/catch/{sandbox.name}").json() for sandbox in pair] == [[], []]


def test_a_reset_forgets_the_calls_to_all(pair: Pair) -> None:
    for sandbox in pair:
        read(sandbox)
        sandbox.http.post(f"/_simulator/catch/{sandbox.name}", json={})
    pair.one.told("POST", "/reset")
    read(pair.other)
    for sandbox in pair:
        assert len(journal(sandbox)) == 1
        assert sandbox.http.get(f"/_simulator/catch/{sandbox.name}").json() == []


def test_a_call_that_came_to_another_is_found_by_who_waits_for_it(pair: Pair) -> None:
    read(pair.other, f"{PI}/a")
    read(pair.one, f"{PI}/b")
    assert found(pair.one, "request", path=f"{PI}/a")["id"] == journal(pair.one)[0]["id"]
    assert found(pair.other, "request", path=f"{PI}/b")["request"]["headers"]["api-key"] == "***"
    assert found(pair.one, "request", status=404)["path"] == f"{PI}/b"
    read(pair.other, f"{PI}/c")
    assert found(pair.one, "request", status=404)["path"] == f"{PI}/c"


def test_a_call_that_comes_to_another_is_told_to_who_waits(pair: Pair) -> None:
    read(pair.one)
    waiter = Waiter(pair.one, "request", path=f"{PI}/late")
    for number in range(20):  # by then it has long looked at what was there, and really waits
        read(pair.other, f"{PI}/early-{number}")
        assert found(pair.one, "request", path=f"{PI}/early-{number}")
    assert not waiter.answered
    read(pair.other, f"{PI}/late")
    assert waiter.told()["path"] == f"{PI}/late"


def test_a_wait_in_vain_names_what_came_nearest_wherever_it_came(pair: Pair) -> None:
    read(pair.one, f"{PI}/a")
    read(pair.other)
    wanted = {"request": {"path": f"{PI}/a", "status": 200, "method": "POST"}, "within": "PT0S"}
    told = [problem(sandbox.control("POST", "/await", wanted), 408)["nearest"] for sandbox in pair]
    assert [{one["path"] for one in nearest} for nearest in told] == [{f"{PI}/a", PI}] * 2


def test_events_tell_of_what_comes_to_another(pair: Pair) -> None:
    read(pair.one)
    with Reader(pair.one.url, pair.one.name) as reader:
        read(pair.other)
        assert reader.next().short == ("call", journal(pair.one)[1]["id"])
        pair.other.http.post(f"/_simulator/catch/{pair.other.name}", json={})
        [caught] = pair.one.http.get(f"/_simulator/catch/{pair.one.name}").json()
        assert reader.next().short == ("caught", caught["id"])
        pair.other.http.delete(f"/_simulator/catch/{pair.other.name}")
        assert reader.next().short == ("caught", None)


def test_what_a_process_knew_that_is_no_more_is_gone_without_a_word_and_one_that_hangs_is_noted(
    postgres_server: str,
) -> None:
    log = new_database(postgres_server)
    with Server("--log", log) as one, client(one.url) as http:
        sandbox = Sandbox(http, "left")
        read(sandbox)
        other = Server("--log", log)
        with other, client(other.url) as elsewhere:
            read(Sandbox(elsewhere, "left"))
            assert len(journal(sandbox)) == 2
            call = journal(sandbox)[1]["id"]
            os.kill(other.pid, signal.SIGSTOP)
            answer, none = sandbox.control("GET", "/journal"), sandbox.control("GET", f"/journal/{call}")
            os.kill(other.pid, signal.SIGCONT)
            assert none.headers["simulator-note"] == answer.headers["simulator-note"]
            problem(none, 404, "has no call")
            assert len(answer.json()) == 1
            assert "1 of the other processes" in answer.headers["simulator-note"]
            assert len(journal(sandbox)) == 2
        third = Server("--log", log).__enter__()
        third.kill()
        answer = sandbox.control("GET", "/journal")
        assert len(answer.json()) == 1
        assert "simulator-note" not in answer.headers


def test_closed_access_is_no_hindrance_between_processes(postgres_server: str) -> None:
    options = ("--access", "closed", "--log", new_database(postgres_server))
    environ = {"SIMULATOR_CONTROL_TOKEN": "control-token-of-two"}
    with (
        Server(*options, environ=environ) as one,
        Server(*options, environ=environ) as other,
        client(one.url) as http,
        client(other.url) as elsewhere,
    ):
        made = http.post(ROOT, json={"name": "shut"}, headers=CONTROL).json()
        key = made["credentials"]["predictive_index"]["api_key"]
        assert elsewhere.get(PI, headers={"api-key": key}).status_code == 200
        [call] = http.get(f"{ROOT}/shut/journal", headers=CONTROL).json()
        assert call["operation"] == "list_assessments"


def test_a_session_that_ends_in_one_process_ends_in_all(tmp_path: Path) -> None:
    options = ("--access", "closed", "--workers", "2", "--log", f"sqlite:{tmp_path}/log.db")
    environ = {"SIMULATOR_CONTROL_TOKEN": "control-token-of-two"}
    with Server(*options, environ=environ) as server:
        said = httpx2.post(f"{server.url}/login", data={"token": "control-token-of-two"}).headers["set-cookie"]
        cookie = {"cookie": said.partition(";")[0]}

        def seen() -> set[int]:  # a new connection each time: both processes are asked
            return {httpx2.get(f"{server.url}{ROOT}", headers=cookie).status_code for _ in range(20)}

        assert seen() == {200}
        assert httpx2.post(f"{server.url}/logout", headers=cookie).status_code == 303
        assert seen() == {401}


def listening(pid: int) -> int:
    """How many TCP sockets of a process listen."""
    held = {str(entry.readlink()) for entry in Path(f"/proc/{pid}/fd").iterdir()}
    rows = [line.split() for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]]
    return sum(row[3] == "0A" and f"socket:[{row[9]}]" in held for row in rows)


def test_who_has_the_log_alone_has_no_private_door(tmp_path: Path, postgres_server: str) -> None:
    with Server() as memory, Server("--log", f"sqlite:{tmp_path}/log.db") as file:
        assert [listening(memory.pid), listening(file.pid)] == [1, 1]
    with Server("--log", new_database(postgres_server)) as shared:
        assert listening(shared.pid) == 2


# The wire.


async def answers(secret: bytes) -> tuple[asyncio.Server, str, list[type]]:
    """Somebody who answers a question with itself, as far as they are let; and what went wrong."""
    wrong: list[type] = []

    async def visited(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reply(reader, writer, secret, lambda question: question)
        except (EOFError, Strange) as problem:
            wrong.append(type(problem))
        writer.close()

    server = await asyncio.start_server(visited, "127.0.0.1", 0)
    return server, f"127.0.0.1:{server.sockets[0].getsockname()[1]}", wrong


async def test_who_knows_the_secret_is_answered() -> None:
    server, address, wrong = await answers(b"the secret")
    async with server:
        for question in (b"", b"?", b"x" * 1_000_000):
            assert await ask(address, b"the secret", question) == question
    assert wrong == []


async def test_who_does_not_know_the_secret_is_not_listened_to() -> None:
    server, address, wrong = await answers(b"the secret")
    async with server:
        with pytest.raises(EOFError):
            await ask(address, b"another secret", b"?")
    assert wrong == [Strange]


async def test_an_answer_of_who_does_not_know_the_secret_is_none() -> None:
    forged = asyncio.get_running_loop().create_future()

    async def visited(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(bytes(16))
        forged.set_result(await reader.readexactly(48))
        writer.write((1).to_bytes(4, "big") + bytes(32) + b"!")
        writer.close()

    fake = await asyncio.start_server(visited, "127.0.0.1", 0)
    async with fake:
        with pytest.raises(Strange):
            await ask(f"127.0.0.1:{fake.sockets[0].getsockname()[1]}", b"the secret", b"?")
    assert b"the secret" not in await forged


async def test_a_question_that_was_overheard_cannot_be_asked_again() -> None:
    server, address, wrong = await answers(b"the secret")
    host, _, port = address.rpartition(":")
    heard = bytearray()

    async def relayed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner, outer = await asyncio.open_connection(host, int(port))
        writer.write(await inner.readexactly(16))
        heard.extend(await reader.readexactly(16 + 32 + 4 + 32 + 1))
        outer.write(heard)
        writer.write(await inner.read())
        outer.close()
        writer.close()

    between = await asyncio.start_server(relayed, "127.0.0.1", 0)
    async with server, between:
        assert await ask(f"127.0.0.1:{between.sockets[0].getsockname()[1]}", b"the secret", b"?") == b"?"
        reader, writer = await asyncio.open_connection(host, int(port))
        await reader.readexactly(16)
        writer.write(heard)
        assert await reader.read() == b""
        writer.close()
    assert wrong == [Strange]


@contextmanager
def forwarded(port: int) -> Iterator[str]:
    """The address of a TCP port as one reaches it by another interface: IPv6 loopback."""

    def pump(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    def accept() -> None:
        with suppress(OSError):
            while True:
                outer, _ = listener.accept()
                inner = ends.enter_context(socket.create_connection(("127.0.0.1", port)))
                ends.enter_context(outer)
                for pair in ((outer, inner), (inner, outer)):
                    threading.Thread(target=pump, args=pair, daemon=True).start()

    with ExitStack() as ends, socket.create_server(("::1", 0), family=socket.AF_INET6) as listener:
        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield f"[::1]:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_the_private_door_is_on_the_address_from_which_the_database_is_reached(postgres_server: str) -> None:
    log = new_database(postgres_server)
    parts = urlsplit(log)
    with forwarded(parts.port or 5432) as elsewhere:
        options = ("--log", f"postgresql://{parts.username}@{elsewhere}{parts.path}")
        with Server(*options) as one, Server(*options) as other, client(one.url) as http, client(other.url) as again:
            read(Sandbox(http, "far"))
            assert len(journal(Sandbox(again, "far"))) == 1
            with psycopg.connect(log) as database:
                told = [address for (address,) in database.execute("SELECT address FROM process").fetchall()]
            assert [address.rpartition(":")[0] for address in told] == ["::1", "::1"]
