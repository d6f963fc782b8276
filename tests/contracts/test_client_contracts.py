"""The client contracts by themselves: what they compare, what a client may claim, and what the command says."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from assessment_contracts.clients.adapter import AT_ONCE, METHODS
from assessment_contracts.clients.checking import hello
from assessment_contracts.clients.compare import differences, ticks
from assessment_contracts.clients.features import FEATURES, Unclaimable, claimed
from assessment_contracts.clients.jsonl_process import JsonlProcess
from assessment_contracts.clients.properties import PROPERTIES
from assessment_contracts.clients.properties.report import nulls_are_nulls
from assessment_contracts.target import Unaskable
from tests.servers import ROOT

DAY = "2026-01-01T00:00:00"
TRUE: list[tuple[Any, Any]] = [
    ({"a": "x", "more": 1}, {"a": "x"}),
    ({}, {"a": None, "b": "", "c": [], "d": {}}),
    ({"a": []}, {"a": None}),
    ({"a": f"{DAY}.5+00:00"}, {"a": f"{DAY}.500000+00:00"}),
    ({"a": "2026-01-01 01:00:00.1234567+01:00"}, {"a": f"{DAY}.1234567Z"}),
    ({"a": [1, {"b": 2.0}]}, {"a": [1, {"b": 2}]}),
]
FALSE: list[tuple[Any, Any, str]] = [
    ({}, {"a": "x"}, "a was 'x', and is reported as None"),
    ({"a": "X"}, {"a": "x"}, "a was 'x'"),
    ({"a": f"{DAY}.123456Z"}, {"a": f"{DAY}.1234567Z"}, "a was '2026"),
    ({"a": 1}, {"a": True}, "a was True"),
    ({"a": True}, {"a": 1}, "a was 1"),
    ({"a": "1"}, {"a": 1}, "a was 1"),
    ({"a": 0}, {"a": 0.5}, "a was 0.5"),
    ({"a": {"b": 1}}, {"a": {"b": 2}}, "a.b was 2"),
    ({"a": [1]}, {"a": [1, 2]}, "a was [1, 2]"),
    ({"a": [{"b": 1}]}, {"a": [{"b": 2}]}, "a[0].b was 2"),
    ([], {"a": 1}, "the answer was an object"),
    ({"a": 1}, {"a": 0}, "a was 0"),
    ({}, {"a": False}, "a was False"),
]


@pytest.mark.parametrize(("reported", "answered"), TRUE)
def test_a_report_is_true_that_says_what_was_answered_in_its_own_way(reported: Any, answered: Any) -> None:
    assert list(differences(reported, answered)) == []


@pytest.mark.parametrize(("reported", "answered", "word"), FALSE)
def test_a_difference_is_reported_with_its_place(reported: Any, answered: Any, word: str) -> None:
    (told,) = differences(reported, answered)
    assert told.startswith(word), told


@pytest.mark.parametrize("told", ["", [], 0, False, "None"])
def test_a_null_that_became_a_value_is_seen(told: Any) -> None:
    with pytest.raises(AssertionError, match="a was None, and is reported as"):
        nulls_are_nulls({"a": told}, {"a": None})


def test_a_null_may_be_reported_as_null_or_not_at_all() -> None:
    nulls_are_nulls({"a": None, "b": None, "c": ""}, {"a": None, "b": "", "c": "", "d": None})


INSTANTS: list[tuple[str, int | None]] = [
    ("1970-01-01T00:00:00Z", 0),
    ("1970-01-01T00:00:01.0000001Z", 1_000_000_100),
    ("1970-01-01T01:00:00+01:00", 0),
    ("1970-01-01T00:00:00", None),
    ("1970-13-01T00:00:00Z", None),
    ("yesterday", None),
]


@pytest.mark.parametrize(("text", "instant"), INSTANTS)
def test_an_instant_is_read_to_its_last_digit(text: str, instant: int | None) -> None:
    assert ticks(text) == instant


ORDERS = ("create_order", "get_order")
CLAIMS: list[tuple[list[str] | None, tuple[str, ...], set[str]]] = [
    (["pymetrics.orders"], ORDERS, {"pymetrics.orders"}),
    (None, ORDERS, {"pymetrics.orders", "pymetrics.renewal", "pymetrics.patience"}),
    (None, (), set()),
    (None, (*METHODS, AT_ONCE), set(FEATURES)),
    ([], METHODS, set()),
]


@pytest.mark.parametrize(("said", "methods", "claims"), CLAIMS)
def test_a_client_claims_what_it_says_or_else_what_its_methods_allow(
    said: list[str] | None, methods: tuple[str, ...], claims: set[str]
) -> None:
    assert claimed(said, methods) == claims


@pytest.mark.parametrize(
    ("said", "methods", "complaint"),
    [
        ("pymetrics.magic", METHODS, r"no such feature: pymetrics\.magic; the features are pymetrics\.orders, "),
        ("pymetrics.orders", ["create_order"], r"pymetrics\.orders is claimed, but the adapter has no get_order"),
    ],
)
def test_an_unknown_feature_and_one_without_its_methods_cannot_be_claimed(
    said: str, methods: Sequence[str], complaint: str
) -> None:
    with pytest.raises(Unclaimable, match=complaint):
        claimed([said], methods)


def test_every_feature_has_contracts_and_every_contract_has_a_reason_and_a_source() -> None:
    assert {property.feature for property in PROPERTIES} == set(FEATURES)
    assert len({property.id for property in PROPERTIES}) == len(PROPERTIES)
    for property in PROPERTIES:
        assert property.source is not None, property.id
        assert len(property.why) > 60, property.id
        assert property.id.startswith(f"client.{property.feature.split('.')[0]}.")


def test_an_adapter_that_does_not_answer_hello_is_not_checked() -> None:
    program = JsonlProcess([sys.executable, "-c", "import time; time.sleep(60)"])
    with pytest.raises(Unaskable, match=r"hello did not end within 0\.3 seconds"):
        hello(program, within=0.3)


# The command.


def check(status: int, *arguments: str, cwd: Path = ROOT) -> "subprocess.CompletedProcess[str]":
    """`check client` with these arguments, in a process of its own; it must end with `status`."""
    ended = subprocess.run(
        [sys.executable, "-m", "assessment_simulator", "check", "client", *arguments], cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False, timeout=100,
    )  # fmt: skip
    assert ended.returncode == status, ended.stdout + ended.stderr
    assert "Traceback" not in ended.stderr
    return ended


NAIVE, REFERENCE = "assessment_contracts.examples.naive:Client", "assessment_contracts.examples.reference:Client"
UNASKABLE: list[tuple[list[str], str]] = [
    ([], "name a Python class, module:Class, or a command"),
    (["a:B", "--command", "true"], "name a Python class, module:Class, or a command"),
    (["no_such_module:Client"], "there is no module no_such_module"),
    (["--command", '"unbalanced'], "--command cannot be read: No closing quotation"),
    (["--command", "no-such-program"], "no-such-program cannot be started"),
    (["--command", "true"], "the adapter ended (exit status 0) while it was asked for hello"),
    ([REFERENCE, "--only", "client.nothing"], "no contract has an id like 'client.nothing'"),
]


@pytest.mark.parametrize(("arguments", "complaint"), UNASKABLE, ids=[" ".join(words) for words, _ in UNASKABLE])
def test_a_client_that_cannot_be_checked_ends_with_2_and_says_why(arguments: list[str], complaint: str) -> None:
    ended = check(2, *arguments)
    assert complaint in ended.stderr
    assert ended.stdout == ""


def adapter(path: Path, body: str) -> tuple[str, str]:
    """The option for an adapter that answers each line with what `body` makes of `asked`."""
    script = path / "adapter.py"
    script.write_text(
        "import json, os, sys\n"
        "def say(result): print(json.dumps({'id': asked['id'], 'result': result}), flush=True)\n"
        f"for line in sys.stdin:\n    asked = json.loads(line)\n    method = asked['method']\n    {body}\n"
    )
    return "--command", f"{sys.executable} {script}"


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("say({'features': ['magic']})", "no such feature: magic"),
        ("say({'features': 5})", "features is 5; it must be a list of names"),
        ("say({'features': 'pymetrics.orders'})", "features is 'pymetrics.orders'; it must be a list of names"),
        ("say({'features': [['a']]})", "it must be a list of names"),
        ("say({'methods': 3})", "methods is 3; it must be a list of names"),
        ("say(['pymetrics.orders'])", "the adapter answered hello with ['pymetrics.orders']"),
        ("say({'features': []})", "the client claims no feature"),
        (
            "say({'features': ['pymetrics.orders']}) if method == 'hello' else os._exit(5)",
            "the client cannot be opened",
        ),
    ],
)
def test_an_adapter_that_does_not_introduce_itself_ends_with_2(tmp_path: Path, body: str, complaint: str) -> None:
    assert complaint in check(2, *adapter(tmp_path, body)).stderr


# Answers until an order is wanted, and breaks then.
DYING = (
    "say({'features': ['pymetrics.orders']} if method == 'hello' else None)"
    " if method in ('hello', 'open') else os._exit(7)"
)


@pytest.mark.parametrize(
    ("breaks", "complaint"),
    [("os._exit(7)", "exit status 7"), ("print('la la', flush=True)", "the adapter said 'la la'")],
)
def test_an_adapter_that_breaks_on_the_way_fails_the_property_and_says_how(
    tmp_path: Path, breaks: str, complaint: str
) -> None:
    body = DYING.replace("os._exit(7)", breaks)
    ended = check(1, *adapter(tmp_path, body), "--only", "*report_is_asked_for")
    assert "  failed  client.pymetrics.report_is_asked_for" in ended.stdout
    assert complaint in ended.stdout
    assert "0 of 1 passed, 1 failed" in ended.stdout


def test_letters_that_cannot_be_written_do_not_keep_the_report_from_being_written(tmp_path: Path) -> None:
    error = "{'kind': 'refused', 'message': 'cannot read \\ud83d and \\0', 'status': None}"
    body = DYING.replace("os._exit(7)", f"print(json.dumps({{'id': asked['id'], 'error': {error}}}), flush=True)")
    junit, html = tmp_path / "report.xml", tmp_path / "report.html"
    reports = ("--junit", str(junit), "--html", str(html))
    ended = check(1, *adapter(tmp_path, body), "--only", "*report_is_asked_for", *reports)
    assert "cannot read \\ud83d" in ended.stdout
    assert ET.parse(junit).find(".//failure") is not None  # noqa: S314  our own file
    assert "cannot read � and �" in html.read_text("utf-8")


def test_a_client_that_holds_what_it_claims_ends_with_0_and_the_rest_counts_for_nothing(tmp_path: Path) -> None:
    junit, html = tmp_path / "report.xml", tmp_path / "report.html"
    (tmp_path / "modest.py").write_text(
        "from assessment_contracts.examples import reference\n\n"
        "class Client(reference.Client):\n    features = {'pymetrics.orders'}\n"
    )
    only = ("--only", "*.report_is_asked_for", "--only", "*.lost_assessment_is_found")

    ended = check(0, "modest:Client", *only, "--junit", str(junit), "--html", str(html), cwd=tmp_path)

    assert "not claimed  predictive_index.recovery: client.predictive_index.lost_assessment_is_found\n" in ended.stdout
    assert "1 of 1 passed, 1 not claimed" in ended.stdout
    assert ended.stderr == ""
    suite = ET.parse(junit).getroot()[0]  # noqa: S314  made by us
    assert {case.attrib["name"]: [child.tag for child in case] for case in suite} == {
        "client.pymetrics.report_is_asked_for": [],
        "client.predictive_index.lost_assessment_is_found": ["skipped"],
    }
    left = {path.name for path in tmp_path.iterdir()} - {"__pycache__"}
    assert left == {"modest.py", "report.html", "report.xml"}
    assert "1 of 1 passed, 1 not claimed" in html.read_text()


def test_a_failure_is_shrunk_and_shown_with_a_curl_script_that_shows_it_again() -> None:
    told = check(0, NAIVE, "--only", "*second_assessment", "--only", "*.results_are_reported").stdout  # it advises
    assert "What happened: 2 assessments exist after one creation" in told
    assert "times=1, when='after_commit'" in told
    assert "'firstName': 'Ada', 'lastName': 'Ada', 'email': 'ada@example.com'}" in told
    script = told[told.index("#!/bin/sh") :]
    assert '"do": "drop", "times": 1, "when": "after_commit"' in script
    assert script.count("-X POST -H 'api-key: ") == 2


def test_the_script_of_a_forged_webhook_posts_it_to_the_client() -> None:
    told = check(0, NAIVE, "--only", "client.predictive_index.forged*").stdout  # it advises
    script = told[told.index("#!/bin/sh") :]
    assert ': "${HOOK:?set it to the address at which your client takes webhooks}"' in script
    posted = next(line for line in script.splitlines() if '"$HOOK"' in line)
    (id,) = re.findall(r"^ *(ASSESSMENTID_\d+_\d+)=", script, re.MULTILINE)
    assert f'assessmentId="${id}"\'&assessmentState=40&' in posted
    assert "curl -sS -i -X POST -H 'content-type: application/x-www-form-urlencoded'" in posted


def test_the_first_failure_ends_the_run_with_x() -> None:
    only = ("--only", "client.pymetrics.known_order*", "--only", "client.pymetrics.retry_after*")
    assert "0 of 1 passed, 1 failed;" in check(1, NAIVE, "-x", *only).stdout


def test_the_properties_are_listed_without_a_client_and_a_budget_that_is_used_up_ends_with_2() -> None:
    shown = check(0, "--list").stdout.splitlines()
    assert [line.split()[0] for line in shown] == [property.id for property in PROPERTIES]
    assert "the budget was used up" in check(2, REFERENCE, "--budget", "0.01").stdout


def test_every_line_of_a_run_is_as_the_schema_says(tmp_path: Path) -> None:
    schema = json.loads((ROOT / "contracts" / "assessment_contracts" / "clients" / "protocol.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    asked, answered = tmp_path / "asked", tmp_path / "answered"
    host = f"{sys.executable} -m assessment_contracts.clients.adapter_server {REFERENCE}"
    only = ("refusal_is_told_as_one", "only_what_was_asked*", "orders_are_found", "assessments_are_reported",
            "webhook_is_believed*", "id_stays*")  # fmt: skip

    check(
        0, "--command", f"sh -c 'tee {asked} | {host} | tee {answered}'", "--profile", "quick",
        *(word for glob in only for word in ("--only", f"client.*.{glob}")),
    )  # fmt: skip

    lines = {
        name: [json.loads(line) for line in (tmp_path / name).read_text().splitlines()]
        for name in ("asked", "answered")
    }
    for part, name in (("request", "asked"), ("answer", "answered")):
        validator = jsonschema.Draft202012Validator({**schema, "oneOf": [{"$ref": f"#/$defs/{part}"}]})
        for line in lines[name]:
            validator.validate(line)
    assert {line["method"] for line in lines["asked"]} == {"hello", "open", *METHODS}
    assert any("error" in line for line in lines["answered"])
