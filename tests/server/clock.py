"""Helpers for tests that set the clock: instants in ticks, and invitations by their ids."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.server import GAMES
from tests.servers import Sandbox

PI = "/api/v1/behavioralassessments"
ADA = {"firstName": "Ada", "lastName": "Lovelace", "email": "ada@example.com"}
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
    """Set the clock; the response."""
    return sandbox.control_json("POST", "/clock", body)


def freeze(sandbox: Sandbox, at: str = START) -> None:
    """Freeze the clock."""
    turn(sandbox, freeze=at)


def now(sandbox: Sandbox) -> str:
    """The current time of the sandbox."""
    return str(sandbox.control_json("GET", "/clock")["now"])


def assess(sandbox: Sandbox, email: str = "ada@example.com", **more: Any) -> str:
    """A new assessment of The Predictive Index; its id."""
    answer = sandbox.pi.post(PI, json={**ADA, "email": email, **more})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["assessmentId"])


def order(sandbox: Sandbox, email: str = "ada@example.com", application: str = "a-1", **more: Any) -> str:
    """A new order of pymetrics; its id."""
    body = {"candidate": {"email": email}, "assessment_id": GAMES, "application_id": application, **more}
    answer = sandbox.renewed().post("/mercury/order", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["order"]["id"])


def act(sandbox: Sandbox, id: str, action: str, body: Any = None) -> Any:
    """Apply an action to an invitation."""
    return sandbox.control_json("POST", f"/invitations/{id}/{action}", body)


def status(sandbox: Sandbox, id: str) -> Any:
    """An invitation's status, by the control API."""
    return sandbox.control_json("GET", f"/invitations/{id}")["status"]
