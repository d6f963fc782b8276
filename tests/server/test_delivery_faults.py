"""Delivery faults: what the listener gets, in which order and when, and that every wait ends."""

from typing import Any

import pytest

from tests.server.clock import START, act, after, freeze, order, turn
from tests.server.test_faults import met, put
from tests.server.test_webhooks import INITIAL_BACKOFF, MINUTE, complete, only, settle
from tests.servers import Listener, Sandbox

HOUR = 60 * MINUTE
DELAY = {"on": "deliveries", "do": "delay", "duration": "PT1H"}
REORDER = {"on": "deliveries", "do": "reorder"}
DROP = {"on": "deliveries", "do": "drop"}
DUPLICATE = {"on": "deliveries", "do": "duplicate"}


def ids(listener: Listener) -> list[str]:
    """The assessments in the received webhooks, in order."""
    return [received.form["assessmentId"] for received in listener.received]


def statuses(listener: Listener) -> list[str]:
    """The order statuses in the received webhooks, in order."""
    return [received.json["data"]["status"] for received in listener.received]


def attempts(sandbox: Sandbox, delivery: Any) -> list[Any]:
    """The attempts of a delivery, seen singly."""
    found: list[Any] = sandbox.control_json("GET", f"/deliveries/{delivery['id']}")["attempts"]
    return found


def ordered(sandbox: Sandbox, listener: Listener) -> str:
    """An order whose status changes are sent to the listener."""
    sandbox.control_json("PATCH", "/config", {"webhook_url": listener.url})
    return order(sandbox)


# drop


def test_dropped_attempt_is_not_sent_and_is_retried(frozen: Sandbox, listener: Listener) -> None:
    put(frozen, {**DROP, "id": "lost", "times": 2})
    complete(frozen, listener.url)
    turn(frozen, until_idle=True)
    delivery = only(frozen.control_json("GET", "/deliveries"))
    lost = (None, "dropped by fault lost")
    assert [(each["status"], each["error"]) for each in delivery["attempts"]] == [lost, lost, (200, None)]
    moments = [START, after(START, INITIAL_BACKOFF), after(START, 3 * INITIAL_BACKOFF)]
    assert [each["at"] for each in delivery["attempts"]] == moments
    assert (delivery["state"], len(listener.received)) == ("delivered", 1)
    assert [each["fault"] for each in attempts(frozen, delivery)] == ["lost", "lost", None]
    assert attempts(frozen, delivery)[0]["answer"] is None


# delay


def test_delayed_attempt_is_made_later_on_the_sandbox_clock(frozen: Sandbox, listener: Listener) -> None:
    put(frozen, {**DELAY, "id": "late"})
    complete(frozen, listener.url)
    delivery = only(settle(frozen))
    assert (delivery["state"], delivery["next"], delivery["attempts"]) == ("pending", after(START, HOUR), [])
    turn(frozen, advance="PT59M")
    assert listener.received == []
    turn(frozen, until_idle=True)
    delivery = only(frozen.control_json("GET", "/deliveries"))
    assert [each["at"] for each in delivery["attempts"]] == [after(START, HOUR)]
    assert [each["fault"] for each in attempts(frozen, delivery)] == ["late"]
    assert met(frozen) == [1]


def test_unlimited_delay_fault_delays_each_attempt_once(frozen: Sandbox, listener: Listener) -> None:
    listener.answers = [500, 500, 200]
    put(frozen, DELAY, {**DELAY, "duration": "PT0S"})
    complete(frozen, listener.url)
    turn(frozen, until_idle=True)
    made = [HOUR, 2 * HOUR + INITIAL_BACKOFF, 3 * HOUR + 3 * INITIAL_BACKOFF]
    delivery = only(frozen.control_json("GET", "/deliveries"))
    assert [each["at"] for each in delivery["attempts"]] == [after(START, passed) for passed in made]
    assert [each["fault"] for each in attempts(frozen, delivery)] == ["fault-1"] * 3
    assert met(frozen) == [3, 0]


def test_later_webhooks_of_the_invitation_wait_behind_a_delayed_one(frozen: Sandbox, listener: Listener) -> None:
    put(frozen, {**DELAY, "times": 1})
    id = ordered(frozen, listener)
    act(frozen, id, "start")
    act(frozen, id, "complete")
    settle(frozen)
    assert listener.received == []
    turn(frozen, advance="PT1H")
    assert statuses(listener) == ["In Progress", "Completed"]


# duplicate


def test_duplicate_is_sent_right_after_delivery(frozen: Sandbox, listener: Listener) -> None:
    put(frozen, {**DUPLICATE, "times": 1})
    id = ordered(frozen, listener)
    settle(frozen)
    act(frozen, id, "start")
    turn(frozen, until_idle=True)
    received = listener.received
    one, two = received[0], received[1]
    assert (one.body, one.headers["webhook-id"]) == (two.body, two.headers["webhook-id"])
    assert len({each.headers["webhook-id"] for each in received}) == len(received) - 1
    deliveries = frozen.control_json("GET", "/deliveries")
    assert len(deliveries) == len(received)
    double = only([delivery for delivery in deliveries if "-duplicate-" in delivery["id"]])
    assert (double["invitation"], double["state"]) == (id, "delivered")
    assert attempts(frozen, double)[0]["fault"] == attempts(frozen, deliveries[0])[0]["fault"] == "fault-1"


def test_duplicate_comes_before_the_next_webhook_of_its_invitation(frozen: Sandbox, listener: Listener) -> None:
    put(frozen, DUPLICATE)
    id = ordered(frozen, listener)
    act(frozen, id, "complete")
    turn(frozen, until_idle=True)
    sent = statuses(listener)
    assert sent[::2] == sent[1::2]
    assert len({*sent}) * 2 == len(sent) > 2


def test_only_delivered_webhooks_are_duplicated(frozen: Sandbox, listener: Listener) -> None:
    listener.answers = [500, 200, 500, 200]
    put(frozen, {**DUPLICATE, "times": 1})
    id = complete(frozen, listener.url)
    turn(frozen, until_idle=True)
    first, double = frozen.control_json("GET", "/deliveries")
    assert ids(listener) == [id] * 4
    assert [each["fault"] for each in attempts(frozen, first)] == [None, "fault-1"]
    assert [each["fault"] for each in attempts(frozen, double)] == ["fault-1", "fault-1"]
    assert met(frozen) == [1]


def test_duplicate_matches_no_other_fault(frozen: Sandbox, listener: Listener) -> None:
    listener.answers = [200, 500, 200]
    put(frozen, {**DROP, "after": 1}, DUPLICATE)
    complete(frozen, listener.url)
    turn(frozen, until_idle=True)
    assert (len(listener.received), met(frozen)) == (3, [0, 1])


def test_replay_can_be_duplicated(frozen: Sandbox, listener: Listener) -> None:
    complete(frozen, listener.url)
    delivery = only(settle(frozen))
    put(frozen, DUPLICATE)
    frozen.control_json("POST", f"/deliveries/{delivery['id']}/replay", {})
    turn(frozen, until_idle=True)
    assert len(listener.received) == 3


# reorder


def test_next_webhook_of_the_sandbox_overtakes_a_held_back_one(frozen: Sandbox, listener: Listener) -> None:
    put(frozen, {**REORDER, "times": 1})
    one = complete(frozen, listener.url)
    assert only(settle(frozen))["attempts"] == []
    two = complete(frozen, listener.url)
    settle(frozen)
    assert ids(listener) == [two, one]
    assert turn(frozen, advance="PT0S")["now"] == START
    first, second = frozen.control_json("GET", "/deliveries")
    assert attempts(frozen, first)[0]["fault"] == "fault-1"
    assert attempts(frozen, second)[0]["fault"] is None


def test_unlimited_reorder_fault_swaps_pairs(frozen: Sandbox, listener: Listener) -> None:
    put(frozen, REORDER)
    completed = []
    for _ in range(4):
        completed.append(complete(frozen, listener.url))
        settle(frozen)
    turn(frozen, until_idle=True)
    assert ids(listener) == [completed[1], completed[0], completed[3], completed[2]]
    assert met(frozen) == [2]


@pytest.mark.parametrize("actions", [["complete"], ["start", "complete"]], ids=["is there", "comes"])
def test_next_webhook_of_the_invitation_overtakes_a_held_back_one(
    frozen: Sandbox, listener: Listener, actions: list[str]
) -> None:
    put(frozen, {**REORDER, "times": 1})
    id = ordered(frozen, listener)
    for action in actions:
        assert settle(frozen) == [] or listener.received == []
        act(frozen, id, action)
    frozen.pymetrics.get(f"/mercury/getOrder/{id}")
    settle(frozen)
    assert statuses(listener) == ["Completed", "In Progress", "Fulfilled"]


@pytest.mark.parametrize(("duration", "waits"), [(None, MINUTE), ("PT2H", 2 * HOUR), ("PT0S", 0)])
def test_held_back_webhook_is_sent_after_its_duration(
    frozen: Sandbox, listener: Listener, duration: str | None, waits: int
) -> None:
    put(frozen, {**REORDER, "duration": duration})
    complete(frozen, listener.url)
    waiting = only(settle(frozen))
    assert waiting["next"] == (after(START, waits) if waits else None)
    turn(frozen, until_idle=True)
    delivery = only(frozen.control_json("GET", "/deliveries"))
    assert [each["at"] for each in delivery["attempts"]] == [after(START, waits)]
    assert len(listener.received) == 1


def test_held_back_webhook_is_sent_with_a_running_clock(sandbox: Sandbox, listener: Listener) -> None:
    put(sandbox, {**REORDER, "duration": "PT0.3S"})
    id = complete(sandbox, listener.url)
    listener.wait_for(1)
    assert ids(listener) == [id]


def test_dropped_webhook_overtakes_nothing(frozen: Sandbox, listener: Listener) -> None:
    put(frozen, {**REORDER, "times": 1}, {**DROP, "times": 1})
    one = complete(frozen, listener.url)
    settle(frozen)
    two = complete(frozen, listener.url)
    settle(frozen)
    assert listener.received == []
    turn(frozen, until_idle=True)
    assert ids(listener) == [one, two]


def test_restore_brings_back_a_held_back_webhook(frozen: Sandbox, listener: Listener) -> None:
    put(frozen, {**REORDER, "times": 1})
    one = complete(frozen, listener.url)
    settle(frozen)
    kept = frozen.control_json("POST", "/snapshots")["id"]
    turn(frozen, until_idle=True)
    frozen.control_json("POST", f"/snapshots/{kept}/restore")
    assert only(settle(frozen))["attempts"] == []
    two = complete(frozen, listener.url)
    settle(frozen)
    assert ids(listener) == [one, two, one]


def test_reset_removes_a_held_back_webhook(frozen: Sandbox, listener: Listener) -> None:
    put(frozen, REORDER)
    complete(frozen, listener.url)
    settle(frozen)
    frozen.control_json("POST", "/reset")
    freeze(frozen)
    id = complete(frozen, listener.url)
    turn(frozen, until_idle=True)
    assert ids(listener) == [id]


# All kinds. `tests/core/test_faults.py` proves which deliveries a fault matches.


@pytest.mark.parametrize("fault", [DELAY, REORDER, DROP, DUPLICATE], ids=lambda fault: str(fault["do"]))
def test_until_idle_ends_with_any_fault_on_every_attempt(
    frozen: Sandbox, listener: Listener, fault: dict[str, Any]
) -> None:
    listener.answers = [500, 200, 503, 200, 200, 500]
    put(frozen, fault)
    id = ordered(frozen, listener)
    for email in ("ada@example.com", "bob@example.com"):
        complete(frozen, listener.url, email=email)
    act(frozen, id, "complete")
    turn(frozen, until_idle=True)
    assert [delivery for delivery in frozen.control_json("GET", "/deliveries") if delivery["state"] == "pending"] == []
    assert turn(frozen, until_idle=True)["events"] == []


def test_fault_matches_deliveries_of_one_invitation(frozen: Sandbox, listener: Listener) -> None:
    id = ordered(frozen, listener)
    put(frozen, {**DROP, "invitation": id})
    complete(frozen, listener.url)
    act(frozen, id, "start")
    settle(frozen)
    assert met(frozen)[0] > 0
    lost = [one for one in frozen.control_json("GET", "/deliveries") if one["attempts"] and one["attempts"][0]["error"]]
    assert {one["invitation"] for one in lost} == {id}
