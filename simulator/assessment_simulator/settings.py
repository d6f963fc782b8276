"""The settings of a server. The only module that reads the environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

from assessment_simulator.core.log_location import log_place
from assessment_simulator.core.urls import path_prefix

Access = Literal["open", "closed"]
Others = Literal["tunnel", "refuse"]
LogFormat = Literal["text", "json"]
LogLevel = Literal["debug", "info", "warning", "error"]
PREFIX = "SIMULATOR_"
# A control token of fewer characters could be guessed.
MIN_TOKEN_LENGTH = 16
# Connections to a listener that the system accepts before the server does.
BACKLOG = 2_048


@dataclass(frozen=True, slots=True)
class Settings:
    """How a server runs. Times are in real seconds.

    Addresses: `public_url` is the base address of links where it differs from the one that the caller used; everything
    is served under its path. `trusted_proxies` are IP addresses and networks whose `X-Forwarded-…` headers are
    believed, `allowed_hosts` the host names that open access accepts besides local ones, `cors_origins` the origins of
    web pages that may call. `advertise` is HOST or HOST:PORT where other servers that share a PostgreSQL log forward
    requests to; by default the address from which this machine reaches the database, and a free port. `tls_cert` and
    `tls_key` are files.

    Interception: `intercept` is the port that answers for the vendors' hosts and for `intercept_hosts` (HOST=VENDOR
    each), over TLS with an authority in the folder `tls_dir`. Connections to other hosts follow `intercept_others`;
    None tunnels them in open access on the loopback, and refuses them elsewhere. In open access a credential that names
    no sandbox opens `default_sandbox`.

    Storage: `log` is where commits are kept, in a form of `core.log_location`; `workers` processes share a PostgreSQL
    database. With a log, a sandbox unused for `idle` leaves memory. Sandboxes unused for `keep_for`, and all but the
    `keep` most recently used, are deleted. `sandboxes` are opened at the start, by name, with their settings.

    Webhooks and mail: `webhook_hosts` limits where webhooks may go; None allows every host that is not forbidden.
    Listeners' certificates are checked against the system's authorities and those in the file `webhook_ca`, or not at
    all (`webhook_insecure`). `smtp` is the mail server (HOST:PORT) that gets every invitation mail.

    Limits: `request_timeout` is the time for the head of a request, for its body, and for each part of an answer that
    the client reads. `grace` is the time to finish requests when stopping.
    """

    host: str = "127.0.0.1"
    port: int = 8787
    log: str = "memory"
    access: Access = "open"
    public_url: str | None = None
    webhook_hosts: tuple[str, ...] | None = None
    control_token: str | None = None
    webhook_ca: str | None = None
    webhook_insecure: bool = False
    request_timeout: float = 30.0
    max_connections: int = 10_000
    max_sandboxes: int = 20_000
    tls_cert: str | None = None
    tls_key: str | None = None
    grace: float = 2.0
    log_format: LogFormat = "text"
    log_level: LogLevel = "warning"
    access_log: bool = False
    sandboxes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    idle: float = 3_600.0
    workers: int = 1
    keep_for: float | None = None
    keep: int | None = None
    smtp: str | None = None
    trusted_proxies: tuple[str, ...] = ()
    allowed_hosts: tuple[str, ...] = ()
    advertise: str | None = None
    cors_origins: tuple[str, ...] = ()
    intercept: int | None = None
    intercept_hosts: tuple[str, ...] = ()
    intercept_others: Others | None = None
    tls_dir: str | None = None
    default_sandbox: str | None = None

    def __post_init__(self) -> None:
        if self.access not in get_args(Access):
            raise ValueError(f"access is {self.access!r}; it must be open or closed")
        if self.public_url is not None and path_prefix(urlsplit(self.public_url).path) is None:
            raise ValueError(f"public_url is {self.public_url!r}; its path must be one that links can begin with")
        for network in self.trusted_proxies:
            # Raises ValueError.
            ip_network(network)
        if self.default_sandbox is not None and self.access != "open":
            raise ValueError("default_sandbox needs open access: in closed access a credential opens its sandbox only")
        flaw = flaw_of_token(self.control_token)
        if self.access == "closed" and flaw is not None:
            raise ValueError(f"control_token {flaw}")
        # Raises ValueError.
        log_place(self.log)


def flaw_of_token(token: str | None) -> str | None:
    """What is wrong with a control token; None if nothing is."""
    if token is None or len(token) >= MIN_TOKEN_LENGTH:
        return None
    example = "such as the output of `openssl rand -base64 24`"
    return f"has {len(token)} characters; give at least {MIN_TOKEN_LENGTH}, {example}"


def default_access(host: str) -> Access:
    """Open if only this machine can reach the server, else closed."""
    return "open" if is_loopback(host) else "closed"


def is_loopback(host: str) -> bool:
    """Whether a host to listen on is reachable from this machine only."""
    address = _address(host)
    return is_localhost(host) if address is None else address.is_loopback


def is_localhost(host: str) -> bool:
    """Whether a host is a name of the loopback (RFC 6761), whatever a resolver returns for it."""
    return f".{host.lower().rstrip('.')}".endswith(".localhost")


def local_url(host: str, port: int | str, *, tls: bool) -> str:
    """The base URL under which this machine reaches a server that listens on a host.

    A wildcard is no address to connect to, and a resolver may not know a name of the loopback.
    """
    address = _address(host)
    name = host.strip("[]") if address is None else str(address)
    if is_localhost(host) or (address is not None and address.is_unspecified):
        name = "127.0.0.1"
    return f"{'https' if tls else 'http'}://{f'[{name}]' if ':' in name else name}:{port}"


def _address(host: str) -> IPv4Address | IPv6Address | None:
    """The IP address of a host; None for a name. An IPv4 address in the form of an IPv6 one is the IPv4 address."""
    try:
        address = ip_address(host.strip("[]"))
    except ValueError:
        return None
    return (isinstance(address, IPv6Address) and address.ipv4_mapped) or address


def from_environment(name: str) -> str | None:
    """The environment variable of an option (`SIMULATOR_PORT` for `port`); None if it is missing or empty."""
    return os.environ.get(PREFIX + name.upper()) or None


def data_folder() -> Path:
    """The folder for this program's data of the present user, which may not exist yet."""
    base = os.environ.get("LOCALAPPDATA") if os.name == "nt" else os.environ.get("XDG_DATA_HOME")
    return Path(base or Path.home() / ".local" / "share") / "assessment-simulator"


def variables() -> Mapping[str, str]:
    """The environment, for a process that is started."""
    return os.environ


def authorities() -> dict[str, str]:
    """The variables that name certificate authorities to trust, as OpenSSL and HTTP clients read them."""
    return {name: os.environ[name] for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if os.environ.get(name)}
