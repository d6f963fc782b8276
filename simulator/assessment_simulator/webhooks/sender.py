"""Posts one webhook and says what came of it."""

import asyncio
import time
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from assessment_simulator.core.retry_schedule import REFUSED, WebhookRequest, WebhookResponse
from assessment_simulator.loading import loaded
from assessment_simulator.webhooks.ca_certificates import trust_all, trust_too
from assessment_simulator.webhooks.client import Target, post
from assessment_simulator.webhooks.egress import Policy, Refused

if TYPE_CHECKING:
    import ssl


@dataclass(frozen=True, slots=True)
class Outcome:
    """The listener's answer or the error, and how many real seconds it took."""

    answer: WebhookResponse | None
    error: str | None
    duration: float


class Sender(Protocol):
    """Whatever can post."""

    async def send(self, post: WebhookRequest, seconds: float, *, named: bool = False) -> Outcome:
        """Post once; every failure is an outcome, none is raised. `named`: a request to a vendor named the address."""
        ...


class WebhookClient:
    """Posts over real HTTP; follows no redirect, knows no proxy, connects only to addresses that the policy judged.

    Over TLS it trusts the system's authorities and those in the file `authority`; with `insecure`, every listener.
    """

    def __init__(self, policy: Policy, *, authority: str | None = None, insecure: bool = False) -> None:
        self._policy = policy
        self._authority = authority
        self._insecure = insecure
        self._tls: ssl.SSLContext | None = None

    async def send(self, post: WebhookRequest, seconds: float, *, named: bool = False) -> Outcome:
        """Post once, within so many real seconds, from looking the name up to the last byte."""
        await loaded("aiohttp", "httpx2")  # what this takes, once, is not the listener's time
        began = time.perf_counter()
        answer, error = None, None
        try:
            async with asyncio.timeout(seconds):
                answer = await self._post(post, named)
        except Refused as refused:
            error = f"{REFUSED}: {refused}" if str(refused) else REFUSED
        except TimeoutError:
            error = f"no answer within {seconds:g} s"
        except Exception as problem:  # noqa: BLE001  whatever a listener or an address can do wrong is the attempt's error
            error = f"{type(problem).__name__}: {problem}"
        return Outcome(answer, error, time.perf_counter() - began)

    async def _post(self, owed: WebhookRequest, named: bool) -> WebhookResponse:
        try:
            target = _target(owed.url)
        except ValueError:  # an address in an odd spelling may still be a forbidden one
            await self._policy.judged(urlsplit(owed.url).hostname or "", named=named)
            raise
        addresses = await self._policy.judged(target.host, named=named)
        return await post(addresses, target, owed, self._security() if target.is_secure else None)

    def _security(self) -> "ssl.SSLContext":
        if self._tls is None:
            from httpx2 import create_ssl_context

            context = create_ssl_context()
            if self._authority is not None:
                trust_too(context, self._authority)
            if self._insecure:
                trust_all(context)
            context.set_alpn_protocols(["http/1.1"])
            self._tls = context
        return self._tls


@lru_cache(1_024)
def _target(text: str) -> Target:
    """An address with its names and paths the way they go over the wire; raises ValueError where it cannot be read."""
    from httpx2 import URL, InvalidURL

    try:
        url = URL(text)
    except InvalidURL as problem:
        raise ValueError(f"InvalidURL: {problem}") from None
    is_secure = url.raw_scheme == b"https"
    port = url.port or (443 if is_secure else 80)
    host, authority, path = (part.decode("ascii") for part in (url.raw_host, url.netloc, url.raw_path))
    return Target(is_secure, host, port, authority, path)
