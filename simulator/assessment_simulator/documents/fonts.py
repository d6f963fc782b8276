"""The one typeface of everything that is drawn: DejaVu Sans, which has Latin, Greek, Cyrillic and more.

It comes with the program, so that a drawing looks the same everywhere. It is read when the first one is made.
"""

from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reportlab.pdfbase.ttfonts import TTFont

NAME = "DejaVuSans"
FILE = Path(__file__).parent.parent / "static" / "fonts" / "DejaVuSans.ttf"
UNKNOWN = "�"
"""Stands where the typeface has no letter."""

_reading = Lock()


def legible(text: str) -> str:
    """The text with `UNKNOWN` in the place of every letter that the typeface lacks; control characters are such."""
    known = typeface().face.charToGlyph
    return "".join(letter if ord(letter) in known else UNKNOWN for letter in text)


def typeface() -> "TTFont":
    """The typeface as reportlab has it, registered under `NAME`; drawings are made in several threads at once."""
    with _reading:
        return _registered()


@lru_cache(maxsize=1)
def _registered() -> "TTFont":
    from reportlab.pdfbase.pdfmetrics import registerFont
    from reportlab.pdfbase.ttfonts import TTFont

    font = TTFont(NAME, str(FILE))
    registerFont(font)
    return font
