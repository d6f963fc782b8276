"""Draws a `Document` as PDF. Text is drawn as text, never read as markup."""

from collections.abc import Iterator
from io import BytesIO
from threading import Lock
from typing import TYPE_CHECKING

from assessment_simulator.core.call import Document
from assessment_simulator.server import fonts

if TYPE_CHECKING:
    from reportlab.pdfgen.canvas import Canvas

_LEFT, _RIGHT, _TOP, _BOTTOM, _GAP = 56, 539, 780, 60, 12
_TITLE, _HEADING, _TEXT = 18, 12, 9
_LEADING = 1.4
_LABEL = 130
"""How wide the first of two cells is: it names what the second says."""
_MOST_LETTERS, _MOST_LINES = 2_000, 6
"""A cell shows no more; an ellipsis says that there was more."""

_drawing = Lock()
"""One draws at a time: reportlab's typeface reads its file at a place that it shares with all who read."""


def pdf(document: Document) -> bytes:
    """The document as a PDF file; the same document gives the same bytes."""
    with _drawing:
        return _drawn(document)


def _drawn(document: Document) -> bytes:
    from reportlab.lib.pagesizes import A4
    from reportlab.pdfgen.canvas import Canvas

    fonts.typeface()
    file = BytesIO()
    canvas = Canvas(file, pagesize=A4, invariant=1)
    canvas.setTitle(fonts.legible(document.title))
    pen = _Pen(canvas)
    pen.row((document.title,), _TITLE)
    for heading, rows in document.sections:
        pen.skip(_TEXT)
        pen.row((heading,), _HEADING)
        for row in rows:
            pen.row(row, _TEXT)
    canvas.save()
    return file.getvalue()


class _Pen:
    """Writes rows downwards, and goes on to a new page where one is full."""

    def __init__(self, canvas: "Canvas") -> None:
        self._canvas = canvas
        self._height = float(_TOP)

    def skip(self, height: float) -> None:
        """Leave a space."""
        self._height -= height

    def row(self, cells: tuple[str, ...], size: int) -> None:
        """Write cells beside each other, each within its column, as high as the highest."""
        columns = _columns(len(cells))
        wrapped = [_wrapped(cell, size, end - begin) for cell, (begin, end) in zip(cells, columns, strict=True)]
        for number in range(max(map(len, wrapped), default=0)):
            self._break_page()
            self._canvas.setFont(fonts.NAME, size)
            for lines, (begin, _) in zip(wrapped, columns, strict=True):
                if number < len(lines):
                    self._canvas.drawString(begin, self._height, lines[number])
            self.skip(size * _LEADING)

    def _break_page(self) -> None:
        if self._height < _BOTTOM:
            self._canvas.showPage()
            self._height = float(_TOP)


def _columns(count: int) -> list[tuple[float, float]]:
    """Where the columns of so many cells begin and end."""
    if count == 2:
        return [(_LEFT, _LEFT + _LABEL - _GAP), (_LEFT + _LABEL, _RIGHT)]
    wide = (_RIGHT - _LEFT) / max(count, 1)
    return [(_LEFT + wide * place, _LEFT + wide * (place + 1) - _GAP * (count > 1)) for place in range(count)]


def _wrapped(text: str, size: int, wide: float) -> list[str]:
    """The text in lines that are no wider than that, at least one, and an ellipsis where some had to go."""
    lines: list[str] = []
    for word in _pieces(fonts.legible(text[:_MOST_LETTERS]), size, wide):
        if lines and _width(f"{lines[-1]} {word}", size) <= wide:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    if len(lines) <= _MOST_LINES and len(text) <= _MOST_LETTERS:
        return lines or [""]
    *kept, last = lines[:_MOST_LINES] or [""]
    return [*kept, _shortened(last, size, wide)]


def _pieces(text: str, size: int, wide: float) -> Iterator[str]:
    """The words of a text; one that is too wide for a line in pieces that are not."""
    for word in text.split():
        begin = 0
        for end in range(1, len(word) + 1):
            if end - begin > 1 and _width(word[begin:end], size) > wide:
                yield word[begin : end - 1]
                begin = end - 1
        yield word[begin:]


def _shortened(line: str, size: int, wide: float) -> str:
    while line and _width(f"{line}…", size) > wide:
        line = line[:-1]
    return f"{line}…"


def _width(text: str, size: int) -> float:
    width: float = fonts.typeface().stringWidth(text, size)
    return width
