"""A server in a separate process: started, waited for, and ended in limited time."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, Self

GREETING = "listening on "
"""How the first line of a server begins; its URL follows."""
QUIET = 0.1
"""Seconds without output after which standard error is taken to be complete."""


class NotStarted(Exception):
    """The server did not print its address in time; the message contains its output."""


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment without `SIMULATOR_…`, and with `more`."""
    return {name: value for name, value in os.environ.items() if not name.startswith("SIMULATOR_")} | dict(more or {})


def serve_command(*options: str) -> list[str]:
    """The command that runs the simulator on a free port; `-P` ignores packages in the current directory."""
    return [sys.executable, "-P", "-m", "assessment_simulator", "serve", "--port", "0", *options]


class ServerProcess(AbstractContextManager["ServerProcess"]):
    """Runs a server for as long as the block lasts; it can be started again after it has ended.

    `environ` is added to `environment()`, `within` is the number of seconds to start. `first_line` is written to
    standard input, which then stays open until the end. `popen` goes to `subprocess.Popen`; a `stderr` given there
    cannot be read here.
    """

    def __init__(
        self, command: Sequence[str], *, environ: Mapping[str, str] | None = None, within: float = 20,
        first_line: str | None = None, **popen: Any,
    ) -> None:  # fmt: skip
        self.command = [*command]
        self.url = ""
        self.process: subprocess.Popen[str]
        self._environ = environment(environ)
        self._within = within
        self._first_line = first_line
        self._popen = popen
        self._errors: IO[bytes] | None = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The id of the process."""
        return self.process.pid

    @property
    def children(self) -> list[int]:
        """The ids of the processes that it has started, as Linux lists them."""
        return [int(child) for child in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()]

    def start(self) -> Self:
        """Start the process and wait until it prints its address; `NotStarted` if it does not."""
        if "stderr" not in self._popen:
            self._errors = TemporaryFile()  # noqa: SIM115  closed by `close`
        streams = {"stdout": subprocess.PIPE, "stderr": self._errors} | self._popen
        if self._first_line is not None:
            streams["stdin"] = subprocess.PIPE
        self.process = subprocess.Popen(self.command, env=self._environ, text=True, **streams)  # noqa: S603  our own
        try:
            self.url = self.wait_until_ready()
        except BaseException:
            self.kill()
            raise
        return self

    def wait_until_ready(self) -> str:
        """Wait until the process serves, and return its URL; a subclass may have another way to find out."""
        # A read has no time limit of its own: the end of the process ends it.
        late = threading.Timer(self._within, self.process.kill)
        late.start()
        if self._first_line is not None and self.process.stdin:
            with suppress(OSError):  # it has ended already; the missing line shows that
                self.process.stdin.write(f"{self._first_line}\n")
                self.process.stdin.flush()
        line = self.process.stdout.readline() if self.process.stdout else ""
        late.cancel()
        if line.startswith(GREETING):
            return line.removeprefix(GREETING).strip()
        with suppress(subprocess.TimeoutExpired):  # one that has closed its output is about to end
            self.process.wait(QUIET)
        self.process.kill()
        self.process.wait()
        ended = self.process.returncode != -signal.SIGKILL
        why = f"ended with {self.process.returncode}" if ended else f"did not start within {self._within:g} s"
        said = f"{line}{self.stderr()}".strip()[-1_000:] or "nothing"
        raise NotStarted(f"the server {why}; it printed: {said}")

    def stderr(self, since: int = 0) -> str:
        """What it has written to standard error, from byte `since` on; while it runs, waits until it pauses."""
        if self._errors is None:
            return ""
        size = -1
        while self.process.poll() is None and size != (size := self.stderr_size()):
            time.sleep(QUIET)  # nothing tells that a running process has written all
        # The process shares the file's position: reading must not move it.
        return os.pread(self._errors.fileno(), self.stderr_size(), since).decode(errors="replace")

    def stderr_size(self) -> int:
        """How many bytes of standard error there are by now."""
        return os.fstat(self._errors.fileno()).st_size if self._errors else 0

    def terminate(self, grace: float = 10) -> int:
        """Send SIGTERM, and SIGKILL `grace` seconds later where that is needed; returns the exit status."""
        self.process.terminate()
        try:
            return self.process.wait(grace)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()

    def stop(self) -> None:
        """End the process by SIGTERM, or by SIGKILL if it does not end, and close its streams."""
        self.terminate()
        self.close()

    def kill(self) -> None:
        """End the process by SIGKILL, as a crash would, and close its streams."""
        self.process.kill()
        self.process.wait()
        self.close()

    def close(self) -> None:
        """Close the streams of a process that has ended."""
        for stream in (self.process.stdin, self.process.stdout, self._errors):
            with suppress(OSError):  # an unread line is still in the buffer
                if stream:
                    stream.close()
