"""The webhook client: what is sent, which responses are valid, and TLS."""

import asyncio
import contextlib
import socket
import ssl
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from httpx2 import create_ssl_context

from assessment_simulator.core.retry_schedule import WebhookRequest
from assessment_simulator.storage import Unusable
from assessment_simulator.webhooks.ca_certificates import environment_problems
from assessment_simulator.webhooks.client import MAX_HEAD, MAX_HEADERS, MAX_LINE, Result, WebhookClient
from assessment_simulator.webhooks.egress import Policy
from tests.commands import call
from tests.servers import Listener, Server

# For localhost and 127.0.0.1, made by itself, with its key.
CERTIFICATE = Path(__file__).with_name("localhost.pem")
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


@asynccontextmanager
async def listening(*pieces: bytes, tls: ssl.SSLContext | None = None) -> AsyncIterator[tuple[int, list[bytes]]]:
    """A listener that reads a request, answers these pieces one after another and hangs up; its port, what it read."""
    heard: list[bytes] = []
    answering: list[asyncio.Task[None] | None] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answering.append(asyncio.current_task())
        heard.append(await reader.read(65_536))
        # It may have read as much as it wanted; older uvloop raises RuntimeError for a closed connection.
        with contextlib.suppress(ConnectionError, RuntimeError):
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0.005)  # so that the pieces arrive one by one
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=tls)
    async with server:
        yield server.sockets[0].getsockname()[1], heard
        await asyncio.gather(*(task for task in answering if task))


def open_sockets() -> int:
    return sum(link.is_socket() for link in Path("/proc/self/fd").iterdir())


async def posted(
    url: str, headers: tuple[tuple[str, str], ...] = (), body: bytes = b"a=b", within: float = 5, **options: Any
) -> Result:
    return await WebhookClient(Policy(), **options).send(WebhookRequest(url, headers, body), within)


def tls_context() -> ssl.SSLContext:
    """What a TLS listener with the certificate has."""
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(CERTIFICATE)
    return tls


async def test_request_bytes() -> None:
    async with listening(OK) as (port, heard):
        outcome = await posted(f"http://user:pw@127.0.0.1:{port}/a b?c=é#part", (("webhook-id", "1"),))
    assert outcome.answer
    assert (outcome.answer.status, outcome.answer.body) == (200, "ok")
    assert heard == [
        b"POST /a%%20b?c=%%C3%%A9 HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nwebhook-id: 1\r\nContent-Length: 3\r\n"
        b"Connection: close\r\n\r\na=b" % port
    ]


@pytest.mark.parametrize("header", [("a", "b\r\nc: d"), ("a\nb", "c"), ("a", "\0")])
async def test_header_with_a_line_break_is_refused(header: tuple[str, str]) -> None:
    async with listening(OK) as (port, heard):
        outcome = await posted(f"http://127.0.0.1:{port}/", (header,))
    assert (outcome.answer, heard) == (None, [])
    assert outcome.error == "ValueError: a header or the address holds a line break"


async def test_response_may_arrive_byte_by_byte() -> None:
    answer = b"HTTP/1.1 202 OK\r\ntransfer-encoding: chunked\r\nx: y\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    async with listening(*(answer[at : at + 1] for at in range(len(answer)))) as (port, _):
        outcome = await posted(f"http://127.0.0.1:{port}/")
    assert outcome.answer
    assert (outcome.answer.status, outcome.answer.body) == (202, "abc")
    assert outcome.answer.headers == (("transfer-encoding", "chunked"), ("x", "y"))


ANSWERS = {
    "interim answers first": (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\na: b\r\n\r\n" + OK, 200, "ok"),
    "another protocol": (b"HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n", 101, ""),
    "no content": (b"HTTP/1.1 204 No Content\r\n\r\n", 204, ""),
    "until the end": (b"HTTP/1.1 200 OK\r\n\r\nall of it", 200, "all of it"),
    "more than it said": (OK + b"HTTP/1.1 500 Oops\r\n\r\n", 200, "ok"),
    "an encoding": (b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\nnope", 200, "nope"),
    "body that is not text": (b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n\xff\xfe\x00", 200, "\ufffd\ufffd\0"),
    "header that is not text": (b"HTTP/1.1 200 OK\r\nx-odd: \xff\xfe\r\ncontent-length: 0\r\n\r\n", 200, ""),
    "HTTP/1.0": (b"HTTP/1.0 200 OK\r\n\r\nfine", 200, "fine"),
    "a large body": (b"HTTP/1.1 200 OK\r\ncontent-length: 3000000\r\n\r\n" + b"x" * 3_000_000, 200, "x" * 8_192),
    "a redirect": (b"HTTP/1.1 307 Moved\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n", 307, ""),
    "as many headers as allowed": (b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * (MAX_HEADERS - 1) + OK[17:], 200, "ok"),
}


@pytest.mark.parametrize(("answer", "status", "body"), ANSWERS.values(), ids=ANSWERS)
async def test_valid_response(answer: bytes, status: int, body: str) -> None:
    async with listening(answer) as (port, _):
        outcome = await posted(f"http://127.0.0.1:{port}/")
    assert outcome.answer, outcome.error
    assert (outcome.answer.status, outcome.answer.body) == (status, body)


HUNG_UP = "the listener hung up before the end of its answer"
NO_HTTP = "the answer is no HTTP: "
LINE = b"x: " + b"y" * (MAX_LINE - 10) + b"\r\n"
NO_ANSWERS = {
    "nothing": (b"", HUNG_UP),
    "an interim answer alone": (b"HTTP/1.1 103 Hints\r\n\r\n", HUNG_UP),
    "half a head": (b"HTTP/1.1 200 OK\r\ncontent-le", HUNG_UP),
    "half a body": (b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nok", HUNG_UP),
    "half a chunk": (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\nok", HUNG_UP),
    "another protocol": (
        b"220 mail.example.com ESMTP\r\n",
        NO_HTTP + "Bad status line: Expected HTTP/, RTSP/ or ICE/: b'220 mail.example.com ESMTP'",
    ),
    "more than it said": (OK + b"ay", NO_HTTP + "Bad status line: Expected HTTP/, RTSP/ or ICE/: b'okay'"),
    "no size of a chunk": (
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        NO_HTTP + "Invalid character",
    ),
    "two lengths": (b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nok", NO_HTTP),
    "a first line without end": (b"HTTP/1.1 200 " + b"y" * MAX_HEAD, NO_HTTP + f"Got more than {MAX_LINE} bytes"),
    "a header without end": (b"HTTP/1.1 200 OK\r\nx: " + b"y" * MAX_HEAD, NO_HTTP + f"Got more than {MAX_LINE} bytes"),
    "headers without end": (b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * (MAX_HEAD // 5), NO_HTTP + "Too many headers"),
    "a long head": (b"HTTP/1.1 200 OK\r\n" + 5 * LINE + OK[17:], f"the head of the answer is over {MAX_HEAD} bytes"),
}


@pytest.mark.parametrize(("answer", "error"), NO_ANSWERS.values(), ids=NO_ANSWERS)
async def test_invalid_response_is_an_error(answer: bytes, error: str) -> None:
    async with listening(answer) as (port, _):
        outcome = await posted(f"http://127.0.0.1:{port}/")
    assert outcome.answer is None
    assert outcome.error
    assert outcome.error.startswith(f"ProtocolError: {error}")


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "app.localhost"])
async def test_host_header_is_the_host_as_given(host: str) -> None:
    async with listening(OK) as (port, heard):
        outcome = await posted(f"http://{host}:{port}/")
    assert outcome.answer, outcome.error
    assert heard[0].split(b"\r\n")[1] == f"Host: {host}:{port}".encode()


async def test_proxy_variables_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    async with listening(OK) as (port, heard), listening(OK) as (proxy, asked):
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy}")
        outcome = await posted(f"http://127.0.0.1:{port}/")
    assert outcome.answer
    assert (len(heard), asked) == (1, [])


async def test_cookies_are_not_stored() -> None:
    sender = WebhookClient(Policy())
    async with listening(b"HTTP/1.1 200 OK\r\nset-cookie: a=b\r\ncontent-length: 0\r\n\r\n") as (port, heard):
        for _ in range(2):
            assert (await sender.send(WebhookRequest(f"http://localhost:{port}/", (), b""), 5)).answer
    assert heard[0] == heard[1]


async def test_large_body_is_sent_whole(listener: Listener) -> None:
    outcome = await posted(listener.url, body=b"x" * 3_000_000)
    assert outcome.answer, outcome.error
    assert len(listener.received[0].body) == 3_000_000


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_connection_to_a_hanging_listener_is_closed(scheme: str) -> None:
    """In good order it would never end over plain HTTP, and over TLS after 30 seconds."""
    leaving = asyncio.Event()

    async def ignore(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await leaving.wait()
        writer.transport.abort()

    tls = tls_context() if scheme == "https" else None
    server = await asyncio.start_server(ignore, "127.0.0.1", 0, ssl=tls, limit=1_024)
    async with server:
        url = f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        before = open_sockets()
        outcome = await posted(url, body=b"x" * 20_000_000, within=0.3, insecure=True)
        await asyncio.sleep(0.1)
        left = open_sockets() - before
        leaving.set()
    assert outcome.error == "no answer within 0.3 s"
    assert left <= 1, "the listener has one, until it hangs up too"


async def test_timeout_holds_for_the_whole_response() -> None:
    dripping = (b"HTTP/1.1 200 OK\r\ncontent-length: 200\r\n\r\n", *[b"."] * 200)
    async with listening(*dripping) as (port, _):
        outcome = await posted(f"http://127.0.0.1:{port}/", within=0.3)
    assert (outcome.answer, outcome.error) == (None, "no answer within 0.3 s")


async def test_name_resolution_counts_in_the_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: over.wait(5) and [])
    outcome = await posted("http://slow.example/", within=0.2)
    over.set()
    assert 0.19 <= outcome.duration < 2
    assert (outcome.answer, outcome.error) == (None, "no answer within 0.2 s")


async def test_client_connects_to_the_address_that_the_policy_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that leads elsewhere when it is looked up once more must not lead around the policy."""
    real, asked = socket.getaddrinfo, list[Any]()

    def getaddrinfo(host: Any, *more: Any, **named: Any) -> Any:
        if host not in ("rebind.example", b"rebind.example"):
            return real(host, *more, **named)
        asked.append(host)
        return real("127.0.0.1" if len(asked) == 1 else "127.0.0.2", *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    async with listening(OK) as (port, heard):
        outcome = await posted(f"http://rebind.example:{port}/")
    assert outcome.answer, outcome.error
    assert heard[0].split(b"\r\n")[1] == f"Host: rebind.example:{port}".encode()


FAILING = {
    "http://127.0.0.1:8o/": "ValueError: InvalidURL",
    "http://127.0.0.1:1/": "ConnectionRefusedError: ",
    "http://nobody.invalid/": "gaierror: ",
}


@pytest.mark.parametrize(("url", "error"), FAILING.items(), ids=FAILING)
async def test_failure_to_connect_is_an_error(url: str, error: str) -> None:
    outcome = await posted(url)
    assert outcome.error
    assert outcome.error.startswith(error)
    assert "Refused" not in error or "('127.0.0.1', 1)" in outcome.error


async def test_next_address_is_used_if_the_first_refuses() -> None:
    async with listening(OK) as (port, heard):
        outcome = await posted(f"http://localhost:{port}/")  # ::1 comes first on many machines
    assert outcome.answer
    assert len(heard) == 1


TRUSTED = [
    ({"ca_file": str(CERTIFICATE)}, "localhost", None),
    ({"ca_file": str(CERTIFICATE)}, "127.0.0.1", None),
    ({"ca_file": str(CERTIFICATE)}, "app.localhost", "CERTIFICATE_VERIFY_FAILED"),
    ({"insecure": True}, "app.localhost", None),
    ({}, "localhost", "CERTIFICATE_VERIFY_FAILED"),
    ({"SSL_CERT_FILE": str(CERTIFICATE)}, "localhost", None),
]


@pytest.mark.parametrize(("trust", "host", "error"), TRUSTED)
async def test_certificate_is_accepted_if_it_is_trusted_or_certificates_are_not_checked(
    monkeypatch: pytest.MonkeyPatch, trust: dict[str, Any], host: str, error: str | None
) -> None:
    if environ := trust.get("SSL_CERT_FILE"):
        monkeypatch.setenv("SSL_CERT_FILE", environ)
    options = {name: value for name, value in trust.items() if name != "SSL_CERT_FILE"}
    async with listening(OK, tls=tls_context()) as (port, _):
        outcome = await posted(f"https://{host}:{port}/", **options)
    assert (outcome.answer is not None) is (error is None)
    assert (error or "") in (outcome.error or "")


async def test_webhook_ca_does_not_replace_the_systems_authorities() -> None:
    context = WebhookClient(Policy(), ca_file=str(CERTIFICATE)).tls_context()
    assert context.cert_store_stats()["x509"] == create_ssl_context().cert_store_stats()["x509"] + 1


PEM = CERTIFICATE.read_text()[CERTIFICATE.read_text().index("-----BEGIN CERTIFICATE") :]
UNUSABLE = {
    "missing": ("cannot be read: No such file or directory", None),
    "folder": ("cannot be read: Is a directory", None),
    "empty": ("is empty; it must hold certificates in PEM form", b" \n"),
    "text": ("holds no certificate in PEM form", b"no certificate"),
    "der": ("holds no certificate in PEM form", ssl.PEM_cert_to_DER_cert(PEM)),
    "key": ("holds no certificate in PEM form", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
    "cut": ("holds no certificate in PEM form", CERTIFICATE.read_bytes().replace(b"-----END", b"--")),
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_unusable_ca_file_is_reported(tmp_path: Path, name: str) -> None:
    flaw, content = UNUSABLE[name]
    (tmp_path / "folder").mkdir()
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    (line,) = environment_problems({"SSL_CERT_FILE": str(path)})
    assert line.startswith(f"SSL_CERT_FILE={path} {flaw}")
    assert line.endswith("; webhooks to https addresses will fail")


def test_unusable_ca_folder_is_reported(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_bytes(CERTIFICATE.read_bytes())
    missing = tmp_path / "missing"
    for value, flaw in ((tmp_path, "holds no certificate under its hash"), (missing, "cannot be read: No such file")):
        (line,) = environment_problems({"SSL_CERT_DIR": str(value)})
        assert line.startswith(f"SSL_CERT_DIR={value} {flaw}")
    (tmp_path / "1a2b3c4d.0").write_bytes(CERTIFICATE.read_bytes())
    assert environment_problems({"SSL_CERT_DIR": str(tmp_path), "SSL_CERT_FILE": str(CERTIFICATE)}) == []


def test_wrong_ca_variable_is_a_warning_and_wrong_option_an_error(tmp_path: Path) -> None:
    missing = tmp_path / "missing.pem"
    with Server(environ={"SSL_CERT_FILE": str(missing)}) as server:
        assert server.stderr().splitlines() == [
            f"SSL_CERT_FILE={missing} cannot be read: No such file or directory; webhooks to https addresses will fail"
        ]
    done = call("serve", "--webhook-ca", str(missing))
    assert (done.returncode, done.stderr) == (
        1, f"Error: --webhook-ca {missing}: cannot be read: No such file or directory\n"
    )  # fmt: skip
    both = call("serve", "--webhook-ca", str(CERTIFICATE), environ={"SIMULATOR_WEBHOOK_INSECURE": "true"})
    assert (both.returncode, "--webhook-insecure checks no certificate" in both.stderr) == (2, True)


async def test_no_webhook_is_sent_when_the_lease_ends_while_connecting() -> None:
    def refuse() -> None:
        raise Unusable("the lease has ended")

    sender, asked = WebhookClient(Policy()), list[bool]()
    async with listening(OK) as (port, heard):
        request = WebhookRequest(f"http://127.0.0.1:{port}/", (), b"body")
        with pytest.raises(Unusable, match="lease"):
            await sender.send(request, 5, confirm=refuse)
        while not heard:  # noqa: ASYNC110  the connection ends a moment later
            await asyncio.sleep(0.01)
        assert (await sender.send(request, 5, confirm=lambda: asked.append(True))).answer
    assert heard[0] == b""
    assert heard[1].endswith(b"body")
    assert asked == [True]
