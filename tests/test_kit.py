"""The test kit: server processes, the listener and the HTTP client that contracts, tests and scripts share."""

import contextlib
import os
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import httpx2
import pytest

from assessment_contracts.kit import Connection, Exchange, Listener, NotStarted, Reply, ServerProcess, Unreachable
from assessment_contracts.kit.client import Answer


def script(text: str) -> list[str]:
    """The command that runs these lines of Python."""
    return [sys.executable, "-c", text]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "ended with 0"),
        ("sys.exit(3)", "ended with 3"),
        ("import time; time.sleep(60)", "did not start within 2 s"),
    ],
    ids=["ends", "fails", "silence"],
)
def test_a_process_that_does_not_start_is_killed_and_its_errors_are_shown(text: str, why: str) -> None:
    server = ServerProcess(script(f"import sys; sys.stderr.write('no luck'); sys.stderr.flush(); {text}"), within=2)
    with pytest.raises(NotStarted, match=rf"(?s){why}; it printed: .*no luck"):
        server.start()
    assert server.process.poll() is not None


def test_a_process_that_ignores_sigterm_is_killed() -> None:
    text = "import signal, time; signal.signal(15, signal.SIG_IGN); print('listening on x', flush=True); time.sleep(60)"
    with ServerProcess(script(text)) as server:
        assert server.url == "x"
        assert server.terminate(grace=0.2) == -9


def test_a_process_gets_the_environment_without_simulator_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMULATOR_PORT", "1")
    text = "import os; print('listening on', 'SIMULATOR_PORT' in os.environ, os.environ['OURS'], flush=True); input()"
    with ServerProcess(script(text), environ={"OURS": "2"}, first_line="", stderr=subprocess.DEVNULL) as server:
        assert server.url == "False 2"


def test_a_listener_records_requests_and_repeats_its_last_response(listener: Listener) -> None:
    listener.answers = [500, 201]
    with httpx2.Client(trust_env=False) as client:
        statuses = [client.post(f"{listener.url}/hook", data={"n": n}).status_code for n in range(3)]
        listener.answers = [400, 200]
        statuses += [client.post(f"{listener.url}/hook").status_code for n in range(2)]
    first, *_ = listener.wait_for(5)
    assert statuses == [500, 201, 201, 400, 200]
    assert (first.method, first.path, first.form) == ("POST", "/hook", {"n": "0"})
    assert first.headers["content-type"] == "application/x-www-form-urlencoded"


def test_a_wait_returns_when_requests_came_or_responses_are_sent_and_times_out_with_their_number(
    listener: Listener,
) -> None:
    may = threading.Event()
    listener.answers = lambda received: 200 if may.wait(5) else 500
    with httpx2.Client(trust_env=False) as client, ThreadPoolExecutor(1) as threads:
        with pytest.raises(AssertionError, match=r"0 of 1 requests within 0\.01 s"):
            listener.wait_for(1, 0.01)
        asked = threads.submit(client.get, listener.url)
        listener.wait_for(1)
        with pytest.raises(AssertionError, match=r"0 of 1 answers within 0\.01 s"):
            listener.wait_for_answers(1, 0.01)
        may.set()
        listener.wait_for_answers(1)
        assert asked.result(5).status_code == 200


def test_a_renewed_listener_records_at_its_new_url_only_and_a_closed_one_keeps_its_url() -> None:
    with Listener(path="/hook") as listener, httpx2.Client(trust_env=False) as client:
        earlier = listener.url
        listener.renew()
        client.post(earlier, content=b"late")
        client.post(listener.url, content=b"new")
        assert [received.body for received in listener.received] == [b"new"]
        before = listener.url
        listener.close()
        assert listener.url == before
        listener.renew()
        assert client.get(f"{listener.url}?again").status_code == 200
        assert [received.path for received in listener.received] == ["/hook?again"]
        listener.close()


def test_a_connection_records_responses_and_failures(listener: Listener) -> None:
    listener.answers = [Reply(302, {"Location": "/elsewhere"}, b"[1]"), 0]
    exchanges: list[Exchange] = []
    with closing(Connection(listener.url, exchanges.append)) as connection:
        answer = connection.request("PUT", "/a", {"X": "y"}, b"body")
        with pytest.raises(Unreachable, match="GET /b got no answer"):
            connection.request("GET", "/b")
    assert (answer.status, answer.headers["location"], answer.json) == (302, "/elsewhere", [1])
    assert [(one.path, one.answer, bool(one.error)) for one in exchanges] == [("/a", answer, False), ("/b", None, True)]
    assert [(one.method, one.body) for one in listener.received] == [("PUT", b"body"), ("GET", b"")]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        pytest.param(b"\xef\xbb\xbf{}", "byte order mark", id="byte order mark"),
        pytest.param("{}".encode("utf-16"), "codec can't decode", id="UTF-16"),
        pytest.param(b'"\xe4"', "codec can't decode", id="Latin-1"),
        pytest.param(b'{"a": 1, "b": [{"c": 1, "d": 2, "c": 3}]}', "two members 'c'", id="a member twice"),
        pytest.param(b'{"a": NaN}', "NaN is not a JSON number", id="NaN"),
        pytest.param(b"[-Infinity]", "-Infinity is not a JSON number", id="Infinity"),
        pytest.param(b"{'a': 1}", "Expecting property name", id="single quotes"),
        pytest.param(b"", "Expecting value", id="nothing"),
    ],
)
def test_what_only_some_clients_read_as_json_is_not_json(body: bytes, why: str) -> None:
    with pytest.raises(AssertionError, match=why):
        _ = Answer(200, {}, body).json


OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("head", "rest", "pause", "why"),
    [
        pytest.param(OK + b"\r\n", b"x" * 65_536, 0, "longer than", id="endless body"),
        pytest.param(CHUNKED + b"-5\r\n", b"x" * 65_536, 0, "must be non-negative", id="negative chunk"),
        pytest.param(CHUNKED + b"zz\r\n", b"", 0, "IncompleteRead", id="garbage for a chunk"),
        pytest.param(CHUNKED + b"f" * 24 + b"\r\nx", b"", 0, "IncompleteRead", id="chunk larger than memory"),
        pytest.param(
            OK + b"Content-Length: 99999999999999\r\n\r\nx", b"", 0, "1 bytes read", id="length larger than memory"
        ),
        pytest.param(b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0.01, "in time|timed out", id="endless 100"),
        pytest.param(OK, b"a: b\r\n", 0, "more than 100 headers", id="endless headers"),
        pytest.param(OK, b"a", 0.01, "in time|timed out", id="trickling headers"),
        pytest.param(OK + b"Content-Length: 9999\r\n\r\n", b"a", 0.01, "in time|timed out", id="trickling body"),
        pytest.param(CHUNKED + b"0\r\n", b"a: b\r\n", 0.01, "in time|timed out", id="trickling trailers"),
        pytest.param(b"", b"", 0, "RemoteDisconnected", id="nothing"),
    ],
)
def test_a_response_that_never_ends_or_is_none_ends_in_time(head: bytes, rest: bytes, pause: float, why: str) -> None:
    ended = threading.Event()

    def answer() -> None:
        client, _ = server.accept()
        with client, contextlib.suppress(OSError):
            client.recv(65_536)
            client.sendall(head)
            while rest and not ended.wait(pause):
                client.sendall(rest)

    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor() as threads:
        threads.submit(answer)
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        with closing(Connection(url, patience=lambda: 0.3)) as connection, pytest.raises(Unreachable, match=why):
            connection.request("GET", "/")
        ended.set()


def test_what_follows_the_answer_to_head_is_read_from_the_socket() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor() as threads:

        def answer(body: bytes) -> bytes:
            client, _ = server.accept()
            with client:
                request = client.recv(65_536)
                client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n" + body)
            return request

        port = server.getsockname()[1]
        with closing(Connection(f"http://127.0.0.1:{port}/base")) as connection:
            for body in (b"", b"{}"):
                asked = threads.submit(answer, body)
                assert connection.body_of_head("/a", {"X": "y"}) == body
                assert asked.result().startswith(b"HEAD /base/a HTTP/1.1\r\n")


def test_the_kit_loads_neither_hypothesis_nor_the_program() -> None:
    text = "import sys, assessment_contracts.kit; print(*sys.modules)"
    done = subprocess.run(script(text), capture_output=True, text=True, check=True)
    assert not {"hypothesis", "pytest", "assessment_simulator"} & {*done.stdout.split()}


def test_a_server_writes_its_errors_to_a_file_that_can_be_read_from_a_byte_on(tmp_path: Path) -> None:
    text = "import os, time; os.write(2, b'one two'); print('listening on x', flush=True); time.sleep(60)"
    with ServerProcess(script(text), cwd=tmp_path) as server:
        assert server.stderr(4) == "two"
        assert server.stderr_size() == 7
        os.kill(server.pid, 9)
