"""A request is forwarded to the owner of its sandbox, and its client notices nothing but the time that it takes.

All tests use real sockets. Most have two servers in threads: the client connects to `front`, the sandbox is at `owner`.
"""

import asyncio
import errno
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from http.client import IncompleteRead
from ipaddress import ip_network
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from assessment_simulator.http import connection, forwarding
from assessment_simulator.http.access_log import AccessLog
from assessment_simulator.http.asgi import (
    LARGEST_BODY,
    App,
    Receive,
    Scope,
    Send,
    TooLarge,
    named_headers,
    read_body,
    request_name,
    respond,
)
from assessment_simulator.http.base_url import ProxyHeaders, proxy_info
from assessment_simulator.http.connection import connection_of, hang_up
from assessment_simulator.http.forwarding import answer_owned_elsewhere
from assessment_simulator.storage import OwnedElsewhere
from tests.http import Node, Owner, everything, get, parsed, serving, until

MEGABYTE = bytes(range(256)) * (LARGEST_BODY // 256)
# Seconds that a test waits at most for what must happen.
WITHIN = 10


def elsewhere(owner: Callable[[], Owner | None], own: App | None = None) -> App:
    """An app that leaves each request to the owner; without an owner, `own` responds."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        found = owner()
        if found is not None:
            raise OwnedElsewhere(found)
        assert own is not None
        await own(scope, receive, send)

    return app


class Switch:
    """An app that can be exchanged while it is served, because starting and stopping servers takes long."""

    def __init__(self) -> None:
        self.app: App = ok

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


@pytest.fixture(scope="module")
def nodes() -> Iterator[tuple[Switch, Node, Switch, Node]]:
    """Two servers for all tests of this file that stop none."""
    apps = Switch(), Switch()
    with serving(apps[0]) as first, serving(apps[1]) as second:
        yield apps[0], first, apps[1], second


Pair = Callable[[App], AbstractContextManager[tuple[Node, Node, Owner]]]


@pytest.fixture
def pair(nodes: tuple[Switch, Node, Switch, Node]) -> Pair:
    """Two servers: `front`, which forwards all requests, and the owner, which runs the app. And what front reports."""

    @contextmanager
    def running(app: App) -> Iterator[tuple[Node, Node, Owner]]:
        first, front, second, node = nodes
        owner = Owner(node.address)
        first.app, second.app = elsewhere(lambda: owner), app
        yield front, node, owner

    return running


@contextmanager
def pair_that_stops(app: App, *, front: dict[str, Any] | None = None, **options: Any) -> Iterator[tuple[Node, Owner]]:
    """Two servers for one test: `front`, which has more options, and the owner."""
    with serving(app, **options) as node:
        owner = Owner(node.address)
        with serving(elsewhere(lambda: owner), **options, **(front or {})) as first:
            yield first, owner


async def ok(scope: Scope, receive: Receive, send: Send) -> None:
    await respond(send, 200, [(b"content-length", b"2")], b"ok")


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    body = await read_body({}, receive)
    await respond(send, 200, [(b"content-length", b"%d" % len(body))], body)


async def refuse_large(scope: Scope, receive: Receive, send: Send) -> None:
    """Respond 413 to a body over the limit."""
    with pytest.raises(TooLarge):
        await read_body(named_headers(scope), receive)
    await respond(send, 413, [(b"content-length", b"2")], b"ok")


def noting(got: list[Any], note: Callable[[Scope], Any]) -> App:
    """An app that notes something of each request and responds 200 with `ok`."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        got.append(note(scope))
        await ok(scope, receive, send)

    return app


async def stream(send: Send, *parts: bytes, kind: bytes = b"text/plain", ends: bool = False) -> None:
    """Begin a response in chunks with these parts."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", kind)]})
    for part in parts:
        await send({"type": "http.response.body", "body": part, "more_body": True})
    if ends:
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def wait_until_closed(node: Node) -> None:
    """Return when the ordinary listener takes no more connections."""
    with suppress(OSError):
        while True:
            node.connect().close()


# Requests.

HEAD = "Host: sim.example\r\nConnection: close\r\n"
REQUESTS = {
    "plain": f"GET /a?b=c HTTP/1.1\r\n{HEAD}\r\n",
    "no query": f"GET /a? HTTP/1.1\r\n{HEAD}\r\n",
    "escapes": f"GET /%41%2f%c3%a9/%zz/../%2e//b;c=%20+?%41=%2f&&=%&b=%ff#x HTTP/1.1\r\n{HEAD}\r\n",
    "slashes": f"GET //a//?x=//y?z HTTP/1.1\r\n{HEAD}\r\n",
    "absolute": f"GET http://other.example/x?y HTTP/1.1\r\n{HEAD}\r\n",
    "duplicates": f"GET /a HTTP/1.1\r\n{HEAD}X-B: 1\r\nX-A: 2\r\nx-b: 3\r\nCookie: a=b\r\nCookie: c\r\nX-B:\r\n\r\n",
    "header bytes": f"GET /a HTTP/1.1\r\n{HEAD}X-A: caf\xe9\r\nX-B: \xc3\xa9\r\nX-C: \xff\xfe \t x\r\n\r\n",
    "all of aiohttp's": f"GET /a HTTP/1.1\r\n{HEAD}Accept: x/y\r\nAccept-Encoding: br\r\nUser-Agent: me\r\n"
    "Authorization: Basic eA==\r\nContent-Encoding: gzip\r\nReferer: x\r\n\r\n",
    "length": f"POST /a HTTP/1.1\r\n{HEAD}Content-Length: 3\r\nContent-Type: text/plain\r\n\r\nabc",
    "no body": f"POST /a HTTP/1.1\r\n{HEAD}\r\n",
    "empty body": f"PUT /a HTTP/1.1\r\n{HEAD}Content-Length: 0\r\n\r\n",
    "delete": f"DELETE /a HTTP/1.1\r\n{HEAD}\r\n",
    "delete with body": f"DELETE /a HTTP/1.1\r\n{HEAD}Content-Length: 1\r\n\r\nx",
    "get with body": f"GET /a HTTP/1.1\r\n{HEAD}Content-Length: 5\r\n\r\n\x00\xff\r\n\r",
    "many headers": f"GET /a HTTP/1.1\r\n{HEAD}" + "".join(f"X-{n}: {n}\r\n" for n in range(98)) + "\r\n",
    "large head": f"GET /a HTTP/1.1\r\n{HEAD}X-A: " + "\xff" * 130_000 + "\r\n\r\n",
    "long url": f"GET /{'a' * 65_000}?b HTTP/1.1\r\n{HEAD}\r\n",
    "options": f"OPTIONS /a HTTP/1.1\r\n{HEAD}\r\n",
    "patch": f"PATCH /a HTTP/1.1\r\n{HEAD}Content-Length: 1\r\n\r\nx",
}


@pytest.mark.parametrize("request_", REQUESTS.values(), ids=REQUESTS)
def test_the_owner_gets_the_request_as_its_client_sent_it(pair: Pair, request_: str) -> None:
    got: list[Any] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        headers = [line for line in scope["headers"] if line[0] != b"connection"]
        members = ("method", "scheme", "path", "raw_path", "query_string", "http_version", "root_path")
        got.append(({name: scope[name] for name in members}, headers, await read_body({}, receive), scope["client"][0]))
        await respond(send, 200, [(b"content-length", b"2")], b"ok")

    data = request_.encode("latin-1")
    with pair(app) as (front, owner, _):
        direct = owner.exchange(data)
        assert front.exchange(data) == direct
    assert direct.endswith(b"ok")
    assert got[1] == got[0]


def test_a_body_in_chunks_arrives_whole_and_without_a_length(pair: Pair) -> None:
    got: list[Any] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        got.append((dict(scope["headers"]), await read_body({}, receive)))
        await respond(send, 200, [(b"content-length", b"2")], b"ok")

    request = f"POST /a HTTP/1.1\r\n{HEAD}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    with pair(app) as (front, _, _):
        assert front.exchange(request.encode()).endswith(b"ok")
    [(headers, body)] = got
    assert body == b"abcde"
    assert b"content-length" not in headers


def test_a_client_that_waits_for_100_continue_gets_it_from_the_first_process(pair: Pair) -> None:
    with pair(echo) as (front, _, _), front.connect() as client:
        client.sendall(f"POST / HTTP/1.1\r\n{HEAD}Expect: 100-continue\r\nContent-Length: 3\r\n\r\n".encode())
        assert until(client, b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"abc")
        assert everything(client).endswith(b"\r\n\r\nabc")


def test_what_a_response_says_of_the_owners_connection_is_not_passed_on(pair: Pair) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"connection", b"close"), (b"keep-alive", b"1"), (b"x-end", b"1")]
        await respond(send, 200, [*headers, (b"content-length", b"0")], b"")

    with pair(app) as (front, _, _), front.connect() as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: sim.example\r\n\r\n")
        answer = until(client, b"\r\n\r\n")
    assert answer == b"HTTP/1.1 200 OK\r\nx-end: 1\r\ncontent-length: 0\r\n\r\n"


def test_what_the_first_process_knows_of_the_client_reaches_the_owner() -> None:
    got: list[Any] = []
    app = noting(
        got,
        lambda scope: (
            [scope[name] for name in ("client", "server", "scheme", "path", "raw_path")],
            (dict(scope["headers"])[b"host"], proxy_info(scope).prefix, proxy_info(scope).names_host),
        ),
    )

    def proxied(app: App) -> App:
        return ProxyHeaders(app, None, [ip_network("127.0.0.0/8")], ["mercury"])

    with pair_that_stops(app, front={"outer": proxied}) as (front, _):
        request = get(
            "/s%69m/mercury/%6frder", "X-Forwarded-For: 192.0.2.7:4711", "X-Forwarded-Proto: https",
            "X-Forwarded-Host: public.example", "X-Forwarded-Prefix: /sim",
        )  # fmt: skip
        assert front.exchange(request).endswith(b"ok")
    assert got == [
        (
            [("192.0.2.7", 4711), ("127.0.0.1", front.port), "https", "/mercury/order", b"/s%69m/mercury/%6frder"],
            (b"public.example", "/sim", True),
        )
    ]


def test_both_processes_log_a_request_under_one_id() -> None:
    got: list[str] = []
    with pair_that_stops(noting(got, lambda _: request_name()), front={"outer": AccessLog}) as (front, _):
        for headers in ((), ("X-Request-Id: mine",)):
            response = parsed(front.exchange(get("/", *headers)))
            assert dict(response[1])["simulator-request-id"] == got[-1]
    assert got[0] != got[1] == "mine"


@pytest.mark.parametrize("value", ["{}", "x", json.dumps({"client": ["192.0.2.7", 1], "scheme": "https"})])
def test_the_forward_header_of_a_client_is_ignored_at_the_ordinary_listener(pair: Pair, value: str) -> None:
    got: list[Any] = []
    app = noting(got, lambda scope: (scope["client"][0], scope["scheme"]))
    with pair(app) as (front, owner, _):
        for node in (owner, front):
            assert node.exchange(get("/", f"Simulator-Forwarded: {value}")).endswith(b"ok")
    assert got == [("127.0.0.1", "http")] * 2


@pytest.mark.parametrize("header", [(), ("Simulator-Forwarded: 0",), ("Simulator-Forwarded: x",)])
def test_the_forward_listener_refuses_what_no_process_has_forwarded_but_answers_a_probe(header: tuple[str]) -> None:
    with serving(ok) as node:
        assert parsed(node.exchange(get("/", *header), node.forward_port))[0] == 400
        assert parsed(node.exchange(get("/_simulator/health"), node.forward_port))[0] == 200


# Responses.

RESPONSES: dict[str, tuple[int, list[tuple[bytes, bytes]], list[bytes]]] = {
    "plain": (200, [(b"content-length", b"5")], [b"hello"]),
    "duplicates": (
        200,
        [(b"set-cookie", b"a"), (b"date", b"x"), (b"set-cookie", b"b"), (b"content-length", b"0")],
        [b""],
    ),
    "bytes": (200, [(b"x-a", b"caf\xe9 \xff"), (b"content-length", b"1")], [b"\xff"]),
    "created": (201, [(b"location", b"/a//b?c"), (b"content-length", b"0")], [b""]),
    "no content": (204, [], [b""]),
    "not modified": (304, [(b"etag", b'"x"')], [b""]),
    "redirect": (307, [(b"location", b"http://127.0.0.1:9/"), (b"content-length", b"0")], [b""]),
    "unauthorized": (401, [(b"www-authenticate", b"Basic"), (b"content-length", b"0")], [b""]),
    "421 of the app": (421, [(b"content-length", b"0")], [b""]),
    "error": (500, [(b"content-length", b"3")], [b"bad"]),
    "unknown status": (599, [(b"content-length", b"3")], [b"bad"]),
    "encoded": (200, [(b"content-encoding", b"gzip"), (b"content-length", b"3")], [b"abc"]),
    "chunks": (200, [(b"content-type", b"text/plain")], [b"abc", b"", b"def"]),
    "empty chunks": (200, [], [b""]),
    "megabytes": (200, [(b"content-length", b"%d" % (4 * len(MEGABYTE)))], [MEGABYTE] * 4),
    "megabytes in chunks": (200, [], [MEGABYTE] * 4),
    "large head": (200, [(b"x-a", b"a" * 60_000), (b"content-length", b"0")], [b""]),
}


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize("response", RESPONSES.values(), ids=RESPONSES)
def test_the_client_gets_the_response_as_its_owner_sent_it(
    pair: Pair, response: tuple[int, list[tuple[bytes, bytes]], list[bytes]], method: str
) -> None:
    status, headers, parts = response

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": status, "headers": headers})
        for part in parts:
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    with pair(app) as (front, owner, _):
        direct, forwarded = (node.exchange(get(method=method)) for node in (owner, front))
    assert parsed(forwarded, method) == parsed(direct, method)
    assert forwarded.partition(b"\r\n\r\n")[0] == direct.partition(b"\r\n\r\n")[0]


@pytest.mark.parametrize("size", [1, 65_536, LARGEST_BODY])
def test_a_large_body_reaches_the_owner_whole(pair: Pair, size: int) -> None:
    with pair(echo) as (front, _, _):
        assert parsed(front.exchange(get(method="POST", body=MEGABYTE[:size])))[2] == MEGABYTE[:size]


LARGE = MEGABYTE * 3
TOO_LARGE = {
    "length": b"Content-Length: %d\r\n\r\n%b" % (len(LARGE), LARGE),
    "chunks": b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(LARGE), LARGE),
    "length without the body": b"Content-Length: 1048577\r\n\r\n",
}


@pytest.mark.parametrize("request_", TOO_LARGE.values(), ids=TOO_LARGE)
def test_a_body_over_the_limit_is_refused_by_the_owner_as_its_own_is(pair: Pair, request_: bytes) -> None:
    # The connection is kept: one that closes would be reset by what is unread.
    with pair(refuse_large) as (front, _, _), front.connect() as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: sim.example\r\n" + request_)
        assert until(client, b"ok").startswith(b"HTTP/1.1 413 ")


def test_an_event_stream_reaches_the_client_event_by_event(pair: Pair) -> None:
    follows = threading.Semaphore(0)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await stream(send, kind=b"text/event-stream")
        for event in (b"", b"data: 1\n\n", b"data: 2\n\n"):
            await send({"type": "http.response.body", "body": event, "more_body": True})
            await asyncio.to_thread(follows.acquire)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    with pair(app) as (front, _, _), front.connect() as client:
        client.sendall(get())
        for end in (b"\r\n\r\n", b"data: 1\n\n\r\n", b"data: 2\n\n\r\n"):
            until(client, end)  # the next event is sent only after this one has come
            follows.release()
        assert everything(client) == b"0\r\n\r\n"


def test_requests_one_after_the_other_use_one_connection_to_the_owner() -> None:
    got: list[Any] = []
    app = noting(got, lambda scope: (scope["client"][1], id(connection_of(scope))))
    with pair_that_stops(app) as (front, _):
        for _ in range(20):
            assert front.exchange(get()).endswith(b"ok")
    ports, forwards = ({*each} for each in zip(*got, strict=True))
    assert (len(ports), len(forwards)) == (20, 1)
    assert 2 * forwarding.KEPT < connection.IDLE, "the owner keeps idle connections far longer than they are used"


def test_three_hundred_requests_at_once_each_get_their_own_response(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forwarding, "FIRST_PROBE", 60.0)  # a busy machine may take long until all are there
    under_way = 0
    all_there: asyncio.Event | None = None

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal under_way, all_there
        all_there = all_there or asyncio.Event()
        under_way += 1
        if under_way == 300:
            all_there.set()
        body = await read_body({}, receive)
        await all_there.wait()
        path = scope["path"].encode() + body
        await respond(send, 200, [(b"content-length", b"%d" % len(path))], path)

    with pair(app) as (front, _, _), ThreadPoolExecutor(300) as pool:
        requests = [get(f"/{number}", method="POST", body=b"x" * number) for number in range(300)]
        answers = list(pool.map(front.exchange, requests))
    assert [parsed(answer)[2] for answer in answers] == [b"/%d" % n + b"x" * n for n in range(300)]


# Ends of connections.


@pytest.mark.parametrize("part", [b"", b"part"], ids=["before the response", "within a stream"])
def test_the_owner_sees_that_the_client_disconnects(pair: Pair, part: bytes) -> None:
    began, gone = threading.Event(), threading.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await read_body({}, receive)
        if part:
            await stream(send, part)
        began.set()
        assert (await receive())["type"] == "http.disconnect"
        gone.set()

    with pair(app) as (front, _, owner):
        with front.connect() as client:
            client.sendall(get())
            assert began.wait(WITHIN)
            until(client, part)
        assert gone.wait(WITHIN)
    assert owner.reports == []


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_a_dropped_connection_is_dropped_for_the_client_and_nothing_is_repeated(pair: Pair, method: str) -> None:
    calls: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        calls.append(scope["path"])
        if scope["path"] == "/drop":
            hang_up(connection_of(scope))
        else:
            await ok(scope, receive, send)

    with pair(app) as (front, _, owner):
        assert front.exchange(get("/first")).endswith(b"ok")  # the next one uses a kept connection
        assert front.exchange(get("/drop", method=method)) == b""
    assert calls == ["/first", "/drop"]
    assert owner.reports == []


@pytest.mark.parametrize("size", [0, 7, 100_000])
@pytest.mark.parametrize("framing", ["length", "chunks"])
def test_a_cut_body_is_cut_at_the_same_byte_for_the_client(pair: Pair, framing: str, size: int) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-length", b"200000")] if framing == "length" else []
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"x" * size, "more_body": True})
        hang_up(connection_of(scope))

    with pair(app) as (front, node, _):
        for answer in (node.exchange(get()), front.exchange(get())):
            with pytest.raises(IncompleteRead) as cut:
                parsed(answer)
            assert cut.value.partial == b"x" * size


def test_a_slow_client_slows_the_owner_and_nothing_is_lost(pair: Pair) -> None:
    sent = 0

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal sent
        await stream(send)
        for _ in range(128):  # more than the kernel's buffers of two connections hold
            await send({"type": "http.response.body", "body": MEGABYTE, "more_body": True})
            sent += 1
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    with pair(app) as (front, _, _), front.connect() as client:
        client.sendall(get())
        until(client, b"\r\n\r\n")
        time.sleep(0.5)  # nothing tells that no more is sent
        assert sent < 100
        assert len(everything(client)) > 127 * LARGEST_BODY
    assert sent == 128


# Owners that cannot be reached, and other owners.


def free_address() -> str:
    """An address that refuses connections."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        return f"127.0.0.1:{listener.getsockname()[1]}"


def test_after_a_refused_connection_the_new_owner_answers_itself() -> None:
    owners: list[Owner] = []
    bodies: list[bytes] = []

    async def own(scope: Scope, receive: Receive, send: Send) -> None:
        bodies.append(await read_body({}, receive))
        await ok(scope, receive, send)

    dead = Owner(free_address(), owners.clear)
    owners.append(dead)
    with serving(elsewhere(lambda: owners[0] if owners else None, own)) as front:
        assert front.exchange(get(method="POST", body=b"abc")).endswith(b"ok")
    assert dead.reports == ["unreachable"]
    assert bodies == [b"abc"]


def test_after_a_refused_connection_another_owner_gets_the_request() -> None:
    with serving(echo) as node:
        owners = [Owner(free_address()), Owner(node.address)]
        dead = owners[0]

        async def take_over() -> None:
            await asyncio.sleep(0.05)
            owners.remove(dead)

        dead._then = take_over
        with serving(elsewhere(lambda: owners[0])) as front:
            assert front.exchange(get(method="POST", body=b"abc")).endswith(b"abc")
    assert dead.reports == ["unreachable"]


def test_after_a_421_another_owner_gets_the_request() -> None:
    with serving(echo) as right, serving(elsewhere(lambda: Owner(right.address))) as wrong:
        owners = [Owner(wrong.address), Owner(wrong.address), Owner(right.address)]
        former = owners[0]
        former._then = owners[1]._then = lambda: owners.pop(0)
        with serving(elsewhere(lambda: owners[0])) as front:
            assert front.exchange(get(method="POST", body=b"abc")).endswith(b"abc")
    assert former.reports == ["forget"]


def test_a_forwarded_request_is_not_forwarded_again() -> None:
    calls: list[str] = []

    async def raising(scope: Scope, receive: Receive, send: Send) -> None:
        raise OwnedElsewhere(Owner(node.address))

    with serving(noting(calls, lambda scope: scope["path"])) as node:
        for app in (elsewhere(lambda: Owner(node.address)), raising):
            with serving(app) as wrong:
                about = json.dumps(
                    {
                        "method": "GET", "scheme": "http", "path": "/", "raw_path": "/", "query": "", "headers": [],
                        "client": None, "server": None, "proxy": ["", False], "cross_site": None, "request": "",
                    }
                ).encode()  # fmt: skip
                sent = get("/", f"Simulator-Forwarded: {len(about)}", method="POST", body=about)
                status, headers, body = parsed(wrong.exchange(sent, wrong.forward_port))
                assert (status, body) == (421, b"")
                assert ("simulator-forwarded", "not the owner") in headers
    assert calls == []


@pytest.mark.parametrize("answers", [True, False], ids=["421", "refused"])
def test_without_any_owner_the_client_gets_a_503(monkeypatch: pytest.MonkeyPatch, answers: bool) -> None:
    monkeypatch.setattr(forwarding, "GIVE_UP", 0.2)
    with serving(elsewhere(lambda: Owner("127.0.0.1:1"))) as wrong:
        owner = Owner(wrong.address if answers else free_address())
        with serving(elsewhere(lambda: owner)) as front:
            began = time.monotonic()
            status, headers, body = parsed(front.exchange(get(method="POST", body=b"abc")))
            assert 0.2 <= time.monotonic() - began < 2
    assert status == 503
    assert ("content-type", "application/problem+json") in headers
    assert json.loads(body)["status"] == 503
    assert set(owner.reports) == {"forget" if answers else "unreachable"}
    assert 3 <= len(owner.reports) <= 8  # with pauses between


def test_a_takeover_that_never_ends_gives_503(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forwarding, "GIVE_UP", 0.2)
    refused: list[bytes] = []

    async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
        refused.append(await read_body({}, receive))
        await respond(send, 503, [(b"content-length", b"6")], b"vendor")

    owner = Owner(free_address(), lambda: asyncio.sleep(60))
    with serving(elsewhere(lambda: owner), refuse=refuse) as front:
        assert parsed(front.exchange(get(method="POST", body=b"abc")))[::2] == (503, b"vendor")
    assert refused == [b"abc"]


def test_a_takeover_that_fails_does_not_end_the_search(caplog: pytest.LogCaptureFixture) -> None:
    async def fail() -> None:
        owners.clear()
        raise OSError("the database is gone")

    owners = [Owner(free_address(), fail)]
    with serving(elsewhere(lambda: owners[0] if owners else None, ok)) as front:
        assert front.exchange(get()).endswith(b"ok")
    assert "the database is gone" in caplog.text


def test_a_process_without_free_files_does_not_report_the_owner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forwarding, "GIVE_UP", 0.1)
    monkeypatch.setattr(forwarding, "_OWN_LIMITS", frozenset({errno.ECONNREFUSED}))
    owner = Owner(free_address())
    with serving(elsewhere(lambda: owner)) as front:
        assert parsed(front.exchange(get()))[0] == 503
    assert owner.reports == []


# Owners that are silent.


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Probe after a few hundredths of a second."""
    monkeypatch.setattr(forwarding, "FIRST_PROBE", 0.05)
    monkeypatch.setattr(forwarding, "NEXT_PROBE", 0.05)


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("parts", [(), (b"first",)], ids=["before the response", "within a stream"])
def test_a_healthy_owner_is_waited_for(pair: Pair, parts: tuple[bytes, ...]) -> None:
    probes, enough = 0, asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal probes
        if scope["path"] == "/_simulator/health":
            probes += 1
            if probes == 5:
                enough.set()
            await ok(scope, receive, send)
        elif parts:
            await stream(send, *parts)
            await enough.wait()
            await send({"type": "http.response.body", "body": b"ok", "more_body": False})
        else:
            await enough.wait()
            await ok(scope, receive, send)

    with pair(app) as (front, _, owner):
        assert parsed(front.exchange(get()))[2] == b"".join([*parts, b"ok"])
    assert probes >= 5
    assert owner.reports == []


OWNER_PROCESS = """
import sys, threading
from tests.http import Node
from tests.http.test_forwarding import frozen
node = Node(frozen)
print(node.forward_port, flush=True)
node.start()
print("ready", flush=True)
threading.Event().wait()
"""


async def frozen(scope: Scope, receive: Receive, send: Send) -> None:
    """Begin a response on one path, and never respond on another."""
    await read_body({}, receive)
    if scope["path"] == "/stream":
        await stream(send, b"part")
    if scope["path"] in ("/stream", "/silent"):
        await receive()
    await ok(scope, receive, send)


@contextmanager
def owner_process() -> Iterator[tuple[subprocess.Popen[str], str]]:
    """An owner in a process of its own, and the address of its forward listener."""
    command = [sys.executable, "-c", OWNER_PROCESS]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            address = f"127.0.0.1:{process.stdout.readline().strip()}"
            assert process.stdout.readline() == "ready\n"
            yield process, address
        finally:
            process.kill()


@pytest.mark.parametrize("is_kept", [True, False], ids=["kept connection", "new connection"])
@pytest.mark.parametrize("path", ["/silent", "/stream"])
def test_a_stopped_owner_is_reported_and_its_clients_are_cut_off(path: str, is_kept: bool) -> None:
    reported = threading.Event()
    with owner_process() as (process, address):
        owner = Owner(address, reported.set)
        with serving(elsewhere(lambda: owner)) as front, front.connect() as client:
            if is_kept:
                assert front.exchange(get()).endswith(b"ok")
            if path == "/stream":
                client.sendall(get(path))
                until(client, b"part")
            os.kill(process.pid, signal.SIGSTOP)
            if path == "/silent":
                client.sendall(get(path))
            began = time.monotonic()
            rest = everything(client)
            took = time.monotonic() - began
    assert rest == b""
    assert reported.is_set()
    assert owner.reports == ["unreachable"]
    assert 2.2 <= took < 4.8


def test_the_clients_of_an_owner_that_is_killed_are_cut_off_at_once() -> None:
    with owner_process() as (process, address):
        owner = Owner(address)
        with serving(elsewhere(lambda: owner)) as front, front.connect() as client:
            client.sendall(get("/stream"))
            until(client, b"part")
            process.kill()
            assert everything(client) == b""
            assert owner.reports == []


def test_requests_to_a_silent_owner_share_a_probe(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forwarding, "FIRST_PROBE", 0.05)
    monkeypatch.setattr(forwarding, "PROBE", 0.3)
    probes, calls = 0, 0

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal probes, calls
        if scope["path"] == "/_simulator/health":
            probes += 1
        else:
            calls += 1
        await receive()
        await receive()

    with pair(app) as (front, _, owner), ThreadPoolExecutor(20) as pool:
        assert list(pool.map(front.exchange, [get()] * 20)) == [b""] * 20
    assert calls == 20
    assert probes < 10
    assert owner.reports == ["unreachable"] * 20


# How the app says that it is not the owner.


def test_a_starlette_app_may_raise_owned_elsewhere_anywhere() -> None:
    async def endpoint(request: Request) -> Response:
        await request.body()
        raise OwnedElsewhere(owner)

    app = Starlette(
        routes=[Route("/a", endpoint, methods=["GET", "POST"])],
        exception_handlers={OwnedElsewhere: answer_owned_elsewhere, Exception: answer_owned_elsewhere},
    )
    with serving(echo) as node:
        owner = Owner(node.address)
        with serving(app) as front:
            assert front.exchange(get("/a", method="POST", body=b"abc")).endswith(b"abc")
            assert parsed(front.exchange(get("/b")))[0] == 404


# Stopping.


def test_a_process_that_stops_ends_forwarded_event_streams_in_good_order() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await read_body({}, receive)
        await stream(send, b"data: 1\n\n", kind=b"text/event-stream; charset=utf-8")
        await receive()

    with pair_that_stops(app, grace=30) as (front, _), front.connect() as client:
        client.sendall(get())
        answer = until(client, b"data: 1\n\n\r\n")
        front.stop()
        assert parsed(answer + everything(client))[2] == b"data: 1\n\n"


def test_a_process_that_stops_does_not_wait_for_a_client_that_reads_no_more_of_an_event_stream() -> None:
    full = threading.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await stream(send, kind=b"text/event-stream")
        while connection_of(scope).is_open:  # type: ignore[union-attr]
            try:
                async with asyncio.timeout(0.5):
                    await send({"type": "http.response.body", "body": MEGABYTE, "more_body": True})
            except TimeoutError:
                full.set()

    with pair_that_stops(app, grace=30) as (front, _), front.connect() as client:
        client.sendall(get())
        assert full.wait(WITHIN)
        began = time.monotonic()
        front.stop()
        assert time.monotonic() - began < 10


def test_an_owner_that_stops_takes_forwards_until_it_has_released_its_sandboxes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("assessment_simulator.runner._REDIRECTING", 2.0)  # longer than this test is ever held up
    began = threading.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if node.released:
            raise OwnedElsewhere(Owner("127.0.0.1:1"))
        if scope["path"] == "/slow":
            began.set()
            await asyncio.to_thread(goes_on.wait)
        await ok(scope, receive, send)

    goes_on = threading.Event()
    node = Node(app).start()
    owners: list[Owner] = []
    owners.append(Owner(node.address, owners.clear))
    with serving(elsewhere(lambda: owners[0] if owners else None, ok)) as front, node.connect() as client:
        client.sendall(get("/slow"))
        assert began.wait(WITHIN)
        node.begin_stop()
        wait_until_closed(node)
        assert front.exchange(get()).endswith(b"ok")
        assert owners[0].reports == []
        former = owners[0]
        goes_on.set()
        assert everything(client).endswith(b"ok")
        while owners:
            assert front.exchange(get()).endswith(b"ok")
        node.stop()
    assert former.reports == ["forget"]


def test_an_owner_that_cannot_release_its_sandboxes_stops_nevertheless(caplog: pytest.LogCaptureFixture) -> None:
    async def release(may_wait: Callable[[], bool]) -> None:
        raise OSError("the database is gone")

    node = Node(ok, release=release).start()
    node.stop()
    assert "the sandboxes of this process were not released" in caplog.text


def blocked() -> tuple[App, threading.Event, threading.Event]:
    """An app that responds when the second event is set; the first says that a request has come."""
    began, goes_on = threading.Event(), threading.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        began.set()
        await asyncio.to_thread(goes_on.wait)
        await ok(scope, receive, send)

    return app, began, goes_on


def test_a_process_that_stops_finishes_forwarded_requests() -> None:
    app, began, goes_on = blocked()
    with pair_that_stops(app) as (front, _), front.connect() as client:
        client.sendall(get())
        assert began.wait(WITHIN)
        front.begin_stop()
        goes_on.set()
        assert everything(client).endswith(b"ok")


def test_an_owner_that_stops_finishes_forwarded_requests_before_it_releases_their_sandboxes() -> None:
    slow, began, goes_on = blocked()
    released: list[bool] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await slow(scope, receive, send)
        released.append(node.released)

    node = Node(app).start()
    owner = Owner(node.address)
    with serving(elsewhere(lambda: owner)) as front, front.connect() as client:
        client.sendall(get())
        assert began.wait(WITHIN)
        node.begin_stop()
        wait_until_closed(node)
        goes_on.set()
        assert everything(client).endswith(b"ok")
        node.stop()
    assert (released, node.released, owner.reports) == ([False], True, [])


@pytest.mark.parametrize("stopping", ["front", "owner"])
def test_a_forwarded_request_is_cut_off_when_the_grace_time_is_over(stopping: str) -> None:
    gone = threading.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await read_body({}, receive)
        await stream(send, b"part")
        try:
            await receive()
        except asyncio.CancelledError:
            hang_up(connection_of(scope))
        gone.set()

    node = Node(app, grace=0.2).start()
    owner = Owner(node.address)
    with serving(elsewhere(lambda: owner), grace=0.2) as front, front.connect() as client:
        client.sendall(get())
        until(client, b"part")
        (node if stopping == "owner" else front).stop()
        assert everything(client) == b""
        assert gone.wait(WITHIN)
        if stopping == "front":
            node.stop()
    assert owner.reports == []
