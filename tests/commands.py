"""The commands, run as processes of their own or called in this process."""

import os
import subprocess
import sys
from collections.abc import Mapping
from inspect import signature
from typing import Any

import pytest
from click.testing import CliRunner

from assessment_contracts.kit import environment
from assessment_simulator.cli import main
from assessment_simulator.settings import Settings

_APART: dict[str, Any] = {"mix_stderr": False} if "mix_stderr" in signature(CliRunner).parameters else {}
# Runs a command in this process; click before 8.2 mixes both streams by default.
RUNNER = CliRunner(**_APART)
MODULE = (sys.executable, "-m", "assessment_simulator")


def run(
    *arguments: str, environ: Mapping[str, str] | None = None, command: tuple[str, ...] = MODULE
) -> subprocess.CompletedProcess[str]:
    """The command, run for at most 30 seconds, in an environment without `SIMULATOR_…`."""
    return subprocess.run(
        [*command, *arguments], env=environment(environ), capture_output=True, text=True, timeout=30, check=False
    )


def call(*arguments: str, environ: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """The command, called in this process: for commands that serve nothing."""
    free: dict[str, str | None] = {name: None for name in os.environ if name.startswith("SIMULATOR_")}
    result = RUNNER.invoke(main, arguments, env=free | dict(environ or {}))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return subprocess.CompletedProcess(arguments, result.exit_code, result.stdout, result.stderr)


def settings_of(*options: str, environ: Mapping[str, str] | None = None) -> Settings:
    """The settings that `serve` makes of these options and variables; nothing is served."""
    made: list[Settings] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("assessment_simulator.runner.serve", made.append)
        patch.setattr("assessment_simulator.workers.serve_together", made.append)
        done = call("serve", *options, environ=environ)
    assert done.returncode == 0, done.stderr
    [settings] = made
    return settings


def complaint(done: subprocess.CompletedProcess[str], *words: str) -> None:
    """Assert that the command failed with these words in a few lines on standard error, without a traceback."""
    assert done.returncode != 0
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) <= 4, done.stderr
    assert [word for word in words if word not in done.stderr] == [], done.stderr
