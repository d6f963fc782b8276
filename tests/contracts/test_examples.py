"""The example clients with planted bugs: every bug is found, and nothing that is correct fails."""

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.clients.environments import WANTS_NODE
from tests.contracts.test_client_contracts import check
from tests.servers import ROOT
from tests.suites import run, written

EXAMPLES = ROOT / "contracts" / "assessment_contracts" / "examples"
SUITE = """
from assessment_contracts.examples.{name} import Client
from assessment_contracts.pytest import client_contracts

test_client = client_contracts(Client)
"""


def planted(name: str) -> set[str]:
    """The contracts that the bugs of an example violate, as its comments say."""
    found = set(re.findall(r"BUG (\w+\.\w+)", (EXAMPLES / name).read_text("utf-8")))
    assert len(found) >= 3
    return found


def violated(report: Path) -> set[str]:
    """The contracts that failed or advise, as JUnit XML shows them."""
    cases = ET.parse(report).iter("testcase")  # noqa: S314  our own file
    bad = [case.get("name", "") for case in cases if {"failure", "properties"} & {child.tag for child in case}]
    return {re.sub(r".*client\.|\]", "", name) for name in bad}


@pytest.mark.parametrize("name", ["planted_requests", "planted_httpx"])
def test_every_planted_bug_is_found_in_the_pytest_suite_of_the_client_and_nothing_else_fails(
    name: str, tmp_path: Path
) -> None:
    written(tmp_path, {"test_contracts.py": SUITE.format(name=name)})
    done = run(tmp_path, "--junitxml=report.xml", "-n", "2")
    assert violated(tmp_path / "report.xml") == planted(f"{name}.py"), done.stdout


@WANTS_NODE
def test_every_planted_bug_of_the_client_in_javascript_is_found_and_nothing_else_fails(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    check(1, "--command", f"node {EXAMPLES / 'planted.mjs'}", "--junit", str(report))
    assert violated(report) == planted("planted.mjs")
