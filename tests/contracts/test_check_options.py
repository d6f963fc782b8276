"""Options of both `check` commands, tried on a small client: selection, baseline, seed, and what must not interfere."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.contracts.test_client_contracts import NAIVE, check
from tests.servers import ROOT
from tests.waiting import until

# Contracts that the naive client fails, advises and passes.
FAILED, ADVISED, PASSED = (
    f"client.pymetrics.{name}"
    for name in ("known_order_is_told_from_a_new_one", "id_stays_one_segment", "report_is_asked_for")
)
QUICK = ("--profile", "quick")


def only(*ids: str) -> list[str]:
    return [word for id in ids for word in ("--only", id)]


def test_the_summary_comes_first_then_failures_then_advisories() -> None:
    said = check(1, NAIVE, *QUICK, *only(FAILED, ADVISED, PASSED)).stdout
    head, _, rest = said.partition("\nSummary\n")
    for verdict, id in (("failed", FAILED), ("advisory", ADVISED), ("passed", PASSED)):
        assert re.search(rf"^\[ *\d+%\] +{verdict}  {id}", head, re.MULTILINE), said
    assert rest.startswith("1 of 3 passed, 1 failed, 1 advisory; ")
    assert rest.index(f"Failed: {FAILED}\nExpected: ") < rest.index(f"Advisory: {ADVISED}\nExpected: ")
    for word in ("\nReason: ", "\nSource: ", "\nWhat happened: ", "\nScript:\n"):
        assert rest.count(word) == 2
    assert "\x1b" not in said


def test_an_advisory_does_not_fail_the_run_and_excluded_contracts_are_not_run() -> None:
    said = check(0, NAIVE, *QUICK, *only(ADVISED, FAILED), "--exclude", "*.known_order*").stdout
    assert "0 of 1 passed, 1 advisory; " in said
    assert FAILED not in said


def test_a_baseline_lets_known_failures_pass_and_reports_new_and_fixed_ones(tmp_path: Path) -> None:
    baseline, junit = tmp_path / "known.txt", tmp_path / "report.xml"
    check(0, NAIVE, *QUICK, *only(FAILED, PASSED), "--write-baseline", str(baseline))
    assert baseline.read_text() == f"{FAILED}\n"
    baseline.write_text(f"# known\n{FAILED}\n{PASSED}\nclient.gone\n")

    ended = check(0, NAIVE, *QUICK, *only(FAILED, PASSED), "--baseline", str(baseline), "--junit", str(junit))

    assert "1 of 2 passed, 1 failed (1 in the baseline); " in ended.stdout
    assert f"fixed  {PASSED}: remove it from the baseline" in ended.stdout
    assert f"{baseline}: there is no contract client.gone" in ended.stderr
    assert "<failure" not in junit.read_text()
    new = "client.pymetrics.lapsed_token_is_renewed"
    check(1, NAIVE, *QUICK, *only(FAILED, new), "--baseline", str(baseline))


def test_a_run_with_new_examples_prints_its_seed() -> None:
    for option in (("--seed", "random"), ("--examples", "1")):
        said = check(0, NAIVE, *only(PASSED), *option).stdout
        assert re.match(r"seed: (\d+) \(--seed \1 draws the same examples\)\n", said)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--seed", "x"], "'x' is neither an integer nor the word random"),
        (["--baseline", "/nonexistent"], "File '/nonexistent' does not exist"),
        (["--exclude", "client.nothing"], "no contract has an id like 'client.nothing'"),
        (["--only", PASSED, "--exclude", "*"], "no contract has such an id"),
    ],
)
def test_an_option_that_cannot_work_ends_with_2(arguments: list[str], complaint: str) -> None:
    assert complaint in check(2, NAIVE, *arguments).stderr


def test_configuration_plugins_and_variables_of_the_current_folder_have_no_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n")
    (tmp_path / "conftest.py").write_text("raise RuntimeError('conftest')\n")
    monkeypatch.setenv("PYTEST_ADDOPTS", "--no-such-option")
    monkeypatch.setenv("PYTEST_PLUGINS", "no_such_plugin")
    ended = check(0, NAIVE, *QUICK, *only(PASSED), cwd=tmp_path)
    assert ended.stderr == ""
    assert {path.name for path in tmp_path.iterdir()} == {"pytest.ini", "conftest.py"}


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM], ids=str)
def test_an_interrupted_check_leaves_no_process_behind(tmp_path: Path, sent: signal.Signals) -> None:
    (tmp_path / "slow.py").write_text(
        "import os, subprocess, sys, time\n"
        "from assessment_contracts.examples import reference\n"
        "class Client(reference.Client):\n"
        "    def create_order(self, order):\n"
        "        child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "        open('pids', 'w').write(f'{os.getpid()} {child.pid}')\n"
        "        time.sleep(600)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-m", "assessment_simulator", "check", "client", "slow:Client"], cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as running:  # fmt: skip
        until(lambda: (tmp_path / "pids").exists() and (tmp_path / "pids").read_text(), 60)
        started = Path(f"/proc/{running.pid}/task/{running.pid}/children").read_text().split()
        started += (tmp_path / "pids").read_text().split()
        running.send_signal(sent)
        _, said = running.communicate(timeout=60)
    assert running.returncode == 2
    assert said.splitlines()[-1] == "cannot run: it was interrupted"
    until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in started), 10)


def test_a_receiver_that_requires_basic_is_called_with_the_credentials_that_its_client_was_opened_with(
    tmp_path: Path,
) -> None:
    (tmp_path / "basic.py").write_text(
        "from base64 import b64encode\n"
        "from assessment_contracts.examples import reference\n"
        "class Client(reference.Client):\n"
        "    def __init__(self, webhook_username, webhook_password, **opening):\n"
        "        super().__init__(**opening)\n"
        "        words = f'{webhook_username}:{webhook_password}'.encode()\n"
        "        self.basic = f'Basic {b64encode(words).decode()}'\n"
        "    def receive(self, vendor, request):\n"
        "        known = request['headers'].get('authorization') == self.basic\n"
        "        return super().receive(vendor, request) if known else 401\n"
    )
    ended = check(0, "basic:Client", *QUICK, *only("client.*.webhook_is_believed_when_true"), cwd=tmp_path)
    assert "2 of 2 passed; " in ended.stdout
