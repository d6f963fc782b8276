"""Routes of pages and of the control API: every verb is answered, the body is read first, a stop ends the call."""

import re
from asyncio import CancelledError
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from assessment_simulator.core.text import lower_uuid
from assessment_simulator.http.asgi import PLAIN_BODY, Gone, TooLarge, content_coding, named_headers, read_body
from assessment_simulator.http.problem_details import Problem
from assessment_simulator.storage import json_codec

Handler = Callable[[Request], Awaitable[Response]]


def route(path: str, handlers: dict[str, Handler]) -> Route:
    """A route with a handler for each verb, which has the body as `request.state.body` and UUIDs in lower case.

    HEAD is answered where GET is, by the same handler (the HTTP protocol leaves the body out), and OPTIONS everywhere.
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
            return await handlers["GET" if verb == "HEAD" else verb](request)
        except CancelledError:
            raise Problem(503, "the server stops: this call was not finished", {"connection": "close"}) from None

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
        raise Problem(413, "the body is over 1 MiB") from None
    except Gone:
        raise Problem(400, "the body breaks off before its end") from None


def json(value: Any, status: int = 200) -> Response:
    """An answer of JSON values or stored records."""
    return Response(json_codec.dumps(value), status, media_type="application/json")
