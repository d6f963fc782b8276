"""Writes the generated parts of `docs/`."""

import sys

from generated import DOCS, pages

for path, text in pages().items():
    path.write_text(text, "utf-8")
    print(path.relative_to(DOCS.parent), file=sys.stderr)
