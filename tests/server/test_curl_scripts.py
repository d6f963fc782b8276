"""Scripts that repeat a call: a real shell with a real curl gets the same response."""

import json
import os
import re
import shutil
import subprocess
import uuid
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.server import PI, ROOT, order, order_body
from tests.servers import CONTROL, Sandbox, Server

SHELLS = [shell for shell in ("sh", "dash", "bash", "busybox") if shutil.which(shell)]
CLEAN = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}


def script_of(sandbox: Sandbox, id: str = "") -> str:
    """The script of a call, the newest one without an id."""
    id = id or sandbox.control_json("GET", "/journal")[-1]["id"]
    answer = sandbox.control("GET", f"/journal/{id}.sh")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/x-shellscript; charset=utf-8"
    return answer.text


def run(script: str, folder: Path, shell: str = "sh", **variables: str) -> subprocess.CompletedProcess[bytes]:
    """What the script did, run from a file in an empty folder; curl must take no settings of this machine."""
    file = folder / "script.sh"
    file.write_bytes(script.encode())
    home = {"HOME": str(folder), "CURL_HOME": str(folder)}
    command = [shell, "sh"] if shell == "busybox" else [shell]
    return subprocess.run(
        [*command, str(file)], capture_output=True, env={**CLEAN, **home, **variables}, cwd=folder, timeout=30,
        check=False,
    )  # fmt: skip


def repeated(sandbox: Sandbox, folder: Path, shell: str = "sh", **variables: str) -> Any:
    """The newest call's single view after its script ran; the call before it must be the one that was repeated."""
    before = sandbox.control_json("GET", "/journal")[-1]
    done = run(script_of(sandbox, before["id"]), folder, shell, **variables)
    assert done.returncode == 0, done.stderr
    after = sandbox.control_json("GET", "/journal")[-1]
    assert after["id"] != before["id"]
    assert [file.name for file in folder.iterdir()] == ["script.sh"]
    status = int(re.findall(rb"HTTP/1.1 (\d{3})", done.stdout)[-1])
    assert status == after["status"]
    same = ("vendor", "operation", "method", "path", "status", "rules")
    assert [after[name] for name in same] == [before[name] for name in same]
    first, second = (sandbox.control_json("GET", f"/journal/{call['id']}") for call in (before, after))
    assert second["request"]["body"] == first["request"]["body"]
    assert second["query"] == first["query"]
    return second


TEXTS = {
    "quotes": "it's \"quoted\" '' `id` \\ \\n",
    "a substitution": "$(touch file) ${HOME} `touch file` $((1+1)) !! *",
    "lines": "one\ntwo\n\nthree\n",
    "an end of a document": "EOF\nEND\n--data\n@/etc/hostname",
    "other letters": "grüß 日本語 \U0001f600 \u202e \u0000",
    "control characters": "\r\n\t\x1b[31m\x7f\x01",
    "percent": "%s %d %% \\045 %n",
    "a dash": "-X DELETE",
    "a large one": "x" * 900_000,
}
BODIES = {
    **{
        name: json.dumps({"firstName": text, "lastName": 7}, ensure_ascii=False).encode()
        for name, text in TEXTS.items()
    },
    "no JSON": (TEXTS["quotes"] + TEXTS["a substitution"] + TEXTS["percent"]).encode(),
    "carriage returns": b'{"a":\r\n "b",\r\n\r\n',
    "no text": bytes(range(256)),
    "nuls": b"\x00\x00a\x00",
    "a lonely quote": b"'",
    "newlines at the end": b"a\n\n\n",
}


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_body_is_repeated_byte_for_byte(sandbox: Sandbox, tmp_path: Path, body: bytes, shell: str) -> None:
    assert sandbox.pi.post(PI, content=body, headers={"content-type": "application/json"}).status_code == 400
    seen = repeated(sandbox, tmp_path, shell)
    assert int(seen["request"]["headers"]["content-length"]) == len(body)


REQUESTS = [
    ("GET", f"{PI}?$top=1&$filter=firstName%20eq%20'Ada'&x=[1-3]{{a,b}}"), ("GET", f"{PI}?a=%24%28id%29&b=`id`"),
    ("GET", f"{PI}/%20%0A%25%27%22$(id);é"), ("GET", f"{PI}/{{a,b}}[1-9]"), ("GET", f"{PI}/..%2F.."),
    ("GET", "/api/v1/no'where"), ("HEAD", PI), ("PUT", PI), ("DELETE", PI), ("OPTIONS", PI), ("PROPFIND", PI),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path"), REQUESTS)
def test_method_and_path_are_repeated(sandbox: Sandbox, tmp_path: Path, method: str, path: str) -> None:
    sandbox.control_json("GET")  # a refused request opens no sandbox
    sandbox.pi.request(method, path)
    repeated(sandbox, tmp_path)


def test_headers_are_repeated_and_none_is_added(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.pi.post(PI, content=b"{}", headers={"x-one": "a 'b' $(id)", "x-empty": "", "accept": "text/plain"})
    first = sandbox.control_json("GET", "/journal/call-1")
    assert "content-type" not in first["request"]["headers"]
    seen = repeated(sandbox, tmp_path)["request"]["headers"]
    left_out = ("accept-encoding", "connection")
    assert seen == {name: value for name, value in first["request"]["headers"].items() if name not in left_out}


# Credentials.


def test_script_requests_a_new_token(sandbox: Sandbox, tmp_path: Path) -> None:
    id = order(sandbox)["id"]
    sandbox.pymetrics.get(f"/mercury/getOrder/{id}?report=true")
    script = script_of(sandbox)
    sandbox.control_json("POST", "/clock", {"advance": "PT2H"})
    done = run(script, tmp_path)
    assert done.returncode == 0
    assert b"HTTP/1.1 200 OK" in done.stdout
    assert [call["operation"] for call in sandbox.control_json("GET", "/journal")[-2:]] == ["create_token", "get_order"]


@pytest.mark.parametrize(
    "headers", [{"authorization": "Bearer another"}, {"authorization": "Basic dTpw"}, {"authorization": ""}]
)
def test_a_call_that_was_not_let_in_is_not_let_in_again(
    sandbox: Sandbox, tmp_path: Path, headers: dict[str, str]
) -> None:
    assert sandbox.pymetrics.get("/mercury/configuration", headers=headers).status_code == 401
    assert repeated(sandbox, tmp_path)["status"] == 401


def test_headers_that_the_vendor_does_not_read_are_hidden(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.pi.get(PI, headers={"x-api-key": "secret-one", "authorization": "Bearer secret-two", "cookie": "secret=3"})
    assert "secret" not in script_of(sandbox)
    assert repeated(sandbox, tmp_path)["status"] == 200


def test_script_reads_the_seal_of_a_link(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.control_json("PATCH", "/config", {"progress": "PT0S"})
    id = order(sandbox)["id"]
    whole = sandbox.pymetrics.get(f"/mercury/getOrder/{id}?report=true").json()
    report = sandbox.http.get(whole["reports"][0]["download_url"])
    done = run(script_of(sandbox), tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith(report.content)


def test_other_secrets_are_variables_that_must_be_set(sandbox: Sandbox, tmp_path: Path) -> None:
    hook = "http://ada:sesame@127.0.0.1:9/"
    sandbox.pi.post(
        PI, json={"firstName": [], "assessmentStatusWebHook": hook, "redirectUrl": "http://u:p@h/", "x": hook}
    )
    script = script_of(sandbox)
    assert "sesame" not in script
    done = run(script, tmp_path)
    assert done.returncode != 0
    assert b"USER_AND_PASSWORD: set it to the user and password that was sent" in done.stderr
    names = {"USER_AND_PASSWORD": "ada:sesame", "USER_AND_PASSWORD_2": "u:p"}
    assert run(script, tmp_path, **names).returncode == 0
    assert len(sandbox.control_json("GET", "/journal")) == 2
    made = {"firstName": "Ada", "lastName": "L", "email": "ada@example.com", "assessmentStatusWebHook": hook}
    sandbox.pi.post(PI, json=made)
    assert run(script_of(sandbox), tmp_path, **names).returncode == 0
    assert [one["assessmentStatusWebHook"] for one in sandbox.pi.get(PI).json()] == [hook, hook]


def test_closed_access_requires_all_credentials_as_variables(closed: Server, tmp_path: Path) -> None:
    with httpx2.Client(base_url=closed.url, trust_env=False) as http:
        held = http.post(ROOT, json={"name": "scripted"}, headers=CONTROL).json()["credentials"]
        client = {name: held["pymetrics"][name] for name in ("client_id", "client_secret")}
        token = http.post("/mercury/oauth/token", json={**client, "grant_type": "client_credentials"}).json()
        keys = {"Authorization": f"Bearer {token['access_token']}", "X-Api-Key": held["pymetrics"]["api_key"]}
        assert http.post("/mercury/order", json=order_body(), headers=keys).status_code == 201
        assert http.get(f"{ROOT}/scripted/journal/call-2.sh").status_code == 401
        script = http.get(f"{ROOT}/scripted/journal/call-2.sh", headers=CONTROL).text
        for secret in (*held["pymetrics"].values(), *held["predictive_index"].values(), token["access_token"]):
            assert secret not in script
        variables = {f"PYMETRICS_{name.upper()}": value for name, value in held["pymetrics"].items()}
        for name in variables:
            done = run(script, tmp_path, **{other: value for other, value in variables.items() if other != name})
            assert done.returncode != 0
            member = name.removeprefix("PYMETRICS_").lower()
            assert f"{name}: set it to the {member} of the sandbox scripted".encode() in done.stderr
        assert b"HTTP/1.1 200" in run(script, tmp_path, **variables).stdout
        http.get(PI, headers={"api-key": held["predictive_index"]["api_key"]})
        newest = http.get(f"{ROOT}/scripted/journal", headers=CONTROL).json()[-1]["id"]
        script = http.get(f"{ROOT}/scripted/journal/{newest}.sh", headers=CONTROL).text
        done = run(script, tmp_path, PREDICTIVE_INDEX_API_KEY=held["predictive_index"]["api_key"])
        assert b"HTTP/1.1 200" in done.stdout


def test_base_variable_names_another_server(sandbox: Sandbox, server: Server, tmp_path: Path) -> None:
    sandbox.pi.get(PI, headers={"host": "elsewhere.internal"})
    script = script_of(sandbox)
    assert "BASE=${BASE:-http://elsewhere.internal}" in script
    assert run(script, tmp_path, BASE=server.url).returncode == 0
    assert len(sandbox.control_json("GET", "/journal")) == 2


def test_script_begins_with_a_description(sandbox: Sandbox) -> None:
    sandbox.pi.get(f"{PI}/a%0Atouch file")
    lines = script_of(sandbox).splitlines()
    assert lines[0] == "#!/bin/sh"
    assert lines[1].startswith(f"# call-1 of the sandbox {sandbox.name}, at 2")
    assert lines[2] == f"# GET {PI}/a%0Atouch%20file, answered with 404."
    assert str(uuid.UUID(sandbox.name.removeprefix("t-"))) in lines[1]
