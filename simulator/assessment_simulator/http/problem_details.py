"""Errors as RFC 9457 problems that say what is wrong, where, and what is valid.

A browser gets the same as a page, outside the control API. `answer_error` and `answer_crash` are exception handlers of
the app.
"""

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from assessment_simulator.http.asgi import REQUEST_ID, Scope, accepts_html, name_request, named_headers
from assessment_simulator.http.base_url import proxy_info
from assessment_simulator.http.templating import render
from assessment_simulator.sandbox import request_changes
from assessment_simulator.storage import LogError, Unwritten, json_codec

ROOT = "/_simulator"
# Most errors of one body that an answer lists.
MOST_TOLD = 100
MEDIA_TYPE = "application/problem+json"
_FORMS = frozenset({b"application/x-www-form-urlencoded", b"multipart/form-data"})
_log = logging.getLogger("simulator.http")


class Problem(Exception):
    """A call that fails; `more` are further members of the problem document."""

    def __init__(self, status: int, detail: str, headers: dict[str, str] | None = None, **more: Any) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers
        self.more = more

    @property
    def body(self) -> dict[str, Any]:
        """The problem document."""
        title = HTTPStatus(self.status).phrase
        return {"type": "about:blank", "title": title, "status": self.status, "detail": self.detail, **self.more}

    def response(self) -> Response:
        """The response with it."""
        return Response(json_codec.dumps(self.body), self.status, self.headers, MEDIA_TYPE)


def flawed(found: Sequence[Mapping[str, str]], between: str = ": ") -> Problem:
    """A 422 with the first errors of a request: `where`, and `what` is valid."""
    listed = found[:MOST_TOLD]
    details = [f"{flaw['where'] or 'body'}{between}{flaw['what']}" for flaw in listed]
    rest = [f"and {len(found) - len(listed)} more"] if len(found) > len(listed) else []
    return Problem(422, "; ".join(details + rest), errors=listed)


def answer(scope: Scope, problem: Problem) -> Response:
    """The problem as a document; outside the control API as a page for a browser: it accepts pages, or sent a form."""
    headers = named_headers(scope)
    sent = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    is_for_people = accepts_html(headers) or sent in _FORMS
    if not is_for_people or f"{scope['path']}/".startswith(f"{ROOT}/"):
        return problem.response()
    return render(
        "message.html", problem.status, prefix=proxy_info(scope).prefix, headers=problem.headers,
        title=HTTPStatus(problem.status).phrase, text=problem.detail,
    )  # fmt: skip


def answer_error(request: Request, error: Exception) -> Response:
    """The exception handler for every expected error."""
    if isinstance(error, Problem):
        problem = error
    elif isinstance(error, LogError):  # the log line has more than the answer
        _log.error("%s %s: %s", request.method, request.url.path, error)
        problem = Problem(503, unlogged(error))
    else:  # an unknown path or a wrong verb, from Starlette's router; no room for another sandbox
        status: int = getattr(error, "status_code", 500)
        prefix = proxy_info(request.scope).prefix
        path = prefix + request.scope["path"]
        details = {
            404: f"nothing answers at {path}; the control API is under {prefix}/_simulator, "
            f"the vendors under {prefix}/mercury and {prefix}/api/v1",
            405: f"{path} does not answer to {request.method}",
        }
        problem = Problem(status, details.get(status, str(error)), getattr(error, "headers", None))
    return answer(request.scope, problem)


def unlogged(error: LogError) -> str:
    """Why a request failed at the storage, and whether earlier steps of it are kept, which the storage cannot know."""
    if isinstance(error, Unwritten) and not error.is_uncertain and request_changes.is_changed(error.durable):
        return f"{error.cause}; what the request had changed before is kept"
    return error.shown


async def answer_crash(request: Request, error: Exception) -> Response:
    """For internal errors; uvicorn logs them in the same task, and so under the same request id."""
    headers = {REQUEST_ID.decode(): name_request(named_headers(request.scope))}
    return answer(request.scope, Problem(500, "the simulator failed; its log says where", headers))
