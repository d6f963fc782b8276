"""Limits of size, time, connections, files and quotas, and that clients at a limit do not delay others."""

import asyncio
import contextlib
import json
import re
import resource
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
import uvicorn

from assessment_simulator.app import Simulator
from assessment_simulator.http.connection import Connections
from assessment_simulator.settings import Settings
from tests.postgres import new_database
from tests.server import ROOT, assessment, connect, order, order_body, problem, send_raw, wait_for_responses_handled
from tests.servers import Listener, Sandbox, Server, sandbox_at
from tests.waiting import until

PI = "/api/v1/behavioralassessments"
PATIENCE = 0.6
INVITED = {"firstName": "Grace", "lastName": "Hopper", "email": "grace@example.com"}


@pytest.fixture(scope="module")
def hasty() -> Iterator[Server]:
    """A server with short time limits and room for three sandboxes."""
    with Server("--request-timeout", f"{PATIENCE}", "--max-sandboxes", "3") as server:
        yield server


def head(*lines: str, verb: str = "GET", path: str = PI) -> bytes:
    return "\r\n".join([f"{verb} {path} HTTP/1.1", "Host: x", *lines, "", ""]).encode()


# Size.

REFUSED = [
    ("a long address", head(path=f"{PI}?$filter={'a' * 65_536}"), 414),
    ("many parameters", head(path=f"{PI}?{'&' * 1_000}"), 414),
    ("many headers", head(*(f"X-{n}: y" for n in range(100))), 431),
    ("many short headers", head(*["x:"] * 116), 431),
    ("one header without an end", head()[:-2] + b"X: " + b"y" * 400_000, 431),
    ("headers without an end", head()[:-2] + b"X: y\r\n" * 60_000, 431),
    ("an address without an end", b"GET /" + b"a" * 400_000, 431),
    ("a name without an end", head()[:-2] + b"y" * 400_000, 431),
]


@pytest.mark.parametrize(("data", "status"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_too_large_head_is_refused_and_the_connection_closed(
    server: Server, http: httpx2.Client, data: bytes, status: int
) -> None:
    with connect(server.url) as connection:
        try:
            connection.sendall(data)
            got = connection.recv(65_536)
        except ConnectionResetError:  # it was closed while we were still talking
            got = b""
        assert got == b"" or got.startswith(b"HTTP/1.1 %d " % status)
    assert http.get("/_simulator/health").status_code == 200


def test_a_head_within_the_limits_is_read(server: Server, sandbox: Sandbox) -> None:
    lines = [f"api-key: {sandbox.credential}", "Connection: close", *(f"X-{n}: {'y' * 500}" for n in range(97))]
    for path in (PI, f"{PI}?x={'a' * 60_000}", f"{PI}?{'&' * 999}"):
        assert send_raw(server.url, head(*lines, path=path)).startswith(b"HTTP/1.1 200 ")


def test_pipelined_requests_do_not_count_as_one_large_head(server: Server, sandbox: Sandbox) -> None:
    one = head(f"api-key: {sandbox.credential}", f"X: {'y' * 900}")
    data, answers = one * 400, 0
    with connect(server.url) as connection:

        def send() -> None:
            for at in range(0, len(data), 1_777):
                connection.sendall(data[at : at + 1_777])

        sending = threading.Thread(target=send)
        sending.start()
        while answers < 400 and (got := connection.recv(65_536)):
            answers += got.count(b"HTTP/1.1 200 ")
            assert b"HTTP/1.1 4" not in got
        sending.join()
    assert answers == 400


def test_trailers_are_not_read_as_headers(server: Server, http: httpx2.Client) -> None:
    data = head("Transfer-Encoding: chunked", "Connection: close")
    end = b"0\r\napi-key: sim-behind-the-body\r\n\r\n"
    assert send_raw(server.url, data + end).startswith(b"HTTP/1.1 401 ")
    assert "behind-the-body" not in [found["name"] for found in http.get(ROOT).json()]


@pytest.mark.parametrize("piece", [b"1;" + b"x" * 60_000 + b"\r\na\r\n", b"1\r\na\r\n"], ids=["remarks", "chunks"])
def test_chunk_framing_is_limited(server: Server, http: httpx2.Client, piece: bytes) -> None:
    many = piece * (600_000 // len(piece))

    def flood(connection: socket.socket) -> None:
        for _ in range(100):
            connection.sendall(many)

    with connect(server.url) as connection:
        connection.sendall(head("Transfer-Encoding: chunked", verb="POST"))
        with pytest.raises(OSError):  # noqa: PT011 - reset or broken, whichever comes first
            flood(connection)
    assert http.get("/_simulator/health").status_code == 200


def test_form_with_too_many_fields_is_refused(sandbox: Sandbox) -> None:
    form = {"content-type": "application/x-www-form-urlencoded"}
    answer = sandbox.http.post("/mercury/oauth/token", content=b"a&" * 200_000, headers=form)
    assert answer.status_code == 400


UNREADABLE = [
    ("no host", b"GET /x HTTP/1.1\r\n\r\n", b"400"),
    ("two hosts", b"GET /x HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", b"400"),
    ("no request", b"junk\r\n\r\n", b"400"),
    ("two lengths", head("Content-Length: 1", "Content-Length: 2", verb="POST"), b"400"),
    ("a chunk without a size", head("Transfer-Encoding: chunked", verb="POST") + b"junk\r\n", b"400"),
    ("many headers", head(*(f"X-{n}: y" for n in range(100))), b"431"),
]


@pytest.mark.parametrize("before", [1, 3])
@pytest.mark.parametrize(("sent", "status"), [row[1:] for row in UNREADABLE], ids=[row[0] for row in UNREADABLE])
def test_requests_before_a_malformed_one_are_answered(
    server: Server, sandbox: Sandbox, sent: bytes, status: bytes, before: int
) -> None:
    body = json.dumps(INVITED).encode()
    lines = (f"api-key: {sandbox.credential}", "Content-Type: application/json", f"Content-Length: {len(body)}")
    answered = send_raw(server.url, (head(*lines, verb="POST") + body) * before + sent + head())
    assert re.findall(rb"HTTP/1\.1 (\d+)", answered) == [*[b"201"] * before, status]
    assert len(sandbox.control_json("GET", "/invitations")) == before


# Time.

SLOW = [
    ("nothing at all", [], b""),
    ("empty lines", [b"\r\n"] * 40, b""),
    ("a head that does not end", [b"GET /a HTTP/1.1\r\n", *[b"X: y\r\n"] * 40], b"HTTP/1.1 408 "),
    ("a word that does not end", [b"G", b"E"], b"HTTP/1.1 408 "),
    ("a body that does not come", [head("Content-Length: 9", verb="POST")], b"HTTP/1.1 408 "),
    ("a body that drips", [head("Content-Length: 900", verb="POST"), *[b" "] * 40], b"HTTP/1.1 408 "),
    ("chunks that drip", [head("Transfer-Encoding: chunked", verb="POST"), *[b"1\r\n \r\n"] * 40], b"HTTP/1.1 408"),
    ("more than may be, then nothing", [head("Content-Length: 9999999", verb="POST")], b"HTTP/1.1 413 "),
    ("a control call that drips", [head("Content-Length: 90", verb="POST", path=ROOT), *[b" "] * 40], b"HTTP/1.1 408 "),
    ("a second call that does not end", [head("Connection: keep-alive"), b"GET ", b"/"], b"HTTP/1.1 401 "),
]  # fmt: skip


@pytest.mark.parametrize(("pieces", "answer"), [row[1:3] for row in SLOW], ids=[row[0] for row in SLOW])
def test_slow_client_is_disconnected(hasty: Server, pieces: list[bytes], answer: bytes) -> None:
    began, got = time.monotonic(), b""
    with connect(hasty.url) as connection:
        try:
            for piece in pieces:
                connection.sendall(piece)
                connection.settimeout(0.1)
                try:
                    if not (more := connection.recv(65_536)):
                        break
                    got += more
                except TimeoutError:
                    pass
            connection.settimeout(10)
            while more := connection.recv(65_536):
                got += more
        except (ConnectionResetError, BrokenPipeError):
            pass
    assert got.startswith(answer)
    assert PATIENCE / 2 < time.monotonic() - began < PATIENCE + 3.5


async def idle_for(*moments: float, most: int = 10) -> list[bool]:
    """Whether a connection is open after an answer, when so many seconds have passed by the clock of the looks."""
    connections = Connections(Simulator(Settings()).app, most)
    config = uvicorn.Config(connections, http=connections.factory, ws="none", lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    listener = socket.create_server(("127.0.0.1", 0))
    serving = asyncio.create_task(server.serve([listener]))
    reader, writer = await asyncio.open_connection(*listener.getsockname())
    found, began = [], asyncio.get_running_loop().time()
    writer.write(head(path="/_simulator/health"))
    assert (await reader.readuntil(b"}")).startswith(b"HTTP/1.1 200 ")
    for seconds in (0.0, *moments):
        connections.look(began + seconds, 30)
        found.append(any(one.is_open for one in connections.all))
    if not found[-1]:
        assert await asyncio.wait_for(reader.read(), 5) == b""
    writer.close()
    server.should_exit = True
    await serving
    return found


IDLE = [([5, 31, 74.9, 75], 10, [True, True, True, False]), ([4.9, 5], 1, [True, False])]


@pytest.mark.parametrize(("moments", "most", "is_open"), IDLE)
def test_idle_connection_is_kept_for_75_seconds_or_for_5_at_the_connection_limit(
    moments: list[float], most: int, is_open: list[bool]
) -> None:
    assert asyncio.run(idle_for(*moments, most=most)) == [True, *is_open]


def test_idle_connection_does_not_count_as_slow(hasty: Server) -> None:
    with connect(hasty.url) as connection:
        connection.settimeout(PATIENCE + 1.5)
        connection.sendall(head(path="/_simulator/health"))
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200 OK\r\n")
        with pytest.raises(TimeoutError):
            connection.recv(65_536)
        connection.sendall(head(path="/_simulator/health"))
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200 OK\r\n")


def test_client_that_does_not_read_is_disconnected(hasty: Server) -> None:
    with sandbox_at(hasty.url) as sandbox:
        large = len(sandbox.http.get("/_simulator/openapi/control.json").content)
    call = head(path="/_simulator/openapi/control.json")
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        parts = urlsplit(hasty.url)
        connection.connect((parts.hostname, parts.port))
        connection.settimeout(10)
        connection.sendall(call * 200)
        time.sleep(PATIENCE + 2)  # the caller does not read
        got = 0
        with contextlib.suppress(ConnectionResetError):
            while more := connection.recv(1_048_576):
                got += len(more)
        assert got < 200 * large


def test_client_that_reads_slowly_gets_all_responses(hasty: Server) -> None:
    call, many, got = head(path="/_simulator/openapi/control.json"), 80, 0
    with connect(hasty.url) as connection:
        connection.sendall(call * many)
        began = time.monotonic()
        while got < many:
            more = connection.recv(400_000)
            assert more
            got += more.count(b"HTTP/1.1 200 ")
            time.sleep(PATIENCE / 10)  # the caller reads slowly
    assert time.monotonic() - began > PATIENCE


def test_client_that_waits_for_a_response_is_not_disconnected(hasty: Server) -> None:
    with sandbox_at(hasty.url, "waits") as sandbox:
        began = time.monotonic()
        answer = sandbox.control("POST", "/await", {"request": {"status": 999}, "within": "PT3S"})
        assert answer.status_code == 408
        assert answer.json()["nearest"] == []
        assert time.monotonic() - began >= 3
        with sandbox.http.stream("GET", f"{ROOT}/waits/events") as stream:
            time.sleep(PATIENCE * 4)  # nothing is sent for longer than a caller may take
            sandbox.control_json("PATCH", "/config", {"maintenance": True})
            assert any("config" in line for line in stream.iter_lines())
        sandbox.control("DELETE")


def test_request_that_is_refused_while_it_is_handled_ends_nothing_else(hasty: Server) -> None:
    with httpx2.Client(base_url=hasty.url, trust_env=False, timeout=30) as http:
        sandbox = Sandbox(http, "refused")
        sandbox.control_json("PUT", "/faults", [{"do": "delay", "duration": "PT2S"}])
        data = head(f"api-key: {sandbox.credential}", "Transfer-Encoding: chunked") + b"junk\r\n"
        assert send_raw(hasty.url, data).startswith(b"HTTP/1.1 400 ")
        until(lambda: sandbox.control_json("GET", "/journal") != [])
        sandbox.control("DELETE")


def test_slow_clients_do_not_delay_others(hasty: Server) -> None:
    with ExitStack() as stack, sandbox_at(hasty.url, "quick") as quick:
        for _ in range(200):
            stack.enter_context(connect(hasty.url)).sendall(head("Content-Length: 9", verb="POST") + b" ")
        began = time.monotonic()
        for _ in range(50):
            assert quick.pi.get(PI).status_code == 200
        assert time.monotonic() - began < 5
        quick.control("DELETE")


def test_connections_are_limited() -> None:
    with Server("--max-connections", "5") as server, ExitStack() as stack:
        call = head("Connection: close", path="/_simulator/health")
        for _ in range(4):
            stack.enter_context(connect(server.url))
        assert send_raw(server.url, call).startswith(b"HTTP/1.1 200 ")
        stack.enter_context(connect(server.url))
        assert send_raw(server.url, call).startswith(b"HTTP/1.1 503 ")
        stack.close()
        until(lambda: send_raw(server.url, call).startswith(b"HTTP/1.1 200 "))


def limited(ulimit: str, *options: str) -> Server:
    """A server that may not open all the files it would like to."""
    server = Server(*options)
    server.command = ["sh", "-c", f'ulimit {ulimit}; exec "$@"', "sh", *server.command]
    return server


FEWER = "this process may open 60 files (ulimit -n): it accepts 30 connections at once, not 10000\n"


def test_file_limit_reduces_the_connection_limit() -> None:
    with limited("-n 60") as server, ExitStack() as stack:
        assert server.stderr() == FEWER
        for _ in range(30):
            stack.enter_context(connect(server.url))
        call = head("Connection: close", path="/_simulator/health")
        assert send_raw(server.url, call).startswith(b"HTTP/1.1 503 ")


FILES: list[tuple[str, tuple[str, ...], str, int]] = [
    ("-n 60", ("--workers", "2"), FEWER, 60),
    ("-n 60", ("--max-connections", "25"), "", 60),
    ("-Sn 60", (), "", 11_000),
    ("-Sn 60", ("--max-connections", "5"), "", 1_005),
]


@pytest.mark.parametrize(("ulimit", "options", "said", "files"), FILES)
def test_file_limit_is_raised_as_far_as_the_system_allows(
    postgres_server: str, ulimit: str, options: tuple[str, ...], said: str, files: int
) -> None:
    log = ("--log", new_database(postgres_server)) if "--workers" in options else ()
    with limited(ulimit, *options, *log) as server:
        assert server.stderr() == said
        assert resource.prlimit(server.pid, resource.RLIMIT_NOFILE)[0] == files


def test_server_stops_reading_from_a_client_that_sends_faster_than_it_responds() -> None:
    many = 40_000
    with Server() as server, connect(server.url) as connection:
        before = memory(server)
        calls = head(path="/_simulator/health") * many
        asking = threading.Thread(target=connection.sendall, args=(calls,), daemon=True)
        asking.start()
        answered = 0
        with connection.makefile("rb") as answers:
            while answered < many:
                answered += b"HTTP/1.1 200 " in answers.readline()
        asking.join()
        assert memory(server) - before < 30_000_000


def memory(server: Server) -> int:
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{server.pid}/status").read_text())
    assert found
    return int(found[1]) * 1_024


# Sandboxes.


def test_sandboxes_are_limited(hasty: Server) -> None:
    with sandbox_at(hasty.url) as any_of_them:
        http = any_of_them.http
        for name in ("one", "two", "three"):
            assert http.get(PI, headers={"api-key": f"sim-{name}"}).status_code == 200
        for answer in (
            http.get(PI, headers={"api-key": "sim-four"}),
            http.post(PI, json=INVITED, headers={"api-key": "sim-four"}),
            http.get("/mercury/configuration", headers={"x-api-key": "sim-four"}),
            http.post("/mercury/oauth/token", json={"client_id": "sim-four", "client_secret": "x"}),
        ):
            assert answer.status_code == 503
            assert answer.json()
            assert "--max-sandboxes" in answer.headers["simulator-hint"]
        for verb, path, body in (
            ("GET", f"{ROOT}/four", None), ("POST", ROOT, {"name": "four"}), ("POST", f"{ROOT}/one/fork", {}),
        ):  # fmt: skip
            problem(http.request(verb, path, json=body), 503, "--max-sandboxes", "DELETE")
        assert sorted(found["name"] for found in http.get(ROOT).json()) == ["one", "three", "two"]
        assert http.get(PI, headers={"api-key": "sim-one"}).status_code == 200
        assert http.delete(f"{ROOT}/two").status_code == 204
        assert http.get(PI, headers={"api-key": "sim-four"}).status_code == 200
        for name in ("one", "three", "four"):
            http.delete(f"{ROOT}/{name}")


# Quotas of a sandbox.


def test_invitations_are_limited(sandbox: Sandbox) -> None:
    sandbox.control_json("PATCH", "/config", {"invitation_limit": 2})
    order(sandbox, "a")
    id = assessment(sandbox)["assessmentId"]
    before = sandbox.control_json("GET", "/invitations")
    refused = [sandbox.pi.post(PI, json=INVITED), sandbox.pymetrics.post("/mercury/order", json=order_body("b"))]
    for answer in refused:
        assert answer.status_code == 503
        assert "invitation_limit" in answer.headers["simulator-hint"]
        assert "simulator-rule" not in answer.headers
    assert refused[1].json()["recoverable"] is True
    assert sandbox.control_json("GET", "/invitations") == before
    again = sandbox.pymetrics.post("/mercury/order", json=order_body("a"))
    assert (again.status_code, again.json()["created"]) == (200, False)
    fault = {"operation": "create_order", "do": "amend", "when": "before_commit", "merge": {"a": 1}, "times": 1}
    sandbox.control_json("PUT", "/faults", [fault])
    assert sandbox.pymetrics.post("/mercury/order", json=order_body("b")).status_code == 503
    sandbox.control_json("POST", f"/invitations/{id}/complete")
    assert sandbox.pi.post(PI, json={}).status_code == 400
    sandbox.control_json("PATCH", "/config", {"invitation_limit": 3})
    assert sandbox.pi.post(PI, json=INVITED).status_code == 201
    for limit, status in ((None, 201), (0, 503)):
        sandbox.control_json("PATCH", "/config", {"invitation_limit": limit})
        assert sandbox.pi.post(PI, json=INVITED).status_code == status


def test_snapshots_are_limited(sandbox: Sandbox) -> None:
    assert sandbox.control_json("GET", "/config")["snapshot_limit"] == 100
    sandbox.control_json("PATCH", "/config", {"snapshot_limit": 2})
    kept = [sandbox.control_json("POST", "/snapshots")["id"] for _ in range(2)]
    refused = sandbox.control("POST", "/snapshots")
    problem(refused, 409, "has 2 snapshots", "snapshot_limit is 2", "raise the setting, or DELETE a snapshot")
    assert sandbox.control_json("GET")["snapshots"] == kept
    sandbox.control("DELETE", f"/snapshots/{kept[0]}")
    assert sandbox.control("POST", "/snapshots").status_code == 201
    sandbox.control_json("PATCH", "/config", {"snapshot_limit": 1})
    problem(sandbox.control("POST", "/snapshots"), 409, "has 2 snapshots", "snapshot_limit is 1")
    assert len(sandbox.control_json("GET")["snapshots"]) == 2
    sandbox.control_json("PATCH", "/config", {"snapshot_limit": 3})
    assert sandbox.control("POST", "/snapshots").status_code == 201


@pytest.mark.parametrize(
    "wrong",
    [
        {"invitation_limit": -1}, {"invitation_limit": 1.5}, {"snapshot_limit": -1}, {"snapshot_limit": None},
        {"webhook_rate": 0}, {"webhook_rate": 10_001},
    ],
)  # fmt: skip
def test_invalid_limit_is_refused(sandbox: Sandbox, wrong: dict[str, float | None]) -> None:
    before = sandbox.control_json("GET", "/config")
    problem(sandbox.control("PATCH", "/config", wrong), 422, *wrong)
    assert sandbox.control_json("GET", "/config") == before


def completed(sandbox: Sandbox, listener: Listener, rate: int, many: int) -> float:
    """Complete assessments whose webhooks go to the listener; when the first was completed."""
    sandbox.control_json("PATCH", "/config", {"webhook_rate": rate, "default_webhook_url": listener.url})
    ids = [assessment(sandbox)["assessmentId"] for _ in range(many)]
    began = time.monotonic()
    for id in ids:
        sandbox.control_json("POST", f"/invitations/{id}/complete")
    return began


@pytest.mark.parametrize("frozen", [False, True], ids=["on a running clock", "on a frozen clock"])
def test_webhook_rate_is_kept_and_no_webhook_is_lost(sandbox: Sandbox, listener: Listener, frozen: bool) -> None:
    rate, many = 20, 30
    if frozen:
        sandbox.control_json("POST", "/clock", {"freeze": "2030-01-01T00:00:00Z"})
    began = completed(sandbox, listener, rate, many)
    sandbox.control_json("POST", "/clock", {"advance": "PT0S"})
    last = listener.wait_for(many, 60)[-1].at
    # However late a busy machine sends each: the last one has a slot of its own behind all others.
    assert last - began > 0.99 * (many - 1) / rate
    assert len({received.body for received in listener.received}) == many
    assert {found["state"] for found in sandbox.control_json("GET", "/deliveries")} == {"delivered"}


@pytest.mark.parametrize("rate", [None, 1_000])
def test_another_webhook_rate_holds_for_webhooks_that_wait(
    sandbox: Sandbox, listener: Listener, rate: int | None
) -> None:
    completed(sandbox, listener, 1, 30)
    listener.wait_for(1)
    began = time.monotonic()
    sandbox.control_json("PATCH", "/config", {"webhook_rate": rate})
    assert listener.wait_for(30)[-1].at - began < 10


def test_webhook_that_waits_for_its_slot_is_cancelled_by_a_reset(sandbox: Sandbox, listener: Listener) -> None:
    completed(sandbox, listener, 1, 30)
    listener.wait_for(1)
    sandbox.control_json("POST", "/reset")
    wait_for_responses_handled(sandbox.http)
    came = len(listener.received)
    time.sleep(1.2)  # the next one has its turn by then
    assert len(listener.received) == came < 30


def test_deep_and_wide_json_never_causes_a_500(sandbox: Sandbox) -> None:
    texts = [
        b"[" * 500_000, b"[" * 65 + b"]" * 65, b'{"a":' * 65 + b"1" + b"}" * 65, b"[" + b"1," * 500_000 + b"1]",
        b'{"a":1' + b"0" * 900_000 + b"}", b'{"' + b"a" * 900_000 + b'":1}', b'"' + b"\\u0000" * 150_000 + b'"',
        b"{" + b",".join(b'"%d":0' % n for n in range(80_000)) + b"}", b'{"a":1e999999999}', b'{"a":' + b"-" * 900_000,
        json.dumps({"firstName": "a" * 1_000_000}).encode(),
    ]  # fmt: skip
    for text in texts:
        for caller, path in ((sandbox.pi, PI), (sandbox.pymetrics, "/mercury/order")):
            answer = caller.post(path, content=text, headers={"content-type": "application/json"})
            assert answer.status_code == 400, (text[:20], answer.text[:200])
        for verb, path in (("POST", "/clock"), ("PATCH", "/config"), ("PUT", "/faults"), ("POST", "/await")):
            answer = sandbox.http.request(verb, f"{ROOT}/{sandbox.name}{path}", content=text)
            assert answer.status_code in (400, 422), (text[:20], path, answer.text[:200])
    assert sandbox.control_json("GET", "/invitations") == []
