"""The control API: what the knobs do, and that a wrong turn changes nothing."""

import json
import re
import threading
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest

import assessment_simulator
from assessment_simulator.app import VENDORS, documents
from tests.server import (
    FORBIDDEN_HOOK,
    GAMES,
    LIMIT,
    ROOT,
    advance,
    assessment,
    completed_with_webhook,
    names,
    order,
    order_body,
    problem,
    send_raw,
    wait_for_responses_handled,
)  # fmt: skip
from tests.servers import Listener, Sandbox, Server
from tests.waiting import wait_for_requests_read

BEGUN = "2030-01-01T00:00:00Z"
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z")


@pytest.fixture
def fresh(http: httpx2.Client) -> Iterator[Callable[[], str]]:
    """Makes names that no sandbox has; what was opened under them is forgotten when the test is over."""
    made: list[str] = []

    def name() -> str:
        made.append(f"n-{uuid.uuid4()}")
        return made[-1]

    yield name
    for each in made:
        http.delete(f"{ROOT}/{each}")


# The server.


def test_health_returns_ok_and_the_version(http: httpx2.Client) -> None:
    answer = http.get("/_simulator/health")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "version": assessment_simulator.__version__}


def test_rule_catalogue_lists_every_rule_once_with_all_members(http: httpx2.Client) -> None:
    rules = http.get("/_simulator/rules").json()
    ids = [rule["id"] for rule in rules]
    assert len(set(ids)) == len(ids)
    assert {tuple(rule) for rule in rules} == {
        ("id", "vendor", "place", "statement", "standing", "source", "status", "status_standing", "status_source",
         "body_standing", "body_source"),
    }  # fmt: skip
    for part in ("standing", "status_standing"):
        assert {rule[part] for rule in rules} == {"documented", "third_party", "observed", "assumed"}
    assert {(rule["id"].split(".")[0], rule["vendor"]) for rule in rules} == {
        ("pymetrics", "pymetrics"), ("pi", "predictive_index"),
    }  # fmt: skip
    assert all(
        isinstance(rule[member], str) and rule[member] for rule in rules for member in rule if member != "status"
    )
    assert all(400 <= rule["status"] <= 599 for rule in rules)


# Opening, looking, forgetting.


def test_created_sandbox_has_name_seed_and_credentials(http: httpx2.Client, fresh: Callable[[], str]) -> None:
    name = fresh()
    answer = http.post(ROOT, json={"name": name, "seed": 7})
    assert answer.status_code == 201
    key = f"sim-{name}"
    opened = answer.json()
    assert set(opened) == {"name", "seed", "credentials"}
    assert (opened["name"], opened["seed"]) == (name, 7)
    pymetrics = opened["credentials"]["pymetrics"]
    assert set(pymetrics) == {"client_id", "client_secret", "api_key"}
    assert (pymetrics["client_id"], pymetrics["api_key"]) == (key, key)
    assert pymetrics["client_secret"]
    assert opened["credentials"]["predictive_index"] == {"api_key": key}
    assert name in names(http)


def test_credentials_work_at_both_vendors(http: httpx2.Client, fresh: Callable[[], str]) -> None:
    name = fresh()
    keys = http.post(ROOT, json={"name": name}).json()["credentials"]
    client = {name: keys["pymetrics"][name] for name in ("client_id", "client_secret")}
    token = http.post("/mercury/oauth/token", json={**client, "grant_type": "client_credentials"}).json()
    headers = {"Authorization": f"Bearer {token['access_token']}", "X-Api-Key": keys["pymetrics"]["api_key"]}
    made = http.post("/mercury/order", json=order_body(), headers=headers).json()["order"]["id"]
    key = {"api-key": keys["predictive_index"]["api_key"]}
    body = {"firstName": "A", "lastName": "B", "email": "a@example.com"}
    invited = http.post("/api/v1/behavioralassessments", json=body, headers=key).json()["assessmentId"]
    assert [found["id"] for found in http.get(f"{ROOT}/{name}/invitations").json()] == [made, invited]


@pytest.mark.parametrize("body", [None, {}, {"name": None}], ids=str)
def test_sandbox_without_a_name_gets_a_random_one(http: httpx2.Client, body: Any) -> None:
    answers = [http.post(ROOT, **({} if body is None else {"json": body})) for _ in range(2)]
    given = {answer.json()["name"] for answer in answers}
    assert [answer.status_code for answer in answers] == [201, 201]
    assert len(given) == 2
    for name in given:
        assert re.fullmatch(r"[a-z0-9-]{1,64}", name)
        assert http.delete(f"{ROOT}/{name}").status_code == 204


@pytest.mark.parametrize("name", ["a", "0", "-", "a" * 64, "a-1"], ids=len)
def test_valid_name_is_1_to_64_lower_case_letters_digits_or_hyphens(http: httpx2.Client, name: str) -> None:
    assert http.post(ROOT, json={"name": name}).status_code == 201
    assert http.delete(f"{ROOT}/{name}").status_code == 204


@pytest.mark.parametrize("seed", [0, 7, -1, 2**70, "", "seven", "ünï"], ids=str)
def test_seed_is_an_integer_or_a_text(http: httpx2.Client, fresh: Callable[[], str], seed: int | str) -> None:
    name = fresh()
    answer = http.post(ROOT, json={"name": name, "seed": seed})
    assert answer.status_code == 201
    assert answer.json()["seed"] == seed
    assert http.get(f"{ROOT}/{name}").json()["seed"] == seed


def test_same_seed_and_name_give_the_same_bytes(http: httpx2.Client, fresh: Callable[[], str]) -> None:
    name = fresh()

    def play(seed: int | str) -> bytes:
        http.post(ROOT, json={"name": name, "seed": seed})
        sandbox = Sandbox(http, name)
        sandbox.control_json("POST", "/clock", {"freeze": BEGUN})
        made = sandbox.pymetrics.post("/mercury/order", json=order_body()).content
        sandbox.control("DELETE")
        return made

    assert play(7) == play(7)
    assert len({play(seed) for seed in (7, 8, "", "eight")}) == 4


def test_sandbox_is_created_with_settings(http: httpx2.Client, fresh: Callable[[], str]) -> None:
    name = fresh()
    http.post(ROOT, json={"name": name, "config": {"invitation_days": 20, "positions": ["Pilot"]}})
    config = http.get(f"{ROOT}/{name}/config").json()
    assert (config["invitation_days"], config["positions"]) == (20, ["Pilot"])


def test_existing_name_returns_409_and_changes_nothing(http: httpx2.Client, sandbox: Sandbox) -> None:
    id = order(sandbox)["id"]
    problem(http.post(ROOT, json={"name": sandbox.name, "config": {"invitation_days": 20}}), 409, sandbox.name, "name")
    assert sandbox.control_json("GET", "/config")["invitation_days"] == 10
    assert [found["id"] for found in sandbox.control_json("GET", "/invitations")] == [id]


BAD_OPENINGS: dict[str, tuple[Any, str]] = {
    "a name in capitals": ({"name": "Ada"}, "name"),
    "no letter": ({"name": ""}, "name"),
    "a blank": ({"name": "a b"}, "name"),
    "a line feed at the end": ({"name": "ada\n"}, "name"),
    "a null byte": ({"name": "ada\0"}, "name"),
    "a slash": ({"name": "a/b"}, "name"),
    "an umlaut": ({"name": "ä"}, "name"),
    "digits of another script": ({"name": "\u0661"}, "name"),
    "65 letters": ({"name": "a" * 65}, "name"),
    "a number for a name": ({"name": 5}, "name"),
    "a list for a name": ({"name": ["a"]}, "name"),
    "a fraction for a seed": ({"seed": 1.5}, "seed: must be an integer or a string"),
    "true for a seed": ({"seed": True}, "seed"),
    "null for a seed": ({"seed": None}, "seed"),
    "a list for a seed": ({"seed": [1]}, "seed"),
    "a list for settings": ({"config": []}, "config"),
    "null for settings": ({"config": None}, "config"),
    "a wrong setting": ({"config": {"rate_limit": 0}}, "rate_limit"),
    "an unknown setting": ({"config": {"rate": 0}}, "rate"),
    "an unknown member": ({"nmae": "ada"}, "nmae"),
    "a list": ([], "object"),
    "a text": ("ada", "object"),
    "null": (None, "object"),
}


@pytest.mark.parametrize(("body", "named"), BAD_OPENINGS.values(), ids=BAD_OPENINGS)
def test_invalid_body_creates_no_sandbox_and_the_error_names_the_member(
    http: httpx2.Client, body: Any, named: str
) -> None:
    before = names(http)
    problem(http.post(ROOT, content=b"{"), 400, "JSON")
    problem(http.post(ROOT, content=json.dumps(body)), 422, named)
    assert names(http) == before


def test_last_of_two_equal_members_counts(http: httpx2.Client, fresh: Callable[[], str]) -> None:
    one, two = fresh(), fresh()
    assert http.post(ROOT, content=f'{{"name": "{one}", "name": "{two}"}}').json()["name"] == two
    assert one not in names(http)


def test_reading_an_unknown_sandbox_creates_it_in_open_access(http: httpx2.Client, fresh: Callable[[], str]) -> None:
    name = fresh()
    looked = http.get(f"{ROOT}/{name}")
    assert looked.status_code == 200
    assert looked.json()["name"] == name
    assert looked.json() in http.get(ROOT).json() or name in names(http)


def test_deleted_sandbox_is_gone_and_its_name_is_free(http: httpx2.Client, sandbox: Sandbox) -> None:
    order(sandbox)
    answer = sandbox.control("DELETE")
    assert (answer.status_code, answer.content) == (204, b"")
    assert sandbox.name not in names(http)
    assert http.post(ROOT, json={"name": sandbox.name}).status_code == 201
    assert sandbox.control_json("GET", "/invitations") == []
    refused = sandbox.pymetrics.get("/mercury/configuration")
    assert (refused.status_code, refused.headers["simulator-rule"]) == (401, "pymetrics.access.token.known")


def test_nothing_happens_after_the_sandbox_was_deleted(sandbox: Sandbox, listener: Listener) -> None:
    listener.answers, listener.delay = [500], 0.2
    completed_with_webhook(sandbox, listener)
    assessment(sandbox, email="ada+completes-in-10s@example.com", assessmentStatusWebHook=f"{listener.url}/late")
    sandbox.control("DELETE")
    assert advance(sandbox, "PT48H") == []
    listener.wait_for_answers(1)
    wait_for_responses_handled(sandbox.http)
    assert sandbox.control_json("GET", "/deliveries") == []
    assert len(listener.received) == 1


# Reset.


def test_reset_restores_the_opening_state(http: httpx2.Client, fresh: Callable[[], str]) -> None:
    name = fresh()
    http.post(ROOT, json={"name": name, "seed": 7, "config": {"invitation_days": 20}})
    sandbox = Sandbox(http, name)
    opening = sandbox.control_json("GET", "/config")
    sandbox.control_json("POST", "/clock", {"freeze": BEGUN})
    sandbox.control_json("PATCH", "/config", {"invitation_days": 5, "webhook_url": FORBIDDEN_HOOK})
    id = order(sandbox, send_email=True)["id"]
    sandbox.control_json("POST", f"/invitations/{id}/complete")
    kept = sandbox.control_json("POST", "/snapshots")["id"]
    assert sandbox.control_json("GET", "/mail")
    assert sandbox.control_json("GET", "/deliveries")
    assert sandbox.control("POST", "/reset").is_success
    for path in ("/invitations", "/mail", "/deliveries"):
        assert sandbox.control_json("GET", path) == []
    assert sandbox.control_json("GET", "/config") == opening
    clock = sandbox.control_json("GET", "/clock")
    assert clock["mode"] == "running"
    assert not clock["now"].startswith("2030")
    assert sandbox.control_json("GET")["seed"] == 7
    problem(sandbox.control("POST", f"/snapshots/{kept}/restore"), 404, kept)
    assert sandbox.pi.get("/api/v1/behavioralassessments").json() == []


def test_token_is_invalid_after_a_reset_and_a_new_one_is_valid(sandbox: Sandbox) -> None:
    old = sandbox.pymetrics
    sandbox.control_json("POST", "/reset")
    refused = old.get("/mercury/configuration")
    assert (refused.status_code, refused.headers["simulator-rule"]) == (401, "pymetrics.access.token.known")
    new = sandbox.renewed()
    assert new.get("/mercury/configuration").status_code == 200
    assert new.headers["Authorization"] != old.headers["Authorization"]


def test_no_webhook_is_retried_after_a_reset(sandbox: Sandbox, listener: Listener) -> None:
    listener.answers = [500]
    completed_with_webhook(sandbox, listener)
    sandbox.control_json("POST", "/reset")
    assert advance(sandbox, "PT48H") == []
    assert len(listener.received) == 1


@pytest.mark.parametrize("status", [200, 400, 500])
def test_attempt_in_flight_leaves_no_trace_after_a_reset(sandbox: Sandbox, listener: Listener, status: int) -> None:
    listener.answers, listener.delay = [status], 0.3
    completed_with_webhook(sandbox, listener)
    sandbox.control_json("POST", "/reset")
    id = assessment(sandbox)["assessmentId"]
    listener.wait_for_answers(1)
    wait_for_responses_handled(sandbox.http)
    assert sandbox.control_json("GET", "/deliveries") == []
    assert advance(sandbox, "PT24H") == []
    assert sandbox.control_json("GET", f"/invitations/{id}")["status"] == 0
    assert len(listener.received) == 1


def test_no_timer_fires_after_a_reset(sandbox: Sandbox) -> None:
    order(sandbox, email="ada+completes-in-10s@example.com")
    assessment(sandbox, email="ada+completes-in-10s@example.com")
    sandbox.control_json("POST", "/reset")
    assert advance(sandbox, "P60D") == []
    assert sandbox.control_json("GET", "/invitations") == []


def test_reset_ends_an_advance_that_waits_for_a_listener(sandbox: Sandbox, listener: Listener) -> None:
    listener.answers = [500]
    completed_with_webhook(sandbox, listener)
    listener.delay = 5
    answers: list[httpx2.Response] = []
    turning = threading.Thread(target=lambda: answers.append(sandbox.control("POST", "/clock", {"advance": "PT48H"})))
    turning.start()
    listener.wait_for(2)
    sandbox.control_json("POST", "/reset")
    turning.join(2)
    assert not turning.is_alive()
    assert answers[0].status_code in (200, 409)
    assert sandbox.control_json("GET", "/deliveries") == []
    clock = sandbox.control_json("GET", "/clock")
    assert clock["mode"] == "running"
    assert advance(sandbox, "PT1H") == []
    assert len(listener.received) == 2


def test_demo_has_its_samples_again_after_a_reset(http: httpx2.Client) -> None:
    demo = Sandbox(http, "demo")
    before = demo.control_json("GET", "/invitations")
    open_one = next(found["id"] for found in before if found["status"] == "Not Started")
    demo.control_json("POST", f"/invitations/{open_one}/complete")
    demo.control_json("POST", "/reset")
    after = demo.control_json("GET", "/invitations")
    assert [found["status"] for found in after] == [found["status"] for found in before]
    vendors = [found["vendor"] for found in after]
    assert (vendors.count("pymetrics"), vendors.count("predictive_index")) == (12, 12)
    for vendor, missing in (("pymetrics", set[Any]()), ("predictive_index", {60})):
        states = {found["status"] for found in after if found["vendor"] == vendor}
        assert states == {*VENDORS[vendor].state_machine.states} - missing
    assert demo.control_json("GET", "/deliveries") == []


# Settings.

SETTINGS = {
    "assessments", "positions", "folders", "custom_fields", "api_user", "default_webhook_url", "webhook_url",
    "webhook_secret", "invitation_days", "journal", "behaviour", "progress", "rate_limit", "maintenance",
    "webhook_timeout", "invitation_limit", "snapshot_limit", "webhook_rate", "webhook_time",
}  # fmt: skip


def test_all_settings_are_shown(sandbox: Sandbox) -> None:
    config = sandbox.control_json("GET", "/config")
    assert set(config) == SETTINGS
    assert set(config["journal"]) == {"entries", "bytes"}
    assert GAMES in [each["id"] for each in config["assessments"]]
    assert config["behaviour"]["pi.created_state"] == "sample"
    assert (config["progress"], config["rate_limit"], config["maintenance"]) == ("manual", None, False)


MERGES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "one member of the API user": ({"api_user": {"first_name": "Eve"}}, {"api_user": {"first_name": "Eve"}}),
    "one member of the journal": ({"journal": {"entries": 5}}, {"journal": {"entries": 5}}),
    "one switch": ({"behaviour": {"pi.list_limit": 50}}, {"behaviour": {"pi.list_limit": 50}}),
    "a number": ({"invitation_days": 30}, {"invitation_days": 30}),
    "a limit": ({"rate_limit": 1_000}, {"rate_limit": 1_000}),
    "whole seconds": ({"webhook_timeout": 5}, {"webhook_timeout": 5}),
    "a duration": ({"progress": "PT10S"}, {"progress": "PT10S"}),
    "nothing": ({}, {}),
}


@pytest.mark.parametrize(("change", "expected"), MERGES.values(), ids=MERGES)
def test_change_of_settings_leaves_the_others(
    sandbox: Sandbox, change: dict[str, Any], expected: dict[str, Any]
) -> None:
    config = sandbox.control_json("GET", "/config")
    answer = sandbox.control_json("PATCH", "/config", change)
    for name, value in expected.items():
        config[name] = {**config[name], **value} if isinstance(value, dict) else value
    assert answer == sandbox.control_json("GET", "/config") == config


NOTED_SECRETS = {
    "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw": "Base64 without whsec_",
    "YWJjZA": "Base64 without whsec_",
    "whsec_YQ": "npm's package standardwebhooks refuses fewer than 4 letters",
    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw": "",
    "a plain secret": "",
}


@pytest.mark.parametrize(("secret", "note"), NOTED_SECRETS.items())
def test_ambiguous_webhook_secret_gets_a_note(sandbox: Sandbox, secret: str, note: str) -> None:
    answer = sandbox.control("PATCH", "/config", {"webhook_secret": secret})
    assert note in answer.headers.get("simulator-note", "")
    assert ("simulator-note" in answer.headers) == bool(note)
    assert "simulator-note" not in sandbox.control("PATCH", "/config", {"rate_limit": None}).headers


def test_changes_of_settings_are_merged(sandbox: Sandbox) -> None:
    sandbox.control_json("PATCH", "/config", {"behaviour": {"pi.list_limit": 50}, "api_user": {"first_name": "Eve"}})
    config = sandbox.control_json(
        "PATCH", "/config", {"behaviour": {"pi.unsent_state": 10}, "api_user": {"phone": "1"}}
    )
    assert (config["behaviour"]["pi.list_limit"], config["behaviour"]["pi.unsent_state"]) == (50, 10)
    assert (config["api_user"]["first_name"], config["api_user"]["phone"]) == ("Eve", "1")


LISTS: dict[str, list[Any]] = {
    "assessments": [{"id": "one", "type": "nlr", "description": "One"}],
    "positions": ["Pilot"],
    "folders": ["\\Elsewhere"],
    "custom_fields": [{"name": "Size", "values": ["S", "M"]}],
}


@pytest.mark.parametrize("name", LISTS)
def test_list_in_settings_is_replaced(sandbox: Sandbox, name: str) -> None:
    assert sandbox.control_json("PATCH", "/config", {name: LISTS[name]})[name] == LISTS[name]


@pytest.mark.parametrize("name", ["default_webhook_url", "webhook_url", "webhook_secret", "rate_limit"])
def test_null_removes_a_setting(sandbox: Sandbox, name: str) -> None:
    value = 5 if name == "rate_limit" else "https://example.com/hook"
    assert sandbox.control_json("PATCH", "/config", {name: value})[name] == value
    assert sandbox.control_json("PATCH", "/config", {name: None})[name] is None


def test_invalid_settings_are_all_reported_and_change_nothing(sandbox: Sandbox) -> None:
    before = sandbox.control_json("GET", "/config")
    wrong = {"invitation_days": 99, "rate_limit": 0, "maintenance": True, "behaviour": {"pi.nope": 1}, "colour": 1}
    refused = problem(sandbox.control("PATCH", "/config", wrong), 422, *before["behaviour"])
    places = ["behaviour.pi.nope", "colour", "invitation_days", "rate_limit"]
    assert sorted(error["where"] for error in refused["errors"]) == places
    assert all(error["what"] for error in refused["errors"])
    assert sandbox.control_json("GET", "/config") == before


# Snapshots.


def test_restore_brings_back_records_mail_and_clock(sandbox: Sandbox) -> None:
    sandbox.control_json("POST", "/clock", {"freeze": BEGUN})
    one = order(sandbox, "one", send_email=True)
    assert sandbox.control("POST", "/snapshots").status_code == 201
    kept = sandbox.control_json("POST", "/snapshots")["id"]
    before = {path: sandbox.control_json("GET", path) for path in ("/invitations", "/mail", "/clock", "/config")}
    sandbox.control_json("POST", f"/invitations/{one['id']}/complete")
    order(sandbox, "two", send_email=True)
    sandbox.control_json("PATCH", "/config", {"invitation_days": 5})
    sandbox.control_json("POST", "/clock", {"advance": "PT30M"})
    sandbox.control_json("POST", "/clock", {"run": True})
    for _ in range(2):
        assert sandbox.control("POST", f"/snapshots/{kept}/restore").is_success
        assert {path: sandbox.control_json("GET", path) for path in before} == before
        assert sandbox.pymetrics.get(f"/mercury/getOrder/{one['id']}").json() == one
        sandbox.control_json("POST", f"/invitations/{one['id']}/expire")


def test_running_clock_continues_from_the_time_of_the_snapshot(sandbox: Sandbox) -> None:
    kept = sandbox.control_json("POST", "/snapshots")["id"]
    before = sandbox.control_json("GET", "/clock")["now"]
    sandbox.control_json("POST", "/clock", {"freeze": BEGUN})
    sandbox.control_json("POST", f"/snapshots/{kept}/restore")
    clock = sandbox.control_json("GET", "/clock")
    assert clock["mode"] == "running"
    assert clock["now"][:4] == before[:4]
    assert clock["now"] < sandbox.control_json("GET", "/clock")["now"]


def test_pending_delivery_comes_back_with_its_snapshot(sandbox: Sandbox, listener: Listener) -> None:
    listener.answers = [500, 200]
    completed_with_webhook(sandbox, listener)
    advance(sandbox, "PT0S")
    kept = sandbox.control_json("POST", "/snapshots")["id"]
    for tries in (2, 3):
        ((what, delivery),) = advance(sandbox, "PT24H")
        assert what == "attempt"
        assert sandbox.control_json("GET", f"/deliveries/{delivery}")["state"] == "delivered"
        assert len(listener.received) == tries
        sandbox.control_json("POST", f"/snapshots/{kept}/restore")
        (back,) = sandbox.control_json("GET", "/deliveries")
        assert (back["id"], back["state"], len(back["attempts"])) == (delivery, "pending", 1)


def test_attempt_in_flight_during_the_snapshot_is_repeated_after_a_restore(
    sandbox: Sandbox, listener: Listener
) -> None:
    listener.delay = 0.2
    completed_with_webhook(sandbox, listener)
    kept = sandbox.control_json("POST", "/snapshots")["id"]
    sandbox.control_json("POST", "/clock", {"until_idle": True})
    (done,) = sandbox.control_json("GET", "/deliveries")
    assert done["state"] == "delivered"
    sandbox.control_json("POST", f"/snapshots/{kept}/restore")
    listener.wait_for(2)
    sandbox.control_json("POST", "/clock", {"until_idle": True})
    (again,) = sandbox.control_json("GET", "/deliveries")
    assert (again["id"], again["state"], len(again["attempts"])) == (done["id"], "delivered", 1)


def test_attempt_in_flight_leaves_no_trace_after_a_restore(sandbox: Sandbox, listener: Listener) -> None:
    kept = sandbox.control_json("POST", "/snapshots")["id"]
    listener.delay = 0.2
    completed_with_webhook(sandbox, listener)
    sandbox.control_json("POST", f"/snapshots/{kept}/restore")
    listener.wait_for_answers(1)
    wait_for_responses_handled(sandbox.http)
    assert sandbox.control_json("GET", "/deliveries") == []
    assert sandbox.control_json("GET", "/invitations") == []


def test_timer_fires_again_after_a_restore(sandbox: Sandbox) -> None:
    id = order(sandbox, email="ada+completes-in-10s@example.com")["id"]
    kept = sandbox.control_json("POST", "/snapshots")["id"]
    for _ in range(2):
        assert advance(sandbox, "PT11S") == [("complete", id)]
        assert sandbox.control_json("GET", f"/invitations/{id}")["status"] == "Completed"
        sandbox.control_json("POST", f"/snapshots/{kept}/restore")
        assert sandbox.control_json("GET", f"/invitations/{id}")["status"] == "Not Started"


def test_tokens_stay_valid_over_a_restore(sandbox: Sandbox) -> None:
    before = sandbox.renewed()
    kept = sandbox.control_json("POST", "/snapshots")["id"]
    after = sandbox.renewed()
    sandbox.control_json("POST", f"/snapshots/{kept}/restore")
    newest = sandbox.renewed()
    callers = (before, after, newest)
    assert [caller.get("/mercury/configuration").status_code for caller in callers] == [200, 200, 200]
    assert len({caller.headers["Authorization"] for caller in callers}) == 3


def test_no_id_is_used_twice_around_a_restore(sandbox: Sandbox) -> None:
    kept = sandbox.control_json("POST", "/snapshots")["id"]
    ids = {order(sandbox)["id"]}
    sandbox.control_json("POST", f"/snapshots/{kept}/restore")
    ids.add(order(sandbox)["id"])
    assert len(ids) == 2


def test_unknown_snapshot_returns_404_and_changes_nothing(sandbox: Sandbox) -> None:
    kept = sandbox.control_json("POST", "/snapshots")["id"]
    id = order(sandbox)["id"]
    problem(sandbox.control("POST", "/snapshots/no-such/restore"), 404, "no-such", kept)
    problem(sandbox.control("DELETE", "/snapshots/no-such"), 404, "no-such", kept)
    assert [found["id"] for found in sandbox.control_json("GET", "/invitations")] == [id]


def test_snapshot_of_another_sandbox_returns_404(
    http: httpx2.Client, sandbox: Sandbox, fresh: Callable[[], str]
) -> None:
    kept = sandbox.control_json("POST", "/snapshots")["id"]
    other = fresh()
    problem(http.post(f"{ROOT}/{other}/snapshots/{kept}/restore"), 404, kept)
    problem(http.delete(f"{ROOT}/{other}/snapshots/{kept}"), 404, kept)
    assert sandbox.control_json("GET")["snapshots"] == [kept]


def test_id_of_a_deleted_snapshot_is_not_used_again(sandbox: Sandbox) -> None:
    ids = [sandbox.control_json("POST", "/snapshots")["id"] for _ in range(3)]
    assert sandbox.control("DELETE", f"/snapshots/{ids[2]}").status_code == 204
    for answer in (
        sandbox.control("DELETE", f"/snapshots/{ids[2]}"),
        sandbox.control("POST", f"/snapshots/{ids[2]}/restore"),
    ):
        problem(answer, 404, "snapshot-3", "there are snapshot-1, snapshot-2")
    assert sandbox.control_json("POST", "/snapshots")["id"] == "snapshot-4"
    assert sandbox.control_json("GET")["snapshots"] == ["snapshot-1", "snapshot-2", "snapshot-4"]
    sandbox.control_json("POST", "/snapshots/snapshot-1/restore")
    assert sandbox.control_json("POST", "/snapshots")["id"] == "snapshot-5"
    sandbox.control_json("POST", "/reset")
    assert sandbox.control_json("POST", "/snapshots")["id"] == "snapshot-1"


# Forks.


def forked(sandbox: Sandbox, name: str) -> Sandbox:
    answer = sandbox.control("POST", "/fork", {"name": name})
    assert answer.status_code == 201, answer.text
    assert set(answer.json()) == {"name", "seed", "credentials"}
    assert answer.json()["name"] == name
    assert answer.json()["credentials"]["predictive_index"] == {"api_key": f"sim-{name}"}
    return Sandbox(sandbox.http, name)


def test_fork_has_the_records_of_the_moment_and_no_later_ones(sandbox: Sandbox, fresh: Callable[[], str]) -> None:
    sandbox.control_json("PATCH", "/config", {"positions": ["Pilot"]})
    old = order(sandbox, "old")["id"]
    fork = forked(sandbox, fresh())
    assert fork.control_json("GET", "/config") == sandbox.control_json("GET", "/config")
    assert fork.pymetrics.get(f"/mercury/getOrder/{old}").json()["id"] == old
    here, there = order(sandbox, "here")["id"], order(fork, "there")["id"]
    sandbox.control_json("POST", f"/invitations/{old}/complete")
    fork.control_json("PATCH", "/config", {"positions": []})
    assert [(found["id"], found["status"]) for found in sandbox.control_json("GET", "/invitations")] == [
        (old, "Completed"), (here, "Not Started"),
    ]  # fmt: skip
    assert [(found["id"], found["status"]) for found in fork.control_json("GET", "/invitations")] == [
        (old, "Not Started"), (there, "Not Started"),
    ]  # fmt: skip
    assert sandbox.control_json("GET", "/config")["positions"] == ["Pilot"]


def test_fork_has_no_deliveries(sandbox: Sandbox, listener: Listener, fresh: Callable[[], str]) -> None:
    listener.answers = [500]
    completed_with_webhook(sandbox, listener)
    fork = forked(sandbox, fresh())
    assert fork.control_json("GET", "/deliveries") == []
    assert advance(fork, "PT24H") == []
    assert len(listener.received) == 1
    assert sandbox.control_json("GET", "/deliveries")[0]["state"] == "pending"


def test_fork_has_a_running_clock_of_its_own(sandbox: Sandbox, fresh: Callable[[], str]) -> None:
    sandbox.control_json("POST", "/clock", {"freeze": BEGUN})
    clock = forked(sandbox, fresh()).control_json("GET", "/clock")
    assert clock["mode"] == "running"
    assert not clock["now"].startswith("2030")


def test_fork_has_its_own_links_and_tokens(sandbox: Sandbox, fresh: Callable[[], str]) -> None:
    id = order(sandbox)["id"]
    assessment(sandbox)
    token = sandbox.pymetrics.headers["Authorization"]
    fork = forked(sandbox, fresh())
    ours, theirs = (each.control_json("GET", "/invitations") for each in (sandbox, fork))
    links = [{found["links"]["invite"] for found in each} for each in (ours, theirs)]
    assert [len(each) for each in links] == [2, 2]
    assert links[0].isdisjoint(links[1])
    refused = sandbox.http.get(
        f"/mercury/getOrder/{id}", headers={"Authorization": token, "X-Api-Key": fork.credential}
    )
    assert (refused.status_code, refused.headers["simulator-rule"]) == (401, "pymetrics.access.token.known")
    assert fork.pymetrics.headers["Authorization"] != token


def test_reset_of_a_fork_restores_the_moment_of_forking(sandbox: Sandbox, fresh: Callable[[], str]) -> None:
    id = order(sandbox)["id"]
    fork = forked(sandbox, fresh())
    order(fork, "later")
    sandbox.control("POST", "/reset")
    fork.control_json("POST", "/reset")
    assert [found["id"] for found in fork.control_json("GET", "/invitations")] == [id]


def test_fork_named_demo_gets_no_samples(sandbox: Sandbox) -> None:
    sandbox.http.delete(f"{ROOT}/demo")
    id = order(sandbox)["id"]
    fork = forked(sandbox, "demo")
    for _ in range(2):
        assert [found["id"] for found in fork.control_json("GET", "/invitations")] == [id]
        fork.control_json("POST", "/reset")
    fork.control("DELETE")


def test_fork_without_a_name_gets_a_random_one(sandbox: Sandbox) -> None:
    name = sandbox.control_json("POST", "/fork")["name"]
    assert name != sandbox.name
    assert sandbox.http.delete(f"{ROOT}/{name}").status_code == 204


def test_fork_with_an_invalid_name_is_refused(http: httpx2.Client, sandbox: Sandbox) -> None:
    sandbox.control_json("GET")
    before = names(http)
    problem(sandbox.control("POST", "/fork", {"name": sandbox.name}), 409, sandbox.name)
    problem(sandbox.control("POST", "/fork", {"name": "Ada"}), 422, "name")
    problem(sandbox.control("POST", "/fork", {"nmae": "ada"}), 422, "nmae")
    problem(sandbox.control("POST", "/fork", {"name": 5}), 422, "name")
    assert names(http) == before


# Invitations.


def test_invitations_are_listed_in_the_order_of_creation(sandbox: Sandbox) -> None:
    sandbox.control_json("POST", "/clock", {"freeze": BEGUN})
    made = [
        order(sandbox, "one")["id"], assessment(sandbox)["assessmentId"], order(sandbox, "two")["id"],
        assessment(sandbox, externalPersonId="p-1")["assessmentId"],
    ]  # fmt: skip
    sandbox.control_json("POST", f"/invitations/{made[0]}/complete")
    found = sandbox.control_json("GET", "/invitations")
    assert [each["id"] for each in found] == made
    for each in found:
        assert list(each) == ["id", "vendor", "status", "candidate", "created", "links"]
        assert each["created"] == "2030-01-01T00:00:00.0000000Z"
        assert each == sandbox.control_json("GET", f"/invitations/{each['id']}")
    assert [each["vendor"] for each in found] == ["pymetrics", "predictive_index"] * 2
    assert [each["status"] for each in found] == ["Completed", 0, "Not Started", 0]
    assert found[0]["candidate"]["email"] == "ada@example.com"
    assert found[1]["candidate"]["email"] == "grace@example.com"


@pytest.mark.parametrize("host", ["sim.internal:8787", "LOCALHOST:1", "[::1]:99", "10.0.0.1"])
def test_links_begin_with_the_host_of_the_request(sandbox: Sandbox, host: str) -> None:
    order(sandbox, send_email=True)
    id = assessment(sandbox, notifyAssessmentAvailableUsingEmail=1)["assessmentId"]
    sandbox.control_json("POST", f"/invitations/{id}/complete")
    for path in ("/invitations", f"/invitations/{id}"):
        shown = sandbox.http.get(f"{ROOT}/{sandbox.name}{path}", headers={"host": host}).json()
        links = [link for found in (shown if isinstance(shown, list) else [shown]) for link in found["links"].values()]
        assert links
        assert all(link.startswith(f"http://{host}/") for link in links)
    mails = sandbox.http.get(f"{ROOT}/{sandbox.name}/mail", headers={"host": host}).json()
    assert len(mails) == 2
    assert all(mail["link"].startswith(f"http://{host}/") and mail["link"] in mail["text"] for mail in mails)


@pytest.mark.parametrize("path", ["", "/complete", "/start"])
def test_unknown_invitation_returns_404(sandbox: Sandbox, path: str) -> None:
    problem(sandbox.control("POST" if path else "GET", f"/invitations/no-such{path}"), 404, "no-such")


INITIAL: dict[str, Any] = {"pymetrics": "Not Started", "predictive_index": 0}
"""The states in which invitations are created. `tests/vendors` has all moves between states."""


def invitation(sandbox: Sandbox, vendor: str) -> str:
    id: str = order(sandbox)["id"] if vendor == "pymetrics" else assessment(sandbox)["assessmentId"]
    return id


@pytest.mark.parametrize(
    ("vendor", "action", "state"), [("pymetrics", "expire", "Expired"), ("predictive_index", "abort", 65)]
)
def test_action_changes_the_state_and_a_second_one_returns_409(
    sandbox: Sandbox, vendor: str, action: str, state: Any
) -> None:
    id = invitation(sandbox, vendor)
    before = sandbox.control_json("GET", f"/invitations/{id}")
    answer = sandbox.control("POST", f"/invitations/{id}/{action}")
    assert answer.status_code == 200
    after = sandbox.control_json("GET", f"/invitations/{id}")
    assert answer.json() == after == {**before, "status": state, "links": after["links"]}
    problem(sandbox.control("POST", f"/invitations/{id}/complete"), 409, "complete", str(state))
    assert sandbox.control_json("GET", f"/invitations/{id}") == after


@pytest.mark.parametrize(
    ("vendor", "action"),
    [
        *(("pymetrics", action) for action in ("open", "abort", "explode", "fulfil", "invite")),
        *(("predictive_index", action) for action in ("accept", "reject", "explode", "fail")),
    ],
)
def test_unknown_action_returns_409_with_the_known_ones(sandbox: Sandbox, vendor: str, action: str) -> None:
    id = invitation(sandbox, vendor)
    problem(sandbox.control("POST", f"/invitations/{id}/{action}"), 409, action, "complete")
    assert sandbox.control_json("GET", f"/invitations/{id}")["status"] == INITIAL[vendor]


def test_order_is_completed_with_given_results(sandbox: Sandbox) -> None:
    id = order(sandbox)["id"]
    given = {"score": 88.25, "band": "Gold", "description": "made up", "assessment_id": GAMES}
    sandbox.control_json("POST", f"/invitations/{id}/complete", {"results": [given, {"score": None}]})
    shown = sandbox.pymetrics.get(f"/mercury/getOrder/{id}").json()
    assert shown["status"] == "Fulfilled"
    first, second = shown["results"]
    assert (first["score"], first["band"], first["description"]) == (88.25, "Gold", "made up")
    assert (second["score"], second["band"]) == (None, None)


def test_order_completed_without_results_is_not_fulfilled(sandbox: Sandbox) -> None:
    id = order(sandbox)["id"]
    sandbox.control_json("POST", f"/invitations/{id}/complete", {"results": []})
    shown = sandbox.pymetrics.get(f"/mercury/getOrder/{id}").json()
    assert shown["status"] == "Completed"
    assert not shown["results"]


def test_assessment_is_completed_with_given_scores(sandbox: Sandbox) -> None:
    id = assessment(sandbox)["assessmentId"]
    scores = {"selfSigmaScore": {"aSigma": 1.5, "dSigma": -2}, "selfConceptSigmaScore": [{"bSigma": 0.25}]}
    sandbox.control_json("POST", f"/invitations/{id}/complete", {"scores": scores})
    shown = sandbox.pi.get(f"/api/v1/behavioralassessments/{id}").json()
    assert (shown["selfSigmaScore"][0]["aSigma"], shown["selfSigmaScore"][0]["dSigma"]) == (1.5, -2)
    assert shown["selfConceptSigmaScore"][0]["bSigma"] == 0.25


INVALID_OUTCOMES: list[tuple[str, str, bytes, int, str]] = [
    ("pymetrics", "complete", b"\xff", 400, "JSON"),
    ("pymetrics", "complete", b'{"results": [{"score": NaN}]}', 400, "JSON"),
    ("pymetrics", "complete", b'{"results": [{"score": 1e999}]}', 400, "JSON"),
    ("pymetrics", "complete", b"null", 422, "object"),
    ("pymetrics", "complete", b'{"results": [{"score": "88"}]}', 422, "results[0].score"),
    ("pymetrics", "start", b'{"results": []}', 422, "results"),
    ("predictive_index", "complete", b"[]", 422, "object"),
    ("predictive_index", "complete", b'{"scores": {"selfSigmaScore": {"aSigma": 4.5}}}', 422, "aSigma"),
    ("predictive_index", "open", b'{"scores": {}}', 422, "open"),
]
"""`tests/vendors` has all that the vendors themselves refuse."""


@pytest.mark.parametrize(("vendor", "action", "content", "status", "named"), INVALID_OUTCOMES, ids=str)
def test_invalid_body_of_an_action_is_refused_and_changes_nothing(
    sandbox: Sandbox, vendor: str, action: str, content: bytes, status: int, named: str
) -> None:
    id = invitation(sandbox, vendor)
    problem(sandbox.http.post(f"{ROOT}/{sandbox.name}/invitations/{id}/{action}", content=content), status, named)
    assert sandbox.control_json("GET", f"/invitations/{id}")["status"] == INITIAL[vendor]


# Deliveries.


def test_delivery_is_listed_in_short_and_shown_with_its_messages(sandbox: Sandbox, listener: Listener) -> None:
    listener.answers = [503, 204]
    sandbox.control_json("POST", "/clock", {"freeze": BEGUN})
    id = completed_with_webhook(sandbox, listener, "/hook?x=1")
    sandbox.control_json("POST", "/clock", {"advance": "PT0S"})
    (pending,) = sandbox.control_json("GET", "/deliveries")
    assert list(pending) == ["id", "invitation", "url", "state", "next", "attempts"]
    assert pending["invitation"] == id
    assert pending["url"] == f"{listener.url}/hook?x=1"
    assert pending["state"] == "pending"
    assert STAMP.fullmatch(pending["next"])
    assert pending["next"] > "2030-01-01T00:00:00.0000000Z"
    (attempt,) = pending["attempts"]
    assert list(attempt) == ["number", "at", "status", "error", "duration"]
    assert (attempt["number"], attempt["at"]) == (1, "2030-01-01T00:00:00.0000000Z")
    assert (attempt["status"], attempt["error"]) == (503, None)
    assert 0 < attempt["duration"] < 5
    assert advance(sandbox, "PT24H") == [("attempt", pending["id"])]
    (done,) = sandbox.control_json("GET", "/deliveries")
    assert (done["state"], done["next"]) == ("delivered", None)
    assert [(each["number"], each["at"], each["status"]) for each in done["attempts"]] == [
        (1, "2030-01-01T00:00:00.0000000Z", 503), (2, pending["next"], 204),
    ]  # fmt: skip
    whole = sandbox.control_json("GET", f"/deliveries/{done['id']}")
    for each, received in zip(whole["attempts"], listener.received, strict=True):
        request, answer = each.pop("request"), each.pop("answer")
        assert each.pop("fault") is None
        assert (request["method"], request["url"]) == ("POST", f"{listener.url}/hook?x=1")
        assert request["body"] == received.body.decode()
        assert {name.lower(): value for name, value in request["headers"]}.items() <= received.headers.items()
        assert answer["status"] == each["status"]
        assert answer["body"] == ""
        assert ["content-length", "0"] in [[name.lower(), value] for name, value in answer["headers"]]
    assert whole == done


def test_delivery_to_a_forbidden_address_fails_with_the_reason(sandbox: Sandbox) -> None:
    id = assessment(sandbox, assessmentStatusWebHook=FORBIDDEN_HOOK)["assessmentId"]
    sandbox.control_json("POST", f"/invitations/{id}/complete")
    sandbox.control_json("POST", "/clock", {"until_idle": True})
    (delivery,) = sandbox.control_json("GET", "/deliveries")
    assert (delivery["state"], delivery["next"]) == ("failed", None)
    (attempt,) = delivery["attempts"]
    assert (attempt["number"], attempt["status"], attempt["error"]) == (1, None, "refused by policy")
    assert sandbox.control_json("GET", f"/deliveries/{delivery['id']}")["attempts"][0]["answer"] is None


def test_delivery_is_retried_when_nothing_listens(sandbox: Sandbox) -> None:
    id = assessment(sandbox, assessmentStatusWebHook="http://127.0.0.1:1/")["assessmentId"]
    sandbox.control_json("POST", f"/invitations/{id}/complete")
    assert len(advance(sandbox, "PT24H")) in (8, 9)
    (delivery,) = sandbox.control_json("GET", "/deliveries")
    assert delivery["state"] == "failed"
    assert [attempt["number"] for attempt in delivery["attempts"]] == [*range(1, 10)]
    assert all(attempt["error"] and attempt["status"] is None for attempt in delivery["attempts"])


def test_unknown_delivery_returns_404(sandbox: Sandbox) -> None:
    problem(sandbox.control("GET", "/deliveries/no-such"), 404, "no-such")
    problem(sandbox.control("POST", "/deliveries/no-such/replay"), 404, "no-such")


@pytest.mark.parametrize("path", [None, "/other"])
def test_replay_sends_the_same_body_to_the_same_or_another_url(
    sandbox: Sandbox, listener: Listener, path: str | None
) -> None:
    completed_with_webhook(sandbox, listener)
    sandbox.control_json("POST", "/clock", {"until_idle": True})
    (first,) = sandbox.control_json("GET", "/deliveries")
    url = f"{listener.url}{path or '/hook'}"
    made = sandbox.control_json("POST", f"/deliveries/{first['id']}/replay", {"url": url} if path else None)
    assert (made["invitation"], made["url"]) == (first["invitation"], url)
    assert set(made) == set(first)
    one, two = listener.wait_for(2)
    sandbox.control_json("POST", "/clock", {"until_idle": True})
    assert (one.path, two.path) == ("/hook", path or "/hook")
    assert one.body == two.body
    before, after = sandbox.control_json("GET", "/deliveries")
    assert before == first
    assert (after["id"], after["state"]) == (made["id"], "delivered")
    assert after["id"] != first["id"]


def test_replay_is_sent_at_once_with_a_frozen_clock(sandbox: Sandbox, listener: Listener) -> None:
    sandbox.control_json("POST", "/clock", {"freeze": BEGUN})
    listener.answers = [400]
    completed_with_webhook(sandbox, listener)
    sandbox.control_json("POST", "/clock", {"advance": "PT0S"})
    (first,) = sandbox.control_json("GET", "/deliveries")
    assert first["state"] == "failed"
    sandbox.control_json("POST", f"/deliveries/{first['id']}/replay")
    listener.wait_for(2)


@pytest.mark.parametrize(
    "body",
    [{"url": "ftp://example.com"}, {"url": "http://"}, {"url": 5}, {"to": "http://example.com"}, [], "x"],
    ids=str,
)
def test_replay_to_an_invalid_url_is_refused_and_sends_nothing(sandbox: Sandbox, listener: Listener, body: Any) -> None:
    completed_with_webhook(sandbox, listener)
    sandbox.control_json("POST", "/clock", {"until_idle": True})
    (first,) = sandbox.control_json("GET", "/deliveries")
    named = next(iter(body)) if isinstance(body, dict) else "object"
    problem(sandbox.control("POST", f"/deliveries/{first['id']}/replay", body), 422, named)
    assert sandbox.control_json("GET", "/deliveries") == [first]


# Mail.


def test_mails_are_listed_with_receiver_text_and_link(sandbox: Sandbox) -> None:
    sandbox.control_json("POST", "/clock", {"freeze": BEGUN})
    order(sandbox, "quiet")
    assessment(sandbox)
    one = order(sandbox, "loud", send_email=True)
    two = assessment(sandbox, notifyAssessmentAvailableUsingEmail=1, externalPersonId="p-1")
    first, second = sandbox.control_json("GET", "/mail")
    for mail, id, to, link in (
        (first, one["id"], "ada@example.com", one["invite_link"]),
        (second, two["assessmentId"], "grace@example.com", two["assessmentUrl"]),
    ):
        assert list(mail) == ["id", "at", "to", "subject", "text", "invitation", "link"]
        assert (mail["at"], mail["to"], mail["invitation"]) == ("2030-01-01T00:00:00.0000000Z", to, id)
        assert mail["link"] == link
        assert link in mail["text"]
        assert mail["subject"]
    assert first["id"] != second["id"]


# Everything wrong is a problem document.

PATHS = [
    (re.sub(r"{\w+}", "t", path), {*(method.upper() for method in methods), "OPTIONS"})
    for path, methods in documents().get("control")["paths"].items()
]
VERBS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")


@pytest.mark.parametrize(("path", "allowed"), PATHS)
def test_unknown_verb_returns_405_with_the_allowed_ones_and_creates_no_sandbox(
    http: httpx2.Client, path: str, allowed: set[str]
) -> None:
    before = names(http)
    known = allowed | ({"HEAD"} if "GET" in allowed else set())
    assert http.options(path).headers["allow"] == ", ".join(sorted(known))
    for verb in VERBS:
        if verb not in known:
            answer = http.request(verb, path)
            assert answer.status_code == 405, verb
            assert answer.headers["allow"] == ", ".join(sorted(known))
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.content == b"" if verb == "HEAD" else problem(answer, 405, verb)
    assert names(http) == before


@pytest.mark.parametrize(
    "path",
    ["/_simulator", "/_simulator/", "/_simulator/nope", "/_simulator/health/x", f"{ROOT}/t/nope", f"{ROOT}/t/config/x",
     f"{ROOT}//config", f"{ROOT}/t/invitations/x/y/z", "/nope", "/_simulator/health%0A", f"{ROOT}/",
     f"{ROOT}/t/config/"],
)  # fmt: skip
@pytest.mark.parametrize("verb", ["GET", "POST", "HEAD"])
def test_unknown_path_returns_404(http: httpx2.Client, verb: str, path: str) -> None:
    before = names(http)
    answer = http.request(verb, path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    if verb != "HEAD":
        problem(answer, 404, "/_simulator")
    assert names(http) == before


@pytest.mark.parametrize("name", ["Ada", "a%20b", "a%0A", "a%00", "%C3%A4", "%FF", "a" * 65, "..%2f", "sim_ada"])
def test_invalid_sandbox_name_returns_404(http: httpx2.Client, name: str) -> None:
    before = names(http)
    for verb, path in (("GET", ""), ("DELETE", ""), ("POST", "/reset"), ("GET", "/config")):
        problem(http.request(verb, f"{ROOT}/{name}{path}"), 404)
    assert names(http) == before


WITH_BODY = [
    ("POST", ""), ("PATCH", "/t/config"), ("POST", "/t/fork"), ("POST", "/t/clock"), ("POST", "/t/reset"),
    ("POST", "/t/snapshots"), ("POST", "/t/snapshots/{snapshot}/restore"), ("POST", "/t/invitations/{id}/complete"),
    ("POST", "/t/deliveries/{delivery}/replay"),
]  # fmt: skip


def chunks(size: int) -> Iterator[bytes]:
    """A body that is sent in chunks, its length unsaid."""
    for _ in range(size // 65_536):
        yield b" " * 65_536
    yield b" " * (size % 65_536)


@pytest.mark.parametrize("chunked", [False, True], ids=["with its length", "in chunks"])
@pytest.mark.parametrize(("verb", "path"), WITH_BODY)
def test_body_over_one_mebibyte_returns_413_and_changes_nothing(
    sandbox: Sandbox, verb: str, path: str, chunked: bool
) -> None:
    id = assessment(sandbox, assessmentStatusWebHook=FORBIDDEN_HOOK)["assessmentId"]
    sandbox.control_json("POST", f"/invitations/{id}/complete")
    sandbox.control_json("POST", "/clock", {"until_idle": True})
    open_one = order(sandbox)["id"]
    snapshot = sandbox.control_json("POST", "/snapshots")["id"]
    assessment(sandbox, externalPersonId="p-1")
    delivery = sandbox.control_json("GET", "/deliveries")[0]["id"]

    def state() -> list[Any]:
        shown = [sandbox.control_json("GET", each) for each in ("/invitations", "/deliveries", "/config")]
        return [*shown, names(sandbox.http), sandbox.control_json("GET")["snapshots"]]

    before = state()
    body: Any = chunks(LIMIT + 1) if chunked else b" " * (LIMIT + 1)
    path = path.replace("/t/", f"/{sandbox.name}/").format(snapshot=snapshot, id=open_one, delivery=delivery)
    problem(sandbox.http.request(verb, f"{ROOT}{path}", content=body), 413, "1 MiB")
    assert state() == before


@pytest.mark.parametrize("chunked", [False, True], ids=["with its length", "in chunks"])
def test_body_of_one_mebibyte_is_accepted(sandbox: Sandbox, chunked: bool) -> None:
    blanks = LIMIT - len(b'{"invitation_days":9}')
    body: Any = [*chunks(blanks), b'{"invitation_days":9}'] if chunked else b" " * blanks + b'{"invitation_days":9}'
    content = iter(body) if chunked else body
    answer = sandbox.http.patch(f"{ROOT}/{sandbox.name}/config", content=content)
    assert answer.status_code == 200
    assert answer.json()["invitation_days"] == 9


INVALID_JSON: dict[str, tuple[bytes, int]] = {
    "a form": (b"positions=ada", 400),
    "a comma too many": (b'{"positions": [],}', 400),
    "two values": (b"{}{}", 400),
    "a null byte after the value": (b'{"positions": []}\x00', 400),
    "endless nesting": (b'{"positions": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", 400),
    "no UTF-8": (b'{"positions": ["\xff"]}', 400),
    "an overlong slash": (b'{"positions": ["\xc0\xaf"]}', 400),
    "a byte order mark": (b'\xef\xbb\xbf{"positions": []}', 400),
    "UTF-16": ('{"positions": []}'.encode("utf-16"), 400),
    "half a surrogate pair": (b'{"positions": ["\\udfff"]}', 400),
    "NaN": (b'{"rate_limit": NaN}', 400),
    "minus infinity": (b'{"rate_limit": -Infinity}', 400),
    "a number too great": (b'{"webhook_timeout": 1e999}', 400),
    "nesting": (b'{"positions": ' + b"[" * 5_000 + b"]" * 5_000 + b"}", 400),
    "some nesting": (b'{"positions": ' + b"[" * 50 + b"]" * 50 + b"}", 422),
    "a hundred digits": (b'{"rate_limit": ' + b"9" * 100 + b"}", 422),
    "five thousand digits": (b'{"rate_limit": ' + b"9" * 5_000 + b"}", 400),
    "a control character": (b'{"positions": ["\n"]}', 400),
    "a comment": (b'{"positions": []} // no', 400),
    "single quotes": (b"{'positions': []}", 400),
    "nothing but blanks": (b"   ", 400),
}


@pytest.mark.parametrize(("content", "status"), INVALID_JSON.values(), ids=INVALID_JSON)
def test_invalid_json_is_refused_and_changes_nothing(sandbox: Sandbox, content: bytes, status: int) -> None:
    before = sandbox.control_json("GET", "/config")
    problem(sandbox.http.patch(f"{ROOT}/{sandbox.name}/config", content=content), status)
    assert sandbox.control_json("GET", "/config") == before


def test_text_may_contain_a_null_byte(sandbox: Sandbox) -> None:
    assert sandbox.control_json("PATCH", "/config", {"positions": ["a\0b", "😀"]})["positions"] == ["a\0b", "😀"]


CUT_OFF = {
    "before the body": b"Content-Length: 50\r\n\r\n",
    "within the body": b'Content-Length: 50\r\n\r\n{"invitation_days": 9}',
    "before the last chunk": b'Transfer-Encoding: chunked\r\n\r\n16\r\n{"invitation_days": 9}\r\n',
}


@pytest.mark.parametrize("rest", CUT_OFF.values(), ids=CUT_OFF)
def test_incomplete_request_changes_nothing(server: Server, sandbox: Sandbox, rest: bytes) -> None:
    id = assessment(sandbox)["assessmentId"]
    before = names(sandbox.http), sandbox.control_json("GET", "/config")
    under = f"{ROOT}/{sandbox.name}"
    calls = (f"POST {ROOT}", f"PATCH {under}/config", f"POST {under}/invitations/{id}/complete", f"POST {under}/fork")
    for line in calls:
        send_raw(server.url, f"{line} HTTP/1.1\r\nHost: x\r\n".encode() + rest, answered=False)
    wait_for_requests_read(server.url)
    assert before == (names(sandbox.http), sandbox.control_json("GET", "/config"))
    assert sandbox.control_json("GET", f"/invitations/{id}")["status"] == 0


def test_number_without_a_fraction_is_an_integer(sandbox: Sandbox) -> None:
    sent = {"rate_limit": 100.0, "journal": {"entries": 5e0}, "behaviour": {"pi.list_limit": 50.0}}
    config = sandbox.control_json("PATCH", "/config", sent)
    assert (config["rate_limit"], config["journal"]["entries"], config["behaviour"]["pi.list_limit"]) == (100, 5, 50)
    (fault,) = sandbox.control_json("PUT", "/faults", [{"do": "amend", "times": 2.0, "merge": {"score": 1.0}}])
    assert json.dumps([fault["times"], fault["merge"]]) == '[2, {"score": 1.0}]'
    for value in (100.5, True, "100"):
        problem(sandbox.control("PATCH", "/config", {"rate_limit": value}), 422, "rate_limit")
