"""Faults, the journal, waiting and coverage by the handle on a sandbox, against the real program."""

import doctest
import subprocess
from typing import Any

import httpx2
import pytest

from assessment_simulator import client
from assessment_simulator.client import Simulator, SimulatorError
from assessment_simulator.testing import connection, resources, webhook_listener
from tests.servers import Server
from tests.test_client import ORDER, assess, handle, order

__all__ = ["handle"]  # a fixture


def statuses(handle: Simulator, count: int) -> list[int]:
    """Ask for the assessments at pymetrics, so many times."""
    url, headers = f"{handle.pymetrics.url}/mercury/configuration", handle.pymetrics.headers()
    return [httpx2.get(url, headers=headers).status_code for _ in range(count)]


def test_a_fault_meets_the_calls_that_it_counts(handle: Simulator) -> None:
    handle.faults.set([{"do": "status", "status": 503, "operation": "get_configuration", "after": 1, "times": 1}])
    assert statuses(handle, 3) == [200, 503, 200]
    assert [fault["met"] for fault in handle.faults] == [1]


def test_a_fault_is_added_to_the_others_and_all_are_cleared(handle: Simulator) -> None:
    handle.faults.add("status", status=500, operation="get_configuration", times=1)
    handle.faults.add("status", id="second", status=502, operation="get_configuration", times=1)
    assert [fault["status"] for fault in handle.faults] == [500, 502]
    assert handle.faults[1]["id"] == "second"
    assert statuses(handle, 3) == [500, 502, 200]
    handle.faults.clear()
    assert handle.faults == []


def test_a_fault_that_cannot_be_is_refused_and_leaves_the_others(handle: Simulator) -> None:
    handle.faults.add("drop")
    with pytest.raises(SimulatorError, match="422"):
        handle.faults.add("explode")
    assert [fault["do"] for fault in handle.faults] == ["drop"]


def test_saved_but_the_answer_was_lost(handle: Simulator) -> None:
    headers = handle.pymetrics.headers()
    handle.faults.add("drop", operation="create_order", when="after_commit", times=1)
    with pytest.raises(httpx2.TransportError):
        httpx2.post(f"{handle.pymetrics.url}/mercury/order", headers=headers, json=ORDER)
    assert len(handle.invitations) == 1
    assert order(handle, status=200) == handle.invitations[0]["id"]


def test_the_journal_shows_each_call_and_repeats_it(handle: Simulator) -> None:
    id = assess(handle)
    order(handle)
    assert [entry["vendor"] for entry in handle.journal] == ["predictive_index", "pymetrics", "pymetrics"]
    (entry,) = handle.journal.find(vendor="predictive_index", status=201)
    assert handle.journal.one(entry["id"])["answer"]["body"]["assessmentId"] == id
    assert [one["id"] for one in handle.journal.find(since=entry["id"])] == [one["id"] for one in handle.journal[1:]]
    assert len(handle.journal.har()["log"]["entries"]) == 3
    subprocess.run(["bash", "-euc", handle.journal.curl(entry["id"])], capture_output=True, check=True, timeout=30)
    assert [one["vendor"] for one in handle.invitations].count("predictive_index") == 2


def test_the_timeline_of_an_invitation_is_given(handle: Simulator) -> None:
    id = assess(handle)
    handle.complete(id)
    moves = [entry["operation"] for entry in handle.invitations.timeline(id) if entry["what"] == "move"]
    assert moves == ["create_assessment", "complete"]
    assert handle.journal.find(q="behavioral", newest=1)[0]["operation"] == "create_assessment"


def test_what_was_waited_for_is_given(handle: Simulator) -> None:
    id = assess(handle)
    assert handle.wait_for(request={"operation": "create_assessment", "status": 201})["vendor"] == "predictive_index"
    handle.complete(id)
    assert handle.wait_for(webhook={"invitation": id})["url"] == handle.webhooks.url
    assert handle.wait_for(invitation={"vendor": "predictive_index"}, within=1)["id"] == id


def test_a_wait_in_vain_tells_what_came_nearest(handle: Simulator) -> None:
    assess(handle)
    with pytest.raises(SimulatorError, match=r"nearest: .*status is 201 and not 202") as vain:
        handle.wait_for(request={"vendor": "predictive_index", "status": 202}, within=0.05)
    assert vain.value.status == 408


def test_coverage_counts_the_rules_that_were_kept_and_broken(handle: Simulator) -> None:
    assess(handle)
    refused = httpx2.post(
        f"{handle.predictive_index.url}/behavioralassessments", headers=handle.predictive_index.headers(), json={}
    )
    broken = refused.headers["simulator-rule"].split(",")[0].strip()
    (counted,) = (rule for rule in handle.coverage["rules"] if rule["id"] == broken)
    assert (counted["kept"], counted["broken"]) == (1, 1)


@pytest.mark.parametrize(
    "module", [webhook_listener, client, connection, resources], ids=lambda module: module.__name__
)
def test_the_examples_in_the_docstrings_hold(module: Any, server: Server) -> None:
    runner = doctest.DocTestRunner(verbose=False)
    for example in doctest.DocTestFinder().find(module):
        with Simulator(server.url) as example.globs["simulator"]:
            runner.run(example)
    assert runner.summarize(verbose=False).failed == 0
