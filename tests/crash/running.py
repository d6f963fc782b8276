"""A crash run: start servers, call them, kill them, and compare what was acknowledged with what is there."""

import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import Any, Self

import httpx2

from assessment_contracts.kit import Received, ServerProcess, serve_command
from tests.crash.listening import Aside
from tests.crash.load import GAMES, PATH, Caller, Promises
from tests.waiting import until

# An attempt may take so many seconds on a busy machine, from reaching the listener to being written down.
LONGEST = 10.0
CALLERS = 4
# When a process was still alive, and when it was dead and all that it had sent was noted down.
Death = tuple[float, float]


@dataclass
class Verdict:
    """What a run has shown; `wrong` holds every loss, in words."""

    kills: int = 0
    acknowledged: int = 0
    webhooks: int = 0
    # Webhooks that came more than once, because their attempt was under way when the server was killed.
    again: int = 0
    # Seconds that the oldest of those had been under way.
    oldest: float = 0.0
    # Seconds from the start of a process to its first answer.
    slowest: float = 0.0
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        told = (
            f"{self.kills} kills; {self.acknowledged:,} changes acknowledged, {self.webhooks:,} webhooks owed, "
            f"{self.again} of them sent again (under way for at most {self.oldest:.2f} s when the server was killed); "
            f"slowest start {self.slowest:.2f} s; {len(self.wrong)} wrong"
        )
        return "\n".join([told, *self.wrong[:20]])


class Process(ServerProcess):
    """A server on a port of its own choice, which it keeps when it is started again."""

    def __init__(self, *options: str, environ: Mapping[str, str] | None = None, within: float = 60) -> None:
        super().__init__(serve_command(*options), environ=environ, within=within)
        self._options = options

    def start(self) -> Self:
        super().start()
        self.command = serve_command(*self._options, "--port", self.url.rpartition(":")[2])
        return self


class Fleet:
    """The servers that have a log."""

    def __init__(self, log: str, count: int) -> None:
        self._servers = [Process("--log", log).start() for _ in range(count)]

    def url(self, place: int) -> str:
        return self._servers[place % len(self._servers)].url

    def kill_one(self, chance: random.Random, noted: Callable[[], None]) -> Death:
        """Kill a process, and tell when it died; another takes its place.

        `noted` returns when all that the dead sent has been noted down.
        """
        server = chance.choice(self._servers)
        alive = time.monotonic()
        server.kill()
        noted()
        dead = time.monotonic()
        server.start()
        return alive, dead

    def stop(self) -> None:
        for server in self._servers:
            server.kill()


def run(kills: int, seed: int, log: str, processes: int = 1, between: tuple[float, float] = (0.2, 1.0)) -> Verdict:
    """Kill so many times, so many seconds apart, and say what was lost."""
    chance, verdict, killed = random.Random(seed), Verdict(kills), list[Death]()
    with Aside() as listener, ExitStack() as stack:
        fleet = Fleet(log, processes)
        stack.callback(fleet.stop)
        callers = [
            Caller(Promises(f"crash-{number}"), partial(fleet.url, number), listener.url, f"{seed}/{number}")
            for number in range(CALLERS)
        ]
        for caller in callers:
            caller.start()
            stack.callback(caller.stop)
        for _ in range(kills):
            time.sleep(chance.uniform(*between))  # the moment is left to chance
            killed.append(fleet.kill_one(chance, listener.wait_until_noted))
            verdict.slowest = max(verdict.slowest, time.monotonic() - killed[-1][1])
        judge(fleet.url(0), callers, listener, killed, verdict)
    return verdict


def judge(
    url: str, callers: Sequence[Caller], listener: Aside, disturbances: Sequence[Death], verdict: Verdict,
    *, on_creation: bool = False,
) -> None:  # fmt: skip
    """Stop the callers, and compare what they were promised with what is there and with the webhooks that came.

    `on_creation` says that each assessment has a webhook of its creation, too.
    """
    for caller in callers:
        caller.stop()
    with httpx2.Client(base_url=url, trust_env=False, timeout=60) as http:
        settle(http, [caller.promises for caller in callers])
        for caller in callers:
            verdict.wrong += caller.wrong
            _judge_sandbox(http, caller.promises, verdict)
    expected: dict[str, int] = {}
    for promises in (caller.promises for caller in callers):
        expected |= dict.fromkeys(promises.assessments.values() if on_creation else (), 1)
        expected |= dict.fromkeys(promises.completed, 1 + on_creation)
    _judge_webhooks(listener.received(), expected, disturbances, verdict)


def settle(http: httpx2.Client, all_promises: list[Promises]) -> None:
    """Wait until every webhook was tried."""

    def settled(promises: Promises) -> bool:
        found = http.get(f"/_simulator/sandboxes/{promises.name}/deliveries").json()
        return all(one["state"] != "pending" for one in found)

    with suppress(AssertionError):  # what is late is found by who judges
        until(lambda: all(map(settled, all_promises)), 60)


def _judge_sandbox(http: httpx2.Client, promises: Promises, verdict: Verdict) -> None:
    """Everything that was acknowledged is there, once, and nothing of which an answer said: nothing was changed."""
    verdict.acknowledged += len(promises.assessments) + len(promises.orders) + len(promises.completed)
    there: list[Any] = []
    page: list[Any] | None = None
    while page is None or page:
        answer = http.get(PATH, params={"$skip": len(there)}, headers={"api-key": f"sim-{promises.name}"})
        if answer.status_code != 200:
            verdict.wrong.append(f"{promises.name} cannot be read: {answer.status_code} {answer.text[:200]}")
            return
        page = answer.json()
        there += page
    by_mark: dict[str, list[Any]] = {}
    for one in there:
        by_mark.setdefault(one["externalId"], []).append(one)
    for mark, id in promises.assessments.items():
        if [one["assessmentId"] for one in by_mark.get(mark, [])] != [id]:
            verdict.wrong.append(f"assessment {mark} was promised as {id}, and is {by_mark.get(mark)}")
    verdict.wrong += [f"assessment {mark} exists {len(found)} times" for mark, found in by_mark.items() if found[1:]]
    verdict.wrong += [
        f"{mark} exists, and an answer said: nothing was changed" for mark in promises.unchanged & {*by_mark}
    ]
    states = {one["assessmentId"]: one["assessmentState"] for one in there}
    verdict.wrong += [
        f"{id} was completed, and is {states.get(id)}" for id in promises.completed if states.get(id) != 40
    ]
    _judge_orders(http, promises, verdict)
    [position] = http.get(f"/_simulator/sandboxes/{promises.name}/config").json()["positions"][:1]
    number = int(position.rpartition(" ")[2]) if position.startswith("position ") else 0
    if number < promises.positions:
        verdict.wrong.append(f"settings {promises.positions} of {promises.name} were promised, and are {number}")


def _judge_orders(http: httpx2.Client, promises: Promises, verdict: Verdict) -> None:
    keys = {"client_id": f"sim-{promises.name}", "client_secret": "x", "grant_type": "client_credentials"}
    token = http.post("/mercury/oauth/token", json=keys).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}", "X-Api-Key": keys["client_id"]}
    for mark, id in promises.orders.items():
        order = {"candidate": {"email": "ada@example.com"}, "assessment_id": GAMES, "application_id": mark}
        again = http.post("/mercury/order", json=order, headers=headers).json()
        if (again["created"], again["order"]["id"]) != (False, id):
            verdict.wrong.append(f"order {mark} was promised as {id}, and asked for again it is {again}")
    made = http.get(f"/_simulator/sandboxes/{promises.name}/states/pymetrics").json()["states"]
    asked = len(promises.orders) + 1  # one request may have no response
    if sum(state["now"] for state in made) > asked:
        verdict.wrong.append(f"of {asked} orders of {promises.name} there are {made}")


def _judge_webhooks(
    received: Iterable[Received], expected: Mapping[str, int], disturbances: Sequence[Death], verdict: Verdict
) -> None:
    """Each webhook came, in order, and twice only where its sender failed in the middle of the attempt.

    `expected` is the number of webhooks by the id of their assessment.
    """
    came: dict[str, list[tuple[str, float]]] = {}
    for one in received:
        if len(one.body) < int(one.headers["content-length"]):
            continue  # the process died while it sent this
        came.setdefault(one.form["assessmentId"], []).append((one.form["assessmentState"], one.at))
    verdict.webhooks = len(expected)
    for id, count in expected.items():
        if len({state for state, _ in came.get(id, [])}) < count:
            verdict.wrong.append(f"of {id} the webhooks {came.get(id)} came, and {count} were to come")
    for id, events in came.items():
        states = [state for state, _ in events]
        if sorted(states, key=lambda state: state == "40") != states:
            verdict.wrong.append(f"the webhooks of {id} came in this order: {states}")
        for state in {*states}:
            times = [at for each, at in events if each == state]
            for at, following in pairwise(times):
                under_way = cut_short(at, following, disturbances)
                if under_way is None:
                    verdict.wrong.append(
                        f"webhook {state} of {id} came {len(times)} times, {following - at:.3f} s apart, and nothing"
                        f" explains it; within {LONGEST:g} s of: {disturbances}, at {at:.3f}"
                    )
                else:
                    verdict.again += 1
                    verdict.oldest = max(verdict.oldest, under_way)


def cut_short(at: float, following: float, killed: Sequence[Death]) -> float | None:
    """For how many seconds an attempt that came `at` was under way when its process was killed.

    None where no death explains that there was a `following` one.
    """
    for alive, dead in killed:
        if at <= dead and alive <= following and alive - at <= LONGEST:
            return max(0.0, alive - at)
    return None
