"""Pattern images and reports of completed assessments."""

from typing import Any

import pytest

from assessment_simulator.core.decision import Bundle, Document, Dot, Drawing, Label, Line, VendorResponse
from assessment_simulator.vendors.predictive_index import VENDOR
from tests.fakes import FakeSandbox
from tests.vendors.predictive_index.test_assessments import created
from tests.vendors.predictive_index.test_states import act

SCORES = {
    "selfSigmaScore": {"aSigma": 1, "bSigma": -2.5, "cSigma": 0, "dSigma": 0.25, "eSigma": 4},
    "selfConceptSigmaScore": {"aSigma": 0.125, "bSigma": -4, "cSigma": 3.5, "dSigma": 1.1, "eSigma": -0.3},
}


def completed(sandbox: FakeSandbox, **more: Any) -> str:
    id: str = created(sandbox, **more)["assessmentId"]
    assert act(sandbox, id, "complete", {"scores": SCORES}).status == 200
    return id


def get_pattern(sandbox: FakeSandbox, id: str, kind: str, form: str = "PNG") -> VendorResponse:
    params = {"assessmentId": id, "patternType": kind}
    return sandbox.handle(VENDOR, "get_pattern", params=params, query={"format": form})


def drawing(kind: str) -> Drawing:
    sandbox = FakeSandbox()
    response = get_pattern(sandbox, completed(sandbox), kind)
    assert response.status == 200
    assert isinstance(response.body, Drawing)
    return response.body


def texts(drawing: Drawing) -> list[str]:
    return [mark.text for mark in drawing.marks if isinstance(mark, Label)]


ALL = ["Self", "Self-Concept", "Synthesis"]
PATTERN_TYPES = [
    ("0", ALL), ("1", ["Self"]), ("2", ["Self-Concept"]), ("3", ["Synthesis"]), ("Complete", ALL), ("Self", ["Self"]),
    ("SelfConcept", ["Self-Concept"]), ("Synthesis", ["Synthesis"]),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "graphs"), PATTERN_TYPES)
def test_pattern_type_selects_graphs_with_a_dot_for_each_factor(kind: str, graphs: list[str]) -> None:
    image = drawing(kind)
    assert [text for text in texts(image) if text[0] == "S"] == graphs
    assert len([mark for mark in image.marks if isinstance(mark, Dot)]) == 5 * len(graphs)
    assert image.title == f"Behavioral pattern: {', '.join(graphs)}"
    for mark in image.marks:
        points = (
            [mark.start, mark.end] if isinstance(mark, Line) else [mark.centre if isinstance(mark, Dot) else mark.at]
        )
        assert all(0 <= x <= image.width and 0 <= y <= image.height for x, y in points)


def test_pattern_shows_the_scores_of_its_graph() -> None:
    shown = texts(drawing("2"))
    assert [text for text in shown if "." in text] == ["0.125", "-4.00", "3.50", "1.10", "-0.30"]
    assert [text for text in shown if text in "ABCDE"] == ["A", "B", "C", "D", "E"]


def test_dots_are_placed_by_score_and_a_to_d_are_joined() -> None:
    marks = drawing("1").marks
    dots = [mark.centre for mark in marks if isinstance(mark, Dot)]
    steps = [(x - dots[2][0]) for x, _ in dots]
    assert [step / steps[0] for step in steps] == [1, -2.5, 0, 0.25, 4]
    assert [y for _, y in dots] == sorted({y for _, y in dots})
    joins = [(mark.start, mark.end) for mark in marks if isinstance(mark, Line) and mark.start in dots]
    assert joins == [(dots[0], dots[1]), (dots[1], dots[2]), (dots[2], dots[3])]


@pytest.mark.parametrize(("form", "media_type"), [("PNG", "image/png"), ("SVG", "image/svg+xml")])
def test_pattern_format_is_the_media_type(sandbox: FakeSandbox, form: str, media_type: str) -> None:
    assert get_pattern(sandbox, completed(sandbox), "0", form).media_type == media_type


@pytest.mark.parametrize("action", ["open", "start", "expire", "abort"])
def test_pattern_is_not_found_unless_the_assessment_is_completed(sandbox: FakeSandbox, action: str) -> None:
    id = created(sandbox)["assessmentId"]
    act(sandbox, id, action)
    response = get_pattern(sandbox, id, "0")
    assert (response.status, response.rules) == (404, ("pi.pattern.complete",))
    assert response.body["parameterErrors"] == []


# Reports.


def get_report(sandbox: FakeSandbox, id: str, kind: str = "1", **query: str) -> VendorResponse:
    params = {"assessmentId": id, "reportType": kind}
    return sandbox.handle(VENDOR, "get_report", params=params, query={"format": "PDF", "gender": "0", **query})


def report(kind: str = "1", person: dict[str, Any] | None = None, **query: str) -> tuple[str, VendorResponse]:
    sandbox = FakeSandbox()
    id = completed(sandbox, **(person or {}))
    response = get_report(sandbox, id, kind, **query)
    assert response.status == 200, response
    return id, response


def rows(document: Document) -> dict[str, tuple[str, ...]]:
    return {row[0]: row[1:] for _, section in document.sections for row in section if isinstance(row, tuple)}


REPORT_TYPES = [
    ("1", "PersonDetailReport"), ("2", "PersonDevelopmentChart"), ("3", "Placard"), ("4", "ManagerDevelopmentChart"),
    ("6", "PlacardNexGen"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "name"), REPORT_TYPES)
def test_report_type_has_a_number_a_name_and_its_own_title(kind: str, name: str) -> None:
    id, by_number = report(kind)
    assert by_number == report(name)[1]
    assert by_number.media_type == "application/pdf"
    assert by_number.headers == (("content-disposition", f'attachment; filename="{name}-{id}.pdf"'),)
    assert by_number.body.title not in {report(other)[1].body.title for other, _ in REPORT_TYPES if other != kind}


def test_report_shows_person_scores_and_sentences() -> None:
    id, response = report("1", {"middleName": "K", "associatedPositionTitle": "Software Engineer"})
    found = rows(response.body)
    assert found["Name"] == ("Sam K Flynn",)
    assert (found["E-mail"], found["Assessment"]) == (("sam@example.com",), (id,))
    assert found["Completed"] == ("2026-11-01T12:00:00.0000000Z",)
    assert found["Self"] == ("1.00", "-2.50", "0.00", "0.25", "4.00")
    assert found["Self-Concept"] == ("0.125", "-4.00", "3.50", "1.10", "-0.30")
    assert len(found["Synthesis"]) == 5
    assert (len(found["Position"]), found["Position"][-1]) == (5, "")
    # The synthesis of A is above zero, that of B below.
    assert "take the lead" in found["Dominance"][0]
    assert "think before speaking" in found["Extraversion"][0]
    assert rows(report()[1].body)["Position"] == ("",)


THEY, HE, SHE = ("Unknown", "They tend to"), ("Male", "He tends to"), ("Female", "She tends to")
# A gender and a language, and of whom the reports are written, in which words.
WRITTEN_OF = [
    *((gender, language, [THEY]) for gender in ("0", "Unknown") for language in ("en-US", "en", "fi-FI", "zh-TW")),
    ("1", "fr-FR", [HE]), ("Male", "es-ES", [HE]), ("2", "de", [SHE]), ("Female", "en-US", [SHE]),
    *((gender, language, [HE, SHE]) for gender in ("0", "Unknown")
      for language in ("fr-FR", "FR-ca", "es", "it-IT", "pt-BR", "de-DE", "ar-001", "ru-RU")),
]  # fmt: skip


@pytest.mark.parametrize(("gender", "language", "written"), WRITTEN_OF)
def test_both_reports_are_in_an_archive_if_the_language_needs_a_gender_and_none_is_chosen(
    gender: str, language: str, written: list[tuple[str, str]]
) -> None:
    id, response = report("Placard", gender=gender, languageLocale=language)
    name = f"Placard-{id}.{'pdf' if len(written) == 1 else 'zip'}"
    assert response.headers == (("content-disposition", f'attachment; filename="{name}"'),)
    assert response.media_type == ("application/pdf" if len(written) == 1 else "application/zip")
    files = response.body.files if isinstance(response.body, Bundle) else [(name, response.body)]
    if len(written) > 1:
        assert [name for name, _ in files] == [f"Placard-{id}-{person}.pdf" for person, _ in written]
    for (_, document), (person, words) in zip(files, written, strict=True):
        found = rows(document)
        assert (found["Written of"], found["Language asked for"]) == ((person,), (language,))
        assert found["Dominance"][0].startswith(words)


def test_unpublished_report_language_is_noted() -> None:
    assert report(languageLocale="fr-FR")[1].notes == report()[1].notes == ()
    (note,) = report(languageLocale="tlh-" + "x" * 8)[1].notes
    assert note.startswith("query.languageLocale tlh-xxxxxxxx is not among the languages")


def test_refused_report_names_all_violated_rules(sandbox: FakeSandbox) -> None:
    id = completed(sandbox)
    response = get_report(sandbox, id, "9", format="PNG", gender="x", languageLocale="_")
    assert response.rules == ("pi.report.type", "pi.report.format", "pi.report.gender", "pi.report.language")
    response = get_report(sandbox, id, "5")
    assert (response.status, response.rules) == (400, ("pi.report.working",))
    assert response.body["parameterErrors"][0]["parameter"] == "reportType"
