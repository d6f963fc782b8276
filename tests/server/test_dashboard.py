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
from tests.server import PERSON, PI, assessment
from tests.servers import CONTROL_TOKEN, Sandbox, Server


class Pages:
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
def pages(sandbox: Sandbox) -> Pages:
    """The pages of a fresh sandbox, which is open: its pages would ask first."""
    sandbox.control_json("GET")
    return Pages(sandbox)


@pytest.mark.parametrize("page", [page for page in PAGES if "{id}" not in page.path], ids=lambda page: page.template)
def test_page_of_an_empty_sandbox_has_title_and_current_tab(pages: Pages, page: Any) -> None:
    text = pages.page(page.path)
    assert text.count('aria-current="page"') == 1
    assert text.count(f"<title>{re.findall('<h1>(.*?)</h1>', text)[0]} ") == 1


def test_home_page_opens_and_lists_sandboxes(http: httpx2.Client) -> None:
    name = f"t-{uuid.uuid4()}"
    try:
        answer = http.post("/sandboxes", data={"name": name}, follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/sandboxes/{name}")
        again = http.post("/sandboxes", data={"name": name}, follow_redirects=False)
        assert (again.status_code, again.headers["location"]) == (303, f"/sandboxes/{name}")
        assert f'href="/sandboxes/{name}"' in http.get("/").text
        for path in ("", "/api/v1"):  # the base URLs, as `env` prints them
            assert f">{str(http.base_url).rstrip('/')}{path}</code>" in http.get("/").text
    finally:
        http.delete(f"/_simulator/sandboxes/{name}")


def test_invalid_sandbox_name_is_refused_and_escaped(http: httpx2.Client) -> None:
    answer = http.post("/sandboxes", data={"name": "No Such <Name>"})
    assert answer.status_code == 422
    assert "1 to 64 of a-z, 0-9 and -" in answer.text
    assert "<Name>" not in answer.text


def test_invitation_page_shows_candidate_status_and_possible_actions(pages: Pages) -> None:
    id = assessment(pages.sandbox)["assessmentId"]
    assert f'href="{pages.root}/invitations/{id}"' in pages.page()
    text = pages.page(f"/invitations/{id}")
    assert "Grace Hopper" in text
    assert "Created (0)" in text
    assert not re.findall(r'id="action-\w+" disabled', text)
    assert pages.done(f"/invitations/{id}", do="move", action="complete") == f"{pages.root}/invitations/{id}?done=move"
    text = pages.page(f"/invitations/{id}", done="move")
    assert "Completed (40)" in text
    assert len(re.findall(r'id="action-\w+" disabled', text)) == 5
    assert '<div class="notice good' in text


def test_refused_action_shows_the_problem_with_its_status(pages: Pages) -> None:
    id = assessment(pages.sandbox)["assessmentId"]
    pages.done(f"/invitations/{id}", do="move", action="complete")
    answer = pages.send(f"/invitations/{id}", do="move", action="start")
    assert answer.status_code == 409
    assert "cannot start" in answer.text
    assert 'role="alert"' in answer.text


@pytest.mark.parametrize("do", ["", "unknown", "<script>"])
def test_unknown_form_action_is_refused(pages: Pages, do: str) -> None:
    answer = pages.send("/clock", do=do)
    assert answer.status_code == 422
    assert "<script>" not in answer.text


def test_lists_have_search_filters_and_pages(pages: Pages) -> None:
    ids = [assessment(pages.sandbox, lastName=f"Number {number}")["assessmentId"] for number in range(60)]
    first = pages.page()
    assert first.count('id="row-') == 50
    older = re.findall(r'href="\?(before=[^"]*)">Older', first)[0]
    second = pages.page("", **dict([older.split("=")]))
    assert second.count('id="row-') == 10
    assert ids[0] in second
    assert ids[0] not in first
    assert pages.page("", q="number 17").count('id="row-') == 1
    assert "No matching invitations" in pages.page("", status="40")


def test_clock_form_on_any_page_redirects_back_to_it(pages: Pages) -> None:
    back = f"{pages.root}/mail"
    assert pages.done("/clock", do="freeze", moment="2030-01-01T00:00:00Z", back=back) == f"{back}?done=freeze"
    assert "2030-01-01 00:00:00 UTC" in pages.page("/mail")
    assert pages.done("/clock", do="advance", advance="PT24H") == f"{pages.root}/clock?done=advance&undo=1"
    assert "2030-01-02 00:00:00 UTC" in pages.page("/clock")
    pages.done("/clock", do="run")
    assert pages.sandbox.control_json("GET", "/clock")["mode"] == "running"
    pages.done("/clock", do="freeze")
    assert pages.sandbox.control_json("GET", "/clock")["mode"] == "frozen"


@pytest.mark.parametrize("back", ["https://elsewhere.example/", "//elsewhere.example", "javascript:alert(1)", "\\\\x"])
def test_form_does_not_redirect_to_another_server(pages: Pages, back: str) -> None:
    assert pages.done("/clock", do="run", back=back) == "/?done=run"


def test_clock_page_handles_snapshots_fork_reset_and_delete(pages: Pages) -> None:
    id = assessment(pages.sandbox)["assessmentId"]
    pages.done("/clock", do="snapshot")
    pages.done(f"/invitations/{id}", do="move", action="complete")
    pages.done("/clock", do="restore", id="snapshot-1")
    assert pages.sandbox.control_json("GET", f"/invitations/{id}")["status"] == 0
    pages.done("/clock", do="snapshot")
    pages.done("/clock", do="delete_snapshot", id="snapshot-1")
    assert pages.sandbox.control_json("GET")["snapshots"] == ["snapshot-2"]
    fork = f"t-{uuid.uuid4()}"
    assert pages.done("/clock", do="fork", name=fork) == f"/sandboxes/{fork}"
    assert len(pages.sandbox.http.get(f"/_simulator/sandboxes/{fork}/invitations").json()) == 1
    pages.sandbox.http.delete(f"/_simulator/sandboxes/{fork}")
    pages.done("/clock", do="reset")
    assert pages.sandbox.control_json("GET", "/invitations") == []
    assert pages.done("/clock", do="delete") == f"/?deleted={pages.sandbox.name}"
    names = [one["name"] for one in pages.sandbox.http.get("/_simulator/sandboxes").json()]
    assert pages.sandbox.name not in names


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
def test_fault_is_added_and_removed(pages: Pages, form: dict[str, str], planned: dict[str, Any]) -> None:
    pages.done("/faults", do="plan", **form)
    [fault] = pages.sandbox.control_json("GET", "/faults")
    assert {name: fault[name] for name in planned} == planned
    assert fault["id"] in pages.page("/faults")
    pages.done("/faults", do="drop", id=fault["id"])
    assert pages.sandbox.control_json("GET", "/faults") == []


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
def test_invalid_fault_is_refused_and_changes_nothing(pages: Pages, form: dict[str, str], said: str) -> None:
    pages.done("/faults", do="plan", kind="calls.drop")
    answer = pages.send("/faults", do="plan", **form)
    assert answer.status_code in (400, 422)
    assert said in unescape(answer.text)
    assert [fault["do"] for fault in pages.sandbox.control_json("GET", "/faults")] == ["drop"]


def test_settings_are_changed_as_json(pages: Pages) -> None:
    pages.done("/settings", do="configure", settings='{"progress": "PT10S"}')
    assert pages.sandbox.control_json("GET", "/config")["progress"] == "PT10S"
    for wrong in ("{", '{"progress": 7}', '{"unknown": 1}', ""):
        assert pages.send("/settings", do="configure", settings=wrong).status_code in (400, 422)
    assert pages.sandbox.control_json("GET", "/config")["progress"] == "PT10S"


def test_inbox_page_receives_webhooks_and_replay_sends_another(pages: Pages) -> None:
    pages.done("/caught", do="catch")
    id = assessment(pages.sandbox)["assessmentId"]
    pages.done(f"/invitations/{id}", do="move", action="complete")
    pages.sandbox.control_json("POST", "/await", {"webhook": {"state": "delivered"}, "within": "PT5S"})
    assert id in pages.page("/caught")
    [delivery] = pages.sandbox.control_json("GET", "/deliveries")
    assert id in pages.page(f"/deliveries/{delivery['id']}")
    again = pages.done(f"/deliveries/{delivery['id']}", do="replay")
    pages.sandbox.control_json("POST", "/await", {"webhook": {"id": again.rpartition("/")[2]}, "within": "PT5S"})
    assert pages.page("/caught").count("<article") == 2
    pages.done("/caught", do="forget")
    assert "No webhooks received yet" in pages.page("/caught")


def test_journal_page_links_a_refused_request_to_its_rule(pages: Pages) -> None:
    pages.sandbox.pi.post(PI, json={"firstName": "Ada"})
    assert "pi.create." in pages.page("/journal")
    text = pages.page("/journal/call-1")
    rule = re.findall(r'"/_simulator/rules/([^"]+)"', text)[0]
    assert f"<code>{rule}</code>" in pages.page("/rules", q=rule, show="broken")
    shown, script = text.split('id="script"')
    assert pages.sandbox.credential not in re.sub(r"sandboxes/[^\"]*", "", shown)
    assert f"api-key: {pages.sandbox.credential}" in script


@pytest.mark.parametrize(
    ("rule", "shown"),
    [
        ("pymetrics.access.key", ["documented", "status 403: assumed"]),
        ("pi.access.key", ["documented", "status 401: third_party"]),
        ("pi.access.rate", ["third_party"]),
    ],
)
def test_rule_shows_its_standing_and_that_of_its_status(pages: Pages, rule: str, shown: list[str]) -> None:
    (cell,) = re.findall(r'<td[^>]* data-label="Standing"[^>]*>(.*?)</td>', pages.page("/rules", q=rule))
    assert [text for text in re.split(r"<[^>]*>", cell) if text] == shown


@pytest.mark.parametrize("path", ["/invitations/none", "/deliveries/none", "/journal/call-9"])
def test_unknown_id_is_a_404_page(pages: Pages, path: str) -> None:
    answer = pages.sandbox.http.get(pages.root + path, headers={"accept": "text/html"})
    assert answer.status_code == 404
    assert "<h1>Not Found</h1>" in answer.text


def test_closed_access_requires_login_and_shows_new_keys_once(closed: Server) -> None:
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
        person = browser.post(PI, headers={"api-key": keys[-1]}, json=PERSON)
        assert person.status_code == 201
        assert "Grace Hopper" in browser.get(page).text
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
def test_tone_of_a_status_follows_the_state_table(vendor: Any, state: Any, mark: str) -> None:
    assert formatting.Vendors({vendor.id: vendor}).status(vendor.id, state)["tone"] == mark


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
def test_age_has_one_unit(at: str, said: str) -> None:
    assert formatting.age(at, "2026-01-01T00:00:00.0000000Z") == said


def test_pages_are_not_in_the_journal(pages: Pages) -> None:
    pages.page()
    pages.done("/clock", do="freeze")
    assert pages.sandbox.control_json("GET", "/journal") == []
