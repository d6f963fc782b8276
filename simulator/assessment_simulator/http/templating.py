"""The frame of all pages: one way to render a template, and the files that every page is made of.

A page comes with a strict policy: scripts and styles are files of this server, nothing stands inline, and nothing is
asked of anybody else. What a template is given is escaped, and a name that it is not given is an error.
"""

from collections.abc import Mapping
from functools import lru_cache, partial
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent.parent / "templates"
FOLDER = Path(__file__).parent.parent / "static" / "ui"
UI = "/_simulator/static/ui"
"""Where the files of all pages are served."""
FILES: Mapping[str, str] = {
    "favicon.png": "image/png",
    "favicon.svg": "image/svg+xml",
    "htmx.min.js": "text/javascript",
    "live.js": "text/javascript",
    "ui.css": "text/css",
    "once.js": "text/javascript",
}
"""What pages are made of, with media types; nothing else of the folder is handed out."""
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS: Mapping[str, str] = {
    "content-security-policy": POLICY,
    # Links are credentials, so no other site may see one. `no-referrer` would also take the Origin from the forms of
    # our own pages, and where a browser sends no Sec-Fetch-Site they could not be told from another site's.
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
}
"""What every page comes with."""


def render(
    template: str, status: int = 200, *, prefix: str = "", headers: Mapping[str, str] | None = None, **context: Any
) -> Response:
    """A page: the template of that name, given what `context` holds; `headers` are added to those of all pages.

    `prefix` is what every path in a link begins with, where the caller reaches this server under one.
    """
    html = filled(template, prefix=prefix, asset=partial(asset, prefix=prefix), **context)
    return Response(html, status, {**HEADERS, **(headers or {})}, "text/html")


def filled(template: str, **context: Any) -> str:
    """The text of a template."""
    return _environment().get_template(template).render(**context)


def asset(name: str, prefix: str = "") -> str:
    """The address of a file of `FILES`; it changes with the content, so that a cache never shows an old one."""
    return f"{prefix}{UI}/{name}?v={digest(name)}"


@lru_cache(maxsize=len(FILES))
def content(name: str) -> bytes:
    """A file of `FILES`."""
    return (FOLDER / name).read_bytes()


@lru_cache(maxsize=len(FILES))
def digest(name: str) -> str:
    """What tells one content of a file from another."""
    return blake2b(content(name), digest_size=8).hexdigest()


@lru_cache(maxsize=1)
def _environment() -> "Environment":
    # Starting the server must not wait for what the first page needs.
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, auto_reload=False,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
