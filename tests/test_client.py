"""`assessment_simulator.client`: the handle on a sandbox, against the running program."""

import asyncio
import doctest
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from assessment_simulator import aio
from assessment_simulator.client import NotCaught, Simulator, SimulatorError, SimulatorServer
from assessment_simulator.testing import calls, connection
from assessment_simulator.testing import sandbox as parts
from assessment_simulator.testing.connection import duration
from assessment_simulator.testing.webhook_listener import Listener, advertised, bind_address
from tests.servers import CONTROL_TOKEN, Server

ORDER = {
    "candidate": {"email": "ada@example.com", "first_name": "Ada", "last_name": "Lovelace"},
    "assessment_id": "6ac4d6b5-9a3e-4d0c-8f55-0d5a3f6d2b10", "application_id": "application-1",
}  # fmt: skip
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
    return str(answer.json()["assessmentId"])


def order(handle: Simulator) -> str:
    """Create an order at pymetrics; its id."""
    pymetrics = handle.pymetrics
    answer = httpx2.post(f"{pymetrics.url}/mercury/order", headers=pymetrics.headers(), json=ORDER)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["order"]["id"])


def names(server: Server) -> set[str]:
    """The sandboxes that are open on a server."""
    return {one["name"] for one in httpx2.get(f"{server.url}/_simulator/sandboxes", trust_env=False).json()}


@pytest.mark.parametrize("module", [parts, connection], ids=lambda module: module.__name__)
def test_the_examples_in_the_docstrings_hold(module: Any, server: Server) -> None:
    runner = doctest.DocTestRunner(verbose=False)
    for example in doctest.DocTestFinder().find(module):
        with Simulator(server.url) as example.globs["simulator"]:
            runner.run(example)
    counts = runner.summarize(verbose=False)
    assert (counts.failed, counts.attempted > 0) == (0, True)


# Opening and closing.


def test_a_sandbox_is_deleted_on_close_and_closing_twice_or_after_a_deletion_does_nothing(server: Server) -> None:
    with Simulator(server.url, "held-in-the-hand") as handle:
        assert handle.name == "held-in-the-hand"
        assert handle.name in names(server)
    assert handle.name not in names(server)
    handle.close()
    with Simulator(server.url) as handle:
        httpx2.delete(f"{handle.url}/_simulator/sandboxes/{handle.name}", trust_env=False)


def test_a_name_that_is_taken_raises_the_problem_and_leaves_no_thread(server: Server, handle: Simulator) -> None:
    before = set(threading.enumerate())
    with pytest.raises(SimulatorError, match=r"there is a sandbox .* already") as refused:
        Simulator(server.url, handle.name)
    assert (refused.value.status, refused.value.problem["title"]) == (409, "Conflict")
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


def test_a_forked_child_and_its_parent_get_their_own_responses(server: Server) -> None:
    command = [sys.executable, "-W", "error", "-c", FORKED, server.url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_an_address_without_a_simulator_is_named_in_the_error(server: Server) -> None:
    with pytest.raises(SimulatorError, match=r"POST http://127\.0\.0\.1:9/_simulator/sandboxes: ") as refused:
        Simulator("http://127.0.0.1:9/")
    assert refused.value.status is None
    with pytest.raises(SimulatorError, match="404"):
        Simulator(f"{server.url}/elsewhere")


def test_a_sandbox_starts_with_its_seed_and_settings_and_changes_them(server: Server) -> None:
    with Simulator(server.url, seed="seven", config={"progress": "PT5S"}) as handle:
        assert handle.config()["progress"] == "PT5S"
        seen = httpx2.get(f"{server.url}/_simulator/sandboxes/{handle.name}", trust_env=False).json()
        assert seen["seed"] == "seven"
        changed = handle.config(progress="PT10S", rate_limit=100)
        assert (changed["progress"], changed["rate_limit"], changed["invitation_days"]) == ("PT10S", 100, 10)
        assert handle.config() == changed
        with pytest.raises(SimulatorError, match="invitation_days: must be greater than or equal to 4"):
            handle.config(invitation_days=3)


def test_both_vendors_accept_the_keys_of_the_handle(handle: Simulator) -> None:
    ids = [assess(handle), order(handle)]
    assert [one["id"] for one in handle.invitations] == ids
    assert handle.pymetrics.base_url == handle.pymetrics.url == handle.url
    assert handle.predictive_index.base_url == handle.predictive_index.url == f"{handle.url}/api/v1"
    assert (handle.pymetrics.client_id, handle.pymetrics.api_key) == (f"sim-{handle.name}",) * 2


def test_in_closed_access_the_control_token_opens_a_sandbox_with_random_credentials(closed: Server) -> None:
    with Simulator(closed.url, control_token=CONTROL_TOKEN) as handle:
        assert not handle.predictive_index.api_key.startswith("sim-")
        handle.complete(assess(handle))
        handle.complete(order(handle))
        handle.webhooks.wait_for(3)
        with pytest.raises(SimulatorError, match="401"):
            Simulator(closed.url, control_token="another")


# Invitations, snapshots, forks.


@pytest.mark.parametrize(
    ("create", "actions", "status"),
    [
        (assess, ("open", "start", "complete"), "40"),
        (assess, ("abort",), "65"),
        (order, ("accept", "start", "expire"), "Expired"),
        (order, ("reject",), "Rejected"),
    ],
)
def test_actions_return_the_changed_invitation_and_impossible_ones_raise_their_reason(
    handle: Simulator, create: Callable[[Simulator], str], actions: Sequence[str], status: str
) -> None:
    id = create(handle)
    for name in actions:
        changed = getattr(handle, name)(id)
    assert str(changed["status"]) == str(handle.invitations.one(id)["status"]) == status
    with pytest.raises(SimulatorError, match=r"409.*complete"):
        handle.complete(id)


def test_a_snapshot_is_restored_and_deleted(handle: Simulator) -> None:
    id = assess(handle)
    before = handle.snapshot()
    handle.complete(id)
    before.restore()
    assert handle.invitations[0]["status"] != "40"
    assert str(handle.invitations.one(id)["status"]) == "0"
    before.delete()
    with pytest.raises(SimulatorError, match="there is no snapshot 'snapshot-1'; there are none"):
        before.restore()


def test_a_fork_is_independent_keeps_a_chosen_webhook_url_and_closes_with_its_origin(server: Server) -> None:
    with Simulator(server.url) as handle:
        id = assess(handle)
        fork = handle.fork()
        fork.complete(id)
        fork.webhooks.wait_for(1)
        assert list(handle.webhooks) == []
        assert str(handle.invitations[0]["status"]) == "0"
        assert fork.name in names(server)
        handle.config(webhook_url="http://127.0.0.1:9/mine")
        config = handle.fork("chosen").config()
        assert config["webhook_url"] == "http://127.0.0.1:9/mine"
        assert config["default_webhook_url"].endswith("/chosen")
    assert not {fork.name, "chosen"} & names(server)


def test_mails_are_listed_and_a_reset_deletes_invitations_and_webhooks(handle: Simulator) -> None:
    id = assess(handle, notifyAssessmentAvailableUsingEmail=1)
    (mail,) = handle.mail
    assert (mail["to"], mail["invitation"]) == ("grace@example.com", id)
    assert (len(handle.mail), str(handle.mail)) == (1, f"[{mail!r}]")
    handle.complete(id)
    handle.webhooks.wait_for(1)
    handle.reset()
    assert handle.invitations == []
    assert len(handle.webhooks) == 0


# The clock.

SPANS: list[tuple[str | timedelta, timedelta]] = [
    ("24h", timedelta(hours=24)), ("PT24H", timedelta(hours=24)), ("10m", timedelta(minutes=10)),
    ("1d", timedelta(days=1)), ("1d12h", timedelta(days=1, hours=12)), ("1.5s", timedelta(seconds=1.5)),
    (timedelta(minutes=90), timedelta(minutes=90)), (timedelta(microseconds=1), timedelta(microseconds=1)),
]  # fmt: skip


def test_a_clock_advances_by_texts_and_timedeltas(handle: Simulator) -> None:
    for span, passed in SPANS:
        handle.clock.freeze("2026-01-01T00:00:00Z")
        handle.clock.advance(span)
        assert handle.clock.now - datetime(2026, 1, 1, tzinfo=UTC) == passed, span


@pytest.mark.parametrize("span", ["", "24", "h", "a day", "1h1d", "-1h", timedelta(seconds=-1), 5, 1.5, None])
def test_an_invalid_duration_is_refused_before_a_request(span: Any) -> None:
    with pytest.raises((ValueError, TypeError), match=r"is no duration such as 24h|is negative|has no unit: .* 24h"):
        duration(span)


def test_a_clock_is_frozen_at_an_instant_or_where_it_is(handle: Simulator) -> None:
    before = handle.clock.now
    handle.clock.freeze()
    assert handle.clock.now == handle.clock.now
    assert timedelta(0) <= handle.clock.now - before < timedelta(minutes=1)
    instant = datetime(2020, 2, 29, 12, tzinfo=UTC)
    for given in ("2020-02-29T12:00:00Z", instant, "2020-02-29T13:00:00+01:00"):
        handle.clock.freeze(given)
        assert (handle.clock.now, handle.clock.mode) == (instant, "frozen")
        handle.clock.run()
        assert handle.clock.mode == "running"
    with pytest.raises(ValueError, match="has no time zone"):
        handle.clock.freeze(datetime(2020, 2, 29, 12))  # noqa: DTZ001 - that is what is tested


def test_an_advance_returns_the_events(handle: Simulator) -> None:
    id = assess(handle)
    events = handle.clock.advance("11d")
    assert [(one["what"], one["id"]) for one in events if one["id"] == id] == [("expire", id)]
    assert str(handle.invitations[-1]["status"]) == "50"
    handle.config(progress="PT10S")
    second = assess(handle)
    assert "complete" in [one["what"] for one in handle.clock.until_idle() if one["id"] == second]
    assert len(handle.webhooks) == 1


# Webhooks.


def test_webhooks_of_both_vendors_are_received_and_found(handle: Simulator) -> None:
    handle.complete(assess(handle, externalId="mine"))
    form = handle.webhooks.wait_for({"assessmentState": "40"})
    assert (form.method, form.path, form.form["externalId"]) == ("POST", "", "mine")
    assert abs(datetime.now(UTC) - form.at) < timedelta(minutes=1)
    id = order(handle)
    handle.complete(id)
    signed = handle.webhooks.wait_for({"data": {"id": id, "status": "Completed"}})
    assert signed.headers["webhook-signature"].startswith("v1,")
    assert signed.body.startswith(b"{")
    assert handle.webhooks.wait_for(lambda webhook: b"Completed" in webhook.body) == signed
    received = handle.webhooks.wait_for(3)
    assert [one.json["data"]["status"] for one in received[1:]] == ["In Progress", "Completed"]
    assert received == handle.webhooks[:3] == [handle.webhooks[0], handle.webhooks[1], handle.webhooks[2]]
    assert repr(received) == repr(handle.webhooks)


def test_a_failing_or_slow_listener_is_called_again_as_the_vendor_does(handle: Simulator) -> None:
    handle.config(webhook_timeout=0.05)
    handle.webhooks.answer_with(500, 503, 200)
    handle.complete(assess(handle))
    handle.webhooks.wait_for(1)
    handle.clock.advance("24h")
    assert [one["status"] for one in handle.deliveries[0]["attempts"]] == [500, 503, 200]
    handle.webhooks.answer_with(200, delay=0.5)
    handle.complete(assess(handle))
    handle.webhooks.wait_for(4)
    handle.clock.advance("1s")
    assert handle.deliveries[1]["attempts"][0]["status"] is None


def test_invalid_statuses_of_the_listener_are_refused(handle: Simulator) -> None:
    with pytest.raises(ValueError, match="at least one status"):
        handle.webhooks.answer_with()
    invalid: list[Any] = ["x", "500", 99, 100, 600, None]
    for status in invalid:
        with pytest.raises(ValueError, match=f"{status!r} is no final HTTP status"):
            handle.webhooks.answer_with(500, status)


def test_the_listener_receives_below_the_sandboxes_address_and_nothing_of_an_unknown_name(handle: Simulator) -> None:
    unknown = handle.webhooks.url.removesuffix(handle.name) + "unknown"
    assert httpx2.post(unknown, trust_env=False).status_code == 404
    assert len(handle.webhooks) == 0
    handle.complete(assess(handle, assessmentStatusWebHook=f"{handle.webhooks.url}/done?a=1"))
    assert handle.webhooks.wait_for(1)[0].path == "/done?a=1"


def test_a_delivery_is_replayed_to_its_own_or_another_address(handle: Simulator) -> None:
    handle.complete(assess(handle))
    handle.webhooks.wait_for(1)
    again = handle.deliveries.replay(handle.deliveries[0]["id"])
    handle.webhooks.wait_for(2)
    handle.deliveries.replay(again["id"], f"{handle.webhooks.url}/again")
    handle.webhooks.wait_for(lambda webhook: webhook.path == "/again")
    handle.clock.advance("1s")
    assert "assessmentState=40" in handle.deliveries.one(again["id"])["attempts"][0]["request"]["body"]


def test_a_wait_that_times_out_shows_what_came_nearest_and_what_was_tried(handle: Simulator) -> None:
    with pytest.raises(NotCaught, match=r"waited 0\.01 s for 1 webhooks; 0 came"):
        handle.webhooks.wait_for(1, within=0.01)
    handle.complete(assess(handle, externalId="mine"))
    handle.webhooks.wait_for(1)
    with pytest.raises(NotCaught) as vain:
        handle.webhooks.wait_for({"assessmentState": "40", "externalId": "yours"}, within=0.01)
    first, second, third, fourth = str(vain.value).splitlines()
    assert first == "waited 0.01 s for a webhook with {'assessmentState': '40', 'externalId': 'yours'}; 1 came"
    assert second.startswith("caught: POST / assessmentId=")
    assert third == "  externalId is 'mine' and not 'yours'"
    assert fourth.startswith(f"tried: {handle.deliveries[0]['id']} to {handle.webhooks.url}: ")
    handle.reset()
    handle.complete(assess(handle, assessmentStatusWebHook="http://127.0.0.1:9/nowhere"))
    handle.clock.advance("1s")
    text = r"tried: .* to http://127\.0\.0\.1:9/nowhere: pending; attempts: ConnectionRefusedError"
    with pytest.raises(NotCaught, match=text):
        handle.webhooks.wait_for(1, within=0.01)


# Nothing listens there; another program answers there; the server's policy refuses it.
UNREACHED = ["http://127.0.0.1:9", "{server}", "http://169.254.169.254"]


@pytest.mark.parametrize("url", UNREACHED)
def test_a_server_that_does_not_reach_the_listener_is_detected(
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
    ("::1", None, r"http://\[::1\]:\d+"),
    ("[::]", "http://127.0.0.1", r"http://127\.0\.0\.1:\d+"),
    ("0.0.0.0:{port}", None, r"http://127\.0\.0\.1:{port}"),
    ("[::1]:{port}", None, r"http://\[::1\]:{port}"),
    ("127.0.0.1:{port}", "http://app.localhost:{port}/", r"http://app\.localhost:{port}"),
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


def test_a_port_that_is_in_use_is_named() -> None:
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
def test_a_given_url_keeps_its_port_or_gets_the_listeners(given: str, base: str) -> None:
    assert advertised(given, 8000) == base


def test_sandboxes_of_one_server_share_a_listener_and_get_their_own_webhooks_only(server: Server) -> None:
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


# Faults, the journal, waiting and coverage.


def test_faults_are_set_added_counted_and_cleared(handle: Simulator) -> None:
    url, headers = f"{handle.pymetrics.url}/mercury/configuration", handle.pymetrics.headers()

    def statuses() -> list[int]:
        return [httpx2.get(url, headers=headers).status_code for _ in range(3)]

    handle.faults.set([{"do": "status", "status": 503, "operation": "get_configuration", "after": 1, "times": 1}])
    assert statuses() == [200, 503, 200]
    assert [fault["met"] for fault in handle.faults] == [1]
    handle.faults.clear()
    handle.faults.add("status", status=500, operation="get_configuration", times=1)
    handle.faults.add("status", id="second", status=502, operation="get_configuration", times=1)
    with pytest.raises(SimulatorError, match="422"):
        handle.faults.add("explode")
    with pytest.raises(TypeError, match=r"give a list of faults, such as \[\{'do': 'drop'\}\]"):
        handle.faults.set({"do": "drop"})  # type: ignore[arg-type]
    assert [fault["status"] for fault in handle.faults] == [500, 502]
    assert handle.faults[1]["id"] == "second"
    assert statuses() == [500, 502, 200]
    handle.faults.clear()
    assert handle.faults == []


def test_the_journal_is_searched_exported_and_repeated(handle: Simulator) -> None:
    id = assess(handle)
    order(handle)
    assert [entry["vendor"] for entry in handle.journal] == ["predictive_index", "pymetrics", "pymetrics"]
    (entry,) = handle.journal.find(vendor="predictive_index", status=201)
    assert handle.journal.one(entry["id"])["answer"]["body"]["assessmentId"] == id
    assert [one["id"] for one in handle.journal.find(since=entry["id"])] == [one["id"] for one in handle.journal[1:]]
    assert handle.journal.find(q="behavioral", newest=1)[0]["operation"] == "create_assessment"
    assert len(handle.journal.har()["log"]["entries"]) == 3
    subprocess.run(["bash", "-euc", handle.journal.curl(entry["id"])], capture_output=True, check=True, timeout=30)
    assert [one["vendor"] for one in handle.invitations].count("predictive_index") == 2


def test_wait_for_returns_what_came_and_shows_the_nearest_when_it_times_out(handle: Simulator) -> None:
    id = assess(handle)
    assert handle.wait_for(request={"operation": "create_assessment", "status": 201})["vendor"] == "predictive_index"
    with pytest.raises(SimulatorError, match=r"nearest: .*status is 201 and not 202") as vain:
        handle.wait_for(request={"vendor": "predictive_index", "status": 202}, within=0.05)
    assert vain.value.status == 408
    handle.complete(id)
    assert handle.wait_for(webhook={"invitation": id})["url"] == handle.webhooks.url
    assert handle.wait_for(invitation={"vendor": "predictive_index"}, within=1)["id"] == id
    moves = [entry["operation"] for entry in handle.invitations.timeline(id) if entry["what"] == "move"]
    assert moves == ["create_assessment", "complete"]


def test_coverage_counts_the_rules_that_were_passed_and_violated(handle: Simulator) -> None:
    assess(handle)
    refused = httpx2.post(
        f"{handle.predictive_index.url}/behavioralassessments", headers=handle.predictive_index.headers(), json={}
    )
    violated = refused.headers["simulator-rule"].split(",")[0].strip()
    (counted,) = (rule for rule in handle.coverage["rules"] if rule["id"] == violated)
    assert (counted["kept"], counted["broken"]) == (1, 1)


def test_a_function_is_called_before_a_sandbox_is_reset_and_before_it_is_deleted(server: Server) -> None:
    left: list[Any] = []
    with Simulator(server.url, leaving=lambda sandbox: left.append(sandbox.coverage["of"])) as handle:
        handle.reset()
        assert len(left) == 1
    assert left == [left[0], left[0]]


# The client for asyncio.


def attributes(kind: type) -> set[str]:
    """The public attributes of the objects of a class."""
    return {name for name in dir(kind) if not name.startswith("_")}


def test_both_clients_have_the_same_members() -> None:
    assert attributes(Simulator) - attributes(aio.Simulator) == {"aio"}
    assert attributes(aio.Simulator) - attributes(Simulator) == {"on"}


async def test_the_asynchronous_client_does_the_same_with_await(server: Server) -> None:
    async with aio.Simulator(server.url, config={"progress": "10s"}) as handle:
        assert handle.name in names(server)
        person = {"firstName": "Ada", "lastName": "Lovelace", "email": "ada@example.com"}
        url, headers = handle.predictive_index.url, handle.predictive_index.headers()
        async with httpx2.AsyncClient(trust_env=False) as http:
            made = await http.post(f"{url}/behavioralassessments", headers=headers, json=person)
        id = made.json()["assessmentId"]
        assert [one["id"] for one in await handle.invitations.all()] == [id]
        assert (await handle.clock.mode, (await handle.clock.freeze("2026-01-01T00:00:00Z"))) == ("running", [])
        assert await handle.clock.now == datetime(2026, 1, 1, tzinfo=UTC)
        before = await handle.snapshot()
        assert str((await handle.complete(id))["status"]) == "40"
        (webhook,) = await handle.webhooks.wait_for(1)
        assert [*handle.webhooks] == [webhook]
        assert (await handle.webhooks.wait_for({"assessmentId": id})) == webhook
        await before.restore()
        fork = await handle.fork()
        await fork.faults.add("status", status=503)
        assert [fault["do"] for fault in await fork.faults.all()] == ["status"]
        assert await handle.faults.all() == []
        assert (await handle.pymetrics.headers())["X-Api-Key"] == f"sim-{handle.name}"
        with pytest.raises(NotCaught, match=r"waited 0\.05 s for 2 webhooks; 1 came"):
            await handle.webhooks.wait_for(2, within=0.05)
        with pytest.raises(SimulatorError, match="404"):
            await handle.invitations.one("missing")
        with pytest.raises(TypeError, match=r"await its method all\(\)"):
            len(handle.invitations)
    assert not {handle.name, fork.name} & names(server)


async def test_an_event_loop_goes_on_while_a_webhook_is_awaited(handle: Simulator) -> None:
    waiting = asyncio.create_task(handle.aio.webhooks.wait_for(1))
    await asyncio.sleep(0)
    assert not waiting.done()
    await asyncio.to_thread(lambda: handle.complete(assess(handle)))
    (webhook,) = await waiting
    assert handle.webhooks[0] == webhook


async def test_a_cancelled_opening_deletes_the_sandbox(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    reached = asyncio.Event()

    def unreached(*_: object) -> Any:
        reached.set()
        yield calls.Wait(opened._inbox, lambda: False, 60)

    opened = aio.Simulator(server.url)
    monkeypatch.setattr(opened._listener, "unreached", unreached)
    opening = asyncio.create_task(opened.__aenter__())
    await reached.wait()
    assert opened.name in names(server)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    assert opened.name not in names(server)


# Traces.


def test_a_trace_shows_what_happened_without_secrets_and_loads_nothing(handle: Simulator, tmp_path: Path) -> None:
    handle.complete(assess(handle, notifyAssessmentAvailableUsingEmail=1))
    handle.webhooks.wait_for(1)
    handle.clock.advance("1s")
    handle.complete(order(handle))
    pi = handle.predictive_index
    httpx2.post(f"{pi.url}/behavioralassessments", headers=pi.headers(), json={"lastName": "<script>alert(1)</script>"})
    page = handle.trace(tmp_path / "trace.html").read_text()
    for text in ("pi.create.first_name.required", "&lt;script&gt;", "assessmentState=40", "Completed (40)", "POST"):
        assert text in page, text
    links = [one["link"] for one in handle.mail]
    tokens = re.findall(rf"sim-{handle.name}\.[0-9]+\.[0-9a-f]+", page)
    secrets = [*tokens, *(seal for link in links for seal in re.findall(r"[0-9a-f]{24,}", link))]
    assert len(secrets) > len(tokens)
    assert [secret for secret in secrets if secret in page] == []
    assert re.findall(r"""(?:src|href)=|<script|<link|url\(""", page) == []


@pytest.mark.parametrize("size", [10, 5_000, 20_000])
def test_a_trace_of_200_requests_has_at_most_2_mb(handle: Simulator, tmp_path: Path, size: int) -> None:
    handle.config(journal={"bytes": 100_000_000})
    pi = handle.predictive_index
    with httpx2.Client(trust_env=False, headers=pi.headers()) as http:
        for number in range(201):
            http.post(f"{pi.url}/behavioralassessments", json={"firstName": f"{number}" + '"<' * size})
    path = handle.trace(tmp_path / "trace.html")
    assert path.stat().st_size <= 2_000_000
    assert path.read_text().count("<details") >= 200
