"""The invitation e-mails that a vendor would have sent; nothing leaves the machine."""

from simulator.core import instant
from simulator.core.call import Call
from simulator.core.decision import Record


def mail(call: Call, to: str, subject: str, text: str, invitation: str, link: str) -> Record:
    """A mail as a record; `text` and `link` may hold `BASE` and `SEAL`."""
    id = call.draw.uuid()
    face = {
        "id": id, "at": instant.seven_digits(call.now), "to": to, "subject": subject, "text": text,
        "invitation": invitation, "link": link,
    }  # fmt: skip
    return Record("mail", id, None, face)
