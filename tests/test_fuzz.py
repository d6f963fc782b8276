"""A short turn of the fuzzer, and a look whether it would notice. Its long runs are a command: `scripts/fuzz`."""

from collections.abc import Iterator

import httpx2
import pytest

from tests.fuzz import running
from tests.fuzz.inputs import TARGETS
from tests.fuzz.running import Failure, Fuzzer, fuzzing
from tests.servers import Sandbox

CALL = b"GET /api/v1/behavioralassessments HTTP/1.1\r\nHost: x\r\nConnection: close\r\napi-key: sim-planned\r\n\r\n"


@pytest.fixture(scope="module")
def fuzzer() -> Iterator[Fuzzer]:
    with fuzzing() as fuzzing_one:
        yield fuzzing_one


@pytest.mark.parametrize("target", TARGETS)
def test_the_server_survives_invalid_requests(fuzzer: Fuzzer, target: str) -> None:
    fuzzer.run(target, 1, examples=300)
    assert fuzzer.sent[target] >= 250  # few that are alike are sent once


@pytest.mark.parametrize(
    ("fault", "said"),
    [({"do": "status", "status": 500}, "500 for"), ({"do": "delay", "duration": "PT3S"}, "no answer")],
)
def test_the_fuzzer_notices_a_failure_and_a_hang(
    fuzzer: Fuzzer, monkeypatch: pytest.MonkeyPatch, fault: dict[str, object], said: str
) -> None:
    monkeypatch.setattr(running, "PATIENCE", 0.5)
    with httpx2.Client(base_url=fuzzer.server.url, trust_env=False) as http:
        planned = Sandbox(http, "planned")
        planned.control_json("PUT", "/faults", [fault])
        with pytest.raises(Failure, match=said):
            fuzzer.send(CALL)
        planned.control_json("DELETE", "/faults")
        fuzzer.send(CALL)
