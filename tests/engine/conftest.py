"""Fixtures of the engine's tests: databases that a test may stop."""

from collections.abc import Iterator

import pytest

from tests.postgres import Postgres, new_database


@pytest.fixture
def database() -> Iterator[Postgres]:
    with Postgres().running() as server:
        yield server


@pytest.fixture
def log(postgres_server: str) -> str:
    return new_database(postgres_server)
