"""A server in a process of its own, for a test run: its settings come as a line of JSON, and it ends with the run.

Not in the run's own process, where a frozen clock, forbidden sockets or warnings as errors would be the server's too.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import IO, cast

from assessment_simulator.settings import Settings

ENDS_WITHIN = 10.0
"""So many seconds a server has to end in good order when its run has ended."""
_GREETING = "listening on "
_STARTS_WITHIN = 60.0


def start(settings: Settings, errors: Path, leash: int) -> str:
    """Start a server that ends with its connection to the port `leash`, and give its URL; it writes to `errors`.

    Raises RuntimeError, with what it said, when it does not start.
    """
    with errors.open("wb") as said:
        process = subprocess.Popen(  # noqa: S603  this program
            # -P: whatever lies in the present directory must not pass for a module of ours
            [sys.executable, "-P", "-m", "assessment_simulator.testing.server_process", str(leash)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
            start_new_session=True,  # Ctrl-C is for the tests, which still have sandboxes to clear away
        )
    asked, output = cast("IO[str]", process.stdin), cast("IO[str]", process.stdout)
    late = threading.Timer(_STARTS_WITHIN, process.kill)
    late.start()
    with suppress(OSError), asked:  # it has ended already: the line that does not come says so
        asked.write(f"{written(settings)}\n")
    with output:
        line = output.readline()
    late.cancel()
    if not line.startswith(_GREETING):
        process.kill()
        process.wait()
        raise RuntimeError(f"the simulator did not start:\n{errors.read_text(errors='replace')}")
    process.returncode = 0  # it outlives this process, so nobody here waits for it
    return line.removeprefix(_GREETING).strip()


def written(settings: Settings) -> str:
    """The settings as a line of JSON, always the same for the same settings."""
    return json.dumps(asdict(settings), sort_keys=True)


def read(line: str | bytes) -> Settings:
    """The settings of such a line."""
    settings = Settings(**json.loads(line))
    hosts = settings.webhook_hosts
    return replace(
        settings, webhook_hosts=None if hosts is None else tuple(hosts),
        trusted_proxies=tuple(settings.trusted_proxies), allowed_hosts=tuple(settings.allowed_hosts),
        cors_origins=tuple(settings.cors_origins),
    )  # fmt: skip


def main() -> int:
    """Serve with the settings on standard input, until the leash breaks; returns the exit status.

    The leash is a connection to the port that the first argument names; without one a signal alone ends the server.
    """
    from assessment_simulator.runner import serve

    with open(0, "rb", buffering=0, closefd=False) as line:
        settings = read(line.readline())
    for port in sys.argv[1:]:
        leash = socket.create_connection(("127.0.0.1", int(port)))
        threading.Thread(target=_end_with, args=(leash,), daemon=True).start()
    return serve(settings)


def _end_with(leash: socket.socket) -> None:
    """Wait until the other side has closed the connection, or has ended somehow; then end, at once if need be."""
    with suppress(OSError):
        leash.recv(1)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(ENDS_WITHIN)
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
