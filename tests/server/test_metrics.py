"""The metrics under `/_simulator/metrics` and what they count."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.server import assessment
from tests.servers import CONTROL, Listener, Sandbox, Server, sandbox_at, served
from tests.test_stopping import Asking
from tests.waiting import until

PI = "/api/v1/behavioralassessments"
Told = dict[tuple[str, ...], float]


def told(http: httpx2.Client) -> Told:
    """Every sample by its name and its labels' values, in the order of the labels' names."""
    answer = http.get("/_simulator/metrics")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def grown(before: Told, after: Told) -> Told:
    """What has changed of what is ours."""
    found = {name: value - before.get(name, 0) for name, value in after.items() if not name[0].startswith("process_")}
    return {name: change for name, change in found.items() if change}


@pytest.fixture
def ada() -> Iterator[Sandbox]:
    with served("--webhook-hosts", "127.0.0.1") as url, sandbox_at(url) as sandbox:
        yield sandbox


def test_requests_are_counted_by_vendor_operation_and_status_class(ada: Sandbox) -> None:
    assessment(ada)
    ada.pi.get(PI)
    ada.pi.get(PI)
    ada.pi.post(PI, json={})
    ada.pi.get("/api/v1/nowhere-that-a-caller-named")
    ada.http.get(PI)
    ada.http.get(PI, headers={"api-key": "nonsense"})
    ada.control_json("PUT", "/faults", [{"do": "status", "status": 503, "times": 1}, {"do": "drop"}])
    ada.pi.get(PI)
    with pytest.raises(httpx2.RemoteProtocolError):
        ada.pi.get(PI)
    found = told(ada.http)
    pi = "predictive_index"
    calls = {name[1:]: value for name, value in found.items() if name[0] == "simulator_calls_total"}
    assert calls == {
        ("create_assessment", "2xx", pi): 1, ("create_assessment", "4xx", pi): 1,
        ("list_assessments", "2xx", pi): 2, ("list_assessments", "4xx", pi): 2,
        ("list_assessments", "5xx", pi): 1, ("list_assessments", "none", pi): 1, ("other", "4xx", pi): 1,
    }  # fmt: skip
    assert found["simulator_invitations", pi] == 1
    assert found["simulator_sandboxes",] == found["simulator_sandboxes_opened_total",] == 1
    assert found["simulator_journal_entries",] == 7
    assert found["simulator_journal_bytes",] > 1_000
    assert found["process_resident_memory_bytes",] > 10_000_000
    assert found["process_cpu_seconds_total",] > 0
    text = str([*found])
    assert [word for word in ("ada", "nowhere", "_created") if word in text] == [], "no label is a caller's choice"


def test_counters_never_decrease_and_a_fork_counts_no_copies(ada: Sandbox) -> None:
    for end in (("POST", "/fork", {"name": "bob"}), ("POST", "/reset"), ("DELETE", "")):
        before = told(ada.http)
        assessment(ada)
        ada.pi.post(PI, json={})
        middle = grown(before, told(ada.http))
        ada.control_json(*end)
        after = grown(before, told(ada.http))
        for status in ("2xx", "4xx"):
            name = ("simulator_calls_total", "create_assessment", status, "predictive_index")
            assert after[name] == middle[name] == 1
        assert after["simulator_commits_total",] >= middle["simulator_commits_total",] >= 1
        if "/fork" in end:
            assert after["simulator_commits_total",] == middle["simulator_commits_total",]


def test_counters_start_at_zero_in_a_new_process(tmp_path: Path) -> None:
    for _ in range(2):
        with Server("--log", f"sqlite:{tmp_path}/log.db") as server, sandbox_at(server.url) as sandbox:
            assert sandbox.pi.get(PI).status_code == 200
            assert told(sandbox.http).get(("simulator_commits_total",)) == 0
            assessment(sandbox)
            assert told(sandbox.http)["simulator_commits_total",] == 1


def test_durations_are_measured_from_the_first_scrape_on(ada: Sandbox) -> None:
    ada.pi.get(PI)
    labels = ("list_assessments", "predictive_index")
    assert ("simulator_call_seconds_count", *labels) not in told(ada.http)
    ada.control_json("PUT", "/faults", [{"do": "delay", "duration": "PT0.06S", "times": 1}])
    ada.pi.get(PI)
    ada.pi.get(PI)
    found = told(ada.http)
    assert found["simulator_call_seconds_count", *labels] == 2
    assert 0.055 < found["simulator_call_seconds_sum", *labels] < 5
    buckets = [value for name, value in found.items() if name[0] == "simulator_call_seconds_bucket"]
    assert buckets == sorted(buckets)
    assert buckets[-1] == 2
    assert found["simulator_call_seconds_bucket", "0.05", *labels] <= 1


def test_webhook_attempts_are_counted_by_outcome(ada: Sandbox, listener: Listener) -> None:
    listener.answers = [200, 503, 200, 404]
    for hook in (listener.url, listener.url, listener.url, "http://refused.example"):
        id = assessment(ada, assessmentStatusWebHook=hook)["assessmentId"]
        ada.control_json("POST", f"/invitations/{id}/complete")
        ada.control_json("POST", "/await", {"webhook": {"invitation": id}})
    found = told(ada.http)
    assert found["simulator_deliveries_pending",] == 1
    assert found["simulator_alarms_pending",] == 0
    attempts = {name[1]: value for name, value in found.items() if name[0] == "simulator_webhook_attempts_total"}
    assert attempts == {"delivered": 2, "again": 1, "refused": 1}
    ada.control_json("POST", "/clock", {"until_idle": True})
    found = told(ada.http)
    assert found["simulator_deliveries_pending",] == 0
    assert found["simulator_webhook_attempts_total", "failed", "predictive_index"] == 1


def test_pending_timers_and_event_readers_are_shown(ada: Sandbox) -> None:
    assessment(ada, email="ada+completes-in-1h@example.com")

    def read() -> httpx2.Response:
        with ada.http.stream("GET", "/_simulator/sandboxes/ada/events") as stream:
            assert any("ended" in line for line in stream.iter_lines())
            return stream

    reading = Asking(read)
    until(lambda: told(ada.http)["simulator_event_readers",] == 1)
    assert told(ada.http)["simulator_alarms_pending",] >= 1
    ada.control_json("DELETE")
    reading.done()
    until(lambda: told(ada.http)["simulator_event_readers",] == 0)


def test_closed_access_needs_the_token(closed: Server) -> None:
    url = f"{closed.url}/_simulator/metrics"
    assert httpx2.get(url, trust_env=False).status_code == 401
    assert httpx2.get(url, headers=CONTROL, trust_env=False).status_code == 200


def test_missing_extra_returns_501_with_the_command_to_install(tmp_path: Path) -> None:
    hidden = tmp_path / "prometheus_client.py"
    hidden.write_text("raise ModuleNotFoundError(\"No module named 'prometheus_client'\", name='prometheus_client')\n")
    with Server(environ={"PYTHONPATH": str(tmp_path)}) as server:
        answer = httpx2.get(f"{server.url}/_simulator/metrics", trust_env=False)
        assert (answer.status_code, answer.headers["content-type"]) == (501, "application/problem+json")
        assert "pip install 'assessment-simulator[metrics]'" in answer.json()["detail"]
        assert httpx2.get(f"{server.url}/_simulator/health", trust_env=False).status_code == 200
