"""Long lists: pages, filters, search and counts."""

from typing import Any

import pytest

from tests.server import assessment, completed_with_webhook, order, problem
from tests.servers import Listener, Sandbox

PI = "/api/v1/behavioralassessments"
LISTS = ("invitations", "deliveries", "journal", "mail")


def listed(sandbox: Sandbox, path: str, **query: Any) -> list[str]:
    """The ids in a list with this query."""
    answer = sandbox.http.get(f"/_simulator/sandboxes/{sandbox.name}/{path}", params=query)
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json()]


def refused(sandbox: Sandbox, path: str, **query: Any) -> Any:
    answer = sandbox.http.get(f"/_simulator/sandboxes/{sandbox.name}/{path}", params=query)
    return problem(answer, 422)["errors"]


def filled(sandbox: Sandbox, listener: Listener) -> None:
    """Seven of everything."""
    for number in range(7):
        id = assessment(
            sandbox, assessmentStatusWebHook=f"{listener.url}/{number}", notifyAssessmentAvailableUsingEmail=1
        )["assessmentId"]
        sandbox.control_json("POST", f"/invitations/{id}/complete")
        listener.wait_for(number + 1)


# Pages.


def test_list_is_oldest_first_and_pages_of_the_newest_lead_to_the_oldest(sandbox: Sandbox, listener: Listener) -> None:
    filled(sandbox, listener)
    for path in LISTS:
        ids = listed(sandbox, path)
        assert len(ids) == 7, path
        assert listed(sandbox, path, newest=1000) == ids[::-1]
        assert listed(sandbox, path, before=ids[3]) == ids[:3]
        found = listed(sandbox, path, newest=3)
        assert found == ids[:-4:-1]
        while page := listed(sandbox, path, newest=3, before=found[-1]):
            found += page
        assert found == ids[::-1], path


def test_page_is_complete_when_an_invitation_was_archived(sandbox: Sandbox) -> None:
    ids = [assessment(sandbox)["assessmentId"] for _ in range(4)]
    sandbox.pi.request("DELETE", f"{PI}/{ids[2]}")
    assert listed(sandbox, "invitations", newest=2) == [ids[3], ids[1]]
    assert listed(sandbox, "invitations", newest=2, before=ids[2]) == [ids[1], ids[0]]


NUMBERS = ["0", "1001", "-1", "1.5", "٣", ""]
WRONG: list[tuple[dict[str, Any], str, str]] = [
    *(({"newest": number}, "newest", "must be a number from 1 to 1000") for number in NUMBERS),
    ({"newest": ["1", "2"]}, "newest", "is given more than once"),
    ({"limit": "5"}, "limit", "is unknown; known are "),
    ({"newest": "x", "limit": "5"}, "newest limit", ""),
]


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize(("query", "where", "what"), WRONG)
def test_invalid_paging_parameter_is_refused_by_every_list(
    sandbox: Sandbox, path: str, query: dict[str, Any], where: str, what: str
) -> None:
    errors = refused(sandbox, path, **query)
    assert {error["where"] for error in errors} == {*where.split()}
    assert errors[0]["what"].startswith(what)


@pytest.mark.parametrize("path", LISTS)
def test_before_an_unknown_id_is_refused(sandbox: Sandbox, path: str) -> None:
    sandbox.pi.get(PI)
    [error] = refused(sandbox, path, before="call-2")
    assert error["where"] == "before"
    assert error["what"].startswith("must be the id of")


FILTERS: list[tuple[str, dict[str, str], str]] = [
    ("invitations", {"vendor": "predictive-index"}, "must be one of pymetrics, predictive_index"),
    ("invitations", {"status": "Done"}, "must be one of Rejected, Pending, "),
    ("invitations", {"state": "pending"}, "is unknown; known are vendor, status, newest, before, q"),
    ("deliveries", {"state": "sent"}, "must be one of pending, delivered, failed"),
    ("mail", {"vendor": "pymetrics"}, "is unknown; known are invitation, newest, before, q"),
]


@pytest.mark.parametrize(("path", "query", "what"), FILTERS)
def test_invalid_filter_is_refused(sandbox: Sandbox, path: str, query: dict[str, str], what: str) -> None:
    [error] = refused(sandbox, path, **query)
    assert error["where"] in query
    assert error["what"].startswith(what)


def test_har_export_has_filters_and_no_paging(sandbox: Sandbox) -> None:
    sandbox.pi.get(PI)
    answer = sandbox.control("GET", "/journal.har?status=401")
    assert answer.json()["log"]["entries"] == []
    problem(sandbox.control("GET", "/journal.har?newest=1"), 422, "known are vendor, operation, status, since")


# Filters.


def test_invitations_are_filtered_by_vendor_and_status(sandbox: Sandbox) -> None:
    first, second = order(sandbox, "a")["id"], order(sandbox, "b")["id"]
    third = assessment(sandbox)["assessmentId"]
    sandbox.control_json("POST", f"/invitations/{second}/complete")
    sandbox.control_json("POST", f"/invitations/{third}/complete")
    assert listed(sandbox, "invitations", vendor="pymetrics") == [first, second]
    assert listed(sandbox, "invitations", vendor="predictive_index") == [third]
    assert listed(sandbox, "invitations", status="Completed") == [second]
    assert listed(sandbox, "invitations", status="40") == [third]
    assert listed(sandbox, "invitations", status="40", vendor="pymetrics") == []


def test_deliveries_and_mails_are_filtered(sandbox: Sandbox, listener: Listener) -> None:
    listener.answers = [200, 400]
    good, bad = completed_with_webhook(sandbox, listener), completed_with_webhook(sandbox, listener)
    sandbox.control_json("POST", "/await", {"webhook": {"invitation": bad, "state": "failed"}})
    [delivered], [failed] = (
        listed(sandbox, "deliveries", invitation=good),
        listed(sandbox, "deliveries", state="failed"),
    )
    assert listed(sandbox, "deliveries") == [delivered, failed]
    assert listed(sandbox, "deliveries", state="delivered") == [delivered]
    assert listed(sandbox, "deliveries", state="pending") == []
    mailed = [order(sandbox, name, send_email=True)["id"] for name in "ab"]
    first, second = listed(sandbox, "mail")
    assert [listed(sandbox, "mail", invitation=id) for id in mailed] == [[first], [second]]
    assert listed(sandbox, "mail", invitation="nobody's") == []


# Search.

SEARCHES: list[tuple[str, bool]] = [
    ("ada", True), ("LOVELACE", True), ("ada lovelace", True), ("ADA@EXAMPLE", True), ("İpek", False), ("ext-1", True),
    ("Req-9", True), ("application-1", True), ("not started", True), ("completed", False), ("", True),
    # What only the record holds, or its JSON, is none of what a person would search by.
    ("engineer", False), ("games", False), ("candidate", False), ("secret", False), ('"', False), ("\\", False),
]  # fmt: skip


@pytest.mark.parametrize(("text", "found"), SEARCHES)
def test_order_is_found_by_id_email_name_or_status(sandbox: Sandbox, text: str, found: bool) -> None:
    body: dict[str, Any] = {
        "candidate": {
            "email": "ada@example.com", "first_name": "Ada", "last_name": "Lovelace", "external_id": "EXT-1",
        },
        "requisition_id": "req-9", "requisition_title": "Engineer", "metadata": {"note": "secret"},
    }  # fmt: skip
    id = order(sandbox, **body)["id"]
    assert listed(sandbox, "invitations", q=text) == ([id] if found else [])


NAMES: list[tuple[str, str]] = [
    ("Åsa", "åsa"), ("STRASSE", "straße"), ("Grace \"Amazing\"", 'grace "amazing"'), ("back\\slash", "K\\S"),
    ("张伟", "张"), ("<script>", "<SCRIPT>"), ("🦊 fox", "🦊"), ("two  words", "two  words"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text"), NAMES)
def test_search_ignores_letter_case_in_any_script(sandbox: Sandbox, name: str, text: str) -> None:
    assessment(sandbox, firstName="Other", lastName="Other")
    id = assessment(sandbox, firstName=name)["assessmentId"]
    assert listed(sandbox, "invitations", q=text) == [id]


def test_assessment_is_found_by_id_external_ids_and_state_name(sandbox: Sandbox) -> None:
    assessment(sandbox)
    id = assessment(sandbox, externalId="hr-77", externalPersonId="person-5")["assessmentId"]
    sandbox.control_json("POST", f"/invitations/{id}/complete")
    for text in (id, id[3:20].upper(), "HR-77", "person-5", "completed", "Completed (40)"):
        assert listed(sandbox, "invitations", q=text) == [id], text
    assert listed(sandbox, "invitations", q="completed", vendor="pymetrics") == []


def test_search_filters_and_paging_combine(sandbox: Sandbox) -> None:
    ids = [order(sandbox, f"application-{number}")["id"] for number in range(6)]
    for id in ids[::2]:
        sandbox.control_json("POST", f"/invitations/{id}/start")
    found = listed(sandbox, "invitations", q="ada", status="In Progress", newest=2)
    assert found == [ids[4], ids[2]]
    assert listed(sandbox, "invitations", q="ada", status="In Progress", newest=2, before=found[-1]) == [ids[0]]


def test_deliveries_and_mails_are_searched(sandbox: Sandbox, listener: Listener) -> None:
    first, second = completed_with_webhook(sandbox, listener, "/one"), completed_with_webhook(sandbox, listener, "/Two")
    one, two = listed(sandbox, "deliveries")
    for text, found in [("/ONE", [one]), ("two", [two]), (first, [one]), (two, [two]), ("deliver", [one, two])]:
        assert listed(sandbox, "deliveries", q=text) == found, text
    assert second != first
    order(sandbox, send_email=True, requisition_title="Fox keeper")
    [mail] = listed(sandbox, "mail", q="FOX KEEPER")
    assert listed(sandbox, "mail", q="ada@") == [mail]
    assert listed(sandbox, "mail", q="begin here") == []


def test_journal_is_searched_by_the_members_of_the_short_view(sandbox: Sandbox) -> None:
    sandbox.control_json("PUT", "/faults", [{"id": "Gremlin", "do": "status", "path": "*/gone", "times": 1}])
    id = assessment(sandbox)["assessmentId"]
    sandbox.pi.get(f"{PI}/gone")
    sandbox.pi.post(PI, json={})
    sandbox.pi.get("/api/v1/nowhere")
    searches = {
        "behavioral": ["call-1", "call-2", "call-3"],
        "/GONE": ["call-2"],
        "gremlin": ["call-2"],
        "40": ["call-3", "call-4"],
        "CREATE_ASSESSMENT": ["call-1", "call-3"],
        "pi.create": ["call-3"],
        id: [],
        "none": [],
        "grace": [],
    }
    for text, found in searches.items():
        assert listed(sandbox, "journal", q=text) == found, text
    assert listed(sandbox, "journal", q="behavioral", newest=1, operation="create_assessment") == ["call-3"]
    assert listed(sandbox, "journal", q="behavioral", newest=1, before="call-3") == ["call-2"]


# Counts.


def test_sandbox_shows_the_counts_of_its_lists(sandbox: Sandbox, listener: Listener) -> None:
    assert sandbox.control_json("GET")["counts"] == {"invitations": 0, "deliveries": 0, "journal": 0, "mail": 0}
    completed_with_webhook(sandbox, listener)
    order(sandbox, send_email=True)
    gone = assessment(sandbox)["assessmentId"]
    sandbox.pi.request("DELETE", f"{PI}/{gone}")
    assert sandbox.control_json("GET")["counts"] == {"invitations": 2, "deliveries": 1, "journal": 5, "mail": 1}
