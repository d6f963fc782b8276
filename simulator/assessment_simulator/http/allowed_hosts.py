"""Host names that requests may be sent to in open access: a defence against DNS rebinding.

Open access asks for no secret, so a page on the internet must not reach the server. CORS alone does not stop a page
whose own name is made to resolve to this machine (DNS rebinding): for the browser, page and server are then one origin.
Such a request names the page's host in the header `Host`. Names that no public DNS can hold are accepted, and names
that the operator lists; all others are refused.
"""

import re
from collections.abc import Iterable
from contextlib import suppress
from ipaddress import IPv6Address, ip_address
from urllib.parse import urlsplit

_AUTHORITY = re.compile(r"(\[[0-9a-f:.]+(?:%[a-z0-9._~-]+)?\]|[a-z0-9_.-]{1,254})(?::([0-9]{0,5}))?")
_PRIVATE_SUFFIXES = (".localhost", ".local", ".internal", ".test", ".svc", ".cluster.local")
"""Suffixes that are reserved, or that only a local resolver knows."""
ANY = "*"
_MOST_KNOWN = 1_000
LONGEST_KNOWN = 600
"""Longer header values are judged each time and not remembered, so that they use no memory."""


def split_authority(text: str) -> tuple[str, str] | None:
    """The host and the port ("" where there is none) of `host[:port]`; None where `text` is no such thing.

    The host is in lower case, without brackets and without a dot at its end. An IPv6 address is in its short form.
    """
    found = _AUTHORITY.fullmatch(text.lower())
    if found is None:
        return None
    host = found[1]
    if host.startswith("["):
        host = _ipv6(host[1:-1])
    else:
        host = host.removesuffix(".")
        if "" in host.split("."):
            return None
    return (host, found[2] or "") if host else None


def _ipv6(text: str) -> str:
    try:
        return str(IPv6Address(text))
    except ValueError:
        return ""


def is_address(host: str) -> bool:
    """Whether a host is an IP address in its usual notation: four decimal numbers, or IPv6."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Whether a host is this machine for each browser: `localhost`, a name below it, or a loopback address."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback


def is_private(host: str) -> bool:
    """Whether no public DNS name can be like this: an address, a name without a dot, or one below a reserved name."""
    return "." not in host or is_address(host) or host.endswith(_PRIVATE_SUFFIXES)


def ascii_name(host: str) -> str:
    """A host as clients send it: lower case, no dot at its end, letters outside ASCII in Punycode."""
    with suppress(UnicodeError):  # a label that is empty or too long: such a name matches no request
        host = host.encode("idna").decode()
    return host.lower().removesuffix(".")


def pattern(text: str) -> str:
    """An entry of `--allowed-hosts` as it is compared: `*`, a name, or a domain with a leading dot (`*.x` is `.x`)."""
    if text == ANY:
        return text
    dot = "." if text.startswith((".", "*.")) else ""
    return dot + ascii_name(text.removeprefix("*").removeprefix("."))


class Hosts:
    """The hosts that are accepted: private ones, the host of `public` (a URL), and those that match `allowed`.

    In `allowed` is a name, a domain with a leading dot (the domain and its subdomains), or `*` for every host.
    """

    def __init__(self, allowed: Iterable[str] = (), public: str | None = None) -> None:
        public_host = (ascii_name(urlsplit(public).hostname or ""),) if public else ()
        self._allowed = (*(pattern(text) for text in allowed), *public_host)
        self._known: dict[bytes, bool] = {}

    def accept(self, authority: bytes) -> bool:
        """Whether a request with this `Host` is answered; an empty one (HTTP/1.0 may leave it out) names no host."""
        known = self._known.get(authority)
        if known is None:
            known = self._judge(authority.decode("latin-1"))
            if len(self._known) < _MOST_KNOWN and len(authority) < LONGEST_KNOWN:
                self._known[authority] = known
        return known

    def _judge(self, authority: str) -> bool:
        if not authority or ANY in self._allowed:
            return True
        parts = split_authority(authority)
        return parts is not None and (is_private(parts[0]) or any(_matches(parts[0], one) for one in self._allowed))


def _matches(host: str, wanted: str) -> bool:
    return host == wanted.removeprefix(".") or (wanted.startswith(".") and host.endswith(wanted))
