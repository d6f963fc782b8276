"""The authorities that a client trusts, beside the system's; and what is wrong with the files that name them."""

import os
import re
import ssl
from collections.abc import Mapping
from pathlib import Path

_HASHED = re.compile(r"[0-9a-fA-F]{8}\.\d+")
"""The name under which OpenSSL looks for a certificate in a folder."""


def trust_too(context: ssl.SSLContext, path: str) -> None:
    """Trust the certificates in a PEM file as well: authorities, intermediate ones, or a listener's own."""
    context.load_verify_locations(cafile=path)
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN


def trust_all(context: ssl.SSLContext) -> None:
    """Check no certificate."""
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE


def flaw_of_file(path: str) -> str | None:
    """What is wrong with a file of authorities; None where it can be used."""
    try:
        content = Path(path).read_bytes()
    except OSError as problem:
        return f"cannot be read: {problem.strerror}"
    except ValueError:  # a NUL in the name
        return "is no path of a file"
    if not content.strip():
        return "is empty; it must hold certificates in PEM form"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cafile=path)
    except OSError:  # ssl.SSLError is one
        return "holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)"
    return None if context.cert_store_stats()["x509"] else "holds no certificate in PEM form"


def flaw_of_folders(paths: str) -> str | None:
    """What is wrong with folders of authorities, as `SSL_CERT_DIR` lists them; None where one of them can be used."""
    found = 0
    for folder in filter(None, paths.split(os.pathsep)):
        try:
            found += sum(1 for file in Path(folder).iterdir() if _HASHED.fullmatch(file.name))
        except OSError as problem:
            return f"cannot be read: {problem.strerror}"
    return (
        None if found else "holds no certificate under its hash, such as 1a2b3c4d.0; openssl rehash FOLDER makes them"
    )


def flaws(environ: Mapping[str, str]) -> list[str]:
    """What is wrong with the authorities that these variables of the environment name, a line for each."""
    found = []
    for name, judge in (("SSL_CERT_FILE", flaw_of_file), ("SSL_CERT_DIR", flaw_of_folders)):
        value = environ.get(name)
        flaw = judge(value) if value else None
        if flaw is not None:
            found.append(f"{name}={value} {flaw}; webhooks to https addresses will fail")
    return found
