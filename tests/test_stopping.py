"""How the server stops: it accepts no connection, finishes what is in progress within its grace time, exits with 0."""

import contextlib
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest

from tests.postgres import new_database
from tests.server import assessment
from tests.servers import Listener, Sandbox, Server
from tests.waiting import until, wait_for_requests_read

SIGNALS = [signal.SIGTERM, signal.SIGINT]
DELAY = {"do": "delay", "duration": "PT0.8S"}


class Asking(threading.Thread):
    """A request in a thread of its own; `answer` is the response, None if the connection was closed."""

    def __init__(self, ask: Callable[[], httpx2.Response]) -> None:
        super().__init__()
        self._ask = ask
        self.answer: httpx2.Response | None = None
        self.start()

    def run(self) -> None:
        with contextlib.suppress(httpx2.HTTPError):
            self.answer = self._ask()

    def done(self) -> httpx2.Response | None:
        """The answer, within ten seconds."""
        self.join(10)
        assert not self.is_alive()
        return self.answer


@contextlib.contextmanager
def serving(*options: str) -> Iterator[tuple[Server, Sandbox]]:
    """A server for this test, and a sandbox of it."""
    with Server(*options) as server, httpx2.Client(base_url=server.url, trust_env=False, timeout=30) as http:
        yield server, Sandbox(http, "ada")


def ended(server: Server, sent: int = signal.SIGTERM) -> float:
    """Stop the server by a signal; it must exit with 0. Returns the seconds that it took."""
    began = time.monotonic()
    server.process.send_signal(sent)
    assert server.process.wait(15) == 0
    assert "Traceback" not in server.stderr()
    return time.monotonic() - began


def in_progress(sandbox: Sandbox) -> None:
    """Wait until the sandbox's fault has met a request."""
    until(lambda: sandbox.control_json("GET", "/faults")[0]["met"])


def advancing(sandbox: Sandbox) -> None:
    """Wait until an advance is in progress: another is refused."""
    until(lambda: sandbox.control("POST", "/clock", {"run": True}).status_code == 409)


def completed(sandbox: Sandbox, hook: str) -> None:
    """Make a webhook to `hook` pending."""
    id = assessment(sandbox, assessmentStatusWebHook=hook)["assessmentId"]
    sandbox.control_json("POST", f"/invitations/{id}/complete")


@pytest.mark.parametrize("sent", SIGNALS, ids=str)
def test_requests_webhooks_and_advances_in_progress_are_finished(sent: signal.Signals) -> None:
    with (
        Listener(delay=1) as slow,
        Listener(answers=[503, 503, 200], delay=1) as failing,
        serving("--grace", "20") as (server, sandbox),
    ):
        other = Sandbox(sandbox.http, "bob")
        other.control_json("POST", "/clock", {"freeze": "2026-01-01T00:00:00Z"})
        completed(other, failing.url)
        advance = Asking(lambda: other.control("POST", "/clock", {"advance": "PT24H"}))
        advancing(other)
        for _ in range(12):  # more than are sent at once
            completed(sandbox, slow.url)
        slow.wait_for(1)
        sandbox.control_json("PUT", "/faults", [DELAY])
        request = Asking(lambda: sandbox.pi.get("/api/v1/behavioralassessments"))
        in_progress(sandbox)
        assert 0.3 < ended(server, sent) < 10
        assert (answer := request.done()) is not None
        assert (answer.status_code, answer.headers["connection"]) == (200, "close")
        assert (answer := advance.done()) is not None
        assert [event["what"] for event in answer.json()["events"]].count("attempt") >= 2
        assert (len(failing.received), len(slow.received)) == (3, 12)


def test_no_connection_is_accepted_while_the_server_stops() -> None:
    with serving("--grace", "5") as (server, sandbox):
        sandbox.control_json("PUT", "/faults", [{**DELAY, "duration": "PT2S"}])
        asking = Asking(lambda: sandbox.pi.get("/api/v1/behavioralassessments"))
        in_progress(sandbox)
        server.process.terminate()
        host, port = server.url.removeprefix("http://").split(":")

        def refused() -> bool:
            try:
                with socket.create_connection((host, int(port)), timeout=1) as connection:
                    connection.sendall(b"GET /_simulator/health HTTP/1.1\r\nhost: x\r\n\r\n")
                    return not connection.recv(1)
            except OSError:
                return True

        until(refused)
        assert server.process.poll() is None, "it still finishes the request"
        assert server.process.wait(10) == 0
        assert (answer := asking.done()) is not None
        assert answer.status_code == 200


def test_requests_and_webhooks_are_cut_off_after_the_grace_time() -> None:
    with Listener(delay=30) as listener, serving("--grace", "0.3") as (server, sandbox):
        completed(sandbox, listener.url)
        listener.wait_for(1)
        sandbox.control_json("PUT", "/faults", [{**DELAY, "duration": "PT1H"}])
        call = Asking(lambda: sandbox.pi.get("/api/v1/behavioralassessments"))
        in_progress(sandbox)
        advance = Asking(lambda: sandbox.control("POST", "/clock", {"advance": "PT24H"}))
        advancing(sandbox)
        assert ended(server) < 5
        assert call.done() is None, "vendors have no such response"
        assert (told := advance.done()) is not None
        assert (told.status_code, told.headers["content-type"]) == (503, "application/problem+json")
        assert " s of grace: 2 calls were not finished" in server.stderr()


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("sent", SIGNALS, ids=str)
def test_a_second_signal_stops_at_once(sent: signal.Signals, workers: str, postgres_server: str) -> None:
    several = ("--workers", workers, "--log", new_database(postgres_server))
    with Listener(delay=30) as listener, serving("--grace", "60", *several) as (server, sandbox):
        completed(sandbox, listener.url)
        listener.wait_for(1)
        sandbox.control_json("PUT", "/faults", [{**DELAY, "duration": "PT1H"}])
        call = Asking(lambda: sandbox.pi.get("/api/v1/behavioralassessments"))
        in_progress(sandbox)
        server.process.send_signal(signal.SIGTERM)
        with pytest.raises(Exception, match="timed out"):
            server.process.wait(1)
        assert ended(server, sent) < 3
        assert call.done() is None
        if workers == "1":
            assert "stopped at a second signal: " in server.stderr()


@pytest.mark.parametrize("sent", SIGNALS, ids=str)
def test_a_signal_to_every_process_counts_once(sent: signal.Signals, postgres_server: str) -> None:
    several = ("--workers", "2", "--log", new_database(postgres_server))
    with Listener(delay=2) as listener, serving("--grace", "60", *several) as (server, sandbox):
        completed(sandbox, listener.url)
        listener.wait_for(1)
        members = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
        assert len(members) == 2
        for member in members:  # as terminals and service managers do
            os.kill(int(member), sent)
        assert 1 < ended(server, sent) < 10, "the webhook is finished"


def test_long_waits_and_event_streams_end() -> None:
    with serving("--grace", "30") as (server, sandbox), contextlib.ExitStack() as stack:

        def read() -> httpx2.Response:
            with sandbox.http.stream("GET", "/_simulator/sandboxes/ada/events") as stream:
                stream.read()
            return stream

        events = Asking(read)
        until(lambda: "simulator_event_readers 1.0" in sandbox.http.get("/_simulator/metrics").text)
        host, port = server.url.removeprefix("http://").split(":")
        waiting = stack.enter_context(socket.create_connection((host, int(port)), 10))
        body = b'{"invitation": {"status": 40}, "within": "PT30S"}'
        head = f"POST /_simulator/sandboxes/ada/await HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n\r\n"
        waiting.sendall(head.encode() + body)
        wait_for_requests_read(server.url)
        assert ended(server) < 5
        assert events.done() is not None, "the stream came to its end"
        assert waiting.recv(65_536).startswith(b"HTTP/1.1 410 ")


def test_clients_that_stop_reading_or_sending_do_not_delay_the_stop() -> None:
    with serving("--grace", "0.3") as (server, sandbox):
        for _ in range(300):
            sandbox.pi.get("/api/v1/behavioralassessments")
        host, port = server.url.removeprefix("http://").split(":")
        with socket.socket() as slow, socket.create_connection((host, int(port))) as half:
            half.sendall(b"POST /_simulator/sandboxes HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n{")
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            slow.connect((host, int(port)))
            ask = b"GET /_simulator/openapi/control.json HTTP/1.1\r\nhost: x\r\n\r\n"
            slow.sendall(ask * 50)
            wait_for_requests_read(server.url)
            assert ended(server) < 4


def test_no_response_is_cut_when_the_server_stops_under_load() -> None:
    with serving("--grace", "10") as (server, _):
        made, halves = [0] * 4, list[httpx2.HTTPError]()

        def create(place: int) -> None:
            with httpx2.Client(base_url=server.url, trust_env=False) as http:
                own = Sandbox(http, f"load-{place}")
                while True:
                    try:
                        assessment(own)
                    except (httpx2.ConnectError, httpx2.RemoteProtocolError, httpx2.ReadError) as problem:
                        if "incomplete" in str(problem):
                            halves.append(problem)
                        return
                    made[place] += 1

        threads = [threading.Thread(target=create, args=(place,)) for place in range(4)]
        for thread in threads:
            thread.start()
        until(lambda: all(made))
        ended(server)
        for thread in threads:
            thread.join(10)
        assert halves == []
