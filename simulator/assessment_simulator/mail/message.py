"""An invitation mail on its way out: its address as SMTP can carry it, and the message (RFC 5322)."""

import re
from datetime import datetime
from typing import Any, NamedTuple

from assessment_simulator.core.links import Links
from assessment_simulator.storage import json_codec

SENDER = "no-reply@simulator.invalid"
"""The sender of all mails. A reply is impossible: no name under `.invalid` exists (RFC 2606)."""
MAX_PLAIN_SUBJECT = 66
"""Characters of a subject that fit into its header's one line as they are."""
_LINE_BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
"""Whatever any mail program might take for the end of a header's line."""
_LOCAL = re.compile(r"[^\s\x00-\x1f\x7f-\x9f()<>\[\]:;@\\,\"\u2028\u2029]+")
_DOMAIN = re.compile(r"[\w-]+(?:\.[\w-]+)*|\[[0-9A-Za-z:.]+\]")


class TemporaryFailure(Exception):
    """The mail server could not be reached, closed the connection, or asked to retry later."""


class PermanentFailure(Exception):
    """A retry would not help, or might deliver the mail twice."""


class OutgoingMail(NamedTuple):
    """A mail that waits: `raw` are the public fields, the very bytes that the sandbox keeps, so waiting costs little.

    `token` makes the Message-ID unique: after a reset, or in the next run, another mail may have the same id.
    """

    sandbox: str
    id: str
    token: str
    raw: bytes
    base: str
    links: Links

    def fields(self) -> dict[str, Any]:
        """The mail as `S/mail` shows it, with its links filled in."""
        fields: dict[str, Any] = json_codec.loads(self.links.fill_placeholders(self.raw, self.base))
        return fields


def recipient(address: str, *, utf8: bool) -> str:
    """The address as SMTP can carry it; `utf8`: the server supports SMTPUTF8. Raises `PermanentFailure`."""
    local, _, domain = address.strip().rpartition("@")
    if not _LOCAL.fullmatch(local) or not _DOMAIN.fullmatch(domain):
        raise PermanentFailure("this is no address that SMTP can carry")
    if not utf8:
        try:
            domain = domain if domain.isascii() else domain.encode("idna").decode()
        except UnicodeError:
            raise PermanentFailure(
                "its domain cannot be written in ASCII, and the server does not know SMTPUTF8"
            ) from None
        if not local.isascii():
            raise PermanentFailure("it is not ASCII, and the server does not know SMTPUTF8")
    if len(local.encode()) > 64 or len(f"{local}@{domain}".encode()) > 254:
        raise PermanentFailure("it is longer than SMTP carries: 64 octets before the @, 254 in all")
    return f"{local}@{domain}"


def encode_message(mail: OutgoingMail, to: str) -> bytes:
    """The whole message, its lines ended by CRLF; 7-bit but for `to`, if that is not ASCII."""
    from email.contentmanager import raw_data_manager
    from email.header import Header
    from email.message import EmailMessage
    from email.policy import compat32
    from email.utils import format_datetime

    fields = mail.fields()
    # The newer policies parse the headers that they are given, and would take a caller's words for encoded ones.
    message = EmailMessage(compat32.clone(linesep="\r\n", cte_type="8bit", mangle_from_=False))
    # Quoted-printable can be read in the raw message, for the most part; base64 hides all of it.
    message.set_content(fields["text"], cte="quoted-printable", content_manager=raw_data_manager)
    subject = _LINE_BREAKS.sub(" ", fields["subject"]).strip()
    is_plain = subject.isascii() and len(subject) <= MAX_PLAIN_SUBJECT and "=?" not in subject
    message["From"] = f"Assessment simulator <{SENDER}>"
    message["To"] = to.encode().decode("ascii", "surrogateescape")  # is written as the bytes that it stands for
    message["Subject"] = subject if is_plain else Header(subject, "utf-8", header_name="Subject")  # RFC 2047
    message["Date"] = format_datetime(datetime.fromisoformat(f"{fields['at'][:19]}+00:00"))
    message["Message-ID"] = f"<{mail.id}.{mail.token}@simulator.invalid>"
    message["Auto-Submitted"] = "auto-generated"
    message["X-Simulator-Sandbox"] = mail.sandbox
    return message.as_bytes()
