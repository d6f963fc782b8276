"""The page of fidelity lists all that there is, and is the one that the tables write; nothing in it claims too much."""

import re
from dataclasses import fields
from fnmatch import fnmatchcase

import pytest

from assessment_contracts.cli import PROPERTIES
from assessment_contracts.clients.properties import PROPERTIES as HABITS
from assessment_contracts.property import Need, Property
from assessment_simulator.app import VENDORS
from assessment_simulator.core.config import Config
from assessment_simulator.core.rules import Rule
from assessment_simulator.core.sources import Basis, BehaviourFlag, Source, Standing
from assessment_simulator.core.vendor import Vendor
from fidelity.page import Assumption, Document, Facts, Guarantee, facts, page
from tests.servers import ROOT

FACTS: dict[str, Facts] = {vendor.id: facts(vendor) for vendor in VENDORS.values()}
PAGE = (ROOT / "docs" / "fidelity.md").read_text()


def test_page_is_up_to_date() -> None:
    assert page() == PAGE, "run scripts/docs"


def rules_and_guarantees(vendor: Vendor) -> list[Rule | Guarantee]:
    """The rules and the guarantees of a vendor."""
    return [*vendor.rules, *FACTS[vendor.id].guarantees]


def standings(vendor: Vendor) -> list[tuple[str, Basis]]:
    """Everything that has a standing, by a name for it: demands, statuses, bodies, guarantees and behaviour flags."""
    rules = [(f"{rule.id} {what}", basis) for rule in vendor.rules for what, basis in (
        ("demand", Basis(rule.standing, rule.source)), ("status", rule.of_status), ("body", rule.of_body),
    )]  # fmt: skip
    others: list[Guarantee | BehaviourFlag] = [*FACTS[vendor.id].guarantees, *vendor.behaviour_flags]
    return rules + [(item.id, Basis(item.standing, item.source)) for item in others]


def cited(vendor: Vendor, source: Source) -> list[Document]:
    """The documents that a source's title stands for."""
    return [document for document in FACTS[vendor.id].documents if source.title in document.titles]


def at_most(vendor: Vendor, document: Document) -> Standing:
    """The most that a document can make of a fact."""
    if document.publisher != FACTS[vendor.id].publisher:
        return Standing.THIRD_PARTY
    if document.api != FACTS[vendor.id].api:
        return Standing.ASSUMED
    return Standing.OBSERVED if document.code else Standing.DOCUMENTED


def listed_ids(vendor: Vendor) -> list[str]:
    """Everything of a vendor that has an id."""
    return [item.id for item in rules_and_guarantees(vendor)] + [flag.id for flag in vendor.behaviour_flags]


@pytest.mark.parametrize("vendor", VENDORS.values(), ids=list(VENDORS))
def test_every_rule_guarantee_and_flag_is_listed(vendor: Vendor) -> None:
    listed = set(re.findall(r"^\| `([\w.]+)` \|", PAGE, re.MULTILINE))
    assert set(listed_ids(vendor)) <= listed


@pytest.mark.parametrize("vendor", VENDORS.values(), ids=list(VENDORS))
def test_ids_are_unique(vendor: Vendor) -> None:
    ids = listed_ids(vendor)
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("vendor", VENDORS.values(), ids=list(VENDORS))
def test_assumptions_give_a_reason_and_other_facts_a_page(vendor: Vendor) -> None:
    for item in rules_and_guarantees(vendor):
        ours = item.source.title == "our choice"
        assert ours <= (item.standing is Standing.ASSUMED), item.id


@pytest.mark.parametrize("vendor", VENDORS.values(), ids=list(VENDORS))
def test_omissions_are_listed_with_reasons(vendor: Vendor) -> None:
    assert all(why for why in FACTS[vendor.id].omissions.values())


@pytest.mark.parametrize("vendor", VENDORS.values(), ids=list(VENDORS))
def test_every_source_cites_a_document_of_the_table_or_is_our_choice(vendor: Vendor) -> None:
    lost = {name: b.source.title for name, b in standings(vendor) if b.source.read and not cited(vendor, b.source)}
    assert lost == {}, "add it to the documents in the vendor's facts.toml"


@pytest.mark.parametrize("vendor", VENDORS.values(), ids=list(VENDORS))
def test_documented_facts_cite_a_page_of_the_vendor_about_this_api(vendor: Vendor) -> None:
    for name, basis in standings(vendor):
        if basis.standing is Standing.DOCUMENTED:
            most = {at_most(vendor, document) for document in cited(vendor, basis.source)}
            assert most == {Standing.DOCUMENTED}, f"{name} is called documented by {basis.source}"


@pytest.mark.parametrize("vendor", VENDORS.values(), ids=list(VENDORS))
def test_third_party_and_observed_facts_cite_matching_documents(vendor: Vendor) -> None:
    fit = {Standing.THIRD_PARTY: {Standing.THIRD_PARTY}, Standing.OBSERVED: {Standing.OBSERVED, Standing.DOCUMENTED}}
    for name, basis in standings(vendor):
        if basis.standing in fit:
            most = {at_most(vendor, document) for document in cited(vendor, basis.source)}
            assert most, name
            assert most <= fit[basis.standing], f"{name} is called {basis.standing} by {basis.source}"


@pytest.mark.parametrize("vendor", VENDORS.values(), ids=list(VENDORS))
def test_source_and_document_have_the_same_read_date(vendor: Vendor) -> None:
    for name, basis in standings(vendor):
        days = {document.read for document in cited(vendor, basis.source)}
        assert days <= {basis.source.read}, name


def test_no_status_of_the_predictive_index_is_documented_but_that_of_maintenance() -> None:
    documented = [r.id for r in VENDORS["predictive_index"].rules if r.of_status.standing is Standing.DOCUMENTED]
    assert documented == ["pi.access.maintenance"]


PARTS: list[tuple[str, tuple[str, str, str]]] = [
    ("pymetrics.access.key", ("documented", "assumed", "assumed")),
    ("pymetrics.access.bearer", ("documented", "assumed", "assumed")),
    ("pymetrics.access.token.live", ("documented", "assumed", "assumed")),
    ("pymetrics.order.assessment_id.known", ("documented", "assumed", "assumed")),
    ("pymetrics.v2.capability.type", ("documented", "assumed", "assumed")),
    ("pymetrics.v2.order.candidate.email.required", ("documented", "assumed", "assumed")),
    ("pymetrics.list.body.json", ("documented", "assumed", "assumed")),
    ("pymetrics.order.body.json", ("documented", "documented", "documented")),
    ("pymetrics.list.filter", ("documented", "documented", "documented")),
    ("pymetrics.order.candidate_redirect_url.length", ("observed", "observed", "observed")),
    ("pi.access.key", ("documented", "third_party", "assumed")),
    ("pi.access.rate", ("third_party", "third_party", "assumed")),
    ("pi.access.maintenance", ("documented", "documented", "documented")),
    ("pi.create.gender.value", ("documented", "assumed", "assumed")),
    ("pi.create.folder.exists", ("assumed", "assumed", "assumed")),
    ("pi.change.expiration.future", ("documented", "assumed", "assumed")),
    ("pi.change.administered_by.email.required", ("assumed", "assumed", "assumed")),
]
"""Rules with the standing of their demand, status and body, as the vendors' pages were read."""


@pytest.mark.parametrize(("id", "parts"), PARTS, ids=[id for id, _ in PARTS])
def test_demand_status_and_body_each_have_the_standing_of_their_own_source(
    id: str, parts: tuple[str, str, str]
) -> None:
    (rule,) = (rule for vendor in VENDORS.values() for rule in vendor.rules if rule.id == id)
    assert (rule.standing.value, rule.of_status.standing.value, rule.of_body.standing.value) == parts


PROMISED = {
    "pymetrics.order.nulls": "assumed", "pymetrics.dates": "assumed", "pymetrics.types": "assumed",
    "pymetrics.order.statuses": "observed", "pymetrics.v2.shared": "assumed",
    "pi.archive": "third_party", "pi.webhook.tries": "third_party", "pi.webhook.again": "third_party",
    "pi.webhook.success": "third_party", "pi.webhook.basic": "third_party", "pi.webhook.states": "third_party",
    "pi.rate.header": "third_party", "pi.webhook.once": "documented", "pi.webhook.form": "observed",
    "pi.create.administrator.empty": "assumed", "pi.create.administrator.phone": "assumed",
    "pi.states.moves": "assumed", "pi.change.latest": "assumed",
}  # fmt: skip
"""Promises whose standing was once claimed too high, or that were not declared."""


def test_guarantees_have_the_standing_of_their_source() -> None:
    known = {one.id: one.standing.value for vendor in VENDORS.values() for one in FACTS[vendor.id].guarantees}
    assert {id: known.get(id) for id in PROMISED} == PROMISED


def test_page_begins_with_the_lack_of_comparison_and_the_api_generation() -> None:
    head = PAGE.split("\n## ", 1)[0]
    assert head.splitlines()[2].startswith("**No part of this simulator was ever compared with a live vendor.**")
    assert "first-generation API" in head
    assert all(word in head for word in ("being upgraded", "Recruitee", "MagicTools"))


def test_every_document_is_listed_with_address_age_and_share() -> None:
    for vendor in VENDORS.values():
        for one in FACTS[vendor.id].documents:
            assert f"| {one.address} |" in PAGE, one.titles[0]
            assert f"| {one.copied} | {one.read} | {one.share} |" in PAGE, one.titles[0]


def test_versions_at_one_address_have_separate_rows() -> None:
    titles = [one.titles[0] for one in FACTS["pymetrics"].documents if one.address == "https://api.pymetrics.com/docs"]
    assert titles == ["pymetrics Assessment API 1.3.0, the page", "pymetrics API 2.2.1"]


ASSUMPTIONS = [assumption for vendor in VENDORS.values() for assumption in FACTS[vendor.id].assumptions]
UNSURE = {
    item.id: item for vendor in VENDORS.values() for item in (*rules_and_guarantees(vendor), *vendor.behaviour_flags)
}


@pytest.mark.parametrize("assumption", ASSUMPTIONS, ids=lambda assumption: assumption.ids[0])
def test_assumptions_name_facts_that_are_not_documented(assumption: Assumption) -> None:
    for id in assumption.ids:
        item = UNSURE[id]
        parts = {item.standing} | (
            {item.of_status.standing, item.of_body.standing} if isinstance(item, Rule) else set()
        )
        assert parts != {Standing.DOCUMENTED}, id


@pytest.mark.parametrize("assumption", ASSUMPTIONS, ids=lambda assumption: assumption.ids[0])
def test_flags_of_assumptions_exist(assumption: Assumption) -> None:
    settings = {field.name for field in fields(Config)}
    flags = {switch.id for vendor in VENDORS.values() for switch in vendor.behaviour_flags}
    assert set(assumption.flags) <= settings | flags


@pytest.mark.parametrize("assumption", ASSUMPTIONS, ids=lambda assumption: assumption.ids[0])
def test_checks_of_assumptions_select_contracts(assumption: Assumption) -> None:
    patterns = re.findall(r"--only '?([\w.*]+)'?", assumption.check)
    assert patterns or assumption.check.startswith(("by hand: ", "no check needed")), assumption.check
    for pattern in patterns:
        found = [one for one in PROPERTIES if fnmatchcase(one.id, pattern)]
        assert [one for one in found if Need.CONTROL not in one.needs], f"{pattern} asks a vendor nothing"


def test_page_lists_all_assumptions() -> None:
    section = PAGE.split("## Assumptions, and what a wrong one costs you", 1)[1].split("\n## ", 1)[0]
    assert section.count("\n| ") - 1 == len(ASSUMPTIONS)


@pytest.mark.parametrize("habit", HABITS, ids=lambda habit: habit.id)
def test_client_contracts_are_not_surer_than_their_sources(habit: Property) -> None:
    vendor = VENDORS[habit.vendor.replace("-", "_")]
    assert habit.source is not None
    found = [document for document in FACTS[vendor.id].documents if habit.source.title in document.titles]
    assert found or habit.standing == "assumed", habit.source
    order = list(Standing)
    most = {at_most(vendor, document) for document in found} or {Standing.ASSUMED}
    assert all(order.index(Standing(habit.standing.value)) >= order.index(one) for one in most), habit.source
