"""DejaVu Sans, the typeface of all files: it covers Latin, Greek, Cyrillic and more, and looks the same everywhere."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reportlab.pdfbase.ttfonts import TTFont

NAME = "DejaVuSans"
FILE = Path(__file__).parent.parent / "static" / "fonts" / "DejaVuSans.ttf"
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


@cache
def typeface() -> "TTFont":
    """Load the typeface and register it with reportlab under `NAME`."""
    from reportlab.pdfbase.pdfmetrics import registerFont
    from reportlab.pdfbase.ttfonts import TTFont

    font = TTFont(NAME, str(FILE))
    registerFont(font)
    return font


def drawable(text: str) -> str:
    """The text with `REPLACEMENT` for each character that the typeface lacks; it has no control characters."""
    glyphs = typeface().face.charToGlyph
    return "".join(character if ord(character) in glyphs else REPLACEMENT for character in text)
