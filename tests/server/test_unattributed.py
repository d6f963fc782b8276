"""Requests that belong to no sandbox, and the pages of rules, to which refusals lead."""

import re
from html import unescape

import httpx2
import pytest

from tests.server import PI
from tests.servers import CONTROL, Sandbox, Server, served

SECRET = "Zq7pT4vXc81LmN0s"


def test_requests_that_belong_to_no_sandbox_are_kept_without_their_secrets() -> None:
    with served() as url, httpx2.Client(base_url=url, timeout=30) as http:
        http.get(f"{PI}?api-key={SECRET}", headers={"x-key": SECRET, "authorization": f"Basic {SECRET}"})
        http.post("/mercury/oauth/token", json={"client_id": SECRET, "clientKey": SECRET, "auth": {"a": SECRET}})
        http.post("/mercury/oauth/token", content=f"client_secret={SECRET}&x={SECRET}".encode())
        http.post("/behavioralassessments", content=SECRET.encode(), headers={"x-api-key": "sim-demo"})
        http.get("/favicon.ico")
        answer = http.get("/_simulator/unattributed")
        entries = answer.json()
        assert SECRET not in answer.text
        assert [(one["vendor"], one["status"], *one["rules"][:1]) for one in entries] == [
            ("predictive_index", 401, "pi.access.key"),
            ("pymetrics", 400, "pymetrics.token.client_secret.required"),
            ("pymetrics", 400, "pymetrics.token.body.json"),
            ("predictive_index", 404, "pi.http.route"),
        ]
        assert entries[0]["query"] == {"api-key": "***"}
        assert entries[0]["request"]["headers"]["x-key"] == "***"
        assert "a-z 0-9 -" in entries[0]["answer"]["headers"]["simulator-hint"]
        assert [one["id"] for one in http.get("/_simulator/unattributed?newest=1").json()] == [entries[-1]["id"]]
        assert http.get("/_simulator/sandboxes").json() == []


def test_only_the_last_requests_without_a_sandbox_are_kept_and_shown_on_the_first_page() -> None:
    with served() as url, httpx2.Client(base_url=url, timeout=30) as http:
        for number in range(105):
            http.get(f"{PI}/{number}", headers={"api-key": f"{SECRET}{number}"})
        kept = http.get("/_simulator/unattributed").json()
        assert [one["path"].rpartition("/")[2] for one in kept] == [*map(str, range(5, 105))]
        home = http.get("/").text
        assert f"{PI}/104" in home
        assert f"{PI}/90" not in home
        assert SECRET not in home


def test_requests_without_a_sandbox_need_the_control_token_in_closed_access(closed: Server) -> None:
    with httpx2.Client(base_url=closed.url, timeout=30) as http:
        http.get(PI)
        assert http.get("/_simulator/unattributed").status_code == 401
        assert http.get("/_simulator/unattributed", headers=CONTROL).json()[-1]["rules"] == ["pi.access.key"]


def test_the_dashboard_asks_before_it_opens_a_sandbox(http: httpx2.Client, sandbox: Sandbox) -> None:
    path = f"/sandboxes/{sandbox.name}"
    for page in (path, f"{path}/journal", f"{path}/clock"):
        assert http.get(page).status_code == 404
    assert http.post(f"{path}/clock", data={"do": "run"}).status_code == 404
    assert sandbox.name not in {one["name"] for one in http.get("/_simulator/sandboxes").json()}
    asked = http.get(path)
    assert f"There is no sandbox <bdi>{sandbox.name}</bdi>" in asked.text
    opened = http.post("/sandboxes", data={"name": sandbox.name})
    assert (opened.status_code, opened.headers["location"]) == (303, path)
    assert http.get(path).status_code == 200
    assert http.get("/sandboxes/No_Name").status_code == 404


@pytest.mark.parametrize("id", ["pi.create.gender.type", "pymetrics.access.key", "pymetrics.report.link"])
def test_a_browser_gets_the_page_of_a_rule(http: httpx2.Client, id: str) -> None:
    page = http.get(f"/_simulator/rules/{id}", headers={"accept": "text/html"})
    rule = http.get(f"/_simulator/rules/{id}").json()
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert rule["statement"] in unescape(page.text)
    assert f"simulator-rule: {id}" in page.text


def test_a_browser_gets_a_page_of_all_rules_and_a_program_json(http: httpx2.Client) -> None:
    rules = http.get("/_simulator/rules").json()
    page = http.get("/_simulator/rules", headers={"accept": "text/html,*/*;q=0.8"})
    assert page.headers["content-type"].startswith("text/html")
    links = re.findall(r'href="/_simulator/rules/([^"]+)"', page.text)
    assert links == [rule["id"] for rule in rules]
    text = unescape(page.text)
    assert [rule["id"] for rule in rules if rule["statement"] not in text] == []


def test_the_examples_of_rules_leave_nothing_behind(http: httpx2.Client) -> None:
    with served() as url, httpx2.Client(base_url=url, timeout=30) as http:
        first = http.get("/_simulator/rules/pi.access.key").text
        assert http.get("/_simulator/rules/pi.access.key").text == first
        assert http.get("/_simulator/sandboxes").json() == http.get("/_simulator/unattributed").json() == []
        assert 'operation="list_assessments"' not in http.get("/_simulator/metrics").text
        missing = http.get("/_simulator/rules/pi.Access-key")
        assert missing.status_code == 404
        assert "did you mean pi.access.key?" in missing.json()["detail"]


def test_a_browser_logs_in_before_it_sees_a_rule(closed: Server) -> None:
    with httpx2.Client(base_url=closed.url, timeout=30) as http:
        page = http.get("/_simulator/rules/pi.access.key", headers={"accept": "text/html"})
        assert (page.status_code, page.headers["location"]) == (303, "/login?next=/_simulator/rules/pi.access.key")
        assert http.get("/_simulator/rules/pi.access.key").status_code == 401
        assert http.get("/_simulator/rules", headers={"accept": "text/html"}).headers["location"].endswith("/rules")


def test_a_web_page_can_read_where_the_rules_of_a_refusal_are_explained(http: httpx2.Client) -> None:
    answer = http.get(PI, headers={"origin": "http://localhost:3000"})
    assert "Link" in answer.headers["access-control-expose-headers"].split(", ")
