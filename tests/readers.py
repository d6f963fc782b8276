"""What others read files with: poppler for PDF, Pillow for PNG, an XML parser for SVG, zipfile for archives."""

import re
import subprocess
from io import BytesIO
from xml.etree import ElementTree as ET
from zipfile import ZipFile

from PIL import Image

SVG = "{http://www.w3.org/2000/svg}"


def pdf_text(file: bytes) -> str:
    """The text of a PDF as poppler lays it out."""
    made = subprocess.run(["pdftotext", "-layout", "-", "-"], input=file, capture_output=True, check=True)
    assert made.stderr == b""
    return made.stdout.decode()


def pdf_words(file: bytes) -> list[tuple[int, tuple[float, float, float, float]]]:
    """The page of each word of a PDF, and its box in points: left, top, right, bottom."""
    made = subprocess.run(["pdftotext", "-bbox", "-", "-"], input=file, capture_output=True, check=True)
    assert made.stderr == b""
    pages = re.split(r"<page ", made.stdout.decode("utf-8", "replace"))[1:]
    box = re.compile(r'<word xMin="([\d.-]+)" yMin="([\d.-]+)" xMax="([\d.-]+)" yMax="([\d.-]+)"')
    found = [(number, box.findall(page)) for number, page in enumerate(pages)]
    return [(number, (float(a), float(b), float(c), float(d))) for number, boxes in found for a, b, c, d in boxes]


def png_image(file: bytes) -> Image.Image:
    """A PNG, every checksum of it verified."""
    Image.open(BytesIO(file)).verify()
    image = Image.open(BytesIO(file))
    assert image.format == "PNG"
    image.load()
    return image


def svg_texts(file: bytes) -> list[str]:
    """What the text elements of an SVG say."""
    root = ET.fromstring(file)  # noqa: S314  made by us
    assert root.tag == f"{SVG}svg"
    return [element.text or "" for element in root.iter(f"{SVG}text")]


def zip_files(file: bytes) -> dict[str, bytes]:
    """The files of an archive whose checksums are right."""
    with ZipFile(BytesIO(file)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}
