"""Real clients, graded by the client contracts: what each breaks is what is recorded, no more and no less."""

import functools
from typing import Any

import pytest

from assessment_contracts.clients.properties import PROPERTIES
from assessment_contracts.report import Report
from assessment_contracts.runner import Verdict
from tests.clients.environments import WANTS_NODE
from tests.clients.grades import GRADES, HEAD, PAGE, Grade, found, section

pytestmark = pytest.mark.timeout(240)  # grading takes as long as its budget, where the machine is busy

KNOWN = {property.id.removeprefix("client.") for property in PROPERTIES}


@functools.cache
def graded(name: str) -> Report:
    """The report on a client, asked once in each process."""
    return GRADES[name].graded()


def each(*grades: Grade) -> list[Any]:
    """Those clients, as rows of a table of tests."""
    return [pytest.param(grade, id=grade.name, marks=[WANTS_NODE] if grade.node else []) for grade in grades]


@pytest.mark.parametrize("grade", each(*GRADES.values()))
def test_a_client_breaks_what_is_recorded_and_nothing_else(grade: Grade) -> None:
    report = graded(grade.name)
    assert found(report) == set(grade.broken)
    assert [one.property.id for one in report.outcomes] == [property.id for property in PROPERTIES]
    late = [one.property.id for one in report.outcomes if one.verdict is Verdict.NOT_ASKED]
    assert late == []


@pytest.mark.parametrize("grade", each(*GRADES.values()))
def test_the_page_of_grades_says_what_was_found(grade: Grade) -> None:
    assert section(grade, graded(grade.name)) in PAGE.read_text("utf-8"), "scripts/grades --write writes it anew"


@pytest.mark.parametrize("grade", each(*(grade for grade in GRADES.values() if not grade.broken)))
def test_a_client_that_breaks_nothing_held_all_that_it_claims(grade: Grade) -> None:
    verdicts = {one.verdict for one in graded(grade.name).outcomes}
    assert verdicts <= {Verdict.HELD, Verdict.NOT_CLAIMED}


def test_the_reference_claims_everything_and_holds_it() -> None:
    assert {one.verdict for one in graded("reference.py").outcomes} == {Verdict.HELD}


def test_what_is_recorded_as_broken_exists() -> None:
    assert {id for grade in GRADES.values() for id in grade.broken} <= KNOWN


def test_the_page_has_every_client_and_no_other() -> None:
    page = PAGE.read_text("utf-8")
    assert page.startswith(HEAD)
    assert [line.removeprefix("## ") for line in page.splitlines() if line.startswith("## ")] == list(GRADES)
