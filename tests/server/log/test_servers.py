"""Several servers over one PostgreSQL, as their callers see them; `tests/engine` lets them fail."""

from collections.abc import Iterator
from contextlib import ExitStack

import httpx2
import psycopg
import pytest

from tests.postgres import new_database
from tests.server import PI, ROOT, assessment, order
from tests.servers import Sandbox, Server


@pytest.fixture(scope="module")
def url(postgres_server: str) -> str:
    """A database that the servers share."""
    return new_database(postgres_server)


@pytest.fixture(scope="module")
def clients(url: str) -> Iterator[list[httpx2.Client]]:
    """A client of each of two servers."""
    with ExitStack() as stack:
        servers = [stack.enter_context(Server("--log", url)) for _ in range(2)]
        yield [
            stack.enter_context(httpx2.Client(base_url=server.url, trust_env=False, timeout=30)) for server in servers
        ]


def both(clients: list[httpx2.Client], name: str) -> tuple[Sandbox, Sandbox]:
    """A sandbox as each server shows it; the first server owns it."""
    one, other = (Sandbox(client, name) for client in clients)
    one.control_json("GET")
    return one, other


def test_calls_to_any_server_are_answered_by_the_owner(clients: list[httpx2.Client]) -> None:
    one, other = both(clients, "whichever")
    first, second = assessment(one)["assessmentId"], assessment(other)["assessmentId"]
    assert [found["id"] for found in one.control_json("GET", "/invitations")] == [first, second]
    assert [found["id"] for found in other.control_json("GET", "/invitations")] == [first, second]
    assert [call["id"] for call in other.control_json("GET", "/journal")] == ["call-1", "call-2"]
    owner = one.control_json("GET", "/owner")
    assert owner == other.control_json("GET", "/owner")
    assert owner["log"] == "postgresql"


def test_links_begin_with_the_address_that_the_caller_used(clients: list[httpx2.Client]) -> None:
    one, other = both(clients, "links")
    for sandbox in (one, other):
        link = order(sandbox, application=sandbox.url)["invite_link"]
        assert link.startswith(sandbox.url)
        assert httpx2.get(link, trust_env=False).status_code == 200
        assert sandbox.http.get(link.removeprefix(sandbox.url)).status_code == 200


@pytest.mark.parametrize("path", [PI, "/_simulator/sandboxes/large/clock"])
def test_a_body_over_the_limit_is_refused_alike_by_the_owner_and_by_others(
    clients: list[httpx2.Client], path: str
) -> None:
    one, _ = both(clients, "large")
    assessment(one)
    headers = {"api-key": "sim-large", "content-type": "application/json"}
    answers = [client.post(path, content=b"{}".ljust(1_048_577), headers=headers) for client in clients]
    assert [answer.status_code for answer in answers] == [413, 413]
    assert answers[0].content == answers[1].content


def test_pages_of_a_sandbox_come_from_its_owner(clients: list[httpx2.Client]) -> None:
    one, other = both(clients, "pages")
    assessment(one)
    page = other.http.get("/sandboxes/pages", headers={"accept": "text/html"})
    assert page.status_code == 200
    assert "Grace Hopper" in page.text


def test_lists_show_all_sandboxes_and_those_of_others_without_their_journal(clients: list[httpx2.Client]) -> None:
    one, other = both(clients, "listed")
    assessment(one)
    for sandbox, calls in ((one, 1), (other, 0)):
        [seen] = [found for found in sandbox.http.get(ROOT).json() if found["name"] == "listed"]
        assert seen["counts"] == {"invitations": 1, "deliveries": 0, "journal": calls, "mail": 0}


def test_a_sandbox_deleted_through_another_server_is_empty_when_opened_again(clients: list[httpx2.Client]) -> None:
    one, other = both(clients, "deleted")
    assessment(one)
    assert other.control("DELETE").status_code == 204
    assert one.control_json("GET", "/invitations") == []
    assessment(other)
    assert len(one.control_json("GET", "/invitations")) == 1


def test_injected_faults_reach_callers_of_another_server_unchanged(clients: list[httpx2.Client]) -> None:
    one, other = both(clients, "faulty")
    assessment(one)
    for do in ("drop", "cut"):
        one.control_json("PUT", "/faults", [{"do": do, "times": 1}])
        with pytest.raises(httpx2.RemoteProtocolError):
            other.pi.get(PI)
        assert len(other.pi.get(PI).json()) == 1


def test_an_unreachable_owner_whose_session_cannot_be_ended_gives_the_vendors_503(
    clients: list[httpx2.Client], url: str
) -> None:
    with psycopg.connect(url, autocommit=True) as owner:
        said = "INSERT INTO server (id, pid, address) VALUES (7, 0, '127.0.0.1:1') RETURNING id"
        [(id,)] = owner.execute(said).fetchall()
        owner.execute("SELECT pg_advisory_lock(%s, %s::int)", (0x53696D, id))
        owner.execute(
            "INSERT INTO sandbox (name, about, owner, number, digest, image, image_chain, image_digest, summary, used)"
            " VALUES ('away', '{}', %s, 0, '', 0, '', '', '{}', 0)", (id,),
        )  # fmt: skip
        away = Sandbox(clients[0], "away")
        try:
            answer, control = away.pi.get(PI), away.control("GET", "/clock")
        finally:
            owner.execute("DELETE FROM sandbox WHERE name = 'away'")
        assert answer.status_code == 503
        assert "cannot be reached" in answer.headers["simulator-hint"]
        assert answer.json()["description"] == "The API is down for maintenance"
        assert (control.status_code, control.headers["content-type"]) == (503, "application/problem+json")
