"""The access log: a line for each request. It costs a quarter of a creation, so it must be asked for."""

import logging
from time import perf_counter
from typing import Any

from assessment_simulator.http.asgi import REQUEST_ID, App, Receive, Scope, Send, name_request, named_headers
from assessment_simulator.journal.redaction import redact

LOGGER = "simulator.access"
_log = logging.getLogger(LOGGER)


class AccessLog:
    """Wraps the whole app: gives each request its id, tells it to the client, and logs the response."""

    def __init__(self, inner: App) -> None:
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request be answered, and log it; the status is None if no response was sent."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        began, id = perf_counter(), name_request(named_headers(scope)).encode()
        method, status = scope["method"], None

        async def send_with_id(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                others = [line for line in message["headers"] if line[0].lower() != REQUEST_ID]
                message = {**message, "headers": [*others, (REQUEST_ID, id)]}
            await send(message)

        try:
            await self._inner(scope, receive, send_with_id)
        finally:
            seconds = perf_counter() - began
            query = scope["query_string"].decode("latin-1")
            path = scope.get("raw_path", b"").decode("latin-1")
            path = redact(f"{path}?{query}" if query else path)
            members = {
                "method": method, "path": path, "status": status, "duration": round(seconds, 6),
                "client": (scope.get("client") or ("",))[0],
            }  # fmt: skip
            said = "no answer" if status is None else status
            _log.info("%s %s %s in %.1f ms", method, path, said, 1_000 * seconds, extra={"members": members})
