"""Makes the files that vendor responses contain: PDF, SVG, PNG and ZIP, outside of the event loop."""

import asyncio
import re
from functools import cache
from html import escape
from io import BytesIO
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from assessment_simulator.core.decision import Bundle, Document, Dot, Drawing, Line

if TYPE_CHECKING:
    from reportlab.pdfbase.ttfonts import TTFont
    from reportlab.pdfgen.canvas import Canvas
    from reportlab.platypus import Flowable, Paragraph

# DejaVu Sans covers Latin, Greek, Cyrillic and more, and looks the same everywhere.
_FONT = "DejaVuSans"
FONT_FILE = Path(__file__).parent.parent / "static" / "fonts" / "DejaVuSans.ttf"
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
# PDF and PNG files are made one at a time: two threads must not read the typeface, which they share, at once.
_lock = Lock()

# Of a PDF, in points: page margins, the space between two columns, and the sizes of text.
_SIDE, _TOP, _BOTTOM, _GUTTER = 56, 44, 57, 12
_TITLE, _HEADING, _TEXT, _FOOTER = 18, 12, 9, 7
_BAR = 12  # the space in the bar around the title
_PICTURE = 330  # the most height of a picture
_LINE_HEIGHT, _CHARACTER_WIDTH = 1.4, 0.6  # in font sizes; the width is an average
_LABEL_WIDTH = 130  # of the first cell of a row of two: it is the label of the second
_MAX_CHARACTERS, _MAX_LINES = 2_000, 6  # a longer cell is cut off and ends in an ellipsis

# Of a PNG: pixels for each unit of the drawing. It is drawn larger and then reduced, for smooth edges.
_PIXELS, _OVERSAMPLING = 2, 2
_ANCHORS = {"start": "ls", "middle": "ms", "end": "rs"}  # Pillow's names for an anchor on the base line
# Characters that XML 1.0 does not allow, escaped or not (section 2.2).
_NOT_XML = re.compile("[^\t\n\r\\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


async def draw(content: Bundle | Document | Drawing, media_type: str) -> bytes:
    """Make the file of this media type; the same content gives the same bytes."""
    return await asyncio.to_thread(make_file, content, media_type)


def make_file(content: Bundle | Document | Drawing, media_type: str) -> bytes:
    """The same in the current thread."""
    if media_type == "image/svg+xml" and isinstance(content, Drawing):
        return _svg(content)
    with _lock:
        if isinstance(content, Drawing):
            return _png(content)
        if isinstance(content, Document):
            return _pdf(content)
        file = BytesIO()
        with ZipFile(file, "w") as archive:
            for name, document in content.files:
                # A ZipInfo without a date is of 1980, so the bytes do not depend on the current time.
                archive.writestr(ZipInfo(name), _pdf(document), ZIP_DEFLATED)
        return file.getvalue()


@cache
def _typeface() -> "TTFont":
    from reportlab.pdfbase.pdfmetrics import registerFont
    from reportlab.pdfbase.ttfonts import TTFont

    font = TTFont(_FONT, str(FONT_FILE))
    registerFont(font)
    return font


def _drawable(text: str) -> str:
    """The text with `_REPLACEMENT` for each character that the typeface lacks; it has no control characters."""
    glyphs = _typeface().face.charToGlyph
    return "".join(character if ord(character) in glyphs else _REPLACEMENT for character in text)


def _pdf(document: Document) -> bytes:
    from reportlab.lib.pagesizes import A4
    from reportlab.platypus import BaseDocTemplate, Frame, PageTemplate, Table

    wide, high = A4[0] - 2 * _SIDE, A4[1] - _TOP - _BOTTOM
    cells = (0, 0), (-1, -1)
    style = [
        ("VALIGN", *cells, "TOP"), ("LEFTPADDING", *cells, 0), ("RIGHTPADDING", *cells, _GUTTER),
        ("TOPPADDING", *cells, 0), ("BOTTOMPADDING", *cells, 0),
    ]  # fmt: skip
    texts = [_paragraph(document.title, _TITLE, wide - 2 * _BAR, colour="#ffffff")]
    if document.subtitle:
        texts.append(_paragraph(document.subtitle, _TEXT, wide - 2 * _BAR, colour="#ffffff"))
    bar = [("BACKGROUND", *cells, document.colour), ("LEFTPADDING", *cells, _BAR), ("RIGHTPADDING", *cells, _BAR),
           ("TOPPADDING", (0, 0), (0, 0), _BAR), ("BOTTOMPADDING", (0, -1), (0, -1), _BAR)]  # fmt: skip
    flow: list[Flowable] = [Table([[text] for text in texts], colWidths=[wide], style=[*style, *bar])]
    for heading, rows in document.sections:
        flow.append(_paragraph(heading, _HEADING, wide, before=12, after=3, colour=document.colour))
        for row in rows:
            if isinstance(row, Drawing):
                flow.append(_picture(row, wide))
            if isinstance(row, Drawing) or not row:
                continue
            widths = [_LABEL_WIDTH, wide - _LABEL_WIDTH] if len(row) == 2 else [wide / len(row)] * len(row)
            line = [_paragraph(cell, _TEXT, width - _GUTTER) for cell, width in zip(row, widths, strict=True)]
            flow.append(Table([line], colWidths=widths, style=style))
    frame = Frame(_SIDE, _BOTTOM, wide, high, leftPadding=0, rightPadding=0, topPadding=0, bottomPadding=0)
    file = BytesIO()
    # `invariant` leaves out the time of creation and the random id.
    pages = BaseDocTemplate(file, pagesize=A4, title=_drawable(document.title), invariant=1)

    def footed(canvas: "Canvas", page: BaseDocTemplate) -> None:
        if document.footer:
            canvas.setFont(_FONT, _FOOTER)
            canvas.setFillColor("#5b6570")
            canvas.drawString(_SIDE, _BOTTOM - 24, _drawable(document.footer))
            canvas.drawRightString(_SIDE + wide, _BOTTOM - 24, f"Page {page.page}")

    pages.addPageTemplates(PageTemplate(frames=[frame], onPage=footed))
    pages.build(flow)
    return file.getvalue()


def _picture(drawing: Drawing, wide: float) -> "Flowable":
    """The drawing, at most as wide as there is room for, and as high as `_PICTURE`."""
    from reportlab.platypus import Flowable

    scale = min(1, wide / drawing.width, _PICTURE / drawing.height)

    class Picture(Flowable):
        def __init__(self) -> None:
            super().__init__()
            self.width, self.height = drawing.width * scale, drawing.height * scale

        def draw(self) -> None:
            pen: Canvas = self.canv
            pen.scale(scale, scale)
            pen.setLineCap(1)
            for mark in drawing.marks:  # the origin of a PDF is at the bottom
                pen.setFillColor(mark.colour)
                if isinstance(mark, Line):
                    pen.setStrokeColor(mark.colour)
                    pen.setLineWidth(mark.width)
                    (x, y), (to_x, to_y) = mark.start, mark.end
                    pen.line(x, drawing.height - y, to_x, drawing.height - to_y)
                elif isinstance(mark, Dot):
                    x, y = mark.centre
                    pen.circle(x, drawing.height - y, mark.radius, stroke=0, fill=1)
                else:
                    pen.setFont(_FONT, mark.size)
                    write = {"start": pen.drawString, "middle": pen.drawCentredString, "end": pen.drawRightString}
                    write[mark.anchor](mark.at[0], drawing.height - mark.at[1], _drawable(mark.text))

    return Picture()


def _paragraph(
    text: str, size: int, wide: float, before: int = 0, after: int = 0, colour: str = "#1d2b3a"
) -> "Paragraph":
    """The text, wrapped to this width and cut off after `_MAX_LINES` lines."""
    from reportlab.lib.colors import HexColor
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.platypus import Paragraph

    shown = " ".join(_drawable(text[:_MAX_CHARACTERS]).split())
    most = int(_MAX_LINES * wide / (size * _CHARACTER_WIDTH))
    if len(text) > _MAX_CHARACTERS or len(shown) > most:
        shown = f"{shown[:most]}…"
    style = ParagraphStyle(
        "", fontName=_FONT, fontSize=size, leading=size * _LINE_HEIGHT, spaceBefore=before, spaceAfter=after,
        keepWithNext=int(after > 0), textColor=HexColor(colour),
    )  # fmt: skip
    return Paragraph(escape(shown, quote=False), style)


def _svg(drawing: Drawing) -> bytes:
    """The drawing as SVG 1.1, without scripts and external resources."""

    def escaped(text: str) -> str:
        return escape(_NOT_XML.sub(_REPLACEMENT, text))

    wide, high = drawing.width, drawing.height
    size = f'width="{wide}" height="{high}" viewBox="0 0 {wide} {high}"'
    font = 'font-family="DejaVu Sans, Verdana, sans-serif"'
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} {font}>',
        f"<title>{escaped(drawing.title)}</title>",
        '<rect width="100%" height="100%" fill="#ffffff"/>',
    ]
    for mark in drawing.marks:
        colour = escaped(mark.colour)
        if isinstance(mark, Line):
            (x1, y1), (x2, y2) = mark.start, mark.end
            stroke = f'stroke="{colour}" stroke-width="{mark.width:g}" stroke-linecap="round"'
            lines.append(f'<line x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}" {stroke}/>')
        elif isinstance(mark, Dot):
            x, y = mark.centre
            lines.append(f'<circle cx="{x:g}" cy="{y:g}" r="{mark.radius:g}" fill="{colour}"/>')
        else:
            x, y = mark.at
            place = f'x="{x:g}" y="{y:g}" font-size="{mark.size}" text-anchor="{mark.anchor}"'
            lines.append(f'<text {place} fill="{colour}">{escaped(mark.text)}</text>')
    return "\n".join([*lines, "</svg>", ""]).encode()


def _png(drawing: Drawing) -> bytes:
    from PIL import Image, ImageDraw, ImageFont

    scale = _PIXELS * _OVERSAMPLING
    image = Image.new("RGB", (drawing.width * scale, drawing.height * scale), "#ffffff")
    pen = ImageDraw.Draw(image)
    for mark in drawing.marks:
        if isinstance(mark, Line):
            ends = [position * scale for position in (*mark.start, *mark.end)]
            pen.line(ends, mark.colour, max(round(mark.width * scale), 1))
        elif isinstance(mark, Dot):
            x, y = mark.centre
            pen.circle((x * scale, y * scale), mark.radius * scale, mark.colour)
        else:
            # The basic layout is the same everywhere; the other one depends on a library that may be missing.
            font = ImageFont.truetype(FONT_FILE, mark.size * scale, layout_engine=ImageFont.Layout.BASIC)
            x, y = mark.at
            pen.text((x * scale, y * scale), _drawable(mark.text), mark.colour, font, _ANCHORS[mark.anchor])
    file = BytesIO()
    image.reduce(_OVERSAMPLING).save(file, "PNG")
    return file.getvalue()
