"""A mail server for tests: it records mails, refuses given recipients, and can be slow."""

import asyncio
import threading
from contextlib import AbstractContextManager
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Self, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.waiting import free_port


@dataclass(frozen=True)
class Received:
    """One mail as the server got it: the recipients of the envelope, and the message as bytes and as one."""

    sender: str
    to: list[str]
    raw: bytes

    @property
    def message(self) -> EmailMessage:
        """The message, read as any mail program reads it."""
        return message_from_bytes(self.raw, policy=policy.default)

    @property
    def text(self) -> str:
        """Its text, with line feeds."""
        return cast("str", self.message.get_content()).replace("\r\n", "\n")

    @property
    def sandbox(self) -> str:
        """The sandbox in its header."""
        return str(self.message["X-Simulator-Sandbox"])


class Mailbox(AbstractContextManager["Mailbox"]):
    """A mail server in a thread of its own; `.where` is its HOST:PORT, also while it is down.

    `refuse` answers recipients with a reply of its own, `delay` is how many seconds taking a message takes.
    """

    def __init__(self, *, smtputf8: bool = False, port: int | None = None) -> None:
        self.port = port or free_port()
        self.where = f"127.0.0.1:{self.port}"
        self.refuse: dict[str, str] = {}
        self.delay = 0.0
        self.received: list[Received] = []
        self._changed = threading.Condition()
        self._controller = Controller(
            self, "127.0.0.1", self.port, enable_SMTPUTF8=smtputf8, ready_timeout=20, data_size_limit=2**20
        )

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()

    async def handle_RCPT(  # noqa: N802 - aiosmtpd looks for these names
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take or refuse a recipient."""
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep a message."""
        await asyncio.sleep(self.delay)  # the slow mail server that a test asks for
        with self._changed:
            raw = cast("bytes", envelope.original_content)
            self.received.append(Received(str(envelope.mail_from), [*envelope.rcpt_tos], raw))
            self._changed.notify_all()
        return "250 OK"

    def wait_for(self, count: int, sandbox: str | None = None, seconds: float = 10) -> list[Received]:
        """The mails so far (of one sandbox), as soon as there are `count`; fails if they do not come in time."""

        def ours() -> list[Received]:
            return [mail for mail in self.received if sandbox in (None, mail.sandbox)]

        with self._changed:
            came = self._changed.wait_for(lambda: len(ours()) >= count, seconds)
            assert came, f"{len(ours())} of {count} mails within {seconds} s"
            return ours()
