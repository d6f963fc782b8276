"""Decides, before a request is routed, whether its host and the page that sent it are accepted.

The order: host name (open access only), CORS preflight, cross-site write. Vendors' paths, control API and pages have
the same rule. A refusal is the simulator's own answer, on vendors' paths too, for no vendor has seen the request.
"""

import logging
from collections.abc import Mapping

from assessment_simulator.http.allowed_hosts import Hosts, split_authority
from assessment_simulator.http.asgi import FOREIGN, App, Receive, Scope, Send, named_headers, respond
from assessment_simulator.http.cross_origin import METHODS, Origins
from assessment_simulator.http.header_text import header_line
from assessment_simulator.http.problem_details import ROOT, Problem, answer

CHECKS = frozenset({f"{ROOT}/health", f"{ROOT}/ready"})
"""Health checks, which are answered for any host."""
MOST_LOGGED = 100
"""So many refused names are logged, each once."""
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_LONGEST_NAME = 120
_log = logging.getLogger("simulator.http")


class RequestFilter:
    """Goes round the application; `hosts` is None where every host is accepted."""

    def __init__(self, inner: App, origins: Origins, hosts: Hosts | None) -> None:
        self._inner = inner
        self._origins = origins
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
            if scope["path"] == "*" and scope["method"] == "OPTIONS":  # asks about the server (RFC 9110, 9.3.7)
                await respond(send, 204, [(b"allow", METHODS)], b"")
                return
            if b"origin" in headers or b"sec-fetch-site" in headers:
                preflight = self._origins.preflight(scope, headers)
                if preflight is not None:
                    await respond(send, 204, preflight, b"")
                    return
                foreign = self._origins.is_foreign(headers)
                if foreign and b"origin" in headers:
                    self._log_origin(headers)
                scope[FOREIGN] = foreign  # an image's address is enough for a GET, so a GET may open no sandbox
                if foreign and scope["method"] not in _SAFE:
                    await self._refuse_page(scope, headers, receive, send)
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
        for_people = b"text/html" in headers.get(b"accept", b"").lower()
        response = answer(scope, problem) if for_people else problem.response()
        await response(scope, receive, send)

    async def _refuse_page(self, scope: Scope, headers: Mapping[bytes, bytes], receive: Receive, send: Send) -> None:
        problem = Problem(
            403,
            "a page of another site sent this (its Sec-Fetch-Site or Origin says so), and such a page may change "
            f"nothing here; {_remedy(headers)}, or send the request from this server's own pages, or with a program "
            "that sends neither header",
            {"simulator-hint": header_line([_remedy(headers)]).decode(), "vary": "Origin"},
        )
        await answer(scope, problem)(scope, receive, send)

    def _log_origin(self, headers: Mapping[bytes, bytes]) -> None:
        self._log_once(f"origin {_name(headers[b'origin'])}", _remedy(headers))

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
