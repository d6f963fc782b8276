"""The program in a process of its own, a sandbox of it for one test, and a listener for webhooks."""

import mimetypes
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx2

from assessment_contracts.kit import GREETING, Listener, Received, Reply, ServerProcess, serve_command
from assessment_simulator.runner import running
from tests.commands import settings_of

__all__ = [
    "CONTROL", "CONTROL_TOKEN", "GREETING", "ROOT", "Caller", "Listener", "Received", "Reply", "Sandbox", "Server",
    "files", "sandbox_at", "served",
]  # fmt: skip

# The repository.
ROOT = Path(__file__).parent.parent
# The control token of the server in closed access that tests share.
CONTROL_TOKEN = "the-control-token"
# The header with it.
CONTROL = {"Authorization": f"Bearer {CONTROL_TOKEN}"}
# The lines of `runner.print_guide`.
GUIDE = re.compile(
    r"^(dashboard|API reference|demo sandbox|pymetrics|Predictive Index|another sandbox|credentials): .*\n",
    re.MULTILINE,
)


class Server(ServerProcess):
    """`assessment-simulator serve`, started at the begin of a `with` block and stopped by SIGTERM at its end.

    `options` follow `serve --port 0`; `environ` is added to an environment without `SIMULATOR_…`.
    """

    def __init__(self, *options: str, environ: Mapping[str, str] | None = None, within: float = 20) -> None:
        super().__init__(serve_command(*options), environ=environ, within=within)

    def stderr(self, since: int = 0) -> str:
        """What it has written to standard error, without the lines that tell a person where to look."""
        return GUIDE.sub("", super().stderr(since))

    def stop(self) -> None:
        """Stop it by SIGTERM; it must exit with 0 and have printed one line on standard output, no more."""
        status = self.terminate()
        assert self.process.stdout
        more, errors = self.process.stdout.read(), self.stderr()
        self.close()
        assert status == 0, f"the server ended with {status}\n{errors}"
        assert more == "", f"standard output is for the first line alone, but got {more!r}"


@contextmanager
def served(*options: str, environ: Mapping[str, str] | None = None) -> Iterator[str]:
    """The URL of a server in a thread of this process, with the settings that `serve` makes of these options.

    It starts at once, for tests of how an option changes responses. Tests of standard streams, signals, exit statuses
    and several processes need a `Server`.
    """
    with running(settings_of("--port", "0", *options, environ=environ)) as url:
        yield url


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
    """One sandbox of a server, opened by its credential in the first request."""

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
        """Calls pymetrics; the first use requests a token (`renewed()` another, after an advance)."""
        return self.renewed()

    def renewed(self) -> Caller:
        """Calls pymetrics with a new token."""
        keys = {"client_id": self.credential, "client_secret": "any", "grant_type": "client_credentials"}
        answer = self.http.post("/mercury/oauth/token", json=keys)
        assert answer.status_code == 201, answer.text
        token = answer.json()["access_token"]
        return Caller(self.http, {"Authorization": f"Bearer {token}", "X-Api-Key": self.credential})

    def control(self, method: str, path: str = "", json: Any = None) -> httpx2.Response:
        """One control call under this sandbox: `sandbox.control("POST", "/clock", {"advance": "PT24H"})`."""
        body = {} if json is None else {"json": json}
        return self.http.request(method, f"/_simulator/sandboxes/{self.name}{path}", **body)

    def control_json(self, method: str, path: str = "", json: Any = None) -> Any:
        """A control call that must succeed; its JSON."""
        answer = self.control(method, path, json)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None


@contextmanager
def sandbox_at(url: str, name: str = "ada") -> Iterator[Sandbox]:
    """A sandbox of the server at this address, for as long as the block lasts; `http` calls the server."""
    with httpx2.Client(base_url=url, timeout=30, trust_env=False) as http:
        yield Sandbox(http, name)


@contextmanager
def files(folder: Path) -> Iterator[str]:
    """The URL of a server of these files, on a port, and so an origin, of its own."""

    def file(received: Received) -> Reply:
        found = folder / (received.path.strip("/") or "index.html")
        kind = mimetypes.guess_type(found)[0] or "application/octet-stream"
        return Reply(200, {"content-type": kind}, found.read_bytes()) if found.is_file() else Reply(404)

    with Listener(file) as server:
        yield f"{server.url}/"
