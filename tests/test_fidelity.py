"""The page of fidelity lists all that there is, and is the one that the tables write."""

import re

import pytest

from simulator.app import VENDORS
from simulator.core.rules import Rule
from simulator.core.sources import Promise, Standing
from simulator.core.vendor import Vendor
from simulator.fidelity import page
from tests.servers import ROOT

PAGE = (ROOT / "docs" / "fidelity.md").read_text()


def test_the_page_is_what_the_tables_write_today() -> None:
    assert page() == PAGE, "run scripts/docs"


def told(vendor: Vendor) -> list[Rule | Promise]:
    """What a vendor demands and does."""
    return [*vendor.rules, *vendor.promises]


def listed_ids(vendor: Vendor) -> list[str]:
    """Everything of a vendor that has an id."""
    return [item.id for item in told(vendor)] + [switch.id for switch in vendor.switches]


@pytest.mark.parametrize("vendor", VENDORS.values(), ids=list(VENDORS))
def test_every_rule_promise_and_switch_is_listed(vendor: Vendor) -> None:
    listed = set(re.findall(r"^\| `([\w.]+)` \|", PAGE, re.MULTILINE))
    assert set(listed_ids(vendor)) <= listed


@pytest.mark.parametrize("vendor", VENDORS.values(), ids=list(VENDORS))
def test_every_id_is_one_things_alone(vendor: Vendor) -> None:
    ids = listed_ids(vendor)
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("vendor", VENDORS.values(), ids=list(VENDORS))
def test_what_is_assumed_gives_its_reason_and_what_is_not_gives_its_page(vendor: Vendor) -> None:
    for item in told(vendor):
        ours = item.source.title == "our choice"
        assert ours <= (item.standing is Standing.ASSUMED), item.id


@pytest.mark.parametrize("vendor", VENDORS.values(), ids=list(VENDORS))
def test_what_is_not_simulated_is_said_with_the_reason(vendor: Vendor) -> None:
    assert vendor.omitted
    assert all(omission.what and omission.why for omission in vendor.omitted)
