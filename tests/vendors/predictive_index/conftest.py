"""A fresh sandbox for each test."""

import pytest

from tests.fakes import FakeSandbox


@pytest.fixture
def sandbox() -> FakeSandbox:
    return FakeSandbox()
