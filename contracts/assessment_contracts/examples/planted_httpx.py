"""An asynchronous client of pymetrics on httpx and tenacity, with three bugs planted: look for `BUG`."""

import asyncio
import json
from typing import Any
from urllib.parse import quote

import httpx
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_exponential

from assessment_contracts.clients.adapter import ClientError, Created, Kind, Request, Vendor

_AGAIN = (429, 500, 502, 503, 504)


def _may_pass(problem: BaseException) -> bool:
    """Whether the same request may succeed in a moment."""
    return isinstance(problem, ClientError) and problem.kind == "unavailable"


class Client:
    """Orders of pymetrics and their webhooks."""

    features = frozenset({"pymetrics.orders", "pymetrics.renewal", "pymetrics.patience", "pymetrics.concurrency",
                          "pymetrics.webhooks"})  # fmt: skip

    def __init__(self, base_url: str, client_id: str, client_secret: str, api_key: str, timeout: float) -> None:
        self.http = httpx.AsyncClient(base_url=base_url, timeout=timeout, trust_env=False)
        self.keys = {"client_id": client_id, "client_secret": client_secret, "grant_type": "client_credentials"}
        self.api_key = api_key
        self.token = ""
        self.renewing = False
        self.known: dict[str, str] = {}
        self.events: set[str] = set()

    async def create_order(self, order: dict[str, Any]) -> Created:
        """Create an order."""
        answer = await self.call("POST", "/mercury/order", json=order)
        if not (answer.get("order") or {}).get("id"):
            raise ClientError("unreadable", f"no order in {answer!r:.200}")
        return {"order": answer["order"], "created": bool(answer.get("created"))}

    async def get_order(self, id: str, report: bool = False) -> dict[str, Any]:
        """Read an order."""
        query = {"report": "true"} if report else {}
        order = await self.call("GET", f"/mercury/getOrder/{quote(id, safe='')}", params=query)
        if not order.get("id"):
            raise ClientError("unreadable", f"no order: {order!r:.200}")
        return order

    async def receive(self, vendor: Vendor, request: Request) -> int:
        """Receive a webhook, and read the order that it is about."""
        try:
            event = json.loads(request["body"])
            id = str(event["data"]["id"])
        except (ValueError, KeyError, TypeError):
            return 400
        event_id = request["headers"].get("webhook-id", "")
        if event_id in self.events:
            return 409  # BUG pymetrics.webhook_seen_twice_is_taken_twice
        try:
            self.known[id] = (await self.get_order(id))["status"]
        except ClientError as problem:
            return 400 if problem.kind == "refused" else 503
        self.events.add(event_id)
        return 200

    async def state_of(self, vendor: Vendor, id: str) -> str | None:
        """The status that is known from webhooks."""
        return self.known.get(id)

    async def aclose(self) -> None:
        """Close the connections."""
        await self.http.aclose()

    async def call(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        """Call with a token; one that has expired is renewed once."""
        try:
            return await self.patiently(method, path, await self.access(), **more)
        except ClientError as problem:
            if problem.status != 401:
                raise
            self.token, self.renewing = "", False
            return await self.patiently(method, path, await self.access(), **more)

    async def access(self) -> dict[str, str]:
        """The headers of a call."""
        # BUG pymetrics.two_calls_at_once_make_one_order: the second call does not wait
        if not self.token and not self.renewing:
            self.renewing = True
            try:
                answer = await self.patiently("POST", "/mercury/oauth/token", {}, json=self.keys)
            finally:
                self.renewing = False
            self.token = str(answer["access_token"])
        return {"Authorization": f"Bearer {self.token}", "X-Api-Key": self.api_key}

    async def patiently(self, method: str, path: str, headers: dict[str, str], **more: Any) -> dict[str, Any]:
        """Send, and again after failures that may pass."""
        # BUG pymetrics.retry_after_is_honoured: it waits as long as it likes
        attempts = AsyncRetrying(
            stop=stop_after_attempt(3), wait=wait_exponential(0.05), retry=retry_if_exception(_may_pass), reraise=True
        )
        return dict(await attempts(self.send, method, path, headers, **more))

    async def send(self, method: str, path: str, headers: dict[str, str], **more: Any) -> dict[str, Any]:
        """One request."""
        try:
            async with asyncio.timeout(2):
                answer = await self.http.request(method, path, headers=headers, **more)
        except (httpx.HTTPError, TimeoutError) as problem:
            raise ClientError("unavailable", f"{type(problem).__name__}: {problem}") from problem
        if not answer.is_success:
            kind: Kind = "unavailable" if answer.status_code in _AGAIN else "refused"
            raise ClientError(kind, answer.text[:500], answer.status_code)
        try:
            return dict(answer.json())
        except (ValueError, TypeError) as problem:
            raise ClientError("unreadable", answer.text[:200]) from problem
