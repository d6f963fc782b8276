"""Faults of vendor requests: the response that the caller gets, and what the sandbox stores.

`tests/core/test_faults.py` proves which requests a fault matches.
"""

import json
import socket
import time
from contextlib import suppress
from typing import Any

import httpx2
import pytest

from tests.server import PERSON, PI, Aside, connect, order, order_body, problem
from tests.servers import Caller, Sandbox, Server
from tests.waiting import until

REPORT = "reports/PersonDetailReport?format=PDF&gender=2"
ORDERS: list[tuple[str, str, Any]] = [("pymetrics", "/mercury/order", order_body()), ("pi", PI, PERSON)]


def put(sandbox: Sandbox, *faults: dict[str, Any]) -> Any:
    """Set these faults, and no others."""
    return sandbox.control_json("PUT", "/faults", list(faults))


def met(sandbox: Sandbox) -> list[int]:
    """How often each fault was injected."""
    return [fault["met"] for fault in sandbox.control_json("GET", "/faults")]


def held(sandbox: Sandbox) -> int:
    """How many invitations there are."""
    return len(sandbox.control_json("GET", "/invitations"))


def request(caller: Caller, method: str, path: str, body: Any = None) -> bytes:
    """The bytes of a request that leaves the connection open."""
    data = b"" if body is None else json.dumps(body).encode()
    headers = {"Host": "x", "Content-Type": "application/json", "Content-Length": str(len(data)), **caller.headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + data


def received(connection: socket.socket) -> bytes:
    """All bytes until the server closes the connection."""
    return b"".join(iter(lambda: connection.recv(65_536), b""))


def raw(sandbox: Sandbox, caller: Caller, method: str, path: str, body: Any = None) -> bytes:
    """The response on a connection that the client keeps open; the server must close it."""
    with connect(sandbox.url) as connection:
        connection.sendall(request(caller, method, path, body))
        return received(connection)


def parted(answer: bytes) -> tuple[str, dict[str, str], bytes]:
    """The first line, the headers and the body of a response."""
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    return first, {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}, body


@pytest.fixture(params=ORDERS, ids=lambda row: str(row[0]))
def create(request: pytest.FixtureRequest, sandbox: Sandbox) -> tuple[Caller, str, Any]:
    """A client of each vendor, and the path and the body that create an invitation."""
    name, path, body = request.param
    return getattr(sandbox, name), path, body


# Each kind of fault: the response, and what is stored.

WHEN = pytest.mark.parametrize(("when", "kept"), [("before_commit", 0), ("after_commit", 1)])


@WHEN
@pytest.mark.parametrize(
    ("fault", "status"),
    [({"do": "status", "status": 500}, 500), ({"do": "status"}, 503), ({"do": "rate_limit", "retry_after": 7}, 429)],
)
def test_error_fault_responds_with_its_status(
    sandbox: Sandbox, create: tuple[Caller, str, Any], fault: dict[str, Any], status: int, when: str, kept: int
) -> None:
    caller, path, body = create
    put(sandbox, {**fault, "when": when})
    answer = caller.post(path, json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/json")
    assert answer.headers.get_list("retry-after") == (["7"] if status == 429 else [])
    assert "simulator-rule" not in answer.headers
    assert (held(sandbox), met(sandbox)) == (kept, [1])


@WHEN
def test_drop_fault_sends_no_byte(sandbox: Sandbox, create: tuple[Caller, str, Any], when: str, kept: int) -> None:
    caller, path, body = create
    put(sandbox, {"do": "drop", "when": when})
    assert raw(sandbox, caller, "POST", path, body) == b""
    with pytest.raises(httpx2.RemoteProtocolError):
        caller.post(path, json=body)
    assert met(sandbox) == [2]
    assert held(sandbox) == (kept * 2 if path == PI else kept)


@WHEN
def test_cut_fault_sends_half_of_the_body(
    sandbox: Sandbox, create: tuple[Caller, str, Any], when: str, kept: int
) -> None:
    caller, path, body = create
    put(sandbox, {"do": "cut", "when": when})
    first, headers, got = parted(raw(sandbox, caller, "POST", path, body))
    assert (first, headers["content-type"]) == ("HTTP/1.1 201 Created", "application/json")
    assert len(got) == int(headers["content-length"]) // 2 > 10
    assert held(sandbox) == kept


@WHEN
@pytest.mark.parametrize("do", ["garble", "amend"])
def test_garble_and_amend_faults_change_the_body(
    sandbox: Sandbox, create: tuple[Caller, str, Any], do: str, when: str, kept: int
) -> None:
    caller, path, body = create
    id = "assessmentId" if path == PI else "created"
    merge = {"merge": {"tomorrow": {"a": 1, "b": None}, id: None}} if do == "amend" else {}
    put(sandbox, {"do": do, "when": when, **merge})
    answer = caller.post(path, json=body)
    assert (answer.status_code, answer.headers["content-type"], held(sandbox)) == (201, "application/json", kept)
    if do == "garble":
        with pytest.raises(ValueError, match="Expecting value"):
            answer.json()
    else:
        assert answer.json()["tomorrow"] == {"a": 1}
        assert id not in answer.json()
        assert sandbox.url in answer.text


@WHEN
def test_delay_fault_commits_once_before_or_after_the_wait(
    sandbox: Sandbox, create: tuple[Caller, str, Any], when: str, kept: int, aside: Aside
) -> None:
    caller, path, body = create
    put(sandbox, {"do": "delay", "duration": "PT1.5S", "when": when})
    began = time.monotonic()
    answer = aside(caller.post, path, json=body)
    until(lambda: met(sandbox) == [1])
    assert held(sandbox) == kept  # other requests are answered in the meantime
    assert caller.get("/mercury/nothing").status_code in (403, 404)
    assert answer.result().status_code == 201
    assert time.monotonic() - began >= 1.5
    assert held(sandbox) == 1


@pytest.mark.parametrize(("when", "statuses"), [("before_commit", [401, 401]), ("after_commit", [201, 401])])
def test_expire_token_fault_refuses_this_request_or_the_next(sandbox: Sandbox, when: str, statuses: list[int]) -> None:
    sandbox.control_json("POST", "/clock", {"freeze": "2026-01-01T00:00:00Z"})
    caller = sandbox.pymetrics
    put(sandbox, {"do": "expire_token", "times": 1, "when": when})
    answers = [caller.post("/mercury/order", json=order_body()) for _ in range(2)]
    assert [answer.status_code for answer in answers] == statuses
    assert held(sandbox) == statuses.count(201)
    assert sandbox.renewed().get("/mercury/configuration").status_code == 200
    for moment in ("2026-01-01T00:00:00Z", "2026-01-01T02:00:00Z"):
        sandbox.control_json("POST", "/clock", {"freeze": moment})
        assert caller.get("/mercury/configuration").headers["simulator-rule"] == "pymetrics.access.token.live"
    sandbox.control_json("POST", "/clock", {"freeze": "2025-12-31T23:59:59Z"})
    assert caller.get("/mercury/configuration").status_code == 200


# Retries and ids.


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
                sandbox.pi.post(PI, json=PERSON)
            assert met(sandbox) == [1]
        seen.append(sandbox.pi.post(PI, json=PERSON).json())
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


def test_responses_before_a_drop_arrive_and_nothing_follows_a_cut(
    sandbox: Sandbox, pytestconfig: pytest.Config
) -> None:
    if pytestconfig.getoption("--servers") > 1:
        pytest.skip("the balancer passes one request on each connection")
    put(sandbox, {"do": "drop", "after": 1})
    with connect(sandbox.url) as connection:
        connection.sendall(request(sandbox.pi, "GET", PI) * 3)
        answers = received(connection)
    assert answers.count(b"HTTP/1.1 200 OK") == 1
    assert answers.endswith(b"[]")
    assert met(sandbox) == [1]
    put(sandbox, {"do": "cut", "times": 1})
    with connect(sandbox.url) as connection:
        connection.sendall(request(sandbox.pi, "POST", PI, PERSON) * 2)
        answers = received(connection)
    assert answers.count(b"HTTP/1.1 201 Created") == 1
    assert held(sandbox) == 1


def test_drops_and_cuts_are_not_logged(sandbox: Sandbox, server: Server) -> None:
    server.stderr()  # waits for the lines of earlier calls
    before = server.stderr_size()
    put(sandbox, {"do": "drop", "times": 2}, {"do": "cut", "times": 2})
    for _ in range(4):
        raw(sandbox, sandbox.pi, "POST", PI, PERSON)
    assert met(sandbox) == [2, 2]
    assert server.stderr(before) == ""


def test_response_without_json_or_body_is_not_corrupted(sandbox: Sandbox) -> None:
    id = sandbox.pi.post(PI, json=PERSON).json()["assessmentId"]
    sandbox.control_json("POST", f"/invitations/{id}/complete")
    put(sandbox, {"operation": "get_report", "do": "amend", "merge": {"a": 1}}, {"do": "garble"})
    report = sandbox.pi.get(f"{PI}/{id}/{REPORT}")
    assert (report.status_code, report.content[:5]) == (200, b"%PDF-")
    gone = sandbox.pi.request("DELETE", f"{PI}/{id}")
    assert (gone.status_code, gone.content) == (204, b"")
    assert met(sandbox) == [1, 1]


# Matching.

MATCHED: list[tuple[dict[str, Any], list[int]]] = [
    ({}, [503, 503, 503, 503]),
    ({"vendor": "predictive-index"}, [200, 201, 503, 503]),
    ({"operation": "create_order", "method": "POST", "path": "/mercury/*"}, [200, 503, 200, 201]),
    ({"after": 1, "times": 2}, [200, 503, 503, 201]),
    ({"on": "deliveries", "do": "drop", "status": None}, [200, 201, 200, 201]),
]


@pytest.mark.parametrize(("said", "expected"), MATCHED)
def test_fault_matches_its_selectors(sandbox: Sandbox, said: dict[str, Any], expected: list[int]) -> None:
    pymetrics = sandbox.pymetrics
    put(sandbox, {"do": "status", **said})
    statuses = [
        pymetrics.get("/mercury/configuration").status_code,
        pymetrics.post("/mercury/order", json=order_body()).status_code,
        sandbox.pi.get(PI).status_code,
        sandbox.pi.post(PI, json=PERSON).status_code,
    ]
    assert statuses == expected
    assert met(sandbox) == [statuses.count(503)]


def test_faults_match_unknown_routes_too(sandbox: Sandbox) -> None:
    assert sandbox.pi.get("/api/v1/nothing").status_code == 404
    put(sandbox, {"do": "status"})
    assert sandbox.pi.get("/api/v1/nothing").status_code == 503
    assert sandbox.pi.request("PUT", PI).status_code == 503
    assert sandbox.pi.post(PI, content=b" " * 1_048_577).status_code == 503


def test_faults_do_not_match_control_api_timers_or_other_sandboxes(sandbox: Sandbox) -> None:
    id = sandbox.pi.post(PI, json={**PERSON, "email": "grace+completes-in-10s@example.com"}).json()["assessmentId"]
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


# Clock, reset, restore and fork.


def test_timers_fire_before_a_dry_run(sandbox: Sandbox) -> None:
    sandbox.control_json("POST", "/clock", {"freeze": "2030-01-01T00:00:00Z"})
    id = sandbox.pi.post(PI, json={**PERSON, "email": "grace+completes-in-10s@example.com"}).json()["assessmentId"]
    put(sandbox, {"do": "amend", "merge": {}, "when": "before_commit"})
    sandbox.control_json("POST", "/clock", {"freeze": "2030-01-01T00:00:11Z"})
    assert sandbox.pi.get(f"{PI}/{id}").json()["assessmentState"] == 40


@pytest.mark.parametrize("path", ["/reset", "/snapshots/snapshot-1/restore", ""])
def test_delayed_call_is_abandoned_after_reset_restore_or_delete(sandbox: Sandbox, path: str) -> None:
    sandbox.control_json("POST", "/snapshots")
    caller = sandbox.pi
    put(sandbox, {"do": "delay", "duration": "PT0.5S", "times": 1})
    with connect(sandbox.url) as connection:
        connection.sendall(request(caller, "POST", PI, PERSON))
        until(lambda: met(sandbox) == [1])
        sandbox.control_json("POST" if path else "DELETE", path)
        assert received(connection) == b""
    assert held(sandbox) == 0


def test_delayed_call_is_committed_though_its_caller_left(sandbox: Sandbox) -> None:
    put(sandbox, {"do": "delay", "duration": "PT0.3S"})
    with connect(sandbox.url) as connection:
        connection.sendall(request(sandbox.pi, "POST", PI, PERSON))
        until(lambda: met(sandbox) == [1])
    until(lambda: held(sandbox) == 1)


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
    shown = put(
        sandbox,
        {"operation": "create_order", "do": "drop", "when": "after_commit", "times": 1},
        {"id": "late", "on": "deliveries", "vendor": "predictive-index", "do": "delay", "duration": "PT1H"},
        {"do": "status"},
    )
    assert shown == sandbox.control_json("GET", "/faults")
    empty = {
        "vendor": None, "operation": None, "method": None, "path": None, "invitation": None, "times": None,
        "after": 0, "probability": 1.0, "when": None, "status": None, "duration": None, "retry_after": None,
        "merge": None, "met": 0,
    }  # fmt: skip
    first = {"id": "fault-1", "on": "calls", "operation": "create_order", "do": "drop", "when": "after_commit"}
    late = {"id": "late", "on": "deliveries", "vendor": "predictive_index", "do": "delay", "duration": "PT1H"}
    last = {"id": "fault-3", "on": "calls", "do": "status", "when": "before_commit", "status": 503}
    assert shown == [{**empty, **first, "times": 1}, {**empty, **late}, {**empty, **last}]


def test_delete_and_an_empty_list_remove_all_faults(sandbox: Sandbox) -> None:
    for verb in ("DELETE", "PUT"):
        put(sandbox, {"do": "drop"})
        assert not sandbox.control_json(verb, "/faults", [] if verb == "PUT" else None)
        assert sandbox.control_json("GET", "/faults") == []
    assert outcomes(sandbox, 1) == [200]


REFUSED: list[tuple[Any, str, str]] = [
    ({"do": "drop"}, "body", "array"),
    ([1], "0", "object"),
    ([{}], "0.do", "Field required"),
    ([{"do": "explode"}], "0.do", "'status', 'delay'"),
    ([{"on": "deliveries", "do": "cut"}], "0.do", "there are duplicate, reorder, delay, drop"),
    ([{"do": "drop", "colour": "red"}], "0.colour", "is unknown; known are id, on, vendor"),
    ([{"do": "drop", "on": "alarms"}], "0.on", "'calls' or 'deliveries'"),
    ([{"do": "drop", "when": "sometimes"}], "0.when", "'before_commit' or 'after_commit'"),
    ([{"do": "drop", "id": "x" * 101}], "0.id", "100"),
    ([{"do": "drop", "id": "a"}, {"do": "drop", "id": "a"}], "1.id", "two faults"),
    ([{"do": "drop", "id": "fault-2"}, {"do": "drop"}], "1.id", "two faults"),
    ([{"do": "drop", "vendor": "acme"}], "0.vendor", "pymetrics, predictive_index"),
    ([{"do": "drop", "operation": "make"}], "0.operation", "create_order"),
    ([{"do": "drop", "operation": "create_order", "vendor": "predictive_index"}], "0.operation", "create_assessment"),
    ([{"do": "drop", "method": "post"}], "0.method", "must match pattern"),
    ([{"do": "drop", "path": "mercury/order"}], "0.path", "must match pattern"),
    ([{"do": "drop", "times": -1}], "0.times", "must be greater than or equal to 0"),
    ([{"do": "drop", "probability": 1.1}], "0.probability", "less than or equal to 1"),
    ([{"do": "status", "status": 200}], "0.status", "greater than or equal to 400"),
    ([{"do": "drop", "status": 503}], "0.status", "does not go with 'drop'"),
    ([{"do": "delay"}], "0.duration", "PT2S"),
    ([{"do": "delay", "duration": "2 s"}], "0.duration", "duration such as 24h"),
    ([{"do": "delay", "duration": "PT1H0.1S"}], "0.duration", "an hour"),
    ([{"on": "deliveries", "do": "delay", "duration": "P3651D"}], "0.duration", "ten years"),
    ([{"do": "rate_limit", "retry_after": -1}], "0.retry_after", "greater than or equal to 0"),
    ([{"do": "amend"}], "0.merge", "needs it"),
    ([{"do": "drop", "invitation": "x"}], "0.invitation", "faults of deliveries"),
    ([{"on": "deliveries", "do": "drop", "operation": "create_order"}], "0.operation", "faults of calls"),
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


def test_all_errors_are_reported_at_once(sandbox: Sandbox) -> None:
    faults = [{"do": "drop", "times": -1, "path": "x"}, {"do": "delay"}]
    document = problem(sandbox.control("PUT", "/faults", faults), 422)
    assert [error["where"] for error in document["errors"]] == ["0.path", "0.times", "1.duration"]
