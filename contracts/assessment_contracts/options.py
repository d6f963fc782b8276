"""The options of `pytest --pyargs assessment_contracts`; no other run of pytest knows them."""

import pytest

from assessment_contracts.runner import PROFILES


def pytest_addoption(parser: pytest.Parser) -> None:
    """The target, and the profile."""
    group = parser.getgroup("contracts", "what the vendors promise")
    group.addoption("--target", metavar="URL", help="the server to ask; a simulator is started if none is given")
    group.addoption("--profile", choices=list(PROFILES), default="default", help="how thoroughly to ask")
