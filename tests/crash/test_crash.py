"""A short run of `scripts/crash`."""

from pathlib import Path

import pytest

from tests.crash.running import run


@pytest.mark.timeout(240)
def test_nothing_that_was_acknowledged_is_lost_when_the_server_is_killed(tmp_path: Path) -> None:
    verdict = run(5, 1, tmp_path)
    assert verdict.wrong == []
    assert verdict.acknowledged > 0
    assert verdict.webhooks > 0
