"""A browser for the tests: Chromium, driven by Playwright, that reaches only this machine."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
OPTIONS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
# A person may do without; in CI the tests fail where it is missing.
wants_chromium = pytest.mark.skipif(CHROMIUM is None and "CI" not in os.environ, reason="wants Chromium")

# The sizes at which every page is looked at.
WIDTHS = {"narrow": (360, 740), "wide": (1440, 900)}


@dataclass
class Visit:
    """A window, and what must not happen in it: requests to other hosts, messages on the console."""

    page: Page
    hosts: set[str]
    strays: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def note_request(self, request: Request) -> None:
        """Record requests to other hosts."""
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.netloc not in self.hosts:
            self.strays.append(request.url)

    def note_word(self, message: ConsoleMessage) -> None:
        """Record warnings and errors, such as a violated policy."""
        if message.type in ("warning", "error"):
            self.complaints.append(message.text)

    def violations(self) -> list[str]:
        """What axe-core finds wrong with the page."""
        found = Axe().run(self.page).response["violations"]
        return [f"{one['id']}: {one['help']}: {[node['html'] for node in one['nodes']]}" for one in found]

    def named_twice(self) -> list[str]:
        """The ids that more than one element has; what is put into the page again by its id would come twice."""
        ids: list[str] = self.page.evaluate("[...document.querySelectorAll('[id]')].map(element => element.id)")
        return sorted({id for id in ids if ids.count(id) > 1})

    def cramped(self) -> list[str]:
        """The badges whose text touches their edge."""
        words: list[str] = self.page.evaluate(
            "[...document.querySelectorAll('.badge')]"
            ".filter(badge => parseFloat(getComputedStyle(badge).paddingInlineStart) < 4)"
            ".map(badge => badge.textContent)"
        )
        return words

    def overflows(self) -> bool:
        """Whether the page is wider than its window."""
        wide = self.page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
        return bool(wide)


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser, started once for a module; Playwright's loop must not outlive the module that uses it."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM or "/usr/bin/chromium", args=OPTIONS)
        yield browser
        browser.close()


@contextmanager
def visit(
    browser: Browser, *urls: str, size: tuple[int, int] = WIDTHS["wide"], dark: bool = False, script: bool = True
) -> Iterator[Visit]:
    """A fresh window that may reach the hosts of `urls`; leaving the block fails if it requested anything else.

    `script` turns JavaScript on. What the browser says on its console, a violated policy for one, fails too.
    """
    context: BrowserContext = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, color_scheme="dark" if dark else "light",
        java_script_enabled=script,
    )  # fmt: skip
    context.set_default_timeout(10_000)
    seen = Visit(context.new_page(), {urlsplit(url).netloc for url in urls})
    seen.page.on("request", seen.note_request)
    seen.page.on("console", seen.note_word)
    try:
        yield seen
    finally:
        context.close()
    assert seen.strays == [], f"the page asked for {seen.strays}"
    assert seen.complaints == [], f"the browser said {seen.complaints}"
