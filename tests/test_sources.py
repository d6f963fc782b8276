"""Contracts and catalogue tell the same of every rule, though neither knows the other; and every rule is shown.

Shown means asked over HTTP: a rule is *kept* when the simulator counted an accepted call under it while the property
ran, and *broken* when an answer named it.
"""

from typing import Any

import httpx2
import pytest

from assessment_contracts.cli import FACTS, PROPERTIES
from assessment_contracts.report import Report, described
from assessment_contracts.runner import Verdict
from assessment_contracts.sources import Standing
from assessment_simulator.app import VENDORS
from assessment_simulator.core.rules import Rule
from fidelity.page import Guarantee, facts
from tests.contracts.ran import Shown, shown
from tests.servers import Server
from tests.vendors.predictive_index import change_rows as pi_change_rows
from tests.vendors.predictive_index import list_rows as pi_list_rows
from tests.vendors.predictive_index import rows as pi_rows
from tests.vendors.pymetrics import rows as pymetrics_rows

RULES = {rule.id: rule for vendor in VENDORS.values() for rule in vendor.rules}
PROMISES = {promise.id: promise for vendor in VENDORS.values() for promise in facts(vendor).guarantees}
KNOWN: dict[str, Rule | Guarantee] = {**RULES, **PROMISES}
OURS = {fact.id: fact for fact in FACTS}


@pytest.fixture(scope="module")
def ran(server: Server) -> dict[str, Shown]:
    """Every property with what became of it."""
    return shown(server.url)


def test_contracts_and_program_have_the_same_rules_and_guarantees() -> None:
    assert sorted(OURS) == sorted(KNOWN)
    assert len(OURS) == len(FACTS)


def test_contracts_and_program_agree_on_standings_of_facts_and_of_refusals() -> None:
    catalogue = {id: known.standing.value for id, known in KNOWN.items()}
    assert {id: fact.standing.value for id, fact in OURS.items()} == catalogue
    refusals = {id: (rule.of_status.standing.value, rule.of_body.standing.value) for id, rule in RULES.items()}
    assert {id: (OURS[id].of_status.value, OURS[id].of_body.value) for id in RULES} == refusals


def test_contracts_are_not_surer_than_their_facts() -> None:
    for property in PROPERTIES:
        shown = [OURS[id].standing for id in property.promises] + [OURS[id].of_refusal for id in property.broken]
        assert all(property.standing.strength <= standing.strength for standing in shown), property.id


def test_contracts_and_program_cite_the_same_page() -> None:
    for fact in FACTS:
        known = KNOWN[fact.id].source
        if fact.standing is not Standing.ASSUMED:
            assert (fact.source.title, fact.source.read) == (known.title, known.read), fact.id


def test_contracts_have_ids_and_reasons_and_name_existing_rules_and_guarantees() -> None:
    assert len({property.id for property in PROPERTIES}) == len(PROPERTIES)
    assert [property.id for property in PROPERTIES if not property.why] == []
    assert {id for property in PROPERTIES for id in (*property.kept, *property.broken)} == set(RULES)
    assert {id for property in PROPERTIES for id in property.promises} == set(PROMISES)


def test_every_rule_has_contracts_that_pass_and_violate_it() -> None:
    assert {id for property in PROPERTIES for id in property.kept} == set(RULES)
    assert {id for property in PROPERTIES for id in property.broken} == set(RULES)


def test_every_rule_has_rows_in_the_tests_of_its_vendor_with_the_same_status(http: httpx2.Client) -> None:
    statuses = {rule["id"]: rule["status"] for rule in http.get("/_simulator/rules").json()}
    rows: list[Any] = [*pymetrics_rows.ROWS, *pi_rows.ROWS, *pi_list_rows.LIST_ROWS, *pi_change_rows.CHANGE_ROWS]
    assert {row.rule for row in rows} == {id for id in statuses if ".http." not in id}
    for row in pymetrics_rows.ROWS:
        assert row.status == statuses[row.rule], row.rule


def test_every_contract_passes(ran: dict[str, Shown], server: Server) -> None:
    outcomes = [one.outcome for one in ran.values()]
    report = Report("contracts", server.url, "", outcomes, 0.0)
    broken = [described(outcome, report) for outcome in outcomes if outcome.verdict is not Verdict.PASSED]
    assert not broken, "\n\n".join(broken)


@pytest.mark.parametrize("kind", ["kept", "broken"])
def test_server_saw_the_rules_that_a_contract_claims(kind: str, ran: dict[str, Shown]) -> None:
    missed = {
        property.id: sorted(unseen)
        for property in PROPERTIES
        if (unseen := set(getattr(property, kind)) - getattr(ran[property.id], kind))
    }
    assert missed == {}


def test_server_saw_every_documented_rule_passed_and_violated(ran: dict[str, Shown]) -> None:
    documented = {id for id, rule in RULES.items() if rule.standing.value == "documented"}
    kept = {id for property in PROPERTIES for id in {*property.kept} & ran[property.id].kept}
    broken = {id for property in PROPERTIES for id in {*property.broken} & ran[property.id].broken}
    assert documented - kept == set()
    assert documented - broken == set()
