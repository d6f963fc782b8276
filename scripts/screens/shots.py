"""Which pages pictures are taken of, and what is done on a page before that. A new page is one row."""

from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Page, expect

from tests.servers import ROOT

ATS = (ROOT / "docs" / "examples" / "ats" / "index.html").as_uri()


@dataclass(frozen=True)
class Shot:
    """A page: `path` under the server, or a whole URL; `steps` gets it ready, given the page and the server's address.

    `shown` are the variants that the documents show, such as `1440-light`. A picture is as high as the window, or as
    all there is with `whole`.
    """

    name: str
    path: str
    steps: Callable[[Page, str], None] = lambda page, base: None
    shown: tuple[str, ...] = ()
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


SHOTS: tuple[Shot, ...] = (
    Shot("welcome", "/"),
    Shot("reference", "/_simulator/docs?of=pymetrics", reference),
    Shot("ats", ATS, ats, shown=("1440-light",), whole=True),
)
