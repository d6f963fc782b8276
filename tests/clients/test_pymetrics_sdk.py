"""pymetrics' published SDK, unmodified, in an environment of its own, against the running program."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.clients.environments import PYMETRICS_SDK, environment
from tests.servers import Sandbox

SCRIPTS = Path(__file__).parent / "pymetrics_sdk"

Run = Callable[..., list[str]]


@pytest.fixture(scope="session")
def sdk() -> Path:
    """The interpreter of the SDK's environment."""
    return environment(*PYMETRICS_SDK)


@pytest.fixture
def run(sdk: Path, sandbox: Sandbox) -> Run:
    """Run one of the scripts with `arguments` after this server's address: the lines that it printed."""

    def run(script: str, *arguments: str) -> list[str]:
        keys = {f"MERCURY_{name}": sandbox.credential for name in ("CLIENT_ID", "CLIENT_SECRET", "X_API_KEY")}
        command: list[str | Path] = [sdk, "-X", "utf8", SCRIPTS / script, sandbox.url, *arguments]
        environ = {**os.environ, **keys, "NO_PROXY": "127.0.0.1"}
        done = subprocess.run(command, text=True, env=environ, capture_output=True, timeout=60, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.splitlines()

    return run


def outcomes(printed: list[str]) -> dict[str, Any]:
    """What a script's last line tells, call by call: `[status, type, content]`."""
    told: dict[str, Any] = json.loads(printed[-1])
    return told


@pytest.mark.parametrize("style", ["sync", "asyncio"])
def test_the_five_calls_are_answered_as_the_sdk_expects(run: Run, sandbox: Sandbox, style: str) -> None:
    said = outcomes(run("five_calls.py", sandbox.credential, style))

    assert {name: (status, parsed) for name, (status, parsed, _) in said.items()} == {
        "token": (201, "OAuthTokenResponse"),
        "configuration": (200, "MercuryConfiguration"),
        "created": (201, "MercuryOrderCreateResponse"),
        "repeated": (200, "MercuryOrderCreateResponse"),
        "found": (200, "MercuryAssessmentOrder"),
        "reported": (200, "MercuryAssessmentOrder"),
        "listed": (200, "MercuryListOrdersResponse"),
        "listed by candidate": (200, "MercuryListOrdersResponse"),
        "listed by application": (200, "MercuryListOrdersResponse"),
        "listed in vain": (200, "MercuryListOrdersResponse"),
    }
    content = {name: content for name, (_, _, content) in said.items()}
    order = content["created"]["order"]
    assert content["created"]["created"] is True
    assert content["repeated"] == {"created": False, "order": order}
    assert content["found"] == order
    for name in ("listed", "listed by candidate", "listed by application"):
        assert content[name]["orders"] == [order]
    assert content["listed in vain"]["orders"] == []
    candidate = {"email": "zoë@example.com", "first_name": "Zoë", "last_name": "Exämple", "external_id": "c-1"}
    assert order["candidate"] == candidate
    assert order["status"] == "Not Started"
    assert order["metadata"] == {"job_name": "accountant"}
    assert order["assessment"] == content["configuration"]["assessments"][0]


def test_a_completed_order_brings_results_and_a_report_that_the_sdk_can_read(run: Run, sandbox: Sandbox) -> None:
    order = outcomes(run("five_calls.py", sandbox.credential, "sync"))["created"][2]["order"]["id"]
    sandbox.control_json("POST", f"/invitations/{order}/complete")

    seen = outcomes(run("look.py", sandbox.credential, order))

    assert seen["status"] == "Fulfilled"
    assert seen["results"]
    assert seen["reports"][0]["download_url"].startswith(sandbox.url)


def test_refusals_parse_as_the_sdks_own_error_model(run: Run, sandbox: Sandbox) -> None:
    refused = outcomes(run("errors.py", sandbox.credential))

    assert {name: (status, parsed) for name, (status, parsed, _) in refused.items()} == {
        "token, another grant": (400, "MercuryErrorResponse"),
        "token, a stranger": (401, "MercuryErrorResponse"),
        "configuration, a forged token": (401, "MercuryErrorResponse"),
        "create, an unknown assessment": (400, "MercuryErrorResponse"),
        "create, a forged token": (401, "MercuryErrorResponse"),
        "create, no key": (403, "NoneType"),
        "get, an unknown order": (404, "MercuryErrorResponse"),
        "list, no filter": (400, "MercuryErrorResponse"),
    }
    for status, _, content in refused.values():
        if status != 403:
            assert set(content) == {"request_id", "recoverable", "message"}
    assert sandbox.control_json("GET", "/invitations") == []


@pytest.fixture
def constants(sandbox: Sandbox) -> list[str]:
    """Values for the placeholders of the examples' constants, of which one order exists."""
    assessment = sandbox.pymetrics.get("/mercury/configuration").json()["assessments"][0]["id"]
    wanted = {
        "candidate": {"email": "ada@example.com", "external_id": "c-1"},
        "assessment_id": assessment,
        "application_id": "a-1",
    }
    order = sandbox.pymetrics.post("/mercury/order", json=wanted).json()["order"]["id"]
    return [f"ASSESSMENT_ID={assessment}", f"ORDER_UUID={order}", "CANDIDATE_ID=c-1", "JOB_APPLICATION_ID=a-1"]


@pytest.mark.parametrize(
    ("example", "calls", "output"),
    [
        ("get_oauth", [], "Access Token: "),
        ("get_config", ["/mercury/configuration"], "Successfully retrieved all assessments: {'assessments': [{"),
        ("retrieve_order", ["/mercury/getOrder/{order}"], "Successfully retrieved order: {'"),
        ("list_orders", ["/mercury/orders"] * 2, "Successfully listed order(s) by candidate id: {'orders': [{"),
    ],
    ids=["get_oauth", "get_config", "retrieve_order", "list_orders"],
)
def test_the_sdks_example_runs(run: Run, constants: list[str], example: str, calls: list[str], output: str) -> None:
    order = constants[1].removeprefix("ORDER_UUID=")

    *printed, last = run("example.py", f"example_mercury_{example}", *constants)

    assert json.loads(last) == {
        "sent": ["/mercury/oauth/token", *(path.replace("{order}", order) for path in calls)],
        "error": None,
    }
    assert printed[0].startswith(output)


def test_the_sdks_create_example_lacks_the_application_and_fails_before_it_creates(
    run: Run, constants: list[str], sandbox: Sandbox
) -> None:
    before = sandbox.control_json("GET", "/invitations")

    last = run("example.py", "example_mercury_create_and_retrieve_order", *constants)[-1]

    assert json.loads(last) == {
        "sent": ["/mercury/oauth/token"],
        "error": "TypeError: MercuryOrderRequest.__init__() missing 1 required positional argument: 'application_id'",
    }
    assert sandbox.control_json("GET", "/invitations") == before
