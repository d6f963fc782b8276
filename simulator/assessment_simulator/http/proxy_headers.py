"""Requests through a reverse proxy: the client's address, and the URL under which clients reach the server.

`ProxyHeaders` comes before everything else. It restores the request as it was sent to the proxy: scheme, host and
client are those that the proxy names, and the path has no prefix. So nothing behind it reads a forwarded header. These
headers are used only from the trusted networks, because anybody else can write them.
"""

import re
from collections.abc import Collection, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any, NamedTuple
from urllib.parse import unquote

from assessment_simulator.core.urls import path_prefix
from assessment_simulator.http.asgi import CROSS_SITE, App, Receive, Scope, Send

Network = IPv4Network | IPv6Network

_HOST = re.compile(rb"(?:[A-Za-z0-9._-]{1,253}|\[([0-9A-Fa-f:.]{2,45})\])(?::(\d{1,5}))?")
_NODE = re.compile(r"\[([0-9A-Fa-f:.]+)\](?::(\d{1,5}))?|([0-9.]+):(\d{1,5})|([0-9A-Fa-f:.]+)")
_SCHEMES = frozenset({"http", "https"})
_KEY = "simulator.proxied"
"""Where a scope holds what is known of the proxy."""


class ProxyInfo(NamedTuple):
    """What is known of the URL that a client used: the `prefix` of all paths, and whether a proxy named the host."""

    prefix: str = ""
    names_host: bool = False


_PLAIN = ProxyInfo()


def proxy_info(scope: Scope) -> ProxyInfo:
    """What is known of the URL that a request was sent to."""
    found: ProxyInfo = scope.get(_KEY, _PLAIN)
    return found


def restore_proxy_info(scope: Scope, known: ProxyInfo) -> None:
    """Set what another process, which received the request from the client, knows of the URL."""
    scope[_KEY] = known


def passed_on(scope: Scope) -> dict[str, Any]:
    """The same, and whether the request is cross-site, for a request that answers a part of this one."""
    return {key: scope[key] for key in (_KEY, CROSS_SITE) if key in scope}


def is_host(text: bytes) -> bool:
    """Whether a text is a host with or without a port, as it stands in a URL."""
    found = _HOST.fullmatch(text)
    if found is None or int(found[2] or 0) > 65_535:
        return False
    return found[1] is None or _address(found[1].decode()) is not None


class ProxyHeaders:
    """Wraps the whole app. `prefix` is that of the public URL; None without such a URL: then a proxy may name one.

    `ours` are the first segments of our own paths.
    """

    def __init__(self, inner: App, prefix: str | None, trusted: Sequence[Network], ours: Collection[str]) -> None:
        self._inner = inner
        self._prefix = prefix
        self._trusted = trusted
        self._ours = frozenset(part.casefold() for part in ours)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on as it was sent to the proxy."""
        if scope["type"] == "http":
            known = self._apply(scope)
            prefix = self._prefix if self._prefix is not None else known.prefix
            scope[_KEY] = ProxyInfo(prefix, known.names_host)
            if prefix:
                # A proxy may leave the prefix in the path. A prefix that one of our paths has stays: `/api/v1/…` may
                # be ours, so the proxy must remove such a prefix.
                path, plain = scope["path"], unquote(prefix)
                is_ours = plain.split("/")[1].casefold() in self._ours
                if not is_ours and (path == plain or path.startswith(f"{plain}/")):
                    scope["path"] = path[len(plain) :] or "/"
        await self._inner(scope, receive, send)

    def _apply(self, scope: Scope) -> ProxyInfo:
        """Set scheme, host and client as trusted proxies name them. Returns what else they say."""
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
        return ProxyInfo("".join(known) if len(known) == len(prefixes) else "", names_host)

    def _trusts(self, host: str) -> bool:
        address = _address(host)
        return address is not None and any(address in network for network in self._trusted)


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
