"""Somebody's look at one page of a sandbox, or what they sent with a form of it."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request

from assessment_simulator.dashboard.api_client import Control, sandbox_path
from assessment_simulator.dashboard.formatting import Vendors
from assessment_simulator.http.proxy_headers import seen

Form = Mapping[str, str]
PAGE = 50
"""So many rows a list shows at once."""


class Visit:
    """A request for a page of the sandbox `name`, and the means to answer it; `base` is this server's address.

    `here` is the path of the page, which begins with `prefix` as all paths in links do.
    """

    def __init__(self, request: Request, control: Control, vendors: Vendors, base: str, name: str) -> None:
        self.request = request
        self.vendors = vendors
        self.base = base
        self.name = name
        self.prefix = seen(request.scope).prefix
        self.here = self.prefix + request.scope["path"]
        self._control = control

    @property
    def id(self) -> str:
        """The id in the page's path."""
        id: str = self.request.path_params["id"]
        return id

    def asked(self, *names: str) -> dict[str, str]:
        """Those of these parameters of the page's own query that say something."""
        query = self.request.query_params
        return {name: query[name].strip() for name in names if query.get(name, "").strip()}

    async def get(self, *rest: str, **query: Any) -> Any:
        """What the control API tells of this sandbox, under these segments."""
        return await self._control.get(self.request, sandbox_path(self.name, *rest), **query)

    async def ask(self, method: str, *rest: str, body: Any = None) -> Any:
        """Have the control API do something to this sandbox."""
        return await self._control.ask(self.request, method, sandbox_path(self.name, *rest), body)

    async def elsewhere(self, method: str, path: str, body: Any = None) -> Any:
        """Ask for something outside of this sandbox."""
        return await self._control.ask(self.request, method, path, body)

    async def list(self, what: str, *filters: str) -> dict[str, Any]:
        """One page of a long list, newest first, as the page's query asks for it; `older` leads to the next."""
        asked = self.asked("before", "q", *filters)
        rows = await self.get(what, newest=PAGE + 1, **asked)
        older = {**asked, "before": rows[PAGE - 1]["id"]} if len(rows) > PAGE else None
        return {"rows": rows[:PAGE], "older": older, "asked": {name: asked.get(name, "") for name in ("q", *filters)}}


def form(body: bytes) -> dict[str, str]:
    """What a form says: of several fields with one name the last counts."""
    return {name: value.strip() for name, value in parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)}
