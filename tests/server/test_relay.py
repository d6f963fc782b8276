"""The relay of invitation mails to a mail server."""

import asyncio
import contextlib
import json
import re
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest

from assessment_simulator.core.links import Links
from assessment_simulator.mail.relay import Relay
from assessment_simulator.mail.smtp import OutgoingMail, PermanentFailure, SmtpClient, TemporaryFailure
from tests.mailbox import Mailbox
from tests.postgres import new_database
from tests.server import assessment, order
from tests.servers import Sandbox, Server, sandbox_at, served
from tests.waiting import free_port, until


@pytest.fixture(scope="module")
def mailbox() -> Iterator[Mailbox]:
    """A mail server that takes ASCII addresses only, as many do."""
    with Mailbox() as running:
        yield running


@pytest.fixture(scope="module")
def relaying(mailbox: Mailbox) -> Iterator[Server]:
    """A simulator that relays to it."""
    with Server("--smtp", mailbox.where) as running:
        yield running


@pytest.fixture(scope="module")
def client(relaying: Server) -> Iterator[httpx2.Client]:
    with sandbox_at(relaying.url) as sandbox:
        yield sandbox.http


@pytest.fixture
def box(client: httpx2.Client) -> Sandbox:
    return Sandbox(client, f"t-{uuid.uuid4()}")


def invite(sandbox: Sandbox, email: str = "grace@example.com", **more: Any) -> Any:
    """A PI assessment of which the taker is informed by mail."""
    return assessment(sandbox, email=email, notifyAssessmentAvailableUsingEmail=1, **more)


def said(server: Server, words: str, seconds: float = 15) -> str:
    """The line of the log that holds the words, as soon as it is there."""
    return until(lambda: [line for line in server.stderr().splitlines() if words in line], seconds)[0]


# What is relayed, and when.


def test_mail_of_each_vendor_arrives_as_the_mail_list_shows_it(box: Sandbox, mailbox: Mailbox) -> None:
    box.control_json("POST", "/clock", {"freeze": "2031-05-06T07:08:09Z"})
    invite(box)
    order(box, send_email=True, requisition_title="Pilot")
    for mail, listed in zip(mailbox.wait_for(2, box.name), box.control_json("GET", "/mail"), strict=True):
        message = mail.message
        assert mail.to == [listed["to"]]
        assert str(message["To"]) == listed["to"]
        assert str(message["Subject"]) == listed["subject"]
        assert mail.text == listed["text"]
        assert listed["link"] in mail.text
        assert listed["link"].startswith(f"{box.url}/")
        assert str(message["Date"]) == "Tue, 06 May 2031 07:08:09 +0000"
        assert mail.sender == "no-reply@simulator.invalid"
        assert str(message["From"]) == "Assessment simulator <no-reply@simulator.invalid>"
        assert str(message["Message-ID"]).startswith(f"<{listed['id']}.")
        assert str(message["X-Simulator-Sandbox"]) == box.name
        assert message.get_content_charset() == "utf-8"
        assert message.defects == []


def receivers(mailbox: Mailbox, count: int, sandbox: str = "ada") -> list[str]:
    """Who has got the mails of a sandbox, once there are so many."""
    return [mail.to[0] for mail in mailbox.wait_for(count, sandbox)]


def test_mails_of_a_sandbox_arrive_once_and_in_order(box: Sandbox, mailbox: Mailbox) -> None:
    expected = [f"taker-{number}@example.com" for number in range(30)]
    for email in expected:
        invite(box, email)
    assert receivers(mailbox, 30, box.name) == expected
    assert len({str(mail.message["Message-ID"]) for mail in mailbox.received}) == len(mailbox.received)


def test_only_the_committing_process_relays_a_mail(postgres_server: str) -> None:
    options = ["--log", new_database(postgres_server)]
    with Mailbox() as mailbox:
        with contextlib.ExitStack() as stack:
            urls = [stack.enter_context(Server(*options, "--smtp", mailbox.where)).url for _ in range(2)]
            http = [stack.enter_context(httpx2.Client(base_url=url, trust_env=False)) for url in urls * 8]
            boxes = [Sandbox(client, "ada") for client in http]
            for box in boxes:  # a connection each, so that each process has the sandbox and hears of the others
                assert box.control_json("GET", "/mail") == []
            for number, box in enumerate(boxes):
                invite(box, f"taker-{number}@example.com")
            listed = [mail["to"] for box in boxes for mail in box.control_json("GET", "/mail")]
        # They have ended, so what a process was to hand over has arrived.
        assert sorted(mail.to[0] for mail in mailbox.received) == sorted(set(listed))
        assert len(set(listed)) == len(boxes)


def test_no_mail_is_sent_again_after_restore_reset_fork_or_advance(box: Sandbox, mailbox: Mailbox) -> None:
    invite(box, "first@example.com")
    box.control_json("POST", "/snapshots")
    fork = Sandbox(box.http, box.control_json("POST", "/fork", {})["name"])
    invite(fork, "forked@example.com")
    box.control_json("POST", "/clock", {"advance": "PT1H"})
    box.control_json("POST", "/snapshots/snapshot-1/restore")
    before = box.control_json("GET", "/mail")
    box.control_json("POST", "/reset")
    invite(box, "second@example.com")
    assert [mail["id"] for mail in box.control_json("GET", "/mail")] == [mail["id"] for mail in before]
    box.control_json("DELETE")
    assert receivers(mailbox, 2, box.name) == ["first@example.com", "second@example.com"]
    first, second = (mail.message["Message-ID"] for mail in mailbox.wait_for(2, box.name))
    assert first != second, "a reset repeats the ids of mails, and mail programs hide a Message-ID that they know"
    assert receivers(mailbox, 1, fork.name) == ["forked@example.com"]


def test_sample_data_is_not_relayed(client: httpx2.Client, mailbox: Mailbox) -> None:
    demo = Sandbox(client, "demo")
    assert demo.control_json("GET", "/mail")
    demo.control_json("POST", "/reset")
    invite(demo, "visitor@example.com")
    assert receivers(mailbox, 1, "demo") == ["visitor@example.com"]


# Hostile input.

HOSTILE = {
    "a line more": "Ada\r\nBcc: eve@example.com\r\n\r\nEve",
    "other ends of lines": "Ada\x0bBcc: a\x0cBcc: b\x85Bcc: c\u2028Bcc: d\u2029Bcc: e\rBcc: f\nBcc: g\x00",
    "an encoded line": "=?utf-8?q?Ada=0D=0ABcc:_eve=40example.com?=",
    "the end of the message": "Ada\r\n.\r\nMAIL FROM:<eve@example.com>\r\n",
    "a bare end of the message": "Ada\n.\nRCPT TO:<eve@example.com>\n.",
    "markup": "<script>alert(1)</script>",
    "right to left": "\u202eEve\u202c \u05d0\u05d3\u05d4",
    "emoji": "\U0001f469\u200d\U0001f680 Ada",
    "very long": "x" * 10_000,
    "very long emoji": "\U0001f600" * 10_000,
}


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_hostile_names_and_titles_do_not_break_a_message(box: Sandbox, mailbox: Mailbox, name: str) -> None:
    invite(box, firstName=name, lastName=name)
    candidate = {"email": "ada@example.com", "first_name": name, "last_name": name}
    order(box, send_email=True, requisition_title=name, candidate=candidate)
    mails, listed = mailbox.wait_for(2, box.name), box.control_json("GET", "/mail")
    plain = str(mails[0].message.keys())
    for mail, shown in zip(mails, listed, strict=True):
        assert mail.to == [shown["to"]]
        assert str(mail.message.keys()) == plain
        assert set(mail.message.keys()) == {
            "MIME-Version", "Content-Type", "Content-Transfer-Encoding", "From", "To", "Subject", "Date", "Message-ID",
            "Auto-Submitted", "X-Simulator-Sandbox",
        }  # fmt: skip
        assert mail.message.defects == []
        assert [str(mail.message[name].defects) for name in mail.message] == ["()"] * 10
        assert mail.raw.isascii()
        assert max(len(line) for line in mail.raw.splitlines()) <= 998
        assert bare(str(mail.message["Subject"])) == bare(shown["subject"])
        assert bare(mail.text) == bare(shown["text"])


def bare(text: str) -> str:
    """A text without what ends lines, and blanks."""
    return re.sub(r"[\s\x00-\x20\x7f-\x9f\u2028\u2029]+", "", text)


REFUSED = {
    "nobody@example.com": "the server said 550 No such user",
    "ä@example.com": "it is not ASCII",
    "ada": "no address",
    "@example.com": "no address",
    "ada@": "no address",
    "a b@example.com": "no address",
    "<ada@example.com>": "no address",
    "ada@example.com, eve@example.com": "no address",
    "ada@example.com> SIZE=1 <eve@example.com": "no address",
    "ada@example.com\r\nRCPT TO:<eve@example.com>": "no address",
    '"ada@eve"@example.com': "no address",
    "ada@exa mple.com": "no address",
    f"ada@{'ä' * 70}.example": "cannot be written in ASCII",
    f"{'a' * 65}@example.com": "longer than SMTP carries",
    f"ada@{'a.' * 130}com": "longer than SMTP carries",
    "x" * 10_000 + "@example.com": "longer than SMTP carries",
}


def test_unsupported_or_refused_address_is_logged_and_delays_no_other_mail(
    box: Sandbox, mailbox: Mailbox, relaying: Server
) -> None:
    mailbox.refuse = {"nobody@example.com": "550 No such\tuser"}
    for address in REFUSED:
        order(box, application=address, send_email=True, candidate={"email": address})
    invite(box, "last@example.com")
    assert receivers(mailbox, 1, box.name) == ["last@example.com"]
    listed = box.control_json("GET", "/mail")
    assert len(listed) == len(REFUSED) + 1
    for mail in listed[:-1]:
        line = said(relaying, mail["id"])
        assert f"simulator.relay: mail {mail['id']} of sandbox {box.name} was not relayed: " in line
        assert REFUSED[mail["to"]] in line
    assert "Traceback" not in relaying.stderr()


def test_domain_is_sent_as_punycode(box: Sandbox, mailbox: Mailbox) -> None:
    invite(box, "ada@bücher.example")
    (mail,) = mailbox.wait_for(1, box.name)
    assert mail.to == ["ada@xn--bcher-kva.example"]


def test_smtputf8_server_gets_addresses_unchanged() -> None:
    with Mailbox(smtputf8=True) as mailbox, served("--smtp", mailbox.where) as url, sandbox_at(url) as sandbox:
        invite(sandbox, "gräce@bücher.example")
        (mail,) = mailbox.wait_for(1)
    assert mail.to == ["gräce@bücher.example"]
    assert "\r\nTo: gräce@bücher.example\r\n".encode() in mail.raw


# Failures of the mail server.


def test_retried_mail_keeps_its_sandboxs_order_and_delays_no_other_sandbox(
    box: Sandbox, client: httpx2.Client, mailbox: Mailbox
) -> None:
    mailbox.refuse = {"later@example.com": "451 Come again"}
    invite(box, "later@example.com")
    invite(box, "behind@example.com")
    other = Sandbox(client, f"t-{uuid.uuid4()}")
    invite(other)
    assert mailbox.wait_for(1, other.name)
    assert not [mail for mail in mailbox.received if mail.sandbox == box.name]
    mailbox.refuse = {}
    assert receivers(mailbox, 2, box.name) == ["later@example.com", "behind@example.com"]


def test_waiting_mails_are_sent_when_the_server_comes_up() -> None:
    mailbox = Mailbox()
    with Server("--smtp", mailbox.where) as server, sandbox_at(server.url) as sandbox:
        expected = [f"taker-{number}@example.com" for number in range(5)]
        for email in expected:
            invite(sandbox, email)
        with mailbox:
            assert receivers(mailbox, 5) == expected
        assert server.stderr() == ""


@contextlib.contextmanager
def talking(talk: Callable[[socket.socket], None]) -> Iterator[tuple[str, list[float]]]:
    """A server that answers each connection; its address, and the times of the connections."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        came: list[float] = []

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    came.append(time.monotonic())
                    with connection, contextlib.suppress(OSError):
                        talk(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}", came
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def hang(connection: socket.socket) -> None:
    """Say nothing until the other has gone."""
    connection.recv(1)


def outgoing_mail(number: int = 1, sandbox: str = "ada", to: str = "ada@example.com") -> OutgoingMail:
    face = {"id": f"m-{number}", "at": "2026-01-01T00:00:00.0000000Z", "to": to, "subject": "Hello", "text": "\n.\n"}
    return OutgoingMail(
        sandbox, f"m-{number}", "mark", json.dumps(face).encode(), "http://sim.example", Links("ada", b"secret")
    )


HANG, END = "hang", "end"


def answering(**answers: str) -> Callable[[socket.socket], None]:
    """Answer as a mail server does, but for the named steps; `MESSAGE` is the end of the message."""

    def talk(connection: socket.socket) -> None:
        lines = connection.makefile("rb")
        step, usual = "GREETING", {"GREETING": "220 here", "DATA": "354 go on", "QUIT": "221 bye"}
        while True:
            answer = answers.get(step, usual.get(step, "250 fine"))
            if answer == HANG:
                hang(connection)
            if answer in (HANG, END):
                return
            connection.sendall(f"{answer}\r\n".encode())
            if step == "DATA" and answer.startswith("354"):
                while lines.readline() not in (b".\r\n", b""):
                    pass
                step = "MESSAGE"
            else:
                step = lines.readline()[:4].decode()

    return talk


# A failure, and whether a retry may help.
LATER, NEVER = TemporaryFailure, PermanentFailure
FAILURES: dict[str, tuple[Callable[[socket.socket], None], type[Exception], str]] = {
    "says nothing": (hang, LATER, "Timed out"),
    "closes at once": (answering(GREETING=END), LATER, "EOF"),
    "talks another protocol": (answering(GREETING="SSH-2.0-OpenSSH_9.9"), LATER, "SSH-2.0-OpenSSH_9.9"),
    "421 greeting": (answering(GREETING="421 later"), LATER, "the server said 421 later"),
    "554 greeting": (answering(GREETING="554 not\x1b[31m here"), NEVER, r"the server said 554 not \[31m here"),
    "endless lines": (lambda peer: peer.sendall(b"220-x\r\n" * 10_000), LATER, "Response too long|EOF"),
    "421 EHLO and HELO": (answering(EHLO="421 later", HELO="421 later"), LATER, "421 later"),
    "502 EHLO and HELO": (answering(EHLO="502 what?", HELO="502 what?"), NEVER, r"502 what\?"),
    "closes at EHLO": (answering(EHLO=END), LATER, "EOF"),
    "530 MAIL": (answering(MAIL="530 log in"), NEVER, "530 log in"),
    "452 MAIL": (answering(MAIL="452 full"), LATER, "452 full"),
    "closes at RCPT": (answering(RCPT=END), LATER, "EOF"),
    "hangs at RCPT": (answering(RCPT=HANG), LATER, "Timed out"),
    "554 DATA": (answering(DATA="554 no"), NEVER, "554 no"),
    "451 DATA": (answering(DATA="451 later"), LATER, "451 later"),
    "hangs at DATA": (answering(DATA=HANG), NEVER, "may have arrived: Timed out"),
    "closes at DATA": (answering(DATA=END), NEVER, "may have arrived"),
    "554 message": (answering(MESSAGE="554 spam"), NEVER, "the server said 554 spam"),
    "451 message": (answering(MESSAGE="451 later"), LATER, "the server said 451 later"),
    "closes after the message": (answering(MESSAGE=END), NEVER, "may have arrived"),
    "hangs after the message": (answering(MESSAGE=HANG), NEVER, "may have arrived"),
    "malformed response to the message": (answering(MESSAGE="thanks"), NEVER, "may have arrived: Malformed"),
}


@pytest.mark.parametrize(("talk", "kind", "words"), FAILURES.values(), ids=FAILURES)
def test_smtp_failure_is_temporary_or_permanent(
    talk: Callable[[socket.socket], None], kind: type[Exception], words: str
) -> None:
    with talking(talk) as (where, _), pytest.raises(kind, match=words) as found:
        asyncio.run(SmtpClient(where, 0.3).send(outgoing_mail()))
    assert str(found.value).isprintable()


ACCEPTED = {
    "knows no EHLO": answering(EHLO="502 what?"), "ends before it says farewell": answering(QUIT=END),
    "says no farewell": answering(QUIT="500 what?"), "hangs at the farewell": answering(QUIT=HANG),
}  # fmt: skip


@pytest.mark.parametrize("talk", ACCEPTED.values(), ids=ACCEPTED)
def test_accepted_mail_is_not_sent_again(talk: Callable[[socket.socket], None]) -> None:
    with talking(talk) as (where, _):
        asyncio.run(SmtpClient(where, 0.3).send(outgoing_mail()))


@pytest.mark.parametrize("host", ["no-such-host.invalid", "..", "a" * 64])
def test_unresolvable_mail_server_is_a_temporary_failure(host: str) -> None:
    with pytest.raises(TemporaryFailure):
        asyncio.run(SmtpClient(f"{host}:25").send(outgoing_mail()))


# The queue.


async def test_full_queue_drops_the_oldest_mail_with_a_log_line(caplog: pytest.LogCaptureFixture) -> None:
    sent, arrived, opened = list[str](), asyncio.Event(), asyncio.Event()

    async def send(mail: OutgoingMail) -> None:
        arrived.set()
        await opened.wait()
        if mail.id == "m-0":
            raise TemporaryFailure("it is not there")
        sent.append(mail.id)

    relay = Relay(send, max_waiting=3)
    relay.enqueue(outgoing_mail(0))
    await arrived.wait()
    for number in range(1, 6):
        relay.enqueue(outgoing_mail(number))
    opened.set()
    await relay.close(10)
    # Neither the mail that is being sent nor one that waits for its retry has a place of its own.
    assert [record.message for record in caplog.records] == [
        f"mail m-{number} of sandbox ada was not relayed: more than 3 mails wait" for number in (1, 2, 0)
    ]
    assert sent == ["m-3", "m-4", "m-5"]


class Down:
    """A mail server that is never there."""

    def __init__(self) -> None:
        self.tried: list[tuple[str, float]] = []
        self.enough = asyncio.Event()

    async def send(self, letter: OutgoingMail) -> None:
        self.tried.append((letter.id, time.monotonic()))
        if len(self.tried) == 4:
            self.enough.set()
        raise TemporaryFailure("it is not there")


async def test_backoff_is_kept_and_starts_again_with_the_next_mail(caplog: pytest.LogCaptureFixture) -> None:
    down = Down()
    relay = Relay(down.send, backoff=(0.1,))
    relay.enqueue(outgoing_mail(1))
    relay.enqueue(outgoing_mail(2))
    await down.enough.wait()
    await relay.close(10)
    assert [id for id, _ in down.tried] == ["m-1", "m-1", "m-2", "m-2"]
    (_, first), (_, second), (_, third), (_, fourth) = down.tried
    # The timers of uvloop count milliseconds, so one may fire up to one early.
    assert second - first >= 0.099
    assert fourth - third >= 0.099
    assert [record.message for record in caplog.records] == [
        f"mail m-{number} of sandbox ada was not relayed: it is not there (tried 2 times)" for number in (1, 2)
    ]


async def test_internal_error_loses_one_mail_only(caplog: pytest.LogCaptureFixture) -> None:
    with Mailbox() as mailbox:
        relay = Relay(SmtpClient(mailbox.where).send)
        relay.enqueue(outgoing_mail()._replace(raw=b"{"))
        relay.enqueue(outgoing_mail(2))
        await relay.close(10)
        assert len(mailbox.received) == 1
    assert "mail m-1 of sandbox ada was not relayed: the simulator failed" in caplog.text


# Shutdown.


def test_shutdown_sends_the_waiting_mails() -> None:
    with (
        Mailbox() as mailbox, Server("--smtp", mailbox.where) as server, sandbox_at(server.url) as sandbox,
    ):  # fmt: skip
        mailbox.delay = 0.3
        for number in range(3):
            invite(sandbox, f"taker-{number}@example.com")
        server.process.terminate()
        assert server.process.wait(10) == 0
        assert len(mailbox.received) == 3
        assert server.stderr() == ""


@pytest.mark.parametrize("reachable", [True, False], ids=["hangs", "is down"])
def test_requests_and_shutdown_do_not_wait_for_a_mail_server_that(reachable: bool) -> None:
    with (
        talking(hang) as (where, came),
        Server("--smtp", where if reachable else f"127.0.0.1:{free_port()}") as server,
        sandbox_at(server.url) as sandbox,
    ):
        began = time.monotonic()
        for _ in range(30):
            invite(sandbox)
        if reachable:
            until(lambda: came)
        server.process.terminate()
        assert server.process.wait(20) == 0
        assert time.monotonic() - began < 20
        assert len(came) <= 1
        [line] = server.stderr().splitlines()
        assert line.endswith("simulator.relay: 30 mails were not relayed: the simulator stops")
