"""Reports, pattern images and archives: other programs can read them, and they hold the right text and scores."""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from itertools import combinations
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assessment_simulator.core.decision import Bundle, Document, Dot, Drawing, Label, Line
from assessment_simulator.documents.renderer import FONT_FILE, draw, make_file
from tests.readers import SVG, pdf_text, pdf_words, png_image, svg_texts, zip_files
from tests.server import PI, assessment
from tests.servers import Sandbox

# SHA-256 of the typeface in Debian's fonts-dejavu-core 2.37.
FONT = "abdc775b21b1bc470d50c97e790d276f2054b7504e56e5bd3e64f48d68582322"


def page(*rows: tuple[str, ...], title: str = "A title") -> Document:
    return Document(title, (("A heading", rows),))


async def pdf(document: Document) -> bytes:
    return await draw(document, "application/pdf")


async def test_pdf_has_title_headings_and_rows() -> None:
    text = pdf_text(await pdf(page(("Name", "Ada"), ("1", "2", "3"), ("alone",), ())))
    assert [line.split() for line in text.splitlines() if line.strip()] == [
        ["A", "title"], ["A", "heading"], ["Name", "Ada"], ["1", "2", "3"], ["alone"],
    ]  # fmt: skip


NAMES = [
    "Zoë Müller-Łukaszewicz", "Ольга Ивановна", "Ἀριστοτέλης", "Nguyễn Thị Hạnh", "Jiří Šťastný", "Անի",
    "O\'Brien & Söhne",
    "<b>bold</b> <font size=99>", "</para><img src=\"file:///etc/passwd\"/>", "%PDF-1.4 (x) Tj ET", "a\\b(c)d",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
async def test_markup_in_a_name_is_not_interpreted(name: str) -> None:
    assert " ".join(name.split()) in pdf_text(await pdf(page(("Name", name), title=name)))


MISSING = [
    ("日本", "��"), ("a\x00b\x1bc", "a�b�c"), ("Ada\nLovelace", "Ada�Lovelace"), ("\ud800", "�"), ("", ""),
]  # fmt: skip


@pytest.mark.parametrize(("name", "shown"), MISSING)
async def test_characters_that_the_typeface_lacks_are_replaced(name: str, shown: str) -> None:
    text = pdf_text(await pdf(page(("Name", name), title=name)))
    assert shown in text
    assert text.count("�") == 2 * shown.count("�")


async def test_long_cell_is_wrapped_beside_its_label() -> None:
    words = " ".join(f"word{number}" for number in range(50))
    text = pdf_text(await pdf(page(("Label", words), ("Next", "row"))))
    assert [word for word in text.split() if word.startswith("word")] == words.split()
    lines = [line for line in text.splitlines() if "word" in line]
    assert 4 <= len(lines) <= 6
    assert text.index("word49") < text.index("Next")


@pytest.mark.parametrize("cell", ["x" * 999, "word " * 999, "x" * 100_000, "y" * 40 + " " + "x" * 999])
async def test_too_long_cell_ends_in_an_ellipsis(cell: str) -> None:
    text = pdf_text(await pdf(page(("Label", cell), ("a", cell, "z"), ("Next", "row"))))
    assert text.count("…") == 2
    assert "Next" in text
    assert len(text) < 4_000


WIDE = ["W" * 10_000, "‱" * 999, "M " * 999, "<b>&amp;" * 99, "שלום " * 99, "مرحبا " * 99, "😀" * 999, "a\u00adb" * 99]


@pytest.mark.parametrize("columns", [1, 2, 3, 6])
async def test_text_stays_in_its_column_row_and_page(columns: int) -> None:
    rows = [row for text in WIDE for row in (("o",) * columns, (text,) * columns)]
    words = pdf_words(await pdf(page(*rows, title="W" * 10_000)))
    assert all(50 < left < right < 545 and 30 < top < bottom < 800 for _, (left, top, right, bottom) in words)
    for (here, (a, b, c, d)), (there, (e, f, g, h)) in combinations(words, 2):
        assert here != there or min(c, g) - max(a, e) < 0.1 or min(d, h) - max(b, f) < 2


@pytest.mark.parametrize("length", [1_000, 1_999, 2_000, 2_001])
async def test_ellipsis_appears_only_where_text_was_cut(length: int) -> None:
    text = pdf_text(await pdf(page(("Label", " " * (length - 1) + "x"))))
    assert ("x" in text, "…" in text) == (length <= 2_000, length > 2_000)


async def test_long_document_has_several_pages() -> None:
    text = pdf_text(await pdf(page(*((f"row {number}", "x") for number in range(150)))))
    assert text.count("\f") == 3
    assert "row 149" in text


@pytest.fixture
def frequent_thread_switches() -> Iterator[None]:
    usual = sys.getswitchinterval()
    sys.setswitchinterval(usual / 1_000)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("frequent_thread_switches")
def test_same_document_gives_the_same_bytes_in_concurrent_threads() -> None:
    letters = "".join(map(chr, [*range(0xC0, 0x180), *range(0x370, 0x500)]))
    document = page(*((letters[at : at + 30], letters[at + 30 : at + 60]) for at in range(0, len(letters), 60)))
    with ThreadPoolExecutor(4) as threads:
        files = [*threads.map(lambda _: make_file(document, "application/pdf"), range(40))]
    assert {*files} == {make_file(document, "application/pdf")}


@settings(max_examples=20)
@given(st.text(max_size=60), st.lists(st.text(max_size=60), max_size=5))
def test_any_text_gives_a_readable_pdf(title: str, cells: list[str]) -> None:
    pdf_text(make_file(page(tuple(cells), title=title), "application/pdf"))


# Pictures.

MARKS = (
    Line((10, 10), (90, 10), "#ff0000", 4), Dot((50, 30), 10, "#0000ff"), Label((95, 55), "1.25 <b>&</b>", 9, "end"),
    Label((5, 55), "left", 9),
)  # fmt: skip
PICTURE = Drawing("A <title> & more", 100, 60, MARKS)


async def test_svg_has_lines_circles_and_texts() -> None:
    file = await draw(PICTURE, "image/svg+xml")
    assert svg_texts(file) == ["1.25 <b>&</b>", "left"]
    root = ET.fromstring(file)  # noqa: S314  made by us
    assert (root.attrib["width"], root.attrib["height"], root.attrib["viewBox"]) == ("100", "60", "0 0 100 60")
    assert root.findtext(f"{SVG}title") == "A <title> & more"
    (line,), (circle,) = root.findall(f"{SVG}line"), root.findall(f"{SVG}circle")
    assert line.attrib | {"x1": "10", "y1": "10", "x2": "90", "y2": "10", "stroke": "#ff0000"} == line.attrib
    assert circle.attrib == {"cx": "50", "cy": "30", "r": "10", "fill": "#0000ff"}
    assert [element.attrib["text-anchor"] for element in root.iter(f"{SVG}text")] == ["end", "start"]


async def test_png_has_every_mark_in_its_place() -> None:
    image = png_image(await draw(PICTURE, "image/png"))
    assert image.size == (200, 120)
    assert image.getpixel((100, 20)) == (255, 0, 0)
    assert image.getpixel((100, 60)) == (0, 0, 255)
    assert image.getpixel((3, 3)) == (255, 255, 255)
    assert min(pixel for pixel in image.crop((120, 90, 192, 112)).convert("L").tobytes()) < 64
    assert min(pixel for pixel in image.crop((192, 90, 200, 112)).convert("L").tobytes()) == 255


async def test_same_drawing_gives_the_same_bytes() -> None:
    for media_type in ("image/png", "image/svg+xml"):
        assert await draw(PICTURE, media_type) == await draw(PICTURE, media_type)


@given(st.text(max_size=40) | st.sampled_from(["\x00", "\ufffe", "\ud800", "]]>", "<!--", "\"'"]))
def test_any_text_gives_readable_images(text: str) -> None:
    drawing = Drawing(text, 40, 20, (Label((1, 15), text, 9), Label((1, 15), "last", 9)))
    assert svg_texts(make_file(drawing, "image/svg+xml"))[1] == "last"
    png_image(make_file(drawing, "image/png"))


async def test_bundle_is_an_archive_of_its_documents() -> None:
    one, other = page(("Name", "Ada")), page(("Name", "Grace"))
    file = await draw(Bundle((("one.pdf", one), ("other.pdf", other))), "application/zip")
    assert zip_files(file) == {"one.pdf": await pdf(one), "other.pdf": await pdf(other)}
    assert file == await draw(Bundle((("one.pdf", one), ("other.pdf", other))), "application/zip")


def test_typeface_is_the_published_one_with_its_licence() -> None:
    assert sha256(FONT_FILE.read_bytes()).hexdigest() == FONT
    assert "Bitstream Vera Fonts Copyright" in (FONT_FILE.parent / "LICENSE").read_text()


# Over HTTP. The contracts read every kind of file.


def test_report_shows_name_and_scores_and_an_archived_assessment_has_none(sandbox: Sandbox) -> None:
    id = assessment(sandbox, firstName="Ольга", lastName="<b>Müller</b>")["assessmentId"]
    given = {"selfSigmaScore": {"aSigma": 1.21, "bSigma": -3.3}}
    sandbox.control_json("POST", f"/invitations/{id}/complete", {"scores": given})
    path = f"{PI}/{id}"
    answer = sandbox.pi.get(f"{path}/reports/PersonDetailReport?format=PDF&gender=2")
    assert answer.headers["content-disposition"] == f'attachment; filename="PersonDetailReport-{id}.pdf"'
    text = pdf_text(answer.content)
    assert "Ольга <b>Müller</b>" in text
    lines = {line.split()[0]: line.split()[1:] for line in text.splitlines() if line.strip()}
    scores = sandbox.pi.get(path).json()["selfSigmaScore"][0]
    assert lines["Self"] == [f"{score:.2f}" for score in scores.values()]
    assert lines["Self"][:2] == ["1.21", "-3.30"]
    gone = sandbox.pi.request("DELETE", path)
    assert (gone.status_code, gone.content) == (204, b"")
    assert not {"content-type", "content-length", "transfer-encoding"} & {*gone.headers}
    assert sandbox.pi.get(f"{path}/reports/PersonDetailReport?format=PDF&gender=2").status_code == 404
    assert sandbox.control("GET", f"/invitations/{id}").status_code == 404
