"""The webhook inbox: a built-in receiver of webhooks."""

from typing import Any

import httpx2
import pytest

from tests.server import LIMIT, assessment, order, problem
from tests.servers import CONTROL, Sandbox, Server, sandbox_at, served
from tests.waiting import until


def catch(sandbox: Sandbox, method: str = "POST", query: str = "", **more: Any) -> httpx2.Response:
    return sandbox.http.request(method, f"/_simulator/catch/{sandbox.name}{query}", **more)


def caught(sandbox: Sandbox) -> list[Any]:
    """What was caught, newest first."""
    answer = catch(sandbox, "GET")
    assert answer.status_code == 200
    found: list[Any] = answer.json()
    return found


def url(sandbox: Sandbox, query: str = "") -> str:
    return f"{sandbox.url}/_simulator/catch/{sandbox.name}{query}"


BODIES: list[tuple[dict[str, Any], Any]] = [
    ({"json": {"password": "hunter2", "link": "http://user:pass@a/"}}, {"password": "***", "link": "http://***@a/"}),
    ({"data": {"assessmentId": "a b", "state": "40"}}, {"assessmentId": "a b", "state": "40"}),
    ({"content": b"\xff\xfe"}, {"bytes": 2}),
    ({"content": b""}, None),
]


@pytest.mark.parametrize(("sent", "shown"), BODIES)
def test_inbox_keeps_headers_and_body_as_the_journal_does(sandbox: Sandbox, sent: dict[str, Any], shown: Any) -> None:
    sandbox.control_json("POST", "/clock", {"freeze": "2030-01-01T00:00:00Z"})
    answer = catch(sandbox, headers={"X-Mine": "yes", "x-api-key": "key-1", "cookie": "a=b"}, **sent)
    assert (answer.status_code, answer.content) == (200, b"")
    [one] = caught(sandbox)
    assert [*one] == ["id", "at", "headers", "body", "invitation", "status"]
    assert (one["at"], one["status"], one["body"]) == ("2030-01-01T00:00:00.0000000Z", 200, shown)
    assert [one["headers"][name] for name in ("x-mine", "x-api-key", "cookie")] == ["yes", "***", "***"]


def test_inbox_keeps_the_last_hundred_newest_first_and_numbers_them_from_one() -> None:
    with served() as url, sandbox_at(url) as sandbox:
        for number in range(103):
            catch(sandbox, json=number)
        found = [(one["id"], one["body"]) for one in caught(sandbox)]
        assert found == [(f"caught-{number + 1}", number) for number in range(102, 2, -1)]
        assert caught(Sandbox(sandbox.http, "other")) == []
        sandbox.control_json("POST", "/reset")
        catch(sandbox)
        assert [one["id"] for one in caught(sandbox)] == ["caught-1"]


def test_inbox_keeps_the_beginning_of_a_large_body(sandbox: Sandbox) -> None:
    assert catch(sandbox, content=b"x" * LIMIT).status_code == 200
    problem(catch(sandbox, content=b"x" * (LIMIT + 1)), 413)
    [one] = caught(sandbox)
    assert one["body"] == "x" * 65_536
    assert one["headers"]["content-length"] == str(LIMIT)


@pytest.mark.parametrize("status", [200, 204, 302, 404, 503, 599])
def test_inbox_answers_with_the_status_in_its_url(sandbox: Sandbox, status: int) -> None:
    answer = catch(sandbox, query=f"?mine=1&status={status}", json={})
    assert (answer.status_code, answer.content) == (status, b"")
    assert caught(sandbox)[0]["status"] == status


@pytest.mark.parametrize("status", ["100", "199", "600", "", "5xx", "2000", "-200"])
def test_invalid_status_is_422_and_nothing_is_kept(sandbox: Sandbox, status: str) -> None:
    problem(catch(sandbox, query=f"?status={status}"), 422, "status must be a number from 200 to 599")
    assert caught(sandbox) == []


def test_delete_and_reset_clear_the_inbox_but_restore_does_not(sandbox: Sandbox) -> None:
    sandbox.control_json("POST", "/snapshots")
    catch(sandbox)
    sandbox.control_json("POST", "/snapshots/snapshot-1/restore")
    [first] = caught(sandbox)
    assert catch(sandbox, "DELETE").status_code == 204
    assert caught(sandbox) == []
    catch(sandbox)
    [second] = caught(sandbox)
    assert second["id"] != first["id"]
    sandbox.control_json("POST", "/reset")
    assert caught(sandbox) == []
    catch(sandbox)
    assert len(caught(sandbox)) == 1
    sandbox.control_json("DELETE")
    assert caught(sandbox) == []


def test_invalid_name_is_404_and_put_is_405(sandbox: Sandbox) -> None:
    problem(sandbox.http.post("/_simulator/catch/Not%20a%20name"), 404)
    assert catch(sandbox, "PUT").status_code == 405


# Webhooks of the same server.


def test_server_delivers_to_its_own_inbox(sandbox: Sandbox) -> None:
    sandbox.control_json("PATCH", "/config", {"webhook_url": url(sandbox), "default_webhook_url": url(sandbox)})
    first, second = order(sandbox)["id"], assessment(sandbox)["assessmentId"]
    for id in (first, second):
        sandbox.control_json("POST", f"/invitations/{id}/complete")
    until(lambda: all(one["state"] == "delivered" for one in sandbox.control_json("GET", "/deliveries")))
    signed = [one for one in caught(sandbox) if "webhook-signature" in one["headers"]]
    [form] = [one for one in caught(sandbox) if one not in signed]
    assert form["body"]["assessmentId"] == second
    assert {one["body"]["data"]["id"] for one in signed} == {first}


def test_failing_inbox_shows_all_nine_attempts(sandbox: Sandbox) -> None:
    sandbox.control_json("POST", "/clock", {"freeze": "2030-01-01T00:00:00Z"})
    sandbox.control_json("PATCH", "/config", {"progress": "PT1M"})
    id = assessment(sandbox, assessmentStatusWebHook=url(sandbox, "?status=500"))["assessmentId"]
    sandbox.control_json("POST", "/clock", {"advance": "PT25H"})
    attempts = [one for one in sandbox.control_json("GET", f"/invitations/{id}/timeline") if one["what"] == "attempt"]
    assert [one["status"] for one in attempts] == [500] * 9
    assert [one["at"] for one in caught(sandbox)] == [one["at"] for one in attempts[::-1]]


def test_closed_access_requires_the_control_token(closed: Server) -> None:
    with sandbox_at(closed.url) as any_of_them:
        http = any_of_them.http
        name = http.post("/_simulator/sandboxes", json={}, headers=CONTROL).json()["name"]
        assert http.post(f"/_simulator/catch/{name}").status_code == 401
        assert http.post(f"/_simulator/catch/{name}", headers=CONTROL).status_code == 200
        assert http.post("/_simulator/catch/none-of-this-name", headers=CONTROL).status_code == 404
        assert len(http.get(f"/_simulator/catch/{name}", headers=CONTROL).json()) == 1
