"""A local certificate authority, for a server with TLS on this machine or in this network.

The authority's key stays in a folder for later starts; each start makes a new certificate for the server. Needs the
package `cryptography`: the extra `tls`.
"""

import os
import socket
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AUTHORITY_LIFETIME = timedelta(days=3_650)
CERTIFICATE_LIFETIME = timedelta(days=90)
_ALWAYS = ("localhost", "127.0.0.1", "::1")


class Files(NamedTuple):
    """The authority's certificate, for clients, and the server's key and certificate in one file."""

    authority: Path
    server: Path


class _Authority(NamedTuple):
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate


def certify(folder: Path, hosts: Iterable[str]) -> Files:
    """Make a certificate for these names and addresses, and for those of this machine.

    The authority in the folder is used again; a new one is made if there is none, or if it expires before a new
    certificate would. Raises OSError, and ValueError if its file holds something else.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    files = Files(folder / "ca.pem", folder / "server.pem")
    authority = _authority(folder / "ca-key.pem")
    _write(files.authority, authority.certificate.public_bytes(Encoding.PEM), 0o644)
    machine = socket.gethostname()
    fits = machine.isascii() and all(0 < len(label) < 64 for label in machine.split("."))
    names = dict.fromkeys([*_ALWAYS, *([machine] if fits else []), *hosts])
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _sign(key, "assessment-simulator", CERTIFICATE_LIFETIME, authority, names)
    _write(files.server, _pem(key, certificate), 0o600)
    return files


def _authority(path: Path) -> _Authority:
    """The authority in a file, or a new one. Of two processes that make one at once, the first wins."""
    with suppress(FileNotFoundError):
        found = _read(path)
        if found.certificate.not_valid_after_utc > datetime.now(UTC) + CERTIFICATE_LIFETIME:
            return found
        path.unlink(missing_ok=True)
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _sign(key, f"assessment-simulator on {socket.gethostname()}"[:64], AUTHORITY_LIFETIME)
    new = _write(path.with_name(f".{os.getpid()}.ca"), _pem(key, certificate), 0o600)
    with suppress(FileExistsError):
        os.link(new, path)
    new.unlink()
    return _read(path)


def _read(path: Path) -> _Authority:
    text = path.read_bytes()
    try:
        key = load_pem_private_key(text, None)
        certificate = x509.load_pem_x509_certificate(text)
    except (TypeError, ValueError) as problem:
        raise ValueError(f"{path} holds no key and certificate of ours: {problem}") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
        raise ValueError(f"{path} holds no key and certificate of ours")
    return _Authority(key, certificate)


def _sign(
    key: ec.EllipticCurvePrivateKey, name: str, lifetime: timedelta, by: _Authority | None = None,
    hosts: Iterable[str] = (),
) -> x509.Certificate:  # fmt: skip
    """A certificate for a key: of an authority, or, signed `by` one, of a server."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now, public, signer = datetime.now(UTC), key.public_key(), by.key if by else key
    usage = x509.KeyUsage(
        digital_signature=by is not None, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=by is None, crl_sign=by is None, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by.certificate.subject if by else subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        # Clocks differ a little.
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + lifetime)
        .add_extension(x509.BasicConstraints(ca=by is None, path_length=None if by else 0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        .add_extension(usage, critical=True)
    )
    if by is not None:
        names = x509.SubjectAlternativeName([_general_name(host) for host in hosts])
        builder = builder.add_extension(names, critical=False)
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    return builder.sign(signer, SHA256())


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host.strip("[]")))
    except ValueError:
        return x509.DNSName(host.encode("idna").decode())


def _pem(key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> bytes:
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return private + certificate.public_bytes(Encoding.PEM)


def _write(path: Path, data: bytes, mode: int) -> Path:
    """Write a file in one step. From its first byte on, it is readable only for those whom `mode` permits."""
    # `mkstemp` creates the file with mode 0600.
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
    Path(name).chmod(mode)
    return Path(name).replace(path)
