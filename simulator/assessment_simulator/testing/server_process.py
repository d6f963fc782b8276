"""A server in a process of its own, for a test run: its settings come as a line of JSON, and it ends with the run.

It does not run in the process of the tests, because a frozen clock, forbidden sockets or warnings as errors would
affect the server, too.
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
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any, cast

from assessment_simulator.settings import Settings

ENDS_WITHIN = 10.0
"""Seconds that a server has to stop gracefully when its run has ended."""
_GREETING = "listening on "
_STARTS_WITHIN = 60.0


def start(settings: Settings, errors: Path, lifeline: int) -> str:
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
        threading.Thread(target=_stop_with, args=(lifeline,), daemon=True).start()
    return serve(settings)


def _stop_with(lifeline: socket.socket) -> None:
    """Wait until the other side has closed the connection, or has ended; then stop, at once if it takes too long."""
    with suppress(OSError):
        lifeline.recv(1)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(ENDS_WITHIN)
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
