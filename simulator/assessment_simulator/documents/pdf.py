"""Draws a `Document` as PDF. Text is drawn as text, never read as markup."""

from html import escape
from io import BytesIO
from threading import Lock
from typing import TYPE_CHECKING

from assessment_simulator.core.request import Document
from assessment_simulator.documents import fonts

if TYPE_CHECKING:
    from reportlab.platypus import Flowable, Paragraph

_SIDE, _TOP, _BOTTOM, _GAP = 56, 44, 57, 12
"""The margins of a page, and the space between two columns."""
_TITLE, _HEADING, _TEXT = 18, 12, 9
_LEADING = 1.4
_LABEL = 130
"""How wide the first of two cells is: it names what the second says."""
_MOST_LETTERS, _MOST_LINES = 2_000, 6
"""A cell shows no more; an ellipsis says that there was more."""
_LETTER = 0.6
"""How wide a letter is on average, in font sizes."""

_drawing = Lock()
"""One draws at a time: reportlab's typeface reads its file at a place that it shares with all who read."""


def pdf(document: Document) -> bytes:
    """The document as a PDF file; the same document gives the same bytes."""
    with _drawing:
        return _drawn(document)


def _drawn(document: Document) -> bytes:
    from reportlab.lib.pagesizes import A4
    from reportlab.platypus import BaseDocTemplate, Frame, PageTemplate

    fonts.typeface()
    file = BytesIO()
    wide = A4[0] - 2 * _SIDE
    flow: list[Flowable] = [_paragraph(document.title, _TITLE, wide, after=6)]
    for heading, rows in document.sections:
        flow.append(_paragraph(heading, _HEADING, wide, before=9, after=3))
        flow += [_row(row, wide) for row in rows if row]
    frame = Frame(
        _SIDE, _BOTTOM, wide, A4[1] - _TOP - _BOTTOM, leftPadding=0, rightPadding=0, topPadding=0, bottomPadding=0
    )
    pages = BaseDocTemplate(file, pagesize=A4, title=fonts.legible(document.title), invariant=1)
    pages.addPageTemplates(PageTemplate(frames=[frame]))
    pages.build(flow)
    return file.getvalue()


def _row(cells: tuple[str, ...], wide: float) -> "Flowable":
    """Cells beside each other, as high as the highest."""
    from reportlab.platypus import Table

    columns = [_LABEL, wide - _LABEL] if len(cells) == 2 else [wide / len(cells)] * len(cells)
    every = (0, 0), (-1, -1)
    return Table(
        [[_paragraph(cell, _TEXT, column - _GAP) for cell, column in zip(cells, columns, strict=True)]],
        colWidths=columns,
        style=[
            ("VALIGN", *every, "TOP"), ("LEFTPADDING", *every, 0), ("RIGHTPADDING", *every, _GAP),
            ("TOPPADDING", *every, 0), ("BOTTOMPADDING", *every, 0),
        ],
    )  # fmt: skip


def _paragraph(text: str, size: int, wide: float, before: int = 0, after: int = 0) -> "Paragraph":
    """The text in lines that are no wider than that; an ellipsis stands where some had to go."""
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.platypus import Paragraph

    shown = " ".join(fonts.legible(text[:_MOST_LETTERS]).split())
    most = int(_MOST_LINES * wide / (size * _LETTER))
    if len(text) > _MOST_LETTERS or len(shown) > most:
        shown = f"{shown[:most]}…"
    style = ParagraphStyle(
        "", fontName=fonts.NAME, fontSize=size, leading=size * _LEADING, spaceBefore=before, spaceAfter=after,
        keepWithNext=int(after > 0),
    )  # fmt: skip
    return Paragraph(escape(shown, quote=False), style)
