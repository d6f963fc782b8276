"""Posts one webhook and says what came of it."""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from simulator.core.delivery import REFUSED, Answer, Post
from simulator.server.egress import Policy, Refused

if TYPE_CHECKING:
    import httpcore2

LONGEST_ANSWER = 8_192
"""So many bytes of a listener's answer are kept."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The listener's answer or the error, and how many real seconds it took."""

    answer: Answer | None
    error: str | None
    duration: float


class Sender(Protocol):
    """Whatever can post."""

    async def send(self, post: Post, seconds: float) -> Outcome:
        """Post once; every failure is an outcome, none is raised."""
        ...


class HttpSender:
    """Posts over real HTTP; follows no redirect, knows no proxy, connects only to addresses that the policy judged."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._pool: httpcore2.AsyncConnectionPool | None = None

    async def send(self, post: Post, seconds: float) -> Outcome:
        """Post once, within so many real seconds, from looking the name up to the last byte."""
        began = time.perf_counter()
        answer, error = None, None
        try:
            answer = await asyncio.wait_for(self._post(post), seconds)
        except Refused:
            error = REFUSED
        except TimeoutError:
            error = f"no answer within {seconds:g} s"
        except Exception as problem:  # noqa: BLE001  whatever a listener or an address can do wrong is the attempt's error
            error = f"{type(problem).__name__}: {problem}"
        return Outcome(answer, error, time.perf_counter() - began)

    async def _post(self, post: Post) -> Answer:
        from httpx2 import URL, InvalidURL

        try:
            url = URL(post.url)  # writes names and paths the way they go over the wire
        except InvalidURL:  # an address in an odd spelling may still be a forbidden one
            await self._policy.judged(urlsplit(post.url).hostname or "")
            raise
        target = (url.raw_scheme, url.raw_host, url.port, url.raw_path)
        headers = [(name.encode(), value.encode()) for name, value in post.headers]
        async with self._open().stream("POST", _url(*target), headers=headers, content=post.body) as response:
            body = b""
            async for chunk in response.aiter_stream():
                body += chunk
                if len(body) >= LONGEST_ANSWER:
                    break
            shown = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers)
            return Answer(response.status, shown, body[:LONGEST_ANSWER].decode("utf-8", "replace"))

    def _open(self) -> "httpcore2.AsyncConnectionPool":
        if self._pool is None:
            from httpcore2 import AsyncConnectionPool

            # No connection is used twice: one that the listener is closing just now would cost an attempt it never saw.
            backend = _judging(self._policy)
            self._pool = AsyncConnectionPool(max_connections=None, max_keepalive_connections=0, network_backend=backend)
        return self._pool

    async def close(self) -> None:
        """Close the connections."""
        if self._pool is not None:
            await self._pool.aclose()


def _url(scheme: bytes, host: bytes, port: int | None, path: bytes) -> "httpcore2.URL":
    from httpcore2 import URL

    return URL(scheme=scheme, host=host, port=port, target=path)


def _judging(policy: Policy) -> "httpcore2.AnyIOBackend":
    """Connects to the addresses that the policy has judged, and to nothing that a name might lead to afterwards."""
    from httpcore2 import AnyIOBackend, AsyncNetworkStream, ConnectError

    class Judging(AnyIOBackend):
        async def connect_tcp(
            self, host: str, port: int, timeout: float | None = None, local_address: str | None = None,  # noqa: ASYNC109
            socket_options: Iterable[Any] | None = None,
        ) -> AsyncNetworkStream:  # fmt: skip
            refusal: Exception = OSError(f"{host} has no address")
            for address in await policy.judged(host):
                try:
                    return await super().connect_tcp(str(address), port, timeout, local_address, socket_options)
                except ConnectError as problem:
                    refusal = problem
            raise refusal

    return Judging()
