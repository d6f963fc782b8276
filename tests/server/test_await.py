"""`POST /await`: requests, webhooks and invitations that exist or come later, near misses, and how a wait ends."""

import asyncio
import json
import select
import time
from contextlib import closing
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from assessment_simulator.app import VENDORS
from assessment_simulator.control.waiting import SUBJECTS
from assessment_simulator.core.config import Config
from assessment_simulator.journal.wait import compare, wait_for
from assessment_simulator.sandbox import sandbox as world
from assessment_simulator.sandbox.state import Clock, State
from tests.server import PI, ROOT, assessment, completed_with_webhook, order, problem
from tests.servers import Listener, Sandbox

# Seconds within which a response must come.
SOON = 20.0


def wait(sandbox: Sandbox, what: str, within: str = "PT20S", **wanted: Any) -> httpx2.Response:
    return sandbox.control("POST", "/await", {what: wanted, "within": within})


def found(sandbox: Sandbox, what: str, within: str = "PT20S", **wanted: Any) -> Any:
    answer = wait(sandbox, what, within, **wanted)
    assert answer.status_code == 200, answer.text
    return answer.json()


def calls(sandbox: Sandbox) -> list[str]:
    """The ids of the calls that came, oldest first."""
    return [call["id"] for call in sandbox.control_json("GET", "/journal")]


class Waiter:
    """A client whose request the server has read and not answered."""

    def __init__(self, sandbox: Sandbox, what: str, **wanted: Any) -> None:
        self.connection = HTTPConnection(urlsplit(sandbox.url).netloc, timeout=SOON)
        body = json.dumps({what: wanted, "within": "PT60S"})
        self.connection.request("POST", f"{ROOT}/{sandbox.name}/await", body)
        for _ in range(2):  # the server reads what came first first
            sandbox.http.get("/_simulator/health")
        assert not self.answered

    @property
    def answered(self) -> bool:
        """Whether there is anything to read."""
        return select.select([self.connection.sock], [], [], 0)[0] != []

    def answer(self, status: int = 200) -> Any:
        """What the answer says, which must come soon."""
        with closing(self.connection):
            answer = self.connection.getresponse()
            said = json.loads(answer.read())
        assert answer.status == status, said
        return said


# What exists already.


def test_earlier_call_matches_and_is_returned_whole(sandbox: Sandbox) -> None:
    order(sandbox)
    match = found(sandbox, "request", operation="create_order", request={"body": {"candidate": {"first_name": "Ada"}}})
    assert match == sandbox.control_json("GET", f"/journal/{calls(sandbox)[1]}")
    assert found(sandbox, "request") == match


def test_newest_of_several_matches_is_returned(sandbox: Sandbox) -> None:
    for application in ("a", "b", "c"):
        order(sandbox, application)
    body = found(sandbox, "request", status=201, path="/mercury/order")["request"]["body"]
    assert body["application_id"] == "c"
    assert found(sandbox, "request", request={"body": {"application_id": "b"}})["id"] == calls(sandbox)[2]


def test_sent_webhook_matches_with_its_parsed_body(sandbox: Sandbox, listener: Listener) -> None:
    id = completed_with_webhook(sandbox, listener)
    match = found(sandbox, "webhook", state="delivered", request={"body": {"assessmentState": "40"}})
    single = sandbox.control_json("GET", f"/deliveries/{match['id']}")
    assert {name: match[name] for name in single} == single
    assert match["invitation"] == id
    assert match["request"]["body"]["assessmentId"] == id
    assert match["request"]["headers"]["content-type"].startswith("application/x-www-form-urlencoded")
    assert match["answer"]["status"] == 200
    sandbox.control_json("PATCH", "/config", {"webhook_url": listener.url})
    id = order(sandbox)["id"]
    sandbox.control_json("POST", f"/invitations/{id}/start")
    match = found(sandbox, "webhook", request={"body": {"type": "order.status_changed", "data": {"id": id}}})
    assert match["request"]["body"]["data"]["status"] == "In Progress"


def test_invitation_matches_and_has_its_links(sandbox: Sandbox) -> None:
    id = order(sandbox)["id"]
    match = found(sandbox, "invitation", id=id, candidate={"email": "ada@example.com"})
    assert match == sandbox.control_json("GET", f"/invitations/{id}")


# What comes later.


def test_wait_ends_with_the_first_matching_call(sandbox: Sandbox) -> None:
    waiter = Waiter(sandbox, "request", operation="create_order", status=201)
    sandbox.pymetrics.post("/mercury/order", json={})
    assert not waiter.answered
    order(sandbox)
    assert waiter.answer()["id"] == calls(sandbox)[2]


def test_wait_ends_with_an_attempt_of_a_webhook(sandbox: Sandbox, listener: Listener) -> None:
    listener.answers = [503, 200]
    waiter = Waiter(sandbox, "webhook", state="pending")
    id = completed_with_webhook(sandbox, listener)
    match = waiter.answer()
    assert (match["invitation"], match["answer"]["status"]) == (id, 503)
    waiter = Waiter(sandbox, "webhook", invitation=id, state="delivered")
    sandbox.control_json("POST", "/clock", {"advance": "PT1H"})
    assert [attempt["status"] for attempt in waiter.answer()["attempts"]] == [503, 200]


def test_wait_ends_when_the_invitation_reaches_the_state(sandbox: Sandbox) -> None:
    for id, state in ((order(sandbox)["id"], "Completed"), (assessment(sandbox)["assessmentId"], 40)):
        waiter = Waiter(sandbox, "invitation", id=id, status=state)
        sandbox.control_json("POST", f"/invitations/{id}/complete")
        assert waiter.answer()["status"] == state


def test_wait_ends_when_a_timer_changes_the_state(sandbox: Sandbox) -> None:
    sandbox.control_json("PATCH", "/config", {"progress": "PT0.6S"})
    id = assessment(sandbox)["assessmentId"]
    assert found(sandbox, "invitation", id=id, status=40)["id"] == id


def test_many_clients_wait_at_once(sandbox: Sandbox) -> None:
    alike = [Waiter(sandbox, "request", operation="create_assessment") for _ in range(60)]
    apart = [Waiter(sandbox, "request", path=f"{PI}/{number}") for number in range(60)]
    assessment(sandbox)
    assert {waiter.answer()["id"] for waiter in alike} == {*calls(sandbox)}
    assert not any(waiter.answered for waiter in apart)
    for number in range(60):
        sandbox.pi.get(f"{PI}/{number}")
    assert [waiter.answer()["path"] for waiter in apart] == [f"{PI}/{number}" for number in range(60)]


# What does not come.


def test_timeout_returns_408_with_the_nearest_misses(sandbox: Sandbox) -> None:
    order(sandbox)
    sandbox.pymetrics.post("/mercury/order", json={})
    sandbox.pi.get(PI)
    began = time.monotonic()
    wanted = {"operation": "create_order", "status": 201, "request": {"body": {"application_id": "b"}}}
    answer = problem(wait(sandbox, "request", "PT0.3S", **wanted), 408, "no such request within PT0.3S")
    assert 0.3 <= time.monotonic() - began < SOON
    token, ordered, refused, _ = calls(sandbox)
    assert [near["id"] for near in answer["nearest"]] == [ordered, refused, token]
    assert [near["differs"] for near in answer["nearest"]] == [
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
    assert {**answer["nearest"][0], "differs": 0} == {
        **sandbox.control_json("GET", f"/journal?since={token}")[0],
        "differs": 0,
    }


def test_near_misses_of_webhooks_and_invitations(sandbox: Sandbox, listener: Listener) -> None:
    id = completed_with_webhook(sandbox, listener)
    found(sandbox, "webhook", invitation=id)  # the listener has it before the attempt is recorded
    miss = problem(wait(sandbox, "webhook", "PT0S", invitation=id, request={"body": {"assessmentState": "41"}}), 408)
    assert [near["invitation"] for near in miss["nearest"]] == [id]
    assert miss["nearest"][0]["differs"] == [{"member": "request.body.assessmentState", "wanted": "41", "found": "40"}]
    assert problem(wait(sandbox, "request", "PT0S", path="/x"), 408)["nearest"] != []
    miss = problem(wait(sandbox, "invitation", "PT0S", id=id, status=100), 408)
    assert miss["nearest"][0]["differs"] == [{"member": "status", "wanted": 100, "found": 40}]


def test_webhook_without_an_attempt_does_not_match(sandbox: Sandbox, listener: Listener) -> None:
    listener.delay = 1
    sandbox.control_json("PATCH", "/config", {"progress": "PT0S"})
    assessment(sandbox, assessmentStatusWebHook=listener.url)
    assert problem(wait(sandbox, "webhook", "PT0S"), 408)["nearest"] == []
    assert found(sandbox, "webhook")["state"] == "delivered"


WRONG: dict[str, tuple[Any, str]] = {
    "nothing": ({}, "exactly one of"),
    "two": ({"request": {}, "webhook": {}}, "exactly one of"),
    "no object": ({"request": "create_order"}, "request"),
    "unknown": ({"requests": {}}, "requests: is unknown; known are request, webhook, invitation, within"),
    "too long": ({"request": {}, "within": "PT60.0000001S"}, "at most 60s"),
    "a day": ({"request": {}, "within": "P1D"}, "at most 60s"),
    "no duration": ({"request": {}, "within": "5 s"}, "'5 s' is no duration such as 5s"),
    "no text": ({"request": {}, "within": 5}, "within"),
}


@pytest.mark.parametrize(("body", "words"), WRONG.values(), ids=WRONG)
def test_invalid_body_is_refused(sandbox: Sandbox, body: Any, words: str) -> None:
    problem(sandbox.control("POST", "/await", body), 422, words)


# Reset, restore, delete, close, disconnect.


def test_wait_continues_through_reset_and_restore(sandbox: Sandbox) -> None:
    order(sandbox)
    sandbox.control_json("POST", "/snapshots")
    waiter = Waiter(sandbox, "request", method="GET")
    sandbox.control_json("POST", "/snapshots/snapshot-1/restore")
    sandbox.control_json("POST", "/reset")
    assert not waiter.answered
    sandbox.pi.get(PI)
    assert [waiter.answer()["id"]] == calls(sandbox)


def test_wait_ends_when_a_restore_brings_the_state_back(sandbox: Sandbox) -> None:
    id = order(sandbox)["id"]
    sandbox.control_json("POST", "/snapshots")
    sandbox.control_json("POST", f"/invitations/{id}/reject")
    waiter = Waiter(sandbox, "invitation", id=id, status="Not Started")
    sandbox.control_json("POST", "/snapshots/snapshot-1/restore")
    assert waiter.answer()["id"] == id


def test_deletion_of_the_sandbox_ends_the_wait_with_410(sandbox: Sandbox) -> None:
    waiters = [Waiter(sandbox, what, id="nothing") for what in ("request", "webhook", "invitation")]
    # Each may wait at a process of its own, which loads what reads a body first. Nothing shows from outside that it
    # waits, and one that came after the deletion would wait in a new sandbox.
    time.sleep(1.5)
    sandbox.control_json("DELETE")
    for waiter in waiters:
        assert "the sandbox was deleted" in waiter.answer(410)["detail"]

    # Leaving the block finds that it ended with status 0.


async def test_disconnect_ends_the_wait() -> None:
    sandbox = world.Sandbox("a", 0, State(Config(), Clock()), VENDORS)
    watched: list[int] = []

    async def hang_up() -> None:
        watched.append(len(sandbox.watchers))

    found = await wait_for(sandbox, SUBJECTS["request"](sandbox, ""), {"path": "/x"}, 60, hang_up)
    assert (found, watched, sandbox.watchers) == (None, [1], [])


async def test_cancellation_ends_the_wait() -> None:
    sandbox = world.Sandbox("a", 0, State(Config(), Clock()), VENDORS)
    wait = wait_for(sandbox, SUBJECTS["request"](sandbox, ""), {"path": "/x"}, 60, asyncio.Event().wait)
    task = asyncio.ensure_future(wait)
    await asyncio.sleep(0)
    assert len(sandbox.watchers) == 1
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert sandbox.watchers == []


# Matching.

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
def test_objects_match_by_wanted_members_and_all_else_by_equality(wanted: Any, thing: Any, fits: bool) -> None:
    assert (compare(wanted, thing)[1] == []) is fits
