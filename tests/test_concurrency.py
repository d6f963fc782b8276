"""Many callers at once, and callers that stop in the middle: data stay apart, and no change is partial."""

import asyncio
import json
import socket
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPResponse
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import httpx2
import pytest

from tests.server import GAMES
from tests.servers import Listener, Received, Sandbox, Server
from tests.waiting import until, wait_for_requests_read

PATH = "/api/v1/behavioralassessments"
PERSON = {"firstName": "Ada", "lastName": "Lovelace", "email": "ada@example.com"}
FREEZE = {"freeze": "2026-01-01T00:00:00Z"}


def order(application: str, email: str = "ada@example.com", **more: Any) -> dict[str, Any]:
    return {"candidate": {"email": email}, "assessment_id": GAMES, "application_id": application, **more}


# A thousand sandboxes.


async def live(session: aiohttp.ClientSession, name: str) -> None:
    """One sandbox's short life: the same requests in each, and nothing of any other may be seen."""
    key, control = f"sim-{name}", f"/_simulator/sandboxes/{name}"

    async def ask(method: str, path: str, headers: Mapping[str, str] | None = None, body: object = None) -> Any:
        async with session.request(method, path, headers=headers, json=body) as answer:
            assert answer.ok, (method, path, answer.status, await answer.text())
            return await answer.json()

    client = {"client_id": key, "client_secret": "any", "grant_type": "client_credentials"}
    token = (await ask("POST", "/mercury/oauth/token", body=client))["access_token"]
    pymetrics, pi = {"authorization": f"Bearer {token}", "x-api-key": key}, {"api-key": key}
    made = await ask("POST", "/mercury/order", pymetrics, order("same", requisition_id=name, send_email=True))
    assert (made["created"], made["order"]["requisition_id"]) == (True, name)
    person = {**PERSON, "middleName": name, "externalId": "same", "externalPersonId": "same"}
    assessment = await ask("POST", PATH, pi, person)
    await ask("POST", f"{control}/invitations/{assessment['assessmentId']}/complete")
    again = await ask("POST", "/mercury/order", pymetrics, order("same", requisition_id="another"))
    assert (again["created"], again["order"]) == (False, made["order"])
    listed = await ask("POST", "/mercury/orders", pymetrics, {"job_application_id": "same"})
    assert listed["orders"] == [made["order"]]
    shown = await ask("GET", PATH, pi)
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
    async with aiohttp.ClientSession(server.url, connector=aiohttp.TCPConnector(limit=64)) as session:
        await asyncio.gather(*(live(session, name) for name in names))
        async with session.get("/_simulator/sandboxes") as answer:
            assert {*names} <= {sandbox["name"] for sandbox in await answer.json()}
        await asyncio.gather(*(session.delete(f"/_simulator/sandboxes/{name}") for name in names))


# Sixteen at the same moment.


def connected(server: Server) -> socket.socket:
    address = urlsplit(server.url)
    connection = socket.create_connection((str(address.hostname), int(address.port or 0)), timeout=20)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def message(method: str, path: str, headers: Mapping[str, str], body: object = None) -> bytes:
    """A whole request."""
    content = b"" if body is None else json.dumps(body).encode()
    lines = [f"{method} {path} HTTP/1.1", "host: localhost", *(f"{name}: {value}" for name, value in headers.items())]
    if content:
        lines += ["content-type: application/json", f"content-length: {len(content)}"]
    return "\r\n".join([*lines, "", ""]).encode() + content


def together(server: Server, messages: Sequence[bytes]) -> list[tuple[int, Any]]:
    """Send all but the last byte of each, then these bytes at the same moment; statuses and JSON, in order."""
    barrier = threading.Barrier(len(messages))

    def one(message: bytes) -> tuple[int, Any]:
        with connected(server) as connection:
            connection.sendall(message[:-1])
            barrier.wait(20)
            connection.sendall(message[-1:])
            answer = HTTPResponse(connection)
            answer.begin()
            return answer.status, json.loads(answer.read())

    with ThreadPoolExecutor(len(messages)) as pool:
        return [*pool.map(one, messages)]


def test_sixteen_equal_creations_at_once_make_one_order(sandbox: Sandbox, server: Server) -> None:
    headers = sandbox.pymetrics.headers
    for turn in range(20):
        body = order(f"a-{turn}", send_email=True)
        answers = together(server, [message("POST", "/mercury/order", headers, body)] * 16)
        assert Counter(status for status, _ in answers) == {201: 1, 200: 15}
        assert all(shown["created"] is (status == 201) for status, shown in answers)
        assert len({json.dumps(shown["order"]) for _, shown in answers}) == 1
    assert len(sandbox.control_json("GET", "/invitations")) == len(sandbox.control_json("GET", "/mail")) == 20


def test_of_sixteen_equal_requests_at_once_one_is_done(sandbox: Sandbox, server: Server, listener: Listener) -> None:
    # The first makes the person; the others name a person who is known by then.
    body = {**PERSON, "externalPersonId": "p-1", "assessmentStatusWebHook": listener.url}
    answers = together(server, [message("POST", PATH, sandbox.pi.headers, body)] * 16)
    assert Counter(status for status, _ in answers) == {201: 1, 400: 15}
    (made,) = sandbox.pi.get(PATH).json()

    path = f"/_simulator/sandboxes/{sandbox.name}/invitations/{made['assessmentId']}/complete"
    answers = together(server, [message("POST", path, {})] * 16)
    assert Counter(status for status, _ in answers) == {200: 1, 409: 15}
    sandbox.control_json("POST", "/clock", {"advance": "PT0S"})
    assert len(listener.received) == len(sandbox.control_json("GET", "/deliveries")) == 1

    name = {"name": f"{sandbox.name}-two"[-60:].strip("-")}
    answers = together(server, [message("POST", "/_simulator/sandboxes", {}, name)] * 16)
    assert Counter(status for status, _ in answers) == {201: 1, 409: 15}
    Sandbox(sandbox.http, name["name"]).control_json("DELETE")


# All kinds of things at once.


def test_what_a_listener_does_inside_its_webhook_happens_within_the_same_advance(
    sandbox: Sandbox, listener: Listener
) -> None:
    def answer(received: Received) -> int:
        if len(listener.received) < 5:
            body = {**PERSON, "email": "ada+completes-in-1m@example.com", "assessmentStatusWebHook": listener.url}
            assert sandbox.pi.post(PATH, json=body).status_code == 201
        return 200

    listener.answers = answer
    sandbox.control_json("POST", "/clock", FREEZE)
    answer(Received("POST", "/", {}, b"", 0))
    advanced = sandbox.control_json("POST", "/clock", {"advance": "PT10M"})
    times = [event["at"][14:19] for event in advanced["events"] if event["what"] == "complete"]
    assert times == ["01:00", "02:00", "03:00", "04:00", "05:00"]


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
    pymetrics = sandbox.renewed()
    for id, one in invitations.items():
        if one["vendor"] == "pymetrics":
            assert pymetrics.get(f"/mercury/getOrder/{id}").json()["id"] == id
    for thing in sandbox.control_json("GET", "/mail") + sandbox.control_json("GET", "/deliveries"):
        assert thing["invitation"] in invitations


def test_advances_creations_and_settings_at_once_lose_and_double_nothing(sandbox: Sandbox, listener: Listener) -> None:
    sandbox.control_json("POST", "/clock", FREEZE)
    pymetrics = sandbox.pymetrics

    def advances() -> Iterator[httpx2.Response]:
        for _ in range(20):
            yield sandbox.control("POST", "/clock", {"advance": "PT10S"})

    def assessments() -> Iterator[httpx2.Response]:
        for number in range(40):
            email = f"ada+completes-in-{number % 9 * 10}s@example.com"
            yield sandbox.pi.post(PATH, json={**PERSON, "email": email, "assessmentStatusWebHook": listener.url})

    def orders() -> Iterator[httpx2.Response]:
        for number in range(40):
            yield pymetrics.post("/mercury/order", json=order(str(number), "ada+completes-in-1m@example.com"))

    def settings() -> Iterator[httpx2.Response]:
        for number in range(20):
            yield sandbox.control("PATCH", "/config", {"invitation_days": 4 + number})
            yield sandbox.control("POST", "/snapshots")

    answers = at_once(advances, advances, assessments, orders, settings)
    seconds = 10 * sum(answer.status_code == 200 for answer in answers if answer.url.path.endswith("/clock"))
    made = [answer for answer in answers if answer.url.path in (PATH, "/mercury/order")]
    assert {answer.status_code for answer in made} == {201}
    now = sandbox.control_json("GET", "/clock")["now"]
    assert now == f"2026-01-01T00:{seconds // 60:02d}:{seconds % 60:02d}.0000000Z"
    sandbox.control_json("POST", "/clock", {"advance": "PT10M"})
    assert Counter(one["status"] for one in sandbox.control_json("GET", "/invitations")) == {40: 40, "Completed": 40}
    deliveries = sandbox.control_json("GET", "/deliveries")
    assert [(one["state"], len(one["attempts"])) for one in deliveries] == [("delivered", 1)] * 40
    received = Counter(received.form["assessmentId"] for received in listener.received)
    assert received == Counter(answer.json()["assessmentId"] for answer in made if answer.url.path == PATH)
    check_consistent(sandbox)


@pytest.mark.parametrize("again", ["/reset", "/snapshots/snapshot-1/restore"])
def test_creations_during_resets_and_restores_leave_the_sandbox_whole(
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

    def resets() -> Iterator[httpx2.Response]:
        for _ in range(15):
            yield sandbox.control("POST", "/snapshots")
            yield sandbox.control("POST", again)

    answers = at_once(assessments, orders, resets, resets)
    # A token that was given out just before a reset is void just after it.
    refused = {answer.headers.get("simulator-rule") for answer in answers if answer.status_code == 401}
    assert refused <= {"pymetrics.access.token.known"}
    check_consistent(sandbox)
    sandbox.control_json("POST", "/clock", {"advance": "PT0S"})
    assert {one["state"] for one in sandbox.control_json("GET", "/deliveries")} <= {"delivered"}


# Callers that stop in the middle.

JSON = json.dumps(PERSON).encode()
# Requests whose framing promises more than they send.
CUTS: list[tuple[str, bytes, str]] = [
    (PATH, JSON, f"content-length: {len(JSON) + 1}"),
    (PATH, JSON + b" " * 10, f"content-length: {len(JSON) + 100}"),
    (PATH, JSON[:20], f"content-length: {len(JSON)}"),
    (PATH, b"", f"content-length: {len(JSON)}"),
    (PATH, b"%x\r\n%b\r\n" % (len(JSON), JSON), "transfer-encoding: chunked"),
    (PATH, b"%x\r\n%b" % (len(JSON), JSON), "transfer-encoding: chunked"),
    ("/_simulator/sandboxes/{name}/invitations/{id}/complete", b"{}", "content-length: 10"),
    ("/_simulator/sandboxes/{name}/invitations/{id}/abort", b"0\r", "transfer-encoding: chunked"),
    ("/_simulator/sandboxes/{name}/clock", b'{"advance":"P99D"}', "content-length: 100"),
    ("/_simulator/sandboxes/{name}/reset", b"", "content-length: 10"),
    ("/_simulator/sandboxes/{name}/fork", b"{}", "content-length: 10"),
    ("/_simulator/sandboxes", b"", "content-length: 10"),
]


@pytest.mark.parametrize("politely", [True, False], ids=["closed", "reset"])
@pytest.mark.parametrize(("path", "sent", "framing"), CUTS, ids=str)
def test_a_request_whose_body_is_cut_changes_nothing(
    sandbox: Sandbox, server: Server, path: str, sent: bytes, framing: str, politely: bool
) -> None:
    sandbox.control_json("POST", "/clock", FREEZE)
    id = sandbox.pi.post(PATH, json=PERSON).json()["assessmentId"]

    def shown() -> list[object]:
        listed = sandbox.http.get("/_simulator/sandboxes").json()
        # Other tests' sandboxes come and go; those that a fork or an opening would make have generated names.
        names = sorted(one["name"] for one in listed if len(one["name"]) == 16)
        reads = [sandbox.control("GET", path).content for path in ("/invitations", "/mail", "/clock")]
        return [sandbox.pi.get(PATH).content, *reads, names]

    before = shown()
    headers = {"api-key": sandbox.credential, "content-type": "application/json"}
    head = message("POST", path.format(name=sandbox.name, id=id), headers)
    with connected(server) as connection:
        connection.sendall(head.removesuffix(b"\r\n") + framing.encode() + b"\r\n\r\n" + sent)
        if not politely:  # a reset instead of an orderly end
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    wait_for_requests_read(server.url)
    assert shown() == before


def test_a_request_has_its_effect_if_the_client_does_not_wait_for_the_response(
    sandbox: Sandbox, server: Server
) -> None:
    with connected(server) as connection:
        connection.sendall(message("POST", PATH, sandbox.pi.headers, PERSON))
    assert len(until(lambda: sandbox.pi.get(PATH).json())) == 1
