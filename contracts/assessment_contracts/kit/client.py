"""HTTP requests to one server over one kept connection: redirects are not followed, every exchange is recorded."""

import http.client
import io
import json
import socket
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
LONGEST = 16 * 2**20
"""Bytes of one response, at most."""


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
    if parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError(f"{url!r} is no address of a server: it has more than scheme, host, port and path")
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


class _LimitedSocket:
    """A socket that ends an exchange which takes too long or is too large, however the server sends it.

    The time limit of a socket is for each read, so a trickle never meets it. `http.client` sends by this object, and
    reads responses from the files that it makes.
    """

    def __init__(self, raw: socket.socket) -> None:
        self._raw = raw
        self.close = raw.close

    def begin(self, deadline: float) -> None:
        """An exchange begins, which must end by the deadline."""
        self._deadline, self._left = deadline, LONGEST

    def sendall(self, data: bytes) -> None:
        """Send all."""
        self._raw.settimeout(self._seconds())
        self._raw.sendall(data)

    def makefile(self, mode: str) -> io.BufferedReader:
        """The file of the received bytes."""
        return io.BufferedReader(_LimitedReader(self, self._raw.makefile("rb", 0)))

    def read(self, file: socket.SocketIO, buffer: Any) -> int | None:
        """Receive into the buffer."""
        self._raw.settimeout(self._seconds())
        count = file.readinto(buffer)
        self._left -= count or 0
        if self._left < 0:
            raise OSError(f"the response is longer than {LONGEST} bytes")
        return count

    def _seconds(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the response did not end in time")
        return left


class _LimitedReader(io.RawIOBase):
    def __init__(self, limited: _LimitedSocket, file: socket.SocketIO) -> None:
        self._limited, self._file = limited, file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        return self._limited.read(self._file, buffer)

    def close(self) -> None:
        self._file.close()
        super().close()


@dataclass
class Connection:
    """Requests to the server at the URL `base`, one after the other.

    `record` receives every exchange. `patience` returns the seconds that one exchange may take, from connecting to the
    last byte of the response.
    """

    base: str
    record: Callable[[Exchange], None] = lambda exchange: None
    patience: Callable[[], float] = lambda: 10.0
    _kept: http.client.HTTPConnection | None = field(default=None, repr=False)
    _limits: "_LimitedSocket | None" = field(default=None, repr=False)
    _used: float = field(default=0.0, repr=False)

    @cached_property
    def _parts(self) -> SplitResult:
        return address(self.base)

    def request(self, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes = b"") -> Answer:
        """Send one request and return its answer; `Unreachable` when no whole answer comes."""
        headers = dict(headers or {})
        try:
            connection = self._open()
            connection.request(method, self._parts.path.rstrip("/") + path, body or None, headers)
            response = connection.getresponse()
            read = _whole(response)
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
        with closing(Connection(self.base, patience=self.patience)) as apart:
            try:
                connection = apart._open()
                connection.request(
                    "HEAD", self._parts.path.rstrip("/") + path, None, {**headers, "Connection": "close"}
                )
                sent = connection.sock.makefile("rb").read()
            except (OSError, http.client.HTTPException) as problem:
                raise Unreachable(f"HEAD {path} got no answer: {type(problem).__name__}: {problem}") from problem
        return bytes(sent.partition(b"\r\n\r\n")[2])

    def _open(self) -> http.client.HTTPConnection:
        """The connection, whose next exchange must end in time."""
        limit = self.patience()
        deadline = time.monotonic() + limit
        if self._kept is not None and (self._kept.sock is None or time.monotonic() - self._used > _IDLE):
            self.close()
        if self._kept is None:
            parts = self._parts
            kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
            # Half of the time to connect: a host may have two addresses of which none answers.
            self._kept = kind(parts.hostname or "", parts.port, timeout=limit / 2)
            self._kept.connect()
            self._kept.sock = self._limits = _LimitedSocket(self._kept.sock)
        assert self._limits
        self._limits.begin(deadline)
        return self._kept

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        if self._kept is not None:
            self._kept.close()
            self._kept = None


def _whole(response: http.client.HTTPResponse) -> bytes:
    """The body, read in pieces: the server may claim a length that no memory holds."""
    try:
        read = b"".join(iter(lambda: response.read(65_536), b""))
    except ValueError as problem:  # a chunk of a negative size
        raise http.client.HTTPException(str(problem)) from None
    if response.length:
        raise http.client.IncompleteRead(read, response.length)
    return read
