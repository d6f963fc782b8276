"""Errors of the control API: RFC 9457 problems that say what is wrong, where, and what would be right.

Who looks with a browser is told the same in a page.
"""

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, cast

from starlette.requests import Request
from starlette.responses import Response

from assessment_simulator.http.asgi import Scope, named_headers
from assessment_simulator.http.proxy_headers import seen
from assessment_simulator.http.request_id import HEADER, name_request
from assessment_simulator.http.templating import render
from assessment_simulator.sandbox import changes
from assessment_simulator.storage import LogError, Unwritten, json_codec

ROOT = "/_simulator"
_log = logging.getLogger("simulator.http")

MOST_TOLD = 100
"""So many flaws of one body are told."""
MEDIA_TYPE = "application/problem+json"


class Problem(Exception):
    """A control call that cannot be done; `more` are further members of the problem document."""

    def __init__(self, status: int, detail: str, headers: dict[str, str] | None = None, **more: Any) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers
        self.more = more

    def response(self) -> Response:
        """The problem document."""
        title = HTTPStatus(self.status).phrase
        body = {"type": "about:blank", "title": title, "status": self.status, "detail": self.detail, **self.more}
        return Response(json_codec.dumps(body), self.status, self.headers, MEDIA_TYPE)


class Full(Problem):
    """This server holds as many sandboxes as it may."""

    def __init__(self, most: int) -> None:
        super().__init__(
            503,
            f"this server holds {most} sandboxes and opens no more; DELETE one that is done with, "
            "or serve with a larger --max-sandboxes",
        )


def flawed(found: Sequence[Mapping[str, str]], between: str = ": ") -> Problem:
    """A 422 with all that is wrong with a body: `where`, and `what` would be right; of very much the first part."""
    told = found[:MOST_TOLD]
    said = [f"{flaw['where'] or 'body'}{between}{flaw['what']}" for flaw in told]
    rest = [f"and {len(found) - len(told)} more"] if len(found) > len(told) else []
    return Problem(422, "; ".join(said + rest), errors=told)


def answer(scope: Scope, problem: Problem) -> Response:
    """The problem as a document; as a page where a person reads it: outside the control API, in a browser."""
    if not is_for_people(scope):
        return problem.response()
    title = HTTPStatus(problem.status).phrase
    return render(
        "message.html", problem.status, prefix=seen(scope).prefix, headers=problem.headers, title=title,
        text=problem.detail,
    )  # fmt: skip


def is_for_people(scope: Scope) -> bool:
    """Whether the answer goes to a person: a browser wants a page, or sent a form, and it is no control call."""
    if f"{scope['path']}/".startswith(f"{ROOT}/"):
        return False
    headers = named_headers(scope)
    sent = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    return b"text/html" in headers.get(b"accept", b"").lower() or sent in _FORMS


_FORMS = frozenset({b"application/x-www-form-urlencoded", b"multipart/form-data"})


def answer_problem(request: Request, error: Exception) -> Response:
    """Starlette's handler for `Problem`."""
    return answer(request.scope, cast("Problem", error))


def answer_http_error(request: Request, error: Exception) -> Response:
    """Starlette's handler for what its router refuses: an unknown path, a wrong verb."""
    status: int = getattr(error, "status_code", 500)
    prefix, method = seen(request.scope).prefix, request.method
    path = prefix + request.scope["path"]
    details = {
        404: f"nothing answers at {path}; the control API is under {prefix}/_simulator, "
        f"the vendors under {prefix}/mercury and {prefix}/api/v1",
        405: f"{path} does not answer to {method}",
    }
    return answer(request.scope, Problem(status, details.get(status, str(error)), getattr(error, "headers", None)))


def answer_unlogged(request: Request, error: Exception) -> Response:
    """Starlette's handler for a log that cannot be used; the log line has more than the answer."""
    _log.error("%s %s: %s", request.method, request.url.path, error)
    return answer(request.scope, Problem(503, unlogged(cast("LogError", error))))


def unlogged(error: LogError) -> str:
    """Why a request ends at the log. Earlier steps of the request may have been kept, which the log does not know."""
    if isinstance(error, Unwritten) and not error.is_uncertain and changes.is_changed(error.durable):
        return f"{error.cause}; what the request had changed before is kept"
    return error.shown


async def answer_crash(request: Request, error: Exception) -> Response:
    """Starlette's handler for our own mistakes; uvicorn writes them down, in the same task and so under the same id."""
    named = {HEADER.decode(): name_request(named_headers(request.scope))}
    return answer(request.scope, Problem(500, "the simulator failed; its log says where", named))
