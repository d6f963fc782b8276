"""What the server is told when it starts. The only reader of the environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any, Literal

Access = Literal["open", "closed"]
PREFIX = "SIMULATOR_"


@dataclass(frozen=True, slots=True)
class Settings:
    """How a server runs; `sandboxes` are opened at the start, by name, with their settings.

    `public_url` is the address in links where it differs from the one that the caller used. `webhook_hosts` narrows
    where webhooks may go; None leaves every host that is not forbidden. `grace` is how many seconds a server that is to
    stop takes to finish what it began. `log_format`, `log_level` and `access_log` are about what it tells its operator;
    `log` is where commits are kept.
    """

    host: str = "127.0.0.1"
    port: int = 8787
    log: str = "memory"
    access: Access = "open"
    public_url: str | None = None
    webhook_hosts: tuple[str, ...] | None = None
    control_token: str | None = None
    grace: float = 2.0
    log_format: Literal["text", "json"] = "text"
    log_level: Literal["debug", "info", "warning", "error"] = "warning"
    access_log: bool = False
    sandboxes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


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
