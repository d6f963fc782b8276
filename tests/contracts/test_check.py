"""The command `check server`: what it asks, what it says, and how it ends."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from assessment_contracts.kit import Connection
from tests.servers import Listener, Received, Reply, Server
from tests.waiting import until

KEYS = {
    "PYMETRICS_CLIENT_ID": "sim-vendor",
    "PYMETRICS_CLIENT_SECRET": "hush-hush",
    "PYMETRICS_API_KEY": "sim-vendor",
    "PI_API_KEY": "sim-vendor",
}


def check(*arguments: str, environ: Mapping[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
    """`check server` with these arguments, and nothing of the credentials of whoever runs the tests."""
    return subprocess.run(
        [sys.executable, "-m", "assessment_simulator", "check", "server", *arguments], capture_output=True, text=True,
        timeout=150, check=False, env=environment(environ or {}),
    )  # fmt: skip


def environment(more: Mapping[str, str]) -> dict[str, str]:
    """What a process is given."""
    return {n: v for n, v in os.environ.items() if n not in KEYS and not n.startswith("SIMULATOR_")} | dict(more)


def test_it_ends_with_0_when_all_held(server: Server) -> None:
    ended = check("--target", server.url, "--only", "pymetrics.token.*", "--profile", "quick")
    assert ended.returncode == 0, ended.stdout
    assert " held; " in ended.stdout


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ((), "--target URL says which server to ask"),
        (("--target", "http://127.0.0.1:9"), "nobody answers at http://127.0.0.1:9"),
        (("--target", "TARGET/_simulator"), "it is no simulator"),
        (("--target", "TARGET", "--only", "nothing.*"), "no property has such an id"),
        (("--target", "TARGET", "--budget", "0"), "the budget was used up"),
        (("--target", "TARGET", "--budget", "nan"), "nan is no number"),
        (("--target", "TARGET", "--budget", "-1"), "-1.0 is not in the range x>=0"),
        (("--target", "TARGET", "--rate", "0"), "0.0 is not in the range x>0"),
        (("--target", "TARGET", "--drift", __file__), "is no drift report"),
    ],
    ids=[
        "no target", "nobody there", "no simulator", "no property", "no time", "no number", "no time at all", "no rate",
        "no report",
    ],
)  # fmt: skip
def test_it_ends_with_2_and_says_why_when_it_cannot_ask(server: Server, arguments: tuple[str, ...], word: str) -> None:
    ended = check(*(argument.replace("TARGET", server.url) for argument in arguments))
    assert ended.returncode == 2, ended.stdout
    assert word in ended.stdout + ended.stderr


@pytest.mark.parametrize(
    "target",
    [
        "http://127.0.0.1:99999", "http://127.0.0.1:x", "http://[::1", "nonsense", "ftp://127.0.0.1", "http:", "http://a..b",
        "http://127.0.0.1:9/é",
    ],
)  # fmt: skip
def test_a_target_that_is_no_address_ends_it_with_2_and_a_line(target: str) -> None:
    ended = check("--target", target)
    assert ended.returncode == 2, ended.stdout
    assert ended.stderr.startswith(f"cannot be asked: {target!r} is no address of a server")
    assert ended.stderr.count("\n") == 1


def test_half_a_credential_is_not_asked_with(server: Server) -> None:
    ended = check("--target", server.url, environ={"PYMETRICS_CLIENT_ID": "sim-vendor"})
    assert ended.returncode == 2
    assert "PYMETRICS_API_KEY, PYMETRICS_CLIENT_SECRET is not" in ended.stderr


def test_a_standing_narrows_what_is_asked() -> None:
    def listed(standing: str) -> set[str]:
        lines = check("--standing", standing, "--list").stdout.splitlines()
        return {line.split()[0] for line in lines}

    words = ("documented", "third_party", "observed", "assumed")
    documented, third_party, observed, everything = (listed(standing) for standing in words)
    assert documented < third_party < observed < everything


HIDDEN = ("connection", "content-length", "date", "simulator-rule", "simulator-note")
"""Headers of the simulator that its relay replaces or leaves out."""


@pytest.fixture
def vendor(server: Server) -> Iterator[tuple[str, list[Received]]]:
    """The simulator behind a relay that hides the control API, as a vendor's server; and what was requested there."""

    def relayed(received: Received) -> Reply:
        sent = {name: value for name, value in received.headers.items() if name != "host"}
        with closing(Connection(server.url)) as connection:
            answer = connection.request(received.method, received.path, sent, received.body)
        shown = {name: value for name, value in answer.headers.items() if name not in HIDDEN}
        return Reply(answer.status, shown, answer.body)

    with Listener(relayed) as relay:
        yield relay.url, relay.received


def test_a_vendor_is_asked_without_the_control_api_and_left_clean(
    vendor: tuple[str, list[Received]], server: Server
) -> None:
    url, asked = vendor
    ended = check("--target", url, "--rate", "400", "--allow-writes", environ=KEYS)
    assert ended.returncode == 0, ended.stdout[-3_000:]
    assert "not asked" in ended.stdout
    assert not [one for one in asked if "_simulator" in one.path]
    assert "hush-hush" not in ended.stdout
    with urlopen(f"{server.url}/_simulator/sandboxes/vendor/mail") as mail:
        assert json.loads(mail.read()) == []
    left = Request(f"{server.url}/api/v1/behavioralassessments", headers={"api-key": "sim-vendor"})
    with urlopen(left) as answer:
        found = json.loads(answer.read())
    assert len(found) < 5, "what was created is archived at the end"


def test_a_vendor_is_asked_no_faster_than_it_was_said(vendor: tuple[str, list[Received]]) -> None:
    url, asked = vendor
    began = time.monotonic()
    check("--target", url, "--rate", "10", "--only", "pi.access.key.*", environ={"PI_API_KEY": "sim-vendor"})
    assert time.monotonic() - began >= (len(asked) - 1) / 10


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM], ids=str)
def test_who_breaks_off_leaves_nothing_at_the_vendor(
    vendor: tuple[str, list[Received]], server: Server, sent: signal.Signals
) -> None:
    url, asked = vendor
    account = f"sim-broken-off-{sent.name.lower()}"
    arguments = ("--target", url, "--rate", "20", "--only", "pi.change.*")
    with subprocess.Popen(
        [sys.executable, "-m", "assessment_simulator", "check", "server", *arguments],
        env=environment({"PI_API_KEY": account}), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as running:  # fmt: skip
        until(lambda: len([one for one in asked if one.method == "POST"]) >= 3, 30)
        running.send_signal(sent)
        _, said = running.communicate(timeout=60)
    assert running.returncode == 2
    assert said.splitlines()[-1] == "cannot be asked: it was broken off"
    with urlopen(
        Request(f"{server.url}/api/v1/behavioralassessments", headers={"api-key": account}), timeout=10
    ) as answer:
        assert json.loads(answer.read()) == []


@pytest.mark.parametrize("name", ["PYMETRICS_CLIENT_ID", "PI_API_KEY"])
def test_credentials_that_the_vendor_does_not_know_are_said_and_nothing_is_asked(server: Server, name: str) -> None:
    ended = check("--target", server.url, environ=KEYS | {name: "wrong"})
    assert ended.returncode == 2, ended.stdout
    assert ended.stdout == ""
    assert name in ended.stderr.splitlines()[-1]
    assert " answers 40" in ended.stderr.splitlines()[-1]


@pytest.mark.parametrize("option", ["--junit", "--html", "--drift"])
def test_a_report_that_cannot_be_written_is_refused_before_anything_is_asked(server: Server, option: str) -> None:
    for place in ("/nonexistent/report", "/"):
        ended = check("--target", server.url, "--only", "pi.access.*", option, place)
        assert ended.returncode == 2
        assert ended.stdout == ""
        assert place in ended.stderr


def test_reports_and_drift_are_written(server: Server, tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("report.xml", "report.html", "drift.json")]
    options = [
        word for name, path in zip(("junit", "html", "drift"), files, strict=True) for word in (f"--{name}", str(path))
    ]
    ended = check("--target", server.url, "--only", "pymetrics.token.*", "--profile", "quick", *options)
    assert ended.returncode == 0, ended.stderr
    assert files[0].read_text().startswith("<?xml")
    assert files[1].read_text().startswith("<!doctype html>")
    held = [rule for rule in json.loads(files[2].read_text())["rules"] if rule["last_held"]]
    assert held


def test_pytest_runs_the_same_suite(server: Server, tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "--pyargs", "assessment_contracts", "--target", server.url, "-q",
         "--profile", "quick", "-k", "token", "-p", "no:cacheprovider", "-W", "error"],
        capture_output=True, text=True, timeout=120, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout
    assert " passed" in ended.stdout
