"""The webhook that pymetrics does not have: one for each change of status, signed."""

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
from tests.vendors.pymetrics.desk import Desk, shown

URL = "https://listener.example.com/hook?a=b"


def told(desk: Desk) -> list[str]:
    """The statuses that were told, in order."""
    return [json.loads(notice.body)["data"]["status"] for notice in desk.webhook_events]


def test_nothing_is_sent_unless_the_sandbox_names_an_address() -> None:
    desk = Desk()
    desk.order("complete")
    desk.send("get_order")
    assert desk.webhook_events == []


def test_each_change_of_status_is_told_as_the_order_was_then() -> None:
    desk = Desk(webhook_url=URL, behaviour={"pymetrics.initial_status": "Pending"})
    desk.order()
    assert told(desk) == []
    desk.act("complete")
    assert told(desk) == ["Accepted", "Not Started", "In Progress", "Completed"]
    desk.send("get_order")
    assert told(desk)[4:] == ["Fulfilled"]


def test_what_changes_nothing_is_not_told() -> None:
    desk = Desk(webhook_url=URL)
    desk.order("start", "start")
    assert told(desk) == ["In Progress"]
    desk.act("accept")
    desk.send("get_order")
    desk.send("create_order")
    assert told(desk) == ["In Progress"]


def test_a_notice_shows_the_order_as_reading_it_would() -> None:
    desk = Desk(webhook_url=URL)
    id = desk.order("complete")
    order = shown(desk.send("get_order", {"query.report": "true"}))
    notice = desk.webhook_events[-1]
    assert json.loads(notice.body) == {
        "type": "order.status_changed", "timestamp": "2026-11-01T12:00:00.000000+00:00", "data": order
    }  # fmt: skip
    assert (notice.vendor, notice.invitation, notice.url) == ("pymetrics", id, URL)
    assert notice.media_type == "application/json"


def test_every_notice_has_an_id_of_its_own() -> None:
    desk = Desk(webhook_url=URL)
    desk.order("complete")
    assert len({notice.id for notice in desk.webhook_events}) == 2
    assert all(notice.id.startswith("msg_") for notice in desk.webhook_events)


def posted(secret: str | None, url: str = URL, moment: int = NOW) -> WebhookRequest:
    """What is sent for a notice."""
    notice = WebhookEvent("msg_1", "pymetrics", "order", url, "application/json", '{"a": 1}')
    return VENDOR.webhook_request(Delivery(notice.id, notice, NOW, NOW), moment, Config(webhook_secret=secret))


@pytest.mark.parametrize(
    ("secret", "key"),
    [
        ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")),
        ("a plain secret, é", "a plain secret, é".encode()),
        ("whsec_not base64!", b"whsec_not base64!"),
        ("whsec_YWJjZA", b"abcd"),
        ("whsec_abcde", b"whsec_abcde"),
        (None, b"simulator-webhook-secret"),
        ("", b"simulator-webhook-secret"),
    ],
)
def test_a_post_is_signed_as_the_specification_says(secret: str | None, key: bytes) -> None:
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


def test_base64_without_a_prefix_is_signed_as_text_and_as_octets() -> None:
    signatures = dict(posted("YWJjZA").headers)["webhook-signature"].split(" ")
    decoded = dict(posted("whsec_YWJjZA").headers)["webhook-signature"]
    text = base64.b64encode(hmac.new(b"YWJjZA", b'msg_1.1793534400.{"a": 1}', hashlib.sha256).digest()).decode()
    assert signatures == [f"v1,{text}", decoded]


def test_a_post_agrees_with_the_sample_of_the_specification() -> None:
    notice = WebhookEvent(
        "msg_p5jXN8AQM9LWM0D4loKWxJek", "pymetrics", "order", URL, "application/json", '{"test": 2432232314}'
    )
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    post = VENDOR.webhook_request(
        Delivery(notice.id, notice, 0, 0), 1_614_265_330 * 10**7, Config(webhook_secret=secret)
    )
    assert dict(post.headers)["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_later_try_is_signed_for_its_own_second() -> None:
    first, later = posted(None), posted(None, moment=at("2026-11-01T12:05:37.9999999Z"))
    assert dict(later.headers)["webhook-timestamp"] == "1793534737"
    assert dict(first.headers)["webhook-signature"] != dict(later.headers)["webhook-signature"]


@pytest.mark.parametrize(
    ("url", "sent_to", "access"),
    [
        ("http://ada:se%3Acret@h:1/p?q@r", "http://h:1/p?q@r", b"ada:se:cret"),
        ("http://ada@h", "http://h", b"ada:"),
        ("http://a%C3%A9:@h#x", "http://h#x", "aé:".encode()),
        ("http://h/ada:secret@x", "http://h/ada:secret@x", None),
    ],
)
def test_user_and_password_in_the_address_become_basic_authentication(
    url: str, sent_to: str, access: bytes | None
) -> None:
    post = posted(None, url)
    assert post.url == sent_to
    wanted = access and f"Basic {base64.b64encode(access).decode()}"
    assert dict(post.headers).get("authorization") == wanted
