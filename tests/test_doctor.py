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


def doctor(*arguments: str, **environ: str) -> tuple[int, dict[str, tuple[str, str]], str]:
    """The exit status, each line's verdict and text by its subject, and the whole output."""
    free: dict[str, str | None] = {name: None for name in os.environ if name.startswith(("SIMULATOR_", "PY", "PI_"))}
    result = RUNNER.invoke(main, ["doctor", *arguments], env={**free, **environ})
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    found = {line[8:18].strip(): (line[:7].strip(), line[19:]) for line in result.stdout.splitlines()}
    return result.exit_code, found, result.output


def keys_of(sandbox: Sandbox) -> list[str]:
    """The options with a sandbox's own keys in open access."""
    keys = [sandbox.credential, "any", sandbox.credential, sandbox.credential]
    return [part for pair in zip(KEYS, keys, strict=True) for part in pair]


def test_all_checks_of_a_healthy_server_pass(sandbox: Sandbox, listener: Listener) -> None:
    status, found, said = doctor(
        "--url", sandbox.url, "--sandbox", sandbox.name, *keys_of(sandbox), "--listener", listener.url
    )
    assert status == 0, said
    subjects = "server, log, access, PI keys, pymetrics, sandbox, owner, clock, faults, settings, listener".split(", ")
    assert {what: verdict for what, (verdict, _) in found.items()} == dict.fromkeys(subjects, "ok")
    assert sandbox.control_json("GET", "/deliveries") == []
    assert listener.received[0].json == {"type": "simulator.test"}


def test_without_a_sandbox_only_the_server_is_checked(server: Server) -> None:
    status, found, _ = doctor("--url", server.url)
    assert (status, [*found]) == (0, ["server", "log", "access"])


def test_keys_are_read_from_the_environment(sandbox: Sandbox) -> None:
    key = sandbox.credential
    environ = {"PYMETRICS_CLIENT_ID": key, "PYMETRICS_CLIENT_SECRET": "x", "PYMETRICS_API_KEY": key, "PI_API_KEY": key}
    status, found, said = doctor("--url", sandbox.url, "--sandbox", sandbox.name, **environ)
    assert status == 0, said
    assert found["PI keys"] == ("ok", f"they open {sandbox.name!r}")
    assert found["pymetrics"] == ("ok", f"they open {sandbox.name!r}")


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
    status, found, _ = doctor("--url", sandbox.url, "--sandbox", sandbox.name, *keys)
    assert (status, found[what][0]) == (1, "failed")
    assert words in found[what][1]
    assert found["settings"][0] == "ok", "it goes on with the other checks"


def test_a_frozen_clock_faults_maintenance_and_limits_are_notes(sandbox: Sandbox) -> None:
    sandbox.control_json("POST", "/clock", {"freeze": "2026-01-01T00:00:00Z"})
    sandbox.control_json("PUT", "/faults", [{"id": "gone", "do": "drop", "vendor": "pymetrics"}])
    sandbox.control_json("PATCH", "/config", {"maintenance": True, "rate_limit": 7})
    status, found, _ = doctor("--url", sandbox.url, "--sandbox", sandbox.name)
    assert status == 0
    notes = {what: said for what, (verdict, said) in found.items() if verdict == "note"}
    assert [*notes] == ["clock", "faults", "settings", "listener"]
    assert "is frozen at 2026-01-01T00:00:00" in notes["clock"]
    assert "gone (drop, met 0)" in notes["faults"]
    assert "maintenance" in notes["settings"]
    assert "over 7 a minute" in notes["settings"]
    assert "not tried" in notes["listener"]


def test_a_clock_ahead_is_a_note(sandbox: Sandbox) -> None:
    sandbox.control_json("POST", "/clock", {"advance": "P2D"})
    _, found, _ = doctor("--url", sandbox.url, "--sandbox", sandbox.name)
    assert found["clock"][0] == "note"
    assert "ahead of" in found["clock"][1]


def test_a_dropped_response_fails(sandbox: Sandbox) -> None:
    sandbox.control_json("PUT", "/faults", [{"do": "drop"}])
    status, found, _ = doctor("--url", sandbox.url, "--sandbox", sandbox.name, *keys_of(sandbox))
    assert status == 1
    assert "a fault does that" in found["PI keys"][1]
    assert found["pymetrics"][0] == "failed"


def test_keys_are_a_note_without_a_journal(sandbox: Sandbox) -> None:
    sandbox.control_json("PATCH", "/config", {"journal": {"entries": 0, "bytes": 0}})
    status, found, _ = doctor("--url", sandbox.url, "--sandbox", sandbox.name, "--pi-api-key", sandbox.credential)
    assert (status, found["PI keys"][0]) == (0, "note")


def test_the_listener_is_called_by_the_server(listener: Listener, sandbox: Sandbox) -> None:
    look = ("--url", sandbox.url, "--sandbox", sandbox.name)
    sandbox.control_json("PATCH", "/config", {"default_webhook_url": f"{listener.url}/own"})
    assert doctor(*look)[1]["listener"][0] == "ok"
    assert listener.received[-1].path == "/own"
    listener.answers = [404]
    status, found, _ = doctor(*look)
    assert (status, found["listener"][0]) == (0, "note")
    assert "answers 404" in found["listener"][1]
    status, found, _ = doctor(*look, "--listener", "http://127.0.0.1:1")
    assert (status, found["listener"][0]) == (1, "failed")
    assert "cannot be reached from the server (ConnectionRefusedError" in found["listener"][1]
    status, found, _ = doctor(*look, "--listener", "http://169.254.169.254/")
    assert (status, found["listener"][0]) == (1, "failed")
    assert "refused by policy" in found["listener"][1]


def test_closed_access_without_the_control_token_fails(closed: Server) -> None:
    status, found, _ = doctor("--url", closed.url)
    assert (status, found["access"][0]) == (1, "failed")
    assert "set SIMULATOR_CONTROL_TOKEN" in found["access"][1]
    status, found, _ = doctor("--url", closed.url, SIMULATOR_CONTROL_TOKEN="wrong")
    assert (status, found["access"][0]) == (1, "failed")
    assert "not this server's" in found["access"][1]


def test_closed_access_is_checked_with_the_control_token(closed: Server) -> None:
    token = {"SIMULATOR_CONTROL_TOKEN": CONTROL_TOKEN}
    status, found, _ = doctor("--url", closed.url, "--sandbox", "looked-at", **token)
    assert (status, found["sandbox"][0]) == (1, "failed")
    assert "there is no sandbox 'looked-at'" in found["sandbox"][1]
    url = f"{closed.url}/_simulator/sandboxes"
    keys = [
        httpx2.post(url, headers=CONTROL, json={"name": name}, trust_env=False).json()["credentials"]
        for name in ("looked-at", "another")
    ]
    for opens, verdict in zip(keys, ("ok", "failed"), strict=True):
        pymetrics = opens["pymetrics"]
        values = [*(pymetrics[name] for name in ("client_id", "client_secret", "api_key"))]
        values.append(opens["predictive_index"]["api_key"])
        options = [part for pair in zip(KEYS, values, strict=True) for part in pair]
        status, found, said = doctor("--url", closed.url, "--sandbox", "looked-at", *options, **token)
        assert (found["PI keys"][0], found["pymetrics"][0]) == (verdict, verdict), said
        assert status == (0 if verdict == "ok" else 1)
        assert [value for value in values if value in said] == []


@pytest.mark.parametrize("answer", UNREADY.values(), ids=UNREADY)
def test_another_server_exits_with_2(answer: bytes) -> None:
    with responding(answer) as url:
        status, found, _ = doctor("--url", url)
    assert (status, found["server"][0]) == (2, "failed")


def similar(answers: Mapping[str, object]) -> Listener:
    """A server that answers 200 with JSON: by path, and else what `*` has."""

    def answer(received: Received) -> Reply:
        body = json.dumps(answers.get(received.path, answers["*"])).encode()
        return Reply(200, {"content-type": "application/json"}, body)

    return Listener(answer)


WELL = {"status": "ok"}
HEALTH = {"/_simulator/health": {**WELL, "version": "0.0.1"}}
OPEN: dict[str, object] = {**HEALTH, "/_simulator/sandboxes": []}
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
    with similar(answers) as server:
        status, _, said = doctor("--url", server.url, "--sandbox", "ada", *keys, "--listener", "http://127.0.0.1:1/")
    assert status == 2, said
    assert said.splitlines()[-1].startswith(f"failed  server     {server.url} is no simulator: ")


def test_no_server_exits_with_2() -> None:
    status, found, _ = doctor("--url", "http://127.0.0.1:1")
    assert (status, found["server"][0]) == (2, "failed")
    assert "is it running there" in found["server"][1]


BAD = [
    ("--url", "nonsense"), ("--listener", "http://a.example"), ("--pi-api-key", "sim-a"), ("--sandbox", "a", "extra"),
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
