"""The dashboard's pages over HTTP: what they show, what their forms do, and what they refuse."""

import re
import uuid
from html import unescape
from typing import Any

import httpx2
import pytest

from assessment_simulator.dashboard import formatting
from assessment_simulator.dashboard.routes import PAGES
from assessment_simulator.vendors import predictive_index, pymetrics
from tests.servers import CONTROL_TOKEN, Sandbox, Server

PERSON = {"firstName": "Ada", "lastName": "Lovelace", "email": "ada@example.com"}
FORM = {"content-type": "application/x-www-form-urlencoded"}


class Board:
    """A sandbox's pages as a browser without scripts asks for them."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.root = f"/sandboxes/{sandbox.name}"

    def page(self, path: str = "", **query: str) -> str:
        """The text of a page that must be there."""
        answer = self.sandbox.http.get(self.root + path, params=query)
        assert answer.status_code == 200, answer.text
        return unescape(answer.text)

    def send(self, path: str, **form: str) -> httpx2.Response:
        """The answer to a form, not followed."""
        return self.sandbox.http.post(self.root + path, data=form, follow_redirects=False)

    def done(self, path: str, **form: str) -> str:
        """Where a form leads that must be done."""
        answer = self.send(path, **form)
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]


@pytest.fixture
def board(sandbox: Sandbox) -> Board:
    """The pages of a fresh sandbox."""
    return Board(sandbox)


def invited(sandbox: Sandbox, **more: Any) -> str:
    """The id of a new PI assessment."""
    answer = sandbox.pi.post("/api/v1/behavioralassessments", json={**PERSON, **more})
    assert answer.status_code == 201, answer.text
    id: str = answer.json()["assessmentId"]
    return id


@pytest.mark.parametrize("page", [page for page in PAGES if "{id}" not in page.path], ids=lambda page: page.template)
def test_a_page_of_an_empty_sandbox_says_that_there_is_nothing_yet(board: Board, page: Any) -> None:
    text = board.page(page.path)
    assert text.count('aria-current="page"') == 1
    assert text.count(f"<title>{re.findall('<h1>(.*?)</h1>', text)[0]} ") == 1


def test_the_first_page_lists_the_sandboxes_and_opens_one(http: httpx2.Client) -> None:
    name = f"t-{uuid.uuid4()}"
    try:
        answer = http.post("/sandboxes", data={"name": name}, follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/sandboxes/{name}")
        again = http.post("/sandboxes", data={"name": name}, follow_redirects=False)
        assert (again.status_code, again.headers["location"]) == (303, f"/sandboxes/{name}")
        assert f'href="/sandboxes/{name}"' in http.get("/").text
    finally:
        http.delete(f"/_simulator/sandboxes/{name}")


def test_a_name_that_is_none_is_refused_with_what_would_be_right(http: httpx2.Client) -> None:
    answer = http.post("/sandboxes", data={"name": "No Such <Name>"})
    assert answer.status_code == 422
    assert "1 to 64 of a-z, 0-9 and -" in answer.text
    assert "<Name>" not in answer.text


def test_an_invitation_shows_its_candidate_its_status_and_what_can_be_done(board: Board) -> None:
    id = invited(board.sandbox)
    assert f'href="{board.root}/invitations/{id}"' in board.page()
    text = board.page(f"/invitations/{id}")
    assert "Ada Lovelace" in text
    assert "Created (0)" in text
    assert not re.findall(r'id="action-\w+" disabled', text)
    assert board.done(f"/invitations/{id}", do="move", action="complete") == f"{board.root}/invitations/{id}?done=move"
    text = board.page(f"/invitations/{id}", done="move")
    assert "Completed (40)" in text
    assert len(re.findall(r'id="action-\w+" disabled', text)) == 5
    assert '<div class="notice good"' in text


def test_what_cannot_be_done_is_a_notice_on_the_page_with_the_status_of_the_control_api(board: Board) -> None:
    id = invited(board.sandbox)
    board.done(f"/invitations/{id}", do="move", action="complete")
    answer = board.send(f"/invitations/{id}", do="move", action="start")
    assert answer.status_code == 409
    assert "cannot start" in answer.text
    assert 'role="alert"' in answer.text


@pytest.mark.parametrize("do", ["", "fly", "<script>"])
def test_a_form_that_no_page_has_is_refused(board: Board, do: str) -> None:
    answer = board.send("/clock", do=do)
    assert answer.status_code == 422
    assert "<script>" not in answer.text


def test_lists_are_searched_filtered_and_turned_over(board: Board) -> None:
    ids = [invited(board.sandbox, lastName=f"Number {number}") for number in range(60)]
    first = board.page()
    assert first.count('id="row-') == 50
    older = re.findall(r'href="\?(before=[^"]*)">Older', first)[0]
    second = board.page("", **dict([older.split("=")]))
    assert second.count('id="row-') == 10
    assert ids[0] in second
    assert ids[0] not in first
    assert board.page("", q="number 17").count('id="row-') == 1
    assert "No invitation is like that" in board.page("", status="40")


def test_the_clock_is_turned_from_every_page_and_leads_back_to_it(board: Board) -> None:
    back = f"{board.root}/mail"
    assert board.done("/clock", do="freeze", moment="2030-01-01T00:00:00Z", back=back) == back
    assert "2030-01-01 00:00:00 UTC" in board.page("/mail")
    assert board.done("/clock", do="advance", advance="PT24H") == f"{board.root}/clock?done=advance"
    assert "2030-01-02 00:00:00 UTC" in board.page("/clock")
    board.done("/clock", do="run")
    assert board.sandbox.told("GET", "/clock")["mode"] == "running"
    board.done("/clock", do="freeze")
    assert board.sandbox.told("GET", "/clock")["mode"] == "frozen"


@pytest.mark.parametrize("back", ["https://elsewhere.example/", "//elsewhere.example", "javascript:alert(1)", "\\\\x"])
def test_no_form_leads_to_another_server(board: Board, back: str) -> None:
    assert board.done("/clock", do="run", back=back) == "/"


def test_snapshots_are_kept_and_restored_and_the_sandbox_is_forked_reset_and_deleted(board: Board) -> None:
    id = invited(board.sandbox)
    board.done("/clock", do="snapshot")
    board.done(f"/invitations/{id}", do="move", action="complete")
    board.done("/clock", do="restore", id="snapshot-1")
    assert board.sandbox.told("GET", f"/invitations/{id}")["status"] == 0
    board.done("/clock", do="snapshot")
    board.done("/clock", do="delete_snapshot", id="snapshot-1")
    assert board.sandbox.told("GET")["snapshots"] == ["snapshot-2"]
    fork = f"t-{uuid.uuid4()}"
    assert board.done("/clock", do="fork", name=fork) == f"/sandboxes/{fork}"
    assert len(board.sandbox.http.get(f"/_simulator/sandboxes/{fork}/invitations").json()) == 1
    board.sandbox.http.delete(f"/_simulator/sandboxes/{fork}")
    board.done("/clock", do="reset")
    assert board.sandbox.told("GET", "/invitations") == []
    assert board.done("/clock", do="delete") == "/"
    names = [one["name"] for one in board.sandbox.http.get("/_simulator/sandboxes").json()]
    assert board.sandbox.name not in names


FAULTS = [
    pytest.param(
        {"kind": "calls.status", "status": "503", "times": "2"},
        {"do": "status", "status": 503, "times": 2}, id="status",
    ),
    pytest.param(
        {"kind": "calls.drop", "operation": "create_order", "when": "after_commit", "after": "1"},
        {"do": "drop", "operation": "create_order", "when": "after_commit", "after": 1}, id="lost answer",
    ),
    pytest.param(
        {"kind": "deliveries.delay", "duration": "PT5M", "probability": "0.5"},
        {"on": "deliveries", "do": "delay", "duration": "PT5M", "probability": 0.5}, id="late webhook",
    ),
    pytest.param({"kind": "calls.amend", "merge": '{"new": 1}'}, {"do": "amend", "merge": {"new": 1}}, id="new member"),
]  # fmt: skip


@pytest.mark.parametrize(("form", "planned"), FAULTS)
def test_a_fault_is_planned_by_a_form_and_taken_away_again(
    board: Board, form: dict[str, str], planned: dict[str, Any]
) -> None:
    board.done("/faults", do="plan", **form)
    [fault] = board.sandbox.told("GET", "/faults")
    assert {name: fault[name] for name in planned} == planned
    assert fault["id"] in board.page("/faults")
    board.done("/faults", do="drop", id=fault["id"])
    assert board.sandbox.told("GET", "/faults") == []


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({}, "kind is missing"),
        ({"kind": "calls.status", "status": "200"}, "status"),
        ({"kind": "calls.status", "times": "often"}, "'often' is no number"),
        ({"kind": "calls.delay"}, "duration"),
        ({"kind": "calls.amend", "merge": "{"}, "no JSON"),
        ({"kind": "calls.fly"}, "do"),
    ],
)
def test_a_fault_that_cannot_be_is_refused_and_changes_nothing(board: Board, form: dict[str, str], said: str) -> None:
    board.done("/faults", do="plan", kind="calls.drop")
    answer = board.send("/faults", do="plan", **form)
    assert answer.status_code in (400, 422)
    assert said in unescape(answer.text)
    assert [fault["do"] for fault in board.sandbox.told("GET", "/faults")] == ["drop"]


def test_settings_are_changed_as_json_and_what_is_none_is_refused(board: Board) -> None:
    board.done("/settings", do="configure", settings='{"progress": "PT10S"}')
    assert board.sandbox.told("GET", "/config")["progress"] == "PT10S"
    for wrong in ("{", '{"progress": 7}', '{"unknown": 1}', ""):
        assert board.send("/settings", do="configure", settings=wrong).status_code in (400, 422)
    assert board.sandbox.told("GET", "/config")["progress"] == "PT10S"


def test_the_catcher_catches_what_is_sent_to_it_and_replay_sends_it_again(board: Board) -> None:
    board.done("/caught", do="catch")
    id = invited(board.sandbox)
    board.done(f"/invitations/{id}", do="move", action="complete")
    board.sandbox.told("POST", "/await", {"webhook": {"state": "delivered"}, "within": "PT5S"})
    assert id in board.page("/caught")
    [delivery] = board.sandbox.told("GET", "/deliveries")
    assert id in board.page(f"/deliveries/{delivery['id']}")
    again = board.done(f"/deliveries/{delivery['id']}", do="replay")
    board.sandbox.told("POST", "/await", {"webhook": {"id": again.rpartition("/")[2]}, "within": "PT5S"})
    assert board.page("/caught").count("<article") == 2
    board.done("/caught", do="forget")
    assert "Nothing was caught yet" in board.page("/caught")


def test_a_refused_call_leads_from_the_journal_to_its_rule(board: Board) -> None:
    board.sandbox.pi.post("/api/v1/behavioralassessments", json={"firstName": "Ada"})
    assert "pi.create." in board.page("/journal")
    text = board.page("/journal/call-1")
    rule = re.findall(r'/rules\?q=([^"]+)"', text)[0]
    assert f"<code>{rule}</code>" in board.page("/rules", q=rule, show="broken")
    assert board.sandbox.credential not in re.sub(r"sandboxes/[^\"]*|sim-\S+</code>", "", text)


@pytest.mark.parametrize(
    ("rule", "shown"),
    [
        ("pymetrics.access.key", ["documented", "status 403: assumed"]),
        ("pi.access.key", ["documented", "status 401: third_party"]),
        ("pi.access.rate", ["third_party"]),
    ],
)
def test_a_rule_is_shown_with_its_standing_and_that_of_its_status(board: Board, rule: str, shown: list[str]) -> None:
    (cell,) = re.findall(r'<td data-label="Standing">(.*?)</td>', board.page("/rules", q=rule))
    assert [text for text in re.split(r"<[^>]*>", cell) if text] == shown


@pytest.mark.parametrize("path", ["/invitations/none", "/deliveries/none", "/journal/call-9"])
def test_what_is_not_there_is_a_page_that_says_so(board: Board, path: str) -> None:
    answer = board.sandbox.http.get(board.root + path, headers={"accept": "text/html"})
    assert answer.status_code == 404
    assert "<h1>Not Found</h1>" in answer.text


@pytest.mark.parametrize("verb", ["PUT", "PATCH", "DELETE"])
def test_a_verb_that_no_page_knows_is_refused(board: Board, verb: str) -> None:
    assert board.sandbox.http.request(verb, board.root).status_code == 405


def test_a_page_of_another_site_cannot_send_a_form(board: Board) -> None:
    for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "https://elsewhere.example"}, {"origin": "null"}):
        answer = board.sandbox.http.post(f"{board.root}/clock", data={"do": "reset"}, headers=headers)
        assert answer.status_code == 403


def test_in_closed_access_a_person_logs_in_and_then_sees_the_pages(closed: Server) -> None:
    with httpx2.Client(base_url=closed.url, headers={"accept": "text/html"}, trust_env=False) as browser:
        page = "/sandboxes/opened-in-a-page"
        answer = browser.get(page, follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/login?next={page}")
        browser.post("/login", data={"token": CONTROL_TOKEN, "next": "/"})
        assert browser.get(page).status_code == 404
        own = {"sec-fetch-site": "same-origin"}
        opened = browser.post("/sandboxes", data={"name": "opened-in-a-page"}, headers=own)
        assert opened.status_code == 201
        assert "They are shown this once" in opened.text
        keys = re.findall(r"<dd><code>(\S+)</code>", opened.text)
        person = browser.post("/api/v1/behavioralassessments", headers={"api-key": keys[-1]}, json=PERSON)
        assert person.status_code == 201
        assert "Ada Lovelace" in browser.get(page).text
        assert all(key not in browser.get(page).text for key in keys)
        assert "/tour" not in browser.get("/").text


STATES = [
    *((pymetrics.VENDOR, state, mark) for state, mark in {
        "Pending": "plain", "Not Started": "plain", "In Progress": "info", "Completed": "good", "Fulfilled": "good",
        "Rejected": "bad", "Expired": "bad",
    }.items()),
    *((predictive_index.VENDOR, state, mark) for state, mark in {
        0: "plain", 10: "plain", 20: "plain", 30: "info", 40: "good", 50: "bad", 60: "bad", 65: "bad",
    }.items()),
]  # fmt: skip


@pytest.mark.parametrize(("vendor", "state", "mark"), STATES)
def test_the_table_of_states_tells_how_a_status_looks(vendor: Any, state: Any, mark: str) -> None:
    assert formatting.tone(vendor.machine, state) == mark


@pytest.mark.parametrize(
    ("at", "said"),
    [
        ("2026-01-01T00:00:00.0000000Z", "now"),
        ("2025-12-31T23:59:55.0000000Z", "5 s ago"),
        ("2025-12-31T23:00:00.0000000Z", "1 h ago"),
        ("2025-12-01T00:00:00.0000000Z", "31 d ago"),
        ("2026-01-01T00:09:30.0000000Z", "in 9 min"),
    ],
)
def test_an_age_is_told_in_one_unit(at: str, said: str) -> None:
    assert formatting.age(at, "2026-01-01T00:00:00.0000000Z") == said


def test_the_journal_keeps_no_page(board: Board) -> None:
    board.page()
    board.done("/clock", do="freeze")
    assert board.sandbox.told("GET", "/journal") == []
