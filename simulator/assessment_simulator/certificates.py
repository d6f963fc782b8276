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


class Files(NamedTuple):
    """The authority's certificate, for clients, and the server's key and certificate in one file."""

    authority: Path
    server: Path


_Pair = tuple[ec.EllipticCurvePrivateKey, x509.Certificate]


def certify(folder: Path, hosts: Iterable[str]) -> Files:
    """Make a certificate for these names and addresses, and for those of this machine.

    The authority in the folder is used again; a new one is made if there is none, or if it expires before a new
    certificate would. Raises OSError, and ValueError if its file holds something else.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    files = Files(folder / "ca.pem", folder / "server.pem")
    authority = _authority(folder / "ca-key.pem")
    _write(files.authority, authority[1].public_bytes(Encoding.PEM), 0o644)
    machine = socket.gethostname()
    fits = machine.isascii() and all(0 < len(label) < 64 for label in machine.split("."))
    names = dict.fromkeys(["localhost", "127.0.0.1", "::1", *([machine] if fits else []), *hosts])
    _write(files.server, _sign("assessment-simulator", CERTIFICATE_LIFETIME, authority, names), 0o600)
    return files


def _authority(path: Path) -> _Pair:
    """The authority in a file, or a new one. Of two processes that make one at once, the first wins."""
    with suppress(FileNotFoundError):
        found = _read(path)
        if found[1].not_valid_after_utc > datetime.now(UTC) + CERTIFICATE_LIFETIME:
            return found
        path.unlink(missing_ok=True)
    pem = _sign(f"assessment-simulator on {socket.gethostname()}"[:64], AUTHORITY_LIFETIME)
    new = _write(path.with_name(f".{os.getpid()}.ca"), pem, 0o600)
    with suppress(FileExistsError):
        os.link(new, path)
    new.unlink()
    return _read(path)


def _read(path: Path) -> _Pair:
    text = path.read_bytes()
    try:
        key = load_pem_private_key(text, None)
        certificate = x509.load_pem_x509_certificate(text)
    except (TypeError, ValueError) as problem:
        raise ValueError(f"{path} holds no key and certificate of ours: {problem}") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
        raise ValueError(f"{path} holds no key and certificate of ours")
    return key, certificate


def _sign(name: str, lifetime: timedelta, by: _Pair | None = None, hosts: Iterable[str] = ()) -> bytes:
    """A new key with its certificate: of an authority, or, signed `by` one, of a server."""
    key = ec.generate_private_key(ec.SECP256R1())
    signer, subject = by[0] if by else key, x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now, public = datetime.now(UTC), key.public_key()
    usage = x509.KeyUsage(
        digital_signature=by is not None, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=by is None, crl_sign=by is None, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by[1].subject if by else subject)
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
        names: list[x509.GeneralName] = []
        for host in hosts:
            try:
                names.append(x509.IPAddress(ip_address(host.strip("[]"))))
            except ValueError:
                names.append(x509.DNSName(host.encode("idna").decode()))
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return private + builder.sign(signer, SHA256()).public_bytes(Encoding.PEM)


def _write(path: Path, data: bytes, mode: int) -> Path:
    """Write a file in one step. From its first byte on, it is readable only for those whom `mode` permits."""
    # `mkstemp` creates the file with mode 0600.
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
    Path(name).chmod(mode)
    return Path(name).replace(path)
