"""The invitation e-mails."""

from assessment_simulator.core import instant
from assessment_simulator.core.links import BASE_URL_TOKEN
from assessment_simulator.core.mail import mail
from tests.fakes import NOW, FakeSandbox


def test_mail_is_a_record_and_equal_requests_make_equal_mails() -> None:
    sandbox, link = FakeSandbox(), f"{BASE_URL_TOKEN}/x"
    record = mail(sandbox.call("any"), "ada@example.com", "Hello", "Text", "an-order", link)
    assert (record.kind, record.status, record.keys) == ("mail", None, ())
    assert dict(record.public) == {
        "id": record.id, "at": instant.seven_digits(NOW), "to": "ada@example.com", "subject": "Hello", "text": "Text",
        "invitation": "an-order", "link": link,
    }  # fmt: skip
    assert mail(sandbox.call("any"), "ada@example.com", "Hello", "Text", "an-order", link) == record
