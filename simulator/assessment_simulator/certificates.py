"""Local certificate authorities: for a server with TLS, and for intercepted hosts.

The key of an authority stays in a folder for later starts; each start makes a new certificate for the server. Needs the
package `cryptography`: the extra `tls`.

The authority for intercepted hosts is limited to them by name constraints (RFC 5280, 4.2.1.10): a client that trusts it
accepts no certificate of it for another host. Java does not apply the constraints of the certificate that it trusts. So
clients trust a root, whose key signs one authority and is then forgotten. The key that is kept is the authority's.
"""

import os
import re
import socket
import tempfile
import warnings
from collections.abc import Collection, Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AUTHORITY_LIFETIME = timedelta(days=3_650)
CERTIFICATE_LIFETIME = timedelta(days=90)
INTERCEPT_LIFETIME = timedelta(days=30)
# An authority that is limited to names must not sign for addresses either.
_ALL_ADDRESSES = ("0.0.0.0/0", "::/0")


class Files(NamedTuple):
    """The authority's certificate, for clients, and the server's key and certificate in one file."""

    authority: Path
    server: Path


class _Authority(NamedTuple):
    """The key that signs, its certificate, and the certificate that clients trust, which may be the same."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate
    trusted: x509.Certificate


def certify_hosts(folder: Path, hosts: Iterable[str]) -> tuple[Files, bool]:
    """Make a certificate for intercepted hosts. Returns also whether a new authority replaced one for fewer hosts.

    A new authority is limited to these hosts and to those of the one that it replaces. Raises as `certify` does.
    """
    wanted = set(hosts)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    files, key = Files(folder / "intercept-ca.pem", folder / "intercept.pem"), folder / "intercept-ca-key.pem"
    known = _permitted(_read(key)) if key.exists() else wanted
    if not wanted <= known:
        key.unlink()
    authority = _authority(key, INTERCEPT_LIFETIME, wanted | known)
    write(files.authority, authority.trusted.public_bytes(Encoding.PEM), 0o644)
    name = "assessment-simulator, not the vendor"
    chain = authority.certificate.public_bytes(Encoding.PEM)
    write(files.server, _sign(name, INTERCEPT_LIFETIME, authority, sorted(wanted)) + chain, 0o600)
    return files, not wanted <= known


def certify(folder: Path, hosts: Iterable[str]) -> Files:
    """Make a certificate for these names and addresses, and for those of this machine.

    The authority in the folder is used again; a new one is made if there is none, or if it expires before a new
    certificate would. Raises OSError, and ValueError if its file holds something else.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    files = Files(folder / "ca.pem", folder / "server.pem")
    authority = _authority(folder / "ca-key.pem")
    write(files.authority, authority.trusted.public_bytes(Encoding.PEM), 0o644)
    machine = socket.gethostname()
    fits = machine.isascii() and all(0 < len(label) < 64 for label in machine.split("."))
    names = dict.fromkeys(["localhost", "127.0.0.1", "::1", *([machine] if fits else []), *hosts])
    write(files.server, _sign("assessment-simulator", CERTIFICATE_LIFETIME, authority, names), 0o600)
    return files


def java_trust_store(bundle: bytes, password: str) -> bytes:
    """A PKCS#12 trust store for Java with the certificates of a bundle; those that cannot be read are left out."""
    found: list[pkcs12.PKCS12Certificate] = []
    for pem in re.findall(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", bundle, re.DOTALL):
        # Systems have authorities with serial numbers that are no longer allowed.
        with suppress(ValueError), warnings.catch_warnings(action="ignore"):
            found.append(pkcs12.PKCS12Certificate(x509.load_pem_x509_certificate(pem), b"%d" % len(found)))
    return pkcs12.serialize_java_truststore(found, BestAvailableEncryption(password.encode()))


def _authority(path: Path, lifetime: timedelta = CERTIFICATE_LIFETIME, limits: Iterable[str] = ()) -> _Authority:
    """The authority in a file, or a new one, limited to some hosts. Of two processes that make one, the first wins.

    `lifetime` is that of the certificate to sign, which the authority must outlive.
    """
    with suppress(FileNotFoundError):
        found = _read(path)
        if found.certificate.not_valid_after_utc > datetime.now(UTC) + lifetime:
            return found
        path.unlink(missing_ok=True)
    name = f"assessment-simulator on {socket.gethostname()}"[:64]
    pem = _sign(name, AUTHORITY_LIFETIME, limits=limits)
    if limits:
        root = _parse(pem)
        below = _sign("assessment-simulator, limited", AUTHORITY_LIFETIME, root, limits=limits)
        pem = below + root.certificate.public_bytes(Encoding.PEM)
    new = write(path.with_name(f".{os.getpid()}.ca"), pem, 0o600)
    with suppress(FileExistsError):
        os.link(new, path)
    new.unlink()
    return _read(path)


def _read(path: Path) -> _Authority:
    try:
        return _parse(path.read_bytes())
    except (TypeError, ValueError) as problem:
        raise ValueError(f"{path} holds no key and certificate of ours: {problem}") from None


def _parse(pem: bytes) -> _Authority:
    """A key, its certificate, and perhaps the one that signed it."""
    key, certificates = load_pem_private_key(pem, None), x509.load_pem_x509_certificates(pem)
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificates[0].public_key():
        raise ValueError("the key is not that of the certificate")
    return _Authority(key, certificates[0], certificates[-1])


def _permitted(authority: _Authority) -> set[str]:
    """The hosts to which an authority is limited; none if it is not limited."""
    try:
        limits = (
            authority.certificate.extensions.get_extension_for_class(x509.NameConstraints).value.permitted_subtrees
            or ()
        )
    except x509.ExtensionNotFound:
        return set()
    return {name.value for name in limits if isinstance(name, x509.DNSName)}


def _sign(
    name: str, lifetime: timedelta, by: _Authority | None = None, hosts: Collection[str] = (),
    limits: Iterable[str] = (),
) -> bytes:  # fmt: skip
    """A new key with its certificate: of a server with these `hosts`, or of an authority, perhaps with `limits`.

    It is signed `by` an authority, or by itself.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    signer, subject = by.key if by else key, x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now, public, is_authority = datetime.now(UTC), key.public_key(), not hosts
    # A root that signs one authority below it, or an authority that signs servers.
    path_length = (1 if limits and by is None else 0) if is_authority else None
    usage = x509.KeyUsage(
        digital_signature=not is_authority, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=is_authority, crl_sign=is_authority, encipher_only=False,
        decipher_only=False,
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
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=path_length), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        .add_extension(usage, critical=True)
    )
    if not is_authority:
        names: list[x509.GeneralName] = []
        for host in hosts:
            try:
                names.append(x509.IPAddress(ip_address(host.strip("[]"))))
            except ValueError:
                names.append(x509.DNSName(host.encode("idna").decode()))
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    if permitted := [x509.DNSName(host) for host in sorted(limits)]:
        excluded = [x509.IPAddress(ip_network(network)) for network in _ALL_ADDRESSES]
        builder = builder.add_extension(x509.NameConstraints(permitted, excluded), critical=True)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return private + builder.sign(signer, SHA256()).public_bytes(Encoding.PEM)


def write(path: Path, data: bytes, mode: int) -> Path:
    """Write a file in one step. From its first byte on, it is readable only for those whom `mode` permits."""
    # `mkstemp` creates the file with mode 0600.
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
    Path(name).chmod(mode)
    return Path(name).replace(path)
