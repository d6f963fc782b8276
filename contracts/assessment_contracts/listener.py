"""A listener of the suite's own: it catches webhooks, and answers them as it is told."""

import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl


@dataclass(frozen=True)
class Caught:
    """One webhook as it came in; header names are in lower case, `at` is an instant of `time.monotonic`.

    The path is what follows the listener's own part of it.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    at: float = field(default_factory=time.monotonic)

    @property
    def form(self) -> dict[str, str]:
        """The body as a form."""
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True, strict_parsing=True))

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass
class Listener:
    """Catches webhooks at `url`. `answers` are the statuses of the next answers, 200 when there are none left.

    `respond`, where set, is asked for the status instead: it may call the server from within the webhook. A status of
    0 closes the connection without an answer. `headers` go with every answer.
    """

    host: str = "127.0.0.1"
    bind: str = "127.0.0.1"
    caught: list[Caught] = field(default_factory=list)
    answers: deque[int] = field(default_factory=deque)
    headers: dict[str, str] = field(default_factory=dict)
    respond: Callable[[Caught], int] | None = None
    _turn: int = 1
    _changed: threading.Condition = field(default_factory=threading.Condition, repr=False)
    _server: ThreadingHTTPServer | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        """Where webhooks are to be sent; listening begins when it is first asked for."""
        if self._server is None:
            self._server = _serving(self)
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self._server.server_address[1]}{self._mine}/webhook"

    @property
    def _mine(self) -> str:
        return f"/{self._turn}"

    def begin(self) -> None:
        """Have another address from now on, and catch nothing that still comes to the one before."""
        with self._changed:
            self._turn += 1
            self.clear()

    def clear(self) -> None:
        """Forget what was caught and how to answer."""
        with self._changed:
            self.caught.clear()
            self.answers.clear()
            self.headers.clear()
            self.respond = None

    def wait_for(self, count: int, within: float = 5.0) -> list[Caught]:
        """The webhooks caught, once there are so many; an AssertionError when they do not come in time."""
        with self._changed:
            came = self._changed.wait_for(lambda: len(self.caught) >= count, within)
            caught = list(self.caught)
        assert came, f"{len(caught)} webhooks came within {within} s, not {count}"
        return caught

    def catch(self, caught: Caught) -> int:
        """Keep a webhook; gives the status to answer with."""
        with self._changed:
            if not caught.path.startswith(f"{self._mine}/"):
                return 200  # it was on its way when the example that it is of was over
            caught = replace(caught, path=caught.path.removeprefix(self._mine))
            self.caught.append(caught)
            self._changed.notify_all()
            respond, status = self.respond, self.answers.popleft() if self.answers else 200
        return respond(caught) if respond else status

    def close(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


def _serving(listener: Listener) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            self.close_connection = True
            status = listener.catch(Caught(self.command, self.path, headers, body))
            if status:
                self.send_response(status)
                for name, value in {"Content-Length": "0", "Connection": "close", **listener.headers}.items():
                    self.send_header(name, value)
                self.end_headers()

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  its name there
            """Say nothing: the suite reports."""

    server = ThreadingHTTPServer((listener.bind, 0), Handler)
    server.daemon_threads = True
    server.block_on_close = False
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    return server


@contextmanager
def listening(listener: Listener) -> Iterator[Listener]:
    """Listen for as long as the block lasts."""
    try:
        yield listener
    finally:
        listener.close()
