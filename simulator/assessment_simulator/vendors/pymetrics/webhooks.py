"""An extension: pymetrics documents no webhook and its callers poll. Off unless the sandbox sets `webhook_url`.

Signed as the Standard Webhooks specification says (github.com/standard-webhooks, read 2026-11-01): the headers
`webhook-id`, `webhook-timestamp` and `webhook-signature`, the last `v1,` and an HMAC-SHA256 in Base64.
"""

import json
from base64 import b64encode
from collections.abc import Mapping
from hmac import digest
from typing import Any

from assessment_simulator.core import instant, webhook_secret
from assessment_simulator.core.config import Config
from assessment_simulator.core.decision import WebhookEvent
from assessment_simulator.core.request import VendorRequest
from assessment_simulator.core.retry_schedule import Delivery, WebhookRequest
from assessment_simulator.core.sandbox_view import SandboxView
from assessment_simulator.core.urls import basic_auth

# Signs where the sandbox sets no `webhook_secret`, so that a listener can always verify.
DEFAULT_SECRET = "whsec_c2ltdWxhdG9yLXdlYmhvb2stc2VjcmV0"  # noqa: S105  published: it guards nothing


def status_changed(request: VendorRequest, view: SandboxView, order: Mapping[str, Any]) -> tuple[WebhookEvent, ...]:
    """The webhook event about an order whose status is new; none where the sandbox has no webhook URL."""
    url = view.config.webhook_url
    if not url:
        return ()
    body = {"type": "order.status_changed", "timestamp": instant.six_digits(request.now), "data": order}
    id = f"msg_{request.random.uuid()}"
    return (WebhookEvent(id, "pymetrics", order["id"], url, "application/json", json.dumps(body)),)


def webhook_status(event: WebhookEvent) -> str:
    """The status that a webhook announces."""
    return str(json.loads(event.body)["data"]["status"])


def webhook_request(delivery: Delivery, at: int, config: Config) -> WebhookRequest:
    """The HTTP request of an attempt at the instant `at`; user and password in the URL become Basic authentication."""
    event = delivery.event
    url, authorization = basic_auth(event.url)
    timestamp, body = str(at // instant.SECOND), event.body.encode()
    signed = f"{event.id}.{timestamp}.".encode() + body
    keys = webhook_secret.keys(config.webhook_secret or DEFAULT_SECRET)
    # With several keys there is one signature for each: a listener accepts the webhook if one of them is right.
    signatures = (f"v1,{b64encode(digest(key, signed, 'sha256')).decode()}" for key in keys)
    headers = (
        ("content-type", event.media_type),
        ("user-agent", "assessment-simulator"),
        ("webhook-id", event.id),
        ("webhook-timestamp", timestamp),
        ("webhook-signature", " ".join(signatures)),
    )
    return WebhookRequest(url, (*headers, ("authorization", authorization)) if authorization else headers, body)
