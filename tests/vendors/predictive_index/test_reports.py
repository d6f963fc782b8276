"""Reports: one document, or two in an archive where a language must know he from she."""

from typing import Any

import pytest

from assessment_simulator.core.request import Bundle, Document, VendorResponse
from assessment_simulator.vendors.predictive_index import VENDOR
from tests.fakes import FakeSandbox
from tests.vendors.predictive_index.test_patterns import SCORES, completed


def ask(world: FakeSandbox, id: str, kind: str = "1", **query: str) -> VendorResponse:
    params = {"assessmentId": id, "reportType": kind}
    return world.ask(VENDOR, "get_report", params=params, query={"format": "PDF", "gender": "0", **query})


def made(kind: str = "1", person: dict[str, Any] | None = None, **query: str) -> tuple[str, VendorResponse]:
    world = FakeSandbox()
    id = completed(world, **(person or {}))
    reply = ask(world, id, kind, **query)
    assert reply.status == 200, reply
    return id, reply


def rows(document: Document) -> dict[str, tuple[str, ...]]:
    return {row[0]: row[1:] for _, section in document.sections for row in section}


@pytest.mark.parametrize(
    ("kind", "name"),
    [("1", "PersonDetailReport"), ("2", "PersonDevelopmentChart"), ("3", "Placard"), ("4", "ManagerDevelopmentChart"),
     ("6", "PlacardNexGen")],
)  # fmt: skip
def test_a_type_has_a_number_and_a_name_and_a_title_of_its_own(kind: str, name: str) -> None:
    id, by_number = made(kind)
    _, by_name = made(name)
    assert by_number == by_name
    assert by_number.media_type == "application/pdf"
    assert by_number.headers == (("content-disposition", f'attachment; filename="{name}-{id}.pdf"'),)
    others = {made(other)[1].body.title for other in ("1", "2", "3", "4", "6") if other != kind}
    assert by_number.body.title not in others


def test_a_report_tells_of_this_taker_and_these_scores() -> None:
    person = {"middleName": "K", "associatedPositionTitle": "Software Engineer"}
    id, reply = made("1", person)
    found = rows(reply.body)
    assert found["Name"] == ("Sam K Flynn",)
    assert (found["E-mail"], found["Assessment"]) == (("sam@example.com",), (id,))
    assert found["Completed"] == ("2026-11-01T12:00:00.0000000Z",)
    assert found["Self"] == ("1.00", "-2.50", "0.00", "0.25", "4.00")
    assert found["Self-Concept"] == ("0.125", "-4.00", "3.50", "1.10", "-0.30")
    assert len(found["Synthesis"]) == 5
    assert (len(found["Position"]), found["Position"][-1]) == (5, "")


def test_an_assessment_without_a_position_shows_no_scores_of_one() -> None:
    found = rows(made()[1].body)
    assert found["Position"] == ("",)


@pytest.mark.parametrize(
    ("gender", "sentence"),
    [("0", "They tend to"), ("Unknown", "They tend to"), ("1", "He tends to"), ("Male", "He tends to"),
     ("2", "She tends to"), ("Female", "She tends to")],
)  # fmt: skip
def test_a_report_is_written_of_the_gender_asked_for(gender: str, sentence: str) -> None:
    found = rows(made(gender=gender)[1].body)
    assert all(found[name][0].startswith(sentence) for name in ("Dominance", "Patience"))


ONE = [("0", "en-US"), ("0", "en"), ("0", "fi-FI"), ("0", "zh-TW"), ("1", "fr-FR"), ("2", "de"), ("Male", "es-ES")]


@pytest.mark.parametrize(("gender", "language"), ONE)
def test_one_report_where_nobody_needs_to_choose(gender: str, language: str) -> None:
    reply = made(gender=gender, languageLocale=language)[1]
    assert isinstance(reply.body, Document)
    assert rows(reply.body)["Language asked for"] == (language,)


@pytest.mark.parametrize("language", ["fr-FR", "FR-ca", "es", "it-IT", "pt-BR", "de-DE", "ar-001", "ru-RU"])
@pytest.mark.parametrize("gender", ["0", "Unknown"])
def test_both_reports_where_the_language_must_know_he_from_she(gender: str, language: str) -> None:
    id, reply = made("Placard", gender=gender, languageLocale=language)
    assert isinstance(reply.body, Bundle)
    assert reply.media_type == "application/zip"
    assert reply.headers == (("content-disposition", f'attachment; filename="Placard-{id}.zip"'),)
    assert [name for name, _ in reply.body.files] == [f"Placard-{id}-Male.pdf", f"Placard-{id}-Female.pdf"]
    assert [rows(document)["Written of"] for _, document in reply.body.files] == [("Male",), ("Female",)]


def test_a_language_that_is_not_published_is_noted() -> None:
    assert made(languageLocale="fr-FR")[1].notes == ()
    assert made()[1].notes == ()
    (note,) = made(languageLocale="tlh-" + "x" * 8)[1].notes
    assert note.startswith("query.languageLocale tlh-xxxxxxxx is not among the languages")


def test_the_report_that_does_not_work_says_so() -> None:
    world = FakeSandbox()
    reply = ask(world, completed(world), "5")
    assert (reply.status, reply.rules) == (400, ("pi.report.working",))
    assert reply.body["parameterErrors"][0]["parameter"] == "reportType"


def test_a_request_that_breaks_several_rules_names_them_all() -> None:
    world = FakeSandbox()
    reply = ask(world, completed(world), "9", format="PNG", gender="x", languageLocale="_")
    assert reply.rules == ("pi.report.type", "pi.report.format", "pi.report.gender", "pi.report.language")


def test_low_and_high_scores_are_told_apart() -> None:
    found = rows(made()[1].body)
    synthesis = [(SCORES["selfSigmaScore"][f] + SCORES["selfConceptSigmaScore"][f]) / 2 for f in ("aSigma", "bSigma")]
    assert synthesis[0] > 0 > synthesis[1]
    assert "take the lead" in found["Dominance"][0]
    assert "think before speaking" in found["Extraversion"][0]
