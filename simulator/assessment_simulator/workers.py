"""Several processes on the same sockets, which share a log: `serve --workers N`. One that dies is started anew."""

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
from typing import NoReturn

from assessment_simulator import output
from assessment_simulator.app import Simulator
from assessment_simulator.open_files import fitted
from assessment_simulator.runner import Server, greet, messages, serve_on, unlogged
from assessment_simulator.settings import Settings
from assessment_simulator.sockets import listen, unheard, url_of
from assessment_simulator.storage import Unusable
from assessment_simulator.storage.factory import opened

PATIENCE = 5.0
"""Seconds beyond their grace that the processes have to end, before they are told to end at once."""
_log = logging.getLogger("simulator.workers")
_BREATH = 0.1
"""Seconds before a process that died is started anew."""
_LAST_BREATH = 3.0
"""Seconds that the processes have to end at once."""


def serve_together(settings: Settings) -> int:
    """Serve with `settings.workers` processes until a signal comes. Returns the exit status."""
    warn = messages(settings)
    settings = fitted(settings, warn)
    try:
        opened(settings.log)  # what is wrong with it is said once, and no process is begun
        listeners = listen(settings)
    except Unusable as problem:
        warn(unlogged(settings, problem))
        return 1
    except OSError as problem:
        warn(unheard(settings, problem))
        return 1
    if settings.access == "closed" and settings.control_token is None:
        settings = replace(settings, control_token=secrets.token_urlsafe(24))
        warn(f"control token: {settings.control_token}")
    team = Team(settings, listeners, warn)
    if team.start() and greet(url_of(settings, listeners), warn):
        team.watch()
    return team.stop()


class Member(Server):
    """One of the processes. A signal to end may come twice, though it was meant once: a terminal, or whoever ends a
    group of processes, sends it to each of them, and the one that watches over them passes it on. So only that one
    counts, and says by another signal when the end is to be at once."""

    AT_ONCE = signal.SIGUSR1

    def heed(self) -> None:
        """Listen to that other signal."""
        signal.signal(self.AT_ONCE, self._hurry)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop in good order."""
        self.should_exit = True

    def _hurry(self, number: int, frame: FrameType | None) -> None:
        self.should_exit = self.force_exit = True


class Team:
    """The processes, and who watches over them."""

    def __init__(self, settings: Settings, listeners: list[socket.socket], warn: Callable[[str], None]) -> None:
        self._settings = settings
        self._listeners = listeners
        self._warn = warn
        self._members: set[int] = set()
        self._asked = 0
        """How often a signal has asked for the end."""
        self._leash = os.pipe()
        """Breaks off when this process is no more, however it ended; then the others end, too."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._end)

    def _end(self, number: int, frame: FrameType | None) -> None:
        self._asked += 1

    def start(self) -> bool:
        """Begin them all; whether they all serve."""
        return all(self._begin(first=number == 0) for number in range(self._settings.workers))

    def _begin(self, *, first: bool = False) -> bool:
        """Begin one, and wait until it serves; the first opens the sandboxes of the settings."""
        reading, writing = os.pipe()
        settings = self._settings if first else replace(self._settings, sandboxes={})
        member = _forked()
        if member == 0:
            self._live(settings, reading, writing)
        os.close(writing)
        self._members.add(member)
        with os.fdopen(reading, "rb") as ready:
            return ready.read(1) == b"."

    def _live(self, settings: Settings, reading: int, writing: int) -> NoReturn:
        """The life of one process. It ends here whatever happens: what called this is the parent's to go on with."""
        status = 1
        try:
            os.close(reading)
            os.close(self._leash[1])
            threading.Thread(target=_follow, args=(self._leash[0],), daemon=True).start()
            status = _serve(settings, self._listeners, self._warn, writing)
        except Exception:  # noqa: BLE001  there is nobody else to whom it could be told
            _log.exception("process %d failed", os.getpid())
        finally:
            output.drain()
            os._exit(status)

    def watch(self) -> None:
        """Start anew whatever dies, until a signal comes."""
        while not self._asked:
            for member in self._gone():
                if not self._asked:
                    self._warn(f"process {member} died; another takes its place")
                    self._begin()
            time.sleep(_BREATH)

    def _gone(self) -> list[int]:
        gone = []
        for member in [*self._members]:
            if os.waitpid(member, os.WNOHANG)[0]:
                self._members.discard(member)
                gone.append(member)
        return gone

    def stop(self) -> int:
        """End them all, at once when that is asked for again. Returns the exit status."""
        served = self._asked > 0
        self._send(signal.SIGTERM)
        if not self._ended(self._settings.grace + PATIENCE, signals=1):
            self._send(Member.AT_ONCE)
            self._ended(_LAST_BREATH)
        self._send(signal.SIGKILL)
        return 0 if served else 1

    def _ended(self, seconds: float, signals: float = math.inf) -> bool:
        """Whether all end within so many seconds, and before more than so many signals have come."""
        deadline = time.monotonic() + seconds
        while self._members and self._asked <= signals and time.monotonic() < deadline:
            self._gone()
            time.sleep(0.01)
        return not self._members

    def _send(self, number: int) -> None:
        for member in self._members:
            os.kill(member, number)


def _forked() -> int:
    """Fork. The only other thread of this process writes what it says; `output` takes care of it in the child."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 warns of every other thread
        return os.fork()


def _follow(leash: int) -> None:
    os.read(leash, 1)
    os.kill(os.getpid(), signal.SIGTERM)


def _serve(settings: Settings, listeners: list[socket.socket], warn: Callable[[str], None], ready: int) -> int:
    """Serve as one of the processes. Returns the exit status."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    try:
        member = Member(Simulator(settings, warn), lambda: _tell(ready), settings)
        member.heed()
        return serve_on(listeners, member, settings, warn)
    except Unusable as problem:
        warn(unlogged(settings, problem))
        return 1


def _tell(ready: int) -> bool:
    output.drain()  # the first line on standard output follows
    os.write(ready, b".")
    os.close(ready)
    return True
