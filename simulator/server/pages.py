"""The page at `/`: what this server is and where to knock."""

from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from simulator.server.address import Address
from simulator.server.sandboxes import Sandboxes

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>assessment-simulator</title>
<style>
:root{{color-scheme:light dark}}
body{{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:3rem auto;padding:0 1rem}}
code{{font-family:ui-monospace,monospace}}
</style>
<h1>assessment-simulator {version}</h1>
<p>This server behaves like two vendors' assessment APIs. It is not the vendors', and nothing leaves this machine
but the webhooks that you ask for.</p>
<ul>{vendors}</ul>
<p>The control API is under <a href="/_simulator/sandboxes"><code>/_simulator</code></a>; every rule with its source is
at <a href="/_simulator/rules"><code>/_simulator/rules</code></a>, every call at
<a href="/_simulator/docs"><code>/_simulator/docs</code></a>.</p>
"""


def welcome(sandboxes: Sandboxes, address: Address, version: str) -> Route:
    """The route of the welcome page."""

    async def page(request: Request) -> Response:
        base = escape(address.of(request.scope, dict(request.scope["headers"])))
        rows = (f"<li>{escape(v.title)}: <code>{base}{v.roots[0]}</code>" for v in sandboxes.vendors.values())
        html = _PAGE.format(version=escape(version), vendors="".join(rows))
        return HTMLResponse(html, headers={"content-security-policy": _POLICY})

    route = Route("/", page)
    route.methods = {"GET"}  # Starlette would add HEAD
    return route
