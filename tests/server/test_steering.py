"""Outcome tags in e-mail addresses, together with expiry, `progress`, actions and webhooks.

What each tag does by itself is proven in tests/core, tests/vendors and the contracts.
"""

from tests.server.clock import HOUR, START, act, after, assess, order, status, turn
from tests.servers import Listener, Sandbox

NOT_STARTED = "Not Started"


def test_abandoned_invitation_still_expires(frozen: Sandbox) -> None:
    mine = assess(frozen, "ada+abandons@example.com", expirationDateTime="2026-01-05")
    theirs = order(frozen, "ada+abandons@example.com")
    assert [status(frozen, id) for id in (mine, theirs)] == [30, "In Progress"]
    assert turn(frozen, advance="P365D")["events"] == [
        {"at": "2026-01-05T23:59:59.9999999Z", "what": "expire", "id": mine}
    ]
    assert [status(frozen, id) for id in (mine, theirs)] == [50, "In Progress"]


def test_outcome_tag_takes_precedence_over_progress(frozen: Sandbox) -> None:
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


def test_invitation_that_ends_before_the_delay_does_not_complete(frozen: Sandbox) -> None:
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


def test_outcome_tags_send_webhooks(frozen: Sandbox, listener: Listener) -> None:
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


def test_delay_counts_from_the_creation(frozen: Sandbox) -> None:
    id = order(frozen, "ada+completes-in-1h@example.com")
    turn(frozen, advance="PT50M")
    act(frozen, id, "start")
    assert turn(frozen, advance="PT1H")["events"] == [{"at": after(START, HOUR), "what": "complete", "id": id}]
