"""The control API: sandboxes, settings, snapshots, forks and invitations; invalid requests change nothing."""

import json
import re
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest

import assessment_simulator
from assessment_simulator.app import documents
from tests.server import FORBIDDEN_HOOK, LIMIT, ROOT, advance, assessment, chunks, names, order, problem
from tests.servers import Sandbox

BEGUN = "2030-01-01T00:00:00Z"


@pytest.fixture
def fresh(http: httpx2.Client) -> Iterator[Callable[[], str]]:
    """Makes names that no sandbox has; those sandboxes are deleted after the test."""
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
    assert len({rule["id"] for rule in rules}) == len(rules)
    assert {tuple(rule) for rule in rules} == {
        ("id", "vendor", "place", "statement", "standing", "source", "status", "status_standing", "status_source",
         "body_standing", "body_source", "verified"),
    }  # fmt: skip
    for part in ("standing", "status_standing"):
        assert {rule[part] for rule in rules} == {"documented", "third_party", "observed", "assumed"}
    assert all(value for rule in rules for name, value in rule.items() if name != "verified")
    assert all(rule["verified"] == [] for rule in rules), "no comparison with a vendor is known"


# Creating, reading and deleting sandboxes.


def test_created_sandbox_has_name_seed_settings_and_credentials(http: httpx2.Client, fresh: Callable[[], str]) -> None:
    name = fresh()
    answer = http.post(ROOT, json={"name": name, "seed": 7, "config": {"invitation_days": 20, "positions": ["Pilot"]}})
    assert answer.status_code == 201
    opened, key = answer.json(), f"sim-{name}"
    secret = opened["credentials"]["pymetrics"].pop("client_secret")
    assert secret
    credentials = {"pymetrics": {"client_id": key, "api_key": key}, "predictive_index": {"api_key": key}}
    assert opened == {"name": name, "seed": 7, "credentials": credentials}
    assert name in names(http)
    config = http.get(f"{ROOT}/{name}/config").json()
    assert (config["invitation_days"], config["positions"]) == (20, ["Pilot"])


@pytest.mark.parametrize("body", [None, {}, {"name": None}], ids=str)
@pytest.mark.parametrize("path", ["", "/{name}/fork"], ids=["new", "fork"])
def test_sandbox_without_a_name_gets_a_random_one(http: httpx2.Client, sandbox: Sandbox, path: str, body: Any) -> None:
    sent = {} if body is None else {"json": body}
    answers = [http.post(ROOT + path.format(name=sandbox.name), **sent) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    given = {answer.json()["name"] for answer in answers}
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
    "digits of another script": ({"name": "\u0661"}, "name"),
    "65 letters": ({"name": "a" * 65}, "name"),
    "a number for a name": ({"name": 5}, "name"),
    "a fraction for a seed": ({"seed": 1.5}, "seed: must be an integer or a string"),
    "true for a seed": ({"seed": True}, "seed"),
    "null for a seed": ({"seed": None}, "seed"),
    "a list for settings": ({"config": []}, "config"),
    "a wrong setting": ({"config": {"rate_limit": 0}}, "rate_limit"),
    "an unknown setting": ({"config": {"rate": 0}}, "rate"),
    "an unknown member": ({"nmae": "ada"}, "nmae"),
    "null": (None, "object"),
}


@pytest.mark.parametrize(("body", "named"), BAD_OPENINGS.values(), ids=BAD_OPENINGS)
def test_invalid_body_creates_no_sandbox_and_the_error_names_the_member(
    http: httpx2.Client, body: Any, named: str
) -> None:
    before = names(http)
    problem(http.post(ROOT, content=json.dumps(body)), 422, named)
    assert names(http) == before


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


# Settings.


def test_ambiguous_webhook_secret_gets_a_note(sandbox: Sandbox) -> None:
    noted = sandbox.control("PATCH", "/config", {"webhook_secret": "YWJjZA"})
    assert "Base64 without whsec_" in noted.headers["simulator-note"]
    for change in ({"rate_limit": None}, {"webhook_secret": "a plain secret"}):
        assert "simulator-note" not in sandbox.control("PATCH", "/config", change).headers


def test_changes_of_settings_are_merged(sandbox: Sandbox) -> None:
    sandbox.control_json("PATCH", "/config", {"behaviour": {"pi.list_limit": 50}, "api_user": {"first_name": "Eve"}})
    config = sandbox.control_json(
        "PATCH", "/config", {"behaviour": {"pi.unsent_state": 10}, "api_user": {"phone": "1"}}
    )
    assert (config["behaviour"]["pi.list_limit"], config["behaviour"]["pi.unsent_state"]) == (50, 10)
    assert (config["api_user"]["first_name"], config["api_user"]["phone"]) == ("Eve", "1")
    assert config == sandbox.control_json("GET", "/config")


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
    two = order(sandbox, "two", send_email=True)
    sandbox.control_json("PATCH", "/config", {"invitation_days": 5})
    sandbox.control_json("POST", "/clock", {"advance": "PT30M"})
    sandbox.control_json("POST", "/clock", {"run": True})
    for _ in range(2):
        assert sandbox.control("POST", f"/snapshots/{kept}/restore").is_success
        assert {path: sandbox.control_json("GET", path) for path in before} == before
        assert sandbox.pymetrics.get(f"/mercury/getOrder/{one['id']}").json() == one
        sandbox.control_json("POST", f"/invitations/{one['id']}/expire")
    assert order(sandbox, "two")["id"] != two["id"]  # an id is never used twice


def test_timer_fires_again_after_a_restore(sandbox: Sandbox) -> None:
    id = order(sandbox, email="ada+completes-in-10s@example.com")["id"]
    kept = sandbox.control_json("POST", "/snapshots")["id"]
    for _ in range(2):
        assert advance(sandbox, "PT11S") == [("complete", id)]
        assert sandbox.control_json("GET", f"/invitations/{id}")["status"] == "Completed"
        sandbox.control_json("POST", f"/snapshots/{kept}/restore")
        assert sandbox.control_json("GET", f"/invitations/{id}")["status"] == "Not Started"


def test_unknown_snapshot_returns_404_and_changes_nothing(
    http: httpx2.Client, sandbox: Sandbox, fresh: Callable[[], str]
) -> None:
    kept = sandbox.control_json("POST", "/snapshots")["id"]
    id = order(sandbox)["id"]
    for under, unknown in ((sandbox.name, "no-such"), (fresh(), kept)):
        problem(http.post(f"{ROOT}/{under}/snapshots/{unknown}/restore"), 404, unknown)
        problem(http.delete(f"{ROOT}/{under}/snapshots/{unknown}"), 404, unknown)
    assert [found["id"] for found in sandbox.control_json("GET", "/invitations")] == [id]
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
    sandbox.control_json("PATCH", "/config", {"positions": ["Pilot"], "webhook_url": FORBIDDEN_HOOK})
    old = order(sandbox, "old")["id"]
    sandbox.control_json("POST", f"/invitations/{old}/start")
    fork = forked(sandbox, fresh())
    assert (len(sandbox.control_json("GET", "/deliveries")), fork.control_json("GET", "/deliveries")) == (1, [])
    assert fork.control_json("GET", "/config") == sandbox.control_json("GET", "/config")
    assert fork.pymetrics.get(f"/mercury/getOrder/{old}").json()["id"] == old
    here, there = order(sandbox, "here")["id"], order(fork, "there")["id"]
    sandbox.control_json("POST", f"/invitations/{old}/complete")
    fork.control_json("PATCH", "/config", {"positions": []})
    assert [(found["id"], found["status"]) for found in sandbox.control_json("GET", "/invitations")] == [
        (old, "Completed"), (here, "Not Started"),
    ]  # fmt: skip
    assert [(found["id"], found["status"]) for found in fork.control_json("GET", "/invitations")] == [
        (old, "In Progress"), (there, "Not Started"),
    ]  # fmt: skip
    assert sandbox.control_json("GET", "/config")["positions"] == ["Pilot"]


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


def test_reset_of_a_fork_restores_the_moment_of_forking_and_no_samples(sandbox: Sandbox) -> None:
    sandbox.http.delete(f"{ROOT}/demo")
    id = order(sandbox)["id"]
    fork = forked(sandbox, "demo")
    for _ in range(2):
        assert [found["id"] for found in fork.control_json("GET", "/invitations")] == [id]
        order(fork, "later")
        sandbox.control("POST", "/reset")
        fork.control_json("POST", "/reset")
        fork.pymetrics = fork.renewed()
    fork.control("DELETE")


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


@pytest.mark.parametrize("path", ["", "/complete", "/start"])
def test_unknown_invitation_returns_404(sandbox: Sandbox, path: str) -> None:
    problem(sandbox.control("POST" if path else "GET", f"/invitations/no-such{path}"), 404, "no-such")


# The states in which invitations are created. `tests/vendors` has all moves between states.
INITIAL: dict[str, Any] = {"pymetrics": "Not Started", "predictive_index": 0}


def invitation(sandbox: Sandbox, vendor: str) -> str:
    id: str = order(sandbox)["id"] if vendor == "pymetrics" else assessment(sandbox)["assessmentId"]
    return id


@pytest.mark.parametrize(
    ("vendor", "action"),
    [
        *(("pymetrics", action) for action in ("open", "explode", "fulfil")),
        *(("predictive_index", action) for action in ("accept", "explode", "fail")),
    ],
)
def test_unknown_action_returns_409_with_the_known_ones(sandbox: Sandbox, vendor: str, action: str) -> None:
    id = invitation(sandbox, vendor)
    problem(sandbox.control("POST", f"/invitations/{id}/{action}"), 409, action, "complete")
    assert sandbox.control_json("GET", f"/invitations/{id}")["status"] == INITIAL[vendor]


# `tests/vendors` has all that the vendors themselves refuse.
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


@pytest.mark.parametrize(("vendor", "action", "content", "status", "named"), INVALID_OUTCOMES, ids=str)
def test_invalid_body_of_an_action_is_refused_and_changes_nothing(
    sandbox: Sandbox, vendor: str, action: str, content: bytes, status: int, named: str
) -> None:
    id = invitation(sandbox, vendor)
    problem(sandbox.http.post(f"{ROOT}/{sandbox.name}/invitations/{id}/{action}", content=content), status, named)
    assert sandbox.control_json("GET", f"/invitations/{id}")["status"] == INITIAL[vendor]


# Mail.


# Every refusal is a problem document.

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


@pytest.mark.parametrize("chunked", [False, True], ids=["with its length", "in chunks"])
@pytest.mark.parametrize(
    ("verb", "path"),
    [("POST", ""), ("PATCH", "/t/config"), ("POST", "/t/reset"), ("POST", "/t/invitations/t/complete")],
)
def test_body_over_one_mebibyte_returns_413_and_changes_nothing(
    sandbox: Sandbox, verb: str, path: str, chunked: bool
) -> None:
    id = assessment(sandbox)["assessmentId"]
    before = [sandbox.control_json("GET", each) for each in ("/invitations", "/config")], names(sandbox.http)
    body = b" " * (LIMIT + 1)
    place = path.replace("/t/", f"/{sandbox.name}/", 1).replace("/t/", f"/{id}/")
    answer = sandbox.http.request(verb, ROOT + place, content=chunks(body) if chunked else body)
    problem(answer, 413, "1 MiB")
    assert before == ([sandbox.control_json("GET", each) for each in ("/invitations", "/config")], names(sandbox.http))


@pytest.mark.parametrize("chunked", [False, True], ids=["with its length", "in chunks"])
def test_body_of_one_mebibyte_is_accepted(sandbox: Sandbox, chunked: bool) -> None:
    body = b'{"invitation_days":9}'.rjust(LIMIT)
    answer = sandbox.http.patch(f"{ROOT}/{sandbox.name}/config", content=chunks(body) if chunked else body)
    assert (answer.status_code, answer.json()["invitation_days"]) == (200, 9)


# `test_wire.py` has all that is no JSON.
INVALID_JSON: dict[str, tuple[bytes, int]] = {
    "nothing but blanks": (b"   ", 400),
    "a form": (b"positions=ada", 400),
    "half an object": (b"{", 400),
    "no UTF-8": (b'{"positions": ["\xff"]}', 400),
    "a byte order mark": (b'\xef\xbb\xbf{"positions": []}', 400),
    "a number too great": (b'{"webhook_timeout": 1e999}', 400),
    "nesting": (b'{"positions": ' + b"[" * 5_000 + b"]" * 5_000 + b"}", 400),
    "some nesting": (b'{"positions": ' + b"[" * 50 + b"]" * 50 + b"}", 422),
    "a hundred digits": (b'{"rate_limit": ' + b"9" * 100 + b"}", 422),
}


@pytest.mark.parametrize(("content", "status"), INVALID_JSON.values(), ids=INVALID_JSON)
def test_invalid_json_is_refused_and_changes_nothing(sandbox: Sandbox, content: bytes, status: int) -> None:
    before = sandbox.control_json("GET", "/config")
    problem(sandbox.http.patch(f"{ROOT}/{sandbox.name}/config", content=content), status)
    assert sandbox.control_json("GET", "/config") == before


def test_number_without_a_fraction_is_an_integer(sandbox: Sandbox) -> None:
    sent = {"rate_limit": 100.0, "journal": {"entries": 5e0}, "behaviour": {"pi.list_limit": 50.0}}
    config = sandbox.control_json("PATCH", "/config", sent)
    assert (config["rate_limit"], config["journal"]["entries"], config["behaviour"]["pi.list_limit"]) == (100, 5, 50)
    (fault,) = sandbox.control_json("PUT", "/faults", [{"do": "amend", "times": 2.0, "merge": {"score": 1.0}}])
    assert json.dumps([fault["times"], fault["merge"]]) == '[2, {"score": 1.0}]'
    for value in (100.5, True, "100"):
        problem(sandbox.control("PATCH", "/config", {"rate_limit": value}), 422, "rate_limit")
