"""What every control call goes through: its verb, its body, its JSON."""

import re
from asyncio import CancelledError
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulator.core.text import lower_uuid
from simulator.server import wire
from simulator.server.asgi import Gone, TooLarge, read_body
from simulator.server.problems import Problem

Handler = Callable[[Request], Awaitable[Response]]


def by_verb(path: str, handlers: dict[str, Handler]) -> Route:
    """A route that knows just these verbs; the body is read before the handler runs, as `request.state.body`.

    A parameter of the path that is a UUID is given in lower case, whatever its letters' case was.
    """

    async def endpoint(request: Request) -> Response:
        handler = handlers.get(request.method)
        if handler is None:
            raise HTTPException(405, headers={"allow": ", ".join(sorted(handlers))})
        request.scope["path_params"] = {n: lower_uuid(value) for n, value in request.path_params.items()}
        try:
            request.state.body = b"" if request.method == "GET" else await _body(request)
            return await handler(request)
        except CancelledError:
            raise Problem(503, "the server stops: this call was not finished", {"connection": "close"}) from None

    route = Route(path, endpoint)
    route.path_regex = re.compile(route.path_regex.pattern.removesuffix("$") + r"\Z")  # `$` lets a last newline pass
    route.methods = set()  # every verb reaches `endpoint`; Starlette would add HEAD to GET, and HEAD is refused here
    return route


async def _body(request: Request) -> bytes:
    try:
        return await read_body(dict(request.scope["headers"]), request.receive)
    except TooLarge:
        raise Problem(413, "the body is over 1 MiB", {"connection": "close"}) from None
    except Gone:
        raise Problem(400, "the body breaks off before its end") from None


def json(value: Any, status: int = 200) -> Response:
    """An answer of JSON values or stored records."""
    return Response(wire.dumps(value), status, media_type="application/json")
