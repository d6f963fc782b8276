"""The server of `record`: passes requests to the vendor, and keeps them redacted."""

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from assessment_simulator.core.vendor import Vendor
from assessment_simulator.http.asgi import Gone, Headers, Receive, Scope, Send, TooLarge, named_headers, read_body
from assessment_simulator.http.asgi import respond as send_whole
from assessment_simulator.http.router import Router
from assessment_simulator.recording.files import Answer, Call, Recording
from assessment_simulator.recording.redaction import Redactor

if TYPE_CHECKING:
    import aiohttp

# Operations that read, though their method is POST.
_TOKENS = frozenset({"create_token", "create_token_v2"})
_READS = _TOKENS | {"list_orders"}
_TEXT = (b"content-type", b"text/plain; charset=utf-8")
# Headers of one connection (RFC 9110, 7.6.1), and those that the client that sends the request writes itself.
_HOP = frozenset(
    "connection keep-alive proxy-authorization proxy-connection te trailer transfer-encoding upgrade".split()
)
_NOT_SENT = _HOP | {"accept-encoding", "content-length", "expect", "host"}
_NOT_RETURNED = _HOP | {"content-encoding", "content-length"}  # the body is decoded here
# With these headers some servers treat a request as one of another method.
_OVERRIDES = frozenset({"x-http-method", "x-http-method-override", "x-method-override"})
# Seconds that the vendor has for an answer.
_PATIENCE = 60.0
_log = logging.getLogger("simulator.recording")


class Recorder:
    """An ASGI app that answers with what `upstream`, a base URL, answers.

    Requests that would change something are refused unless `allow_writes`; `twice` repeats those that only read.
    """

    def __init__(
        self, recording: Recording, vendor: Vendor, upstream: str, *, allow_writes: bool = False, twice: bool = False
    ) -> None:
        self._recording = recording
        self._redactor = Redactor({(urlsplit(upstream).hostname or "").lower()})
        self._router = Router({vendor.id: vendor})
        self._upstream = upstream.rstrip("/")
        self._origin = "{0.scheme}://{0.netloc}".format(urlsplit(upstream))
        self._allow_writes = allow_writes
        self._twice = twice
        self._session: aiohttp.ClientSession | None = None
        self.calls = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            while (message := await receive())["type"] != "lifespan.shutdown":
                await send({"type": f"{message['type']}.complete"})
            if self._session is not None:
                await self._session.close()
            await send({"type": "lifespan.shutdown.complete"})
        elif scope["type"] == "http":
            try:
                body = await read_body(named_headers(scope), receive)
            except TooLarge:
                await _refuse(send, 413, "The body is over 1 MiB.")
            except Gone:
                return
            else:
                await self._pass_on(scope, body, send)

    async def _pass_on(self, scope: Scope, body: bytes, send: Send) -> None:
        method, operation = scope["method"], self._operation(scope)
        reads = method in ("GET", "HEAD", "OPTIONS") or operation in _READS
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in named_headers(scope).items()}
        if not self._allow_writes and (not reads or _OVERRIDES & headers.keys()):
            await _refuse(send, 403, "This recorder passes on requests that only read; --allow-writes passes on all.")
            return
        path, query = scope["raw_path"].decode("latin-1"), scope["query_string"].decode("latin-1")
        if not path.startswith("/"):  # `*` would become a part of the host's name
            await _refuse(send, 400, "The path must begin with a slash.")
            return
        target = f"{path}?{query}" if query else path
        sent = {name: value for name, value in headers.items() if name not in _NOT_SENT}
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        answer, lines, error = await self._ask(method, target, sent, body)
        repeated = None
        if answer is not None and self._twice and reads and operation not in _TOKENS:
            repeated, _, _ = await self._ask(method, target, sent, body)
        # Kept before the client has it: what a client has seen is recorded, even if this process ends now.
        call = Call(at, method, self._origin + target, sent, body, answer, repeated, error)
        try:
            # Twice: what the first reading learns is then replaced at all places of this call.
            call.redacted(self._redactor)
            self._recording.add(call.redacted(self._redactor))
            self.calls += 1
        except Exception as problem:  # noqa: BLE001  the client gets its answer; the message may hold what is hidden
            _log.error("a call was not recorded: %s", type(problem).__name__)
        if answer is None:
            await _refuse(send, 502, f"The vendor did not answer: {error}")
            return
        if answer.status not in (204, 304):
            lines.append((b"content-length", b"%d" % len(answer.body)))
        await send_whole(send, answer.status, lines, answer.body)

    def _operation(self, scope: Scope) -> str:
        route = self._router.find(scope["method"], scope["path"])
        return route.endpoint.operation.name if route and route.endpoint else ""

    async def _ask(
        self, method: str, target: str, headers: dict[str, str], body: bytes
    ) -> tuple[Answer | None, Headers, str]:
        """The vendor's answer, its header lines, and why there is none."""
        import aiohttp
        from yarl import URL

        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(_PATIENCE), cookie_jar=aiohttp.DummyCookieJar(), trust_env=True,
                skip_auto_headers=("User-Agent", "Content-Type", "Accept"),
            )  # fmt: skip
        try:
            url = URL(self._upstream + target, encoded=True)
            async with self._session.request(
                method, url, headers=headers, data=body or None, allow_redirects=False
            ) as answer:
                kept = [(name.lower(), value) for name, value in answer.headers.items()]
                kept = [(name, value) for name, value in kept if name not in _NOT_RETURNED]
                lines = [(name.encode("latin-1"), value.encode("utf-8", "surrogateescape")) for name, value in kept]
                joined = {name: ", ".join(value for other, value in kept if other == name) for name, _ in kept}
                return Answer(answer.status, joined, await answer.read()), lines, ""
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as problem:
            # Not the message, which may repeat the request.
            return None, [], type(problem).__name__


async def _refuse(send: Send, status: int, text: str) -> None:
    body = f"{text}\n".encode()
    await send_whole(send, status, [_TEXT, (b"content-length", b"%d" % len(body))], body)
