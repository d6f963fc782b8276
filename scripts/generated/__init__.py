"""The parts of `docs/` that are written from something else: reference pages, and copies of tested files.

`pages()` returns every such page with the text that it must have; `python -m generated` writes them.
"""

from pathlib import Path

from generated import command_line, copies, vendor_apis

DOCS = Path(__file__).parents[2] / "docs"


def pages() -> dict[Path, str]:
    """The files and their texts."""
    return {
        DOCS / "command-line.md": command_line.page(),
        DOCS / "vendor-apis.md": vendor_apis.page(),
        **{path: copies.page(path) for path in sorted(DOCS.glob("**/*.md")) if copies.MARK in path.read_text("utf-8")},
    }
