"""The vendor endpoints over sockets: routes, headers, bodies and links. The contracts violate each rule over HTTP."""

import base64
import gzip
import json
import uuid
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from assessment_simulator.http.base_url import BaseUrl
from tests.server import LIMIT, PERSON, PI, ROOT, chunks, names, order, order_body, problem, send_raw
from tests.servers import Sandbox, Server, served


def refused(answer: httpx2.Response, status: int, rule: str) -> None:
    """The answer is an error of that vendor's form, and names the violated rule."""
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
    """All that a refused request could have changed."""
    return [sandbox.control_json("GET", path) for path in ("/invitations", "/mail", "/deliveries", "/config")]


def exchange(url: str, start: str, headers: dict[str, str], body: bytes = b"") -> tuple[int, dict[str, str], bytes]:
    """Send one request with exactly these headers; status, headers and body of the response."""
    head = [start, *(f"{name}: {value}" for name, value in headers.items()), "Connection: close"]
    head += [f"Content-Length: {len(body)}"] if body else []
    answer = send_raw(url, ("\r\n".join(head) + "\r\n\r\n").encode("latin-1") + body)
    top, _, rest = answer.partition(b"\r\n\r\n")
    first, *lines = top.decode("latin-1").split("\r\n")
    fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return int(first.split()[1]), fields, rest


# Routes and verbs.


@pytest.mark.parametrize("slashes", ["//", "///"])
def test_pymetrics_responds_behind_more_than_one_slash_too(sandbox: Sandbox, slashes: str) -> None:
    root, caller = f"{sandbox.url}{slashes}mercury", sandbox.pymetrics
    keys = {"client_id": sandbox.credential, "client_secret": "any", "grant_type": "client_credentials"}
    assert sandbox.http.post(f"{root}/oauth/token", json=keys).status_code == 201
    assert caller.get(f"{root}/configuration").status_code == 200
    id = caller.post(f"{root}/order", json=order_body()).json()["order"]["id"]
    assert caller.get(f"{root}/getOrder/{id}").json()["id"] == id
    found = caller.post(f"{root}/orders", json={"job_application_id": "application-1"}).json()["orders"]
    assert [each["id"] for each in found] == [id]


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
def test_405_lists_the_allowed_verbs_and_opens_no_sandbox(http: httpx2.Client, path: str, allowed: str) -> None:
    before = names(http)
    keys = {"x-api-key": "sim-not-to-be-opened", "api-key": "sim-not-to-be-opened"}
    for verb in {"HEAD", "PUT", "OPTIONS", "TRACE", "PROPFIND", "GET", "DELETE"} - {*allowed.split(", ")}:
        answer = http.request(verb, path, headers=keys)
        refused(answer, 405, f"{'pi' if path.startswith(PI) else 'pymetrics'}.http.verb")
        assert sorted(answer.headers["allow"].split(", ")) == allowed.split(", ")
    assert names(http) == before


LOST = {
    "/mercury": "pymetrics", "/mercury/": "pymetrics", "/mercury/nope": "pymetrics", "/mercury/order/": "pymetrics",
    "/mercury/getOrder": "pymetrics", "/mercury/getOrder/": "pymetrics", "/mercury/getOrder/a/b": "pymetrics",
    "/mercury/Order": "pymetrics", "/mercury//order": "pymetrics", "/mercury/order%0A": "pymetrics",
    "//mercury/nope": "pymetrics", "/api/v1": "pi", "/api/v1/": "pi", "/api/v1/nope": "pi", f"{PI}//": "pi",
    "/API/V1/Nope": "pi", f"{PI}/a//": "pi", f"{PI}/a/b": "pi", f"{PI}%0A": "pi", "/api/v2/behavioralassessments": "pi",
}  # fmt: skip


@pytest.mark.parametrize(("path", "vendor"), LOST.items())
def test_unknown_route_is_refused_in_the_vendors_own_form(http: httpx2.Client, path: str, vendor: str) -> None:
    before = names(http)
    keys = {"x-api-key": "sim-not-to-be-opened", "api-key": "sim-not-to-be-opened"}
    for verb in ("GET", "HEAD", "POST"):
        answer = http.request(verb, f"{http.base_url}".rstrip("/") + path, headers=keys)
        refused(answer, 404, f"{vendor}.http.route")
        assert "allow" not in answer.headers
    assert names(http) == before


def test_path_that_only_begins_like_a_vendors_is_unknown(http: httpx2.Client) -> None:
    for path in ("/mercuryx", "/api/v10/behavioralassessments", "/api", "/Mercury/order"):
        problem(http.get(path), 404)


STRANGE_IDS = ["%00", "%FF", "%0A", "..", "%2e%2e", "%2F", "a%20b", "';%20DROP%20TABLE", "x" * 4_000, "%E2%80%AE"]


@pytest.mark.parametrize("id", STRANGE_IDS, ids=lambda id: str(id)[:20])
def test_strange_id_is_an_unknown_one(server: Server, sandbox: Sandbox, id: str) -> None:
    for vendor, path, caller in (
        ("pi.", f"{PI}/{id}", sandbox.pi), ("pymetrics.", f"/mercury/getOrder/{id}", sandbox.pymetrics),
    ):  # fmt: skip
        status, headers, _ = exchange(server.url, f"GET {path} HTTP/1.1", {"Host": "x", **caller.headers})
        assert status in (400, 404)
        assert headers["simulator-rule"].startswith(vendor)


def test_strange_query_is_no_failure(sandbox: Sandbox) -> None:
    id = order(sandbox)["id"]
    for query in (
        "", "report", "report=", "report=TRUE&report=no", "report=%FF", "report=%", "&&&=", "report=true;x",
        "a=b" * 2_000,
    ):  # fmt: skip
        assert sandbox.pymetrics.get(f"/mercury/getOrder/{id}?{query}").status_code in (200, 400)
        assert sandbox.pi.get(f"{PI}?{query}").status_code == 200


def test_options_request_that_is_no_preflight_is_refused(http: httpx2.Client) -> None:
    for path, vendor in (("/mercury/order", "pymetrics"), (PI, "pi")):
        refused(http.options(path, headers={"origin": "http://localhost:3000"}), 405, f"{vendor}.http.verb")


# Credentials.


@pytest.mark.parametrize(
    "credential",
    ["", "sim-", "sim-Ada", "SIM-ada", "sim-a_b", "sim-a b", f"sim-{'a' * 65}", "ada", "xsim-ada", "sim-a/b"],
)
def test_credential_of_another_form_opens_no_sandbox(http: httpx2.Client, credential: str) -> None:
    before = names(http)
    refused(http.get(PI, headers={"api-key": credential}), 401, "pi.access.key")
    refused(http.get("/mercury/configuration", headers={"x-api-key": credential}), 403, "pymetrics.access.key")
    client = {"client_id": credential or " ", "client_secret": "any", "grant_type": "client_credentials"}
    refused(http.post("/mercury/oauth/token", json=client), 401, "pymetrics.token.client")
    assert names(http) == before


def test_header_names_are_read_in_any_case(server: Server, sandbox: Sandbox) -> None:
    bearer = sandbox.pymetrics.headers["Authorization"]
    for change in (str.lower, str.upper, str.title, str.swapcase):
        headers = {change("Host"): "x", change("X-Api-Key"): sandbox.credential, change("Authorization"): bearer}
        assert exchange(server.url, "GET /mercury/configuration HTTP/1.1", headers)[0] == 200
        headers = {change("Host"): "x", change("Api-Key"): sandbox.credential}
        assert exchange(server.url, f"GET {PI} HTTP/1.1", headers)[0] == 200


def test_scheme_of_a_token_is_read_in_any_case(sandbox: Sandbox) -> None:
    token = sandbox.pymetrics.headers["Authorization"].removeprefix("Bearer ")
    for scheme in ("bearer", "BEARER", "Bearer"):
        headers = {"Authorization": f"{scheme} {token}"}
        assert sandbox.pymetrics.get("/mercury/configuration", headers=headers).is_success


@pytest.mark.parametrize("path", ["/mercury/oauth/token", "/mercury/v2/oauth/token"])
def test_hint_says_that_basic_credentials_are_not_read(http: httpx2.Client, path: str) -> None:
    grant = {"grant_type": "client_credentials"}
    sent: list[dict[str, Any]] = [
        {"data": grant}, {"json": grant}, {"content": b"{"}, {},
        {"json": {**grant, "client_id": "a", "client_secret": "b"}},
    ]  # fmt: skip
    for body in sent:
        for authorization in (f"Basic {base64.b64encode(b'sim-basic:any').decode()}", "basic !", "BASIC"):
            answer = http.post(path, headers={"Authorization": authorization}, **body)
            assert answer.status_code in (400, 401)
            assert answer.headers["simulator-hint"].count("client_secret_basic") == 1
            assert "client_secret_post" in answer.headers["simulator-hint"]
        assert "Basic" not in http.post(path, **body).headers.get("simulator-hint", "")


# Bodies. `test_wire.py` has all that is no JSON.


@pytest.mark.parametrize("chunked", [False, True], ids=["with its length", "in chunks"])
@pytest.mark.parametrize(
    ("vendor", "path", "body"), [("pymetrics", "/mercury/order", order_body()), ("pi", PI, PERSON)]
)
def test_body_over_one_mebibyte_is_refused(sandbox: Sandbox, vendor: str, path: str, body: Any, chunked: bool) -> None:
    caller = sandbox.pi if vendor == "pi" else sandbox.pymetrics
    before, headers = seen(sandbox), {"content-type": "application/json"}
    for size, expected in ((LIMIT + 1, 413), (2 * LIMIT, 413), (LIMIT, 201)):
        text = json.dumps(body).encode().ljust(size)
        answer = caller.post(path, content=chunks(text) if chunked else text, headers=headers)
        assert answer.status_code == expected
        if expected == 413:
            refused(answer, 413, f"{vendor}.http.size")
            assert seen(sandbox) == before


ENCODED = {
    "UTF-16, a mark before it": (json.dumps(PERSON).encode("utf-16"), "UTF-16"),
    "UTF-16, little end first": (json.dumps(PERSON).encode("utf-16-le"), "UTF-16"),
    "UTF-16, big end first": (json.dumps(PERSON).encode("utf-16-be"), "UTF-16"),
    "UTF-32": (json.dumps(PERSON).encode("utf-32"), "UTF-32"),
    "UTF-32, big end first": (json.dumps(PERSON).encode("utf-32-be"), "UTF-32"),
    "Latin-1": ('{"firstName": "J\xfcrgen"}'.encode("latin-1"), "byte 0xfc at position 16); it may be Latin-1"),
    "Windows-1252": (b'{"firstName": "\x80"}', "Windows-1252"),
    "a part of UTF-8": (b'{"firstName": "\xc3', "not UTF-8"),
}


@pytest.mark.parametrize(("content", "cause"), ENCODED.values(), ids=ENCODED)
def test_hint_names_the_encoding_of_a_body_that_is_not_utf_8(sandbox: Sandbox, content: bytes, cause: str) -> None:
    for caller, path, charset in (
        (sandbox.pymetrics, "/mercury/order", ""), (sandbox.pymetrics, "/mercury/v2/orders", ""),
        (sandbox.pymetrics, "/mercury/oauth/token", ""), (sandbox.pi, PI, ""), (sandbox.pi, PI, "; charset=utf-8"),
    ):  # fmt: skip
        answer = caller.post(path, content=content, headers={"content-type": f"application/json{charset}"})
        assert answer.status_code == 400
        assert cause in answer.headers["simulator-hint"]
        assert "encode the body as UTF-8" in answer.headers["simulator-hint"]
    problem(sandbox.http.patch(f"{ROOT}/{sandbox.name}/config", content=content), 400, cause)


@pytest.mark.parametrize("content", [b"{", b"", b'{"a": "\xc3\xbc", }'])
def test_body_in_utf_8_gets_no_such_hint(sandbox: Sandbox, content: bytes) -> None:
    for caller, path in ((sandbox.pymetrics, "/mercury/order"), (sandbox.pi, PI)):
        answer = caller.post(path, content=content, headers={"content-type": "application/json"})
        assert answer.status_code == 400
        assert "UTF-8" not in answer.headers.get("simulator-hint", "")


@pytest.mark.parametrize("coding", ["gzip", "deflate, gzip", "identity, gzip", "x-own"])
def test_body_with_a_content_coding_is_refused_and_changes_nothing(sandbox: Sandbox, coding: str) -> None:
    before, headers = seen(sandbox), {"content-encoding": coding, "content-type": "application/json"}
    for content in (gzip.compress(json.dumps(PERSON).encode()), json.dumps(PERSON).encode(), b""):
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


def test_coding_identity_is_none(sandbox: Sandbox) -> None:
    for coding in ("identity", "Identity", ""):
        headers = {"content-encoding": coding}
        assert sandbox.pi.post(PI, json=PERSON, headers=headers).status_code == 201
        assert sandbox.http.patch(f"{ROOT}/{sandbox.name}/config", json={}, headers=headers).status_code == 200


def test_placeholders_of_the_simulator_in_metadata_come_back_as_sent(sandbox: Sandbox) -> None:
    metadata = {"a": "http://base.simulator.invalid/ sealed-by.simulator.invalid", "b": [10**99 + 7, {"": None}]}
    made = order(sandbox, metadata=metadata)
    listed = sandbox.pymetrics.post("/mercury/orders", json={"job_application_id": "application-1"}).json()["orders"]
    got = sandbox.pymetrics.get(f"/mercury/getOrder/{made['id']}").json()
    assert [each["metadata"] for each in (made, *listed, got)] == [metadata] * 3


@pytest.mark.parametrize("name", ["nickName", "a\r\nSet-Cookie: x=y", "\0", "😀", "", "x" * 300, "\u202e"], ids=ascii)
def test_unknown_member_is_accepted_and_noted_in_one_line_of_ascii(sandbox: Sandbox, name: str) -> None:
    for caller, path, body in (
        (sandbox.pi, PI, PERSON), (sandbox.pymetrics, "/mercury/order", order_body()),
    ):  # fmt: skip
        noted = caller.post(path, json={**body, name: 1})
        assert noted.status_code == 201
        assert noted.headers["simulator-note"].isascii()
        assert noted.headers["simulator-note"].isprintable()
        assert not {"set-cookie", "simulator-rule"} & {*noted.headers}


def test_every_response_has_one_date_and_one_length(sandbox: Sandbox) -> None:
    for path, caller in (
        ("/mercury/configuration", sandbox.pymetrics),
        (PI, sandbox.pi),
        ("/mercury/nope", sandbox.pi),
    ):
        answer = caller.get(path)
        assert len(answer.headers.get_list("date")) == 1
        assert answer.headers.get_list("content-length") == [str(len(answer.content))]
        assert "server" not in answer.headers


# Links.

LISTENS = {"type": "http", "scheme": "http", "server": ("::2", 1)}
HOSTS = [
    "sim.internal:8787", "LOCALHOST:1", "[::1]:99", "[2001:db8::1]", "10.0.0.1", "host.docker.internal:8787", "a_b",
]  # fmt: skip
HOSTILE = [
    'evil"/><', "evil<script>", "a b", "ada@evil", "evil/path", "evil?x", "evil#x", "evil\\x", "[::1", "::1",
    "[javascript:1]", "evil:port", "evil:123456", "evil:", ":80", "", "evil,good", "evil;x", "evil%0d", "ev\xefl",
    "\xc3\xa9vil", "{evil}", "a" * 254, "[" + "1" * 46 + "]", "http://evil", "evil'",
]  # fmt: skip


@pytest.mark.parametrize(
    ("host", "base"), [*((host, f"http://{host}") for host in HOSTS), *((host, "http://[::2]:1") for host in HOSTILE)]
)
def test_base_url_is_the_host_of_the_request_unless_that_is_none(host: str, base: str) -> None:
    assert BaseUrl().of(LISTENS, {b"host": host.encode("latin-1")}) == base


def test_base_url_is_the_address_of_the_server_in_closed_access() -> None:
    assert BaseUrl(trust_host=False).of(LISTENS, {b"host": b"localhost:1"}) == "http://[::2]:1"


def links(text: str) -> list[str]:
    """Every URL in a JSON text."""
    return [each for each in text.split('"') if each.startswith(("http://", "https://"))]


def links_with(url: str, sandbox: Sandbox, host: str) -> list[str]:
    """The links in responses of both vendors and of the control API to a request with that host."""
    application = uuid.uuid4().hex
    found = []
    for start, headers, body in (
        ("POST /mercury/order", sandbox.pymetrics.headers, order_body(application, send_email=True)),
        (f"POST {PI}", sandbox.pi.headers, {**PERSON, "externalPersonId": application}),
        (f"GET {ROOT}/{sandbox.name}/invitations", {}, None),
        (f"GET {ROOT}/{sandbox.name}/mail", {}, None),
    ):
        sent = {"Host": host, "X-Forwarded-Host": "evil", "Forwarded": "host=evil;proto=https", **headers}
        sent["Content-Type"] = "application/json"
        status, _, text = exchange(url, f"{start} HTTP/1.1", sent, json.dumps(body).encode() if body else b"")
        assert status in (200, 201), text
        assert links(text.decode())
        found += links(text.decode())
    return found


@pytest.fixture(scope="module")
def any_host() -> Iterator[str]:
    """The URL of a server in open access that accepts any host."""
    with served("--allowed-hosts", "*") as url:
        yield url


def test_links_begin_with_the_host_of_the_request(server: Server, sandbox: Sandbox, any_host: str) -> None:
    for host in ("sim.internal:8787", "[::1]:99"):
        assert [link for link in links_with(server.url, sandbox, host) if not link.startswith(f"http://{host}/")] == []
    with httpx2.Client(base_url=any_host, trust_env=False) as http:
        found = links_with(any_host, Sandbox(http, "ada"), "evil<script>")
    assert [link for link in found if not link.startswith(f"{any_host}/")] == []


def test_request_without_a_host_is_answered(server: Server, sandbox: Sandbox) -> None:
    status, _, text = exchange(server.url, f"GET {PI} HTTP/1.0", dict(sandbox.pi.headers))
    assert (status, text) == (200, b"[]")


@pytest.mark.parametrize("public", ["https://sim.example/", "http://10.0.0.1:99/behind/a/path/"])
def test_links_begin_with_the_public_url_where_there_is_one(public: str) -> None:
    with served("--public-url", public) as url, httpx2.Client(base_url=url, trust_env=False) as http:
        found = links_with(url, Sandbox(http, "ada"), "evil")
        assert [link for link in found if not link.startswith(public)] == []


def test_home_page_shows_the_base_urls_and_trusts_no_host(any_host: str) -> None:
    status, headers, text = exchange(any_host, "GET / HTTP/1.1", {"Host": "evil<script>"})
    assert status == 200
    assert headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in headers["content-security-policy"]
    assert b"/_simulator" in text
    assert b"evil" not in text
    assert f">{any_host}<".encode() in text
    assert f">{any_host}/api/v1<".encode() in text
