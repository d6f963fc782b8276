"""Copies of tested files in pages.

A comment names the file, relative to the page; the code block after it is the file's text, with a link to it above.
"""

import re
from pathlib import Path

MARK = "<!-- file: "
_COPY = re.compile(r"<!-- file: (\S+) -->\n(?:\[`[^`]+`\]\([^)]+\):\n\n)?```(\w+)\n.*?```", re.DOTALL)


def page(path: Path) -> str:
    """The page with its copies as the files are now."""

    def copy(found: re.Match[str]) -> str:
        name, language = found.groups()
        text = (path.parent / name).read_text("utf-8")
        return f"<!-- file: {name} -->\n[`{Path(name).name}`]({name}):\n\n```{language}\n{text}```"

    return _COPY.sub(copy, path.read_text("utf-8"))
