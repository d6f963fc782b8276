"""Every property as a pytest test."""

import pytest

from assessment_contracts.cli import PROPERTIES
from assessment_contracts.property import Property
from assessment_contracts.report import Report, told
from assessment_contracts.runner import Runner, Verdict


@pytest.mark.parametrize("property", PROPERTIES, ids=lambda property: property.id)
def test_contract(property: Property, runner: Runner) -> None:
    """The property holds at the target."""
    outcome = runner.ask(property)
    report = Report("contracts", runner.target.url, "", [outcome], outcome.seconds, runner.target.secrets)
    if outcome.verdict is Verdict.NOT_ASKED:
        pytest.skip(outcome.reason)
    if outcome.verdict is Verdict.BROKEN:
        pytest.fail(told(outcome, report), pytrace=False)
