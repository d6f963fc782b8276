"""The sandbox `demo`: filled with a dozen invitations of each vendor on first use, and again after a reset."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest

from tests.server.clock import PI, assess, order, ticks, turn
from tests.servers import Listener, Sandbox, Server, served

# Every state but 60, which only cognitive assessments reach.
STATES = {0, 10, 20, 30, 40, 50, 65}
STATUSES = {"Rejected", "Pending", "Accepted", "Not Started", "In Progress", "Completed", "Fulfilled", "Expired"}


@pytest.fixture
def fresh() -> Iterator[httpx2.Client]:
    """A client of a server that has no sandbox yet."""
    with served() as url, httpx2.Client(base_url=url, timeout=30, trust_env=False) as http:
        yield http


def of(vendor: str, invitations: list[Any]) -> list[Any]:
    """The invitations of one vendor."""
    return [invitation for invitation in invitations if invitation["vendor"] == vendor]


FIRST: dict[str, Callable[[Sandbox], Any]] = {
    "its invitations": lambda demo: demo.control_json("GET", "/invitations"),
    "its look": lambda demo: demo.control_json("GET"),
    "The Predictive Index": lambda demo: demo.pi.get(PI).raise_for_status(),
    "pymetrics": lambda demo: demo.pymetrics.get("/mercury/configuration").raise_for_status(),
}


@pytest.mark.parametrize("first", FIRST.values(), ids=FIRST.keys())
def test_first_use_finds_a_dozen_invitations_of_each_vendor_in_every_status(
    fresh: httpx2.Client, first: Callable[[Sandbox], Any]
) -> None:
    demo = Sandbox(fresh, "demo")
    assert fresh.get("/_simulator/sandboxes").json() == []
    first(demo)
    found = demo.control_json("GET", "/invitations")
    mine, theirs = of("predictive_index", found), of("pymetrics", found)
    assert (len(mine), len(theirs), len(found)) == (12, 12, 24)
    assert {invitation["status"] for invitation in mine} == STATES
    assert {invitation["status"] for invitation in theirs} == STATUSES


def test_both_vendors_show_the_samples(fresh: httpx2.Client) -> None:
    demo = Sandbox(fresh, "demo")
    listed = demo.pi.get(PI).json()
    assert len(listed) == 12
    assert {shown["assessmentState"] for shown in listed} == STATES
    seen = set()
    for invitation in of("pymetrics", demo.control_json("GET", "/invitations")):
        found = demo.pymetrics.get(f"/mercury/getOrder/{invitation['id']}")
        assert found.status_code == 200
        seen.add(found.json()["status"])
    assert seen == STATUSES - {"Completed"}, "reading what is complete fulfils it"
    for shown in listed:
        assert demo.pi.get(f"{PI}/{shown['assessmentId']}").json() == shown
        assert shown["personPageUrl"].startswith(demo.url)


def test_samples_are_different_people_at_example_com(fresh: httpx2.Client) -> None:
    found = Sandbox(fresh, "demo").control_json("GET", "/invitations")
    emails = [invitation["candidate"]["email"] for invitation in found]
    assert len(set(emails)) >= 23
    assert all(email.endswith("@example.com") and "+" not in email for email in emails)
    assert all(invitation["candidate"]["first_name"] for invitation in found)


def test_samples_are_in_the_past_and_consistent(fresh: httpx2.Client) -> None:
    demo = Sandbox(fresh, "demo")
    now = ticks(demo.control_json("GET", "/clock")["now"])
    assert abs(now / 1e7 - time.time()) < 5
    for invitation in demo.control_json("GET", "/invitations"):
        assert ticks(invitation["created"]) < now
    for shown in demo.pi.get(PI).json():
        lapses = ticks(shown["expirationDateTime"])
        assert ticks(shown["assessmentDateTime"]) <= now
        assert shown["assessmentState"] in (40, 60, 65) or (shown["assessmentState"] == 50) is (lapses <= now)
        assert (shown["selfSigmaScore"] is not None) is (shown["assessmentState"] == 40)


def test_filling_sends_no_webhook_and_only_requested_mail(fresh: httpx2.Client, listener: Listener) -> None:
    config = {"default_webhook_url": listener.url, "webhook_url": listener.url}
    assert fresh.post("/_simulator/sandboxes", json={"name": "demo", "config": config}).status_code == 201
    demo = Sandbox(fresh, "demo")
    mail, assessments = demo.control_json("GET", "/mail"), demo.pi.get(PI).json()
    invited = {i["id"]: i["candidate"]["email"] for i in demo.control_json("GET", "/invitations")}
    assert 0 < len(mail) < 24
    for letter in mail:
        assert letter["to"] == invited.pop(letter["invitation"])
        assert letter["link"].startswith(demo.url)
        assert letter["link"] in letter["text"]
    asked = {a["assessmentId"] for a in assessments if a["notifyAssessmentAvailableUsingEmail"]}
    assert {letter["invitation"] for letter in mail} & {a["assessmentId"] for a in assessments} == asked
    for _ in range(2):
        assert demo.control_json("GET", "/deliveries") == listener.received == []
        demo.control_json("POST", "/reset")
    assert len(demo.control_json("GET", "/mail")) == len(mail)


def test_no_placeholder_shows_in_the_demo(fresh: httpx2.Client) -> None:
    demo = Sandbox(fresh, "demo")
    answers = [demo.control("GET", path) for path in ("/invitations", "/mail", "/config", "")] + [demo.pi.get(PI)]
    orders = of("pymetrics", demo.control_json("GET", "/invitations"))
    answers += [demo.pymetrics.get(f"/mercury/getOrder/{found['id']}?report=true") for found in orders]
    assert [answer.text for answer in answers if "simulator.invalid" in answer.text] == []


def without_times(invitations: list[Any]) -> list[Any]:
    """What a reset gives again: all but the day it was, and the links, which end with a reset."""
    return [{k: v for k, v in invitation.items() if k not in ("created", "links")} for invitation in invitations]


@pytest.mark.parametrize(("verb", "path"), [("POST", "/reset"), ("DELETE", "")])
def test_reset_and_delete_give_the_samples_again_and_nothing_else(
    fresh: httpx2.Client, listener: Listener, verb: str, path: str
) -> None:
    demo = Sandbox(fresh, "demo")
    before = demo.control_json("GET", "/invitations")
    demo.control_json("PATCH", "/config", {"default_webhook_url": listener.url, "webhook_url": listener.url})
    turn(demo, freeze="2020-01-01T00:00:00Z")
    assess(demo, "ada+completes-in-1h@example.com")
    order(demo, "bo+completes-in-1h@example.com")
    for invitation in before:
        demo.control("POST", f"/invitations/{invitation['id']}/start")
    demo.control_json(verb, path)
    assert without_times(demo.control_json("GET", "/invitations")) == without_times(before)
    assert demo.control_json("GET", "/config")["webhook_url"] is None
    clock = demo.control_json("GET", "/clock")
    assert clock["mode"] == "running"
    assert abs(ticks(clock["now"]) / 1e7 - time.time()) < 5
    assert demo.control_json("GET", "/deliveries") == []


def test_two_servers_have_the_same_samples(fresh: httpx2.Client) -> None:
    found = [i["candidate"] for i in Sandbox(fresh, "demo").control_json("GET", "/invitations")]
    with Server() as server, httpx2.Client(base_url=server.url, trust_env=False) as http:
        assert [i["candidate"] for i in Sandbox(http, "demo").control_json("GET", "/invitations")] == found


def test_other_sandboxes_begin_empty(fresh: httpx2.Client) -> None:
    for name in ("demo-2", "a", "demo1"):
        sandbox = Sandbox(fresh, name)
        assert (
            sandbox.control_json("GET", "/invitations")
            == sandbox.control_json("GET", "/mail")
            == sandbox.pi.get(PI).json()
            == []
        )
