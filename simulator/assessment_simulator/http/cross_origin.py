"""Which hosts and which web pages are accepted: applied by `RequestFilter` before a request is routed.

Theory of operation. A browser lets any page send a form to any address, also of this machine, and adds the cookies. So
a request is refused by two rules, in this order. Vendors' paths, control API and pages have the same rules. A refusal
is the simulator's own response, also on vendors' paths, because no vendor saw the request.

1. **Host** (`AllowedHosts`, open access only). Open access needs no secret, and CORS does not stop a page whose own
   name is made to resolve to this machine (DNS rebinding): for the browser, page and server are then one origin. Such
   a request names the page's host in the header `Host`. Names that no public DNS can have are accepted, and names that
   the operator lists; all others are refused.
2. **Origin** (`CrossOriginPolicy`): one rule for reading (CORS) and for writing (forms of other sites). The headers
   `Origin` and `Sec-Fetch-Site`, which no page can forge, name the page's site. Programs such as curl send neither;
   the rule does not apply to them.
"""

import logging
import re
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from typing import Any
from urllib.parse import urlsplit

from assessment_simulator.http.asgi import (
    CROSS_SITE,
    App,
    Headers,
    Receive,
    Scope,
    Send,
    accepts_html,
    header_line,
    named_headers,
    respond,
)
from assessment_simulator.http.problem_details import ROOT, Problem, answer

ANY = "*"
# Headers of a response that a page on another origin can read.
EXPOSED = (
    "Content-Disposition", "Simulator-Rule", "Simulator-Note", "Simulator-Hint", "Simulator-Request-Id", "Retry-After",
    "Link", "X-RateLimit-Limit",
)  # fmt: skip
METHODS = b"GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
# Health checks, which are answered for any host.
CHECKS = frozenset({f"{ROOT}/health", f"{ROOT}/ready"})
# The most refused names that are logged, each once.
MOST_LOGGED = 100

# Suffixes that are reserved, or that only a local resolver knows.
_PRIVATE_SUFFIXES = (".localhost", ".local", ".internal", ".test", ".svc", ".cluster.local")
_AUTHORITY = re.compile(r"(\[[0-9a-f:.]+(?:%[a-z0-9._~-]+)?\]|[a-z0-9_.-]{1,254})(?::([0-9]{0,5}))?")
_ORIGIN = re.compile(r"([a-z][a-z0-9+.-]*)://([^/?#@\\\s]+)", re.IGNORECASE)
_PORTS = {"http": "80", "https": "443"}
_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
# How many decisions are remembered. The headers of a request have 128 KiB at most, so they use no more than 8 MiB.
_MOST_KNOWN = 64
_LONGEST_NAME = 120
_VARY = (b"vary", b"Origin")
_EXPOSE = (b"access-control-expose-headers", ", ".join(EXPOSED).encode())
_log = logging.getLogger("simulator.http")

# Scheme, host and port; the port is empty if it is the default of the scheme.
Origin = tuple[str, str, str]


def split_authority(text: str) -> tuple[str, str] | None:
    """The host and the port ("" without one) of `host[:port]`; None for any other text.

    The host is in lower case, without brackets and without a dot at its end. An IPv6 address is in its short form.
    """
    found = _AUTHORITY.fullmatch(text.lower())
    if found is None:
        return None
    host = found[1].removesuffix(".")
    if host.startswith("["):
        try:
            host = str(IPv6Address(host[1:-1]))
        except ValueError:
            return None
    elif "" in host.split("."):
        return None
    return host, found[2] or ""


def is_address(host: str) -> bool:
    """Whether a host is an IP address in its usual notation: four decimal numbers, or IPv6."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


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


class AllowedHosts:
    """The hosts that are accepted: private ones, the host of `public` (a URL), and those that match `allowed`.

    An entry of `allowed` is a name, a domain with a leading dot (the domain and its subdomains), or `*`.
    """

    def __init__(self, allowed: Iterable[str] = (), public: str | None = None) -> None:
        public_host = (ascii_name(urlsplit(public).hostname or ""),) if public else ()
        self._allowed = (*(pattern(text) for text in allowed), *public_host)
        self.accept = lru_cache(_MOST_KNOWN)(self._accept)

    def _accept(self, authority: bytes) -> bool:
        """Whether a request with this `Host` is answered; HTTP/1.0 may leave it empty."""
        if not authority or ANY in self._allowed:
            return True
        parts = split_authority(authority.decode("latin-1"))
        if parts is None:
            return False
        host = parts[0]
        # No public DNS name is an address, has no dot, or is below a reserved name.
        if "." not in host or is_address(host) or host.endswith(_PRIVATE_SUFFIXES):
            return True
        return any(host == one.removeprefix(".") or (one[:1] == "." and host.endswith(one)) for one in self._allowed)


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
        self._decide = lru_cache(_MOST_KNOWN)(self._judge)

    def is_allowed(self, headers: Mapping[bytes, bytes]) -> bool:
        """Whether the page that sent a request may read the response."""
        return b"origin" in headers and self._decide(headers[b"origin"], headers.get(b"host", b""))[0]

    def is_cross_site(self, headers: Mapping[bytes, bytes]) -> bool:
        """Whether a request was sent by a page that may change nothing here."""
        site = headers.get(b"sec-fetch-site")
        if site in (b"same-origin", b"none"):
            return False
        if b"origin" not in headers:
            return site is not None
        return not any(self._decide(headers[b"origin"], headers.get(b"host", b"")))

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
        wanted = headers.get(b"access-control-request-headers", b"").split(b",")
        names = [name.strip() for name in wanted if _TOKEN.fullmatch(name.strip())]
        granted = [*_granted(headers), (b"access-control-allow-methods", METHODS)]
        if names:
            granted.append((b"access-control-allow-headers", b", ".join(names)))
        if headers.get(b"access-control-request-private-network") == b"true":
            granted.append((b"access-control-allow-private-network", b"true"))
        vary = b"Origin, Access-Control-Request-Method, Access-Control-Request-Headers"
        return [*granted, (b"access-control-max-age", b"600"), (b"vary", vary)]

    def _judge(self, sent: bytes, authority: bytes) -> tuple[bool, bool]:
        """Whether the origin of a request is allowed, and whether it is the server's own."""
        origin = parse_origin(sent.decode("latin-1"))
        if origin is None:
            return False, False
        scheme, host, port = origin
        own = [parts for parts in (split_authority(authority.decode("latin-1")), self._public) if parts]
        allowed = self._any or origin in self._listed
        if self._open_access and not allowed:
            allowed = host == "localhost" or host.endswith(".localhost") or host in [name for name, _ in own]
            if not allowed and is_address(host):
                address = ip_address(host)
                allowed = ((isinstance(address, IPv6Address) and address.ipv4_mapped) or address).is_loopback
        # The scheme of the request is not compared: behind a proxy with TLS it is not the browser's.
        default = _PORTS.get(scheme)
        ours = [(name, own_port or default) for name, own_port in own]
        return allowed, default is not None and (host, port or default) in ours


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

        async def send_with_headers(message: Any) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], *more]}
            await send(message)

        await self._inner(scope, receive, send_with_headers if more else send)


class RequestFilter:
    """Wraps the application; `hosts` is None if every host is accepted."""

    def __init__(self, inner: App, policy: CrossOriginPolicy, hosts: AllowedHosts | None) -> None:
        self._inner = inner
        self._policy = policy
        self._hosts = hosts
        self._logged: set[str] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a preflight or `OPTIONS *`, or refuse; pass all other requests on."""
        if scope["type"] == "http":
            headers = named_headers(scope)
            known = self._hosts is None or self._hosts.accept(headers.get(b"host", b"")) or scope["path"] in CHECKS
            if not known:
                await self._refuse_host(scope, headers)(scope, receive, send)
                return
            if scope["path"] == "*" and scope["method"] == "OPTIONS":  # about the server itself (RFC 9110, 9.3.7)
                await respond(send, 204, [(b"allow", METHODS)], b"")
                return
            if b"origin" in headers or b"sec-fetch-site" in headers:
                preflight = self._policy.preflight(scope, headers)
                if preflight is not None:
                    await respond(send, 204, preflight, b"")
                    return
                cross_site = self._policy.is_cross_site(headers)
                if cross_site and b"origin" in headers:
                    self._log_once(f"origin {_name(headers[b'origin'])}", _remedy(headers))
                scope[CROSS_SITE] = cross_site  # an image's address is enough for a GET, so it may open no sandbox
                if cross_site and scope["method"] not in ("GET", "HEAD", "OPTIONS"):
                    text = (
                        "a page of another site sent this (its Sec-Fetch-Site or Origin says so), and such a page may "
                        f"change nothing here; {_remedy(headers)}, or send the request from this server's own pages, "
                        "or with a program that sends neither header"
                    )
                    more = {"simulator-hint": header_line([_remedy(headers)]).decode(), "vary": "Origin"}
                    await answer(scope, Problem(403, text, more))(scope, receive, send)
                    return
        await self._inner(scope, receive, send)

    def _refuse_host(self, scope: Scope, headers: Mapping[bytes, bytes]) -> App:
        parts = split_authority(headers[b"host"].decode("latin-1"))
        host = repr(parts[0]) if parts else _name(headers[b"host"])
        which = f"--allowed-hosts {parts[0]}" if parts else "--allowed-hosts"
        hint = f"serve with {which} (SIMULATOR_ALLOWED_HOSTS) to accept it"
        self._log_once(f"host {host}", hint)
        problem = Problem(
            403,
            f"the host {host} in this request is not accepted in open access, because a web page could have chosen it "
            f"(DNS rebinding); {hint}, or use an IP address, localhost or a name without a dot",
            {"simulator-hint": header_line([hint]).decode()},
        )
        wants_page = accepts_html(headers)
        return answer(scope, problem) if wants_page else problem.response()

    def _log_once(self, what: str, remedy: str) -> None:
        if what not in self._logged and len(self._logged) < MOST_LOGGED:
            self._logged.add(what)
            more = "; no more refused names are logged" if len(self._logged) == MOST_LOGGED else ""
            _log.warning("refused the %s: %s%s", what, remedy, more)


def _name(value: bytes) -> str:
    return repr(value[:_LONGEST_NAME].decode("latin-1"))


def _remedy(headers: Mapping[bytes, bytes]) -> str:
    origin = headers.get(b"origin")
    if origin is None:
        return "the request has no Origin that could be allowed"
    if origin.lower() == b"null":
        return "the origin null (a file, a sandboxed frame) is never allowed; serve the page over HTTP"
    return f"serve with --cors-origins {_name(origin)[1:-1]} (SIMULATOR_CORS_ORIGINS) to allow it"
