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
    """Go to a page, and wait until it gets events. The sandbox is opened first: its page would ask."""
    sandbox.control_json("GET")
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
        expect(board.page.locator("#live .facts .badge").first).to_have_text(re.compile("In Progress|Started"))
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


def test_tour_leads_from_the_invitation_to_the_result_in_five_clicks(browser: Browser) -> None:
    with Server() as server, visit(browser, server.url) as seen:
        page = seen.page
        begun = page.request.post(f"{server.url}/tour", form={"do": "begin"}, max_redirects=0)  # as `demo --open` does
        page.goto(f"{server.url}{begun.headers['location']}")
        page.locator("#live[data-connected]").wait_for(state="attached")
        with page.expect_popup() as opened:
            page.locator("#step-2").get_by_role("link", name="Open the candidate's page").click()
        opened.value.get_by_role("button", name="Start").click()
        opened.value.get_by_label("assertive").first.check()
        opened.value.get_by_role("button", name="Finish").click()
        opened.value.close()
        expect(page.locator("#step-2")).to_contain_text("delivered")
        page.locator("#step-2").get_by_role("link", name="See the result").click()
        expect(page.locator(".summary")).to_contain_text("Pattern")
        expect(
            page.get_by_role("img", name=re.compile("^Self-Concept, sigma scores: A Dominance 1.2,"))
        ).to_be_visible()

        # The tour goes on after every button, also after those that take its invitations away.
        page.go_back()
        page.get_by_role("button", name="Advance 24 h with a failing listener").click()
        expect(page.locator("#step-3")).to_contain_text("was sent 9 times")
        page.get_by_role("button", name="Freeze").click()
        expect(page.locator("#step-3")).to_contain_text("was sent 9 times")
        page.get_by_role("link", name="See every attempt").click()
        expect(page.locator("#attempts")).to_have_text("9")
        page.go_back()
        page.request.post(f"{server.url}/_simulator/sandboxes/demo/reset")
        expect(page.get_by_role("button", name="Begin")).to_be_visible()


def test_new_invitation_is_created_and_shown_with_its_call_and_its_files(browser: Browser, sandbox: Sandbox) -> None:
    with visit(browser, sandbox.url) as seen:
        page = seen.page
        opened(seen, sandbox)
        page.get_by_role("link", name="New invitation").click()
        page.get_by_role("link", name="pymetrics Mercury").click()
        page.get_by_label("E-mail").fill("grace@example.com")
        page.get_by_label("Assessment").select_option(label="Numerical and logical reasoning")
        page.get_by_label("Redirect to afterwards").fill("not a url")
        page.get_by_label("Outcome").select_option(label="Completes at once")
        page.get_by_label("Scores").select_option(label="High")
        page.get_by_role("button", name="Create the invitation").click()
        # Refused by the vendor's own rule; nothing that was typed is lost.
        expect(page.get_by_role("alert")).to_contain_text("candidate_redirect_url must be a URL")
        expect(page.get_by_label("E-mail")).to_have_value("grace@example.com")
        expect(page.get_by_label("Assessment")).to_have_value("2f1d9e0a-5c7b-4b7e-9a61-7c0f4b8e1d22")
        seen.complaints.clear()  # the browser notes the 400
        page.get_by_label("Redirect to afterwards").fill("")
        page.get_by_role("button", name="Create the invitation").click()
        expect(page.locator(".summary")).to_have_text("Highly Recommended")
        expect(page.locator("#call ~ .script")).to_contain_text("/mercury/order")
        expect(page.locator(".story-list")).to_contain_text("POST /mercury/order: 201")
        href = page.get_by_role("link", name="Recruiter report").get_attribute("href")
        assert page.request.get(f"{sandbox.url}{href}").body().startswith(b"%PDF")


def test_dangerous_button_says_what_it_changes_and_can_be_undone(browser: Browser, sandbox: Sandbox) -> None:
    ids = [assessment(sandbox, lastName=f"Number {number}")["assessmentId"] for number in range(3)]
    sandbox.control_json("POST", f"/invitations/{ids[0]}/complete")

    def states() -> list[Any]:
        return [one["status"] for one in sandbox.control_json("GET", "/invitations")]

    with visit(browser, sandbox.url) as seen:
        page = seen.page
        for button, said, after in (
            ("Run all pending events…", "2 invitations expire", [40, 50, 50]), ("Reset…", "3 invitations", []),
        ):  # fmt: skip
            opened(seen, sandbox, "/clock")
            page.get_by_role("link", name=button).click()
            expect(page.locator(".confirm")).to_contain_text(said)
            assert states() == [40, 0, 0]
            page.locator(".confirm").get_by_role("button").click()
            expect(page.get_by_role("button", name="Undo")).to_be_visible()
            assert states() == after
            page.get_by_role("button", name="Undo").click()
            expect(page.get_by_role("status")).to_contain_text("undone")
            assert states() == [40, 0, 0]
        opened(seen, sandbox, "/clock?confirm=delete")
        page.locator(".confirm").get_by_role("button").click()
        expect(page.get_by_role("status")).to_contain_text("was deleted")
        page.get_by_role("button", name="Undo").click()
        page.locator("#live[data-connected]").wait_for(state="attached")
        assert states() == [40, 0, 0]


def test_invitation_is_created_and_completed_by_the_keyboard_alone(browser: Browser, sandbox: Sandbox) -> None:
    with visit(browser, sandbox.url, size=WIDTHS["narrow"], dark=True) as seen:
        page = seen.page

        def press(name: str) -> None:
            """Go to the link or button of this name by Tab, and press it."""
            for _ in range(80):
                page.keyboard.press("Tab")
                if page.evaluate("document.activeElement.innerText") == name:
                    break
            page.keyboard.press("Enter")

        opened(seen, sandbox)
        press("New invitation")
        page.get_by_role("heading", name="New invitation").wait_for()
        press("Create the invitation")
        expect(page.get_by_role("status")).to_contain_text("was created")
        assert seen.violations() == []
        press("Complete")
        expect(page.locator(".summary")).to_be_visible()
        assert seen.violations() == []
        assert not seen.overflows()


def test_search_finds_while_typing_and_the_address_holds_it(browser: Browser, sandbox: Sandbox) -> None:
    for number in range(3):
        assessment(sandbox, lastName=f"Number {number}")
    with visit(browser, sandbox.url) as seen:
        opened(seen, sandbox)
        expect(seen.page.locator("tbody tr")).to_have_count(3)
        seen.page.get_by_label("Search").press_sequentially("number 2")
        expect(seen.page.locator("tbody tr")).to_have_count(1)
        expect(seen.page).to_have_url(re.compile(r"\?q=number\+2$"))
        seen.page.get_by_role("button", name="Freeze").click()  # goes back to the same view
        expect(seen.page.locator("tbody tr")).to_have_count(1)


def test_story_and_waterfall_show_attempts_changes_of_the_clock_and_what_is_scheduled(
    browser: Browser, sandbox: Sandbox, listener: Listener
) -> None:
    listener.answers = [503, 200]
    id = assessment(sandbox, assessmentStatusWebHook=listener.url)["assessmentId"]
    sandbox.control_json("POST", f"/invitations/{id}/start")
    sandbox.control_json("POST", "/clock", {"advance": "PT1H"})
    sandbox.pi.request("PATCH", f"/api/v1/behavioralassessments/{id}", json={"expirationDateTime": "yesterday"})
    with visit(browser, sandbox.url) as seen:
        opened(seen, sandbox, "/journal")
        seen.page.get_by_role("link", name="Story").first.click()
        story = seen.page.locator(".story-list")
        for text in ("start: Created (0) → Started (30)", "clock advanced by PT1H", "expire is due", "refused by pi."):
            expect(story).to_contain_text(text)
        picture = seen.page.locator(".waterfall")
        texts = picture.locator("text.name").all_text_contents()
        assert texts[:2] == ["Status", "Requests"]
        assert texts[-1] == "Timer: expire"
        due = float(picture.locator("circle.due").get_attribute("cx") or 0)
        assert due > float(picture.locator("line.now").get_attribute("x1") or 0)
        assert picture.locator("line.change").count() == 1


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
        [mail] = sandbox.control_json("GET", "/mail?newest=1")
        found = {"invitations": id, "deliveries": delivery["id"], "journal": "call-1", "mail": mail["id"]}
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
        assert seen.page.title() != "taken"


@pytest.mark.parametrize("name", [page.template for page in PAGES])
def test_every_page_shows_the_same_without_scripts(browser: Browser, crowd: dict[str, Any], name: str) -> None:
    words = []
    for script in (False, True):
        with visit(browser, crowd["url"], script=script) as seen:
            seen.page.goto(crowd["url"] + crowd["paths"][name])
            # Copy buttons need a script.
            words.append(re.sub(r"\d[\d.:-]*|now|ago|Copy|\s", "", seen.page.locator("main").inner_text()))
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
