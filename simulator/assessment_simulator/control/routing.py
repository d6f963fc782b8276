"""What every control call goes through: its verb, its body, its JSON."""

import re
from asyncio import CancelledError
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from assessment_simulator.core.text import lower_uuid
from assessment_simulator.http import json_codec
from assessment_simulator.http.asgi import PLAIN_BODY, Gone, TooLarge, content_coding, named_headers, read_body
from assessment_simulator.http.problem_details import Problem
from assessment_simulator.loading import loaded
from assessment_simulator.sandbox.sandbox import Sandbox

Handler = Callable[[Request], Awaitable[Response]]


async def _no_sandbox(request: Request) -> None:
    """For routes that speak of no sandbox."""


def by_verb(
    path: str,
    handlers: dict[str, Handler],
    find: Callable[[Request], Awaitable[Sandbox | None]] = _no_sandbox,
    needs: tuple[str, ...] = (),
) -> Route:
    """A route that knows just these verbs; the body is read before the handler runs, as `request.state.body`.

    `find` gives the sandbox that a request speaks of; the handler has it as `request.state.sandbox`, with no timer
    left that should have fired. The answer leaves when all that the sandbox has changed by then is durable. The modules
    in `needs` are loaded before the first call.

    A parameter of the path that is a UUID is given in lower case, whatever its letters' case was. HEAD is answered
    where GET is, by the same handler (the HTTP protocol leaves the body out), and OPTIONS everywhere.
    """
    known = {*handlers, "OPTIONS", *(["HEAD"] if "GET" in handlers else [])}
    allow = {"allow": ", ".join(sorted(known))}

    async def endpoint(request: Request) -> Response:
        verb = request.method
        if verb not in known:
            raise HTTPException(405, headers=allow)
        if verb == "OPTIONS":
            return Response(status_code=204, headers=allow)
        request.scope["path_params"] = {n: lower_uuid(value) for n, value in request.path_params.items()}
        try:
            request.state.body = b"" if verb in ("GET", "HEAD") else await _body(request)
            await loaded(*needs)
            sandbox = request.state.sandbox = await find(request)
            while sandbox is not None:
                await sandbox.catch_up()
                if not sandbox.is_closed:
                    break
                sandbox = request.state.sandbox = await find(request)  # it was let go meanwhile, and is empty
            response = await handlers["GET" if verb == "HEAD" else verb](request)
            if sandbox is not None and not sandbox.is_closed:
                await sandbox.settled()
        except CancelledError:
            raise Problem(503, "the server stops: this call was not finished", {"connection": "close"}) from None
        return response

    route = Route(path, endpoint)
    route.path_regex = re.compile(route.path_regex.pattern.removesuffix("$") + r"\Z")  # `$` lets a last newline pass
    route.methods = set()  # every verb reaches `endpoint`, which answers those that it does not know
    return route


async def _body(request: Request) -> bytes:
    headers = named_headers(request.scope)
    if coding := content_coding(headers):
        raise Problem(415, f"the body has Content-Encoding {coding!r}; {PLAIN_BODY}", {"accept-encoding": "identity"})
    try:
        return await read_body(headers, request.receive)
    except TooLarge:
        raise Problem(413, "the body is over 1 MiB", {"connection": "close"}) from None
    except Gone:
        raise Problem(400, "the body breaks off before its end") from None


def json(value: Any, status: int = 200) -> Response:
    """An answer of JSON values or stored records."""
    return Response(json_codec.dumps(value), status, media_type="application/json")
