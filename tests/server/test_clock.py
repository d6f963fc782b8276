"""A sandbox's clock: freeze, run and advance; timers fire in order, each at its own time."""

import threading
import time
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from assessment_simulator.app import VENDORS
from assessment_simulator.core.config import Config
from assessment_simulator.core.request import VendorRequest
from assessment_simulator.core.seeded_random import SeededRandom
from assessment_simulator.sandbox.sandbox import Sandbox as World
from assessment_simulator.sandbox.state import Clock, State
from tests.server import ENDINGS, GAMES, Aside, delete, restore, wait_for_responses_handled
from tests.server.clock import (
    ADA,
    DAY,
    HOUR,
    PI,
    SECOND,
    START,
    act,
    after,
    assess,
    freeze,
    now,
    order,
    status,
    ticks,
    turn,
)
from tests.servers import Listener, Sandbox
from tests.waiting import until


def runs(sandbox: Sandbox, since: str) -> None:
    """The clock, which has just shown `since`, runs, and no slower than this machine's."""
    first, began = ticks(since), time.monotonic()
    until(lambda: ticks(now(sandbox)) >= first + SECOND // 50)
    passed = time.monotonic() - began
    assert ticks(now(sandbox)) >= first + passed * SECOND


# Freeze, run and advance.


def test_clock_runs_with_the_machines_clock_until_it_is_set(sandbox: Sandbox) -> None:
    before = time.time()
    clock = sandbox.control_json("GET", "/clock")
    assert clock == {"now": clock["now"], "mode": "running", "events": []}
    assert before - 0.1 <= ticks(clock["now"]) / SECOND <= time.time() + 0.1
    runs(sandbox, clock["now"])


INSTANTS = [
    ("1999-12-31T23:59:59.1234567Z", "1999-12-31T23:59:59.1234567Z"),
    ("2026-01-01T00:00:00.5+02:00", "2025-12-31T22:00:00.5000000Z"),
    ("1969-12-31", "1969-12-31T00:00:00.0000000Z"),
    ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.0000000Z"),
    ("9998-12-31T23:59:59.9999999Z", "9998-12-31T23:59:59.9999999Z"),
]


@pytest.mark.parametrize(("sent", "shown"), INSTANTS)
def test_clock_can_be_frozen_at_any_instant_of_years_1_to_9998(sandbox: Sandbox, sent: str, shown: str) -> None:
    assert turn(sandbox, freeze=sent) == {"now": shown, "mode": "frozen", "events": []}
    assert sandbox.control_json("GET", "/clock") == {"now": shown, "mode": "frozen", "events": []}
    assert sandbox.control_json("GET")["now"] == shown
    order(sandbox)
    made = sandbox.pi.get(f"{PI}/{assess(sandbox)}").json()
    assert made["assessmentDateTime"] == shown
    assert ticks(made["expirationDateTime"]) == ticks(shown) + 10 * DAY
    assert [i["created"] for i in sandbox.control_json("GET", "/invitations")] == [shown, shown]


@pytest.mark.parametrize(
    ("duration", "passed"),
    [("PT0S", 0), ("PT0.0000001S", 1), ("P1DT2H3M4.5S", DAY + 2 * HOUR + 1_845 * SECOND // 10), ("P3650D", 3650 * DAY)],
)
def test_advance_ends_exactly_at_its_target(sandbox: Sandbox, duration: str, passed: int) -> None:
    before = ticks(now(sandbox))
    turned = turn(sandbox, advance=duration)
    assert turned["mode"] == "running"
    assert before + passed <= ticks(turned["now"]) < before + passed + 2 * SECOND
    assert ticks(turned["now"]) < ticks(now(sandbox))
    freeze(sandbox)
    assert turn(sandbox, advance=duration) == {"now": after(START, passed), "mode": "frozen", "events": []}
    assert [now(sandbox), now(sandbox)] == [after(START, passed)] * 2


def test_run_continues_from_the_frozen_time(sandbox: Sandbox) -> None:
    freeze(sandbox, "2020-02-02T02:02:02Z")
    turned = turn(sandbox, run=True)
    assert turned["mode"] == "running"
    assert ticks("2020-02-02T02:02:02.0000000Z") <= ticks(turned["now"]) < ticks("2020-02-02T02:02:04.0000000Z")
    runs(sandbox, turned["now"])


def test_run_of_a_running_clock_keeps_its_time(sandbox: Sandbox) -> None:
    ahead = ticks(turn(sandbox, advance="P1D")["now"])
    assert ahead <= ticks(turn(sandbox, run=True)["now"]) < ahead + 2 * SECOND


def test_sandboxes_and_forks_have_separate_clocks(sandbox: Sandbox) -> None:
    freeze(sandbox)
    other = Sandbox(sandbox.http, f"{sandbox.name}-2")
    freeze(other, "2030-01-01T00:00:00Z")
    fork = Sandbox(sandbox.http, sandbox.control_json("POST", "/fork")["name"])
    clock = fork.control_json("GET", "/clock")
    assert clock["mode"] == "running"
    assert abs(ticks(clock["now"]) / SECOND - time.time()) < 5
    turn(sandbox, advance="P1D")
    assert (now(sandbox), now(other)) == (after(START, DAY), "2030-01-01T00:00:00.0000000Z")
    for each in (other, fork):
        each.control("DELETE")


# Timers.


def test_timers_fire_in_order_and_each_at_its_own_time(sandbox: Sandbox) -> None:
    freeze(sandbox)
    late = assess(sandbox, expirationDateTime="2026-01-02T00:00:00.0000001Z")
    slow = order(sandbox, "bo+completes-in-2h@example.com")
    quick = assess(sandbox, "cy+completes-in-10s@example.com")
    soon = assess(sandbox, expirationDateTime="2026-01-01T00:00:00.0000001Z")
    beyond = assess(sandbox, expirationDateTime="2026-01-02T00:00:00.0000002Z")
    turned = turn(sandbox, advance="PT24H")
    assert turned == {
        "now": after(START, DAY),
        "mode": "frozen",
        "events": [
            {"at": after(START, 1), "what": "expire", "id": soon},
            {"at": after(START, 10 * SECOND), "what": "complete", "id": quick},
            {"at": after(START, 2 * HOUR), "what": "complete", "id": slow},
        ],
    }
    assert turn(sandbox, advance="PT0.0000001S")["events"] == [
        {"at": after(START, DAY + 1), "what": "expire", "id": late}
    ]
    assert [status(sandbox, id) for id in (soon, quick, slow, late, beyond)] == [50, 40, "Completed", 50, 0]


def test_until_idle_ends_at_the_last_timer(sandbox: Sandbox) -> None:
    freeze(sandbox)
    first = order(sandbox, "bo+completes-in-10s@example.com")
    last = assess(sandbox, expirationDateTime="2026-01-04")
    end = "2026-01-04T23:59:59.9999999Z"
    assert turn(sandbox, until_idle=True) == {
        "now": end,
        "mode": "frozen",
        "events": [
            {"at": after(START, 10 * SECOND), "what": "complete", "id": first},
            {"at": end, "what": "expire", "id": last},
        ],
    }
    assert turn(sandbox, until_idle=True) == {"now": end, "mode": "frozen", "events": []}


def test_until_idle_keeps_a_running_clock_running(sandbox: Sandbox) -> None:
    order(sandbox, "bo+completes-in-1h@example.com")
    before = ticks(now(sandbox))
    turned = turn(sandbox, until_idle=True)
    assert [event["what"] for event in turned["events"]] == ["complete"]
    assert turned["mode"] == "running"
    assert before + 3_590 * SECOND < ticks(turned["now"]) < before + 3_602 * SECOND
    assert ticks(now(sandbox)) > ticks(turned["now"])


def test_freeze_after_a_timer_fires_it_at_its_own_time(sandbox: Sandbox) -> None:
    freeze(sandbox)
    id = assess(sandbox, expirationDateTime="2026-01-02")
    order(sandbox, "bo+completes-in-1m@example.com")
    turned = turn(sandbox, freeze="2026-03-01T00:00:00Z")
    assert [(event["at"], event["what"]) for event in turned["events"]] == [
        (after(START, 60 * SECOND), "complete"),
        ("2026-01-02T23:59:59.9999999Z", "expire"),
    ]
    assert status(sandbox, id) == 50


def test_timer_that_fired_does_not_fire_again_when_the_clock_is_set_back(sandbox: Sandbox, listener: Listener) -> None:
    freeze(sandbox)
    expired = assess(sandbox, expirationDateTime="2026-01-02")
    completed = assess(sandbox, "bo+completes-in-1h@example.com", assessmentStatusWebHook=listener.url)
    assert len(turn(sandbox, advance="P2D")["events"]) == 3
    for _ in range(2):
        assert turn(sandbox, freeze="2025-01-01T00:00:00Z")["events"] == []
        assert [status(sandbox, id) for id in (expired, completed)] == [50, 40]
        assert turn(sandbox, advance="P800D")["events"] == []
    assert len(listener.received) == 1


def test_pending_timer_keeps_its_time_when_the_clock_is_set_back(sandbox: Sandbox) -> None:
    freeze(sandbox)
    id = order(sandbox, "bo+completes-in-1h@example.com")
    freeze(sandbox, "2025-12-31T23:00:00Z")
    assert turn(sandbox, advance="PT1H59M59S")["events"] == []
    assert turn(sandbox, advance="PT1S")["events"] == [{"at": after(START, HOUR), "what": "complete", "id": id}]


def test_timer_that_is_due_fires_before_a_request_is_answered() -> None:
    world = World("w", 0, State(Config(), Clock("frozen", 0)), VENDORS)
    vendor = VENDORS["predictive_index"]

    def call(name: str, **more: Any) -> Any:
        def ask(now: int, draw: SeededRandom, recent: int) -> VendorRequest:
            return VendorRequest(name, now, draw, "http://x", method="GET", **more)

        return world.handle(vendor, vendor.operations[name], ask).body

    body = {**ADA, "expirationDateTime": "1970-01-01T00:00:01Z"}
    created = call("create_assessment", headers={"api-key": "sim-w"}, media_type="application/json", body=body)
    world.set_clock(Clock("frozen", SECOND - 1))
    assert call("get_assessment", params={"assessmentId": created["assessmentId"]}).status == 0
    world.set_clock(Clock("frozen", SECOND))
    assert call("get_assessment", params={"assessmentId": created["assessmentId"]}).status == 50


# Tokens.


def test_tokens_stay_valid_after_a_restore(sandbox: Sandbox) -> None:
    before = sandbox.renewed()
    kept = sandbox.control_json("POST", "/snapshots")["id"]
    between = sandbox.renewed()
    sandbox.control_json("POST", f"/snapshots/{kept}/restore")
    for caller in (before, between, sandbox.renewed()):
        assert caller.get("/mercury/configuration").status_code == 200


# Advances that take a while.


def test_second_change_during_an_advance_is_refused(
    sandbox: Sandbox, listener: Listener, gate: threading.Event, aside: Aside
) -> None:
    freeze(sandbox)
    assess(sandbox, "bo+completes-in-1h@example.com", assessmentStatusWebHook=listener.url)
    turned = aside(turn, sandbox, advance="P1D")
    listener.wait_for(1)
    for body in ({"advance": "PT1S"}, {"freeze": START}, {"run": True}, {"until_idle": True}):
        refused = sandbox.control("POST", "/clock", body)
        assert refused.status_code == 409, body
        assert refused.headers["content-type"] == "application/problem+json"
        assert "advance" in refused.json()["detail"]
    assert sandbox.control("POST", "/clock", {"advance": "tomorrow"}).status_code in (409, 422)
    assert sandbox.control_json("GET", "/clock") == {"now": after(START, HOUR), "mode": "frozen", "events": []}
    gate.set()
    assert [event["what"] for event in turned.result()["events"]] == ["complete", "attempt"]
    assert turn(sandbox, advance="PT1S")["now"] == after(START, DAY + SECOND)


def test_running_clock_stands_during_an_advance_and_shows_its_mode(
    sandbox: Sandbox, listener: Listener, gate: threading.Event, aside: Aside
) -> None:
    assess(sandbox, "bo+completes-in-1h@example.com", assessmentStatusWebHook=listener.url)
    turned = aside(turn, sandbox, advance="P1D")
    listener.wait_for(1)
    first = sandbox.control_json("GET", "/clock")
    assert sandbox.control_json("GET", "/clock") == first
    gate.set()
    assert first["mode"] == turned.result()["mode"] == "running"
    [complete, attempt] = turned.result()["events"]
    assert complete["at"] == attempt["at"] == first["now"]


def test_advance_waits_for_attempts_in_flight(
    sandbox: Sandbox, listener: Listener, gate: threading.Event, aside: Aside
) -> None:
    freeze(sandbox)
    id = assess(sandbox, assessmentStatusWebHook=listener.url)
    act(sandbox, id, "complete")
    listener.wait_for(1)
    turned = aside(turn, sandbox, advance="PT1S")
    until(lambda: sandbox.control("POST", "/clock", {"freeze": START}).status_code == 409)
    assert now(sandbox) == START
    gate.set()
    assert [(event["at"], event["what"]) for event in turned.result()["events"]] == [(START, "attempt")]
    assert turned.result()["now"] == after(START, SECOND)


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("mode", ["frozen", "running"])
def test_reset_restore_and_delete_end_an_advance_and_its_webhooks(
    sandbox: Sandbox,
    listener: Listener,
    gate: threading.Event,
    aside: Aside,
    ending: Callable[[Sandbox, str], None],
    mode: str,
) -> None:
    if mode == "frozen":
        freeze(sandbox)
    kept = sandbox.control_json("POST", "/snapshots")["id"]
    assess(sandbox, "bo+completes-in-1h@example.com", assessmentStatusWebHook=listener.url)
    order(sandbox, "cy+completes-in-2h@example.com")
    turned = aside(sandbox.control, "POST", "/clock", {"advance": "P1D"})
    listener.wait_for(1)
    ending(sandbox, kept)
    answer = turned.result(5)
    assert answer.status_code == (410 if ending is delete else 409)
    assert answer.headers["content-type"] == "application/problem+json"
    assert [event["what"] for event in answer.json()["events"]] == ["complete"], "it did not wait for the listener"
    gate.set()
    listener.wait_for_answers(1)
    wait_for_responses_handled(sandbox.http)
    assert len(listener.received) == 1
    assert sandbox.control_json("GET", "/invitations") == sandbox.control_json("GET", "/deliveries") == []
    clock = sandbox.control_json("GET", "/clock")
    if ending is restore and mode == "frozen":
        assert (clock["now"], clock["mode"]) == (START, "frozen")
    else:
        assert clock["mode"] == "running"
        assert abs(ticks(clock["now"]) / SECOND - time.time()) < 60
    assert turn(sandbox, advance="P1D")["events"] == []


def test_other_requests_are_answered_during_a_long_advance(sandbox: Sandbox, aside: Aside, http: httpx2.Client) -> None:
    freeze(sandbox)
    caller = sandbox.pymetrics
    for n in range(1_500):
        body = {"candidate": {"email": f"a+completes-in-{n + 1}s@example.com"}, "assessment_id": GAMES}
        assert caller.post("/mercury/order", json={**body, "application_id": str(n)}).status_code == 201
    turned = aside(turn, sandbox, advance="P1D")
    answered = 0
    while not turned.done():
        assert http.get("/_simulator/health").status_code == 200
        answered += 1
    assert len(turned.result()["events"]) == 1_500
    assert answered >= 8


def test_advance_continues_when_its_client_disconnects(
    sandbox: Sandbox, listener: Listener, gate: threading.Event
) -> None:
    freeze(sandbox)
    assess(sandbox, "bo+completes-in-1h@example.com", assessmentStatusWebHook=listener.url)
    with httpx2.Client(base_url=sandbox.url, trust_env=False, timeout=0.5) as impatient:
        with pytest.raises(httpx2.ReadTimeout):
            turn(Sandbox(impatient, sandbox.name), advance="P1D")
        listener.wait_for(1)
    gate.set()
    until(lambda: now(sandbox) == after(START, DAY))
    assert until(lambda: sandbox.control("POST", "/clock", {"advance": "PT1S"}).is_success)
    assert [delivery["state"] for delivery in sandbox.control_json("GET", "/deliveries")] == ["delivered"]


@pytest.mark.parametrize("mode", ["frozen", "running"])
def test_snapshot_during_an_advance_restores_its_time_and_mode(
    sandbox: Sandbox, listener: Listener, gate: threading.Event, aside: Aside, mode: str
) -> None:
    freeze(sandbox)
    if mode == "running":
        turn(sandbox, run=True)
    assess(sandbox, "bo+completes-in-1h@example.com", assessmentStatusWebHook=listener.url)
    turned = aside(turn, sandbox, advance="P1D")
    listener.wait_for(1)
    taken = now(sandbox)
    kept = sandbox.control_json("POST", "/snapshots")["id"]
    gate.set()
    turned.result()
    sandbox.control_json("POST", f"/snapshots/{kept}/restore")
    back = sandbox.control_json("GET", "/clock")
    assert back["mode"] == mode
    assert ticks(taken) <= ticks(back["now"]) < ticks(taken) + 2 * SECOND * (mode == "running") + 1
    listener.wait_for(2)
    turn(sandbox, advance="PT0S")
    assert [delivery["state"] for delivery in sandbox.control_json("GET", "/deliveries")] == ["delivered"]


def test_restore_brings_back_the_time_of_a_running_clock(sandbox: Sandbox) -> None:
    turn(sandbox, advance="P10D")
    kept = sandbox.control_json("POST", "/snapshots")["id"]
    taken = ticks(turn(sandbox, advance="P10D")["now"]) - 10 * DAY
    turn(sandbox, freeze=START)
    sandbox.control_json("POST", f"/snapshots/{kept}/restore")
    back = sandbox.control_json("GET", "/clock")
    assert back["mode"] == "running"
    assert abs(ticks(back["now"]) - taken) < 2 * SECOND


# Invalid changes, and the last instants.

INVALID = [
    {}, {"freeze": "2026-01-01T00:00:00Z", "advance": "PT1S"}, {"run": True, "until_idle": True}, {"run": False},
    {"until_idle": False}, {"freeze": None}, {"freeze": ""}, {"freeze": "yesterday"}, {"freeze": 1_767_225_600},
    {"freeze": "0001-01-01T00:00:00+01:00"}, {"freeze": "9999-01-01T00:00:00Z"}, {"advance": "24 h"},
    {"advance": "-PT1S"}, {"advance": 60}, {"advance": "P2913000D"}, {"advance": "PT" + "9" * 5_000 + "S"},
    {"until_idle": "yes"}, {"run": 1}, {"rewind": "PT1S"}, {"advance": "PT1S", "then": "PT1S"}, [], None, "PT1S",
]  # fmt: skip


@pytest.mark.parametrize("body", INVALID, ids=lambda body: repr(body)[:60])
def test_invalid_change_is_refused_with_a_hint_and_changes_nothing(sandbox: Sandbox, body: Any) -> None:
    freeze(sandbox)
    path = f"/_simulator/sandboxes/{sandbox.name}/clock"
    refused = sandbox.http.post(path, json=body)
    assert refused.status_code == 422, refused.text
    assert refused.headers["content-type"] == "application/problem+json"
    assert len(refused.json()["detail"]) > 20
    assert sandbox.control_json("GET", "/clock") == {"now": START, "mode": "frozen", "events": []}


END = "9999-12-31T23:59:59.9999999Z"


def sound(sandbox: Sandbox) -> None:
    """Everything that shows a time still responds."""
    assert ticks(now(sandbox)) <= ticks(END)
    assert sandbox.pi.get(PI).status_code == 200
    assert sandbox.renewed().get("/mercury/configuration").status_code == 200
    for path in ("", "/invitations", "/deliveries", "/mail", "/clock"):
        sandbox.control_json("GET", path)


@pytest.mark.parametrize("mode", ["frozen", "running"])
def test_timers_and_retries_after_the_last_instant_do_no_harm(sandbox: Sandbox, listener: Listener, mode: str) -> None:
    listener.answers = [500]
    sandbox.control_json("PATCH", "/config", {"webhook_url": listener.url, "progress": "P3650D"})
    freeze(sandbox, "9998-11-01T00:00:00Z")
    if mode == "running":
        turn(sandbox, run=True)
    assess(sandbox)
    expires = assess(sandbox, "ada+completes-in-999999d@example.com", expirationDateTime="9999-12-31")
    sound(sandbox)
    assert turn(sandbox, until_idle=True)["events"][-1] == {"at": END, "what": "expire", "id": expires}
    sound(sandbox)
    sandbox.control_json("PATCH", "/config", {"progress": "manual"})
    act(sandbox, order(sandbox), "start")
    listener.wait_for(1)
    turn(sandbox, until_idle=True)
    sound(sandbox)
    assert sandbox.control("POST", "/clock", {"advance": "PT1S"}).status_code == 422
    freeze(sandbox)
    sound(sandbox)


# Every time stamp.


def test_every_time_stamp_comes_from_the_clock(sandbox: Sandbox, listener: Listener) -> None:
    sandbox.control_json("PATCH", "/config", {"webhook_url": listener.url})
    freeze(sandbox, "2031-05-04T03:02:01.0987654Z")
    mine = assess(sandbox, "ada+completes@example.com", notifyAssessmentAvailableUsingEmail=1)
    theirs = order(sandbox, "bo+completes@example.com", send_email=True)
    listener.wait_for(2)
    turn(sandbox, advance="PT0S")
    shown = sandbox.pymetrics.get(f"/mercury/getOrder/{theirs}?report=true").json()
    at, six = "2031-05-04T03:02:01.0987654Z", "2031-05-04T03:02:01.098765+00:00"
    assert sandbox.pi.get(f"{PI}/{mine}").json()["assessmentDateTime"] == at
    assert [shown["create_date"], shown["results"][0]["create_date"], shown["reports"][0]["create_date"]] == [six] * 3
    assert [mail["at"] for mail in sandbox.control_json("GET", "/mail")] == [at, at]
    assert {i["created"] for i in sandbox.control_json("GET", "/invitations")} == {at}
    attempts = [a for d in sandbox.control_json("GET", "/deliveries") for a in d["attempts"]]
    assert {attempt["at"] for attempt in attempts} == {at}
    for received in listener.wait_for(2):
        assert received.headers["webhook-timestamp"] == str(ticks(at) // SECOND)
        assert received.json["timestamp"] == six
    assert sandbox.control_json("GET")["now"] == at


def test_responses_to_known_callers_are_dated_by_the_clock(sandbox: Sandbox) -> None:
    freeze(sandbox, "2031-05-04T03:02:01.9999999Z")
    pi, pymetrics, as_json = sandbox.pi, sandbox.renewed(), {"content-type": "application/json"}
    answers = [
        pi.post(PI, json=ADA), pi.get(PI), pi.get(f"{PI}/unknown"), pi.post(PI, json={}), pi.request("HEAD", PI),
        pi.post(PI, content=b"{", headers=as_json), pi.post(PI, content=b"x", headers={"content-type": "text/plain"}),
        pi.post(PI, content=b" " * 1_100_000, headers=as_json), pi.get("/api/v1/nothing"), pi.request("DELETE", PI),
        pymetrics.get("/mercury/configuration"), pymetrics.get("/mercury/getOrder/unknown"),
        pymetrics.get("/mercury/configuration", headers={"Authorization": "Bearer x"}),
        pymetrics.post("/mercury/order", json={}), pymetrics.get("/mercury/nothing"), pymetrics.get("/mercury/order"),
    ]  # fmt: skip
    assert {answer.headers["date"] for answer in answers} == {"Sun, 04 May 2031 03:02:01 GMT"}


# Real time.


def test_timer_that_is_due_before_a_later_one_fires_in_time(sandbox: Sandbox, listener: Listener) -> None:
    sandbox.control_json("PATCH", "/config", {"default_webhook_url": listener.url})
    far = assess(sandbox, "ada+completes-in-2h@example.com")
    began = time.monotonic()
    near = assess(sandbox, "bo+completes-in-1s@example.com")
    [received] = listener.wait_for(1)
    assert 1.0 <= received.at - began < 5
    assert received.form["assessmentId"] == near
    assert [status(sandbox, id) for id in (far, near)] == [0, 40]


def test_remaining_timers_fire_in_time_after_an_advance(sandbox: Sandbox, listener: Listener) -> None:
    id = assess(sandbox, "ada+completes-in-1h@example.com", assessmentStatusWebHook=listener.url)
    assert turn(sandbox, advance="PT59M59.5S")["events"] == []
    [received] = listener.wait_for(1, 2)
    assert received.form["assessmentId"] == id


def test_frozen_clock_fires_no_timer_until_it_runs(sandbox: Sandbox, listener: Listener) -> None:
    assess(sandbox, "ada+completes-in-1s@example.com", assessmentStatusWebHook=listener.url)
    freeze(sandbox, now(sandbox))
    time.sleep(1.3)  # the machine's time must pass its due moment, while its own does not
    assert listener.received == []
    turn(sandbox, run=True)
    listener.wait_for(1, 2)


def test_retry_is_not_early(sandbox: Sandbox, listener: Listener) -> None:
    listener.answers = [500]
    id = assess(sandbox, assessmentStatusWebHook=listener.url)
    began = time.monotonic()
    act(sandbox, id, "complete")
    [delivery] = until(lambda: [d for d in sandbox.control_json("GET", "/deliveries") if d["attempts"]])
    [attempt] = delivery["attempts"]
    assert ticks(delivery["next"]) - ticks(attempt["at"]) == 3_375 * SECOND // 10
    assert turn(sandbox, advance="PT5M36S")["events"] == []
    assert listener.wait_for(2)[1].at - began >= 1.4  # of 337.5 s the advance left 1.5 s
    [again] = until(lambda: [d for d in sandbox.control_json("GET", "/deliveries") if len(d["attempts"]) == 2])
    assert ticks(again["attempts"][1]["at"]) - ticks(attempt["at"]) >= 3_375 * SECOND // 10
