"""A server behind a reverse proxy: trusted headers, and the prefix of its paths."""

import json
import re
import uuid
from collections.abc import Iterator
from urllib.parse import urljoin, urlsplit

import httpx2
import pytest

from tests.server import assessment, order, problem
from tests.servers import Sandbox, Server, served
from tests.waiting import until

PI = "/api/v1/behavioralassessments"
BROWSER = {"Accept": "text/html"}
Sent = list[tuple[str, str]]
PROTO, HOST, PREFIX, FOR = "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Prefix", "X-Forwarded-For"


@pytest.fixture(scope="module")
def behind() -> Iterator[Server]:
    """A server that trusts this machine, and two networks behind it."""
    options = ("--trusted-proxies", "127.0.0.1, 10.0.0.0/8,fd00::/8", "--access-log", "--log-format", "json")
    with Server(*options) as server:
        yield server


@pytest.fixture(scope="module")
def prefixed() -> Iterator[str]:
    """The address of a server whose public URL has a path."""
    with served("--public-url", "https://tests.example/sim/") as url:
        yield url


def link(url: str, sent: Sent) -> str:
    """What the link of a new assessment begins with; `{own}` is the address that was called."""
    body = {"firstName": "Ada", "lastName": "Lovelace", "email": "ada@example.com"}
    headers = [("api-key", "sim-behind"), *sent]
    answer = httpx2.post(f"{url}{PI}", json=body, headers=headers, trust_env=False)
    assert answer.status_code == 201, answer.text
    base: str = answer.json()["assessmentUrl"].partition("/Account")[0]
    return base.replace(url, "{own}").replace(urlsplit(url).netloc, "{netloc}")


BELIEVED: dict[str, tuple[Sent, str]] = {
    "all": ([(PROTO, "https"), (HOST, "a.test"), (PREFIX, "/sim")], "https://a.test/sim"),
    "scheme alone": ([(PROTO, "HTTPS")], "https://{netloc}"),
    "host alone": ([(HOST, "a.test")], "http://a.test"),
    "host with a port": ([(HOST, "a.test:8443")], "http://a.test:8443"),
    "IPv6 host": ([(HOST, "[2001:db8::1]:8443")], "http://[2001:db8::1]:8443"),
    "prefix alone": ([(PREFIX, "/a/b-c/%7Ed/")], "{own}/a/b-c/%7Ed"),
    "prefix of nothing": ([(PREFIX, "/")], "{own}"),
    "what a caller wrote stands first": ([(HOST, "evil.example, a.test"), (PREFIX, "/evil, /sim")], "http://a.test/sim"),
    "in several lines": ([(HOST, "evil.example"), (HOST, "a.test")], "http://a.test"),
    "two proxies": ([(FOR, "203.0.113.7, 10.0.0.2"), (PROTO, "https, http"), (HOST, "a.test, inner")], "https://a.test"),
    "two proxies and a lie": ([(FOR, "1.1.1.1, 203.0.113.7, 10.0.0.2"), (HOST, "evil, a.test, inner")], "http://a.test"),
    "two proxies, one value": ([(FOR, "203.0.113.7, 10.0.0.2"), (PROTO, "https")], "https://{netloc}"),
    "two prefixes": ([(FOR, "203.0.113.7, fd00::2"), (PREFIX, "/outer, /inner")], "{own}/outer/inner"),
    "no host": ([(HOST, "javascript:alert(1)")], "{own}"),
    "host with a path": ([(HOST, "a.test/evil")], "{own}"),
    "host with a user": ([(HOST, "user@a.test")], "{own}"),
    "port out of range": ([(HOST, "a.test:65536")], "{own}"),
    "no IPv6 address": ([(HOST, "[::::]")], "{own}"),
    "not ASCII": ([(HOST, "ä.example")], "{own}"),
    "control character": ([(HOST, "a\texample"), (PREFIX, "/a\tb")], "{own}"),
    "empty": ([(PROTO, ""), (HOST, ""), (PREFIX, ""), (FOR, ",")], "{own}"),
    "no scheme": ([(PROTO, "javascript")], "{own}"),
    "prefix with a host": ([(PREFIX, "//evil.example")], "{own}"),
    "prefix with steps": ([(PREFIX, "/a/%2e%2e/b")], "{own}"),
    "prefix with a query": ([(PREFIX, "/a?b")], "{own}"),
    "prefix with markup": ([(PREFIX, '/"><script>')], "{own}"),
    "prefix without a slash": ([(PREFIX, "sim")], "{own}"),
    "one of two prefixes is bad": ([(FOR, "203.0.113.7, 10.0.0.2"), (PREFIX, "/a, b")], "{own}"),
    "long prefix": ([(PREFIX, "/" + "a" * 300)], "{own}"),
    "another standard": ([("Forwarded", "proto=https;host=a.test")], "{own}"),
}  # fmt: skip


@pytest.mark.parametrize(("sent", "base"), BELIEVED.values(), ids=BELIEVED)
def test_links_have_the_base_url_of_a_trusted_proxy(behind: Server, sent: Sent, base: str) -> None:
    assert link(behind.url, [(name, value.encode()) for name, value in sent]) == base  # type: ignore[misc]


@pytest.mark.parametrize("trusted", [(), ("--trusted-proxies", "127.0.0.2,::1")], ids=["none", "others"])
def test_forwarded_headers_are_ignored_unless_their_proxy_is_trusted(trusted: tuple[str, ...]) -> None:
    sent = [(PROTO, "https"), (HOST, "a.test"), (PREFIX, "/sim"), (FOR, "203.0.113.7")]
    with served(*trusted) as url:
        assert link(url, sent) == "{own}"


def test_closed_access_uses_the_host_of_a_trusted_proxy() -> None:
    options = ("--access", "closed", "--trusted-proxies", "127.0.0.0/8")
    with (
        served(*options, environ={"SIMULATOR_CONTROL_TOKEN": "t" * 20}) as url,
        httpx2.Client(base_url=url, trust_env=False, headers={"Host": "evil.example"}) as http,
    ):
        for sent, base in (({}, url), ({HOST: "a.test"}, "http://a.test")):
            opened = http.post("/_simulator/sandboxes", json={}, headers={"Authorization": f"Bearer {'t' * 20}"})
            key = opened.json()["credentials"]["predictive_index"]["api_key"]
            body = {"firstName": "Ada", "lastName": "Lovelace", "email": "ada@example.com"}
            made = http.post(PI, json=body, headers={"api-key": key, **sent}).json()
            assert made["assessmentUrl"].startswith(f"{base}/")


CLIENTS = {
    "none": ("", "127.0.0.1"),
    "one": ("203.0.113.7", "203.0.113.7"),
    "with a port": ("203.0.113.7:4711", "203.0.113.7"),
    "IPv6": ("[2001:db8::7]:4711", "2001:db8::7"),
    "IPv4 in IPv6": ("::ffff:203.0.113.7", "203.0.113.7"),
    "what a caller wrote": ("198.51.100.1, 203.0.113.7", "203.0.113.7"),
    "through two proxies": ("198.51.100.1, 203.0.113.7, 10.1.2.3", "203.0.113.7"),
    "proxies alone": ("10.1.2.4, 10.1.2.3", "10.1.2.4"),
    "behind an unknown one": ("203.0.113.7, unknown", "127.0.0.1"),
    "no address": ("203.0.113.7, 10.0.0.1.example", "127.0.0.1"),
    "no port": ("203.0.113.7:99999", "127.0.0.1"),
}


@pytest.mark.parametrize(("said", "client"), CLIENTS.values(), ids=CLIENTS)
def test_log_shows_the_client_that_trusted_proxies_forward(behind: Server, said: str, client: str) -> None:
    id = uuid.uuid4().hex
    httpx2.get(f"{behind.url}/_simulator/health", headers={FOR: said, "X-Request-Id": id}, trust_env=False)
    until(lambda: id in behind.stderr())  # a line is written when its call is over
    (line,) = [line for line in map(json.loads, behind.stderr().splitlines()) if line["request_id"] == id]
    assert line["client"] == client


def test_forms_are_accepted_from_the_host_that_a_trusted_proxy_forwards(behind: Server) -> None:
    headers = {"Host": "upstream", HOST: "a.test", "Origin": "http://a.test"}
    answer = httpx2.post(f"{behind.url}/sandboxes", data={"name": "formed"}, headers=headers, trust_env=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sandboxes/formed")


# The prefix.

LINKS = re.compile(r'(?:href|action|src|data-events)="([^"]*)"')


def test_all_links_of_pages_have_the_prefix_of_the_public_url(prefixed: str) -> None:
    with httpx2.Client(base_url=prefixed, trust_env=False, headers=BROWSER) as http:
        sandbox = Sandbox(http, "demo")
        id = assessment(sandbox)["assessmentId"]
        sandbox.control_json("POST", f"/invitations/{id}/complete")
        to_see, seen = ["/sim/", "/sim/nothing-here"], set[str]()
        while to_see:
            path = to_see.pop()
            seen.add(path)
            page = http.get(path)
            assert page.status_code == (404 if "nothing" in path else page.status_code)
            if not page.headers.get("content-type", "").startswith("text/html"):
                continue
            for found in LINKS.findall(page.text):
                address = urlsplit(urljoin(f"https://tests.example{path}", found.replace("&amp;", "&")))
                assert address.netloc == "tests.example", (path, found)
                assert address.path == "/sim" or address.path.startswith("/sim/"), (path, found)
                # One of each kind is enough: pages of a list differ by an id.
                kind = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|call-\d+|demo\..*", "", address.path)
                if kind not in seen and "events" not in kind and not found.startswith("#"):
                    seen.add(kind)
                    to_see.append(address.path + (f"?{address.query}" if address.query else ""))
        assert len(seen) > 30


@pytest.mark.parametrize("path", ["/", "/nothing", "/_simulator/rules", "/_simulator/docs", f"{PI}/x"])
def test_path_is_served_with_and_without_the_prefix(prefixed: str, path: str) -> None:
    with httpx2.Client(base_url=prefixed, trust_env=False, headers=BROWSER) as http:
        plain, under = http.get(path), http.get(f"/sim{path}")
    assert (under.status_code, under.content) == (plain.status_code, plain.content)


def test_redirects_and_documents_begin_with_the_prefix(prefixed: str) -> None:
    with httpx2.Client(base_url=f"{prefixed}/sim", trust_env=False) as http:
        assert http.post("/sandboxes", data={"name": "new"}).headers["location"] == "/sim/sandboxes/new"
        clock = {"do": "freeze", "back": "/sim/sandboxes/new/mail"}
        assert (
            http.post("/sandboxes/new/clock", data=clock).headers["location"] == "/sim/sandboxes/new/mail?done=freeze"
        )
        assert http.post("/sandboxes/new/clock", data={"do": "delete"}).headers["location"] == "/sim/?deleted=new"
        assert http.post("/tour", data={"do": "begin"}).headers["location"].startswith("/sim/tour?pymetrics=")
        for name in ("pymetrics", "control"):
            assert http.get(f"/_simulator/openapi/{name}.json").json()["servers"] == [{"url": "/sim"}]
        problem(http.get("/nothing"), 404, "/sim/nothing", "/sim/mercury")


@pytest.mark.parametrize("vendor", ["pymetrics", "predictive_index"])
def test_candidate_pages_and_mails_have_the_prefix(prefixed: str, vendor: str) -> None:
    with httpx2.Client(base_url=f"{prefixed}/sim", trust_env=False) as http:
        sandbox = Sandbox(http, f"candidate-{vendor.partition('_')[0]}")
        if vendor == "pymetrics":
            url = order(sandbox)["invite_link"]
        else:
            url = assessment(sandbox, notifyAssessmentAvailableUsingEmail=1)["assessmentUrl"]
        assert url.startswith("https://tests.example/sim/")
        assert {one["link"] for one in sandbox.control_json("GET", "/mail")} <= {url}
        path = url.removeprefix("https://tests.example/sim")
        done = http.post(path, data={"do": "start"})
        assert (done.status_code, done.headers["location"].startswith("/sim/")) == (303, True)


def test_prefix_that_equals_a_path_of_the_server_is_left_to_the_proxy() -> None:
    with (
        served("--public-url", "http://tests.example/api") as url,
        httpx2.Client(base_url=url, trust_env=False) as http,
    ):
        sandbox = Sandbox(http, "ada")
        assert assessment(sandbox)["assessmentUrl"].startswith("http://tests.example/api/")
        assert http.get(f"/api{PI}").status_code == 404
        assert 'href="/api/tour"' in http.get("/").text
