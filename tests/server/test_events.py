"""Server-sent events: the changes of a sandbox, reconnecting, slow readers and the end of a stream."""

import asyncio
import contextlib
import gc
import json
import socket
import time
import weakref
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, Self
from urllib.parse import urlsplit

import httpx2
import pytest

from assessment_simulator import runner
from assessment_simulator.app import VENDORS
from assessment_simulator.control import events
from assessment_simulator.core.config import Config
from assessment_simulator.events import feed
from assessment_simulator.events.feed import KEPT, Change, ChangeFeed
from assessment_simulator.runner import listen
from assessment_simulator.sandbox import sandbox as sandbox_module
from assessment_simulator.sandbox.state import Clock, State
from assessment_simulator.sandbox.watchers import CALL, CLOCK, CLOSING, ENDED, EVERYTHING
from assessment_simulator.settings import Settings
from tests.server import ROOT, assessment, order, restore
from tests.servers import CONTROL, Listener, Sandbox, Server

# Seconds within which an event must be sent.
SOON = 20.0
# Seconds within which a server must be gone, on a busy machine; for a stream that went on it would wait two.
AT_ONCE = 1.5


class Received(NamedTuple):
    """One event of the stream."""

    event_id: str
    event: str
    data: Any

    @property
    def short(self) -> tuple[str, str | None]:
        return self.data["what"], self.data["id"]


class Reader:
    """Reads a sandbox's events from a socket; the first message is read already."""

    def __init__(self, url: str, name: str, mark: str | None = None, *, narrow: bool = False) -> None:
        parts = urlsplit(url)
        self.socket = socket.socket()
        self.socket.settimeout(SOON)
        if narrow:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        self.socket.connect((parts.hostname, parts.port))
        again = f"Last-Event-ID: {mark}\r\n" if mark else ""
        request = f"GET {ROOT}/{name}/events HTTP/1.1\r\nHost: {parts.netloc}\r\n{again}\r\n"
        self.socket.sendall(request.encode())
        self.file = self.socket.makefile("rb")
        status = self.file.readline()
        assert b" 200 " in status, status
        self.headers = {}
        while line := self.file.readline().strip():
            name, _, value = line.decode().partition(": ")
            self.headers[name.lower()] = value
        self.ended = False
        self.waiting = ""
        self.first = self.block()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()
        self.socket.close()

    def block(self) -> str:
        """The next lines up to an empty one; raises EOFError at the end of the stream."""
        while "\n\n" not in self.waiting:
            size = int(self.file.readline() or b"0", 16)
            chunk = self.file.read(size)
            self.file.readline()
            if not size:
                self.ended = True
                raise EOFError
            self.waiting += chunk.decode()
        found, _, self.waiting = self.waiting.partition("\n\n")
        return found

    def next(self) -> Received:
        """The next event; comments, which keep an idle stream open, are skipped."""
        while (block := self.block()).startswith(":"):
            pass
        members = dict(line.split(": ", 1) for line in block.split("\n"))
        event = Received(members["id"], members["event"], json.loads(members["data"]))
        assert event.event == event.data["what"]
        assert [*event.data] == ["what", "id"]
        return event

    def until(self, what: str, id: str | None = None) -> list[Received]:
        """The events up to the first of this kind."""
        found = [self.next()]
        while found[-1].data["what"] != what or id not in (None, found[-1].data["id"]):
            found.append(self.next())
        return found

    def rest(self) -> list[Received]:
        """The events up to the end of the stream."""
        found = []
        with contextlib.suppress(EOFError):
            while True:
                found.append(self.next())
        return found


@pytest.fixture
def reader(sandbox: Sandbox) -> Iterator[Reader]:
    """A stream of the sandbox's events."""
    with Reader(sandbox.url, sandbox.name) as reading:
        yield reading


# Events.


def test_stream_begins_with_event_id_and_retry(reader: Reader) -> None:
    assert reader.headers["content-type"].startswith("text/event-stream")
    assert reader.headers["cache-control"] == "no-store"
    retry, mark = reader.first.split("\n")
    assert retry == "retry: 1000"
    assert mark.startswith("id: ")
    assert mark.endswith("-0")


CHANGES: dict[str, tuple[Callable[[Sandbox], object], str]] = {
    "a clock that is set": (lambda s: s.control_json("POST", "/clock", {"freeze": "2030-01-01T00:00:00Z"}), "clock"),
    "settings": (lambda s: s.control_json("PATCH", "/config", {"maintenance": True}), "config"),
    "faults that are set": (lambda s: s.control_json("PUT", "/faults", []), "faults"),
    "faults that are removed": (lambda s: s.control("DELETE", "/faults"), "faults"),
    "a reset": (lambda s: s.control_json("POST", "/reset"), "everything"),
    "a restore": (lambda s: restore(s, s.control_json("POST", "/snapshots")["id"]), "everything"),
    "a webhook that is received": (lambda s: s.http.post(f"/_simulator/catch/{s.name}"), "caught"),
    "received webhooks that are cleared": (lambda s: s.http.delete(f"/_simulator/catch/{s.name}"), "caught"),
}


@pytest.mark.parametrize(("change", "what"), CHANGES.values(), ids=CHANGES)
def test_change_is_an_event(sandbox: Sandbox, reader: Reader, change: Callable[[Sandbox], object], what: str) -> None:
    change(sandbox)
    assert reader.next().data["what"] == what


def test_request_and_its_records_are_events_and_tokens_are_not(sandbox: Sandbox, reader: Reader) -> None:
    id = assessment(sandbox, notifyAssessmentAvailableUsingEmail=1)["assessmentId"]
    seen = [one.short for one in reader.until("call")]
    [mail] = sandbox.control_json("GET", "/mail")
    assert seen == [("invitation", id), ("mail", mail["id"]), ("call", "call-1")]
    order(sandbox)  # its token is no event
    seen = [one.short for one in reader.until("call", "call-3")]
    assert [what for what, _ in seen] == ["call", "invitation", "call"]


def test_delivery_is_an_event_when_pending_and_at_each_attempt(
    sandbox: Sandbox, reader: Reader, listener: Listener
) -> None:
    listener.answers = [503, 200]
    listener.delay = 0.3
    id = assessment(sandbox, assessmentStatusWebHook=listener.url)["assessmentId"]
    reader.until("call")
    sandbox.control_json("POST", f"/invitations/{id}/complete")
    assert [one.data["what"] for one in reader.until("delivery")] == ["invitation", "delivery"]
    [pending] = sandbox.control_json("GET", "/deliveries")
    assert reader.next().short == ("delivery", pending["id"])
    sandbox.control_json("POST", "/clock", {"advance": "PT10M"})
    seen = {one.short for one in reader.until("delivery")}
    assert ("delivery", pending["id"]) in seen
    sandbox.control_json("POST", f"/deliveries/{pending['id']}/replay")
    assert "replay" in reader.until("delivery", sandbox.control_json("GET", "/deliveries")[1]["id"])[-1].data["id"]


def test_timer_and_archiving_are_events(sandbox: Sandbox, reader: Reader) -> None:
    sandbox.control_json("PATCH", "/config", {"progress": "PT0.3S"})
    id = assessment(sandbox)["assessmentId"]
    reader.until("call")
    assert reader.next().short == ("invitation", id)
    sandbox.pi.request("DELETE", f"/api/v1/behavioralassessments/{id}")
    assert reader.until("call")[0].short == ("invitation", id)


def test_advance_of_a_day_is_few_events(sandbox: Sandbox, reader: Reader, listener: Listener) -> None:
    listener.answers = [503]
    id = assessment(sandbox, assessmentStatusWebHook=listener.url)["assessmentId"]
    sandbox.control_json("POST", f"/invitations/{id}/complete")
    sandbox.control_json("POST", "/clock", {"advance": "PT24H"})
    sandbox.control_json("PUT", "/faults", [])
    seen = [one.data["what"] for one in reader.until("faults")]
    assert seen.count("delivery") <= 10
    assert len(seen) < 30


# Reconnecting.


def test_reconnect_gets_missed_events(sandbox: Sandbox) -> None:
    with Reader(sandbox.url, sandbox.name) as reader:
        first = assessment(sandbox)["assessmentId"]
        mark = reader.until("call")[-1].event_id
    second = assessment(sandbox)["assessmentId"]
    with Reader(sandbox.url, sandbox.name, mark) as reader:
        assert reader.first == "retry: 1000"
        assert [one.short for one in reader.until("call")] == [("invitation", second), ("call", "call-2")]
    assert first != second


@pytest.mark.parametrize("mark", ["x", "00000000-1", "-", "\N{ARABIC-INDIC DIGIT ONE}-\N{ARABIC-INDIC DIGIT ONE}"])
def test_unknown_last_event_id_gets_everything(sandbox: Sandbox, mark: str) -> None:
    with Reader(sandbox.url, sandbox.name, mark.encode().decode("latin-1")) as reader:
        assert reader.next().short == ("everything", None)
        sandbox.control_json("PUT", "/faults", [])
        assert reader.next().short == ("faults", None)


# The change feed.


def new() -> tuple[sandbox_module.Sandbox, ChangeFeed]:
    """A sandbox without a server, and its feed."""
    sandbox = sandbox_module.Sandbox("a", 0, State(Config(), Clock()), VENDORS)
    return sandbox, ChangeFeed(sandbox)


async def test_feed_keeps_a_bounded_number_of_changes() -> None:
    sandbox, changes = new()
    with changes.reading():
        for number in range(KEPT + 1):
            sandbox.publish(CALL, f"call-{number}")
        assert len(changes.since(1)) == KEPT
        assert changes.since(0) == [Change(KEPT + 1, EVERYTHING, "")]
        assert changes.since(KEPT) == [Change(KEPT + 1, CALL, f"call-{KEPT}")]
        assert changes.since(KEPT + 1) == []


async def test_repeated_change_is_reported_once_at_its_last_place() -> None:
    sandbox, changes = new()
    with changes.reading():
        for what, id in [(CALL, "call-1"), (CLOCK, ""), (CLOCK, ""), (CALL, "call-2"), (CALL, "call-1")]:
            sandbox.publish(what, id)
        assert changes.since(0) == [Change(3, CLOCK, ""), Change(4, CALL, "call-2"), Change(5, CALL, "call-1")]
        assert changes.since(2) == changes.since(0)


async def turns() -> None:
    """Let the loop run what is due."""
    for _ in range(3):
        await asyncio.sleep(0)


async def test_feed_without_readers_stops_watching_the_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "LINGER", 0.0)  # with the next turn of the loop
    sandbox, changes = new()
    assert sandbox.watchers == []
    with changes.reading(), changes.reading():
        assert len(sandbox.watchers) == 1
    place = changes.number_of(changes.event_id(changes.number))
    with changes.reading():
        await turns()
        assert len(sandbox.watchers) == 1
    await turns()
    assert sandbox.watchers == []
    sandbox.publish(CALL, "call-1")
    with changes.reading():
        assert [change.what for change in changes.since(place)] == [EVERYTHING]
        assert changes.since(changes.number) == []


async def test_many_readers_are_woken_together_and_rarely() -> None:
    sandbox, changes = new()
    with contextlib.ExitStack() as readers:
        for _ in range(300):
            readers.enter_context(changes.reading())
        first = changes.next_wake
        sandbox.publish(CALL, "call-1")
        await asyncio.wait_for(first.wait(), 1)
        second = changes.next_wake
        sandbox.publish(CALL, "call-2")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(second.wait(), 0.3)
        assert changes.message(0) is not changes.message(1)
        assert changes.message(1)[1] is changes.message(1)[1]


@pytest.mark.parametrize("end", [CLOSING, ENDED])
async def test_end_wakes_every_reader(end: str) -> None:
    sandbox, changes = new()
    with changes.reading():
        next_wake = changes.next_wake
        sandbox.publish(end)
        assert next_wake.is_set()
        assert changes.closed.is_set()
        assert [change.what for change in changes.since(0)] == ([ENDED] if end == ENDED else [])


# Silence, slowness and endings.


def test_silent_stream_sends_pings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "PING", 0.05)
    with runner.running(Settings(port=0)) as url, Reader(url, "quiet") as reader:
        assert [reader.block() for _ in range(3)] == [": ping"] * 3


@contextlib.contextmanager
def narrow() -> Iterator[str]:
    """A server with small send buffers: it soon waits for a reader that does not read."""
    settings = Settings(port=0)
    [listener] = listen(settings)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_096)
    with runner.running(settings, [listener]) as url:
        yield url


def flood(url: str, name: str, calls: int) -> None:
    """So many changes, each of them read by a second stream."""
    with Reader(url, name) as reader, httpx2.Client(base_url=url, trust_env=False) as http:
        for number in range(calls):
            http.get("/api/v1/nowhere", headers={"api-key": f"sim-{name}"})
            if number % 100 == 99:
                reader.until("call", f"call-{number + 1}")


def test_stalled_reader_delays_no_other_and_gets_everything() -> None:
    with narrow() as url, Reader(url, "slow", narrow=True) as slow:
        flood(url, "slow", 3_000)
        seen = slow.until("everything")
        assert len(seen) < 2_000
        flood(url, "slow", 1)
        assert slow.next().short == ("call", "call-3001")


def test_stalled_reader_does_not_delay_shutdown() -> None:
    with contextlib.ExitStack() as stack:
        with narrow() as url:
            stack.enter_context(Reader(url, "slow", narrow=True))
            flood(url, "slow", 1_500)
            began = time.monotonic()
        assert time.monotonic() - began < AT_ONCE


def test_delete_sends_ended_and_ends_the_streams(sandbox: Sandbox) -> None:
    with Reader(sandbox.url, sandbox.name) as one, Reader(sandbox.url, sandbox.name) as other:
        sandbox.control("DELETE")
        for reader in (one, other):
            assert [event.data["what"] for event in reader.rest()] == ["ended"]
            assert reader.ended

    # Leaving the block finds that it ended with status 0.


def test_closed_access_requires_the_control_token(closed: Server) -> None:
    with httpx2.Client(base_url=closed.url, trust_env=False) as http:
        path = f"{ROOT}/read-with-a-token/events"
        assert http.get(path).status_code == 401
        assert http.get(path, headers=CONTROL).status_code == 404
        http.post(ROOT, json={"name": "read-with-a-token"}, headers=CONTROL).raise_for_status()
        with http.stream("GET", path, headers=CONTROL) as stream:
            assert next(stream.iter_lines()) == "retry: 1000"


async def test_feed_of_a_deleted_sandbox_is_released() -> None:
    sandbox, changes = new()
    with changes.reading():
        sandbox.publish(ENDED)
    assert sandbox.watchers == []
    gone = weakref.ref(changes)
    del changes
    gc.collect()
    assert gone() is None
