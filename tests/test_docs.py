"""What the documents say is true: every command runs, and every list is the program's own."""

import re
import subprocess
import tomllib
from dataclasses import fields

import httpx2
import pytest

from assessment_simulator.app import VENDORS, documents
from assessment_simulator.cli import doctor, serve
from assessment_simulator.control import bodies
from assessment_simulator.control.models.faults import MOST_FAULTS
from assessment_simulator.control.operation import S
from assessment_simulator.control.operations import operations
from assessment_simulator.control.settings import changed
from assessment_simulator.core import urls
from assessment_simulator.core.config import Config
from assessment_simulator.core.faults import KINDS, Fault
from assessment_simulator.core.outcome_tags import TAGS
from assessment_simulator.dashboard import tour
from assessment_simulator.dashboard.routes import PAGES, UNDER
from assessment_simulator.events.feed import WHAT
from assessment_simulator.http import connection, problem_details, static_files
from assessment_simulator.http.login import Login
from assessment_simulator.journal.timeline import KINDS as KINDS_OF_ENTRIES
from assessment_simulator.settings import Settings
from assessment_simulator.storage import json_codec
from assessment_simulator.vendors.pymetrics.webhooks import DEFAULT_SECRET
from tests.servers import ROOT as REPOSITORY
from tests.servers import Server

README = (REPOSITORY / "README.md").read_text()
TUTORIAL = (REPOSITORY / "docs" / "tutorial.md").read_text()
CONTROL = (REPOSITORY / "docs" / "control.md").read_text()
DASHBOARD = (REPOSITORY / "docs" / "dashboard.md").read_text()
SECURITY = (REPOSITORY / "docs" / "security.md").read_text()
OPERATIONS = (REPOSITORY / "docs" / "operations.md").read_text()
WRITTEN = "http://127.0.0.1:8787"


def blocks(text: str, language: str) -> list[str]:
    """The code blocks of a page."""
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def rows(text: str, heading: str) -> list[list[str]]:
    """The rows of the table whose first column has that heading."""
    table = re.search(rf"^\| {re.escape(heading)} \|.*?\n\|[-|]+\n((?:\|.*\n)+)", text, re.MULTILINE)
    assert table, heading
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in table[1].splitlines()]


def play(block: str, server: Server) -> str:
    """Run a shell block as a reader would, against the test's server."""
    script = block.replace(WRITTEN, server.url)
    ended = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], capture_output=True, text=True, check=False, timeout=60
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


ENDINGS: list[tuple[str, str]] = [
    ("mercury/oauth/token", '"status": "Fulfilled"'),
    ("assessmentStatusWebHook", '"number": 9'),
    ("2015-01-31", "simulator-rule: pi.create.expiration.future"),
    ("SANDBOX=", '"mode":"running"'),
]


@pytest.mark.parametrize(("about", "ending"), ENDINGS)
def test_each_example_of_the_tutorial_ends_as_it_says(about: str, ending: str, server: Server) -> None:
    block = next(block for block in blocks(TUTORIAL, "bash") if about in block)
    assert ending in play(block, server)


CONTROL_ENDINGS: list[tuple[str, list[str]]] = [
    ("sandboxes/faulty", ["no answer: 52", '"created":false', '"met":1}]']),
    ("sandboxes/journal", ['"log":{"version":"1.2"']),
    ("sandboxes/demo", ['"subject":"Your PI Behavioral Assessment"', '"what":"move"', '"action":"fulfil"']),
    ("sandboxes/catching", ['"what":"attempt"', '"body":{"assessmentId":', '"status":503}]']),
    ("sandboxes/waiting", ['"member":"status","wanted":201,"found":400']),
    (
        "sandboxes/coverage",
        ['{"id":"pi.access.key","vendor":"predictive_index","standing":"documented","kept":1,'],
    ),
]


@pytest.mark.parametrize(("about", "endings"), CONTROL_ENDINGS)
def test_every_tour_of_the_control_api_does_what_it_says(about: str, endings: list[str], server: Server) -> None:
    (block,) = (block for block in blocks(CONTROL, "bash") if about in block)
    said = play(block, server)
    assert [ending for ending in endings if ending not in said] == []


def test_no_tour_of_the_control_api_is_left_untried() -> None:
    assert len(blocks(CONTROL, "bash")) == len(CONTROL_ENDINGS)


def test_all_examples_of_the_tutorial_run() -> None:
    assert len(blocks(TUTORIAL, "bash")) == len(ENDINGS)
    assert not blocks(README, "bash")


def test_the_first_commands_of_the_readme_are_there() -> None:
    script, command = (block.strip() for block in blocks(README, "sh"))
    assert (REPOSITORY / script).is_file()
    assert command == ".venv/bin/assessment-simulator demo"


def test_the_tutorial_lists_every_tag() -> None:
    assert {tag.strip("`"): what for tag, what in rows(TUTORIAL, "tag")} == TAGS


def test_every_file_that_a_page_links_to_is_there() -> None:
    for page in [REPOSITORY / "README.md", REPOSITORY / "CONTRIBUTING.md", *(REPOSITORY / "docs").glob("*.md")]:
        for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (page.parent / link).exists(), f"{page.name}: {link}"


def test_the_settings_are_all_listed() -> None:
    listed = [name for row in rows(CONTROL, "setting") for name in re.findall(r"`(\w+)`", row[0])]
    assert sorted(listed) == sorted(field.name for field in fields(Config))


def test_the_limits_are_all_told() -> None:
    limits = (
        connection.LONGEST_URL, connection.MOST_HEADERS, connection.LARGEST_HEAD, connection.MOST_KEPT,
        urls.MOST_PARAMETERS, bodies.MOST_VALUES, MOST_FAULTS, problem_details.MOST_TOLD, json_codec.DEEPEST,
        Settings().max_connections,
        Settings().max_sandboxes, int(Settings().request_timeout), int(connection.IDLE), int(connection.IDLE_WHEN_FULL),
    )  # fmt: skip
    told = re.findall(r"\d+", " ".join(cell for row in rows(SECURITY, "limit") for cell in row))
    assert {str(limit) for limit in limits} <= set(told)


def test_every_dependency_has_a_row() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *(line for name, lines in extras.items() if name != "dev" for line in lines)]
    names = {re.split(r"[\[<>=!~; ]", line)[0] for line in wanted}
    listed = [row[0] for row in rows((REPOSITORY / "docs" / "design.md").read_text(), "package")]
    assert sorted(listed) == sorted(names)


def test_every_attack_that_is_told_is_kept_as_a_test() -> None:
    kept = {path for row in rows(SECURITY, "attack") for path in re.findall(r"`([^`]+)`", row[1])}
    assert {path for path in kept if not (REPOSITORY / path).is_file()} == set()
    assert {f"tests/attacks/{path.name}" for path in (REPOSITORY / "tests/attacks").glob("test_*.py")} <= kept


def test_the_control_calls_are_all_listed() -> None:
    said = {call for row in rows(CONTROL, "call") for call in re.findall(r"`([A-Z]+ \S+)`", row[0])}
    assert said == {f"{one.method} {one.path.replace(S, 'S')}" for one in operations(VENDORS)}


def test_the_options_of_serve_are_all_listed() -> None:
    listed = [name for row in rows(OPERATIONS, "option") for name in re.findall(r"`--([\w-]+)`", row[0])]
    assert sorted(listed) == sorted(parameter.name.replace("_", "-") for parameter in serve.params if parameter.name)


def test_the_options_of_doctor_are_all_listed() -> None:
    table = OPERATIONS[OPERATIONS.index("## Doctor") :]
    listed = [name for row in rows(table, "option") for name in re.findall(r"`--([\w-]+)`", row[0])]
    assert sorted(listed) == sorted(parameter.name.replace("_", "-") for parameter in doctor.params if parameter.name)


def test_the_metrics_are_all_listed(server: Server) -> None:
    told = httpx2.get(f"{server.url}/_simulator/metrics", trust_env=False).text
    known = {name for name in re.findall(r"^# TYPE (\w+)", told, re.MULTILINE) if not name.startswith("process_")}
    assert {name for row in rows(OPERATIONS, "metric") for name in re.findall(r"`(\w+)`", row[0])} == known


def test_the_pages_are_all_listed() -> None:
    said = {page.partition(" ")[2] for row in rows(CONTROL, "page") for page in re.findall(r"`([A-Z]+ \S+)`", row[0])}
    routes = {route.path for route in (*static_files.routes(), *Login.__new__(Login).routes())}
    assert said == {"/"} | routes | {vendor.questionnaire.path for vendor in VENDORS.values() if vendor.questionnaire}


def test_the_pages_of_the_dashboard_are_all_listed() -> None:
    said = {page for row in rows(DASHBOARD, "page") for page in re.findall(r"`(\S+)`", row[0])}
    assert said == {"/", tour.PATH} | {UNDER + page.path for page in PAGES}


def test_the_parameters_of_long_lists_are_all_listed() -> None:
    listed = {name for row in rows(CONTROL, "parameter") for name in re.findall(r"`(\w+)`", row[0])}
    control = documents().get("control")
    asked = {
        parameter["name"]
        for path in ("/invitations", "/deliveries", "/mail")
        for parameter in control["paths"][S + path]["get"]["parameters"]
        if parameter["in"] == "query"
    }
    assert listed == asked


def test_all_that_a_timeline_and_a_stream_can_tell_is_listed() -> None:
    (told, changed) = re.findall(r"^\| `what` \| (.*?)\n\n", CONTROL, re.MULTILINE | re.DOTALL)
    assert re.findall(r"^\| `(\w+)` \|", told, re.MULTILINE) == [*KINDS_OF_ENTRIES]
    assert sorted(re.findall(r"`(\w+)`", "".join(re.findall(r"^\|( `.*?) \|", changed, re.MULTILINE)))) == sorted(WHAT)


def test_the_members_of_a_fault_are_all_listed_with_every_way_to_misbehave() -> None:
    members = [name for row in rows(CONTROL, "member") for name in re.findall(r"`(\w+)`", row[0])]
    assert sorted(members) == sorted(field.name for field in fields(Fault))
    for on, kinds in KINDS.items():
        listed = {row[0].strip("`"): row[2:] for row in rows(CONTROL, f"`do` for {on}")}
        assert listed == {do: [f"`{kind.when}`"] if kind.when else [] for do, kind in kinds.items()}


def test_the_example_of_a_configuration_file_is_good() -> None:
    (text,) = blocks(CONTROL, "toml")
    for config in tomllib.loads(text)["sandboxes"].values():
        changed(VENDORS, Config(), config)


def test_the_port_of_the_documents_is_the_default_one() -> None:
    assert f"http://{Settings().host}:{Settings().port}" == WRITTEN


@pytest.mark.parametrize("page", ["control.md", "client-contracts.md"])
def test_the_secret_that_signs_where_none_is_set_is_published(page: str) -> None:
    assert DEFAULT_SECRET in (REPOSITORY / "docs" / page).read_text()
