"""Other spellings of the same request: paths, UUIDs, headers and bodies as clients really send them, over a socket."""

import json
from typing import Any

import pytest

from tests.server import PERSON, PI, order, send_raw
from tests.server.test_http import exchange, refused
from tests.servers import Listener, Sandbox, Server


def test_pymetrics_paths_are_case_sensitive_and_a_byte_order_mark_is_refused(sandbox: Sandbox) -> None:
    refused(sandbox.pymetrics.get("/mercury/Configuration"), 404, "pymetrics.http.route")
    refused(sandbox.pymetrics.get("/mercury/configuration/"), 404, "pymetrics.http.route")
    marked = b"\xef\xbb\xbf" + b'{"job_application_id": "a-1"}'
    answer = sandbox.pymetrics.post("/mercury/orders", content=marked, headers={"content-type": "application/json"})
    refused(answer, 400, "pymetrics.list.body.json")
    assert "byte order mark" in answer.headers["simulator-hint"]


def test_uuid_ignores_letter_case(sandbox: Sandbox, listener: Listener) -> None:
    """The contracts show it for a read of the vendors; here are the other places that take an id."""
    sandbox.control_json("PATCH", "/config", {"webhook_url": listener.url})
    made = sandbox.pi.post(PI, json={**PERSON, "notifyAssessmentAvailableUsingEmail": 1}).json()["assessmentId"]
    link, _, lower = order(sandbox)["invite_link"].rpartition(".")
    assessment, one = made.upper(), lower.upper()
    assert sandbox.http.get(f"{link}.{one}").status_code == 200
    for id in (assessment, one):
        sandbox.control_json("POST", f"/invitations/{id}/complete")
    assert sandbox.pi.get(f"{PI}/{assessment}/patterns/0?format=SVG").status_code == 200
    assert "simulator-note" not in sandbox.pi.get(f"{PI}/{assessment}").headers
    for path in (f"orders/{one}", f"factorContent/{one}", f"capabilityContent/{one}/talent"):
        assert sandbox.pymetrics.get(f"/mercury/v2/{path}").status_code == 200
    timeline = sandbox.control_json("GET", f"/invitations/{one}/timeline")
    assert f"GET /mercury/v2/orders/{one}: 200" in [entry["text"] for entry in timeline]
    [mail] = sandbox.control_json("GET", f"/mail?invitation={assessment}")
    assert mail["invitation"] == made
    waited = {"invitation": {"id": assessment, "status": 40}, "within": "PT1S"}
    assert sandbox.control_json("POST", "/await", waited)["id"] == made
    [fault] = sandbox.control_json(
        "PUT", "/faults", [{"on": "deliveries", "do": "duplicate", "invitation": assessment}]
    )
    assert fault["invitation"] == made
    ids = [delivery["id"] for delivery in sandbox.control_json("GET", "/deliveries")]
    replayed = sandbox.control_json("POST", f"/deliveries/{ids[0].upper()}/replay")["id"].upper()
    assert [delivery["id"] for delivery in sandbox.control_json("GET", f"/deliveries?before={replayed}")] == ids


@pytest.mark.parametrize("blanks", [" ", "  ", "\t", " \t "])
def test_trailing_blanks_of_a_key_are_ignored(server: Server, sandbox: Sandbox, blanks: str) -> None:
    key = {"Host": "127.0.0.1", "api-key": f"{sandbox.credential}{blanks}"}
    assert exchange(server.url, f"GET {PI} HTTP/1.1", key)[0] == 200
    keys = {name: f"{value}{blanks}" for name, value in sandbox.pymetrics.headers.items()}
    assert exchange(server.url, "GET /mercury/configuration HTTP/1.1", {"Host": "127.0.0.1", **keys})[0] == 200


@pytest.mark.parametrize(
    ("method", "path", "more", "status"),
    [
        ("GET", "/api/v1/nope", {}, 404),
        ("GET", "/api/v1/BehavioralAssessments//", {}, 404),
        ("PUT", "/api/v1/BehavioralAssessments/x/", {}, 405),
        ("POST", "/api/v1/BehavioralAssessments/", {"content": b"x" * 1_100_000}, 413),
        ("POST", "/api/v1/BehavioralAssessments/", {"content": b"x", "headers": {"content-encoding": "gzip"}}, 415),
    ],
)
def test_refused_request_has_no_note_about_its_path(
    sandbox: Sandbox, method: str, path: str, more: dict[str, Any], status: int
) -> None:
    answer = sandbox.pi.request(method, path, **more)
    assert answer.status_code == status
    assert "simulator-note" not in answer.headers


TWICE = [
    ("api-key", "{key}", "{key}", 401),
    ("api-key", "{key}", "sim-other", 401),
    ("Content-Encoding", "gzip", "identity", 415),
    ("Content-Encoding", "identity", "gzip", 415),
    ("Content-Type", "application/json", "text/plain", 415),
    ("Origin", "http://evil.example", "http://localhost:3000", 403),
    ("Origin", "http://localhost:3000", "http://evil.example", 403),
    ("Sec-Fetch-Site", "cross-site", "same-origin", 403),
    ("Sec-Fetch-Site", "same-origin", "cross-site", 403),
]


@pytest.mark.parametrize(("name", "first", "second", "status"), TWICE)
def test_repeated_header_is_refused_if_any_line_is_invalid(
    server: Server, sandbox: Sandbox, name: str, first: str, second: str, status: int
) -> None:
    body = json.dumps(PERSON)
    usual = {"api-key": sandbox.credential, "Content-Type": "application/json"}
    lines = [f"{known}: {value}" for known, value in usual.items() if known != name]
    lines += [f"{name}: {value.format(key=sandbox.credential)}" for value in (first, second)]
    head = "\r\n".join([f"POST {PI} HTTP/1.1", "Host: x", "Connection: close", f"Content-Length: {len(body)}", *lines])
    assert f"HTTP/1.1 {status} ".encode() in send_raw(server.url, f"{head}\r\n\r\n{body}".encode())
