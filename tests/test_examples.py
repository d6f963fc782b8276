"""The examples for containers: their makers' schemas accept them, and they name what the program and its image have."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import kubernetes_validate
import pytest
from ruamel.yaml import YAML

import assessment_simulator
from assessment_simulator.cli import main
from assessment_simulator.cli.server import serve
from assessment_simulator.core.urls import is_web_url
from assessment_simulator.http.auth import OPEN_PATHS
from assessment_simulator.settings import PREFIX, flaw_of_token
from tests.servers import ROOT
from tests.suites import passed, run, written
from tests.test_house import instructions

EXAMPLES = ROOT / "docs" / "examples"
READ = YAML(typ="safe")
COMPOSE = READ.load(EXAMPLES / "compose.yaml")
TESTS = READ.load(EXAMPLES / "compose.tests.yaml")
ACTIONS = READ.load(EXAMPLES / "github-actions.yml")
GITLAB = READ.load(EXAMPLES / "gitlab-ci.yml")
PARTS: dict[str, Any] = {part["kind"]: part for part in READ.load_all((EXAMPLES / "kubernetes.yaml").read_text())}
IMAGE = instructions()
PORT = IMAGE["EXPOSE"][0]
HEALTH = json.loads(IMAGE["HEALTHCHECK"][0].partition("CMD")[2])
NAME = f"assessment-simulator:{assessment_simulator.__version__}"
OPTIONS = {f"{PREFIX}{option.name.upper()}": option for option in serve.params if option.name}
SECRET = f"{PREFIX}CONTROL_TOKEN"


# Compose and GitHub Actions.


@pytest.mark.parametrize(
    ("name", "schema", "right", "wrong"),
    [
        ("compose.yaml", "vendor.compose-spec", "healthcheck:", "healthchek:"),
        ("compose.tests.yaml", "vendor.compose-spec", "healthcheck:", "healthchek:"),
        ("github-actions.yml", "vendor.github-workflows", "runs-on:", "run-on:"),
        ("gitlab-ci.yml", "vendor.gitlab-ci", "artifacts:", "artefacts:"),
    ],
)
def test_a_schema_accepts_the_example_and_sees_a_slip(
    name: str, schema: str, right: str, wrong: str, tmp_path: Path
) -> None:
    text = (EXAMPLES / name).read_text()
    assert right in text
    (tmp_path / name).write_text(text.replace(right, wrong))
    # The schemas come with the linter, nothing is fetched.
    lint = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema]
    lint += ["--data-transform", "gitlab-ci"] if "gitlab" in schema else []
    statuses = [subprocess.run([*lint, folder / name], check=False).returncode for folder in (EXAMPLES, tmp_path)]
    assert statuses == [0, 1]


SERVICES = {
    "compose": (COMPOSE["services"]["simulator"], "environment"),
    "compose with tests": (TESTS["services"]["simulator"], "environment"),
    "actions": (ACTIONS["jobs"]["service-container"]["services"]["simulator"], "env"),
    "gitlab": (GITLAB["service-container"]["services"][0], "variables"),
}


@pytest.mark.parametrize(("service", "environ"), SERVICES.values(), ids=SERVICES)
def test_the_simulator_is_the_image_of_this_version_and_gets_variables_that_it_reads(
    service: Any, environ: str
) -> None:
    image: str = service.get("image") or service["name"]
    assert image.rpartition("/")[2] == NAME
    assert set(service[environ]) <= OPTIONS.keys() | {SECRET}
    host = "127.0.0.1" if "ports" in service else "simulator"
    assert service[environ]["SIMULATOR_PUBLIC_URL"] == f"http://{host}:{PORT}"
    assert all(f"{PORT}:{PORT}" in port for port in service.get("ports", ()))


def test_the_composition_starts_the_program_with_its_mailbox_and_the_health_check_of_the_image(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in os.environ:
        if name.startswith("SIMULATOR_"):
            monkeypatch.delenv(name)
    simulator, app = COMPOSE["services"]["simulator"], COMPOSE["services"]["app"]
    command, *arguments = simulator["command"]
    assert command == "serve"
    host, _, port = serve.make_context("serve", arguments).params["smtp"].partition(":")
    assert (host in COMPOSE["services"], port) == (True, "1025")
    assert simulator["healthcheck"]["test"] == ["CMD", *HEALTH]
    assert app["depends_on"] == {"simulator": {"condition": "service_healthy"}}


def test_the_composition_publishes_only_to_this_machine_and_mounts_what_is_there() -> None:
    services = COMPOSE["services"]
    assert all(port.startswith("127.0.0.1:") for one in services.values() for port in one["ports"])
    assert services["app"]["command"][3] == services["app"]["ports"][0].rpartition(":")[2]
    assert (EXAMPLES / services["simulator"]["build"] / "Dockerfile").is_file()
    (mounted,) = services["app"]["volumes"]
    assert (EXAMPLES / mounted.split(":")[0] / "index.html").is_file()
    # Neither root nor a low port: the image needs nothing of what is taken away.
    assert (services["simulator"]["read_only"], services["simulator"]["cap_drop"]) == (True, ["ALL"])
    assert int(PORT) > 1023


def test_the_app_gets_the_addresses_and_the_keys_of_both_vendors() -> None:
    environ = COMPOSE["services"]["app"]["environment"]
    assert environ["PYMETRICS_URL"] == f"http://simulator:{PORT}"
    assert environ["PREDICTIVE_INDEX_URL"] == f"http://simulator:{PORT}/api/v1"
    assert {value for name, value in environ.items() if "KEY" in name or name.endswith("_ID")} == {"sim-compose"}


def test_the_service_container_has_a_health_check() -> None:
    options = shlex.split(ACTIONS["jobs"]["service-container"]["services"]["simulator"]["options"])
    said = dict(zip(options[::2], options[1::2], strict=True))
    assert shlex.split(said.pop("--health-cmd")) == HEALTH
    assert said.pop("--add-host").partition(":")[0] == "host.docker.internal"
    assert said.keys() == {"--health-interval", "--health-timeout", "--health-retries"}


def test_each_file_installs_the_wheel_of_this_version_and_runs_the_suite_by_the_same_commands() -> None:
    wheel = f"wheels/assessment_simulator-{assessment_simulator.__version__}-py3-none-any.whl"
    commands = [f"pip install '{wheel}[pytest]'", "python -m pytest --simulator-traces traces suite"]
    for job in ACTIONS["jobs"].values():
        assert [step["run"] for step in job["steps"] if "run" in step] == commands
    for name in ("pytest", "service-container"):
        assert GITLAB[name]["script"] == commands
    composed = TESTS["services"]["tests"]["command"][-1].splitlines()
    assert composed == [commands[0], commands[1].replace(" traces ", " /tmp/traces ")]
    assert TESTS["services"]["tests"]["volumes"] == ["./suite:/tests/suite:ro", "./wheels:/tests/wheels:ro"]


@pytest.mark.parametrize(
    "environ",
    [
        ACTIONS["jobs"]["service-container"]["env"],
        GITLAB["service-container"]["variables"],
        TESTS["services"]["tests"]["environment"],
    ],
    ids=["actions", "gitlab", "compose"],
)
def test_the_tests_beside_a_container_get_variables_that_the_plugin_reads(environ: dict[str, str]) -> None:
    ours = {name: value for name, value in environ.items() if name.startswith(PREFIX)}
    assert ours.keys() == {"SIMULATOR_URL", "SIMULATOR_LISTENER_HOST", "SIMULATOR_LISTENER_URL"}
    assert all(is_web_url(ours[name]) for name in ("SIMULATOR_URL", "SIMULATOR_LISTENER_URL"))


def test_the_suite_passes_and_a_failing_test_of_it_leaves_a_trace(tmp_path: Path) -> None:
    suite = (EXAMPLES / "suite" / "test_assessments.py").read_text()
    passed(run(written(tmp_path, {"suite/test_assessments.py": suite}), "--simulator-traces", "traces", "suite"), 2)
    assert not (tmp_path / "traces").exists()
    written(tmp_path, {"suite/test_assessments.py": suite.replace('"40"', '"41"')})
    done = run(tmp_path, "--simulator-traces", "traces", "suite")
    assert "1 failed, 1 passed" in done.stdout
    (trace,) = (tmp_path / "traces").iterdir()
    assert f"trace: {Path('traces') / trace.name}" in done.stdout


# Kubernetes.

POD = PARTS["Deployment"]["spec"]["template"]["spec"]
CONTAINER = POD["containers"][0]
ENVIRON: dict[str, dict[str, Any]] = {variable["name"]: variable for variable in CONTAINER["env"]}


def value(name: str) -> str:
    """The value of a variable, from the Deployment or from the Secret."""
    variable = ENVIRON[name]
    if "value" in variable:
        return str(variable["value"]).replace("$(POD_IP)", "10.0.0.7")
    key = variable["valueFrom"]["secretKeyRef"]
    assert key["name"] == PARTS["Secret"]["metadata"]["name"]
    return str(PARTS["Secret"]["stringData"][key["key"]])


@pytest.mark.parametrize("version", ["1.31.0", kubernetes_validate.latest_version()])
@pytest.mark.parametrize("kind", PARTS)
def test_every_part_is_valid_for_kubernetes(kind: str, version: str) -> None:
    kubernetes_validate.validate(PARTS[kind], version, strict=True)


def test_there_are_two_replicas_and_all_parts_select_the_same_pods() -> None:
    assert [*PARTS] == ["Secret", "Deployment", "Service", "PodDisruptionBudget"]
    assert PARTS["Deployment"]["spec"]["replicas"] == 2
    labels = PARTS["Deployment"]["spec"]["template"]["metadata"]["labels"]
    assert PARTS["Deployment"]["spec"]["selector"]["matchLabels"] == labels
    assert PARTS["Service"]["spec"]["selector"] == labels
    assert PARTS["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"] == labels


def test_serve_accepts_every_variable_and_refuses_the_placeholder_of_the_token() -> None:
    for name in ENVIRON.keys() - {SECRET, "POD_IP"}:
        OPTIONS[name].process_value(click.Context(serve), value(name))
    assert flaw_of_token(value(SECRET)) is not None


def test_access_is_closed_and_secrets_are_in_the_secret_only() -> None:
    assert value(f"{PREFIX}ACCESS") == "closed"
    assert is_web_url(value(f"{PREFIX}PUBLIC_URL"))
    assert value(f"{PREFIX}LOG").startswith("postgresql://")
    assert all("valueFrom" in ENVIRON[name] for name in (f"{PREFIX}LOG", SECRET))


def test_the_container_runs_as_the_image_is_made() -> None:
    security = POD["securityContext"]
    assert f"{security['runAsUser']}:{security['runAsGroup']}" == IMAGE["USER"][0]
    assert security["runAsNonRoot"] is True
    forwards = int(value(f"{PREFIX}ADVERTISE").rpartition(":")[2])
    assert [exposed["containerPort"] for exposed in CONTAINER["ports"]] == [int(PORT), forwards]
    assert value(f"{PREFIX}PORT") == PORT
    assert (CONTAINER["image"], CONTAINER["args"]) == (NAME, ["serve"])
    assert any(re.match("EXTRAS=", line) for line in IMAGE["ARG"]), "the example names it"


def test_the_probes_need_no_token_and_the_grace_time_is_enough() -> None:
    for probe in ("readinessProbe", "livenessProbe"):
        assert CONTAINER[probe]["httpGet"]["path"] in OPEN_PATHS
        assert CONTAINER[probe]["httpGet"]["port"] == CONTAINER["ports"][0]["name"]
    program, command = CONTAINER["startupProbe"]["exec"]["command"]
    assert (program, command in main.commands) == ("assessment-simulator", True)
    assert PARTS["Service"]["spec"]["ports"][0]["targetPort"] == CONTAINER["ports"][0]["name"]
    pause = CONTAINER["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert POD["terminationGracePeriodSeconds"] >= pause + float(value(f"{PREFIX}GRACE")) + 10
