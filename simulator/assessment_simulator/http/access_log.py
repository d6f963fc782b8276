"""The access log: a line for each request. It costs a quarter of a creation, so it must be asked for.

`AccessLog` writes the lines of the requests that reach the application, `log_refusal` those of the requests that the
connection refuses.
"""

import logging
import re
from time import perf_counter
from typing import Any

from assessment_simulator.http.asgi import (
    REQUEST_ID,
    App,
    Receive,
    Scope,
    Send,
    name_request,
    named_headers,
    take_request_name,
)
from assessment_simulator.journal.redaction import redact

LOGGER = "simulator.access"
# In the state of a scope: status and reason, if the connection responded in the place of the application.
REFUSED = "refused"
# The most characters of a refused path that are shown, and that are read to find secrets in them.
_LONGEST_PATH, _LONGEST_READ = 1_000, 4_000
_FIRST_LINE = re.compile(rb"([A-Z]{1,20}) ([^ \r\n]+)")
_GIVEN_ID = re.compile(rb"\r\nx-request-id:([^\r\n]*)\r\n", re.IGNORECASE)
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
        state: dict[str, Any] = scope.get("state", {})
        if known := state.get(REQUEST_ID.decode()):
            take_request_name(known.decode())
        began, id = perf_counter(), name_request(named_headers(scope)).encode()
        method, status = scope["method"], None
        state[REQUEST_ID.decode()] = id

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
            query = scope["query_string"].decode("latin-1")
            path = scope.get("raw_path", b"").decode("latin-1")
            status, reason = state.get(REFUSED, (status, ""))
            client = (scope.get("client") or ("",))[0]
            _write(method, f"{path}?{query}" if query else path, status, perf_counter() - began, client, reason)


def refusal_id(request: bytes) -> bytes:
    """The id of a request of which these bytes came; b"" without an access log."""
    if not _log.isEnabledFor(logging.INFO):
        return b""
    given = _GIVEN_ID.search(request)
    return name_request({b"x-request-id": given[1].strip(b" \t")} if given else {}).encode()


def log_refusal(request: bytes, status: int, reason: str, seconds: float, client: str) -> bytes:
    """Log a request that the connection refused, of which `request` came. Returns its id; b"" without an access log."""
    id = refusal_id(request)
    if not id:
        return id
    found = _FIRST_LINE.match(request.lstrip(b"\r\n"))
    method, path = (part.decode("latin-1") for part in found.groups()) if found else (None, None)
    _write(method, path and path[:_LONGEST_READ], status, seconds, client, reason)
    return id


def _write(
    method: str | None, path: str | None, status: int | None, seconds: float, client: str, reason: str = ""
) -> None:
    if path is not None:
        path = redact(path)
    if reason and path and len(path) > _LONGEST_PATH:
        path = f"{path[:_LONGEST_PATH]}…"
    members = {
        "method": method, "path": path, "status": status, "duration": round(seconds, 6), "client": client,
        **({"reason": reason} if reason else {}),
    }  # fmt: skip
    said = "no answer" if status is None else status
    what = "an unreadable request" if method is None else f"{method} {path}"
    why = f": {reason}" if reason else ""
    _log.info("%s %s in %.1f ms%s", what, said, 1_000 * seconds, why, extra={"members": members})
