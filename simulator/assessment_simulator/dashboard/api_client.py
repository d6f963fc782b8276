"""Asks this server's control API as any other client would, but without a socket."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request

from assessment_simulator.http import forwarding
from assessment_simulator.http.asgi import App
from assessment_simulator.http.problem_details import Problem
from assessment_simulator.http.proxy_headers import passed_on
from assessment_simulator.storage import OwnedElsewhere, json_codec

CONTROL = "/_simulator"
_HOST = b"host"


def sandbox_path(name: str, *rest: str) -> str:
    """The path of a sandbox in the control API, or of something in it."""
    return "/".join((f"{CONTROL}/sandboxes", name, *rest))


class Control:
    """The control API of `app`: whoever asks here was let in already."""

    app: App
    """Put in by the composition root, once there is one."""

    async def get(self, request: Request, path: str, **query: Any) -> Any:
        """What a GET answers; raises `Problem` as the control API does."""
        return await self.ask(request, "GET", path, query={name: value for name, value in query.items() if value})

    async def ask(
        self, request: Request, method: str, path: str, body: Any = None, query: Mapping[str, Any] | None = None
    ) -> Any:
        """What a control call answers, for a page that was asked for with `request`; None when it has no body."""
        sent = b"" if body is None else json_codec.dumps(body)
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "path": path,
            "raw_path": path.encode(), "query_string": urlencode(query or {}).encode(), "root_path": "",
            "scheme": request.scope["scheme"], "server": request.scope.get("server"), "client": None,
            "headers": [one for one in request.scope["headers"] if one[0] == _HOST], **passed_on(request.scope),
            **forwarding.passed_on(request.scope),
        }  # fmt: skip
        answer = _Answer(sent)
        await self.app(scope, answer.receive, answer.send)
        owner = forwarding.left_to(request.scope)
        if owner is not None:  # the whole page is left to it
            raise OwnedElsewhere(owner)
        return answer.value()


class _Answer:
    """Both ends of one call: the body that goes in, and the answer as it comes out."""

    def __init__(self, sent: bytes) -> None:
        self._sent = sent
        self._status = 500
        self._body = b""

    async def receive(self) -> dict[str, Any]:
        return {"type": "http.request", "body": self._sent, "more_body": False}

    async def send(self, message: Mapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
        else:
            self._body += message.get("body", b"")

    def value(self) -> Any:
        value: Any = json_codec.loads(self._body) if self._body else None
        if self._status >= 400:
            raise Problem(self._status, value["detail"])
        return value
