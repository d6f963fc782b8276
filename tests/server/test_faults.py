"""Call faults: the response that the caller gets, and what the sandbox stores."""

import json
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.server import order, order_body, problem
from tests.servers import Caller, Sandbox, Server
from tests.waiting import until

Aside = Callable[..., "Future[Any]"]
PI = "/api/v1/behavioralassessments"
REPORT = "reports/PersonDetailReport?format=PDF&gender=2"
INVITED = {"firstName": "Grace", "lastName": "Hopper", "email": "grace@example.com"}
ORDERS: list[tuple[str, str, Any]] = [("pymetrics", "/mercury/order", order_body()), ("pi", PI, INVITED)]


def put(sandbox: Sandbox, *faults: dict[str, Any]) -> Any:
    """Set these faults, and no others."""
    return sandbox.control_json("PUT", "/faults", list(faults))


def met(sandbox: Sandbox) -> list[int]:
    """How many each fault has struck."""
    return [fault["met"] for fault in sandbox.control_json("GET", "/faults")]


def held(sandbox: Sandbox) -> int:
    """How many invitations there are."""
    return len(sandbox.control_json("GET", "/invitations"))


@contextmanager
def connected(sandbox: Sandbox) -> Iterator[socket.socket]:
    """A connection of its own to the server."""
    parts = urlsplit(sandbox.url)
    with socket.create_connection((parts.hostname, parts.port), 10) as connection:
        yield connection


def request(caller: Caller, method: str, path: str, body: Any = None) -> bytes:
    """The bytes of a request that leaves the connection open."""
    data = b"" if body is None else json.dumps(body).encode()
    headers = {"Host": "x", "Content-Type": "application/json", "Content-Length": str(len(data)), **caller.headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + data


def whole(connection: socket.socket) -> bytes:
    """All that comes until the server closes the connection."""
    got = b""
    while chunk := connection.recv(65_536):
        got += chunk
    return got


def raw(sandbox: Sandbox, caller: Caller, method: str, path: str, body: Any = None) -> bytes:
    """All that comes on a connection that the caller would keep open, until the server closes it."""
    with connected(sandbox) as connection:
        connection.sendall(request(caller, method, path, body))
        return whole(connection)


def parted(answer: bytes) -> tuple[str, dict[str, str], bytes]:
    """The first line, the headers and the body of an answer."""
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    return first, {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}, body


@pytest.fixture(params=ORDERS, ids=lambda row: str(row[0]))
def create(request: pytest.FixtureRequest, sandbox: Sandbox) -> tuple[Caller, str, Any]:
    """A caller of either vendor, and what it posts to have an invitation made."""
    name, path, body = request.param
    return getattr(sandbox, name), path, body


# Each kind of fault: the response, and what is stored.

MOMENTS = [("before_commit", 0), ("after_commit", 1)]


@pytest.mark.parametrize(("when", "kept"), MOMENTS)
@pytest.mark.parametrize("status", [500, 503])
def test_status_fault_has_the_vendors_error_body(
    sandbox: Sandbox, create: tuple[Caller, str, Any], status: int, when: str, kept: int
) -> None:
    caller, path, body = create
    put(sandbox, {"do": "status", "status": status, "when": when})
    answer = caller.post(path, json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/json")
    assert "simulator-rule" not in answer.headers
    if path.startswith("/mercury"):
        assert list(answer.json()) == ["request_id", "recoverable", "message"]
    else:
        members = ["Message"] if status == 500 else ["number", "context", "description", "parameterErrors"]
        assert list(answer.json()) == members
    assert (held(sandbox), met(sandbox)) == (kept, [1])


@pytest.mark.parametrize(("when", "kept"), MOMENTS)
def test_rate_limit_fault_is_a_429_with_retry_after(
    sandbox: Sandbox, create: tuple[Caller, str, Any], when: str, kept: int
) -> None:
    caller, path, body = create
    put(sandbox, {"do": "rate_limit", "retry_after": 7, "when": when})
    answer = caller.post(path, json=body)
    assert (answer.status_code, answer.headers.get_list("retry-after")) == (429, ["7"])
    sandbox.control_json("DELETE", "/faults")
    sandbox.control_json("PATCH", "/config", {"rate_limit": 1})
    caller.post(path, json=body)
    limited = caller.post(path, json=body)
    assert limited.status_code == 429
    assert answer.json().keys() == limited.json().keys()
    assert held(sandbox) >= kept


@pytest.mark.parametrize(("when", "kept"), MOMENTS)
def test_drop_fault_sends_no_byte(sandbox: Sandbox, create: tuple[Caller, str, Any], when: str, kept: int) -> None:
    caller, path, body = create
    put(sandbox, {"do": "drop", "when": when})
    assert raw(sandbox, caller, "POST", path, body) == b""
    with pytest.raises(httpx2.RemoteProtocolError):
        caller.post(path, json=body)
    assert met(sandbox) == [2]
    assert held(sandbox) == (kept * 2 if path == PI else kept)


@pytest.mark.parametrize(("when", "kept"), MOMENTS)
def test_cut_fault_sends_half_of_the_body(
    sandbox: Sandbox, create: tuple[Caller, str, Any], when: str, kept: int
) -> None:
    caller, path, body = create
    put(sandbox, {"do": "cut", "when": when})
    first, headers, got = parted(raw(sandbox, caller, "POST", path, body))
    assert first == "HTTP/1.1 201 Created"
    assert headers["content-type"] == "application/json"
    assert len(got) == int(headers["content-length"]) // 2 > 10
    with pytest.raises(ValueError, match=r"Expecting|Unterminated"):
        json.loads(got)
    assert held(sandbox) == kept


@pytest.mark.parametrize(("when", "kept"), MOMENTS)
def test_garble_fault_sends_a_body_that_is_not_json(
    sandbox: Sandbox, create: tuple[Caller, str, Any], when: str, kept: int
) -> None:
    caller, path, body = create
    put(sandbox, {"do": "garble", "when": when})
    answer = caller.post(path, json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (201, "application/json")
    with pytest.raises(ValueError, match="Expecting value"):
        answer.json()
    assert held(sandbox) == kept


@pytest.mark.parametrize(("when", "kept"), MOMENTS)
def test_amend_fault_applies_the_merge_patch(
    sandbox: Sandbox, create: tuple[Caller, str, Any], when: str, kept: int
) -> None:
    caller, path, body = create
    around = (lambda inner: {"order": inner}) if path.startswith("/mercury") else (lambda inner: inner)
    id = "id" if path.startswith("/mercury") else "assessmentId"
    put(sandbox, {"do": "amend", "when": when, "merge": around({"tomorrow": {"a": 1, "b": None}, id: None})})
    answer = caller.post(path, json=body)
    assert answer.status_code == 201
    shown = answer.json()["order"] if path.startswith("/mercury") else answer.json()
    assert shown["tomorrow"] == {"a": 1}
    assert id not in shown
    assert sandbox.url in answer.text
    assert held(sandbox) == kept


@pytest.mark.parametrize(("when", "kept"), MOMENTS)
def test_delay_fault_commits_once_before_or_after_the_wait(
    sandbox: Sandbox, create: tuple[Caller, str, Any], when: str, kept: int, aside: Aside
) -> None:
    caller, path, body = create
    put(sandbox, {"do": "delay", "duration": "PT1.5S", "when": when})
    began = time.monotonic()
    answer = aside(caller.post, path, json=body)
    until(lambda: met(sandbox) == [1])
    assert held(sandbox) == kept  # nobody is held up: these two calls are answered meanwhile
    assert caller.get("/mercury/nothing").status_code in (403, 404)
    assert answer.result().status_code == 201
    assert time.monotonic() - began >= 1.5
    assert held(sandbox) == 1


def test_token_expired_before_the_commit_refuses_the_call(sandbox: Sandbox) -> None:
    caller = sandbox.pymetrics
    put(sandbox, {"do": "expire_token", "times": 1})
    answer = caller.post("/mercury/order", json=order_body())
    assert (answer.status_code, answer.headers["simulator-rule"]) == (401, "pymetrics.access.token.live")
    assert held(sandbox) == 0
    assert caller.get("/mercury/configuration").status_code == 401
    assert sandbox.renewed().get("/mercury/configuration").status_code == 200


def test_token_expired_after_the_commit_refuses_the_next_call(sandbox: Sandbox) -> None:
    caller = sandbox.pymetrics
    put(sandbox, {"do": "expire_token", "times": 1, "when": "after_commit"})
    assert caller.post("/mercury/order", json=order_body()).status_code == 201
    assert caller.get("/mercury/configuration").headers["simulator-rule"] == "pymetrics.access.token.live"
    assert held(sandbox) == 1


def test_expire_token_matches_only_calls_with_a_known_token(sandbox: Sandbox) -> None:
    put(sandbox, {"do": "expire_token"})
    assert sandbox.pi.post(PI, json=INVITED).status_code == 201
    sandbox.renewed()
    unknown = Caller(sandbox.http, {"X-Api-Key": sandbox.credential, "Authorization": "Bearer unknown"})
    assert unknown.get("/mercury/configuration").headers["simulator-rule"] == "pymetrics.access.token.known"
    assert met(sandbox) == [0]


def test_token_expires_on_the_sandbox_clock(sandbox: Sandbox) -> None:
    sandbox.control_json("POST", "/clock", {"freeze": "2026-01-01T00:00:00Z"})
    caller = sandbox.pymetrics
    put(sandbox, {"do": "expire_token", "when": "after_commit"})
    assert caller.get("/mercury/configuration").status_code == 200
    for moment in ("2026-01-01T00:00:00Z", "2026-01-01T02:00:00Z"):
        sandbox.control_json("POST", "/clock", {"freeze": moment})
        assert caller.get("/mercury/configuration").headers["simulator-rule"] == "pymetrics.access.token.live"
    sandbox.control_json("POST", "/clock", {"freeze": "2025-12-31T23:59:59Z"})
    assert caller.get("/mercury/configuration").status_code == 200


# Retries and ids.


def test_lost_response_is_found_by_a_retry(sandbox: Sandbox) -> None:
    caller = sandbox.pymetrics
    put(sandbox, {"operation": "create_order", "do": "drop", "when": "after_commit", "times": 1})
    assert raw(sandbox, caller, "POST", "/mercury/order", order_body()) == b""
    again = caller.post("/mercury/order", json=order_body())
    assert (again.status_code, again.json()["created"], held(sandbox)) == (200, False, 1)


def test_response_before_the_commit_describes_nothing_stored(sandbox: Sandbox) -> None:
    put(sandbox, {"operation": "create_order", "do": "amend", "merge": {}, "when": "before_commit"})
    phantom = order(sandbox)
    assert sandbox.pymetrics.get(f"/mercury/getOrder/{phantom['id']}").status_code == 404
    assert sandbox.control_json("GET", "/mail") == []


@pytest.mark.parametrize("do", ["status", "rate_limit", "drop", "cut", "garble", "amend"])
def test_fault_before_the_commit_does_not_change_the_next_ids(sandbox: Sandbox, do: str) -> None:
    seen = []
    for times in (1, 0):
        sandbox.control_json("POST", "/reset")
        sandbox.control_json("POST", "/clock", {"freeze": "2026-01-01T00:00:00Z"})
        put(sandbox, {"do": do, "when": "before_commit", "times": times, **({"merge": {}} if do == "amend" else {})})
        if times:
            with suppress(httpx2.RemoteProtocolError):
                sandbox.pi.post(PI, json=INVITED)
            assert met(sandbox) == [1]
        seen.append(sandbox.pi.post(PI, json=INVITED).json())
        del seen[-1]["assessmentUrl"]  # a reset gives other links
    assert seen[0] == seen[1]


def test_request_ids_of_faults_differ_and_repeat_after_a_reset(sandbox: Sandbox) -> None:
    caller, seen = sandbox.pymetrics, []
    for _ in range(2):
        put(sandbox, {"do": "status"})
        seen.append([caller.get("/mercury/configuration").json()["request_id"] for _ in range(3)])
    assert len({*seen[0]}) == 3
    assert seen[0] == seen[1]


# Connections.


def test_earlier_responses_on_a_connection_arrive_before_a_drop(sandbox: Sandbox) -> None:
    caller = sandbox.pi
    put(sandbox, {"do": "drop", "after": 1})
    with connected(sandbox) as connection:
        both = request(caller, "GET", PI) + request(caller, "GET", PI) + request(caller, "GET", PI)
        connection.sendall(both)
        answers = whole(connection)
    assert answers.count(b"HTTP/1.1 200 OK") == 1
    assert answers.endswith(b"[]")
    assert met(sandbox) == [1]


def test_requests_behind_a_cut_response_are_not_answered(sandbox: Sandbox) -> None:
    caller = sandbox.pi
    put(sandbox, {"do": "cut", "times": 1})
    with connected(sandbox) as connection:
        connection.sendall(request(caller, "POST", PI, INVITED) + request(caller, "POST", PI, INVITED))
        answers = whole(connection)
    assert answers.count(b"HTTP/1.1 201 Created") == 1
    assert held(sandbox) == 1


def test_drops_and_cuts_are_not_logged(sandbox: Sandbox, server: Server) -> None:
    server.stderr()  # waits for the lines of earlier calls
    before = server.stderr_size()
    put(sandbox, {"do": "drop", "times": 2}, {"do": "cut", "times": 2})
    for _ in range(4):
        raw(sandbox, sandbox.pi, "POST", PI, INVITED)
    assert met(sandbox) == [2, 2]
    assert server.stderr(before) == ""


def test_large_response_is_cut_in_half(sandbox: Sandbox) -> None:
    long = "x" * 300_000
    sandbox.pi.post(PI, json={**INVITED, "externalId": "e"})
    put(sandbox, {"method": "GET", "do": "amend", "merge": {"long": long}})
    assert sandbox.pi.get(PI).json() == {"long": long}
    id = sandbox.control_json("GET", "/invitations")[0]["id"]
    sandbox.control_json("POST", f"/invitations/{id}/complete")
    put(sandbox, {"do": "cut"})
    _, headers, got = parted(raw(sandbox, sandbox.pi, "GET", f"{PI}/{id}/{REPORT}"))
    assert headers["content-type"] == "application/pdf"
    assert len(got) == int(headers["content-length"]) // 2 > 1_000


def test_response_without_json_or_body_is_not_corrupted(sandbox: Sandbox) -> None:
    id = sandbox.pi.post(PI, json=INVITED).json()["assessmentId"]
    sandbox.control_json("POST", f"/invitations/{id}/complete")
    put(sandbox, {"operation": "get_report", "do": "amend", "merge": {"a": 1}}, {"do": "garble"})
    report = sandbox.pi.get(f"{PI}/{id}/{REPORT}")
    assert (report.status_code, report.content[:5]) == (200, b"%PDF-")
    gone = sandbox.pi.request("DELETE", f"{PI}/{id}")
    assert (gone.status_code, gone.content) == (204, b"")
    assert met(sandbox) == [1, 1]


def test_faults_have_cors_headers(sandbox: Sandbox) -> None:
    put(sandbox, {"do": "rate_limit"})
    preflight = {"origin": "http://localhost:1", "access-control-request-method": "GET"}
    assert sandbox.http.request("OPTIONS", PI, headers=preflight).status_code == 204
    answer = sandbox.pi.get(PI, headers={"origin": "http://localhost:1"})
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (429, "http://localhost:1")
    assert "Retry-After" in answer.headers["access-control-expose-headers"]
    assert met(sandbox) == [1]


# Matching.

STRIKES: list[tuple[dict[str, Any], list[int]]] = [
    ({}, [503, 503, 503, 503]),
    ({"vendor": "pymetrics"}, [503, 503, 200, 201]),
    ({"vendor": "predictive_index"}, [200, 201, 503, 503]),
    ({"vendor": "predictive-index"}, [200, 201, 503, 503]),
    ({"operation": "create_order"}, [200, 503, 200, 201]),
    ({"method": "POST"}, [200, 503, 200, 503]),
    ({"path": "/mercury/configuration"}, [503, 201, 200, 201]),
    ({"path": "/mercury/*"}, [503, 503, 200, 201]),
    ({"vendor": "predictive_index", "method": "GET", "path": "*assessments"}, [200, 201, 503, 201]),
    ({"times": 2}, [503, 503, 200, 201]),
    ({"after": 1, "times": 2}, [200, 503, 503, 201]),
    ({"method": "POST", "after": 1}, [200, 201, 200, 503]),
    ({"probability": 0}, [200, 201, 200, 201]),
    ({"on": "deliveries", "do": "drop", "status": None}, [200, 201, 200, 201]),
]


@pytest.mark.parametrize(("said", "expected"), STRIKES)
def test_fault_matches_its_selectors(sandbox: Sandbox, said: dict[str, Any], expected: list[int]) -> None:
    pymetrics = sandbox.pymetrics
    put(sandbox, {"do": "status", **said})
    statuses = [
        pymetrics.get("/mercury/configuration").status_code,
        pymetrics.post("/mercury/order", json=order_body()).status_code,
        sandbox.pi.get(PI).status_code,
        sandbox.pi.post(PI, json=INVITED).status_code,
    ]
    assert statuses == expected
    assert met(sandbox) == [statuses.count(503)]


def test_first_triggering_fault_applies_and_later_ones_do_not_count(sandbox: Sandbox) -> None:
    put(
        sandbox,
        {"do": "status", "status": 500, "after": 1, "times": 1},
        {"do": "status", "status": 502, "times": 1},
        {"do": "status", "status": 504},
    )
    assert [sandbox.pi.get(PI).status_code for _ in range(4)] == [502, 500, 504, 504]
    assert met(sandbox) == [1, 1, 2]


def test_faults_match_unknown_routes_too(sandbox: Sandbox) -> None:
    assert sandbox.pi.get("/api/v1/nothing").status_code == 404
    put(sandbox, {"do": "status"})
    assert sandbox.pi.get("/api/v1/nothing").status_code == 503
    assert sandbox.pi.request("PUT", PI).status_code == 503
    assert sandbox.pi.post(PI, content=b" " * 1_048_577).status_code == 503


def test_faults_do_not_match_control_api_timers_or_other_sandboxes(sandbox: Sandbox) -> None:
    id = sandbox.pi.post(PI, json={**INVITED, "email": "grace+completes-in-10s@example.com"}).json()["assessmentId"]
    put(sandbox, {"do": "drop"})
    other = Sandbox(sandbox.http, f"{sandbox.name}-b")
    assert other.pi.get(PI).status_code == 200
    other.control("DELETE")
    sandbox.control_json("POST", "/clock", {"advance": "PT10S"})
    assert sandbox.control_json("GET", f"/invitations/{id}")["status"] == 40
    assert met(sandbox) == [0]


def outcomes(sandbox: Sandbox, calls: int) -> list[int]:
    """The statuses of so many calls."""
    return [sandbox.pi.get(PI).status_code for _ in range(calls)]


def test_probability_depends_on_the_seed_and_not_on_the_name(sandbox: Sandbox) -> None:
    made = {}
    for name, seed in (("a", 7), ("b", 7), ("c", 8)):
        opened = Sandbox(sandbox.http, f"{sandbox.name}-{name}")
        sandbox.http.post("/_simulator/sandboxes", json={"name": opened.name, "seed": seed}).raise_for_status()
        put(opened, {"do": "status", "probability": 0.5})
        made[name] = outcomes(opened, 40)
        put(opened, {"do": "status", "probability": 0.5})
        assert outcomes(opened, 40) == made[name]
        opened.control("DELETE")
    assert made["a"] == made["b"] != made["c"]
    assert 8 < made["a"].count(503) < 32


# Clock, reset, restore and fork.


def test_fault_response_is_dated_by_the_sandbox_clock(sandbox: Sandbox) -> None:
    sandbox.control_json("POST", "/clock", {"freeze": "2030-05-06T07:08:09Z"})
    put(sandbox, {"do": "status"})
    assert sandbox.pi.get(PI).headers["date"] == "Mon, 06 May 2030 07:08:09 GMT"


def test_timers_fire_before_a_dry_run(sandbox: Sandbox) -> None:
    sandbox.control_json("POST", "/clock", {"freeze": "2030-01-01T00:00:00Z"})
    id = sandbox.pi.post(PI, json={**INVITED, "email": "grace+completes-in-10s@example.com"}).json()["assessmentId"]
    put(sandbox, {"do": "amend", "merge": {}, "when": "before_commit"})
    sandbox.control_json("POST", "/clock", {"freeze": "2030-01-01T00:00:11Z"})
    assert sandbox.pi.get(f"{PI}/{id}").json()["assessmentState"] == 40


@pytest.mark.parametrize("path", ["/reset", "/snapshots/snapshot-1/restore", ""])
def test_delayed_call_is_abandoned_after_reset_restore_or_delete(sandbox: Sandbox, path: str) -> None:
    sandbox.control_json("POST", "/snapshots")
    caller = sandbox.pi
    put(sandbox, {"do": "delay", "duration": "PT0.5S", "times": 1})
    with connected(sandbox) as connection:
        connection.sendall(request(caller, "POST", PI, INVITED))
        until(lambda: met(sandbox) == [1])
        sandbox.control_json("POST" if path else "DELETE", path)
        assert whole(connection) == b""
    assert held(sandbox) == 0


def test_delayed_call_is_committed_though_its_caller_left(sandbox: Sandbox) -> None:
    put(sandbox, {"do": "delay", "duration": "PT0.3S"})
    with connected(sandbox) as connection:
        connection.sendall(request(sandbox.pi, "POST", PI, INVITED))
        until(lambda: met(sandbox) == [1])
    until(lambda: held(sandbox) == 1)


def test_delayed_calls_wait_concurrently(sandbox: Sandbox) -> None:
    put(sandbox, {"do": "delay", "duration": "PT0.5S"})
    began = time.monotonic()
    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(lambda _: sandbox.pi.get(PI).status_code, range(20)))
    assert answers == [200] * 20
    assert time.monotonic() - began < 5  # one after the other they would take ten


def test_reset_removes_faults_restore_keeps_them_and_fork_has_none(sandbox: Sandbox) -> None:
    put(sandbox, {"do": "status", "after": 1})
    sandbox.control_json("POST", "/snapshots")
    assert outcomes(sandbox, 2) == [200, 503]
    sandbox.control_json("POST", "/snapshots/snapshot-1/restore")
    assert met(sandbox) == [1]
    assert outcomes(sandbox, 1) == [503]
    fork = Sandbox(sandbox.http, sandbox.control_json("POST", "/fork", {"name": f"{sandbox.name}-b"})["name"])
    assert (fork.control_json("GET", "/faults"), outcomes(fork, 2)) == ([], [200, 200])
    fork.control("DELETE")
    sandbox.control_json("POST", "/reset")
    assert (sandbox.control_json("GET", "/faults"), outcomes(sandbox, 2)) == ([], [200, 200])
    put(sandbox, {"do": "status"})
    sandbox.control_json("DELETE")
    assert sandbox.control_json("GET", "/faults") == []


def test_rate_limit_setting_does_not_count_faulted_calls(sandbox: Sandbox) -> None:
    sandbox.control_json("PATCH", "/config", {"rate_limit": 2})
    put(sandbox, {"do": "status", "times": 3}, {"do": "amend", "when": "before_commit", "merge": {}, "times": 3})
    assert outcomes(sandbox, 9) == [503, 503, 503, 200, 200, 200, 200, 200, 429]


# The control API.


def test_faults_are_listed_with_defaults_and_in_order(sandbox: Sandbox) -> None:
    assert sandbox.control_json("GET", "/faults") == []
    told = put(
        sandbox,
        {"operation": "create_order", "do": "drop", "when": "after_commit", "times": 1},
        {"id": "late", "on": "deliveries", "vendor": "predictive-index", "do": "delay", "duration": "PT1H"},
        {"do": "status"},
    )
    assert told == sandbox.control_json("GET", "/faults")
    empty = {
        "vendor": None, "operation": None, "method": None, "path": None, "invitation": None, "times": None,
        "after": 0, "probability": 1.0, "when": None, "status": None, "duration": None, "retry_after": None,
        "merge": None, "met": 0,
    }  # fmt: skip
    first = {"id": "fault-1", "on": "calls", "operation": "create_order", "do": "drop", "when": "after_commit"}
    late = {"id": "late", "on": "deliveries", "vendor": "predictive_index", "do": "delay", "duration": "PT1H"}
    last = {"id": "fault-3", "on": "calls", "do": "status", "when": "before_commit", "status": 503}
    assert told == [{**empty, **first, "times": 1}, {**empty, **late}, {**empty, **last}]


def test_listed_faults_can_be_put_back_with_new_counters(sandbox: Sandbox) -> None:
    put(sandbox, {"do": "status", "times": 2}, {"do": "amend", "merge": {"a": None, "b": [1, {"c": 2.5}]}})
    outcomes(sandbox, 3)
    told = sandbox.control_json("GET", "/faults")
    assert [fault["met"] for fault in told] == [2, 1]
    again = put(sandbox, *told)
    assert again == [{**fault, "met": 0} for fault in told]
    assert outcomes(sandbox, 3) == [503, 503, 200]


def test_delete_and_an_empty_list_remove_all_faults(sandbox: Sandbox) -> None:
    put(sandbox, {"do": "drop"})
    answer = sandbox.control("DELETE", "/faults")
    assert (answer.status_code, answer.content) == (204, b"")
    assert sandbox.control_json("GET", "/faults") == []
    assert sandbox.control("DELETE", "/faults").status_code == 204
    put(sandbox, {"do": "drop"})
    assert put(sandbox) == []
    assert outcomes(sandbox, 1) == [200]


REFUSED: list[tuple[Any, str, str]] = [
    ({"do": "drop"}, "body", "array"),
    ("drop", "body", "array"),
    ([1], "0", "object"),
    ([{}], "0.do", "Field required"),
    ([{"do": "explode"}], "0.do", "'status', 'delay'"),
    ([{"do": "drop"}, {"do": "duplicate"}], "1.do", "status, delay, drop, cut"),
    ([{"on": "deliveries", "do": "cut"}], "0.do", "there are duplicate, reorder, delay, drop"),
    ([{"do": "drop", "colour": "red"}], "0.colour", "is unknown; known are id, on, vendor"),
    ([{"do": "drop", "on": "alarms"}], "0.on", "'calls' or 'deliveries'"),
    ([{"do": "drop", "when": "sometimes"}], "0.when", "'before_commit' or 'after_commit'"),
    ([{"do": "drop", "id": 1}], "0.id", "string"),
    ([{"do": "drop", "id": "x" * 101}], "0.id", "100"),
    ([{"do": "drop", "id": "a"}, {"do": "drop", "id": "a"}], "1.id", "two faults"),
    ([{"do": "drop", "id": "fault-2"}, {"do": "drop"}], "1.id", "two faults"),
    ([{"do": "drop", "vendor": "acme"}], "0.vendor", "pymetrics, predictive_index"),
    ([{"do": "drop", "operation": "make"}], "0.operation", "create_order"),
    ([{"do": "drop", "operation": "complete"}], "0.operation", "create_order"),
    ([{"do": "drop", "operation": "create_order", "vendor": "predictive_index"}], "0.operation", "create_assessment"),
    ([{"do": "drop", "method": "post"}], "0.method", "must match pattern"),
    ([{"do": "drop", "path": "mercury/order"}], "0.path", "must match pattern"),
    ([{"do": "drop", "times": -1}], "0.times", "must be greater than or equal to 0"),
    ([{"do": "drop", "times": True}], "0.times", "integer"),
    ([{"do": "drop", "after": -1}], "0.after", "greater than or equal to 0"),
    ([{"do": "drop", "probability": 1.1}], "0.probability", "less than or equal to 1"),
    ([{"do": "drop", "probability": -0.1}], "0.probability", "greater than or equal to 0"),
    ([{"do": "status", "status": 200}], "0.status", "greater than or equal to 400"),
    ([{"do": "status", "status": 600}], "0.status", "less than or equal to 599"),
    ([{"do": "drop", "status": 503}], "0.status", "does not go with 'drop'"),
    ([{"do": "delay"}], "0.duration", "PT2S"),
    ([{"do": "delay", "duration": "2s"}], "0.duration", "ISO 8601"),
    ([{"do": "delay", "duration": "PT1H0.1S"}], "0.duration", "an hour"),
    ([{"on": "deliveries", "do": "delay", "duration": "P3651D"}], "0.duration", "ten years"),
    ([{"on": "deliveries", "do": "delay"}], "0.duration", "PT2S"),
    ([{"do": "rate_limit", "retry_after": -1}], "0.retry_after", "greater than or equal to 0"),
    ([{"do": "amend"}], "0.merge", "needs it"),
    ([{"do": "amend", "merge": []}], "0.merge", "object"),
    ([{"do": "drop", "merge": {}}], "0.merge", "does not go with"),
    ([{"do": "drop", "invitation": "x"}], "0.invitation", "faults of deliveries"),
    ([{"on": "deliveries", "do": "drop", "operation": "create_order"}], "0.operation", "faults of calls"),
    ([{"on": "deliveries", "do": "drop", "method": "POST"}], "0.method", "faults of calls"),
    ([{"on": "deliveries", "do": "drop", "path": "*"}], "0.path", "faults of calls"),
    ([{"on": "deliveries", "do": "drop", "when": "after_commit"}], "0.when", "faults of calls"),
    ([{"do": "expire_token", "vendor": "predictive-index"}], "0.vendor", "has no access tokens to expire"),
]


@pytest.mark.parametrize(("body", "where", "words"), REFUSED)
def test_invalid_fault_is_422_and_changes_nothing(sandbox: Sandbox, body: Any, where: str, words: str) -> None:
    put(sandbox, {"id": "kept", "do": "status", "times": 3})
    outcomes(sandbox, 1)
    before = sandbox.control_json("GET", "/faults")
    document = problem(sandbox.control("PUT", "/faults", body), 422, words)
    assert where in {error["where"] or "body" for error in document["errors"]}
    assert sandbox.control_json("GET", "/faults") == before
    assert outcomes(sandbox, 3) == [503, 503, 200]


def test_all_errors_are_reported_at_once(sandbox: Sandbox) -> None:
    faults = [{"do": "drop", "times": -1, "path": "x"}, {"do": "delay"}]
    document = problem(sandbox.control("PUT", "/faults", faults), 422)
    assert [error["where"] for error in document["errors"]] == ["0.path", "0.times", "1.duration"]


def test_invalid_json_is_400(sandbox: Sandbox) -> None:
    url = f"/_simulator/sandboxes/{sandbox.name}/faults"
    problem(sandbox.http.put(url, content=b"[{"), 400, "not JSON")
    problem(sandbox.http.post(url, json=[]), 405)
