"""What the log has is what the sandbox remembers: after every step, after every failure, with and without images."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from assessment_simulator.app import VENDORS
from assessment_simulator.core import instant
from assessment_simulator.core.config import Config
from assessment_simulator.core.faults import Fault, with_defaults
from assessment_simulator.core.retry_schedule import Attempt, WebhookRequest, WebhookResponse
from assessment_simulator.sandbox.state import Clock
from assessment_simulator.storage import Unwritten
from tests.server.log.worlds import Failing, World, ask, create, ids, portrait, sharing

T = TypeVar("T")
PI = VENDORS["predictive_index"]
FAULTS = (
    Fault(do="drop", on="deliveries", times=1),
    Fault(do="delay", on="deliveries", duration="PT5S", after=1, times=1),
    Fault(do="reorder", on="deliveries", times=2),
    Fault(do="duplicate", on="deliveries", probability=0.5),
    Fault(do="amend", merge={"big": 2**70}),
)


class Remembered(RuleBasedStateMachine):
    """One sandbox to which everything happens that can; the log is read again after each step."""

    @initialize()
    def begin(self) -> None:
        self.log = Failing()
        self.world = World(self.log)
        self.sandbox = self.world.opened()

    def teardown(self) -> None:
        self.world.close()

    def _do(self, work: Callable[[], T]) -> T:
        return self.world.do(self.sandbox, work)

    def _now(self) -> int:
        return self.sandbox.now()

    @rule(tag=st.sampled_from(["", "+completes", "+completes-in-10s", "+expires", "+abandons"]), hook=st.booleans())
    def create(self, tag: str, hook: bool) -> None:
        reply = self._do(lambda: create(self.sandbox, f"ada{tag}@example.com", "http://a.example/" if hook else None))
        assert reply.status == (201 if reply.rules == () else 429)

    @precondition(lambda self: bool(ids(self.sandbox)))
    @rule(data=st.data(), action=st.sampled_from([*PI.actions]))
    def act(self, data: st.DataObject, action: str) -> None:
        id = data.draw(st.sampled_from(ids(self.sandbox)))
        self._do(lambda: ask(self.sandbox, "predictive_index", action, id=id))

    @rule(secret=st.text())
    def token(self, secret: str) -> None:
        body = {"client_id": "sim-a", "client_secret": secret or "x", "grant_type": "client_credentials"}
        reply = self._do(lambda: ask(self.sandbox, "pymetrics", "create_token", body))
        assert reply.status in (201, 429)

    @rule(changes=st.fixed_dictionaries(
        {}, optional={
            "rate_limit": st.one_of(st.none(), st.integers(1, 5)), "progress": st.sampled_from(["manual", "PT9S"]),
            "positions": st.lists(st.text(st.characters(codec="utf-8")), max_size=2).map(tuple),
            "webhook_url": st.sampled_from([None, "http://b.example/"]), "behaviour": st.just({"pi.revive_expired": 1}),
        },
    ))  # fmt: skip
    def configure(self, changes: dict[str, Any]) -> None:
        self._do(lambda: self.sandbox.configure(Config(**changes)))

    @rule(seconds=st.integers(0, 40))
    def later(self, seconds: int) -> None:
        self._do(lambda: self.sandbox.set_clock(Clock("frozen", self._now() + seconds * instant.SECOND)))
        self.world.run(self.sandbox.fire_due_timers())
        self._do(lambda: None)

    @rule(days=st.integers(1, 20))
    def much_later(self, days: int) -> None:
        self._do(lambda: self.sandbox.set_clock(self.sandbox.state.clock.at(self._now() + days * instant.DAY)))

    @rule(chosen=st.lists(st.sampled_from(FAULTS), max_size=3))
    def misbehave(self, chosen: list[Fault]) -> None:
        faults = tuple(with_defaults(fault, place) for place, fault in enumerate(chosen, 1))
        self._do(lambda: self.sandbox.set_faults(faults))

    @rule(status=st.sampled_from([200, 500, 400, None]))
    def try_what_is_due(self, status: int | None) -> None:
        self._do(lambda: self.sandbox.step(lambda: self._try(status)))

    def _try(self, status: int | None) -> None:
        sandbox, now = self.sandbox, self._now()
        claimed, _ = sandbox.claim_due(1)
        if not claimed:
            return
        [(delivery, _)] = claimed
        answer = None if status is None else WebhookResponse(status, (("x", "ü"),), "body \udfff")
        post = WebhookRequest("http://a.example/", (("content-type", "x"),), b"\x00\xff")
        attempt = Attempt(len(delivery.attempts) + 1, now, post, answer, None if answer else "refused", 0.5)
        sandbox.record_attempt(delivery, attempt, sandbox.epoch, 1)

    @precondition(lambda self: self.sandbox.state.deliveries)
    @rule(data=st.data())
    def replay(self, data: st.DataObject) -> None:
        delivery = data.draw(st.sampled_from([*self.sandbox.state.deliveries.values()]))
        self._do(lambda: self.sandbox.replay(delivery, "http://c.example/"))

    @rule()
    def snapshot(self) -> None:
        self._do(self.sandbox.snapshot)

    @precondition(lambda self: self.sandbox.snapshots)
    @rule(data=st.data())
    def restore(self, data: st.DataObject) -> None:
        id = data.draw(st.sampled_from([*self.sandbox.snapshots]))
        self._do(lambda: self.sandbox.restore(id))

    @precondition(lambda self: self.sandbox.snapshots)
    @rule(data=st.data())
    def delete_snapshot(self, data: st.DataObject) -> None:
        id = data.draw(st.sampled_from([*self.sandbox.snapshots]))
        self._do(lambda: self.sandbox.delete_snapshot(id))

    @rule()
    def reset(self) -> None:
        self._do(self.sandbox.reset)

    @rule()
    def revoke_credentials(self) -> None:
        self._do(self.sandbox.revoke_credentials)

    @rule()
    def go_on_in_a_fork(self) -> None:
        self.sandbox = self.world.opened(f"{self.sandbox.name}a", self.sandbox.state.forked())

    @rule()
    def go_on_in_another_process(self) -> None:
        self.sandbox = self.world.read_again(self.sandbox.name)

    @rule(then=st.lists(st.sampled_from(["create", "snapshot", "reset"]), max_size=3))
    def compact(self, then: list[str]) -> None:
        """An image is written while things go on."""
        sandbox = self.sandbox
        assert sandbox.commits

        async def both() -> None:
            assert sandbox.commits
            writing = asyncio.ensure_future(sandbox.commits.write_image())
            for word in then:
                create(sandbox) if word == "create" else getattr(sandbox, word)()
                await asyncio.sleep(0)
            await writing
            await sandbox.settled()

        self.world.run(both())

    @rule()
    def fail(self) -> None:
        """The disk is full for a moment."""
        sandbox, before = self.sandbox, portrait(self.sandbox)
        assert sandbox.commits
        self.log.full = True
        with pytest.raises(Unwritten, match="full"):
            self._do(lambda: sandbox.step(self._much))
        with pytest.raises(Unwritten, match="full"):
            self._do(lambda: create(sandbox))
        self.log.full = False
        self.world.run(sandbox.commits.load())
        assert portrait(sandbox) == before

    def _much(self) -> None:
        self.sandbox.snapshot()
        self.sandbox.configure(Config())
        create(self.sandbox, "ada+completes@example.com", "http://a.example/")
        self.sandbox.reset()

    @invariant()
    def what_is_read_is_what_is_remembered(self) -> None:
        read = self.world.read_again(self.sandbox.name)
        assert portrait(read) == portrait(self.sandbox)
        assert sharing(read) == sharing(self.sandbox)


TestRemembered = Remembered.TestCase
TestRemembered.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)


def test_the_rate_limit_counts_the_same_calls_after_reading_with_any_clock() -> None:
    world = World(Failing())
    sandbox = world.opened()
    world.do(sandbox, lambda: sandbox.configure(Config(rate_limit=2)))
    told = []
    for days in (0, 1, 1, 1, 0, 0, 0):
        clock = sandbox.state.clock.at(days * instant.DAY)
        world.do(sandbox, partial(sandbox.set_clock, clock))
        told.append(world.do(sandbox, lambda: create(sandbox)).status)
        assert portrait(world.read_again()) == portrait(sandbox)
    assert told == [201, 201, 201, 429, 201, 201, 429]
    world.close()


def test_a_failed_step_is_undone_and_commits_before_it_are_written() -> None:
    world = World(Failing())
    sandbox = world.opened()
    commits = sandbox.commits
    assert commits

    def fail() -> None:
        create(sandbox, "lost@example.com")
        raise ZeroDivisionError

    async def both() -> None:
        create(sandbox, "kept@example.com")
        waiting = asyncio.ensure_future(sandbox.settled())
        await asyncio.sleep(0)
        with pytest.raises(ZeroDivisionError):
            sandbox.step(fail)
        await waiting
        with pytest.raises(Unwritten, match="a step failed"):
            create(sandbox)
        await commits.load()

    world.run(both())
    assert len(ids(sandbox)) == 1
    assert portrait(world.read_again()) == portrait(sandbox)
    world.do(sandbox, lambda: create(sandbox))
    assert len(ids(world.read_again())) == 2
    world.close()
