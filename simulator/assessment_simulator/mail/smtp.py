"""Sends one invitation mail to a mail server, on a connection of its own, in plain SMTP without a login.

In this order: connect to the first address that answers, greet, check the recipient's address against what SMTP and
this server can carry, write the message (RFC 5322), transfer it. A failure says whether a retry may help.
"""

import re
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from assessment_simulator.core.links import Links
from assessment_simulator.core.urls import host_and_port
from assessment_simulator.resolver import Resolver
from assessment_simulator.storage import json_codec

if TYPE_CHECKING:
    from aiosmtplib import SMTP

# Seconds for connecting, and for each response of the mail server.
TIMEOUT = 10.0
# The sender of all mails. A reply is impossible: no name under `.invalid` exists (RFC 2606).
SENDER = "no-reply@simulator.invalid"
# Characters of a subject that fit into its header's one line as they are.
MAX_PLAIN_SUBJECT = 66
# The name in EHLO: asking the network for this machine's name may take longer than the mail.
_LOCAL_HOSTNAME = "[127.0.0.1]"
# Whatever any mail program might take for the end of a header's line.
_LINE_BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
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
        return cast("dict[str, Any]", json_codec.loads(self.links.fill_placeholders(self.raw, self.base)))


class SmtpClient:
    """A mail server at `address` (HOST:PORT)."""

    def __init__(self, address: str, timeout: float = TIMEOUT) -> None:
        found = host_and_port(address)
        if found is None:
            raise ValueError(f"{address!r} is no HOST:PORT, such as 127.0.0.1:1025")
        self._host, self._port = found
        self._timeout = timeout
        self._resolver = Resolver()

    async def send(self, mail: OutgoingMail) -> None:
        """Send a mail; raises `TemporaryFailure` or `PermanentFailure` with the reason."""
        from aiosmtplib import SMTPException, SMTPHeloError, SMTPResponseException

        try:
            client = await self._connect()
            try:
                try:
                    await client.ehlo()
                except SMTPHeloError:
                    if not client.is_connected:
                        raise
                    await client.helo()
                fields = mail.fields()
                to = recipient(fields["to"], utf8=client.supports_extension("smtputf8"))
                options, encoding = ([], "ascii") if to.isascii() else (["SMTPUTF8", "BODY=8BITMIME"], "utf-8")
                message = _encoded(mail, fields, to)
                await client.mail(SENDER, options=options, encoding=encoding)
                await client.rcpt(to, encoding=encoding)
                try:
                    await client.data(message)
                except SMTPException as problem:
                    if isinstance(problem, SMTPResponseException) and 400 <= problem.code < 600:
                        raise
                    # Without a response it is unknown whether the mail arrived, and it must not arrive twice.
                    reason = f"the message was not acknowledged, it may have arrived: {_reason(problem)}"
                    raise PermanentFailure(reason) from None
                with suppress(OSError, SMTPException):  # the server has accepted the mail
                    await client.quit()
            finally:
                client.close()
        except SMTPResponseException as problem:
            kind = PermanentFailure if 500 <= problem.code < 600 else TemporaryFailure
            raise kind(_reason(problem)) from None
        except (OSError, SMTPException) as problem:
            raise TemporaryFailure(_reason(problem)) from None

    async def _connect(self) -> "SMTP":
        """A client that the server has greeted, at the first of its addresses that can be connected to."""
        from aiosmtplib import SMTP, SMTPConnectError, SMTPConnectResponseError

        problem: OSError = OSError(f"{self._host} has no address")
        # The event loop's own lookup would keep the program from ending while a name server does not respond.
        found = await self._resolver.look_up(self._host)
        for address in dict.fromkeys(str(entry[4][0]) for entry in found):
            client = SMTP(
                hostname=address, port=self._port, local_hostname=_LOCAL_HOSTNAME, timeout=self._timeout,
                start_tls=False,
            )  # fmt: skip
            try:
                await client.connect()
            except SMTPConnectResponseError:  # the server answered: its other addresses would answer the same
                raise
            except SMTPConnectError as unreachable:
                problem = unreachable
            else:
                return client
        raise problem


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


def _encoded(mail: OutgoingMail, fields: dict[str, Any], to: str) -> bytes:
    """The whole message, its lines ended by CRLF; 7-bit but for `to`, if that is not ASCII."""
    from email.contentmanager import raw_data_manager
    from email.header import Header
    from email.message import EmailMessage
    from email.policy import compat32
    from email.utils import format_datetime

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


def _reason(problem: Exception) -> str:
    """What went wrong, as one printable line for the log."""
    code, text = getattr(problem, "code", 0), getattr(problem, "message", str(problem))
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())[:200]
    return f"the server said {code} {line}" if code > 0 else line
