"""A caller that creates assessments in many sandboxes."""

import threading
import time
from itertools import cycle

import httpx2

from tests.server import assessment
from tests.servers import Sandbox


class Creator(threading.Thread):
    """Creates assessments in some sandboxes, one after the other."""

    def __init__(self, http: httpx2.Client, names: list[str]) -> None:
        super().__init__(daemon=True)
        self.names = names
        self.created: list[tuple[str, str]] = []
        self.failed: list[str] = []
        self.took: list[tuple[float, float]] = []
        self.stopped = threading.Event()
        self._sandboxes = [Sandbox(http, name) for name in names]

    def run(self) -> None:
        for sandbox in cycle(self._sandboxes):
            if self.stopped.is_set():
                return
            began = time.monotonic()
            try:
                self.created.append((sandbox.name, assessment(sandbox)["assessmentId"]))
            except (AssertionError, httpx2.HTTPError) as problem:
                self.failed.append(f"{time.monotonic() - began:.3f} s: {problem!r}")
            self.took.append((began, time.monotonic() - began))
