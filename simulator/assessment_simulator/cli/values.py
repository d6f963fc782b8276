"""How values of options are checked: each function returns the value for `Settings`, or raises ValueError."""

import contextlib
import re
from collections.abc import Callable
from ipaddress import ip_network
from typing import Any
from urllib.parse import urlsplit

from assessment_simulator.core import instant
from assessment_simulator.core.log_location import log_place
from assessment_simulator.core.text import SANDBOX_NAME
from assessment_simulator.core.urls import host_and_port, is_web_url, path_prefix
from assessment_simulator.http.cross_origin import ANY, is_address, parse_origin, pattern
from assessment_simulator.journal.redaction import redact

# A name or an IPv4 address, or an IPv6 address, which has two colons at least; `*` is allowed in them.
_HOST = re.compile(r"[^\s,;:/?#@\[\]]+|(?=.*:.*[:*])[0-9a-f.:*]+", re.IGNORECASE)
_VENDOR_HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+=(pymetrics|predictive_index)")
_HOST_NAME = re.compile(r"\.?[a-z0-9_-]+(\.[a-z0-9_-]+)*")


def web_url(value: str) -> str:
    if not is_web_url(value):
        raise ValueError(f"{value!r} is not an http or https URL with a host, such as https://simulator.example")
    return value


def base_url(value: str) -> str:
    parts = urlsplit(web_url(value))
    if parts.username is not None:
        raise ValueError(f"{redact(value)!r} has a user; links to it would show the password to each reader")
    if "?" in value or "#" in value:
        raise ValueError(f"{value!r} has a query or a fragment; links begin with it, and a path follows")
    if path_prefix(parts.path) is None:
        allowed = "letters, digits and . _ ~ @ : + -, others escaped as in %20, and no empty, . or .. segments"
        raise ValueError(f"{value!r} has a path that links cannot begin with; it may have {allowed}")
    return value


def log_location(value: str) -> str:
    try:
        log_place(value)
    except ValueError as problem:
        raise ValueError(f"{redact(value)!r}: {problem}") from None
    return value


def duration(value: str) -> str:
    if instant.parse_duration(value) is None:
        raise ValueError(f"{value!r} is no {instant.DURATION_FORM}")
    return value


def seconds(value: str) -> float:
    ticks = None
    with contextlib.suppress(ValueError, OverflowError):  # so many digits that they are no number
        ticks = instant.parse_duration(value)
    if ticks is None:
        raise ValueError(f"{value!r} is no {instant.DURATION_FORM}")
    if not ticks:
        raise ValueError(f"{value!r} is zero; it must be longer than zero")
    return ticks / instant.SECOND


def _valid(is_valid: Callable[[Any], Any], expected: str, *, several: bool = False) -> Callable[[Any], Any]:
    """A function that returns a value, or the tuple of a comma-separated list, if `is_valid` says so of each."""

    def parse(value: Any) -> Any:
        items = tuple(item.strip() for item in value.split(",") if item.strip()) if several else (value,)
        if value and not items:
            raise ValueError(f"{value!r} is empty")
        for item in items:
            with contextlib.suppress(ValueError):
                if is_valid(item):
                    continue
            raise ValueError(f"{item!r} is not {expected}")
        return items if several else value

    return parse


# The ranges of click accept NaN.
number = _valid(lambda value: value == value, "a number")
bind_host = _valid(lambda value: value.strip(" []"), "a host; 0.0.0.0 listens on every address of this machine")
smtp_server = _valid(host_and_port, "HOST:PORT, such as 127.0.0.1:1025")
forward_address = _valid(
    lambda value: host_and_port(value) or _HOST.fullmatch(value.strip("[]")),
    "HOST or HOST:PORT, such as 10.0.0.7 or 10.0.0.7:9000",
)
hosts = _valid(_HOST.fullmatch, "a host, such as hook.example, *.hook.example, 127.0.0.1 or ::1", several=True)
networks = _valid(
    ip_network, "an IP address, or a network without bits of a host, such as 127.0.0.1, 10.0.0.0/8 or fd00::/8",
    several=True,
)  # fmt: skip
sandbox_name = _valid(SANDBOX_NAME.fullmatch, "a name of a sandbox: 1 to 64 of a-z, 0-9 and -")
host_names = _valid(
    lambda item: item == ANY or is_address(item.strip("[]")) or _HOST_NAME.fullmatch(pattern(item)),
    "a host name, such as sim.example, .example.com (with its subdomains) or *; it has no scheme, port or path",
    several=True,
)
origins = _valid(
    lambda item: item == ANY or parse_origin(item.rstrip("/")),
    "an origin, such as https://app.example or http://10.0.0.5:3000: a scheme, a host and perhaps a port, no path",
    several=True,
)
vendor_hosts = _valid(
    _VENDOR_HOST.fullmatch,
    "HOST=VENDOR, such as eu.api.example=pymetrics; vendors are pymetrics and predictive_index",
    several=True,
)
