"""Host names in open access: local names and listed ones are answered, others are refused before anything else."""

import re
from collections.abc import Iterator

import httpx2
import pytest

from assessment_simulator.http.cross_origin import MOST_LOGGED, AllowedHosts
from tests.server import PI, ROOT, problem, send_raw
from tests.servers import Server, served

LOCAL = [
    "", "127.0.0.1", "127.0.0.1:8787", "127.0.0.1:", "127.9.9.9", "10.0.0.1:80", "192.168.1.7", "8.8.8.8", "127.0.0.1.",
    "[::1]", "[::1]:8787", "[::]", "[2001:db8::1]:80", "[::ffff:127.0.0.1]", "[FE80::1%eth0]:1", "localhost",
    "LOCALHOST:1", "localhost.", "simulator", "simulator:8787", "my_service", "a-b", "xn--bcher-kva", "2130706433",
    "app.localhost", "a.b.localhost:3", "printer.local", "host.docker.internal", "host.docker.internal:8787",
    "host.containers.internal.", "sim.test", "sim.default.svc", "sim.default.svc.cluster.local",
    "SIM.default.SVC.Cluster.Local:80", "0x7f",
]  # fmt: skip
REFUSED = [
    "evil.example", "evil.example:8787", "EVIL.example.", "localhost.evil.example", "127.0.0.1.evil.example",
    "127.0.0.1.nip.io", "abc.ngrok-free.app", "sim.example", "0x7f.1", "0177.0.0.1", "127.1", "127.0.1", "1.2.3.4.5",
    "256.1.1.1", "127.0.0.01", "evillocalhost.com", "local.com", "test.evil", "svc.cluster.local.evil", "sim.default",
    "evil.internal.com", "xn--bcher-kva.example", "localhost..", ".localhost", "a..test", ".", "..", ":80", "[::1",
    "::1", "[::1]evil", "[localhost]", "[127.0.0.1]", "[::1%]", "[]", "localhost@evil.example",
    "evil.example@localhost",
    "user:pw@localhost", "localhost:80@evil.example", "localhost, evil.example", "localhost evil.example",
    "localhost/evil", "evil.example/.localhost", "evil.example#.localhost", "evil.example?.localhost",
    "evil.example\\.localhost", "evil.example%00.localhost", "localhost:port", "localhost:80:90", "http://localhost",
    "*", "l\xf6calhost", "\xef\xbc\x8elocalhost", "localhost;x", "{sim}", "evil'", "a" * 300, "a." * 200 + "test",
]  # fmt: skip


@pytest.mark.parametrize("host", LOCAL)
def test_a_name_that_no_public_dns_can_hold_is_accepted(host: str) -> None:
    assert AllowedHosts().accept(host.encode("latin-1")) is True


@pytest.mark.parametrize("host", REFUSED)
def test_any_other_name_is_refused(host: str) -> None:
    hosts = AllowedHosts()
    assert [hosts.accept(host.encode("latin-1")) for _ in range(2)] == [False, False]


LISTED: list[tuple[tuple[str, ...], str | None, str, bool]] = [
    (("abc.ngrok-free.app",), None, "abc.ngrok-free.app", True),
    (("abc.ngrok-free.app",), None, "ABC.ngrok-free.app.:443", True),
    (("abc.ngrok-free.app",), None, "x.abc.ngrok-free.app", False),
    (("abc.ngrok-free.app",), None, "abc.ngrok-free.app.evil.example", False),
    (("Sim.Example.",), None, "sim.example", True),
    ((".example.com",), None, "example.com", True),
    ((".example.com",), None, "a.example.com:80", True),
    ((".example.com",), None, "a.b.example.com", True),
    ((".example.com",), None, "evilexample.com", False),
    ((".example.com",), None, "a.example.com.evil.example", False),
    (("*.example.com",), None, "a.example.com", True),
    (("a.example", "b.example"), None, "b.example", True),
    (("*",), None, "evil.example", True),
    (("*",), None, "{no host}", True),
    (("b\xfccher.example",), None, "xn--bcher-kva.example", True),
    ((".b\xfccher.example",), None, "a.XN--bcher-kva.example", True),
    ((), "https://sim.example/base", "sim.example", True),
    ((), "https://sim.example:8443", "sim.example:8443", True),
    ((), "https://SIM.example", "sim.example:80", True),
    ((), "https://sim.example", "a.sim.example", False),
    ((), "https://b\xfccher.example", "xn--bcher-kva.example", True),
    ((), f"https://{'a' * 64}.example", "evil.example", False),
]


@pytest.mark.parametrize(("allowed", "public", "host", "accepted"), LISTED)
def test_the_operator_lists_more_names(allowed: tuple[str, ...], public: str | None, host: str, accepted: bool) -> None:
    assert AllowedHosts(allowed, public).accept(host.encode()) is accepted


# Over HTTP.


def ask(url: str, target: str, host: str, *more: str, verb: str = "GET") -> bytes:
    lines = [f"{verb} {target} HTTP/1.1", f"Host: {host}", *more, "Content-Length: 0", "Connection: close", "", ""]
    return send_raw(url, "\r\n".join(lines).encode())


PATHS = ["/", "/_simulator", "/_simulator/rules", "/_simulator/docs", "/_simulator/static/ui/ui.css", "/nowhere",
         "/_simulator/openapi/pymetrics.json", f"{ROOT}/rebound/events", f"{ROOT}/rebound/journal.har", PI,
         "/mercury/oauth/token", "/mercury/nope", "//mercury/order", "/pymetrics/invite/x", "/sandboxes/rebound",
         "/_simulator/healthy", "/_simulator/health/", "//_simulator/health"]  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_a_foreign_host_is_refused_on_every_path_with_the_option_that_accepts_it(server: Server, path: str) -> None:
    for verb in ("GET", "POST", "OPTIONS"):
        answer = ask(server.url, path, "evil.example", "api-key: sim-rebound", "Origin: http://evil.example", verb=verb)
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 403 "), answer
        assert b"content-type: application/problem+json" in head
        assert b"simulator-hint: serve with --allowed-hosts evil.example (SIMULATOR_ALLOWED_HOSTS)" in head
        assert b"access-control" not in head
        assert b"evil.example" in body


def test_a_refused_call_opens_no_sandbox(http: httpx2.Client) -> None:
    problem(http.get(f"{ROOT}/rebound", headers={"host": "evil.example"}), 403, "--allowed-hosts")
    http.get(PI, headers={"host": "evil.example", "api-key": "sim-rebound"})
    assert "rebound" not in [one["name"] for one in http.get(ROOT).json()]


def test_a_person_is_shown_a_page(http: httpx2.Client) -> None:
    answer = http.get("/", headers={"host": "evil.example", "accept": "text/html"})
    assert (answer.status_code, answer.headers["content-type"]) == (403, "text/html; charset=utf-8")
    assert "--allowed-hosts" in answer.text


@pytest.mark.parametrize("verb", ["GET", "HEAD"])
def test_health_is_answered_for_any_host(server: Server, verb: str) -> None:
    assert ask(server.url, "/_simulator/health", "evil.example", verb=verb).startswith(b"HTTP/1.1 200 ")


TARGETS = [
    ("http://evil.example/_simulator/rules", "localhost", 403), ("http://evil.example", "localhost", 403),
    ("http://evil.example:80?x", "localhost", 403), ("HTTPS://evil.example/", "localhost", 403),
    ("http://localhost@evil.example/", "localhost", 403), ("http://user:pw@localhost/", "localhost", 403),
    ("http://localhost/_simulator/rules", "evil.example", 200), ("http://localhost", "evil.example", 200),
    ("http://[::1]:9/_simulator/rules", "evil.example", 200), ("/_simulator/rules?next=http://evil.example", "sim",
     200), ("//evil.example/_simulator/rules", "sim", 404), ("http://evil.example/_simulator/health", "localhost", 200),
]  # fmt: skip


@pytest.mark.parametrize(("target", "host", "status"), TARGETS)
def test_of_an_absolute_target_the_host_in_it_counts(server: Server, target: str, host: str, status: int) -> None:
    assert ask(server.url, target, host).startswith(b"HTTP/1.1 %d " % status)


@pytest.mark.parametrize("name", ["X-Forwarded-Host", "X-Host", "Forwarded", "X-Original-Host"])
def test_no_other_header_stands_for_the_host(server: Server, name: str) -> None:
    value = "host=localhost" if name == "Forwarded" else "localhost"
    assert ask(server.url, "/_simulator/rules", "evil.example", f"{name}: {value}").startswith(b"HTTP/1.1 403 ")
    assert ask(server.url, "/_simulator/rules", "localhost", f"{name}: evil.example").startswith(b"HTTP/1.1 200 ")


TOKEN = {"SIMULATOR_CONTROL_TOKEN": "the-control-token"}
TUNNEL = "abc.ngrok-free.app"


@pytest.mark.parametrize(
    ("options", "environ"),
    [(("--allowed-hosts", f"x.example, {TUNNEL}"), {}), ((), {"SIMULATOR_ALLOWED_HOSTS": ".ngrok-free.app"}),
     (("--public-url", f"https://{TUNNEL}"), {}), (("--access", "closed"), TOKEN)],
)  # fmt: skip
def test_a_tunnels_name_is_accepted_where_it_is_listed_or_access_is_closed(
    options: tuple[str, ...], environ: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    with served(*options, environ=environ) as url:
        answer = ask(url, "/_simulator/rules", TUNNEL, "Authorization: Bearer the-control-token")
        assert answer.startswith(b"HTTP/1.1 200 "), answer
        assert ask(url, PI, TUNNEL).startswith(b"HTTP/1.1 401 ")
    assert caplog.records == []


@pytest.fixture
def fresh() -> Iterator[Server]:
    with Server() as server:
        yield server


def test_each_refused_name_is_logged_once_and_only_so_many(fresh: Server) -> None:
    for _ in range(2):
        ask(fresh.url, "/", "evil.example")
        ask(fresh.url, "/", "EVIL.example.:80")
    lines = fresh.stderr().splitlines()
    assert len(lines) == 1
    assert re.search(r"warning .*refused the host 'evil.example': serve with --allowed-hosts evil.example", lines[0])
    with httpx2.Client(base_url=fresh.url, trust_env=False) as http:
        for number in range(MOST_LOGGED + 5):
            assert http.get("/", headers={"host": f"h{number}.example"}).status_code == 403
    lines = fresh.stderr().splitlines()
    assert len(lines) == MOST_LOGGED
    assert lines[-1].endswith("no more refused names are logged")
