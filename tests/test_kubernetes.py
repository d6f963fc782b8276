"""The Kubernetes example: good by Kubernetes' own schemas, and true to the program and its image."""

import re
from typing import Any

import click
import kubernetes_validate
import pytest
from ruamel.yaml import YAML

import assessment_simulator
from assessment_simulator.cli import main, serve
from assessment_simulator.core.urls import is_web_url
from assessment_simulator.http.auth import OPEN_PATHS
from assessment_simulator.settings import PREFIX, flaw_of_token
from tests.servers import ROOT

PAGE = ROOT / "docs" / "examples" / "kubernetes.yaml"
PARTS: dict[str, Any] = {part["kind"]: part for part in YAML(typ="safe").load_all(PAGE.read_text())}
DOCKERFILE = (ROOT / "Dockerfile").read_text()
POD = PARTS["Deployment"]["spec"]["template"]["spec"]
CONTAINER = POD["containers"][0]
ENVIRON: dict[str, dict[str, Any]] = {variable["name"]: variable for variable in CONTAINER["env"]}
OPTIONS = {f"{PREFIX}{option.name.upper()}": option for option in serve.params if option.name}
SECRET_VARIABLE = f"{PREFIX}CONTROL_TOKEN"


def value(name: str) -> str:
    """What a variable is set to, whether it stands there or in the Secret."""
    variable = ENVIRON[name]
    if "value" in variable:
        return str(variable["value"]).replace("$(POD_IP)", "10.0.0.7")
    key = variable["valueFrom"]["secretKeyRef"]
    assert key["name"] == PARTS["Secret"]["metadata"]["name"]
    return str(PARTS["Secret"]["stringData"][key["key"]])


@pytest.mark.parametrize("version", ["1.31.0", kubernetes_validate.latest_version()])
@pytest.mark.parametrize("kind", PARTS)
def test_every_part_is_as_kubernetes_has_it(kind: str, version: str) -> None:
    kubernetes_validate.validate(PARTS[kind], version, strict=True)


def test_there_are_two_replicas_and_all_parts_speak_of_the_same() -> None:
    assert [*PARTS] == ["Secret", "Deployment", "Service", "PodDisruptionBudget"]
    assert PARTS["Deployment"]["spec"]["replicas"] == 2
    labels = PARTS["Deployment"]["spec"]["template"]["metadata"]["labels"]
    assert PARTS["Deployment"]["spec"]["selector"]["matchLabels"] == labels
    assert PARTS["Service"]["spec"]["selector"] == labels
    assert PARTS["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"] == labels


def test_every_variable_is_one_that_serve_reads() -> None:
    assert ENVIRON.keys() - {SECRET_VARIABLE, "POD_IP"} <= OPTIONS.keys()
    assert SECRET_VARIABLE in ENVIRON


def test_every_value_is_one_that_serve_takes() -> None:
    context, refused = click.Context(serve), set()
    for name in ENVIRON.keys() - {SECRET_VARIABLE, "POD_IP"}:
        try:
            option = OPTIONS[name]
            option.process_value(context, value(name))
        except click.UsageError:
            refused.add(name)
    # `--log` is a choice of `memory` alone until it takes an address; from then on nothing may be refused.
    waits = isinstance(OPTIONS[f"{PREFIX}LOG"].type, click.Choice)
    assert refused == ({f"{PREFIX}LOG"} if waits else set())


def test_it_is_closed_and_no_secret_stands_outside_of_the_secret() -> None:
    assert value(f"{PREFIX}ACCESS") == "closed"
    assert is_web_url(value(f"{PREFIX}PUBLIC_URL"))
    assert value(f"{PREFIX}LOG").startswith("postgresql://")
    assert all("valueFrom" in ENVIRON[name] for name in (f"{PREFIX}LOG", SECRET_VARIABLE))


def test_the_server_refuses_the_placeholder_of_the_control_token() -> None:
    assert flaw_of_token(value(SECRET_VARIABLE)) is not None


def test_it_runs_the_image_as_the_image_is_made() -> None:
    uid, gid = re.findall(r"^USER (\d+):(\d+)$", DOCKERFILE, re.MULTILINE)[0]
    security = POD["securityContext"]
    assert (security["runAsUser"], security["runAsGroup"], security["runAsNonRoot"]) == (int(uid), int(gid), True)
    port = int(re.findall(r"^EXPOSE (\d+)$", DOCKERFILE, re.MULTILINE)[0])
    forwards = int(value(f"{PREFIX}ADVERTISE").rpartition(":")[2])
    assert [exposed["containerPort"] for exposed in CONTAINER["ports"]] == [port, forwards]
    assert port == int(value(f"{PREFIX}PORT"))
    assert CONTAINER["image"] == f"assessment-simulator:{assessment_simulator.__version__}"
    assert CONTAINER["args"] == ["serve"]
    assert re.search(r"^ARG EXTRAS=", DOCKERFILE, re.MULTILINE), "the page names it"


def test_the_probes_ask_what_asks_for_no_token() -> None:
    for probe in ("readinessProbe", "livenessProbe"):
        assert CONTAINER[probe]["httpGet"]["path"] in OPEN_PATHS
        assert CONTAINER[probe]["httpGet"]["port"] == CONTAINER["ports"][0]["name"]
    program, command = CONTAINER["startupProbe"]["exec"]["command"]
    assert (program, command in main.commands) == ("assessment-simulator", True)
    assert PARTS["Service"]["spec"]["ports"][0]["targetPort"] == CONTAINER["ports"][0]["name"]


def test_the_end_is_given_the_time_that_it_takes() -> None:
    pause = CONTAINER["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert POD["terminationGracePeriodSeconds"] >= pause + float(value(f"{PREFIX}GRACE")) + 10
