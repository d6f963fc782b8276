"""The log of calls: a line for each, when it is over. It costs a quarter of a creation, so it must be asked for."""

import logging
from time import perf_counter
from typing import Any

from assessment_simulator.http.asgi import App, Receive, Scope, Send, named_headers
from assessment_simulator.http.request_id import HEADER, name_request
from assessment_simulator.journal.redaction import redact

LOGGER = "simulator.access"
_log = logging.getLogger(LOGGER)


class AccessLog:
    """Goes round the whole app: gives each request its id, tells its caller, and writes down what it was answered."""

    def __init__(self, inner: App) -> None:
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request be answered, and write it down; `status` is None where no answer left."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        began, noted = perf_counter(), _Noted(send, name_request(named_headers(scope)))
        try:
            await self._inner(scope, receive, noted.send)
        finally:
            _write(scope, noted.status, perf_counter() - began)


class _Noted:
    """Sends on, with the request's id among the headers, and remembers the status."""

    def __init__(self, send: Send, id: str) -> None:
        self._send = send
        self._id = id.encode()
        self.status: int | None = None

    async def send(self, message: Any) -> None:
        """Send a message of a response."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            others = [one for one in message["headers"] if one[0].lower() != HEADER]
            message = {**message, "headers": [*others, (HEADER, self._id)]}
        await self._send(message)


def _write(scope: Scope, status: int | None, seconds: float) -> None:
    path = scope.get("raw_path", b"").decode("latin-1")
    query = scope["query_string"].decode("latin-1")
    path = redact(f"{path}?{query}" if query else path)
    client = (scope.get("client") or ("",))[0]
    members = {
        "method": scope["method"],
        "path": path,
        "status": status,
        "duration": round(seconds, 6),
        "client": client,
    }
    said = "no answer" if status is None else status
    _log.info("%s %s %s in %.1f ms", scope["method"], path, said, 1_000 * seconds, extra={"members": members})
