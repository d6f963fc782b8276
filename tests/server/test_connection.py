"""One request at a time reaches uvicorn, whatever pieces it comes in, and a response leaves in one piece."""

import asyncio
import re
import socket
import threading
from contextlib import suppress

import pytest

from assessment_simulator.http.asgi import Receive, Scope, Send
from assessment_simulator.http.connection import ChunkedBody, Refused
from tests.http import serving
from tests.server import PI, ROOT, connect, send_raw
from tests.servers import Sandbox, Server

BODY = b'{"firstName":"Ada","lastName":"Lovelace","email":"ada@example.com"}'


def test_a_caller_gets_a_whole_response_at_once(server: Server) -> None:
    with connect(server.url) as caller:
        caller.sendall(b"GET /mercury/configuration HTTP/1.1\r\nhost: x\r\n\r\n")
        answer = caller.recv(65_536)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"content-length: %d" % len(body) in head
    assert body


def test_the_head_of_a_stream_does_not_wait_for_its_first_event(server: Server, sandbox: Sandbox) -> None:
    with sandbox.http.stream("HEAD", f"{ROOT}/{sandbox.name}/events") as answer:
        assert answer.status_code == 200
    with sandbox.http.stream("GET", f"{ROOT}/{sandbox.name}/events") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")


@pytest.mark.parametrize("size", [1, 3, 4, 7, 64, 1_000])
@pytest.mark.parametrize("framing", ["length", "chunks"])
def test_requests_in_pieces_of_any_size_are_read_alike(
    server: Server, sandbox: Sandbox, framing: str, size: int
) -> None:
    head = f"POST {PI} HTTP/1.1\r\nHost: x\r\napi-key: {sandbox.credential}\r\nContent-Type: application/json\r\n"
    if framing == "length":
        call = f"{head}Content-Length: {len(BODY)}\r\n\r\n".encode() + BODY
    else:
        chunks = b"".join(b"%012X;a=b\r\n%b\r\n" % (len(part), part) for part in (BODY[:9], BODY[9:]))
        call = f"{head}Transfer-Encoding: Chunked\r\n\r\n".encode() + chunks + b"0\r\nX-Sum: 1\r\n\r\n"
    last = f"GET {PI} HTTP/1.1\r\nHost: x\r\napi-key: {sandbox.credential}\r\nConnection: close\r\n\r\n".encode()
    data = b"\r\n" + call * 2 + last
    with connect(server.url) as caller:
        caller.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for at in range(0, len(data), size):
            caller.sendall(data[at : at + size])
        answer = b"".join(iter(lambda: caller.recv(65_536), b""))
    assert re.findall(rb"HTTP/1\.1 (\d+)", answer) == [b"201", b"201", b"200"]
    assert len(sandbox.control_json("GET", "/invitations")) == 2


def test_a_body_without_end_is_answered_once_and_then_cut_off(server: Server) -> None:
    head = f"POST {PI} HTTP/1.1\r\nHost: x\r\napi-key: sim-endless\r\nContent-Length: 99999999\r\n\r\n".encode()
    with connect(server.url) as caller:
        caller.sendall(head)
        answer = caller.recv(65_536)
        with suppress(OSError):
            for _ in range(40):
                caller.sendall(b"x" * 1_000_000)
        with suppress(OSError):
            while more := caller.recv(65_536):
                answer += more
    assert re.findall(rb"HTTP/1\.1 (\d+)", answer) == [b"413"]


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_nothing_is_done_for_a_request_behind_the_last_one(server: Server, sandbox: Sandbox, version: str) -> None:
    head = f"POST {PI} HTTP/{version}\r\nHost: x\r\napi-key: {sandbox.credential}\r\nContent-Type: application/json\r\n"
    call = f"{head}Connection: close\r\nContent-Length: {len(BODY)}\r\n\r\n".encode() + BODY
    answer = send_raw(server.url, call * 3)
    assert re.findall(rb"HTTP/1\.1 (\d+)", answer) == [b"201"]
    assert len(sandbox.control_json("GET", "/invitations")) == 1


def test_a_client_that_waits_for_100_continue_gets_it_before_the_answer(server: Server, sandbox: Sandbox) -> None:
    head = f"POST {PI} HTTP/1.1\r\nHost: x\r\napi-key: {sandbox.credential}\r\nContent-Type: application/json\r\n"
    more = f"Content-Length: {len(BODY)}\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
    with connect(server.url) as caller:
        caller.sendall((head + more).encode())
        assert caller.recv(65_536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        caller.sendall(BODY)
        assert caller.recv(65_536).startswith(b"HTTP/1.1 201 ")


WHOLE = b'4\r\nbody\r\nA;name="va;lue"\r\n0123456789\r\n000\r\nField: value\r\n\r\n'


@pytest.mark.parametrize("size", range(1, len(WHOLE) + 1))
def test_chunks_are_read_in_pieces_of_any_size(size: int) -> None:
    chunks, buffer, read = ChunkedBody(), bytearray(), b""
    for at in range(0, len(WHOLE), size):
        buffer += WHOLE[at : at + size]
        read += chunks.read(buffer)
    assert chunks.is_over
    assert buffer == b""
    assert re.sub(rb"[0-9a-f]+\r\n([^\r]+)\r\n", rb"\1", read) == b"body0123456789" + b"0\r\n\r\n"


def test_what_follows_the_last_chunk_stays_in_the_buffer() -> None:
    chunks, buffer = ChunkedBody(), bytearray(WHOLE + b"GET / HTTP/1.1\r\n")
    chunks.read(buffer)
    assert buffer == b"GET / HTTP/1.1\r\n"


@pytest.mark.parametrize(
    "wrong",
    [
        b"\r\n", b"g\r\n", b"-1\r\n", b"+1\r\n", b"0x1\r\n", b" 1\r\n", b"1 \r\n", b"1\n", b"\n", b"123456789\r\n",
        b"1;a\0\r\na\r\n", b"1;a\rb\r\na\r\n", b"1\r\nab\r\n", b"1\r\na\n", b"1\r\na0\r\n", b"0\r\n: x\r\n",
        b"0\r\nno field\r\n", b"0\r\nX: a\0\r\n", b"0\r\n\n", b"1;" + b"x" * 5_000, b"0\r\nX: " + b"x" * 5_000,
    ],
)  # fmt: skip
def test_what_is_no_chunk_is_refused(wrong: bytes) -> None:
    with pytest.raises(Refused):
        ChunkedBody().read(bytearray(wrong))


def test_a_part_of_a_body_that_looks_like_a_head_is_sent_at_once() -> None:
    part, waiting = b"HTTP/1.1 200 OK\r\n\r\n", threading.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"57")]})
        for _ in range(2):
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await asyncio.to_thread(waiting.wait, 10)
        await send({"type": "http.response.body", "body": part, "more_body": False})

    with serving(app) as node, socket.create_connection(("127.0.0.1", node.port), 5) as caller:
        caller.sendall(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        received = b""
        while received.count(part) < 2:
            received += caller.recv(65_536)
        waiting.set()
        while received.count(part) < 3:
            received += caller.recv(65_536)
