"""The long run's short profile: nothing is lost, nothing grows, nobody waits for somebody else."""

import subprocess

import pytest

from tests.servers import ROOT


@pytest.mark.timeout(300)
@pytest.mark.parametrize("part", ["requests", "sandboxes", "webhooks", "silent", "unread"])
def test_a_short_soak_keeps_its_bounds(part: str) -> None:
    done = subprocess.run(
        [ROOT / "scripts" / "soak", "--short", "--only", part], capture_output=True, text=True, timeout=280, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "\nok  " in done.stdout


@pytest.mark.parametrize("options", [("--only", "nope"), ("--short", "--write", "docs/reliability.md"), ("extra",)])
def test_what_a_soak_cannot_do_is_refused(options: tuple[str, ...]) -> None:
    done = subprocess.run(
        [ROOT / "scripts" / "soak", *options], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert "scripts/soak: error:" in done.stderr
