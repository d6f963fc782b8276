"""TLS: with given files, or with a certificate of a local authority."""

import contextlib
import datetime as dt
import json
import socket
import ssl
import stat
import subprocess
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
from cryptography import x509

from assessment_simulator import certificates
from tests.clients.environments import PYMETRICS_SDK
from tests.clients.test_pymetrics_sdks import run as run_sdk
from tests.commands import call, complaint, run
from tests.server import ROOT, assessment, order
from tests.servers import Listener, Sandbox, Server, served
from tests.suites import passed, written
from tests.suites import run as suite


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tls") / "authority"


@pytest.fixture(scope="module")
def secure(folder: Path) -> Iterator[Server]:
    """A server with a certificate of its own authority."""
    with Server("--tls", "local", "--tls-dir", str(folder)) as server:
        yield server


@pytest.fixture
def trusting(secure: Server, folder: Path) -> Iterator[httpx2.Client]:
    """A client that trusts that authority and no other."""
    context = ssl.create_default_context(cafile=folder / "ca.pem")
    with httpx2.Client(base_url=secure.url, verify=context, trust_env=False) as client:
        yield client


def curl(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["curl", "-sS", "--noproxy", "*", "--max-time", "10", *arguments], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_curl_verifies_the_certificate_with_the_authority(secure: Server, folder: Path, host: str) -> None:
    assert f"certificate authority: {folder / 'ca.pem'}" in secure.stderr()
    url = f"https://{host}:{urlsplit(secure.url).port}/_simulator/health"
    assert '"status":"ok"' in curl("--cacert", str(folder / "ca.pem"), url).stdout
    assert curl(url).returncode == 60  # curl does not trust the certificate


def test_links_of_both_vendors_begin_with_https(trusting: httpx2.Client, listener: Listener) -> None:
    sandbox = Sandbox(trusting, "secure")
    sandbox.control_json("PATCH", "/config", {"default_webhook_url": listener.url})
    made = [order(sandbox)["invite_link"], assessment(sandbox)["assessmentUrl"]]
    assert [link for link in made if not link.startswith(f"{sandbox.url}/")] == []
    for invitation in sandbox.control_json("GET", "/invitations"):
        sandbox.control_json("POST", f"/invitations/{invitation['id']}/complete")
    listener.wait_for(1)
    sandbox.control("DELETE")


def test_a_large_response_and_an_event_stream_arrive_whole(trusting: httpx2.Client) -> None:
    assert trusting.get("/_simulator/openapi/control.json").json()["openapi"].startswith("3.1")
    with trusting.stream("GET", f"{ROOT}/stream/events") as stream:
        Sandbox(trusting, "stream").control_json("PATCH", "/config", {"maintenance": True})
        assert any("config" in line for line in stream.iter_lines())
    trusting.delete(f"{ROOT}/stream")


def test_a_client_without_tls_gets_no_response_and_disturbs_no_other(secure: Server, trusting: httpx2.Client) -> None:
    parts = urlsplit(secure.url)
    with socket.create_connection((parts.hostname, parts.port), 5) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        connection.settimeout(5)
        with contextlib.suppress(ConnectionResetError):
            assert b"HTTP/1.1" not in connection.recv(1_024)
    with socket.create_connection((parts.hostname, parts.port), 5):
        assert trusting.get("/_simulator/health").status_code == 200
    assert "Traceback" not in secure.stderr()


def test_tls_1_1_is_refused(secure: Server) -> None:
    url = f"{secure.url}/_simulator/health"
    assert curl("--insecure", "--tls-max", "1.1", "--ciphers", "DEFAULT@SECLEVEL=0", url).returncode == 35
    assert curl("--insecure", "--tls-max", "1.2", url).returncode == 0


def test_ready_and_doctor_use_tls_and_the_authority_of_the_environment_or_an_option(
    secure: Server, folder: Path
) -> None:
    url, port, authority = ("--url", secure.url), str(urlsplit(secure.url).port), ("--ca", str(folder / "ca.pem"))
    environ = {"SIMULATOR_PORT": port, "SIMULATOR_TLS": "local", "SIMULATOR_TLS_DIR": str(folder)}
    for command in ("ready", "doctor"):
        for done in (call(command, environ=environ), call(command, *url, *authority)):
            assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert call("ready", environ={"SIMULATOR_PORT": port, "SIMULATOR_TLS_CERT": "own.pem"}).returncode == 0
    complaint(call("ready", environ={"SIMULATOR_PORT": port}), "not ready")
    complaint(call("ready", *url), "not ready", "certificate")
    complaint(call("ready", *url, "--ca", str(folder / "nope.pem")), "not ready")
    refused = call("doctor", *url)
    assert refused.returncode == 2
    assert "certificate verify failed" in refused.stdout
    complaint(call("doctor", *url, "--ca", str(folder / "nope.pem")), "authority to trust")


def test_the_plugin_and_check_use_ssl_cert_file(secure: Server, folder: Path, tmp_path: Path) -> None:
    written(tmp_path, {"test_one.py": "def test_one(simulator):\n    assert simulator.pymetrics.headers()\n"})
    trusted = {"SSL_CERT_FILE": str(folder / "ca.pem")}
    passed(suite(tmp_path, SIMULATOR_URL=secure.url, **trusted), 1)
    asked = run("check", "server", "--target", secure.url, "--only", "pymetrics.tokens.shown", environ=trusted)
    assert asked.returncode == 0, asked.stdout
    refused = suite(tmp_path, SIMULATOR_URL=secure.url)
    assert "certificate verify failed" in refused.stdout


def test_the_login_cookie_is_secure(folder: Path) -> None:
    options = ("--access", "closed", "--tls", "local", "--tls-dir", str(folder))
    with served(*options, environ={"SIMULATOR_CONTROL_TOKEN": "t" * 16}) as url:
        context = ssl.create_default_context(cafile=folder / "ca.pem")
        answer = httpx2.post(f"{url}/login", data={"token": "t" * 16}, verify=context)
        assert "secure" in answer.headers["set-cookie"].lower()


@pytest.mark.parametrize("style", ["sync", "asyncio"])
def test_pymetrics_own_sdk_works_over_tls(trusting: httpx2.Client, folder: Path, style: str) -> None:
    sandbox, trusted = Sandbox(trusting, "sdk"), {"SSL_CERT_FILE": str(folder / "ca.pem")}
    *_, said = run_sdk(PYMETRICS_SDK, "pymetrics_sdk/calls.py", sandbox, sandbox.credential, style, **trusted)
    assert json.loads(said)["reported"][0] == 200


# The authority.


def test_keys_are_readable_by_their_owner_only(secure: Server, folder: Path) -> None:
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert modes == {"ca-key.pem": 0o600, "server.pem": 0o600, "ca.pem": 0o644}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert "PRIVATE" not in (folder / "ca.pem").read_text()


def test_the_authority_is_used_again_for_a_new_certificate(tmp_path: Path) -> None:
    first = certificates.certify(tmp_path, [])
    kept, made = first.authority.read_bytes(), first.server.read_bytes()
    again = certificates.certify(tmp_path, ["sim.example", "10.1.2.3", "[2001:db8::1]"])
    assert again.authority.read_bytes() == kept
    assert again.server.read_bytes() != made
    ca, leaf = (x509.load_pem_x509_certificate(path.read_bytes()) for path in again)
    assert ca.extensions.get_extension_for_class(x509.BasicConstraints).value == x509.BasicConstraints(True, 0)
    assert leaf.extensions.get_extension_for_class(x509.BasicConstraints).value == x509.BasicConstraints(False, None)
    leaf.verify_directly_issued_by(ca)
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert {"localhost", "sim.example"} <= {*names.get_values_for_type(x509.DNSName)}
    addresses = {*names.get_values_for_type(x509.IPAddress)}
    assert {ip_address(text) for text in ("127.0.0.1", "::1", "10.1.2.3", "2001:db8::1")} <= addresses


def test_an_authority_that_expires_soon_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(certificates, "AUTHORITY_LIFETIME", dt.timedelta(days=30))
        old = certificates.certify(tmp_path, []).authority.read_bytes()
    new = certificates.certify(tmp_path, []).authority.read_bytes()
    assert new != old
    assert certificates.certify(tmp_path, []).authority.read_bytes() == new


@pytest.mark.parametrize("junk", [b"", b"junk", b"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"])
def test_a_file_without_an_authority_is_refused(tmp_path: Path, nothing_served: None, junk: bytes) -> None:
    (tmp_path / "ca-key.pem").write_bytes(junk)
    complaint(
        call("serve", "--tls", "local", "--tls-dir", str(tmp_path)), "ca-key.pem", "no key and certificate of ours"
    )
    assert (tmp_path / "ca-key.pem").read_bytes() == junk


# Given files.


def test_given_files_are_used(tmp_path: Path) -> None:
    made = certificates.certify(tmp_path, [])
    text = made.server.read_text()
    key, _, certificate = text.partition("-----BEGIN CERTIFICATE")
    (tmp_path / "key.pem").write_text(key)
    (tmp_path / "cert.pem").write_text(f"-----BEGIN CERTIFICATE{certificate}")
    files = ("--tls-cert", str(tmp_path / "cert.pem"), "--tls-key", str(tmp_path / "key.pem"))
    with Server(*files) as server:
        assert server.url.startswith("https://")
        assert '"ok"' in curl("--cacert", str(made.authority), f"{server.url}/_simulator/health").stdout
        assert "authority" not in server.stderr()


BAD = [
    (("--tls", "local"), "--tls-dir"),
    (("--tls", "nope"), "local"),
    (("--tls-dir", "x"), "--tls local"),
    (("--tls-cert", "x"), "go together"),
    (("--tls-key", "x"), "go together"),
    (("--tls", "local", "--tls-dir", "x", "--tls-cert", "x"), "no --tls-cert"),
    (("--tls-cert", "nope.pem", "--tls-key", "nope.pem"), "nope.pem"),
    (("--tls-cert", __file__, "--tls-key", __file__), "no certificate with its key"),
    (("--tls", "local", "--tls-dir", __file__), "--tls-dir"),
]


@pytest.mark.parametrize(("options", "said"), BAD)
def test_invalid_tls_options_are_refused(nothing_served: None, options: tuple[str, ...], said: str) -> None:
    complaint(call("serve", "--port", "0", *options), said)


def test_without_the_extra_tls_the_command_says_what_to_install(
    nothing_served: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "cryptography", None)
    monkeypatch.delitem(__import__("sys").modules, "assessment_simulator.certificates")
    complaint(call("serve", "--tls", "local", "--tls-dir", "x"), "assessment-simulator[tls]")
