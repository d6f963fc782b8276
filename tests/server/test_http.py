"""The vendor endpoints over sockets: routes, methods, headers, bodies and links."""

import base64
import gzip
import json
import re
import socket
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.server import LIMIT, ROOT, names, order, order_body, problem, send_raw
from tests.servers import Listener, Sandbox, Server, served
from tests.waiting import wait_for_requests_read

PI = "/api/v1/behavioralassessments"
INVITED = {"firstName": "Grace", "lastName": "Hopper", "email": "grace@example.com"}
VERBS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")


def refused(answer: httpx2.Response, status: int, rule: str) -> None:
    """The answer is that vendor's own refusal, and says which rule was broken."""
    assert answer.status_code == status, answer.text
    assert answer.headers["simulator-rule"] == rule
    assert answer.headers["content-type"] == "application/json"
    if answer.request.method == "HEAD":
        assert answer.content == b""
    elif rule == "pymetrics.access.key":
        assert answer.json() == {"message": "Forbidden"}
    elif rule.startswith("pymetrics."):
        assert list(answer.json()) == ["request_id", "recoverable", "message"]
        assert str(uuid.UUID(answer.json()["request_id"])) == answer.json()["request_id"]
    elif "Message" in answer.json():
        assert list(answer.json()) == ["Message"]
    else:
        assert list(answer.json()) == ["number", "context", "description", "parameterErrors"]


def seen(sandbox: Sandbox) -> Any:
    """All that a refused call might have changed."""
    return [sandbox.control_json("GET", path) for path in ("/invitations", "/mail", "/deliveries", "/config")]


def exchange(url: str, start: str, headers: dict[str, str], body: bytes = b"") -> tuple[int, dict[str, str], bytes]:
    """One request written by hand, headers as they stand; status, headers and body of the answer."""
    head = [start, *(f"{name}: {value}" for name, value in headers.items()), "Connection: close"]
    head += [f"Content-Length: {len(body)}"] if body else []
    answer = send_raw(url, ("\r\n".join(head) + "\r\n\r\n").encode("latin-1") + body)
    top, _, rest = answer.partition(b"\r\n\r\n")
    first, *lines = top.decode("latin-1").split("\r\n")
    fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return int(first.split()[1]), fields, rest


# Routes and verbs.


@pytest.mark.parametrize("slashes", ["//", "///"])
def test_pymetrics_answers_behind_more_than_one_slash_too(sandbox: Sandbox, slashes: str) -> None:
    root = f"{sandbox.url}{slashes}mercury"
    keys = {"client_id": sandbox.credential, "client_secret": "any", "grant_type": "client_credentials"}
    token = sandbox.http.post(f"{root}/oauth/token", json=keys)
    assert token.status_code == 201
    caller = sandbox.pymetrics
    assert caller.get(f"{root}/configuration").status_code == 200
    made = caller.post(f"{root}/order", json=order_body())
    assert made.status_code == 201
    id = made.json()["order"]["id"]
    assert caller.get(f"{root}/getOrder/{id}").json()["id"] == id
    assert [
        each["id"]
        for each in caller.post(f"{root}/orders", json={"job_application_id": "application-1"}).json()["orders"]
    ] == [id]


ENDPOINTS = {
    "/mercury/oauth/token": "POST",
    "/mercury/configuration": "GET",
    "/mercury/order": "POST",
    "/mercury/getOrder/x": "GET",
    "/mercury/orders": "POST",
    PI: "GET, PATCH, POST",
    f"{PI}/x": "DELETE, GET, PATCH",
    f"{PI}/x/patterns/0": "GET",
    f"{PI}/x/reports/1": "GET",
}


@pytest.mark.parametrize(("path", "allowed"), ENDPOINTS.items())
def test_an_unlisted_verb_is_refused_in_the_vendors_own_form_and_changes_nothing(
    sandbox: Sandbox, path: str, allowed: str
) -> None:
    order(sandbox)
    before, opened = seen(sandbox), names(sandbox.http)
    rule = f"{'pi' if path.startswith(PI) else 'pymetrics'}.http.verb"
    for caller in (sandbox.pymetrics, sandbox.pi):
        for verb in VERBS:
            if verb not in allowed.split(", "):
                answer = caller.request(verb, path)
                refused(answer, 405, rule)
                assert sorted(answer.headers["allow"].split(", ")) == allowed.split(", ")
    assert (seen(sandbox), names(sandbox.http)) == (before, opened)


LOST = {
    "/mercury": "pymetrics", "/mercury/": "pymetrics", "/mercury/nope": "pymetrics", "/mercury/order/": "pymetrics",
    "/mercury/getOrder": "pymetrics", "/mercury/getOrder/": "pymetrics", "/mercury/getOrder/a/b": "pymetrics",
    "/mercury/Order": "pymetrics", "/mercury//order": "pymetrics", "/mercury/order%0A": "pymetrics",
    "//mercury/nope": "pymetrics", "/api/v1": "pi", "/api/v1/": "pi", "/api/v1/nope": "pi", f"{PI}//": "pi",
    "/API/V1/Nope": "pi", f"{PI}/a//": "pi", f"{PI}/a/b": "pi", f"{PI}%0A": "pi", "/api/v2/behavioralassessments": "pi",
}  # fmt: skip


@pytest.mark.parametrize("verb", ["GET", "POST", "HEAD", "DELETE"])
@pytest.mark.parametrize(("path", "vendor"), LOST.items())
def test_an_unknown_route_is_refused_in_the_vendors_own_form(
    http: httpx2.Client, path: str, vendor: str, verb: str
) -> None:
    before = names(http)
    headers = {"x-api-key": "sim-not-to-be-opened", "api-key": "sim-not-to-be-opened"}
    answer = http.request(verb, f"{http.base_url}".rstrip("/") + path, headers=headers)
    refused(answer, 404, f"{vendor}.http.route")
    assert "allow" not in answer.headers
    assert names(http) == before


def test_a_path_that_only_begins_like_a_vendors_is_nobodys(http: httpx2.Client) -> None:
    for path in ("/mercuryx", "/api/v10/behavioralassessments", "/api", "/Mercury/order"):
        answer = http.get(path)
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"


STRANGE_IDS = ["%00", "%FF", "%0A", "..", "%2e%2e", "%2F", "a%20b", "'; DROP TABLE orders;--", "x" * 4_000, "%E2%80%AE"]


@pytest.mark.parametrize("id", STRANGE_IDS, ids=lambda id: str(id)[:20])
def test_a_strange_id_is_an_unknown_one(server: Server, sandbox: Sandbox, id: str) -> None:
    id = id.replace(" ", "%20")
    status, headers, _ = exchange(server.url, f"GET {PI}/{id} HTTP/1.1", {"Host": "x", **sandbox.pi.headers})
    assert (status, headers["simulator-rule"].split(".")[0]) == (404, "pi")
    status, headers, _ = exchange(
        server.url, f"GET /mercury/getOrder/{id} HTTP/1.1", {"Host": "x", **sandbox.pymetrics.headers}
    )
    assert status in (400, 404)
    assert headers["simulator-rule"].startswith("pymetrics.")


QUERIES = [
    "",
    "report",
    "report=",
    "report=TRUE&report=no",
    "report=%FF",
    "report=%",
    "&&&=",
    "report=true;x",
    "a=b" * 2_000,
]


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: str(query)[:20])
def test_a_strange_query_is_no_failure(sandbox: Sandbox, query: str) -> None:
    id = order(sandbox)["id"]
    answer = sandbox.pymetrics.get(f"/mercury/getOrder/{id}?{query}")
    assert answer.status_code in (200, 400)
    assert sandbox.pi.get(f"{PI}?{query}").status_code == 200


# Who is let in.

REFUSED: dict[str, tuple[str, str, dict[str, str], Any, int, str]] = {
    "pymetrics without a key": ("GET", "/mercury/configuration", {}, None, 403, "pymetrics.access.key"),
    "pymetrics with an empty key": (
        "GET", "/mercury/configuration", {"x-api-key": ""}, None, 403, "pymetrics.access.key",
    ),
    "a client without an id": (
        "POST", "/mercury/oauth/token", {}, {"client_secret": "s", "grant_type": "client_credentials"}, 400,
        "pymetrics.token.client_id.required",
    ),
    "a client that is none": (
        "POST", "/mercury/oauth/token", {},
        {"client_id": "ada", "client_secret": "s", "grant_type": "client_credentials"}, 401, "pymetrics.token.client",
    ),
    "PI without a key": ("GET", PI, {}, None, 401, "pi.access.key"),
    "PI with an empty key": ("GET", PI, {"api-key": ""}, None, 401, "pi.access.key"),
    "PI with pymetrics' header": ("GET", PI, {"x-api-key": "sim-a"}, None, 401, "pi.access.key"),
    "a PI creation without a key": ("POST", PI, {}, INVITED, 401, "pi.access.key"),
}  # fmt: skip


@pytest.mark.parametrize(("verb", "path", "headers", "body", "status", "rule"), REFUSED.values(), ids=REFUSED)
def test_whoever_shows_no_credential_is_refused_and_opens_nothing(
    http: httpx2.Client, verb: str, path: str, headers: dict[str, str], body: Any, status: int, rule: str
) -> None:
    before = names(http)
    refused(http.request(verb, path, headers=headers, json=body), status, rule)
    assert names(http) == before


@pytest.mark.parametrize(
    "credential", ["sim-", "sim-Ada", "SIM-ada", "sim-a_b", "sim-a b", f"sim-{'a' * 65}", "ada", "xsim-ada", "sim-a/b"]
)
def test_a_credential_of_another_form_opens_nothing(http: httpx2.Client, credential: str) -> None:
    before = names(http)
    refused(http.get(PI, headers={"api-key": credential}), 401, "pi.access.key")
    refused(http.get("/mercury/configuration", headers={"x-api-key": credential}), 403, "pymetrics.access.key")
    client = {"client_id": credential, "client_secret": "any", "grant_type": "client_credentials"}
    refused(http.post("/mercury/oauth/token", json=client), 401, "pymetrics.token.client")
    assert names(http) == before


def test_a_token_is_good_in_its_own_sandbox_alone(http: httpx2.Client, sandbox: Sandbox) -> None:
    other = Sandbox(http, f"{sandbox.name}-other"[:64])
    other.control_json("GET")
    headers = {"Authorization": sandbox.pymetrics.headers["Authorization"], "X-Api-Key": other.credential}
    refused(http.get("/mercury/configuration", headers=headers), 401, "pymetrics.access.token.known")
    other.control("DELETE")


def test_a_token_lapses_on_the_clock_of_its_sandbox(sandbox: Sandbox) -> None:
    sandbox.control_json("POST", "/clock", {"freeze": "2030-01-01T00:00:00Z"})
    caller = sandbox.renewed()
    sandbox.control_json("POST", "/clock", {"advance": "PT3599.9999999S"})
    assert caller.get("/mercury/configuration").status_code == 200
    sandbox.control_json("POST", "/clock", {"advance": "PT0.0000001S"})
    refused(caller.get("/mercury/configuration"), 401, "pymetrics.access.token.live")


def test_header_names_are_read_in_any_case(server: Server, sandbox: Sandbox) -> None:
    bearer = sandbox.pymetrics.headers["Authorization"]
    for change in (str.lower, str.upper, str.title, str.swapcase):
        headers = {change("Host"): "x", change("X-Api-Key"): sandbox.credential, change("Authorization"): bearer}
        assert exchange(server.url, "GET /mercury/configuration HTTP/1.1", headers)[0] == 200
        headers = {change("Host"): "x", change("Api-Key"): sandbox.credential}
        assert exchange(server.url, f"GET {PI} HTTP/1.1", headers)[0] == 200


def test_the_scheme_of_a_token_is_read_in_any_case(sandbox: Sandbox) -> None:
    token = sandbox.pymetrics.headers["Authorization"].removeprefix("Bearer ")
    for scheme in ("bearer", "BEARER", "Bearer"):
        assert sandbox.pymetrics.get(
            "/mercury/configuration", headers={"Authorization": f"{scheme} {token}"}
        ).is_success


# What every refusal carries.

BROKEN: dict[str, tuple[str, str, str, Any]] = {
    "an order without anything": ("pymetrics", "POST", "/mercury/order", {}),
    "an order of an unknown assessment": (
        "pymetrics",
        "POST",
        "/mercury/order",
        {**order_body(), "assessment_id": "no"},
    ),
    "an unknown order": ("pymetrics", "GET", "/mercury/getOrder/2f1d9e0a-5c7b-4b7e-9a61-7c0f4b8e1d22", None),
    "a list of nothing": ("pymetrics", "POST", "/mercury/orders", {}),
    "an invitation without anything": ("pi", "POST", PI, {}),
    "an invitation that is a list": ("pi", "POST", PI, []),
    "an expiration that is past": ("pi", "POST", PI, {**INVITED, "expirationDateTime": "2001-01-01"}),
    "an unknown assessment": ("pi", "GET", f"{PI}/no", None),
}


@pytest.mark.parametrize(("vendor", "verb", "path", "body"), BROKEN.values(), ids=BROKEN)
def test_a_refused_call_names_rules_of_the_catalogue_and_changes_nothing(
    sandbox: Sandbox, vendor: str, verb: str, path: str, body: Any
) -> None:
    before = seen(sandbox)
    caller = sandbox.pi if vendor == "pi" else sandbox.pymetrics
    answer = caller.request(verb, path, json=body)
    assert 400 <= answer.status_code < 500
    catalogue = {rule["id"]: rule for rule in sandbox.http.get("/_simulator/rules").json()}
    rules = answer.headers["simulator-rule"].split(", ")
    assert {catalogue[rule]["status"] for rule in rules} == {answer.status_code}
    assert all(rule.startswith(f"{vendor}.") for rule in rules)
    assert seen(sandbox) == before


def test_a_call_that_breaks_several_rules_names_them_all(sandbox: Sandbox) -> None:
    rules = sandbox.pi.post(PI, json={}).headers["simulator-rule"].split(", ")
    assert len(rules) == len(set(rules)) >= 3


# CORS; which pages are allowed is in test_origin.py.


@pytest.mark.parametrize("path", [*ENDPOINTS, "/mercury/nope", "//mercury/order"])
def test_a_preflight_is_answered_before_anybody_is_asked_for_a_key(http: httpx2.Client, path: str) -> None:
    before = names(http)
    asks = {
        "origin": "http://localhost:3000", "access-control-request-method": "POST",
        "access-control-request-headers": "api-key,content-type",
    }  # fmt: skip
    answer = http.options(f"{http.base_url}".rstrip("/") + path, headers=asks)
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["access-control-allow-origin"] == "http://localhost:3000"
    assert {"GET", "POST"} <= set(answer.headers["access-control-allow-methods"].split(", "))
    assert "simulator-rule" not in answer.headers
    assert names(http) == before


@pytest.mark.parametrize("path", ["/mercury/order", PI])
def test_an_options_call_that_is_no_preflight_is_a_verb_like_others(http: httpx2.Client, path: str) -> None:
    answer = http.options(path, headers={"origin": "http://localhost:3000"})
    refused(answer, 405, f"{'pi' if path == PI else 'pymetrics'}.http.verb")


def test_every_answer_to_a_page_may_be_read_by_it(sandbox: Sandbox) -> None:
    origin = {"origin": "http://localhost:3000"}
    answers = [
        sandbox.pymetrics.get("/mercury/configuration", headers=origin),
        sandbox.pymetrics.post("/mercury/order", json=order_body(), headers=origin),
        sandbox.pymetrics.post("/mercury/order", json={}, headers=origin),
        sandbox.pymetrics.post("/mercury/order", content=b" " * (LIMIT + 1), headers=origin),
        sandbox.http.get("/mercury/configuration", headers=origin),
        sandbox.http.get("/mercury/nope", headers=origin),
        sandbox.http.put("/mercury/order", headers=origin),
        sandbox.pi.get(PI, headers=origin),
        sandbox.http.get(PI, headers=origin),
    ]
    assert [answer.status_code for answer in answers] == [200, 201, 400, 413, 403, 404, 405, 200, 401]
    for answer in answers:
        assert answer.headers["access-control-allow-origin"] == origin["origin"]
        assert "simulator-rule" in answer.headers["access-control-expose-headers"].lower().split(", ")


def test_an_answer_to_nobodys_page_says_nothing_of_pages(sandbox: Sandbox) -> None:
    answer = sandbox.pi.get(PI)
    assert [name for name in answer.headers if name.startswith("access-control")] == []


# Sizes.


def lengthened(body: dict[str, Any], size: int) -> bytes:
    """The body as JSON text of so many bytes."""
    text = json.dumps(body).encode()
    return text + b" " * (size - len(text))


def chunks(body: bytes) -> Iterator[bytes]:
    """A body that is sent in chunks, its length unsaid."""
    for at in range(0, len(body), 65_536):
        yield body[at : at + 65_536]


@pytest.mark.parametrize("chunked", [False, True], ids=["with its length", "in chunks"])
@pytest.mark.parametrize(
    ("vendor", "path", "body"), [("pymetrics", "/mercury/order", order_body()), ("pi", PI, INVITED)]
)
def test_a_body_over_one_mebibyte_is_refused_and_one_of_it_is_read(
    sandbox: Sandbox, vendor: str, path: str, body: Any, chunked: bool
) -> None:
    caller = sandbox.pi if vendor == "pi" else sandbox.pymetrics
    before = seen(sandbox)
    for size, expected in ((LIMIT + 1, 413), (2 * LIMIT, 413), (LIMIT, 201)):
        text = lengthened(body, size)
        headers = {"content-type": "application/json"}
        answer = caller.post(path, content=chunks(text) if chunked else text, headers=headers)
        if expected == 413:
            refused(answer, 413, f"{vendor}.http.size")
            assert seen(sandbox) == before
        else:
            assert answer.status_code == 201


def test_a_connection_goes_on_after_a_body_that_was_too_large(server: Server, sandbox: Sandbox) -> None:
    key = f"Host: x\r\napi-key: {sandbox.credential}\r\n"
    first = f"POST {PI} HTTP/1.1\r\n{key}Content-Length: {LIMIT + 1}\r\n\r\n".encode() + b" " * (LIMIT + 1)
    second = f"GET {PI} HTTP/1.1\r\n{key}Connection: close\r\n\r\n".encode()
    answer = send_raw(server.url, first + second)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert answer.count(b"HTTP/1.1 200 OK") == 1 or b"connection: close" in answer.lower()


def test_calls_on_one_connection_are_answered_in_their_order(server: Server, sandbox: Sandbox) -> None:
    key = f"Host: x\r\napi-key: {sandbox.credential}\r\n"
    calls = [f"{start} HTTP/1.1\r\n{key}" for start in (f"GET {PI}", f"PUT {PI}", f"GET {PI}/x")]
    text = "\r\n".join(calls) + "Connection: close\r\n\r\n"
    statuses = re.findall(rb"HTTP/1\.1 (\d+) ", send_raw(server.url, text.encode()))
    assert statuses == [b"200", b"405", b"404"]


def test_who_waits_for_leave_to_send_a_body_is_given_it(server: Server, sandbox: Sandbox) -> None:
    body = json.dumps(INVITED).encode()
    head = (
        f"POST {PI} HTTP/1.1\r\nHost: x\r\napi-key: {sandbox.credential}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
    )
    parts = urlsplit(server.url)
    with socket.create_connection((parts.hostname, parts.port), 5) as connection:
        connection.sendall(head.encode())
        assert connection.recv(1_024).startswith(b"HTTP/1.1 100")
        connection.sendall(body)
        assert connection.recv(65_536).startswith(b"HTTP/1.1 201")


@pytest.mark.parametrize(
    "rest",
    [b"Content-Length: 500\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n"],
    ids=["before the body", "before the last chunk"],
)
def test_a_call_that_breaks_off_does_nothing(server: Server, sandbox: Sandbox, rest: bytes) -> None:
    before = seen(sandbox), names(sandbox.http)
    for caller, path, body in ((sandbox.pymetrics, "/mercury/order", order_body()), (sandbox.pi, PI, INVITED)):
        text = json.dumps(body).encode()
        headers = "".join(f"{name}: {value}\r\n" for name, value in caller.headers.items())
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{headers}".encode()
        end = rest % (len(text), text) if b"%" in rest else rest + text
        send_raw(server.url, head + end, answered=False)
    wait_for_requests_read(server.url)
    assert before == (seen(sandbox), names(sandbox.http))


# Bodies.

NO_JSON = {
    "nothing": b"",
    "half of one": b'{"firstName": ',
    "no UTF-8": b'{"firstName": "\xff"}',
    "half a surrogate pair": b'{"firstName": "\\ud800"}',
    "half a surrogate pair beside a long number": b'{"firstName": "\\ud800", "x": 12345678901234567890}',
    "NaN": b'{"firstName": NaN}',
    "NaN beside a long number": b'{"firstName": NaN, "x": 12345678901234567890}',
    "a number too great": b'{"firstName": 1e999}',
    "nesting": b"[" * 5_000 + b"]" * 5_000,
    "some nesting": b"[" * 100 + b"]" * 100,
    "nesting around a long number": b"[" * 1_000 + b"12345678901234567890" + b"]" * 1_000,
    "digits": b"9" * 5_000,
    "a byte order mark": b"\xef\xbb\xbf{}",
    "a null byte at the end": b"{}\x00",
    "two values": b"{}{}",
}  # fmt: skip


@pytest.mark.parametrize("content", NO_JSON.values(), ids=NO_JSON)
@pytest.mark.parametrize(
    ("vendor", "path"), [("pymetrics", "/mercury/order"), ("pymetrics", "/mercury/orders"), ("pi", PI)]
)
def test_a_body_that_is_no_json_is_refused_and_changes_nothing(
    sandbox: Sandbox, vendor: str, path: str, content: bytes
) -> None:
    before = seen(sandbox)
    caller = sandbox.pi if vendor == "pi" else sandbox.pymetrics
    answer = caller.post(path, content=content, headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert answer.headers["simulator-rule"].startswith(f"{vendor}.")
    assert seen(sandbox) == before


@pytest.mark.parametrize("content", NO_JSON.values(), ids=NO_JSON)
def test_a_token_call_that_is_no_json_is_refused(http: httpx2.Client, content: bytes) -> None:
    answer = http.post("/mercury/oauth/token", content=content, headers={"content-type": "application/json"})
    assert answer.status_code in (400, 401)
    assert answer.headers["simulator-rule"].startswith("pymetrics.token.")


ENCODED = {
    "UTF-16, a mark before it": (json.dumps(INVITED).encode("utf-16"), "UTF-16"),
    "UTF-16, little end first": (json.dumps(INVITED).encode("utf-16-le"), "UTF-16"),
    "UTF-16, big end first": (json.dumps(INVITED).encode("utf-16-be"), "UTF-16"),
    "UTF-32": (json.dumps(INVITED).encode("utf-32"), "UTF-32"),
    "UTF-32, big end first": (json.dumps(INVITED).encode("utf-32-be"), "UTF-32"),
    "Latin-1": ('{"firstName": "J\xfcrgen"}'.encode("latin-1"), "byte 0xfc at position 16); it may be Latin-1"),
    "Windows-1252": (b'{"firstName": "\x80"}', "Windows-1252"),
    "a part of UTF-8": (b'{"firstName": "\xc3', "not UTF-8"),
}


@pytest.mark.parametrize(("content", "cause"), ENCODED.values(), ids=ENCODED)
@pytest.mark.parametrize("media_type", ["application/json", "application/json; charset=utf-8"])
def test_a_hint_names_the_encoding_of_a_body_that_is_not_utf_8(
    sandbox: Sandbox, content: bytes, cause: str, media_type: str
) -> None:
    id = sandbox.pi.post(PI, json=INVITED).json()["assessmentId"]
    calls = [(sandbox.pymetrics, "POST", path) for path in ("/mercury/order", "/mercury/v2/orders", "/mercury/orders")]
    calls += [(sandbox.pi, "POST", PI), (sandbox.pi, "PATCH", f"{PI}/{id}")]
    calls += [(sandbox.pymetrics, "POST", "/mercury/oauth/token")]
    for caller, verb, path in calls:
        answer = caller.request(verb, path, content=content, headers={"content-type": media_type})
        assert answer.status_code == 400
        assert cause in answer.headers["simulator-hint"]
        assert "encode the body as UTF-8" in answer.headers["simulator-hint"]
    answer = sandbox.http.patch(f"{ROOT}/{sandbox.name}/config", content=content)
    assert answer.status_code == 400
    assert cause in answer.json()["detail"]


@pytest.mark.parametrize("content", [b"{", b"", b'{"a": "\xc3\xbc", }'])
def test_a_body_whose_encoding_is_right_gets_no_such_hint(sandbox: Sandbox, content: bytes) -> None:
    for caller, path in ((sandbox.pymetrics, "/mercury/order"), (sandbox.pi, PI)):
        answer = caller.post(path, content=content, headers={"content-type": "application/json"})
        assert answer.status_code == 400
        assert "simulator-hint" not in answer.headers


@pytest.mark.parametrize("coding", ["gzip", "br", "GZIP", "deflate, gzip", "identity, gzip", "x-own"])
def test_a_body_with_a_content_coding_is_refused_and_changes_nothing(sandbox: Sandbox, coding: str) -> None:
    before, headers = seen(sandbox), {"content-encoding": coding, "content-type": "application/json"}
    for content in (gzip.compress(json.dumps(INVITED).encode()), json.dumps(INVITED).encode(), b""):
        for vendor, caller, path in (
            ("pymetrics", sandbox.pymetrics, "/mercury/order"), ("pymetrics", sandbox.http, "/mercury/oauth/token"),
            ("pi", sandbox.pi, PI),
        ):  # fmt: skip
            answer = caller.post(path, content=content, headers=headers)
            refused(answer, 415, f"{vendor}.http.encoding")
            assert "Content-Encoding" in answer.headers["simulator-hint"]
        answer = sandbox.http.patch(f"{ROOT}/{sandbox.name}/config", content=content, headers=headers)
        problem(answer, 415, "Content-Encoding", "without compression")
        assert answer.headers["accept-encoding"] == "identity"
    assert seen(sandbox) == before


def test_the_coding_identity_is_none(sandbox: Sandbox) -> None:
    for coding in ("identity", "Identity", ""):
        headers = {"content-encoding": coding}
        assert sandbox.pi.post(PI, json=INVITED, headers=headers).status_code == 201
        assert sandbox.http.patch(f"{ROOT}/{sandbox.name}/config", json={}, headers=headers).status_code == 200


BASIC = {"Authorization": f"Basic {base64.b64encode(b'sim-basic:any').decode()}"}


@pytest.mark.parametrize("path", ["/mercury/oauth/token", "/mercury/v2/oauth/token"])
@pytest.mark.parametrize("headers", [BASIC, {"authorization": "basic !"}, {"authorization": "BASIC"}])
@pytest.mark.parametrize(
    "body",
    [{"data": {"grant_type": "client_credentials"}}, {"json": {"grant_type": "client_credentials"}},
     {"content": b"{"}, {}, {"json": {"client_id": "no", "client_secret": "no", "grant_type": "client_credentials"}}],
    ids=["a form", "JSON", "no JSON", "nothing", "unknown"],
)  # fmt: skip
def test_a_hint_says_that_basic_credentials_are_not_read(
    http: httpx2.Client, path: str, headers: dict[str, str], body: dict[str, Any]
) -> None:
    answer = http.post(path, headers=headers, **body)
    assert answer.status_code in (400, 401)
    assert answer.headers["simulator-hint"].count("client_secret_basic") == 1
    assert "client_secret_post" in answer.headers["simulator-hint"]
    assert "simulator-hint" not in http.post(path, **body).headers


METADATA: dict[str, Any] = {
    "the first beyond 63 bits": 2**63,
    "the last of 64 bits": 2**64 - 1,
    "the first beyond 64 bits": 2**64,
    "the first below": -(2**63) - 1,
    "a hundred digits": 10**99 + 7,
    "a long number in a list": [12345678901234567890123, {"x": -98765432109876543210}],
    "a long number in a text": "12345678901234567890",
    "a fraction": 0.1,
    "a great fraction": 1.5e300,
    "many digits": 3.141592653589793,
    "beyond the first plane": "😀\U0010ffff",
    "characters that JSON escapes": "\0\x1f\"\\\x7f\u2028\u2029",
    "markup": "</script><!-- & ' \" -->",
    "what looks like a place of ours": "http://base.simulator.invalid/ sealed-by.simulator.invalid",
    "empty things": [{}, [], "", None, False],
    "a name that is empty": {"": 1},
    "nesting": [[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]],
}  # fmt: skip


@pytest.mark.parametrize("value", METADATA.values(), ids=METADATA)
def test_metadata_comes_back_as_it_was_sent(sandbox: Sandbox, listener: Listener, value: Any) -> None:
    sandbox.control_json("PATCH", "/config", {"webhook_url": listener.url})
    metadata = {"value": value}
    made = sandbox.pymetrics.post("/mercury/order", content=json.dumps(order_body(metadata=metadata)))
    assert made.status_code == 201, made.text
    id = json.loads(made.content)["order"]["id"]
    sandbox.control_json("POST", f"/invitations/{id}/start")
    told = listener.wait_for(1)[0].json["data"]
    listed = sandbox.pymetrics.post("/mercury/orders", json={"job_application_id": "application-1"})
    got = sandbox.pymetrics.get(f"/mercury/getOrder/{id}")
    again = sandbox.pymetrics.post("/mercury/order", content=json.dumps(order_body(metadata=metadata)))
    answers = [json.loads(answer.content) for answer in (made, got, listed, again)]
    shown = [answers[0]["order"], answers[1], answers[2]["orders"][0], answers[3]["order"], told]
    assert [each["metadata"] for each in shown] == [metadata] * 5
    assert [type(each["metadata"]["value"]) for each in shown] == [type(value)] * 5


def test_of_a_member_that_stands_twice_the_last_counts(sandbox: Sandbox) -> None:
    text = json.dumps(INVITED)[:-1] + ', "firstName": "Last"}'
    made = sandbox.pi.post(PI, content=text, headers={"content-type": "application/json"})
    assert made.json()["firstName"] == "Last"


@pytest.mark.parametrize("vendor", ["pymetrics", "pi"])
@pytest.mark.parametrize(
    "name", ["nickName", "a\r\nSet-Cookie: x=y", "naïve", "\0", "😀", "", "x" * 300, "a; b, c", "\u202e"], ids=ascii
)
def test_an_unknown_member_is_accepted_and_noted(sandbox: Sandbox, vendor: str, name: str) -> None:
    body = INVITED if vendor == "pi" else order_body()
    caller = sandbox.pi if vendor == "pi" else sandbox.pymetrics
    path = PI if vendor == "pi" else "/mercury/order"
    other = "externalPersonId" if vendor == "pi" else "application_id"
    plain, noted = caller.post(path, json={**body, other: "1"}), caller.post(path, json={**body, name: 1})
    assert (plain.status_code, noted.status_code) == (201, 201)
    assert "simulator-note" not in plain.headers
    note = noted.headers["simulator-note"]
    assert note.isascii()
    assert note.isprintable()
    assert len(note) < 1_000
    assert "set-cookie" not in noted.headers
    assert "simulator-rule" not in noted.headers
    if name == "nickName":
        assert "nickName" in note


# Links.

HOSTS = [
    "sim.internal:8787",
    "LOCALHOST:1",
    "[::1]:99",
    "[2001:db8::1]",
    "10.0.0.1",
    "host.docker.internal:8787",
    "a_b",
]
HOSTILE = [
    'evil"/><', "evil<script>", "a b", "ada@evil", "evil/path", "evil?x", "evil#x", "evil\\x", "[::1", "::1",
    "[javascript:1]", "evil:port", "evil:123456", "evil:", ":80", "", "evil,good", "evil;x", "evil%0d", "ev\xefl",
    "\xc3\xa9vil", "{evil}", "a" * 254, "[" + "1" * 46 + "]", "http://evil", "evil'",
]  # fmt: skip


def links(text: str) -> list[str]:
    """Every address in a JSON text but the caller's own."""
    found = [part.split('"')[0] for part in text.split('"') if part.startswith(("http://", "https://"))]
    return [link for link in found if not link.startswith("http://hook.example")]


def raised(url: str, sandbox: Sandbox, host: str, more: dict[str, str] | None = None) -> list[str]:
    """The links in answers of both vendors and of the control API to a caller who says that host."""
    application = uuid.uuid4().hex
    body = json.dumps({**INVITED, "externalPersonId": application}).encode()
    head = {"Host": host, "Content-Type": "application/json", **(more or {})}
    texts = []
    for start, headers, content in (
        ("POST /mercury/order", sandbox.pymetrics.headers, json.dumps(order_body(application)).encode()),
        (f"POST {PI}", sandbox.pi.headers, body),
        (f"GET {ROOT}/{sandbox.name}/invitations", {}, b""),
    ):
        status, _, text = exchange(url, f"{start} HTTP/1.1", {**head, **headers}, content)
        assert status in (200, 201), text
        texts.append(text.decode())
    found = [links(text) for text in texts]
    assert all(found)
    return [link for each in found for link in each]


@pytest.mark.parametrize("host", HOSTS)
def test_links_begin_with_the_address_that_the_caller_used(server: Server, sandbox: Sandbox, host: str) -> None:
    assert [link for link in raised(server.url, sandbox, host) if not link.startswith(f"http://{host}/")] == []


@pytest.fixture(scope="module")
def any_host() -> Iterator[str]:
    """The address of a server in open access that answers whatever the header Host says."""
    with served("--allowed-hosts", "*") as url:
        yield url


@pytest.mark.parametrize("host", HOSTILE)
def test_links_fall_back_to_where_the_server_listens_when_the_host_is_none(any_host: str, host: str) -> None:
    with httpx2.Client(base_url=any_host, trust_env=False) as http:
        found = raised(any_host, Sandbox(http, "ada"), host)
    assert [link for link in found if not link.startswith(f"{any_host}/")] == []


FORWARDED = {
    "X-Forwarded-Proto": "wss", "X-Forwarded-Host": "evil", "Forwarded": "host=evil;proto=https",
    "X-Forwarded-Port": "1", "X-Forwarded-For": "10.9.8.7",
}  # fmt: skip


@pytest.mark.parametrize("name", FORWARDED)
def test_links_heed_nothing_that_a_proxy_may_say(server: Server, sandbox: Sandbox, name: str) -> None:
    found = raised(server.url, sandbox, "sim.internal", {name: FORWARDED[name]})
    assert [link for link in found if not link.startswith("http://sim.internal/")] == []


def test_a_call_without_a_host_is_answered(server: Server, sandbox: Sandbox) -> None:
    status, _, text = exchange(server.url, f"GET {PI} HTTP/1.0", dict(sandbox.pi.headers))
    assert (status, text) == (200, b"[]")


def test_a_link_in_a_webhook_is_the_one_that_the_caller_was_given(sandbox: Sandbox, listener: Listener) -> None:
    sandbox.control_json("PATCH", "/config", {"webhook_url": listener.url})
    made = sandbox.pymetrics.post(
        "/mercury/order", json=order_body(email="a+completes@example.com"), headers={"host": "sim.internal:1"}
    )
    (*_, last) = listener.wait_for(1)
    assert last.json["data"]["invite_link"] == made.json()["order"]["invite_link"]
    assert last.json["data"]["invite_link"].startswith("http://sim.internal:1/")


@pytest.mark.parametrize("public", ["https://sim.example", "https://sim.example/", "http://10.0.0.1:99/behind/a/path/"])
def test_links_begin_with_the_public_url_where_there_is_one(public: str) -> None:
    with served("--public-url", public) as url, httpx2.Client(base_url=url, trust_env=False) as http:
        sandbox = Sandbox(http, "ada")
        for host in ("evil", "[::1]"):
            found = raised(url, sandbox, host)
            assert [link for link in found if not link.startswith(f"{public.rstrip('/')}/")] == []


# Dates.


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2030-01-01T00:00:00Z", "Tue, 01 Jan 2030 00:00:00 GMT"),
        ("1970-01-01T00:00:00Z", "Thu, 01 Jan 1970 00:00:00 GMT"),
        ("2024-02-29T23:59:59.9999999Z", "Thu, 29 Feb 2024 23:59:59 GMT"),
        ("1066-10-14T12:00:00Z", "Sun, 14 Oct 1066 12:00:00 GMT"),
        ("9997-12-31T00:00:00Z", "Wed, 31 Dec 9997 00:00:00 GMT"),
    ],
)
def test_the_date_of_an_answer_is_that_of_the_sandboxs_clock(sandbox: Sandbox, moment: str, expected: str) -> None:
    sandbox.control_json("POST", "/clock", {"freeze": moment})
    for answer in (
        sandbox.renewed().get("/mercury/configuration"), sandbox.pi.get(PI), sandbox.pi.get(f"{PI}/x"),
        sandbox.pi.post(PI, json={}), sandbox.renewed().post("/mercury/order", json={}),
    ):  # fmt: skip
        assert answer.headers["date"] == expected


def test_every_answer_has_one_date_and_one_length(server: Server, sandbox: Sandbox) -> None:
    for path, caller in (
        ("/mercury/configuration", sandbox.pymetrics),
        (PI, sandbox.pi),
        ("/mercury/nope", sandbox.pi),
    ):
        answer = caller.get(path)
        assert len(answer.headers.get_list("date")) == 1
        assert answer.headers.get_list("content-length") == [str(len(answer.content))]
        assert "server" not in answer.headers


# The same calls give the same bytes.


def test_equal_sandboxes_give_equal_bytes(http: httpx2.Client, listener: Listener) -> None:
    name = f"twin-{uuid.uuid4()}"

    def play() -> list[Any]:
        http.post(ROOT, json={"name": name, "seed": "twin", "config": {"webhook_url": f"{listener.url}/p"}})
        sandbox = Sandbox(http, name)
        sandbox.control_json("POST", "/clock", {"freeze": "2030-01-01T00:00:00Z"})
        told = len(listener.received)
        said = [sandbox.renewed().get("/mercury/configuration")]
        said += [sandbox.pymetrics.post("/mercury/order", json=order_body(send_email=True)) for _ in range(2)]
        said.append(sandbox.pymetrics.post("/mercury/order", json={}))
        said.append(sandbox.pi.post(PI, json={**INVITED, "assessmentStatusWebHook": f"{listener.url}/i"}))
        said.append(sandbox.pi.post(PI, json={}))
        ids = [found["id"] for found in sandbox.control_json("GET", "/invitations")]
        said += [sandbox.control("POST", f"/invitations/{id}/complete") for id in ids]
        sandbox.control_json("POST", "/clock", {"until_idle": True})
        said += [sandbox.pymetrics.get(f"/mercury/getOrder/{ids[0]}?report=true"), sandbox.pi.get(PI)]
        said += [sandbox.control("GET", path) for path in ("", "/mail", "/clock", "/invitations")]
        sandbox.control_json("POST", "/clock", {"until_idle": True})
        hooks = sorted(
            (each.path, each.body, each.headers.get("webhook-signature", "")) for each in listener.received[told:]
        )
        sandbox.control("DELETE")
        return [(answer.status_code, answer.content, answer.headers.get("date")) for answer in said] + [hooks]

    assert play() == play()


# The page at the root.


def test_the_page_at_the_root_says_where_to_knock_and_trusts_no_host(any_host: str) -> None:
    status, headers, text = exchange(any_host, "GET / HTTP/1.1", {"Host": "evil<script>"})
    assert status == 200
    assert headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in headers["content-security-policy"]
    assert b"/_simulator" in text
    assert b"evil" not in text
    assert f"{any_host}/mercury".encode() in text


@pytest.mark.parametrize("verb", ["POST", "PUT", "DELETE"])
def test_the_page_at_the_root_is_only_read(http: httpx2.Client, verb: str) -> None:
    answer = http.request(verb, "/")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS")


@pytest.mark.parametrize(
    "text", [b"GARBAGE\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x00\xa5", b"GET /\xff HTTP/1.1\r\n\r\n"]
)
def test_what_is_no_http_is_refused_and_harms_nothing(server: Server, http: httpx2.Client, text: bytes) -> None:
    parts = urlsplit(server.url)
    with socket.create_connection((parts.hostname, parts.port), 5) as connection:
        connection.sendall(text)
        connection.shutdown(socket.SHUT_WR)
        got = b""
        while chunk := connection.recv(65_536):
            got += chunk
        assert got == b"" or got.startswith(b"HTTP/1.1 ")
    assert http.get("/_simulator/health").status_code == 200
