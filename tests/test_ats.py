"""The sample ATS page, in a real browser and from an origin of its own: what it asks for must be allowed there."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser import WIDTHS, Visit, chromium, visit, wants_chromium
from tests.servers import ROOT, Sandbox, Server, files

pytestmark = wants_chromium
FOLDER = ROOT / "docs" / "examples" / "ats"
PI, PYMETRICS = "The Predictive Index", "pymetrics"


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    """The page's own server: another port, and so another origin."""
    with files(FOLDER) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def seen(browser: Browser, origin: str, server: Server, sandbox: Sandbox) -> Iterator[Visit]:
    """A window in which the page is connected to a fresh sandbox."""
    with visit(browser, origin, server.url) as window:
        connect(window.page, origin, server.url, sandbox.name)
        yield window


def connect(page: Page, origin: str, base: str, sandbox: str) -> None:
    page.goto(origin)
    page.get_by_label("Base address").fill(base)
    page.get_by_label("Sandbox").fill(sandbox)
    page.get_by_role("button", name="Connect").click()
    expect(page.get_by_role("status")).to_have_text(f"Connected to {base}, sandbox {sandbox}.")


def add(page: Page, email: str, first: str = "Mary", last: str = "Jackson") -> Locator:
    """A new applicant; the card of it."""
    page.get_by_label("First name").fill(first)
    page.get_by_label("Last name").fill(last)
    page.get_by_label("E-mail").fill(email)
    page.get_by_role("button", name="Add").click()
    card = page.get_by_role("article").last
    expect(card).to_contain_text(email[:50])
    return card


def half(card: Locator, vendor: str) -> Locator:
    """What a card says of one vendor."""
    return card.locator("section").filter(has=card.page.get_by_role("heading", name=vendor, exact=True))


def test_an_order_is_followed_from_invitation_to_result_and_report(seen: Visit, sandbox: Sandbox) -> None:
    expect(seen.page.get_by_role("article")).to_have_count(3)
    expect(seen.page.get_by_text("Status: not invited")).to_have_count(6)
    assert sandbox.control_json("GET", "/invitations") == []
    card = half(add(seen.page, "mary@example.com"), PYMETRICS)
    card.get_by_role("button", name="Send order").click()
    expect(card).to_contain_text("Status: Not Started")
    (invited,) = sandbox.control_json("GET", "/invitations")
    link = card.get_by_role("link", name="Open the candidate's link")
    expect(link).to_have_attribute("href", invited["links"]["invite"])
    expect(card.get_by_role("button")).to_be_disabled()
    sandbox.control_json("POST", f"/invitations/{invited['id']}/start")
    expect(card).to_contain_text("Status: In Progress")
    sandbox.control_json("POST", f"/invitations/{invited['id']}/complete")
    expect(card).to_contain_text("Status: Fulfilled")
    expect(card).to_contain_text("Recommended")
    expect(link).to_be_hidden()
    report = card.get_by_role("link", name="Report (PDF)")
    with seen.page.context.expect_page() as opened, seen.page.expect_popup():
        report.click()
    opened.value.close()
    answer = httpx2.get(str(report.get_attribute("href")), trust_env=False)
    assert (answer.status_code, answer.content[:5]) == (200, b"%PDF-")


def test_an_assessment_is_followed_from_invitation_to_pattern_and_report(seen: Visit, sandbox: Sandbox) -> None:
    card = half(add(seen.page, "mary@example.com"), PI)
    card.get_by_role("button", name="Send assessment").click()
    expect(card).to_contain_text("Status: Created")
    (invited,) = sandbox.control_json("GET", "/invitations")
    expect(card.get_by_role("link", name="Open the candidate's link")).to_have_attribute(
        "href", invited["links"]["invite"]
    )
    sandbox.control_json("POST", f"/invitations/{invited['id']}/complete")
    expect(card).to_contain_text("Status: Completed")
    expect(card).to_contain_text("Pattern ")
    picture = card.get_by_role("img", name="Behavioural pattern of Mary Jackson")
    expect(picture).to_be_visible()
    assert picture.evaluate("picture => picture.decode().then(() => picture.naturalWidth)") > 100
    with seen.page.expect_download() as download:
        card.get_by_role("link", name="Report (PDF)").click()
    assert download.value.suggested_filename == f"PersonDetailReport-{invited['id']}.pdf"
    assert Path(download.value.path()).read_bytes()[:5] == b"%PDF-"


@pytest.mark.parametrize(
    ("tag", "pymetrics", "pi"),
    [("completes", "Fulfilled", "Completed"), ("expires", "Expired", "Expired"), ("rejected", "Rejected", "Created")],
)
def test_a_tag_in_the_address_plays_the_candidate(seen: Visit, tag: str, pymetrics: str, pi: str) -> None:
    card = add(seen.page, f"mary+{tag}@example.com")
    card.get_by_role("button", name="Send order").click()
    card.get_by_role("button", name="Send assessment").click()
    expect(half(card, PYMETRICS)).to_contain_text(f"Status: {pymetrics}")
    expect(half(card, PI)).to_contain_text(f"Status: {pi}")


def test_a_token_that_expires_is_renewed(seen: Visit, sandbox: Sandbox) -> None:
    sandbox.control_json("POST", "/clock", {"advance": "PT2H"})
    card = half(add(seen.page, "mary+completes@example.com"), PYMETRICS)
    card.get_by_role("button", name="Send order").click()
    expect(card).to_contain_text("Status: Fulfilled")
    assert len(sandbox.control_json("GET", "/journal?operation=create_token")) == 2
    seen.complaints.clear()  # the browser reports every status from 400 on


def test_a_refusal_is_shown_with_its_rule(seen: Visit, sandbox: Sandbox) -> None:
    sandbox.control_json("PATCH", "/config", {"maintenance": True})
    card = half(add(seen.page, "mary@example.com"), PI)
    card.get_by_role("button", name="Send assessment").click()
    expect(seen.page.get_by_role("status")).to_contain_text("503")
    expect(seen.page.get_by_role("status")).to_contain_text("(pi.")
    expect(card.get_by_role("button")).to_be_enabled()
    assert len(seen.complaints) == 1
    seen.complaints.clear()


def test_what_was_sent_is_known_after_a_reload_and_may_be_sent_again_after_a_reset(
    seen: Visit, sandbox: Sandbox, origin: str, server: Server
) -> None:
    add(seen.page, "mary@example.com").get_by_role("button", name="Send assessment").click()
    expect(seen.page.get_by_text("Status: Created")).to_be_visible()
    connect(seen.page, origin, server.url, sandbox.name)
    expect(seen.page.get_by_role("article")).to_have_count(4)
    expect(seen.page.get_by_text("Status: Created")).to_be_visible()
    sandbox.control_json("POST", "/reset")
    expect(seen.page.get_by_text("Status: not invited")).to_have_count(8)
    seen.page.get_by_role("article").last.get_by_role("button", name="Send assessment").click()
    expect(seen.page.get_by_text("Status: Created")).to_be_visible()
    seen.complaints.clear()


def test_an_address_without_a_server_is_reported(browser: Browser, origin: str) -> None:
    with visit(browser, origin, "http://127.0.0.1:9") as window:
        window.page.goto(origin)
        window.page.get_by_label("Base address").fill("http://127.0.0.1:9")
        window.page.get_by_role("button", name="Connect").click()
        expect(window.page.get_by_role("status")).to_contain_text("No answer from http://127.0.0.1:9")
        expect(window.page.get_by_role("button", name="Add")).to_be_hidden()
        window.complaints.clear()


HOSTILE = [
    "<script>document.title = 'hacked'</script><img src=x onerror=\"document.title = 'hacked'\">",
    "\u202e\u05d0\u05d3\u05d4 \u2067Eve",
    "\U0001f469\u200d\U0001f680" * 3,
    "x" * 10_000,
]


@pytest.mark.parametrize("name", HOSTILE, ids=["markup", "right to left", "emoji", "very long"])
def test_no_name_does_any_harm(seen: Visit, name: str) -> None:
    card = add(seen.page, "mary+completes@example.com", name, name)
    card.get_by_role("button", name="Send order").click()
    card.get_by_role("button", name="Send assessment").click()
    expect(half(card, PYMETRICS)).to_contain_text("Status: Fulfilled")
    expect(half(card, PI)).to_contain_text("Status: Completed")
    assert card.get_by_role("heading", level=3).text_content() == f"{name} {name}"
    assert seen.page.title() == "Sample ATS"
    for size in WIDTHS.values():
        seen.page.set_viewport_size({"width": size[0], "height": size[1]})
        assert not seen.overflows()
    assert seen.violations() == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", WIDTHS.values(), ids=WIDTHS)
def test_it_is_accessible_and_fits_the_window(
    browser: Browser, origin: str, server: Server, sandbox: Sandbox, size: tuple[int, int], dark: bool
) -> None:
    with visit(browser, origin, server.url, size=size, dark=dark) as window:
        window.page.goto(origin)
        assert window.violations() == []
        assert not window.overflows()
        connect(window.page, origin, server.url, sandbox.name)
        card = window.page.get_by_role("article").nth(1)
        card.get_by_role("button", name="Send order").click()
        card.get_by_role("button", name="Send assessment").click()
        expect(card.get_by_role("link", name="Report (PDF)")).to_have_count(2)
        assert window.violations() == []
        assert not window.overflows()


def test_it_can_be_used_by_keyboard_alone(browser: Browser, origin: str, server: Server, sandbox: Sandbox) -> None:
    with visit(browser, origin, server.url) as window:
        page = window.page
        page.goto(origin)
        page.keyboard.press("Tab")
        page.keyboard.press("Control+A")
        page.keyboard.type(server.url)
        page.keyboard.press("Tab")
        page.keyboard.press("Control+A")
        page.keyboard.type(sandbox.name)
        page.keyboard.press("Enter")
        expect(page.get_by_role("article")).to_have_count(3)
        page.get_by_role("button", name="Send order to Ada Lovelace").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_text("Status: Not Started")).to_be_visible()
