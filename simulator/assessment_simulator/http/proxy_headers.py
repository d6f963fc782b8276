"""Requests that came through a reverse proxy: whom they are from, and under which address their callers reach us.

`Proxied` stands before everything else, and makes such a request look as it was sent to the proxy: scheme, host and
client are those that the proxy names, and the path is without the proxy's prefix. So nothing behind it reads a
forwarded header. What a proxy adds is believed from the trusted networks alone. Anybody else can write these headers.
"""

import re
from collections.abc import Collection, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any, NamedTuple
from urllib.parse import unquote

from assessment_simulator.core.urls import path_prefix
from assessment_simulator.http.asgi import FOREIGN, App, Receive, Scope, Send

Network = IPv4Network | IPv6Network

_HOST = re.compile(rb"(?:[A-Za-z0-9._-]{1,253}|\[([0-9A-Fa-f:.]{2,45})\])(?::(\d{1,5}))?")
_NODE = re.compile(r"\[([0-9A-Fa-f:.]+)\](?::(\d{1,5}))?|([0-9.]+):(\d{1,5})|([0-9A-Fa-f:.]+)")
_SCHEMES = frozenset({"http", "https"})
_KEY = "simulator.proxied"
"""Where a scope holds what is known of the proxy."""


class Seen(NamedTuple):
    """What is known of the address that a caller used: the `prefix` of all paths, whether a proxy named the host."""

    prefix: str = ""
    names_host: bool = False


_PLAIN = Seen()


def seen(scope: Scope) -> Seen:
    """What is known of the address that a request was sent to."""
    found: Seen = scope.get(_KEY, _PLAIN)
    return found


def restore_seen(scope: Scope, known: Seen) -> None:
    """Set what another process, which took the request from its client, knows of the address."""
    scope[_KEY] = known


def passed_on(scope: Scope) -> dict[str, Any]:
    """The same, and whether the request is foreign, for the scope of a call that answers a part of this request."""
    return {key: scope[key] for key in (_KEY, FOREIGN) if key in scope}


def is_host(text: bytes) -> bool:
    """Whether a text is a host with or without a port, as it stands in a URL."""
    found = _HOST.fullmatch(text)
    if found is None or int(found[2] or 0) > 65_535:
        return False
    return found[1] is None or _address(found[1].decode()) is not None


class Proxied:
    """Goes round the whole app. `prefix` is that of the public URL, None without such a URL: then a proxy may name one.

    `ours` are the first segments of our own paths.
    """

    def __init__(self, inner: App, prefix: str | None, trusted: Sequence[Network], ours: Collection[str]) -> None:
        self._inner = inner
        self._prefix = prefix
        self._trusted = trusted
        self._ours = frozenset(part.casefold() for part in ours)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on, as it was sent to the proxy."""
        if scope["type"] == "http":
            known = self._believed(scope)
            prefix = self._prefix if self._prefix is not None else known.prefix
            scope[_KEY] = Seen(prefix, known.names_host)
            if prefix:
                scope["path"] = self._within(scope["path"], unquote(prefix))
        await self._inner(scope, receive, send)

    def _believed(self, scope: Scope) -> Seen:
        """Take over what trusted proxies say of scheme, host and client; returns the rest of what they say."""
        client = scope.get("client")
        if client is None or not self._trusts(client[0]):
            return _PLAIN
        # Each trusted proxy adds one value to a header, so the first of theirs is as far from the end as there are
        # proxies. What stands before it came from outside.
        proxies = 1
        for value in reversed(_values(scope, b"x-forwarded-for")):
            node = _node(value)
            if node is None:  # an invented name, or `unknown`
                break
            scope["client"] = node
            if not self._trusts(node[0]):
                break
            proxies += 1
        scheme = _first(_values(scope, b"x-forwarded-proto"), proxies).lower()
        if scheme in _SCHEMES:
            scope["scheme"] = scheme
        host = _first(_values(scope, b"x-forwarded-host"), proxies).encode("latin-1")
        if names_host := is_host(host):
            scope["headers"] = [
                *((name, value) for name, value in scope["headers"] if name != b"host"),
                (b"host", host),
            ]
        prefixes = [path_prefix(value) for value in _values(scope, b"x-forwarded-prefix")[-proxies:]]
        known = [prefix for prefix in prefixes if prefix is not None]
        return Seen("".join(known) if len(known) == len(prefixes) else "", names_host)

    def _trusts(self, host: str) -> bool:
        address = _address(host)
        return address is not None and any(address in network for network in self._trusted)

    def _within(self, path: str, prefix: str) -> str:
        """The path without the prefix, where the proxy has left it; a prefix that one of our paths has stays."""
        if path != prefix and not path.startswith(f"{prefix}/"):
            return path
        if prefix.split("/")[1].casefold() in self._ours:
            return path  # `/api/v1/…` may be ours, so it is for the proxy to take such a prefix away
        return path[len(prefix) :] or "/"


def _values(scope: Scope, name: bytes) -> list[str]:
    """The values of a header, which may stand in several lines, and several in a line."""
    lines = [value.decode("latin-1") for known, value in scope["headers"] if known == name]
    return [value for value in (part.strip() for part in ",".join(lines).split(",")) if value]


def _first(values: list[str], proxies: int) -> str:
    """The value that the first of so many proxies gave; the first there is where some gave none."""
    return values[-proxies:][0] if values else ""


def _node(text: str) -> tuple[str, int] | None:
    """An address with or without a port, as proxies write a client."""
    found = _NODE.fullmatch(text)
    if found is None:
        return None
    address = _address(found[1] or found[3] or found[5])
    port = int(found[2] or found[4] or 0)
    return None if address is None or port > 65_535 else (str(address), port)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return (isinstance(address, IPv6Address) and address.ipv4_mapped) or address
