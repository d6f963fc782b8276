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

DEFAULT_SECRET = "whsec_c2ltdWxhdG9yLXdlYmhvb2stc2VjcmV0"  # noqa: S105  published: it guards nothing
"""Signs where the sandbox sets no `webhook_secret`, so that a listener can always check."""


def notices(call: VendorRequest, world: SandboxView, face: Mapping[str, Any]) -> tuple[WebhookEvent, ...]:
    """What to send about an order whose status changed to the one it shows."""
    url = world.config.webhook_url
    if not url:
        return ()
    told = {"type": "order.status_changed", "timestamp": instant.six_digits(call.now), "data": face}
    id = f"msg_{call.random.uuid()}"
    return (WebhookEvent(id, "pymetrics", face["id"], url, "application/json", json.dumps(told)),)


def post(delivery: Delivery, at: int, config: Config) -> WebhookRequest:
    """The HTTP request of one try at the instant `at`; user and password in the URL become Basic authentication."""
    notice = delivery.event
    url, access = basic_auth(notice.url)
    moment, body = str(at // instant.SECOND), notice.body.encode()
    signature = _signature(config.webhook_secret or DEFAULT_SECRET, f"{notice.id}.{moment}.".encode() + body)
    headers = (
        ("content-type", notice.media_type),
        ("user-agent", "assessment-simulator"),
        ("webhook-id", notice.id),
        ("webhook-timestamp", moment),
        ("webhook-signature", signature),
        *((("authorization", access),) if access else ()),
    )
    return WebhookRequest(url, headers, body)


def _signature(secret: str, signed: bytes) -> str:
    """One signature for each key, separated by blanks: a listener accepts the webhook if one of them is right."""
    codes = (b64encode(digest(key, signed, "sha256")).decode() for key in webhook_secret.keys(secret))
    return " ".join(f"v1,{code}" for code in codes)
