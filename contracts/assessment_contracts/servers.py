"""A simulator of the suite's own: the command `serve`, in a process of its own."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import IO

GREETING = "listening on "
COMMAND = (sys.executable, "-P", "-m", "assessment_simulator")
"""`-P`: a folder `simulator` from where it is called is not ours."""


class NotServing(Exception):
    """The simulator did not start; the message holds what it said."""


@contextmanager
def serving(*options: str, command: Sequence[str] = COMMAND, within: float = 20) -> Iterator[str]:
    """Serve on a free port for as long as the block lasts; gives the base address.

    What it says on standard error (it ends while calls that were delayed on purpose are under way) is shown only where
    it does not start.
    """
    environ = {name: value for name, value in os.environ.items() if not name.startswith("SIMULATOR_")}
    with TemporaryFile() as errors:
        process = subprocess.Popen(  # noqa: S603  our own command
            [*command, "serve", "--port", "0", *options], stdout=subprocess.PIPE, stderr=errors, env=environ, text=True
        )
        try:
            yield _greeting(process, within, errors)
        finally:
            _stop(process)


def _stop(process: "subprocess.Popen[str]") -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout:
        process.stdout.close()


def _greeting(process: "subprocess.Popen[str]", within: float, errors: IO[bytes]) -> str:
    """The address in the first line; a process that says none in time is stopped."""
    late = threading.Timer(within, process.kill)
    late.start()
    line = process.stdout.readline() if process.stdout else ""
    late.cancel()
    if not line.startswith(GREETING):
        process.kill()
        process.wait()
        errors.seek(0)
        said = (line + errors.read().decode(errors="replace")).strip()
        raise NotServing(f"the simulator did not start within {within:g} s; it said: {said[-1_000:] or 'nothing'}")
    return line.removeprefix(GREETING).strip()
