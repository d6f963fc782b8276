"""Posts one webhook and says what came of it."""

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from simulator.core.delivery import REFUSED, Answer, Post
from simulator.server.egress import Policy

if TYPE_CHECKING:
    import httpx2

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
    """Posts over real HTTP; follows no redirect, trusts no proxy of the environment."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._client: httpx2.AsyncClient | None = None

    async def send(self, post: Post, seconds: float) -> Outcome:
        """Post once, within so many real seconds, from the first byte to the last."""
        began = time.perf_counter()
        answer, error = None, None
        try:
            if await self._policy.admits(post.url):
                answer = await asyncio.wait_for(self._post(post), seconds)
            else:
                error = REFUSED
        except TimeoutError:
            error = f"no answer within {seconds:g} s"
        except Exception as problem:  # noqa: BLE001  whatever a listener or an address can do wrong is the attempt's error
            error = f"{type(problem).__name__}: {problem}"
        return Outcome(answer, error, time.perf_counter() - began)

    async def _post(self, post: Post) -> Answer:
        async with self._open().stream("POST", post.url, headers=post.headers, content=post.body) as response:
            body = b""
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) >= LONGEST_ANSWER:
                    break
            headers = tuple((name, value) for name, value in response.headers.multi_items())
            return Answer(response.status_code, headers, body[:LONGEST_ANSWER].decode("utf-8", "replace"))

    def _open(self) -> "httpx2.AsyncClient":
        if self._client is None:
            import httpx2

            limits = httpx2.Limits(max_connections=None, max_keepalive_connections=64, keepalive_expiry=1.0)
            self._client = httpx2.AsyncClient(timeout=None, limits=limits, trust_env=False, follow_redirects=False)
        return self._client

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.aclose()
