"""Access to the control API and the pages in closed access: by the control token, or by a login.

For the login a person enters the control token once. The browser gets a cookie: the random id of a session, when it
began, and a code over both that needs the token. So every process with the same token accepts it, also after a
restart. It is valid for twelve hours, or until the person logs out: then its id is kept as ended, in the log if there
is one.
"""

import math
import re
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from hashlib import sha256
from hmac import compare_digest
from hmac import new as hmac
from ipaddress import IPv6Address, ip_address, ip_network
from urllib.parse import quote, unquote

from starlette.requests import Request, cookie_parser
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from assessment_simulator.core import instant
from assessment_simulator.core.questionnaire import Questionnaire
from assessment_simulator.http.asgi import App, Receive, Scope, Send, accepts_html, named_headers
from assessment_simulator.http.base_url import BaseUrl, proxy_info
from assessment_simulator.http.problem_details import ROOT, Problem
from assessment_simulator.http.routing import ICON, form_fields, route
from assessment_simulator.http.templating import HEADERS, UI, render
from assessment_simulator.storage import LogError
from assessment_simulator.storage.log import Log

LOGIN, LOGOUT, HOME = "/login", "/logout", "/"
# Paths without authentication: health checks of containers, and what the login page needs.
OPEN_PATHS = frozenset({f"{ROOT}/health", f"{ROOT}/ready", LOGIN, LOGOUT, ICON})
_DOCS, _RULES = f"{ROOT}/docs", f"{ROOT}/rules"
# A path of this server: neither `//host` nor what browsers read as that.
_LOCAL = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")
# Seconds that a session lasts.
_LIFE = 12 * 3_600
# The most sessions that are remembered as ended.
_MOST_ENDED = 10_000
_COOKIE = re.compile(r"([0-9a-f]{32})\.([0-9]{1,12})\.([0-9a-f]{64})", re.ASCII)


class Session:
    """Sessions of browsers that have sent the control token; `now` is a clock in seconds."""

    def __init__(self, token: str, log: Log | None = None, now: Callable[[], float] = time.time) -> None:
        self._token = token.encode()
        self._log = log
        self._now = now
        # Browsers keep cookies by host, not by port: two servers on one machine must not take each other's.
        self.name = f"simulator-{self._code('name')[:8]}"
        # The ids of sessions that were ended, oldest first.
        self._ended: dict[str, None] = {}

    def _code(self, purpose: str) -> str:
        return hmac(self._token, f"assessment-simulator {purpose}".encode(), sha256).hexdigest()

    def is_token(self, shown: bytes) -> bool:
        """Whether this is the control token; compared in constant time."""
        return compare_digest(shown, self._token)

    async def held(self, headers: Mapping[bytes, bytes]) -> str | None:
        """The id of the session whose cookie a request has; None without a valid one."""
        cookies = cookie_parser(headers.get(b"cookie", b"").decode("latin-1"))
        found = _COOKIE.fullmatch(cookies.get(self.name, ""))
        if found is None:
            return None
        id, began, code = found.groups()
        if not compare_digest(code, self._code(f"session {id} {began}")):
            return None
        if self._now() - int(began) >= _LIFE or id in self._ended:
            return None
        return None if self._log is not None and await self._log.has_ended(id) else id

    def new(self) -> str:
        """The value of the cookie for a session that begins now."""
        id, began = secrets.token_hex(16), str(int(self._now()))
        return f"{id}.{began}.{self._code(f'session {id} {began}')}"

    async def end(self, id: str) -> None:
        """End a session."""
        if self._log is not None:
            now = int(self._now() * instant.SECOND)
            await self._log.end_session(id, now + int(_LIFE * instant.SECOND), now)
        self._ended[id] = None
        while len(self._ended) > _MOST_ENDED:
            del self._ended[next(iter(self._ended))]


class ControlAuth:
    """Requires the control token or a session before anything is routed.

    Candidates' pages need neither: their link is the credential.
    """

    def __init__(self, inner: App, session: Session, questionnaires: Collection[Questionnaire] = ()) -> None:
        self._inner = inner
        self._session = session
        self._questionnaires = questionnaires

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, redirect a browser to the login page, or refuse with 401."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        app, path = self._inner, scope["path"]
        is_open = path in OPEN_PATHS or path.startswith(f"{UI}/") or any(q.matches(path) for q in self._questionnaires)
        if not is_open:
            headers = named_headers(scope)
            scheme, _, shown = headers.get(b"authorization", b"").partition(b" ")
            try:
                if scheme.lower() == b"bearer":  # a wrong token is refused even beside a valid cookie
                    is_known = self._session.is_token(shown.strip())
                else:
                    is_known = await self._session.held(headers) is not None
                if not is_known:
                    app = _refusal(scope, headers)
            except LogError as problem:  # it is unknown whether the session was ended
                app = Problem(503, problem.shown).response()
        await app(scope, receive, send)


def _refusal(scope: Scope, headers: Mapping[bytes, bytes]) -> Response:
    path, query = scope["path"], scope["query_string"].decode("latin-1")
    is_page = path in (_DOCS, _RULES) or path.startswith(f"{_RULES}/") or not f"{path}/".startswith(f"{ROOT}/")
    if is_page and scope["method"] in ("GET", "HEAD") and accepts_html(headers):
        prefix = proxy_info(scope).prefix
        following = f"{prefix}{path}?{query}" if query else prefix + path
        return RedirectResponse(f"{prefix}{LOGIN}?next={quote(following, safe='/')}", 303, HEADERS)
    challenge = {"www-authenticate": 'Bearer realm="simulator"'}
    return Problem(401, "this server requires Authorization: Bearer <control token>", challenge).response()


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
        # When each address has its whole allowance again.
        self._until: OrderedDict[str, float] = OrderedDict()

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
        try:
            sent = dict(form_fields(request.state.body))
        except Problem as problem:
            return _form(request, problem.status, HOME, f"{problem.detail[0].upper()}{problem.detail[1:]}.")
        following = sent.get("next", HOME)
        client = request.client.host if request.client else ""
        wait = math.ceil(self._attempts.wait(client))
        if wait:  # also for the right token, or the response would tell that it is right
            flaw = f"Too many wrong tokens came from this address. Try again in {wait} seconds."
            return _form(request, 429, following, flaw, {"retry-after": str(wait)})
        if not self._session.is_token(sent.get("token", "").strip().encode()):
            self._attempts.failed(client)
            return _form(request, 401, following, "That is not the control token.")
        response = RedirectResponse(local(following, proxy_info(request.scope).prefix), 303, HEADERS)
        self._set_cookie(request, response, self._session.new())
        return response

    async def _leave(self, request: Request) -> Response:
        id = await self._session.held(named_headers(request.scope))
        if id is not None:
            await self._session.end(id)
        response = RedirectResponse(proxy_info(request.scope).prefix + LOGIN, 303, HEADERS)
        self._set_cookie(request, response, "", 0)
        return response

    def _set_cookie(self, request: Request, response: Response, value: str, age: int | None = None) -> None:
        """Set the cookie for the prefix of a proxy: other programs may answer beside it. The age 0 deletes it."""
        secure = self._address.of(request.scope, named_headers(request.scope)).startswith("https:")
        path = proxy_info(request.scope).prefix or "/"
        response.set_cookie(self._session.name, value, age, age, path, secure=secure, httponly=True, samesite="strict")


def _form(
    request: Request, status: int, following: str, flaw: str | None = None, headers: Mapping[str, str] | None = None
) -> Response:
    prefix = proxy_info(request.scope).prefix
    return render("login.html", status, headers=headers, prefix=prefix, following=local(following, prefix), flaw=flaw)


def local(path: str, prefix: str) -> str:
    """The path if it is one of this server, else that of the first page; both with the prefix."""
    known = path if _LOCAL.fullmatch(path) and ".." not in unquote(path.partition("?")[0]).split("/") else HOME
    return known if known == prefix or known.startswith(f"{prefix}/") else prefix + known
