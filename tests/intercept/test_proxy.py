"""The port of `serve --intercept`: what it answers, passes on and refuses."""

import http.client
import json
import re
import socket
import ssl
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2
import pytest

from assessment_simulator.intercept.client_hello import read_client_hello
from tests.commands import call, complaint, run, settings_of
from tests.intercept import LIST, PI, PYMETRICS, Interceptor, intercepting
from tests.servers import Listener
from tests.waiting import until

KEY = {"api-key": "sk-live-0123456789"}
PERSON = json.dumps({"firstName": "Ada", "lastName": "Lovelace", "email": "ada@example.com"})


def answered(
    client: http.client.HTTPConnection, method: str, path: str, body: str | None = None, **headers: str
) -> tuple[int, bytes, dict[str, str]]:
    """Status, body and headers of the answer to a request on this connection."""
    client.request(method, path, body, {**KEY, "Content-Type": "application/json", **headers})
    answer = client.getresponse()
    return answer.status, answer.read(), dict(answer.getheaders())


def once(interceptor: Interceptor, host: str, *request: str, **headers: str) -> tuple[int, bytes, dict[str, str]]:
    """As `answered`, on a connection of its own to a host."""
    with closing(interceptor.connect(host)) as client:
        return answered(client, *request, **headers)


def test_a_call_of_a_vendors_host_is_answered_as_a_direct_one(interceptor: Interceptor) -> None:
    with closing(interceptor.connect()) as client:
        status, body, headers = answered(client, "POST", LIST, PERSON)
        made = json.loads(body)
        assert (status, headers["content-type"]) == (201, "application/json")
        status, body, _ = answered(client, "GET", f"{LIST}/{made['assessmentId']}")
    direct = httpx2.get(f"{interceptor.server.url}{LIST}/{made['assessmentId']}", headers=KEY, trust_env=False)
    assert (status, body) == (direct.status_code, direct.content)
    # Links use the server's own address, and can be followed without the proxy.
    assert made["assessmentUrl"].startswith(interceptor.server.url)
    assert httpx2.get(made["assessmentUrl"], trust_env=False, follow_redirects=True).status_code == 200


def test_tls_may_begin_at_once(interceptor: Interceptor) -> None:
    with interceptor.direct(PYMETRICS) as client:
        client.sendall(b"GET /mercury/configuration HTTP/1.1\r\nHost: api.pymetrics.com\r\n\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 403 ")
        assert client.selected_alpn_protocol() is None


def test_a_plain_request_to_a_vendor_is_answered_once_per_connection(interceptor: Interceptor) -> None:
    said = interceptor.ask(f"GET http://{PI}{LIST} HTTP/1.1\r\nHost: other.example\r\napi-key: k\r\n\r\n")
    assert said.startswith(b"HTTP/1.1 200 ")
    assert b"connection: close" in said
    assert interceptor.ask(f"GET {LIST} HTTP/1.1\r\nHost: {PI}\r\napi-key: k\r\n\r\n").startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    ("host", "path", "status"),
    [
        (PI, "/_simulator/health", 404),
        (PI, "/", 404),
        (PI, "/sandboxes/run", 404),
        (PI, "/mercury/configuration", 404),  # the other vendor's
        (PI, "/api/v1x", 404),
        (PI, "/API/V1/BehavioralAssessments/", 200),
        (PI, f"/{LIST}", 200),
        (PYMETRICS, LIST, 404),
        (PYMETRICS, "/mercury/nothing", 404),
    ],
)
def test_a_vendors_host_has_the_paths_of_the_vendor_alone(
    interceptor: Interceptor, host: str, path: str, status: int
) -> None:
    assert once(interceptor, host, "GET", path)[0] == status


@pytest.mark.parametrize("host", ["127.0.0.1", "evil.example", "", PI + "@evil.example", "localhost:8787"])
def test_a_host_header_of_no_vendor_is_misdirected(interceptor: Interceptor, host: str) -> None:
    assert once(interceptor, PI, "GET", "/_simulator/sandboxes", Host=host)[0] == 421


REFUSED = [
    ("CONNECT eu.pymetrics.com:443 HTTP/1.1\r\n\r\n", 403, b"--intercept-hosts HOST=VENDOR"),
    ("CONNECT www.predictiveindex.com.:443 HTTP/1.1\r\n\r\n", 403, b"--intercept-hosts"),
    ("CONNECT PYMETRICS.com:443 HTTP/1.1\r\n\r\n", 403, b"--intercept-hosts"),
    ("GET http://www.pymetrics.com/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 403, b"--intercept-hosts"),
    ("GET http://www.pymetrics.com./ HTTP/1.1\r\n\r\n", 403, b"--intercept-hosts"),
    ("GET / HTTP/1.1\r\nHost: example.com\r\n\r\n", 403, b"does not pass connections to example.com on"),
    ("GET / HTTP/1.1\r\n\r\n", 400, b"CONNECT host:port"),
    ("CONNECT / HTTP/1.1\r\n\r\n", 400, b"CONNECT host:port"),
    ("CONNECT example.com HTTP/1.1\r\n\r\n", 400, b"CONNECT host:port"),
    ("GET ftp://example.com/ HTTP/1.1\r\n\r\n", 400, b"http URL"),
    ("CONNECT example.com:0 HTTP/1.1\r\n\r\n", 403, b"does not pass"),
    ("CONNECT example.com:99999 HTTP/1.1\r\n\r\n", 403, b"does not pass"),
    ("hello\r\n\r\n", 400, b"no valid first line"),
]


@pytest.mark.parametrize(("text", "status", "why"), REFUSED)
def test_a_connection_that_leads_elsewhere_is_refused(
    interceptor: Interceptor, text: str, status: int, why: bytes
) -> None:
    said = interceptor.ask(text)
    assert said.startswith(b"HTTP/1.1 %d " % status)
    assert why in said


def test_other_hosts_are_tunnelled_in_open_access(interceptor: Interceptor) -> None:
    with Listener() as listener:
        proxy = f"http://127.0.0.1:{interceptor.port}"
        address = listener.url.removeprefix("http://").partition("/")[0]
        with httpx2.Client(proxy=proxy, trust_env=False) as client:
            assert (
                client.post(f"{listener.url}/plain?a=1", content=b"x", headers={"Connection": "keep-alive"}).status_code
                == 200
            )
        assert (
            interceptor.ask(
                f"CONNECT {address} HTTP/1.1\r\n\r\nGET /inside HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
            ).count(b"HTTP/1.1 200 ")
            == 2
        )
        plain, inside = listener.received
    assert (plain.path, plain.body, inside.path) == ("/plain?a=1", b"x", "/inside")
    assert not any(name.lower().startswith("proxy-") for name in plain.headers)


def test_a_host_that_cannot_be_reached_is_a_bad_gateway(interceptor: Interceptor) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert interceptor.ask(f"CONNECT 127.0.0.1:{port} HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 502 ")


def test_other_hosts_can_be_refused_and_more_hosts_answered(authority: Path, tmp_path: Path) -> None:
    options = (
        "--intercept-others",
        "refuse",
        "--intercept-hosts",
        "eu.api.example=pymetrics,x.pymetrics.com=pymetrics",
    )
    with intercepting(tmp_path, *options) as running:
        said = running.ask("CONNECT example.com:443 HTTP/1.1\r\n\r\n")
        assert said.startswith(b"HTTP/1.1 403 ")
        assert b"--intercept-others tunnel" in said
        for host in ("eu.api.example", "x.pymetrics.com"):
            assert once(running, host, "GET", "/mercury/configuration")[0] == 403


def test_in_closed_access_other_hosts_are_refused_and_keys_are_checked(tmp_path: Path) -> None:
    with intercepting(tmp_path, "--access", "closed") as running:
        assert running.ask("CONNECT example.com:443 HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 403 ")
        assert once(running, PI, "GET", LIST)[0] == 401


def test_a_client_that_does_not_trust_the_authority_is_logged_once_with_the_remedy(interceptor: Interceptor) -> None:
    for _ in range(2):
        with pytest.raises(ssl.SSLCertVerificationError):
            interceptor.direct(PI, ssl.create_default_context())
    until(lambda: "did not accept" in interceptor.server.stderr())
    lines = [line for line in interceptor.server.stderr().splitlines() if "did not accept" in line]
    assert len(lines) == 1
    assert re.search(r"certificate for pi\.predictiveindex\.com \(tlsv1 alert unknown ca\).* SSL_CERT_FILE", lines[0])


def test_a_client_of_http_2_alone_gets_an_alert_and_a_line(interceptor: Interceptor) -> None:
    context = interceptor.trust
    context.set_alpn_protocols(["h2"])
    with pytest.raises(ssl.SSLError, match="no application protocol"):
        interceptor.direct(PI, context)
    until(lambda: "only HTTP/2 to pi.predictiveindex.com" in interceptor.server.stderr())


def test_a_client_that_offers_both_speaks_http_1(interceptor: Interceptor) -> None:
    context = interceptor.trust
    context.set_alpn_protocols(["h2", "http/1.1"])
    with interceptor.direct(PI, context) as client:
        assert client.selected_alpn_protocol() == "http/1.1"


def test_a_client_without_a_name_of_the_server_gets_the_certificate_of_all_hosts(interceptor: Interceptor) -> None:
    context = interceptor.trust
    context.check_hostname = False
    with interceptor.direct(None, context) as client:
        certificate: Any = client.getpeercert()
    names = {name for _, name in certificate["subjectAltName"]}
    assert names == {PI, PYMETRICS, "staging.api.pymetrics.com"}


def test_tls_to_another_name_is_refused(interceptor: Interceptor) -> None:
    with pytest.raises(ssl.SSLError, match=r"(?i)unrecognized.name"):
        interceptor.direct("example.com")


def test_no_credential_is_shown_anywhere(interceptor: Interceptor) -> None:
    secrets = ("acct-77aa", "sec-88bb", "key-99cc", "pi-00dd")
    token = json.dumps({"client_id": secrets[0], "client_secret": secrets[1], "grant_type": "client_credentials"})
    status, body, _ = once(interceptor, PYMETRICS, "POST", "/mercury/oauth/token", token)
    assert status == 201
    bearer = f"Bearer {json.loads(body)['access_token']}"
    keys = {"Authorization": bearer, "X-Api-Key": secrets[2], "api-key": ""}
    assert once(interceptor, PYMETRICS, "GET", "/mercury/configuration", **keys)[0] == 200
    assert once(interceptor, PI, "GET", LIST, **{"api-key": secrets[3]})[0] == 200
    base = f"{interceptor.server.url}/_simulator/sandboxes/run"
    with httpx2.Client(trust_env=False, timeout=30) as client:
        journal = client.get(f"{base}/journal").json()
        shown = [client.get(f"{base}/journal.har"), client.get(f"{interceptor.server.url}/sandboxes/run/journal")]
        for one in journal:
            shown.append(client.get(f"{base}/journal/{one['id']}"))
            shown.append(client.get(f"{base}/journal/{one['id']}", headers={"accept": "text/x-shellscript"}))
    assert {answer.status_code for answer in shown} == {200}
    text = "\n".join([*(answer.text for answer in shown), interceptor.server.stderr()])
    assert len(journal) >= 3
    assert [secret for secret in secrets if secret in text] == []


def test_a_named_credential_opens_its_own_sandbox_beside_the_default_one(interceptor: Interceptor) -> None:
    made = json.loads(once(interceptor, PI, "POST", LIST, PERSON, **{"api-key": "sim-named"})[1])["assessmentId"]
    assert once(interceptor, PI, "GET", f"{LIST}/{made}", **{"api-key": "sim-named"})[0] == 200
    assert once(interceptor, PI, "GET", f"{LIST}/{made}", **{"api-key": "another"})[0] == 404


def test_the_server_stops_though_connections_are_open(tmp_path: Path) -> None:
    with intercepting(tmp_path) as running:
        idle = socket.create_connection(("127.0.0.1", running.port))
        secure = running.direct(PI)
    with idle, secure:
        assert idle.recv(1) == b""


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--intercept", "0", "--workers", "2", "--log", "postgresql://a@b/c"), ["--workers"]),
        (("--intercept-hosts", "x.example"), ["HOST=VENDOR"]),
        (("--intercept-hosts", "x.example=acme"), ["pymetrics and predictive_index"]),
        (("--default-sandbox", "A b"), ["a name of a sandbox"]),
        (("--default-sandbox", "a", "--access", "closed"), ["open access"]),
        (("--tls-dir", "x"), ["--intercept"]),
    ],
)
def test_options_that_contradict_each_other_are_refused(options: tuple[str, ...], words: list[str]) -> None:
    complaint(call("serve", *options), *words)


def test_the_settings_of_the_options() -> None:
    made = settings_of("--intercept", "0", "--default-sandbox", "run", "--intercept-others", "refuse")
    assert (made.intercept, made.default_sandbox, made.intercept_others) == (0, "run", "refuse")


def test_a_port_that_is_in_use_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run("serve", "--port", "0", "--intercept", str(port), "--tls-dir", str(tmp_path))
    assert done.returncode == 1
    assert f"127.0.0.1:{port}" in done.stderr
    assert "--intercept" in done.stderr


@pytest.mark.parametrize("cut", [0, 1, 5, 40, 44, 80, 120, 10_000])
def test_a_broken_client_hello_says_nothing(cut: int) -> None:
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.create_default_context()
    context.set_alpn_protocols(["h2", "http/1.1"])
    client = context.wrap_bio(incoming, outgoing, server_hostname=PI)
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    record = outgoing.read()
    found = read_client_hello(record[:cut])
    if cut < len(record):
        assert found is None
    else:
        assert found == (PI, ("h2", "http/1.1"))
