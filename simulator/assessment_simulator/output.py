"""Standard output and standard error that never make the program wait.

A write to a pipe that is not read, or to a terminal stopped with Ctrl-S, blocks for as long as its reader likes. So a
write here only puts text into a bounded queue, and one daemon thread per stream writes it to the descriptor.

- `write` and `flush` never wait for the reader. When the queue is full, or a write fails (closed pipe, full disk),
  lines are dropped and counted, and a line says so as soon as writing is possible again.
- `drain` waits for the reader for a bounded time. It runs at exit; what is not written by then is lost.
- Nothing is changed that other processes can see: the open file stays as it is, O_NONBLOCK is not set.
- After a fork the child begins with an empty queue and a thread of its own.
"""

import atexit
import io
import os
import select
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import NamedTuple
from weakref import WeakSet

MOST = 1_048_576
"""Bytes that wait for the reader at most."""
AT_ONCE = getattr(select, "PIPE_BUF", 512)
"""Bytes of several lines in one write: no other process can write into the middle of so many in a pipe."""
GATHER = 0.01
"""Seconds that a line waits for others: to wake the thread for each line costs more than to write it."""
LAST_WAIT = 1.0
"""Seconds that `drain` waits in all, and"""
STILL = 0.2
"""seconds that it waits for a reader who takes nothing."""
_LOCKED = 1.0
"""Seconds after which the lock counts as lost: a daemon thread can hold it when the interpreter ends."""
_every: "WeakSet[Output]" = WeakSet()


class _Piece(NamedTuple):
    """Bytes in the queue. If they are lost, `lines` are to be reported and `fresh` of these were not counted before."""

    data: bytes
    lines: int
    fresh: int


class Output(io.TextIOBase):
    """A text stream over a descriptor; `notice`, if there is one, makes the line that reports dropped lines."""

    def __init__(self, descriptor: int, encoding: str, notice: Callable[[int], str] | None = None) -> None:
        self.notice = notice
        self.dropped = 0
        """Lines that were not written and never will be."""
        self.problem: OSError | None = None
        """Why the last write failed; None if it did not."""
        self._descriptor = descriptor
        self._encoding = encoding
        self._begin()
        _every.add(self)

    def _begin(self) -> None:
        """Start with nothing to write; the thread starts with the first line."""
        self.dropped = 0
        self._changed = threading.Condition(threading.RLock())  # a finalizer may write while its own thread writes
        self._queue: deque[_Piece] = deque()
        self._size = self._progress = self._unreported = 0
        self._partial = ""
        self._is_full = self._is_torn = self._is_waiting = self._is_urgent = False
        self._writing: list[_Piece] = []
        self._thread: threading.Thread | None = None

    # What a text stream can do.

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The encoding of the stream that this one replaces."""
        return self._encoding

    @property
    def errors(self) -> str:  # type: ignore[override]
        """What cannot be encoded is written as an escape."""
        return "backslashreplace"

    def fileno(self) -> int:
        """The descriptor."""
        return self._descriptor

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        return os.isatty(self._descriptor)

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, text: str) -> int:
        """Queue text, line by line; what follows the last line's end waits for the rest of its line, or for `flush`."""
        if not isinstance(text, str):
            raise TypeError(f"a text stream takes str, not {type(text).__name__}")
        if not self._changed.acquire(timeout=_LOCKED):
            return len(text)
        try:
            lines, rest = (text, "") if text.endswith("\n") else _split(text)
            if lines:
                self._put(self._partial + lines)
                self._partial = rest
            elif len(self._partial) + len(rest) <= MOST:
                self._partial += rest
            else:
                self._put(self._partial + rest)
                self._partial = ""
        finally:
            self._changed.release()
        return len(text)

    def flush(self) -> None:
        """Queue an incomplete line, too; this does not wait until it is written."""
        if self._partial and self._changed.acquire(timeout=_LOCKED):
            try:
                text, self._partial = self._partial, ""
                self._put(text)
            finally:
                self._changed.release()

    def drain(self) -> bool:
        """Wait until all is written; whether that is so, or has failed.

        Waits for `LAST_WAIT` at most, and for `STILL` where nothing is taken.
        """
        self.flush()
        deadline = monotonic() + LAST_WAIT
        if not self._changed.acquire(timeout=_LOCKED):
            return False
        try:
            self._is_urgent = True
            self._changed.notify_all()
            while self._queue or self._writing:
                before, left = self._progress, min(STILL, deadline - monotonic())
                if left <= 0 or not (self._changed.wait(left) or self._progress != before):
                    return False
            return True
        finally:
            self._is_urgent = False
            self._changed.release()

    # The queue; the lock is held.

    def _put(self, text: str) -> None:
        data = text.encode(self._encoding, "backslashreplace")
        self._is_full = self._size + len(data) > (
            MOST // 2 if self._is_full else MOST
        )  # or each line would be reported
        if self._is_full or not self._is_served():
            self.dropped += 1
            self._unreported += 1
            return
        self._report()
        self._add(_Piece(data, 1, 1))

    def _report(self) -> None:
        """Put the line that reports dropped lines where they are missing."""
        if self._unreported and self.notice:
            data = self.notice(self._unreported).encode(self._encoding, "backslashreplace")
            self._add(_Piece(data, self._unreported, 0))
        self._unreported = 0

    def _add(self, piece: _Piece) -> None:
        self._queue.append(piece)
        self._size += len(piece.data)
        if self._is_waiting:
            self._is_waiting = False
            self._changed.notify_all()

    def _is_served(self) -> bool:
        """Whether a thread writes, which is started now if there is none."""
        if self._thread is None:
            thread = threading.Thread(target=self._work, name="simulator output", daemon=True)
            try:
                thread.start()
            except RuntimeError:  # the interpreter ends, or the system has no thread left
                return False
            self._thread = thread
        return True

    def _take(self) -> list[_Piece]:
        """The pieces to write at once."""
        taken = [self._queue.popleft()]
        size = len(taken[0].data)
        while self._queue and size + len(self._queue[0].data) <= AT_ONCE:
            taken.append(self._queue.popleft())
            size += len(taken[-1].data)
        self._size -= size
        return taken

    # The thread that writes.

    def _work(self) -> None:
        with suppress(AttributeError):  # a job in the background must not be stopped because it writes to its terminal
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTTOU})
        while True:
            with self._changed:
                if not self._queue and self._unreported and self.problem is None:
                    self._report()
                while not self._queue:
                    self._is_waiting = True
                    self._changed.wait()
                    if not self._is_urgent:
                        self._changed.wait(GATHER)
                self._writing = self._take()
            self._write(self._writing)

    def _write(self, pieces: list[_Piece]) -> None:
        """Write them, as long as it takes; count those that cannot be written."""
        data = b"".join([b"\n" if self._is_torn else b"", *(piece.data for piece in pieces)])
        gone, problem = 0, None
        try:
            while gone < len(data):
                try:
                    gone += os.write(self._descriptor, data[gone:] if gone else data)
                except BlockingIOError:  # another process has set O_NONBLOCK on the open file that it shares with us
                    select.select([], [self._descriptor], [], 1.0)
        except (OSError, ValueError) as found:
            problem = found if isinstance(found, OSError) else OSError(str(found))
        with self._changed:
            self.problem = problem
            if problem is not None:
                self._lost(pieces, gone - self._is_torn)
            else:
                self._is_torn = False
            self._writing = []
            self._progress += 1
            self._changed.notify_all()

    def _lost(self, pieces: list[_Piece], gone: int) -> None:
        """Count what is missing after so many bytes of these pieces."""
        end = 0
        for piece in pieces:
            begin, end = end, end + len(piece.data)
            if end > gone:
                self._is_torn = self._is_torn or begin < gone
                self._unreported += piece.lines
                self.dropped += piece.fresh


def _split(text: str) -> tuple[str, str]:
    """The complete lines of a text, and the rest."""
    lines, end, rest = text.rpartition("\n")
    return lines + end, rest


def take_over(name: str, notice: Callable[[int], str] | None = None) -> None:
    """Let `sys.stdout` or `sys.stderr` never block from now on; one that has no descriptor stays as it is."""
    stream = getattr(sys, name)
    if isinstance(stream, Output):
        stream.notice = notice
        return
    try:
        descriptor = stream.fileno()
    except (AttributeError, OSError, ValueError):  # there is none, or it is a test's
        return
    setattr(sys, name, Output(descriptor, stream.encoding, notice))


def drain() -> None:
    """Wait for all streams, each for a bounded time."""
    for stream in [*_every]:
        stream.drain()


def failure(stream: object) -> OSError | None:
    """Why what was just written to a stream did not arrive; None if it did, or still waits for its reader."""
    if not isinstance(stream, Output):
        return None
    stream.drain()
    return stream.problem


def dropped() -> int:
    """How many lines this process has dropped."""
    return sum(stream.dropped for stream in _every)


def _forked() -> None:
    for stream in [*_every]:
        stream._begin()  # its lock and its thread are the parent's


atexit.register(drain)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
