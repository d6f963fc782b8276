"""The journal: what came in by HTTP and what was answered, bounded by count and bytes, and the archive of it."""

import re
import uuid
from typing import Any

import httpx2
import pytest
from jsonschema import Draft202012Validator

from assessment_simulator.journal.recorder import number_of
from tests.server import FORBIDDEN_HOOK, LIMIT, assessment, order, problem, wish
from tests.server.har_schema import HAR
from tests.servers import Sandbox, served

PI = "/api/v1/behavioralassessments"
SHORT = ["id", "at", "vendor", "operation", "method", "path", "status", "rules", "fault", "duration"]


def calls(sandbox: Sandbox, query: str = "") -> list[Any]:
    found: list[Any] = sandbox.told("GET", f"/journal{query}")
    return found


def ids(sandbox: Sandbox, query: str = "") -> list[str]:
    return [call["id"] for call in calls(sandbox, query)]


def last(sandbox: Sandbox) -> Any:
    """The single view of the newest call."""
    return sandbox.told("GET", f"/journal/{ids(sandbox)[-1]}")


def read(sandbox: Sandbox, times: int = 1) -> None:
    for _ in range(times):
        assert sandbox.pi.get(PI).status_code == 200


def noted(sandbox: Sandbox, times: int) -> list[str]:
    """The ids of so many calls, each as the journal had it just then."""
    found = []
    for _ in range(times):
        read(sandbox)
        found.append(ids(sandbox)[-1])
    return found


def bound(sandbox: Sandbox, **bounds: int) -> None:
    sandbox.told("PATCH", "/config", {"journal": bounds})


# What is kept.


def test_a_call_is_kept_with_what_was_made_of_it(sandbox: Sandbox) -> None:
    sandbox.told("POST", "/clock", {"freeze": "2030-01-01T00:00:00Z"})
    id = order(sandbox)["id"]
    token, made = calls(sandbox)
    assert [*made] == SHORT
    assert 0 < made.pop("duration") < 10
    call = made.pop("id")
    assert made == {
        "at": "2030-01-01T00:00:00.0000000Z", "vendor": "pymetrics", "operation": "create_order",
        "method": "POST", "path": "/mercury/order", "status": 201, "rules": [], "fault": None,
    }  # fmt: skip
    assert (token["operation"], token["status"]) == ("create_token", 201)
    assert 0 < number_of(token["id"]) < number_of(call)
    whole = sandbox.told("GET", f"/journal/{call}")
    assert [*whole] == [*SHORT, "query", "request", "answer"]
    assert whole["request"]["body"] == wish()
    assert whole["request"]["headers"]["content-type"] == "application/json"
    assert whole["answer"]["body"]["order"]["id"] == id
    assert int(whole["answer"]["headers"]["content-length"]) > 100
    assert whole["answer"]["headers"]["date"] == "Tue, 01 Jan 2030 00:00:00 GMT"


def test_a_refused_call_names_the_rules_that_refused_it(sandbox: Sandbox) -> None:
    answer = sandbox.pi.post(PI, json={})
    [call] = calls(sandbox)
    assert (call["status"], call["rules"]) == (400, answer.headers["simulator-rule"].split(", "))
    assert len(call["rules"]) == 3


def test_calls_that_lead_nowhere_under_a_vendors_root_are_kept_too(sandbox: Sandbox) -> None:
    read(sandbox)
    sandbox.pi.get("/api/v1/nowhere")
    sandbox.pi.request("PUT", PI, json={"a": 1})
    sandbox.pymetrics.post("/mercury/order", content=b" " * (LIMIT + 1))
    found = [(call["operation"], call["status"], call["rules"]) for call in calls(sandbox)]
    assert found == [
        ("list_assessments", 200, []),
        (None, 404, ["pi.door.route"]),
        (None, 405, ["pi.door.verb"]),
        ("create_token", 201, []),
        ("create_order", 413, ["pymetrics.door.size"]),
    ]
    assert last(sandbox)["request"]["body"] is None


def test_calls_that_open_no_sandbox_are_nobodys(sandbox: Sandbox) -> None:
    read(sandbox)
    sandbox.http.get(PI)
    sandbox.http.get(PI, headers={"api-key": "no"})
    sandbox.http.get("/mercury/nowhere")
    sandbox.http.get("/nowhere", headers=sandbox.pi.headers)
    sandbox.http.options(PI, headers={"origin": "http://a", "access-control-request-method": "GET"})
    assert len(ids(sandbox)) == 1


def test_only_http_is_kept_no_action_and_no_alarm(sandbox: Sandbox) -> None:
    sandbox.told("PATCH", "/config", {"progress": "PT10S"})
    made = assessment(sandbox)
    sandbox.told("POST", f"/invitations/{made['assessmentId']}/start")
    sandbox.told("POST", "/clock", {"advance": "P1D"})
    assert len(ids(sandbox)) == 1


BODIES: dict[str, tuple[bytes, str, Any]] = {
    "JSON": (b'{"a": [1, 2.5, null]}', "application/json", {"a": [1, 2.5, None]}),
    "JSON by any name": (b'{"a": 1}', "text/plain", {"a": 1}),
    "a form": (b"a=1&b=x+y", "application/x-www-form-urlencoded; charset=utf-8", {"a": "1", "b": "x y"}),
    "text": ("grüß {".encode(), "application/json", "grüß {"),
    "no text": (b"\xff\xfe\x00", "application/json", {"bytes": 3}),
    "nothing": (b"", "application/json", None),
}


@pytest.mark.parametrize(("body", "media_type", "shown"), BODIES.values(), ids=BODIES)
def test_a_body_is_shown_as_what_it_is(sandbox: Sandbox, body: bytes, media_type: str, shown: Any) -> None:
    sandbox.pi.post(PI, content=body, headers={"content-type": media_type})
    assert last(sandbox)["request"]["body"] == shown


def test_a_query_is_shown_parsed_and_a_file_by_its_size(sandbox: Sandbox) -> None:
    sandbox.told("PATCH", "/config", {"progress": "PT0S"})
    id = assessment(sandbox)["assessmentId"]
    sandbox.pi.get(f"{PI}?$top=5&externalId=a%20b&empty=")
    assert last(sandbox)["query"] == {"$top": "5", "externalId": "a b", "empty": ""}
    report = sandbox.pi.get(f"{PI}/{id}/reports/1?format=PDF&gender=0")
    assert report.status_code == 200, report.text
    assert last(sandbox)["answer"]["body"] == {"bytes": len(report.content)}
    assert last(sandbox)["answer"]["headers"]["content-type"] == "application/pdf"


def test_an_answer_is_kept_with_the_addresses_that_its_caller_read(sandbox: Sandbox) -> None:
    made = order(sandbox)
    assert last(sandbox)["answer"]["body"]["order"]["invite_link"].startswith(f"{sandbox.url}/pymetrics/invite/")
    assert "simulator.invalid" not in sandbox.control("GET", f"/journal/{ids(sandbox)[1]}").text
    assert made["invite_link"].startswith(sandbox.url)


def test_an_unknown_call_is_not_found(sandbox: Sandbox) -> None:
    known = noted(sandbox, 2)[0]
    for id in ("call-0", "call-3", "call-01", "call--1", "call-", "call-x", "call-٣", "x", "1", "call-" + "9" * 99):
        for ending in ("", ".sh"):
            problem(sandbox.control("GET", f"/journal/{id}{ending}"), 404, "has no call")
    for path in ("/journalxhar", "/journal.harx", "/journal/", "/journal.ha", f"/journal/{known}/sh"):
        assert sandbox.control("GET", path).status_code == 404
    problem(sandbox.control("GET", f"/journal/{known}xsh"), 404, "has no call")
    assert sandbox.control("GET", f"/journal/{known}.sh").headers["content-type"].startswith("text/x-shellscript")


def test_a_call_is_in_the_journal_as_soon_as_its_answer_is_there(sandbox: Sandbox) -> None:
    calls = noted(sandbox, 50)
    assert len({*calls}) == 50
    for call in calls:
        assert sandbox.control("GET", f"/journal/{call}").status_code == 200


def test_a_process_that_is_alone_counts_calls_from_one_and_again_after_a_reset() -> None:
    with served() as url, httpx2.Client(base_url=url, trust_env=False) as http:
        sandbox = Sandbox(http, "counted")
        assert noted(sandbox, 2) == ["call-1", "call-2"]
        sandbox.told("POST", "/reset")
        assert noted(sandbox, 1) == ["call-1"]


# Filters.


@pytest.fixture
def busy(sandbox: Sandbox) -> Sandbox:
    """Seven calls: a token, an order, a refused one, two lists a day apart, a 404, one assessment."""
    sandbox.told("POST", "/clock", {"freeze": "2030-01-01T00:00:00Z"})
    order(sandbox)
    sandbox.pymetrics.post("/mercury/order", json={})
    read(sandbox)
    sandbox.told("POST", "/clock", {"advance": "P1D"})
    read(sandbox)
    sandbox.pi.get("/api/v1/nowhere")
    assessment(sandbox)
    return sandbox


FILTERS = {
    "": [1, 2, 3, 4, 5, 6, 7],
    "vendor=pymetrics": [1, 2, 3],
    "vendor=predictive_index": [4, 5, 6, 7],
    "operation=list_assessments": [4, 5],
    "status=201": [1, 2, 7],
    "status=404": [6],
    "status=599": [],
    "since=2030-01-02": [5, 6, 7],
    "since=2030-01-01T00:00:00.0000001Z": [5, 6, 7],
    "since=2030-01-02T01:00:00%2B01:00": [5, 6, 7],
    "since=call-5": [6, 7],
    f"since=call-{'9' * 18}": [],
    "vendor=pymetrics&status=201&since=call-1": [2],
    "vendor=pymetrics&operation=list_assessments": [],
}


@pytest.mark.parametrize(("query", "numbers"), FILTERS.items(), ids=FILTERS)
def test_the_journal_and_its_archive_show_what_is_asked_for(busy: Sandbox, query: str, numbers: list[int]) -> None:
    every = ids(busy)
    query = re.sub("call-([1-7])$", lambda one: every[int(one[1]) - 1], query)
    assert ids(busy, f"?{query}") == [every[number - 1] for number in numbers]
    archive = busy.told("GET", f"/journal.har?{query}")
    assert [entry["_id"] for entry in archive["log"]["entries"]] == ids(busy, f"?{query}")


def test_calls_without_an_answer_can_be_asked_for(sandbox: Sandbox) -> None:
    sandbox.told("PUT", "/faults", [{"do": "drop", "times": 1}])
    with pytest.raises(httpx2.TransportError):
        sandbox.pi.get("/api/v1/behavioralassessments")
    sandbox.pi.get("/api/v1/behavioralassessments")
    (unanswered,) = sandbox.told("GET", "/journal?status=none")
    assert unanswered["status"] is None
    assert unanswered == sandbox.told("GET", "/journal")[0]


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
@pytest.mark.parametrize("path", ["/journal", "/journal.har"])
def test_a_filter_that_cannot_be_meant_is_refused(
    sandbox: Sandbox, path: str, query: str, wrong: tuple[str, str]
) -> None:
    where, what = wrong
    found = problem(sandbox.control("GET", f"{path}?{query}"), 422, where, what)
    assert {error["where"] for error in found["errors"]} == {where}


def test_all_that_is_wrong_with_a_query_is_told_at_once(sandbox: Sandbox) -> None:
    found = problem(sandbox.control("GET", "/journal?vendor=x&status=x&since=call-1"), 422)
    assert [error["where"] for error in found["errors"]] == ["vendor", "status"]


# Bounds.


def test_a_thousand_calls_are_kept_unless_set_otherwise(sandbox: Sandbox) -> None:
    assert sandbox.told("GET", "/config")["journal"] == {"entries": 1_000, "bytes": 10_000_000}


def test_of_many_calls_the_newest_stay(sandbox: Sandbox) -> None:
    bound(sandbox, entries=100)
    early = noted(sandbox, 5)
    for number in range(2_000):
        sandbox.pi.get(f"{PI}/{number}")
    assert [call["path"] for call in calls(sandbox)] == [f"{PI}/{number}" for number in range(1_900, 2_000)]
    oldest = ids(sandbox)[0]
    assert sandbox.told("GET", f"/journal/{oldest}")["id"] == oldest
    problem(sandbox.control("GET", f"/journal/{early[4]}"), 404)
    assert ids(sandbox, f"?since={early[4]}") == ids(sandbox)


def test_of_large_calls_as_many_stay_as_there_are_bytes_for(sandbox: Sandbox) -> None:
    bound(sandbox, bytes=3_500_000)
    large = []
    for _ in range(6):
        assert sandbox.pi.post(PI, content=b" " * 1_000_000).status_code == 415
        large.append(ids(sandbox)[-1])
    assert ids(sandbox) == large[3:]
    assert [*large[3:], *noted(sandbox, 1)] == ids(sandbox)


def test_a_call_too_large_for_the_journal_is_not_kept_and_the_others_stay(sandbox: Sandbox) -> None:
    bound(sandbox, bytes=10_000)
    [before] = noted(sandbox, 1)
    assert sandbox.pi.post(PI, content=b" " * 10_000).status_code == 415
    assert ids(sandbox) == [before]
    assert [before, *noted(sandbox, 1)] == ids(sandbox)


def test_answers_count_as_well(sandbox: Sandbox) -> None:
    bound(sandbox, bytes=5_000)
    for _ in range(5):
        assessment(sandbox)
    before = ids(sandbox)
    sandbox.pi.get(PI)
    assert ids(sandbox) == before


def test_tighter_bounds_apply_at_once_and_none_switches_it_off(sandbox: Sandbox) -> None:
    ten = noted(sandbox, 10)
    bound(sandbox, entries=3)
    assert ids(sandbox) == ten[7:]
    bound(sandbox, entries=0)
    assert ids(sandbox) == []
    read(sandbox, 3)
    assert ids(sandbox) == []
    bound(sandbox, entries=5)
    assert noted(sandbox, 1) == ids(sandbox)
    bound(sandbox, bytes=0)
    assert ids(sandbox) == []


# A sandbox's life.


def test_a_reset_begins_a_new_journal(sandbox: Sandbox) -> None:
    read(sandbox, 3)
    sandbox.told("POST", "/reset")
    assert ids(sandbox) == []
    assert noted(sandbox, 1) == ids(sandbox)


def test_a_restore_keeps_the_journal_and_brings_back_its_bounds(sandbox: Sandbox) -> None:
    bound(sandbox, entries=2)
    sandbox.told("POST", "/snapshots")
    bound(sandbox, entries=10)
    five = noted(sandbox, 5)
    sandbox.told("POST", "/snapshots/snapshot-1/restore")
    assert ids(sandbox) == five[3:]
    assert [five[4], *noted(sandbox, 1)] == ids(sandbox)


def test_a_fork_begins_without_and_with_the_same_bounds(sandbox: Sandbox) -> None:
    bound(sandbox, entries=2)
    three = noted(sandbox, 3)
    fork = Sandbox(sandbox.http, f"fork-{uuid.uuid4()}")
    sandbox.told("POST", "/fork", {"name": fork.name})
    assert ids(fork) == []
    assert noted(fork, 3)[1:] == ids(fork)
    assert ids(sandbox) == three[1:]
    fork.told("DELETE")


def test_a_sandbox_that_is_opened_again_has_an_empty_journal(sandbox: Sandbox) -> None:
    read(sandbox)
    sandbox.told("DELETE")
    assert ids(sandbox) == []


def test_no_sandbox_sees_the_calls_of_another(sandbox: Sandbox, http: httpx2.Client) -> None:
    other = Sandbox(http, f"other-{uuid.uuid4()}")
    read(sandbox, 2)
    read(other)
    assert (len(calls(sandbox)), len(calls(other))) == (2, 1)
    other.told("DELETE")


# The archive.


def test_the_archive_is_as_the_format_has_it(busy: Sandbox) -> None:
    busy.told("PATCH", "/config", {"progress": "PT0S"})
    id = assessment(busy, assessmentStatusWebHook=FORBIDDEN_HOOK)["assessmentId"]
    busy.pi.get(f"{PI}/{id}/reports/1?format=PDF&gender=0")
    busy.pi.post(PI, content=b"\xff\x00", headers={"content-type": "application/json"})
    busy.pi.post(PI, content=b"a=1&b=%20", headers={"content-type": "application/x-www-form-urlencoded"})
    busy.pi.get(f"{PI}/%0A%25%20ü?$top=1&a=%20b&a=c")
    archive = busy.told("GET", "/journal.har")
    Draft202012Validator.check_schema(HAR)
    Draft202012Validator(HAR).validate(archive)
    entries = archive["log"]["entries"]
    assert len(entries) == len(calls(busy)) == 12
    listed = entries[-1]["request"]
    assert listed["url"] == f"{busy.url}{PI}/%0A%25%20%C3%BC?$top=1&a=%20b&a=c"
    assert listed["queryString"] == [
        {"name": "$top", "value": "1"}, {"name": "a", "value": " b"}, {"name": "a", "value": "c"},
    ]  # fmt: skip
    assert entries[8]["response"]["content"]["encoding"] == "base64"
    assert entries[8]["response"]["content"]["text"].startswith("JVBERi0")  # %PDF-
    assert entries[9]["request"]["postData"]["comment"] == "2 bytes that are no text"
    assert entries[10]["request"]["postData"]["text"] == "a=1&b=%20"
    assert (entries[2]["response"]["status"], entries[2]["_rules"]) == (400, calls(busy)[2]["rules"])


def test_an_empty_journal_makes_an_archive_too(sandbox: Sandbox) -> None:
    Draft202012Validator(HAR).validate(sandbox.told("GET", "/journal.har"))
