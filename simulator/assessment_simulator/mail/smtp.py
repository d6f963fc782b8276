"""Hands one mail over to a mail server, and says what came of it."""

import contextlib
from typing import TYPE_CHECKING, Protocol

from assessment_simulator.core.urls import host_and_port
from assessment_simulator.mail.message import SENDER, Letter, Uncarried, recipient, written
from assessment_simulator.webhooks.resolver import Resolver

if TYPE_CHECKING:
    from aiosmtplib import SMTP

SECONDS = 10.0
"""So long each answer of the mail server may take, and connecting to it."""
_OURSELVES = "[127.0.0.1]"
"""What we say we are: asking the network for this machine's name may take longer than the mail."""


class Again(Exception):
    """The server could not be reached, broke off, or asked for patience: it may be tried later."""


class Never(Exception):
    """Trying again would not help, or might bring the mail twice."""


class Post(Protocol):
    """Whatever can hand a mail over."""

    async def send(self, letter: Letter) -> None:
        """Hand it over; raises `Again` or `Never` with the reason."""
        ...


class Smtp:
    """The mail server at `where` (HOST:PORT), spoken to in plain SMTP, without a login."""

    def __init__(self, where: str, seconds: float = SECONDS) -> None:
        found = host_and_port(where)
        if found is None:
            raise ValueError(f"{where!r} is no HOST:PORT, such as 127.0.0.1:1025")
        self._host, self._port = found
        self._seconds = seconds
        self._resolver = Resolver()

    async def send(self, letter: Letter) -> None:
        """Hand a mail over, on a connection of its own."""
        from aiosmtplib import SMTPException, SMTPResponseException

        try:
            client = await self._connected()
            try:
                await _hand_over(client, letter)
            finally:
                client.close()
        except Uncarried as problem:
            raise Never(str(problem)) from None
        except SMTPResponseException as problem:
            kind = Never if 500 <= problem.code < 600 else Again
            raise kind(_said(problem)) from None
        except (OSError, SMTPException) as problem:
            raise Again(_said(problem)) from None

    async def _connected(self) -> "SMTP":
        """A client that the server has greeted, at the first of its addresses that can be connected to."""
        from aiosmtplib import SMTP, SMTPConnectError, SMTPConnectResponseError

        problem: OSError = OSError(f"{self._host} has no address")
        # The loop's own look-up would keep the program from ending while a name server does not answer.
        found = await self._resolver.look_up(self._host)
        for address in dict.fromkeys(str(entry[4][0]) for entry in found):
            client = SMTP(
                hostname=address, port=self._port, local_hostname=_OURSELVES, timeout=self._seconds, start_tls=False
            )
            try:
                await client.connect()
            except SMTPConnectResponseError:
                raise
            except SMTPConnectError as unconnected:
                problem = unconnected
            else:
                return client
        raise problem


async def _hand_over(client: "SMTP", letter: Letter) -> None:
    from aiosmtplib import SMTPException, SMTPHeloError, SMTPResponseException

    try:
        await client.ehlo()
    except SMTPHeloError:
        if not client.is_connected:
            raise
        await client.helo()
    to = recipient(letter.face()["to"], utf8=client.supports_extension("smtputf8"))
    options, encoding = ([], "ascii") if to.isascii() else (["SMTPUTF8", "BODY=8BITMIME"], "utf-8")
    message = written(letter, to)
    await client.mail(SENDER, options=options, encoding=encoding)
    await client.rcpt(to, encoding=encoding)
    try:
        await client.data(message)
    except SMTPException as problem:
        if isinstance(problem, SMTPResponseException) and 400 <= problem.code < 600:
            raise
        # Without an answer nobody knows whether the mail arrived; it shall not arrive twice.
        raise Never(f"the message was not acknowledged, it may have arrived: {_said(problem)}") from None
    with contextlib.suppress(OSError, SMTPException):  # the mail is theirs by now
        await client.quit()


def _said(problem: Exception) -> str:
    """What went wrong, fit for one line of a log."""
    code, text = getattr(problem, "code", 0), getattr(problem, "message", str(problem))
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())[:200]
    return f"the server said {code} {line}" if code > 0 else line
