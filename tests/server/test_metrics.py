"""What `/_simulator/metrics` tells, and that it is what happened."""

from pathlib import Path

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.server import assessment
from tests.servers import CONTROL, Listener, Sandbox, Server, served
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


def test_requests_are_counted_by_vendor_operation_and_status_class() -> None:
    with served() as url, httpx2.Client(base_url=url, trust_env=False) as http:
        sandbox = Sandbox(http, "ada")
        assessment(sandbox)
        sandbox.pi.get(PI)
        sandbox.pi.get(PI)
        sandbox.pi.post(PI, json={})
        sandbox.pi.get("/api/v1/nowhere")
        http.get(PI)
        http.get(PI, headers={"api-key": "nonsense"})
        sandbox.control_json("PUT", "/faults", [{"do": "status", "status": 503, "times": 1}, {"do": "drop"}])
        sandbox.pi.get(PI)
        with pytest.raises(httpx2.RemoteProtocolError):
            sandbox.pi.get(PI)
        found = told(http)
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


def test_counters_never_decrease_when_sandboxes_are_reset_or_deleted() -> None:
    with served() as url, httpx2.Client(base_url=url, trust_env=False) as http:
        for end in (("POST", "/reset"), ("DELETE", "")):
            before = told(http)
            sandbox = Sandbox(http, "ada")
            assessment(sandbox)
            sandbox.pi.post(PI, json={})
            middle = grown(before, told(http))
            sandbox.control_json(*end)
            after = grown(before, told(http))
            for name in (
                ("simulator_calls_total", "create_assessment", "2xx", "predictive_index"),
                ("simulator_calls_total", "create_assessment", "4xx", "predictive_index"),
                ("simulator_commits_total",),
            ):
                assert after[name] == middle[name] >= 1


def test_copied_records_of_a_fork_are_not_counted() -> None:
    with served() as url, httpx2.Client(base_url=url, trust_env=False) as http:
        sandbox = Sandbox(http, "ada")
        assessment(sandbox)
        before = told(http)
        sandbox.control_json("POST", "/fork", {"name": "bob"})
        assert ("simulator_commits_total",) not in grown(before, told(http))


def test_counters_start_at_zero_in_a_new_process(tmp_path: Path) -> None:
    for _ in range(2):
        with (
            Server("--log", f"sqlite:{tmp_path}/log.db") as server,
            httpx2.Client(base_url=server.url, trust_env=False) as http,
        ):
            sandbox = Sandbox(http, "ada")
            assert sandbox.pi.get(PI).status_code == 200
            assert told(http).get(("simulator_commits_total",)) == 0
            assessment(sandbox)
            assert told(http)["simulator_commits_total",] == 1


def test_counters_have_no_created_series(http: httpx2.Client, sandbox: Sandbox) -> None:
    sandbox.pi.get(PI)
    assert [name for name, *_ in told(http) if name.endswith("_created")] == []


def test_durations_are_measured_from_the_first_scrape_on() -> None:
    with served() as url, httpx2.Client(base_url=url, trust_env=False) as http:
        sandbox = Sandbox(http, "ada")
        sandbox.pi.get(PI)
        labels = ("list_assessments", "predictive_index")
        assert ("simulator_call_seconds_count", *labels) not in told(http)
        sandbox.control_json("PUT", "/faults", [{"do": "delay", "duration": "PT0.06S", "times": 1}])
        sandbox.pi.get(PI)
        sandbox.pi.get(PI)
        found = told(http)
        assert found["simulator_call_seconds_count", *labels] == 2
        assert 0.055 < found["simulator_call_seconds_sum", *labels] < 5
        buckets = [value for name, value in found.items() if name[0] == "simulator_call_seconds_bucket"]
        assert buckets == sorted(buckets)
        assert buckets[-1] == 2
        assert found["simulator_call_seconds_bucket", "0.05", *labels] <= 1


def test_webhook_attempts_are_counted_by_outcome() -> None:
    with (
        Listener([200, 503, 200, 404]) as listener,
        served("--webhook-hosts", "127.0.0.1") as url,
        httpx2.Client(base_url=url, trust_env=False) as http,
    ):
        sandbox = Sandbox(http, "ada")
        for hook in (listener.url, listener.url, listener.url, "http://refused.example"):
            id = assessment(sandbox, assessmentStatusWebHook=hook)["assessmentId"]
            sandbox.control_json("POST", f"/invitations/{id}/complete")
            sandbox.control_json("POST", "/await", {"webhook": {"invitation": id}})
        found = told(http)
        assert found["simulator_deliveries_pending",] == 1
        assert found["simulator_alarms_pending",] == 0
        attempts = {name[1]: value for name, value in found.items() if name[0] == "simulator_webhook_attempts_total"}
        assert attempts == {"delivered": 2, "again": 1, "refused": 1}
        sandbox.control_json("POST", "/clock", {"until_idle": True})
        found = told(http)
        assert found["simulator_deliveries_pending",] == 0
        assert found["simulator_webhook_attempts_total", "failed", "predictive_index"] == 1


def test_pending_timers_and_event_readers_are_shown() -> None:
    with served() as url, httpx2.Client(base_url=url, trust_env=False, timeout=10) as http:
        sandbox = Sandbox(http, "ada")
        assessment(sandbox, email="ada+completes-in-1h@example.com")

        def read() -> httpx2.Response:
            with http.stream("GET", "/_simulator/sandboxes/ada/events") as stream:
                assert any("ended" in line for line in stream.iter_lines())
                return stream

        reading = Asking(read)
        until(lambda: told(http)["simulator_event_readers",] == 1)
        assert told(http)["simulator_alarms_pending",] >= 1
        sandbox.control_json("DELETE")
        reading.done()
        until(lambda: told(http)["simulator_event_readers",] == 0)


def test_no_label_has_a_value_that_callers_choose() -> None:
    with served() as url, httpx2.Client(base_url=url, trust_env=False) as http:
        sandbox = Sandbox(http, "very-own-name")
        assessment(sandbox)
        sandbox.pi.get("/api/v1/very-own-path")
        assert "very-own" not in http.get("/_simulator/metrics").text


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
