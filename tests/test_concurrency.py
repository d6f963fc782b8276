"""Many callers at once, and callers that stop in the middle: nobody sees another's data, nothing happens by halves."""

import asyncio
import json
import socket
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.server import wait_for_responses_handled
from tests.servers import Listener, Received, Sandbox, Server
from tests.waiting import until, wait_for_requests_read

PATH = "/api/v1/behavioralassessments"
GAMES = "6ac4d6b5-9a3e-4d0c-8f55-0d5a3f6d2b10"
PERSON = {"firstName": "Ada", "lastName": "Lovelace", "email": "ada@example.com"}


def order(application: str, email: str = "ada@example.com", **more: Any) -> dict[str, Any]:
    return {"candidate": {"email": email}, "assessment_id": GAMES, "application_id": application, **more}


def message(method: str, path: str, headers: Mapping[str, str], body: object = None) -> bytes:
    """A whole request."""
    content = b"" if body is None else json.dumps(body).encode()
    lines = [f"{method} {path} HTTP/1.1", "host: localhost", *(f"{name}: {value}" for name, value in headers.items())]
    if content:
        lines += ["content-type: application/json", f"content-length: {len(content)}"]
    return "\r\n".join([*lines, "", ""]).encode() + content


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    content: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.content)


# A thousand sandboxes.


class Connections:
    """Some connections that are kept open and lent out, one request at a time on each."""

    def __init__(self, server: Server, count: int) -> None:
        address = urlsplit(server.url)
        self._host, self._port = address.hostname, address.port
        self._count = count
        self._free: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()

    async def __aenter__(self) -> Self:
        for _ in range(self._count):
            self._free.put_nowait(await asyncio.open_connection(self._host, self._port))
        return self

    async def __aexit__(self, *_: object) -> None:
        while not self._free.empty():
            writer = self._free.get_nowait()[1]
            writer.close()
            await writer.wait_closed()

    async def ask(self, method: str, path: str, headers: Mapping[str, str] | None = None, body: object = None) -> Any:
        """One request that must succeed; its JSON."""
        connection = await self._free.get()
        reader, writer = connection
        writer.write(message(method, path, headers or {}, body))
        head = await reader.readuntil(b"\r\n\r\n")
        length = next((line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), b":0")
        content = await reader.readexactly(int(length.partition(b":")[2]))
        self._free.put_nowait(connection)
        assert head.startswith(b"HTTP/1.1 2"), (method, path, head, content)
        return json.loads(content) if content else None


async def live(connections: Connections, name: str) -> None:
    """One sandbox's short life: the same words in each, and nothing of any other may be seen."""
    key, control, ask = f"sim-{name}", f"/_simulator/sandboxes/{name}", connections.ask
    client = {"client_id": key, "client_secret": "any", "grant_type": "client_credentials"}
    token = (await ask("POST", "/mercury/oauth/token", body=client))["access_token"]
    ours, theirs = {"authorization": f"Bearer {token}", "x-api-key": key}, {"api-key": key}
    made = await ask("POST", "/mercury/order", ours, order("same", requisition_id=name, send_email=True))
    assert (made["created"], made["order"]["requisition_id"]) == (True, name)
    person = {**PERSON, "middleName": name, "externalId": "same", "externalPersonId": "same"}
    assessment = await ask("POST", PATH, theirs, person)
    await ask("POST", f"{control}/invitations/{assessment['assessmentId']}/complete")
    again = await ask("POST", "/mercury/order", ours, order("same", requisition_id="another"))
    assert (again["created"], again["order"]) == (False, made["order"])
    listed = await ask("POST", "/mercury/orders", ours, {"job_application_id": "same"})
    assert listed["orders"] == [made["order"]]
    shown = await ask("GET", PATH, theirs)
    assert [(one["assessmentId"], one["middleName"], one["assessmentState"]) for one in shown] == [
        (assessment["assessmentId"], name, 40)
    ]
    invitations = await ask("GET", f"{control}/invitations")
    assert [one["id"] for one in invitations] == [made["order"]["id"], assessment["assessmentId"]]
    assert all(name in one["links"]["invite"] for one in invitations)
    assert [mail["invitation"] for mail in await ask("GET", f"{control}/mail")] == [made["order"]["id"]]


async def test_a_thousand_sandboxes_in_use_at_once_do_not_see_each_other(server: Server) -> None:
    run = uuid.uuid4().hex[:12]
    names = [f"c-{run}-{number}" for number in range(1_000)]
    async with Connections(server, 64) as connections:
        await asyncio.gather(*(live(connections, name) for name in names))
        opened = {sandbox["name"] for sandbox in await connections.ask("GET", "/_simulator/sandboxes")}
        assert {*names} <= opened
        await asyncio.gather(*(connections.ask("DELETE", f"/_simulator/sandboxes/{name}") for name in names))


# Sixteen at the same moment.


class Together:
    """Requests on connections of their own, each sent but for its last byte; those bytes are let go at once."""

    def __init__(self, server: Server) -> None:
        address = urlsplit(server.url)
        self._address = (str(address.hostname), int(address.port or 0))

    def send(self, messages: Sequence[bytes]) -> list[Answer]:
        """Send them all at the same moment; the answers in the messages' order."""
        barrier = threading.Barrier(len(messages))

        def one(message: bytes) -> Answer:
            with socket.create_connection(self._address, timeout=20) as connection:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connection.sendall(message[:-1])
                barrier.wait(20)
                connection.sendall(message[-1:])
                return received(connection)

        with ThreadPoolExecutor(len(messages)) as pool:
            return [*pool.map(one, messages)]


def received(connection: socket.socket) -> Answer:
    """Read one whole answer."""
    with connection.makefile("rb") as stream:
        status = int(stream.readline().split()[1])
        length = 0
        while (line := stream.readline().strip().lower()) != b"":
            if line.startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        return Answer(status, stream.read(length))


@pytest.fixture
def together(server: Server) -> Together:
    return Together(server)


def test_sixteen_equal_creations_at_once_make_one_order(sandbox: Sandbox, together: Together) -> None:
    headers = sandbox.pymetrics.headers
    for turn in range(20):
        body = order(f"a-{turn}", send_email=True)
        answers = together.send([message("POST", "/mercury/order", headers, body)] * 16)
        assert Counter(answer.status for answer in answers) == {201: 1, 200: 15}
        assert all(answer.json["created"] is (answer.status == 201) for answer in answers)
        assert len({json.dumps(answer.json["order"]) for answer in answers}) == 1
    assert len(sandbox.control_json("GET", "/invitations")) == len(sandbox.control_json("GET", "/mail")) == 20


def test_sixteen_equal_people_at_once_are_one_person(sandbox: Sandbox, together: Together) -> None:
    body = {**PERSON, "externalPersonId": "p-1"}
    answers = together.send([message("POST", PATH, sandbox.pi.headers, body)] * 16)
    # The first makes the person; the others name somebody who is known by then.
    assert Counter(answer.status for answer in answers) == {201: 1, 400: 15}
    assert len(sandbox.pi.get(PATH).json()) == 1


def test_one_of_sixteen_equal_actions_at_once_is_done(sandbox: Sandbox, together: Together, listener: Listener) -> None:
    made = sandbox.pi.post(PATH, json={**PERSON, "assessmentStatusWebHook": listener.url}).json()
    path = f"/_simulator/sandboxes/{sandbox.name}/invitations/{made['assessmentId']}/complete"
    answers = together.send([message("POST", path, {})] * 16)
    assert Counter(answer.status for answer in answers) == {200: 1, 409: 15}
    sandbox.control_json("POST", "/clock", {"advance": "PT0S"})
    assert len(listener.received) == len(sandbox.control_json("GET", "/deliveries")) == 1


def test_one_of_sixteen_who_open_a_name_at_once_gets_it(http: httpx2.Client, together: Together) -> None:
    name = f"t-{uuid.uuid4()}"
    answers = together.send([message("POST", "/_simulator/sandboxes", {}, {"name": name})] * 16)
    assert Counter(answer.status for answer in answers) == {201: 1, 409: 15}
    Sandbox(http, name).control_json("DELETE")


def test_one_of_several_advances_at_once_is_played(sandbox: Sandbox, together: Together, listener: Listener) -> None:
    listener.delay = 0.2
    sandbox.control_json("POST", "/clock", {"freeze": "2026-01-01T00:00:00Z"})
    sandbox.pi.post(PATH, json={**PERSON, "email": "a+completes-in-10s@b", "assessmentStatusWebHook": listener.url})
    path = f"/_simulator/sandboxes/{sandbox.name}/clock"
    answers = together.send([message("POST", path, {}, {"advance": "PT1M"})] * 8)
    assert Counter(answer.status for answer in answers) == {200: 1, 409: 7}
    assert sandbox.control_json("GET", "/clock")["now"] == "2026-01-01T00:01:00.0000000Z"


# Listeners that talk back.


def test_a_listener_that_reads_the_assessment_inside_its_webhook_does_not_deadlock_an_advance(
    sandbox: Sandbox, listener: Listener
) -> None:
    seen: list[tuple[int, str]] = []

    def answer(received: Received) -> int:
        shown = sandbox.pi.get(f"{PATH}/{received.form['assessmentId']}").json()
        seen.append((shown["assessmentState"], shown["assessmentDateTime"]))
        assert sandbox.control("POST", "/clock", {"advance": "PT1H"}).status_code == 409
        assert sandbox.control_json("GET", "/clock")["now"] == shown["assessmentDateTime"]
        return 200

    listener.answers = answer
    sandbox.control_json("POST", "/clock", {"freeze": "2026-01-01T00:00:00Z"})
    for delay in ("10s", "20s"):
        email = f"ada+completes-in-{delay}@example.com"
        sandbox.pi.post(PATH, json={**PERSON, "email": email, "assessmentStatusWebHook": listener.url})
    began = time.monotonic()
    turned = sandbox.control_json("POST", "/clock", {"advance": "PT1M"})
    assert time.monotonic() - began < 5
    assert seen == [(40, "2026-01-01T00:00:10.0000000Z"), (40, "2026-01-01T00:00:20.0000000Z")]
    assert [event["what"] for event in turned["events"]] == ["complete", "attempt"] * 2
    assert turned["now"] == "2026-01-01T00:01:00.0000000Z"


def test_what_a_listener_does_inside_its_webhook_happens_within_the_same_advance(
    sandbox: Sandbox, listener: Listener
) -> None:
    def answer(received: Received) -> int:
        if len(listener.received) < 5:
            body = {**PERSON, "email": "ada+completes-in-1m@example.com", "assessmentStatusWebHook": listener.url}
            assert sandbox.pi.post(PATH, json=body).status_code == 201
        return 200

    listener.answers = answer
    sandbox.control_json("POST", "/clock", {"freeze": "2026-01-01T00:00:00Z"})
    answer(Received("POST", "/", {}, b"", 0))
    turned = sandbox.control_json("POST", "/clock", {"advance": "PT10M"})
    assert [event["at"][14:19] for event in turned["events"] if event["what"] == "complete"] == [
        "01:00", "02:00", "03:00", "04:00", "05:00"
    ]  # fmt: skip


@pytest.mark.parametrize(("method", "path"), [("POST", "/reset"), ("DELETE", ""), ("POST", "/snapshots/{}/restore")])
def test_a_sandbox_that_begins_anew_in_the_middle_of_an_advance_ends_it(
    sandbox: Sandbox, listener: Listener, method: str, path: str
) -> None:
    listener.delay = 20
    sandbox.control_json("POST", "/clock", {"freeze": "2026-01-01T00:00:00Z"})
    kept = sandbox.control_json("POST", "/snapshots")["id"]
    body = {**PERSON, "email": "ada+completes-in-1m@example.com", "assessmentStatusWebHook": listener.url}
    sandbox.pi.post(PATH, json=body)
    with ThreadPoolExecutor(1) as pool:
        advance = pool.submit(sandbox.control, "POST", "/clock", {"advance": "P1D"})
        listener.wait_for(1)
        sandbox.control_json(method, path.format(kept))
        assert advance.result(5).status_code == (410 if method == "DELETE" else 409)
    assert sandbox.control_json("GET", "/deliveries") == sandbox.control_json("GET", "/invitations") == []
    assert sandbox.control("POST", "/clock", {"advance": "PT1S"}).status_code == 200


# All kinds of things at once.


def at_once(*jobs: Callable[[], Iterator[httpx2.Response]]) -> list[httpx2.Response]:
    """Run the jobs at the same time; every answer that they got, none of which may be a crash."""
    barrier = threading.Barrier(len(jobs))

    def run(job: Callable[[], Iterator[httpx2.Response]]) -> list[httpx2.Response]:
        barrier.wait(20)
        return [*job()]

    with ThreadPoolExecutor(len(jobs)) as pool:
        answers = [answer for answers in pool.map(run, jobs) for answer in answers]
    assert not [answer.text for answer in answers if answer.status_code >= 500]
    return answers


def check_consistent(sandbox: Sandbox) -> None:
    """Whatever is shown in one place is shown in every other."""
    invitations = {one["id"]: one for one in sandbox.control_json("GET", "/invitations")}
    listed = sandbox.pi.get(PATH).json()
    theirs = [id for id, one in invitations.items() if one["vendor"] == "predictive_index"]
    assert [one["assessmentId"] for one in listed] == theirs[:50]
    assert [one["assessmentState"] for one in listed] == [invitations[id]["status"] for id in theirs[:50]]
    desk = sandbox.renewed()
    for id, one in invitations.items():
        if one["vendor"] == "pymetrics":
            assert desk.get(f"/mercury/getOrder/{id}").json()["id"] == id
    for thing in sandbox.control_json("GET", "/mail") + sandbox.control_json("GET", "/deliveries"):
        assert thing["invitation"] in invitations


def test_advances_creations_and_settings_at_once_lose_and_double_nothing(sandbox: Sandbox, listener: Listener) -> None:
    sandbox.control_json("POST", "/clock", {"freeze": "2026-01-01T00:00:00Z"})
    desk = sandbox.pymetrics

    def advances() -> Iterator[httpx2.Response]:
        for _ in range(20):
            yield sandbox.control("POST", "/clock", {"advance": "PT10S"})

    def assessments() -> Iterator[httpx2.Response]:
        for number in range(40):
            email = f"ada+completes-in-{number % 9 * 10}s@example.com"
            yield sandbox.pi.post(PATH, json={**PERSON, "email": email, "assessmentStatusWebHook": listener.url})

    def orders() -> Iterator[httpx2.Response]:
        for number in range(40):
            yield desk.post("/mercury/order", json=order(str(number), "ada+completes-in-1m@example.com"))

    def settings() -> Iterator[httpx2.Response]:
        for number in range(20):
            yield sandbox.control("PATCH", "/config", {"invitation_days": 4 + number})
            yield sandbox.control("POST", "/snapshots")

    answers = at_once(advances, advances, assessments, orders, settings)
    played = sum(answer.status_code == 200 for answer in answers if answer.url.path.endswith("/clock"))
    made = [answer for answer in answers if answer.url.path in (PATH, "/mercury/order")]
    assert {answer.status_code for answer in made} == {201}
    seconds = 10 * played
    assert (
        sandbox.control_json("GET", "/clock")["now"] == f"2026-01-01T00:{seconds // 60:02d}:{seconds % 60:02d}.0000000Z"
    )
    sandbox.control_json("POST", "/clock", {"advance": "PT10M"})
    assert Counter(one["status"] for one in sandbox.control_json("GET", "/invitations")) == {40: 40, "Completed": 40}
    deliveries = sandbox.control_json("GET", "/deliveries")
    assert [(one["state"], len(one["attempts"])) for one in deliveries] == [("delivered", 1)] * 40
    told = Counter(received.form["assessmentId"] for received in listener.received)
    assert told == Counter(answer.json()["assessmentId"] for answer in made if answer.url.path == PATH)
    check_consistent(sandbox)


@pytest.mark.parametrize("again", ["/reset", "/snapshots/snapshot-1/restore"])
def test_creations_while_the_sandbox_begins_anew_leave_it_whole(
    sandbox: Sandbox, listener: Listener, again: str
) -> None:
    sandbox.control_json("PATCH", "/config", {"default_webhook_url": listener.url})
    listener.delay = 0.002

    def assessments() -> Iterator[httpx2.Response]:
        for number in range(50):
            body = {**PERSON, "email": "ada+completes@example.com", "notifyAssessmentAvailableUsingEmail": 1}
            yield sandbox.pi.post(PATH, json={**body, "assessmentStatusWebHook": f"{listener.url}/{number}"})

    def orders() -> Iterator[httpx2.Response]:
        for number in range(50):
            yield sandbox.renewed().post("/mercury/order", json=order(str(number), send_email=True))

    def anew() -> Iterator[httpx2.Response]:
        for _ in range(15):
            yield sandbox.control("POST", "/snapshots")
            yield sandbox.control("POST", again)

    answers = at_once(assessments, orders, anew, anew)
    # A token that was given out just before a reset is void just after it.
    refused = {answer.headers.get("simulator-rule") for answer in answers if answer.status_code == 401}
    assert refused <= {"pymetrics.access.token.known"}
    check_consistent(sandbox)
    sandbox.control_json("POST", "/clock", {"advance": "PT0S"})
    assert {one["state"] for one in sandbox.control_json("GET", "/deliveries")} <= {"delivered"}


def test_nothing_begun_before_a_reset_acts_after_it(
    sandbox: Sandbox, listener: Listener, gate: threading.Event
) -> None:
    body = {**PERSON, "assessmentStatusWebHook": listener.url}
    for _ in range(12):
        id = sandbox.pi.post(PATH, json=body).json()["assessmentId"]
        sandbox.control_json("POST", f"/invitations/{id}/complete")
    listener.wait_for(8)
    sandbox.control_json("POST", "/reset")
    sandbox.control_json("POST", "/clock", {"advance": "P2D"})
    assert sandbox.control_json("GET", "/deliveries") == []
    gate.set()
    listener.wait_for_answers(8)
    wait_for_responses_handled(sandbox.http)
    assert (len(listener.received), sandbox.control_json("GET", "/deliveries")) == (8, [])


# Callers that stop in the middle.

JSON = json.dumps(PERSON).encode()


def cut(path: str, key: str, sent: bytes, *framing: str) -> bytes:
    """A request that promises more than it sends."""
    lines = [f"POST {path} HTTP/1.1", "host: x", f"api-key: {key}", "content-type: application/json", *framing, "", ""]
    return "\r\n".join(lines).encode() + sent


CUTS: list[tuple[str, bytes, tuple[str, ...]]] = [
    (PATH, JSON, (f"content-length: {len(JSON) + 1}",)),
    (PATH, JSON + b" " * 10, (f"content-length: {len(JSON) + 100}",)),
    (PATH, JSON[:20], (f"content-length: {len(JSON)}",)),
    (PATH, b"", (f"content-length: {len(JSON)}",)),
    (PATH, b"%x\r\n%b\r\n" % (len(JSON), JSON), ("transfer-encoding: chunked",)),
    (PATH, b"%x\r\n%b" % (len(JSON), JSON), ("transfer-encoding: chunked",)),
    ("/_simulator/sandboxes/{name}/invitations/{id}/complete", b"", ("content-length: 10",)),
    ("/_simulator/sandboxes/{name}/invitations/{id}/complete", b"{}", ("content-length: 10",)),
    ("/_simulator/sandboxes/{name}/invitations/{id}/abort", b"0\r", ("transfer-encoding: chunked",)),
    ("/_simulator/sandboxes/{name}/clock", b'{"advance":"P99D"}', ("content-length: 100",)),
    ("/_simulator/sandboxes/{name}/reset", b"", ("content-length: 10",)),
    ("/_simulator/sandboxes/{name}/fork", b"{}", ("content-length: 10",)),
    ("/_simulator/sandboxes", b"", ("content-length: 10",)),
]


@pytest.mark.parametrize("politely", [True, False], ids=["closed", "reset"])
@pytest.mark.parametrize(("path", "sent", "framing"), CUTS, ids=str)
def test_a_caller_who_leaves_in_the_middle_of_the_body_changes_nothing(
    sandbox: Sandbox, server: Server, path: str, sent: bytes, framing: tuple[str, ...], politely: bool
) -> None:
    sandbox.control_json("POST", "/clock", {"freeze": "2026-01-01T00:00:00Z"})
    id = sandbox.pi.post(PATH, json=PERSON).json()["assessmentId"]
    before = shown(sandbox)
    with connected(server) as connection:
        connection.sendall(cut(path.format(name=sandbox.name, id=id), sandbox.credential, sent, *framing))
        if not politely:  # a reset instead of an orderly end
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    wait_for_requests_read(server.url)
    assert shown(sandbox) == before


def shown(sandbox: Sandbox) -> list[bytes]:
    # Other tests' sandboxes come and go; those that a fork or an opening would make have generated names.
    names = sorted(one["name"] for one in sandbox.http.get("/_simulator/sandboxes").json() if len(one["name"]) == 16)
    reads = [sandbox.control("GET", path).content for path in ("/invitations", "/mail", "/clock")]
    return [sandbox.pi.get(PATH).content, *reads, json.dumps(names).encode()]


def connected(server: Server) -> socket.socket:
    address = urlsplit(server.url)
    return socket.create_connection((str(address.hostname), int(address.port or 0)), timeout=10)


def test_a_request_that_comes_bit_by_bit_is_answered_and_holds_nobody_up(sandbox: Sandbox, server: Server) -> None:
    whole = message("POST", PATH, sandbox.pi.headers, PERSON)
    with connected(server) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for at in range(0, len(whole) - 1, 5):
            connection.sendall(whole[at : min(at + 5, len(whole) - 1)])
            began = time.monotonic()
            assert sandbox.pi.get(PATH).json() == []
            assert time.monotonic() - began < 5
        connection.sendall(whole[-1:])
        assert received(connection).status == 201


def test_halves_of_requests_hold_nobody_up(sandbox: Sandbox, server: Server) -> None:
    whole = message("POST", PATH, sandbox.pi.headers, PERSON)
    with ExitStack() as open_ones:
        for share in range(100):
            connection = open_ones.enter_context(connected(server))
            connection.sendall(whole[: len(whole) * share // 100])
        began = time.monotonic()
        assert sandbox.pi.post(PATH, json=PERSON).status_code == 201
        assert time.monotonic() - began < 5
    assert len(sandbox.pi.get(PATH).json()) == 1


def test_requests_in_one_go_are_answered_in_order(sandbox: Sandbox, server: Server) -> None:
    applications = [f"a-{number}" for number in range(20)]
    goes = [message("POST", "/mercury/order", sandbox.pymetrics.headers, order(name)) for name in applications]
    with connected(server) as connection:
        connection.sendall(b"".join(goes))
        stream = connection.makefile("rb")
        answered = []
        for _ in goes:
            assert stream.readline().startswith(b"HTTP/1.1 201")
            headers = dict(line.split(b": ", 1) for line in iter(lambda: stream.readline().strip(), b""))
            answered.append(json.loads(stream.read(int(headers[b"content-length"])))["order"]["application_id"])
    assert answered == applications


def test_a_caller_who_does_not_wait_for_the_answer_is_served_all_the_same(sandbox: Sandbox, server: Server) -> None:
    with connected(server) as connection:
        connection.sendall(message("POST", PATH, sandbox.pi.headers, PERSON))
    until(lambda: sandbox.pi.get(PATH).json())
    assert len(sandbox.pi.get(PATH).json()) == 1
