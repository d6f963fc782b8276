"""What the server is told when it starts. The only reader of the environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any, Literal, get_args

Access = Literal["open", "closed"]
PREFIX = "SIMULATOR_"
SHORTEST_TOKEN = 16
"""A control token of fewer characters could be guessed."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How a server runs; `sandboxes` are opened at the start, by name, with their settings.

    `public_url` is the address in links where it differs from the one that the caller used. `webhook_hosts` narrows
    where webhooks may go; None leaves every host that is not forbidden. Listeners' certificates are checked against the
    system's authorities and those in the file `webhook_ca`, or not at all (`webhook_insecure`).

    `log` is where commits are kept: `memory`, or
    `sqlite:PATH` or a PostgreSQL URL, which `workers` processes share; then a sandbox that is not asked for anything
    in `idle` seconds is let go from memory. What nobody has used in `keep_for` seconds is deleted, and what is more
    than the `keep` sandboxes used last. `smtp` is the mail server (HOST:PORT) that gets every invitation mail; None
    keeps them all here.

    `request_timeout` is how many real seconds a caller may take to send the head of a request, then its body, or to go
    on reading an answer. There are at most `max_connections` at once, and `max_sandboxes`. `tls_cert` and `tls_key` are
    the files with which it speaks TLS. `grace` is how many seconds a server that is to stop takes to finish what it
    began. `log_format`, `log_level` and `access_log` are about what it tells its operator.
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

    def __post_init__(self) -> None:
        if self.access not in get_args(Access):
            raise ValueError(f"access is {self.access!r}; it must be open or closed")
        flaw = flaw_of_token(self.control_token)
        if self.access == "closed" and flaw is not None:
            raise ValueError(f"control_token {flaw}")
        if not can_be_log(self.log):
            kind = self.log.partition(":")[0]
            raise ValueError(f"log begins with {kind!r}; it must be memory, sqlite:PATH or postgresql://…")


def can_be_log(place: str) -> bool:
    """Whether commits could be kept there, by its form: `memory`, `sqlite:PATH` or `postgresql://…`."""
    kind, _, path = place.partition(":")
    return place == "memory" or (kind in ("sqlite", "postgresql") and bool(path))


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
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def from_environment(name: str) -> str | None:
    """The environment's word on an option (`SIMULATOR_PORT` for `port`); None when it has none."""
    return os.environ.get(PREFIX + name.upper()) or None


def authorities() -> dict[str, str]:
    """The variables that name the authorities to trust, as OpenSSL and HTTP clients read them."""
    named = ("SSL_CERT_FILE", "SSL_CERT_DIR")
    return {name: os.environ[name] for name in named if os.environ.get(name)}
