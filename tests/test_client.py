"""The handle on a sandbox, against the real program."""

import re
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from assessment_simulator.client import NotCaught, Simulator, SimulatorError, SimulatorServer
from assessment_simulator.testing.connection import duration
from assessment_simulator.testing.listener_address import advertised, bind_address
from assessment_simulator.testing.webhook_listener import Listener
from tests.servers import CONTROL_TOKEN, Server

ORDER = {
    "candidate": {"email": "ada@example.com", "first_name": "Ada", "last_name": "Lovelace"},
    "assessment_id": "6ac4d6b5-9a3e-4d0c-8f55-0d5a3f6d2b10",
    "application_id": "application-1",
}
PERSON = {"firstName": "Grace", "lastName": "Hopper", "email": "grace@example.com"}


@pytest.fixture
def handle(server: Server) -> Iterator[Simulator]:
    """A sandbox on the tests' server."""
    with Simulator(server.url) as opened:
        yield opened


def assess(handle: Simulator, **more: Any) -> str:
    """Create an assessment at The Predictive Index; its id."""
    pi = handle.predictive_index
    answer = httpx2.post(f"{pi.url}/behavioralassessments", headers=pi.headers(), json={**PERSON, **more})
    assert answer.status_code == 201, answer.text
    id: str = answer.json()["assessmentId"]
    return id


def order(handle: Simulator, status: int = 201) -> str:
    """Create an order at pymetrics, or ask for the same once more; its id."""
    pymetrics = handle.pymetrics
    answer = httpx2.post(f"{pymetrics.url}/mercury/order", headers=pymetrics.headers(), json=ORDER)
    assert answer.status_code == status, answer.text
    id: str = answer.json()["order"]["id"]
    return id


def names(server: Server) -> set[str]:
    """The sandboxes that are open on a server."""
    return {one["name"] for one in httpx2.get(f"{server.url}/_simulator/sandboxes", trust_env=False).json()}


# The sandbox.


def test_a_handle_opens_a_sandbox_and_forgets_it_at_the_end(server: Server) -> None:
    with Simulator(server.url, "held-in-the-hand") as handle:
        assert handle.name == "held-in-the-hand"
        assert handle.name in names(server)
    assert handle.name not in names(server)


def test_a_handle_that_is_closed_twice_is_closed(server: Server) -> None:
    handle = Simulator(server.url)
    handle.close()
    handle.close()
    assert handle.name not in names(server)


def test_a_sandbox_that_somebody_else_has_forgotten_is_no_trouble_at_the_end(handle: Simulator) -> None:
    httpx2.delete(f"{handle.url}/_simulator/sandboxes/{handle.name}", trust_env=False)


def test_a_name_that_is_taken_is_refused_and_leaves_nothing_running(server: Server, handle: Simulator) -> None:
    before = set(threading.enumerate())
    with pytest.raises(SimulatorError, match=r"there is a sandbox .* already") as refused:
        Simulator(server.url, handle.name)
    assert refused.value.status == 409
    assert refused.value.problem["title"] == "Conflict"
    assert set(threading.enumerate()) <= before


FORKED = """
import os, sys
from assessment_simulator.client import Simulator

with Simulator(sys.argv[1]) as simulator:
    simulator.config(progress="PT1S")  # leaves an open connection
    child = os.fork()
    mine = "PT2S" if child else "PT3S"
    sandbox = simulator if child else Simulator(sys.argv[1])
    for _ in range(200):
        assert sandbox.config(progress=mine)["progress"] == mine
        assert [one["id"] for one in simulator.invitations] == []
    if not child:
        sandbox.close()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert simulator.config()["progress"] == "PT2S"
"""


def test_a_forked_child_and_its_parent_get_their_own_answers(server: Server) -> None:
    command = [sys.executable, "-W", "error", "-c", FORKED, server.url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_server_that_is_not_there_is_named() -> None:
    with pytest.raises(SimulatorError, match=r"POST http://127\.0\.0\.1:9/_simulator/sandboxes: ") as refused:
        Simulator("http://127.0.0.1:9/")
    assert refused.value.status is None


def test_an_address_where_something_else_answers_is_no_simulator(server: Server) -> None:
    with pytest.raises(SimulatorError, match="404"):
        Simulator(f"{server.url}/elsewhere")


def test_a_sandbox_begins_with_the_settings_and_the_seed_that_it_is_given(server: Server) -> None:
    with Simulator(server.url, seed="seven", config={"progress": "PT5S"}) as handle:
        assert handle.config()["progress"] == "PT5S"
        looked = httpx2.get(f"{server.url}/_simulator/sandboxes/{handle.name}", trust_env=False).json()
        assert looked["seed"] == "seven"


def test_both_vendors_open_with_what_the_handle_holds(handle: Simulator) -> None:
    ids = [assess(handle), order(handle)]
    assert [one["id"] for one in handle.invitations] == ids
    assert handle.pymetrics.base_url == handle.pymetrics.url == handle.url
    assert handle.predictive_index.base_url == handle.predictive_index.url == f"{handle.url}/api/v1"
    assert (handle.pymetrics.client_id, handle.pymetrics.api_key) == (f"sim-{handle.name}",) * 2


def test_in_closed_access_the_control_token_opens_a_sandbox_with_credentials_of_chance(closed: Server) -> None:
    with Simulator(closed.url, control_token=CONTROL_TOKEN) as handle:
        assert not handle.predictive_index.api_key.startswith("sim-")
        handle.complete(assess(handle))
        handle.complete(order(handle))
        handle.webhooks.wait_for(3)
        with pytest.raises(SimulatorError, match="401"):
            Simulator(closed.url, control_token="another")


ACTIONS: list[tuple[str, Callable[[Simulator], str], Callable[[Simulator, str], dict[str, Any]], str]] = [
    ("open", assess, Simulator.open, "20"),
    ("start", assess, Simulator.start, "30"),
    ("complete", assess, Simulator.complete, "40"),
    ("expire", assess, Simulator.expire, "50"),
    ("abort", assess, Simulator.abort, "65"),
    ("accept", order, Simulator.accept, "Accepted"),
    ("reject", order, Simulator.reject, "Rejected"),
    ("start", order, Simulator.start, "In Progress"),
    ("complete", order, Simulator.complete, "Completed"),
    ("expire", order, Simulator.expire, "Expired"),
]


@pytest.mark.parametrize(("name", "create", "act", "status"), ACTIONS)
def test_a_candidates_part_is_played(
    handle: Simulator,
    name: str,
    create: Callable[[Simulator], str],
    act: Callable[[Simulator, str], dict[str, Any]],
    status: str,
) -> None:
    id = create(handle)
    assert str(act(handle, id)["status"]) == status
    assert str(handle.invitations.one(id)["status"]) == status


def test_a_move_that_cannot_be_made_is_refused_with_its_reason(handle: Simulator) -> None:
    id = assess(handle)
    handle.expire(id)
    with pytest.raises(SimulatorError, match=r"409.*complete"):
        handle.complete(id)
    with pytest.raises(SimulatorError, match="cannot accept"):
        handle.act(id, "accept")


def test_settings_are_changed_and_shown_whole(handle: Simulator) -> None:
    changed = handle.config(progress="PT10S", rate_limit=100)
    assert (changed["progress"], changed["rate_limit"], changed["invitation_days"]) == ("PT10S", 100, 10)
    assert handle.config() == changed
    with pytest.raises(SimulatorError, match="invitation_days: must be greater than or equal to 4"):
        handle.config(invitation_days=3)


def test_a_snapshot_brings_back_what_was(handle: Simulator) -> None:
    id = assess(handle)
    before = handle.snapshot()
    handle.complete(id)
    before.restore()
    assert handle.invitations[0]["status"] != "40"
    assert str(handle.invitations.one(id)["status"]) == "0"
    before.delete()
    with pytest.raises(SimulatorError, match="there is no snapshot 'snapshot-1'; there are none"):
        before.restore()


def test_a_fork_goes_its_own_way_and_ends_with_its_origin(server: Server) -> None:
    with Simulator(server.url) as handle:
        id = assess(handle)
        fork = handle.fork()
        fork.complete(id)
        fork.webhooks.wait_for(1)
        assert list(handle.webhooks) == []
        assert str(handle.invitations[0]["status"]) == "0"
        assert fork.name in names(server)
    assert fork.name not in names(server)


def test_a_fork_keeps_a_webhook_address_that_somebody_has_chosen(handle: Simulator) -> None:
    handle.config(webhook_url="http://127.0.0.1:9/mine")
    config = handle.fork("chosen").config()
    assert config["webhook_url"] == "http://127.0.0.1:9/mine"
    assert config["default_webhook_url"].endswith("/chosen")


def test_a_reset_leaves_neither_invitation_nor_webhook(handle: Simulator) -> None:
    handle.complete(assess(handle))
    handle.webhooks.wait_for(1)
    handle.reset()
    assert handle.invitations == []
    assert len(handle.webhooks) == 0
    handle.complete(assess(handle))
    handle.webhooks.wait_for(1)


def test_an_invitation_mail_is_read(handle: Simulator) -> None:
    id = assess(handle, notifyAssessmentAvailableUsingEmail=1)
    (mail,) = handle.mail
    assert (mail["to"], mail["invitation"]) == ("grace@example.com", id)
    assert len(handle.mail) == 1
    assert str(handle.mail) == f"[{mail!r}]"


# The clock.


@pytest.mark.parametrize(
    ("span", "passed"),
    [
        ("24h", timedelta(hours=24)),
        ("PT24H", timedelta(hours=24)),
        ("10m", timedelta(minutes=10)),
        ("1d", timedelta(days=1)),
        ("1d12h", timedelta(days=1, hours=12)),
        ("1.5s", timedelta(seconds=1.5)),
        (timedelta(minutes=90), timedelta(minutes=90)),
        (timedelta(microseconds=1), timedelta(microseconds=1)),
    ],
)
def test_a_span_is_written_as_it_is_spoken(handle: Simulator, span: str | timedelta, passed: timedelta) -> None:
    handle.clock.freeze("2026-01-01T00:00:00Z")
    handle.clock.advance(span)
    assert handle.clock.now - datetime(2026, 1, 1, tzinfo=UTC) == passed


@pytest.mark.parametrize("span", ["", "24", "h", "a day", "1h1d", "-1h", timedelta(seconds=-1)])
def test_what_is_no_span_is_refused_before_it_is_sent(span: str | timedelta) -> None:
    with pytest.raises(ValueError, match=r"is no duration such as 24h|is negative"):
        duration(span)


@pytest.mark.parametrize(
    "instant", ["2020-02-29T12:00:00Z", datetime(2020, 2, 29, 12, tzinfo=UTC), "2020-02-29T13:00:00+01:00"]
)
def test_a_clock_stands_still_where_it_is_told_to(handle: Simulator, instant: str | datetime) -> None:
    handle.clock.freeze(instant)
    assert (handle.clock.now, handle.clock.mode) == (datetime(2020, 2, 29, 12, tzinfo=UTC), "frozen")
    handle.clock.run()
    assert handle.clock.mode == "running"


def test_a_clock_stands_still_where_it_is(handle: Simulator) -> None:
    before = handle.clock.now
    handle.clock.freeze()
    assert handle.clock.now == handle.clock.now
    assert timedelta(0) <= handle.clock.now - before < timedelta(minutes=1)


def test_an_instant_without_a_zone_is_refused_before_it_is_sent(handle: Simulator) -> None:
    with pytest.raises(ValueError, match="has no time zone"):
        handle.clock.freeze(datetime(2020, 2, 29, 12))  # noqa: DTZ001 - that is what is tested


def test_turning_the_clock_tells_what_happened(handle: Simulator) -> None:
    id = assess(handle)
    events = handle.clock.advance("11d")
    assert [(one["what"], one["id"]) for one in events if one["id"] == id] == [("expire", id)]
    assert str(handle.invitations[-1]["status"]) == "50"


def test_time_passes_until_nothing_is_left_to_happen(handle: Simulator) -> None:
    handle.config(progress="PT10S")
    id = assess(handle)
    assert "complete" in [one["what"] for one in handle.clock.until_idle() if one["id"] == id]
    assert len(handle.webhooks) == 1


# Webhooks.


def test_a_completed_invitation_of_either_vendor_is_told_of(handle: Simulator) -> None:
    handle.complete(assess(handle, externalId="mine"))
    form = handle.webhooks.wait_for({"assessmentState": "40"})
    assert (form.method, form.path, form.form["externalId"]) == ("POST", "", "mine")
    assert abs(datetime.now(UTC) - form.at) < timedelta(minutes=1)
    id = order(handle)
    handle.complete(id)
    signed = handle.webhooks.wait_for({"data": {"id": id, "status": "Completed"}})
    assert signed.json["data"]["status"] == "Completed"
    assert signed.headers["webhook-signature"].startswith("v1,")
    assert signed.body.startswith(b"{")


def test_waiting_for_so_many_gives_all_that_came(handle: Simulator) -> None:
    handle.complete(order(handle))
    both = handle.webhooks.wait_for(2)
    assert [one.json["data"]["status"] for one in both] == ["In Progress", "Completed"]
    assert both == handle.webhooks[:2] == [handle.webhooks[0], handle.webhooks[1]]
    assert repr(both) == repr(handle.webhooks)


def test_waiting_goes_by_a_function_too(handle: Simulator) -> None:
    handle.complete(order(handle))
    assert handle.webhooks.wait_for(lambda webhook: b"Completed" in webhook.body) == handle.webhooks[1]


def test_a_listener_that_fails_is_tried_again_as_the_vendor_does(handle: Simulator) -> None:
    handle.webhooks.answer_with(500, 503, 200)
    handle.complete(assess(handle))
    handle.webhooks.wait_for(1)
    handle.clock.advance("24h")
    assert len(handle.webhooks) == 3
    assert [one["status"] for one in handle.deliveries[0]["attempts"]] == [500, 503, 200]


def test_a_listener_that_takes_its_time_is_given_up(handle: Simulator) -> None:
    handle.config(webhook_timeout=0.05)
    handle.webhooks.answer_with(200, delay=0.5)
    handle.complete(assess(handle))
    handle.webhooks.wait_for(1)
    handle.clock.advance("1s")
    assert handle.deliveries[0]["attempts"][0]["status"] is None


def test_answering_with_nothing_is_refused(handle: Simulator) -> None:
    with pytest.raises(ValueError, match="at least one status"):
        handle.webhooks.answer_with()


@pytest.mark.parametrize("status", ["x", "500", 99, 100, 600, None])
def test_answering_with_what_is_no_status_is_refused_where_it_is_said(handle: Simulator, status: Any) -> None:
    with pytest.raises(ValueError, match=f"{status!r} is no final HTTP status"):
        handle.webhooks.answer_with(500, status)


@pytest.mark.parametrize("span", [5, 1.5, None])
def test_a_span_without_a_unit_is_refused(handle: Simulator, span: Any) -> None:
    before = handle.clock.freeze("2026-01-01T00:00:00Z")
    with pytest.raises(TypeError, match=f"{span!r} says no unit: give a text such as 24h"):
        handle.clock.advance(span)
    assert (before, handle.clock.now.isoformat()) == ([], "2026-01-01T00:00:00+00:00")


def test_one_fault_where_a_list_is_meant_is_refused(handle: Simulator) -> None:
    with pytest.raises(TypeError, match=r"give a list of faults, such as \[\{'do': 'drop'\}\]"):
        handle.faults.set({"do": "drop"})  # type: ignore[arg-type]
    assert handle.faults == []


def test_an_address_below_the_sandboxes_own_is_caught_too(handle: Simulator) -> None:
    handle.complete(assess(handle, assessmentStatusWebHook=f"{handle.webhooks.url}/done?a=1"))
    assert handle.webhooks.wait_for(1)[0].path == "/done?a=1"


def test_a_listener_catches_for_nobody_it_does_not_know(handle: Simulator) -> None:
    stranger = handle.webhooks.url.removesuffix(handle.name) + "stranger"
    assert httpx2.post(stranger, trust_env=False).status_code == 404
    assert len(handle.webhooks) == 0


def test_a_delivery_is_sent_once_more_on_request(handle: Simulator) -> None:
    handle.complete(assess(handle))
    handle.webhooks.wait_for(1)
    again = handle.deliveries.replay(handle.deliveries[0]["id"])
    handle.webhooks.wait_for(2)
    handle.deliveries.replay(again["id"], f"{handle.webhooks.url}/again")
    handle.webhooks.wait_for(lambda webhook: webhook.path == "/again")
    handle.clock.advance("1s")
    assert "assessmentState=40" in handle.deliveries.one(again["id"])["attempts"][0]["request"]["body"]


def test_a_wait_in_vain_tells_what_came_nearest_and_what_was_tried(handle: Simulator) -> None:
    handle.complete(assess(handle, externalId="mine"))
    handle.webhooks.wait_for(1)
    with pytest.raises(NotCaught) as vain:
        handle.webhooks.wait_for({"assessmentState": "40", "externalId": "yours"}, within=0.01)
    first, second, third, fourth = str(vain.value).splitlines()
    assert first == "waited 0.01 s for a webhook with {'assessmentState': '40', 'externalId': 'yours'}; 1 came"
    assert second.startswith("caught: POST / assessmentId=")
    assert third == "  externalId is 'mine' and not 'yours'"
    assert fourth.startswith(f"tried: {handle.deliveries[0]['id']} to {handle.webhooks.url}: ")


def test_a_wait_in_vain_for_a_number_says_how_many_came(handle: Simulator) -> None:
    with pytest.raises(NotCaught, match=r"waited 0\.01 s for 1 webhooks; 0 came"):
        handle.webhooks.wait_for(1, within=0.01)


def test_a_webhook_that_goes_elsewhere_is_seen_in_the_message(handle: Simulator) -> None:
    handle.complete(assess(handle, assessmentStatusWebHook="http://127.0.0.1:9/nobody"))
    handle.clock.advance("1s")
    said = r"tried: .* to http://127\.0\.0\.1:9/nobody: pending; attempts: ConnectionRefusedError"
    with pytest.raises(NotCaught, match=said):
        handle.webhooks.wait_for(1, within=0.01)


UNREACHED = {
    "connection refused": "http://127.0.0.1:9",
    "another program answers there": "{server}",
    "the server's policy refuses it": "http://169.254.169.254",
}


@pytest.mark.parametrize("url", UNREACHED.values(), ids=UNREACHED)
def test_a_server_that_does_not_reach_the_listener_is_found_by_trying(
    server: Server, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("SIMULATOR_LISTENER_URL", url.replace("{server}", server.url))
    with SimulatorServer(server.url) as shared, shared.open() as handle, shared.open() as other:
        for one in (handle, other, handle.fork()):
            assert (one.config()["webhook_url"], one.config()["default_webhook_url"]) == (None, None)
            with pytest.raises(
                SimulatorError, match=r"cannot reach .* Set SIMULATOR_LISTENER_URL to .* SIMULATOR_LISTENER_"
            ):
                _ = one.webhooks
        handle.complete(assess(handle))
        assert [*handle.deliveries] == []


LISTENING = [
    ("127.0.0.1", None, r"http://127\.0\.0\.1:\d+"),
    ("[::1]", None, r"http://\[::1\]:\d+"),
    ("::1", None, r"http://\[::1\]:\d+"),
    ("0.0.0.0", None, r"http://127\.0\.0\.1:\d+"),  # noqa: S104  that is the question
    ("[::]", "http://127.0.0.1", r"http://127\.0\.0\.1:\d+"),
    ("0.0.0.0:{port}", None, r"http://127\.0\.0\.1:{port}"),
    ("[::1]:{port}", None, r"http://\[::1\]:{port}"),
    ("127.0.0.1:{port}", "http://app.localhost:{port}/", r"http://app\.localhost:{port}"),
    ("::", "http://[::1]", r"http://\[::1\]:\d+"),
]


@pytest.mark.parametrize(("host", "url", "shown"), LISTENING)
def test_the_listener_binds_the_given_host_and_is_reached_at_its_url(
    server: Server, monkeypatch: pytest.MonkeyPatch, host: str, url: str | None, shown: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
    monkeypatch.setenv("SIMULATOR_LISTENER_HOST", host.replace("{port}", port))
    monkeypatch.setenv("SIMULATOR_LISTENER_URL", (url or "").replace("{port}", port))
    with Simulator(server.url) as handle:
        assert re.fullmatch(rf"{shown.replace('{port}', port)}/{handle.name}", handle.webhooks.url)
        handle.complete(assess(handle))
        handle.webhooks.wait_for(1)


@pytest.mark.parametrize(
    ("variable", "value"),
    [("HOST", value) for value in ("a b", "127.0.0.1:", "127.0.0.1:99999", "http://127.0.0.1", "[::1", "::1]:5", "")]
    + [("URL", value) for value in ("host.docker.internal", "ftp://h", "http://h?x=1", "http://h#x", "http://u:p@h")],
)
def test_an_invalid_host_or_url_of_the_listener_is_refused_by_name(variable: str, value: str) -> None:
    with pytest.raises(ValueError, match=f"SIMULATOR_LISTENER_{variable} is {re.escape(repr(value))}; give "):
        bind_address(value) if variable == "HOST" else advertised(value, 8000)


def test_a_port_that_is_taken_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        place = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(SimulatorError, match=f"no listener for webhooks on {place}: Address already in use"):
            Listener(place)


@pytest.mark.parametrize(
    ("given", "base"),
    [
        ("http://h", "http://h:8000"), ("http://h:1", "http://h:1"), ("http://h/x/", "http://h:8000/x"),
        ("https://t.example", "https://t.example"), ("http://[fd00::1]", "http://[fd00::1]:8000"),
        ("http://[fd00::1]:1/", "http://[fd00::1]:1"),
    ],
)  # fmt: skip
def test_a_given_address_keeps_its_port_or_gets_the_listeners(given: str, base: str) -> None:
    assert advertised(given, 8000) == base


def test_sandboxes_of_one_server_share_a_listener_and_get_their_own_webhooks_alone(server: Server) -> None:
    with SimulatorServer(server.url) as shared, shared.open(like="one") as one, shared.open("two") as two:
        before = set(threading.enumerate())
        with shared.open() as three:
            assert set(threading.enumerate()) <= before
            for handle in (one, two, three):
                handle.complete(assess(handle, externalId=handle.name))
            for handle in (one, two, three):
                assert [webhook.form["externalId"] for webhook in handle.webhooks.wait_for(1)] == [handle.name]
        assert one.name.startswith("one-")
        assert two.name == "two"
