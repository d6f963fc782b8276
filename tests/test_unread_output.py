"""A server whose output is not read: it responds to every request, and stops within its grace time."""

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from assessment_contracts.kit import Connection, ServerProcess, Unreachable, serve_command
from assessment_simulator import output
from assessment_simulator.settings import Settings
from assessment_simulator.testing.server_process import written
from tests.postgres import new_database
from tests.waiting import free_port

SERVE = serve_command("--access-log", "--grace", "5")
# Bytes of the smallest pipe: some forty lines of the access log.
SMALL = 4_096
CALLS = 150


@contextlib.contextmanager
def small_pipe() -> Iterator[tuple[int, int]]:
    """Both ends of a pipe that is full soon."""
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, SMALL)
    try:
        yield reading, writing
    finally:
        for end in (reading, writing):
            with contextlib.suppress(OSError):
                os.close(end)


def running(*command: str, errors: int, said: str = "") -> ServerProcess:
    """A server that writes its errors to `errors`; `said` is its standard input's first line."""
    return ServerProcess(command, within=60, first_line=said, stderr=errors, start_new_session=True)


def called(url: str, calls: int = CALLS, path: str = "/_simulator/health") -> int:
    """Send requests over one connection. Returns how many get 200."""
    with contextlib.closing(Connection(url, patience=lambda: 20.0)) as connection:
        return sum(connection.request("GET", path).status == 200 for _ in range(calls))


def ended(process: "subprocess.Popen[Any]") -> float:
    """The seconds from SIGTERM to an exit with 0."""
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    return time.monotonic() - began


def workers(postgres_server: str) -> tuple[str, ...]:
    return ("--workers", "2", "--log", new_database(postgres_server))


@contextlib.contextmanager
def unread(kind: str) -> Iterator[int]:
    """A standard error that is not read, or that cannot be written."""
    with contextlib.ExitStack() as stack:
        if kind == "full disk":
            errors = os.open("/dev/full", os.O_WRONLY)
            stack.callback(os.close, errors)
        elif kind == "stopped terminal":
            terminal, errors = os.openpty()
            stack.callback(os.close, terminal)
            stack.callback(os.close, errors)
            termios.tcflow(errors, termios.TCOOFF)  # as Ctrl-S does
        else:
            reading, errors = stack.enter_context(small_pipe())
            if kind == "closed pipe":
                os.close(reading)
        yield errors


@pytest.mark.parametrize(
    ("kind", "form", "errors"),
    [
        *(("serve", "text", errors) for errors in ("full pipe", "closed pipe", "full disk", "stopped terminal")),
        *((kind, form, "full pipe") for kind, form in (("serve", "json"), ("workers", "text"), ("plugin", "text"))),
    ],
)
def test_requests_and_sigterm_do_not_wait_for_standard_error(
    kind: str, form: Any, errors: str, postgres_server: str
) -> None:
    more = workers(postgres_server) if kind == "workers" else ()
    command, said = (*SERVE, "--log-format", form, *more), ""
    if kind == "plugin":
        command = (sys.executable, "-P", "-m", "assessment_simulator.testing.server_process")
        said = written(Settings(port=0, access_log=True, log_format=form, grace=5))
    with unread(errors) as descriptor, running(*command, errors=descriptor, said=said) as server:
        assert called(server.url) == CALLS
        assert ended(server.process) < 5


@pytest.mark.parametrize("kind", ["serve", "workers"])
def test_a_full_standard_output_does_not_delay_the_start(kind: str, postgres_server: str) -> None:
    port = free_port()
    command = [*SERVE, *(workers(postgres_server) if kind == "workers" else ()), "--port", str(port)]
    with small_pipe() as (_, writing):
        os.write(writing, b"x" * SMALL)
        process = subprocess.Popen(command, stdout=writing, stderr=subprocess.DEVNULL)
        try:
            deadline = time.monotonic() + 30
            while True:
                with contextlib.suppress(Unreachable):
                    assert called(f"http://127.0.0.1:{port}") == CALLS
                    break
                assert time.monotonic() < deadline
            assert ended(process) < 5
        finally:
            process.kill()
            process.wait()


LEADER = """
import fcntl, os, subprocess, sys, termios
terminal = os.open(sys.argv[1], os.O_RDWR)  # which makes it this session's
mode = termios.tcgetattr(terminal)
mode[3] |= termios.TOSTOP
termios.tcsetattr(terminal, termios.TCSANOW, mode)
server = subprocess.Popen(sys.argv[2:], stdin=subprocess.DEVNULL, stderr=terminal, process_group=0)
sys.exit(server.wait())
"""


def test_a_background_job_is_not_stopped_when_it_writes_to_its_terminal() -> None:
    terminal, slave = os.openpty()
    try:
        with running(sys.executable, "-c", LEADER, os.ttyname(slave), *SERVE, errors=2) as leader:
            assert called(leader.url) == CALLS
            (server,) = leader.children
            os.kill(server, signal.SIGTERM)
            assert leader.process.wait(20) == 0
    finally:
        os.close(terminal)
        os.close(slave)


def test_dropped_lines_are_counted_and_reported_when_the_reader_reads_again() -> None:
    long = f"/_simulator/health?{'x' * 60_000}"
    calls = 2 * output.MAX_QUEUED // len(long)
    command = (*SERVE, "--log-format", "json")
    with small_pipe() as (reading, errors), running(*command, errors=errors) as server:
        os.close(errors)
        assert called(server.url, calls, long) == calls
        with contextlib.closing(Connection(server.url)) as connection:
            metrics = connection.request("GET", "/_simulator/metrics").text
        dropped = float(metrics.partition("\nsimulator_log_lines_dropped_total ")[2].split()[0])
        assert 0 < dropped < calls
        with open(reading, "rb", closefd=False) as lines:
            said, reported = 0, 0
            while not reported:
                line = json.loads(lines.readline())
                if line["logger"] == "simulator.logs":
                    reported = int(line["message"].split()[0])
                else:
                    said += 1
        assert said + reported >= calls
        assert reported >= dropped
        assert ended(server.process) < 5


# The stream itself.


def made(descriptor: int, encoding: str = "utf-8") -> output.Output:
    return output.Output(descriptor, encoding, lambda count: f"{count} dropped\n")


def read(descriptor: int) -> bytes:
    return os.read(descriptor, 65_536)


def test_text_is_written_in_order_and_in_the_encoding_of_the_stream() -> None:
    with small_pipe() as (reading, writing):
        stream = made(writing, "latin-1")
        print("a", "\xe9", "…", file=stream)
        stream.write("b")
        stream.drain()
        assert read(reading) == b"a \xe9 \\u2026\nb"
        with pytest.raises(TypeError):
            stream.write(b"bytes")  # type: ignore[arg-type]


def test_drain_does_not_wait_for_a_paused_reader_and_loses_nothing() -> None:
    with small_pipe() as (reading, writing):
        stream = made(writing)
        for number in range(1_000):
            print(f"line {number}", file=stream)
        began = time.monotonic()
        stream.drain()
        assert time.monotonic() - began < 2 * output.MAX_DRAIN
        found = b""
        while found.count(b"\n") < 1_000:
            found += read(reading)
        assert found.decode().splitlines() == [f"line {number}" for number in range(1_000)]


def test_a_line_cut_by_a_failing_write_is_ended_and_lost_lines_are_counted(tmp_path: Path) -> None:
    script = """
import os, resource, signal, sys
from assessment_simulator import output
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (10, resource.RLIM_INFINITY))
stream = output.Output(os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND), "utf-8", "{} dropped\\n".format)
for line in ("first", "second", "third"):
    print(line, file=stream)
    stream.drain()
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
print("fourth", file=stream)
stream.drain()
print(stream.dropped)
"""
    done = subprocess.run(
        [sys.executable, "-c", script, tmp_path / "file"], capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stdout == "2\n"
    assert (tmp_path / "file").read_text() == "first\nseco\n2 dropped\nfourth\n"


def test_a_nonblocking_descriptor_is_waited_for_and_not_changed() -> None:
    with small_pipe() as (reading, writing):
        os.set_blocking(writing, False)
        stream = made(writing)
        print("x" * 3 * SMALL, file=stream)
        found = b""
        while not found.endswith(b"\n"):
            found += read(reading)
        assert len(found) == 3 * SMALL + 1
        assert not os.get_blocking(writing)


def test_a_forked_child_does_not_write_what_its_parent_has_queued() -> None:
    script = """
import os, sys
from assessment_simulator import output
os.write(1, b"x" * int(sys.argv[1]))
output.replace_stream("stdout")
print("parent")
child = os.fork()
if child == 0:
    print("child")
    output.drain()
    os._exit(0)
os.waitpid(child, 0)
"""
    with small_pipe() as (reading, writing):
        process = subprocess.Popen([sys.executable, "-c", script, str(SMALL)], stdout=writing)
        assert process.wait(30) == 0
        os.close(writing)
        assert read(reading) == b"x" * SMALL
