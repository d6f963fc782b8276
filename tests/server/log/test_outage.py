"""A database that goes away for a while: what was acknowledged is there afterwards, and what was under way goes on."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

import httpx2
import psycopg
import pytest

from tests.postgres import new_database
from tests.server import PI, assessment, problem
from tests.servers import Listener, Sandbox, Server
from tests.waiting import until


@pytest.fixture
def url(postgres_server: str) -> str:
    """A new database."""
    return new_database(postgres_server)


def tell(url: str, *statements: str) -> None:
    """Run statements in the database beside this one that is always there."""
    server, _, name = url.rpartition("/")
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.format(name).encode())


END = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}'"


@contextmanager
def away(url: str, *, at_once: bool = True) -> Iterator[None]:
    """Nobody gets a connection; those that there are end `at_once`, or go on."""
    tell(url, "ALTER DATABASE {} WITH ALLOW_CONNECTIONS false", *([END] if at_once else []))
    try:
        yield
    finally:
        tell(url, "ALTER DATABASE {} WITH ALLOW_CONNECTIONS true")


@contextmanager
def fatal(url: str, kind: str = "TRIGGER", when: str = "") -> Iterator[None]:
    """Who commits loses the connection in the middle of it: before the end, or in the moment of it."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "CREATE FUNCTION fatal() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END $$"
        )
        connection.execute(f"CREATE {kind} fatal AFTER INSERT ON entry {when} FOR EACH ROW EXECUTE FUNCTION fatal()")
    yield
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP FUNCTION fatal CASCADE")


@contextmanager
def served(url: str, delay: float = 0) -> Iterator[tuple[Server, Sandbox, Listener]]:
    """A server over that log, a sandbox of it, and a listener that takes its time to answer."""
    with (
        Listener(delay=delay) as listener,
        Server("--log", url) as server,
        httpx2.Client(base_url=server.url, trust_env=False, timeout=30) as http,
    ):
        yield server, Sandbox(http, "ada"), listener


def lease_is_over(sandbox: Sandbox) -> None:
    """Return when the server answers no more, because it cannot know whether it still owns the sandbox."""
    until(lambda: sandbox.pi.get(PI).status_code == 503)


def test_no_webhook_is_sent_for_a_change_that_was_not_written(url: str) -> None:
    with served(url) as (_, sandbox, listener):
        id = assessment(sandbox, assessmentStatusWebHook=f"{listener.url}/hook")["assessmentId"]
        with fatal(url), away(url, at_once=False):
            assert sandbox.control("POST", f"/invitations/{id}/complete").status_code == 503
        until(lambda: sandbox.control("GET", "/deliveries").status_code == 200)
        assert (sandbox.control_json("GET", "/deliveries"), listener.received) == ([], [])
        sandbox.control_json("POST", f"/invitations/{id}/complete")
        until(lambda: [one["state"] for one in sandbox.control_json("GET", "/deliveries")] == ["delivered"])
        assert len(listener.received) == 1


def test_responses_do_not_reveal_the_database(url: str) -> None:
    parts = urlsplit(url)
    secrets = [parts.path.strip("/"), f"{parts.port}", f'user "{parts.username}"', "FATAL", "postgres"]
    with served(url) as (server, sandbox, _):
        assessment(sandbox)
        with away(url):
            lease_is_over(sandbox)
            answers = [
                sandbox.pi.get(PI),
                sandbox.http.post(
                    "/mercury/oauth/token",
                    json={"client_id": "sim-new", "client_secret": "any", "grant_type": "client_credentials"},
                ),
                *(sandbox.control(*call) for call in (("GET", ""), ("POST", "/reset"))),
                sandbox.http.get("/_simulator/sandboxes"),
                sandbox.http.get("/sandboxes/ada", headers={"accept": "text/html"}),
            ]
            said = server.stderr()
    assert [answer.status_code for answer in answers[:4]] == [503] * 4
    for answer in answers:
        whole = f"{answer.headers}{answer.text}"
        assert [secret for secret in secrets if secret in whole] == [], whole
    assert secrets[0] in said  # the operator reads it


def test_a_reset_that_was_not_written_changes_nothing(url: str) -> None:
    with served(url, 1) as (_, sandbox, listener):
        id = assessment(sandbox, assessmentStatusWebHook=f"{listener.url}/hook")["assessmentId"]
        sandbox.control_json("POST", f"/invitations/{id}/complete")
        listener.wait_for(1)
        with fatal(url):
            problem(sandbox.control("POST", "/reset"), 503, "nothing was changed")
        assert len(sandbox.control_json("GET", "/journal")) == 1
        until(lambda: [len(one["attempts"]) for one in sandbox.control_json("GET", "/deliveries")] == [1])
        assert len(listener.received) == 1


def test_a_locked_row_delays_only_its_sandbox(url: str) -> None:
    with served(url) as (server, sandbox, _), psycopg.connect(url) as other:
        assessment(sandbox)
        with httpx2.Client(base_url=server.url, trust_env=False, timeout=30) as http:
            bo = Sandbox(http, "bo")
            assessment(bo)
            other.execute("SELECT key FROM sandbox WHERE name = 'ada' FOR UPDATE")
            problem(sandbox.control("POST", "/reset"), 503, "nothing was changed")
            other.rollback()
            until(lambda: sandbox.control("POST", "/reset").status_code == 200)


@pytest.mark.parametrize("kind", [("TRIGGER", ""), ("CONSTRAINT TRIGGER", "DEFERRABLE INITIALLY DEFERRED")])
def test_a_session_lost_in_each_commit_gives_503_and_changes_nothing(url: str, kind: tuple[str, str]) -> None:
    with served(url) as (_, sandbox, _):
        assessment(sandbox)
        before = sandbox.control_json("GET", "/invitations")
        with fatal(url, *kind):
            problem(sandbox.control("POST", "/reset"), 503, "nothing was changed")
        until(lambda: sandbox.control("GET", "/invitations").status_code == 200)
        assert sandbox.control_json("GET", "/invitations") == before


ONCE = """
    CREATE SEQUENCE times;
    CREATE FUNCTION once() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN IF nextval('times') = 1 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF; RETURN NEW; END $$;
"""


@pytest.mark.parametrize("kind", ["TRIGGER once AFTER INSERT ON entry", (
    "CONSTRAINT TRIGGER once AFTER INSERT ON entry DEFERRABLE INITIALLY DEFERRED"
)])  # fmt: skip
def test_a_session_lost_in_one_commit_fails_no_call(url: str, kind: str) -> None:
    with served(url) as (_, sandbox, _):
        first = assessment(sandbox)["assessmentId"]
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(ONCE)
            connection.execute(f"CREATE {kind} FOR EACH ROW EXECUTE FUNCTION once()".encode())
        second = assessment(sandbox)["assessmentId"]
        assert [one["id"] for one in sandbox.control_json("GET", "/invitations")] == [first, second]


def test_ended_connections_fail_no_call(url: str) -> None:
    with served(url) as (_, sandbox, _):
        id = assessment(sandbox)["assessmentId"]
        tell(url, END)
        assert sandbox.pi.get(f"{PI}/{id}").status_code == 200
        for method, path in (("POST", f"/invitations/{id}/complete"), ("GET", "/invitations")):
            tell(url, END)
            assert sandbox.control(method, path).status_code == 200


def test_calls_that_failed_because_of_the_log_are_in_the_journal(url: str) -> None:
    with served(url) as (_, sandbox, _):
        assessment(sandbox)
        with away(url):
            lease_is_over(sandbox)
        until(lambda: sandbox.control("GET", "/journal").status_code == 200)
        statuses = [call["status"] for call in sandbox.control_json("GET", "/journal")]
        assert (statuses[0], statuses[-1]) == (201, 503)


def test_an_attempt_that_ends_during_an_outage_is_recorded_afterwards(url: str) -> None:
    def deliveries() -> Any:
        with suppress(AssertionError):  # refused for as long as it is away
            return [(one["state"], len(one["attempts"])) for one in sandbox.control_json("GET", "/deliveries")]
        return None

    with served(url, 0.7) as (server, sandbox, listener):
        id = assessment(sandbox, assessmentStatusWebHook=f"{listener.url}/hook")["assessmentId"]
        sandbox.control_json("POST", f"/invitations/{id}/complete")
        listener.wait_for(1)
        with away(url):
            until(lambda: "an attempt cannot be recorded yet" in server.stderr())
            assert sandbox.control("GET", "/deliveries").status_code == 503
        until(lambda: deliveries() == [("delivered", 1)])
        assert sandbox.control_json("POST", "/clock", {"advance": "PT24H"})["events"] == []
        assert len(listener.received) == 1
        assert "Traceback" not in server.stderr()
        assert server.stderr().count("another one is opened as soon as that is possible") == 1
        assert server.stderr().count("another session took the place of the one that was lost") == 1
