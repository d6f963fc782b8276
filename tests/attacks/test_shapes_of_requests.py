"""Ambiguous requests (smuggling), and paths and names that bypass checks."""

import re
import socket
import time
from collections.abc import Iterator
from contextlib import suppress

import httpx2
import pytest

from tests.server import ROOT, connect, send_raw
from tests.servers import Server
from tests.waiting import answers

PI = "/api/v1/behavioralassessments"
POST = f"POST {PI} HTTP/1.1\r\nHost: x\r\napi-key: sim-smuggler\r\n".encode()
GET = f"GET {PI} HTTP/1.1\r\nHost: x\r\napi-key: sim-smuggler\r\n".encode()
# The request that is to be smuggled in; its answer is much longer than any other here.
HIDDEN = b"GET /_simulator/rules HTTP/1.1\r\nHost: x\r\nX: y\r\n\r\n"

LENGTH = b"Content-Length: %d\r\n\r\n" % len(HIDDEN)
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"


def said(server: Server, *pieces: bytes) -> bytes:
    """All that is answered until the server hangs up, or says nothing for a while; pieces come one after the other."""
    with connect(server.url) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(0.05 if len(pieces) > 1 else 0)  # so that the server reads the pieces one by one
        return b"".join(heard(connection, server))


def heard(connection: socket.socket, server: Server) -> Iterator[bytes]:
    """What is received; a server that hangs is silent too, so silence counts once it has answered another client."""
    connection.settimeout(0.15)
    looks = 2
    with suppress(ConnectionResetError):
        while looks:
            try:
                more = connection.recv(65_536)
            except TimeoutError:
                answers(server.url)
                looks -= 1
                continue
            if not more:
                return
            yield more
            looks = 2


def statuses(answer: bytes) -> list[int]:
    return [int(found) for found in re.findall(rb"HTTP/1\.1 (\d{3}) ", answer)]


AMBIGUOUS = {
    "a length and chunks": POST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "chunks and a length": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n" + HIDDEN,
    "two lengths": POST + b"Content-Length: 0\r\nContent-Length: 9\r\n\r\n" + HIDDEN,
    "one length twice": POST + b"Content-Length: 0\r\nContent-Length: 0\r\n\r\n" + HIDDEN,
    "a list of lengths": POST + b"Content-Length: 0, 0\r\n\r\n" + HIDDEN,
    "a list of one length": POST + b"Content-Length: 0,\r\n\r\n" + HIDDEN,
    "no length": POST + b"Content-Length: \r\n\r\n" + HIDDEN,
    "a length of other digits": POST + "Content-Length: \u0660\r\n\r\n".encode() + HIDDEN,
    "a length with an underscore": POST + b"Content-Length: 0_0\r\n\r\n" + HIDDEN,
    "a length with a form feed": POST + b"Content-Length: 0\f\r\n\r\n" + HIDDEN,
    "a length beside zeros that go on": POST + b"Content-Length: " + b"0" * 100_000 + b"x\r\n\r\n" + HIDDEN,
    "a length with a sign": POST + b"Content-Length: +0\r\n\r\n" + HIDDEN,
    "a negative length": POST + b"Content-Length: -1\r\n\r\n" + HIDDEN,
    "a length in hexadecimal": POST + b"Content-Length: 0x0\r\n\r\n" + HIDDEN,
    "a length that ends early": POST + b"Content-Length: 0 1\r\n\r\n" + HIDDEN,
    "a blank before the colon": POST + b"Content-Length : 0\r\n\r\n" + HIDDEN,
    "chunks that are none": POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "chunks and then identity": POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + HIDDEN,
    "two codings": POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n" + HIDDEN,
    "a folded header": POST + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "a folded header of no concern": GET + b"X: y\r\n z\r\n\r\n" + HIDDEN,
    "a blank before the first header": f"GET {PI} HTTP/1.1\r\n Host: x\r\n\r\n".encode() + HIDDEN,
    "bare line feeds": (GET + b"\r\n").replace(b"\r\n", b"\n") + HIDDEN,
    "one bare line feed": GET + b"X: y\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "a bare carriage return": GET + b"X: y\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "a header with a NUL": GET + b"X: a\0b\r\n\r\n" + HIDDEN,
    "a name with a control character": GET + b"X\x01: b\r\n\r\n" + HIDDEN,
    "no name": GET + b": b\r\n\r\n" + HIDDEN,
    "no colon": GET + b"nonsense\r\n\r\n" + HIDDEN,
    "a chunk's length with a sign": POST + b"Transfer-Encoding: chunked\r\n\r\n+0\r\n\r\n" + HIDDEN,
    "a chunk's length beyond all numbers": CHUNKED + b"10000000000000000\r\n\r\n" + HIDDEN,
    "a chunk longer than it says": POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n" + HIDDEN,
    "chunks with bare line feeds": POST + b"Transfer-Encoding: chunked\r\n\r\n0\n\n" + HIDDEN,
    "a path with a NUL": b"GET /\0 HTTP/1.1\r\nHost: x\r\n\r\n" + HIDDEN,
    "a path with a blank": b"GET /a b HTTP/1.1\r\nHost: x\r\n\r\n" + HIDDEN,
    "no path": b"GET  HTTP/1.1\r\nHost: x\r\n\r\n" + HIDDEN,
    "a path that begins nowhere": b"GET a HTTP/1.1\r\nHost: x\r\n\r\n" + HIDDEN,
    "a tunnel": b"CONNECT 169.254.169.254:80 HTTP/1.1\r\nHost: x\r\n\r\n" + HIDDEN,
    "another version": b"GET / HTTP/3.7\r\nHost: x\r\n\r\n" + HIDDEN,
    "another protocol": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + HIDDEN,
    "no host": f"GET {PI} HTTP/1.1\r\napi-key: sim-smuggler\r\n\r\n".encode() + HIDDEN,
    "no host for the health": b"GET /_simulator/health HTTP/1.1\r\n\r\n" + HIDDEN,
    "no host beside an absolute address": b"GET http://x/ HTTP/1.1\r\n\r\n" + HIDDEN,
    "no host in HTTP/2.0": b"GET /_simulator/health HTTP/2.0\r\n\r\n" + HIDDEN,
    "two hosts": GET + b"Host: y\r\n\r\n" + HIDDEN,
    "one host twice": GET + b"HOST: x\r\n\r\n" + HIDDEN,
    "two hosts beside an absolute address": b"GET http://x/ HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n" + HIDDEN,
    "two hosts in HTTP/1.0": b"GET /_simulator/health HTTP/1.0\r\nHost: x\r\nHost: x\r\n\r\n" + HIDDEN,
    "a verb in small letters": b"get / HTTP/1.1\r\nHost: x\r\n\r\n" + HIDDEN,
}


@pytest.mark.parametrize("data", AMBIGUOUS.values(), ids=AMBIGUOUS)
def test_ambiguous_request_is_refused_and_nothing_behind_it_is_read(server: Server, data: bytes) -> None:
    answer = said(server, data)
    assert statuses(answer) == [400]
    assert b"connection: close" in answer.lower()


ONE_READING = {
    "a request in the body of a GET": GET + LENGTH + HIDDEN,
    "a request in the body of an unknown path": b"GET /a HTTP/1.1\r\nHost: x\r\n" + LENGTH + HIDDEN,
    "a request in a chunk": POST + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(HIDDEN), HIDDEN),
    "a request behind the chunks": POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: " + HIDDEN,
    "a change of protocol": GET + b"Connection: upgrade\r\nUpgrade: websocket\r\n" + LENGTH + HIDDEN,
    "a change of protocol, in chunks": POST
    + b"Connection: upgrade\r\nUpgrade: h2c\r\nTransfer-Encoding: chunked\r\n\r\n"
    + b"%x\r\n%b\r\n0\r\n\r\n" % (len(HIDDEN), HIDDEN),
}  # fmt: skip


@pytest.mark.parametrize("data", ONE_READING.values(), ids=ONE_READING)
def test_request_inside_a_body_is_not_answered(server: Server, data: bytes) -> None:
    assert len(statuses(said(server, data))) == 1
    head, body = data.split(b"\r\n\r\n", 1)
    assert len(statuses(said(server, head + b"\r\n\r\n", body))) == 1


@pytest.mark.parametrize(
    "written", [b" %d", b"%d", b"  %d", b"\t%d", b" %d ", b" %d\t", b" 0%d", b" " + b"0" * 9_000 + b"%d"]
)
@pytest.mark.parametrize("path", [PI.encode(), b"/_simulator/sandboxes/smuggler/await"], ids=["vendor", "control"])
def test_length_with_zeros_and_blanks_is_a_number(server: Server, written: bytes, path: bytes) -> None:
    body = b'{"request": "x"}' + HIDDEN
    head = b"POST %b HTTP/1.1\r\nHost: x\r\napi-key: sim-smuggler\r\nContent-Type: application/json\r\n" % path
    length = b"CONTENT-Length:" + written % len(body) + b"\r\n"
    assert statuses(said(server, head + length + b"\r\n" + body + GET + b"\r\n")) == [400, 200]


@pytest.mark.parametrize("length", [b"99999999", b"18446744073709551616", b"9" * 6_000, b"0099999999 "])
def test_length_over_the_limit_is_refused_before_the_body(server: Server, length: bytes) -> None:
    assert statuses(said(server, POST + b"Content-Length: %b\r\n\r\n" % length)) == [413]


@pytest.mark.parametrize("framing", ["length", "chunks"])
@pytest.mark.parametrize("apart", [False, True])
def test_upgrade_to_another_protocol_is_ignored(server: Server, framing: str, apart: bool) -> None:
    wish = b'{"firstName":"Ada","lastName":"Lovelace","email":"ada@example.com"}'
    offer = b"Content-Type: application/json\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
    length, chunks = b"Content-Length: %d\r\n\r\n" % len(wish), b"Transfer-Encoding: chunked\r\n\r\n"
    head = POST + offer + (length if framing == "length" else chunks)
    body = wish if framing == "length" else b"%x\r\n%b\r\n0\r\nTrailer: x\r\n\r\n" % (len(wish), wish)
    look = GET + offer + b"\r\n"
    pieces = (head, body, look, head, body) if apart else (head + body + look + head + body,)
    assert statuses(said(server, *pieces)) == [201, 200, 201]


def test_thousands_of_upgrade_requests_are_answered_in_order(server: Server) -> None:
    server.stderr()  # waits for the lines of earlier calls
    before = server.stderr_size()
    offer = b"Host: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
    paths = [(b"/_simulator/health", 200) if number % 3 else (b"/nowhere", 404) for number in range(2_500)]
    flood = b"".join(b"GET %b HTTP/1.1\r\n" % path + offer for path, _ in paths)
    answer = send_raw(server.url, flood + GET + b"Connection: close\r\n\r\n")
    assert statuses(answer) == [*(status for _, status in paths), 200]
    assert server.stderr(before) == ""


def test_each_request_of_a_connection_needs_a_host_except_http_1_0(server: Server) -> None:
    offer = GET + b"Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
    for first in (GET + b"\r\n", offer):
        assert statuses(said(server, first, b"GET / HTTP/1.1\r\n\r\n" + HIDDEN)) == [200, 400]
    for target in ("/_simulator/health", "http://x/_simulator/health"):
        assert statuses(said(server, f"GET {target} HTTP/1.0\r\n\r\n".encode())) == [200]


TRICKS = [
    "/_simulator/rules", "//_simulator/rules", "///_simulator///rules", "/./_simulator/rules", "/_simulator/./rules",
    "/_simulator/../_simulator/rules", "/_simulator/health/../rules", "/_simulator/health/%2e%2e/rules",
    "/_simulator/health/%2E%2E%2Frules", "/_simulator%2frules", "/%5fsimulator/rules", "/_simulator/rules%00",
    "/_simulator/health%00/../rules", "/_simulator/health;/../rules", "/_simulator/health;x=y", "/_simulator\\rules",
    "/_simulator/health\\..\\rules", "/_simulator%5crules", "/_SIMULATOR/rules", "/_simulator/HEALTH",
    "/_simulator/health/", "/_simulator/health%20", "/_simulator/health%0d%0a", "/_simulator/health%252f..%252frules",
    "/_simulator/health?/../rules/", "/_simulator/health#/../rules", "/_simulator/%c0%ae%c0%ae/rules",
    "/_simulator/health/%c0%af../rules", "/_simulator/%ff%fe", "/_simulator/%u002e%u002e/rules",
    "/login/../_simulator/rules", "/login%2f..%2f_simulator%2frules", "/login/..;/_simulator/rules",
    "/favicon.ico/../_simulator/rules", "/_simulator/static/ui/../../rules",
    "/_simulator/static/ui/%2e%2e/%2e%2e/rules",
    "/_simulator/static/ui/..%2f..%2frules", "/_simulator/static/ui//_simulator/rules", "/mercury/../_simulator/rules",
    "/api/v1/../../_simulator/rules", "/pymetrics/reports/../../_simulator/rules",
    "/pymetrics/reports/%2e%2e%2f_simulator",
    "http://x/_simulator/rules", "http://x/_simulator/health/../rules", "http://[::1]/_simulator/rules",
    "http://user:the-control-token@x/_simulator/rules",
]  # fmt: skip
# Those that are the health check's own path, with a query or a fragment that says nothing.
OWN = {"/_simulator/health?/../rules/", "/_simulator/health#/../rules"}


@pytest.mark.parametrize("path", TRICKS)
@pytest.mark.parametrize("verb", ["GET", "HEAD", "POST", "OPTIONS"])
def test_no_spelling_of_a_path_bypasses_the_control_token(closed: Server, verb: str, path: str) -> None:
    head = f"{verb} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    answer = send_raw(closed.url, head.encode())
    (status,) = statuses(answer)
    assert status in ({200, 204, 405} if path in OWN else {400, 401, 403, 404, 405})
    assert b"pi.access.key" not in answer or b"simulator-rule: pi." in answer.lower()
    assert b"root:" not in answer


FILES = [
    "../../../../etc/passwd", "..%2f..%2f..%2f..%2fetc%2fpasswd", "%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "....//....//etc/passwd", "..\\..\\..\\etc\\passwd", "%252e%252e%252fetc%252fpasswd", "/etc/passwd",
    "%2fetc%2fpasswd",
    "%c0%ae%c0%ae%c0%afetc%c0%afpasswd", "../frame.py", "..%2fframe.py", "ui.css%00.png", "ui.css/..", ".", "..", "",
    "../docs/../../app.py", "file:///etc/passwd",
]  # fmt: skip


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("folder", ["/_simulator/static", "/_simulator/static/ui"])
def test_only_files_of_the_pages_are_served(server: Server, folder: str, file: str) -> None:
    answer = send_raw(server.url, f"GET {folder}/{file} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    assert statuses(answer)[0] in (400, 404, 405)
    assert b"root:" not in answer
    assert b"import " not in answer


NAMES = ["..", "%2e%2e", "a/b", "a%2fb", "A", "Ünal", "%00", "a%0a", "a b", "a" * 65, "-" * 65, "a.b", "*", "a;b"]


@pytest.mark.parametrize("name", NAMES)
def test_invalid_name_creates_no_sandbox(server: Server, http: httpx2.Client, name: str) -> None:
    before = {found["name"] for found in http.get(ROOT).json()}
    for verb in ("GET", "DELETE", "POST"):
        head = f"{verb} {ROOT}/{name}/config HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        (status,) = statuses(send_raw(server.url, head.encode()))
        assert status in (400, 404, 405)
    http.post(ROOT, json={"name": name})
    opened = {found["name"] for found in http.get(ROOT).json()} - before
    assert opened == set()


def test_server_still_responds_after_all_attacks(server: Server, closed: Server) -> None:
    for each in (server, closed):
        assert httpx2.get(f"{each.url}/_simulator/health", trust_env=False).status_code == 200
        assert "Traceback" not in each.stderr()
