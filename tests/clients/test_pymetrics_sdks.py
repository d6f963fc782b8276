"""pymetrics' published SDKs, unmodified, in environments of their own, against the running program.

The distribution for version 2 holds the same client twice, as `openapi_client` and as `pymetrics_soft_skills_sdk`.
"""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.clients.environments import PYMETRICS_SDK, SOFT_SKILLS_SDK, environment
from tests.servers import Sandbox

HERE = Path(__file__).parent


def run(requirements: tuple[str, ...], script: str, sandbox: Sandbox, *arguments: str, **environ: str) -> list[str]:
    """Run one of the scripts with `arguments` after this server's address: the lines that it printed."""
    keys = {f"MERCURY_{name}": sandbox.credential for name in ("CLIENT_ID", "CLIENT_SECRET", "X_API_KEY")}
    done = subprocess.run(
        [environment(*requirements), "-X", "utf8", HERE / script, sandbox.url, *arguments],
        text=True, env={**os.environ, **keys, "NO_PROXY": "127.0.0.1", **environ}, capture_output=True, timeout=60,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


def outcomes(printed: list[str]) -> tuple[dict[str, list[Any]], dict[str, Any]]:
    """What a script's last line reports of each call: status and type; content."""
    said = json.loads(printed[-1])
    return {name: row[:2] for name, row in said.items()}, {name: row[2] for name, row in said.items()}


def check_order(content: dict[str, Any], sandbox: Sandbox) -> dict[str, Any]:
    """The contents of the calls from creation to report are of one order, which was sent by both scripts."""
    order: dict[str, Any] = content["created"]["order"]
    assert (content["created"]["created"], content["repeated"]["created"]) == (True, False)
    assert content["repeated"]["order"]["id"] == order["id"]
    assert (order["candidate"]["email"], order["candidate"]["first_name"]) == ("zoë+completes@example.com", "Zoë")
    assert (order["status"], order["metadata"]) == ("Not Started", {"job_name": "accountant"})
    assert (content["found"]["status"], content["found"]["id"]) == ("Fulfilled", order["id"])
    assert content["found"]["results"]
    assert content["reported"]["reports"][0]["download_url"].startswith(sandbox.url)
    for name in ("listed", "listed by candidate", "listed by application"):
        assert [one["id"] for one in content[name]["orders"]] == [order["id"]]
    assert content["listed in vain"]["orders"] == []
    return order


ENVELOPE = {"request_id", "recoverable", "message"}
ANSWERS_1 = {
    "token": [201, "OAuthTokenResponse"],
    "configuration": [200, "MercuryConfiguration"],
    "created": [201, "MercuryOrderCreateResponse"],
    "repeated": [200, "MercuryOrderCreateResponse"],
    "found": [200, "MercuryAssessmentOrder"],
    "reported": [200, "MercuryAssessmentOrder"],
    "listed": [200, "MercuryListOrdersResponse"],
    "listed by candidate": [200, "MercuryListOrdersResponse"],
    "listed by application": [200, "MercuryListOrdersResponse"],
    "listed in vain": [200, "MercuryListOrdersResponse"],
    "token, another grant": [400, "MercuryErrorResponse"],
    "token, a stranger": [401, "MercuryErrorResponse"],
    "configuration, a forged token": [401, "MercuryErrorResponse"],
    "create, an unknown assessment": [400, "MercuryErrorResponse"],
    "create, a forged token": [401, "MercuryErrorResponse"],
    "create, no key": [403, "NoneType"],
    "get, an unknown order": [404, "MercuryErrorResponse"],
    "list, no filter": [400, "MercuryErrorResponse"],
}


@pytest.mark.parametrize("style", ["sync", "asyncio"])
def test_the_five_calls_and_refusals_are_answered_as_the_sdk_expects(sandbox: Sandbox, style: str) -> None:
    answers, content = outcomes(run(PYMETRICS_SDK, "pymetrics_sdk/calls.py", sandbox, sandbox.credential, style))
    assert answers == ANSWERS_1
    order = check_order(content, sandbox)
    assert order["assessment"] == content["configuration"]["assessments"][0]
    refused = [said for name, said in content.items() if "," in name and name != "create, no key"]
    assert [said.keys() for said in refused] == [ENVELOPE] * 7
    assert len(sandbox.control_json("GET", "/invitations")) == 1


TOKEN = "/mercury/oauth/token"
NO_APPLICATION = "TypeError: MercuryOrderRequest.__init__() missing 1 required positional argument: 'application_id'"
EXAMPLES: list[tuple[str, list[str], str | None, str]] = [
    ("get_oauth", [TOKEN], None, "Access Token: "),
    ("get_config", [TOKEN, "/mercury/configuration"], None, "Successfully retrieved all assessments: {'assessments': "),
    ("retrieve_order", [TOKEN, "/mercury/getOrder/ORDER"], None, "Successfully retrieved order: {'"),
    ("list_orders", [TOKEN, *["/mercury/orders"] * 2], None, "Successfully listed order(s) by candidate id: {'orders'"),
    ("create_and_retrieve_order", [TOKEN], NO_APPLICATION, ""),  # it lacks the application
]


@pytest.mark.parametrize(("example", "sent", "error", "output"), EXAMPLES)
def test_the_sdks_examples_run(sandbox: Sandbox, example: str, sent: list[str], error: str | None, output: str) -> None:
    assessment = sandbox.pymetrics.get("/mercury/configuration").json()["assessments"][0]["id"]
    candidate = {"email": "ada@example.com", "external_id": "c-1"}
    wanted = {"candidate": candidate, "assessment_id": assessment, "application_id": "a-1"}
    order = sandbox.pymetrics.post("/mercury/order", json=wanted).json()["order"]["id"]
    constants = (f"ASSESSMENT_ID={assessment}", f"ORDER_UUID={order}", "CANDIDATE_ID=c-1", "JOB_APPLICATION_ID=a-1")

    *printed, last = run(PYMETRICS_SDK, "pymetrics_sdk/example.py", sandbox, f"example_mercury_{example}", *constants)

    assert json.loads(last.replace(order, "ORDER")) == {"sent": sent, "error": error}
    assert "\n".join(printed).startswith(output)
    assert len(sandbox.control_json("GET", "/invitations")) == 1


ANSWERS_2 = {
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
    "token, no body": [400, "ApiException"],
    "token, another grant": [400, "ApiException"],
    "token, a stranger": [401, "UnauthorizedException"],
    "configuration, a forged token": [401, "UnauthorizedException"],
    "create, no address": [400, "ApiException"],
    "create, an unknown assessment": [400, "ApiException"],
    "create, no key": [403, "ForbiddenException"],
    "get, an unknown order": [404, "NotFoundException"],
    "list, no filter": [400, "ApiException"],
    "list, an empty filter": [400, "ApiException"],
    "factors, an unknown order": [404, "NotFoundException"],
    "factors, no results": [400, "ApiException"],
}
# Its model of the answer is called as the client's own `Configuration`, and takes itself for that: after any 200.
FAILS_IN_ITSELF = [200, "AttributeError: type object 'Configuration' has no attribute 'get_default_copy'"]


@pytest.mark.parametrize(
    ("package", "configuration"),
    [("openapi_client", ANSWERS_2["configuration"]), ("pymetrics_soft_skills_sdk", FAILS_IN_ITSELF)],
)
def test_the_six_calls_and_refusals_are_answered_as_the_sdk_for_version_2_expects(
    sandbox: Sandbox, package: str, configuration: list[Any]
) -> None:
    assessment = sandbox.pymetrics.get("/mercury/v2/assessments").json()["assessments"][0]["id"]
    arguments = (sandbox.credential, package, assessment)
    answers, content = outcomes(run(SOFT_SKILLS_SDK, "pymetrics_soft_skills_sdk/calls.py", sandbox, *arguments))
    assert answers == {**ANSWERS_2, "configuration": configuration}
    order = check_order(content, sandbox)
    assert content["found"]["reports"] is None
    assert content["factors"]["order"]["id"] == order["id"]
    assert len(content["factors"]["factors"]) == 9
    for factor in content["factors"]["factors"]:
        assert factor["model_directions"][0]["assessment"]["id"] == assessment
        assert factor["development_report_factor_content"]["ways_to_develop"]
    for name, body in content.items():
        if "," in name:
            assert body.keys() == ({"message"} if name == "create, no key" else ENVELOPE)
    assert len(sandbox.control_json("GET", "/invitations")) == 2
