"""The small nouns: settings, calls, mails."""

from dataclasses import FrozenInstanceError, replace

import pytest

from assessment_simulator.core import instant
from assessment_simulator.core.config import Config
from assessment_simulator.core.decision import Decision
from assessment_simulator.core.mail import mail
from assessment_simulator.core.request import BASE_URL_TOKEN, LINK_TOKEN, MISSING, Unreadable, VendorResponse
from tests.fakes import NOW, FakeSandbox


@pytest.mark.parametrize(
    ("progress", "ticks"),
    [("manual", None), ("PT0S", 0), ("PT10S", 10 * instant.SECOND), ("P1D", instant.DAY), ("soon", None)],
)
def test_progress_is_manual_or_a_delay(progress: str, ticks: int | None) -> None:
    assert replace(Config(), progress=progress).completes_after == ticks


def test_the_default_settings_are_three_assessments_and_no_webhook() -> None:
    config = Config()
    assert [a.type for a in config.assessments] == ["games", "nlr", "video_interview"]
    assert (config.webhook_url, config.default_webhook_url, config.rate_limit) == (None, None, None)
    assert (config.maintenance, config.invitation_days, config.behaviour) == (False, 10, {})


def test_a_decision_changes_something_if_it_has_more_than_a_reply() -> None:
    assert not Decision(VendorResponse(200)).changes
    assert Decision(VendorResponse(200), deleted=(("order", "1"),)).changes


def test_settings_are_never_changed_in_place() -> None:
    with pytest.raises(FrozenInstanceError):
        Config().maintenance = True  # type: ignore[misc]


def test_a_call_without_a_body_is_told_from_one_with_null() -> None:
    call = FakeSandbox().call("any")
    assert call.body is MISSING
    assert MISSING is not None
    assert Unreadable("why").reason == "why"


def test_a_reply_is_json_and_refuses_nothing_unless_it_says_so() -> None:
    reply = VendorResponse(200)
    assert (reply.body, reply.headers, reply.media_type, reply.rules) == (None, (), "application/json", ())


def test_the_placeholders_stand_for_no_real_address() -> None:
    assert BASE_URL_TOKEN.endswith(".invalid")
    assert LINK_TOKEN.endswith(".invalid")
    assert LINK_TOKEN not in BASE_URL_TOKEN


def test_a_mail_is_a_record_of_its_own_that_can_be_repeated() -> None:
    world = FakeSandbox()
    record = mail(world.call("any"), "ada@example.com", "Hello", "Text", "an-order", f"{BASE_URL_TOKEN}/x")
    assert (record.kind, record.status, record.keys) == ("mail", None, ())
    assert dict(record.public) == {
        "id": record.id,
        "at": instant.seven_digits(NOW),
        "to": "ada@example.com",
        "subject": "Hello",
        "text": "Text",
        "invitation": "an-order",
        "link": f"{BASE_URL_TOKEN}/x",
    }
    assert mail(world.call("any"), "ada@example.com", "Hello", "Text", "an-order", f"{BASE_URL_TOKEN}/x") == record
