"""The languages: well-formed tags, and which of them need to know he from she."""

import pytest

from assessment_simulator.vendors.predictive_index import languages
from assessment_simulator.vendors.predictive_index.languages import TAG
from tests.fakes import FakeSandbox
from tests.vendors.predictive_index.rows import VALID
from tests.vendors.predictive_index.test_assessments import post


@pytest.mark.parametrize("tag", languages.NAMES)
def test_a_published_tag_is_well_formed_and_not_noted(tag: str) -> None:
    assert TAG.fullmatch(tag)
    assert post(FakeSandbox(), **VALID, languageLocale=tag).notes == ()
    assert "en" not in languages.GENDERED
    assert {tag.partition("-")[0] for tag in languages.NAMES} >= languages.GENDERED


@pytest.mark.parametrize("tag", ["zu", "x-ours", "de-1996-u-co-phonebk", "en-" + "x" * 8 + "-yyyyyyyy" * 9])
def test_another_tag_is_accepted_and_noted(tag: str) -> None:
    (note,) = post(FakeSandbox(), **VALID, languageLocale=tag).notes
    assert note.startswith(f"body.languageLocale {tag[:40]} is not among")
    assert note.isascii()
    assert len(note) < 160
