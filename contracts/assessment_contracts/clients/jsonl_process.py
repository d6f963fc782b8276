"""An adapter as a command that speaks JSON lines: one request a line on its standard input, one answer a line back.

    → {"id": 1, "method": "get_order", "params": {"id": "…", "report": false}}
    ← {"id": 1, "result": {…}}      or      {"id": 1, "error": {"kind": "refused", "message": "…", "status": 404}}

`protocol.schema.json` beside this file describes every line. Standard error is passed on; the last of it is kept, to be
shown where the command dies.
"""

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from typing import IO, Any, Protocol

LONGEST = 64 * 2**20
"""Characters of one line, at most."""
_END = None
_NO_JSON = object()


class Broken(Exception):
    """The adapter itself failed: it cannot be started, died, fell silent or said what is no answer."""


class Hung(Broken):
    """No answer came in time; the command was ended."""


class Failed(Exception):
    """The client said that a call did not work out: `kind`, `message` and `status` are its own.

    Kinds are those of `ClientError`, and `crash`: an exception that no client should let out.
    """

    def __init__(self, kind: str, message: str, status: int | None) -> None:
        super().__init__(f"{kind}{f' ({status})' if status else ''}: {message}")
        self.kind, self.message, self.status = kind, message, status


def failed(error: Mapping[str, Any]) -> Failed:
    """The failure that a client reports."""
    return Failed(str(error["kind"]), str(error.get("message", "")), error.get("status"))


class Adapter(Protocol):
    """An adapter that can be called: a command (`JsonlProcess`), or a class in this process."""

    def call(self, method: str, params: Mapping[str, Any], within: float) -> Any:
        """The result of one call; `Failed` when the client reports a failure, `Broken` when it gives no answer."""


class JsonlProcess:
    """An adapter's process. The first call starts it, and so does the first call after it has ended."""

    def __init__(self, command: Sequence[str], errors: IO[str] | None = None) -> None:
        self.command = list(command)
        self._errors = sys.stderr if errors is None else errors
        self._process: subprocess.Popen[str] | None = None
        self._answers: queue.Queue[str | None] = queue.Queue(100)
        self._last: deque[str] = deque(maxlen=20)
        self._asked = 0
        self._one_at_a_time = threading.RLock()

    def call(self, method: str, params: Mapping[str, Any], within: float) -> Any:
        """The result of one call; `Failed` when the client says so, `Broken` when there is no such word from it."""
        with self._one_at_a_time:  # webhooks come in on a thread of their own
            return self._call(method, params, within)

    def _call(self, method: str, params: Mapping[str, Any], within: float) -> Any:
        process = self._running()
        self._asked += 1
        line = json.dumps({"id": self._asked, "method": method, "params": params})
        with contextlib.suppress(OSError):  # it may have ended already; what it said is still there to be read
            assert process.stdin
            process.stdin.write(line + "\n")
            process.stdin.flush()
        try:
            said = self._answers.get(timeout=within)
        except queue.Empty:
            self.stop()
            raise Hung(f"{method} did not end within {within:g} seconds") from None
        if said is _END:
            raise Broken(f"the adapter ended {self._ending()}while it was asked for {method}")
        return self._read(said, method)

    def _read(self, said: str, method: str) -> Any:
        try:
            answer = json.loads(said)
        except (ValueError, RecursionError):
            answer = _NO_JSON
        if wrong := _wrong(answer, self._asked):
            self.stop()
            advice = "each line of standard output must be one answer; all else belongs on standard error"
            raise Broken(f"asked for {method}, the adapter said {said.rstrip()[:200]!r}: {wrong}; {advice}")
        if "error" not in answer:
            return answer["result"]
        raise failed(answer["error"])

    def _running(self) -> subprocess.Popen[str]:
        if self._process is None:
            self._process = self._started()
            self._answers = queue.Queue(100)
            self._last.clear()
            self._readers = [
                threading.Thread(target=_keep, args=(self._process.stdout, self._answers), daemon=True),
                threading.Thread(target=_pass_on, args=(self._process.stderr, self._errors, self._last), daemon=True),
            ]
            for reader in self._readers:
                reader.start()
        return self._process

    def _started(self) -> subprocess.Popen[str]:
        pipe = subprocess.PIPE
        try:
            return subprocess.Popen(  # noqa: S603  the command is the one that was asked for
                self.command,
                stdin=pipe,
                stdout=pipe,
                stderr=pipe,
                encoding="utf-8",
                errors="replace",
                start_new_session=True,  # so that all that it starts can be ended with it
            )
        except OSError as problem:
            raise Broken(f"{self.command[0]} cannot be started: {problem.strerror}") from None

    def _ending(self) -> str:
        """How the command ended, and what it said last."""
        assert self._process
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(2)
        self._readers[1].join(1)
        status, last = self._process.returncode, "".join(self._last).strip()
        self.stop()
        return f"(exit status {status}{f'; it said: {last}' if last else ''}) "

    def stop(self) -> None:
        """End the command, if it runs."""
        if self._process is None:
            return
        process, self._process = self._process, None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for reader in self._readers:
            _drain(self._answers)
            reader.join(1)
        # The readers close their pipes, at the end of what a process that has left the group may still write there.
        with contextlib.suppress(OSError):
            assert process.stdin
            process.stdin.close()


def _wrong(answer: Any, asked: int) -> str:
    """What keeps it from being the answer to that request; empty when nothing does."""
    if not isinstance(answer, dict):
        return "that is not JSON" if answer is _NO_JSON else "that is no object"
    error = answer.get("error")
    found = {
        f"its id is {answer.get('id')!r} and not {asked}": answer.get("id") != asked,
        "it has neither result nor error": not {"result", "error"} & answer.keys(),
        "it has both result and error": {"result", "error"} <= answer.keys(),
        "its error is no object": "error" in answer and not isinstance(error, dict),
        "its error has no kind, which is a text": isinstance(error, dict) and not isinstance(error.get("kind"), str),
    }
    return "; ".join(what for what, is_so in found.items() if is_so)


def _keep(output: IO[str], answers: "queue.Queue[str | None]") -> None:
    with contextlib.suppress(ValueError, OSError), output:
        while line := output.readline(LONGEST):
            answers.put(line)
    answers.put(_END)


def _pass_on(output: IO[str], errors: IO[str], last: deque[str]) -> None:
    with contextlib.suppress(ValueError, OSError), output:
        for line in output:
            last.append(line)
            errors.write(line)


def _drain(answers: "queue.Queue[str | None]") -> None:
    with contextlib.suppress(queue.Empty):
        while True:
            answers.get_nowait()
