"""What a control call is: a row of the list of all calls, the query parameters of a row, and one call."""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from starlette.requests import Request

from assessment_simulator.core.schema import Schema, integer, text
from assessment_simulator.core.text import SANDBOX_NAME
from assessment_simulator.core.vendor import Vendor
from assessment_simulator.http.asgi import named_headers
from assessment_simulator.http.problem_details import ROOT, Problem, flawed
from assessment_simulator.sandbox.sandbox import Sandbox

if TYPE_CHECKING:
    from assessment_simulator.control.router import ControlApi

S = f"{ROOT}/sandboxes/{{name}}"  # the path of a sandbox
MOST = 1_000  # items of a list that `newest` can ask for


class Parameter(NamedTuple):
    """A query parameter, which may be left out; `read` raises ValueError with what is valid beyond its schema."""

    schema: Schema
    read: Callable[[str], Any] = str


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
    query: Mapping[str, Parameter] = field(default_factory=dict)
    allows_other_parameters: bool = False
    parameters: Mapping[str, Schema] = field(default_factory=dict)
    links: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    has_links: bool = False
    media_type: str = "application/json"


class ControlCall:
    """One call: the HTTP request, the API that serves it, and the sandbox in its path."""

    def __init__(self, api: "ControlApi", request: Request, sandbox: Sandbox | None) -> None:
        self.api = api
        self.request = request
        self.params = request.path_params  # UUIDs in it are in lower case
        self.query: Mapping[str, Any] = {}  # the values of the parameters that were given
        self.notes: list[str] = []  # for the header `Simulator-Note` of the answer
        self.hints: list[str] = []  # for `Simulator-Hint`
        # Handlers of paths without a sandbox do not touch it.
        self.sandbox = cast("Sandbox", sandbox)

    @property
    def base(self) -> str:
        """The address under which the caller reaches this server."""
        return self.api.address.of(self.request.scope, named_headers(self.request.scope))


def read_query(pairs: Sequence[tuple[str, str]], parameters: Mapping[str, Parameter]) -> dict[str, Any]:
    """The values by name; raises `Problem` 422 with everything that is wrong."""
    counts = Counter(name for name, _ in pairs)
    values: dict[str, Any] = {}
    flaws = []
    for name, value in pairs:
        parameter = parameters.get(name, Parameter({}))
        known, most = parameter.schema.get("enum"), parameter.schema.get("maximum")
        least: int = parameter.schema.get("minimum", 0)
        what = ""
        if name not in parameters:
            what = f"is unknown; known are {', '.join(parameters)}"
        elif counts[name] > 1:
            what = "is given more than once"
        elif known and value not in known:
            what = f"must be one of {', '.join(known)}"
        # Checked as text first: int() reads digits of every script, spaces and underscores.
        elif most and not (value.isascii() and value.isdecimal() and len(value) < 6 and least <= int(value) <= most):
            what = f"must be a number from {least} to {most}"
        else:
            try:
                values[name] = parameter.read(value)
            except ValueError as error:
                what = str(error)
        if what:
            flaws.append({"where": name[:40] or '""', "what": what})
    if flaws:
        raise flawed(flaws, between=" ")
    return values


def paging(searched: str, id: str, **more: Any) -> dict[str, Parameter]:
    """The parameters of every list: `searched` is what `q` looks into, `id` an example for `before`."""
    newest = integer("only so many of the newest, newest first", minimum=1, maximum=MOST)
    before = text(f"only those older than the one with this id, such as {id}", **more)
    q = text(f"only those with this text, in letters of either case, in {searched}")
    return {"newest": Parameter(newest, int), "before": Parameter(before, str.lower), "q": Parameter(q, str.casefold)}


def named(vendor: Vendor) -> str:
    """The name of a vendor's document, and of the vendor in addresses."""
    return vendor.id.replace("_", "-")


def no_sandbox(name: str) -> Problem:
    """The error for a name without a sandbox."""
    if SANDBOX_NAME.fullmatch(name):
        return Problem(404, f"there is no sandbox {name!r}; open it with POST {ROOT}/sandboxes")
    return Problem(404, f"{name!r} is no sandbox name: 1 to 64 of a-z, 0-9 and -")
