"""The environment in which a client reaches the intercepting port and trusts its authority.

Variables, where a client reads any: those of proxies in both spellings, and those that replace its certificate store,
which therefore point to a bundle of the system's authorities and ours. Shims, where variables do not suffice: modules
that Python and Node.js load first (`shims/`), and files for PHP, wget and Java. All files are in one folder, and are
written again each time.
"""

import ssl
from collections.abc import Iterable, Mapping
from pathlib import Path

from assessment_simulator.certificates import java_trust_store, write

SHIMS = Path(__file__).parent / "shims"
# Of the files, which hold nothing secret and which a client of another user may read.
_MODE = 0o644
NO_PROXY = "localhost,127.0.0.1,::1"
# A trust store needs a password; this is the usual one, and protects nothing.
_PASSWORD = "changeit"  # noqa: S105
# Where systems keep their authorities, besides the place that OpenSSL was built with.
_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)  # fmt: skip


def environment(
    port: int, folder: Path, authority: Path, hosts: Iterable[str], present: Mapping[str, str]
) -> dict[str, str]:
    """Write the files into `folder`, and return the variables to add to those that are `present`."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    bundle = write(folder / "intercept-bundle.pem", _system_authorities(present) + authority.read_bytes(), _MODE)
    store = write(folder / "intercept-trust.p12", java_trust_store(bundle.read_bytes(), _PASSWORD), _MODE)
    php, php_before = folder / "php", present.get("PHP_INI_SCAN_DIR", "")
    php.mkdir(exist_ok=True)
    write(php / "intercept.ini", f'curl.cainfo = "{bundle}"\nopenssl.cafile = "{bundle}"\n'.encode(), _MODE)
    wgetrc = Path(present.get("WGETRC") or Path(present.get("HOME", "/")) / ".wgetrc")
    own = wgetrc.read_bytes() if wgetrc.is_file() and wgetrc.parent != folder else b""
    wget = write(folder / "intercept.wgetrc", own.rstrip(b"\n") + f"\nca_certificate = {bundle}\n".encode(), _MODE)
    address = "127.0.0.1"
    proxy, sep = f"http://{address}:{port}", ";" if ":\\" in str(SHIMS) else ":"
    java = {
        "http.proxyHost": address, "http.proxyPort": port, "https.proxyHost": address, "https.proxyPort": port,
        "http.nonProxyHosts": "localhost|127.*|[::1]", "javax.net.ssl.trustStore": store,
        "javax.net.ssl.trustStorePassword": _PASSWORD, "javax.net.ssl.trustStoreType": "PKCS12",
    }  # fmt: skip
    variables = {
        "HTTP_PROXY": proxy,
        "HTTPS_PROXY": proxy,
        "NO_PROXY": NO_PROXY,
        "SSL_CERT_FILE": str(bundle),
        "REQUESTS_CA_BUNDLE": str(bundle),
        "CURL_CA_BUNDLE": str(bundle),
        "NODE_EXTRA_CA_CERTS": str(bundle),
        "PERL_LWP_ENV_PROXY": "1",
        "PERL_LWP_SSL_CA_FILE": str(bundle),
        "WGETRC": str(wget),
        # An empty part stands for the folder that PHP was built with.
        "PHP_INI_SCAN_DIR": f"{php_before}{sep}{php}",
        "PYTHONPATH": _joined(sep, str(SHIMS / "python"), present.get("PYTHONPATH")),
        "JAVA_TOOL_OPTIONS": _joined(
            " ", present.get("JAVA_TOOL_OPTIONS"), *(_quoted(f"-D{name}={value}", "'") for name, value in java.items())
        ),
        "NODE_OPTIONS": _joined(
            " ", present.get("NODE_OPTIONS"), "--require", _quoted(str(SHIMS / "node.cjs").replace("\\", "\\\\"), '"')
        ),
        # For the shims.
        "ASSESSMENT_SIMULATOR_INTERCEPT": f"{address}:{port}",
        "ASSESSMENT_SIMULATOR_HOSTS": ",".join(hosts),
        "ASSESSMENT_SIMULATOR_AUTHORITY": str(authority),
    }
    return variables | {name.lower(): variables[name] for name in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")}


def _joined(separator: str, *parts: str | None) -> str:
    return separator.join(part for part in parts if part)


def _quoted(text: str, mark: str) -> str:
    return f"{mark}{text}{mark}" if " " in text or "|" in text else text


def _system_authorities(present: Mapping[str, str]) -> bytes:
    """The certificates that programs of this system trust: those that the user has chosen, else the system's."""
    chosen, default = present.get("SSL_CERT_FILE"), ssl.get_default_verify_paths().cafile
    for name in (chosen, default, *_BUNDLES):
        if name and Path(name).is_file() and "intercept-bundle" not in name:
            return Path(name).read_bytes().rstrip(b"\n") + b"\n"
    return b""
