"""`run -- CMD`, `doctor -- CMD` and the fixture `simulator_intercept`."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from assessment_contracts.kit import environment
from assessment_simulator.intercept.diagnosis import diagnose
from assessment_simulator.intercept.proxy import Event
from tests.commands import MODULE, complaint, run
from tests.intercept import LIST, PI, PYMETRICS, Interceptor
from tests.suites import passed, written
from tests.suites import run as run_suite

CREATE = f"""
import json, os, sys, urllib.request
body = json.dumps({{"firstName": "Ada", "lastName": "Lovelace", "email": "ada@example.com"}}).encode()
headers = {{"api-key": "sk-live-1", "Content-Type": "application/json"}}
request = urllib.request.Request("https://{PI}{LIST}", body, headers)
print(json.load(urllib.request.urlopen(request))["assessmentState"])
"""
PYTHON = (sys.executable, "-c")


@pytest.fixture
def data(tmp_path: Path) -> dict[str, str]:
    """The environment of a user without data of this program."""
    return {"XDG_DATA_HOME": str(tmp_path / "data"), "HOME": str(tmp_path)}


def test_a_command_reaches_the_simulator_and_leaves_its_mark_nowhere_else(data: dict[str, str], tmp_path: Path) -> None:
    done = run("run", "--", *PYTHON, CREATE, environ=data)
    assert (done.returncode, done.stdout) == (0, "0\n"), done.stderr
    assert done.stderr.startswith("intercepting api.pymetrics.com, staging.api.pymetrics.com, pi.predictiveindex.com")
    assert len(done.stderr.splitlines()) == 1
    assert sorted(file.name for file in (tmp_path / "data" / "assessment-simulator").iterdir()) == [
        "intercept-ca-key.pem", "intercept-ca.pem", "intercept.pem",
    ]  # fmt: skip


def test_streams_and_exit_status_are_the_commands(data: dict[str, str]) -> None:
    script = "import sys; sys.stdout.write(sys.stdin.read().upper()); sys.stderr.write('mine'); sys.exit(7)"
    done = subprocess.run(
        [*MODULE, "run", *PYTHON, script], env=environment(data), input="said", capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (7, "SAID")
    assert done.stderr.endswith("mine")


@pytest.mark.parametrize(
    ("command", "status"),
    [(("/nowhere/command",), 127), (("/etc/passwd",), 126), ((*PYTHON, "import os; os.kill(os.getpid(), 9)"), 137)],
)
def test_a_command_that_does_not_end_itself_has_the_status_of_a_shell(
    data: dict[str, str], command: tuple[str, ...], status: int
) -> None:
    assert run("run", "--", *command, environ=data).returncode == status


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_is_the_commands(data: dict[str, str], number: signal.Signals) -> None:
    script = (
        f"import signal, sys, time; signal.signal({number}, lambda *_: sys.exit(5)); "
        "print('ready', flush=True); time.sleep(30)"
    )
    with subprocess.Popen(
        [*MODULE, "run", "--", *PYTHON, script], env=environment(data), stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True, start_new_session=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        # A terminal sends SIGINT to the whole group, a supervisor SIGTERM to the process.
        os.killpg(process.pid, number) if number == signal.SIGINT else process.send_signal(number)
        assert process.wait(timeout=20) == 5


def test_names_of_vendors_are_this_machine_for_a_command_in_any_language(data: dict[str, str]) -> None:
    done = run("run", "--", "getent", "ahosts", PYMETRICS, environ=data)
    assert {line.split()[0] for line in done.stdout.splitlines()} <= {
        "127.94.0.1",
        "::ffff:127.94.0.1",
        *(f"127.94.0.{n}" for n in range(2, 255)),
    }
    assert done.stdout


def test_a_running_server_can_be_used(interceptor: Interceptor, data: dict[str, str]) -> None:
    options = ("--intercept", str(interceptor.port), "--tls-dir", str(interceptor.folder))
    done = run("run", *options, "--", *PYTHON, CREATE, environ=data)
    assert (done.returncode, done.stdout) == (0, "0\n"), done.stderr
    complaint(run("run", "--intercept", "1", "--", "true", environ=data), "--tls-dir")
    nobody = ("--intercept", "1", "--tls-dir", str(interceptor.folder))
    complaint(run("run", *nobody, "--", "true", environ=data), "no server responds on port 1: start one first")


def test_a_command_must_be_given(data: dict[str, str]) -> None:
    complaint(run("run", environ=data), "which command?")


def test_the_own_sitecustomize_of_an_environment_is_loaded_too(data: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("print('mine')\n")
    done = run("run", "--", *PYTHON, CREATE, environ={**data, "PYTHONPATH": str(tmp_path)})
    # Once in this program, once in the command.
    assert done.stdout == "mine\nmine\n0\n"


@pytest.mark.parametrize(
    ("command", "status", "words"),
    [
        ((*PYTHON, CREATE), 0, ["ok      requests   1 arrived"]),
        ((*PYTHON, "pass"), 1, ["failed  requests", "set HTTPS_PROXY"]),
        (("curl", "-s", "--cacert", "/etc/hostname", f"https://{PI}{LIST}"), 1, ["failed"]),
        (("env", "-u", "CURL_CA_BUNDLE", "-u", "SSL_CERT_FILE", "curl", "-s", f"https://{PI}{LIST}"), 1,
         ["failed  trust", "(curl/", "CURL_CA_BUNDLE", "note    command    ended with 60"]),
        (("curl", "-s", "https://nothing.pymetrics.com"), 1, ["--intercept-hosts nothing.pymetrics.com=VENDOR"]),
    ],
)  # fmt: skip
def test_doctor_says_why_nothing_arrives(
    data: dict[str, str], command: tuple[str, ...], status: int, words: list[str]
) -> None:
    done = run("doctor", "--", *command, environ=data)
    assert [word for word in words if word not in done.stderr] == []
    assert done.returncode == status


def test_a_diagnosis_names_the_protocol() -> None:
    found = [*diagnose([Event("h2", PI, "x"), Event("h2", PI, "x")], 0)]
    assert [(verdict, subject) for verdict, subject, _ in found] == [("failed", "protocol")]
    assert "2 connections (x)" in found[0][2]


def test_the_fixture_leads_clients_here_and_in_other_processes(tmp_path: Path, data: dict[str, str]) -> None:
    suite = f"""
import socket, subprocess, sys, httpx, requests

PERSON = {{"firstName": "Ada", "lastName": "Lovelace", "email": "ada@example.com"}}
URL = "https://{PI}{LIST}"


def test_in_this_process(simulator_intercept):
    for client in (requests, httpx):
        made = client.post(URL, json=PERSON, headers={{"api-key": "sk-live-1"}}).json()
        simulator_intercept.complete(made["assessmentId"])
    assert len(simulator_intercept.journal) == 2


def test_elsewhere_in_a_fresh_sandbox(simulator_intercept):
    command = [sys.executable, "-c", {CREATE!r}]
    assert subprocess.run(command, capture_output=True, check=True).stdout == b"0\\n"
    assert [one["status"] for one in simulator_intercept.journal] == [201]


def test_nothing_is_left(simulator):
    assert socket.getaddrinfo.__name__ == "getaddrinfo"
"""
    written(tmp_path, {"test_intercepted.py": suite})
    passed(run_suite(tmp_path, **data), 3)


def test_a_thousand_connections_are_answered(interceptor: Interceptor) -> None:
    began = time.monotonic()
    clients = [interceptor.direct(PI) for _ in range(1_000)]
    try:
        for client in clients:
            client.sendall(f"GET {LIST} HTTP/1.1\r\nHost: {PI}\r\napi-key: k\r\n\r\n".encode())
        assert {client.recv(12) for client in clients} == {b"HTTP/1.1 200"}
    finally:
        for client in clients:
            client.close()
    assert time.monotonic() - began < 100
