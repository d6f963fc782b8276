"""HTTP requests to one server over one connection that is kept: nothing is followed, everything is recorded."""

import http.client
import json
import time
from codecs import BOM_UTF8
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import SplitResult, urlsplit

_IDLE = 2.0
"""Seconds without a request after which a new connection is opened: the server may be closing the old one."""


def address(url: str) -> SplitResult:
    """The parts of a server's URL; ValueError for what is not a URL of a server."""
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


def strict_json(data: bytes) -> Any:
    """JSON as every client can read it; ValueError for anything that only some accept.

    It is UTF-8 without a byte order mark (RFC 8259, section 8.1), the members of an object have different names
    (section 4), and a number is a number (section 6: NaN and Infinity are not).
    """

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            names = [name for name, _ in pairs]
            twice = sorted({name for name in names if names.count(name) > 1})
            raise ValueError(f"an object has two members {', '.join(map(repr, twice))}")
        return found

    def constant(name: str) -> None:
        raise ValueError(f"{name} is not a JSON number")

    if data.startswith(BOM_UTF8):
        raise ValueError("it begins with a byte order mark")
    return json.loads(data.decode("utf-8"), object_pairs_hook=members, parse_constant=constant)


class Unreachable(Exception):
    """No whole answer came: nothing listens there, the connection broke, or time ran out."""


@dataclass(frozen=True)
class Answer:
    """A response; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8", "replace")

    @cached_property
    def json(self) -> Any:
        """The body as JSON; AssertionError, which says why and shows the body, if it is not strictly JSON."""
        try:
            return strict_json(self.body)
        except ValueError as problem:
            raise AssertionError(f"the answer ({self.status}) is not JSON: {problem}: {self.text[:200]!r}") from None

    @property
    def rules(self) -> tuple[str, ...]:
        """The ids of the violated rules, where the server names them."""
        named = self.headers.get("simulator-rule", "")
        return tuple(part.strip() for part in named.split(",")) if named else ()


@dataclass(frozen=True)
class Exchange:
    """One request and its answer; where none came, `error` says why."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    answer: Answer | None
    error: str = ""
    to_client: bool = False
    """True for a request that the check itself sent to the client."""


@dataclass
class Connection:
    """Requests to the server at the URL `base`, one after the other.

    `record` receives every exchange. `patience` returns the time limit of each socket operation in seconds; `pace` is
    called before each request; `again` says of an answer whether to send the request once more.
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

    def request(self, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes = b"") -> Answer:
        """Send one request and return its answer; `Unreachable` when no whole answer comes."""
        while self.again(answer := self._once(method, path, headers or {}, body)):
            pass
        return answer

    def _once(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        self.pace()
        try:
            connection = self._open()
            connection.request(method, self._parts.path.rstrip("/") + path, body or None, dict(headers))
            response = connection.getresponse()
            read = response.read()
        except (OSError, http.client.HTTPException) as problem:
            self.close()
            why = f"{type(problem).__name__}: {problem}"
            self.record(Exchange(method, path, headers, body, None, why))
            raise Unreachable(f"{method} {path} got no answer: {why}") from problem
        except BaseException:  # an interrupt in mid-request: the next request must not meet half an exchange
            self.close()
            raise
        self._used = time.monotonic()
        if response.will_close:
            self.close()
        answer = Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, read)
        self.record(Exchange(method, path, headers, body, answer))
        return answer

    def body_of_head(self, path: str, headers: Mapping[str, str]) -> bytes:
        """What the server sends after the head of its answer to HEAD, where nothing may follow (RFC 9110, 9.3.2).

        HTTP clients do not read it, so this reads from the socket, on a connection of its own, until the server
        closes it.
        """
        self.pace()
        with closing(self._new()) as connection:
            try:
                connection.request(
                    "HEAD", self._parts.path.rstrip("/") + path, None, {**headers, "Connection": "close"}
                )
                sent = b""
                while data := connection.sock.recv(65_536):
                    sent += data
            except (OSError, http.client.HTTPException) as problem:
                raise Unreachable(f"HEAD {path} got no answer: {type(problem).__name__}: {problem}") from problem
        return sent.partition(b"\r\n\r\n")[2]

    def _open(self) -> http.client.HTTPConnection:
        if self._kept is not None and time.monotonic() - self._used > _IDLE:
            self.close()
        if self._kept is None:
            self._kept = self._new()
        elif self._kept.sock is not None:
            self._kept.sock.settimeout(self.patience())
        return self._kept

    def _new(self) -> http.client.HTTPConnection:
        parts = self._parts
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        return kind(parts.hostname or "", parts.port, timeout=self.patience())

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        if self._kept is not None:
            self._kept.close()
            self._kept = None
