"""Draws a `Drawing`: as SVG, written by hand, every text escaped, or as PNG."""

import re
from collections.abc import Callable
from html import escape
from io import BytesIO
from typing import TYPE_CHECKING, Any

from assessment_simulator.core.request import Dot, Drawing, Label, Line
from assessment_simulator.documents import fonts

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

_NO_XML = re.compile("[^\t\n\r\\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 has no place for, escaped or not (section 2.2)."""

_FONT = 'font-family="DejaVu Sans, Verdana, sans-serif"'

_PIXELS = 2
"""Pixels of a PNG for each unit of the drawing."""
_FINER = 2
"""It is drawn so many times larger and shrunk, which leaves smooth edges."""
_SCALE = _PIXELS * _FINER
_ANCHORS = {"start": "ls", "middle": "ms", "end": "rs"}
"""Pillow's words for a point on the base line."""


def svg(drawing: Drawing) -> bytes:
    """The drawing as an SVG file (1.1, no script, nothing from elsewhere)."""
    wide, high = drawing.width, drawing.height
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{high}" viewBox="0 0 {wide} {high}" {_FONT}>',
        f"<title>{_text(drawing.title)}</title>",
        '<rect width="100%" height="100%" fill="#ffffff"/>',
        *(_ELEMENTS[type(mark)](mark) for mark in drawing.marks),
        "</svg>",
        "",
    ]
    return "\n".join(lines).encode()


def _line_element(line: Line) -> str:
    (x1, y1), (x2, y2) = line.start, line.end
    stroke = f'stroke="{_text(line.colour)}" stroke-width="{line.width:g}" stroke-linecap="round"'
    return f'<line x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}" {stroke}/>'


def _dot_element(dot: Dot) -> str:
    x, y = dot.centre
    return f'<circle cx="{x:g}" cy="{y:g}" r="{dot.radius:g}" fill="{_text(dot.colour)}"/>'


def _label_element(label: Label) -> str:
    x, y = label.at
    place = f'x="{x:g}" y="{y:g}" font-size="{label.size}" text-anchor="{label.anchor}"'
    return f'<text {place} fill="{_text(label.colour)}">{_text(label.text)}</text>'


def _text(text: str) -> str:
    return escape(_NO_XML.sub(fonts.UNKNOWN, text))


_ELEMENTS: dict[type, Callable[[Any], str]] = {Line: _line_element, Dot: _dot_element, Label: _label_element}


def png(drawing: Drawing) -> bytes:
    """The drawing as a PNG file; the same drawing gives the same bytes."""
    from PIL import Image, ImageDraw

    image = Image.new("RGB", (drawing.width * _SCALE, drawing.height * _SCALE), "#ffffff")
    pen = ImageDraw.Draw(image)
    for mark in drawing.marks:
        _STROKES[type(mark)](pen, mark)
    file = BytesIO()
    image.reduce(_FINER).save(file, "PNG")
    return file.getvalue()


def _draw_line(pen: "ImageDraw", line: Line) -> None:
    pen.line((*_scaled(line.start), *_scaled(line.end)), line.colour, max(round(line.width * _SCALE), 1))


def _draw_dot(pen: "ImageDraw", dot: Dot) -> None:
    pen.circle(_scaled(dot.centre), dot.radius * _SCALE, dot.colour)


def _draw_label(pen: "ImageDraw", label: Label) -> None:
    from PIL import ImageFont

    # The basic layout is the same everywhere; the other depends on a library that may be missing.
    font = ImageFont.truetype(fonts.FILE, label.size * _SCALE, layout_engine=ImageFont.Layout.BASIC)
    pen.text(_scaled(label.at), fonts.legible(label.text), label.colour, font, _ANCHORS[label.anchor])


def _scaled(point: tuple[float, float]) -> tuple[float, float]:
    return point[0] * _SCALE, point[1] * _SCALE


_STROKES: dict[type, Callable[[Any, Any], None]] = {Line: _draw_line, Dot: _draw_dot, Label: _draw_label}
