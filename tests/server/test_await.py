"""Waiting for a call, a webhook or a state of an invitation: without polling, by many at once, to an end."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from simulator.server.matching import compare, matches
from tests.server import ROOT, assessment, order, problem, told_of, wish
from tests.servers import Listener, Sandbox, Server

PI = "/api/v1/behavioralassessments"
SOON = 5.0
"""Seconds within which what has happened must be told."""


def wait(sandbox: Sandbox, what: str, within: str = "PT20S", **wanted: Any) -> httpx2.Response:
    return sandbox.control("POST", "/await", {what: wanted, "within": within})


def found(sandbox: Sandbox, what: str, within: str = "PT20S", **wanted: Any) -> Any:
    answer = wait(sandbox, what, within, **wanted)
    assert answer.status_code == 200, answer.text
    return answer.json()


@contextmanager
def waiting(sandbox: Sandbox, what: str, count: int = 1, **wanted: Any) -> Iterator[list[Future[httpx2.Response]]]:
    """Callers who wait already when the block begins; they must be answered soon after its end."""
    with ThreadPoolExecutor(count) as pool:
        calls = [pool.submit(wait, sandbox, what, "PT60S", **wanted) for _ in range(count)]
        time.sleep(0.2)
        assert not any(call.done() for call in calls)
        yield calls
        deadline = time.monotonic() + SOON
        for call in calls:
            call.result(deadline - time.monotonic())


def done(calls: list[Future[httpx2.Response]], within: float = SOON) -> list[Any]:
    answers = [call.result(within) for call in calls]
    assert {answer.status_code for answer in answers} == {200}, answers[0].text
    return [answer.json() for answer in answers]


# What has happened already.


def test_a_call_that_came_before_counts_and_is_shown_in_whole(sandbox: Sandbox) -> None:
    order(sandbox)
    told = found(sandbox, "request", operation="create_order", request={"body": {"candidate": {"first_name": "Ada"}}})
    assert told == sandbox.told("GET", "/journal/call-2")
    assert found(sandbox, "request") == told


def test_of_several_the_newest_is_told(sandbox: Sandbox) -> None:
    for application in ("a", "b", "c"):
        order(sandbox, application)
    body = found(sandbox, "request", status=201, path="/mercury/order")["request"]["body"]
    assert body["application_id"] == "c"
    assert found(sandbox, "request", request={"body": {"application_id": "b"}})["id"] == "call-3"


def test_a_webhook_that_was_sent_counts_with_its_body_parsed(sandbox: Sandbox, listener: Listener) -> None:
    id = told_of(sandbox, listener)
    told = found(sandbox, "webhook", state="delivered", request={"body": {"assessmentState": "40"}})
    single = sandbox.told("GET", f"/deliveries/{told['id']}")
    assert {name: told[name] for name in single} == single
    assert told["invitation"] == id
    assert told["request"]["body"]["assessmentId"] == id
    assert told["request"]["headers"]["content-type"].startswith("application/x-www-form-urlencoded")
    assert told["answer"]["status"] == 200


def test_a_webhook_in_json_is_parsed_too(sandbox: Sandbox, listener: Listener) -> None:
    sandbox.told("PATCH", "/config", {"webhook_url": listener.url})
    id = order(sandbox)["id"]
    sandbox.told("POST", f"/invitations/{id}/start")
    told = found(sandbox, "webhook", request={"body": {"type": "order.status_changed", "data": {"id": id}}})
    assert told["request"]["body"]["data"]["status"] == "In Progress"


def test_an_invitation_in_a_state_counts_with_the_links_that_its_candidate_follows(sandbox: Sandbox) -> None:
    id = order(sandbox)["id"]
    told = found(sandbox, "invitation", id=id, candidate={"email": "ada@example.com"})
    assert told == sandbox.told("GET", f"/invitations/{id}")


# What happens later.


def test_a_call_is_told_as_soon_as_it_comes(sandbox: Sandbox) -> None:
    with waiting(sandbox, "request", operation="create_order", status=201) as calls:
        sandbox.pymetrics.post("/mercury/order", json={})
        assert not calls[0].done()
        order(sandbox)
        [told] = done(calls)
    assert told["id"] == "call-3"


def test_a_webhook_is_told_as_soon_as_it_was_tried(sandbox: Sandbox, listener: Listener) -> None:
    listener.answers = [503, 200]
    with waiting(sandbox, "webhook", state="pending") as calls:
        id = told_of(sandbox, listener)
        [told] = done(calls)
    assert (told["invitation"], told["answer"]["status"]) == (id, 503)
    with waiting(sandbox, "webhook", invitation=id, state="delivered") as calls:
        sandbox.told("POST", "/clock", {"advance": "PT1H"})
        [told] = done(calls)
    assert [attempt["status"] for attempt in told["attempts"]] == [503, 200]


ACTIONS: dict[str, tuple[Callable[[Sandbox], str], str, int | str]] = {
    "pymetrics": (lambda sandbox: str(order(sandbox)["id"]), "complete", "Completed"),
    "PI": (lambda sandbox: str(assessment(sandbox)["assessmentId"]), "complete", 40),
}


@pytest.mark.parametrize(("make", "action", "state"), ACTIONS.values(), ids=ACTIONS)
def test_a_state_is_told_as_soon_as_it_is_reached(
    sandbox: Sandbox, make: Callable[[Sandbox], str], action: str, state: int | str
) -> None:
    id = make(sandbox)
    with waiting(sandbox, "invitation", id=id, status=state) as calls:
        sandbox.told("POST", f"/invitations/{id}/{action}")
        assert done(calls)[0]["status"] == state


def test_a_state_that_an_alarm_brings_is_told(sandbox: Sandbox) -> None:
    sandbox.told("PATCH", "/config", {"progress": "PT0.6S"})
    id = assessment(sandbox)["assessmentId"]
    assert found(sandbox, "invitation", id=id, status=40)["id"] == id


def test_an_invitation_that_is_new_is_told(sandbox: Sandbox) -> None:
    with waiting(sandbox, "invitation", candidate={"email": "new@example.com"}) as calls:
        order(sandbox)
        id = order(sandbox, "application-2", "new@example.com")["id"]
        assert done(calls)[0]["id"] == id


def test_many_wait_at_once_and_all_are_told(sandbox: Sandbox) -> None:
    with waiting(sandbox, "request", 60, operation="create_assessment") as calls:
        for number in range(60):
            calls += [ThreadPoolExecutor(1).submit(wait, sandbox, "request", "PT60S", path=f"{PI}/{number}")]
        assessment(sandbox)
        assert len({told["id"] for told in done(calls[:60])}) == 1
        for number in range(60):
            sandbox.pi.get(f"{PI}/{number}")
        assert [told["path"] for told in done(calls[60:])] == [f"{PI}/{number}" for number in range(60)]


def test_a_call_in_another_sandbox_is_none_of_theirs(sandbox: Sandbox, http: httpx2.Client) -> None:
    other = Sandbox(http, f"{sandbox.name}-o"[:64])
    with waiting(sandbox, "request", vendor="predictive_index") as calls:
        other.pi.get(PI)
        time.sleep(0.1)
        assert not calls[0].done()
        sandbox.pi.get(PI)
    other.told("DELETE")


# What does not happen.


def test_what_does_not_happen_in_time_is_a_408_with_the_nearest_misses(sandbox: Sandbox) -> None:
    order(sandbox)
    sandbox.pymetrics.post("/mercury/order", json={})
    sandbox.pi.get(PI)
    began = time.monotonic()
    wanted = {"operation": "create_order", "status": 201, "request": {"body": {"application_id": "b"}}}
    told = problem(wait(sandbox, "request", "PT0.3S", **wanted), 408, "no such request within PT0.3S")
    assert 0.3 <= time.monotonic() - began < SOON
    assert [near["id"] for near in told["nearest"]] == ["call-2", "call-3", "call-1"]
    assert [near["differs"] for near in told["nearest"]] == [
        [{"member": "request.body.application_id", "wanted": "b", "found": "application-1"}],
        [
            {"member": "status", "wanted": 201, "found": 400},
            {"member": "request.body.application_id", "wanted": "b", "found": None},
        ],
        [
            {"member": "operation", "wanted": "create_order", "found": "create_token"},
            {"member": "request.body.application_id", "wanted": "b", "found": None},
        ],
    ]
    assert {**told["nearest"][0], "differs": 0} == {**sandbox.told("GET", "/journal?since=call-1")[0], "differs": 0}


def test_the_nearest_webhooks_and_invitations_are_told_too(sandbox: Sandbox, listener: Listener) -> None:
    id = told_of(sandbox, listener)
    told = problem(wait(sandbox, "webhook", "PT0S", invitation=id, request={"body": {"assessmentState": "41"}}), 408)
    assert [near["invitation"] for near in told["nearest"]] == [id]
    assert told["nearest"][0]["differs"] == [{"member": "request.body.assessmentState", "wanted": "41", "found": "40"}]
    told = problem(wait(sandbox, "invitation", "PT0S", id=id, status=100), 408)
    assert told["nearest"][0]["differs"] == [{"member": "status", "wanted": 100, "found": 40}]


def test_where_nothing_has_happened_nothing_is_near(sandbox: Sandbox) -> None:
    for what in ("request", "webhook", "invitation"):
        assert problem(wait(sandbox, what, "PT0S"), 408)["nearest"] == []


def test_a_webhook_that_was_not_tried_yet_is_none(sandbox: Sandbox, listener: Listener) -> None:
    listener.delay = 1
    sandbox.told("PATCH", "/config", {"progress": "PT0S"})
    assessment(sandbox, assessmentStatusWebHook=listener.url)
    assert problem(wait(sandbox, "webhook", "PT0S"), 408)["nearest"] == []
    assert found(sandbox, "webhook")["state"] == "delivered"


WRONG: dict[str, tuple[Any, str]] = {
    "nothing": ({}, "exactly one of"),
    "two": ({"request": {}, "webhook": {}}, "exactly one of"),
    "no object": ({"request": "create_order"}, "request"),
    "unknown": ({"requests": {}}, "requests: is unknown; known are request, webhook, invitation, within"),
    "too long": ({"request": {}, "within": "PT60.0000001S"}, "at most PT60S"),
    "a day": ({"request": {}, "within": "P1D"}, "at most PT60S"),
    "no duration": ({"request": {}, "within": "5s"}, "'5s' is no ISO 8601 duration"),
    "no text": ({"request": {}, "within": 5}, "within"),
}


@pytest.mark.parametrize(("body", "words"), WRONG.values(), ids=WRONG)
def test_a_wish_that_cannot_be_meant_is_refused(sandbox: Sandbox, body: Any, words: str) -> None:
    problem(sandbox.control("POST", "/await", body), 422, words)


# Endings.


def test_who_waits_goes_on_waiting_through_a_reset_and_a_restore(sandbox: Sandbox) -> None:
    order(sandbox)
    sandbox.told("POST", "/snapshots")
    with waiting(sandbox, "request", method="GET") as calls:
        sandbox.told("POST", "/snapshots/snapshot-1/restore")
        sandbox.told("POST", "/reset")
        time.sleep(0.1)
        assert not calls[0].done()
        sandbox.pi.get(PI)
        assert done(calls)[0]["id"] == "call-1"


def test_what_a_restore_brings_back_is_told(sandbox: Sandbox) -> None:
    id = order(sandbox)["id"]
    sandbox.told("POST", "/snapshots")
    sandbox.told("POST", f"/invitations/{id}/reject")
    with waiting(sandbox, "invitation", id=id, status="Not Started"):
        sandbox.told("POST", "/snapshots/snapshot-1/restore")


def test_who_waits_in_a_sandbox_that_is_deleted_is_told_so(sandbox: Sandbox) -> None:
    with waiting(sandbox, "request", 3, path="/x") as calls:
        sandbox.told("DELETE")
    for call in calls:
        problem(call.result(), 410, "deleted")


def test_who_hangs_up_is_forgotten(sandbox: Sandbox, server: Server) -> None:
    parts = urlsplit(server.url)
    body = b'{"request": {"path": "/x"}, "within": "PT60S"}'
    head = f"POST {ROOT}/{sandbox.name}/await HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    for _ in range(50):
        with socket.create_connection((parts.hostname, parts.port), 10) as connection:
            connection.sendall(head + body)
    sandbox.pi.get(PI)
    assert sandbox.control("GET", "/journal/call-1").status_code == 200
    assert problem(wait(sandbox, "request", "PT0S", path="/x"), 408)["nearest"][0]["id"] == "call-1"


def test_a_server_that_closes_lets_all_go_who_wait() -> None:
    with Server() as closing, httpx2.Client(base_url=closing.url, timeout=30, trust_env=False) as http:
        sandbox = Sandbox(http, "waiting")
        sandbox.told("GET")
        answers: list[httpx2.Response] = []
        threads = [
            threading.Thread(target=lambda: answers.append(wait(sandbox, "request", "PT60S", path="/x")))
            for _ in range(5)
        ]
        for thread in threads:
            thread.start()
        time.sleep(0.5)
        began = time.monotonic()
        closing.process.terminate()
        closing.process.wait(10)
        for thread in threads:
            thread.join()
        assert time.monotonic() - began < 2
        for answer in answers:
            problem(answer, 410, "the server closes")
        assert len(answers) == 5


def test_while_one_waits_all_else_goes_on(sandbox: Sandbox) -> None:
    with waiting(sandbox, "invitation", candidate={"email": "last@example.com"}):
        for number in range(100):
            order(sandbox, f"application-{number}")
        assert sandbox.pymetrics.post("/mercury/order", json=wish("z", "last@example.com")).status_code == 201


# What matches.

MATCHES: list[tuple[Any, Any, bool]] = [
    ({}, {"a": 1}, True),
    ({}, [], False),
    ({"a": 1}, {"a": 1, "b": 2}, True),
    ({"a": {"b": 1}}, {"a": {"b": 1, "c": 2}}, True),
    ({"a": {"b": 1}}, {"a": [1]}, False),
    ({"a": [1, {"b": 2}]}, {"a": [1, {"b": 2}]}, True),
    ({"a": [1, {"b": 2}]}, {"a": [1, {"b": 2, "c": 3}]}, False),
    ({"a": [1]}, {"a": [1, 2]}, False),
    ({"a": 1}, {"a": True}, False),
    ({"a": True}, {"a": 1}, False),
    ({"a": [0]}, {"a": [False]}, False),
    ({"a": 1}, {"a": 1.0}, True),
    ({"a": "1"}, {"a": 1}, False),
    ({"a": None}, {"a": None}, True),
    ({"a": None}, {}, True),
    ({"a": None}, {"a": 0}, False),
    ({"a": {}}, {"a": None}, False),
]


@pytest.mark.parametrize(("wanted", "thing", "fits"), MATCHES)
def test_objects_match_by_their_members_and_all_else_by_being_equal(wanted: Any, thing: Any, fits: bool) -> None:
    assert matches(wanted, thing) is fits
    assert (compare(wanted, thing)[1] == []) is fits
