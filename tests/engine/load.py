"""Callers behind the balancer that note what was acknowledged, and read it again from any server."""

import random
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import httpx2

from tests.crash.listening import Aside
from tests.crash.load import PATH, Caller, Promises
from tests.crash.running import LONGEST, Death, Verdict, cut_short, judge, settle
from tests.engine.cluster import Cluster

TWICE = {"behaviour": {"pi.webhook_on": "creation and completion"}}
"""Each assessment has two webhooks."""


class Reader(Caller):
    """A caller that bears 503, notes what such an answer promises, and reads what it was promised before."""

    def __init__(self, promises: Promises, cluster: Cluster, hook: str, seed: str) -> None:
        super().__init__(promises, lambda: cluster.url, hook, seed)
        self.unchanged: set[str] = set()
        """Marks of creations of which the answer was: nothing was changed."""
        self.failures: list[tuple[float, float, str]] = []
        """Calls that failed: when they began, the seconds they took, and how."""
        self.slowest_call = 0.0
        self._read = random.Random(f"{seed}/read")

    def _told(self, answer: httpx2.Response, *statuses: int) -> Any:
        if answer.status_code == 503:
            if "nothing was changed" in answer.text:
                self.unchanged.add(f"{self.promises.name}-{self.promises.asked}")
            raise httpx2.ReadError(f"503 {answer.text[:300]}")
        return super()._told(answer, *statuses)

    def _one(self, http: httpx2.Client, token: str) -> None:
        began = time.monotonic()
        try:
            super()._one(http, token)
            self.slowest_call = max(self.slowest_call, time.monotonic() - began)
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
    disturbances: list[Death] = field(default_factory=list)
    """From when until when a sender could lose its session, be paused or die."""

    @contextmanager
    def disturbed(self) -> Iterator[None]:
        """Webhooks that were under way in this block may come twice."""
        began = time.monotonic()
        yield
        self.listener.wait_until_noted()
        self.disturbances.append((began, time.monotonic()))

    def acknowledged(self) -> int:
        """How many changes were acknowledged so far."""
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
        """All calls that failed, by when they began."""
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
        for caller in self.callers:
            caller.stop()
        with httpx2.Client(base_url=self.cluster.url, trust_env=False, timeout=60) as http:
            settle(http, [caller.promises for caller in self.callers])
            for caller in self.callers:
                verdict.wrong += caller.wrong
                judge(http, caller.promises, verdict)
                _judge_unchanged(http, caller, verdict)
        _judge_webhooks(self, verdict)
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


def _judge_unchanged(http: httpx2.Client, caller: Reader, verdict: Verdict) -> None:
    """What an answer said was not changed was not changed."""
    there: set[str] = set()
    while True:
        found = http.get(PATH, params={"$skip": len(there)}, headers={"api-key": f"sim-{caller.promises.name}"}).json()
        if not found:
            break
        there |= {one["externalId"] for one in found}
    verdict.wrong += [f"{mark} exists, and an answer said: nothing was changed" for mark in caller.unchanged & there]


def _judge_webhooks(load: Load, verdict: Verdict) -> None:
    """Each webhook came, in order, and twice only where its sender failed in the middle of the attempt."""
    came: dict[str, list[tuple[str, float]]] = {}
    for one in load.listener.received():
        if len(one.body) < int(one.headers["content-length"]):
            continue
        came.setdefault(one.form["assessmentId"], []).append((one.form["assessmentState"], one.at))
    verdict.webhooks = len(came)
    verdict.wrong += _missing(load, came)
    for id, events in came.items():
        states = [state for state, _ in events]
        if sorted(states, key=lambda state: state == "40") != states:
            verdict.wrong.append(f"the webhooks of {id} came in this order: {states}")
        for state in {*states}:
            times = [at for each, at in events if each == state]
            for at, following in pairwise(times):
                if cut_short(at, following, load.disturbances) is None:
                    verdict.wrong.append(
                        f"webhook {state} of {id} came {len(times)} times, {following - at:.3f} s apart, and nothing"
                        f" explains it; within {LONGEST:g} s of: {load.disturbances}, at {at:.3f}"
                    )
                else:
                    verdict.again += 1


def _missing(load: Load, came: Mapping[str, Sequence[tuple[str, float]]]) -> Iterator[str]:
    """The webhooks that did not come."""
    for caller in load.callers:
        for id in caller.promises.assessments.values():
            states = {state for state, _ in came.get(id, [])}
            expected = 2 if id in caller.promises.completed else 1
            if len(states) < expected:
                yield f"of {id} the webhooks {states} came, and {expected} were to come"


def healthy(url: str, answers: list[float], stopped: threading.Event) -> None:
    """Call `health` again and again, and note how long each answer took."""
    with httpx2.Client(base_url=url, trust_env=False, timeout=5) as http:
        while not stopped.wait(0.02):
            began = time.monotonic()
            with suppress(httpx2.TransportError):
                http.get("/_simulator/health")
            answers.append(time.monotonic() - began)


@contextmanager
def health_of(urls: Sequence[str]) -> Iterator[list[float]]:
    """The seconds that each call of `health` took while the block ran."""
    answers: list[float] = []
    stopped = threading.Event()
    threads = [threading.Thread(target=healthy, args=(url, answers, stopped), daemon=True) for url in urls]
    for thread in threads:
        thread.start()
    try:
        yield answers
    finally:
        stopped.set()
        for thread in threads:
            thread.join()
