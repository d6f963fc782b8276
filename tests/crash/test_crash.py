"""A short run of `scripts/crash`."""

from pathlib import Path

import pytest

from tests.crash.running import cut_short, run
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


@pytest.mark.parametrize(
    ("at", "following", "under_way"),
    [
        pytest.param(9.5, 10.4, 0.5, id="before the death, and again after it"),
        pytest.param(10.15, 10.4, 0.0, id="before it, but noted down a little late"),
        pytest.param(8.0, 9.0, None, id="twice before it"),
        pytest.param(9.9, 10.05, None, id="sooner after it than anybody starts"),
        pytest.param(10.3, 10.6, None, id="twice after it"),
        pytest.param(6.5, 10.4, None, id="too long before it to be still under way"),
    ],
)
def test_only_a_death_in_the_midst_of_an_attempt_explains_another(
    at: float, following: float, under_way: float | None
) -> None:
    assert cut_short(at, following, [(5.0, 5.1), (10.0, 10.01)]) == pytest.approx(under_way)
