"""Time: a sandbox's clock runs, stands, jumps and goes on, and what falls due happens at its own moment."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx2
import pytest

from assessment_simulator.app import VENDORS
from assessment_simulator.core.config import Config
from assessment_simulator.core.request import VendorRequest
from assessment_simulator.core.seeded_random import SeededRandom
from assessment_simulator.sandbox.clock import Clock
from assessment_simulator.sandbox.sandbox import Sandbox as World
from assessment_simulator.sandbox.state import State
from tests.server import ENDINGS, delete, restore, wait_for_responses_handled
from tests.servers import Listener, Received, Sandbox
from tests.waiting import until

PI = "/api/v1/behavioralassessments"
ADA = {"firstName": "Ada", "lastName": "Lovelace", "email": "ada@example.com"}
GAMES = "6ac4d6b5-9a3e-4d0c-8f55-0d5a3f6d2b10"
START = "2026-01-01T00:00:00.0000000Z"
SECOND = 10_000_000
HOUR = 3_600 * SECOND
DAY = 24 * HOUR


def ticks(text: str) -> int:
    """An instant with seven digits as 100 nanoseconds since 1970."""
    whole, _, fraction = text.removesuffix("Z").partition(".")
    since = datetime.fromisoformat(whole).replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    assert len(fraction) == 7, text
    return since // timedelta(seconds=1) * SECOND + int(fraction)


def after(text: str, passed: int) -> str:
    """The instant so many ticks later, with seven digits."""
    at = ticks(text) + passed
    whole = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=at // SECOND)
    return f"{whole:%Y-%m-%dT%H:%M:%S}.{at % SECOND:07d}Z"


def turn(sandbox: Sandbox, **body: Any) -> Any:
    """Turn the clock; what it answers."""
    return sandbox.control_json("POST", "/clock", body)


def freeze(sandbox: Sandbox, at: str = START) -> None:
    """Let the clock stand."""
    turn(sandbox, freeze=at)


def now(sandbox: Sandbox) -> str:
    """The time as the clock tells it."""
    at: str = sandbox.control_json("GET", "/clock")["now"]
    return at


def assess(sandbox: Sandbox, email: str = "ada@example.com", **more: Any) -> str:
    """A new assessment of The Predictive Index; its id."""
    answer = sandbox.pi.post(PI, json={**ADA, "email": email, **more})
    assert answer.status_code == 201, answer.text
    id: str = answer.json()["assessmentId"]
    return id


def order(sandbox: Sandbox, email: str = "ada@example.com", application: str = "a-1", **more: Any) -> str:
    """A new order of pymetrics; its id."""
    body = {"candidate": {"email": email}, "assessment_id": GAMES, "application_id": application, **more}
    answer = sandbox.renewed().post("/mercury/order", json=body)
    assert answer.status_code == 201, answer.text
    id: str = answer.json()["order"]["id"]
    return id


def act(sandbox: Sandbox, id: str, action: str, body: Any = None) -> Any:
    """Do something to an invitation."""
    return sandbox.control_json("POST", f"/invitations/{id}/{action}", body)


def status(sandbox: Sandbox, id: str) -> Any:
    """An invitation's status, without asking the vendor."""
    return sandbox.control_json("GET", f"/invitations/{id}")["status"]


def runs(sandbox: Sandbox, since: str) -> None:
    """The clock, which has just shown `since`, goes on, and no slower than this machine's."""
    first, began = ticks(since), time.monotonic()
    until(lambda: ticks(now(sandbox)) >= first + SECOND // 50)
    passed = time.monotonic() - began
    assert ticks(now(sandbox)) >= first + passed * SECOND


@pytest.fixture
def aside() -> Iterator[Callable[..., "Future[Any]"]]:
    """Runs something at the same time; waits for it in the end."""
    with ThreadPoolExecutor(8) as threads:
        yield threads.submit


@pytest.fixture
def gate(listener: Listener) -> Iterator[threading.Event]:
    """Until it is set the listener answers nobody; then 200."""
    opened = threading.Event()

    def answer(received: Received) -> int:
        opened.wait(20)
        return 200

    listener.answers = answer
    yield opened
    opened.set()


# The clock by itself.


def test_a_clock_runs_with_the_machines_until_somebody_turns_it(sandbox: Sandbox) -> None:
    before = time.time()
    clock = sandbox.control_json("GET", "/clock")
    assert clock == {"now": clock["now"], "mode": "running", "events": []}
    assert before - 0.1 <= ticks(clock["now"]) / SECOND <= time.time() + 0.1
    runs(sandbox, clock["now"])


INSTANTS = [
    ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00.0000000Z"),
    ("2026-01-01", "2026-01-01T00:00:00.0000000Z"),
    ("1999-12-31T23:59:59.1234567Z", "1999-12-31T23:59:59.1234567Z"),
    ("2026-01-01T00:00:00.5+02:00", "2025-12-31T22:00:00.5000000Z"),
    ("1969-12-31T23:59:59.9999999Z", "1969-12-31T23:59:59.9999999Z"),
    ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.0000000Z"),
    ("9998-12-31T23:59:59.9999999Z", "9998-12-31T23:59:59.9999999Z"),
    ("2028-02-29T12:00:00Z", "2028-02-29T12:00:00.0000000Z"),
]


@pytest.mark.parametrize(("asked", "shown"), INSTANTS)
def test_a_clock_can_stand_at_any_instant(sandbox: Sandbox, asked: str, shown: str) -> None:
    assert turn(sandbox, freeze=asked) == {"now": shown, "mode": "frozen", "events": []}
    assert sandbox.control_json("GET", "/clock") == {"now": shown, "mode": "frozen", "events": []}
    assert sandbox.control_json("GET")["now"] == shown


@pytest.mark.parametrize(("asked", "shown"), INSTANTS)
def test_both_vendors_answer_at_any_instant(sandbox: Sandbox, asked: str, shown: str) -> None:
    freeze(sandbox, asked)
    order(sandbox)
    shown_by_pi = sandbox.pi.get(f"{PI}/{assess(sandbox)}").json()
    assert shown_by_pi["assessmentDateTime"] == shown
    assert ticks(shown_by_pi["expirationDateTime"]) == ticks(shown) + 10 * DAY
    assert [i["created"] for i in sandbox.control_json("GET", "/invitations")] == [shown, shown]


DURATIONS = [
    ("PT0S", 0),
    ("PT0.0000001S", 1),
    ("PT0.00000019S", 1),
    ("PT1.5S", SECOND + SECOND // 2),
    ("PT0.5H", HOUR // 2),
    ("PT1.5M", 90 * SECOND),
    ("PT36H", 36 * HOUR),
    ("PT1H30M", HOUR + HOUR // 2),
    ("P1D", DAY),
    ("P1.5D", DAY + DAY // 2),
    ("P1DT2H3M4.5S", DAY + 2 * HOUR + 184 * SECOND + SECOND // 2),
    ("P1W", 7 * DAY),
    ("P0.5W", 84 * HOUR),
    ("P3650D", 3650 * DAY),
]


@pytest.mark.parametrize(("duration", "passed"), DURATIONS)
def test_a_frozen_clock_that_is_advanced_stands_exactly_at_its_target(
    sandbox: Sandbox, duration: str, passed: int
) -> None:
    freeze(sandbox)
    assert turn(sandbox, advance=duration) == {"now": after(START, passed), "mode": "frozen", "events": []}
    assert [now(sandbox), now(sandbox)] == [after(START, passed)] * 2


@pytest.mark.parametrize(("duration", "passed"), DURATIONS)
def test_a_running_clock_that_is_advanced_runs_on_from_its_target(sandbox: Sandbox, duration: str, passed: int) -> None:
    before = ticks(now(sandbox))
    turned = turn(sandbox, advance=duration)
    later = ticks(now(sandbox))
    assert turned["mode"] == "running"
    assert before + passed <= ticks(turned["now"]) < before + passed + 2 * SECOND
    assert ticks(turned["now"]) < later < ticks(now(sandbox))


def test_a_clock_that_is_let_run_goes_on_from_its_own_time(sandbox: Sandbox) -> None:
    freeze(sandbox, "2020-02-02T02:02:02Z")
    turned = turn(sandbox, run=True)
    assert turned["mode"] == "running"
    assert ticks("2020-02-02T02:02:02.0000000Z") <= ticks(turned["now"]) < ticks("2020-02-02T02:02:04.0000000Z")
    runs(sandbox, turned["now"])


def test_a_running_clock_that_is_let_run_keeps_its_time(sandbox: Sandbox) -> None:
    ahead = ticks(turn(sandbox, advance="P1D")["now"])
    assert ahead <= ticks(turn(sandbox, run=True)["now"]) < ahead + 2 * SECOND


def test_clocks_of_two_sandboxes_do_not_know_each_other(sandbox: Sandbox) -> None:
    other = Sandbox(sandbox.http, f"{sandbox.name}-2")
    freeze(sandbox)
    freeze(other, "2030-01-01T00:00:00Z")
    turn(sandbox, advance="P1D")
    assert (now(sandbox), now(other)) == (after(START, DAY), "2030-01-01T00:00:00.0000000Z")
    other.control("DELETE")


# What falls due.


def test_what_falls_due_is_told_in_order_and_each_at_its_own_moment(sandbox: Sandbox) -> None:
    freeze(sandbox)
    late = assess(sandbox, expirationDateTime="2026-01-02T00:00:00.0000001Z")
    slow = order(sandbox, "bo+completes-in-2h@example.com")
    quick = assess(sandbox, "cy+completes-in-10s@example.com")
    soon = assess(sandbox, expirationDateTime="2026-01-01T00:00:00.0000001Z")
    beyond = assess(sandbox, expirationDateTime="2026-01-02T00:00:00.0000002Z")
    told = turn(sandbox, advance="PT24H")
    assert told == {
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


def test_an_advance_in_many_steps_tells_what_one_advance_tells(sandbox: Sandbox) -> None:
    other = Sandbox(sandbox.http, f"{sandbox.name}-2")
    found = []
    for each, steps in ((sandbox, ["PT1M"]), (other, ["PT7S"] * 8 + ["PT4S"])):
        freeze(each)
        ids = {order(each, f"n{n}+completes-in-{n * 5}s@example.com", f"a-{n}"): n for n in range(1, 13)}
        told = [event for step in steps for event in turn(each, advance=step)["events"]]
        found.append([(event["at"], event["what"], ids[event["id"]]) for event in told])
    assert found[0] == found[1]
    assert found[0] == [(after(START, n * 5 * SECOND), "complete", n) for n in range(1, 13)]
    other.control("DELETE")


def test_until_idle_goes_on_to_the_last_thing_that_is_due_and_no_further(sandbox: Sandbox) -> None:
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


def test_until_idle_lets_a_running_clock_run_on(sandbox: Sandbox) -> None:
    order(sandbox, "bo+completes-in-1h@example.com")
    before = ticks(now(sandbox))
    turned = turn(sandbox, until_idle=True)
    assert [event["what"] for event in turned["events"]] == ["complete"]
    assert turned["mode"] == "running"
    assert before + 3_590 * SECOND < ticks(turned["now"]) < before + 3_602 * SECOND
    assert ticks(now(sandbox)) > ticks(turned["now"])


def test_an_assessment_expires_at_its_expiration_and_not_a_tick_before(sandbox: Sandbox) -> None:
    freeze(sandbox)
    id = assess(sandbox, expirationDateTime="2026-01-01T01:00:00.0000007Z")
    assert turn(sandbox, advance="PT1H0.0000006S")["events"] == []
    assert sandbox.pi.get(f"{PI}/{id}").json()["assessmentState"] == 0
    act(sandbox, id, "open")
    assert turn(sandbox, advance="PT0.0000001S")["events"] == [
        {"at": "2026-01-01T01:00:00.0000007Z", "what": "expire", "id": id}
    ]
    assert sandbox.pi.get(f"{PI}/{id}").json()["assessmentState"] == 50
    refused = sandbox.control("POST", f"/invitations/{id}/complete")
    assert refused.status_code == 409
    assert "Expired" in refused.json()["detail"]


def test_a_freeze_beyond_an_expiration_rings_it_at_its_own_moment(sandbox: Sandbox) -> None:
    freeze(sandbox)
    id = assess(sandbox, expirationDateTime="2026-01-02")
    order(sandbox, "bo+completes-in-1m@example.com")
    told = turn(sandbox, freeze="2026-03-01T00:00:00Z")
    assert [(event["at"], event["what"]) for event in told["events"]] == [
        (after(START, 60 * SECOND), "complete"),
        ("2026-01-02T23:59:59.9999999Z", "expire"),
    ]
    assert status(sandbox, id) == 50


def test_what_has_rung_does_not_ring_again_after_the_clock_was_set_back(sandbox: Sandbox, listener: Listener) -> None:
    freeze(sandbox)
    expired = assess(sandbox, expirationDateTime="2026-01-02")
    completed = assess(sandbox, "bo+completes-in-1h@example.com", assessmentStatusWebHook=listener.url)
    assert len(turn(sandbox, advance="P2D")["events"]) == 3
    for _ in range(2):
        assert turn(sandbox, freeze="2025-01-01T00:00:00Z")["events"] == []
        assert [status(sandbox, id) for id in (expired, completed)] == [50, 40]
        assert turn(sandbox, advance="P800D")["events"] == []
    assert len(listener.received) == 1


def test_what_has_not_rung_keeps_its_moment_when_the_clock_is_set_back(sandbox: Sandbox) -> None:
    freeze(sandbox)
    id = order(sandbox, "bo+completes-in-1h@example.com")
    freeze(sandbox, "2025-12-31T23:00:00Z")
    assert turn(sandbox, advance="PT1H59M59S")["events"] == []
    assert turn(sandbox, advance="PT1S")["events"] == [{"at": after(START, HOUR), "what": "complete", "id": id}]


def test_an_alarm_that_is_due_rings_before_a_call_is_answered() -> None:
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


def test_an_invitation_completes_after_the_progress_of_its_sandbox(sandbox: Sandbox) -> None:
    assert sandbox.control_json("PATCH", "/config", {"progress": "PT10S"})["progress"] == "PT10S"
    freeze(sandbox)
    mine, theirs = assess(sandbox), order(sandbox)
    rejected = order(sandbox, "bo+rejected@example.com", "a-2")
    assert turn(sandbox, advance="PT9.9999999S")["events"] == []
    assert turn(sandbox, advance="PT0.0000001S")["events"] == [
        {"at": after(START, 10 * SECOND), "what": "complete", "id": id} for id in (mine, theirs)
    ]
    sandbox.control_json("PATCH", "/config", {"progress": "manual"})
    left = assess(sandbox)
    assert turn(sandbox, advance="PT1H")["events"] == []
    assert [status(sandbox, id) for id in (mine, theirs, rejected, left)] == [40, "Completed", "Rejected", 0]


# Tokens.


def test_a_token_lives_for_an_hour_of_the_sandboxs_clock(sandbox: Sandbox) -> None:
    freeze(sandbox)
    old = sandbox.renewed()
    turn(sandbox, advance="PT59M59.9999999S")
    assert old.get("/mercury/configuration").status_code == 200
    turn(sandbox, advance="PT0.0000001S")
    refused = old.get("/mercury/configuration")
    assert (refused.status_code, refused.headers["simulator-rule"]) == (401, "pymetrics.access.token.live")
    assert sandbox.renewed().get("/mercury/configuration").status_code == 200
    freeze(sandbox)
    assert old.get("/mercury/configuration").status_code == 200


def test_a_token_is_void_after_a_reset(sandbox: Sandbox) -> None:
    old = sandbox.renewed()
    sandbox.control_json("POST", "/reset")
    for _ in range(2):
        refused = old.get("/mercury/configuration")
        assert (refused.status_code, refused.headers["simulator-rule"]) == (401, "pymetrics.access.token.known")
        assert sandbox.renewed().get("/mercury/configuration").status_code == 200


def test_a_token_outlives_a_restore(sandbox: Sandbox) -> None:
    before = sandbox.renewed()
    kept = sandbox.control_json("POST", "/snapshots")["id"]
    between = sandbox.renewed()
    sandbox.control_json("POST", f"/snapshots/{kept}/restore")
    for caller in (before, between, sandbox.renewed()):
        assert caller.get("/mercury/configuration").status_code == 200


def test_a_token_opens_neither_a_fork_nor_another_sandbox(sandbox: Sandbox) -> None:
    token = sandbox.renewed()
    fork = sandbox.control_json("POST", "/fork", {"name": f"{sandbox.name}-fork"})["name"]
    for name in (fork, f"{sandbox.name}-other"):
        refused = token.get("/mercury/configuration", headers={"X-Api-Key": f"sim-{name}"})
        assert (refused.status_code, refused.headers["simulator-rule"]) == (401, "pymetrics.access.token.known")
        Sandbox(sandbox.http, name).control("DELETE")
    assert token.get("/mercury/configuration").status_code == 200


# An advance takes a while.


def test_a_second_change_of_the_clock_during_an_advance_is_refused(
    sandbox: Sandbox, listener: Listener, gate: threading.Event, aside: Callable[..., Future[Any]]
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


def test_a_running_clock_says_so_and_stands_while_an_advance_plays(
    sandbox: Sandbox, listener: Listener, gate: threading.Event, aside: Callable[..., Future[Any]]
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


def test_vendor_calls_are_answered_during_an_advance_at_the_clocks_moment(sandbox: Sandbox, listener: Listener) -> None:
    seen: list[httpx2.Response] = []

    def answer(received: Received) -> int:
        seen.append(sandbox.pi.get(f"{PI}/{received.form['assessmentId']}"))
        seen.append(sandbox.pi.post(PI, json={**ADA, "assessmentStatusWebHook": f"{listener.url}/never"}))
        seen.append(sandbox.renewed().get("/mercury/configuration"))
        return 200

    listener.answers = answer
    freeze(sandbox)
    assess(sandbox, "bo+completes-in-1h@example.com", assessmentStatusWebHook=listener.url)
    assert [event["what"] for event in turn(sandbox, advance="P1D")["events"]] == ["complete", "attempt"]
    read, made, configuration = seen
    assert read.json()["assessmentState"] == 40
    assert read.json()["assessmentDateTime"] == made.json()["assessmentDateTime"] == after(START, HOUR)
    assert ticks(made.json()["expirationDateTime"]) == ticks(START) + HOUR + 10 * DAY
    assert {answer.headers["date"] for answer in (read, made, configuration)} == {"Thu, 01 Jan 2026 01:00:00 GMT"}


def test_what_a_vendor_call_sets_off_during_an_advance_happens_in_it(sandbox: Sandbox, listener: Listener) -> None:
    chain = ["bo+completes-in-1h@example.com", "cy+completes@example.com", "di+completes-in-1d@example.com"]

    def answer(received: Received) -> int:
        if chain:
            assess(sandbox, chain.pop(0), assessmentStatusWebHook=listener.url)
        return 200

    listener.answers = answer
    freeze(sandbox)
    assess(sandbox, "ada+completes@example.com", assessmentStatusWebHook=listener.url)
    told = turn(sandbox, advance="P1D")["events"]
    assert [(event["at"], event["what"]) for event in told if event["what"] == "complete"] == [
        (after(START, HOUR), "complete"), (after(START, HOUR), "complete"),
    ]  # fmt: skip
    listener.wait_for(3)
    assert turn(sandbox, advance="PT1H")["events"][0]["at"] == after(START, HOUR + DAY)
    assert len(listener.received) == 4


def test_an_advance_waits_for_what_was_on_its_way_before_it(
    sandbox: Sandbox, listener: Listener, gate: threading.Event, aside: Callable[..., Future[Any]]
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
def test_what_ends_an_epoch_ends_an_advance_and_nothing_of_it_acts_any_more(
    sandbox: Sandbox,
    listener: Listener,
    gate: threading.Event,
    aside: Callable[..., Future[Any]],
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


def test_everybody_else_is_answered_during_a_long_advance(
    sandbox: Sandbox, aside: Callable[..., Future[Any]], http: httpx2.Client
) -> None:
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


def test_of_two_advances_at_once_one_is_refused(
    sandbox: Sandbox, listener: Listener, gate: threading.Event, aside: Callable[..., Future[Any]]
) -> None:
    freeze(sandbox)
    assess(sandbox, "bo+completes-in-1h@example.com", assessmentStatusWebHook=listener.url)
    answers = [aside(sandbox.control, "POST", "/clock", {"advance": "P1D"}) for _ in range(6)]
    until(lambda: sum(answer.done() for answer in answers) == 5)
    gate.set()
    assert sorted(answer.result().status_code for answer in answers) == [200] + [409] * 5
    assert now(sandbox) == after(START, DAY)


def test_an_advance_goes_on_when_its_caller_hangs_up(
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


def test_a_chain_without_an_end_is_ended_by_a_reset(
    sandbox: Sandbox, listener: Listener, aside: Callable[..., Future[Any]]
) -> None:
    def answer(received: Received) -> int:
        if len(listener.received) < 40:
            assess(sandbox, "bo+completes-in-1h@example.com", assessmentStatusWebHook=listener.url)
        return 200

    listener.answers = answer
    freeze(sandbox)
    assess(sandbox, "bo+completes@example.com", assessmentStatusWebHook=listener.url)
    turned = aside(sandbox.control, "POST", "/clock", {"until_idle": True})
    listener.wait_for(10)
    assert sandbox.control_json("GET", "/clock")["mode"] == "frozen"
    sandbox.control_json("POST", "/reset")
    assert turned.result(5).status_code == 409
    events = [event["what"] for event in turned.result(5).json()["events"]]
    # The first attempt may have been made before the advance began, the tenth not be over when the reset came.
    assert events.count("complete") >= 9
    assert events.count("attempt") >= 8


@pytest.mark.parametrize("mode", ["frozen", "running"])
def test_a_snapshot_taken_during_an_advance_brings_back_its_moment_and_mode(
    sandbox: Sandbox, listener: Listener, gate: threading.Event, aside: Callable[..., Future[Any]], mode: str
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


def test_a_restore_brings_back_the_time_of_a_running_clock(sandbox: Sandbox) -> None:
    turn(sandbox, advance="P10D")
    kept = sandbox.control_json("POST", "/snapshots")["id"]
    taken = ticks(turn(sandbox, advance="P10D")["now"]) - 10 * DAY
    turn(sandbox, freeze=START)
    sandbox.control_json("POST", f"/snapshots/{kept}/restore")
    back = sandbox.control_json("GET", "/clock")
    assert back["mode"] == "running"
    assert abs(ticks(back["now"]) - taken) < 2 * SECOND


def test_a_fork_has_a_clock_of_its_own_that_runs_with_the_machines(sandbox: Sandbox) -> None:
    freeze(sandbox)
    fork = Sandbox(sandbox.http, sandbox.control_json("POST", "/fork", {"name": f"{sandbox.name}-f"})["name"])
    clock = fork.control_json("GET", "/clock")
    assert clock["mode"] == "running"
    assert abs(ticks(clock["now"]) / SECOND - time.time()) < 5
    assert now(sandbox) == START
    fork.control("DELETE")


def test_an_advance_may_be_reset_from_inside_a_webhook(sandbox: Sandbox, listener: Listener) -> None:
    def answer(received: Received) -> int:
        sandbox.control_json("POST", "/reset")
        return 500

    listener.answers = answer
    freeze(sandbox)
    assess(sandbox, "bo+completes-in-1h@example.com", assessmentStatusWebHook=listener.url)
    assert sandbox.control("POST", "/clock", {"advance": "P1D"}).status_code == 409
    assert sandbox.control_json("GET", "/invitations") == sandbox.control_json("GET", "/deliveries") == []
    assert turn(sandbox, advance="P1D")["events"] == []
    assert len(listener.received) == 1


# What cannot be done.

NO_TURN = [
    {},
    {"freeze": "2026-01-01T00:00:00Z", "advance": "PT1S"},
    {"run": True, "until_idle": True},
    {"run": False},
    {"until_idle": False},
    {"freeze": None},
    {"freeze": ""},
    {"advance": ""},
    {"freeze": "yesterday"},
    {"freeze": "2026-13-01T00:00:00Z"},
    {"freeze": "2026-02-29T00:00:00Z"},
    {"freeze": "2026-01-01T24:00:00Z"},
    {"freeze": "2026-01-01T00:00:00.12345678Z"},
    {"freeze": "0001-01-01T00:00:00+01:00"},
    {"freeze": 1_767_225_600},
    {"freeze": "9999-01-01T00:00:00Z"},
    {"freeze": "9999-12-31T23:59:59Z"},
    {"advance": "24h"},
    {"advance": "P"},
    {"advance": "PT"},
    {"advance": "P1DT"},
    {"advance": "P1Y"},
    {"advance": "P1M"},
    {"advance": "-PT1S"},
    {"advance": "PT-1S"},
    {"advance": "PT1.S"},
    {"advance": "PT\u0661S"},
    {"advance": 60},
    {"advance": "P9999999D"},
    {"advance": "P2913000D"},
    {"advance": "PT" + "9" * 5_000 + "S"},
    {"advance": "PT0." + "9" * 5_000 + "S"},
    {"until_idle": "yes"},
    {"run": 1},
    {"rewind": "PT1S"},
    {"advance": "PT1S", "then": "PT1S"},
    [],
    None,
    "PT1S",
]


@pytest.mark.parametrize("body", NO_TURN, ids=lambda body: repr(body)[:60])
def test_a_wish_that_makes_no_sense_is_refused_with_a_hint_and_changes_nothing(sandbox: Sandbox, body: Any) -> None:
    freeze(sandbox)
    path = f"/_simulator/sandboxes/{sandbox.name}/clock"
    refused = sandbox.http.post(path, json=body)
    assert refused.status_code == 422, refused.text
    assert refused.headers["content-type"] == "application/problem+json"
    assert len(refused.json()["detail"]) > 20
    assert sandbox.control_json("GET", "/clock") == {"now": START, "mode": "frozen", "events": []}


def test_a_wish_that_is_no_json_is_refused_with_a_hint(sandbox: Sandbox) -> None:
    refused = sandbox.http.post(f"/_simulator/sandboxes/{sandbox.name}/clock", content=b"{advance: PT1S}")
    assert refused.status_code == 400
    assert "JSON" in refused.json()["detail"]


@pytest.mark.parametrize("progress", ["PT" + "9" * 5_000 + "S", "10s", "P1Y", ""], ids=lambda text: text[:20])
def test_a_progress_that_is_no_duration_is_refused(sandbox: Sandbox, progress: str) -> None:
    refused = sandbox.control("PATCH", "/config", {"progress": progress})
    assert refused.status_code == 422
    assert "PT10S" in refused.json()["detail"]


END = "9999-12-31T23:59:59.9999999Z"


def sound(sandbox: Sandbox) -> None:
    """Everything that shows a time still answers."""
    assert ticks(now(sandbox)) <= ticks(END)
    assert sandbox.pi.get(PI).status_code == 200
    assert sandbox.renewed().get("/mercury/configuration").status_code == 200
    for path in ("", "/invitations", "/deliveries", "/mail", "/clock"):
        sandbox.control_json("GET", path)


@pytest.mark.parametrize("mode", ["frozen", "running"])
def test_a_retry_that_would_be_due_after_the_last_instant_harms_nothing(
    sandbox: Sandbox, listener: Listener, mode: str
) -> None:
    listener.answers = [500]
    sandbox.control_json("PATCH", "/config", {"webhook_url": listener.url})
    freeze(sandbox, "9998-11-01T00:00:00Z")
    if mode == "running":
        turn(sandbox, run=True)
    assess(sandbox, expirationDateTime="9999-12-31")
    sound(sandbox)
    turn(sandbox, until_idle=True)
    sound(sandbox)
    act(sandbox, order(sandbox), "start")
    listener.wait_for(1)
    sound(sandbox)
    turn(sandbox, until_idle=True)
    sound(sandbox)


def test_a_delay_that_ends_after_the_last_instant_harms_nothing(sandbox: Sandbox, listener: Listener) -> None:
    listener.answers = [500]
    freeze(sandbox, "9998-11-01T00:00:00Z")
    order(sandbox, "ada+completes-in-999999d@example.com")
    assess(sandbox, "ada+completes-in-999999d@example.com", assessmentStatusWebHook=listener.url)
    sound(sandbox)
    turn(sandbox, until_idle=True)
    sound(sandbox)


def test_a_progress_that_ends_after_the_last_instant_harms_nothing(sandbox: Sandbox) -> None:
    freeze(sandbox, "9998-11-01T00:00:00Z")
    if sandbox.control("PATCH", "/config", {"progress": "P3650D"}).status_code == 200:
        order(sandbox)
        assess(sandbox)
        turn(sandbox, until_idle=True)
        sound(sandbox)


def test_a_sandbox_can_leave_the_far_future_again(sandbox: Sandbox) -> None:
    freeze(sandbox, "9998-11-01T00:00:00Z")
    id = assess(sandbox, expirationDateTime="9999-12-31")
    assert turn(sandbox, until_idle=True)["events"] == [{"at": END, "what": "expire", "id": id}]
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
    told = sandbox.pymetrics.get(f"/mercury/getOrder/{theirs}?report=true").json()
    at, six = "2031-05-04T03:02:01.0987654Z", "2031-05-04T03:02:01.098765+00:00"
    assert sandbox.pi.get(f"{PI}/{mine}").json()["assessmentDateTime"] == at
    assert [told["create_date"], told["results"][0]["create_date"], told["reports"][0]["create_date"]] == [six] * 3
    assert [mail["at"] for mail in sandbox.control_json("GET", "/mail")] == [at, at]
    assert {i["created"] for i in sandbox.control_json("GET", "/invitations")} == {at}
    attempts = [a for d in sandbox.control_json("GET", "/deliveries") for a in d["attempts"]]
    assert {attempt["at"] for attempt in attempts} == {at}
    for received in listener.wait_for(2):
        assert received.headers["webhook-timestamp"] == str(ticks(at) // SECOND)
        assert received.json["timestamp"] == six
    assert sandbox.control_json("GET")["now"] == at


ANSWERS: list[Callable[[Sandbox], httpx2.Response]] = [
    lambda s: s.pi.post(PI, json=ADA),
    lambda s: s.pi.get(PI),
    lambda s: s.pi.get(f"{PI}/nobody"),
    lambda s: s.pi.post(PI, json={}),
    lambda s: s.pi.post(PI, content=b"{", headers={"content-type": "application/json"}),
    lambda s: s.pi.post(PI, content=b"x", headers={"content-type": "text/plain"}),
    lambda s: s.pymetrics.get("/mercury/configuration"),
    lambda s: s.pymetrics.get("/mercury/getOrder/nobody"),
    lambda s: s.pymetrics.get("/mercury/configuration", headers={"Authorization": "Bearer x"}),
    lambda s: s.pymetrics.post("/mercury/order", json={}),
    lambda s: s.pi.get("/api/v1/nothing"),
    lambda s: s.pi.request("DELETE", PI),
    lambda s: s.pi.request("HEAD", PI),
    lambda s: s.pi.post(PI, content=b" " * 1_100_000, headers={"content-type": "application/json"}),
    lambda s: s.pymetrics.get("/mercury/nothing"),
    lambda s: s.pymetrics.get("/mercury/order"),
]


@pytest.mark.parametrize("number", range(len(ANSWERS)))
def test_the_date_of_every_answer_to_a_known_caller_is_the_clocks(sandbox: Sandbox, number: int) -> None:
    freeze(sandbox, "2031-05-04T03:02:01Z")
    answer = ANSWERS[number](sandbox)
    assert parsedate_to_datetime(answer.headers["date"]) == datetime(2031, 5, 4, 3, 2, 1, tzinfo=UTC), (
        answer.request.url
    )


# Time that passes by itself.


def test_an_invitation_completes_by_itself_when_its_second_has_passed(sandbox: Sandbox, listener: Listener) -> None:
    began = time.monotonic()
    id = assess(sandbox, "ada+completes-in-1s@example.com", assessmentStatusWebHook=listener.url)
    [received] = listener.wait_for(1)
    assert 1.0 <= received.at - began < 5
    assert received.form["assessmentId"] == id
    assert status(sandbox, id) == 40


def test_an_alarm_that_is_due_sooner_than_the_one_waited_for_rings_in_time(
    sandbox: Sandbox, listener: Listener
) -> None:
    sandbox.control_json("PATCH", "/config", {"default_webhook_url": listener.url})
    far = assess(sandbox, "ada+completes-in-2h@example.com")
    near = assess(sandbox, "bo+completes-in-1s@example.com")
    assert [received.form["assessmentId"] for received in listener.wait_for(1)] == [near]
    assert status(sandbox, far) == 0


def test_a_clock_that_jumped_rings_the_rest_in_time(sandbox: Sandbox, listener: Listener) -> None:
    id = assess(sandbox, "ada+completes-in-1h@example.com", assessmentStatusWebHook=listener.url)
    assert turn(sandbox, advance="PT59M59.5S")["events"] == []
    [received] = listener.wait_for(1, 2)
    assert received.form["assessmentId"] == id


def test_a_frozen_clock_rings_nothing_until_it_runs_again(sandbox: Sandbox, listener: Listener) -> None:
    assess(sandbox, "ada+completes-in-1s@example.com", assessmentStatusWebHook=listener.url)
    freeze(sandbox, now(sandbox))
    time.sleep(1.3)  # the machine's time must pass its due moment, while its own does not
    assert listener.received == []
    turn(sandbox, run=True)
    listener.wait_for(1, 2)


def test_a_retry_does_not_come_early(sandbox: Sandbox, listener: Listener) -> None:
    listener.answers = [500]
    id = assess(sandbox, assessmentStatusWebHook=listener.url)
    act(sandbox, id, "complete")
    [delivery] = until(lambda: [d for d in sandbox.control_json("GET", "/deliveries") if d["attempts"]])
    [attempt] = delivery["attempts"]
    assert ticks(delivery["next"]) - ticks(attempt["at"]) == 3_375 * SECOND // 10
    assert turn(sandbox, advance="PT5M36S")["events"] == []
    first, second = listener.wait_for(2)
    assert second.at - first.at >= 1.3  # of five minutes and 37.5 s, 1.5 s were left


def test_a_tenth_of_a_second_after_its_end_an_assessment_shows_as_expired(sandbox: Sandbox) -> None:
    end = after(now(sandbox), 3 * SECOND // 10)
    id = assess(sandbox, expirationDateTime=end)
    assert status(sandbox, id) == 0
    until(lambda: ticks(now(sandbox)) >= ticks(end) + SECOND // 10)
    assert status(sandbox, id) == 50


def test_a_late_timer_is_never_seen(sandbox: Sandbox) -> None:
    end = after(now(sandbox), 2 * SECOND // 10)
    id = assess(sandbox, expirationDateTime=end)
    late: list[tuple[str, Any]] = []

    def look() -> None:
        before = ""
        while not before or ticks(before) < ticks(end) + 15 * SECOND // 100:
            before = now(sandbox)
            shown = status(sandbox, id)
            if ticks(before) >= ticks(end) and shown != 50:
                late.append((before, shown))

    watchers = [threading.Thread(target=look) for _ in range(3)]
    for watcher in watchers:
        watcher.start()
    for watcher in watchers:
        watcher.join()
    assert late == []
    assert status(sandbox, id) == 50
