"""The dashboard in a real browser: live, by one click, in every size and scheme, whatever names people have."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from assessment_simulator.dashboard.routes import PAGES, TOUR
from tests.browser import WIDTHS, Visit, chromium, visit, wants_chromium
from tests.server import assessment, order
from tests.servers import Listener, Sandbox, Server

pytestmark = wants_chromium

HOSTILE = {
    "firstName": "<script>document.title = 'taken'</script>",
    "lastName": "\u202egnirts\u202c 😀 \"'><img src=x onerror=alert(1)> " + "W" * 10_000,
    "email": "o'neill+a&b@example.com",
    "externalId": "{{ 7 * 7 }} <b>bold</b>",
    "externalPersonId": "مرحبا",
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium."""
    with chromium() as started:
        yield started


def opened(seen: Visit, sandbox: Sandbox, path: str = "") -> None:
    """Go to a page, and wait until it gets events."""
    seen.page.goto(f"{sandbox.url}/sandboxes/{sandbox.name}{path}")
    seen.page.locator("#live[data-connected]").wait_for(state="attached")


def test_page_updates_without_a_reload(browser: Browser, sandbox: Sandbox) -> None:
    with visit(browser, sandbox.url) as seen:
        opened(seen, sandbox)
        expect(seen.page.get_by_text("No invitations yet")).to_be_visible()
        seen.page.evaluate("window.unloaded = false; addEventListener('beforeunload', () => { unloaded = true })")
        id = assessment(sandbox)["assessmentId"]
        expect(seen.page.get_by_role("link", name="Grace Hopper")).to_be_visible()
        expect(seen.page.locator(f"#row-{id} .badge")).to_have_text("Created (0)")
        sandbox.control_json("POST", f"/invitations/{id}/complete")
        expect(seen.page.locator(f"#row-{id} .badge")).to_have_text("Completed (40)")
        sandbox.control_json("POST", "/clock", {"freeze": "2030-01-01T00:00:00Z"})
        expect(seen.page.locator("#mode")).to_have_text("frozen")
        assert seen.page.evaluate("window.unloaded") is False


def test_update_keeps_typed_text_and_focus(browser: Browser, sandbox: Sandbox) -> None:
    id = assessment(sandbox)["assessmentId"]
    with visit(browser, sandbox.url) as seen:
        opened(seen, sandbox, f"/invitations/{id}")
        seen.page.locator("#action-start").focus()
        sandbox.control_json("POST", f"/invitations/{id}/open")
        expect(seen.page.get_by_text("Opened (20)").first).to_be_visible()
        assert seen.page.evaluate("document.activeElement.id") == "action-start"
        opened(seen, sandbox)
        seen.page.get_by_label("Search").fill("A")
        assessment(sandbox, firstName="Ada", lastName="Byron")
        expect(seen.page.get_by_role("link", name="Ada Byron")).to_be_visible()
        expect(seen.page.get_by_label("Search")).to_have_value("A")


@pytest.mark.parametrize("vendor", ["pymetrics", "predictive_index"])
def test_page_shows_candidate_steps_and_webhook_without_a_reload(
    browser: Browser, sandbox: Sandbox, listener: Listener, vendor: str
) -> None:
    catch = f"{sandbox.url}/_simulator/catch/{sandbox.name}"
    sandbox.control_json("PATCH", "/config", {"webhook_url": catch, "default_webhook_url": catch})
    with visit(browser, sandbox.url, listener.url) as board, visit(browser, sandbox.url, listener.url) as candidate:
        opened(board, sandbox)
        board.page.evaluate("window.same = true")
        id, link, ends = invitation(sandbox, vendor, f"{listener.url}/thanks")
        expect(board.page.locator(f"#row-{id}")).to_be_visible()
        board.page.locator(f"#row-{id} a").click()
        board.page.locator("#live[data-connected]").wait_for(state="attached")
        board.page.evaluate("window.same = true")
        candidate.page.goto(link)
        candidate.page.get_by_role("button", name="Start").click()
        expect(board.page.locator("#live .facts .badge")).to_have_text(re.compile("In Progress|Started"))
        candidate.page.get_by_role("button", name="Finish").click()
        candidate.page.wait_for_url(f"{listener.url}/thanks")
        expect(board.page.locator("#live .facts .badge")).to_have_text(ends)
        expect(board.page.get_by_role("link", name=re.compile("attempt 1: 200")).first).to_be_visible()
        assert board.page.evaluate("window.same") is True
        opened(board, sandbox, "/caught")
        expect(board.page.locator("article").first).to_contain_text(id)


def invitation(sandbox: Sandbox, vendor: str, redirect: str) -> tuple[str, str, str]:
    """A new invitation: its id, its link, and the status that it ends in."""
    if vendor == "pymetrics":
        made = order(sandbox, candidate_redirect_url=redirect)
        return made["id"], made["invite_link"], "Completed"
    made = assessment(sandbox, redirectUrl=redirect)
    return made["assessmentId"], made["assessmentUrl"], "Completed (40)"


def test_tour_has_three_steps(browser: Browser) -> None:
    with Server() as server, visit(browser, server.url) as seen:
        page = seen.page
        page.goto(f"{server.url}/tour")
        page.get_by_role("button", name="Begin").click()
        expect(page.locator("#step-1")).to_contain_text("Simulate the candidate")
        page.locator("#live[data-connected]").wait_for(state="attached")
        id = re.findall("first=([0-9a-f-]+)", page.url)[0]
        page.request.post(f"{server.url}/_simulator/sandboxes/demo/invitations/{id}/complete")
        expect(page.locator("#step-2")).to_contain_text("delivered")
        expect(page.locator("#step-1")).to_contain_text("Done.")
        page.get_by_role("button", name="Advance 24 h with a failing listener").click()
        expect(page.locator("#step-3")).to_contain_text("it was tried 9 times")
        page.get_by_role("link", name="See every attempt").click()
        expect(page.locator("#attempts")).to_have_text("9")


@pytest.fixture(scope="module")
def crowd(browser: Browser) -> Iterator[dict[str, Any]]:
    """A sandbox with a bit of everything, and with hostile names; the paths of all of its pages."""
    import httpx2

    with Server() as server, httpx2.Client(base_url=server.url, trust_env=False) as http:
        sandbox = Sandbox(http, "hostile")
        catch = f"{server.url}/_simulator/catch/hostile"
        sandbox.control_json("PATCH", "/config", {"default_webhook_url": f"{catch}?status=500", "webhook_url": catch})
        id = assessment(sandbox, **HOSTILE, notifyAssessmentAvailableUsingEmail=1)["assessmentId"]
        sandbox.pymetrics.post(
            "/mercury/order",
            json={
                "candidate": {"email": HOSTILE["email"], "first_name": HOSTILE["lastName"]},
                "application_id": HOSTILE["externalId"], "send_email": True, "requisition_title": HOSTILE["firstName"],
                "assessment_id": sandbox.pymetrics.get("/mercury/configuration").json()["assessments"][0]["id"],
            },
        )  # fmt: skip
        sandbox.pi.get("/api/v1/behavioralassessments/<img src=x>?$filter=<script>")
        sandbox.control_json("PUT", "/faults", [{"do": "delay", "duration": "PT1S", "times": 0, "path": "/<script>*"}])
        sandbox.control_json("POST", f"/invitations/{id}/complete")
        sandbox.control_json("POST", "/clock", {"advance": "PT1H"})
        sandbox.control_json("POST", "/snapshots")
        [delivery] = sandbox.control_json("GET", "/deliveries?newest=1")
        found = {"invitations": id, "deliveries": delivery["id"], "journal": "call-1"}
        root = "/sandboxes/hostile"
        paths = {
            page.template: root + page.path.format(id=found.get(page.path.split("/{")[0].strip("/"), ""))
            for page in PAGES
        }
        paths["rules"] += "?show=broken"
        yield {"url": server.url, "paths": {**paths, "home": "/", TOUR.template: TOUR.path}}


@pytest.mark.parametrize(
    ("size", "dark"), [("narrow", True), ("wide", False)], ids=["narrow and dark", "wide and light"]
)
@pytest.mark.parametrize("name", [*(page.template for page in PAGES), "home", TOUR.template])
def test_every_page_is_accessible_and_escapes_hostile_names(
    browser: Browser, crowd: dict[str, Any], name: str, dark: bool, size: str
) -> None:
    with visit(browser, crowd["url"], size=WIDTHS[size], dark=dark) as seen:
        seen.page.goto(crowd["url"] + crowd["paths"][name])
        assert seen.violations() == []
        assert seen.named_twice() == []
        assert seen.cramped() == []
        assert not seen.overflows()
        assert "taken" not in seen.page.title()


@pytest.mark.parametrize("name", [page.template for page in PAGES])
def test_every_page_shows_the_same_without_scripts(browser: Browser, crowd: dict[str, Any], name: str) -> None:
    words = []
    for script in (False, True):
        with visit(browser, crowd["url"], script=script) as seen:
            seen.page.goto(crowd["url"] + crowd["paths"][name])
            words.append(re.sub(r"\d[\d.:-]*|now|ago", "", seen.page.locator("main").inner_text()))
    assert words[0] == words[1]


def test_form_works_by_keyboard_and_without_scripts(browser: Browser, sandbox: Sandbox) -> None:
    id = assessment(sandbox)["assessmentId"]
    with visit(browser, sandbox.url, script=False) as seen:
        seen.page.goto(f"{sandbox.url}/sandboxes/{sandbox.name}/invitations/{id}")
        seen.page.keyboard.press("Tab")
        expect(seen.page.get_by_role("link", name="Skip to the content")).to_be_focused()
        seen.page.locator("#action-complete").focus()
        seen.page.keyboard.press("Enter")
        expect(seen.page.locator("#live")).to_contain_text("Completed (40)")
