"""The timeline of an invitation: past and scheduled entries of all kinds; restore, fork and reset."""

import uuid
from typing import Any

import httpx2
import pytest

from tests.server import advance, assessment, order, problem
from tests.servers import Listener, Sandbox

NOON = "2030-01-01T12:00:00.0000000Z"


def entries(sandbox: Sandbox, id: str, *kinds: str) -> list[Any]:
    """The timeline, or what of it is of these kinds."""
    found: list[Any] = sandbox.control_json("GET", f"/invitations/{id}/timeline")
    assert [one["at"] for one in found] == sorted(one["at"] for one in found)
    return [one for one in found if not kinds or one["what"] in kinds]


def moves(sandbox: Sandbox, id: str) -> list[tuple[str, Any, Any]]:
    """What has moved the invitation, from where to where."""
    return [(one["operation"], one["before"], one["after"]) for one in entries(sandbox, id, "move")]


def act(sandbox: Sandbox, id: str, *actions: str) -> None:
    for action in actions:
        sandbox.control_json("POST", f"/invitations/{id}/{action}")


# Calls, moves, mails.


def test_new_invitation_has_call_move_mail_and_timer(sandbox: Sandbox) -> None:
    sandbox.control_json("POST", "/clock", {"freeze": NOON})
    id = assessment(sandbox, notifyAssessmentAvailableUsingEmail=1)["assessmentId"]
    [mail] = sandbox.control_json("GET", "/mail")
    nothing: dict[str, Any] = {
        "due": False,
        "operation": None,
        "before": None,
        "after": None,
        "status": None,
        "rules": [],
    }
    call, move, sent, alarm = entries(sandbox, id)
    assert call == {
        **nothing, "at": NOON, "what": "call", "id": "call-1", "text": "POST /api/v1/behavioralassessments: 201",
        "operation": "create_assessment", "status": 201,
    }  # fmt: skip
    assert move == {
        **nothing, "at": NOON, "what": "move", "id": id, "text": "create_assessment: Sent (10)",
        "operation": "create_assessment", "after": 10,
    }  # fmt: skip
    assert sent == {
        **nothing, "at": NOON, "what": "mail", "id": mail["id"],
        "text": "to grace@example.com: Your PI Behavioral Assessment",
    }  # fmt: skip
    assert alarm == {
        **nothing, "at": "2030-01-11T12:00:00.0000000Z", "what": "alarm", "id": id, "text": "expire is due",
        "due": True, "operation": "expire",
    }  # fmt: skip


def test_every_status_change_is_a_move_with_its_operation(sandbox: Sandbox) -> None:
    id = order(sandbox, email="ada+completes-in-1h@example.com")["id"]
    act(sandbox, id, "start", "start")
    advance(sandbox, "PT1H")
    sandbox.renewed().get(f"/mercury/getOrder/{id}")
    assert moves(sandbox, id) == [
        ("create_order", None, "Not Started"),
        ("start", "Not Started", "In Progress"),
        ("complete", "In Progress", "Completed"),
        ("get_order", "Completed", "Fulfilled"),
    ]
    texts = [one["text"] for one in entries(sandbox, id, "move")]
    assert texts[-1] == "get_order: Completed → Fulfilled"


def test_action_over_several_states_is_one_move_and_a_refused_one_none(sandbox: Sandbox) -> None:
    id = assessment(sandbox, email="grace+completes-in-2d@example.com")["assessmentId"]
    assert [one["operation"] for one in entries(sandbox, id, "alarm")] == ["complete", "expire"]
    act(sandbox, id, "complete")
    problem(sandbox.control("POST", f"/invitations/{id}/start"), 409)
    assert moves(sandbox, id) == [("create_assessment", None, 0), ("complete", 0, 40)]
    assert entries(sandbox, id, "move")[1]["text"] == "complete: Created (0) → Completed (40)"
    assert entries(sandbox, id, "alarm") == [], "a final state removes timers"


def test_calls_with_the_id_in_path_query_or_body_are_listed(sandbox: Sandbox) -> None:
    id = assessment(sandbox)["assessmentId"]
    other = assessment(sandbox)["assessmentId"]
    path = "/api/v1/behavioralassessments"
    sandbox.pi.get(f"{path}/{id}")
    sandbox.pi.get(f"{path}/{other}")
    sandbox.pi.get(path)
    sandbox.pi.get(path, params={"$filter": f"assessmentId eq '{id}'", "$select": "email"})
    sandbox.pi.post(path, json={"firstName": id})
    sandbox.pi.get("/api/v1/nowhere")
    calls = [(one["id"], one["operation"], one["status"]) for one in entries(sandbox, id, "call")]
    assert calls == [
        ("call-1", "create_assessment", 201), ("call-3", "get_assessment", 200), ("call-5", "list_assessments", 200),
        ("call-6", "list_assessments", 200), ("call-7", "create_assessment", 400),
    ]  # fmt: skip


def test_call_without_a_response_is_listed(sandbox: Sandbox) -> None:
    id = order(sandbox)["id"]
    sandbox.control_json("PUT", "/faults", [{"do": "drop", "when": "before_commit"}])
    with pytest.raises(httpx2.RemoteProtocolError):
        sandbox.pymetrics.get(f"/mercury/getOrder/{id}")
    dropped = entries(sandbox, id, "call")[-1]
    assert (dropped["status"], dropped["text"]) == (None, f"GET /mercury/getOrder/{id}: no answer left")


# Webhooks.


def test_webhook_is_listed_with_its_attempts_and_the_next_one(sandbox: Sandbox, listener: Listener) -> None:
    listener.answers = [503, 503, 200]
    sandbox.control_json("POST", "/clock", {"freeze": NOON})
    secret = listener.url.replace("//", "//user:pass@")
    id = assessment(sandbox, assessmentStatusWebHook=f"{secret}/hook")["assessmentId"]
    act(sandbox, id, "complete")
    advance(sandbox, "PT10M")
    notice, *attempts = entries(sandbox, id, "notice", "attempt")
    [delivery] = sandbox.control_json("GET", "/deliveries")
    assert (notice["at"], notice["id"]) == (NOON, delivery["id"])
    assert notice["text"] == f"for {listener.url.replace('//', '//***@')}/hook: pending"
    assert {one["id"] for one in attempts} == {delivery["id"]}
    told = [(one["text"], one["status"], one["due"]) for one in attempts]
    assert told == [("attempt 1: 503", 503, False), ("attempt 2: 503", 503, False), ("attempt 3 is due", None, True)]
    assert attempts[-1]["at"] == delivery["next"]
    advance(sandbox, "PT20M")
    notice, *attempts = entries(sandbox, id, "notice", "attempt")
    assert notice["text"].endswith(": delivered")
    assert [one["due"] for one in attempts] == [False] * 3


def test_failed_attempt_shows_error_and_fault(sandbox: Sandbox, listener: Listener) -> None:
    sandbox.control_json("PUT", "/faults", [{"on": "deliveries", "do": "drop", "id": "lost", "times": 1}])
    sandbox.control_json("POST", "/clock", {"freeze": NOON})
    id = assessment(sandbox, assessmentStatusWebHook=listener.url)["assessmentId"]
    act(sandbox, id, "complete")
    advance(sandbox, "PT1S")
    [first] = [one for one in entries(sandbox, id, "attempt") if not one["due"]]
    assert first["text"] == "attempt 1: dropped by fault lost, met by fault lost"


# Restore, fork, reset, sample data.


def test_demo_samples_have_timelines(http: httpx2.Client) -> None:
    demo = Sandbox(http, "demo")
    invitations = demo.control_json("GET", "/invitations")
    assert len(invitations) == 24
    for invitation in invitations:
        found = entries(demo, invitation["id"], "move")
        assert found[0]["at"] == invitation["created"]
        assert str(found[-1]["after"]) == str(invitation["status"])


def test_restore_fork_and_reset_and_the_moves(sandbox: Sandbox, http: httpx2.Client) -> None:
    id = order(sandbox)["id"]
    act(sandbox, id, "start")
    sandbox.control_json("POST", "/snapshots")
    fork = Sandbox(http, f"fork-{uuid.uuid4()}")
    sandbox.control_json("POST", "/fork", {"name": fork.name})
    before = moves(sandbox, id)
    act(sandbox, id, "complete")
    assert len(moves(sandbox, id)) == 3
    sandbox.control_json("POST", "/snapshots/snapshot-1/restore")
    act(fork, id, "complete")
    assert moves(sandbox, id) == before
    assert [move[0] for move in moves(fork, id)] == ["create_order", "start", "complete"]
    assert entries(fork, id, "call") == []
    fork.control_json("DELETE")
    sandbox.control_json("POST", "/reset")
    problem(sandbox.control("GET", f"/invitations/{id}/timeline"), 404, f"has no invitation {id!r}")
    assert [state["seen"] for state in sandbox.control_json("GET", "/states/pymetrics")["states"]] == [0] * 8
