"""Text of the headers `Simulator-Note` and `Simulator-Hint`: one line of printable ASCII, at most 500 characters."""

import re
from collections.abc import Iterable

MAX_LENGTH = 500
_CUT = "..."
_UNPRINTABLE = re.compile(r"[^ -~]")


def header_line(texts: Iterable[str]) -> bytes:
    """Join the texts with `; `. Characters outside printable ASCII become `\\uXXXX`, as in JSON; a long line is cut."""
    line = _UNPRINTABLE.sub(_escape, "; ".join(texts)).strip()
    if len(line) > MAX_LENGTH:
        line = line[: MAX_LENGTH - len(_CUT)] + _CUT
    return line.encode()


def _escape(character: re.Match[str]) -> str:
    code = ord(character[0])
    if code <= 0xFFFF:
        return f"\\u{code:04x}"
    code -= 0x10000  # outside the Basic Multilingual Plane JSON writes two UTF-16 units
    return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"
