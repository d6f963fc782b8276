"""Renders the templates of all pages, and knows the files that pages load.

Every page has a strict content security policy: scripts and styles are files of this server, nothing is inline, and
nothing is loaded from another server. Values are escaped, and a missing value is an error.
"""

from collections.abc import Mapping
from functools import cache, partial
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent.parent / "templates"
FOLDER = Path(__file__).parent.parent / "static" / "ui"
# The path of the files that pages load.
UI = "/_simulator/static/ui"
# The files that are served, with their media types; no other file of the folder is.
FILES: Mapping[str, str] = {
    "favicon.png": "image/png", "favicon.svg": "image/svg+xml", "htmx.min.js": "text/javascript",
    "live.js": "text/javascript", "page.js": "text/javascript", "ui.css": "text/css", "once.js": "text/javascript",
}  # fmt: skip
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
# The headers of every page.
HEADERS: Mapping[str, str] = {
    "content-security-policy": POLICY,
    # Links are credentials, so no other site may see one. `no-referrer` would also take the Origin from the forms of
    # our own pages, and where a browser sends no Sec-Fetch-Site they could not be told from another site's.
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
}


def render(
    template: str, status: int = 200, *, prefix: str = "", headers: Mapping[str, str] | None = None, **context: Any
) -> Response:
    """A page: a template with these values; `headers` are added to those of all pages.

    `prefix` begins every path in a link, where a proxy serves this server under one.
    """
    html = filled(template, prefix=prefix, asset=partial(asset, prefix=prefix), **context)
    return Response(html, status, {**HEADERS, **(headers or {})}, "text/html")


def filled(template: str, **context: Any) -> str:
    """The text of a template."""
    return _environment().get_template(template).render(**context)


def asset(name: str, prefix: str = "") -> str:
    """The URL of a file of `FILES`; it changes with the content, so that a cache never serves an old version."""
    return f"{prefix}{UI}/{name}?v={read_file(name)[1]}"


@cache
def read_file(name: str) -> tuple[bytes, str]:
    """The content of a file of `FILES` and its version, a digest."""
    content = (FOLDER / name).read_bytes()
    return content, blake2b(content, digest_size=8).hexdigest()


@cache
def _environment() -> "Environment":
    # Imported with the first page, because it would delay the start of the server.
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, auto_reload=False,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
