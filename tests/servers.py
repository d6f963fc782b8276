"""The real program in a process of its own, a sandbox of it for one test, and a listener that webhooks can reach."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, Self
from urllib.parse import parse_qs

import httpx2

GREETING = "listening on "
QUIET = 0.1
"""Seconds without a log line after which those of earlier calls have been written."""


class Server(AbstractContextManager["Server"]):
    """`assessment-simulator serve`, started on entering and stopped by SIGTERM on leaving.

    `options` follow `serve --port 0`; `environ` is added to an environment freed of every `SIMULATOR_…`.
    """

    def __init__(self, *options: str, environ: Mapping[str, str] | None = None, within: float = 20) -> None:
        self.command = [sys.executable, "-m", "assessment_simulator", "serve", "--port", "0", *options]
        self._environ = {k: v for k, v in os.environ.items() if not k.startswith("SIMULATOR_")} | dict(environ or {})
        self._within = within
        self._errors: IO[bytes] = TemporaryFile()  # noqa: SIM115 - closed by stop and kill

    def __enter__(self) -> Self:
        self.process = subprocess.Popen(
            self.command, stdout=subprocess.PIPE, stderr=self._errors, env=self._environ, text=True
        )
        self.url = self._greeting()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The process, for tests that kill it or weigh it."""
        return self.process.pid

    def stderr(self, since: int = 0) -> str:
        """What the program has written to standard error, from byte `since` on.

        A thread of the program writes it, so this waits until nothing has come for a moment.
        """
        before = -1
        while before != (before := self.stderr_size()):
            time.sleep(QUIET)
        descriptor = self._errors.fileno()
        return os.pread(descriptor, os.fstat(descriptor).st_size, since).decode(errors="replace")

    def stderr_size(self) -> int:
        """How many bytes of standard error there are by now."""
        return os.fstat(self._errors.fileno()).st_size

    def stop(self) -> None:
        """End it by SIGTERM; it must leave with status 0 and have said one line on standard output, no more."""
        assert self.process.stdout
        if self.process.poll() is None:
            self.process.terminate()
        try:
            status: int | str = self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = f"still running ten seconds after SIGTERM ({self.process.wait()} after SIGKILL)"
        more, errors = self.process.stdout.read(), self.stderr()
        self.process.stdout.close()
        self._errors.close()
        assert status == 0, f"the server ended with {status}\n{errors}"
        assert more == "", f"standard output is for the first line alone, but got {more!r}"

    def kill(self) -> None:
        """End it by SIGKILL, as a crash would, and clear up."""
        assert self.process.stdout
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self._errors.close()

    def _greeting(self) -> str:
        assert self.process.stdout
        deadline = threading.Timer(self._within, self.process.kill)
        deadline.start()
        line = self.process.stdout.readline()
        deadline.cancel()
        if not line.startswith((f"{GREETING}http://", f"{GREETING}https://")):
            errors = self.stderr()
            self.kill()
            raise AssertionError(f"{' '.join(self.command)} began with {line!r}\n{errors}")
        return line.removeprefix(GREETING).strip()


@dataclass(frozen=True)
class Caller:
    """Requests with a vendor's credentials: `caller.post("/mercury/order", json={…})`."""

    http: httpx2.Client
    headers: Mapping[str, str]

    def request(self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **more: Any) -> Any:
        """One request; `headers` are added to the credentials, and win over them."""
        return self.http.request(method, path, headers={**self.headers, **(headers or {})}, **more)

    def get(self, path: str, **more: Any) -> httpx2.Response:
        """GET `path`."""
        answer: httpx2.Response = self.request("GET", path, **more)
        return answer

    def post(self, path: str, **more: Any) -> httpx2.Response:
        """POST to `path`."""
        answer: httpx2.Response = self.request("POST", path, **more)
        return answer


class Sandbox:
    """One sandbox of a server, opened by its credential on the first call."""

    def __init__(self, http: httpx2.Client, name: str) -> None:
        self.http = http
        self.name = name
        self.credential = f"sim-{name}"
        self.url = str(http.base_url).rstrip("/")

    @cached_property
    def pi(self) -> Caller:
        """Calls The Predictive Index."""
        return Caller(self.http, {"api-key": self.credential})

    @cached_property
    def pymetrics(self) -> Caller:
        """Calls pymetrics; the first use asks for a token (`renewed()` for another, after its clock has moved on)."""
        return self.renewed()

    def renewed(self) -> Caller:
        """Calls pymetrics with a token asked for just now."""
        keys = {"client_id": self.credential, "client_secret": "any", "grant_type": "client_credentials"}
        answer = self.http.post("/mercury/oauth/token", json=keys)
        assert answer.status_code == 201, answer.text
        token = answer.json()["access_token"]
        return Caller(self.http, {"Authorization": f"Bearer {token}", "X-Api-Key": self.credential})

    def control(self, method: str, path: str = "", json: Any = None) -> httpx2.Response:
        """One control call under this sandbox: `sandbox.control("POST", "/clock", {"advance": "PT24H"})`."""
        body = {} if json is None else {"json": json}
        return self.http.request(method, f"/_simulator/sandboxes/{self.name}{path}", **body)

    def told(self, method: str, path: str = "", json: Any = None) -> Any:
        """A control call that must succeed; its JSON."""
        answer = self.control(method, path, json)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None


@dataclass(frozen=True)
class Received:
    """One request as the listener got it; `headers` have lower-case names, `at` is `time.monotonic()`."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    at: float

    @property
    def form(self) -> dict[str, str]:
        """The body as a form; every name must stand once."""
        fields = parse_qs(self.body.decode(), keep_blank_values=True, strict_parsing=True)
        assert all(len(values) == 1 for values in fields.values()), fields
        return {name: values[0] for name, values in fields.items()}

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class Listener(AbstractContextManager["Listener"]):
    """A customer's webhook address: records what comes in and answers by a script.

    `answers` is a list of statuses, of which the last is repeated, or a function from a `Received` to a status;
    `delay` is how many seconds each answer takes. Both may be set at any time.
    """

    def __init__(self, answers: Sequence[int] | Callable[[Received], int] = (200,), delay: float = 0) -> None:
        self.answers = answers
        self.delay = delay
        self.received: list[Received] = []
        self._changed = threading.Condition()
        self._stopped = threading.Event()

    def __enter__(self) -> Self:
        self._server = _HTTPServer(("127.0.0.1", 0), _Handler)
        self._server.listener = self
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def wait_for(self, count: int, seconds: float = 5) -> list[Received]:
        """The requests so far, as soon as there are `count` of them; fails when they do not come in time."""
        with self._changed:
            came = self._changed.wait_for(lambda: len(self.received) >= count, seconds)
            assert came, f"{len(self.received)} of {count} requests within {seconds} s: {self.received}"
            return list(self.received)

    def take(self, received: Received) -> int:
        """Record one request and say what to answer it with."""
        with self._changed:
            self.received.append(received)
            place = len(self.received) - 1
            self._changed.notify_all()
        self._stopped.wait(self.delay)
        if callable(self.answers):
            return self.answers(received)
        return self.answers[min(place, len(self.answers) - 1)]


class _HTTPServer(ThreadingHTTPServer):
    request_queue_size = 256  # the standard five would drop a burst's connections, and a retry takes a second
    listener: Listener


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _HTTPServer

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        status = self.server.listener.take(Received(self.command, self.path, headers, body, time.monotonic()))
        self.send_response(status)
        self.send_header("content-length", "0")
        self.send_header("connection", "close")
        self.end_headers()

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815 - the names that http.server looks for

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
        """Say nothing: the listener keeps what came."""


ROOT = Path(__file__).parent.parent
"""The repository."""


class Quiet(SimpleHTTPRequestHandler):
    """Files, without a word on standard error."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
        """Say nothing."""


@contextmanager
def files(folder: Path) -> Iterator[str]:
    """The address of a server of these files, on a port and so an origin of its own."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()
