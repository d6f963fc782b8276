"""Calls a running server's control API: responses as JSON values, errors as `SimulatorError`."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar, cast, overload

from assessment_simulator.core import instant
from assessment_simulator.testing.calls import Call, Steps, Wait

if TYPE_CHECKING:
    from ssl import SSLContext

    import httpx2

T = TypeVar("T")
SANDBOXES = "/_simulator/sandboxes"
_HEALTH = "/_simulator/health"


class SimulatorError(Exception):
    """A call that failed: the message names the call and the reason.

    `status` is None if no response came; `problem` is the server's problem document, empty if there was none; `detail`
    is the detail of the problem, else the message.
    """

    def __init__(self, message: str, status: int | None = None, problem: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.problem = problem or {}
        self.detail: str = self.problem.get("detail", message)


def is_health(value: Any) -> bool:
    """Whether a value is a simulator's report on its health."""
    return isinstance(value, dict) and value.get("status") == "ok" and isinstance(value.get("version"), str)


class _Server:
    """One server, without I/O: what is sent to it, and how its responses are read."""

    def __init__(self, url: str, control_token: str | None = None, trusted: "SSLContext | None" = None) -> None:
        self.url = url.rstrip("/")
        self.control_token = control_token
        self._trusted = trusted
        self._control = {"authorization": f"Bearer {control_token}"} if control_token else {}

    def _options(self) -> dict[str, Any]:
        """The options of an HTTP client."""
        import httpx2

        # Without https no certificates are read: that takes longer than many a test.
        if self._trusted is None and self.url.startswith("https:"):
            self._trusted = httpx2.create_ssl_context()
        return {"base_url": self.url, "trust_env": False, "verify": self._trusted or False}

    def _request(self, call: Call) -> dict[str, Any]:
        """The arguments of a request."""
        headers = self._control if call.path.startswith("/_simulator") else {}
        content = {} if call.body is None else {"json": call.body}
        return {"method": call.method, "url": call.path, "headers": headers, "timeout": call.within, **content}

    def _failure(self, call: Call, problem: Exception) -> SimulatorError:
        return SimulatorError(f"{call.method} {self.url}{call.path}: {str(problem) or type(problem).__name__}")

    def _value(self, call: Call, response: "httpx2.Response") -> Any:
        """The response's JSON, or its text if it is no JSON; raises `SimulatorError` unless the status is 2xx."""
        kind = response.headers.get("content-type", "").partition(";")[0]
        value: Any = response.text or None
        if value is not None and (kind == "application/json" or kind.endswith("+json")):
            try:
                value = response.json()
            except ValueError:
                raise self._foreign(call, response) from None
        if response.is_success:
            return value
        document = value if isinstance(value, dict) else {}
        if not isinstance(document.get("detail"), str):  # each error of the control API has one
            raise self._foreign(call, response)
        lines = [document["detail"]]
        # A wait that timed out lists what came nearest.
        for near in document.get("nearest", ()):
            differences = (f"{d['member']} is {d['found']!r} and not {d['wanted']!r}" for d in near.get("differs", ()))
            lines.append(f"  nearest: {near.get('id', 'something')}: {'; '.join(differences)}")
        reason = "\n".join(lines)
        raise SimulatorError(
            f"{call.method} {self.url}{call.path}: {response.status_code}: {reason}", response.status_code, document
        )

    def _foreign(self, call: Call, response: "httpx2.Response") -> SimulatorError:
        status = response.status_code
        return SimulatorError(f"{call.method} {self.url}{call.path}: {status}: no simulator sent this response", status)


class Connection(_Server, AbstractContextManager["Connection"]):
    """One server; `control_token` is for its control API in closed access.

    Safe to share between threads, and with forked children. With https, `trusted` has the authorities to trust; by
    default the usual ones, or those that SSL_CERT_FILE and SSL_CERT_DIR name, as with curl.
    """

    def __init__(self, url: str, control_token: str | None = None, trusted: "SSLContext | None" = None) -> None:
        super().__init__(url, control_token, trusted)
        # A client for each process: on its parent's sockets a forked child would read the parent's responses. The
        # parent's client stays open in the child, because a lock that closing needs may have been held at the fork.
        self._clients: dict[int, httpx2.Client] = {}
        # Make the client now, so that two threads do not make one each.
        self._http()

    def __exit__(self, *_: object) -> None:
        if client := self._clients.get(os.getpid()):
            client.close()

    def run(self, steps: Steps[T]) -> T:
        """Carry out the steps, and return their result."""
        __tracebackhide__ = True
        try:
            step = next(steps)
            while True:
                try:
                    result = self._do(step)
                except BaseException as problem:  # noqa: BLE001 - the steps decide about it
                    step = steps.throw(problem)
                else:
                    step = steps.send(result)
        except StopIteration as done:
            result = done.value
        return cast("T", result)

    def call(self, method: str, path: str, body: Any = None, *, within: float | None = 30) -> Any:
        """A single call; raises `SimulatorError` unless the status is 2xx."""
        return self._do(Call(method, path, body, within))

    def health(self, within: float = 5) -> Any:
        """The server's report on its health; raises `SimulatorError` if no simulator responds."""
        status = 200
        try:
            value = self.call("GET", _HEALTH, within=within)
        except SimulatorError as problem:
            if problem.status is None:
                raise
            value, status = None, problem.status
        if not is_health(value):
            raise SimulatorError(f"{self.url} is no simulator: another program responds at {_HEALTH}", status)
        return value

    def _do(self, step: Call | Wait) -> Any:
        import httpx2

        if isinstance(step, Wait):
            return step.inbox.wait(step.until, step.within)
        try:
            response = self._http().request(**self._request(step))
        except httpx2.TransportError as problem:
            raise self._failure(step, problem) from problem
        return self._value(step, response)

    def probe(self, path: str, headers: Mapping[str, str]) -> tuple[int, str] | None:
        """The status of a GET, and the rules that refused it; None if the connection was closed."""
        import httpx2

        try:
            response = self._http().request("GET", path, headers=dict(headers), timeout=30)
        except httpx2.TransportError:
            return None
        return response.status_code, response.headers.get("simulator-rule", "")

    def _http(self) -> "httpx2.Client":
        import httpx2

        process = os.getpid()
        if process not in self._clients:
            # Expires sooner than at the server, so that no request meets a connection that is just being closed.
            limits = httpx2.Limits(keepalive_expiry=2)
            self._clients[process] = httpx2.Client(**self._options(), limits=limits)
        return self._clients[process]


class AsyncConnection(_Server):
    """One server, for asyncio.

    It keeps no socket open between calls: so there is nothing to close, and each test may have its own event loop.
    """

    async def run(self, steps: Steps[T]) -> T:
        """Carry out the steps, and return their result."""
        __tracebackhide__ = True
        try:
            step = next(steps)
            while True:
                try:
                    result = await self._do(step)
                except BaseException as problem:  # noqa: BLE001 - the steps decide about it
                    step = steps.throw(problem)
                else:
                    step = steps.send(result)
        except StopIteration as done:
            result = done.value
        return cast("T", result)

    async def _do(self, step: Call | Wait) -> Any:
        import httpx2

        if isinstance(step, Wait):
            return await step.inbox.wait_in_loop(step.until, step.within)
        try:
            async with httpx2.AsyncClient(**self._options()) as client:
                response = await client.request(**self._request(step))
        except httpx2.TransportError as problem:
            raise self._failure(step, problem) from problem
        return self._value(step, response)


class Items(Sequence[T]):
    """A sequence whose items are found anew each time it is read."""

    def _found(self) -> list[T]:
        raise NotImplementedError

    def __len__(self) -> int:
        return len(self._found())

    def __iter__(self) -> Iterator[T]:
        return iter(self._found())

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> list[T]: ...
    def __getitem__(self, index: int | slice) -> T | list[T]:
        return self._found()[index]

    def __repr__(self) -> str:
        return repr(self._found())


def duration(span: str | timedelta) -> str:
    """A duration as the control API reads it, of a text or a `timedelta`.

    >>> duration("24h"), duration("PT10M"), duration(timedelta(minutes=90))
    ('24h', 'PT10M', 'PT5400.000000S')
    """
    if isinstance(span, timedelta):
        if span < timedelta(0):
            raise ValueError(f"{span!r} is negative, and no clock runs backwards; freeze it at an earlier instant")
        return f"PT{span.total_seconds():.6f}S"
    if not isinstance(span, str):
        raise TypeError(f"{span!r} has no unit: give a text such as 24h, 10m, 1d12h or PT24H, or a timedelta")
    if instant.parse_duration(span) is None:
        raise ValueError(f"{span!r} is no {instant.DURATION_FORM}")
    return span
