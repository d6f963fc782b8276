"""What the server is told when it starts. The only reader of the environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any, Literal, get_args

from simulator.core.log_place import log_place

Access = Literal["open", "closed"]
PREFIX = "SIMULATOR_"


@dataclass(frozen=True, slots=True)
class Settings:
    """How a server runs; `sandboxes` are opened at the start, by name, with their settings.

    `public_url` is the address in links where it differs from the one that the caller used. `webhook_hosts` narrows
    where webhooks may go; None leaves every host that is not forbidden. `log` is where commits are kept, in one of
    the forms of `core.log_place`: `memory`, or a SQLite file or a PostgreSQL database, which `workers` processes share;
    then a sandbox that is not asked for anything in `idle` seconds is let go from memory. What nobody has used in
    `keep_for` seconds is deleted, and what is more than the `keep` sandboxes used last. `smtp` is the mail server
    (HOST:PORT) that gets every invitation mail; None keeps them all here.

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
        log_place(self.log)


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
