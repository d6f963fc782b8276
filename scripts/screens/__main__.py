"""`scripts/screenshots`: starts a server, lets the demo's story happen there, and takes the pictures."""

import argparse
import sys
from contextlib import ExitStack
from itertools import product
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser

from assessment_simulator.demo import Demo
from screens.shots import SHOTS, Shot
from tests.browser import CHROMIUM, WIDTHS, chromium, visit
from tests.servers import ROOT, Server, files

MODES = {"light": False, "dark": True}


def options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser("scripts/screenshots", description="Takes pictures of the pages.")
    parser.add_argument(
        "folder", nargs="?", type=Path, default=ROOT / "docs" / "images", help="docs/images unless said"
    )
    parser.add_argument("--all", action="store_true", help="every size and mode, not only what the documents show")
    names = ", ".join(shot.name for shot in SHOTS)
    parser.add_argument("--only", metavar="NAME,…", help=f"some of {names}")
    chosen = parser.parse_args()
    chosen.only = {shot.name for shot in SHOTS} if chosen.only is None else set(chosen.only.split(","))
    if unknown := chosen.only - {shot.name for shot in SHOTS}:
        parser.error(f"--only knows no {', '.join(sorted(unknown))}; there are {names}")
    return chosen


def take(browser: Browser, base: str, shot: Shot, size: tuple[int, int], mode: str, file: Path) -> None:
    """One picture; fails when the page asks for anything elsewhere, or its browser complains."""
    with ExitStack() as stack:
        path = shot.path
        address = stack.enter_context(files(path)) if isinstance(path, Path) else f"{base}{path}"
        window = stack.enter_context(visit(browser, base, address, size=size, dark=MODES[mode]))
        window.page.goto(address)
        shot.steps(window.page, base)
        window.page.screenshot(path=file, full_page=shot.whole, animations="disabled")
    # A palette makes a quarter of the bytes; pages have few colours.
    Image.open(file).convert("RGB").quantize(128, dither=Image.Dither.NONE).save(file, optimize=True)


def main() -> int:
    """Take what is asked for; the exit status."""
    chosen = options()
    if CHROMIUM is None:
        print("scripts/screenshots: there is no Chromium (Debian: apt-get install chromium)", file=sys.stderr)
        return 1
    chosen.folder.mkdir(parents=True, exist_ok=True)
    with Server() as server, chromium() as browser:
        Demo(server.url, lambda line: None).run()
        for shot, size, mode in product(SHOTS, WIDTHS.values(), MODES):
            variant = f"{size[0]}-{mode}"
            if shot.name in chosen.only and (chosen.all or variant in shot.shown):
                file = chosen.folder / f"{shot.name}-{variant}.png"
                take(browser, server.url, shot, size, mode, file)
                print(file)
    return 0


if __name__ == "__main__":
    sys.exit(main())
