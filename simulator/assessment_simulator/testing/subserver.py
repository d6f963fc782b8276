"""A server in a process of its own, for a test run: its settings come as a line of JSON, and it ends with its starter.

Not in the run's own process, where a frozen clock, forbidden sockets or warnings as errors would be the server's too.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from dataclasses import asdict, replace
from tempfile import TemporaryFile
from typing import IO, cast

from assessment_simulator.settings import Settings

_GREETING = "listening on "
_STARTS_WITHIN = 60.0


class Subserver:
    """A server that runs from now on; raises RuntimeError, with what it said, when it does not start."""

    def __init__(self, settings: Settings) -> None:
        self._errors: IO[bytes] = TemporaryFile()  # noqa: SIM115 - closed by stop
        self._process = subprocess.Popen(
            # -P: whatever lies in the present directory must not pass for a module of ours
            [sys.executable, "-P", "-m", "assessment_simulator.testing.subserver"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            start_new_session=True,  # Ctrl-C is for the tests, which still have sandboxes to clear away
        )
        self._input, self._output = cast("IO[bytes]", self._process.stdin), cast("IO[bytes]", self._process.stdout)
        self.url = self._started(settings)

    def said(self) -> str:
        """What it has written to standard error: nothing, unless something went wrong."""
        self._errors.seek(0)
        return self._errors.read().decode(errors="replace")

    def stop(self) -> None:
        """End it, in good order if it can."""
        with contextlib.suppress(OSError):
            self._input.close()
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._output.close()
        self._errors.close()

    def _started(self, settings: Settings) -> str:
        late = threading.Timer(_STARTS_WITHIN, self._process.kill)
        late.start()
        with contextlib.suppress(OSError):  # it has ended already: the line that does not come says so
            self._input.write(written(settings).encode() + b"\n")
            self._input.flush()
        line = self._output.readline().decode()
        late.cancel()
        if not line.startswith(_GREETING):
            said = self.said()
            self.stop()
            raise RuntimeError(f"the simulator did not start:\n{said}")
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
    """Serve with the settings on standard input, until that ends; returns the exit status."""
    from assessment_simulator.serving import serve

    with open(0, "rb", buffering=0, closefd=False) as line:
        settings = read(line.readline())
    threading.Thread(target=_end_with_input, daemon=True).start()
    return serve(settings)


def _end_with_input() -> None:
    """Wait for the end of standard input: whoever holds the other side has closed it, or has ended somehow."""
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
