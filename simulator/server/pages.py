"""The page at `/`: what this server is and where to knock."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulator.server.address import Address
from simulator.server.frame import render
from simulator.server.plumbing import by_verb
from simulator.server.sandboxes import Sandboxes


def welcome(sandboxes: Sandboxes, address: Address, version: str) -> Route:
    """The route of the welcome page."""

    async def page(request: Request) -> Response:
        base = address.of(request.scope, dict(request.scope["headers"]))
        vendors = [(vendor.title, f"{base}{vendor.roots[0]}") for vendor in sandboxes.vendors.values()]
        return render("welcome.html", version=version, vendors=vendors)

    return by_verb("/", {"GET": page})
