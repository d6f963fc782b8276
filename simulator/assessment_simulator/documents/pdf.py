"""A `Document` as a PDF file."""

from html import escape
from io import BytesIO
from typing import TYPE_CHECKING

from assessment_simulator.core.decision import Document
from assessment_simulator.documents import fonts

if TYPE_CHECKING:
    from reportlab.platypus import Flowable, Paragraph

_SIDE, _TOP, _BOTTOM, _GUTTER = 56, 44, 57, 12
"""Page margins and the space between two columns, in points."""
_TITLE, _HEADING, _TEXT = 18, 12, 9
"""Font sizes in points."""
_LINE_HEIGHT = 1.4
_LABEL_WIDTH = 130
"""Width in points of the first cell of a row of two: it is the label of the second."""
_MAX_CHARACTERS, _MAX_LINES = 2_000, 6
"""A longer cell is cut off and ends in an ellipsis."""
_CHARACTER_WIDTH = 0.6
"""Average width of a character, in font sizes."""


def pdf(document: Document) -> bytes:
    """The document as PDF. Not thread-safe: reportlab's typeface has one reading position for all readers."""
    from reportlab.lib.pagesizes import A4
    from reportlab.platypus import BaseDocTemplate, Frame, PageTemplate, Table

    fonts.typeface()
    wide = A4[0] - 2 * _SIDE
    cells = (0, 0), (-1, -1)
    style = [
        ("VALIGN", *cells, "TOP"), ("LEFTPADDING", *cells, 0), ("RIGHTPADDING", *cells, _GUTTER),
        ("TOPPADDING", *cells, 0), ("BOTTOMPADDING", *cells, 0),
    ]  # fmt: skip
    flow: list[Flowable] = [_paragraph(document.title, _TITLE, wide, after=6)]
    for heading, rows in document.sections:
        flow.append(_paragraph(heading, _HEADING, wide, before=9, after=3))
        for row in filter(None, rows):
            widths = [_LABEL_WIDTH, wide - _LABEL_WIDTH] if len(row) == 2 else [wide / len(row)] * len(row)
            line = [_paragraph(cell, _TEXT, width - _GUTTER) for cell, width in zip(row, widths, strict=True)]
            flow.append(Table([line], colWidths=widths, style=style))
    high = A4[1] - _TOP - _BOTTOM
    frame = Frame(_SIDE, _BOTTOM, wide, high, leftPadding=0, rightPadding=0, topPadding=0, bottomPadding=0)
    file = BytesIO()
    # `invariant` leaves out the time of creation and the random id.
    pages = BaseDocTemplate(file, pagesize=A4, title=fonts.drawable(document.title), invariant=1)
    pages.addPageTemplates(PageTemplate(frames=[frame]))
    pages.build(flow)
    return file.getvalue()


def _paragraph(text: str, size: int, wide: float, before: int = 0, after: int = 0) -> "Paragraph":
    """The text, wrapped to this width and cut off after `_MAX_LINES` lines."""
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.platypus import Paragraph

    shown = " ".join(fonts.drawable(text[:_MAX_CHARACTERS]).split())
    most = int(_MAX_LINES * wide / (size * _CHARACTER_WIDTH))
    if len(text) > _MAX_CHARACTERS or len(shown) > most:
        shown = f"{shown[:most]}…"
    style = ParagraphStyle(
        "", fontName=fonts.NAME, fontSize=size, leading=size * _LINE_HEIGHT, spaceBefore=before, spaceAfter=after,
        keepWithNext=int(after > 0),
    )  # fmt: skip
    return Paragraph(escape(shown, quote=False), style)
