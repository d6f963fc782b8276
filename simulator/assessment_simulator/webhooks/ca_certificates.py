"""Checks the files and folders of certificate authorities that options and environment variables name."""

import os
import re
import ssl
from collections.abc import Mapping
from pathlib import Path


def file_problem(path: str) -> str | None:
    """What is wrong with a file of certificate authorities; None if it can be used."""
    try:
        content = Path(path).read_bytes()
    except OSError as problem:
        return f"cannot be read: {problem.strerror}"
    except ValueError:  # a NUL in the name
        return "is no path of a file"
    if not content.strip():
        return "is empty; it must hold certificates in PEM form"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    with_certificates = False
    try:
        context.load_verify_locations(cafile=path)
        with_certificates = context.cert_store_stats()["x509"] > 0
    except OSError:  # ssl.SSLError is one
        pass
    return None if with_certificates else "holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)"


def _folder_problem(paths: str) -> str | None:
    """What is wrong with folders as `SSL_CERT_DIR` lists them; None if one of them can be used."""
    found = 0
    for folder in filter(None, paths.split(os.pathsep)):
        try:  # OpenSSL looks for a certificate under this name
            found += sum(1 for file in Path(folder).iterdir() if re.fullmatch(r"[0-9a-fA-F]{8}\.\d+", file.name))
        except OSError as problem:
            return f"cannot be read: {problem.strerror}"
    hint = "holds no certificate under its hash, such as 1a2b3c4d.0; openssl rehash FOLDER makes them"
    return None if found else hint


def environment_problems(environ: Mapping[str, str]) -> list[str]:
    """What is wrong with the authorities that these environment variables name, a line for each."""
    problems = []
    for name, check in (("SSL_CERT_FILE", file_problem), ("SSL_CERT_DIR", _folder_problem)):
        value = environ.get(name)
        if value and (problem := check(value)):
            problems.append(f"{name}={value} {problem}; webhooks to https addresses will fail")
    return problems
