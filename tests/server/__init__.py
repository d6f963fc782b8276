"""Tests of the server over HTTP, and what they share."""

import socket
import uuid
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from typing import Any
from urllib.parse import urlsplit

import httpx2

from tests.servers import Listener, Sandbox

ROOT = "/_simulator/sandboxes"
PI = "/api/v1/behavioralassessments"
PERSON = {"firstName": "Grace", "lastName": "Hopper", "email": "grace@example.com"}
# An assessment of pymetrics in every new sandbox.
GAMES = "6ac4d6b5-9a3e-4d0c-8f55-0d5a3f6d2b10"
# The longest body in bytes.
LIMIT = 1_048_576
# A URL that the policy refuses.
FORBIDDEN_HOOK = "http://169.254.169.254/latest"
# The type of the fixture `aside`.
Aside = Callable[..., "Future[Any]"]


def order_body(application: str = "application-1", email: str = "ada@example.com", **more: Any) -> dict[str, Any]:
    """The body that creates an order of pymetrics."""
    candidate = {"email": email, "first_name": "Ada", "last_name": "Lovelace"}
    return {"candidate": candidate, "assessment_id": GAMES, "application_id": application, **more}


def order(sandbox: Sandbox, application: str = "application-1", email: str = "ada@example.com", **more: Any) -> Any:
    """A new order of pymetrics."""
    answer = sandbox.pymetrics.post("/mercury/order", json=order_body(application, email, **more))
    assert answer.status_code == 201, answer.text
    return answer.json()["order"]


def assessment(sandbox: Sandbox, **more: Any) -> Any:
    """A new assessment of The Predictive Index."""
    answer = sandbox.pi.post(PI, json={**PERSON, **more})
    assert answer.status_code == 201, answer.text
    return answer.json()


def completed_with_webhook(sandbox: Sandbox, listener: Listener, path: str = "/hook") -> str:
    """The id of a completed assessment whose webhook the listener has received."""
    before = len(listener.received)
    id: str = assessment(sandbox, assessmentStatusWebHook=f"{listener.url}{path}")["assessmentId"]
    sandbox.control_json("POST", f"/invitations/{id}/complete")
    listener.wait_for(before + 1)
    return id


def wait_for_responses_handled(http: httpx2.Client) -> None:
    """Wait until the server has handled the responses of listeners so far: until it has that to a later webhook."""
    with Listener() as later:
        other = Sandbox(http, f"t-{uuid.uuid4()}")
        id = completed_with_webhook(other, later)
        other.control_json("POST", "/await", {"webhook": {"invitation": id}})
        other.control("DELETE")


def advance(sandbox: Sandbox, duration: str) -> list[tuple[str, str]]:
    """Advance the clock; the events and the ids that they are about."""
    return [
        (event["what"], event["id"])
        for event in sandbox.control_json("POST", "/clock", {"advance": duration})["events"]
    ]


def reset(sandbox: Sandbox, snapshot: str) -> None:
    """Reset the sandbox."""
    sandbox.control_json("POST", "/reset")


def restore(sandbox: Sandbox, snapshot: str) -> None:
    """Restore the sandbox from a snapshot."""
    sandbox.control_json("POST", f"/snapshots/{snapshot}/restore")


def delete(sandbox: Sandbox, snapshot: str) -> None:
    """Delete the sandbox."""
    sandbox.control_json("DELETE")


# Each of these cancels what a sandbox has pending.
ENDINGS = (reset, restore, delete)


def problem(answer: httpx2.Response, status: int, *words: str) -> Any:
    """The problem document of a response; its detail must hold the words."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    assert document["type"] == "about:blank"
    assert document["status"] == status
    assert document["title"]
    assert [word for word in words if word not in document["detail"]] == [], document["detail"]
    return document


def names(http: httpx2.Client, headers: Mapping[str, str] | None = None) -> list[str]:
    """The names of all sandboxes."""
    return [sandbox["name"] for sandbox in http.get(ROOT, headers=headers).json()]


def connect(url: str) -> socket.socket:
    """A connection to the server with a timeout of ten seconds."""
    parts = urlsplit(url)
    return socket.create_connection((parts.hostname, parts.port), 10)


def send_raw(url: str, data: bytes, *, answered: bool = True) -> bytes:
    """Send bytes on a new connection and close it: after the response, or at once."""
    with connect(url) as connection:
        connection.sendall(data)
        if not answered:
            return b""
        got = b""
        while chunk := connection.recv(65_536):
            got += chunk
        return got


def chunks(body: bytes) -> Iterator[bytes]:
    """The body in pieces; httpx2 sends these in chunks, without a length."""
    for at in range(0, len(body), 65_536):
        yield body[at : at + 65_536]
