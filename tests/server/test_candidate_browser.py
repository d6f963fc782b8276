"""The candidate's pages in a real browser: each vendor's story to its end, for everybody's eyes and hands."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser import WIDTHS, Visit, chromium, visit, wants_chromium
from tests.server import assessment, order
from tests.servers import Listener, Sandbox

pytestmark = wants_chromium
VENDORS = pytest.mark.parametrize("vendor", ["pymetrics", "predictive_index"])
HOSTILE = "<script>alert(1)</script>\u202egnihton 👩‍🚀 " + "x" * 10_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


def link(sandbox: Sandbox, vendor: str, redirect: str | None = None, name: str = "Ada") -> tuple[str, str]:
    """A new invitation: its id, and its link."""
    if vendor == "pymetrics":
        candidate = {"email": "ada@example.com", "first_name": name, "last_name": name}
        made = order(sandbox, candidate=candidate, requisition_title=name, candidate_redirect_url=redirect)
        return made["id"], made["invite_link"]
    more: dict[str, Any] = {"redirectUrl": redirect} if redirect else {}
    made = assessment(sandbox, firstName=name, lastName=name, **more)
    return made["assessmentId"], made["assessmentUrl"]


def status(sandbox: Sandbox, id: str) -> Any:
    return sandbox.control_json("GET", f"/invitations/{id}")["status"]


def sound(seen: Visit, script: bool = True) -> None:
    """The page as it stands must be fit for everybody (axe-core is a script), and no wider than its window."""
    assert not script or seen.violations() == []
    assert not seen.overflows()


LOOKS = [("wide", False, True), ("wide", True, True), ("narrow", False, True), ("narrow", True, False)]


@VENDORS
@pytest.mark.parametrize(("width", "dark", "script"), LOOKS)
def test_a_candidate_goes_from_the_link_to_the_callers_page(
    browser: Browser, sandbox: Sandbox, listener: Listener, vendor: str, width: str, dark: bool, script: bool
) -> None:
    id, address = link(sandbox, vendor, f"{listener.url}/done?application=1")
    with visit(browser, sandbox.url, listener.url, size=WIDTHS[width], dark=dark, script=script) as seen:
        page = seen.page
        page.goto(address)
        page.get_by_role("heading", name="You are invited").wait_for()
        sound(seen, script)
        page.get_by_role("button", name="Start").click()
        page.get_by_role("heading", name="Your assessment").wait_for()
        sound(seen, script)
        answer(page, vendor)
        sound(seen, script)
        page.get_by_role("link", name="Exit").click()
        page.get_by_role("heading", name="You have left").wait_for()
        sound(seen, script)
        assert status(sandbox, id) in ("In Progress", 30)
        page.get_by_role("link", name="Continue").click()
        answer(page, vendor)
        page.get_by_role("button", name="Finish").click()
        page.wait_for_url(f"{listener.url}/done?application=1")
        assert status(sandbox, id) in ("Completed", 40)
        (came,) = [request for request in listener.received if request.path.startswith("/done")]
        assert "referer" not in came.headers
        page.goto(address)
        page.get_by_role("heading", name="You have finished already").wait_for()
        sound(seen, script)
    assert (
        shown_scores(sandbox, vendor, id)
        == {"pymetrics": 70.0, "predictive_index": {"aSigma": 1.2, "cSigma": -1.2}}[vendor]
    )


def answer(page: Page, vendor: str) -> None:
    """Answer some of the questions."""
    if vendor == "pymetrics":
        row = page.get_by_text("Look at the row")
        row.click()
        page.get_by_text("heart", exact=True).wait_for()
        row.click()
        page.get_by_role("group", name="Which sign came").get_by_label("Star").check()
        page.get_by_role("group", name="How many puffs do you give the first").get_by_label("5 puffs").check()
        page.get_by_role("group", name="How many coins").get_by_label("8 coins").check()
    else:
        page.get_by_role("group", name="How you really are").get_by_label("assertive").check()
        page.get_by_role("group", name="How you really are").get_by_label("driven").check()


def shown_scores(sandbox: Sandbox, vendor: str, id: str) -> Any:
    """The score, or the factors that are not zero."""
    if vendor == "pymetrics":
        return sandbox.pymetrics.get(f"/mercury/getOrder/{id}").json()["results"][0]["score"]
    (own,) = sandbox.pi.get(f"/api/v1/behavioralassessments/{id}").json()["selfSigmaScore"]
    return {factor: sigma for factor, sigma in own.items() if sigma}


@VENDORS
def test_the_keyboard_is_enough(browser: Browser, sandbox: Sandbox, vendor: str) -> None:
    id, address = link(sandbox, vendor)
    with visit(browser, sandbox.url) as seen:
        page, press = seen.page, seen.page.keyboard.press
        page.goto(address)
        reach(page, "Start")
        press("Enter")
        page.get_by_role("heading", name="Your assessment").wait_for()
        while focused(page) != "INPUT":
            press("Tab")
            if focused(page) == "SUMMARY":
                press("Enter")
        press("Space")
        assert page.locator("input:checked").count() == 1
        reach(page, "Finish")
        press("Enter")
        page.get_by_role("heading", name="Thank you, you have finished").wait_for()
        sound(seen)
    assert status(sandbox, id) in ("Completed", 40)


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.tagName"))


def reach(page: Page, text: str) -> None:
    """Press Tab until the focus is on what has this text, and see that it is shown to be there."""
    for _ in range(100):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent.trim()") == text:
            assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
            return
    raise AssertionError(f"the keyboard does not reach {text}")


def test_a_double_click_is_one_answer(browser: Browser, sandbox: Sandbox, listener: Listener) -> None:
    _, address = link(sandbox, "predictive_index", f"{listener.url}/done")
    with visit(browser, sandbox.url, listener.url) as seen:
        seen.page.goto(address)
        seen.page.get_by_role("button", name="Start").click()
        seen.page.get_by_role("button", name="Finish").dblclick()
        seen.page.wait_for_url(f"{listener.url}/done")


@pytest.mark.parametrize("width", WIDTHS)
@VENDORS
def test_hostile_names_break_no_page(browser: Browser, sandbox: Sandbox, vendor: str, width: str) -> None:
    id, address = link(sandbox, vendor, name=HOSTILE)
    with visit(browser, sandbox.url, size=WIDTHS[width]) as seen:
        seen.page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
        for action in (None, "start", "complete"):
            if action:
                sandbox.control_json("POST", f"/invitations/{id}/{action}")
            seen.page.goto(address)
            sound(seen)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("dark", [False, True])
def test_the_pages_that_tell_of_an_end_are_fit_for_everybody(
    browser: Browser, sandbox: Sandbox, width: str, dark: bool
) -> None:
    with visit(browser, sandbox.url, size=WIDTHS[width], dark=dark) as seen:
        for action, heading in (("expire", "This invitation has expired"), ("abort", "This invitation is closed")):
            id, address = link(sandbox, "predictive_index")
            sandbox.control_json("POST", f"/invitations/{id}/start")
            seen.page.goto(address)
            sandbox.control_json("POST", f"/invitations/{id}/{action}")
            seen.page.get_by_role("button", name="Finish").click()
            seen.page.get_by_role("heading", name=heading).wait_for()
            sound(seen)
        seen.page.goto(address.replace(id, "no-such"))
        seen.page.get_by_role("heading", name="This link is not valid").wait_for()
        sound(seen)
        seen.complaints.clear()  # the browser tells that pages had the statuses 410 and 404


@pytest.mark.parametrize("width", WIDTHS)
def test_a_taker_chooses_a_language_also_one_that_runs_leftward(browser: Browser, sandbox: Sandbox, width: str) -> None:
    id, address = link(sandbox, "predictive_index")
    with visit(browser, sandbox.url, size=WIDTHS[width]) as seen:
        page = seen.page
        page.goto(address)
        for language, start in (("Deutsch", "Beginnen"), ("Español", "Empezar"), ("العربية", "ابدأ")):
            page.get_by_role("link", name=language).click()
            page.get_by_role("button", name=start).wait_for()
            sound(seen)
        assert page.evaluate("getComputedStyle(document.body).direction") == "rtl"
        page.get_by_role("button", name="ابدأ").click()
        page.get_by_label("حازم").first.check()
        sound(seen)
        page.get_by_role("button", name="إنهاء").click()
        page.get_by_role("heading", name="شكرًا").wait_for()
    assert status(sandbox, id) == 40
