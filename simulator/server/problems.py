"""Errors of the control API: RFC 9457 problems that say what is wrong, where, and what would be right."""

from http import HTTPStatus
from typing import Any, cast

from starlette.requests import Request
from starlette.responses import Response

from simulator.server import wire

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
        return Response(wire.dumps(body), self.status, self.headers, MEDIA_TYPE)


def answer_problem(request: Request, error: Exception) -> Response:
    """Starlette's handler for `Problem`."""
    return cast("Problem", error).response()


def answer_http_error(request: Request, error: Exception) -> Response:
    """Starlette's handler for what its router refuses: an unknown path, a wrong verb."""
    status: int = getattr(error, "status_code", 500)
    path, method = request.url.path, request.method
    details = {
        404: f"nothing answers at {path}; the control API is under /_simulator, the vendors under /mercury and /api/v1",
        405: f"{path} does not answer to {method}",
    }
    return Problem(status, details.get(status, str(error)), getattr(error, "headers", None)).response()


def answer_crash(request: Request, error: Exception) -> Response:
    """Starlette's handler for our own mistakes."""
    return Problem(500, "the simulator failed; its log says where").response()
