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
from assessment_simulator.mail.message import OutgoingMail, PermanentFailure, TemporaryFailure
from assessment_simulator.mail.relay import Relay
from assessment_simulator.mail.smtp import SmtpClient
from tests.mailbox import Mailbox, free_port
from tests.postgres import new_database
from tests.server import assessment, order
from tests.servers import Sandbox, Server, served
from tests.waiting import until


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
    with httpx2.Client(base_url=relaying.url, timeout=30, trust_env=False) as http:
        yield http


@pytest.fixture
def box(client: httpx2.Client) -> Sandbox:
    """A fresh sandbox of the simulator that relays."""
    return Sandbox(client, f"t-{uuid.uuid4()}")


def invite(sandbox: Sandbox, email: str = "grace@example.com", **more: Any) -> Any:
    """A PI assessment that the taker is told of by mail."""
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


def test_no_mail_without_the_request_for_one(box: Sandbox, mailbox: Mailbox) -> None:
    assessment(box)
    order(box, application="application-2")
    invite(box, "last@example.com")
    assert [mail.to for mail in mailbox.wait_for(1, box.name)] == [["last@example.com"]]


def test_mails_of_a_sandbox_arrive_once_and_in_order(box: Sandbox, mailbox: Mailbox) -> None:
    for number in range(30):
        invite(box, f"taker-{number}@example.com")
    assert [mail.to for mail in mailbox.wait_for(30, box.name)] == [
        [f"taker-{number}@example.com"] for number in range(30)
    ]
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


def test_link_has_the_base_url_of_the_creating_request(box: Sandbox, mailbox: Mailbox) -> None:
    body = {
        "firstName": "Ada", "lastName": "L", "email": "ada@example.com", "notifyAssessmentAvailableUsingEmail": 1,
    }  # fmt: skip
    box.pi.post("/api/v1/behavioralassessments", json=body, headers={"Host": "sim.internal:99"})
    (mail,) = mailbox.wait_for(1, box.name)
    assert "\nhttp://sim.internal:99/" in mail.text


def test_link_has_the_public_url_if_set() -> None:
    with (
        Mailbox() as mailbox,
        served(environ={"SIMULATOR_SMTP": mailbox.where, "SIMULATOR_PUBLIC_URL": "https://sim.example"}) as url,
        httpx2.Client(base_url=url, trust_env=False) as http,
    ):
        invite(Sandbox(http, "ada"))
        assert "\nhttps://sim.example/" in mailbox.wait_for(1)[0].text


BROUGHT_BACK: dict[str, Callable[[Sandbox], Any]] = {
    "restore": lambda box: box.control_json("POST", "/snapshots/snapshot-1/restore"),
    "reset": lambda box: box.control_json("POST", "/reset"),
    "fork": lambda box: box.control_json("POST", "/fork", {"name": f"{box.name[:50]}-fork"}),
    "advance": lambda box: box.control_json("POST", "/clock", {"advance": "PT1H"}),
}


@pytest.mark.parametrize("bring_back", BROUGHT_BACK.values(), ids=BROUGHT_BACK)
def test_no_mail_is_sent_again_after(box: Sandbox, mailbox: Mailbox, bring_back: Callable[[Sandbox], Any]) -> None:
    invite(box, "first@example.com")
    box.control_json("POST", "/snapshots")
    bring_back(box)
    invite(box, "second@example.com")
    assert [mail.to for mail in mailbox.wait_for(2, box.name)] == [["first@example.com"], ["second@example.com"]]
    assert not [mail for mail in mailbox.received if mail.sandbox.endswith("-fork")]


def test_fork_relays_its_own_mails(box: Sandbox, mailbox: Mailbox) -> None:
    invite(box, "first@example.com")
    name = box.control_json("POST", "/fork", {})["name"]
    fork = Sandbox(box.http, name)
    invite(fork, "second@example.com")
    assert [mail.to for mail in mailbox.wait_for(1, name)] == [["second@example.com"]]
    assert len(fork.control_json("GET", "/mail")) == 2


def test_message_id_differs_after_a_reset(box: Sandbox, mailbox: Mailbox) -> None:
    box.control_json("POST", "/clock", {"freeze": "2031-05-06T07:08:09Z"})
    invite(box)
    before = box.control_json("GET", "/mail")
    box.control_json("POST", "/reset")
    box.control_json("POST", "/clock", {"freeze": "2031-05-06T07:08:09Z"})
    invite(box)
    assert [mail["id"] for mail in box.control_json("GET", "/mail")] == [mail["id"] for mail in before]
    first, second = (mail.message["Message-ID"] for mail in mailbox.wait_for(2, box.name))
    assert first != second


def test_mail_is_relayed_after_its_sandbox_was_deleted(box: Sandbox, mailbox: Mailbox) -> None:
    invite(box)
    box.control_json("DELETE")
    assert mailbox.wait_for(1, box.name)


def test_sample_data_is_not_relayed(client: httpx2.Client, mailbox: Mailbox) -> None:
    demo = Sandbox(client, "demo")
    assert demo.control_json("GET", "/mail")
    demo.control_json("POST", "/reset")
    invite(demo, "visitor@example.com")
    assert [mail.to for mail in mailbox.wait_for(1, "demo")] == [["visitor@example.com"]]


def test_nothing_is_relayed_without_a_mail_server(sandbox: Sandbox) -> None:
    invite(sandbox)
    assert len(sandbox.control_json("GET", "/mail")) == 1


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


def test_unsupported_address_is_logged_and_delays_no_other_mail(
    box: Sandbox, mailbox: Mailbox, relaying: Server
) -> None:
    for address in REFUSED:
        order(box, application=address, send_email=True, candidate={"email": address})
    invite(box, "last@example.com")
    assert [mail.to for mail in mailbox.wait_for(1, box.name)] == [["last@example.com"]]
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
    with (
        Mailbox(smtputf8=True) as mailbox,
        served("--smtp", mailbox.where) as url,
        httpx2.Client(base_url=url, trust_env=False) as http,
    ):
        invite(Sandbox(http, "ada"), "gräce@bücher.example")
        (mail,) = mailbox.wait_for(1)
        assert mail.to == ["gräce@bücher.example"]
        assert "\r\nTo: gräce@bücher.example\r\n".encode() in mail.raw


# Failures of the mail server.


def test_refused_recipient_is_logged_and_the_next_mail_is_sent(
    box: Sandbox, mailbox: Mailbox, relaying: Server
) -> None:
    mailbox.refuse = {"nobody@example.com": "550 No such\tuser"}
    invite(box, "nobody@example.com")
    invite(box, "somebody@example.com")
    assert [mail.to for mail in mailbox.wait_for(1, box.name)] == [["somebody@example.com"]]
    refused, _ = box.control_json("GET", "/mail")
    assert said(relaying, refused["id"]).endswith("was not relayed: the server said 550 No such user")


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
    assert [mail.to for mail in mailbox.wait_for(2, box.name)] == [["later@example.com"], ["behind@example.com"]]


def test_waiting_mails_are_sent_when_the_server_comes_up() -> None:
    mailbox = Mailbox()
    with Server("--smtp", mailbox.where) as server, httpx2.Client(base_url=server.url, trust_env=False) as http:
        sandbox = Sandbox(http, "ada")
        for number in range(5):
            invite(sandbox, f"taker-{number}@example.com")
        with mailbox:
            assert [mail.to for mail in mailbox.wait_for(5)] == [[f"taker-{number}@example.com"] for number in range(5)]
        assert server.stderr() == ""


def test_mail_is_given_up_with_one_log_line_if_the_server_stays_down() -> None:
    with (
        Server("--smtp", f"127.0.0.1:{free_port()}") as server,
        httpx2.Client(base_url=server.url, trust_env=False) as http,
    ):
        sandbox = Sandbox(http, "ada")
        invite(sandbox)
        (mail,) = sandbox.control_json("GET", "/mail")
        assert "refused (tried 5 times)" in said(server, mail["id"])
        assert server.stderr().count("\n") == 1
        assert sandbox.control_json("GET", "/mail") == [mail]


@contextlib.contextmanager
def talking(talk: Callable[[socket.socket], None]) -> Iterator[tuple[str, list[float]]]:
    """A server that talks to each who connects; where it is, and when somebody connected."""
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


def test_hanging_mail_server_delays_no_caller() -> None:
    with (
        talking(hang) as (where, came),
        Server("--smtp", where) as server,
        httpx2.Client(base_url=server.url, trust_env=False) as http,
    ):
        sandbox = Sandbox(http, "ada")
        began = time.monotonic()
        for _ in range(50):
            invite(sandbox)
        assert time.monotonic() - began < 5
        assert len(came) <= 1


def outgoing_mail(number: int = 1, sandbox: str = "ada", to: str = "ada@example.com") -> OutgoingMail:
    """A mail on its way."""
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


def test_invalid_mail_server_address_is_refused_at_the_start() -> None:
    with pytest.raises(ValueError, match="HOST:PORT"):
        SmtpClient("nowhere")


@pytest.mark.parametrize("host", ["no-such-host.invalid", "..", "a" * 64])
def test_unresolvable_mail_server_is_a_temporary_failure(host: str) -> None:
    with pytest.raises(TemporaryFailure):
        asyncio.run(SmtpClient(f"{host}:25").send(outgoing_mail()))


# The queue.


class Gate:
    """A mail server that sends nothing until it is opened."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.arrived = asyncio.Event()
        self.opened = asyncio.Event()

    async def send(self, letter: OutgoingMail) -> None:
        self.arrived.set()
        await self.opened.wait()
        self.sent.append(letter.id)


async def test_full_queue_drops_the_oldest_mail_with_a_log_line(caplog: pytest.LogCaptureFixture) -> None:
    gate = Gate()
    relay = Relay(gate.send, max_waiting=3)
    relay.enqueue(outgoing_mail(0))
    await gate.arrived.wait()
    for number in range(1, 6):
        relay.enqueue(outgoing_mail(number))
    assert [record.message for record in caplog.records] == [
        f"mail m-{number} of sandbox ada was not relayed: more than 3 mails wait" for number in (1, 2)
    ]
    gate.opened.set()
    await relay.close(10)
    assert gate.sent == ["m-0", "m-3", "m-4", "m-5"]


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
    assert second - first >= 0.1
    assert fourth - third >= 0.1
    assert [record.message for record in caplog.records] == [
        f"mail m-{number} of sandbox ada was not relayed: it is not there (tried 2 times)" for number in (1, 2)
    ]


async def test_full_queue_drops_a_mail_that_is_to_be_retried(caplog: pytest.LogCaptureFixture) -> None:
    class Full:
        async def send(self, letter: OutgoingMail) -> None:
            if letter.id == "m-1":
                relay.enqueue(letter._replace(id="m-2"))
                raise TemporaryFailure("it is not there")
            done.set()

    done = asyncio.Event()
    relay = Relay(Full().send, max_waiting=1)
    relay.enqueue(outgoing_mail(1))
    await done.wait()
    await relay.close(10)
    assert "mail m-1 of sandbox ada was not relayed: more than 1 mails wait" in caplog.text


async def test_internal_error_loses_one_mail_only(caplog: pytest.LogCaptureFixture) -> None:
    with Mailbox() as mailbox:
        relay = Relay(SmtpClient(mailbox.where).send)
        relay.enqueue(outgoing_mail()._replace(raw=b"{"))
        relay.enqueue(outgoing_mail(2))
        await relay.close(10)
        assert len(mailbox.received) == 1
    assert "mail m-1 of sandbox ada was not relayed: the simulator failed" in caplog.text


async def test_idle_relay_closes_at_once() -> None:
    await Relay(Gate().send).close(10)


# Shutdown.


def test_shutdown_sends_the_waiting_mails() -> None:
    with (
        Mailbox() as mailbox,
        Server("--smtp", mailbox.where) as server,
        httpx2.Client(base_url=server.url, trust_env=False) as http,
    ):
        mailbox.delay = 0.3
        for number in range(3):
            invite(Sandbox(http, "ada"), f"taker-{number}@example.com")
        server.process.terminate()
        assert server.process.wait(10) == 0
        assert len(mailbox.received) == 3
        assert server.stderr() == ""


@pytest.mark.parametrize("reachable", [True, False], ids=["hangs", "is down"])
def test_shutdown_ends_in_time_though_the_mail_server(reachable: bool) -> None:
    with (
        talking(hang) as (where, came),
        Server("--smtp", where if reachable else f"127.0.0.1:{free_port()}") as server,
        httpx2.Client(base_url=server.url, trust_env=False) as http,
    ):
        for _ in range(3):
            invite(Sandbox(http, "ada"))
        if reachable:
            until(lambda: came)
        began = time.monotonic()
        server.process.terminate()
        assert server.process.wait(10) == 0
        assert time.monotonic() - began < 5
        [line] = server.stderr().splitlines()
        assert line.endswith("simulator.relay: 3 mails were not relayed: the simulator stops")
