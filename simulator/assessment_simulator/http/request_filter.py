"""Decides, before a request is routed, whether its host and the page that sent it are accepted.

The order: host name (open access only), CORS preflight, cross-site write. Vendors' paths, control API and pages have
the same rule. A refusal is the simulator's own response, also on vendors' paths, because no vendor saw the request.
"""

import logging
from collections.abc import Mapping

from assessment_simulator.http.allowed_hosts import AllowedHosts, split_authority
from assessment_simulator.http.asgi import CROSS_SITE, App, Receive, Scope, Send, named_headers, respond
from assessment_simulator.http.cross_origin import METHODS, CrossOriginPolicy
from assessment_simulator.http.header_text import header_line
from assessment_simulator.http.problem_details import ROOT, Problem, answer

CHECKS = frozenset({f"{ROOT}/health", f"{ROOT}/ready"})
"""Health checks, which are answered for any host."""
MOST_LOGGED = 100
"""The most refused names that are logged, each once."""
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_LONGEST_NAME = 120
_log = logging.getLogger("simulator.http")


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
                await self._refuse_host(scope, headers, receive, send)
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
                if cross_site and scope["method"] not in _SAFE:
                    text = (
                        "a page of another site sent this (its Sec-Fetch-Site or Origin says so), and such a page may "
                        f"change nothing here; {_remedy(headers)}, or send the request from this server's own pages, "
                        "or with a program that sends neither header"
                    )
                    more = {"simulator-hint": header_line([_remedy(headers)]).decode(), "vary": "Origin"}
                    await answer(scope, Problem(403, text, more))(scope, receive, send)
                    return
        await self._inner(scope, receive, send)

    async def _refuse_host(self, scope: Scope, headers: Mapping[bytes, bytes], receive: Receive, send: Send) -> None:
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
        wants_page = b"text/html" in headers.get(b"accept", b"").lower()
        await (answer(scope, problem) if wants_page else problem.response())(scope, receive, send)

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
