"""Undo points, and what is pending: over HTTP, without a log and with one."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.server import PERSON, PI, assessment, problem
from tests.servers import CONTROL_TOKEN, Sandbox, Server


@pytest.fixture(scope="module", params=["memory", "sqlite"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of its own, with each kind of log that one process can have."""
    path: Path = tmp_path_factory.mktemp("undo") / "log.db"
    with Server(*(() if request.param == "memory" else ("--log", f"sqlite:{path}"))) as server:
        yield server


def state(sandbox: Sandbox) -> Any:
    """All that an undo must put back."""
    paths = ("", "/invitations", "/deliveries", "/mail", "/journal", "/config", "/faults")
    found = {path: sandbox.control_json("GET", path) for path in paths}
    found["inbox"] = sandbox.http.get(f"/_simulator/catch/{sandbox.name}").json()
    return found


@pytest.mark.parametrize("do", ["reset", "delete", "until idle"])
def test_undo_puts_everything_back(place: Server, do: str) -> None:
    with httpx2.Client(base_url=place.url, trust_env=False) as http:
        sandbox = Sandbox(http, f"undo-{do.replace(' ', '-')}")
        sandbox.control_json("POST", "/clock", {"freeze": "2030-01-01T00:00:00Z"})
        sandbox.control_json(
            "PATCH", "/config", {"default_webhook_url": f"{place.url}/_simulator/catch/{sandbox.name}"}
        )
        id = assessment(sandbox, notifyAssessmentAvailableUsingEmail=1)["assessmentId"]
        link = assessment(sandbox)["assessmentUrl"]
        sandbox.control_json("POST", f"/invitations/{id}/complete")
        sandbox.control_json("POST", "/await", {"webhook": {"state": "delivered"}, "within": "PT60S"})
        sandbox.control_json("POST", "/snapshots")
        sandbox.control_json("PUT", "/faults", [{"do": "drop", "after": 99}])
        assert sandbox.control_json("GET", "/pending")["timers"] == {"expire": 1}
        before = state(sandbox)
        sandbox.control_json("PUT", "/undo")
        if do == "delete":
            assert sandbox.control("DELETE", "").status_code == 204
        elif do == "reset":
            sandbox.control_json("POST", "/reset")
        else:
            sandbox.control_json("POST", "/clock", {"until_idle": True})
            assert sandbox.control_json("GET", "/pending") == {"timers": {}, "deliveries": 0, "until": None}
        assert http.post(f"/_simulator/undo/{sandbox.name}").status_code == 200
        assert state(sandbox) == before
        assert http.head(link).status_code == 200
        # It goes on from there, and no id comes twice.
        assert assessment(sandbox)["assessmentId"] not in {one["id"] for one in before["/invitations"]}
        sandbox.control_json("POST", "/reset")
        assert sandbox.control_json("GET", "/invitations") == []
        problem(http.post(f"/_simulator/undo/{sandbox.name}"), 404, "nothing to undo")


def test_undo_of_a_deletion_restores_the_keys_of_closed_access(closed: Server) -> None:
    control = {"authorization": f"Bearer {CONTROL_TOKEN}"}
    with httpx2.Client(base_url=closed.url, trust_env=False) as http:
        opened = http.post("/_simulator/sandboxes", json={"name": "undone"}, headers=control).json()
        key = {"api-key": opened["credentials"]["predictive_index"]["api_key"]}
        path = "/_simulator/sandboxes/undone"
        assert http.put(f"{path}/undo", headers=control).status_code == 200
        assert http.delete(path, headers=control).status_code == 204
        assert http.post(PI, headers=key, json=PERSON).status_code == 401
        assert http.post("/_simulator/undo/undone").status_code == 401
        assert http.post("/_simulator/undo/undone", headers=control).status_code == 200
        assert http.post(PI, headers=key, json=PERSON).status_code == 201


def test_a_page_in_closed_access_invites_without_a_key(closed: Server) -> None:
    control = {"authorization": f"Bearer {CONTROL_TOKEN}"}
    with httpx2.Client(base_url=closed.url, headers=control, trust_env=False) as http:
        http.post("/_simulator/sandboxes", json={"name": "inviting"})
        for vendor in ("pymetrics", "predictive_index"):
            person = {"first_name": "Ada", "last_name": "Byron", "email": "ada@example.com", "external_id": "a-1"}
            made = http.post("/sandboxes/inviting/new", data={"do": "invite", "vendor": vendor, **person})
            assert made.status_code == 303, made.text
        journal = http.get("/_simulator/sandboxes/inviting/journal").json()
        assert [one["operation"] for one in journal] == ["create_token", "create_order", "create_assessment"]
        assert (
            http.get("/_simulator/sandboxes/inviting/journal/call-3").json()["request"]["headers"]["api-key"] == "***"
        )
