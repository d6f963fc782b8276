"""pymetrics' published SDK for version 2, unmodified, in an environment of its own, against the running program.

The distribution holds the same client twice, as `openapi_client` and as `pymetrics_soft_skills_sdk`.
"""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.clients.environments import SOFT_SKILLS_SDK, environment
from tests.servers import Sandbox

SCRIPTS = Path(__file__).parent / "pymetrics_soft_skills_sdk"
PACKAGES = ("openapi_client", "pymetrics_soft_skills_sdk")

Run = Callable[[str, str], dict[str, Any]]


@pytest.fixture(scope="session")
def sdk() -> Path:
    """The interpreter of the SDK's environment."""
    return environment(*SOFT_SKILLS_SDK)


@pytest.fixture
def assessment(sandbox: Sandbox) -> str:
    """An assessment that can be ordered."""
    id: str = sandbox.pymetrics.get("/mercury/v2/assessments").json()["assessments"][0]["id"]
    return id


@pytest.fixture
def run(sdk: Path, sandbox: Sandbox, assessment: str) -> Run:
    """Run one of the scripts with one of the packages: what it printed, call by call."""

    def run(script: str, package: str) -> dict[str, Any]:
        command: list[str | Path] = [
            sdk,
            "-X",
            "utf8",
            SCRIPTS / script,
            sandbox.url,
            sandbox.credential,
            package,
            assessment,
        ]
        environ = {**os.environ, "NO_PROXY": "127.0.0.1"}
        done = subprocess.run(command, text=True, env=environ, capture_output=True, timeout=60, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        told: dict[str, Any] = json.loads(done.stdout)
        return told

    return run


ANSWERS = {
    "token": [201, "OAuthResponse"],
    "configuration": [200, "Configuration"],
    "created": [201, "OrderCreateResponse"],
    "repeated": [200, "OrderCreateResponse"],
    "found": [200, "MercuryAssessmentOrder"],
    "reported": [200, "MercuryAssessmentOrder"],
    "listed": [200, "ListOrdersResponse"],
    "listed by candidate": [200, "ListOrdersResponse"],
    "listed by application": [200, "ListOrdersResponse"],
    "listed in vain": [200, "ListOrdersResponse"],
    "factors": [200, "MercuryOrderFactorContent"],
}
"""The status of every call and the type that it is parsed as."""


def answered(said: dict[str, Any]) -> dict[str, list[Any]]:
    """Statuses and types alone."""
    return {name: [status, parsed] for name, (status, parsed, _) in said.items()}


def test_the_six_calls_are_answered_as_the_generated_package_expects(run: Run) -> None:
    said = run("six_calls.py", "openapi_client")
    assert answered(said) == ANSWERS


def test_the_five_calls_are_answered_as_the_named_package_expects_whose_get_config_fails_in_itself(run: Run) -> None:
    said = run("six_calls.py", "pymetrics_soft_skills_sdk")
    # Its model of the answer is called as the client's own `Configuration`, and takes itself for that: after any 200.
    failed = [200, "AttributeError: type object 'Configuration' has no attribute 'get_default_copy'"]
    assert answered(said) == {**ANSWERS, "configuration": failed}


@pytest.mark.parametrize("package", PACKAGES)
def test_what_the_sdk_reads_is_the_order_all_the_way_to_its_report(
    run: Run, sandbox: Sandbox, assessment: str, package: str
) -> None:
    content = {name: content for name, (_, _, content) in run("six_calls.py", package).items()}

    order = content["created"]["order"]
    assert (content["created"]["created"], content["repeated"]["created"]) == (True, False)
    assert order["candidate"] == {
        "email": "zoë+completes@example.com", "first_name": "Zoë", "last_name": "Exämple", "external_id": "c 1&x=é",
    }  # fmt: skip
    assert (order["status"], order["ats_type"], order["metadata"]) == (
        "Not Started", "mercury_api", {"job_name": "accountant"}
    )  # fmt: skip
    assert content["repeated"]["order"]["id"] == order["id"]
    found, reported = content["found"], content["reported"]
    assert (found["status"], found["reports"], len(found["results"])) == ("Fulfilled", None, 1)
    (report,) = reported["reports"]
    assert report["report_type"] == "recruiter-report"
    assert report["download_url"].startswith(sandbox.url)
    for name in ("listed", "listed by candidate", "listed by application"):
        assert [one["id"] for one in content[name]["orders"]] == [order["id"]]
    assert content["listed in vain"]["orders"] == []
    factors = content["factors"]
    assert (factors["order"]["id"], factors["order"]["assessment_id"]) == (order["id"], assessment)
    assert len(factors["factors"]) == 9
    for factor in factors["factors"]:
        assert factor["model_directions"][0]["assessment"]["id"] == assessment
        assert factor["development_report_factor_content"]["ways_to_develop"]


@pytest.mark.parametrize("package", PACKAGES)
def test_refusals_raise_the_sdks_own_exceptions_with_the_envelope_in_them(
    run: Run, sandbox: Sandbox, package: str
) -> None:
    refused = run("refusals.py", package)

    assert {name: (raised, status) for name, (raised, status, _) in refused.items()} == {
        "token, no body": ("ApiException", 400),
        "token, another grant": ("ApiException", 400),
        "token, a stranger": ("UnauthorizedException", 401),
        "configuration, a forged token": ("UnauthorizedException", 401),
        "create, no address": ("ApiException", 400),
        "create, an unknown assessment": ("ApiException", 400),
        "create, no key": ("ForbiddenException", 403),
        "get, an unknown order": ("NotFoundException", 404),
        "list, no filter": ("ApiException", 400),
        "list, an empty filter": ("ApiException", 400),
        "factors, an unknown order": ("NotFoundException", 404),
        "factors, no results": ("ApiException", 400),
    }
    for _, status, body in refused.values():
        assert set(body) == ({"message"} if status == 403 else {"request_id", "recoverable", "message"})
    assert len(sandbox.control_json("GET", "/invitations")) == 1
