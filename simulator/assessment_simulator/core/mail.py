"""The invitation e-mails that a vendor would have sent; none leaves the machine unless a relay is set up."""

from assessment_simulator.core import instant
from assessment_simulator.core.decision import Record
from assessment_simulator.core.request import VendorRequest

MAIL = "mail"
"""The kind of records that are mails. Their fact `base` is the address that the call used which brought them about, for
a relay that has no caller to ask; empty where nobody called, as for the demo's samples."""


def mail(call: VendorRequest, to: str, subject: str, text: str, invitation: str, link: str) -> Record:
    """A mail as a record; `text` and `link` may hold `BASE` and `SEAL`."""
    id = call.random.uuid()
    face = {
        "id": id, "at": instant.seven_digits(call.now), "to": to, "subject": subject, "text": text,
        "invitation": invitation, "link": link,
    }  # fmt: skip
    return Record(MAIL, id, None, face, {"base": call.base_url})
