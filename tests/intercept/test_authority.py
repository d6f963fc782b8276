"""The authority of intercepted hosts: where it is kept, what it may sign, and what clients make of its certificates."""

import os
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from socket import create_server

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from assessment_simulator import certificates
from assessment_simulator.intercept.environment import environment
from tests.intercept import PI, PYMETRICS
from tests.servers import ROOT

HOSTS = (PI, PYMETRICS)
CLIENTS = Path(__file__).parent / "clients"


def modes(folder: Path) -> dict[str, str]:
    return {file.name: oct(file.stat().st_mode & 0o777) for file in (folder, *folder.iterdir())}


def read(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def test_keys_are_for_their_owner_alone(tmp_path: Path) -> None:
    certificates.certify_hosts(tmp_path / "new", HOSTS)
    assert modes(tmp_path / "new") == {
        "new": "0o700", "intercept-ca-key.pem": "0o600", "intercept-ca.pem": "0o644", "intercept.pem": "0o600",
    }  # fmt: skip
    assert b"PRIVATE" not in (tmp_path / "new" / "intercept-ca.pem").read_bytes()


def test_the_key_of_the_trusted_root_is_kept_nowhere(tmp_path: Path) -> None:
    files, _ = certificates.certify_hosts(tmp_path, HOSTS)
    kept = [load_pem_private_key(file.read_bytes(), None) for file in (tmp_path / "intercept-ca-key.pem", files.server)]
    assert read(files.authority).public_key() not in [key.public_key() for key in kept]


def test_an_authority_serves_again_until_a_host_is_added(tmp_path: Path) -> None:
    files, is_replaced = certificates.certify_hosts(tmp_path, HOSTS)
    first = read(files.authority)
    assert not is_replaced
    for hosts, expected in ((HOSTS, False), (HOSTS[:1], False), ((*HOSTS, "eu.api.example"), True), (HOSTS, False)):
        assert certificates.certify_hosts(tmp_path, hosts)[1] is expected
    limits = read(files.authority).extensions.get_extension_for_class(x509.NameConstraints)
    assert limits.critical
    assert {name.value for name in limits.value.permitted_subtrees or ()} == {*HOSTS, "eu.api.example"}
    assert read(files.authority) != first


def test_a_certificate_is_valid_for_thirty_days_and_names_its_hosts(tmp_path: Path) -> None:
    files, _ = certificates.certify_hosts(tmp_path, HOSTS)
    leaf = read(files.server)
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc <= timedelta(days=30, hours=1)
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert {*names.get_values_for_type(x509.DNSName)} == {*HOSTS}
    assert leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False


@contextmanager
def server_of(pem: Path) -> Iterator[int]:
    """The port of a TLS server with this key and certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    with create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            with suppress(OSError):
                while True:
                    plain, _ = listener.accept()
                    with suppress(OSError), plain, context.wrap_socket(plain, server_side=True) as client:
                        client.settimeout(10)
                        client.recv(1)

        threading.Thread(target=accept, daemon=True).start()
        yield listener.getsockname()[1]


@pytest.mark.parametrize("client", ["openssl", "go", "java"])
def test_a_certificate_of_the_authority_for_another_host_is_refused(client: str, tmp_path: Path) -> None:
    """The key of the authority signs for a foreign host here; a client that trusts the authority must not accept it."""
    files, _ = certificates.certify_hosts(tmp_path, HOSTS)
    authority = certificates._read(tmp_path / "intercept-ca-key.pem")
    bundle = {**os.environ, **environment(1, tmp_path / "client", files.authority, HOSTS, os.environ)}
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        bundle.pop(name)

    def trusts(host: str, port: int) -> bool:
        verify = ("-verify_return_error", "-verify_hostname", host, "-CAfile", str(files.authority))
        command: dict[str, list[str | Path]] = {
            "openssl": ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-servername", host, *verify],
            "go": ["go", "run", CLIENTS / "connect.go", f"127.0.0.1:{port}", host],
            "java": ["java", CLIENTS / "Connect.java", "127.0.0.1", str(port), host],
        }
        done = subprocess.run(
            command[client], env=bundle, input="", capture_output=True, text=True, check=False, timeout=100
        )  # fmt: skip
        return done.returncode == 0

    answers = {}
    for host in (PI, "www.example.com", "127.0.0.1"):
        pem = certificates._sign("foreign", timedelta(days=1), authority, [host])
        (tmp_path / "foreign.pem").write_bytes(pem + authority.certificate.public_bytes(Encoding.PEM))
        with server_of(tmp_path / "foreign.pem") as port:
            answers[host] = trusts(host, port)
    assert answers == {PI: True, "www.example.com": False, "127.0.0.1": False}


def test_the_trust_store_for_java_has_the_authority(tmp_path: Path) -> None:
    from cryptography.hazmat.primitives.serialization.pkcs12 import load_pkcs12

    files, _ = certificates.certify_hosts(tmp_path, HOSTS)
    store = certificates.java_trust_store(
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" + files.authority.read_bytes(), "changeit"
    )
    found = [one.certificate.public_bytes(Encoding.PEM) for one in load_pkcs12(store, b"changeit").additional_certs]
    assert found == [read(files.authority).public_bytes(Encoding.PEM)]


def test_nothing_that_is_packaged_holds_a_key() -> None:
    packages = [ROOT / "simulator" / "assessment_simulator", ROOT / "contracts" / "assessment_contracts"]
    files = [file for package in packages for file in package.rglob("*") if file.is_file() and file.suffix != ".pyc"]
    assert [file for file in files if b"PRIVATE KEY-----\n" in file.read_bytes()] == []
    assert any(file.name == "node.cjs" for file in files)


def test_the_environment_adds_to_what_is_there(tmp_path: Path) -> None:
    files, _ = certificates.certify_hosts(tmp_path, HOSTS)
    (tmp_path / "own.pem").write_text("# mine\n")
    (tmp_path / "wgetrc").write_text("timeout = 7\n")
    present = {
        "SSL_CERT_FILE": str(tmp_path / "own.pem"), "WGETRC": str(tmp_path / "wgetrc"), "PYTHONPATH": "/mine",
        "NODE_OPTIONS": "--trace-warnings", "JAVA_TOOL_OPTIONS": "-Xmx1g", "PHP_INI_SCAN_DIR": "/php",
    }  # fmt: skip
    made = environment(4711, tmp_path / "a folder", files.authority, HOSTS, present)
    assert made["HTTPS_PROXY"] == made["https_proxy"] == "http://127.0.0.1:4711"
    assert made["NO_PROXY"] == made["no_proxy"] == "localhost,127.0.0.1,::1"
    bundle = Path(made["SSL_CERT_FILE"])
    assert bundle.read_bytes() == b"# mine\n" + files.authority.read_bytes()
    assert {made[name] for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")} == {str(bundle)}
    assert Path(made["WGETRC"]).read_text() == f"timeout = 7\nca_certificate = {bundle}\n"
    assert made["PYTHONPATH"].endswith(":/mine")
    assert made["NODE_OPTIONS"].startswith("--trace-warnings --require ")
    assert made["JAVA_TOOL_OPTIONS"].startswith("-Xmx1g -Dhttp.proxyHost=127.0.0.1 ")
    assert f"'-Djavax.net.ssl.trustStore={tmp_path}/a folder/intercept-trust.p12'" in made["JAVA_TOOL_OPTIONS"]
    assert made["PHP_INI_SCAN_DIR"] == f"/php:{tmp_path}/a folder/php"
    # Made of its own result, it stays the same.
    again = environment(
        4711, tmp_path / "a folder", files.authority, HOSTS, {**present, "SSL_CERT_FILE": str(tmp_path / "own.pem")}
    )
    assert again == made
    assert shutil.which("openssl")
