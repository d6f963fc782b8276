"""How a person with a browser gets in where access is closed: by the control token, typed once.

The browser is given a cookie that is made of the token and is not the token. It is good for as long as the token is.
"""

import re
from collections.abc import Mapping
from hashlib import sha256
from hmac import compare_digest
from hmac import new as hmac
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, quote, unquote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from simulator.server.address import Address
from simulator.server.frame import HEADERS, render
from simulator.server.plumbing import by_verb
from simulator.server.proxied import seen

LOGIN, LOGOUT = "/login", "/logout"
HOME = "/"
_LOCAL = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")
"""A path of this server: neither `//host` nor what browsers read as such."""


class Session:
    """What a browser holds that has shown the control token."""

    def __init__(self, token: str) -> None:
        self._token = token.encode()
        # Cookies are kept by host, whatever the port: two servers on one machine must not take each other's.
        self.name = f"simulator-{self._code(b'name')[:8]}"
        self._value = self._code(b"session")

    def _code(self, purpose: bytes) -> str:
        return hmac(self._token, b"assessment-simulator " + purpose, sha256).hexdigest()

    def is_token(self, shown: bytes) -> bool:
        """Whether this is the control token; it takes the same time whatever is shown."""
        return compare_digest(shown, self._token)

    def is_held(self, headers: Mapping[bytes, bytes]) -> bool:
        """Whether a request comes with the cookie."""
        try:
            cookies = SimpleCookie(headers.get(b"cookie", b"").decode("latin-1"))
        except CookieError:
            return False
        shown = cookies[self.name].value if self.name in cookies else ""
        return compare_digest(shown.encode(), self._value.encode())

    def give(self, response: Response, *, path: str, secure: bool) -> None:
        """Set the cookie, for what is under a path."""
        response.set_cookie(self.name, self._value, path=path, httponly=True, samesite="strict", secure=secure)

    def take(self, response: Response, *, path: str, secure: bool) -> None:
        """Take the cookie back."""
        response.delete_cookie(self.name, path=path, httponly=True, samesite="strict", secure=secure)


class Login:
    """The pages `/login` and `/logout`."""

    def __init__(self, session: Session, address: Address) -> None:
        self._session = session
        self._address = address

    def routes(self) -> list[Route]:
        """The routes for Starlette."""
        return [by_verb(LOGIN, {"GET": self._ask, "POST": self._enter}), by_verb(LOGOUT, {"POST": self._leave})]

    async def _ask(self, request: Request) -> Response:
        return _form(request, 200, request.query_params.get("next", HOME))

    async def _enter(self, request: Request) -> Response:
        sent = parse_qs(request.state.body.decode("utf-8", "replace"))
        following = sent.get("next", [HOME])[0]
        if not self._session.is_token(sent.get("token", [""])[0].strip().encode()):
            return _form(request, 401, following, "That is not the control token.")
        response = RedirectResponse(local(following, seen(request.scope).prefix), 303, HEADERS)
        self._session.give(response, path=_path(request), secure=self._is_secure(request))
        return response

    async def _leave(self, request: Request) -> Response:
        response = RedirectResponse(seen(request.scope).prefix + LOGIN, 303, HEADERS)
        self._session.take(response, path=_path(request), secure=self._is_secure(request))
        return response

    def _is_secure(self, request: Request) -> bool:
        return self._address.of(request.scope, dict(request.scope["headers"])).startswith("https:")


def _form(request: Request, status: int, following: str, flaw: str | None = None) -> Response:
    prefix = seen(request.scope).prefix
    return render("login.html", status, prefix=prefix, following=local(following, prefix), flaw=flaw)


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
