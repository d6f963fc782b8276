"""Other spellings of the same request: paths, UUIDs, headers and bodies as clients really send them, over a socket."""

import json
from typing import Any

import pytest

from tests.server import order, send_raw
from tests.server.test_http import INVITED, PI, exchange, refused
from tests.servers import Listener, Sandbox, Server

MARK = b"\xef\xbb\xbf"
STOCK_415 = (
    "The request contains an entity body but no Content-Type header. The inferred media type"
    " 'application/octet-stream' is not supported for this resource."
)


@pytest.fixture
def made(sandbox: Sandbox) -> dict[str, Any]:
    """A completed assessment."""
    face: dict[str, Any] = sandbox.pi.post(PI, json={**INVITED, "externalId": "a-1"}).json()
    sandbox.control_json("POST", f"/invitations/{face['assessmentId'].upper()}/complete")
    return face


def test_the_predictive_index_ignores_letter_case_and_one_slash_at_the_end_of_a_path(
    sandbox: Sandbox, made: dict[str, Any]
) -> None:
    id = made["assessmentId"]
    base = "/Api/V1/BehavioralAssessments"
    for path, query in (
        (f"{PI}/", {}), (base, {}), (f"{base}/", {}), (f"{base}/{id}", {}), (f"{PI}/{id}/", {}),
        (f"{base}/{id}/Patterns/0", {"Format": "PNG"}), (f"{base}/{id}/REPORTS/1/", {"FORMAT": "PDF", "Gender": "1"}),
        ("/api/v2/PeopleAndJobs/", {"SearchFields": "peopleAndJobsSearchResult/sortName"}),
    ):  # fmt: skip
        answer = sandbox.pi.get(path, params=query)
        assert answer.status_code == 200, (path, answer.text)
        assert "assumed" in answer.headers["simulator-note"]
    assert sandbox.pi.post(f"{base}/", json=INVITED).status_code == 201
    assert sandbox.pi.request("PATCH", base, params={"externalid": "a-1"}, json={}).status_code == 200
    refused(sandbox.pi.request("PUT", f"{base}/", json={}), 405, "pi.http.verb")
    assert sandbox.pi.request("DELETE", f"{base}/{id}/").status_code == 204


def test_pymetrics_knows_paths_in_their_own_case_alone(sandbox: Sandbox) -> None:
    refused(sandbox.pymetrics.get("/mercury/Configuration"), 404, "pymetrics.http.route")
    refused(sandbox.pymetrics.get("/mercury/configuration/"), 404, "pymetrics.http.route")


def test_a_uuid_is_known_in_letters_of_either_case(sandbox: Sandbox, made: dict[str, Any]) -> None:
    assessment, one = made["assessmentId"].upper(), order(sandbox)["id"].upper()
    assert sandbox.pi.get(f"{PI}/{assessment}").json()["assessmentId"] == made["assessmentId"]
    assert sandbox.pi.get(f"{PI}/{assessment}/patterns/0?format=SVG").status_code == 200
    assert "simulator-note" not in sandbox.pi.get(f"{PI}/{assessment}").headers
    assert len(sandbox.pi.get(PI, params={"$filter": f"assessmentId eq '{assessment}'"}).json()) == 1
    assert sandbox.pymetrics.get(f"/mercury/getOrder/{one}").json()["id"] == one.lower()
    assert sandbox.control_json("GET", f"/invitations/{one}")["id"] == one.lower()
    sandbox.control_json("POST", f"/invitations/{one}/complete")
    for path in (f"orders/{one}", f"factorContent/{one}", f"capabilityContent/{one}/talent"):
        assert sandbox.pymetrics.get(f"/mercury/v2/{path}").status_code == 200
    timeline = sandbox.control_json("GET", f"/invitations/{one}/timeline")
    assert f"GET /mercury/v2/orders/{one}: 200" in [entry["text"] for entry in timeline]
    sandbox.pi.post(PI, json={**INVITED, "notifyAssessmentAvailableUsingEmail": 1})
    mail = sandbox.control_json("GET", "/mail")[0]
    assert sandbox.control_json("GET", f"/mail?invitation={mail['invitation'].upper()}") == [mail]
    waited = {"invitation": {"id": assessment, "status": 40}, "within": "PT1S"}
    assert sandbox.control_json("POST", "/await", waited)["id"] == made["assessmentId"]
    [fault] = sandbox.control_json(
        "PUT", "/faults", [{"on": "deliveries", "do": "duplicate", "invitation": assessment}]
    )
    assert fault["invitation"] == made["assessmentId"]


def test_the_id_of_a_replayed_webhook_is_known_in_capitals(sandbox: Sandbox, listener: Listener) -> None:
    sandbox.control_json("PATCH", "/config", {"webhook_url": listener.url})
    sandbox.control_json("POST", f"/invitations/{order(sandbox, 'application-2')['id']}/complete")
    ids = [one["id"] for one in sandbox.control_json("GET", "/deliveries")]
    replayed = sandbox.control_json("POST", f"/deliveries/{ids[0].upper()}/replay")["id"]
    assert replayed not in ids
    assert sandbox.control_json("GET", f"/deliveries/{replayed.upper()}")["id"] == replayed
    assert [one["id"] for one in sandbox.control_json("GET", f"/deliveries?before={replayed.upper()}")] == ids


def test_a_candidates_link_is_known_with_its_id_in_capitals(sandbox: Sandbox) -> None:
    link, _, id = order(sandbox)["invite_link"].rpartition(".")
    assert sandbox.http.get(f"{link}.{id.upper()}").status_code == 200


@pytest.mark.parametrize("blanks", [" ", "  ", "\t", " \t "])
def test_blanks_behind_a_key_are_no_part_of_it(server: Server, sandbox: Sandbox, blanks: str) -> None:
    key = {"Host": "127.0.0.1", "api-key": f"{sandbox.credential}{blanks}"}
    assert exchange(server.url, f"GET {PI} HTTP/1.1", key)[0] == 200
    keys = {name: f"{value}{blanks}" for name, value in sandbox.pymetrics.headers.items()}
    assert exchange(server.url, "GET /mercury/configuration HTTP/1.1", {"Host": "127.0.0.1", **keys})[0] == 200


def test_a_byte_order_mark_before_json_is_accepted_by_one_vendor_alone(sandbox: Sandbox) -> None:
    json_type = {"content-type": "application/json"}
    pi = sandbox.pi.post(PI, content=MARK + json.dumps(INVITED).encode(), headers=json_type)
    assert (pi.status_code, pi.json()["firstName"]) == (201, "Grace")
    assert "byte order mark" in pi.headers["simulator-note"]
    order_body = {"job_application_id": "a-1"}
    pymetrics = sandbox.pymetrics.post(
        "/mercury/orders", content=MARK + json.dumps(order_body).encode(), headers=json_type
    )
    refused(pymetrics, 400, "pymetrics.list.body.json")
    assert "byte order mark" in pymetrics.headers["simulator-hint"]
    for twice in (MARK + MARK + b"{}", MARK, MARK + b"{"):
        refused(sandbox.pi.post(PI, content=twice, headers=json_type), 400, "pi.create.body.json")


def test_a_body_without_a_content_type_is_refused_in_the_frameworks_words(server: Server, sandbox: Sandbox) -> None:
    headers = {"Host": "127.0.0.1", **sandbox.pi.headers}
    for more in ({}, {"Content-Type": ""}):
        status, _, body = exchange(server.url, f"POST {PI} HTTP/1.1", {**headers, **more}, b"{}")
        assert (status, json.loads(body)) == (415, {"Message": STOCK_415})


def test_a_plus_in_a_filter_is_noted_as_the_blank_that_it_arrives_as(server: Server, sandbox: Sandbox) -> None:
    sandbox.pi.post(PI, json={**INVITED, "email": "grace+x@example.com"})
    headers = {"Host": "127.0.0.1", **sandbox.pi.headers}
    asked = f"{PI}?$filter=email%20eq%20'grace+x@example.com'"
    status, fields, body = exchange(server.url, f"GET {asked} HTTP/1.1", headers)
    assert (status, json.loads(body)) == (200, [])
    assert "%2B" in fields["simulator-note"]
    right = exchange(server.url, f"GET {asked.replace('+', '%2B')} HTTP/1.1", headers)
    assert len(json.loads(right[2])) == 1
    assert "simulator-note" not in right[1]


def test_a_hint_is_sent_with_a_refusal_alone_and_a_note_with_an_accepted_call_alone(sandbox: Sandbox) -> None:
    body = {"FirstName": "Grace", "lastName": "Hopper", "email": "not-an-address"}
    answer = sandbox.pi.post(PI, json=body)
    assert answer.headers["simulator-hint"] == "body.FirstName is unknown; did you mean firstName?"
    assert "simulator-note" not in answer.headers
    taken = sandbox.pi.post(PI, json={**body, "firstName": "Grace"})
    assert (taken.status_code, "simulator-hint" in taken.headers) == (201, False)
    assert "body.email" in taken.headers["simulator-note"]


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
def test_a_refused_request_has_no_note_about_its_path(
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
def test_of_a_header_that_stands_twice_no_line_is_dropped(
    server: Server, sandbox: Sandbox, name: str, first: str, second: str, status: int
) -> None:
    body = json.dumps(INVITED)
    usual = {"api-key": sandbox.credential, "Content-Type": "application/json"}
    lines = [f"{known}: {value}" for known, value in usual.items() if known != name]
    lines += [f"{name}: {value.format(key=sandbox.credential)}" for value in (first, second)]
    head = "\r\n".join([f"POST {PI} HTTP/1.1", "Host: x", "Connection: close", f"Content-Length: {len(body)}", *lines])
    assert f"HTTP/1.1 {status} ".encode() in send_raw(server.url, f"{head}\r\n\r\n{body}".encode())
