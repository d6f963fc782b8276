"""Asks a running server's control API: answers as JSON values, refusals as one error."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, overload

if TYPE_CHECKING:
    from ssl import SSLContext

    import httpx2

SANDBOXES = "/_simulator/sandboxes"
_AMOUNT = r"(\d+(?:\.\d+)?)"
_SHORT = re.compile(rf"(?!$)(?:{_AMOUNT}d)?(?:{_AMOUNT}h)?(?:{_AMOUNT}m)?(?:{_AMOUNT}s)?", re.ASCII)


class SimulatorError(Exception):
    """What could not be done: the message names the call and says why.

    `status` is None when no answer came; `problem` is the server's problem document, empty when there was none;
    `detail` is what that says, else the message.
    """

    def __init__(self, message: str, status: int | None = None, problem: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.problem = problem or {}
        self.detail: str = self.problem.get("detail", message)


class Connection(AbstractContextManager["Connection"]):
    """One server; `control_token` is what its control API asks for in closed access.

    Safe to share between threads, and with forked children: each process has sockets of its own.

    With https whoever `trusted` trusts is trusted; unless given, the usual authorities, or those that SSL_CERT_FILE and
    SSL_CERT_DIR name, as with curl.
    """

    def __init__(self, url: str, control_token: str | None = None, trusted: "SSLContext | None" = None) -> None:
        self.url = url.rstrip("/")
        self._trusted = trusted
        self._clients = {os.getpid(): _client(self.url, trusted)}
        self._control = {"authorization": f"Bearer {control_token}"} if control_token else {}

    def __exit__(self, *_: object) -> None:
        if os.getpid() in self._clients:
            self._http.close()

    @property
    def _http(self) -> "httpx2.Client":
        """The HTTP client of this process. On its parent's sockets a forked child would read the parent's answers.

        The parent's client is kept: to close it would need a lock that may have been held when the process was forked.
        """
        process = os.getpid()
        if process not in self._clients:
            self._clients[process] = _client(self.url, self._trusted)
        return self._clients[process]

    def call(self, method: str, path: str, body: Any = None, *, within: float | None = 30) -> Any:
        """The answer's JSON, or its text where it is none; raises `SimulatorError` unless it is a 2xx.

        `body` is sent as JSON, None sends none; `within` is in seconds, None waits as long as it takes.
        """
        import httpx2

        content = {} if body is None else {"json": body}
        headers = self._control if path.startswith("/_simulator") else {}
        try:
            answer = self._http.request(method, path, headers=headers, timeout=within, **content)
        except httpx2.TransportError as problem:
            raise SimulatorError(f"{method} {self.url}{path}: {str(problem) or type(problem).__name__}") from problem
        value = _value(answer)
        if answer.is_success:
            return value
        known = value if isinstance(value, dict) else {}
        said = _said(known) or f"this is no simulator: {answer.text[:200]}"
        raise SimulatorError(f"{method} {self.url}{path}: {answer.status_code}: {said}", answer.status_code, known)

    def probe(self, path: str, headers: Mapping[str, str]) -> tuple[int, str] | None:
        """The status of a GET, and the rules that refused it; None where the connection broke off."""
        import httpx2

        try:
            answer = self._http.request("GET", path, headers=dict(headers), timeout=30)
        except httpx2.TransportError:
            return None
        return answer.status_code, answer.headers.get("simulator-rule", "")


class Listed(Sequence[dict[str, Any]]):
    """A list of the control API, asked for anew whenever it is looked at; items are as `docs/control.md` has them."""

    def __init__(self, connection: Connection, path: str) -> None:
        self._connection = connection
        self._path = path

    def _fetched(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._connection.call("GET", self._path)
        return found

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self._fetched())

    def __len__(self) -> int:
        return len(self._fetched())

    @overload
    def __getitem__(self, index: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, index: slice) -> list[dict[str, Any]]: ...
    def __getitem__(self, index: int | slice) -> dict[str, Any] | list[dict[str, Any]]:
        return self._fetched()[index]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and self._fetched() == list(other)

    __hash__ = None  # type: ignore[assignment]  # what it equals changes

    def __repr__(self) -> str:
        return repr(self._fetched())


class Detailed(Listed):
    """A list whose items have a view of their own."""

    def one(self, id: str) -> dict[str, Any]:
        """The single view of an item, which tells more than the list does."""
        found: dict[str, Any] = self._connection.call("GET", f"{self._path}/{id}")
        return found


def duration(span: str | timedelta) -> str:
    """A span as ISO 8601 has it; takes that, a `timedelta`, and the short form of days, hours, minutes and seconds.

    >>> duration("24h"), duration("1d12h"), duration("PT10M"), duration(timedelta(minutes=90))
    ('PT24H', 'P1DT12H', 'PT10M', 'PT5400.000000S')
    """
    if isinstance(span, timedelta):
        if span < timedelta(0):
            raise ValueError(f"{span!r} is negative, and no clock runs backwards; freeze it at an earlier instant")
        return f"PT{span.total_seconds():.6f}S"
    if not isinstance(span, str):
        raise TypeError(f"{span!r} says no unit: give a text such as 24h, 10m, 1d12h or PT24H, or a timedelta")
    if span.startswith("P"):
        return span
    found = _SHORT.fullmatch(span)
    if found is None:
        raise ValueError(f"{span!r} is no duration such as 24h, 10m, 1d12h or PT24H")
    days, *rest = found.groups()
    time = "".join(f"{amount}{unit}" for amount, unit in zip(rest, "HMS", strict=True) if amount)
    return "P" + (f"{days}D" if days else "") + (f"T{time}" if time else "")


def _client(url: str, trusted: "SSLContext | None") -> "httpx2.Client":
    import httpx2

    return httpx2.Client(
        base_url=url,
        trust_env=False,
        verify=trusted or _usually_trusted(url),
        limits=httpx2.Limits(keepalive_expiry=2),  # sooner than the server: no call meets a connection just closed
    )


def _usually_trusted(url: str) -> "SSLContext | bool":
    import httpx2

    # Reading the certificates takes longer than many a test.
    return url.startswith("https:") and httpx2.create_ssl_context()


def _value(answer: "httpx2.Response") -> Any:
    kind = answer.headers.get("content-type", "").partition(";")[0]
    if not answer.content:
        return None
    return answer.json() if kind == "application/json" or kind.endswith("+json") else answer.text


def _said(problem: Mapping[str, Any]) -> str:
    """A problem's detail, and of a wait that was in vain what came nearest."""
    lines = [str(problem.get("detail", ""))]
    for near in problem.get("nearest", ()):
        what = near.get("id", "something")
        differs = (f"{one['member']} is {one['found']!r} and not {one['wanted']!r}" for one in near.get("differs", ()))
        lines.append(f"  nearest: {what}: {'; '.join(differs)}")
    return "\n".join(lines)
