"""A `Drawing` as an SVG or PNG file."""

import re
from html import escape
from io import BytesIO

from assessment_simulator.core.decision import Dot, Drawing, Line
from assessment_simulator.documents import fonts

_NOT_XML = re.compile("[^\t\n\r\\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 does not allow, escaped or not (section 2.2)."""
_PIXELS = 2
"""Pixels of a PNG for each unit of the drawing."""
_OVERSAMPLING = 2
"""The PNG is drawn this many times larger and then reduced, for smooth edges."""
_ANCHORS = {"start": "ls", "middle": "ms", "end": "rs"}
"""Pillow's names for an anchor on the base line."""


def svg(drawing: Drawing) -> bytes:
    """The drawing as SVG 1.1, without scripts and external resources."""
    wide, high = drawing.width, drawing.height
    size = f'width="{wide}" height="{high}" viewBox="0 0 {wide} {high}"'
    font = 'font-family="DejaVu Sans, Verdana, sans-serif"'
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} {font}>',
        f"<title>{_escaped(drawing.title)}</title>",
        '<rect width="100%" height="100%" fill="#ffffff"/>',
    ]
    for mark in drawing.marks:
        colour = _escaped(mark.colour)
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
            lines.append(f'<text {place} fill="{colour}">{_escaped(mark.text)}</text>')
    return "\n".join([*lines, "</svg>", ""]).encode()


def _escaped(text: str) -> str:
    return escape(_NOT_XML.sub(fonts.REPLACEMENT, text))


def png(drawing: Drawing) -> bytes:
    """The drawing as PNG."""
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
            font = ImageFont.truetype(fonts.FILE, mark.size * scale, layout_engine=ImageFont.Layout.BASIC)
            x, y = mark.at
            pen.text((x * scale, y * scale), fonts.drawable(mark.text), mark.colour, font, _ANCHORS[mark.anchor])
    file = BytesIO()
    image.reduce(_OVERSAMPLING).save(file, "PNG")
    return file.getvalue()
