"""`serve --workers N`: several processes on the same sockets, which share a PostgreSQL log.

The parent opens the sockets, forks the processes one after the other, prints the first line when all serve, and
replaces a process that dies. When the parent ends, however it ends, a pipe breaks and the processes stop.

A signal that stops the server may reach a process twice: from a terminal or a service manager, which signals a whole
group, and from the parent. So a process counts SIGTERM and SIGINT once; the parent sends SIGUSR1 to end it at once.
"""

import logging
import math
import os
import secrets
import signal
import socket
import threading
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from types import FrameType

from assessment_simulator import output, runner
from assessment_simulator.app import Simulator
from assessment_simulator.settings import Settings
from assessment_simulator.storage import LogError
from assessment_simulator.storage.factory import opened

# Seconds beyond their grace that the processes have to stop, before the parent ends them at once.
STOP_SLACK = 5.0
# Seconds that the processes have to end at once, before they are killed.
_KILL_AFTER = 3.0
_RESTART_DELAY = 0.1
_log = logging.getLogger("simulator.workers")


def serve_together(settings: Settings) -> int:
    """Serve with `settings.workers` processes until a signal comes. Returns the exit status."""
    warn = runner.set_up_messages(settings)
    settings = runner.limit_connections(settings, warn)
    try:
        # An unusable log is reported once, before any process starts.
        opened(settings.log)
        listeners = runner.listen(settings)
    except (LogError, OSError) as problem:
        warn(runner.start_error(settings, problem))
        return 1
    if settings.access == "closed" and settings.control_token is None:
        settings = replace(settings, control_token=secrets.token_urlsafe(24))
        warn(f"control token: {settings.control_token}")
    return _Parent(settings, listeners, warn).run()


class _WorkerServer(runner.Server):
    """The server in one process."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop gracefully; at once at SIGUSR1 only."""
        self.should_exit = True
        self.force_exit = self.force_exit or sig == signal.SIGUSR1


class _Parent:
    def __init__(self, settings: Settings, listeners: list[socket.socket], warn: Callable[[str], None]) -> None:
        self._settings = settings
        self._listeners = listeners
        self._warn = warn
        self._pids: set[int] = set()
        # The signals to stop that have come.
        self._signals: list[int] = []
        # Closed by the system when this process ends; the other processes stop then.
        self._lifeline = os.pipe()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda number, frame: self._signals.append(number))

    def run(self) -> int:
        """Start all processes, replace those that die until a signal comes, and stop them."""
        # The first opens the sandboxes of the settings.
        others = replace(self._settings, sandboxes={})
        serves = self._fork(self._settings) and all(self._fork(others) for _ in range(1, self._settings.workers))
        if serves and runner.print_url(runner.url_of(self._settings, self._listeners), self._warn):
            runner.print_guide(self._settings, self._listeners, self._warn)
            while not self._signals:
                for pid in self._reap():
                    if not self._signals:
                        self._warn(f"process {pid} died; another takes its place")
                        self._fork(others)
                time.sleep(_RESTART_DELAY)
        was_stopped = bool(self._signals)
        # A second signal ends the first wait.
        for number, seconds, signals in (
            (signal.SIGTERM, self._settings.grace + STOP_SLACK, 1),
            (signal.SIGUSR1, _KILL_AFTER, math.inf),
            (signal.SIGKILL, 0.0, math.inf),
        ):
            for pid in self._pids:
                os.kill(pid, number)
            deadline = time.monotonic() + seconds
            while self._pids and len(self._signals) <= signals and time.monotonic() < deadline:
                self._reap()
                time.sleep(0.01)
        return 0 if was_stopped else 1

    def _reap(self) -> list[int]:
        """The processes that have ended since the last call."""
        ended = [pid for pid in self._pids if os.waitpid(pid, os.WNOHANG)[0]]
        self._pids.difference_update(ended)
        return ended

    def _fork(self, settings: Settings) -> bool:
        """Start a process and wait until it serves. Returns whether it does."""
        reading, writing = os.pipe()
        with warnings.catch_warnings():
            # Python 3.12 warns of threads. The only other one writes standard error; `output` replaces it in the child.
            warnings.simplefilter("ignore", DeprecationWarning)
            pid = os.fork()
        if pid == 0:
            status = 1
            try:
                os.close(reading)
                status = self._serve(settings, writing)
            except Exception:  # noqa: BLE001  there is no caller who could handle it: the stack below is the parent's
                _log.exception("process %d failed", os.getpid())
            finally:
                output.drain()
                os._exit(status)
        os.close(writing)
        self._pids.add(pid)
        with os.fdopen(reading, "rb") as ready:
            return ready.read(1) == b"."

    def _serve(self, settings: Settings, ready: int) -> int:
        """Serve in a child process, and write a byte to `ready` when it listens. Returns the exit status."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        os.close(self._lifeline[1])

        def stop_with_parent() -> None:
            os.read(self._lifeline[0], 1)
            os.kill(os.getpid(), signal.SIGTERM)

        def announce() -> bool:
            # Earlier lines must come before the first line on standard output.
            output.drain()
            try:
                os.write(ready, b".")
            except BrokenPipeError:
                # The parent has ended.
                return False
            os.close(ready)
            return True

        threading.Thread(target=stop_with_parent, daemon=True).start()
        try:
            server = _WorkerServer(Simulator(settings, self._warn), announce, settings)
        except LogError as problem:
            self._warn(runner.start_error(settings, problem))
            return 1
        signal.signal(signal.SIGUSR1, server.handle_exit)
        return runner.serve_on(self._listeners, server, settings, self._warn)
