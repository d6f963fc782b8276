"""A listener in a process of its own, which notes down at once what comes.

Beside the callers it would have to wait for them, and for the collector of all that a long run of tests has left: a
webhook that came before a kill would be noted down after it, and seem to be of the next process.
"""

from contextlib import AbstractContextManager, suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Self

from tests.servers import Listener, Received


def _listen(asked: Connection) -> None:
    with Listener() as listener, suppress(EOFError, KeyboardInterrupt):
        asked.send(listener.url)
        while asked.recv():
            asked.send(listener.received)


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
        self._asked.send(True)
        received: list[Received] = self._asked.recv()
        return received
