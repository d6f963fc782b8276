"""`POST S/webhook-test`: one attempt from where the server runs, outside of any delivery."""

from typing import Any

import pytest

from tests.server import problem
from tests.servers import Listener, Sandbox, served


def test_attempt_shows_request_and_response(sandbox: Sandbox, listener: Listener) -> None:
    url = listener.url.replace("http://", "http://user:pw@") + "/hook?a=b"
    told = sandbox.control_json("POST", "/webhook-test", {"url": url})
    [received] = listener.received
    assert (received.method, received.path, received.json) == ("POST", "/hook?a=b", {"type": "simulator.test"})
    assert received.headers["simulator-test"] == "1"
    assert received.headers["authorization"] == "Basic dXNlcjpwdw=="
    assert told["url"] == url.replace("user:pw", "***")
    assert dict(told["request"]["headers"])["authorization"] == "Basic ***"
    assert (told["number"], told["status"], told["error"]) == (1, 200, None)
    assert 0 < told["duration"] < 5
    assert told["request"]["body"] == '{"type":"simulator.test"}'
    assert told["answer"]["status"] == 200


def test_nothing_is_stored_and_no_fault_applies(sandbox: Sandbox, listener: Listener) -> None:
    sandbox.control_json("PUT", "/faults", [{"on": "deliveries", "do": "drop"}])
    before = sandbox.control_json("GET")["counts"]
    listener.answers = [503]
    assert sandbox.control_json("POST", "/webhook-test", {"url": listener.url})["status"] == 503
    assert sandbox.control_json("POST", "/clock", {"until_idle": True})["events"] == []
    assert sandbox.control_json("GET")["counts"] == before
    assert sandbox.control_json("GET", "/faults")[0]["met"] == 0
    assert len(listener.received) == 1


@pytest.mark.parametrize("setting", ["default_webhook_url", "webhook_url"])
def test_url_defaults_to_the_settings(sandbox: Sandbox, listener: Listener, setting: str) -> None:
    sandbox.control_json("PATCH", "/config", {setting: f"{listener.url}/{setting}"})
    assert sandbox.control_json("POST", "/webhook-test")["status"] == 200
    assert listener.received[0].path == f"/{setting}"


def test_missing_url_is_409(sandbox: Sandbox) -> None:
    problem(sandbox.control("POST", "/webhook-test"), 409, "give a url", "default_webhook_url")


@pytest.mark.parametrize("body", [{"url": "ftp://a"}, {"url": ""}, {"url": 1}, {"to": "http://a"}, []])
def test_invalid_body_is_422(sandbox: Sandbox, body: Any) -> None:
    assert sandbox.control("POST", "/webhook-test", body).status_code == 422


def test_policy_and_timeout_apply(sandbox: Sandbox, listener: Listener) -> None:
    assert (
        sandbox.control_json("POST", "/webhook-test", {"url": "http://169.254.169.254/"})["error"]
        == "refused by policy"
    )
    sandbox.control_json("PATCH", "/config", {"webhook_timeout": 0.2})
    listener.delay = 3
    assert sandbox.control_json("POST", "/webhook-test", {"url": listener.url})["error"] == "no answer within 0.2 s"
    assert sandbox.control_json("POST", "/webhook-test", {"url": "http://127.0.0.1:1/"})["status"] is None


def test_webhook_hosts_apply(listener: Listener) -> None:
    from httpx2 import Client

    with served("--webhook-hosts", "hook.example") as url, Client(base_url=url, trust_env=False) as http:
        tried = Sandbox(http, "ada").control_json("POST", "/webhook-test", {"url": listener.url})
    assert tried["error"] == "refused by policy"
    assert listener.received == []
