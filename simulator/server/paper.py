"""Draws a `Document` as PDF. Text is drawn as text, never read as markup."""

import asyncio
from io import BytesIO

from simulator.core.call import Document

_LEFT, _TOP, _BOTTOM, _LINE = 56, 780, 60, 16


async def draw_pdf(document: Document) -> bytes:
    """The document as a PDF file; the same document gives the same bytes."""
    return await asyncio.to_thread(_draw, document)


def _draw(document: Document) -> bytes:
    from reportlab.lib.pagesizes import A4
    from reportlab.pdfgen.canvas import Canvas

    file = BytesIO()
    canvas = Canvas(file, pagesize=A4, invariant=1)
    canvas.setTitle(document.title)
    height = _TOP
    for font, size, indent, text in _lines(document):
        if height < _BOTTOM:
            canvas.showPage()
            height = _TOP
        canvas.setFont(font, size)
        canvas.drawString(_LEFT + indent, height, text.encode("cp1252", "replace").decode("cp1252"))
        height -= _LINE + size // 4
    canvas.save()
    return file.getvalue()


def _lines(document: Document) -> list[tuple[str, int, int, str]]:
    lines = [("Helvetica-Bold", 18, 0, document.title), ("Helvetica", 10, 0, "")]
    for heading, rows in document.sections:
        lines.append(("Helvetica-Bold", 12, 0, heading))
        lines += [("Helvetica", 10, 12, "   ".join(row)) for row in rows]
        lines.append(("Helvetica", 10, 0, ""))
    return lines
