"""A row of the list of control calls, and one call of it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.requests import Request

from assessment_simulator.core.schema import Schema
from assessment_simulator.http.asgi import named_headers
from assessment_simulator.http.problem_details import ROOT, Problem
from assessment_simulator.sandbox.sandbox import NAME, Sandbox

if TYPE_CHECKING:
    from assessment_simulator.control.query_parameters import Parameter
    from assessment_simulator.control.router import ControlApi

S = f"{ROOT}/sandboxes/{{name}}"
"""The path of a sandbox."""


class ControlCall:
    """One call: the HTTP request, the API that serves it, and the sandbox in its path."""

    def __init__(self, api: "ControlApi", request: Request, sandbox: Sandbox | None) -> None:
        self.api = api
        self.request = request
        self.notes: list[str] = []
        """Texts for the header `Simulator-Note` of the answer."""
        self.query: Mapping[str, Any] = {}
        """The values of the parameters that were given."""
        self._sandbox = sandbox

    @property
    def sandbox(self) -> Sandbox:
        assert self._sandbox is not None, "the path names no sandbox"  # noqa: S101
        return self._sandbox

    @property
    def params(self) -> Mapping[str, str]:
        """The parameters in the path; UUIDs are in lower case."""
        return self.request.path_params

    @property
    def base(self) -> str:
        """The address under which the caller reaches this server."""
        return self.api.address.of(self.request.scope, named_headers(self.request.scope))


@dataclass(frozen=True, slots=True)
class Operation:
    """A control call: how it is routed, and what its document says. The first line of the handler is its summary.

    The handler takes the call and, where there is a `body` model, the validated body. `body_as` is the model for the
    document where the handler validates the body itself. The handler returns an object or JSON
    values that `answer` validates, JSON text as bytes, or a whole response. `problems` are the statuses of errors
    besides the usual ones. `parameters` are schemas of those in the path, `query` of those of the query, none of which
    is required. `links` lead to other operations. `has_links` says that the answer holds placeholders of links.
    """

    id: str
    method: str
    path: str
    handler: Callable[..., Awaitable[Any]]
    answer: Any = None
    status: int = 200
    problems: tuple[int, ...] = ()
    body: Any = None
    body_as: Any = None
    needs_body: bool = False
    example: Any = None
    query: Mapping[str, "Parameter"] = field(default_factory=dict)
    allows_other_parameters: bool = False
    parameters: Mapping[str, Schema] = field(default_factory=dict)
    links: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    has_links: bool = False
    media_type: str = "application/json"


def no_sandbox(name: str) -> Problem:
    """The error for a name without a sandbox."""
    if NAME.fullmatch(name):
        return Problem(404, f"there is no sandbox {name!r}; open it with POST {ROOT}/sandboxes")
    return Problem(404, f"{name!r} is no sandbox name: 1 to 64 of a-z, 0-9 and -")
