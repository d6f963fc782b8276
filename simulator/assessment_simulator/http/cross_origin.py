"""Which web pages may call this server: one rule, for reading (CORS) and for writing (forms of other sites).

A browser lets any page send a form to any address, this machine's too, and sends cookies along. The headers `Origin`
and `Sec-Fetch-Site`, which no page can forge, name the page's site. Programs such as curl send neither and are not
concerned.
"""

import re
from collections.abc import Collection, Iterable, Mapping, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from assessment_simulator.http.allowed_hosts import ANY, LONGEST_KNOWN, ascii_name, is_loopback, split_authority
from assessment_simulator.http.asgi import App, Headers, Receive, Scope, Send, named_headers

EXPOSED = (
    "Content-Disposition", "Simulator-Rule", "Simulator-Note", "Simulator-Hint", "Simulator-Request-Id", "Retry-After",
    "X-RateLimit-Limit",
)  # fmt: skip
"""Headers of an answer that a page on another origin can read."""
METHODS = b"GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
_OWN_SITES = frozenset({b"same-origin", b"none"})
_ORIGIN = re.compile(r"([a-z][a-z0-9+.-]*)://([^/?#@\\\s]+)", re.IGNORECASE)
_PORTS = {"http": "80", "https": "443"}
_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_MOST_KNOWN = 1_000
_VARY = (b"vary", b"Origin")
_EXPOSE = (b"access-control-expose-headers", ", ".join(EXPOSED).encode())

Origin = tuple[str, str, str]
"""Scheme, host and port; the port is empty where it is the scheme's own."""


def parse_origin(text: str) -> Origin | None:
    """An origin in its parts; None for `null`, for a URL with a path and for what is no origin."""
    found = _ORIGIN.fullmatch(text)
    if found is None:
        return None
    scheme, authority = found[1].lower(), found[2]
    if not authority.isascii():
        name, colon, port = authority.partition(":")
        authority = ascii_name(name) + colon + port
    parts = split_authority(authority)
    return None if parts is None else (scheme, parts[0], "" if parts[1] == _PORTS.get(scheme) else parts[1])


class Origins:
    """Who may call from a browser.

    In open access: pages of this machine (loopback, any scheme and port), pages on the host name that was called, and
    the origins in `listed`. In closed access: those in `listed` alone. `*` in it stands for every origin. The origin
    `null` is never allowed: files, and sandboxed frames of any site, have it. The server's own pages, at the address
    that was called or at `public`, may do all in both.
    """

    def __init__(self, listed: Collection[str] = (), public: str | None = None, *, open_access: bool = True) -> None:
        self._listed = {origin for text in listed if (origin := parse_origin(text.rstrip("/")))}
        self._any = ANY in listed
        self._open_access = open_access
        self._public = split_authority(ascii_name(urlsplit(public).netloc)) if public else None
        self._shares = open_access or self._any or bool(self._listed)
        self._known: dict[tuple[bytes, bytes], tuple[bool, bool]] = {}

    def is_allowed(self, headers: Mapping[bytes, bytes]) -> bool:
        """Whether the page that sent a request may read its answer."""
        return b"origin" in headers and self._judged(headers)[0]

    def is_foreign(self, headers: Mapping[bytes, bytes]) -> bool:
        """Whether a request was sent by a page that may change nothing here."""
        site = headers.get(b"sec-fetch-site")
        if site in _OWN_SITES:
            return False
        if b"origin" not in headers:
            return site is not None
        return not any(self._judged(headers))

    def answered(self, headers: Mapping[bytes, bytes]) -> Headers:
        """Headers for the answer to a request: they let its page read it, and keep caches from giving it to another."""
        if not self._shares:
            return []
        return [*self._granted(headers), _EXPOSE, _VARY] if self.is_allowed(headers) else [_VARY]

    def preflight(self, scope: Scope, headers: Mapping[bytes, bytes]) -> Headers | None:
        """The headers of the answer to a preflight from an allowed page; None for any other request."""
        if scope["method"] != "OPTIONS" or b"access-control-request-method" not in headers:
            return None
        if not self.is_allowed(headers):
            return None
        wanted = b",".join(value for name, value in scope["headers"] if name == b"access-control-request-headers")
        asked = [name.strip() for name in wanted.split(b",") if _TOKEN.fullmatch(name.strip())]
        granted = [*self._granted(headers), (b"access-control-allow-methods", METHODS)]
        if asked:
            granted.append((b"access-control-allow-headers", b", ".join(asked)))
        if headers.get(b"access-control-request-private-network") == b"true":
            granted.append((b"access-control-allow-private-network", b"true"))
        vary = b"Origin, Access-Control-Request-Method, Access-Control-Request-Headers"
        return [*granted, (b"access-control-max-age", b"600"), (b"vary", vary)]

    def _granted(self, headers: Mapping[bytes, bytes]) -> Headers:
        return [
            (b"access-control-allow-origin", headers[b"origin"]), (b"access-control-allow-credentials", b"true"),
        ]  # fmt: skip

    def _judged(self, headers: Mapping[bytes, bytes]) -> tuple[bool, bool]:
        """Whether the origin of a request is allowed, and whether it is the server's own."""
        key = headers[b"origin"], headers.get(b"host", b"")
        judged = self._known.get(key)
        if judged is None:
            judged = self._judge(*(value.decode("latin-1") for value in key))
            if len(self._known) < _MOST_KNOWN and len(key[0]) + len(key[1]) < LONGEST_KNOWN:
                self._known[key] = judged
        return judged

    def _judge(self, text: str, host: str) -> tuple[bool, bool]:
        origin = parse_origin(text)
        if origin is None:
            return False, False
        called = [parts for parts in (split_authority(host), self._public) if parts]
        allowed = self._any or origin in self._listed
        if self._open_access:
            allowed |= is_loopback(origin[1]) or origin[1] in [name for name, _ in called]
        return allowed, self._is_own(origin, called)

    def _is_own(self, origin: Origin, called: Iterable[tuple[str, str]]) -> bool:
        # The scheme of the request is not compared: behind a proxy that speaks TLS it is not the browser's.
        scheme, name, port = origin
        return scheme in _PORTS and any((name, port) == (host, _shown(scheme, its)) for host, its in called)


def _shown(scheme: str, port: str) -> str:
    return "" if port == _PORTS[scheme] else port


class Shared:
    """Puts the headers that let pages read an answer on each answer of `inner`, errors included."""

    def __init__(self, inner: App, origins: Origins) -> None:
        self._inner = inner
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        more = self._origins.answered(named_headers(scope)) if scope["type"] == "http" else []
        if not more:
            await self._inner(scope, receive, send)
            return

        async def send_shared(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], *more]}
            await send(message)

        await self._inner(scope, receive, send_shared)
