"""Logging: one line for each event on standard error, as text or as JSON, with secrets hidden.

No line makes the program wait for its reader: see `output`. `announce` writes what the operator must get at any level.
"""

import json
import logging
import re
import sys
from datetime import UTC, datetime
from time import time
from typing import Any

from assessment_simulator import output
from assessment_simulator.http.access_log import LOGGER
from assessment_simulator.http.asgi import request_name
from assessment_simulator.journal.redaction import redact
from assessment_simulator.settings import LogFormat, LogLevel
from assessment_simulator.storage import json_codec

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class LineFormatter(logging.Formatter):
    """Makes one line of a record; a traceback follows the line in text, and is a member in JSON.

    The attribute `members` of a record, if there is one, holds further members for JSON.
    """

    def __init__(self, form: LogFormat) -> None:
        super().__init__()
        self._form = form

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        text, level = redact(record.getMessage().strip()), record.levelname.lower()
        trace = redact(self.formatException(record.exc_info)) if record.exc_info else ""
        id = request_name()
        if self._form == "json":
            more = {**({"request_id": id} if id else {}), **getattr(record, "members", {})}
            return _json_line(record.created, level, record.name, text, **more, **({"trace": trace} if trace else {}))
        # A character that begins a new line, or colours the terminal, is written as an escape.
        text = _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)
        line = f"{_timestamp(record.created)} {level} {record.name}: {text}{f' [{id}]' if id else ''}"
        return f"{line}\n{trace}" if trace else line


def set_up(form: LogFormat, level: LogLevel, access: bool) -> None:
    """Log to standard error: the program and uvicorn from `level` on, requests if `access`, libraries' warnings."""

    def dropped_line(count: int) -> str:
        text, logger = f"{count} log lines were dropped: standard error could not be written", "simulator.logs"
        if form == "text":
            return f"{_timestamp(time())} warning {logger}: {text}\n"
        return f"{_json_line(time(), 'warning', logger, text)}\n"

    output.replace_stream("stderr", dropped_line)
    # Warnings get the same form as other lines.
    logging.captureWarnings(True)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LineFormatter(form))
    root = logging.getLogger()
    root.handlers = [handler]
    # At a lower level the HTTP client logs every header that it sends.
    root.setLevel(logging.WARNING)
    for name in ("simulator", "uvicorn"):
        logging.getLogger(name).setLevel(level.upper())
    logging.getLogger(LOGGER).setLevel(logging.INFO if access else logging.WARNING)


def announce(form: LogFormat, text: str) -> None:
    """Write a line whatever the level, without hiding secrets: a generated token, why the server cannot start."""
    if sys.stderr is not None:
        sys.stderr.write(f"{text if form == 'text' else _json_line(time(), 'warning', 'simulator', text)}\n")
        sys.stderr.flush()


def _json_line(at: float, level: str, logger: str, message: str, **more: Any) -> str:
    """The members as JSON in ASCII, which stays JSON in every encoding that standard error may have."""
    line = {"at": _timestamp(at), "level": level, "logger": logger, "message": message, **more}
    text = json_codec.dumps(line).decode()
    return text if text.isascii() else json.dumps(line, separators=(",", ":"))


def _timestamp(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
