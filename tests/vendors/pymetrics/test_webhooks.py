"""Webhooks, an extension: one for each change of status, signed."""

import base64
import hashlib
import hmac
import json

import pytest

from assessment_simulator.core.config import Config
from assessment_simulator.core.decision import WebhookEvent
from assessment_simulator.core.retry_schedule import Delivery, WebhookRequest
from assessment_simulator.vendors.pymetrics import VENDOR
from tests.fakes import NOW, at
from tests.vendors.pymetrics.fakes import PymetricsSandbox, shown

URL = "https://listener.example.com/hook?a=b"


def statuses(sandbox: PymetricsSandbox) -> list[str]:
    """The statuses of the webhooks, in order."""
    return [json.loads(event.body)["data"]["status"] for event in sandbox.webhook_events]


def test_no_webhook_without_webhook_url(sandbox: PymetricsSandbox) -> None:
    sandbox.order("complete")
    sandbox.send("get_order")
    assert sandbox.webhook_events == []


def test_each_change_of_status_sends_a_webhook() -> None:
    sandbox = PymetricsSandbox(webhook_url=URL, behaviour={"pymetrics.initial_status": "Pending"})
    sandbox.order()
    assert statuses(sandbox) == []
    sandbox.act("complete")
    assert statuses(sandbox) == ["Accepted", "Not Started", "In Progress", "Completed"]
    sandbox.send("get_order")
    assert statuses(sandbox)[4:] == ["Fulfilled"]
    assert len({event.id for event in sandbox.webhook_events if event.id.startswith("msg_")}) == 5


def test_no_webhook_without_a_change() -> None:
    sandbox = PymetricsSandbox(webhook_url=URL)
    sandbox.order("start", "start")
    assert statuses(sandbox) == ["In Progress"]
    sandbox.act("accept")
    sandbox.send("get_order")
    sandbox.send("create_order")
    assert statuses(sandbox) == ["In Progress"]


def test_webhook_shows_the_order_as_reading_does() -> None:
    sandbox = PymetricsSandbox(webhook_url=URL)
    id = sandbox.order("complete")
    order = shown(sandbox.send("get_order", {"query.report": "true"}))
    event = sandbox.webhook_events[-1]
    assert json.loads(event.body) == {
        "type": "order.status_changed", "timestamp": "2026-11-01T12:00:00.000000+00:00", "data": order
    }  # fmt: skip
    assert (event.vendor, event.invitation, event.url) == ("pymetrics", id, URL)
    assert event.media_type == "application/json"


def posted(secret: str | None, url: str = URL, moment: int = NOW) -> WebhookRequest:
    """What is sent for a event."""
    event = WebhookEvent("msg_1", "pymetrics", "order", url, "application/json", '{"a": 1}')
    return VENDOR.webhook_request(Delivery(event.id, event, NOW, NOW), moment, Config(webhook_secret=secret))


@pytest.mark.parametrize(
    ("secret", "key"),
    [
        ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")),
        ("a plain secret, é", "a plain secret, é".encode()),
        (None, b"simulator-webhook-secret"),
        ("", b"simulator-webhook-secret"),
    ],
)
def test_webhook_is_signed_as_the_specification_says(secret: str | None, key: bytes) -> None:
    post = posted(secret)
    code = hmac.new(key, b'msg_1.1793534400.{"a": 1}', hashlib.sha256).digest()
    assert post.headers == (
        ("content-type", "application/json"),
        ("user-agent", "assessment-simulator"),
        ("webhook-id", "msg_1"),
        ("webhook-timestamp", "1793534400"),
        ("webhook-signature", f"v1,{base64.b64encode(code).decode()}"),
    )
    assert (post.url, post.body) == (URL, b'{"a": 1}')


def test_base64_secret_without_prefix_has_two_signatures() -> None:
    signatures = dict(posted("YWJjZA").headers)["webhook-signature"].split(" ")
    decoded = dict(posted("whsec_YWJjZA").headers)["webhook-signature"]
    text = base64.b64encode(hmac.new(b"YWJjZA", b'msg_1.1793534400.{"a": 1}', hashlib.sha256).digest()).decode()
    assert signatures == [f"v1,{text}", decoded]


def test_signature_equals_the_sample_of_the_specification() -> None:
    event = WebhookEvent(
        "msg_p5jXN8AQM9LWM0D4loKWxJek", "pymetrics", "order", URL, "application/json", '{"test": 2432232314}'
    )
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    post = VENDOR.webhook_request(Delivery(event.id, event, 0, 0), 1_614_265_330 * 10**7, Config(webhook_secret=secret))
    assert dict(post.headers)["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_every_attempt_is_signed_for_its_own_second() -> None:
    first, later = posted(None), posted(None, moment=at("2026-11-01T12:05:37.9999999Z"))
    assert dict(later.headers)["webhook-timestamp"] == "1793534737"
    assert dict(first.headers)["webhook-signature"] != dict(later.headers)["webhook-signature"]


def test_user_and_password_in_the_url_become_basic_authentication() -> None:
    post = posted(None, "http://ada:se%3Acret@h:1/p?q@r")
    assert post.url == "http://h:1/p?q@r"
    assert dict(post.headers)["authorization"] == f"Basic {base64.b64encode(b'ada:se:cret').decode()}"
