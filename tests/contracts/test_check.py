"""The command `check server`: what it asks, what it says, and how it ends."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

import pytest

from assessment_contracts.kit import Connection
from assessment_contracts.kit.client import address
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


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ((), "--target URL says which server to check"),
        (("--target", "http://127.0.0.1:9"), "nobody answers at http://127.0.0.1:9"),
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
def test_it_ends_with_2_and_says_why_when_it_cannot_ask(server: Server, arguments: tuple[str, ...], word: str) -> None:
    ended = check(*(argument.replace("TARGET", server.url) for argument in arguments))
    assert ended.returncode == 2, ended.stdout
    assert word in ended.stdout + ended.stderr


@pytest.mark.parametrize(
    "target",
    [
        "http://127.0.0.1:99999",
        "http://127.0.0.1:x",
        "http://[::1",
        "ftp://127.0.0.1",
        "http:",
        "http://a..b",
        "http://a/é",
    ],
)
def test_a_target_that_is_no_address_is_refused(target: str) -> None:
    with pytest.raises(ValueError, match="is no address of a server"):
        address(target)


def test_a_standing_narrows_what_is_asked() -> None:
    def listed(standing: str) -> set[str]:
        lines = check("--standing", standing, "--list").stdout.splitlines()
        return {line.split()[0] for line in lines}

    words = ("documented", "third_party", "observed", "assumed")
    documented, third_party, observed, everything = (listed(standing) for standing in words)
    assert documented < third_party < observed < everything


# Headers of the simulator that its relay replaces or leaves out.
HIDDEN = ("connection", "content-length", "date", "simulator-rule", "simulator-note")


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
    assert "not run" in ended.stdout
    assert not [one for one in asked if "_simulator" in one.path]
    assert "hush-hush" not in ended.stdout
    with closing(Connection(server.url)) as connection:
        assert connection.request("GET", "/_simulator/sandboxes/vendor/mail").json == []
    assert len(left(server, "sim-vendor")) < 5, "what was created is archived at the end"


def left(server: Server, key: str) -> list[object]:
    """The assessments of an account."""
    with closing(Connection(server.url)) as connection:
        found: list[object] = connection.request("GET", "/api/v1/behavioralassessments", {"api-key": key}).json
    return found


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
    assert said.splitlines()[-1] == "cannot run: it was interrupted"
    assert left(server, account) == []


@pytest.mark.parametrize("name", ["PYMETRICS_CLIENT_ID", "PI_API_KEY"])
def test_credentials_that_the_vendor_does_not_know_are_said_and_nothing_is_asked(server: Server, name: str) -> None:
    ended = check("--target", server.url, environ=KEYS | {name: "wrong"})
    assert ended.returncode == 2, ended.stdout
    assert ended.stdout == ""
    assert name in ended.stderr.splitlines()[-1]
    assert " answers 40" in ended.stderr.splitlines()[-1]


def test_it_ends_with_0_when_all_held_and_writes_reports_and_drift(server: Server, tmp_path: Path) -> None:
    junit, html, drift = (tmp_path / name for name in ("report.xml", "report.html", "drift.json"))
    files = ("--junit", str(junit), "--html", str(html), "--drift", str(drift))
    ended = check("--target", server.url, "--only", "pymetrics.token.*", "--profile", "quick", *files)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert " rules and promises hold; " in ended.stdout
    assert junit.read_text().startswith("<?xml")
    assert html.read_text().startswith("<!doctype html>")
    assert [rule for rule in json.loads(drift.read_text())["rules"] if rule["last_held"]]
