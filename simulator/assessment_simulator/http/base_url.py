"""The URL under which a client reaches the server, also through a reverse proxy; `BaseUrl` is that of links.

`ProxyHeaders` comes before everything else. It restores the request as it was sent to the proxy: scheme, host and
client are those that the proxy names, and the path has no prefix. So nothing behind it reads a forwarded header. These
headers are used only from the trusted networks, because anybody else can write them.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import NamedTuple
from urllib.parse import unquote

from assessment_simulator.core.urls import path_prefix
from assessment_simulator.http.asgi import App, Receive, Scope, Send

# Where a scope holds what is known of the proxy.
PROXY_INFO = "simulator.proxied"
_HOST = re.compile(rb"(?:[A-Za-z0-9._-]{1,253}|\[([0-9A-Fa-f:.]{2,45})\])(?::(\d{1,5}))?")
_NODE = re.compile(r"\[([0-9A-Fa-f:.]+)\](?::(\d{1,5}))?|([0-9.]+):(\d{1,5})|([0-9A-Fa-f:.]+)")
# How many base URLs are remembered. A header has 128 KiB at most, so they use no more than 8 MiB.
_MOST_KNOWN = 64


class ProxyInfo(NamedTuple):
    """What is known of the URL that a client used: the `prefix` of all paths, and whether a proxy named the host."""

    prefix: str = ""
    names_host: bool = False


_PLAIN = ProxyInfo()


def proxy_info(scope: Scope) -> ProxyInfo:
    """What is known of the URL that a request was sent to."""
    found: ProxyInfo = scope.get(PROXY_INFO, _PLAIN)
    return found


class BaseUrl:
    """The public URL if one is set; else the host of the request if it may be trusted; else where the server listens.

    A host that a trusted proxy names may always be trusted.
    """

    def __init__(self, public: str | None = None, *, trust_host: bool = True) -> None:
        self._public = public.rstrip("/") if public else None
        self._trust_host = trust_host
        self._of_host = lru_cache(_MOST_KNOWN)(_of_host)

    def of(self, scope: Scope, headers: Mapping[bytes, bytes]) -> str:
        """The base URL for one request, with the prefix of a proxy and without a slash at its end."""
        if self._public is not None:
            return self._public
        prefix, names_host = proxy_info(scope)
        scheme, host = scope["scheme"], headers.get(b"host", b"") if self._trust_host or names_host else b""
        base = self._of_host(scheme, host)
        if base is None:
            name, port = scope.get("server") or ("127.0.0.1", 80)
            base = f"{scheme}://{f'[{name}]' if ':' in name else name}:{port}"
        return base + prefix if prefix else base


def _of_host(scheme: str, host: bytes) -> str | None:
    return f"{scheme}://{host.decode()}" if _is_host(host) else None


class ProxyHeaders:
    """Wraps the whole app. `prefix` is that of the public URL; None without such a URL: then a proxy may name one.

    `ours` are the first segments of our own paths.
    """

    def __init__(
        self, inner: App, prefix: str | None, trusted: Sequence[IPv4Network | IPv6Network], ours: Collection[str]
    ) -> None:
        self._inner = inner
        self._prefix = prefix
        self._trusted = trusted
        self._ours = frozenset(part.casefold() for part in ours)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on as it was sent to the proxy."""
        if scope["type"] == "http":
            known = self._apply(scope)
            prefix = self._prefix if self._prefix is not None else known.prefix
            scope[PROXY_INFO] = ProxyInfo(prefix, known.names_host)
            # A proxy may leave the prefix in the path. A prefix that one of our paths has stays: `/api/v1/…` may be
            # ours, so the proxy must remove such a prefix.
            path, plain = scope["path"], unquote(prefix)
            if prefix and plain.split("/")[1].casefold() not in self._ours and f"{path}/".startswith(f"{plain}/"):
                scope["path"] = path[len(plain) :] or "/"
        await self._inner(scope, receive, send)

    def _apply(self, scope: Scope) -> ProxyInfo:
        """Set scheme, host and client as trusted proxies name them. Returns what else they say."""
        client = scope.get("client")
        if client is None or not self._trusts(client[0]):
            return _PLAIN
        # Each trusted proxy adds one value to a header, so the first of theirs is as far from the end as there are
        # proxies. What stands before it came from outside. Where some gave none, the first value counts.
        proxies = 1
        for value in reversed(_values(scope, b"x-forwarded-for")):
            node = _node(value)
            if node is None:  # an invented name, or `unknown`
                break
            scope["client"] = node
            if not self._trusts(node[0]):
                break
            proxies += 1
        for scheme in _values(scope, b"x-forwarded-proto")[-proxies:][:1]:
            if scheme.lower() in ("http", "https"):
                scope["scheme"] = scheme.lower()
        hosts = [value.encode("latin-1") for value in _values(scope, b"x-forwarded-host")[-proxies:][:1]]
        names_host = bool(hosts) and _is_host(hosts[0])
        if names_host:
            scope["headers"] = [*(line for line in scope["headers"] if line[0] != b"host"), (b"host", hosts[0])]
        prefixes = [path_prefix(value) for value in _values(scope, b"x-forwarded-prefix")[-proxies:]]
        valid = [prefix for prefix in prefixes if prefix is not None]
        return ProxyInfo("".join(valid) if len(valid) == len(prefixes) else "", names_host)

    def _trusts(self, host: str) -> bool:
        address = _address(host)
        return address is not None and any(address in network for network in self._trusted)


def _values(scope: Scope, name: bytes) -> list[str]:
    """The values of a header, which may stand in several lines, and several in a line."""
    lines = [value.decode("latin-1") for known, value in scope["headers"] if known == name]
    return [value for value in (part.strip() for part in ",".join(lines).split(",")) if value]


def _node(text: str) -> tuple[str, int] | None:
    """An address with or without a port, as proxies write a client."""
    found = _NODE.fullmatch(text)
    address = _address(found[1] or found[3] or found[5]) if found else None
    if found is None or address is None or (port := int(found[2] or found[4] or 0)) > 65_535:
        return None
    return str(address), port


def _is_host(text: bytes) -> bool:
    """Whether a text is a host with or without a port, as it stands in a URL."""
    found = _HOST.fullmatch(text)
    if found is None or int(found[2] or 0) > 65_535:
        return False
    return found[1] is None or _address(found[1].decode()) is not None


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return (isinstance(address, IPv6Address) and address.ipv4_mapped) or address
