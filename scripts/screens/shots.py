"""Which pages pictures are taken of, and what is done on a page before that. A new page is one row."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.servers import ROOT

expect.set_options(timeout=30_000)  # a busy machine is slow, and no picture is of a page that is not ready
ATS = ROOT / "docs" / "examples" / "ats"
"""The folder of a page that stands on a server of its own, because pages that are files may not call."""


@dataclass(frozen=True)
class Shot:
    """A page: `path` under the server, or a whole URL; `steps` gets it ready, given the page and the server's address.

    `shown` are the variants that the documents show, such as `1440-light`. A picture is as high as the window, or as
    all there is with `whole`.
    """

    name: str
    path: str | Path
    steps: Callable[[Page, str], None] = lambda page, base: None
    shown: tuple[str, ...] = ("1440-light",)
    whole: bool = False


def reference(page: Page, base: str) -> None:
    """Wait until the calls are listed."""
    expect(page.locator(".opblock").first).to_be_visible()


def ats(page: Page, base: str) -> None:
    """Connect, invite everybody, and wait for the one who completes."""
    page.get_by_label("Base address").fill(base)
    page.get_by_label("Sandbox").fill("screenshots")
    page.get_by_role("button", name="Connect").click()
    expect(page.get_by_role("article")).to_have_count(3)
    for action in ("Send order", "Send assessment"):
        for button in page.get_by_role("button", name=action).all():
            button.click()
    expect(page.get_by_role("link", name="Report (PDF)")).to_have_count(2)
    expect(page.get_by_role("img")).to_be_visible()
    expect(page.get_by_text("not invited")).to_have_count(0)


def first(page: Page, base: str) -> None:
    """Follow the first link of the list."""
    page.locator("#live th a").first.click()
    expect(page.locator("#live[data-connected]")).to_be_attached()


def begun(page: Page, base: str) -> None:
    """Begin the tour."""
    page.get_by_role("button", name="Begin", exact=True).click()
    expect(page.locator("#step-1")).to_be_visible()


def failed(page: Page, base: str) -> None:
    """Let a listener fail for a day, and look at its attempts."""
    begun(page, base)
    page.get_by_role("button", name="Advance 24 h with a failing listener").click()
    page.get_by_role("link", name="See every attempt").click()
    expect(page.locator("#attempts")).to_have_text("9")


def link(page: Page, vendor: int) -> str:
    """The candidate's link in a step of the tour: 1 or 2. A window of its own would take the focus from the page."""
    found = page.locator(f"#step-{vendor}").get_by_role("link", name="Open the candidate's page")
    return str(found.get_attribute("href"))


def toured(page: Page, base: str) -> None:
    """Take the assessments of the tour."""
    begun(page, base)
    tour = page.url
    for address in (link(page, 1), link(page, 2)):
        page.goto(address)
        page.get_by_role("button", name="Start").click()
        page.get_by_role("button", name="Finish").click()
        page.get_by_role("heading", name="Thank you").wait_for()
    page.goto(tour)
    expect(page.get_by_role("link", name="See the result")).to_have_count(2)


def result(vendor: int) -> Callable[[Page, str], None]:
    """Look at the result of an invitation of the tour: 1 or 2."""

    def steps(page: Page, base: str) -> None:
        toured(page, base)
        page.locator(f"#step-{vendor}").get_by_role("link", name="See the result").click()
        expect(page.locator(".summary")).to_be_visible()

    return steps


def undone(page: Page, base: str) -> None:
    """Look at what runs, before it does."""
    page.get_by_role("link", name="Run all pending events…").click()
    expect(page.locator(".confirm")).to_be_visible()


def invited(vendor: int) -> Callable[[Page, str], None]:
    """Follow the candidate's link of an invitation of the tour: 1 or 2."""

    def steps(page: Page, base: str) -> None:
        begun(page, base)
        page.goto(link(page, vendor))

    return steps


def answering(vendor: int) -> Callable[[Page, str], None]:
    """Start the assessment."""

    def steps(page: Page, base: str) -> None:
        invited(vendor)(page, base)
        page.get_by_role("button", name="Start").click()

    return steps


DEMO = "/sandboxes/demo"
SHOTS: tuple[Shot, ...] = (
    Shot("first-page", "/"),
    Shot("invitations", DEMO),
    Shot("new-invitation", f"{DEMO}/new?vendor=predictive_index"),
    Shot("result", "/tour", result(2), whole=True),
    Shot("result-pymetrics", "/tour", result(1), whole=True),
    Shot("deliveries", f"{DEMO}/deliveries"),
    Shot("delivery", "/tour", failed, shown=("1440-dark",)),
    Shot("mail", f"{DEMO}/mail"),
    Shot("mail-message", f"{DEMO}/mail", first),
    Shot("caught", f"{DEMO}/caught"),
    Shot("journal", f"{DEMO}/journal"),
    Shot("call", f"{DEMO}/journal", first, whole=True),
    Shot("clock", f"{DEMO}/clock"),
    Shot("preview", f"{DEMO}", undone),
    Shot("faults", f"{DEMO}/faults", whole=True),
    Shot("rules", f"{DEMO}/rules?show=kept"),
    Shot("all-rules", "/_simulator/rules", shown=()),
    Shot("states", f"{DEMO}/states", whole=True),
    Shot("settings", f"{DEMO}/settings", whole=True),
    Shot("tour", "/tour", toured, whole=True),
    Shot("candidate-welcome", "/tour", invited(2)),
    Shot("candidate-words", "/tour", answering(2), whole=True),
    Shot("candidate-games", "/tour", answering(1), whole=True),
    Shot("reference", "/_simulator/docs?of=pymetrics", reference),
    Shot("ats", ATS, ats, whole=True),
)
