"""The command `check server`: what it asks, what it says, and how it ends."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.servers import Server

KEYS = {
    "PYMETRICS_CLIENT_ID": "sim-vendor",
    "PYMETRICS_CLIENT_SECRET": "hush-hush",
    "PYMETRICS_API_KEY": "sim-vendor",
    "PI_API_KEY": "sim-vendor",
}


def check(*arguments: str, environ: Mapping[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
    """`check server` with these arguments, without the credentials of this environment."""
    return subprocess.run(
        [sys.executable, "-m", "assessment_simulator", "check", "server", *arguments], capture_output=True, text=True,
        timeout=150, check=False, env=environment(environ or {}),
    )  # fmt: skip


def environment(more: Mapping[str, str]) -> dict[str, str]:
    """What a process is given."""
    return {n: v for n, v in os.environ.items() if n not in KEYS and not n.startswith("SIMULATOR_")} | dict(more)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ((), "--target URL says which server to check"),
        (("--target", "http://127.0.0.1:9"), "no answer from http://127.0.0.1:9"),
        (("--target", "nonsense"), "cannot run: 'nonsense' is no address of a server"),
        (("--target", "TARGET", "--only", "nothing.*"), "no contract has an id like 'nothing.*'"),
        (("--target", "TARGET", "--budget", "0"), "the budget was used up"),
        (("--target", "TARGET", "--budget", "nan"), "nan is no number"),
        (("--target", "TARGET", "--budget", "-1"), "-1.0 is not in the range x>=0"),
        (("--target", "TARGET", "--rate", "0"), "0.0 is not in the range x>0"),
        (("--target", "TARGET", "--drift", __file__), "is no drift report"),
        *(
            (("--target", "TARGET", "--only", "pi.access.*", option, "/nonexistent/report"), "/nonexistent/report")
            for option in ("--junit", "--html", "--drift")
        ),
    ],
)
def test_it_exits_with_2_and_the_reason_if_it_cannot_run(server: Server, arguments: tuple[str, ...], word: str) -> None:
    ended = check(*(argument.replace("TARGET", server.url) for argument in arguments))
    assert ended.returncode == 2, ended.stdout
    assert word in ended.stdout + ended.stderr


def test_a_standing_selects_contracts() -> None:
    def listed(standing: str) -> set[str]:
        lines = check("--standing", standing, "--list").stdout.splitlines()
        return {line.split()[0] for line in lines}

    words = ("documented", "third_party", "observed", "assumed")
    documented, third_party, observed, everything = (listed(standing) for standing in words)
    assert documented < third_party < observed < everything


@pytest.mark.parametrize("name", ["PYMETRICS_CLIENT_ID", "PI_API_KEY"])
def test_unknown_credentials_are_reported_and_no_contract_is_run(server: Server, name: str) -> None:
    ended = check("--target", server.url, environ=KEYS | {name: "wrong"})
    assert ended.returncode == 2, ended.stdout
    assert ended.stdout == ""
    assert name in ended.stderr.splitlines()[-1]
    assert " answers 40" in ended.stderr.splitlines()[-1]


def test_it_exits_with_0_if_all_passed_and_writes_reports_and_drift(server: Server, tmp_path: Path) -> None:
    junit, html, drift = (tmp_path / name for name in ("report.xml", "report.html", "drift.json"))
    files = ("--junit", str(junit), "--html", str(html), "--drift", str(drift))
    ended = check("--target", server.url, "--only", "pymetrics.token.*", "--profile", "quick", *files)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert " rules and guarantees hold; " in ended.stdout
    assert junit.read_text().startswith("<?xml")
    assert html.read_text().startswith("<!doctype html>")
    assert [rule for rule in json.loads(drift.read_text())["rules"] if rule["last_held"]]
