"""A mail on its way out: the record as it was committed, and what fills its placeholders in."""

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from assessment_simulator.core.links import Links
from assessment_simulator.storage import json_codec

if TYPE_CHECKING:
    from email.header import Header

SENDER = "no-reply@simulator.invalid"
"""Whom all mails are from; nobody can answer: no name under `.invalid` exists (RFC 2606)."""
_BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
"""Whatever any mail program might take for the end of a header's line."""
_LOCAL = re.compile(r"[^\s\x00-\x1f\x7f-\x9f()<>\[\]:;@\\,\"\u2028\u2029]+")
_DOMAIN = re.compile(r"[\w-]+(?:\.[\w-]+)*|\[[0-9A-Za-z:.]+\]")
_SHORT = 66
"""So many characters of a subject fit into its header's one line as they are."""


class Uncarried(Exception):
    """SMTP, or this server, cannot carry a mail to that address; the text says why."""


class Letter(NamedTuple):
    """A mail on its way: `raw` is the record's face, the very bytes that the sandbox keeps, so to wait costs little.

    `mark` tells it apart from all others in the world: after a reset, or in the next run, another may bear the same id.
    """

    sandbox: str
    id: str
    mark: str
    raw: bytes
    base: str
    links: Links

    def face(self) -> dict[str, Any]:
        """The mail as `S/mail` shows it, with links that lead somewhere."""
        face: dict[str, Any] = json_codec.loads(self.links.fill_placeholders(self.raw, self.base))
        return face


def recipient(address: str, *, utf8: bool) -> str:
    """The address as SMTP can carry it; `utf8` where the server takes others than ASCII. Raises `Uncarried`."""
    local, _, domain = address.strip().rpartition("@")
    if not _LOCAL.fullmatch(local) or not _DOMAIN.fullmatch(domain):
        raise Uncarried("this is no address that SMTP can carry")
    if not (utf8 or domain.isascii()):
        try:
            domain = domain.encode("idna").decode()
        except UnicodeError:
            raise Uncarried("its domain cannot be written in ASCII, and the server does not know SMTPUTF8") from None
    if not (utf8 or local.isascii()):
        raise Uncarried("it is not ASCII, and the server does not know SMTPUTF8")
    if len(local.encode()) > 64 or len(f"{local}@{domain}".encode()) > 254:
        raise Uncarried("it is longer than SMTP carries: 64 octets before the @, 254 in all")
    return f"{local}@{domain}"


def written(letter: Letter, to: str) -> bytes:
    """The whole message (RFC 5322), its lines ended by CRLF; 7-bit but for `to`, if that is not ASCII."""
    from email.contentmanager import raw_data_manager
    from email.message import EmailMessage
    from email.policy import compat32
    from email.utils import format_datetime

    face = letter.face()
    # The newer policies read the headers that they are given, and would take a caller's words for encoded ones.
    message = EmailMessage(compat32.clone(linesep="\r\n", cte_type="8bit", mangle_from_=False))
    # Quoted-printable can be read in the raw message, for the most part; base64 hides all of it.
    message.set_content(face["text"], cte="quoted-printable", content_manager=raw_data_manager)
    message["From"] = f"Assessment simulator <{SENDER}>"
    message["To"] = to.encode().decode("ascii", "surrogateescape")  # is written as the bytes that it stands for
    message["Subject"] = _subject(face["subject"])
    message["Date"] = format_datetime(datetime.fromisoformat(f"{face['at'][:19]}+00:00"))
    message["Message-ID"] = f"<{letter.id}.{letter.mark}@simulator.invalid>"
    message["Auto-Submitted"] = "auto-generated"
    message["X-Simulator-Sandbox"] = letter.sandbox
    return message.as_bytes()


def _subject(text: str) -> "str | Header":
    """On one line as it is where every server can carry that, else in encoded words (RFC 2047)."""
    from email.header import Header

    line = _BREAKS.sub(" ", text).strip()
    if line.isascii() and len(line) <= _SHORT and "=?" not in line:
        return line
    return Header(line, "utf-8", header_name="Subject")
