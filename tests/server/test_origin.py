"""Cross-origin requests: which pages may read responses (CORS) and change data. Programs send no Origin and may."""

import secrets
from collections.abc import Mapping
from typing import Any

import httpx2
import pytest

from assessment_simulator.http.cross_origin import MOST_LOGGED, CrossOriginPolicy
from tests.server import LIMIT, ROOT, names, problem, send_raw
from tests.servers import CONTROL, CONTROL_TOKEN, Sandbox, Server, sandbox_at, served

Sent = Mapping[str, str]
PI = "/api/v1/behavioralassessments"


def encoded(sent: Sent) -> dict[bytes, bytes]:
    return {name.encode(): value.encode("latin-1") for name, value in sent.items()}


LOOPBACK = [
    "http://localhost", "http://localhost:3000", "https://localhost:5173", "HTTP://LOCALHOST:1", "http://localhost.:1",
    "http://app.localhost:3000", "http://a.b.localhost", "http://127.0.0.1:3000", "http://127.9.9.9", "http://[::1]:80",
    "http://[::ffff:7f00:1]:3", "capacitor://localhost", "ionic://localhost", "tauri://localhost",
    "https://tauri.localhost", "app://localhost:1",
]  # fmt: skip
ELSEWHERE = [
    "http://evil.example", "https://app.example", "http://localhost.evil.example", "http://127.0.0.1.evil.example",
    "http://evillocalhost", "http://128.0.0.1", "http://10.0.0.1:3000", "http://0.0.0.0:3000", "http://127.1:3000",
    "http://0x7f.1", "chrome-extension://abcdefgh", "null", "NULL", "", "http://", "file://", "file:///tmp/a.html",
    "localhost", "localhost:3000", "//localhost", "http://localhost@evil.example", "http://evil.example@localhost",
    "http://localhost/path", "http://localhost?x", "http://localhost:x", "http://localhost http://evil.example",
    "http://localhost, http://evil.example", "http://sim.evil.example", "http://evil-sim", "*",
]  # fmt: skip


@pytest.mark.parametrize("origin", LOOPBACK)
def test_loopback_origin_is_allowed_in_open_access_only(origin: str) -> None:
    sent = encoded({"origin": origin, "host": "sim:8787", "sec-fetch-site": "cross-site"})
    assert (CrossOriginPolicy().is_allowed(sent), CrossOriginPolicy().is_cross_site(sent)) == (True, False)
    closed = CrossOriginPolicy(open_access=False)
    assert (closed.is_allowed(sent), closed.is_cross_site(sent)) == (False, True)


@pytest.mark.parametrize("origin", ELSEWHERE)
def test_foreign_origin_is_not_allowed(origin: str) -> None:
    for site in ({}, {"sec-fetch-site": "cross-site"}):
        sent = encoded({"origin": origin, "host": "sim:8787", **site})
        for origins in (
            CrossOriginPolicy(),
            CrossOriginPolicy(open_access=False),
            CrossOriginPolicy(("https://other.example",)),
        ):
            assert (origins.is_allowed(sent), origins.is_cross_site(sent)) == (False, True)


SAME_NAME = [
    ("http://sim:3000", "sim:8787", None, True), ("https://SIM", "sim:8787", None, True),
    ("http://sim.internal.", "sim.internal:1", None, True), ("http://10.0.0.1:3", "10.0.0.1", None, True),
    ("http://[0:0::1:1]:3", "[::1:1]:4", None, True), ("http://other:3000", "sim:8787", None, False),
    ("http://a.sim", "sim:8787", None, False), ("http://sim.evil.example", "sim", None, False),
    ("https://sim.example:3000", "10.0.0.9:8787", "https://sim.example/there", True),
    ("https://evil.example", "10.0.0.9:8787", "https://sim.example", False), ("http://sim:1", "", None, False),
]  # fmt: skip


@pytest.mark.parametrize(("origin", "host", "public", "allowed"), SAME_NAME)
def test_origin_on_the_requested_host_is_allowed(origin: str, host: str, public: str | None, allowed: bool) -> None:
    sent = encoded({"origin": origin, "host": host})
    origins = CrossOriginPolicy((), public)
    assert (origins.is_allowed(sent), origins.is_cross_site(sent)) == (allowed, not allowed)


LISTED = [
    ("https://app.example", "https://app.example", True), ("https://app.example", "https://APP.example.:443", True),
    ("https://app.example:443/", "https://app.example", True), ("https://app.example", "http://app.example", False),
    ("https://app.example", "https://app.example:8443", False), ("https://app.example", "https://a.app.example", False),
    ("http://app.example:3000", "http://app.example:3000", True), ("*", "https://any.example", True),
    ("*", "null", False), ("null", "null", False), ("https://b\xfccher.example", "https://xn--bcher-kva.example", True),
    ("chrome-extension://abcdef", "chrome-extension://abcdef", True), ("http://[::2]:1", "http://[0::2]:1", True),
]  # fmt: skip


@pytest.mark.parametrize("open_access", [True, False])
@pytest.mark.parametrize(("listed", "origin", "allowed"), LISTED)
def test_listed_origins_are_allowed_in_both_kinds_of_access(
    listed: str, origin: str, allowed: bool, open_access: bool
) -> None:
    sent = encoded({"origin": origin, "host": "sim:8787", "sec-fetch-site": "cross-site"})
    origins = CrossOriginPolicy((listed,), open_access=open_access)
    assert (origins.is_allowed(sent), origins.is_cross_site(sent)) == (allowed, not allowed)


OWN: list[tuple[Sent, str | None, bool]] = [
    ({}, None, False),
    ({"host": "127.0.0.1:8787"}, None, False),
    ({"sec-fetch-site": "same-origin"}, None, False),
    ({"sec-fetch-site": "none"}, None, False),
    ({"sec-fetch-site": "cross-site"}, None, True),
    ({"sec-fetch-site": "same-site"}, None, True),
    ({"sec-fetch-site": ""}, None, True),
    ({"sec-fetch-site": "same-origin", "origin": "null"}, None, False),
    ({"origin": "http://sim:1", "host": "sim:1"}, None, False),
    ({"origin": "https://SIM:1", "host": "sim:1"}, None, False),
    ({"origin": "https://sim", "host": "sim:443"}, None, False),
    ({"origin": "http://sim:2", "host": "sim:1"}, None, True),
    ({"origin": "http://sim", "host": "sim:1"}, None, True),
    ({"origin": "http://sim:1.evil.example", "host": "sim:1"}, None, True),
    ({"origin": "http://sim:1"}, None, True),
    ({"origin": "app://sim:1", "host": "sim:1"}, None, True),
    ({"origin": "https://sim.example", "host": "10.0.0.1:8787"}, "https://sim.example/there", False),
    ({"origin": "http://10.0.0.1:8787", "host": "10.0.0.1:8787"}, "https://sim.example", False),
    ({"origin": "https://evil.example", "host": "10.0.0.1:8787"}, "https://sim.example", True),
]


@pytest.mark.parametrize(("sent", "public", "foreign"), OWN)
def test_closed_access_allows_only_the_servers_own_pages(sent: Sent, public: str | None, foreign: bool) -> None:
    origins = CrossOriginPolicy((), public, open_access=False)
    assert origins.is_cross_site(encoded(sent)) is foreign
    assert origins.response_headers(encoded(sent)) == []


# Over HTTP.

CROSS_SITE = [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "http://evil.example"},
           {"Origin": "null"}, {"Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"}]  # fmt: skip


@pytest.mark.parametrize("headers", CROSS_SITE)
@pytest.mark.parametrize(
    ("verb", "path"), [("DELETE", ""), ("POST", "/reset"), ("PATCH", "/config"), ("PUT", "/faults"), ("POST", "/no")]
)
def test_foreign_page_cannot_change_anything_through_the_control_api(
    sandbox: Sandbox, headers: Sent, verb: str, path: str
) -> None:
    sandbox.control_json("PATCH", "/config", {"rate_limit": 7})
    answer = sandbox.http.request(verb, f"{ROOT}/{sandbox.name}{path}", headers=headers, content=b"{}")
    problem(answer, 403, "another site", "Sec-Fetch-Site", "neither header")
    assert "access-control-allow-origin" not in answer.headers
    assert sandbox.name in names(sandbox.http)
    assert sandbox.control_json("GET", "/config")["rate_limit"] == 7


@pytest.mark.parametrize("headers", CROSS_SITE)
def test_foreign_page_cannot_post_to_a_vendor(http: httpx2.Client, headers: Sent) -> None:
    keys = {"client_id": "sim-by-form", "client_secret": "x", "grant_type": "client_credentials"}
    calls: list[dict[str, Any]] = [{"data": keys}, {"json": keys}]
    for body in calls:
        assert http.post("/mercury/oauth/token", headers=headers, **body).status_code == 403
    assert http.post(PI, headers={**headers, "api-key": "sim-by-form"}, json={}).status_code == 403
    assert "by-form" not in names(http)


@pytest.mark.parametrize("headers", CROSS_SITE)
def test_reads_from_foreign_pages_have_no_cors_headers(sandbox: Sandbox, headers: Sent) -> None:
    sandbox.control_json("GET")
    for path in (f"{ROOT}/{sandbox.name}", "/", PI, "/_simulator/health"):
        answer = sandbox.http.get(path, headers={**headers, "api-key": sandbox.credential})
        assert answer.status_code == 200
        assert [name for name in answer.headers if name.startswith("access-control")] == []
        assert answer.headers["vary"] == "Origin"


@pytest.mark.parametrize("origin", ["http://localhost:3000", "capacitor://localhost", "http://127.0.0.1:1"])
def test_allowed_page_can_call_vendors_and_control_api(sandbox: Sandbox, origin: str) -> None:
    headers = {"Origin": origin, "Sec-Fetch-Site": "same-site"}
    answers = [
        sandbox.http.post(f"{ROOT}/{sandbox.name}/reset", headers=headers),
        sandbox.pi.post(PI, json={}, headers=headers),
        sandbox.http.put(f"{ROOT}/{sandbox.name}/faults", json={}, headers=headers),
    ]
    assert [answer.status_code for answer in answers] == [200, 400, 422]
    for answer in answers:
        assert answer.headers["access-control-allow-origin"] == origin
        assert answer.headers["access-control-allow-credentials"] == "true"
        assert answer.headers["vary"] == "Origin"
        assert "Simulator-Hint" in answer.headers["access-control-expose-headers"].split(", ")
    for own in ({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, {"Sec-Fetch-Site": "none"}):
        assert sandbox.http.post(f"{ROOT}/{sandbox.name}/reset", headers=own).status_code == 200


READ = ["/", "/_simulator/health", "/_simulator/rules", "/_simulator/openapi/pymetrics.json", "/_simulator/docs",
        "/_simulator/static/ui/ui.css", "/favicon.ico", "/nowhere", "/_simulator/nope", f"{ROOT}/NO/config", PI,
        "/mercury/nope", "/pymetrics/reports/x", "/sandboxes/demo"]  # fmt: skip


@pytest.mark.parametrize("verb", ["GET", "HEAD", "PUT"])
@pytest.mark.parametrize("path", READ)
def test_every_response_has_cors_headers_for_an_allowed_page(http: httpx2.Client, path: str, verb: str) -> None:
    answer = http.request(verb, path, headers={"Origin": "http://localhost:3000"})
    assert answer.headers["access-control-allow-origin"] == "http://localhost:3000", answer.status_code
    assert answer.headers.get_list("vary") == ["Origin"]


FAULTS: list[dict[str, Any]] = [
    {"do": "status", "status": 500}, {"do": "rate_limit"}, {"do": "garble"}, {"do": "amend", "merge": {}},
]  # fmt: skip


def test_responses_of_faults_have_cors_headers(sandbox: Sandbox) -> None:
    origin = {"Origin": "http://localhost:3000"}
    answers = []
    for fault in FAULTS:
        sandbox.control_json("PUT", "/faults", [{"times": 1, **fault}])
        answers.append(sandbox.pi.get(PI, headers=origin))
    answers.append(sandbox.pi.post(PI, content=b" " * (LIMIT + 1), headers=origin))
    assert answers[-1].status_code == 413
    assert {answer.headers["access-control-allow-origin"] for answer in answers} == {*origin.values()}


ASKED = "sentry-trace,baggage,traceparent,x-request-id,idempotency-key,authorization,x-api-key,content-type"


@pytest.mark.parametrize("path", [*READ, f"{ROOT}/demo/reset", "/mercury/order"])
def test_preflight_allows_what_it_requests(http: httpx2.Client, path: str) -> None:
    answer = http.options(
        path,
        headers={
            "Origin": "http://localhost:3000", "Access-Control-Request-Method": "PATCH",
            "Access-Control-Request-Headers": ASKED, "Access-Control-Request-Private-Network": "true",
        },
    )  # fmt: skip
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["access-control-allow-headers"].replace(" ", "") == ASKED
    assert "PATCH" in answer.headers["access-control-allow-methods"].split(", ")
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert answer.headers["access-control-allow-private-network"] == "true"
    assert set(answer.headers["vary"].split(", ")) >= {"Origin", "Access-Control-Request-Headers"}


def test_preflight_allows_no_more_than_it_requests(server: Server) -> None:
    start = f"OPTIONS {PI} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAccess-Control-Request-Method: GET\r\n"
    asks = (
        "Origin: http://localhost:1\r\nAccess-Control-Request-Headers: a\r\nAccess-Control-Request-Headers: b, c d\r\n"
    )
    answer = send_raw(server.url, f"{start}{asks}\r\n".encode()).lower()
    assert b"access-control-allow-headers: a, b\r\n" in answer
    assert b"private-network" not in answer


@pytest.mark.parametrize("origin", ["http://evil.example", "null"])
def test_preflight_of_a_foreign_page_allows_nothing(http: httpx2.Client, origin: str) -> None:
    asks = {"Origin": origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Private-Network": "true"}
    for path, status in ((PI, 405), ("/mercury/order", 405), (f"{ROOT}/demo/reset", 204), ("/_simulator/health", 204)):
        answer = http.options(path, headers=asks)
        assert answer.status_code == status
        assert [name for name in answer.headers if name.startswith("access-control")] == []


def test_refused_origin_is_logged_once_with_the_option_that_allows_it() -> None:
    with Server() as server, sandbox_at(server.url) as sandbox:
        http = sandbox.http
        for _ in range(2):
            http.get("/_simulator/rules", headers={"Origin": "https://app.example"})
            http.post("/mercury/order", headers={"Origin": "https://app.example"})
        for headers in ({"Origin": "null"}, {"Origin": "http://localhost:3000"}, {"Sec-Fetch-Site": "cross-site"}):
            http.get("/_simulator/rules", headers=headers)
        one, other = server.stderr().splitlines()
        assert "refused the origin 'https://app.example': serve with --cors-origins https://app.example" in one
        assert "refused the origin 'null'" in other
        assert "--cors-origins" not in other
        for number in range(MOST_LOGGED + 5):
            http.get("/_simulator/health", headers={"Origin": f"http://o{number}.example"})
        assert len(server.stderr().splitlines()) == MOST_LOGGED


def test_closed_access_allows_listed_origins_only() -> None:
    environ = {"SIMULATOR_CONTROL_TOKEN": CONTROL_TOKEN, "SIMULATOR_CORS_ORIGINS": "http://x:1, https://app.example/"}
    with served("--access", "closed", environ=environ) as url, sandbox_at(url) as sandbox:
        http = sandbox.http
        asks = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
        for origin, allowed in (("https://app.example", True), ("http://localhost:3000", False), (url, False)):
            headers = {"Origin": origin}
            for path in (ROOT, PI):
                answer = http.options(path, headers={**asks, **headers})
                assert (answer.status_code == 204) is allowed
                assert (answer.headers.get("access-control-allow-origin") == origin) is allowed
                answer = http.get(path, headers={**CONTROL, **headers})
                assert (answer.headers.get("access-control-allow-origin") == origin) is allowed
                assert answer.headers["vary"] == "Origin"
            status = 403 if origin == "http://localhost:3000" else 201
            assert http.post(ROOT, json={}, headers={**CONTROL, **headers}).status_code == status
        answer = http.get(ROOT, headers={"Origin": "https://app.example"})
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (401, "https://app.example")
        assert answer.headers["access-control-allow-credentials"] == "true"
        keys = http.post(ROOT, json={}, headers=CONTROL).json()["credentials"]["pymetrics"]
        body = {**keys, "grant_type": "client_credentials"}
        for origin, status in (("https://app.example", 201), ("http://localhost:3000", 403)):
            assert http.post("/mercury/oauth/token", json=body, headers={"Origin": origin}).status_code == status


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example", "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"},
        {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"},
        {"origin": "null"},
    ],
)
@pytest.mark.parametrize("path", [f"{ROOT}/{{}}", f"{ROOT}/{{}}/config", "/sandboxes/{}"])
def test_get_from_a_foreign_page_creates_no_sandbox(http: httpx2.Client, headers: dict[str, str], path: str) -> None:
    name = f"foreign-{secrets.token_hex(4)}"
    for method in ("GET", "HEAD"):
        assert http.request(method, path.format(name), headers=headers).status_code == 404
    assert name not in names(http)
    assert http.get(f"{ROOT}/{name}").status_code == 200
    assert http.get(path.format(name), headers=headers).status_code == 200
