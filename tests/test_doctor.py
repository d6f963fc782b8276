"""`doctor`: its lines about a running server, and its exit status."""

import json
import os
from collections.abc import Mapping

import httpx2
import pytest

from assessment_simulator.cli import main
from assessment_simulator.doctor import Doctor
from tests.commands import RUNNER, run
from tests.servers import CONTROL, CONTROL_TOKEN, Listener, Received, Reply, Sandbox, Server
from tests.test_cli import UNREADY, responding

KEYS = ("--pymetrics-client-id", "--pymetrics-client-secret", "--pymetrics-api-key", "--pi-api-key")
SUBJECTS = ["server", "log", "access", "PI keys", "pymetrics", "sandbox", "owner", "clock", "faults", "settings"]


def doctor(*arguments: str, **environ: str) -> tuple[int, dict[str, tuple[str, str]], str]:
    """The exit status, each line's verdict and text by its subject, and the whole output."""
    free: dict[str, str | None] = {name: None for name in os.environ if name.startswith(("SIMULATOR_", "PY", "PI_"))}
    result = RUNNER.invoke(main, ["doctor", *arguments], env={**free, **environ})
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    found = {line[8:18].strip(): (line[:7].strip(), line[19:]) for line in result.stdout.splitlines()}
    return result.exit_code, found, result.output


def check_line(
    subject: str, verdict: str, words: str, *arguments: str, status: int | None = None, **environ: str
) -> dict[str, tuple[str, str]]:
    """The line of `subject` has this verdict and these words; returns all lines."""
    ended, found, said = doctor(*arguments, **environ)
    assert ended == ({"failed": 1}.get(verdict, 0) if status is None else status), said
    assert found[subject][0] == verdict
    assert words in found[subject][1]
    return found


def options(*values: str) -> list[str]:
    """The options with these keys."""
    return [part for pair in zip(KEYS, values, strict=True) for part in pair]


def look_at(sandbox: Sandbox) -> tuple[str, ...]:
    return ("--url", sandbox.url, "--sandbox", sandbox.name)


def test_all_checks_of_a_healthy_server_pass(sandbox: Sandbox, listener: Listener) -> None:
    key = sandbox.credential
    status, found, said = doctor(*look_at(sandbox), *options(key, "any", key, key), "--listener", listener.url)
    assert status == 0, said
    assert {what: verdict for what, (verdict, _) in found.items()} == dict.fromkeys([*SUBJECTS, "listener"], "ok")
    assert sandbox.control_json("GET", "/deliveries") == []
    assert listener.received[0].json == {"type": "simulator.test"}


def test_without_a_sandbox_only_the_server_is_checked(server: Server) -> None:
    status, found, _ = doctor("--url", server.url)
    assert (status, [*found]) == (0, SUBJECTS[:3])


def test_keys_are_read_from_the_environment(sandbox: Sandbox) -> None:
    key = sandbox.credential
    environ = {"PYMETRICS_CLIENT_ID": key, "PYMETRICS_CLIENT_SECRET": "x", "PYMETRICS_API_KEY": key, "PI_API_KEY": key}
    status, found, said = doctor(*look_at(sandbox), **environ)
    assert status == 0, said
    assert found["PI keys"] == found["pymetrics"] == ("ok", f"they open {sandbox.name!r}")


WRONG_KEYS = [
    (["--pi-api-key", "sim-quite-another"], "PI keys", "another sandbox"),
    (["--pi-api-key", "nonsense"], "PI keys", "refused with 401"),
    (["--pymetrics-client-id", "sim-a"], "pymetrics", "needed together"),
    ([KEYS[0], "nonsense", KEYS[1], "x", KEYS[2], "nonsense"], "pymetrics", "no token"),
    ([KEYS[0], "sim-other", KEYS[1], "x", KEYS[2], "sim-other"], "pymetrics", "another sandbox"),
    ([KEYS[0], "sim-other", KEYS[1], "x", KEYS[2], "sim-third"], "pymetrics", "refused with 40"),
]


@pytest.mark.parametrize(("keys", "what", "words"), WRONG_KEYS)
def test_keys_that_do_not_open_the_sandbox_fail(sandbox: Sandbox, keys: list[str], what: str, words: str) -> None:
    found = check_line(what, "failed", words, *look_at(sandbox), *keys)
    assert found["settings"][0] == "ok", "it goes on with the other checks"


CHANGES: list[tuple[str, str, object, str, str]] = [
    ("POST", "/clock", {"freeze": "2026-01-01T00:00:00Z"}, "clock", "is frozen at 2026-01-01T00:00:00"),
    ("POST", "/clock", {"advance": "P2D"}, "clock", "ahead of"),
    ("PUT", "/faults", [{"id": "gone", "do": "drop", "vendor": "pymetrics"}], "faults", "gone (drop, met 0)"),
    ("PATCH", "/config", {"maintenance": True}, "settings", "maintenance"),
    ("PATCH", "/config", {"rate_limit": 7}, "settings", "over 7 a minute"),
    ("PATCH", "/config", {}, "listener", "not tried"),
]


@pytest.mark.parametrize(("method", "path", "body", "subject", "words"), CHANGES)
def test_what_may_surprise_in_a_sandbox_is_a_note(
    sandbox: Sandbox, method: str, path: str, body: object, subject: str, words: str
) -> None:
    sandbox.control_json(method, path, body)
    check_line(subject, "note", words, *look_at(sandbox))


def test_a_dropped_response_fails_and_keys_without_a_journal_are_a_note(sandbox: Sandbox) -> None:
    key = sandbox.credential
    sandbox.control_json("PUT", "/faults", [{"do": "drop"}])
    found = check_line("PI keys", "failed", "a fault does that", *look_at(sandbox), *options(key, "any", key, key))
    assert found["pymetrics"][0] == "failed"
    sandbox.control_json("DELETE", "/faults")
    sandbox.control_json("PATCH", "/config", {"journal": {"entries": 0, "bytes": 0}})
    check_line("PI keys", "note", "", *look_at(sandbox), "--pi-api-key", key)


def test_the_listener_is_called_by_the_server(listener: Listener, sandbox: Sandbox) -> None:
    look = look_at(sandbox)
    sandbox.control_json("PATCH", "/config", {"default_webhook_url": f"{listener.url}/own"})
    check_line("listener", "ok", "", *look)
    assert listener.received[-1].path == "/own"
    listener.answers = [404]
    check_line("listener", "note", "answers 404", *look)
    unreached = "cannot be reached from the server (ConnectionRefusedError"
    check_line("listener", "failed", unreached, *look, "--listener", "http://127.0.0.1:1")
    check_line("listener", "failed", "refused by policy", *look, "--listener", "http://169.254.169.254/")


def test_closed_access_is_checked_with_the_control_token(closed: Server) -> None:
    look, token = ("--url", closed.url, "--sandbox", "looked-at"), {"SIMULATOR_CONTROL_TOKEN": CONTROL_TOKEN}
    check_line("access", "failed", "set SIMULATOR_CONTROL_TOKEN", *look)
    check_line("access", "failed", "not this server's", *look, SIMULATOR_CONTROL_TOKEN="wrong")
    check_line("sandbox", "failed", "there is no sandbox", *look, SIMULATOR_CONTROL_TOKEN=CONTROL_TOKEN)
    for name, verdict in (("looked-at", "ok"), ("another", "failed")):
        opened = httpx2.post(
            f"{closed.url}/_simulator/sandboxes", headers=CONTROL, json={"name": name}, trust_env=False
        ).json()["credentials"]
        pymetrics, pi = opened["pymetrics"], opened["predictive_index"]
        values = [pymetrics["client_id"], pymetrics["client_secret"], pymetrics["api_key"], pi["api_key"]]
        status, found, said = doctor(*look, *options(*values), **token)
        assert (found["PI keys"][0], found["pymetrics"][0]) == (verdict, verdict), said
        assert status == (0 if verdict == "ok" else 1)
        assert [value for value in values if value in said] == []


@pytest.mark.parametrize("answer", UNREADY.values(), ids=UNREADY)
def test_another_server_exits_with_2(answer: bytes) -> None:
    with responding(answer) as url:
        check_line("server", "failed", "", "--url", url, status=2)


WELL = {"status": "ok"}
HEALTH = {"/_simulator/health": {**WELL, "version": "0.0.1"}}
OPEN: dict[str, object] = {**HEALTH, "/_simulator/sandboxes": []}
# What a server similar to a simulator answers, by path (`*`: by any other), and the keys that it is called with.
SIMILAR: dict[str, tuple[Mapping[str, object], list[str]]] = {
    "well, and no version": ({"*": WELL}, []),
    "well, and a version of another kind": ({"*": {**WELL, "version": 7}}, []),
    "no list of sandboxes": ({**HEALTH, "*": WELL}, []),
    "no sandbox": ({**OPEN, "*": WELL}, []),
    "a list for a sandbox": ({**OPEN, "*": []}, []),
    "text for a sandbox": ({**OPEN, "*": "a"}, []),
    "no token": ({**OPEN, "*": WELL}, [part for name in KEYS[:3] for part in (name, "sim-ada")]),
}


@pytest.mark.parametrize(("answers", "keys"), SIMILAR.values(), ids=SIMILAR)
def test_a_server_similar_to_a_simulator_exits_with_2(answers: Mapping[str, object], keys: list[str]) -> None:
    def answer(received: Received) -> Reply:
        body = json.dumps(answers.get(received.path, answers["*"])).encode()
        return Reply(200, {"content-type": "application/json"}, body)

    with Listener(answer) as server:
        status, _, said = doctor("--url", server.url, "--sandbox", "ada", *keys, "--listener", "http://127.0.0.1:1/")
    assert status == 2, said
    assert said.splitlines()[-1].startswith(f"failed  server     {server.url} is no simulator: ")


def test_no_server_exits_with_2() -> None:
    check_line("server", "failed", "is it running there", "--url", "http://127.0.0.1:1", status=2)


BAD = [
    ("--url", "nonsense"), ("--listener", "http://a.example"), ("--pi-api-key", "sim-a"), ("--sandbox",),
    ("--sandbox", "a", "--listener", "ftp://a"),
]  # fmt: skip


@pytest.mark.parametrize("arguments", BAD)
def test_invalid_options_exit_with_2(arguments: tuple[str, ...]) -> None:
    assert doctor(*arguments)[0] == 2


def test_the_port_of_the_environment_is_used(server: Server) -> None:
    done = run("doctor", environ={"SIMULATOR_PORT": server.url.rpartition(":")[2]})
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"ok      server     {server.url} answers")


def test_the_doctor_is_callable_from_python(sandbox: Sandbox) -> None:
    said: list[str] = []
    assert Doctor(sandbox.url, sandbox=sandbox.name).run(said.append) == 0
    assert len(said) == 9
