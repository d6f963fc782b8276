"""The hosts to which requests may be sent in open access: a defence against DNS rebinding.

Open access needs no secret, so a page on the internet must not reach the server. CORS alone does not stop a page whose
own name is made to resolve to this machine (DNS rebinding): for the browser, page and server are then one origin. Such
a request names the page's host in the header `Host`. Names that no public DNS can have are accepted, and names that the
operator lists; all others are refused.
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
"""Longer header values are not cached, so that they use no memory."""


def split_authority(text: str) -> tuple[str, str] | None:
    """The host and the port ("" without one) of `host[:port]`; None for any other text.

    The host is in lower case, without brackets and without a dot at its end. An IPv6 address is in its short form.
    """
    found = _AUTHORITY.fullmatch(text.lower())
    if found is None:
        return None
    host = found[1]
    if host.startswith("["):
        try:
            host = str(IPv6Address(host[1:-1]))
        except ValueError:
            return None
    else:
        host = host.removesuffix(".")
        if "" in host.split("."):
            return None
    return host, found[2] or ""


def is_address(host: str) -> bool:
    """Whether a host is an IP address in its usual notation: four decimal numbers, or IPv6."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Whether every browser takes a host for this machine: `localhost`, a name below it, or a loopback address."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    if not is_address(host):
        return False
    address = ip_address(host)
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback


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


class AllowedHosts:
    """The hosts that are accepted: private ones, the host of `public` (a URL), and those that match `allowed`.

    An entry of `allowed` is a name, a domain with a leading dot (the domain and its subdomains), or `*`.
    """

    def __init__(self, allowed: Iterable[str] = (), public: str | None = None) -> None:
        public_host = (ascii_name(urlsplit(public).hostname or ""),) if public else ()
        self._allowed = (*(pattern(text) for text in allowed), *public_host)
        self._known: dict[bytes, bool] = {}

    def accept(self, authority: bytes) -> bool:
        """Whether a request with this `Host` is answered; HTTP/1.0 may leave it empty."""
        known = self._known.get(authority)
        if known is None:
            parts = split_authority(authority.decode("latin-1"))
            known = not authority or ANY in self._allowed or (parts is not None and self._matches(parts[0]))
            if len(self._known) < _MOST_KNOWN and len(authority) < LONGEST_KNOWN:
                self._known[authority] = known
        return known

    def _matches(self, host: str) -> bool:
        # No public DNS name is an address, has no dot, or is below a reserved name.
        if "." not in host or is_address(host) or host.endswith(_PRIVATE_SUFFIXES):
            return True
        return any(host == one.removeprefix(".") or (one[:1] == "." and host.endswith(one)) for one in self._allowed)
