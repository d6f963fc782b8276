"""Routes of pages, of the files that they load, and of the control API.

Every verb is answered, the body is read first, and a stop of the server ends the call. `form_fields` reads the body of
a form.
"""

import re
from asyncio import CancelledError
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from assessment_simulator.core.text import lower_uuid
from assessment_simulator.core.urls import MOST_PARAMETERS
from assessment_simulator.http.asgi import PLAIN_BODY, Gone, TooLarge, content_coding, named_headers, read_body
from assessment_simulator.http.problem_details import Problem
from assessment_simulator.http.templating import FILES, UI, read_file
from assessment_simulator.storage import json_codec

Handler = Callable[[Request], Awaitable[Response]]
# Browsers request it from every server.
ICON = "/favicon.ico"


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
        request.state.body = b""
        try:
            if verb not in ("GET", "HEAD"):
                headers = named_headers(request.scope)
                if coding := content_coding(headers):
                    flaw = f"the body has Content-Encoding {coding!r}; {PLAIN_BODY}"
                    raise Problem(415, flaw, {"accept-encoding": "identity"})
                request.state.body = await read_body(headers, request.receive)
            return await handlers["GET" if verb == "HEAD" else verb](request)
        except TooLarge:
            raise Problem(413, "the body is over 1 MiB") from None
        except Gone:
            raise Problem(400, "the body breaks off before its end") from None
        except CancelledError:
            raise Problem(503, "the server stops: this call was not finished", {"connection": "close"}) from None

    route = Route(path, endpoint)
    route.path_regex = re.compile(route.path_regex.pattern.removesuffix("$") + r"\Z")  # `$` lets a last newline pass
    route.methods = set()  # every verb reaches `endpoint`, which answers those that it does not know
    return route


def form_fields(body: bytes) -> list[tuple[str, str]]:
    """The fields of a page's form, in their order; raises `Problem` 400."""
    if body.count(b"&") >= MOST_PARAMETERS:
        raise Problem(400, f"the form has more than {MOST_PARAMETERS} fields")
    try:
        return parse_qsl(body.decode(), keep_blank_values=True, errors="strict")
    except ValueError as error:
        raise Problem(400, f"the form cannot be read: {error}"[:200]) from None


def json(value: Any, status: int = 200) -> Response:
    """An answer of JSON values or stored records."""
    return Response(json_codec.dumps(value), status, media_type="application/json")


async def _serve_file(request: Request) -> Response:
    """Serve a file. A URL that names its current version may be cached for ever, another needs to be revalidated."""
    name = request.path_params.get("file", "favicon.png")
    if name not in FILES:
        raise Problem(404, f"there is no file {name[:40]!r}; there are {', '.join(FILES)}")
    content, version = read_file(name)
    is_current = request.query_params.get("v") == version
    headers = {
        "etag": f'"{version}"', "x-content-type-options": "nosniff",
        "cache-control": "public, max-age=31536000, immutable" if is_current else "no-cache",
    }  # fmt: skip
    if request.headers.get("if-none-match") == headers["etag"]:
        return Response(status_code=304, headers=headers)
    if name.endswith(".svg"):  # an SVG that is opened as a page could run scripts
        headers["content-security-policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    return Response(content, headers=headers, media_type=FILES[name])


# The files that pages load; they need no login.
FILE_ROUTES = [route(f"{UI}/{{file}}", {"GET": _serve_file}), route(ICON, {"GET": _serve_file})]
