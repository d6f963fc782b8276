"""The webhook inbox: a built-in receiver of webhooks."""

import re
from typing import Any

import httpx2
import pytest

from tests.server import LIMIT, assessment, order, problem
from tests.servers import CONTROL, Sandbox, Server, served
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


def test_inbox_keeps_headers_and_body(sandbox: Sandbox) -> None:
    sandbox.control_json("POST", "/clock", {"freeze": "2030-01-01T00:00:00Z"})
    answer = catch(sandbox, json={"a": [1]}, headers={"X-Mine": "yes"})
    assert (answer.status_code, answer.content) == (200, b"")
    [one] = caught(sandbox)
    assert [*one] == ["id", "at", "headers", "body", "status"]
    assert re.fullmatch("caught-[1-9][0-9]*", one["id"])
    assert (one["at"], one["status"]) == ("2030-01-01T00:00:00.0000000Z", 200)
    assert one["headers"]["x-mine"] == "yes"
    assert one["body"] == {"a": [1]}


BODIES: list[tuple[dict[str, Any], Any]] = [
    ({"data": {"assessmentId": "a b", "state": "40"}}, {"assessmentId": "a b", "state": "40"}),
    ({"content": b"plain"}, "plain"),
    ({"content": b"\xff\xfe"}, {"bytes": 2}),
    ({"content": b""}, None),
    ({"json": "<script>"}, "<script>"),
]


@pytest.mark.parametrize(("sent", "shown"), BODIES)
def test_body_is_shown_as_in_the_journal(sandbox: Sandbox, sent: dict[str, Any], shown: Any) -> None:
    catch(sandbox, **sent)
    assert caught(sandbox)[0]["body"] == shown


def test_secrets_are_masked(sandbox: Sandbox) -> None:
    headers = {"authorization": "Basic dXNlcjpwYXNz", "x-api-key": "key-1", "cookie": "a=b"}
    catch(sandbox, json={"password": "hunter2", "link": "http://user:pass@a/"}, headers=headers)
    [one] = caught(sandbox)
    assert one["headers"]["authorization"] == "Basic ***"
    assert (one["headers"]["x-api-key"], one["headers"]["cookie"]) == ("***", "***")
    assert one["body"] == {"password": "***", "link": "http://***@a/"}


def test_inbox_keeps_the_last_hundred_newest_first(sandbox: Sandbox) -> None:
    for number in range(103):
        catch(sandbox, json=number)
    assert [one["body"] for one in caught(sandbox)] == [*range(102, 2, -1)]
    assert len({one["id"] for one in caught(sandbox)}) == 100


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


def test_each_sandbox_has_its_own_inbox(sandbox: Sandbox, http: httpx2.Client) -> None:
    other = Sandbox(http, f"{sandbox.name[:40]}-other")
    catch(other)
    assert caught(sandbox) == []
    other.control_json("DELETE")


def test_invalid_name_is_404_and_put_is_405(sandbox: Sandbox) -> None:
    problem(sandbox.http.post("/_simulator/catch/Not%20a%20name"), 404)
    assert catch(sandbox, "PUT").status_code == 405


def test_ids_count_from_one_and_again_after_a_reset() -> None:
    with served() as url, httpx2.Client(base_url=url, trust_env=False) as http:
        sandbox = Sandbox(http, "counted")
        for _ in range(103):
            catch(sandbox)
        assert caught(sandbox)[0]["id"] == "caught-103"
        catch(sandbox, "DELETE")
        catch(sandbox)
        assert [one["id"] for one in caught(sandbox)] == ["caught-104"]
        sandbox.control_json("POST", "/reset")
        catch(sandbox)
        assert [one["id"] for one in caught(sandbox)] == ["caught-1"]


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
    with httpx2.Client(base_url=closed.url, trust_env=False) as http:
        name = http.post("/_simulator/sandboxes", json={}, headers=CONTROL).json()["name"]
        assert http.post(f"/_simulator/catch/{name}").status_code == 401
        assert http.post(f"/_simulator/catch/{name}", headers=CONTROL).status_code == 200
        assert http.post("/_simulator/catch/none-of-this-name", headers=CONTROL).status_code == 404
        assert len(http.get(f"/_simulator/catch/{name}", headers=CONTROL).json()) == 1
