"""Log lines on standard error: their format, what they contain, and the secrets that they do not contain."""

import asyncio
import io
import json
import logging
import re
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from assessment_contracts.kit import ServerProcess
from assessment_simulator.app import Simulator
from assessment_simulator.journal.redaction import redact
from assessment_simulator.logging_setup import LineFormatter
from assessment_simulator.settings import LogFormat, Settings
from tests.commands import settings_of
from tests.server import assessment, send_raw
from tests.servers import Listener, Sandbox, Server
from tests.waiting import until

ORDERS = "/mercury/orders"


@pytest.fixture(scope="module")
def logged() -> Iterator[Server]:
    """A server that writes a line for each call."""
    with Server("--access-log", "--log-format", "json") as server:
        yield server


def lines(server: Server, count: int = 1, since: int = 0) -> list[dict[str, Any]]:
    """The lines of standard error from byte `since` on, which must be JSON, once there are `count`.

    A call's line comes after its answer.
    """
    until(lambda: server.stderr(since).count("\n") >= count)
    return [json.loads(line) for line in server.stderr(since).splitlines()]


def fetch(url: str, path: str, method: str = "GET", **more: Any) -> httpx2.Response:
    return httpx2.request(method, f"{url}{path}", trust_env=False, **more)


def test_without_access_log_nothing_is_logged() -> None:
    with Server() as server:
        answer = fetch(server.url, "/api/v1/nope", headers={"x-request-id": "mine"})
        assert "simulator-request-id" not in answer.headers
        server.process.terminate()
        server.process.wait(10)
        assert server.stderr() == ""


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), ["demo sandbox: ", "/sandboxes/demo\n", "/api/v1 with api-key sim-demo\n", "any client_secret\n"]),
        (("--access", "closed"), ["log in with the control token", "env --create --sandbox NAME"]),
        (("--public-url", "https://sim.example/below"), ["https://sim.example/below/_simulator/docs\n"]),
        (("--host", "0.0.0.0", "--access", "open"), ["http://127.0.0.1:"]),  # noqa: S104
    ],
)
def test_after_the_first_line_standard_error_says_where_to_look(options: tuple[str, ...], words: list[str]) -> None:
    with Server(*options) as server:
        until(lambda: "/api/v1 with" in ServerProcess.stderr(server))
        said = ServerProcess.stderr(server)
    assert [word for word in words if word not in said] == []


def test_every_request_is_a_line_with_the_id_of_its_response(logged: Server) -> None:
    before = logged.stderr_size()
    answers = [
        fetch(logged.url, "/_simulator/health"),
        fetch(logged.url, "/api/v1/behavioralassessments", headers={"api-key": "sim-a", "x-request-id": "r-1"}),
        fetch(logged.url, "/nowhere?a=b"),
    ]
    found = lines(logged, 3, before)
    assert [answer.headers["simulator-request-id"] for answer in answers] == [one["request_id"] for one in found]
    assert [(one["method"], one["path"], one["status"]) for one in found] == [
        ("GET", "/_simulator/health", 200),
        ("GET", "/api/v1/behavioralassessments", 200),
        ("GET", "/nowhere?a=b", 404),
    ]
    assert found[1]["request_id"] == "r-1"
    assert all(one["logger"] == "simulator.access" and one["level"] == "info" for one in found)
    assert all(0 < one["duration"] < 5 and one["client"] == "127.0.0.1" for one in found)


MALFORMED_IDS = ["", "a b", "a" * 129, '"quoted"', "-begins", "semi;colon", "{}", "caf\xe9"]


def test_malformed_request_id_is_replaced(logged: Server) -> None:
    before = logged.stderr_size()
    for id in MALFORMED_IDS:
        answer = fetch(logged.url, "/_simulator/health", headers={"x-request-id": id.encode("latin-1")})
        assert re.fullmatch(r"[0-9a-f]{16}", answer.headers["simulator-request-id"])
    assert len(lines(logged, len(MALFORMED_IDS), before)) == len(MALFORMED_IDS)


def test_dropped_and_cut_responses_are_logged(logged: Server) -> None:
    before = logged.stderr_size()
    with httpx2.Client(base_url=logged.url, trust_env=False) as http:
        sandbox = Sandbox(http, "lost-or-cut")
        for do in ("drop", "cut"):
            sandbox.control_json("PUT", "/faults", [{"do": do}])
            with pytest.raises(httpx2.RemoteProtocolError):
                sandbox.pi.get("/api/v1/behavioralassessments")
    assert [one["status"] for one in lines(logged, 4, before) if "/api/" in one["path"]] == [None, 200]


LONG = "y" * 70_000
REFUSALS = [
    ("GET", "/a?api_key=***", 400, "one Host header", b"GET /a?api_key=abc HTTP/1.1\r\n\r\n"),
    ("POST", "/b", 400, "its end", b"POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: +2\r\n\r\nab"),
    ("GET", f"/{LONG}"[:1_000] + "…", 414, "URL is over", f"GET /{LONG} HTTP/1.1\r\nHost: x\r\n\r\n".encode()),
    ("GET", "/c", 431, "headers", b"GET /c HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 200 + b"\r\n"),
    ("GET", "/d", 408, "in time", b"GET /d HTTP/1.1\r\n"),
    (None, None, 408, "in time", b"GE"),
    ("POST", "/mercury/order", 408, "in time", b"POST /mercury/order HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n"),
    ("POST", "/_simulator/sandboxes", 400, "begin with its size",
     b"POST /_simulator/sandboxes HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n"),
    (None, None, 400, "one Host header", b"\x16\x03\x01\x02 nonsense\r\n\r\n"),
    ("GET", "/f", 400, "Invalid HTTP request", b"GET /f HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n"),
]  # fmt: skip


def test_refused_requests_are_logged_as_others_are() -> None:
    with Server("--access-log", "--log-format", "json", "--log-level", "error", "--request-timeout", "1") as server:
        for method, path, status, reason, sent in REFUSALS:
            before = server.stderr_size()
            answer = send_raw(server.url, sent)
            (line,) = lines(server, 1, before)
            assert answer.startswith(b"HTTP/1.1 %d " % status)
            assert (line["method"], line["path"], line["status"], line["client"]) == (method, path, status, "127.0.0.1")
            assert reason in line["reason"]
            if b"Invalid" not in answer:  # uvicorn's own response has no id
                assert f"simulator-request-id: {line['request_id']}\r\n".encode() in answer


def test_each_request_of_a_connection_has_an_id_of_its_own(logged: Server) -> None:
    before = logged.stderr_size()
    call = b"GET /_simulator/health HTTP/1.1\r\nHost: x\r\n\r\n"
    send_raw(
        logged.url,
        call + b"GET /x HTTP/1.1\r\nHost: x\r\nX-Request-Id: mine\r\n\r\n" + call + b"GET /y HTTP/1.1\r\n\r\n",
    )
    found = lines(logged, 4, before)
    assert [line["status"] for line in found] == [200, 404, 200, 400]
    assert len({line["request_id"] for line in found}) == 4
    assert found[1]["request_id"] == "mine"


def test_access_log_is_enabled_by_the_environment() -> None:
    environ = {"SIMULATOR_ACCESS_LOG": "true", "SIMULATOR_LOG_FORMAT": "json", "SIMULATOR_LOG_LEVEL": "error"}
    with Server(environ=environ) as server:
        fetch(server.url, "/_simulator/health")
        assert [one["path"] for one in lines(server)] == ["/_simulator/health"]
    assert settings_of(environ={"SIMULATOR_ACCESS_LOG": "false"}).access_log is False


def test_events_of_the_program_and_uvicorn_have_one_format(listener: Listener) -> None:
    with Server("--log-level", "debug", "--log-format", "json") as server, httpx2.Client(base_url=server.url) as http:
        sandbox = Sandbox(http, "ada")
        made = assessment(sandbox, assessmentStatusWebHook=listener.url.replace("http://", "http://user:pa55@"))
        sandbox.control_json("POST", f"/invitations/{made['assessmentId']}/complete")
        sandbox.control_json("POST", "/await", {"webhook": {"state": "delivered"}})
        sandbox.control_json("DELETE")
        server.process.terminate()
        server.process.wait(10)
        found = lines(server)
    said = [f"{one['logger']}: {one['message']}" for one in found]
    assert f"simulator.serving: listening on {server.url}" in said
    assert "simulator.sandboxes: sandbox ada opened" in said
    assert "simulator.sandboxes: sandbox ada deleted" in said
    assert [
        one for one in said if one.startswith("simulator.webhooks: sandbox ada: attempt 1") and one.endswith(": 200")
    ]
    assert "uvicorn.error: Shutting down" in said
    assert "pa55" not in str(found)
    assert "httpcore" not in str(found)  # libraries log warnings only


def test_control_token_is_logged_at_any_level_in_either_format() -> None:
    with Server("--access", "closed", "--log-level", "error") as server:
        assert re.fullmatch(r"control token: [\w-]{32}\n", server.stderr())
    with Server("--access", "closed", "--log-level", "error", "--log-format", "json") as server:
        (line,) = lines(server)
        token = line["message"].removeprefix("control token: ")
        headers = {"authorization": f"Bearer {token}"}
        assert fetch(server.url, "/_simulator/sandboxes", headers=headers).status_code == 200


def test_no_secret_is_logged() -> None:
    token = "c0ntr0l-t0ken-0f-l0gs"
    environ = {"SIMULATOR_CONTROL_TOKEN": token}
    with Server("--access", "closed", "--access-log", "--log-level", "debug", environ=environ) as server:
        bearer = {"authorization": f"Bearer {token}"}
        opened = fetch(server.url, "/_simulator/sandboxes", "POST", headers=bearer, json={"name": "ada"}).json()
        keys = opened["credentials"]
        key = keys["predictive_index"]["api_key"]
        fetch(server.url, f"/api/v1/behavioralassessments?api_key={key}&x=1", headers={"api-key": key})
        body = {**keys["pymetrics"], "grant_type": "client_credentials"}
        tokens = fetch(server.url, "/mercury/oauth/token", "POST", json=body).json()
        fetch(server.url, f"{ORDERS}?access_token={tokens['access_token']}")
        fetch(server.url, "/login", "POST", data={"token": token})
        made = fetch(
            server.url, "/api/v1/behavioralassessments", "POST", headers={"api-key": key},
            json={"firstName": "A", "lastName": "B", "email": "a@example.com"},
        ).json()  # fmt: skip
        link = made["assessmentUrl"]
        fetch(server.url, link.removeprefix(server.url) if link.startswith(server.url) else "/x/" + link)
        said = server.stderr()
        seal = re.search(r"[0-9a-f]{24}", link)
        assert seal
        secrets = [token, key, tokens["access_token"], seal[0], *keys["pymetrics"].values()]
        assert [secret for secret in secrets if secret in said] == []
        assert said.count("\n") >= 6


HIDDEN = [
    ("Authorization: Bearer abc.def-1", "Authorization: Bearer ***"),
    ("b'authorization', b'Basic dXNlcjpwYXNz'", "b'authorization', b'Basic ***'"),
    ("GET /x?api_key=abc&page=2", "GET /x?api_key=***&page=2"),
    ("client_secret=abc", "client_secret=***"),
    ("{'x-api-key': 'abc'}", "{'x-api-key': '***'}"),
    ("(b'api-key', b'abc')", "(b'api-key', b'***')"),
    ('{"client_secret": "a \\" b", "n": 1}', '{"client_secret": "***", "n": 1}'),
    ("https://user:pass@hook.example/x", "https://***@hook.example/x"),
    ("/pymetrics/invite/ada.0123456789abcdef01234567.6f1c7a52", "/pymetrics/invite/ada.***.6f1c7a52"),
    ("nothing to hide: token of esteem, a basic", "nothing to hide: token of esteem, a basic"),
]


@pytest.mark.parametrize(("text", "shown"), HIDDEN)
def test_secrets_in_a_text_are_hidden(text: str, shown: str) -> None:
    assert redact(text) == shown


# Internal errors: a connection whose reading fails in the program.


@pytest.fixture(params=["text", "json"])
def written(request: pytest.FixtureRequest) -> Iterator[tuple[LogFormat, io.StringIO]]:
    """What the test logs, in either form."""
    form: LogFormat = request.param
    out, root = io.StringIO(), logging.getLogger()
    handler = logging.StreamHandler(out)
    handler.setFormatter(LineFormatter(form))
    root.addHandler(handler)
    yield form, out
    root.removeHandler(handler)


def broken(path: str, headers: dict[str, str]) -> list[dict[str, Any]]:
    """What the app sends to a POST whose body it fails to read."""
    sent: list[dict[str, Any]] = []

    async def receive() -> Any:
        raise OSError("the disk says: client_secret=abc\nforged line")

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()], "scheme": "http",
        "server": ("127.0.0.1", 80), "http_version": "1.1",
    }  # fmt: skip

    async def ask() -> None:
        try:
            await Simulator(Settings()).app(scope, receive, send)
        except OSError:  # Starlette hands it on, and uvicorn writes it down
            logging.getLogger("uvicorn.error").exception("Exception in ASGI application\n")

    asyncio.run(ask())
    return sent


@pytest.mark.parametrize("path", ["/mercury/order", "/_simulator/sandboxes"])
def test_internal_error_is_logged_with_the_request_id(path: str, written: tuple[LogFormat, io.StringIO]) -> None:
    form, out = written
    start, _ = broken(path, {"x-request-id": "r-7"})
    assert start["status"] == 500
    assert [value for name, value in start["headers"] if name == b"simulator-request-id"] == [b"r-7"]
    said = out.getvalue()
    assert "abc" not in said
    if form == "json":
        line = json.loads(said)
        assert (line["level"], line["request_id"]) == ("error", "r-7")
        assert "OSError" in line["trace"]
    else:
        first, *trace = said.splitlines()
        assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z error \S+: .*\[r-7\]$", first)
        assert trace[0].startswith("Traceback")


def test_control_characters_are_escaped_and_no_other(written: tuple[LogFormat, io.StringIO]) -> None:
    form, out = written
    logging.getLogger("simulator.x").warning("%s", "a\r\n2026 error forged: b\x1b[31m\u2028c caf\xe9 \U0001f600")
    said = out.getvalue()
    assert said.count("\n") == 1
    assert "\x1b" not in said
    assert said.isascii() is (form == "json")
    shown = json.loads(said)["message"] if form == "json" else said
    assert shown.startswith("a" if form == "json" else "20")
    assert "caf\xe9 \U0001f600" in shown
