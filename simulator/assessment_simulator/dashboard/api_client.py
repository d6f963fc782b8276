"""Calls of the control API from pages, in process: the same application is called through ASGI."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request

from assessment_simulator.dashboard.formatting import Vendors
from assessment_simulator.http.asgi import named_headers, passed_on
from assessment_simulator.http.base_url import BaseUrl, proxy_info
from assessment_simulator.http.forwarding import left_to
from assessment_simulator.http.problem_details import Problem
from assessment_simulator.storage import OwnedElsewhere, json_codec

CONTROL = "/_simulator"
_PAGE_SIZE = 50


async def call_control(
    request: Request, method: str, path: str, body: Any = None, query: Mapping[str, Any] | None = None
) -> Any:
    """Call the control API for a page that was requested with `request`, which is authorised already.

    Returns the response's JSON, None for no body. Raises `Problem` as the control API does, and `OwnedElsewhere` where
    the response has to come from another process.
    """
    sent = b"" if body is None else json_codec.dumps(body)
    # The application that is called stands behind the access control, so the call needs no credentials. It needs the
    # host, with which it makes the addresses in its answers.
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "path": path,
        "raw_path": path.encode(), "query_string": urlencode(query or {}).encode(), "root_path": "",
        "scheme": request.scope["scheme"], "server": request.scope.get("server"), "client": None,
        "headers": [one for one in request.scope["headers"] if one[0] == b"host"],
        **passed_on(request.scope),
    }  # fmt: skip
    status, received = 500, b""

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": sent, "more_body": False}

    async def send(message: Mapping[str, Any]) -> None:
        nonlocal status, received
        if message["type"] == "http.response.start":
            status = message["status"]
        else:
            received += message.get("body", b"")

    await request.app(scope, receive, send)
    # The call has left this to the owner of the sandbox, so the page has to come from there, too.
    owner = left_to(request.scope)
    if owner is not None:
        raise OwnedElsewhere(owner)
    value: Any = json_codec.loads(received) if received else None
    if status >= 400:
        raise Problem(status, value["detail"])
    return value


class Form(dict[str, str]):
    """The fields of a form that are not empty; of several with one name the last counts."""

    def __init__(self, body: bytes) -> None:
        fields = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
        super().__init__((name, value.strip()) for name, value in fields if value.strip())

    def __missing__(self, name: str) -> str:
        raise Problem(422, f"{name} is missing")


class PageRequest:
    """A request for a page of a sandbox, and what answering it needs.

    `base` is the server's address. `here` is the page's path, which begins with `prefix` as all paths in links do.
    """

    def __init__(self, request: Request, vendors: Vendors, address: BaseUrl, sandbox: str) -> None:
        self.request = request
        self.vendors = vendors
        self.base = address.of(request.scope, named_headers(request.scope))
        self.name = request.path_params.get("name", sandbox)
        self.prefix = proxy_info(request.scope).prefix
        self.here = self.prefix + request.scope["path"]
        self.inbox_url = f"{self.base}{CONTROL}/catch/{self.name}"

    def parameters(self, *names: str) -> dict[str, str]:
        """Those of these query parameters that are not empty."""
        query = self.request.query_params
        return {name: query[name].strip() for name in names if query.get(name, "").strip()}

    async def call(self, method: str, path: str, body: Any = None, query: Mapping[str, Any] | None = None) -> Any:
        """Call a path under the sandbox; with a slash before it, one under the control API's root."""
        if not path.startswith("/"):
            path = f"/sandboxes/{self.name}/{path}".removesuffix("/")
        return await call_control(self.request, method, CONTROL + path, body, query)

    async def get(self, path: str = "", **query: Any) -> Any:
        """GET a path."""
        return await self.call("GET", path, query=query)

    async def list(self, path: str, *filters: str) -> dict[str, Any]:
        """One page of a long list, newest first; `older` holds the parameters of the next page, None on the last."""
        parameters = self.parameters("before", "q", *filters)
        # One row more than is shown tells whether there is another page.
        rows = await self.get(path, newest=_PAGE_SIZE + 1, **parameters)
        older = {**parameters, "before": rows[_PAGE_SIZE - 1]["id"]} if len(rows) > _PAGE_SIZE else None
        asked = {name: parameters.get(name, "") for name in ("q", *filters)}
        return {"rows": rows[:_PAGE_SIZE], "older": older, "asked": asked}
