"""The files that pages load, and the icon that browsers request from every server."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from assessment_simulator.http.problem_details import Problem
from assessment_simulator.http.routing import route
from assessment_simulator.http.templating import FILES, UI, read_file

ICON = "/favicon.ico"


def routes() -> list[Route]:
    """The routes for Starlette. They need no login."""
    return [route(f"{UI}/{{file}}", {"GET": _serve}), route(ICON, {"GET": _serve})]


async def _serve(request: Request) -> Response:
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
