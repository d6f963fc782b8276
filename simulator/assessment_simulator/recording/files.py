"""A recording on disk: `recording.json`, and one HAR file (version 1.2) for each call."""

import base64
import binascii
import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from assessment_simulator import __version__
from assessment_simulator.journal.views import archive, named_values
from assessment_simulator.recording.redaction import Redactor

ABOUT = "recording.json"
# A recording describes a vendor of some day; a comparison with an older one says so.
LIFETIME = timedelta(days=180)


@dataclass(frozen=True, slots=True)
class Answer:
    """A response: status, headers by lower-case name, body."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def json(self) -> Any:
        """The body as a JSON value; None if it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None


@dataclass(frozen=True, slots=True)
class Call:
    """A request with its answer, and its second answer if it was repeated; `error` if none came."""

    at: str  # ISO 8601, UTC
    method: str
    url: str
    headers: dict[str, str]
    body: bytes
    answer: Answer | None
    repeated: Answer | None = None
    error: str = ""

    @property
    def path(self) -> str:
        return urlsplit(self.url).path

    @property
    def target(self) -> str:
        """Path and query."""
        return "?".join(filter(None, urlsplit(self.url)[2:4]))

    def redacted(self, redactor: Redactor) -> "Call":
        """The call without secrets and personal data."""

        def headers(given: dict[str, str]) -> dict[str, str]:
            return {name: redactor.header(name, value) for name, value in given.items()}

        def answer(given: Answer | None) -> Answer | None:
            if given is None:
                return None
            return Answer(given.status, headers(given.headers), redactor.body(given.headers, given.body))

        # In this order: what a body or header names is then known where it occurs again in the URL and the answer.
        sent, body = headers(self.headers), redactor.body(self.headers, self.body)
        url, found = redactor.url(self.url), answer(self.answer)
        return replace(self, url=url, headers=sent, body=body, answer=found, repeated=answer(self.repeated))


class Recording:
    """A folder with the calls of one vendor."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._last = max((int(path.stem) for path in self.paths()), default=0)

    @classmethod
    def begin(cls, folder: Path, vendor: str, host: str) -> "Recording":
        """A new recording, or one that is continued. Raises OSError, and ValueError if it is of another vendor."""
        folder.mkdir(parents=True, exist_ok=True)
        made = cls(folder)
        if (folder / ABOUT).exists():
            known = made.about
            if (known["vendor"], known.get("host")) != (vendor, host):
                raise ValueError(f"{folder} holds a recording of {known['vendor']} at {known.get('host')}")
        else:
            now = datetime.now(UTC).replace(microsecond=0)
            made._write(folder / ABOUT, {
                "vendor": vendor, "host": host, "recorded": now.isoformat(), "expires": (now + LIFETIME).isoformat(),
                "version": __version__,
            })  # fmt: skip
        return made

    @property
    def about(self) -> dict[str, Any]:
        """What `recording.json` says; raises OSError and ValueError."""
        found = json.loads((self.folder / ABOUT).read_text("utf-8"))
        if not isinstance(found, dict) or not isinstance(found.get("vendor"), str):
            raise ValueError(f"{self.folder / ABOUT} names no vendor")  # noqa: TRY004  the file is wrong, not a type here
        return found

    def paths(self) -> list[Path]:
        """The files of the calls, in the order in which they were made."""
        return sorted(path for path in self.folder.glob("*.har") if path.stem.isdecimal())

    def __iter__(self) -> Iterator[Call]:
        return map(read, self.paths())

    def add(self, call: Call) -> None:
        """Keep a call, which must be redacted already. Raises OSError."""
        self._last += 1
        self.write(self.folder / f"{self._last:06}.har", call)

    def write(self, path: Path, call: Call) -> None:
        """Write a call, or write it again."""
        self._write(path, _har(call))

    def _write(self, path: Path, content: Any) -> None:
        # In one step and to the disk: what is there is whole, whatever happens afterwards.
        with tempfile.NamedTemporaryFile("w", dir=self.folder, prefix=".", delete=False, encoding="utf-8") as file:
            json.dump(content, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        Path(file.name).replace(path)


def _har(call: Call) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "startedDateTime": call.at, "time": 0, "cache": {}, "timings": {"send": 0, "wait": 0, "receive": 0},
        "request": {
            "method": call.method, "url": call.url, "httpVersion": "HTTP/1.1", "cookies": [], "queryString": [],
            "headers": named_values(call.headers.items()), "headersSize": -1, "bodySize": len(call.body),
            **({"postData": _content(call.headers, call.body)} if call.body else {}),
        },
        "response": _response(call.answer or Answer(0)),
    }  # fmt: skip
    if call.repeated is not None:
        entry["_repeated"] = _response(call.repeated)
    if call.error:
        entry["_error"] = call.error
    return archive([entry], __version__)


def _response(answer: Answer) -> dict[str, Any]:
    return {
        "status": answer.status, "statusText": "", "httpVersion": "HTTP/1.1", "cookies": [], "redirectURL": "",
        "headers": named_values(answer.headers.items()), "headersSize": -1, "bodySize": len(answer.body),
        "content": {"size": len(answer.body), **_content(answer.headers, answer.body)},
    }  # fmt: skip


def _content(headers: dict[str, str], body: bytes) -> dict[str, str]:
    kind = headers.get("content-type", "")
    try:
        return {"mimeType": kind, "text": body.decode("utf-8")}
    except UnicodeDecodeError:
        return {"mimeType": kind, "text": base64.b64encode(body).decode(), "encoding": "base64"}


def read(path: Path) -> Call:
    """The call of a file; raises OSError, and ValueError if it is no HAR file with one entry."""
    try:
        (entry,) = json.loads(path.read_text("utf-8"))["log"]["entries"]
        request, response = entry["request"], entry["response"]
        return Call(
            str(entry["startedDateTime"]), str(request["method"]), str(request["url"]), _headers(request),
            _body(request.get("postData", {})), _answer(response) if response["status"] else None,
            _answer(entry["_repeated"]) if "_repeated" in entry else None, str(entry.get("_error", "")),
        )  # fmt: skip
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError, binascii.Error) as problem:
        raise ValueError(f"{path} is no HAR file with one call: {type(problem).__name__} {problem}") from None


def _headers(message: dict[str, Any]) -> dict[str, str]:
    return {str(one["name"]).lower(): str(one["value"]) for one in message["headers"]}


def _body(content: dict[str, Any]) -> bytes:
    text = content.get("text", "")
    return base64.b64decode(text) if content.get("encoding") == "base64" else text.encode("utf-8", "surrogatepass")


def _answer(response: dict[str, Any]) -> Answer:
    return Answer(int(response["status"]), _headers(response), _body(response["content"]))
