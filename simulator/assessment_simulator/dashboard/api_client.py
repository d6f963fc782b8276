"""Calls of the control API and of the vendors from pages, in process: the same application is called through ASGI."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request

from assessment_simulator.core.config import Config
from assessment_simulator.core.request import IN_PROCESS
from assessment_simulator.core.vendor import Vendor
from assessment_simulator.dashboard.formatting import Vendors
from assessment_simulator.http.asgi import MAY_OPEN, App, named_headers, passed_on
from assessment_simulator.http.base_url import BaseUrl, proxy_info
from assessment_simulator.http.forwarding import left_to
from assessment_simulator.http.problem_details import Problem
from assessment_simulator.http.routing import form_fields
from assessment_simulator.storage import OwnedElsewhere, json_codec

CONTROL = "/_simulator"
_PAGE_SIZE = 50


async def _answer(
    app: App, request: Request, method: str, path: str, body: Any, query: Mapping[str, Any] | None,
    headers: Mapping[str, str], more: Mapping[str, Any],
) -> tuple[int, bytes]:  # fmt: skip
    """The status and the body that an application of this process answers with."""
    sent = b"" if body is None else json_codec.dumps(body)
    # The host is needed for the addresses in answers.
    named = [*(one for one in request.scope["headers"] if one[0] == b"host")]
    named += [(name.encode(), value.encode()) for name, value in headers.items()]
    if body is not None:
        named += [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(sent))]
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "path": path,
        "raw_path": path.encode(), "query_string": urlencode(query or {}).encode(), "root_path": "",
        "scheme": request.scope["scheme"], "server": request.scope.get("server"), "client": None, "headers": named,
        **passed_on(request.scope), **more,
    }  # fmt: skip
    status, received = 0, b""

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": sent, "more_body": False}

    async def send(message: Mapping[str, Any]) -> None:
        nonlocal status, received
        if message["type"] == "http.response.start":
            status = message["status"]
        else:
            received += message.get("body", b"")

    await app(scope, receive, send)
    # The call has left this to the owner of the sandbox, so the page has to come from there, too.
    owner = left_to(request.scope)
    if owner is not None:
        raise OwnedElsewhere(owner)
    return status, received


async def call_control(
    request: Request, method: str, path: str, body: Any = None, query: Mapping[str, Any] | None = None
) -> Any:
    """Call the control API for a page that was requested with `request`, which is authorised already.

    Returns the response's JSON, a text of another type, None for no body. Raises `Problem` as the control API does, and
    `OwnedElsewhere` where the response has to come from another process.
    """
    # The application that is called stands behind the access control, so the call needs no credentials.
    status, received = await _answer(request.app, request, method, path, body, query, {}, {})
    if path.endswith(".sh") and status < 400:
        return received.decode()
    value: Any = json_codec.loads(received) if received else None
    if status >= 400:
        raise Problem(status, value["detail"])
    return value


class Form(dict[str, str]):
    """The fields of a form that are not empty; of several with one name the last counts."""

    def __init__(self, body: bytes) -> None:
        fields = form_fields(body)
        super().__init__((name, value.strip()) for name, value in fields if value.strip())
        # The fields that were sent, also empty ones.
        self.sent = {name for name, _ in fields}

    def __missing__(self, name: str) -> str:
        raise Problem(422, f"{name} is missing")


class PageRequest:
    """A request for a page of a sandbox, and what answering it needs.

    `base` is the server's address. `here` is the page's path, which begins with `prefix` as all paths in links do;
    `view` is the same with the query.
    """

    def __init__(self, request: Request, vendors: Vendors, address: BaseUrl, sandbox: str) -> None:
        self.request = request
        self.vendors = vendors
        self.base = address.of(request.scope, named_headers(request.scope))
        self.name = request.path_params.get("name", sandbox)
        # Only the demo is opened by its page; of other names the page asks first, because they may be misspelt.
        request.scope[MAY_OPEN] = self.name == sandbox
        self.prefix = proxy_info(request.scope).prefix
        self.here = self.prefix + request.scope["path"]
        kept = [(name, value) for name, value in request.query_params.multi_items() if name not in ("done", "undo")]
        self.view = f"{self.here}?{urlencode(kept)}" if kept else self.here
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

    async def post_to_vendor(self, path: str, body: Any, headers: Mapping[str, str]) -> tuple[int, Any]:
        """Send a vendor what a client would send. The page needs no credential for it: the scope names the sandbox.

        Returns the status, 0 if no response was sent, and its body.
        """
        vendors, inside = self.request.app.state.vendors, {IN_PROCESS: self.name}
        status, received = await _answer(vendors, self.request, "POST", path, body, None, headers, inside)
        try:
            return status, json_codec.loads(received) if received else None
        except ValueError:  # a fault may have changed it
            return status, received.decode("utf-8", "replace")

    async def config(self) -> Config:
        """The sandbox's settings, as the vendors read them."""
        return Config.of(await self.get("config"))

    async def invite(self, vendor: Vendor, fields: Mapping[str, str], config: Config) -> str:
        """Create an invitation through the vendor's API; returns its id, raises `Problem` with what the vendor says."""
        form = vendor.invitation_form
        paths = {one.operation.name: one.path for one in vendor.endpoints}
        key = f"sim-{self.name}"
        headers = dict.fromkeys(vendor.headers, key)
        if form.token_operation is not None:
            client = {"client_id": key, "client_secret": "the-dashboard", "grant_type": "client_credentials"}
            status, answer = await self.post_to_vendor(paths[form.token_operation], client, {})
            if status != 201:
                raise _refused(vendor, status, answer)
            headers["authorization"] = f"Bearer {answer.get('access_token') if isinstance(answer, dict) else answer}"
        status, answer = await self.post_to_vendor(paths[form.operation], form.body(fields, config), headers)
        if not 200 <= status < 300:
            raise _refused(vendor, status, answer)
        try:
            return form.created_id(answer)
        except (KeyError, TypeError):  # a fault may have changed the response
            raise _refused(vendor, status, answer) from None

    async def list(self, path: str, *filters: str) -> dict[str, Any]:
        """One page of a long list, newest first; `older` holds the parameters of the next page, None on the last."""
        parameters = self.parameters("before", "q", *filters)
        # One row more than is shown tells whether there is another page.
        rows = await self.get(path, newest=_PAGE_SIZE + 1, **parameters)
        key = "name" if path == "/sandboxes" else "id"
        older = {**parameters, "before": rows[_PAGE_SIZE - 1][key]} if len(rows) > _PAGE_SIZE else None
        asked = {name: parameters.get(name, "") for name in ("q", *filters)}
        return {"rows": rows[:_PAGE_SIZE], "older": older, "asked": asked}


def _refused(vendor: Vendor, status: int, answer: Any) -> Problem:
    """What the vendor answered, for the form."""
    said = answer if isinstance(answer, str) else json_codec.dumps(answer).decode()
    what = f"answers {status}: {said}" if status else "closed the connection without a response (an injected fault)"
    return Problem(status if status >= 400 else 502, f"{vendor.title} {what}")
