"""Another site's page changes nothing here; programs, which send neither header, are never refused."""

from collections.abc import Mapping

import httpx2
import pytest

from simulator.server.origin import is_foreign
from tests.server import ROOT, names, problem
from tests.servers import Sandbox, Server

Sent = Mapping[str, str]

ROWS: list[tuple[Sent, str | None, bool]] = [
    ({}, None, False),
    ({"host": "127.0.0.1:8787"}, None, False),
    ({"sec-fetch-site": "same-origin"}, None, False),
    ({"sec-fetch-site": "none"}, None, False),
    ({"sec-fetch-site": "cross-site"}, None, True),
    ({"sec-fetch-site": "same-site"}, None, True),
    ({"sec-fetch-site": ""}, None, True),
    ({"sec-fetch-site": "same-origin", "origin": "null"}, None, False),
    ({"sec-fetch-site": "cross-site", "origin": "http://sim:1", "host": "sim:1"}, None, True),
    ({"origin": "http://sim:1", "host": "sim:1"}, None, False),
    ({"origin": "https://SIM:1", "host": "sim:1"}, None, False),
    ({"origin": "http://sim:2", "host": "sim:1"}, None, True),
    ({"origin": "http://sim", "host": "sim:1"}, None, True),
    ({"origin": "http://sim:1.evil.example", "host": "sim:1"}, None, True),
    ({"origin": "null", "host": "sim:1"}, None, True),
    ({"origin": "null", "host": ""}, None, True),
    ({"origin": "", "host": ""}, None, True),
    ({"origin": "http://", "host": ""}, None, True),
    ({"origin": "file://", "host": ""}, None, True),
    ({"origin": "http://sim:1"}, None, True),
    ({"origin": "https://sim.example", "host": "10.0.0.1:8787"}, "https://sim.example/there", False),
    ({"origin": "http://10.0.0.1:8787", "host": "10.0.0.1:8787"}, "https://sim.example", False),
    ({"origin": "https://evil.example", "host": "10.0.0.1:8787"}, "https://sim.example", True),
]


@pytest.mark.parametrize(("sent", "public", "foreign"), ROWS)
def test_a_page_of_another_origin_is_known_by_what_its_browser_sends(
    sent: Sent, public: str | None, foreign: bool
) -> None:
    headers = {name.encode(): value.encode() for name, value in sent.items()}
    assert is_foreign(headers, public) is foreign


FOREIGN = [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "http://evil.example"},
           {"Origin": "null"}]  # fmt: skip


@pytest.mark.parametrize("headers", FOREIGN)
@pytest.mark.parametrize(
    ("verb", "path"), [("DELETE", ""), ("POST", "/reset"), ("PATCH", "/config"), ("PUT", "/faults"), ("POST", "/no")]
)
def test_the_control_api_lets_no_other_page_change_anything(
    sandbox: Sandbox, headers: Sent, verb: str, path: str
) -> None:
    sandbox.told("PATCH", "/config", {"rate_limit": 7})
    answer = sandbox.http.request(verb, f"{ROOT}/{sandbox.name}{path}", headers=headers, content=b"{}")
    problem(answer, 403, "another site", "Sec-Fetch-Site", "neither header")
    assert sandbox.name in names(sandbox.http)
    assert sandbox.told("GET", "/config")["rate_limit"] == 7


@pytest.mark.parametrize("headers", FOREIGN)
def test_what_changes_nothing_is_answered_whoever_asks(sandbox: Sandbox, headers: Sent) -> None:
    assert sandbox.http.get(f"{ROOT}/{sandbox.name}", headers=headers).status_code == 200
    assert sandbox.http.get("/", headers=headers).status_code == 200


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "same-origin", "Origin": "null"}, {"Sec-Fetch-Site": "none"}])
def test_our_own_pages_may_turn_every_knob(sandbox: Sandbox, headers: Sent) -> None:
    assert sandbox.http.post(f"{ROOT}/{sandbox.name}/reset", headers=headers).status_code == 200


def test_a_page_at_the_address_that_was_asked_is_ours(sandbox: Sandbox) -> None:
    headers = {"Origin": sandbox.url}
    assert sandbox.http.post(f"{ROOT}/{sandbox.name}/reset", headers=headers).status_code == 200


def test_the_public_address_is_ours_too() -> None:
    with Server("--public-url", "https://sim.example") as server, httpx2.Client(base_url=server.url) as http:
        for origin, status in (("https://sim.example", 200), (server.url, 200), ("https://evil.example", 403)):
            assert http.post(f"{ROOT}/public/reset", headers={"Origin": origin}).status_code == status


def test_the_vendors_are_asked_from_any_page(sandbox: Sandbox) -> None:
    answer = sandbox.pi.post("/api/v1/behavioralassessments", json={}, headers={"Origin": "http://ats.example"})
    assert answer.status_code == 400
