"""`record`: what passes, what is refused, and what is on the disk when something fails."""

import json
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import jsonschema
import pytest

from assessment_contracts.kit import ServerProcess
from assessment_simulator.recording.files import Recording
from tests.commands import MODULE, call, complaint
from tests.server.har_schema import HAR
from tests.servers import Listener, Received, Reply

LIST, MERCURY = "/api/v1/behavioralassessments", "/mercury"


@contextmanager
def recorder(
    folder: Path, upstream: str, *options: str, vendor: str = "predictive_index"
) -> Iterator[tuple[httpx2.Client, ServerProcess]]:
    """A recorder in a process of its own, and a client of it."""
    command = (*MODULE, "record", "--vendor", vendor, "--upstream", upstream, "--to", str(folder), *options)
    with (
        ServerProcess(command, within=60) as process,
        httpx2.Client(base_url=process.url, trust_env=False, timeout=30) as client,
    ):
        yield client, process


def test_requests_and_answers_pass_unchanged(tmp_path: Path) -> None:
    answer = {"x": [1.50, "é"]}
    sent = json.dumps(answer).encode()
    with Listener([Reply(207, {"content-type": "application/json", "x-own": "1", "etag": '"e"'}, sent)]) as vendor:
        with recorder(tmp_path, f"{vendor.url}/base/", "--allow-writes") as (client, _):
            headers = {"api-key": "k", "content-encoding": "br"}
            got = client.patch(f"{LIST}/a%2Fb?q=%41&r=+1", content=b"\xff\x00raw", headers=headers)
        (received,) = vendor.received
    assert (got.status_code, got.content, got.headers["x-own"], got.headers["etag"]) == (207, sent, "1", '"e"')
    assert (received.method, received.path, received.body) == ("PATCH", f"/base{LIST}/a%2Fb?q=%41&r=+1", b"\xff\x00raw")
    headers = {name.lower(): value for name, value in received.headers.items()}
    assert (headers["api-key"], headers["content-encoding"]) == ("k", "br")
    assert headers["host"] == vendor.url.removeprefix("http://")
    (kept,) = Recording(tmp_path)
    assert kept.answer is not None
    assert kept.answer.json == answer


def test_a_path_never_becomes_a_part_of_the_vendors_host(tmp_path: Path) -> None:
    with Listener([200]) as vendor, recorder(tmp_path, vendor.url) as (client, _):
        with socket.create_connection((client.base_url.host, client.base_url.port or 80), timeout=10) as plain:
            plain.sendall(b"OPTIONS * HTTP/1.1\r\nhost: a\r\n\r\n")
            assert plain.recv(100).startswith(b"HTTP/1.1 400 ")
        assert vendor.received == []


def test_the_calls_are_counted_at_the_end(tmp_path: Path) -> None:
    for stop in (signal.SIGTERM, signal.SIGINT):
        folder = tmp_path / stop.name
        options = ("--vendor", "predictive-index", "--upstream", "http://127.0.0.1:1", "--to", str(folder))
        with subprocess.Popen([*MODULE, "record", *options], stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            httpx2.get(process.stdout.readline().split()[-1] + LIST, trust_env=False)
            process.send_signal(stop)
            assert process.stdout.read() == f"1 call was recorded in {folder}\n"
        assert process.returncode == 0


def test_a_recording_is_har_with_vendor_host_date_version_and_expiry(tmp_path: Path) -> None:
    with Listener([200]) as vendor, recorder(tmp_path, vendor.url) as (client, _):
        client.get(LIST)
        client.get(f"{LIST}?$top=1")
    about = json.loads((tmp_path / "recording.json").read_text())
    assert (about["vendor"], about["host"]) == ("predictive_index", "127.0.0.1")
    assert about["recorded"] < about["expires"]
    files = sorted(tmp_path.glob("*.har"))
    assert [file.name for file in files] == ["000001.har", "000002.har"]
    for file in files:
        jsonschema.validate(json.loads(file.read_text()), HAR)
    other = call("record", "--vendor", "pymetrics", "--upstream", "http://h", "--to", str(tmp_path))
    complaint(other, "predictive_index at 127.0.0.1")


WRITES = [
    ("predictive_index", "POST", LIST, {}), ("predictive_index", "DELETE", f"{LIST}/1", {}),
    ("predictive_index", "PUT", LIST, {}), ("predictive_index", "GET", LIST, {"x-http-method-override": "DELETE"}),
    ("pymetrics", "POST", f"{MERCURY}/order", {}), ("pymetrics", "POST", f"{MERCURY}/orders/../order", {}),
    ("pymetrics", "POST", "/other", {}),
]  # fmt: skip
READS = [
    ("predictive_index", "GET", LIST), ("predictive_index", "HEAD", LIST), ("predictive_index", "OPTIONS", LIST),
    ("pymetrics", "POST", f"{MERCURY}/oauth/token"), ("pymetrics", "POST", f"{MERCURY}/orders"),
    ("pymetrics", "GET", f"{MERCURY}/v2/orders?candidate_id=1"),
]  # fmt: skip


@pytest.mark.parametrize("vendor", ["predictive_index", "pymetrics"])
def test_only_requests_that_read_reach_the_vendor_and_twice_repeats_them(vendor: str, tmp_path: Path) -> None:
    with Listener([200]) as upstream, recorder(tmp_path, upstream.url, "--twice", vendor=vendor) as (client, _):
        for name, method, path, headers in WRITES:
            if name == vendor:
                answer = client.request(method, path, headers=headers)
                assert (answer.status_code, "--allow-writes" in answer.text) == (403, True), (method, path)
        assert upstream.received == []
        reads = [(method, path) for name, method, path in READS if name == vendor]
        for method, path in reads:
            assert client.request(method, path).status_code == 200
        expected = [one for one in reads for _ in range(1 if one[1].endswith("token") else 2)]
        assert [(one.method, one.path) for one in upstream.received] == expected
    assert [one.repeated is None for one in Recording(tmp_path)] == [path.endswith("token") for _, path in reads]


def test_a_broken_upstream_is_a_502_and_loses_nothing_that_was_recorded(tmp_path: Path) -> None:
    """It answers, cuts an answer in the middle, speaks no HTTP, and is gone; then the recorder is killed."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        whole = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 8\r\nconnection: close\r\n\r\n"
        answers = [whole + b'{"n": 1}', whole + b'{"n"', b"\x16\x03garbage\r\n\r\n", whole + b'{"n": 2}']

        def serve() -> None:
            for answer in answers:
                connection, _ = listener.accept()
                with connection:
                    connection.recv(65_536)
                    connection.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        with recorder(tmp_path, url) as (client, process):
            found = [client.get(LIST).status_code for _ in answers]
            thread.join(10)
            listener.close()
            found.append(client.get(LIST).status_code)
            process.process.send_signal(signal.SIGKILL)
            process.process.wait(10)
    assert found == [200, 502, 502, 200, 502]
    kept = [*Recording(tmp_path)]
    assert [one.answer.json if one.answer else None for one in kept] == [{"n": 1}, None, None, {"n": 2}, None]
    assert all(bool(one.error) == (one.answer is None) for one in kept)


def test_every_call_that_a_client_saw_is_on_the_disk_when_the_recorder_is_killed(tmp_path: Path) -> None:
    seen: list[int] = []

    def answer(received: Received) -> Reply:
        return Reply(200, {"content-type": "application/json"}, received.path[-4:].encode())

    with Listener(answer) as vendor, recorder(tmp_path, vendor.url) as (_, process):

        def ask(start: int) -> None:
            with httpx2.Client(base_url=process.url, trust_env=False) as own:
                for number in range(start, 9_999, 4):
                    try:
                        seen.append(own.get(f"{LIST}?n={number}").json())
                    except (httpx2.HTTPError, ValueError):
                        return

        threads = [threading.Thread(target=ask, args=(1_000 + at,)) for at in range(4)]
        for thread in threads:
            thread.start()
        while len(seen) < 40 and any(thread.is_alive() for thread in threads):
            threads[0].join(0.01)
        process.process.kill()
        for thread in threads:
            thread.join(20)
    kept = [one.answer.json if one.answer else None for one in Recording(tmp_path)]
    assert len(seen) >= 40
    assert set(seen) <= set(kept)


def test_a_full_disk_costs_the_recording_not_the_answer(tmp_path: Path) -> None:
    with Listener([200]) as vendor, recorder(tmp_path / "calls", vendor.url) as (client, process):
        for path in (tmp_path / "calls").iterdir():
            path.unlink()
        (tmp_path / "calls").rmdir()
        assert client.get(LIST).status_code == 200
        assert "a call was not recorded: FileNotFoundError" in process.stderr()


REFUSED: list[tuple[tuple[str, ...], str]] = [
    (("--upstream", "ftp://x"), "ftp://x"), (("--upstream", "https://u:p@x"), "has a user"),
    (("--vendor", "other"), "other"), (("--port", "70000"), "70000"),
]  # fmt: skip


@pytest.mark.parametrize(("options", "said"), REFUSED)
def test_wrong_options_are_refused(options: tuple[str, ...], said: str, tmp_path: Path) -> None:
    given: dict[str, Any] = {"--vendor": "pymetrics", "--upstream": "http://x", "--to": str(tmp_path / "new")}
    given |= {options[0]: options[1]}
    complaint(call("record", *(part for pair in given.items() for part in pair)), said)
    assert not (tmp_path / "new").exists()
