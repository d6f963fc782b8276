"""Which web pages may call this server: one rule for reading (CORS) and for writing (forms of other sites).

A browser lets any page send a form to any address, also of this machine, and adds the cookies. The headers `Origin` and
`Sec-Fetch-Site`, which no page can forge, name the page's site. Programs such as curl send neither; the rule does not
apply to them.
"""

import re
from collections.abc import Collection, Mapping, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from assessment_simulator.http.allowed_hosts import ANY, LONGEST_KNOWN, ascii_name, is_loopback, split_authority
from assessment_simulator.http.asgi import App, Headers, Receive, Scope, Send, named_headers

EXPOSED = (
    "Content-Disposition", "Simulator-Rule", "Simulator-Note", "Simulator-Hint", "Simulator-Request-Id", "Retry-After",
    "X-RateLimit-Limit",
)  # fmt: skip
"""Headers of a response that a page on another origin can read."""
METHODS = b"GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
_OWN_SITES = frozenset({b"same-origin", b"none"})
_ORIGIN = re.compile(r"([a-z][a-z0-9+.-]*)://([^/?#@\\\s]+)", re.IGNORECASE)
_PORTS = {"http": "80", "https": "443"}
_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_MOST_KNOWN = 1_000
_VARY = (b"vary", b"Origin")
_EXPOSE = (b"access-control-expose-headers", ", ".join(EXPOSED).encode())

Origin = tuple[str, str, str]
"""Scheme, host and port; the port is empty if it is the default of the scheme."""


def parse_origin(text: str) -> Origin | None:
    """The parts of an origin; None for `null`, for a URL with a path and for anything else."""
    found = _ORIGIN.fullmatch(text)
    if found is None:
        return None
    scheme, authority = found[1].lower(), found[2]
    if not authority.isascii():
        name, colon, port = authority.partition(":")
        authority = ascii_name(name) + colon + port
    parts = split_authority(authority)
    return None if parts is None else (scheme, parts[0], "" if parts[1] == _PORTS.get(scheme) else parts[1])


class CrossOriginPolicy:
    """Which origins may call from a browser.

    In open access: pages of this machine (loopback, any scheme and port), pages on the host name of the request, and
    the origins in `listed`. In closed access: only those in `listed`. `*` stands for every origin. The origin `null` is
    never allowed: files, and sandboxed frames of any site, have it. The server's own pages, at the address of the
    request or at `public`, may do everything in both.
    """

    def __init__(self, listed: Collection[str] = (), public: str | None = None, *, open_access: bool = True) -> None:
        self._listed = {origin for text in listed if (origin := parse_origin(text.rstrip("/")))}
        self._any = ANY in listed
        self._open_access = open_access
        self._public = split_authority(ascii_name(urlsplit(public).netloc)) if public else None
        self._shares = open_access or self._any or bool(self._listed)
        self._known: dict[tuple[bytes, bytes], tuple[bool, bool]] = {}

    def is_allowed(self, headers: Mapping[bytes, bytes]) -> bool:
        """Whether the page that sent a request may read the response."""
        return b"origin" in headers and self._decide(headers)[0]

    def is_cross_site(self, headers: Mapping[bytes, bytes]) -> bool:
        """Whether a request was sent by a page that may change nothing here."""
        site = headers.get(b"sec-fetch-site")
        if site in _OWN_SITES:
            return False
        if b"origin" not in headers:
            return site is not None
        return not any(self._decide(headers))

    def response_headers(self, headers: Mapping[bytes, bytes]) -> Headers:
        """Headers that let the page of a request read the response, and keep caches from mixing origins."""
        if not self._shares:
            return []
        return [*_granted(headers), _EXPOSE, _VARY] if self.is_allowed(headers) else [_VARY]

    def preflight(self, scope: Scope, headers: Mapping[bytes, bytes]) -> Headers | None:
        """The headers of the response to a preflight from an allowed page; None for any other request."""
        if scope["method"] != "OPTIONS" or b"access-control-request-method" not in headers:
            return None
        if not self.is_allowed(headers):
            return None
        wanted = b",".join(value for name, value in scope["headers"] if name == b"access-control-request-headers")
        names = [name.strip() for name in wanted.split(b",") if _TOKEN.fullmatch(name.strip())]
        granted = [*_granted(headers), (b"access-control-allow-methods", METHODS)]
        if names:
            granted.append((b"access-control-allow-headers", b", ".join(names)))
        if headers.get(b"access-control-request-private-network") == b"true":
            granted.append((b"access-control-allow-private-network", b"true"))
        vary = b"Origin, Access-Control-Request-Method, Access-Control-Request-Headers"
        return [*granted, (b"access-control-max-age", b"600"), (b"vary", vary)]

    def _decide(self, headers: Mapping[bytes, bytes]) -> tuple[bool, bool]:
        """Whether the origin of a request is allowed, and whether it is the server's own."""
        key = headers[b"origin"], headers.get(b"host", b"")
        decided = self._known.get(key)
        if decided is not None:
            return decided
        decided = False, False
        origin = parse_origin(key[0].decode("latin-1"))
        if origin is not None:
            scheme, host, port = origin
            own = [parts for parts in (split_authority(key[1].decode("latin-1")), self._public) if parts]
            allowed = self._any or origin in self._listed
            if self._open_access:
                allowed |= is_loopback(host) or host in [name for name, _ in own]
            # The scheme of the request is not compared: behind a proxy with TLS it is not the browser's.
            default = _PORTS.get(scheme)
            ours = [(name, own_port or default) for name, own_port in own]
            decided = allowed, default is not None and (host, port or default) in ours
        if len(self._known) < _MOST_KNOWN and len(key[0]) + len(key[1]) < LONGEST_KNOWN:
            self._known[key] = decided
        return decided


def _granted(headers: Mapping[bytes, bytes]) -> Headers:
    return [(b"access-control-allow-origin", headers[b"origin"]), (b"access-control-allow-credentials", b"true")]


class CrossOriginHeaders:
    """Adds the headers that let pages read a response to every response of `inner`, errors included."""

    def __init__(self, inner: App, policy: CrossOriginPolicy) -> None:
        self._inner = inner
        self._policy = policy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        more = self._policy.response_headers(named_headers(scope)) if scope["type"] == "http" else []

        async def send_with_headers(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], *more]}
            await send(message)

        await self._inner(scope, receive, send_with_headers if more else send)
