"""An HTTP server for tests: records what comes in and answers by a script. Webhooks are what it is mostly for."""

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs


@dataclass(frozen=True)
class Received:
    """One request as it came in; header names are in lower case, `at` is an instant of `time.monotonic`."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    at: float = field(default_factory=time.monotonic)

    @property
    def form(self) -> dict[str, str]:
        """The body as a form in which each name occurs once; ValueError or AssertionError when it is none."""
        fields = parse_qs(self.body.decode(), keep_blank_values=True, strict_parsing=True)
        assert all(len(values) == 1 for values in fields.values()), fields
        return {name: values[0] for name, values in fields.items()}

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Reply:
    """An answer. A status of 0 closes the connection without one."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


Answers = Sequence[int | Reply] | Callable[[Received], int | Reply]


class Listener(AbstractContextManager["Listener"]):
    """Listens on a free port inside `with`, or from the first read of `url` until `close`.

    `answers` is a sequence of replies or statuses, not empty: one for each request, counted from the assignment, the
    last repeated; or a function, called in the request's own thread. Each answer takes `delay` seconds. Both may be set
    at any time. Bodies must have a Content-Length: chunked ones are recorded empty.
    `host` is the name in `url`, `bind` the address to listen at, `path` the end of `url`.
    """

    def __init__(
        self, answers: Answers = (200,), delay: float = 0, *, host: str = "127.0.0.1", bind: str = "127.0.0.1",
        path: str = "",
    ) -> None:  # fmt: skip
        self._count = self._answered = 0
        self.answers = answers
        self.delay = delay
        self.received: list[Received] = []
        self._host = f"[{host}]" if ":" in host else host
        self._bind = bind
        self._path = path
        self._base = self._prefix = ""
        self._renewed = 0
        self._changed = threading.Condition()
        self._closed = threading.Event()
        self._server: _Server | None = None

    def __enter__(self) -> Self:
        if self._server is None:
            self._listen()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _listen(self) -> None:
        self._closed.clear()
        self._server = _Server(self._bind, self)
        self._base = f"http://{self._host}:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def url(self) -> str:
        """The URL to send requests to. Its first use starts to listen; it stays the same after `close`."""
        if not self._base:
            self._listen()
        return f"{self._base}{self._prefix}{self._path}"

    @property
    def answers(self) -> Answers:
        """What to answer with."""
        return self._answers

    @answers.setter
    def answers(self, answers: Answers) -> None:
        self._answers, self._since = answers, self._count

    def renew(self) -> None:
        """Change `url`, listen again if closed, and clear. A request to an earlier URL gets 200, unrecorded."""
        with self._changed:
            if self._server is None:
                self._base = ""
            self._renewed += 1
            self._prefix = f"/{self._renewed}"
            self.clear()

    def clear(self) -> None:
        """Forget what was received, and answer 200 again."""
        with self._changed:
            self.received.clear()
            self.answers = (200,)

    def wait_for(self, count: int, seconds: float = 5) -> list[Received]:
        """All requests received, once there are `count`; AssertionError when they do not come in time."""
        with self._changed:
            came = self._changed.wait_for(lambda: len(self.received) >= count, seconds)
            assert came, f"{len(self.received)} of {count} requests within {seconds} s: {self.received}"
            return list(self.received)

    def wait_for_answers(self, count: int, seconds: float = 5) -> None:
        """Wait until `count` of all requests are answered or their callers have left; AssertionError if late."""
        with self._changed:
            came = self._changed.wait_for(lambda: self._answered >= count, seconds)
            assert came, f"{self._answered} of {count} answers within {seconds} s"

    def note_answer(self) -> None:
        """Note that a request is done with."""
        with self._changed:
            self._answered += 1
            self._changed.notify_all()

    def take(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Record a request and return its answer."""
        with self._changed:
            if self._prefix and not f"{path}/".startswith(f"{self._prefix}/"):
                return Reply()  # it was on its way when the URL changed
            place, self._count = self._count, self._count + 1
            received = Received(method, path.removeprefix(self._prefix), headers, body)
            self.received.append(received)
            self._changed.notify_all()
        self._closed.wait(self.delay)
        answers, since = self._answers, self._since  # after the delay, in which they may have been set
        answer = answers(received) if callable(answers) else answers[min(max(place - since, 0), len(answers) - 1)]
        return Reply(answer) if isinstance(answer, int) else answer

    def close(self) -> None:
        """Stop listening; answers that are delayed are sent at once."""
        if self._server is not None:
            self._closed.set()
            self._server.shutdown()
            self._server.server_close()
            self._server = None


class _Server(ThreadingHTTPServer):
    request_queue_size = 256  # the standard five would drop a burst's connections, and a retry takes a second

    def __init__(self, bind: str, listener: Listener) -> None:
        super().__init__((bind, 0), _Handler)
        self.listener = listener


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body in one packet
    server: _Server

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.close_connection = True
        try:
            self._reply(self.server.listener.take(self.command, self.path, headers, body))
        finally:
            self.server.listener.note_answer()

    def _reply(self, reply: Reply) -> None:
        if not reply.status:
            return
        self.send_response(reply.status)
        for name, value in {**reply.headers, "content-length": str(len(reply.body)), "connection": "close"}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.body)
        self.wfile.flush()

    def __getattr__(self, name: str) -> Callable[[], None]:
        if name.startswith("do_"):  # http.server looks for a method by the verb
            return self._answer
        raise AttributeError(name)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class names it
        """Write nothing: the listener records what came."""
