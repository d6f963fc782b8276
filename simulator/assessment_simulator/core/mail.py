"""The invitation e-mails that a vendor would have sent. None leaves the machine unless a relay is configured."""

from assessment_simulator.core import instant
from assessment_simulator.core.decision import Record
from assessment_simulator.core.request import VendorRequest

# The kind of records that are mails. Their internal field `base` is the base URL of the request that caused them, for
# the relay; it is empty if no request did, as for the demo's sample data.
MAIL = "mail"


def mail(request: VendorRequest, to: str, subject: str, text: str, invitation: str, link: str) -> Record:
    """A mail as a record; `text` and `link` may hold `BASE_URL_TOKEN` and `LINK_TOKEN`."""
    id = request.random.uuid()
    public = {
        "id": id, "at": instant.seven_digits(request.now), "to": to, "subject": subject, "text": text,
        "invitation": invitation, "link": link,
    }  # fmt: skip
    return Record(MAIL, id, None, public, {"base": request.base_url})
