"""Callers behind the balancer that note what was acknowledged, and read it again from any server."""

import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2

from tests.crash.listening import Aside
from tests.crash.load import PATH, Caller, Promises
from tests.crash.running import Death, Verdict, judge
from tests.engine.cluster import Cluster

# Each assessment has two webhooks.
TWICE = {"behaviour": {"pi.webhook_on": "creation and completion"}}


class Reader(Caller):
    """A caller that bears 503, notes what such an answer promises, and reads what it was promised before."""

    def __init__(self, promises: Promises, cluster: Cluster, hook: str, seed: str) -> None:
        super().__init__(promises, lambda: cluster.url, hook, seed)
        # Calls that failed: when they began, the seconds they took, and how.
        self.failures: list[tuple[float, float, str]] = []
        self._read = random.Random(f"{seed}/read")

    def _told(self, answer: httpx2.Response, *statuses: int) -> Any:
        if answer.status_code == 503:
            if "nothing was changed" in answer.text:
                self.promises.unchanged.add(f"{self.promises.name}-{self.promises.asked}")
            raise httpx2.ReadError(f"503 {answer.text[:300]}")
        return super()._told(answer, *statuses)

    def _one(self, http: httpx2.Client, token: str) -> None:
        began = time.monotonic()
        try:
            super()._one(http, token)
            if self.promises.assessments:
                self._read_one(http)
        except httpx2.TransportError as problem:
            self.failures.append((began, time.monotonic() - began, str(problem) or repr(problem)))
            raise

    def _read_one(self, http: httpx2.Client) -> None:
        """What was acknowledged is there, whichever server is called: the newest one, or any."""
        known = [*self.promises.assessments.values()]
        id = known[-1] if self._read.random() < 0.5 else self._read.choice(known)
        is_completed = id in self.promises.completed
        answer = http.get(f"{self._url()}{PATH}/{id}", headers={"api-key": self._credential})
        if answer.status_code == 503:
            raise httpx2.ReadError(f"503 {answer.text[:300]}")
        if answer.status_code != 200:
            self.wrong.append(f"{id} was acknowledged, and reading it gives {answer.status_code} {answer.text[:200]}")
        elif is_completed and answer.json()["assessmentState"] != 40:
            self.wrong.append(f"{id} was completed, and reading it gives {answer.json()['assessmentState']}")


@dataclass
class Load:
    """Callers under way."""

    cluster: Cluster
    listener: Aside
    callers: list[Reader]
    # From when until when a sender could lose its session, be paused or die.
    disturbances: list[Death] = field(default_factory=list)

    @contextmanager
    def disturbed(self) -> Iterator[None]:
        """Webhooks that were under way in this block may come twice."""
        began = time.monotonic()
        yield
        self.listener.wait_until_noted()
        self.disturbances.append((began, time.monotonic()))

    def acknowledged(self) -> int:
        return sum(len(c.promises.assessments) + len(c.promises.completed) for c in self.callers)

    def wait_for_progress(self, seconds: float = 30, more: int = 1) -> float:
        """Return when each caller has got acknowledgements of `more` changes; the seconds that took."""
        began, before = time.monotonic(), [c.promises.asked - len(c.failures) for c in self.callers]
        while any(
            c.promises.asked - len(c.failures) - 1 < asked + more for c, asked in zip(self.callers, before, strict=True)
        ):
            assert time.monotonic() < began + seconds, f"no progress: {[c.failures[-1:] for c in self.callers]}"
            time.sleep(0.01)
        return time.monotonic() - began

    def failures(self) -> Sequence[tuple[float, float, str]]:
        return sorted(failure for caller in self.callers for failure in caller.failures)

    def kill_each(self) -> None:
        """Kill the servers one after the other, and start each again."""
        for server in self.cluster.servers:
            with self.disturbed():
                server.kill()
                self.wait_for_progress(more=5)
            server.start()

    def check(self) -> Verdict:
        """Check that nothing is wrong and no server has written a traceback; returns the verdict."""
        verdict = self.verdict()
        assert verdict.wrong == [], verdict.wrong
        stderr = self.cluster.stderr()
        assert "Traceback" not in stderr, stderr
        return verdict

    def verdict(self) -> Verdict:
        """Stop the callers and compare what they were promised with what is there."""
        verdict = Verdict(len(self.disturbances))
        judge(self.cluster.url, self.callers, self.listener, self.disturbances, verdict, on_creation=True)
        return verdict


@contextmanager
def load(cluster: Cluster, count: int = 3, seed: str = "1") -> Iterator[Load]:
    """Callers of one sandbox each; each sandbox has another owner."""
    with Aside() as listener:
        callers = []
        for number in range(count):
            name = f"load-{number}"
            sandbox = cluster.place(name, cluster.servers[number % len(cluster.servers)])
            sandbox.control_json("PATCH", "/config", TWICE)
            callers.append(Reader(Promises(name), cluster, listener.url, f"{seed}/{number}"))
        under_way = Load(cluster, listener, callers)
        for caller in callers:
            caller.start()
        try:
            under_way.wait_for_progress(more=5)
            yield under_way
        finally:
            for caller in callers:
                caller.stop()


@contextmanager
def timed(*calls: Callable[[], object]) -> Iterator[list[float]]:
    """Repeat each call in a thread of its own while the block runs; the seconds that each took."""
    took: list[float] = []
    stopped = threading.Event()

    def repeat(call: Callable[[], object]) -> None:
        while not stopped.wait(0.01):
            began = time.monotonic()
            call()
            took.append(time.monotonic() - began)

    threads = [threading.Thread(target=repeat, args=(call,), daemon=True) for call in calls]
    for thread in threads:
        thread.start()
    try:
        yield took
    finally:
        stopped.set()
        for thread in threads:
            thread.join()
