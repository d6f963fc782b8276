"""Pattern images and reports: real files of the requested type, with the assessment's own numbers."""

import re
import struct
import zlib
from io import BytesIO
from urllib.parse import parse_qsl
from xml.etree import ElementTree as ET
from zipfile import ZipFile

from hypothesis import strategies as st

from assessment_contracts.context import Context
from assessment_contracts.predictive_index import calls, errors, strategies
from assessment_contracts.predictive_index.calls import PATH
from assessment_contracts.predictive_index.facts import FACTS
from assessment_contracts.predictive_index.oracle import Face
from assessment_contracts.predictive_index.strategies import TAKER
from assessment_contracts.property import given
from assessment_contracts.registry import ASSUMED, CONTROL, Registry
from assessment_contracts.sandbox import Sandbox
from assessment_contracts.wire import Answer

contract = Registry("pi.files", FACTS, CONTROL)

GRAPHS = {"0": strategies.GRAPHS, **{str(number): (graph,) for number, graph in enumerate(strategies.GRAPHS, 1)}}
"""The graphs of each pattern."""
REPORTS = ("PersonDetailReport", "PersonDevelopmentChart", "Placard", "ManagerDevelopmentChart", "PlacardNexGen")
NUMBERS = ("1", "2", "3", "4", "6")
NEUTRAL = ("en-US", "en-GB", "fi-FI", "hu-HU", "zu-ZA", "tr-TR", None)
GENDERED = ("fr-CA", "de-DE", "ES-es", "ar-001", "he", "pt-BR")
"""Languages whose pronouns have a gender; which the vendor means is not published, but of these there is no doubt."""


def png(file: bytes) -> tuple[int, int]:
    """The width and height of a PNG whose every part is whole: signature, checksums, and as many pixels as it says."""
    assert file[:8] == b"\x89PNG\r\n\x1a\n", f"no PNG begins with {file[:8]!r}"
    place, parts, pixels = 8, [], b""
    while place < len(file):
        length, kind = struct.unpack(">I4s", file[place : place + 8])
        data = file[place + 8 : place + 8 + length]
        (checksum,) = struct.unpack(">I", file[place + 8 + length : place + 12 + length])
        assert checksum == zlib.crc32(kind + data), f"the part {kind!r} is spoilt"
        parts.append((kind, data))
        pixels += data if kind == b"IDAT" else b""
        place += 12 + length
    assert (parts[0][0], parts[-1][0]) == (b"IHDR", b"IEND"), f"the parts are {[kind for kind, _ in parts]}"
    width, height, depth, colour = struct.unpack(">IIBB", parts[0][1][:10])
    row = (width * depth * {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour] + 7) // 8 + 1
    assert len(zlib.decompress(pixels)) == row * height, "there are too many or too few pixels"
    return width, height


def svg(file: bytes) -> list[str]:
    """What the texts of an SVG say."""
    root = ET.fromstring(file)  # noqa: S314  asked of the server under test
    assert root.tag == "{http://www.w3.org/2000/svg}svg", f"the root is {root.tag}"
    return ["".join(element.itertext()).strip() for element in root.iter("{http://www.w3.org/2000/svg}text")]


def pdf(file: bytes) -> None:
    """A PDF from its first line to its last, with its table where it says that it is."""
    assert re.match(rb"%PDF-1\.[0-7]", file), f"no PDF begins with {file[:10]!r}"
    end = re.search(rb"startxref\s+(\d+)\s+%%EOF\s*$", file[-64:])
    assert end, f"no PDF ends with {file[-20:]!r}"
    assert file[int(end[1]) :].lstrip()[:4] == b"xref", "the table is not where the file says that it is"
    assert b"/Type /Page" in file or b"/Type/Page" in file, "there is no page"


def _file(answer: Answer, kind: str) -> bytes:
    assert answer.status == 200, f"{answer.status} instead of 200: {answer.text[:200]}"
    assert answer.headers["content-type"] == kind, f"the type is {answer.headers['content-type']}, not {kind}"
    return answer.body


def _done(sandbox: Sandbox) -> Face:
    """An assessment that is completed, one for all examples."""
    found: Face | None = sandbox.memo.get("done")
    if found is None:
        found = sandbox.memo["done"] = calls.completed(sandbox, TAKER)
    return found


def _pattern(sandbox: Sandbox, id: str, number: str, drawn: str) -> Answer:
    return calls.ask(sandbox, "GET", f"{PATH}/{id}/patterns/{number}", query={"format": drawn})


@contract("patterns face.sigma", accepts="pattern.*", refuses="pattern.complete", examples=0.5)
@given(scores=strategies.scores)
def patterns(context: Context, scores: Face) -> None:
    """Patterns 0 to 3 show all three graphs, Self, Self-Concept and Synthesis, each with its numbers.

    They show the numbers of the assessment, with two decimals. Before completion there is no pattern.
    """
    id = calls.made(context.sandbox, TAKER)["assessmentId"]
    errors.refused(_pattern(context.sandbox, id, "0", "SVG"), 404, "pi.pattern.complete")
    context.sandbox.act(id, "complete", scores=scores)
    for pattern, graphs in GRAPHS.items():
        texts = svg(_file(_pattern(context.sandbox, id, pattern, "SVG"), "image/svg+xml"))
        numbers = [text for text in texts if re.fullmatch(r"-?\d\.\d\d", text)]
        wanted = [f"{scores[graph][factor]:.2f}" for graph in graphs for factor in strategies.FACTORS]
        assert numbers == wanted, f"pattern {pattern} shows {numbers}"


@contract("patterns face.patterns", standing=ASSUMED, examples=0.05)
@given(scores=strategies.scores)
def pictures(context: Context, scores: Face) -> None:
    """A PNG pattern is a complete picture, the same at each request, and higher with three graphs than with one.

    The URLs that the assessment shows work as they are.
    """
    face = calls.completed(
        context.sandbox, TAKER, scores={**scores, "synthesisSigmaScore": dict.fromkeys(strategies.FACTORS, 0)}
    )
    files = {}
    for number, address in (("0", face["patternFullUrl"]), ("1", face["patternSelfUrl"])):
        path, _, query = ("/" + address.split("/", 3)[3]).partition("?")
        assert query == "format=PNG", f"the address asks for {query}"
        files[number] = _file(calls.ask(context.sandbox, "GET", path, query={"format": "PNG"}), "image/png")
    files |= {
        number: _file(_pattern(context.sandbox, face["assessmentId"], number, "PNG"), "image/png") for number in "13"
    }
    again = _file(_pattern(context.sandbox, face["assessmentId"], "3", "PNG"), "image/png")
    assert again == files["3"], "the same pattern is drawn in two ways"
    (wide, high), (width, height), third = (png(files[number]) for number in "013")
    assert wide == width == third[0], f"the pictures are {wide}, {width} and {third[0]} wide"
    assert high > 2 * height > 0, f"all graphs are {high} high, one is {height}"
    assert scores["selfSigmaScore"] == face["synthesisSigmaScore"][0] or files["1"] != files["3"], (
        "two graphs, one picture"
    )


def _report(sandbox: Sandbox, id: str, report: str, gender: str, language: str | None) -> Answer:
    query = {"format": "PDF", "gender": gender} | ({"languageLocale": language} if language else {})
    return calls.ask(sandbox, "GET", f"{PATH}/{id}/reports/{report}", query=query)


@contract("reports", accepts="report.*", refuses="report.complete", examples=0.5)
@given(place=st.integers(0, 4), gender=st.integers(0, 2), language=st.sampled_from(NEUTRAL))
def reports(context: Context, place: int, gender: int, language: str | None) -> None:
    """Reports are requested by name or by number, and are PDF files.

    The name and the number of a report, or of a gender, give the same file. In English the gender does not matter.
    """
    id = _done(context.sandbox)["assessmentId"]
    word = ("Unknown", "Male", "Female")[gender]
    answers = [
        _report(context.sandbox, id, report, sex, language)
        for report, sex in ((REPORTS[place], word), (NUMBERS[place], str(gender)), (NUMBERS[place - 1], word))
    ]
    files = [_file(answer, "application/pdf") for answer in answers]
    for file in files:
        pdf(file)
    assert files[0] == files[1], "the name and the number of a report give two files"
    assert files[0] != files[2], "two reports are one file"
    assert ".pdf" in answers[0].headers.get("content-disposition", ""), dict(answers[0].headers)
    path, _, query = ("/" + _done(context.sandbox)["descriptiveReportUrl"].split("/", 3)[3]).partition("?")
    pdf(_file(calls.ask(context.sandbox, "GET", path, query=dict(parse_qsl(query))), "application/pdf"))
    other = calls.made(context.sandbox, TAKER)["assessmentId"]
    errors.refused(_report(context.sandbox, other, REPORTS[place], word, language), 404, "pi.report.complete")


@contract("reports.zip reports", standing=ASSUMED, examples=0.25)
@given(language=st.sampled_from(GENDERED), place=st.integers(0, 4))
def genders(context: Context, language: str, place: int) -> None:
    """If pronouns have a gender, gender 0 returns a ZIP of both reports, and 1 or 2 one PDF.

    The archive contains the two single reports.
    """
    id = _done(context.sandbox)["assessmentId"]
    both = _report(context.sandbox, id, REPORTS[place], "0", language)
    with ZipFile(BytesIO(_file(both, "application/zip"))) as archive:
        assert archive.testzip() is None, "the archive is spoilt"
        packed = [archive.read(name) for name in archive.namelist()]
        assert all(name.endswith(".pdf") for name in archive.namelist()), archive.namelist()
    single = [
        _file(_report(context.sandbox, id, REPORTS[place], sex, language), "application/pdf") for sex in ("1", "2")
    ]
    assert sorted(packed) == sorted(single), "the archive does not hold the two reports"
    assert single[0] != single[1], "the reports of a man and of a woman are one file"
    assert ".zip" in both.headers.get("content-disposition", ""), dict(both.headers)


@contract(standing=ASSUMED, examples=0.25)
@given(language=st.sampled_from(("tlh", "xx-YY", "x-ours", "en-XX")))
def language(context: Context, language: str) -> None:
    """An unlisted language is accepted, with a note.

    The published list is not complete, so nothing can be refused for missing there.
    """
    id = _done(context.sandbox)["assessmentId"]
    for answer in (
        _report(context.sandbox, id, "1", "1", language),
        calls.create(context.sandbox, {**TAKER, "languageLocale": language}),
        calls.change(context.sandbox, id, {"languageLocale": language}),
    ):
        assert answer.status in (200, 201), f"{language} is answered {answer.status}"
        assert language in answer.headers.get("simulator-note", ""), f"{language} is not noted: {dict(answer.headers)}"
    for answer in (
        _report(context.sandbox, id, "1", "1", "fr-CA"),
        calls.create(context.sandbox, {**TAKER, "languageLocale": "fr-CA"}),
    ):
        assert "simulator-note" not in answer.headers, "a published language is noted"


PROPERTIES = contract.properties
