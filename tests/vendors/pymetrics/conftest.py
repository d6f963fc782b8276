"""A fresh sandbox for each test."""

import pytest

from tests.vendors.pymetrics.fakes import PymetricsSandbox


@pytest.fixture
def sandbox() -> PymetricsSandbox:
    return PymetricsSandbox()
