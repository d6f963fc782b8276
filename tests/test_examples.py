"""The examples that no test here can run whole: they are what their makers' schemas ask for, and name what is there."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import pytest
from ruamel.yaml import YAML

import assessment_simulator
from assessment_simulator.cli import main
from tests.mailbox import free_port
from tests.servers import ROOT
from tests.test_house import instructions

EXAMPLES = ROOT / "docs" / "examples"
SCHEMAS = {"compose.yaml": "vendor.compose-spec", "github-actions.yml": "vendor.github-workflows"}


def read(name: str) -> Any:
    """An example, parsed."""
    return YAML(typ="safe").load(EXAMPLES / name)


def lint(path: Path, schema: str) -> subprocess.CompletedProcess[str]:
    """What the schema says of a file; the schemas come with the linter, nothing is fetched."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(path)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


COMPOSE = read("compose.yaml")
ACTIONS = read("github-actions.yml")
SERVICE = COMPOSE["services"]["simulator"]
CONTAINER = ACTIONS["jobs"]["service-container"]["services"]["simulator"]
PORT = instructions()["EXPOSE"][0]
SERVE = main.commands["serve"]


@pytest.mark.parametrize(("name", "schema"), SCHEMAS.items())
def test_an_example_is_what_its_schema_asks_for(name: str, schema: str) -> None:
    done = lint(EXAMPLES / name, schema)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [("compose.yaml", "healthcheck:", "healthchek:"), ("github-actions.yml", "runs-on:", "run-on:")],
)
def test_a_slip_in_an_example_is_seen(name: str, right: str, wrong: str, tmp_path: Path) -> None:
    text = (EXAMPLES / name).read_text()
    assert right in text
    (tmp_path / name).write_text(text.replace(right, wrong))
    assert lint(tmp_path / name, SCHEMAS[name]).returncode == 1


def variables() -> set[str]:
    """Every variable that the server reads."""
    return {f"SIMULATOR_{option.name.upper()}" for option in SERVE.params if option.name} | {"SIMULATOR_CONTROL_TOKEN"}


@pytest.mark.parametrize("told", [SERVICE["environment"], CONTAINER["env"]], ids=SCHEMAS)
def test_the_simulator_is_told_what_it_reads(told: Mapping[str, str]) -> None:
    assert set(told) <= variables()
    assert told["SIMULATOR_PUBLIC_URL"] == f"http://127.0.0.1:{PORT}"


@pytest.mark.parametrize("name", [SERVICE["image"], CONTAINER["image"]], ids=SCHEMAS)
def test_the_image_is_of_this_version(name: str) -> None:
    assert name.rpartition("/")[2] == f"assessment-simulator:{assessment_simulator.__version__}"


def test_the_command_of_the_composition_is_one_that_the_program_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith("SIMULATOR_"):
            monkeypatch.delenv(name)
    assert json.loads(instructions()["ENTRYPOINT"][0]) == ["assessment-simulator"]
    command, *arguments = SERVICE["command"]
    assert command == "serve"
    taken = SERVE.make_context("serve", arguments).params
    host, _, port = taken["smtp"].partition(":")
    assert (host in COMPOSE["services"], port) == (True, "1025")


def test_the_composition_publishes_the_ports_that_are_listened_at_and_only_to_this_machine() -> None:
    published = {name: one["ports"] for name, one in COMPOSE["services"].items()}
    assert published["simulator"] == [f"127.0.0.1:{PORT}:{PORT}"]
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)
    assert COMPOSE["services"]["app"]["command"][3] == published["app"][0].rpartition(":")[2]


def test_the_composition_asks_for_health_as_the_image_does() -> None:
    assert SERVICE["healthcheck"]["test"] == ["CMD", *json.loads(instructions()["HEALTHCHECK"][0].partition("CMD")[2])]
    assert COMPOSE["services"]["app"]["depends_on"] == {"simulator": {"condition": "service_healthy"}}


def test_the_composition_builds_and_mounts_what_is_there() -> None:
    assert (EXAMPLES / SERVICE["build"] / "Dockerfile").is_file()
    (mounted,) = COMPOSE["services"]["app"]["volumes"]
    assert (EXAMPLES / mounted.split(":")[0] / "index.html").is_file()


def test_the_image_needs_nothing_that_the_composition_takes_away() -> None:
    assert SERVICE["read_only"] is True
    assert SERVICE["cap_drop"] == ["ALL"]
    [user] = instructions()["USER"]
    assert int(user.split(":")[0]) > 0
    assert int(PORT) > 1023


def test_the_app_is_told_where_both_vendors_are() -> None:
    told = COMPOSE["services"]["app"]["environment"]
    assert told["PYMETRICS_URL"] == f"http://simulator:{PORT}"
    assert told["PREDICTIVE_INDEX_URL"] == f"http://simulator:{PORT}/api/v1"
    assert {value for name, value in told.items() if "KEY" in name or name.endswith("_ID")} == {"sim-compose"}


def test_the_service_container_is_asked_for_its_health_and_found_at_its_port() -> None:
    assert CONTAINER["ports"] == [f"{PORT}:{PORT}"]
    options = shlex.split(CONTAINER["options"])
    said = dict(zip(options[::2], options[1::2], strict=True))
    assert shlex.split(said["--health-cmd"]) == json.loads(instructions()["HEALTHCHECK"][0].partition("CMD")[2])
    assert set(said) == {"--health-cmd", "--health-interval", "--health-timeout", "--health-retries"}
    assert ACTIONS["env"]["SIMULATOR"] == f"http://127.0.0.1:{PORT}"


def scripts(job: str) -> dict[str, str]:
    """The steps of a job that run something, by name."""
    return {step["name"]: step["run"] for step in ACTIONS["jobs"][job]["steps"] if "run" in step}


def test_the_commands_of_the_jobs_are_the_programs_own() -> None:
    assert scripts("service-container") == {"Test": scripts("pip")["Test"]}
    assert scripts("pip")["Install"] == "pip install assessment-simulator"
    said = re.findall(r"assessment-simulator (\w+)", scripts("pip")["Start"])
    assert said == ["serve", "ready"]
    assert all(isinstance(main.get_command(click.Context(main), name), click.Command) for name in said)


def test_the_steps_after_the_installation_start_a_simulator_and_pass_their_test() -> None:
    port = str(free_port())
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environ = {**os.environ, "PATH": path, "SIMULATOR": f"http://127.0.0.1:{port}", "SIMULATOR_PORT": port}
    steps = "trap 'kill $(jobs -p)' EXIT\n" + scripts("pip")["Start"] + scripts("pip")["Test"]
    done = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", steps], env=environ, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert f"listening on http://127.0.0.1:{port}" in done.stdout
