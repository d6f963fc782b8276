"""The client contracts as tests of your own pytest suite.

    from assessment_contracts.pytest import client_contracts
    from ours import Client

    test_client = client_contracts(Client)

This is one test for each contract. The adapter runs in a thread of the test process, so your fixtures, coverage and
debugger see it. The server is that of the fixture `simulator_server`, and each example has a sandbox of its own.

A contract that rests on an assumption does not fail: its test passes, and an advisory stands in the terminal summary
and among the properties of the test case in JUnit XML. A contract that the adapter does not claim, or that cannot be
decided, is skipped with the reason.
"""

import json
import math
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from assessment_contracts.clients.adapter_server import AdapterServer, Unfit, told, written
from assessment_contracts.clients.checking import ClientRunner, claims_of
from assessment_contracts.clients.features import Unclaimable
from assessment_contracts.clients.harness import LIMIT
from assessment_contracts.clients.jsonl_process import Hung, failed
from assessment_contracts.clients.properties import PROPERTIES
from assessment_contracts.property import Property, Unmatched, select
from assessment_contracts.runner import PROFILES, Outcome
from assessment_contracts.suite import cases, conclude, known_failures
from assessment_contracts.target import Target, Unaskable

if TYPE_CHECKING:
    from assessment_simulator.client import SimulatorServer

# Seconds after which a contract is given up, unless it has 10,000 examples.
_LONGEST = 110.0


def client_contracts(
    adapter: type, *, only: Sequence[str] = (), exclude: Sequence[str] = (), profile: str = "default",
    baseline: str | Path | None = None,
) -> Callable[..., None]:  # fmt: skip
    """A test function with one case for each client contract, to be assigned to a name that begins with `test_`.

    `only` and `exclude` are patterns of contract ids such as `client.pymetrics.*`; `profile` is one of `PROFILES`. The
    examples are the same in each run, unless `--hypothesis-seed` is given or the profile draws new ones. `baseline` is
    a file with the ids of known failures, one a line: these tests are marked `xfail`. An adapter that cannot be used
    raises `pytest.UsageError`, so the module is not collected.
    """
    if profile not in PROFILES:
        raise pytest.UsageError(f"profile is {profile!r}; the profiles are {', '.join(PROFILES)}")
    try:
        chosen = select(PROPERTIES, only, exclude)
        known = known_failures(Path(baseline)) if baseline else set()
        client, apart = claims_of(AdapterServer(adapter).answer("hello", {})), dict[str, Outcome]()
    except (Unmatched, OSError) as problem:
        raise pytest.UsageError(str(problem)) from None
    except (Unfit, Unclaimable, Unaskable) as problem:
        raise pytest.UsageError(f"{adapter.__module__}:{adapter.__qualname__}: {problem}") from None

    @pytest.mark.parametrize("contract", cases(chosen, known))
    def test_client(contract: Property, simulator_server: "SimulatorServer", request: pytest.FixtureRequest) -> None:
        how = PROFILES[profile]
        if request.config.getoption("--hypothesis-seed", None) is not None:
            how = replace(how, fixed=False)
        program = _InProcess(adapter)
        limit = math.inf if profile == "long" else time.monotonic() + _LONGEST
        target = Target(simulator_server.url, control_token=simulator_server.control_token, deadline=limit)
        try:
            runner = ClientRunner(target, how, program=program, client=client, apart=apart)
            conclude(runner.run(contract), runner, request.node)
        finally:
            target.close()
            program.stop()

    return test_client


class _InProcess:
    """A Python adapter in a thread, with the interface of `clients.jsonl_process.JsonlProcess`.

    A call that does not end in time cannot be stopped: its thread is left behind, and the next call gets a new one.
    """

    def __init__(self, adapter: type) -> None:
        self._adapter = adapter
        self._one_at_a_time = threading.RLock()
        self._requests: queue.Queue[str | None] | None = None
        self._answers: queue.Queue[str] = queue.Queue()

    def call(self, method: str, params: Mapping[str, Any], within: float) -> Any:
        """The result of one call; `Failed` when the client reports a failure, `Hung` when it does not end."""
        with self._one_at_a_time:  # webhooks are received in another thread
            if self._requests is None:
                self._requests, self._answers = queue.Queue(), queue.Queue()
                arguments = (AdapterServer(self._adapter), self._requests, self._answers)
                self._thread = threading.Thread(target=_serve, args=arguments, daemon=True, name="client contracts")
                self._thread.start()
            self._requests.put(json.dumps({"id": 0, "method": method, "params": params}))
            try:
                answer = json.loads(self._answers.get(timeout=within))
            except queue.Empty:
                self._requests.put(None)
                self._requests = None
                raise Hung(f"{method} did not end within {within:g} seconds") from None
        if "error" not in answer:
            return answer["result"]
        raise failed(answer["error"])

    def stop(self) -> None:
        """Close the client, and end the thread."""
        with self._one_at_a_time:
            if self._requests is not None:
                self._requests.put(None)
                self._requests = None
                self._thread.join(LIMIT)


def _serve(host: AdapterServer, requests: "queue.Queue[str | None]", answers: "queue.Queue[str]") -> None:
    while (line := requests.get()) is not None:
        try:
            answers.put(written(told(line, host.answer)))
        except BaseException as problem:  # noqa: BLE001  such as SystemExit, which would end the thread in silence
            crash = {"kind": "crash", "message": f"{type(problem).__name__}: {problem}", "status": None}
            answers.put(json.dumps({"id": 0, "error": crash}))
    with suppress(Exception):  # its failure is reported where the next example opens a client
        host.close()
