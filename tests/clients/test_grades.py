"""Real clients, graded by the client contracts: what each breaks is what is recorded, no more and no less."""

import pytest

from assessment_contracts.clients.properties import PROPERTIES
from assessment_contracts.report import shown
from assessment_contracts.runner import Verdict
from tests.clients.environments import WANTS_NODE
from tests.clients.grades import GRADES, HEAD, PAGE, Grade, found, section
from tests.contracts.scripts import replayed
from tests.servers import Server

KNOWN = {property.id.removeprefix("client.") for property in PROPERTIES}
ROWS = [pytest.param(grade, id=name, marks=[WANTS_NODE] if grade.node else []) for name, grade in GRADES.items()]


@pytest.mark.timeout(240)  # grading takes as long as its budget, where the machine is busy
@pytest.mark.parametrize("grade", ROWS)
def test_a_client_breaks_what_is_recorded_and_nothing_else(grade: Grade, server: Server) -> None:
    report = grade.graded()
    assert found(report) == set(grade.broken)
    assert [one.property.id for one in report.outcomes] == [property.id for property in PROPERTIES]
    others = {one.verdict for one in report.outcomes} - {Verdict.FAILED, Verdict.ADVISORY}
    assert others <= {Verdict.PASSED, Verdict.NOT_CLAIMED}
    assert grade.name != "reference.py" or others == {Verdict.PASSED}
    for outcome in (*report.of(Verdict.FAILED), *report.of(Verdict.ADVISORY)):
        replayed(shown(outcome, report), server.url)
    assert section(grade, report) in PAGE.read_text("utf-8"), "scripts/grades --write writes it anew"


def test_the_page_has_every_client_and_no_other_and_what_is_recorded_exists() -> None:
    page = PAGE.read_text("utf-8")
    assert page.startswith(HEAD)
    assert [line.removeprefix("## ") for line in page.splitlines() if line.startswith("## ")] == list(GRADES)
    assert {id for grade in GRADES.values() for id in grade.broken} <= KNOWN
