"""The request journal over HTTP: what is recorded, filters, bounds, and the HTTP Archive."""

import re
import uuid
from typing import Any

import httpx2
import pytest
from jsonschema import Draft202012Validator

from tests.server import FORBIDDEN_HOOK, LIMIT, assessment, order, order_body, problem
from tests.server.har_schema import HAR
from tests.servers import Sandbox, served

PI = "/api/v1/behavioralassessments"
SHORT = ["id", "at", "vendor", "operation", "method", "path", "status", "rules", "fault", "invitation", "duration"]
FORM, JSON = "application/x-www-form-urlencoded", "application/json"


def calls(sandbox: Sandbox, query: str = "") -> list[Any]:
    found: list[Any] = sandbox.control_json("GET", f"/journal{query}")
    return found


def ids(sandbox: Sandbox, query: str = "") -> list[str]:
    return [call["id"] for call in calls(sandbox, query)]


def last(sandbox: Sandbox) -> Any:
    return sandbox.control_json("GET", f"/journal/{ids(sandbox)[-1]}")


def make_calls(sandbox: Sandbox, times: int = 1) -> list[str]:
    """The ids of new calls, each read from the journal as soon as its response is there."""
    found = []
    for _ in range(times):
        assert sandbox.pi.get(PI).status_code == 200
        found.append(ids(sandbox)[-1])
    return found


def set_bounds(sandbox: Sandbox, **bounds: int) -> None:
    sandbox.control_json("PATCH", "/config", {"journal": bounds})


# What is recorded.


def test_call_is_recorded_with_its_response(sandbox: Sandbox) -> None:
    sandbox.control_json("POST", "/clock", {"freeze": "2030-01-01T00:00:00Z"})
    link = order(sandbox)["invite_link"]
    token, made = calls(sandbox)
    assert [*made] == SHORT
    assert 0 < made.pop("duration") < 10
    call = made.pop("id")
    assert made.pop("invitation") in link
    assert made == {
        "at": "2030-01-01T00:00:00.0000000Z", "vendor": "pymetrics", "operation": "create_order",
        "method": "POST", "path": "/mercury/order", "status": 201, "rules": [], "fault": None,
    }  # fmt: skip
    assert (token["operation"], token["status"]) == ("create_token", 201)
    whole = sandbox.control_json("GET", f"/journal/{call}")
    assert [*whole] == [*SHORT, "query", "request", "answer"]
    assert whole["request"]["body"] == order_body()
    assert whole["request"]["headers"]["content-type"] == JSON
    shown = whole["answer"]["body"]["order"]["invite_link"]
    assert shown == re.sub(r"\.[0-9a-f]{24}\.", ".***.", link)
    assert int(whole["answer"]["headers"]["content-length"]) > 100
    assert whole["answer"]["headers"]["date"] == "Tue, 01 Jan 2030 00:00:00 GMT"


def test_refused_call_names_its_rules_and_needs_no_operation(sandbox: Sandbox) -> None:
    refused = sandbox.pi.post(PI, json={})
    sandbox.pi.get("/api/v1/nowhere")
    sandbox.pi.request("PUT", PI, json={"a": 1})
    sandbox.pymetrics.post("/mercury/order", content=b" " * (LIMIT + 1))
    assert [(call["operation"], call["status"], call["rules"]) for call in calls(sandbox)] == [
        ("create_assessment", 400, refused.headers["simulator-rule"].split(", ")),
        (None, 404, ["pi.http.route"]),
        (None, 405, ["pi.http.verb"]),
        ("create_token", 201, []),
        ("create_order", 413, ["pymetrics.http.size"]),
    ]
    assert last(sandbox)["request"]["body"] is None


def test_calls_without_a_sandbox_actions_and_timers_are_not_recorded(sandbox: Sandbox) -> None:
    sandbox.control_json("PATCH", "/config", {"progress": "PT10S"})
    made = assessment(sandbox)
    sandbox.control_json("POST", f"/invitations/{made['assessmentId']}/start")
    sandbox.control_json("POST", "/clock", {"advance": "P1D"})
    sandbox.http.get(PI)
    sandbox.http.get(PI, headers={"api-key": "no"})
    sandbox.http.get("/mercury/nowhere")
    sandbox.http.get("/nowhere", headers=sandbox.pi.headers)
    sandbox.http.options(PI, headers={"origin": "http://a", "access-control-request-method": "GET"})
    assert len(ids(sandbox)) == 1


BODIES: dict[str, tuple[bytes, str, Any]] = {
    "JSON": (b'{"a": [1, 2.5, null]}', JSON, {"a": [1, 2.5, None]}),
    "JSON of another type": (b'{"a": 1}', "text/plain", {"a": 1}),
    "form": (b"a=1&b=x+y", f"{FORM}; charset=utf-8", {"a": "1", "b": "x y"}),
    "text": ("grüß {".encode(), JSON, "grüß {"),
    "form of too many parameters": (b"&".join([b"a=1"] * 1_001), FORM, "&".join(["a=1"] * 1_001)),
    "JSON that is too deep": (b"[" * 2_000 + b"]" * 2_000, JSON, "[" * 2_000 + "]" * 2_000),
    "JSON with a number that is too long": (b"1" * 6_000, JSON, "1" * 6_000),
    "binary": (b"\xff\xfe\x00", JSON, {"bytes": 3}),
    "empty": (b"", JSON, None),
}


@pytest.mark.parametrize(("body", "media_type", "shown"), BODIES.values(), ids=BODIES)
def test_body_is_parsed(sandbox: Sandbox, body: bytes, media_type: str, shown: Any) -> None:
    sandbox.pi.post(PI, content=body, headers={"content-type": media_type})
    assert last(sandbox)["request"]["body"] == shown
    assert sandbox.control("GET", "/journal.har").status_code == 200
    assert sandbox.http.get(f"/sandboxes/{sandbox.name}/journal/{ids(sandbox)[-1]}").status_code == 200


def test_query_is_parsed_and_a_file_is_shown_by_its_size(sandbox: Sandbox) -> None:
    sandbox.control_json("PATCH", "/config", {"progress": "PT0S"})
    id = assessment(sandbox)["assessmentId"]
    sandbox.pi.get(f"{PI}?$top=5&externalId=a%20b&empty=")
    assert last(sandbox)["query"] == {"$top": "5", "externalId": "a b", "empty": ""}
    report = sandbox.pi.get(f"{PI}/{id}/reports/1?format=PDF&gender=0")
    assert last(sandbox)["answer"]["body"] == {"bytes": len(report.content)}
    assert last(sandbox)["answer"]["headers"]["content-type"] == "application/pdf"


def test_unknown_call_is_not_found(sandbox: Sandbox) -> None:
    known = make_calls(sandbox, 2)[0]
    for id in ("call-0", "call-3", "call-01", "call--1", "call-", "call-x", "call-٣", "x", "1", "call-" + "9" * 99):
        for ending in ("", ".sh"):
            problem(sandbox.control("GET", f"/journal/{id}{ending}"), 404, "has no call")
    for path in ("/journalxhar", "/journal.harx", "/journal/", "/journal.ha", f"/journal/{known}/sh"):
        assert sandbox.control("GET", path).status_code == 404
    problem(sandbox.control("GET", f"/journal/{known}xsh"), 404, "has no call")


def test_calls_are_numbered_from_one_and_again_after_a_reset() -> None:
    with served() as url, httpx2.Client(base_url=url, trust_env=False) as http:
        sandbox = Sandbox(http, "counted")
        assert make_calls(sandbox, 20) == [f"call-{number}" for number in range(1, 21)]
        sandbox.control_json("POST", "/reset")
        assert ids(sandbox) == []
        assert make_calls(sandbox) == ["call-1"]


# Filters.


@pytest.fixture
def busy(sandbox: Sandbox) -> Sandbox:
    """Eight calls: a token, an order, a refused one, two lists a day apart, a 404, one assessment, one dropped."""
    sandbox.control_json("POST", "/clock", {"freeze": "2030-01-01T00:00:00Z"})
    order(sandbox)
    sandbox.pymetrics.post("/mercury/order", json={})
    make_calls(sandbox)
    sandbox.control_json("POST", "/clock", {"advance": "P1D"})
    make_calls(sandbox)
    sandbox.pi.get("/api/v1/nowhere")
    assessment(sandbox)
    sandbox.control_json("PUT", "/faults", [{"do": "drop", "times": 1}])
    with pytest.raises(httpx2.TransportError):
        sandbox.pi.post("/api/v1/nothing")
    return sandbox


FILTERS = {
    "": [1, 2, 3, 4, 5, 6, 7, 8],
    "vendor=pymetrics": [1, 2, 3],
    "vendor=predictive_index": [4, 5, 6, 7, 8],
    "operation=list_assessments": [4, 5],
    "status=201": [1, 2, 7],
    "status=404": [6],
    "status=599": [],
    "since=2030-01-02": [5, 6, 7, 8],
    "since=2030-01-01T00:00:00.0000001Z": [5, 6, 7, 8],
    "since=2030-01-02T01:00:00%2B01:00": [5, 6, 7, 8],
    "since=call-5": [6, 7, 8],
    f"since=call-{'9' * 18}": [],
    "vendor=pymetrics&status=201&since=call-1": [2],
    "vendor=pymetrics&operation=list_assessments": [],
    "status=none": [8],
}


def test_filters_apply_to_the_journal_and_its_archive(busy: Sandbox) -> None:
    every = ids(busy)
    for query, numbers in FILTERS.items():
        asked = re.sub("call-([1-8])$", lambda one: every[int(one[1]) - 1], query)
        expected = [every[number - 1] for number in numbers]
        assert ids(busy, f"?{asked}") == expected, query
        archive = busy.control_json("GET", f"/journal.har?{asked}")
        assert [entry["_id"] for entry in archive["log"]["entries"]] == expected, query


WRONG = {
    "vendor=pi": ("vendor", "must be one of pymetrics, predictive_index"),
    "vendor=": ("vendor", "must be one of"),
    "operation=nothing": ("operation", "must be one of archive_assessment, "),
    "status=ok": ("status", "must be a number from 100 to 599, or none"),
    "status=99": ("status", "must be a number"),
    "status=600": ("status", "must be a number"),
    "status=+20": ("status", "must be a number"),
    "status=%D9%A1%D9%A1%D9%A1": ("status", "must be a number"),
    "since=yesterday": ("since", "2026-01-01T00:00:00Z"),
    "since=2030-02-30": ("since", "call-7"),
    "since=call-0": ("since", "call-7"),
    "since=": ("since", "call-7"),
    "until=2030-01-01": ("until", "is unknown; known are vendor, operation, status, since"),
    "status=200&status=201": ("status", "is given more than once"),
}


@pytest.mark.parametrize(("query", "wrong"), WRONG.items(), ids=WRONG)
def test_invalid_filter_is_refused(sandbox: Sandbox, query: str, wrong: tuple[str, str]) -> None:
    for path in ("/journal", "/journal.har"):
        found = problem(sandbox.control("GET", f"{path}?{query}"), 422, *wrong)
        assert {error["where"] for error in found["errors"]} == {wrong[0]}


# Bounds.


def test_newest_calls_stay(sandbox: Sandbox) -> None:
    set_bounds(sandbox, entries=20)
    early = make_calls(sandbox, 5)
    for number in range(50):
        sandbox.pi.get(f"{PI}/{number}")
    assert [call["path"] for call in calls(sandbox)] == [f"{PI}/{number}" for number in range(30, 50)]
    oldest = ids(sandbox)[0]
    assert sandbox.control_json("GET", f"/journal/{oldest}")["id"] == oldest
    problem(sandbox.control("GET", f"/journal/{early[4]}"), 404)
    assert ids(sandbox, f"?since={early[4]}") == ids(sandbox)
    assert ids(sandbox, f"?before={early[4]}") == []


def test_bytes_of_requests_and_responses_are_bounded(sandbox: Sandbox) -> None:
    set_bounds(sandbox, bytes=3_500_000)
    large = []
    for _ in range(6):
        assert sandbox.pi.post(PI, content=b" " * 1_000_000).status_code == 415
        large.append(ids(sandbox)[-1])
    assert ids(sandbox) == large[3:]
    assert [*large[3:], *make_calls(sandbox)] == ids(sandbox)
    set_bounds(sandbox, bytes=10_000)
    make_calls(sandbox)
    before = ids(sandbox)
    assert sandbox.pi.post(PI, content=b" " * 10_000).status_code == 415
    assert ids(sandbox) == before, "a call that is larger than the bound drops no other"
    assert [*before, *make_calls(sandbox)] == ids(sandbox)


def test_tighter_bounds_apply_at_once_and_zero_records_nothing(sandbox: Sandbox) -> None:
    ten = make_calls(sandbox, 10)
    set_bounds(sandbox, entries=3)
    assert ids(sandbox) == ten[7:]
    for bounds in ({"entries": 0}, {"entries": 5, "bytes": 0}):
        set_bounds(sandbox, **bounds)
        sandbox.pi.get(PI)
        assert ids(sandbox) == []
    set_bounds(sandbox, bytes=10_000)
    assert make_calls(sandbox) == ids(sandbox)


# Restore, fork, delete.


def test_restore_keeps_the_journal_and_fork_begins_an_empty_one_with_the_same_bounds(sandbox: Sandbox) -> None:
    set_bounds(sandbox, entries=2)
    sandbox.control_json("POST", "/snapshots")
    fork = Sandbox(sandbox.http, f"fork-{uuid.uuid4()}")
    sandbox.control_json("POST", "/fork", {"name": fork.name})
    set_bounds(sandbox, entries=10)
    five = make_calls(sandbox, 5)
    sandbox.control_json("POST", "/snapshots/snapshot-1/restore")
    assert ids(sandbox) == five[3:]
    assert [five[4], *make_calls(sandbox)] == ids(sandbox)
    assert ids(fork) == []
    assert make_calls(fork, 3)[1:] == ids(fork)
    fork.control_json("DELETE")
    assert ids(fork) == []  # the name opens another sandbox
    fork.control_json("DELETE")


# The archive.


def test_archive_conforms_to_har(busy: Sandbox) -> None:
    busy.control_json("PATCH", "/config", {"progress": "PT0S"})
    id = assessment(busy, assessmentStatusWebHook=FORBIDDEN_HOOK)["assessmentId"]
    busy.pi.get(f"{PI}/{id}/reports/1?format=PDF&gender=0")
    busy.pi.post(PI, content=b"\xff\x00", headers={"content-type": JSON})
    busy.pi.post(PI, content=b"a=1&b=%20", headers={"content-type": FORM})
    busy.pi.get(f"{PI}/%0A%25%20ü?$top=1&a=%20b&a=c")
    archive = busy.control_json("GET", "/journal.har")
    Draft202012Validator.check_schema(HAR)
    Draft202012Validator(HAR).validate(archive)
    entries = archive["log"]["entries"]
    assert len(entries) == len(calls(busy)) == 13
    listed = entries[-1]["request"]
    assert listed["url"] == f"{busy.url}{PI}/%0A%25%20%C3%BC?$top=1&a=%20b&a=c"
    assert [(one["name"], one["value"]) for one in listed["queryString"]] == [("$top", "1"), ("a", " b"), ("a", "c")]
    content = entries[9]["response"]["content"]
    assert (content["encoding"], content["text"][:7]) == ("base64", "JVBERi0")  # %PDF-
    assert entries[10]["request"]["postData"]["comment"] == "2 bytes that are no text"
    assert entries[11]["request"]["postData"]["text"] == "a=1&b=%20"
    assert (entries[2]["response"]["status"], entries[2]["_rules"]) == (400, calls(busy)[2]["rules"])


def test_empty_archive_conforms_to_har(sandbox: Sandbox) -> None:
    Draft202012Validator(HAR).validate(sandbox.control_json("GET", "/journal.har"))
