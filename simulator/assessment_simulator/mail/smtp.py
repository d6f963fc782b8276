"""Sends one mail to a mail server, on a connection of its own, in plain SMTP without a login."""

from contextlib import suppress
from typing import TYPE_CHECKING

from assessment_simulator.core.urls import host_and_port
from assessment_simulator.mail.message import (
    SENDER,
    OutgoingMail,
    PermanentFailure,
    TemporaryFailure,
    encode_message,
    recipient,
)
from assessment_simulator.resolver import Resolver

if TYPE_CHECKING:
    from aiosmtplib import SMTP

TIMEOUT = 10.0
"""Seconds for connecting, and for each response of the mail server."""
_LOCAL_HOSTNAME = "[127.0.0.1]"
"""The name in EHLO: asking the network for this machine's name may take longer than the mail."""


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
        from aiosmtplib import SMTPException, SMTPResponseException

        try:
            client = await self._connect()
            try:
                await _transfer(client, mail)
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


async def _transfer(client: "SMTP", mail: OutgoingMail) -> None:
    from aiosmtplib import SMTPException, SMTPHeloError, SMTPResponseException

    try:
        await client.ehlo()
    except SMTPHeloError:
        if not client.is_connected:
            raise
        await client.helo()
    to = recipient(mail.fields()["to"], utf8=client.supports_extension("smtputf8"))
    options, encoding = ([], "ascii") if to.isascii() else (["SMTPUTF8", "BODY=8BITMIME"], "utf-8")
    message = encode_message(mail, to)
    await client.mail(SENDER, options=options, encoding=encoding)
    await client.rcpt(to, encoding=encoding)
    try:
        await client.data(message)
    except SMTPException as problem:
        if isinstance(problem, SMTPResponseException) and 400 <= problem.code < 600:
            raise
        # Without a response it is unknown whether the mail arrived, and it must not arrive twice.
        raise PermanentFailure(f"the message was not acknowledged, it may have arrived: {_reason(problem)}") from None
    with suppress(OSError, SMTPException):  # the server has accepted the mail
        await client.quit()


def _reason(problem: Exception) -> str:
    """What went wrong, as one printable line for the log."""
    code, text = getattr(problem, "code", 0), getattr(problem, "message", str(problem))
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())[:200]
    return f"the server said {code} {line}" if code > 0 else line
