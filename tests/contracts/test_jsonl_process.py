"""Adapters as processes: what they say is understood, and what goes wrong with them is said in plain words."""

import io
import json
import os
import shlex
import signal
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from assessment_contracts.clients.jsonl_process import Broken, Failed, Hung, JsonlProcess
from tests.waiting import until

ECHO = """
    import json, sys
    for line in sys.stdin:
        asked = json.loads(line)
        print(json.dumps({"id": asked["id"], "result": asked}), flush=True)
"""

Start = Callable[..., JsonlProcess]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start a Python script, or a command, as an adapter; ended when the test is over."""
    with ExitStack() as stack:

        def start(script: str, *command: str, errors: io.StringIO | None = None) -> JsonlProcess:
            called = command or (sys.executable, "-u", "-c", textwrap.dedent(script))
            program = JsonlProcess([*called], errors or io.StringIO())
            stack.callback(program.stop)
            return program

        yield start


def test_requests_and_answers_are_numbered_lines_whatever_is_in_them(start: Start) -> None:
    params = {"text": "zoë\n\u2028 👩‍🚀", "null": None, "number": 1.5}
    program = start(ECHO)
    for id in (1, 2, 3):
        assert program.call("get", params, 5) == {"id": id, "method": "get", "params": params}


def test_an_error_has_its_kind_and_status(start: Start) -> None:
    program = start(
        'print(\'{"id": 1, "error": {"kind": "refused", "message": "no", "status": 404}}\'); import time; time.sleep(9)'
    )
    with pytest.raises(Failed) as told:
        program.call("get", {}, 5)
    assert (told.value.kind, told.value.message, told.value.status) == ("refused", "no", 404)
    assert str(told.value) == "refused (404): no"


def test_an_adapter_that_ends_is_reported_with_its_status_and_its_last_output(start: Start) -> None:
    errors = io.StringIO()
    program = start("import sys; input(); sys.stderr.write('out of cheese\\n'); sys.exit(3)", errors=errors)
    with pytest.raises(Broken, match=r"ended \(exit status 3; it said: out of cheese\) while it was asked for get"):
        program.call("get", {}, 5)
    assert errors.getvalue() == "out of cheese\n"


def test_an_adapter_that_hangs_is_ended_in_time(start: Start) -> None:
    program = start("import time; time.sleep(60)")
    began = time.monotonic()
    with pytest.raises(Hung, match=r"get did not end within 0\.3 seconds"):
        program.call("get", {}, 0.3)
    assert time.monotonic() - began < 5


def test_what_a_command_has_started_ends_with_it(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    child = f"echo $$ >{shlex.quote(str(pid))}; exec sleep 60"
    wrapper = tmp_path / "wrapper.sh"
    wrapper.write_text(f"sh -c {shlex.quote(child)}\necho done >&2\n")
    program = JsonlProcess(["sh", str(wrapper)])
    with pytest.raises(Hung):
        program.call("get", {}, 1)
    stat = Path(f"/proc/{pid.read_text().strip()}/stat")
    until(lambda: not lives(stat))


def test_a_process_that_left_the_group_and_keeps_the_pipes_open_is_not_waited_for(start: Start) -> None:
    program = start("""
        import json, subprocess, time
        child = subprocess.Popen(["sleep", "60"], start_new_session=True)
        print(json.dumps({"id": 1, "result": child.pid}), flush=True)
        time.sleep(60)
    """)
    child = program.call("get", {}, 5)
    began = time.monotonic()
    program.stop()
    assert time.monotonic() - began < 10
    os.kill(child, signal.SIGKILL)


def lives(stat: Path) -> bool:
    """Whether the process runs; one without a parent may stay a zombie for ever."""
    try:
        return stat.read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


BABBLE: list[tuple[str, str, str]] = [
    ("text", "hello!", "that is not JSON"),
    ("JSON that is no object", "[]", "that is no object"),
    ("the answer to another request", '{"id": 7, "result": null}', "its id is 7 and not 1"),
    ("an answer to nothing", '{"result": null}', "its id is None and not 1"),
    ("neither result nor error", '{"id": 1}', "it has neither result nor error"),
    ("both result and error", '{"id": 1, "result": 1, "error": {"kind": "refused"}}', "it has both result and error"),
    ("an error without a kind", '{"id": 1, "error": {}}', "its error has no kind, which is a text"),
    ("an error that is a text", '{"id": 1, "error": "no"}', "its error is no object"),
    ("two mistakes", '{"id": 2, "error": 1}', "its id is 2 and not 1; its error is no object"),
    ("nesting without an end", "[" * 100_000, "that is not JSON"),
]


@pytest.mark.parametrize(("what", "line", "wrong"), BABBLE, ids=[what for what, *_ in BABBLE])
def test_an_invalid_line_is_reported_with_the_reason_and_advice_about_standard_output(
    start: Start, what: str, line: str, wrong: str
) -> None:
    program = start(f"import time; print({line!r}); time.sleep(9)")
    said = rf"asked for get, the adapter said .*: {wrong}; .* belongs on standard error"
    with pytest.raises(Broken, match=said):
        program.call("get", {}, 5)


def test_an_adapter_that_prints_without_an_end_is_not_waited_for(start: Start) -> None:
    with pytest.raises(Broken, match="the adapter said 'la la'"):
        start("while True: print('la la')").call("get", {}, 5)


def test_an_adapter_that_ended_is_started_again(start: Start, tmp_path: Path) -> None:
    program = start(f"""
        import json, pathlib, sys
        mark = pathlib.Path({str(tmp_path / "mark")!r})
        asked = json.loads(input())
        if not mark.exists():
            mark.touch()
            sys.exit(1)
        print(json.dumps({{"id": asked["id"], "result": "back"}}), flush=True)
        input()
    """)
    with pytest.raises(Broken):
        program.call("get", {}, 5)
    assert program.call("get", {}, 5) == "back"


def test_a_missing_command_is_named() -> None:
    with pytest.raises(Broken, match="no-such-adapter cannot be started: No such file or directory"):
        JsonlProcess(["no-such-adapter"]).call("hello", {}, 5)


# Python adapters, behind the host.


@pytest.fixture
def hosted(start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., JsonlProcess]:
    """Host the class `Client` of a module with this source, in a directory of its own."""
    monkeypatch.setenv("PYTHONPATH", str(Path.cwd()))
    monkeypatch.chdir(tmp_path)

    def hosted(source: str, name: str = "ours:Client") -> JsonlProcess:
        (tmp_path / "ours.py").write_text(textwrap.dedent(source))
        return start("", sys.executable, "-m", "assessment_contracts.clients.adapter_server", name)

    return hosted


def test_a_class_is_opened_with_what_its_init_names_and_called_by_keyword(hosted: Callable[..., JsonlProcess]) -> None:
    program = hosted("""
        class Client:
            def __init__(self, api_key, *, base_url):
                self.opened = [base_url, api_key]
            def get_order(self, id, report):
                print("for people")
                return [*self.opened, id, report]
    """)
    opening = {"base_url": "http://x", "client_id": "c", "client_secret": "s", "api_key": "k", "timeout": 1.0}
    assert program.call("hello", {}, 5) == {"methods": ["get_order", "at_once"], "parameters": ["api_key", "base_url"]}
    assert program.call("open", opening, 5) is None
    assert program.call("get_order", {"id": "é", "report": True}, 5) == ["http://x", "k", "é", True]


def test_a_class_that_takes_any_keyword_is_opened_without_the_credentials_of_webhooks(
    hosted: Callable[..., JsonlProcess],
) -> None:
    program = hosted("""
        class Client:
            def __init__(self, **opening):
                self.opened = sorted(opening)
            def get_order(self):
                return self.opened
    """)
    known = ["api_key", "base_url", "client_id", "client_secret", "timeout"]
    assert program.call("hello", {}, 5)["parameters"] == known
    program.call("open", dict.fromkeys([*known, "webhook_username", "webhook_password"], ""), 5)
    assert program.call("get_order", {}, 5) == known


RAISED: list[tuple[str, dict[str, Any]]] = [
    ("raise ClientError('refused', 'no', 404)", {"kind": "refused", "message": "no", "status": 404}),
    ("raise ClientError('unavailable')", {"kind": "unavailable", "message": "unavailable", "status": None}),
    ("raise KeyError('id')", {"kind": "crash", "message": "KeyError: 'id' (", "status": None}),
    ("return {1, 2}", {"kind": "crash", "message": "the adapter gave something that is not JSON", "status": None}),
    (
        "return float('nan')",
        {"kind": "crash", "message": "the adapter gave something that is not JSON", "status": None},
    ),
]


@pytest.mark.parametrize(("body", "error"), RAISED, ids=[body for body, _ in RAISED])
def test_an_exception_of_a_method_becomes_an_error(
    hosted: Callable[..., JsonlProcess], body: str, error: dict[str, Any]
) -> None:
    program = hosted(f"""
        from assessment_contracts.clients.adapter import ClientError
        class Client:
            def get_order(self, id, report):
                {body}
    """)
    program.call("open", {}, 5)
    with pytest.raises(Failed) as told:
        program.call("get_order", {"id": "1", "report": False}, 5)
    assert (told.value.kind, told.value.status) == (error["kind"], error["status"])
    assert told.value.message.startswith(error["message"])


UNFIT: list[tuple[str, str, str]] = [
    ("ours", "class Client: pass", "'ours' names no class: write module:Class"),
    ("theirs:Client", "", "there is no module theirs; it is looked for in "),
    ("ours:Klient", "class Client: pass", "ours has no Klient; it has Client"),
    ("ours:client", "client = 1", "ours:client is no class, but 1"),
    ("ours:Client", "import no_such_thing", "ours cannot be imported: ModuleNotFoundError: No module named"),
    ("ours:Client", "class Client(:", "ours cannot be imported: SyntaxError"),
    ("ours:Client", "class Client:\n    def __init__(self, url): pass", "Client wants 'url'; a client is opened with"),
    ("ours:Client", "class Client:\n    features = 'pymetrics.orders'", "features is the text 'pymetrics.orders'"),
]


@pytest.mark.parametrize(("name", "source", "complaint"), UNFIT, ids=[complaint for _, _, complaint in UNFIT])
def test_an_unusable_class_is_refused_with_what_to_change(
    hosted: Callable[..., JsonlProcess], name: str, source: str, complaint: str
) -> None:
    with pytest.raises(Failed) as told:
        hosted(source, name).call("hello", {}, 5)
    assert told.value.kind == "unfit"
    assert told.value.message.startswith(complaint), told.value.message
    assert json.dumps(told.value.message)
