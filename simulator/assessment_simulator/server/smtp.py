"""Hands one mail over to a mail server, and says what came of it. It waits for the network: call it from a thread."""

import contextlib
import re
from typing import TYPE_CHECKING, Protocol

from assessment_simulator.core.urls import host_and_port
from assessment_simulator.server.letter import SENDER, Letter, Uncarried, recipient, written

if TYPE_CHECKING:
    from smtplib import SMTP

SECONDS = 10.0
"""So long each answer of the mail server may take, and connecting to it."""
_OURSELVES = "[127.0.0.1]"
"""What we say we are: asking the network for this machine's name may take longer than the mail."""
_DOT = re.compile(rb"(?m)^\.")


class Again(Exception):
    """The server could not be reached, broke off, or asked for patience: it may be tried later."""


class Never(Exception):
    """Trying again would not help, or might bring the mail twice."""


class Post(Protocol):
    """Whatever can hand a mail over."""

    def send(self, letter: Letter) -> None:
        """Hand it over; raises `Again` or `Never` with the reason."""
        ...


class Smtp:
    """The mail server at `where` (HOST:PORT), spoken to in plain SMTP, without a login."""

    def __init__(self, where: str, seconds: float = SECONDS) -> None:
        found = host_and_port(where)
        if found is None:
            raise ValueError(f"{where!r} is no HOST:PORT, such as 127.0.0.1:1025")
        self._where = found
        self._seconds = seconds

    def send(self, letter: Letter) -> None:
        """Hand a mail over, on a connection of its own."""
        from smtplib import SMTP, SMTPResponseException

        client = None
        try:
            client = SMTP(*self._where, local_hostname=_OURSELVES, timeout=self._seconds)
            _hand_over(client, letter)
        except Uncarried as problem:
            raise Never(str(problem)) from None
        except SMTPResponseException as problem:
            kind = Never if 500 <= problem.smtp_code < 600 else Again
            raise kind(f"the server said {problem.smtp_code} {_line(problem.smtp_error)}") from None
        except (
            OSError,
            UnicodeError,
        ) as problem:  # also whatever else smtplib raises, and names that cannot be asked for
            raise Again(f"{type(problem).__name__}: {_line(str(problem))}") from None
        finally:
            if client is not None:
                client.close()


def _hand_over(client: "SMTP", letter: Letter) -> None:
    client.ehlo_or_helo_if_needed()
    utf8 = client.has_extn("smtputf8")
    to = recipient(letter.face()["to"], utf8=utf8)
    message = _DOT.sub(b"..", written(letter, to))
    options = "" if to.isascii() else " SMTPUTF8 BODY=8BITMIME"
    if options:
        client.command_encoding = "utf-8"
    _accepted(client.docmd("MAIL", f"FROM:<{SENDER}>{options}"))
    _accepted(client.docmd("RCPT", f"TO:<{to}>"))
    _accepted(client.docmd("DATA"))
    client.send(message + b".\r\n")
    _accepted(_last_word(client))
    with contextlib.suppress(OSError):  # the mail is theirs by now
        client.quit()


def _last_word(client: "SMTP") -> tuple[int, bytes]:
    """The answer to the whole message. Without one nobody knows whether it arrived; it shall not arrive twice."""
    try:
        return client.getreply()
    except OSError as problem:
        raise Never(f"handed over whole, it may have arrived; no answer came: {_line(str(problem))}") from None


def _accepted(reply: tuple[int, bytes]) -> None:
    from smtplib import SMTPResponseException

    if not 200 <= reply[0] < 400:
        raise SMTPResponseException(*reply)


def _line(text: str | bytes) -> str:
    """What somebody else said, fit for one line of a log."""
    said = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    shown = "".join(letter if letter.isprintable() else " " for letter in said)
    return " ".join(shown.split())[:200]
