"""The commands: called in this process, and as processes of their own where the test needs one."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from click.testing import CliRunner

import assessment_simulator
from assessment_simulator.app import documents
from assessment_simulator.cli import main
from assessment_simulator.core import instant
from assessment_simulator.healthcheck import WITHIN
from assessment_simulator.runner import listen, start_error
from assessment_simulator.settings import Settings
from assessment_simulator.storage import Unusable
from assessment_simulator.storage.factory import opened
from tests.commands import MODULE, call, complaint, run, settings_of
from tests.postgres import new_database
from tests.server import ROOT
from tests.servers import CONTROL_TOKEN, GUIDE, Sandbox, Server, served
from tests.waiting import free_port, until

SCRIPT = (str(Path(sys.executable).with_name("assessment-simulator")),)
PI = "/api/v1/behavioralassessments"
# Gives options by the number of processes.
Several = Callable[[str], tuple[str, ...]]


@contextlib.contextmanager
def responding(response: bytes, then: bytes = b"", pause: float = 0) -> Iterator[str]:
    """A server that sends the same response to all, one after the other, and `then` without an end; its URL."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        accepted: list[socket.socket] = []

        def respond() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    accepted.append(connection)
                    with connection, contextlib.suppress(OSError):
                        connection.recv(65_536)
                        connection.sendall(response)
                        while then:
                            connection.sendall(then)
                            time.sleep(pause)  # the slow server is what is tested

        thread = threading.Thread(target=respond, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        for each in (listener, *accepted):
            with contextlib.suppress(OSError):  # it is closed already
                each.shutdown(socket.SHUT_RDWR)
        thread.join()


# All commands.


@pytest.mark.parametrize("command", [MODULE, SCRIPT], ids=["module", "script"])
def test_the_version_is_printed(command: tuple[str, ...]) -> None:
    version = f"assessment-simulator, version {assessment_simulator.__version__}\n"
    assert run("--version", command=command).stdout == version


def test_the_help_names_every_command_and_every_option_of_serve_with_its_variable() -> None:
    commands = call("--help").stdout
    assert all(f"\n  {name} " in commands for name in ("demo", "doctor", "ready", "routes", "rules", "serve"))
    shown = call("serve", "--help").stdout
    for option in main.commands["serve"].params:
        assert option.opts[0] in shown
        assert f"SIMULATOR_{str(option.name).upper()}" in shown


WITHOUT = "import sys; sys.modules['hypothesis'] = None; from assessment_simulator.cli import main; main({})"


def test_without_the_extra_contracts_check_says_what_to_install() -> None:
    def run_without(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return run(command=(sys.executable, "-c", WITHOUT.format([*arguments])))

    assert "check" in run_without("--help").stdout
    for arguments in (("check",), ("check", "client", "ours:Client", "--only", "x")):
        done = run_without(*arguments)
        complaint(done, "pip install 'assessment-simulator[contracts]'")
        assert done.returncode == 1
    for command in ("check --help", "check client --help"):
        shown = run_without(*command.split())
        assert (shown.returncode, shown.stderr) == (0, "")
        assert "pip install 'assessment-simulator[contracts]'" in shown.stdout


@pytest.mark.parametrize("vendor", ["predictive-index", "predictive_index"])
def test_a_vendor_may_be_written_in_either_way(vendor: str) -> None:
    assert '"title": "The Predictive Index' in call("openapi", vendor).stdout


# serve


def test_a_port_in_use_is_reported_in_a_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        for name in ("serve", "demo"):
            done = run(name, "--port", port)
            complaint(done, f"cannot listen on 127.0.0.1:{port}: Address already in use; choose another with --port")
            assert done.returncode == 1


@pytest.fixture
def several(postgres_server: str) -> Several:
    """The options for a number of processes."""
    return lambda workers: ("--workers", workers, "--log", new_database(postgres_server))


@pytest.mark.parametrize("workers", ["", "1", "2"], ids=["rules", "serve", "serve with workers"])
def test_a_full_disk_under_standard_output_is_reported_in_a_line(workers: str, several: Several) -> None:
    command = ["serve", "--port", "0", *several(workers)] if workers else ["rules"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*MODULE, *command], stdout=full, stderr=subprocess.PIPE, text=True, timeout=30, check=False
        )
    assert (done.returncode, done.stderr) == (1, "cannot write to standard output: No space left on device\n")


@pytest.mark.parametrize(("workers", "streams"), [("1", ">&-"), ("1", ">&- <&-"), ("2", "<&- >&- 2>&-")])
def test_with_closed_standard_streams_it_serves_and_stops(workers: str, streams: str, several: Several) -> None:
    port = str(free_port())
    closed = ("sh", "-c", f'exec "$@" {streams}', "sh", *MODULE, "serve", "--port", port, *several(workers))
    with subprocess.Popen(closed, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        until(lambda: call("ready", "--url", f"http://127.0.0.1:{port}").returncode == 0, 20)
        process.terminate()
        assert process.wait(10) == 0
        assert GUIDE.sub("", process.stderr.read()) == ""


BROKEN = """
from assessment_simulator import workers
from assessment_simulator.settings import Settings

def broken(*_):
    raise ValueError("broken on purpose")

workers.Simulator = broken
try:
    print("status", workers.serve_together(Settings(port=0, log="{}", workers=2)))
finally:
    print("the end")
"""


def test_a_worker_that_fails_ends_and_does_not_continue_as_its_parent(postgres_server: str) -> None:
    done = run(command=(sys.executable, "-c", BROKEN.format(new_database(postgres_server))))
    assert done.stdout == "status 1\nthe end\n"
    assert done.stderr.count("ValueError: broken on purpose") == 1


ORPHANED = """
import os, signal, time
from assessment_simulator import workers
from assessment_simulator.settings import Settings

class Orphaned(workers.Simulator):
    async def open(self):
        await super().open()
        parent = os.getppid()
        os.kill(parent, signal.SIGKILL)
        while os.getppid() == parent:
            time.sleep(0.01)

workers.Simulator = Orphaned
workers.serve_together(Settings(port=0, log="{}", workers=2))
"""


def test_a_worker_whose_parent_is_killed_before_it_serves_ends(postgres_server: str) -> None:
    # Returns when all processes have ended: they share the pipes.
    done = run(command=(sys.executable, "-c", ORPHANED.format(new_database(postgres_server))))
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGKILL, "", "")


@pytest.mark.parametrize("host", ["203.0.113.9", "no-such-host.invalid", "300.1.1.1", "a b", "aé..b", "::1::2"])
def test_a_host_of_another_machine_and_one_that_cannot_be_resolved_are_reported_in_a_line(host: str) -> None:
    settings = settings_of("--port", "0", "--host", host)
    with pytest.raises(OSError) as refused:  # noqa: PT011 - the line below says which
        listen(settings)
    reason = "Cannot assign requested address" if host == "203.0.113.9" else f"the name {host} cannot be resolved"
    assert start_error(settings, refused.value) == f"cannot listen on {host}:0: {reason}"


# Values that the message names.
INVALID: dict[str, tuple[str, ...]] = {
    "--port": ("abc", "65536", "-1"), "--access": ("half",), "--workers": ("0",), "--keep": ("0",),
    "--idle": ("an hour",), "--keep-for": ("a month",), "--grace": ("nan", "-1", "soon", "99999"),
    "--request-timeout": ("nan",),
    "--log": (
        "sqlite:", "", "sqlite::memory:", "sqlite:file:x?mode=memory", "sqlite://", "sqlite:///", "sqlite://host/a.db",
        "sqlite:///:memory:", "sqlite:///a.db?mode=ro", "postgres:", "postgresql+psycopg://a/b",
    ),
    "--public-url": (
        "nonsense", "javascript:alert(1)", "ftp://x", "http://", "http://a b", "http://a?b=c", "http://a/#b",
        *(f"http://a/{path}" for path in ("b//c", "../b", "b/%2E%2e", "b;c", "ä", "%zz", "x" * 300)),
    ),
    "--trusted-proxies": ("proxy", "127.0.0.1:80", "10.0.0.1/8", "*", "10.0.0.0/99"),
    "--smtp": ("localhost", ":25", "localhost:0", "localhost:65536", "a b:25", "::1:25", "smtp://localhost:25"),
    "--allowed-hosts": ("http://foo/", "foo:80", "a b", "foo?", "a.*", ".", "..a", "a@b", ","),
    "--cors-origins": (
        "foo", "foo.example", "null", "http://", "http://a/b", "http://a b", "https://a?b", "file://", "http://a:b",
        ",",
    ),
    "--webhook-hosts": ("http://foo/", "foo:80", "127.0.0.1:80", "[::1]", "a b", "foo?", ","),
}  # fmt: skip
DURATION = "is no duration such as 24h"
# Values, and the remedy that the message names.
REMEDIES = [
    *(("--host", host, "every address of this machine") for host in ("", " ", "[]")),
    ("--log", "oracle:x", "it must be memory, sqlite:PATH"), ("--idle", "PT0S", "longer than zero"),
    ("--keep-for", "P0D", "longer than zero"), ("--idle", "P1Y", DURATION), ("--keep-for", "P1Y", DURATION),
    ("--idle", f"P{'9' * 400}D", DURATION),
    ("--webhook-hosts", "ok.example,foo/", "'foo/' is not a host, such as hook."),
    ("--allowed-hosts", "ok.example,foo:80", "'foo:80' is not a host name, such as sim.example"),
    ("--cors-origins", "http://ok.example,app.example", "'app.example' is not an origin, such as https://app.example"),
]  # fmt: skip


CONFLICTS: list[tuple[tuple[str, ...], tuple[str, ...]]] = [
    (("--keep", "5"), ("--keep needs a log", "--log sqlite:PATH")),
    (("--keep-for", "P1D"), ("--keep-for needs a log", "--log sqlite:PATH")),
    (("--log", "memory", "--workers", "2"), ("--log postgresql://USER@HOST/DATABASE", "for one process")),
    (("--log", "sqlite:log.db", "--workers", "2"), ("--log postgresql://USER@HOST/DATABASE", "for one process")),
    (("--log", "postgresql://a/b", "--workers", "2", "--advertise", "h:9000"), ("--advertise may name no port",)),
]
# Arguments, and what the message names of them.
REFUSED: list[tuple[tuple[str, ...], tuple[str, ...]]] = [
    (("nope",), ("nope",)), (("serve", "--nope"), ("--nope",)), (("ready", "extra"), ("extra",)),
    *((("serve", option, value), (option, value)) for option, values in INVALID.items() for value in values),
    *((("serve", option, value), (option, text)) for option, value, text in REMEDIES),
    *((("serve", *options), words) for options, words in CONFLICTS),
]  # fmt: skip


@pytest.mark.usefixtures("nothing_served")
@pytest.mark.parametrize(("arguments", "words"), REFUSED)
def test_invalid_arguments_and_conflicts_are_refused_by_name(
    arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    done = call(*arguments)
    complaint(done)
    message = " ".join(done.stderr.split())
    assert [word for word in words if word not in message] == []
    assert done.returncode == 2


@pytest.mark.usefixtures("nothing_served")
def test_a_public_url_with_a_password_is_refused_and_not_shown() -> None:
    done = call("serve", "--port", "0", "--public-url", "http://user:hunter2@a.example/b")
    complaint(done, "--public-url", "has a user")
    assert "hunter2" not in done.stderr


# Tokens, and what the message says of each; those that cannot be sent are refused by `doctor`, too.
UNSENDABLE = {" ": "a space", " a": "a space", "a\n": "line break at", "a\tb": "a control character"}
WEAK = [
    (("serve", "--access", access), token, f"has {len(token)} characters; give at least 16")
    for access in ("open", "closed")
    for token in ("¶", "fifteen-letters")
]
TOKENS = [((command,), *row) for command in ("serve", "doctor") for row in UNSENDABLE.items()] + WEAK


@pytest.mark.usefixtures("nothing_served")
@pytest.mark.parametrize(("command", "token", "words"), TOKENS)
def test_an_invalid_control_token_is_refused_and_not_shown(command: tuple[str, ...], token: str, words: str) -> None:
    done = call(*command, environ={"SIMULATOR_CONTROL_TOKEN": token})
    complaint(done, "SIMULATOR_CONTROL_TOKEN")
    assert all(part in " ".join(done.stderr.split()) for part in words.split("; "))
    assert done.returncode == 2
    assert len(token) < 5 or token not in done.stderr


WRONG_SETTINGS = [
    {"log": "sqlite:"},
    {"log": "oracle:x"},
    {"access": "half"},
    {"access": "closed", "control_token": "t"},
]


@pytest.mark.parametrize("wrong", WRONG_SETTINGS)
def test_invalid_settings_raise_a_value_error(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"it must be|give at least 16"):
        Settings(**wrong)


LISTS: list[tuple[str, str, tuple[str, ...] | None]] = [
    ("webhook_hosts", "localhost, *.hook.example,", ("localhost", "*.hook.example")),
    ("webhook_hosts", "127.0.0.1,10.*,*", ("127.0.0.1", "10.*", "*")),
    ("webhook_hosts", "::1,fd00:*,2001:DB8::7,::ffff:127.0.0.1", ("::1", "fd00:*", "2001:DB8::7", "::ffff:127.0.0.1")),
    ("webhook_hosts", "", None),
    ("allowed_hosts", "Sim.Example, .a.example,*.b,[::1]", ("Sim.Example", ".a.example", "*.b", "[::1]")),
    ("allowed_hosts", "*", ("*",)), ("allowed_hosts", "b\u00fccher.example", ("b\u00fccher.example",)),
    ("allowed_hosts", "", ()),
    ("cors_origins", "https://a.example/, http://[::1]:3,app://x", ("https://a.example/", "http://[::1]:3", "app://x")),
    ("cors_origins", "*", ("*",)), ("cors_origins", "", ()),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "items"), LISTS)
def test_lists_are_separated_by_commas(name: str, text: str, items: tuple[str, ...] | None) -> None:
    assert getattr(settings_of(f"--{name.replace('_', '-')}", text), name) == items
    assert getattr(settings_of(environ={f"SIMULATOR_{name.upper()}": text}), name) == items


@pytest.mark.usefixtures("nothing_served")
@pytest.mark.parametrize(
    ("name", "value"), [("PORT", "abc"), ("LOG", "oracle:x"), ("ACCESS", "half"), ("PUBLIC_URL", "x"), ("SMTP", "x")]
)
def test_an_invalid_variable_is_refused_by_its_option(name: str, value: str) -> None:
    done = call("serve", environ={"SIMULATOR_PORT": "0", f"SIMULATOR_{name}": value})
    complaint(done, name.lower().replace("_", "-"), value)
    assert done.returncode == 2


def test_an_unusable_log_file_ends_the_program_with_a_line(tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "log.db"
    complaint(run("serve", "--port", "0", "--log", f"sqlite:{path}"), str(path), "there is no folder")


def test_an_unreachable_database_ends_the_program_with_a_line() -> None:
    done = run("serve", "--port", "0", "--log", "postgresql://sim:hunter2@127.0.0.1:1/x", "--workers", "2")
    complaint(done, "--log postgresql:")
    assert done.returncode == 1
    assert "hunter2" not in done.stderr


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://[bad", "postgresql://127.0.0.1:1/x?nonsense=1", "postgresql://sim:hunter2@a%zz/x",
        "postgresql://sim:hunter2@127.0.0.1:1/x", "postgresql://127.0.0.1:1/x?password=hunter2",
    ],
)  # fmt: skip
def test_an_unusable_database_is_reported_in_a_line_without_its_password(address: str) -> None:
    settings = settings_of("--log", address)
    with pytest.raises(Unusable) as refused:
        opened(settings.log)
    line = start_error(settings, refused.value)
    assert line.startswith("--log postgresql:")
    assert len(line.splitlines()) <= 4, line
    assert "hunter2" not in line


def test_variables_apply_where_no_option_is_given(tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    config.write_text('{"sandboxes": {"ada": {"invitation_days": 20}}}')
    environ = {
        "SIMULATOR_PORT": "1", "SIMULATOR_HOST": "::1", "SIMULATOR_LOG": "sqlite:a.db", "SIMULATOR_ACCESS": "open",
        "SIMULATOR_CONFIG": str(config), "SIMULATOR_PUBLIC_URL": "https://sim.example",
    }  # fmt: skip
    options = [part for name, value in environ.items() for part in (option_of(name), value)]
    assert settings_of(environ=environ) == settings_of(*options) != settings_of()
    assert settings_of("--port", "2", environ=environ).port == 2


def option_of(variable: str) -> str:
    return "--" + variable.removeprefix("SIMULATOR_").lower().replace("_", "-")


def test_an_empty_variable_counts_as_missing() -> None:
    names = ("HOST", "PORT", "ACCESS", "LOG", "CONFIG", "PUBLIC_URL", "SMTP")
    assert settings_of(environ={f"SIMULATOR_{name}": "" for name in names}) == settings_of()


# The configuration file.

GOOD = {
    "a.json": '{"sandboxes": {"ada": {"positions": ["Pilot"], "behaviour": {"pi.list_limit": 50}}, "bob": {}}}',
    "a.toml": '[sandboxes.ada]\npositions = ["Pilot"]\nbehaviour = {"pi.list_limit" = 50}\n\n[sandboxes.bob]\n',
}


@pytest.mark.parametrize("name", GOOD)
def test_a_configuration_file_opens_sandboxes_with_their_settings(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(GOOD[name])
    with served("--config", str(tmp_path / name)) as url, httpx2.Client(base_url=url, trust_env=False) as http:
        assert [found["name"] for found in http.get(ROOT).json()] == ["ada", "bob"]
        sandbox = Sandbox(http, "ada")
        config = sandbox.control_json("GET", "/config")
        assert (config["positions"], config["behaviour"]["pi.list_limit"]) == (["Pilot"], 50)
        sandbox.control_json("PATCH", "/config", {"positions": []})
        sandbox.control_json("POST", "/reset")
        assert sandbox.control_json("GET", "/config") == config
        assert Sandbox(http, "bob").control_json("GET", "/config")["positions"] != ["Pilot"]


@pytest.mark.parametrize(("config", "count"), [('{"invitation_days": 20}', 24), ('{"assessments": []}', None)])
def test_a_configuration_file_may_have_the_demo_sandbox(tmp_path: Path, config: str, count: int | None) -> None:
    path = tmp_path / "a.json"
    path.write_text(f'{{"sandboxes": {{"demo": {config}}}}}')
    with served("--config", str(path)) as url:
        demo = httpx2.get(f"{url}{ROOT}/demo/invitations", trust_env=False)
    assert demo.status_code == 200
    assert count in (None, len(demo.json()))


def seeded(invitation: str) -> str:
    """A configuration file with one invitation."""
    return f'{{"sandboxes": {{"ci": {{"invitations": [{invitation}]}}}}}}'


SEEDS = """
[sandboxes.ci]
positions = ["Pilot"]
default_webhook_url = "http://127.0.0.1:9/"

[sandboxes.ci.people.grace]
email = "grace@example.com"
first_name = "Grace"
last_name = "Hopper"

[[sandboxes.ci.invitations]]
vendor = "predictive_index"
person = "grace"
status = "Completed"
age = "3d"
request = { associatedPositionTitle = "Pilot" }

[[sandboxes.ci.invitations]]
vendor = "predictive-index"
person = { email = "ada@example.com" }
status = 65

[[sandboxes.ci.invitations]]
vendor = "pymetrics"
person = "grace"
status = "fulfilled"
outcome = { results = [ { score = 71.5 } ] }

[[sandboxes.ci.invitations]]
vendor = "pymetrics"
person = { email = "linus@example.com" }

[[sandboxes.ci.faults]]
do = "status"
status = 503
"""


def test_a_configuration_file_seeds_invitations_people_and_faults_which_a_reset_restores(tmp_path: Path) -> None:
    (tmp_path / "seeds.toml").write_text(SEEDS)
    with (
        served("--config", str(tmp_path / "seeds.toml")) as url,
        httpx2.Client(base_url=url, trust_env=False) as http,
    ):
        sandbox = Sandbox(http, "ci")
        found = sandbox.control_json("GET", "/invitations")
        assert [(one["vendor"], one["status"], one["candidate"]["email"]) for one in found] == [
            ("predictive_index", 40, "grace@example.com"), ("predictive_index", 65, "ada@example.com"),
            ("pymetrics", "Fulfilled", "grace@example.com"), ("pymetrics", "Not Started", "linus@example.com"),
        ]  # fmt: skip
        now = instant.parse(sandbox.control_json("GET", "/clock")["now"])
        created = instant.parse(found[0]["created"])
        assert now is not None
        assert created is not None
        assert 3 * instant.DAY <= now.at - created.at < 3 * instant.DAY + instant.HOUR
        assert sandbox.control_json("GET", "/deliveries") == []
        assert sandbox.pi.get(f"{PI}/{found[0]['id']}").status_code == 503
        sandbox.control_json("POST", "/reset")
        shown = sandbox.pi.get(f"{PI}/{found[0]['id']}").json()
        assert (shown["assessmentState"], shown["associatedPositionTitle"]) == (40, "Pilot")
        order = sandbox.pymetrics.get(f"/mercury/getOrder/{found[2]['id']}").json()
        assert order["results"][0]["score"] == 71.5


BAD_FILES: dict[str, tuple[str, str | bytes, tuple[str, ...]]] = {
    "nothing": ("a.json", "", ("JSON",)),
    "half of JSON": ("a.json", '{"sandboxes": ', ("JSON", "line 1")),
    "half of TOML": ("a.toml", "[sandboxes.ada\n", ("TOML", "line 1")),
    "another language": ("a.yaml", "sandboxes: {}\n", ("JSON", ".toml")),
    "TOML by the name of JSON": ("a.json", "[sandboxes.ada]\n", ("JSON", ".toml")),
    "no UTF-8": ("a.json", b'{"sandboxes": {"\xff": {}}}', ("utf-8",)),
    "nesting": ("a.json", "[" * 100_000, ("JSON",)),
    "a list": ("a.json", "[]", ('"sandboxes"',)),
    "no sandboxes": ("a.json", "{}", ('"sandboxes"',)),
    "more than sandboxes": ("a.json", '{"sandboxes": {}, "port": 80}', ('"sandboxes"',)),
    "a list of sandboxes": ("a.json", '{"sandboxes": []}', ('"sandboxes"',)),
    "a number for sandboxes": ("a.toml", "sandboxes = 1", ('"sandboxes"',)),
    "a name in capitals": ("a.json", '{"sandboxes": {"Ada": {}}}', ("sandboxes.Ada", "a-z")),
    "a list of settings": ("a.json", '{"sandboxes": {"ada": []}}', ("sandboxes.ada", "object")),
    "an unknown setting": ("a.json", '{"sandboxes": {"ada": {"rate": 1}}}', ("sandboxes.ada", "rate", "rate_limit")),
    "a wrong setting": ("a.json", '{"sandboxes": {"ada": {"rate_limit": 0}}}', ("sandboxes.ada", "rate_limit", "1")),
    "a wrong setting in TOML": ("a.toml", "[sandboxes.ada]\ninvitation_days = 99\n", ("sandboxes.ada", "equal to 30")),
    "a setting within": (
        "a.json", '{"sandboxes": {"ada": {"assessments": [{"id": "a", "type": "chess"}]}}}', ("assessments.0.type",),
    ),
    "an unknown switch": (
        "a.json", '{"sandboxes": {"ada": {"behaviour": {"x": 1}}}}', ("behaviour.x", "pi.list_limit"),
    ),
    "the second of two": ("a.json", '{"sandboxes": {"ada": {}, "bob": {"rate_limit": 0}}}', ("sandboxes.bob",)),
    "a date": ("a.toml", "[sandboxes.ada]\npositions = [1979-05-27]\n", ("sandboxes.ada",)),
    "no number": ("a.toml", "[sandboxes.ada]\nrate_limit = nan\n", ("sandboxes.ada",)),
    "infinity": ("a.toml", "[sandboxes.ada]\nwebhook_timeout = inf\n", ("sandboxes.ada",)),
    "no number in JSON": ("a.json", '{"sandboxes": {"ada": {"rate_limit": NaN}}}', ()),
    "an invitation of no vendor": (
        "a.json", seeded('{"vendor": "x", "person": {"email": "a@b.example"}}'),
        ("sandboxes.ci: invitations.0: vendor", "pymetrics, predictive_index"),
    ),
    "an unknown person": ("a.json", seeded('{"vendor": "pymetrics", "person": "ada"}'), ("'ada' is none of people",)),
    "an unreachable status": (
        "a.json", seeded('{"vendor": "pymetrics", "person": {"email": "a@b.example"}, "status": "Pending"}'),
        ("status: nothing leads to 'Pending'", "from Not Started"),
    ),
    "an invitation that the vendor refuses": (
        "a.json",
        seeded('{"vendor": "pymetrics", "person": {"email": "a@b.example"}, "request": {"assessment_id": "x"}}'),
        ("invitations.0: pymetrics.order.assessment_id",),
    ),
    "an outcome that the vendor refuses": (
        "a.json",
        seeded(
            '{"vendor": "pymetrics", "person": {"email": "a@b.example"}, "status": "Completed", "outcome": {"x": 1}}'
        ),
        ("invitations.0: complete: ",),
    ),
    "an unknown member of an invitation": (
        "a.json", seeded('{"vendor": "pymetrics", "person": "ada", "state": 1}'), ("invitations.0.state", "unknown"),
    ),
    "an age without a unit": (
        "a.json", seeded('{"vendor": "pymetrics", "person": {"email": "a@b.example"}, "age": "3"}'), ("such as 24h",),
    ),
    "an age before the calendar": (
        "a.json", seeded('{"vendor": "pymetrics", "person": {"email": "a@b.example"}, "age": "999999d"}'),
        ("ten years",),
    ),
    "more invitations than the limit": (
        "a.toml",
        "[sandboxes.ci]\ninvitation_limit = 0\n[[sandboxes.ci.invitations]]\nvendor = 'pymetrics'\nperson = 'ada'\n",
        ("invitation_limit, 0",),
    ),
    "a wrong fault": ("a.json", '{"sandboxes": {"ci": {"faults": [{"do": "explode"}]}}}', ("faults.0.do", "garble")),
    "a number without end": ("a.json", '{"sandboxes": {"ada": {"rate_limit": %s}}}' % ("9" * 5_000), ()),
}  # fmt: skip


@pytest.mark.usefixtures("nothing_served")
@pytest.mark.parametrize(("name", "text", "words"), BAD_FILES.values(), ids=BAD_FILES)
def test_an_invalid_configuration_file_is_refused_by_name_place_and_remedy(
    tmp_path: Path, name: str, text: str | bytes, words: tuple[str, ...]
) -> None:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    complaint(call("serve", "--port", "0", "--config", str(path)), str(path), *words)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_configuration_file_with_too_many_sandboxes_ends_the_program_with_a_line(
    workers: str, several: Several, tmp_path: Path
) -> None:
    path = tmp_path / "a.json"
    path.write_text('{"sandboxes": {"ada": {}, "bob": {}}}')
    start = ("serve", "--port", "0", "--config", str(path), *several(workers), "--max-sandboxes")
    for _ in range(2):  # the second time ada is there already
        done = run(*start, "1")
        complaint(done, "--config", "bob", "--max-sandboxes")
        assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    with Server(*start[3:], "2") as server:
        assert [found["name"] for found in httpx2.get(f"{server.url}{ROOT}", trust_env=False).json()] == ["ada", "bob"]


@pytest.mark.usefixtures("nothing_served")
@pytest.mark.parametrize("name", ["missing.json", "."])
def test_a_missing_configuration_file_is_refused(tmp_path: Path, name: str) -> None:
    words = "there is no such file" if name == "missing.json" else "Is a directory"
    complaint(call("serve", "--port", "0", "--config", str(tmp_path / name)), str(tmp_path / name), words)


# ready


@pytest.mark.parametrize("command", [MODULE, SCRIPT], ids=["module", "script"])
def test_ready_exits_with_0_when_the_server_answers(server: Server, command: tuple[str, ...]) -> None:
    done = run("ready", "--url", f"{server.url}/", command=command)
    assert (done.returncode, done.stderr) == (0, "")


def test_ready_uses_no_proxy_and_needs_no_token(closed: Server) -> None:
    proxies = {"http_proxy": "http://127.0.0.1:1", "HTTP_PROXY": "http://127.0.0.1:1", "no_proxy": ""}
    assert call("ready", "--url", closed.url, environ=proxies).returncode == 0


UNREADY = {
    "nobody": b"",
    "another protocol": b"SSH-2.0-OpenSSH_9.9\r\n",
    "half an answer": b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc",
    "a refusal": b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n",
    "half a refusal": b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 100\r\n\r\nabc",
    "an unknown path": b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n",
    "no text": b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n\xff\xfe",
    "something else that is well": b'HTTP/1.1 200 OK\r\ncontent-length: 15\r\n\r\n{"status":"ok"}',
    "a page": b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n<html>",
    "a list": b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]",
    "nesting": b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n" + b"[" * 100_000,
    "a redirect to nowhere": b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n",
}


@pytest.mark.parametrize("answer", UNREADY.values(), ids=UNREADY)
def test_ready_exits_with_1_when_something_else_answers(answer: bytes) -> None:
    with responding(answer) as url:
        done = call("ready", "--url", url)
    complaint(done, url)
    assert done.returncode == 1


INVALID_URL = "{url!r} is not an http or https URL with a host"
WRONG_URLS = [
    ("http://127.0.0.1:1", "{url}"), ("http://127.0.0.1:abc", "{url}"),
    *((url, INVALID_URL) for url in ("nonsense", "foo:80", "ftp://127.0.0.1", "http://127.0.0.1:99999", "http://a b",
                                     "http://[::1", "file:///")),
]  # fmt: skip


@pytest.mark.parametrize(("url", "words"), WRONG_URLS)
def test_ready_exits_with_1_when_nothing_answers_and_for_an_invalid_url(url: str, words: str) -> None:
    done = call("ready", "--url", url)
    complaint(done, words.format(url=url))
    assert done.returncode == 1


OK = b"HTTP/1.1 200 OK\r\n"
ENDLESS: dict[str, tuple[bytes, bytes, float]] = {
    "much": (OK + b"content-length: 104857600\r\n\r\n", b"z" * 65_536, 0),
    "without a length": (OK + b"connection: close\r\n\r\n", b"z" * 65_536, 0),
    "slowly": (OK + b"content-length: 500\r\n\r\n", b"x", 0.05),
    "a slow head": (OK, b"x: y\r\n", 0.05),
    "a slow line": (b"HTTP/1.1 200 ", b"O", 0.05),
}


@pytest.mark.parametrize("answer", ENDLESS.values(), ids=ENDLESS)
def test_ready_gives_up_on_a_response_without_an_end(
    answer: tuple[bytes, bytes, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert WITHIN <= 5
    monkeypatch.setattr("assessment_simulator.healthcheck.WITHIN", 0.5)  # ten pauses, as in the real time
    with responding(*answer) as url:
        began = time.monotonic()
        done = call("ready", "--url", url)
        assert time.monotonic() - began < 3
    complaint(done, url)
    assert len(done.stderr) < 300


def test_ready_uses_the_port_of_the_environment(server: Server) -> None:
    port = server.url.rpartition(":")[2]
    assert call("ready", environ={"SIMULATOR_PORT": port}).returncode == 0
    for wrong in ("1", "abc"):
        done = call("ready", environ={"SIMULATOR_PORT": wrong})
        complaint(done, wrong)
        assert done.returncode == 1


# rules, routes, demo


def test_rules_prints_the_catalogue(http: httpx2.Client) -> None:
    listed = http.get("/_simulator/rules").json()
    done = call("rules", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == listed
    done = call("rules")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines] == [rule["id"] for rule in listed]
    for line, rule in zip(lines, listed, strict=True):
        assert str(rule["status"]) in line
        assert rule["standing"] in line
        assert rule["statement"] in line
    chosen = call("rules", "--vendor", "pymetrics", "--standing", "observed").stdout.splitlines()
    assert [line.split()[0] for line in chosen] == ["pymetrics.order.candidate_redirect_url.length"]
    assert call("rules", "--vendor", "pymetrics", "--standing", "third_party").stdout == ""


def test_rules_prints_one_rule_with_its_examples(http: httpx2.Client) -> None:
    shown = call("rules", "pi.create.gender.type").stdout
    assert shown.startswith("pi.create.gender.type\n  Demand ")
    assert "simulator-rule: pi.create.gender.type" in shown
    printed = json.loads(call("rules", "pi.create.gender.type", "--json").stdout)
    assert {**printed, "accepted": 0, "refused": 0} == {
        **http.get("/_simulator/rules/pi.create.gender.type").json(), "accepted": 0, "refused": 0,
    }  # fmt: skip
    assert "there is no such rule" in call("rules", "nope").stderr


def test_routes_prints_every_endpoint_of_both_vendors() -> None:
    done = call("routes")
    assert (done.returncode, done.stderr) == (0, "")
    found = {tuple(line.split()[:2]) for line in done.stdout.splitlines() if line.startswith(" ")}
    assert found >= {
        ("POST", "/mercury/oauth/token"), ("GET", "/mercury/configuration"), ("POST", "/mercury/order"),
        ("GET", "/mercury/getOrder/{uuid}"), ("POST", "/mercury/orders"), ("POST", PI), ("GET", PI),
        ("GET", f"{PI}/{{assessmentId}}"),
    }  # fmt: skip
    assert "pymetrics" in done.stdout
    assert "The Predictive Index" in done.stdout


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "ascii:strict", "cp437:strict"])
def test_the_demo_shows_both_vendors_in_any_encoding(encoding: str) -> None:
    done = run("demo", environ={"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"})
    assert (done.returncode, done.stderr) == (0, "")
    first, second = done.stdout.split("\nThe Predictive Index\n")
    assert first.startswith("pymetrics\n")
    for story, words in (
        (first, ("201 POST /mercury/oauth/token", "201 POST /mercury/order", "200 POST /mercury/order", "complete",
                 "webhook received", "Fulfilled", "score")),
        (second, (f"201 POST {PI}", "complete", "webhook received", "assessmentState=40", "in state 40")),
    ):  # fmt: skip
        assert [word for word in words if word not in story] == []
    assert "Look around" not in second, "nothing serves any more"


@pytest.mark.parametrize("option", ["--stay", "--open"])
def test_the_demo_goes_on_serving_until_ctrl_c_and_may_open_a_tour_in_the_browser(option: str, tmp_path: Path) -> None:
    seen, browser = tmp_path / "seen", tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" >{seen}\n')
    browser.chmod(0o755)
    environ = {**os.environ, "BROWSER": f"{browser} %s"}
    with subprocess.Popen([*MODULE, "demo", option], stdout=subprocess.PIPE, text=True, env=environ) as process:
        assert process.stdout
        said = ""
        while "Still serving" not in said:
            line = process.stdout.readline()
            assert line, said
            said += line
        found = re.search(r"http://127\.0\.0\.1:\d+(?=/\s)", said)
        assert found
        if option == "--open":
            assert "1. pymetrics Mercury: " in httpx2.get(seen.read_text().strip(), trust_env=False).text
        assert httpx2.get(f"{found[0]}/_simulator/health", trust_env=False).status_code == 200
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0


# Narrow encodings.

PRINTING = [
    ("--help",), ("serve", "--help"), ("demo", "--help"), ("doctor", "--help"), ("check", "server", "--help"),
    ("check", "server", "--list"), ("rules",), ("routes",), ("rules", "--json"), ("openapi", "control"),
    ("openapi", "pymetrics"), ("openapi", "predictive-index"), ("nothing \u2026",), ("serve", "--host", "\udcff"),
]  # fmt: skip


@pytest.mark.parametrize("arguments", PRINTING, ids=" ".join)
@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-16"])
def test_printing_does_not_fail_in_a_narrow_encoding(encoding: str, arguments: tuple[str, ...]) -> None:
    result = CliRunner(charset=encoding).invoke(main, arguments)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    if "--json" in arguments or "openapi" in arguments:
        assert isinstance(json.loads(result.stdout_bytes.decode(encoding)), list | dict)


# Commands about a sandbox of a running server.


def test_env_prints_the_variables_in_three_forms(server: Server) -> None:
    known = {
        "PYMETRICS_BASE_URL": server.url, "PYMETRICS_CLIENT_ID": "sim-ada", "PYMETRICS_CLIENT_SECRET": "sim-ada",
        "PYMETRICS_API_KEY": "sim-ada", "PI_BASE_URL": f"{server.url}/api/v1", "PI_API_KEY": "sim-ada",
    }  # fmt: skip
    command = ("env", "--url", f"{server.url}/", "--sandbox", "ada")
    assert json.loads(call(*command, "--format", "json").stdout) == known
    lines = [f"{name}={value}" for name, value in known.items()]
    assert call(*command).stdout.splitlines() == lines
    assert call(*command, "--format", "shell").stdout.splitlines() == [f"export {line}" for line in lines]


def test_env_in_closed_access_prints_names_and_with_create_credentials_that_work(closed: Server) -> None:
    command = ("env", "--url", closed.url, "--sandbox", "for-env")
    done = call(*command)
    assert done.stdout.splitlines() == [
        f"PYMETRICS_BASE_URL={closed.url}", "# PYMETRICS_CLIENT_ID=", "# PYMETRICS_CLIENT_SECRET=",
        "# PYMETRICS_API_KEY=", f"PI_BASE_URL={closed.url}/api/v1", "# PI_API_KEY=",
    ]  # fmt: skip
    assert "--create opens the sandbox" in done.stderr
    complaint(call(*command, "--create"), "token")
    made = call(*command, "--create", "--format", "json", environ={"SIMULATOR_CONTROL_TOKEN": CONTROL_TOKEN})
    keys = json.loads(made.stdout)
    pi = {"api-key": keys["PI_API_KEY"]}
    assert httpx2.get(f"{keys['PI_BASE_URL']}/behavioralassessments", headers=pi, trust_env=False).status_code == 200
    token = {"client_id": keys["PYMETRICS_CLIENT_ID"], "client_secret": keys["PYMETRICS_CLIENT_SECRET"]}
    body = {**token, "grant_type": "client_credentials"}
    answer = httpx2.post(f"{keys['PYMETRICS_BASE_URL']}/mercury/oauth/token", json=body, trust_env=False)
    assert answer.status_code == 201
    again = call(*command, "--create", environ={"SIMULATOR_CONTROL_TOKEN": CONTROL_TOKEN})
    complaint(again, "there is a sandbox 'for-env' already")


ABOUT_A_SANDBOX = [("env",), ("complete", "x"), ("clock", "advance", "24h"), ("requests", "tail", "--no-follow")]


@pytest.mark.parametrize("command", ABOUT_A_SANDBOX, ids=" ".join)
def test_a_command_about_a_sandbox_says_that_no_server_answers(command: tuple[str, ...]) -> None:
    complaint(call(*command, "--url", "http://127.0.0.1:9"), "start one with `assessment-simulator serve`")
    complaint(call(*command, "--url", "http://127.0.0.1:9", "--sandbox", "Ada"), "a-z, 0-9 and -")


PAGE = b"<!doctype html><title>Welcome</title>" + b"<p>text</p>" * 200
FOREIGN = {
    f"{status.decode()}, {kind.decode()}": b"HTTP/1.1 %b\r\ncontent-type: %b\r\ncontent-length: %d\r\nconnection: close"
    b"\r\n\r\n%b" % (status, kind, len(PAGE), PAGE)
    for status, kind in ((b"200 OK", b"text/html"), (b"404 Not Found", b"text/html"), (b"500 No", b"application/json"))
}  # fmt: skip


@pytest.mark.parametrize("answer", FOREIGN.values(), ids=FOREIGN)
@pytest.mark.parametrize("command", [*ABOUT_A_SANDBOX, ("ready",), ("doctor",)], ids=" ".join)
def test_a_command_says_in_one_line_that_another_program_answers(command: tuple[str, ...], answer: bytes) -> None:
    with responding(answer) as url:
        done = call(*command, "--url", url)
    said = done.stdout + done.stderr
    assert done.returncode == (2 if command == ("doctor",) else 1)
    assert said.count("\n") == 1
    assert url in said
    assert "no simulator" in said or (command == ("ready",) and "200" not in said)
    assert "<" not in said
    assert len(said) < 200


def test_complete_clock_and_requests_act_on_a_sandbox(sandbox: Sandbox) -> None:
    options = ("--url", sandbox.url, "--sandbox", sandbox.name)
    person = {"firstName": "Ada", "lastName": "Lovelace", "email": "ada@example.com"}
    first, second = (sandbox.pi.post(PI, json=person).json()["assessmentId"] for _ in range(2))
    sandbox.pi.post(PI, json={})
    assert call("complete", *options, first).stdout == f"predictive_index {first}: 40\n"
    complaint(call("complete", *options, first), "complete")
    *events, now = call("clock", "advance", *options, "11d").stdout.splitlines()
    assert [line.split("  ")[1:] for line in events] == [["expire", second]]
    assert now.endswith("  running")
    complaint(call("clock", "advance", *options, "24"), "duration such as 24h")
    tail = call("requests", "tail", *options, "--no-follow", "--lines", "2").stdout.splitlines()
    assert [line.split()[:4] for line in tail] == [["call-2", "201", "POST", PI], ["call-3", "400", "POST", PI]]
    assert "pi.create.first_name.required" in tail[1]


def test_requests_tail_follows_also_after_a_reset_until_ctrl_c(sandbox: Sandbox) -> None:
    command = [*MODULE, "requests", "tail", "--url", sandbox.url, "--sandbox", sandbox.name]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as tail:
        assert tail.stdout
        for _ in range(2):
            sandbox.pi.get(PI)
            assert tail.stdout.readline() == f"call-1    200  GET {PI}\n"
            sandbox.control_json("POST", "/reset")
            time.sleep(1.2)  # the command looks twice a second
        tail.send_signal(signal.SIGINT)
        assert (tail.wait(20), tail.stderr.read() if tail.stderr else "") == (0, "")


@pytest.mark.parametrize("vendor", ["pymetrics", "predictive-index"])
def test_the_requests_of_an_http_file_are_answered_as_the_document_says(vendor: str, sandbox: Sandbox) -> None:
    text = call("http-file", "--url", sandbox.url, "--sandbox", sandbox.name, vendor).stdout
    head, *requests = text.split("\n### ")
    known: dict[str, Any] = dict(re.findall(r"^@(\w+) = (.*)$", head, re.MULTILINE))

    def value(found: re.Match[str]) -> str:
        name, _, pointer = found[1].partition(".response.body.$.")
        inner = known[name]
        for member in filter(None, pointer.split(".")):
            inner = inner[member]
        return str(inner)

    statuses = {
        operation["operationId"]: {int(status) for status in operation["responses"] if status < "300"}
        for methods in documents().get(vendor)["paths"].values()
        for operation in methods.values()
    }
    for request in requests:
        lines, _, body = re.sub(r"\{\{(.+?)\}\}", value, request).partition("\n\n")
        _, named, line, *headers = lines.strip().splitlines()
        (method, url), name = line.split(" "), named.removeprefix("# @name ")
        fields = dict(header.split(": ", 1) for header in headers)
        answer = httpx2.request(method, url, headers=fields, content=body.strip() or None, trust_env=False)
        # The orders of both versions are one, which is completed once.
        expected = statuses.pop(name) if name in statuses else {200, 409}
        assert answer.status_code in expected, (request, answer.text)
        known[name] = answer.json() if "json" in answer.headers.get("content-type", "") else None
    assert statuses.keys() <= {"download_report"}
