"""The files that pages are made of, and the icon that browsers ask every server for."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from assessment_simulator.http import templating
from assessment_simulator.http.problem_details import Problem
from assessment_simulator.http.routing import route

ICON = "/favicon.ico"
_FOREVER = "public, max-age=31536000, immutable"


def routes() -> list[Route]:
    """The routes for Starlette; whoever may see no other page may see these."""
    return [route(f"{templating.UI}/{{file}}", {"GET": _file}), route(ICON, {"GET": _icon})]


async def _file(request: Request) -> Response:
    name = request.path_params["file"]
    if name not in templating.FILES:
        raise Problem(404, f"there is no file {name[:40]!r}; there are {', '.join(templating.FILES)}")
    return _answer(request, name)


async def _icon(request: Request) -> Response:
    return _answer(request, "favicon.png")


def _answer(request: Request, name: str) -> Response:
    """The file, for good where the address names this content, else to be asked for again by its tag."""
    tag = f'"{templating.digest(name)}"'
    named = request.query_params.get("v") == templating.digest(name)
    headers = {"etag": tag, "cache-control": _FOREVER if named else "no-cache", "x-content-type-options": "nosniff"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    if name.endswith(".svg"):  # a picture that is opened as a page must not be one
        headers["content-security-policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    return Response(templating.content(name), headers=headers, media_type=templating.FILES[name])
