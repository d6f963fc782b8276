"""The login for browsers in closed access: a person enters the control token once.

The browser gets a cookie: the random id of a session, when it began, and a code over both that needs the token. So
every process with the same token accepts it, also after a restart. It is valid for twelve hours, or until the person
logs out: then its id is kept as ended, in the log if there is one.
"""

import math
import re
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from hashlib import sha256
from hmac import compare_digest
from hmac import new as hmac
from http.cookies import CookieError, SimpleCookie
from ipaddress import IPv6Address, ip_address, ip_network
from urllib.parse import parse_qs, quote, unquote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from assessment_simulator.core import instant
from assessment_simulator.http.asgi import named_headers
from assessment_simulator.http.base_url import BaseUrl
from assessment_simulator.http.proxy_headers import proxy_info
from assessment_simulator.http.routing import route
from assessment_simulator.http.templating import HEADERS, render
from assessment_simulator.storage.log import Log

LOGIN, LOGOUT = "/login", "/logout"
HOME = "/"
_LOCAL = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")
"""A path of this server: neither `//host` nor what browsers read as that."""
_LIFE = 12 * 3_600
"""Seconds that a session lasts."""
_MOST_ENDED = 10_000
"""The most sessions that are remembered as ended."""
_COOKIE = re.compile(r"([0-9a-f]{32})\.([0-9]{1,12})\.([0-9a-f]{64})", re.ASCII)


class Session:
    """Sessions of browsers that have sent the control token; `now` is a clock in seconds."""

    def __init__(self, token: str, log: Log | None = None, now: Callable[[], float] = time.time) -> None:
        self._token = token.encode()
        self._log = log
        self._now = now
        # Browsers keep cookies by host, not by port: two servers on one machine must not take each other's.
        self.name = f"simulator-{self._code('name')[:8]}"
        self._ended: dict[str, None] = {}
        """The ids of sessions that were ended, oldest first."""

    def _code(self, purpose: str) -> str:
        return hmac(self._token, f"assessment-simulator {purpose}".encode(), sha256).hexdigest()

    def is_token(self, shown: bytes) -> bool:
        """Whether this is the control token; compared in constant time."""
        return compare_digest(shown, self._token)

    async def held(self, headers: Mapping[bytes, bytes]) -> str | None:
        """The id of the session whose cookie a request has; None without a valid one."""
        try:
            cookies = SimpleCookie(headers.get(b"cookie", b"").decode("latin-1"))
        except CookieError:
            return None
        found = _COOKIE.fullmatch(cookies[self.name].value) if self.name in cookies else None
        if found is None:
            return None
        id, began, code = found.groups()
        if not compare_digest(code, self._code(f"session {id} {began}")):
            return None
        if self._now() - int(began) >= _LIFE or id in self._ended:
            return None
        return None if self._log is not None and await self._log.has_ended(id) else id

    def give(self, response: Response, *, path: str, secure: bool) -> None:
        """Begin a session, and set its cookie for a path."""
        id, began = secrets.token_hex(16), str(int(self._now()))
        value = f"{id}.{began}.{self._code(f'session {id} {began}')}"
        response.set_cookie(self.name, value, path=path, httponly=True, samesite="strict", secure=secure)

    async def end(self, id: str) -> None:
        """End a session."""
        if self._log is not None:
            now = int(self._now() * instant.SECOND)
            await self._log.end_session(id, now + int(_LIFE * instant.SECOND), now)
        self._ended[id] = None
        while len(self._ended) > _MOST_ENDED:
            del self._ended[next(iter(self._ended))]

    def take(self, response: Response, *, path: str, secure: bool) -> None:
        """Delete the cookie."""
        response.delete_cookie(self.name, path=path, httponly=True, samesite="strict", secure=secure)


class AttemptLimiter:
    """Limits failed attempts by client address, so that a secret cannot be guessed.

    Allows `most` at once, then one more each `within / most` seconds, for at most `addresses`; those that failed
    longest ago are dropped first. IPv6 addresses count by their network of 64 bits, all of which one client may have.
    `now` is a clock in seconds that never goes back.
    """

    def __init__(
        self, most: int = 10, within: float = 60.0, addresses: int = 10_000, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._step = within / most
        self._within = within
        self._addresses = addresses
        self._now = now
        self._until: OrderedDict[str, float] = OrderedDict()
        """When each address has its whole allowance again."""

    def __len__(self) -> int:
        return len(self._until)

    def wait(self, address: str) -> float:
        """The seconds until this address may try again; 0 if it may now."""
        left = self._until.get(_client(address), 0.0) - self._now()
        return max(0.0, left + self._step - self._within)

    def failed(self, address: str) -> None:
        """Count a failure."""
        client, now = _client(address), self._now()
        self._until[client] = max(self._until.pop(client, now), now) + self._step
        while len(self._until) > self._addresses:
            self._until.popitem(last=False)


def _client(address: str) -> str:
    """The address or network that counts as one client."""
    try:
        known = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not isinstance(known, IPv6Address):
        return address
    return str(known.ipv4_mapped or ip_network((known, 64), strict=False))


class Login:
    """The pages `/login` and `/logout`."""

    def __init__(self, session: Session, address: BaseUrl, attempts: AttemptLimiter) -> None:
        self._session = session
        self._address = address
        self._attempts = attempts

    def routes(self) -> list[Route]:
        """The routes for Starlette."""
        return [route(LOGIN, {"GET": self._ask, "POST": self._enter}), route(LOGOUT, {"POST": self._leave})]

    async def _ask(self, request: Request) -> Response:
        return _form(request, 200, request.query_params.get("next", HOME))

    async def _enter(self, request: Request) -> Response:
        sent = parse_qs(request.state.body.decode("utf-8", "replace"))
        following = sent.get("next", [HOME])[0]
        client = request.client.host if request.client else ""
        wait = math.ceil(self._attempts.wait(client))
        if wait:  # also for the right token, or the response would tell that it is right
            flaw = f"Too many wrong tokens came from this address. Try again in {wait} seconds."
            return _form(request, 429, following, flaw, {"retry-after": str(wait)})
        if not self._session.is_token(sent.get("token", [""])[0].strip().encode()):
            self._attempts.failed(client)
            return _form(request, 401, following, "That is not the control token.")
        response = RedirectResponse(local(following, proxy_info(request.scope).prefix), 303, HEADERS)
        self._session.give(response, path=_path(request), secure=self._is_secure(request))
        return response

    async def _leave(self, request: Request) -> Response:
        id = await self._session.held(named_headers(request.scope))
        if id is not None:
            await self._session.end(id)
        response = RedirectResponse(proxy_info(request.scope).prefix + LOGIN, 303, HEADERS)
        self._session.take(response, path=_path(request), secure=self._is_secure(request))
        return response

    def _is_secure(self, request: Request) -> bool:
        return self._address.of(request.scope, named_headers(request.scope)).startswith("https:")


def _form(
    request: Request, status: int, following: str, flaw: str | None = None, headers: Mapping[str, str] | None = None
) -> Response:
    prefix = proxy_info(request.scope).prefix
    return render("login.html", status, headers=headers, prefix=prefix, following=local(following, prefix), flaw=flaw)


def _path(request: Request) -> str:
    """The path of the cookie: other programs may answer beside the prefix."""
    return proxy_info(request.scope).prefix or "/"


def local(path: str, prefix: str) -> str:
    """The path if it is one of this server, else that of the first page; both with the prefix."""
    known = path if _LOCAL.fullmatch(path) and ".." not in unquote(path.partition("?")[0]).split("/") else HOME
    return known if known == prefix or known.startswith(f"{prefix}/") else prefix + known


def login_for(path: str, query: bytes, prefix: str) -> str:
    """The address of the login page that continues to a path."""
    following = f"{prefix}{path}?{query.decode('latin-1')}" if query else prefix + path
    return f"{prefix}{LOGIN}?next={quote(following, safe='/')}"
