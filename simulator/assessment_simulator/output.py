"""Standard output and standard error that never make the program wait.

A write to a pipe that is not read, or to a terminal stopped with Ctrl-S, blocks for as long as its reader likes. So
`Output.write` only appends to a bounded queue, and one daemon thread per stream writes to the descriptor.

- `write` never waits for the reader. When the queue is full, further text is dropped and counted until the
  queue is empty again; text of a write that fails (closed pipe, full disk) is dropped and counted, too. A line reports
  the number as soon as writing is possible again.
- `drain` waits for the reader for a bounded time. It runs at exit; what is not written by then is lost.
- Other processes see no change: the open file stays as it is, O_NONBLOCK is not set.
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
from weakref import WeakSet

# Most bytes in the queue.
MAX_QUEUED = 1_048_576
# Most bytes of several lines in one write: in a pipe, no other process can write into the middle of these.
ATOMIC_WRITE = getattr(select, "PIPE_BUF", 512)
# Seconds that a line waits for others: to wake the thread for each line costs more than to write it.
GATHER = 0.01
# Seconds that `drain` waits in all.
MAX_DRAIN = 1.0
# Seconds that `drain` waits for a reader that reads nothing.
MAX_STALL = 0.2
_outputs: "WeakSet[Output]" = WeakSet()


class Output(io.TextIOBase):
    """A text stream over a descriptor; `report`, if there is one, makes the line that reports dropped lines."""

    encoding = ""

    def __init__(self, descriptor: int, encoding: str, report: Callable[[int], str] | None = None) -> None:
        self.report = report
        self.encoding = encoding
        self._descriptor = descriptor
        self.start()
        _outputs.add(self)

    def start(self) -> None:
        """Begin with an empty queue. The thread starts with the first text."""
        # Number of lines that were lost.
        self.dropped = 0
        # Why the last write to the descriptor failed; None if it did not.
        self.problem: OSError | None = None
        # Its lock is reentrant: a finalizer may write while its thread writes.
        self._changed = threading.Condition()
        self._queue: deque[bytes] = deque()
        self._size = self._reported = self._writes = 0
        self._is_full = self._is_writing = self._is_draining = self._is_cut = self._has_ended = False
        self._thread: threading.Thread | None = None

    def fileno(self) -> int:
        """The descriptor."""
        return self._descriptor

    def write(self, text: str) -> int:
        """Queue text, or drop it if the queue is full."""
        if not isinstance(text, str):
            raise TypeError(f"a text stream takes str, not {type(text).__name__}")
        if self._has_ended or not text:
            return len(text)
        data = text.encode(self.encoding, "backslashreplace")
        with self._changed:
            if self._thread is None:
                # The interpreter ends, or the system has no thread left.
                with suppress(RuntimeError):
                    thread = threading.Thread(target=self._run, name="simulator output", daemon=True)
                    thread.start()
                    self._thread = thread
            self._is_full = self._thread is not None and (self._is_full or self._size + len(data) > MAX_QUEUED)
            if self._is_full or self._thread is None:
                self.dropped += text.count("\n")
            else:
                self._queue.append(data)
                self._size += len(data)
            # With more, the thread is awake already.
            if len(self._queue) <= 1:
                self._changed.notify_all()
        return len(text)

    def drain(self) -> None:
        """Wait until all is written or has failed, for a bounded time."""
        deadline = monotonic() + MAX_DRAIN
        with self._changed:
            self._is_draining = True
            self._changed.notify_all()
            while self._queue or self._is_full or self._is_writing:
                writes, seconds = self._writes, min(MAX_STALL, deadline - monotonic())
                if seconds <= 0 or not (self._changed.wait(seconds) or self._writes != writes):
                    break
            self._is_draining = False

    def end(self) -> None:
        """Wait once more; then ignore what is written, because a daemon thread may hold the lock for ever."""
        self.drain()
        self._has_ended = True

    def _run(self) -> None:
        # A background job must not be stopped because it writes to its terminal.
        with suppress(AttributeError):
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTTOU})
        while True:
            with self._changed:
                while not (self._queue or self._is_full):
                    self._changed.wait()
                    if not self._is_draining:
                        self._changed.wait(GATHER)
                self._is_writing = True
                missing, data = 0, b""
                # What the full queue did not take is missing behind what is in it, so it is reported after that.
                if not (self._queue and self._is_full):
                    self._is_full = False
                    missing = self.dropped - self._reported
                while self._queue and (not data or len(data) + len(self._queue[0]) <= ATOMIC_WRITE):
                    data += self._queue.popleft()
                self._size -= len(data)
            if missing and self.report:
                report = self.report(missing).encode(self.encoding, "backslashreplace")
                self._reported += missing if self._write(report) == len(report) else 0
            lost = data[self._write(data) :]
            with self._changed:
                self.dropped += lost.count(b"\n")
                self._is_writing = False
                self._writes += 1
                self._changed.notify_all()

    def _write(self, data: bytes) -> int:
        """Write, as long as it takes. Returns how many bytes were written; `problem` says why not all."""
        if not data:
            return 0
        # A failed write has cut the last line: end it first.
        end = b"\n" if self._is_cut else b""
        written, self.problem = -len(end), None
        try:
            while written < len(data):
                try:
                    written += os.write(self._descriptor, end + data if written < 0 else data[written:])
                except BlockingIOError:  # another process has set O_NONBLOCK on the open file that both share
                    select.select([], [self._descriptor], [], 1.0)
        except (OSError, ValueError) as problem:
            self.problem = problem if isinstance(problem, OSError) else OSError(str(problem))
            if written > -len(end):
                self._is_cut = written > 0 and not data[:written].endswith(b"\n")
        else:
            self._is_cut = False
        return max(written, 0)


def replace_stream(name: str, report: Callable[[int], str] | None = None) -> None:
    """Replace `sys.stdout` or `sys.stderr` by an `Output`. A stream without a descriptor stays as it is."""
    stream = getattr(sys, name)
    if isinstance(stream, Output):
        stream.report = report
        return
    # The stream is missing, or a test has replaced it.
    with suppress(AttributeError, OSError, ValueError):
        setattr(sys, name, Output(stream.fileno(), stream.encoding, report))


def drain() -> None:
    """Wait for all streams, each for a bounded time."""
    for stream in [*_outputs]:
        stream.drain()


def write_error(stream: object) -> OSError | None:
    """Why text just written to a stream was lost; None if it was written, or still waits for its reader."""
    if not isinstance(stream, Output):
        return None
    stream.drain()
    return stream.problem


def dropped() -> int:
    """How many lines this process has dropped."""
    return sum(stream.dropped for stream in _outputs)


@atexit.register
def _end() -> None:
    for stream in [*_outputs]:
        stream.end()


def _restart() -> None:
    for stream in [*_outputs]:
        # Its lock and its thread are the parent's.
        stream.start()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_restart)
