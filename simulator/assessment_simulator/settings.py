"""What the server is told when it starts. The only reader of the environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

from assessment_simulator.core.log_location import log_place
from assessment_simulator.core.urls import path_prefix

Access = Literal["open", "closed"]
PREFIX = "SIMULATOR_"
SHORTEST_TOKEN = 16
"""A control token of fewer characters could be guessed."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How a server runs; `sandboxes` are opened at the start, by name, with their settings.

    `public_url` is the address in links where it differs from the one that the caller used; it may have a path, under
    which everything is served then. `trusted_proxies` are the addresses and networks whose `X-Forwarded-…` headers are
    believed. `webhook_hosts` narrows where webhooks may go; None leaves every host that is not forbidden. Listeners'
    certificates are checked against the system's authorities and those in the file `webhook_ca`, or not at all
    (`webhook_insecure`).

    `log` is where commits are kept, in one of the forms of `core.log_place`: `memory`, or a SQLite file or a PostgreSQL
    database, which `workers` processes share;
    then a sandbox that is not asked for anything in `idle` seconds is let go from memory. What nobody has used in
    `keep_for` seconds is deleted, and what is more than the `keep` sandboxes used last. `smtp` is the mail server
    (HOST:PORT) that gets every invitation mail; None keeps them all here.

    `request_timeout` is how many real seconds a caller may take to send the head of a request, then its body, or to go
    on reading an answer. There are at most `max_connections` at once, and `max_sandboxes`. `tls_cert` and `tls_key` are
    the files with which it speaks TLS. `grace` is how many seconds a server that is to stop takes to finish what it
    began. `log_format`, `log_level` and `access_log` are about what it tells its operator.

    `advertise` is HOST or HOST:PORT, where other servers that share a PostgreSQL log forward requests to; by default
    the address from which this machine reaches the database, and a free port.

    `allowed_hosts` are the host names that open access accepts besides local ones, `cors_origins` the origins of web
    pages that may call.
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
    log_format: Literal["text", "json"] = "text"
    log_level: Literal["debug", "info", "warning", "error"] = "warning"
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

    def __post_init__(self) -> None:
        if self.access not in get_args(Access):
            raise ValueError(f"access is {self.access!r}; it must be open or closed")
        if self.public_url is not None and path_prefix(urlsplit(self.public_url).path) is None:
            raise ValueError(f"public_url is {self.public_url!r}; its path must be one that links can begin with")
        for network in self.trusted_proxies:
            ip_network(network)  # which says what is wrong with it
        flaw = flaw_of_token(self.control_token)
        if self.access == "closed" and flaw is not None:
            raise ValueError(f"control_token {flaw}")
        log_place(self.log)


def flaw_of_token(token: str | None) -> str | None:
    """What is wrong with a control token; None where nothing is."""
    if token is None or len(token) >= SHORTEST_TOKEN:
        return None
    return (
        f"has {len(token)} characters; give at least {SHORTEST_TOKEN}, such as the output of `openssl rand -base64 24`"
    )


def default_access(host: str) -> Access:
    """Open where only this machine can reach the server, closed otherwise."""
    return "open" if is_loopback(host) else "closed"


def is_loopback(host: str) -> bool:
    """Whether a host to listen on is reachable from this machine only."""
    address = _address(host)
    return is_localhost(host) if address is None else address.is_loopback


def is_localhost(host: str) -> bool:
    """Whether a host is the name of this machine's loopback (RFC 6761), whatever a resolver says of it."""
    return f".{host.lower().rstrip('.')}".endswith(".localhost")


def address_to_ask(host: str, port: int | str, *, tls: bool) -> str:
    """The base address under which this machine reaches a server that listens on a host.

    A wildcard is no address to connect to, and a name of the loopback need not be known to the resolver.
    """
    address = _address(host)
    name = host.strip("[]") if address is None else str(address)
    if is_localhost(host) or (address is not None and address.is_unspecified):
        name = "127.0.0.1"
    return f"{'https' if tls else 'http'}://{f'[{name}]' if ':' in name else name}:{port}"


def _address(host: str) -> IPv4Address | IPv6Address | None:
    """The address that a host is, None for a name. An IPv4 address written as an IPv6 one is the IPv4 address."""
    try:
        address = ip_address(host.strip("[]"))
    except ValueError:
        return None
    return (isinstance(address, IPv6Address) and address.ipv4_mapped) or address


def from_environment(name: str) -> str | None:
    """The environment's word on an option (`SIMULATOR_PORT` for `port`); None when it has none."""
    return os.environ.get(PREFIX + name.upper()) or None


def authorities() -> dict[str, str]:
    """The variables that name the authorities to trust, as OpenSSL and HTTP clients read them."""
    named = ("SSL_CERT_FILE", "SSL_CERT_DIR")
    return {name: os.environ[name] for name in named if os.environ.get(name)}
