"""The reference: the OpenAPI documents, and the page on which they can be read and tried, without any other server."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from assessment_simulator.control.vendor_openapi import document, named
from assessment_simulator.core.vendor import Vendor
from assessment_simulator.http.problem_details import Problem
from assessment_simulator.http.proxy_headers import seen
from assessment_simulator.http.routing import Handler, json, route

if TYPE_CHECKING:
    from assessment_simulator.control.openapi import Table

ROOT = "/_simulator"
CONTROL = "control"
FILES: Mapping[str, str] = {
    "favicon.png": "image/png",
    "page.css": "text/css",
    "page.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "swagger-ui-bundle.js": "text/javascript",
}
"""What the page is made of, with media types; nothing else of the folder is handed out."""
FOLDER = Path(__file__).parent.parent / "static" / "docs"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class Reference:
    """Handlers of the documents and of their page; `control` are the other control calls by path and method."""

    def __init__(self, vendors: Mapping[str, Vendor], control: "Table", version: str) -> None:
        self._vendors = {named(vendor): vendor for vendor in vendors.values()}
        self._control = {**control, **self.table()}
        self._version = version
        self._made: dict[str, dict[str, Any]] = {}

    def routes(self) -> list[Route]:
        """The routes for Starlette."""
        return [route(path, handlers) for path, handlers in self.table().items()]

    def table(self) -> dict[str, dict[str, Handler]]:
        """Every call by path and method."""
        return {
            f"{ROOT}/openapi/{{document}}.json": {"GET": self.document},
            f"{ROOT}/docs": {"GET": self.docs},
            f"{ROOT}/static/{{file}}": {"GET": self.static},
        }

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the documents."""
        return (*self._vendors, CONTROL)

    def made(self, name: str) -> dict[str, Any]:
        """The document of that name, made when it is first asked for; raises KeyError."""
        from assessment_simulator.control.openapi import control_document

        if name not in self._made:
            by_id = {vendor.id: vendor for vendor in self._vendors.values()}
            self._made[name] = (
                control_document(self._control, by_id, self._version)
                if name == CONTROL
                else document(self._vendors[name], self._version)
            )
        return self._made[name]

    async def document(self, request: Request) -> Response:
        """An OpenAPI 3.1 document."""
        name = request.path_params["document"]
        if name not in self.names:
            raise Problem(404, f"there is no document {name[:40]!r}; there are {', '.join(self.names)}")
        return json(self.made(name) | {"servers": [{"url": seen(request.scope).prefix or "/"}]})

    async def docs(self, request: Request) -> Response:
        """The page on which the documents can be read and tried."""
        return _file("index.html", "text/html")

    async def static(self, request: Request) -> Response:
        """A file of that page."""
        name = request.path_params["file"]
        if name not in FILES:
            raise Problem(404, f"there is no file {name[:40]!r}; there are {', '.join(FILES)}")
        return _file(name, FILES[name])


def _file(name: str, media_type: str) -> Response:
    headers = {"content-security-policy": POLICY, "x-content-type-options": "nosniff", "cache-control": "no-cache"}
    return Response(_read(name), headers=headers, media_type=media_type)


@lru_cache(maxsize=16)
def _read(name: str) -> bytes:
    return (FOLDER / name).read_bytes()
