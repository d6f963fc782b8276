"""HTTP as the contracts speak it: one kept connection, nothing followed, nothing repeated, everything recorded."""

import http.client
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import SplitResult, urlsplit

MISSING: Any = object()
"""No body was given; `None` is JSON's null."""


class _Absent:
    def __repr__(self) -> str:
        return "(absent)"


ABSENT: Any = _Absent()
"""In the place of a member's value: the member is left out. No text, or one that is drawn might be taken for it."""
_IDLE = 2.0
"""A connection that was quiet for so many seconds is opened anew: the server may just be closing it."""


def address(url: str) -> SplitResult:
    """The parts of a server's address; a ValueError says why it is none."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  a property that raises for a port that cannot be
        (parts.hostname or "").encode("idna")
        parts.path.encode("ascii")
    except ValueError as problem:
        raise ValueError(f"{url!r} is no address of a server: {problem}") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{url!r} is no address of a server: it is no http or https URL with a host")
    return parts


class Unreachable(Exception):
    """No answer came: nobody listens, the connection broke, or time ran out."""


@dataclass(frozen=True)
class Answer:
    """What the server said; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8", "replace")

    @cached_property
    def json(self) -> Any:
        """The body as JSON; an AssertionError shows what it is instead."""
        try:
            return json.loads(self.body)
        except ValueError:
            raise AssertionError(f"the answer ({self.status}) is not JSON: {self.text[:200]!r}") from None

    @property
    def rules(self) -> tuple[str, ...]:
        """The ids of the rules that refused, where the server names them."""
        named = self.headers.get("simulator-rule", "")
        return tuple(part.strip() for part in named.split(",")) if named else ()


@dataclass(frozen=True)
class Exchange:
    """One request and its answer; None when none came, and why."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    answer: Answer | None
    error: str = ""
    to_client: bool = False
    """Whether it went to the client, as a webhook does that the server did not send."""


@dataclass
class Connection:
    """Requests to one server, one after the other.

    `record` is given every exchange. `patience` gives the seconds that an answer may take; `pace` is called before each
    request, so that a vendor is not hurried; `again` says of an answer whether the same is to be asked once more.
    """

    base: str
    record: Callable[[Exchange], None] = lambda exchange: None
    patience: Callable[[], float] = lambda: 10.0
    pace: Callable[[], None] = lambda: None
    again: Callable[[Answer], bool] = lambda answer: False
    _kept: http.client.HTTPConnection | None = field(default=None, repr=False)
    _used: float = field(default=0.0, repr=False)

    @cached_property
    def _parts(self) -> SplitResult:
        return address(self.base)

    def request(self, method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> Answer:
        """Send one request; `Unreachable` when no whole answer comes."""
        while self.again(answer := self._once(method, path, headers, body)):
            pass
        return answer

    def _once(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        self.pace()
        prefix = self._parts.path.rstrip("/")
        try:
            answer = self._asked(method, prefix + path, headers, body)
        except (OSError, http.client.HTTPException) as problem:
            self.close()
            self.record(Exchange(method, path, headers, body, None, f"{type(problem).__name__}: {problem}"))
            raise Unreachable(f"{method} {path} got no answer: {type(problem).__name__}: {problem}") from problem
        self.record(Exchange(method, path, headers, body, answer))
        return answer

    def _asked(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        connection = self._open()
        connection.request(method, path, body or None, dict(headers))
        response = connection.getresponse()
        read = response.read()
        self._used = time.monotonic()
        if response.will_close:
            self.close()
        return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, read)

    def _open(self) -> http.client.HTTPConnection:
        if self._kept is not None and time.monotonic() - self._used > _IDLE:
            self.close()
        patience = self.patience()
        if self._kept is None:
            parts = self._parts
            kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
            self._kept = kind(parts.hostname or "", parts.port, timeout=patience)
        elif self._kept.sock is not None:
            self._kept.sock.settimeout(patience)
        return self._kept

    def close(self) -> None:
        """Let the connection go; the next request opens another."""
        if self._kept is not None:
            self._kept.close()
            self._kept = None
