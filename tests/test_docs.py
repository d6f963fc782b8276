"""What the documents say is true: every command runs, and every list is the program's own."""

import re
import tomllib
from dataclasses import fields

import click
import httpx2
import pytest

from assessment_simulator.app import VENDORS, documents
from assessment_simulator.cli.health import doctor
from assessment_simulator.cli.server import serve
from assessment_simulator.control import bodies
from assessment_simulator.control.faults import MOST_FAULTS
from assessment_simulator.control.operation import S
from assessment_simulator.control.operations import operations
from assessment_simulator.core import instant, urls
from assessment_simulator.core.config import Config
from assessment_simulator.core.faults import KINDS, Fault
from assessment_simulator.core.outcome_tags import TAGS
from assessment_simulator.core.retry_schedule import MAX_ATTEMPTS, RETRYABLE_STATUSES, backoff
from assessment_simulator.dashboard import tour
from assessment_simulator.dashboard.routes import PAGES, UNDER
from assessment_simulator.events.feed import WHAT
from assessment_simulator.http import connection, problem_details
from assessment_simulator.http.auth import Login
from assessment_simulator.http.routing import FILE_ROUTES
from assessment_simulator.journal.timeline import KINDS as KINDS_OF_ENTRIES
from assessment_simulator.seeds import Seeds, opening
from assessment_simulator.settings import Settings
from assessment_simulator.storage import json_codec
from assessment_simulator.vendors.pymetrics.webhooks import DEFAULT_SECRET
from tests.pages import README, WRITTEN, blocks, listed, page, play, rows
from tests.servers import ROOT, Server

CONTROL, SECURITY, OPERATIONS = map(page, ("control.md", "security.md", "operations.md"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
# For each shell block of a page a text that it contains, and texts of its output.
TOURS: dict[str, list[tuple[str, list[str]]]] = {
    "integrations/curl.md": [
        ("mercury/oauth/token", ['"status": "Fulfilled"']),
        ("assessmentStatusWebHook", ['"number": 9']),
        ("SANDBOX=", ['"mode":"running"']),
    ],
    "errors.md": [("2015-01-31", ["simulator-rule: pi.create.expiration.future"])],
    "control.md": [
        ("sandboxes/faulty", ["no answer: 52", '"created":false', '"met":1}]']),
        ("sandboxes/journal", ['"log":{"version":"1.2"']),
        ("sandboxes/demo", ['"subject":"Your PI Behavioral Assessment"', '"what":"move"', '"action":"fulfil"']),
        ("sandboxes/catching", ['"what":"attempt"', '"body":{"assessmentId":', '"status":503}]']),
        ("sandboxes/results", ['"summary":"Pattern ', '"unit":"sigma"', "</svg>"]),
        ("sandboxes/undone", ['"timers":{"expire":1}', '{"at":"', '"invitations":1']),
        ("sandboxes/waiting", ['"member":"status","wanted":201,"found":400']),
        ("sandboxes/coverage", ['{"id":"pi.access.key","vendor":"predictive_index","standing":"documented","kept":1,']),
    ],
}


@pytest.mark.parametrize(
    ("name", "about", "endings"), [(name, *tour) for name, tours in TOURS.items() for tour in tours]
)
def test_each_example_ends_as_the_page_says(name: str, about: str, endings: list[str], server: Server) -> None:
    found = blocks(page(name), "bash")
    assert len(found) == len(TOURS[name])
    (block,) = (block for block in found if about in block)
    said = play(block, server.url).stdout
    assert [ending for ending in endings if ending not in said] == []


def test_the_first_commands_of_the_readme_are_there() -> None:
    script, command, *_ = (block.strip() for block in blocks(README, "sh"))  # tests/test_newcomer.py runs all of them
    assert (ROOT / script).is_file()
    assert command == ".venv/bin/assessment-simulator demo"
    assert not blocks(README, "bash")


def test_every_file_that_a_page_links_to_is_there() -> None:
    for file in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("**/*.md")]:
        for link in re.findall(r"\]\(([^)#:]+)\)", file.read_text()):
            assert (file.parent / link).exists(), f"{file.name}: {link}"


def options(command: click.Command) -> list[str]:
    return [one.name.replace("_", "-") for one in command.params if isinstance(one, click.Option) and one.name]


def dependencies() -> set[str]:
    extras = PROJECT["optional-dependencies"]
    wanted = [*PROJECT["dependencies"], *(line for name in extras if name != "dev" for line in extras[name])]
    return {re.split(r"[\[<>=!~; ]", line)[0] for line in wanted}


ROUTES = {route.path for route in (*FILE_ROUTES, *Login.__new__(Login).routes())}
QUESTIONNAIRES = {vendor.questionnaire.path for vendor in VENDORS.values() if vendor.questionnaire}
PARAMETERS = {
    parameter["name"]
    for path in ("/invitations", "/deliveries", "/mail")
    for parameter in documents().get("control")["paths"][S + path]["get"]["parameters"]
    if parameter["in"] == "query"
}
# Tables: what the first column of each lists, and what there is.
LISTS: list[tuple[list[str], object]] = [
    (listed(CONTROL, "setting"), {field.name for field in fields(Config)}),
    (listed(CONTROL, "call", r"`([A-Z]+ \S+)`"), {f"{o.method} {o.path.replace(S, 'S')}" for o in operations(VENDORS)}),
    (listed(CONTROL, "page", r"`[A-Z]+ (\S+)`"), {"/"} | ROUTES | QUESTIONNAIRES),
    (listed(CONTROL, "parameter"), PARAMETERS),
    (listed(CONTROL, "seed"), {*Seeds.model_fields}),
    (listed(CONTROL, "member"), {field.name for field in fields(Fault)}),
    (listed(OPERATIONS, "option", r"`--([\w-]+)`"), {*options(serve)}),
    (listed(OPERATIONS[OPERATIONS.index("## Doctor") :], "option", r"`--([\w-]+)`"), {*options(doctor)}),
    (
        re.findall(r"`([a-z -]+)`", " ".join(row[0] for row in rows(OPERATIONS, "command"))),
        {*re.findall(r"^## (.+)$", page("command-line.md"), re.MULTILINE)} - {"serve"},
    ),
    (listed(page("dashboard.md"), "page", r"`(\S+)`"), {"/", tour.PATH} | {UNDER + shown.path for shown in PAGES}),
    ([row[0] for row in rows(page("design.md"), "package")], dependencies()),
]


@pytest.mark.parametrize(("names", "known"), LISTS)
def test_a_table_lists_all_there_is_and_nothing_else(names: list[str], known: object) -> None:
    assert {*names} == known


def test_the_page_of_webhooks_has_the_schedule_and_the_statuses_of_the_program() -> None:
    schedule, total = rows(page("webhooks.md"), "attempt"), 0
    for number, row in enumerate(schedule, 1):
        gap = backoff(number - 1) if number > 1 else 0
        total += gap
        shown = [instant.parse_duration(re.sub(r" (h|m|s)[a-z]*", r"\1", one).replace(" ", "")) for one in row[1:]]
        assert (row[0], shown) == (str(number), [gap or None, total or None])
    assert len(schedule) == MAX_ATTEMPTS
    again = next(row for row in rows(page("webhooks.md"), "response of the listener") if "408" in row[0])[0]
    assert {int(status) for status in re.findall(r"\b\d{3}\b", again)} == RETRYABLE_STATUSES
    assert DEFAULT_SECRET in page("webhooks.md")


def test_the_metrics_are_all_listed(server: Server) -> None:
    told = httpx2.get(f"{server.url}/_simulator/metrics", trust_env=False).text
    known = {name for name in re.findall(r"^# TYPE (\w+)", told, re.MULTILINE) if not name.startswith("process_")}
    assert {*listed(OPERATIONS, "metric")} == known


def test_every_tag_is_listed_with_its_meaning() -> None:
    assert {tag.strip("`"): what for tag, what in rows(page("candidates.md"), "tag")} == TAGS


def test_the_limits_are_all_listed() -> None:
    limits = (
        connection.LONGEST_URL, connection.MOST_HEADERS, connection.LARGEST_HEAD, connection.MOST_KEPT,
        urls.MOST_PARAMETERS, bodies.MOST_VALUES, MOST_FAULTS, problem_details.MOST_TOLD, json_codec.DEEPEST,
        Settings().max_connections, Settings().max_sandboxes, int(Settings().request_timeout), int(connection.IDLE),
        int(connection.IDLE_WHEN_FULL),
    )  # fmt: skip
    told = re.findall(r"\d+", " ".join(cell for row in rows(SECURITY, "limit") for cell in row))
    assert {str(limit) for limit in limits} <= set(told)


def test_every_listed_attack_has_its_test() -> None:
    kept = {path for row in rows(SECURITY, "attack") for path in re.findall(r"`([^`]+)`", row[1])}
    assert {path for path in kept if not (ROOT / path).is_file()} == set()
    assert {f"tests/attacks/{path.name}" for path in (ROOT / "tests/attacks").glob("test_*.py")} <= kept


def test_the_entries_of_a_timeline_and_of_a_stream_are_all_listed() -> None:
    (told, changed) = re.findall(r"^\| `what` \| (.*?)\n\n", CONTROL, re.MULTILINE | re.DOTALL)
    assert re.findall(r"^\| `(\w+)` \|", told, re.MULTILINE) == [*KINDS_OF_ENTRIES]
    assert sorted(re.findall(r"`(\w+)`", "".join(re.findall(r"^\|( `.*?) \|", changed, re.MULTILINE)))) == sorted(WHAT)


def test_the_kinds_of_faults_are_all_listed() -> None:
    for on, kinds in KINDS.items():
        found = {row[0].strip("`"): row[2:] for row in rows(CONTROL, f"`do` for {on}")}
        assert found == {do: [f"`{kind.when}`"] if kind.when else [] for do, kind in kinds.items()}


def test_examples_of_addresses_settings_and_secrets_are_the_programs_own() -> None:
    assert f"http://{Settings().host}:{Settings().port}" == WRITTEN
    assert all(DEFAULT_SECRET in text for text in (CONTROL, page("client-contracts.md")))
    (text,) = blocks(CONTROL, "toml")
    for name, members in tomllib.loads(text)["sandboxes"].items():
        _, state, faults = opening(VENDORS, name, members)
        assert state is not None
        assert len(faults) == 1
