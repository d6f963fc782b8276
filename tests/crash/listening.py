"""A listener in a process of its own, which can tell when all that a dead process had sent is noted down.

However late it notes things down, on a busy machine or after a long run of tests: who killed a process waits for it,
so that what the dead had sent is never taken for something that its successor sent.
"""

import threading
from contextlib import AbstractContextManager, closing, suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Self

from assessment_contracts import kit
from tests.servers import Listener, Received


def _listen(asked: Connection) -> None:
    with Listener() as listener, suppress(EOFError, KeyboardInterrupt):
        own = {*threading.enumerate()}
        asked.send(listener.url)
        while True:
            if asked.recv() == "received":
                asked.send([one for one in listener.received if one.method == "POST"])
                continue
            _come_round(listener.url)
            for handler in {*threading.enumerate()} - own:
                if handler.is_alive():  # one that is only just being started is of a connection that came later
                    handler.join()
            asked.send(True)


def _come_round(url: str) -> None:
    """Call oneself: connections are accepted in their order, so whatever came before this has its handler then."""
    with closing(kit.Connection(url)) as oneself:
        oneself.request("GET", "/")


class Aside(AbstractContextManager["Aside"]):
    """A `Listener` elsewhere; all processes of a machine have the same `time.monotonic()`."""

    def __enter__(self) -> Self:
        context = get_context("spawn")
        self._asked, theirs = context.Pipe()
        self._process = context.Process(target=_listen, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()
        self.url: str = self._asked.recv()
        return self

    def __exit__(self, *_: object) -> None:
        self._asked.close()
        self._process.join()

    def received(self) -> list[Received]:
        """What has come so far."""
        self._asked.send("received")
        received: list[Received] = self._asked.recv()
        return received

    def wait_until_noted(self) -> None:
        """Return when all that was sent before, by the dead and by those who live, is noted down."""
        self._asked.send("noted")
        self._asked.recv()
