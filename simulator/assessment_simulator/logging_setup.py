"""What the program says to whoever runs it: a line an event, as text or as JSON, on standard error, secrets hidden.

No line makes the program wait for its reader: see `output`.
"""

import json
import logging
import re
import secrets
import sys
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import partial
from typing import Any, Literal

from assessment_simulator import output
from assessment_simulator.journal.redaction import hidden
from assessment_simulator.storage import json_codec

Format = Literal["text", "json"]
Level = Literal["debug", "info", "warning", "error"]
ACCESS = "simulator.access"
"""The name of the log of calls."""
HEADER = b"simulator-request-id"
"""Says under which id the log speaks of a request."""
_OURS = ("simulator", "uvicorn")
_ASKED = b"x-request-id"
_SANE = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._:+/=@-]{0,127}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_request: ContextVar[str] = ContextVar("request", default="")


def name_request(headers: Mapping[bytes, bytes]) -> str:
    """The id of the request that is answered now: the one it has, its caller's if that is sane, or a new one."""
    id = _request.get()
    if not id:
        asked = headers.get(_ASKED, b"")
        id = asked.decode() if _SANE.fullmatch(asked) else secrets.token_hex(8)
        _request.set(id)
    return id


def request_name() -> str:
    """The id of the request that is answered now; "" if it has none yet."""
    return _request.get()


def take_request_name(id: str) -> None:
    """Use the id that another process has given to the request that is answered now."""
    _request.set(id)


class _Lines(logging.Formatter):
    """Records as lines; `members`, if a record has them, are facts that stand by themselves in JSON."""

    def _said(self, record: logging.LogRecord) -> str:
        return hidden(record.getMessage().strip())

    def _trace(self, record: logging.LogRecord) -> str:
        return hidden(self.formatException(record.exc_info)) if record.exc_info else ""


class TextLines(_Lines):
    """One line for people, and the traceback below it where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """The record in words; what would begin a new line or colour the terminal is written out."""
        said = _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", self._said(record))
        id, trace = _request.get(), self._trace(record)
        told = f"{_at(record.created)} {record.levelname.lower()} {record.name}: {said}{f' [{id}]' if id else ''}"
        return f"{told}\n{trace}" if trace else told


class JsonLines(_Lines):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as an object; the traceback is a member of it."""
        line = _object(record.created, record.levelname.lower(), record.name, self._said(record))
        if id := _request.get():
            line["request_id"] = id
        line |= getattr(record, "members", {})
        if trace := self._trace(record):
            line["trace"] = trace
        return _json(line)


_FORMS: Mapping[Format, type[_Lines]] = {"text": TextLines, "json": JsonLines}


def set_up(form: Format, level: Level, access: bool) -> None:
    """Let this process log, to standard error: ours and uvicorn's from `level` on, calls if wanted, others' trouble."""
    output.take_over("stderr", partial(_dropped, form))
    logging.captureWarnings(True)  # they have the same form, then
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_FORMS[form]())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)  # the HTTP client would tell every header that it sends
    for name in _OURS:
        logging.getLogger(name).setLevel(level.upper())
    logging.getLogger(ACCESS).setLevel(logging.INFO if access else logging.WARNING)


def announce(form: Format, text: str) -> None:
    """Say what must be said at any level, to the letter: a secret that was made just now, why nobody can listen."""
    if sys.stderr is not None:
        sys.stderr.write(f"{text if form == 'text' else _json(_object(_now(), 'warning', 'simulator', text))}\n")
        sys.stderr.flush()


def _dropped(form: Format, count: int) -> str:
    """The line that reports dropped lines."""
    text, now = f"{count} log lines were dropped: standard error could not be written", _now()
    if form == "text":
        return f"{_at(now)} warning simulator.logs: {text}\n"
    return f"{_json(_object(now, 'warning', 'simulator.logs', text))}\n"


def _json(line: dict[str, Any]) -> str:
    """The line as JSON in ASCII: it stays JSON in every encoding that standard error may have."""
    text = json_codec.dumps(line).decode()
    return text if text.isascii() else json.dumps(line, separators=(",", ":"))


def _now() -> float:
    return datetime.now(UTC).timestamp()


def _object(at: float, level: str, name: str, message: str) -> dict[str, Any]:
    return {"at": _at(at), "level": level, "logger": name, "message": message}


def _at(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
