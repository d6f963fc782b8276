"""Webhooks over real connections: form, retries, isolation of slow listeners, replays, and what ends pending ones.

tests/core and tests/vendors prove schedule, signature and content; the contracts every status of a response, order and
Basic authentication; `test_webhook_client` the client by itself, `test_egress` where webhooks may go.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from itertools import pairwise
from typing import Any

import pytest

from tests.server import ENDINGS, GAMES, ROOT, connect, problem, wait_for_responses_handled
from tests.server.clock import ADA, HOUR, PI, SECOND, START, act, after, assess, freeze, order, ticks, turn
from tests.servers import Listener, Received, Sandbox
from tests.waiting import until, wait_for_requests_read

MINUTE = 60 * SECOND
INITIAL_BACKOFF = 3_375 * SECOND // 10
GAPS = [INITIAL_BACKOFF << n for n in range(8)]


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
    assert len(deliveries) == 1, deliveries
    return deliveries[0]


@pytest.fixture
def other(sandbox: Sandbox) -> Iterator[Sandbox]:
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
    assert took < 10, "it waited in real time"


def test_running_clock_keeps_the_same_backoff(sandbox: Sandbox, listener: Listener) -> None:
    listener.answers = [503]
    complete(sandbox, listener.url)
    listener.wait_for(1)
    turn(sandbox, advance="PT24H")
    at = [ticks(attempt["at"]) for attempt in only(sandbox.control_json("GET", "/deliveries"))["attempts"]]
    assert [later - earlier for earlier, later in pairwise(at)] == GAPS


def test_webhook_is_retried_after_the_backoff_and_not_a_tick_earlier(frozen: Sandbox, listener: Listener) -> None:
    listener.answers = [503, 200]
    complete(frozen, listener.url)
    pending = only(settle(frozen))
    assert (pending["state"], pending["next"]) == ("pending", after(START, INITIAL_BACKOFF))
    assert turn(frozen, advance="PT5M37.4999999S")["events"] == []
    assert len(listener.received) == 1
    [event] = turn(frozen, advance="PT0.0000001S")["events"]
    assert event == {"at": after(START, INITIAL_BACKOFF), "what": "attempt", "id": pending["id"]}
    delivered = only(settle(frozen))
    assert [attempt["status"] for attempt in delivered["attempts"]] == [503, 200]
    assert (delivered["state"], delivered["next"]) == ("delivered", None)


def test_timeout_is_retried(frozen: Sandbox, listener: Listener) -> None:
    frozen.control_json("PATCH", "/config", {"webhook_timeout": 0.2})
    listener.delay = 5
    complete(frozen, listener.url)
    began = time.monotonic()
    pending = only(settle(frozen))
    assert time.monotonic() - began < 4
    [attempt] = pending["attempts"]
    assert (pending["state"], attempt["status"], pending["next"]) == ("pending", None, after(START, INITIAL_BACKOFF))
    assert "0.2" in attempt["error"]
    assert 0.19 <= attempt["duration"] < 4
    listener.delay = 0
    turn(frozen, advance="PT6M")
    assert only(settle(frozen))["state"] == "delivered"


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
    assert {name: seconds for name, seconds in effects.items() if seconds > 0.5} == {}


def test_at_most_eight_attempts_at_once_for_a_sandbox_and_origin(
    frozen: Sandbox, other: Sandbox, aside: Callable[..., "Future[Any]"]
) -> None:
    lock, now, most = threading.Lock(), Counter[str](), Counter[str]()

    def answer(received: Received) -> int:
        with lock:
            now[received.path] += 1
            most[received.path] = max(most[received.path], now[received.path])
        time.sleep(0.1)  # a slow listener: all attempts that may run at once have begun by then
        with lock:
            now[received.path] -= 1
        return 200

    with Listener(answer) as busy:
        for sandbox, path in ((frozen, "/a"), (other, "/b")):
            sandbox.control_json("PATCH", "/config", {"progress": "PT1H"})
            for _ in range(20):
                assess(sandbox, assessmentStatusWebHook=f"{busy.url}{path}")
        for turned in [aside(turn, sandbox, advance="PT1H") for sandbox in (frozen, other)]:
            turned.result()
        assert len(busy.received) == 40
    assert most == {"/a": 8, "/b": 8}


def test_listener_can_call_the_server_while_it_handles_the_webhook(frozen: Sandbox, listener: Listener) -> None:
    read, statuses = list[Any](), list[int]()

    def answer(received: Received) -> int:
        read.append(frozen.pi.get(f"{PI}/{received.form['assessmentId']}").json())
        statuses.append(frozen.control("POST", "/clock", {"advance": "PT1S"}).status_code)
        statuses.append(frozen.control("GET", "/deliveries").status_code)
        return 200

    listener.answers = answer
    for n in range(30):
        assess(frozen, f"n{n}+completes-in-1h@example.com", assessmentStatusWebHook=listener.url)
    assert len(turn(frozen, advance="PT2H")["events"]) == 60
    assert {(one["assessmentState"], one["assessmentDateTime"]) for one in read} == {(40, after(START, HOUR))}
    assert (statuses.count(409), statuses.count(200)) == (30, 30), "one advance at a time"


# Egress policy.


def test_policy_holds_for_configured_urls_and_replays(frozen: Sandbox) -> None:
    url = "http://169.254.169.254/"
    frozen.control_json("PATCH", "/config", {"default_webhook_url": url, "webhook_url": url})
    complete(frozen, None)
    act(frozen, order(frozen), "start")
    assert [d["attempts"][0]["error"] for d in settle(frozen)] == ["refused by policy"] * 2
    for delivery in settle(frozen):
        frozen.control_json("POST", f"/deliveries/{delivery['id']}/replay")
    assert [d["attempts"][0]["error"] for d in settle(frozen)] == ["refused by policy"] * 4


# Replays, and deliveries that wait for others.


def test_delivery_shows_its_attempts_and_the_next_one(frozen: Sandbox, listener: Listener) -> None:
    listener.answers = [503, 204]
    url = listener.url.replace("http://", "http://user:secret@") + "/hook"
    id = complete(frozen, url, externalId="x")
    pending = only(settle(frozen))
    [attempt] = pending["attempts"]
    assert pending == {
        "id": pending["id"], "created": START, "vendor": "predictive_index", "invitation": id,
        "event": "Completed (40)", "url": url.replace("user:secret", "***"), "state": "pending",
        "next": after(START, INITIAL_BACKOFF),
        "attempts": [{"number": 1, "at": START, "status": 503, "error": None, "duration": attempt["duration"]}],
    }  # fmt: skip
    assert 0 < attempt["duration"] < 5
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


def test_unknown_delivery_is_404(sandbox: Sandbox) -> None:
    problem(sandbox.control("GET", "/deliveries/nothing"), 404, "nothing")
    problem(sandbox.control("POST", "/deliveries/nothing/replay"), 404, "nothing")


BAD_REPLAYS = [{"url": "ftp://example.com/"}, {"url": "example.com"}, {"url": ""}, {"url": 1}, {"to": "http://a/"}, []]


@pytest.mark.parametrize("body", BAD_REPLAYS, ids=repr)
def test_replay_with_an_invalid_body_is_422(frozen: Sandbox, listener: Listener, body: Any) -> None:
    complete(frozen, listener.url)
    first = only(settle(frozen))
    problem(frozen.control("POST", f"/deliveries/{first['id']}/replay", body), 422, "url" if body else "object")
    assert settle(frozen) == [first]


@pytest.mark.parametrize("answer", [200, 400, 500])
def test_replay_is_a_new_delivery_of_the_same_event_with_retries_of_its_own(
    frozen: Sandbox, listener: Listener, answer: int
) -> None:
    listener.answers = [answer] * (9 if answer == 500 else 1) + [503, 200]
    complete(frozen, listener.url)
    turn(frozen, advance="P2D")
    first = only(settle(frozen))
    made = frozen.control_json("POST", f"/deliveries/{first['id']}/replay")
    now = after(START, 48 * HOUR)
    assert made == {**first, "id": made["id"], "created": now, "state": "pending", "next": now, "attempts": []}
    assert made["id"] != first["id"]
    turn(frozen, advance="PT1H")
    before, again = settle(frozen)
    assert before == first
    assert (again["id"], again["state"]) == (made["id"], "delivered")
    assert [(attempt["number"], attempt["status"]) for attempt in again["attempts"]] == [(1, 503), (2, 200)]
    assert len({received.body for received in listener.received}) == 1


def test_replay_of_a_pending_delivery_does_not_wait_for_its_retries(frozen: Sandbox, listener: Listener) -> None:
    listener.answers = [500, 200]
    complete(frozen, f"{listener.url}/first")
    first = only(settle(frozen))
    frozen.control_json("POST", f"/deliveries/{first['id']}/replay", {"url": f"{listener.url}/second"})
    assert [delivery["state"] for delivery in settle(frozen)] == ["pending", "delivered"]
    assert [received.path for received in listener.received] == ["/first", "/second"]


def test_delivery_behind_another_of_its_invitation_has_no_next_attempt(frozen: Sandbox, listener: Listener) -> None:
    listener.answers = [500, 200]
    frozen.control_json("PATCH", "/config", {"webhook_url": listener.url})
    id = order(frozen)
    act(frozen, id, "start")
    act(frozen, id, "complete")
    assert [delivery["next"] for delivery in settle(frozen)] == [after(START, GAPS[0]), None]


# Reset, restore and delete.


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
    complete(frozen, listener.url)
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


def test_restore_brings_back_pending_retries(frozen: Sandbox, listener: Listener) -> None:
    listener.answers = [500, 500, 200]
    complete(frozen, listener.url)
    turn(frozen, advance="PT10M")
    kept = frozen.control_json("POST", "/snapshots")["id"]
    for _ in range(2):
        assert turn(frozen, advance="P1D")["events"][0]["at"] == after(START, 3 * INITIAL_BACKOFF)
        assert only(settle(frozen))["state"] == "delivered"
        frozen.control_json("POST", f"/snapshots/{kept}/restore")
        back = only(settle(frozen))
        assert (back["state"], len(back["attempts"]), back["next"]) == ("pending", 2, after(START, 3 * INITIAL_BACKOFF))


# pymetrics: the extension.


def test_id_and_body_are_the_same_in_retries_and_replays(frozen: Sandbox, listener: Listener) -> None:
    listener.answers = [500, 500, 200]
    frozen.control_json("PATCH", "/config", {"webhook_url": listener.url})
    act(frozen, order(frozen), "start")
    turn(frozen, advance="PT1H")
    frozen.control_json("POST", f"/deliveries/{only(settle(frozen))['id']}/replay")
    settle(frozen)
    assert len({(received.headers["webhook-id"], received.body) for received in listener.received}) == 1
    moments = [0, INITIAL_BACKOFF, 3 * INITIAL_BACKOFF, HOUR]
    assert [received.headers["webhook-timestamp"] for received in listener.received] == [
        str((ticks(START) + passed) // SECOND) for passed in moments
    ]
    assert len({received.headers["webhook-signature"] for received in listener.received}) == 4


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


def test_changed_webhook_url_does_not_affect_pending_deliveries(frozen: Sandbox, listener: Listener) -> None:
    listener.answers = [500, 200]
    frozen.control_json("PATCH", "/config", {"webhook_url": f"{listener.url}/old"})
    act(frozen, order(frozen), "start")
    settle(frozen)
    frozen.control_json("PATCH", "/config", {"webhook_url": f"{listener.url}/new"})
    turn(frozen, advance="PT1H")
    assert [received.path for received in listener.received] == ["/old", "/old"]


def test_deleting_a_sandbox_during_a_slow_request_is_no_500(sandbox: Sandbox) -> None:
    head = f"POST {ROOT}/{sandbox.name}/clock HTTP/1.1\r\nhost: x\r\ncontent-length: 18\r\n\r\n"
    with connect(sandbox.url) as slow:
        slow.sendall(head.encode())
        wait_for_requests_read(sandbox.url)
        sandbox.control_json("DELETE")
        slow.sendall(b'{"advance":"PT1S"}')
        answer = slow.recv(65_536)
    assert answer.startswith(b"HTTP/1.1 ")
    assert not answer.startswith(b"HTTP/1.1 500"), answer
