"""The words of the candidate's pages: every language has all of them, and every page finds its own."""

import re

import pytest

from assessment_simulator.app import VENDORS
from assessment_simulator.candidate.i18n import direction, primary, spoken, words
from assessment_simulator.http.templating import TEMPLATES


def test_english_comes_first_among_several() -> None:
    assert spoken()[0] == "en"
    assert len(spoken()) > 3


@pytest.mark.parametrize("language", spoken())
def test_every_language_has_every_word(language: str) -> None:
    assert words(language).keys() == words("en").keys()
    assert all(text.strip() for text in words(language).values())
    if language != "en":
        same = {name for name, text in words(language).items() if text == words("en")[name]}
        assert same <= {"title"}


def test_the_pages_use_every_word_and_no_other() -> None:
    text = "".join(path.read_text() for path in (TEMPLATES / "candidate").iterdir())
    assert set(re.findall(r"\bw\.(\w+)", text)) | {"language"} == words("en").keys()


def test_every_language_of_an_exercise_is_spoken_by_the_pages() -> None:
    for vendor in VENDORS.values():
        assert vendor.exercise
        assert set(vendor.exercise.parts) <= set(spoken())
        assert "en" in vendor.exercise.parts


@pytest.mark.parametrize(
    ("tag", "language", "way"),
    [("de-AT", "de", "ltr"), ("AR-001", "ar", "rtl"), ("he_IL", "he", "rtl"), ("en", "en", "ltr"), ("", "", "ltr")],
)
def test_a_tag_tells_its_language_and_which_way_it_runs(tag: str, language: str, way: str) -> None:
    assert primary(tag) == language
    assert direction(language) == way
