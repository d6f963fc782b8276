"""Steering by data: a tag in the candidate's e-mail address chooses what becomes of the invitation."""

from typing import Any

import httpx2
import pytest

from tests.server.clock import DAY, HOUR, PI, SECOND, START, act, after, assess, freeze, order, status, turn
from tests.servers import Listener, Sandbox

NOT_STARTED = "Not Started"
MINUTE = 60 * SECOND


@pytest.fixture
def frozen(sandbox: Sandbox) -> Sandbox:
    """A sandbox whose clock stands at START."""
    freeze(sandbox)
    return sandbox


# What is in the address, the PI state and the pymetrics status at once, and what happens later: (when, what) or None.
TAGS: list[tuple[str, int, str, tuple[int, str] | None]] = [
    ("", 0, NOT_STARTED, None),
    ("+completes", 40, "Completed", None),
    ("+completes-in-10s", 0, NOT_STARTED, (10 * SECOND, "complete")),
    ("+completes-in-90s", 0, NOT_STARTED, (90 * SECOND, "complete")),
    ("+completes-in-5m", 0, NOT_STARTED, (5 * MINUTE, "complete")),
    ("+completes-in-2h", 0, NOT_STARTED, (2 * HOUR, "complete")),
    ("+completes-in-3d", 0, NOT_STARTED, (3 * DAY, "complete")),
    ("+completes-in-0s", 40, "Completed", None),
    ("+completes-in-007m", 0, NOT_STARTED, (7 * MINUTE, "complete")),
    ("+expires", 50, "Expired", None),
    ("+abandons", 30, "In Progress", None),
    ("+rejected", 0, "Rejected", None),
    ("+score-high", 0, NOT_STARTED, None),
    ("+score-low", 0, NOT_STARTED, None),
    ("+score-high+completes", 40, "Completed", None),
    ("+completes+score-low", 40, "Completed", None),
    ("+team+completes", 40, "Completed", None),
    ("+completes+expires", 40, "Completed", None),
    ("+expires+completes", 50, "Expired", None),
    ("+completes-in-1h+completes", 0, NOT_STARTED, (HOUR, "complete")),
    ("+completes+completes-in-1h", 40, "Completed", None),
    ("+rejected+completes", 0, "Rejected", None),
    ("+completes+rejected", 40, "Completed", None),
    ("+COMPLETES", 40, "Completed", None),
    ("+Completes-In-10S", 0, NOT_STARTED, (10 * SECOND, "complete")),
    ("+EXPIRES", 50, "Expired", None),
    ("+team", 0, NOT_STARTED, None),
    ("+", 0, NOT_STARTED, None),
    ("++completes", 40, "Completed", None),
    ("+complete", 0, NOT_STARTED, None),
    ("+completes.now", 0, NOT_STARTED, None),
    ("+completes-in-10", 0, NOT_STARTED, None),
    ("+completes-in-s", 0, NOT_STARTED, None),
    ("+completes-in-10w", 0, NOT_STARTED, None),
    ("+completes-in--10s", 0, NOT_STARTED, None),
    ("+completes-in-1.5s", 0, NOT_STARTED, None),
    ("+completes-in-1234567s", 0, NOT_STARTED, None),
    ("+score-highest+completes", 40, "Completed", None),
    ("completes", 0, NOT_STARTED, None),
]


@pytest.mark.parametrize(("tags", "state", "_status", "later"), TAGS, ids=[tags or "none" for tags, *_ in TAGS])
def test_a_tag_steers_an_assessment_of_the_predictive_index(
    frozen: Sandbox, tags: str, state: int, _status: str, later: tuple[int, str] | None
) -> None:
    created = frozen.pi.post(PI, json={"firstName": "A", "lastName": "B", "email": f"ada{tags}@example.com"})
    assert (created.status_code, created.json()["assessmentState"]) == (201, 0)
    id = created.json()["assessmentId"]
    assert frozen.pi.get(f"{PI}/{id}").json()["assessmentState"] == state
    events = turn(frozen, advance="P9D")["events"]
    assert events == ([{"at": after(START, later[0]), "what": later[1], "id": id}] if later else [])
    assert status(frozen, id) == (40 if later else state)


@pytest.mark.parametrize(("tags", "_state", "shown", "later"), TAGS, ids=[tags or "none" for tags, *_ in TAGS])
def test_a_tag_steers_an_order_of_pymetrics(
    frozen: Sandbox, tags: str, _state: int, shown: str, later: tuple[int, str] | None
) -> None:
    id = order(frozen, f"ada{tags}@example.com")
    assert status(frozen, id) == shown
    events = turn(frozen, advance="P9D")["events"]
    assert events == ([{"at": after(START, later[0]), "what": later[1], "id": id}] if later else [])
    assert status(frozen, id) == ("Completed" if later else shown)
    read = frozen.renewed().get(f"/mercury/getOrder/{id}").json()
    final = "Completed" if later else shown
    assert read["status"] == ("Fulfilled" if final == "Completed" else final)
    assert (read["results"] is not None) is (final == "Completed")


@pytest.mark.parametrize("address", ["ada@completes+completes.example.com", "ada@example+completes.com"])
def test_only_what_stands_before_the_at_sign_steers(frozen: Sandbox, address: str) -> None:
    assert status(frozen, assess(frozen, address)) == 0
    assert status(frozen, order(frozen, address)) == NOT_STARTED


def test_what_steers_one_does_not_steer_another(frozen: Sandbox) -> None:
    plain, steered = assess(frozen), assess(frozen, "ada+completes@example.com")
    assert [status(frozen, id) for id in (plain, steered)] == [0, 40]


# Scores.


def drawn_by_pi(sandbox: Sandbox, email: str, body: Any = None) -> list[float]:
    """Every factor of the own, concept and synthesis graphs of a completed assessment."""
    id = assess(sandbox, email)
    if status(sandbox, id) != 40:
        act(sandbox, id, "complete", body)
    shown = sandbox.pi.get(f"{PI}/{id}").json()
    graphs = ("selfSigmaScore", "selfConceptSigmaScore", "synthesisSigmaScore")
    return [value for graph in graphs for value in shown[graph][0].values()]


@pytest.mark.parametrize("completing", ["", "+completes"])
@pytest.mark.parametrize("tag", ["+score-high", "+SCORE-HIGH", "+score-low"])
def test_a_score_tag_leans_every_sigma_to_its_side(frozen: Sandbox, tag: str, completing: str) -> None:
    side = 1 if "high" in tag.lower() else -1
    for n in range(5):
        assert all(value * side > 0 for value in drawn_by_pi(frozen, f"n{n}{tag}{completing}@example.com"))


def test_without_a_tag_sigmas_lie_on_both_sides(frozen: Sandbox) -> None:
    drawn = [value for n in range(5) for value in drawn_by_pi(frozen, f"n{n}@example.com")]
    assert min(drawn) < 0 < max(drawn)


def scored(sandbox: Sandbox, email: str, application: str) -> tuple[float, str]:
    """Score and band of an order, completed."""
    id = order(sandbox, email, application)
    if status(sandbox, id) == NOT_STARTED:
        act(sandbox, id, "complete")
    [result] = sandbox.pymetrics.get(f"/mercury/getOrder/{id}").json()["results"]
    return result["score"], result["band"]


def test_high_scores_are_above_low_ones_and_their_bands_say_so(frozen: Sandbox) -> None:
    high = [scored(frozen, f"n{n}+score-high@example.com", str(n)) for n in range(8)]
    low = [scored(frozen, f"n{n}+score-low+completes@example.com", str(n)) for n in range(8)]
    assert min(score for score, _ in high) > max(score for score, _ in low)
    assert {band for _, band in high} == {"Highly Recommended"}
    assert {band for _, band in low} == {"Not Recommended"}


def test_of_two_score_tags_the_first_counts(frozen: Sandbox) -> None:
    assert scored(frozen, "a+score-high+score-low@example.com", "1")[1] == "Highly Recommended"
    assert scored(frozen, "a+score-low+score-high@example.com", "2")[1] == "Not Recommended"


def test_scores_that_are_given_win_over_a_tag(frozen: Sandbox) -> None:
    body = {"scores": {"selfSigmaScore": {"aSigma": -2.25}}}
    values = drawn_by_pi(frozen, "ada+score-high@example.com", body)
    assert values[0] == -2.25
    assert all(value > 0 for value in values[1:5])


# Who is meant.


def test_a_reassessment_without_an_address_is_steered_by_the_persons(frozen: Sandbox) -> None:
    first = assess(frozen, "ada+completes-in-1h+score-low@example.com", externalPersonId="p-1", externalId="e-1")
    turn(frozen, advance="PT30M")
    again = [frozen.pi.post(PI, json=body).json() for body in ({"externalPersonId": "p-1"}, {"externalId": "e-1"})]
    assert {shown["email"] for shown in again} == {"ada+completes-in-1h+score-low@example.com"}
    events = turn(frozen, advance="P1D")["events"]
    assert [(event["at"], event["id"]) for event in events] == [
        (after(START, HOUR), first),
        *((after(START, HOUR + 30 * MINUTE), shown["assessmentId"]) for shown in again),
    ]
    for shown in again:
        read = frozen.pi.get(f"{PI}/{shown['assessmentId']}").json()
        assert all(value < 0 for value in read["selfSigmaScore"][0].values())


def test_asking_for_the_same_order_again_does_not_steer_it_again(frozen: Sandbox) -> None:
    id = order(frozen, "ada+completes-in-1h@example.com")
    turn(frozen, advance="PT30M")
    body = {
        "candidate": {"email": "ada+completes-in-1h@example.com"}, "application_id": "a-1",
        "assessment_id": "6ac4d6b5-9a3e-4d0c-8f55-0d5a3f6d2b10",
    }  # fmt: skip
    answer: httpx2.Response = frozen.pymetrics.post("/mercury/order", json=body)
    assert (answer.status_code, answer.json()["created"], answer.json()["order"]["id"]) == (200, False, id)
    assert turn(frozen, advance="P1D")["events"] == [{"at": after(START, HOUR), "what": "complete", "id": id}]


# Together with what happens otherwise.


def test_somebody_who_abandons_never_finishes_but_the_day_of_expiry_still_comes(frozen: Sandbox) -> None:
    mine = assess(frozen, "ada+abandons@example.com", expirationDateTime="2026-01-05")
    theirs = order(frozen, "ada+abandons@example.com")
    assert [status(frozen, id) for id in (mine, theirs)] == [30, "In Progress"]
    assert turn(frozen, advance="P365D")["events"] == [
        {"at": "2026-01-05T23:59:59.9999999Z", "what": "expire", "id": mine}
    ]
    assert [status(frozen, id) for id in (mine, theirs)] == [50, "In Progress"]


def test_an_address_wins_over_the_progress_of_the_sandbox(frozen: Sandbox) -> None:
    frozen.control_json("PATCH", "/config", {"progress": "PT1M"})
    emails = ["ada+completes-in-1h@example.com", "bo+abandons@example.com", "cy+expires@example.com", "di@example.com"]
    ids = [assess(frozen, email) for email in emails] + [order(frozen, email) for email in emails]
    turn(frozen, advance="PT1M")
    assert [status(frozen, id) for id in ids] == [
        0, 30, 50, 40, NOT_STARTED, "In Progress", "Expired", "Completed",
    ]  # fmt: skip
    turn(frozen, advance="PT1H")
    assert [status(frozen, id) for id in ids] == [
        40, 30, 50, 40, "Completed", "In Progress", "Expired", "Completed",
    ]  # fmt: skip


def test_whoever_ends_before_the_delay_is_over_does_not_complete(frozen: Sandbox) -> None:
    gone = assess(frozen, "ada+completes-in-1h@example.com")
    lapsed = assess(frozen, "bo+completes-in-1h@example.com", expirationDateTime="2026-01-01T00:59:59Z")
    turned_down = order(frozen, "cy+completes-in-1h@example.com")
    done = order(frozen, "di+completes-in-1h@example.com")
    act(frozen, gone, "abort")
    act(frozen, turned_down, "reject")
    act(frozen, done, "complete")
    assert turn(frozen, advance="P30D")["events"] == [
        {"at": "2026-01-01T00:59:59.0000000Z", "what": "expire", "id": lapsed}
    ]
    assert [status(frozen, id) for id in (gone, lapsed, turned_down, done)] == [65, 50, "Rejected", "Completed"]


def test_what_is_steered_is_told_like_anything_else(frozen: Sandbox, listener: Listener) -> None:
    frozen.control_json("PATCH", "/config", {"webhook_url": listener.url, "default_webhook_url": listener.url})
    mine = assess(frozen, "ada+completes@example.com")
    order(frozen, "ada+completes@example.com")
    order(frozen, "bo+expires@example.com")
    order(frozen, "cy+rejected@example.com")
    order(frozen, "di+abandons@example.com")
    turn(frozen, advance="PT0S")
    received = listener.wait_for(6)
    forms = [r for r in received if r.headers["content-type"] != "application/json"]
    assert [(r.form["assessmentId"], r.form["assessmentState"]) for r in forms] == [(mine, "40")]
    told = [(r.json["data"]["candidate"]["email"][:2], r.json["data"]["status"]) for r in received if r not in forms]
    assert sorted(told) == [
        ("ad", "Completed"), ("ad", "In Progress"), ("bo", "Expired"), ("cy", "Rejected"), ("di", "In Progress"),
    ]  # fmt: skip
    assert len(listener.received) == 6


def test_the_delay_is_counted_from_the_creation_and_not_from_the_last_change(frozen: Sandbox) -> None:
    id = order(frozen, "ada+completes-in-1h@example.com")
    turn(frozen, advance="PT50M")
    act(frozen, id, "start")
    assert turn(frozen, advance="PT1H")["events"] == [{"at": after(START, HOUR), "what": "complete", "id": id}]
