"""A certificate authority of one's own, for a server that is to speak TLS on this machine or in this network.

Needs the package `cryptography`: the extra `tls`.
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
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_LIFE_OF_AUTHORITY = timedelta(days=3_650)
_LIFE_OF_CERTIFICATE = timedelta(days=90)
"""Each start makes another one, and a server does not run for longer without one."""
_ALWAYS = ("localhost", "127.0.0.1", "::1")


class Files(NamedTuple):
    """What a server and its clients need: the authority's certificate is for everybody, the rest is secret."""

    authority: Path
    server: Path
    """The server's key and certificate in one."""


class _Authority(NamedTuple):
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate


def certify(folder: Path, hosts: Iterable[str]) -> Files:
    """Make a certificate for a server that is reached under these names and addresses, besides those of this machine.

    The authority stays in the folder for the next time; it is made where there is none, or it is about to lapse. Raises
    OSError, and ValueError where the folder holds something else under its name.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    files = Files(folder / "ca.pem", folder / "server.pem")
    authority = _kept(folder / "ca-key.pem")
    _put(files.authority, authority.certificate.public_bytes(Encoding.PEM), 0o644)
    names = dict.fromkeys([*_ALWAYS, *_machine(), *hosts])
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _signed(key, "assessment-simulator", _LIFE_OF_CERTIFICATE, authority, [*names])
    _put(files.server, _private(key) + certificate.public_bytes(Encoding.PEM), 0o600)
    return files


def _machine() -> list[str]:
    """This machine's name, if it is one that a certificate can hold."""
    name = socket.gethostname()
    return [name] if name.isascii() and all(0 < len(part) < 64 for part in name.split(".")) else []


def _kept(path: Path) -> _Authority:
    """The authority in a file; a new one where it is missing or lapses soon. Of two who make one, one is heard."""
    with suppress(FileNotFoundError):
        found = _read(path)
        if found.certificate.not_valid_after_utc > datetime.now(UTC) + _LIFE_OF_CERTIFICATE:
            return found
        path.unlink(missing_ok=True)
    key = ec.generate_private_key(ec.SECP256R1())
    made = _signed(key, f"assessment-simulator on {socket.gethostname()}"[:64], _LIFE_OF_AUTHORITY)
    new = _put(path.with_name(f".{os.getpid()}.ca"), _private(key) + made.public_bytes(Encoding.PEM), 0o600)
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


def _signed(
    key: ec.EllipticCurvePrivateKey, name: str, life: timedelta, by: _Authority | None = None, hosts: Iterable[str] = ()
) -> x509.Certificate:
    """A certificate for a key: that of an authority, or, signed by one, that of a server."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now, public, signer = datetime.now(UTC), key.public_key(), by.key if by else key
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by.certificate.subject if by else subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))  # clocks differ a little
        .not_valid_after(now + life)
        .add_extension(x509.BasicConstraints(ca=by is None, path_length=None if by else 0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        .add_extension(_usage(signs=by is None), critical=True)
    )
    if by is not None:
        names = x509.SubjectAlternativeName([_general(host) for host in hosts])
        builder = builder.add_extension(names, critical=False)
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    return builder.sign(signer, SHA256())


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=signs, crl_sign=signs, encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _general(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host.strip("[]")))
    except ValueError:
        return x509.DNSName(host.encode("idna").decode())


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _put(path: Path, data: bytes, mode: int) -> Path:
    """Write a file in one step, readable from its first byte on by those alone who may read it."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # made with 0600
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
    Path(name).chmod(mode)
    return Path(name).replace(path)
