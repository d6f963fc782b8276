"""The page of fidelity lists all that there is, and is the one that the tables write; nothing in it claims too much.

That every fact has the standing that its source gives it is stated a second time by the facts of the contracts, which
`test_sources` compares.
"""

import re
from dataclasses import fields
from fnmatch import fnmatchcase

import pytest

from assessment_contracts.cli import PROPERTIES
from assessment_contracts.clients.properties import PROPERTIES as CLIENT_PROPERTIES
from assessment_contracts.property import Need, Property
from assessment_simulator.app import VENDORS
from assessment_simulator.core.config import Config
from assessment_simulator.core.rules import Rule
from assessment_simulator.core.sources import Basis, Source, Standing
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


# Everything of both vendors that has an id.
ITEMS = {vendor.id: [*rules_and_guarantees(vendor), *vendor.behaviour_flags] for vendor in VENDORS.values()}
# Every statement with its vendor and a name for it: demands, statuses, bodies, guarantees and behaviour flags.
STATEMENTS: list[tuple[Vendor, str, Basis]] = [
    (vendor, f"{item.id} {part}", basis)
    for vendor in VENDORS.values()
    for item in ITEMS[vendor.id]
    for part, basis in (
        ("demand", Basis(item.standing, item.source)),
        *((("status", item.of_status), ("body", item.of_body)) if isinstance(item, Rule) else ()),
    )
]


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


def test_every_rule_guarantee_and_flag_has_an_id_of_its_own_and_is_listed() -> None:
    listed = set(re.findall(r"^\| \[?`([\w.]+)`", PAGE, re.MULTILINE))
    for items in ITEMS.values():
        ids = [item.id for item in items]
        assert len(ids) == len(set(ids))
        assert set(ids) <= listed


def test_assumptions_and_omissions_give_a_reason_and_other_facts_a_page() -> None:
    for vendor in VENDORS.values():
        assert all(FACTS[vendor.id].omissions.values())
        for item in rules_and_guarantees(vendor):
            assert (item.source.title == "our choice") <= (item.standing is Standing.ASSUMED), item.id


# By standing what the cited documents may give at most; the source of an assumption may be any.
FITTING = {
    Standing.DOCUMENTED: {Standing.DOCUMENTED},
    Standing.THIRD_PARTY: {Standing.THIRD_PARTY},
    Standing.OBSERVED: {Standing.OBSERVED, Standing.DOCUMENTED},
}


def test_every_statement_cites_documents_that_give_it_its_standing() -> None:
    for vendor, name, basis in STATEMENTS:
        documents = cited(vendor, basis.source)
        assert documents or not basis.source.read, f"{name}: add it to the documents in the vendor's facts.toml"
        assert {document.read for document in documents} <= {basis.source.read}, name
        if basis.standing in FITTING:
            found = {at_most(vendor, document) for document in documents}
            assert found, name
            assert found <= FITTING[basis.standing], f"{name} is called {basis.standing} by {basis.source}"


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
UNSURE = {item.id: item for items in ITEMS.values() for item in items}


@pytest.mark.parametrize("assumption", ASSUMPTIONS, ids=lambda assumption: assumption.ids[0])
def test_an_assumption_names_facts_that_are_not_documented_flags_and_contracts(assumption: Assumption) -> None:
    for id in assumption.ids:
        item = UNSURE[id]
        refusal = {item.of_status.standing, item.of_body.standing} if isinstance(item, Rule) else set()
        assert {item.standing} | refusal != {Standing.DOCUMENTED}, id
    flags = {flag.id for vendor in VENDORS.values() for flag in vendor.behaviour_flags}
    assert set(assumption.flags) <= {field.name for field in fields(Config)} | flags
    patterns = re.findall(r"--only '?([\w.*]+)'?", assumption.check)
    assert patterns or assumption.check.startswith(("by hand: ", "no check needed")), assumption.check
    for pattern in patterns:
        found = [one for one in PROPERTIES if fnmatchcase(one.id, pattern)]
        assert [one for one in found if Need.CONTROL not in one.needs], f"{pattern} asks a vendor nothing"


def test_page_lists_all_assumptions() -> None:
    section = PAGE.split("## Assumptions, and what a wrong one costs you", 1)[1].split("\n## ", 1)[0]
    assert section.count("\n| ") - 1 == len(ASSUMPTIONS)


@pytest.mark.parametrize("contract", CLIENT_PROPERTIES, ids=lambda contract: contract.id)
def test_client_contracts_are_not_surer_than_their_sources(contract: Property) -> None:
    vendor = VENDORS[contract.vendor.replace("-", "_")]
    assert contract.source is not None
    found = [document for document in FACTS[vendor.id].documents if contract.source.title in document.titles]
    assert found or contract.standing == "assumed", contract.source
    order = list(Standing)
    most = {at_most(vendor, document) for document in found} or {Standing.ASSUMED}
    assert all(order.index(Standing(contract.standing.value)) >= order.index(one) for one in most), contract.source
