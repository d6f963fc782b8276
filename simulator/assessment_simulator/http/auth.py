"""Authentication of the control API and the pages in closed access: by the control token, or by a login."""

from collections.abc import Collection, Mapping

from starlette.responses import RedirectResponse, Response

from assessment_simulator.core.questionnaire import Questionnaire
from assessment_simulator.http.asgi import App, Receive, Scope, Send, named_headers
from assessment_simulator.http.login import LOGIN, LOGOUT, Session, login_for
from assessment_simulator.http.problem_details import ROOT, Problem
from assessment_simulator.http.proxy_headers import proxy_info
from assessment_simulator.http.static_files import ICON
from assessment_simulator.http.templating import HEADERS, UI
from assessment_simulator.storage import LogError

OPEN_PATHS = frozenset({f"{ROOT}/health", f"{ROOT}/ready", LOGIN, LOGOUT, ICON})
"""Paths without authentication: health checks of containers, and what the login page needs."""
_DOCS = f"{ROOT}/docs"


class ControlAuth:
    """Requires the control token or a session before anything is routed.

    Candidates' pages need neither: their link is the credential.
    """

    def __init__(self, inner: App, session: Session, exercises: Collection[Questionnaire] = ()) -> None:
        self._inner = inner
        self._session = session
        self._exercises = exercises

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, redirect a browser to the login page, or refuse with 401."""
        if scope["type"] == "http" and not self._is_free(scope["path"]):
            headers = named_headers(scope)
            try:
                known = await self._knows(headers)
            except LogError as problem:  # it is unknown whether the session was ended
                await Problem(503, problem.shown).response()(scope, receive, send)
                return
            if not known:
                await _refusal(scope, headers)(scope, receive, send)
                return
        await self._inner(scope, receive, send)

    def _is_free(self, path: str) -> bool:
        known = path in OPEN_PATHS or path.startswith(f"{UI}/")
        return known or any(exercise.matches(path) for exercise in self._exercises)

    async def _knows(self, headers: Mapping[bytes, bytes]) -> bool:
        scheme, _, shown = headers.get(b"authorization", b"").partition(b" ")
        if scheme.lower() == b"bearer":  # a wrong token is refused even beside a valid cookie
            return self._session.is_token(shown.strip())
        return await self._session.held(headers) is not None


def _refusal(scope: Scope, headers: Mapping[bytes, bytes]) -> Response:
    path = scope["path"]
    is_page = path == _DOCS or not f"{path}/".startswith(f"{ROOT}/")
    if is_page and scope["method"] in ("GET", "HEAD") and b"text/html" in headers.get(b"accept", b"").lower():
        return RedirectResponse(login_for(path, scope["query_string"], proxy_info(scope).prefix), 303, HEADERS)
    challenge = {"www-authenticate": 'Bearer realm="simulator"'}
    return Problem(401, "this server requires Authorization: Bearer <control token>", challenge).response()
