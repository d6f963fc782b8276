"""The reference: the OpenAPI documents, and the page on which they can be read and tried, without any other server."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from starlette.responses import Response

from assessment_simulator.control.operation import ControlCall, named
from assessment_simulator.core.vendor import Vendor
from assessment_simulator.http.base_url import proxy_info
from assessment_simulator.http.problem_details import Problem
from assessment_simulator.storage import json_codec

CONTROL = "control"
# The files of the page, with media types; no other file of the folder is served.
FILES: Mapping[str, str] = {
    "favicon.png": "image/png", "page.css": "text/css", "page.js": "text/javascript", "swagger-ui.css": "text/css",
    "swagger-ui-bundle.js": "text/javascript",
}  # fmt: skip
FOLDER = Path(__file__).parent.parent / "static" / "docs"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class Documents:
    """The OpenAPI documents of the vendors and of the control API, each built when it is first needed."""

    def __init__(self, vendors: Mapping[str, Vendor], version: str) -> None:
        self._vendors = vendors
        self._version = version
        self._by_name = {named(vendor): vendor for vendor in vendors.values()}
        self._built: dict[str, dict[str, Any]] = {}
        self.names = (*self._by_name, CONTROL)

    def get(self, name: str) -> dict[str, Any]:
        """The document of that name; raises KeyError."""
        if name not in self._built:
            from assessment_simulator.control.openapi import control_document, vendor_document

            if name == CONTROL:
                self._built[name] = control_document(self._vendors, self._version)
            else:
                self._built[name] = vendor_document(self._by_name[name], self._version)
        return self._built[name]


async def show_document(call: ControlCall) -> bytes:
    """An OpenAPI 3.1 document."""
    documents, name = call.api.documents, call.params["document"]
    if name not in documents.names:
        raise Problem(404, f"there is no document {name[:40]!r}; there are {', '.join(documents.names)}")
    # Behind a proxy the page must call the server under the proxy's prefix.
    servers = [{"url": proxy_info(call.request.scope).prefix or "/"}]
    return json_codec.dumps(documents.get(name) | {"servers": servers})


async def show_page(call: ControlCall) -> Response:
    """The page on which the documents can be read and tried."""
    return _file("index.html", "text/html")


async def show_file(call: ControlCall) -> Response:
    """A file of that page."""
    name = call.params["file"]
    if name not in FILES:
        raise Problem(404, f"there is no file {name[:40]!r}; there are {', '.join(FILES)}")
    return _file(name, FILES[name])


def _file(name: str, media_type: str) -> Response:
    headers = {"content-security-policy": POLICY, "x-content-type-options": "nosniff", "cache-control": "no-cache"}
    return Response((FOLDER / name).read_bytes(), headers=headers, media_type=media_type)
