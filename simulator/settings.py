"""What the server is told when it starts. The only reader of the environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any, Literal

Access = Literal["open", "closed"]
PREFIX = "SIMULATOR_"
GRACE = 2
"""So many seconds a server that stops leaves to the calls and mails that are under way."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How a server runs; `sandboxes` are opened at the start, by name, with their settings.

    `public_url` is the address in links where it differs from the one that the caller used. `webhook_hosts` narrows
    where webhooks may go; None leaves every host that is not forbidden. `log` is where commits are kept: `memory`, or
    `sqlite:PATH`; then a sandbox that is not asked for anything in `idle` seconds is let go from memory. `workers`
    processes share it. `smtp` is the mail server (HOST:PORT) that gets every invitation mail; None keeps them all
    here.
    """

    host: str = "127.0.0.1"
    port: int = 8787
    log: str = "memory"
    idle: float = 3_600.0
    workers: int = 1
    keep_for: float | None = None
    keep: int | None = None
    access: Access = "open"
    public_url: str | None = None
    webhook_hosts: tuple[str, ...] | None = None
    control_token: str | None = None
    sandboxes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    smtp: str | None = None


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
