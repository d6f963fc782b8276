"""Closed access: sandboxes open by their credentials alone, and the control API by the control token."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx2
import pytest

from assessment_simulator.app import VENDORS
from assessment_simulator.core.request import Credential
from assessment_simulator.sandbox.credentials import Keys
from assessment_simulator.settings import default_access
from tests.server import PERSON, PI, ROOT, names, order_body, problem, send_raw
from tests.servers import CONTROL, CONTROL_TOKEN, Listener, Sandbox, Server, served


@pytest.fixture(scope="module")
def closed() -> Iterator[Server]:
    """A server in closed access that no other module uses: its sandboxes are counted."""
    with Server("--access", "closed", environ={"SIMULATOR_CONTROL_TOKEN": CONTROL_TOKEN}) as server:
        yield server


@pytest.fixture
def http(closed: Server) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=closed.url, timeout=30, trust_env=False) as client:
        yield client
        for found in client.get(ROOT, headers=CONTROL).json():
            client.delete(f"{ROOT}/{found['name']}", headers=CONTROL)


def opened(http: httpx2.Client, name: str | None = None) -> Any:
    """A new sandbox, as the control API returns it."""
    answer = http.post(ROOT, json={} if name is None else {"name": name}, headers=CONTROL)
    assert answer.status_code == 201, answer.text
    return answer.json()


def token_call(http: httpx2.Client, id: str, secret: str) -> httpx2.Response:
    client = {"client_id": id, "client_secret": secret, "grant_type": "client_credentials"}
    return http.post("/mercury/oauth/token", json=client)


def keys(http: httpx2.Client, credentials: Any) -> dict[str, str]:
    """The headers of a pymetrics caller."""
    held = credentials["pymetrics"]
    answer = token_call(http, held["client_id"], held["client_secret"])
    assert answer.status_code == 201, answer.text
    return {"Authorization": f"Bearer {answer.json()['access_token']}", "X-Api-Key": held["api_key"]}


WRONG_TOKENS: dict[str, Mapping[str, str]] = {
    "nothing": {},
    "an empty one": {"Authorization": ""},
    "no token": {"Authorization": "Bearer"},
    "another": {"Authorization": "Bearer another-token"},
    "the beginning": {"Authorization": f"Bearer {CONTROL_TOKEN[:-1]}"},
    "more than it": {"Authorization": f"Bearer {CONTROL_TOKEN}x"},
    "the bare token": {"Authorization": CONTROL_TOKEN},
    "another scheme": {"Authorization": f"Basic {CONTROL_TOKEN}"},
    "another header": {"X-Api-Key": CONTROL_TOKEN},
    "letters of another alphabet": {"Authorization": "Bearer t\u00f6ken"},
}


@pytest.mark.parametrize(
    ("verb", "path"),
    [("GET", "/_simulator/rules"), ("GET", ROOT), ("POST", ROOT), ("PUT", ROOT), ("GET", f"{ROOT}/kept"),
     ("DELETE", f"{ROOT}/kept"), ("POST", f"{ROOT}/kept/reset"), ("GET", f"{ROOT}/no-such"),
     ("GET", "/_simulator/nope"), ("GET", "/_simulator/health/"), ("GET", "/_simulator/health%0A"),
     ("GET", "/_simulator/../_simulator/rules"),
     ("GET", "/"), ("GET", "/nope")],
)  # fmt: skip
def test_every_path_but_health_needs_the_token_before_anything_else(http: httpx2.Client, verb: str, path: str) -> None:
    opened(http, "kept")
    for headers in WRONG_TOKENS.values():
        sent = [(name.encode(), value.encode()) for name, value in headers.items()]
        answer = http.request(verb, path, headers=sent)
        problem(answer, 401, "Authorization: Bearer")
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert http.get("/_simulator/health", headers=sent).json()["status"] == "ok"
    assert names(http, CONTROL) == ["kept"]


def test_path_behind_two_slashes_needs_the_token(closed: Server) -> None:
    for path in ("//_simulator/rules", "//_simulator/health/../rules", "/./_simulator/rules"):
        answer = send_raw(closed.url, f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        assert answer.startswith(b"HTTP/1.1 401 ")


def test_control_token_allows_every_request(http: httpx2.Client) -> None:
    name = opened(http)["name"]
    assert http.get("/_simulator/rules", headers=CONTROL).status_code == 200
    for scheme in ("bearer", "BEARER"):
        assert http.get(ROOT, headers={"authorization": f"{scheme} {CONTROL_TOKEN}"}).status_code == 200
    assert http.patch(f"{ROOT}/{name}/config", json={"rate_limit": 5}, headers=CONTROL).status_code == 200
    assert http.delete(f"{ROOT}/{name}", headers=CONTROL).status_code == 204
    problem(http.get("/_simulator/nope", headers=CONTROL), 404)
    problem(http.put(ROOT, headers=CONTROL), 405)


def test_no_sandbox_opens_by_its_name(http: httpx2.Client) -> None:
    opened(http, "kept")
    for name in ("kept", "new", "demo"):
        answer = http.get(PI, headers={"api-key": f"sim-{name}"})
        assert (answer.status_code, answer.headers["simulator-rule"]) == (401, "pi.access.key")
        answer = http.get("/mercury/configuration", headers={"x-api-key": f"sim-{name}"})
        assert (answer.status_code, answer.headers["simulator-rule"]) == (403, "pymetrics.access.key")
        answer = token_call(http, f"sim-{name}", "any")
        assert (answer.status_code, answer.headers["simulator-rule"]) == (401, "pymetrics.token.client")
    assert names(http, CONTROL) == ["kept"]


def test_the_credentials_open_exactly_that_sandbox(http: httpx2.Client) -> None:
    made = [opened(http), opened(http, "named")]
    for n, each in enumerate(made):
        headers, key = keys(http, each["credentials"]), each["credentials"]["predictive_index"]["api_key"]
        assert http.post("/mercury/order", json=order_body(f"{n}"), headers=headers).status_code == 201
        assert http.post(PI, json=PERSON, headers={"api-key": key}).status_code == 201
        assert len(http.get(PI, headers={"api-key": key}).json()) == 1
        found = http.get(f"{ROOT}/{each['name']}/invitations", headers=CONTROL).json()
        assert [one["vendor"] for one in found] == ["pymetrics", "predictive_index"]


def test_credentials_are_long_and_all_different(http: httpx2.Client) -> None:
    made = [opened(http)["credentials"] for _ in range(3)]
    assert all(set(each["pymetrics"]) == {"client_id", "client_secret", "api_key"} for each in made)
    secrets = [value for each in made for held in each.values() for value in held.values()]
    assert len(set(secrets)) == len(secrets) == 12
    assert all(len(secret) >= 24 for secret in secrets)


def test_credentials_are_other_ones_when_a_sandbox_is_opened_again(http: httpx2.Client) -> None:
    first = opened(http, "again")["credentials"]
    caller = keys(http, first)
    http.delete(f"{ROOT}/again", headers=CONTROL)
    second = opened(http, "again")["credentials"]
    assert first["predictive_index"] != second["predictive_index"]
    assert http.get(PI, headers={"api-key": first["predictive_index"]["api_key"]}).status_code == 401
    assert http.get("/mercury/configuration", headers=caller).status_code == 403
    assert token_call(http, first["pymetrics"]["client_id"], first["pymetrics"]["client_secret"]).status_code == 401


def test_client_secret_of_another_sandbox_is_refused(http: httpx2.Client) -> None:
    one, two = (opened(http)["credentials"]["pymetrics"] for _ in range(2))
    id, right = one["client_id"], one["client_secret"]
    for secret in (two["client_secret"], right[:-1], f"{right} ", right.swapcase(), id, "ö", " "):
        answer = token_call(http, id, secret)
        assert (answer.status_code, answer.headers["simulator-rule"]) == (401, "pymetrics.token.client")
    assert token_call(http, one["api_key"], right).status_code == 401
    assert token_call(http, id, right).status_code == 201


def test_credentials_of_one_vendor_are_none_of_the_other(http: httpx2.Client) -> None:
    held = opened(http)["credentials"]
    pymetrics, key = held["pymetrics"], held["predictive_index"]["api_key"]
    assert [http.get(PI, headers={"api-key": wrong}).status_code for wrong in pymetrics.values()] == [401] * 3
    for wrong in (key, pymetrics["client_id"], pymetrics["client_secret"]):
        assert http.get("/mercury/configuration", headers={"x-api-key": wrong}).status_code == 403


def test_a_fork_has_credentials_of_its_own(http: httpx2.Client) -> None:
    made = opened(http)
    fork = http.post(f"{ROOT}/{made['name']}/fork", json={}, headers=CONTROL).json()
    ours, theirs = made["credentials"], fork["credentials"]
    assert set(ours["pymetrics"].values()).isdisjoint(theirs["pymetrics"].values())
    assert http.get("/mercury/configuration", headers=keys(http, theirs)).status_code == 200
    caller = {**keys(http, ours), "X-Api-Key": theirs["pymetrics"]["api_key"]}
    assert http.get("/mercury/configuration", headers=caller).status_code == 401


@pytest.mark.parametrize(
    ("verb", "path"),
    [("GET", ""), ("DELETE", ""), ("POST", "/reset"), ("GET", "/config"), ("POST", "/snapshots"), ("GET", "/clock"),
     ("GET", "/invitations"), ("GET", "/deliveries"), ("GET", "/mail"), ("POST", "/fork")],
)  # fmt: skip
def test_unknown_sandbox_returns_404(http: httpx2.Client, verb: str, path: str) -> None:
    problem(http.request(verb, f"{ROOT}/no-such{path}", headers=CONTROL), 404, "no-such", "POST")
    assert names(http, CONTROL) == []


def test_no_host_is_trusted(closed: Server, http: httpx2.Client) -> None:
    key = opened(http)["credentials"]["predictive_index"]["api_key"]
    made = http.post(PI, json=PERSON, headers={"api-key": key, "host": "evil.example", "x-forwarded-host": "evil"})
    assert made.json()["assessmentUrl"].startswith(f"{closed.url}/")
    page = http.get("/", headers={**CONTROL, "host": "evil.example"}).text
    assert "evil" not in made.text + page
    assert closed.url in page


def test_webhook_url_of_a_vendor_request_may_not_be_private_without_webhook_hosts(
    closed: Server, http: httpx2.Client, listener: Listener
) -> None:
    def delivered(http: httpx2.Client, config: Any, **more: Any) -> list[Any]:
        made = http.post(ROOT, json={"config": config}, headers=CONTROL).json()
        under, key = f"{ROOT}/{made['name']}", {"api-key": made["credentials"]["predictive_index"]["api_key"]}
        id = http.post(PI, json={**PERSON, **more}, headers=key).json()["assessmentId"]
        http.post(f"{under}/invitations/{id}/complete", headers=CONTROL)
        http.post(f"{under}/clock", json={"advance": "PT0S"}, headers=CONTROL)
        (first,) = http.get(f"{under}/deliveries", headers=CONTROL).json()
        for body in ({}, {"url": listener.url}):
            http.post(f"{under}/deliveries/{first['id']}/replay", json=body, headers=CONTROL)
        http.post(f"{under}/clock", json={"advance": "PT0S"}, headers=CONTROL)
        found = http.get(f"{under}/deliveries", headers=CONTROL).json()
        return [(one["state"], one["attempts"][0]["error"]) for one in found]

    inward = (
        "refused by policy: in closed access a vendor's key may not name an address of this machine or of a private "
        "network; serve with --webhook-hosts to allow it"
    )
    arrived, refused = ("delivered", None), ("failed", inward)
    assert delivered(http, {}, assessmentStatusWebHook=listener.url) == [refused, refused, arrived]
    assert delivered(http, {"default_webhook_url": listener.url}) == [arrived, arrived, arrived]
    options = ("--access", "closed", "--webhook-hosts", "127.0.0.1")
    with (
        served(*options, environ={"SIMULATOR_CONTROL_TOKEN": CONTROL_TOKEN}) as named,
        httpx2.Client(base_url=named, trust_env=False) as other,
    ):
        assert delivered(other, {}, assessmentStatusWebHook=listener.url) == [arrived, arrived, arrived]


def test_new_credentials_invalidate_links(http: httpx2.Client) -> None:
    made = opened(http)
    key = {"api-key": made["credentials"]["predictive_index"]["api_key"]}
    old = http.post(PI, json=PERSON, headers=key).json()
    caller = keys(http, made["credentials"])
    id = http.post("/mercury/order", json=order_body(), headers=caller).json()["order"]["id"]
    http.post(f"{ROOT}/{made['name']}/invitations/{id}/complete", headers=CONTROL)
    read = f"/mercury/getOrder/{id}?report=true"
    report = http.get(read, headers=caller).json()["reports"][0]["download_url"]
    assert [http.get(link).status_code for link in (old["assessmentUrl"], report)] == [200, 200]
    fresh = http.post(f"{ROOT}/{made['name']}/credentials", headers=CONTROL).json()["credentials"]
    assert [http.get(link).status_code for link in (old["assessmentUrl"], report)] == [404, 403]
    key = {"api-key": fresh["predictive_index"]["api_key"]}
    new = http.get(f"{PI}/{old['assessmentId']}", headers=key).json()["assessmentUrl"]
    link = http.get(read, headers=keys(http, fresh)).json()["reports"][0]["download_url"]
    assert [http.get(link).status_code for link in (new, link)] == [200, 200]


# Default access, and the token.


def test_generated_token_is_printed_once_to_standard_error_and_differs_each_time(closed: Server) -> None:
    tokens = []
    with Server("--access", "closed") as one, Server("--access", "closed") as two:
        for server in (one, two):
            (token,) = re.findall(r"\S{20,}", server.stderr())
            tokens.append(token)
            with httpx2.Client(base_url=server.url, trust_env=False) as http:
                for wrong in ("Bearer None", "Bearer", f"Bearer {token[::-1]}"):
                    problem(http.get(ROOT, headers={"Authorization": wrong}), 401)
                assert http.get(ROOT, headers={"Authorization": f"Bearer {token}"}).json() == []
            assert server.stderr().count(token) == 1
    assert tokens[0] != tokens[1]
    assert CONTROL_TOKEN not in closed.stderr()  # which was given


def test_credentials_of_sandboxes_in_the_file_are_printed_once_to_standard_error(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('{"sandboxes": {"ada": {}, "bob": {}}}')
    environ = {"SIMULATOR_CONTROL_TOKEN": CONTROL_TOKEN}
    with (
        Server("--access", "closed", "--config", str(path), environ=environ) as server,
        httpx2.Client(base_url=server.url, trust_env=False) as http,
    ):
        printed = dict(line.removeprefix("sandbox ").split(": ", 1) for line in server.stderr().splitlines())
        assert list(printed) == names(http, CONTROL) == ["ada", "bob"]
        for n, (name, text) in enumerate(printed.items()):
            headers = keys(http, json.loads(text))
            assert http.post("/mercury/order", json=order_body(f"{n}"), headers=headers).status_code == 201
            assert len(http.get(f"{ROOT}/{name}/invitations", headers=CONTROL).json()) == 1
            assert http.get(PI, headers={"api-key": f"sim-{name}"}).status_code == 401


@pytest.mark.parametrize(
    ("options", "environ", "status"),
    [
        (("--host", "0.0.0.0"), {}, 401),  # noqa: S104 - that is the question
        (("--host", "127.0.0.2"), {}, 200),
        (("--host", "0.0.0.0", "--access", "open"), {}, 200),  # noqa: S104
        ((), {"SIMULATOR_ACCESS": "closed"}, 401),
        (("--access", "open"), {"SIMULATOR_ACCESS": "closed"}, 200),
        ((), {"SIMULATOR_CONTROL_TOKEN": CONTROL_TOKEN}, 200),
    ],
    ids=str,
)
def test_access_is_closed_by_default_where_others_can_reach_the_server(
    options: tuple[str, ...], environ: dict[str, str], status: int
) -> None:
    with served(*options, environ=environ) as url, httpx2.Client(base_url=url, trust_env=False) as http:
        assert http.get(ROOT).status_code == status
        assert http.get("/_simulator/health").status_code == 200
        assert http.get(PI, headers={"api-key": "sim-ada"}).status_code == status


@pytest.mark.parametrize(
    ("host", "access"),
    [("127.0.0.1", "open"), ("127.9.9.9", "open"), ("localhost", "open"), ("::1", "open"), ("[::1]", "open"),
     ("0.0.0.0", "closed"), ("::", "closed"), ("", "closed"), ("192.168.1.1", "closed"),  # noqa: S104
     ("127.0.0.1.example", "closed"), ("localhost.example", "closed"), ("2130706433", "closed")],
)  # fmt: skip
def test_default_access_is_open_for_hosts_that_are_surely_this_machine(host: str, access: str) -> None:
    assert default_access(host) == access


# New credentials.


def renewed(http: httpx2.Client, name: str) -> Any:
    answer = http.post(f"{ROOT}/{name}/credentials", headers=CONTROL)
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_new_credentials_invalidate_the_old_ones_and_their_tokens_at_once(http: httpx2.Client) -> None:
    made = opened(http)
    caller, old = keys(http, made["credentials"]), made["credentials"]
    assert http.post("/mercury/order", json=order_body(), headers=caller).status_code == 201
    again = renewed(http, made["name"])
    new = again["credentials"]
    assert (again["name"], again["seed"]) == (made["name"], made["seed"])
    assert not {*new["pymetrics"].values()} & {*old["pymetrics"].values()}
    assert http.get(PI, headers={"api-key": old["predictive_index"]["api_key"]}).status_code == 401
    assert http.get("/mercury/configuration", headers=caller).status_code == 403
    assert token_call(http, old["pymetrics"]["client_id"], old["pymetrics"]["client_secret"]).status_code == 401
    mixed = {**caller, "X-Api-Key": new["pymetrics"]["api_key"]}
    assert http.get("/mercury/configuration", headers=mixed).status_code == 401
    assert http.get(PI, headers={"api-key": new["predictive_index"]["api_key"]}).status_code == 200
    assert http.get("/mercury/configuration", headers=keys(http, new)).status_code == 200
    assert len(http.get(f"{ROOT}/{made['name']}/invitations", headers=CONTROL).json()) == 1


def test_restore_brings_back_no_token_of_old_credentials(http: httpx2.Client) -> None:
    made = opened(http)
    caller, place = keys(http, made["credentials"]), f"{ROOT}/{made['name']}"
    snapshot = http.post(f"{place}/snapshots", headers=CONTROL).json()["id"]
    new = renewed(http, made["name"])["credentials"]
    assert http.post(f"{place}/snapshots/{snapshot}/restore", headers=CONTROL).status_code == 200
    mixed = {**caller, "X-Api-Key": new["pymetrics"]["api_key"]}
    assert http.get("/mercury/configuration", headers=mixed).status_code == 401


def test_credentials_stay_valid_after_reset_snapshot_and_fork_and_tokens_do_not(http: httpx2.Client) -> None:
    made = opened(http)
    caller = keys(http, made["credentials"])
    for path in ("/reset", "/snapshots", "/fork"):
        assert http.post(f"{ROOT}/{made['name']}{path}", json={}, headers=CONTROL).is_success
    assert http.get("/mercury/configuration", headers=caller).status_code == 401
    assert http.get("/mercury/configuration", headers=keys(http, made["credentials"])).status_code == 200


def test_new_credentials_are_refused_in_open_access(server: Server) -> None:
    with httpx2.Client(base_url=server.url, trust_env=False) as http:
        sandbox = Sandbox(http, "by-name")
        problem(sandbox.control("POST", "/credentials"), 409, f"sim-{sandbox.name}", "open access")
        assert sandbox.pi.get(PI).status_code == 200
        sandbox.control("DELETE")


def test_seed_is_random_in_closed_access(http: httpx2.Client) -> None:
    seeds = {opened(http)["seed"] for _ in range(3)}
    assert len(seeds) == 3
    assert all(isinstance(seed, str) and len(seed) == 32 for seed in seeds)
    given = http.post(ROOT, json={"name": "given", "seed": 7}, headers=CONTROL).json()
    assert given["seed"] == 7


def test_only_digests_of_credentials_are_kept() -> None:
    known = Keys(VENDORS)
    made, locks = known.made()
    known.hold("ada", locks)
    secrets = [secret for held in made.values() for secret in held.values()]
    assert len(secrets) == 4
    assert [secret for secret in secrets if secret in repr(vars(known))] == []
    again = Keys(VENDORS)
    again.hold("ada", locks)
    assert again.opened(Credential("predictive_index.key", made["predictive_index"]["api_key"])) == "ada"
    again.forget("ada")
    again.forget("ada")
    assert again.opened(Credential("predictive_index.key", made["predictive_index"]["api_key"])) is None
