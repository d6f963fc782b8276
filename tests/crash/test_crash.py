"""A short run of `scripts/crash`."""

from pathlib import Path

import pytest

from tests.crash.running import run
from tests.postgres import new_database


@pytest.mark.timeout(240)
@pytest.mark.parametrize(("kind", "processes"), [("sqlite", 1), ("sqlite", 3), ("postgresql", 3)])
def test_nothing_that_was_acknowledged_is_lost_when_a_process_is_killed(
    tmp_path: Path, kind: str, processes: int, request: pytest.FixtureRequest
) -> None:
    sqlite = f"sqlite:{tmp_path}/log.db"
    log = sqlite if kind == "sqlite" else new_database(request.getfixturevalue("postgres_server"))
    verdict = run(4, 1, log, processes)
    assert verdict.wrong == []
    assert verdict.acknowledged > 0
    assert verdict.webhooks > 0
