"""The servers of a test run, each in a process of its own: one for each `Settings`.

A server does not run in the process of the tests, because a frozen clock, forbidden sockets or warnings as errors would
affect it, too. Its settings come as a line of JSON on standard input, and it ends with the run.

Under pytest-xdist the workers share a folder of the controller's. The first worker that needs a server starts it, under
a lock, and writes its address there; the controller cannot start it, because a test suite may override the fixture with
the settings. Each server ends with the controller, which ends after all workers.
"""

import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, suppress
from dataclasses import asdict, replace
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any, NamedTuple, cast

from assessment_simulator.core.text import install
from assessment_simulator.settings import Settings

# Seconds that a server has to stop gracefully when its run has ended.
ENDS_WITHIN = 10.0
_GREETING = "listening on "
_STARTS_WITHIN = 60.0
# The line that says which port intercepts.
_INTERCEPTING = re.compile(r".*intercepting .* on port (\d+).*\n")


class PooledServer(NamedTuple):
    """A running server; the control token is None in open access, the port that intercepts None without one."""

    url: str
    control_token: str | None
    intercept: int | None = None


class ServerPool:
    """The servers of the test run that this process controls."""

    def __init__(self) -> None:
        self._folder = TemporaryDirectory(prefix="simulator-")
        # Each server connects to it, and ends when that connection is closed.
        self._lifeline = socket.create_server(("127.0.0.1", 0))

    def address(self) -> dict[str, Any]:
        """What `server` needs, also in another process."""
        return {"folder": self._folder.name, "port": self._lifeline.getsockname()[1]}

    def all(self) -> list[PooledServer]:
        """The servers that were started."""
        return [_read(path) for path in sorted(Path(self._folder.name).glob("*.json"))]

    def stderr(self) -> str:
        """What the servers have written to standard error."""
        logs = sorted(Path(self._folder.name).glob("*.log"))
        text = "".join(log.read_text(encoding="utf-8", errors="replace") for log in logs)
        return _INTERCEPTING.sub("", text)

    def close(self) -> None:
        """Stop all servers."""
        connections: list[socket.socket] = []
        self._lifeline.setblocking(False)
        with suppress(BlockingIOError):
            while True:
                connections.append(self._lifeline.accept()[0])
        for connection in connections:
            # Its server has ended already.
            with suppress(OSError):
                connection.shutdown(socket.SHUT_WR)
        for connection in connections:
            connection.settimeout(ENDS_WITHIN + 5)
            with connection, suppress(OSError):
                # Returns when the server has ended.
                connection.recv(1)
        self._lifeline.close()
        self._folder.cleanup()


def server(address: dict[str, Any], settings: Settings, *, shared: bool) -> PooledServer:
    """The server of a pool with these settings, started if necessary; raises RuntimeError if it does not start.

    `shared` says that other processes use the pool, too.
    """
    name = sha256(written(settings).encode()).hexdigest()
    path = Path(address["folder"]) / f"{name}.json"
    with ExitStack() as stack:
        if shared:
            try:
                from filelock import FileLock
            except ModuleNotFoundError:
                why = f"under pytest-xdist the simulator needs filelock: {install('pytest')}"
                raise RuntimeError(why) from None
            stack.enter_context(FileLock(path.with_name("lock")))
        if not path.exists():
            closed = settings.access == "closed"
            token = (settings.control_token or secrets.token_urlsafe(24)) if closed else None
            url = _start(replace(settings, control_token=token), path.with_suffix(".log"), address["port"])
            written_port = _INTERCEPTING.search(path.with_suffix(".log").read_text(errors="replace"))
            port = int(written_port[1]) if written_port else None
            path.write_text(json.dumps({"url": url, "control_token": token, "intercept": port}))
    return _read(path)


def _read(path: Path) -> PooledServer:
    return PooledServer(**json.loads(path.read_text()))


def _start(settings: Settings, errors: Path, lifeline: int) -> str:
    """Start a server that ends with its connection to the port `lifeline`, and return its URL.

    It writes its standard error to the file `errors`. Raises RuntimeError, with that text, if it does not start.
    """
    # -P: modules in the current directory must not shadow ours. A new session: Ctrl-C is for the tests, which still
    # have sandboxes to delete.
    command = [sys.executable, "-P", "-m", "assessment_simulator.testing.server_process", str(lifeline)]
    with errors.open("wb") as stderr:
        process = subprocess.Popen(  # noqa: S603  this program
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr, text=True, start_new_session=True
        )
    stdin, stdout = cast("IO[str]", process.stdin), cast("IO[str]", process.stdout)
    timer = threading.Timer(_STARTS_WITHIN, process.kill)
    timer.start()
    # If it has ended already, the line below is missing.
    with suppress(OSError), stdin:
        stdin.write(f"{written(settings)}\n")
    with stdout:
        line = stdout.readline()
    timer.cancel()
    if not line.startswith(_GREETING):
        process.kill()
        process.wait()
        raise RuntimeError(f"the simulator did not start:\n{errors.read_text(errors='replace')}")
    # It outlives this process, which does not wait for it.
    process.returncode = 0
    return line.removeprefix(_GREETING).strip()


def written(settings: Settings) -> str:
    """The settings as a line of JSON, always the same for the same settings."""
    return json.dumps(asdict(settings), sort_keys=True)


def main() -> int:
    """Serve with the settings on standard input. Returns the exit status.

    The argument, if there is one, is the port of the lifeline: a connection whose end stops the server.
    """
    from assessment_simulator.runner import serve

    with open(0, "rb", buffering=0, closefd=False) as stdin:
        members: dict[str, Any] = json.loads(stdin.readline())
    tuples = {name: tuple(value) for name, value in members.items() if isinstance(value, list)}
    settings = Settings(**(members | tuples))
    for port in sys.argv[1:]:
        lifeline = socket.create_connection(("127.0.0.1", int(port)))

        def stop_with_run(lifeline: socket.socket = lifeline) -> None:
            # Returns when the other side has closed the connection, or has ended.
            with suppress(OSError):
                lifeline.recv(1)
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(ENDS_WITHIN)
            os._exit(1)

        threading.Thread(target=stop_with_run, daemon=True).start()
    return serve(settings, is_guided=False)


if __name__ == "__main__":
    sys.exit(main())
