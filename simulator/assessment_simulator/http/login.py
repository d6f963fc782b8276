"""How a person with a browser gets in where access is closed: by the control token, typed once.

The browser is given a cookie: the random id of a session, when it began, and a code over both that only a holder of the
token can make. So every process with the same token accepts it, also after a restart. It is good for twelve hours, or
until the person logs out: then its id is kept as ended, in the log where there is one.
"""

import math
import re
import secrets
import time
from collections.abc import Callable, Mapping
from hashlib import sha256
from hmac import compare_digest
from hmac import new as hmac
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, quote, unquote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from assessment_simulator.core import instant
from assessment_simulator.http.asgi import named_headers
from assessment_simulator.http.base_url import Address
from assessment_simulator.http.failed_attempts import Attempts
from assessment_simulator.http.proxy_headers import seen
from assessment_simulator.http.routing import route
from assessment_simulator.http.templating import HEADERS, render
from assessment_simulator.storage.log import Log

LOGIN, LOGOUT = "/login", "/logout"
HOME = "/"
_LOCAL = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")
"""A path of this server: neither `//host` nor what browsers read as such."""
_LIFE = 12 * 3_600
"""Seconds that a session lasts."""
_MOST_ENDED = 10_000
"""So many sessions that were ended before their time are remembered."""
_COOKIE = re.compile(r"([0-9a-f]{32})\.([0-9]{1,12})\.([0-9a-f]{64})", re.ASCII)


class Session:
    """What a browser holds that has shown the control token; `now` is a clock in seconds."""

    def __init__(self, token: str, log: Log | None = None, now: Callable[[], float] = time.time) -> None:
        self._token = token.encode()
        self._log = log
        self._now = now
        # Cookies are kept by host, whatever the port: two servers on one machine must not take each other's.
        self.name = f"simulator-{self._code('name')[:8]}"
        self._ended: dict[str, None] = {}
        """The ids of sessions that were ended before their time, oldest first."""

    def _code(self, purpose: str) -> str:
        return hmac(self._token, f"assessment-simulator {purpose}".encode(), sha256).hexdigest()

    def is_token(self, shown: bytes) -> bool:
        """Whether this is the control token; it takes the same time whatever is shown."""
        return compare_digest(shown, self._token)

    async def held(self, headers: Mapping[bytes, bytes]) -> str | None:
        """The id of the session whose cookie a request comes with; None where it has none that is good."""
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
        """Begin a session, and set its cookie, for what is under a path."""
        id, began = secrets.token_hex(16), str(int(self._now()))
        value = f"{id}.{began}.{self._code(f'session {id} {began}')}"
        response.set_cookie(self.name, value, path=path, httponly=True, samesite="strict", secure=secure)

    async def end(self, id: str) -> None:
        """Let a session open nothing any more."""
        if self._log is not None:
            now = int(self._now() * instant.SECOND)
            await self._log.end_session(id, now + int(_LIFE * instant.SECOND), now)
        self._ended[id] = None
        while len(self._ended) > _MOST_ENDED:
            del self._ended[next(iter(self._ended))]

    def take(self, response: Response, *, path: str, secure: bool) -> None:
        """Take the cookie back."""
        response.delete_cookie(self.name, path=path, httponly=True, samesite="strict", secure=secure)


class Login:
    """The pages `/login` and `/logout`."""

    def __init__(self, session: Session, address: Address, attempts: Attempts) -> None:
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
        if wait:  # also for the right token, or the answer would show that it is right
            flaw = f"Too many wrong tokens came from this address. Try again in {wait} seconds."
            return _form(request, 429, following, flaw, {"retry-after": str(wait)})
        if not self._session.is_token(sent.get("token", [""])[0].strip().encode()):
            self._attempts.failed(client)
            return _form(request, 401, following, "That is not the control token.")
        response = RedirectResponse(local(following, seen(request.scope).prefix), 303, HEADERS)
        self._session.give(response, path=_path(request), secure=self._is_secure(request))
        return response

    async def _leave(self, request: Request) -> Response:
        id = await self._session.held(named_headers(request.scope))
        if id is not None:
            await self._session.end(id)
        response = RedirectResponse(seen(request.scope).prefix + LOGIN, 303, HEADERS)
        self._session.take(response, path=_path(request), secure=self._is_secure(request))
        return response

    def _is_secure(self, request: Request) -> bool:
        return self._address.of(request.scope, named_headers(request.scope)).startswith("https:")


def _form(
    request: Request, status: int, following: str, flaw: str | None = None, headers: Mapping[str, str] | None = None
) -> Response:
    prefix = seen(request.scope).prefix
    return render("login.html", status, headers=headers, prefix=prefix, following=local(following, prefix), flaw=flaw)


def _path(request: Request) -> str:
    """The paths that the cookie is for: other programs may answer beside the prefix."""
    return seen(request.scope).prefix or "/"


def local(path: str, prefix: str) -> str:
    """The path if it is one of this server, else that of the first page; both begin with the prefix."""
    known = path if _LOCAL.fullmatch(path) and ".." not in unquote(path.partition("?")[0]).split("/") else HOME
    return known if known == prefix or known.startswith(f"{prefix}/") else prefix + known


def login_for(path: str, query: bytes, prefix: str) -> str:
    """The address of the login that leads on to a path."""
    following = f"{prefix}{path}?{query.decode('latin-1')}" if query else prefix + path
    return f"{prefix}{LOGIN}?next={quote(following, safe='/')}"
