"""Webhooks: their content, retries, ordering, isolation of slow listeners, the egress policy, replays and restores."""

import asyncio
import base64
import hashlib
import hmac
import json
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager, suppress
from itertools import pairwise
from typing import Any, Self
from urllib.parse import quote

import httpx2
import pytest

from assessment_simulator.core.retry_schedule import WebhookRequest
from assessment_simulator.webhooks.client import WebhookClient
from assessment_simulator.webhooks.egress import Policy
from tests.server import ENDINGS, GAMES, wait_for_responses_handled
from tests.server.clock import ADA, HOUR, PI, SECOND, START, act, after, assess, freeze, order, status, ticks, turn
from tests.servers import Listener, Received, Sandbox, served
from tests.waiting import until, wait_for_requests_read

MINUTE = 60 * SECOND
INITIAL_BACKOFF = 3_375 * SECOND // 10
GAPS = [INITIAL_BACKOFF << n for n in range(8)]
SECRET = "whsec_c2ltdWxhdG9yLXdlYmhvb2stc2VjcmV0"


class Raw(AbstractContextManager["Raw"]):
    """A server that reads a request, answers these very bytes (with `hold`, after that many seconds), and hangs up."""

    def __init__(self, answer: bytes, hold: float = 0) -> None:
        self.answer = answer
        self.hold = hold
        self.connections = 0

    def __enter__(self) -> Self:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            with connection:
                connection.settimeout(5)
                data = b""
                while b"assessmentState" not in data and (more := connection.recv(65_536)):
                    data += more
                self._stopped.wait(self.hold)
                with suppress(ConnectionError):  # whoever has read enough may hang up first
                    connection.sendall(self.answer)


def free_port() -> int:
    """A port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


def settle(sandbox: Sandbox) -> list[Any]:
    """Wait for what is on its way, without letting time pass; the deliveries then."""
    turn(sandbox, advance="PT0S")
    found: list[Any] = sandbox.control_json("GET", "/deliveries")
    return found


def complete(sandbox: Sandbox, url: str | None, **more: Any) -> str:
    """An assessment with this address for its webhook, completed."""
    id = assess(sandbox, **({"assessmentStatusWebHook": url} if url else {}), **more)
    act(sandbox, id, "complete")
    return id


def only(deliveries: list[Any]) -> Any:
    """The one delivery."""
    assert len(deliveries) == 1, deliveries
    return deliveries[0]


@pytest.fixture
def other(sandbox: Sandbox) -> Iterator[Sandbox]:
    """A second sandbox, standing at START."""
    fresh = Sandbox(sandbox.http, f"{sandbox.name}-b")
    freeze(fresh)
    yield fresh
    fresh.control("DELETE")


# The Predictive Index: the form.


def test_completion_posts_the_documented_form(frozen: Sandbox, listener: Listener) -> None:
    id = complete(frozen, f"{listener.url}/hook/%7e?a=b&c=%20", externalId="894 ever&é=+%")
    [received] = listener.wait_for(1)
    assert (received.method, received.path) == ("POST", "/hook/%7e?a=b&c=%20")
    form = f"assessmentId={id}&assessmentState=40&assessmentSource=API&externalId=894+ever%26%C3%A9%3D%2B%25"
    assert received.body.decode() == form
    assert received.headers["content-type"] == "application/x-www-form-urlencoded"
    assert received.headers["content-length"] == str(len(received.body))
    assert received.headers["host"] == listener.url.removeprefix("http://")
    assert not {name for name in received.headers if name.startswith(("webhook-", "authorization", "cookie"))}
    assert only(settle(frozen))["state"] == "delivered"


def test_userinfo_of_the_url_becomes_basic_authentication(frozen: Sandbox, listener: Listener) -> None:
    url = listener.url.replace("http://", "http://user%40corp.com:p%3Aw%2Fd@") + "/hook"
    complete(frozen, url)
    [received] = listener.wait_for(1)
    assert received.headers["authorization"] == f"Basic {base64.b64encode(b'user@corp.com:p:w/d').decode()}"
    assert received.path == "/hook"
    assert received.headers["host"] == listener.url.removeprefix("http://")
    delivery = only(settle(frozen))
    assert delivery["url"] == url.replace("user%40corp.com:p%3Aw%2Fd@", "***@")
    [attempt] = frozen.control_json("GET", f"/deliveries/{delivery['id']}")["attempts"]
    assert dict(attempt["request"]["headers"])["authorization"] == "Basic ***"


def test_default_url_is_read_at_completion(frozen: Sandbox, listener: Listener) -> None:
    id = assess(frozen)
    frozen.control_json("PATCH", "/config", {"default_webhook_url": f"{listener.url}/later"})
    act(frozen, id, "complete")
    assert [received.path for received in listener.wait_for(1)] == ["/later"]


def test_refused_request_sends_no_webhook(frozen: Sandbox, listener: Listener) -> None:
    id = complete(frozen, listener.url)
    settle(frozen)
    assert frozen.control("POST", f"/invitations/{id}/complete").status_code == 409
    assert frozen.control("POST", f"/invitations/{assess(frozen)}/complete", {"scores": 1}).status_code == 422
    assert len(settle(frozen)) == len(listener.received) == 1


# Retries.


def test_failing_listener_gets_nine_attempts_with_exponential_backoff(frozen: Sandbox, listener: Listener) -> None:
    listener.answers = [500]
    id = assess(frozen, "ada+completes@example.com", assessmentStatusWebHook=listener.url)
    began = time.monotonic()
    turned = turn(frozen, advance="PT24H")
    took = time.monotonic() - began
    delivery = only(frozen.control_json("GET", "/deliveries"))
    moments = [after(START, sum(GAPS[:n])) for n in range(9)]
    assert [attempt["at"] for attempt in delivery["attempts"]] == moments
    assert [attempt["number"] for attempt in delivery["attempts"]] == list(range(1, 10))
    assert {attempt["status"] for attempt in delivery["attempts"]} == {500}
    assert (delivery["state"], delivery["next"]) == ("failed", None)
    assert [received.form["assessmentId"] for received in listener.received] == [id] * 9
    assert len({received.body for received in listener.received}) == 1
    attempts = [event for event in turned["events"] if event["what"] == "attempt"]
    # The first may have been made before the advance began.
    assert [event["at"] for event in attempts] == moments[-len(attempts) :]
    assert {event["id"] for event in attempts} == {delivery["id"]}
    assert len(attempts) >= 8
    assert turned["now"] == after(START, 24 * HOUR)
    assert turn(frozen, advance="P8D")["events"] == []
    assert len(listener.received) == 9
    assert took < 1


def test_running_clock_keeps_the_same_backoff(sandbox: Sandbox, listener: Listener) -> None:
    listener.answers = [503]
    complete(sandbox, listener.url)
    listener.wait_for(1)
    turn(sandbox, advance="PT24H")
    at = [ticks(attempt["at"]) for attempt in only(sandbox.control_json("GET", "/deliveries"))["attempts"]]
    assert [later - earlier for earlier, later in pairwise(at)] == GAPS


@pytest.mark.parametrize("code", [300, 400, 404, 410, 501])
def test_final_status_is_not_retried(frozen: Sandbox, listener: Listener, code: int) -> None:
    listener.answers = [code]
    complete(frozen, listener.url)
    turn(frozen, advance="PT48H")
    delivery = only(settle(frozen))
    [attempt] = delivery["attempts"]
    assert (attempt["status"], attempt["error"]) == (code, None)
    assert (delivery["state"], delivery["next"], len(listener.received)) == ("failed", None, 1)


@pytest.mark.parametrize("code", [302, 307])
def test_redirect_is_not_followed(frozen: Sandbox, listener: Listener, code: int) -> None:
    head = f"HTTP/1.1 {code} Elsewhere\r\nlocation: {listener.url}/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    with Raw(head.encode()) as raw:
        complete(frozen, raw.url)
        turn(frozen, advance="PT48H")
        delivery = only(settle(frozen))
        assert (delivery["state"], len(delivery["attempts"]), raw.connections) == ("failed", 1, 1)
    assert listener.received == []


@pytest.mark.parametrize("code", [429, 503])
def test_retryable_status_is_retried_after_the_backoff(frozen: Sandbox, listener: Listener, code: int) -> None:
    listener.answers = [code, 200]
    complete(frozen, listener.url)
    pending = only(settle(frozen))
    assert (pending["state"], pending["next"]) == ("pending", after(START, INITIAL_BACKOFF))
    assert turn(frozen, advance="PT5M37.4999999S")["events"] == []
    assert len(listener.received) == 1
    [event] = turn(frozen, advance="PT0.0000001S")["events"]
    assert event == {"at": after(START, INITIAL_BACKOFF), "what": "attempt", "id": pending["id"]}
    delivered = only(settle(frozen))
    assert [attempt["status"] for attempt in delivered["attempts"]] == [code, 200]
    assert (delivered["state"], delivered["next"]) == ("delivered", None)


@pytest.mark.parametrize("code", [200, 204, 299])
def test_any_2xx_delivers(frozen: Sandbox, listener: Listener, code: int) -> None:
    listener.answers = [code]
    complete(frozen, listener.url)
    turn(frozen, advance="PT48H")
    delivery = only(settle(frozen))
    assert [attempt["status"] for attempt in delivery["attempts"]] == [code]
    assert (delivery["state"], delivery["next"], len(listener.received)) == ("delivered", None, 1)


@pytest.mark.parametrize("failures", [1, 8, 9])
def test_success_ends_the_retries(frozen: Sandbox, listener: Listener, failures: int) -> None:
    listener.answers = [500] * failures + [200]
    complete(frozen, listener.url)
    turn(frozen, advance="PT48H")
    delivery = only(settle(frozen))
    made = min(failures + 1, 9)
    assert len(delivery["attempts"]) == len(listener.received) == made
    assert delivery["state"] == ("delivered" if failures < 9 else "failed")


OK = b"HTTP/1.1 200 OK\r\nconnection: close\r\n"
BROKEN = {"closes at once": b"", "closes within the body": OK + b"content-length: 100\r\n\r\nhalf"}


@pytest.mark.parametrize("answer", BROKEN.values(), ids=BROKEN.keys())
def test_broken_response_is_retried(frozen: Sandbox, answer: bytes) -> None:
    with Raw(answer) as raw:
        complete(frozen, raw.url)
        pending = only(settle(frozen))
        [attempt] = pending["attempts"]
        assert attempt["status"] is None
        assert attempt["error"]
        assert (pending["state"], pending["next"]) == ("pending", after(START, INITIAL_BACKOFF))
        turn(frozen, advance="PT24H")
        failed = only(settle(frozen))
        assert (failed["state"], len(failed["attempts"]), raw.connections) == ("failed", 9, 9)


def test_refused_connection_is_retried(frozen: Sandbox) -> None:
    complete(frozen, f"http://127.0.0.1:{free_port()}/")
    assert only(settle(frozen))["state"] == "pending"
    turn(frozen, advance="PT24H")
    failed = only(settle(frozen))
    assert (failed["state"], len(failed["attempts"])) == ("failed", 9)
    assert all(attempt["error"] and attempt["status"] is None for attempt in failed["attempts"])


def test_unresolvable_host_is_retried(frozen: Sandbox) -> None:
    complete(frozen, "http://nobody.invalid/")
    pending = only(settle(frozen))
    assert (pending["state"], len(pending["attempts"])) == ("pending", 1)
    assert pending["attempts"][0]["error"] not in (None, "", "refused by policy")


def test_timeout_is_retried(frozen: Sandbox, listener: Listener) -> None:
    frozen.control_json("PATCH", "/config", {"webhook_timeout": 0.2})
    listener.delay = 5
    complete(frozen, listener.url)
    began = time.monotonic()
    pending = only(settle(frozen))
    assert time.monotonic() - began < 1
    [attempt] = pending["attempts"]
    assert (pending["state"], attempt["status"], pending["next"]) == ("pending", None, after(START, INITIAL_BACKOFF))
    assert "0.2" in attempt["error"]
    assert 0.19 <= attempt["duration"] < 0.6
    listener.delay = 0
    turn(frozen, advance="PT6M")
    assert only(settle(frozen))["state"] == "delivered"


def test_timeout_holds_for_the_whole_response(frozen: Sandbox) -> None:
    frozen.control_json("PATCH", "/config", {"webhook_timeout": 0.3})
    stop = threading.Event()

    def drip(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection:
            connection.recv(65_536)
            connection.sendall(OK + b"content-length: 8000\r\n\r\n")
            while not stop.wait(0.05):
                try:
                    connection.sendall(b".")
                except OSError:
                    return

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=drip, args=(server,))
        thread.start()
        complete(frozen, f"http://127.0.0.1:{server.getsockname()[1]}/")
        began = time.monotonic()
        pending = only(settle(frozen))
        assert time.monotonic() - began < 1.5
        stop.set()
        thread.join()
    assert pending["state"] == "pending"
    assert "0.3" in pending["attempts"][0]["error"]


def test_large_response_is_read_up_to_8_kib(frozen: Sandbox) -> None:
    with Raw(OK + b"content-length: 3000000\r\n\r\n" + b"x" * 3_000_000) as raw:
        complete(frozen, raw.url)
        delivery = only(settle(frozen))
    assert delivery["state"] == "delivered"
    [attempt] = frozen.control_json("GET", f"/deliveries/{delivery['id']}")["attempts"]
    assert attempt["answer"]["body"] == "x" * 8_192


# Isolation of slow listeners.


def test_slow_listener_delays_no_other_request_or_webhook(
    frozen: Sandbox, other: Sandbox, listener: Listener, record_property: Callable[[str, object], None]
) -> None:
    """Each kind of neighbour is asked five times; a real wait would show in every one of them."""
    frozen.pymetrics, other.pymetrics  # noqa: B018 - asks for tokens beforehand
    with Listener(delay=3) as slow:
        for _ in range(12):
            complete(frozen, slow.url)
        assert len(slow.wait_for(8)) == 8

        def arrives(sandbox: Sandbox, at: Listener) -> float:
            id = assess(sandbox, assessmentStatusWebHook=at.url)
            came, began = len(at.received), time.monotonic()
            act(sandbox, id, "complete")
            return at.wait_for(came + 1)[-1].at - began

        def answered() -> float:
            began = time.monotonic()
            assert frozen.pi.get(PI).status_code == 200
            assert frozen.pymetrics.get("/mercury/configuration").status_code == 200
            return time.monotonic() - began

        effects = {
            "another origin": min(arrives(frozen, listener) for _ in range(5)),
            "another sandbox": min(arrives(other, listener) for _ in range(5)),
            "another sandbox at the slow listener": min(arrives(other, slow) for _ in range(5)),
            "two vendor calls": min(answered() for _ in range(5)),
        }
        assert len(slow.received) == 8 + 5, "the slow listener had not answered anyone yet"
    for name, seconds in effects.items():
        record_property(name, f"{seconds * 1000:.1f} ms")
    assert {name: seconds for name, seconds in effects.items() if seconds > 0.05} == {}


@pytest.fixture
def slow_names(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Looking up a name that begins with `slow` takes two seconds, or until the test is over; those looked up."""
    real, over, asked = socket.getaddrinfo, threading.Event(), list[str]()

    def getaddrinfo(host: Any, *more: Any, **named: Any) -> Any:
        if str(host).lstrip("b'").startswith("slow"):
            asked.append(str(host))
            over.wait(2)
            raise socket.gaierror(socket.EAI_AGAIN, "the name server does not answer")
        return real(host, *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    yield asked
    over.set()


async def test_name_resolution_counts_in_the_timeout(slow_names: list[str]) -> None:
    sender = WebhookClient(Policy())
    outcome = await sender.send(WebhookRequest("http://slow.example/", (), b""), 0.2)
    assert 0.19 <= outcome.duration < 0.6
    assert outcome.answer is None
    assert outcome.error == "no answer within 0.2 s"


async def test_client_connects_to_the_address_that_the_policy_checked(
    monkeypatch: pytest.MonkeyPatch, listener: Listener
) -> None:
    """A name that leads elsewhere when it is looked up once more must not lead around the policy."""
    port = int(listener.url.rpartition(":")[2])
    real, asked = socket.getaddrinfo, list[Any]()

    def getaddrinfo(host: Any, *more: Any, **named: Any) -> Any:
        if host not in ("rebind.example", b"rebind.example"):
            return real(host, *more, **named)
        asked.append(host)
        return real("127.0.0.1" if len(asked) == 1 else "127.0.0.2", *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    sender = WebhookClient(Policy())
    with socket.create_server(("127.0.0.2", port)) as elsewhere:
        elsewhere.settimeout(0.1)
        outcome = await sender.send(WebhookRequest(f"http://rebind.example:{port}/", (), b""), 1)
        with pytest.raises(TimeoutError):
            elsewhere.accept()
    assert outcome.answer
    [received] = listener.received
    assert received.headers["host"] == f"rebind.example:{port}"


async def test_slow_names_do_not_delay_others(slow_names: list[str], listener: Listener) -> None:
    sender = WebhookClient(Policy())
    slow = [asyncio.create_task(sender.send(WebhookRequest(f"http://slow{n}.example/", (), b""), 5)) for n in range(16)]
    while not slow_names:  # noqa: ASYNC110  a thread of the resolver says so
        await asyncio.sleep(0)
    began = time.monotonic()
    outcome = await sender.send(WebhookRequest(listener.url.replace("127.0.0.1", "localhost"), (), b""), 5)
    took = time.monotonic() - began
    for task in slow:
        task.cancel()
    await asyncio.gather(*slow, return_exceptions=True)
    assert outcome.answer
    assert outcome.answer.status == 200
    assert took < 0.5


def test_at_most_eight_attempts_at_once_for_a_sandbox_and_origin(frozen: Sandbox, other: Sandbox) -> None:
    lock, now, most = threading.Lock(), {"": 0}, {"": 0}

    def answer(received: Received) -> int:
        with lock:
            now[received.path] = now.get(received.path, 0) + 1
            most[received.path] = max(most.get(received.path, 0), now[received.path])
        time.sleep(0.1)  # a slow listener: all attempts that may run at once are begun meanwhile
        with lock:
            now[received.path] -= 1
        return 200

    with Listener(answer) as busy:
        for sandbox, path in ((frozen, "/a"), (other, "/b")):
            sandbox.control_json("PATCH", "/config", {"progress": "PT1H"})
            for _ in range(20):
                assess(sandbox, assessmentStatusWebHook=f"{busy.url}{path}")
        threads = [threading.Thread(target=turn, args=(s,), kwargs={"advance": "PT1H"}) for s in (frozen, other)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(busy.received) == 40
    assert (most["/a"], most["/b"]) == (8, 8)


def test_busy_origin_does_not_delay_another_origin(frozen: Sandbox, listener: Listener) -> None:
    with Listener(delay=1.5) as slow:
        frozen.control_json("PATCH", "/config", {"progress": "PT1H"})
        for _ in range(16):
            assess(frozen, assessmentStatusWebHook=slow.url)
        assess(frozen, assessmentStatusWebHook=listener.url)
        began = time.monotonic()
        turn(frozen, advance="PT1H")
        took = time.monotonic() - began
        assert listener.received[0].at - began < 1.5, "it waited for a slow one"
        assert len(slow.received) == 16
        assert 3.0 <= took < 4.5, "two rounds of eight"


def test_listener_can_read_the_assessment_while_it_handles_the_webhook(frozen: Sandbox, listener: Listener) -> None:
    read: list[Any] = []

    def answer(received: Received) -> int:
        read.append(frozen.pi.get(f"{PI}/{received.form['assessmentId']}").json())
        return 200

    listener.answers = answer
    complete(frozen, listener.url)
    settle(frozen)
    for n in range(30):
        assess(frozen, f"n{n}+completes-in-1h@example.com", assessmentStatusWebHook=listener.url)
    assert len(turn(frozen, advance="PT2H")["events"]) == 60
    assert [shown["assessmentState"] for shown in read] == [40] * 31
    assert [shown["assessmentDateTime"] for shown in read] == [START] + [after(START, HOUR)] * 30


def test_listener_can_use_the_control_api_while_it_handles_the_webhook(frozen: Sandbox, listener: Listener) -> None:
    answers: list[httpx2.Response] = []

    def answer(received: Received) -> int:
        answers.append(frozen.control("POST", "/clock", {"advance": "PT1S"}))
        answers.append(frozen.control("GET", "/deliveries"))
        answers.append(frozen.control("PATCH", "/config", {"progress": "PT1S"}))
        return 200

    listener.answers = answer
    assess(frozen, "ada+completes-in-1h@example.com", assessmentStatusWebHook=listener.url)
    turn(frozen, advance="PT2H")
    assert [answer.status_code for answer in answers] == [409, 200, 200]


# Egress policy.

FORBIDDEN = [
    "http://169.254.169.254/latest/meta-data/", "HTTP://169.254.169.254:80/", "http://user:pass@169.254.169.254/",
    "http://[fe80::1%25lo]/", "http://0xA9FEA9FE/", "http://\uff11\uff16\uff19.254.169.254/",
    "http://169\u3002254\u3002169\u3002254/",
]  # fmt: skip


@pytest.mark.parametrize("url", FORBIDDEN)
def test_link_local_or_metadata_url_is_refused_by_policy(frozen: Sandbox, url: str) -> None:
    frozen.control_json("PATCH", "/config", {"webhook_timeout": 5.0})
    created = frozen.pi.post(PI, json={**ADA, "assessmentStatusWebHook": url})
    if created.status_code == 400:  # an address that cannot be one is refused when it is given
        assert created.headers["simulator-rule"] == "pi.create.webhook.url"
        return
    act(frozen, created.json()["assessmentId"], "complete")
    turn(frozen, advance="PT24H")
    delivery = only(settle(frozen))
    [attempt] = delivery["attempts"]
    assert (attempt["status"], attempt["error"]) == (None, "refused by policy")
    assert (delivery["state"], delivery["next"]) == ("failed", None)
    assert attempt["duration"] < 1
    [whole] = frozen.control_json("GET", f"/deliveries/{delivery['id']}")["attempts"]
    assert whole["answer"] is None


EVASIONS = [
    "http://169.254.169.254./",
    "http://169.254.169%2E254/",
    "http://169.254.169.254%00.example.com/",
    "http://[::169.254.169.254]/",
]


@pytest.mark.parametrize("url", EVASIONS)
def test_disguised_link_local_url_is_not_called(frozen: Sandbox, url: str) -> None:
    frozen.control_json("PATCH", "/config", {"webhook_timeout": 1.0})
    created = frozen.pi.post(PI, json={**ADA, "assessmentStatusWebHook": url})
    if created.status_code == 201:
        act(frozen, created.json()["assessmentId"], "complete")
        [attempt] = only(settle(frozen))["attempts"]
        assert (attempt["status"], bool(attempt["error"])) == (None, True)


def test_policy_holds_for_configured_urls_and_replays(frozen: Sandbox) -> None:
    url = "http://169.254.169.254/"
    frozen.control_json("PATCH", "/config", {"default_webhook_url": url, "webhook_url": url})
    complete(frozen, None)
    act(frozen, order(frozen), "start")
    assert [d["attempts"][0]["error"] for d in settle(frozen)] == ["refused by policy"] * 2
    for delivery in settle(frozen):
        frozen.control_json("POST", f"/deliveries/{delivery['id']}/replay")
    assert [d["attempts"][0]["error"] for d in settle(frozen)] == ["refused by policy"] * 4


@pytest.mark.parametrize(("allowed", "connected"), [("127.0.0.1,localhost", True), ("localhost", False), ("", True)])
def test_webhook_hosts_from_the_environment(listener: Listener, allowed: str, connected: bool) -> None:
    _goes(listener, served(environ={"SIMULATOR_WEBHOOK_HOSTS": allowed}), "127.0.0.1", connected)


def _goes(listener: Listener, serving: AbstractContextManager[str], host: str, connected: bool) -> None:
    """A webhook to that host arrives, or is refused and never even connected."""
    with serving as url, httpx2.Client(base_url=url, trust_env=False) as http:
        sandbox = Sandbox(http, "a")
        freeze(sandbox)
        complete(sandbox, listener.url.replace("127.0.0.1", host))
        delivery = only(settle(sandbox))
    assert (len(listener.received) == 1) is connected
    [attempt] = delivery["attempts"]
    assert attempt["error"] == (None if connected else "refused by policy")
    assert delivery["state"] == ("delivered" if connected else "failed")


# Deliveries as the control API shows them.


def test_delivery_shows_its_attempts_and_the_next_one(frozen: Sandbox, listener: Listener) -> None:
    listener.answers = [503, 204]
    url = listener.url.replace("http://", "http://user:secret@") + "/hook"
    id = complete(frozen, url, externalId="x")
    pending = only(settle(frozen))
    [attempt] = pending["attempts"]
    assert pending == {
        "id": pending["id"], "invitation": id, "url": url.replace("user:secret", "***"), "state": "pending",
        "next": after(START, INITIAL_BACKOFF),
        "attempts": [{"number": 1, "at": START, "status": 503, "error": None, "duration": attempt["duration"]}],
    }  # fmt: skip
    assert 0 < attempt["duration"] < 1
    turn(frozen, advance="PT6M")
    [listed] = frozen.control_json("GET", "/deliveries")
    single = frozen.control_json("GET", f"/deliveries/{pending['id']}")
    bare = [{k: v for k, v in a.items() if k not in ("fault", "request", "answer")} for a in single["attempts"]]
    assert {**single, "attempts": bare} == listed
    assert [a["answer"]["status"] for a in single["attempts"]] == [503, 204]
    for shown, received in zip(single["attempts"], listener.received, strict=True):
        request = shown["request"]
        assert (request["method"], request["url"]) == ("POST", f"{listener.url}/hook")
        assert request["body"] == received.body.decode()
        headers = {name.lower(): value for name, value in request["headers"]}
        assert headers.pop("authorization") == "Basic ***"
        assert headers.items() <= received.headers.items()
        assert ["content-length", "0"] in [[name.lower(), value] for name, value in shown["answer"]["headers"]]


def test_deliveries_are_listed_in_order_of_creation(frozen: Sandbox, listener: Listener) -> None:
    listener.answers = [500]
    ids = [complete(frozen, listener.url) for _ in range(12)]
    turn(frozen, advance="PT1H")
    assert [delivery["invitation"] for delivery in settle(frozen)] == ids


@pytest.mark.parametrize("call", [("GET", ""), ("POST", "/replay")])
def test_unknown_delivery_is_404(sandbox: Sandbox, call: tuple[str, str]) -> None:
    refused = sandbox.control(call[0], f"/deliveries/nothing{call[1]}")
    assert refused.status_code == 404
    assert "nothing" in refused.json()["detail"]


@pytest.mark.parametrize("answer", [200, 400, 500])
def test_replay_is_a_new_delivery_of_the_same_event(frozen: Sandbox, listener: Listener, answer: int) -> None:
    listener.answers = [answer] * (9 if answer == 500 else 1) + [200]
    complete(frozen, listener.url)
    turn(frozen, advance="P2D")
    first = only(settle(frozen))
    made = frozen.control_json("POST", f"/deliveries/{first['id']}/replay")
    assert made == {**first, "id": made["id"], "state": "pending", "next": after(START, 48 * HOUR), "attempts": []}
    assert made["id"] != first["id"]
    before, again = settle(frozen)
    assert before == first
    assert (again["id"], again["state"]) == (made["id"], "delivered")
    assert [attempt["number"] for attempt in again["attempts"]] == [1]
    assert len({received.body for received in listener.received}) == 1


def test_replay_to_another_url_can_be_replayed(frozen: Sandbox, listener: Listener) -> None:
    complete(frozen, f"{listener.url}/first")
    first = only(settle(frozen))
    second = frozen.control_json("POST", f"/deliveries/{first['id']}/replay", {"url": f"{listener.url}/second"})
    third = frozen.control_json("POST", f"/deliveries/{second['id']}/replay")
    settle(frozen)
    assert [received.path for received in listener.received] == ["/first", "/second", "/second"]
    assert len({first["id"], second["id"], third["id"]}) == 3


def test_failed_replay_is_retried(frozen: Sandbox, listener: Listener) -> None:
    listener.answers = [200, 500]
    complete(frozen, listener.url)
    frozen.control_json("POST", f"/deliveries/{only(settle(frozen))['id']}/replay")
    turn(frozen, advance="PT24H")
    assert [(d["state"], len(d["attempts"])) for d in settle(frozen)] == [("delivered", 1), ("failed", 9)]


def test_replay_of_a_pending_delivery_does_not_wait_for_its_retries(frozen: Sandbox, listener: Listener) -> None:
    listener.answers = [500, 200]
    complete(frozen, listener.url)
    first = only(settle(frozen))
    frozen.control_json("POST", f"/deliveries/{first['id']}/replay")
    assert [delivery["state"] for delivery in settle(frozen)] == ["pending", "delivered"]


def test_delivery_behind_another_of_its_invitation_has_no_next_attempt(frozen: Sandbox, listener: Listener) -> None:
    listener.answers = [500, 200]
    frozen.control_json("PATCH", "/config", {"webhook_url": listener.url})
    id = order(frozen)
    act(frozen, id, "start")
    act(frozen, id, "complete")
    assert [delivery["next"] for delivery in settle(frozen)] == [after(START, GAPS[0]), None]


BAD_REPLAYS = [{"url": "ftp://example.com/"}, {"url": "example.com"}, {"url": ""}, {"url": 1}, {"to": "http://a/"}, []]


@pytest.mark.parametrize("body", BAD_REPLAYS, ids=repr)
def test_replay_with_an_invalid_body_is_422(frozen: Sandbox, listener: Listener, body: Any) -> None:
    complete(frozen, listener.url)
    first = only(settle(frozen))
    refused = frozen.http.post(f"/_simulator/sandboxes/{frozen.name}/deliveries/{first['id']}/replay", json=body)
    assert refused.status_code == 422, refused.text
    assert "url" in refused.json()["detail"] or isinstance(body, list)
    assert settle(frozen) == [first]


# Reset, restore, delete and fork.


def _in_flight(sandbox: Sandbox, listener: Listener) -> str:
    """Leaves one attempt on its way, ten that wait for their turn, one retry due later; the id of a snapshot before."""
    kept: str = sandbox.control_json("POST", "/snapshots")["id"]
    with Listener([500]) as failing:
        complete(sandbox, failing.url)
        failing.wait_for(1)
        until(lambda: sandbox.control_json("GET", "/deliveries")[0]["attempts"])
    for _ in range(11):
        complete(sandbox, listener.url)
    listener.wait_for(8)
    return kept


@pytest.mark.parametrize("ending", ENDINGS)
def test_reset_restore_and_delete_cancel_attempts_in_flight(
    frozen: Sandbox, listener: Listener, gate: threading.Event, ending: Callable[[Sandbox, str], None]
) -> None:
    kept = _in_flight(frozen, listener)
    ending(frozen, kept)
    assert frozen.control_json("GET", "/deliveries") == []
    gate.set()
    listener.wait_for_answers(8)
    wait_for_responses_handled(frozen.http)
    assert len(listener.received) == 8
    assert turn(frozen, advance="P2D")["events"] == []
    assert frozen.control_json("GET", "/deliveries") == []
    complete(frozen, listener.url)
    assert only(settle(frozen))["state"] == "delivered"
    assert len(listener.received) == 9


def test_restore_repeats_an_attempt_that_was_in_flight_at_the_snapshot(
    frozen: Sandbox, listener: Listener, gate: threading.Event
) -> None:
    id = complete(frozen, listener.url)
    listener.wait_for(1)
    kept = frozen.control_json("POST", "/snapshots")["id"]
    gate.set()
    settled = only(settle(frozen))
    assert settled["state"] == "delivered"
    for times in (2, 3):
        turn(frozen, advance="P1D")
        frozen.control_json("POST", f"/snapshots/{kept}/restore")
        assert len(listener.wait_for(times)) == times
        again = only(settle(frozen))
        assert (again["id"], again["state"]) == (settled["id"], "delivered")
        assert [(a["number"], a["at"]) for a in again["attempts"]] == [(1, START)]
        assert {received.form["assessmentId"] for received in listener.received} == {id}
        assert len(listener.received) == times


def test_restore_brings_back_pending_retries(frozen: Sandbox, listener: Listener) -> None:
    listener.answers = [500, 500, 200, 200, 200]
    complete(frozen, listener.url)
    turn(frozen, advance="PT10M")
    kept = frozen.control_json("POST", "/snapshots")["id"]
    turn(frozen, advance="P1D")
    assert only(settle(frozen))["state"] == "delivered"
    frozen.control_json("POST", f"/snapshots/{kept}/restore")
    back = only(settle(frozen))
    assert (back["state"], len(back["attempts"]), back["next"]) == ("pending", 2, after(START, 3 * INITIAL_BACKOFF))
    turned = turn(frozen, advance="P1D")
    assert [event["at"] for event in turned["events"]] == [after(START, 3 * INITIAL_BACKOFF)]
    assert only(settle(frozen))["state"] == "delivered"


def test_fork_has_no_deliveries(frozen: Sandbox, listener: Listener) -> None:
    listener.answers = [500]
    complete(frozen, listener.url)
    settle(frozen)
    fork = Sandbox(frozen.http, frozen.control_json("POST", "/fork", {"name": f"{frozen.name}-fork"})["name"])
    assert fork.control_json("GET", "/deliveries") == []
    assert [event["what"] for event in turn(fork, advance="P30D")["events"]] in ([], ["expire"])
    assert len(listener.received) == 1
    assert len(only(frozen.control_json("GET", "/deliveries"))["attempts"]) == 1
    fork.control("DELETE")


def test_sandboxes_with_one_listener_have_separate_deliveries(
    frozen: Sandbox, other: Sandbox, listener: Listener
) -> None:
    listener.answers = lambda received: 500 if received.path == "/a" else 200
    mine, theirs = complete(frozen, f"{listener.url}/a"), complete(other, f"{listener.url}/b")
    for sandbox in (frozen, other):
        turn(sandbox, advance="PT24H")
    assert (only(settle(frozen))["invitation"], only(settle(frozen))["state"]) == (mine, "failed")
    assert (only(settle(other))["invitation"], only(settle(other))["state"]) == (theirs, "delivered")
    other.control_json("POST", "/reset")
    assert len(settle(frozen)) == 1
    assert [received.path for received in listener.received].count("/a") == 9


# pymetrics: the extension.


def signed(received: Received, key: bytes) -> str:
    """The signature as the Standard Webhooks specification asks for it, made here once more."""
    content = f"{received.headers['webhook-id']}.{received.headers['webhook-timestamp']}.".encode() + received.body
    return f"v1,{base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()}"


def test_each_status_change_of_an_order_is_sent_once_and_in_order(frozen: Sandbox, listener: Listener) -> None:
    frozen.control_json("PATCH", "/config", {"webhook_url": f"{listener.url}/hook"})
    id = order(frozen)
    assert settle(frozen) == []
    act(frozen, id, "complete")
    settle(frozen)
    read = frozen.pymetrics.get(f"/mercury/getOrder/{id}").json()
    frozen.pymetrics.get(f"/mercury/getOrder/{id}")
    assert [d["state"] for d in settle(frozen)] == ["delivered"] * 3
    assert [r.json["data"]["status"] for r in listener.received] == ["In Progress", "Completed", "Fulfilled"]
    assert {(r.method, r.path, r.headers["content-type"]) for r in listener.received} == {
        ("POST", "/hook", "application/json")
    }
    assert listener.received[2].json["data"] == read
    for received in listener.received:
        assert received.json.keys() == {"type", "timestamp", "data"}
        assert received.json["type"] == "order.status_changed"


OTHERS = [(("start", "expire"), ["In Progress", "Expired"]), (("reject",), ["Rejected"]), (("accept",), ["Accepted"])]


@pytest.mark.parametrize(("actions", "told"), OTHERS)
def test_order_sends_its_new_status(
    frozen: Sandbox, listener: Listener, actions: tuple[str, ...], told: list[str]
) -> None:
    frozen.control_json("PATCH", "/config", {"webhook_url": listener.url})
    id = order(frozen)
    for action in actions:
        act(frozen, id, action)
    settle(frozen)
    assert [received.json["data"]["status"] for received in listener.received] == told


def test_signature_follows_standard_webhooks(frozen: Sandbox, listener: Listener) -> None:
    secret, key = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    frozen.control_json("PATCH", "/config", {"webhook_url": listener.url, "webhook_secret": secret})
    act(frozen, order(frozen, "zoë@example.com"), "complete")
    for received in listener.wait_for(2):
        assert received.headers["webhook-signature"] == signed(received, key)
        assert received.headers["webhook-timestamp"] == str(ticks(START) // SECOND)
        assert received.headers["webhook-id"].startswith("msg_")
    assert len({received.headers["webhook-id"] for received in listener.received}) == 2


def test_id_and_body_are_the_same_in_retries_and_replays(frozen: Sandbox, listener: Listener) -> None:
    listener.answers = [500, 500, 200]
    frozen.control_json("PATCH", "/config", {"webhook_url": listener.url})
    act(frozen, order(frozen), "start")
    turn(frozen, advance="PT1H")
    frozen.control_json("POST", f"/deliveries/{only(settle(frozen))['id']}/replay")
    settle(frozen)
    assert len({received.headers["webhook-id"] for received in listener.received}) == 1
    assert len({received.body for received in listener.received}) == 1
    moments = [0, INITIAL_BACKOFF, 3 * INITIAL_BACKOFF, HOUR]
    assert [received.headers["webhook-timestamp"] for received in listener.received] == [
        str((ticks(START) + passed) // SECOND) for passed in moments
    ]
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    assert all(received.headers["webhook-signature"] == signed(received, key) for received in listener.received)


def test_webhooks_of_an_invitation_stay_in_order_while_the_first_is_retried(
    frozen: Sandbox, listener: Listener
) -> None:
    frozen.control_json("PATCH", "/config", {"webhook_url": listener.url})
    held, free = order(frozen, "ada@example.com"), order(frozen, "bo@example.com")
    failures = {"In Progress": 3, "Completed": 1, "Fulfilled": 0}

    def answer(received: Received) -> int:
        data = received.json["data"]
        if data["id"] == held and failures[data["status"]] > 0:
            failures[data["status"]] -= 1
            return 503
        return 200

    listener.answers = answer
    for id in (held, free):
        act(frozen, id, "complete")
        frozen.pymetrics.get(f"/mercury/getOrder/{id}")
    turn(frozen, advance="PT24H")
    seen = {held: list[str](), free: list[str]()}
    for received in listener.received:
        seen[received.json["data"]["id"]].append(received.json["data"]["status"])
    assert seen[held] == ["In Progress"] * 4 + ["Completed"] * 2 + ["Fulfilled"]
    assert seen[free] == ["In Progress", "Completed", "Fulfilled"]
    of_held = [[a["at"] for a in d["attempts"]] for d in settle(frozen) if d["invitation"] == held]
    assert of_held == [
        [after(START, passed) for passed in (0, INITIAL_BACKOFF, 3 * INITIAL_BACKOFF, 7 * INITIAL_BACKOFF)],
        [after(START, 7 * INITIAL_BACKOFF), after(START, 8 * INITIAL_BACKOFF)],
        [after(START, 8 * INITIAL_BACKOFF)],
    ]


def test_failed_delivery_releases_the_next_one(frozen: Sandbox, listener: Listener) -> None:
    listener.answers = lambda received: 400 if received.json["data"]["status"] == "In Progress" else 200
    frozen.control_json("PATCH", "/config", {"webhook_url": listener.url})
    act(frozen, order(frozen), "complete")
    assert [delivery["state"] for delivery in settle(frozen)] == ["failed", "delivered"]


# URLs.


@pytest.mark.parametrize("how", ["action", "alarm"])
def test_links_in_a_webhook_have_the_callers_base_url(frozen: Sandbox, listener: Listener, how: str) -> None:
    frozen.control_json("PATCH", "/config", {"webhook_url": listener.url})
    host = {"host": "simulator.internal:81"}
    email = "ada+completes-in-1m@example.com" if how == "alarm" else "ada@example.com"
    body = {"candidate": {"email": email}, "assessment_id": GAMES, "application_id": "1"}
    id = frozen.pymetrics.post("/mercury/order", json=body, headers=host).json()["order"]["id"]
    if how == "action":
        path = f"/_simulator/sandboxes/{frozen.name}/invitations/{id}/complete"
        assert frozen.http.post(path, headers=host).status_code == 200
    turn(frozen, advance="PT1M")
    links = {received.json["data"]["invite_link"] for received in listener.wait_for(2)}
    assert {link.partition("/pymetrics/")[0] for link in links} == {"http://simulator.internal:81"}
    read = frozen.pymetrics.get(f"/mercury/getOrder/{id}", headers={"host": "other.internal"}).json()
    assert read["invite_link"].startswith("http://other.internal/")


def test_links_in_a_webhook_have_the_public_url_if_set(listener: Listener) -> None:
    with served("--public-url", "https://sim.example/") as url, httpx2.Client(base_url=url, trust_env=False) as http:
        sandbox = Sandbox(http, "a")
        sandbox.control_json("PATCH", "/config", {"webhook_url": listener.url})
        act(sandbox, order(sandbox), "start")
        [received] = listener.wait_for(1)
    assert received.json["data"]["invite_link"].startswith("https://sim.example/pymetrics/invite/")


def test_no_placeholder_appears_in_any_response_or_webhook(frozen: Sandbox, listener: Listener) -> None:
    frozen.control_json("PATCH", "/config", {"webhook_url": listener.url, "default_webhook_url": listener.url})
    body = {"candidate": {"email": "bo@example.com"}, "assessment_id": GAMES, "application_id": "1", "send_email": True}
    ordered = frozen.pymetrics.post("/mercury/order", json=body)
    theirs = ordered.json()["order"]["id"]
    created = frozen.pi.post(
        PI,
        json={
            **ADA, "notifyAssessmentAvailableUsingEmail": 1, "associatedPositionTitle": "Software Engineer",
            "expirationDateTime": "2026-02-01",
        },
    )  # fmt: skip
    mine = created.json()["assessmentId"]
    assess(frozen, "cy+completes-in-1m@example.com", notifyAssessmentAvailableUsingEmail=1)
    order(frozen, "di+completes-in-1m@example.com", "2", send_email=True)
    answers = [ordered, created, frozen.pymetrics.post("/mercury/order", json=body)]
    for id in (mine, theirs):
        answers += [frozen.control("POST", f"/invitations/{id}/{action}") for action in ("start", "complete", "expire")]
    answers.append(frozen.control("POST", "/clock", {"advance": "PT1M"}))
    read = frozen.pymetrics.get(f"/mercury/getOrder/{theirs}?report=true")
    answers += [read, frozen.http.get(read.json()["reports"][0]["download_url"])]
    answers += [frozen.pymetrics.post("/mercury/orders", json={"job_application_id": "1"}), frozen.pi.get(PI)]
    answers += [frozen.pi.get(f"{PI}/{mine}"), frozen.pi.get(f"{PI}/nobody"), frozen.pi.post(PI, json={})]
    for path in ("", "/config", "/clock", "/invitations", f"/invitations/{mine}", "/deliveries", "/mail"):
        answers.append(frozen.control("GET", path))
    answers += [frozen.control("GET", f"/deliveries/{d['id']}") for d in settle(frozen)]
    answers += [frozen.http.get(path) for path in ("/", "/_simulator/rules", "/_simulator/sandboxes", "/mercury/x")]
    assert len(listener.received) >= 7
    texts = [answer.text + str(answer.headers) for answer in answers]
    texts += [received.body.decode() + str(received.headers) for received in listener.received]
    assert [text for text in texts if "simulator.invalid" in text] == []
    assert frozen.url in read.text


STRANGE = [
    "http://a..b/", "http://-/", "http://" + "a" * 300 + "/", "http://%zz/", "http://127.0.0.1:0/", "http://xn--/",
    "http://\u00e9\u00fc:\u00e9@127.0.0.1:1/\u00e9?\u00e9", "http://\u2764/", "http://[::1]:1/", "http://[v1.x]/",
    "http://127.0.0.1:1/#\u00e9", "http://127.0.0.1:1/" + "%" * 50,
]  # fmt: skip


@pytest.mark.parametrize("url", STRANGE, ids=lambda url: ascii(url)[:40])
def test_unreachable_url_fails_after_nine_attempts(frozen: Sandbox, url: str) -> None:
    created = frozen.pi.post(PI, json={**ADA, "assessmentStatusWebHook": url})
    if created.status_code == 400:  # an address that cannot be one is refused when it is given
        return
    act(frozen, created.json()["assessmentId"], "complete")
    turn(frozen, advance="PT24H")
    delivery = only(settle(frozen))
    assert (delivery["state"], len(delivery["attempts"])) == ("failed", 9)
    assert all(attempt["error"] and attempt["status"] is None for attempt in delivery["attempts"])
    assert frozen.control_json("GET", f"/deliveries/{delivery['id']}")["url"] == url.replace(
        "\u00e9\u00fc:\u00e9@", "***@"
    )


@pytest.mark.parametrize("path", ["/a b", "/" + quote("é"), "/?x=" + "y" * 2_000])
def test_url_path_is_sent_unchanged(frozen: Sandbox, listener: Listener, path: str) -> None:
    answer = frozen.pi.post(PI, json={**ADA, "assessmentStatusWebHook": listener.url + path})
    if " " in path:
        assert answer.status_code == 400
        return
    act(frozen, answer.json()["assessmentId"], "complete")
    assert [received.path for received in listener.wait_for(1)] == [path]


def test_webhook_is_sent_at_once_with_frozen_and_running_clock(sandbox: Sandbox, listener: Listener) -> None:
    for mode in ({"run": True}, {"freeze": START}):
        turn(sandbox, **mode)
        came = len(listener.received)
        id = assess(sandbox, assessmentStatusWebHook=listener.url)
        began = time.monotonic()
        act(sandbox, id, "complete")
        assert listener.wait_for(came + 1)[-1].at - began < 5


def test_changed_webhook_url_does_not_affect_pending_deliveries(frozen: Sandbox, listener: Listener) -> None:
    listener.answers = [500, 200]
    frozen.control_json("PATCH", "/config", {"webhook_url": f"{listener.url}/old"})
    act(frozen, order(frozen), "start")
    settle(frozen)
    frozen.control_json("PATCH", "/config", {"webhook_url": f"{listener.url}/new"})
    turn(frozen, advance="PT1H")
    assert [received.path for received in listener.received] == ["/old", "/old"]


def test_deleting_a_sandbox_during_a_slow_request_is_no_500(http: httpx2.Client) -> None:
    name = f"t-{uuid.uuid4()}"
    host = (http.base_url.host, http.base_url.port or 80)
    body = json.dumps({"advance": "PT1S"}).encode()
    head = f"POST /_simulator/sandboxes/{name}/clock HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n\r\n"
    with socket.create_connection(host, timeout=5) as slow:
        slow.sendall(head.encode())
        wait_for_requests_read(f"http://{host[0]}:{host[1]}")
        assert http.delete(f"/_simulator/sandboxes/{name}").status_code == 204
        slow.sendall(body)
        answer = slow.recv(65_536)
    assert not answer.startswith(b"HTTP/1.1 500"), answer
    http.delete(f"/_simulator/sandboxes/{name}")


def test_failed_webhook_does_not_change_the_assessment(frozen: Sandbox) -> None:
    id = complete(frozen, f"http://127.0.0.1:{free_port()}/")
    turn(frozen, advance="PT48H")
    assert (status(frozen, id), only(settle(frozen))["state"]) == (40, "failed")


def test_advance_waits_for_the_listeners_response(
    frozen: Sandbox, listener: Listener, gate: threading.Event, aside: Callable[..., "Future[Any]"]
) -> None:
    assess(frozen, "ada+completes-in-1h@example.com", assessmentStatusWebHook=listener.url)
    turned = aside(turn, frozen, advance="P1D")
    listener.wait_for(1)
    wait_for_requests_read(frozen.url)
    assert not turned.done()
    gate.set()
    assert [event["what"] for event in turned.result()["events"]] == ["complete", "attempt"]
    assert only(settle(frozen))["state"] == "delivered"
