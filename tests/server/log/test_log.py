"""What the log has is what the sandbox remembers: after every step, after every failure, with and without images."""

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from assessment_simulator.app import VENDORS
from assessment_simulator.core import instant
from assessment_simulator.core.config import Config
from assessment_simulator.core.delivery import Answer, Attempt, Post
from assessment_simulator.core.faults import Fault, settled
from assessment_simulator.server.clock import Clock
from assessment_simulator.server.log import Unusable, Unwritten
from assessment_simulator.server.log.image import parts, still
from assessment_simulator.server.log.writing import FORMAT, Writer
from tests.server.log.worlds import Failing, ask, create, ids, opened, portrait, read_again, sharing

PI = VENDORS["predictive_index"]
FAULTS = (
    Fault(do="drop", on="deliveries", times=1),
    Fault(do="delay", on="deliveries", duration="PT5S", after=1, times=1),
    Fault(do="reorder", on="deliveries", times=2),
    Fault(do="duplicate", on="deliveries", probability=0.5),
    Fault(do="amend", merge={"big": 2**70}),
)


class Remembered(RuleBasedStateMachine):
    """One sandbox to which everything happens that can; the log is read anew after each step."""

    @initialize()
    def begin(self) -> None:
        self.log = Failing()
        self.sandbox = opened(self.log)
        self.drafted = -1

    def teardown(self) -> None:
        self.log.close()

    def _now(self) -> int:
        return self.sandbox.now()

    @rule(tag=st.sampled_from(["", "+completes", "+completes-in-10s", "+expires", "+abandons"]), hook=st.booleans())
    def create(self, tag: str, hook: bool) -> None:
        reply = create(self.sandbox, f"ada{tag}@example.com", "http://a.example/" if hook else None)
        assert reply.status == (201 if reply.rules == () else 429)

    @precondition(lambda self: bool(ids(self.sandbox)))
    @rule(data=st.data(), action=st.sampled_from([*PI.actions]))
    def act(self, data: st.DataObject, action: str) -> None:
        ask(self.sandbox, "predictive_index", action, id=data.draw(st.sampled_from(ids(self.sandbox))))

    @rule(secret=st.text())
    def token(self, secret: str) -> None:
        body = {"client_id": "sim-a", "client_secret": secret or "x", "grant_type": "client_credentials"}
        assert ask(self.sandbox, "pymetrics", "create_token", body).status in (201, 429)

    @rule(changes=st.fixed_dictionaries(
        {}, optional={
            "rate_limit": st.one_of(st.none(), st.integers(1, 5)), "progress": st.sampled_from(["manual", "PT9S"]),
            "positions": st.lists(st.text(st.characters(codec="utf-8")), max_size=2).map(tuple),
            "webhook_url": st.sampled_from([None, "http://b.example/"]), "behaviour": st.just({"pi.revive_expired": 1}),
        },
    ))  # fmt: skip
    def configure(self, changes: dict[str, Any]) -> None:
        self.sandbox.configure(Config(**changes))

    @rule(seconds=st.integers(0, 40))
    def later(self, seconds: int) -> None:
        self.sandbox.set_clock(Clock("frozen", self._now() + seconds * instant.SECOND))
        self.sandbox.ring(self._now())

    @rule(days=st.integers(1, 20))
    def much_later(self, days: int) -> None:
        self.sandbox.set_clock(self.sandbox.state.clock.at(self._now() + days * instant.DAY))

    @rule(chosen=st.lists(st.sampled_from(FAULTS), max_size=3))
    def misbehave(self, chosen: list[Fault]) -> None:
        self.sandbox.misbehave(tuple(settled(fault, place) for place, fault in enumerate(chosen, 1)))

    @rule(status=st.sampled_from([200, 500, 400, None]))
    def try_what_is_due(self, status: int | None) -> None:
        sandbox, now = self.sandbox, self._now()
        if sandbox.state.overdue(now):
            sandbox.release(now)
        delivery = sandbox.state.take_due(now)
        if delivery is None:
            return
        waits = sandbox.state.may_hold(delivery)
        faults = sandbox.faults
        fault = None if faults is None else faults.on_attempt(delivery, sandbox.count, may_wait=waits)
        if fault is not None and fault.do in ("delay", "reorder"):
            sandbox.put_off(fault, delivery, now + (instant.parse_duration(fault.duration or "") or 0))
            return
        answer = None if status is None else Answer(status, (("x", "ü"),), "body \udfff")
        post = Post("http://a.example/", (("content-type", "x"),), b"\x00\xff")
        attempt = Attempt(len(delivery.attempts) + 1, now, post, answer, None if answer else "refused", 0.5)
        sandbox.attempted(delivery, attempt, sandbox.epoch, 1)

    @precondition(lambda self: self.sandbox.state.deliveries)
    @rule(data=st.data())
    def replay(self, data: st.DataObject) -> None:
        deliveries = [*self.sandbox.state.deliveries.values()]
        self.sandbox.replay(data.draw(st.sampled_from(deliveries)), "http://c.example/")

    @rule()
    def snapshot(self) -> None:
        self.sandbox.snapshot()

    @precondition(lambda self: self.sandbox.snapshots)
    @rule(data=st.data())
    def restore(self, data: st.DataObject) -> None:
        self.sandbox.restore(data.draw(st.sampled_from([*self.sandbox.snapshots])))

    @precondition(lambda self: self.sandbox.snapshots)
    @rule(data=st.data())
    def delete_snapshot(self, data: st.DataObject) -> None:
        self.sandbox.delete_snapshot(data.draw(st.sampled_from([*self.sandbox.snapshots])))

    @rule()
    def reset(self) -> None:
        self.sandbox.reset()

    @rule()
    def end_links(self) -> None:
        self.sandbox.end_links()

    @rule()
    def go_on_in_a_fork(self) -> None:
        name = f"{self.sandbox.name}a"
        self.sandbox = opened(self.log, name, self.sandbox.state.forked())

    @rule()
    def go_on_in_another_process(self) -> None:
        self.sandbox = read_again(self.log, self.sandbox.name)

    @precondition(lambda self: self.sandbox.ledger.number > 0)
    @rule(then=st.lists(st.sampled_from(["create", "snapshot", "reset"]), max_size=3))
    def compact(self, then: list[str]) -> None:
        """An image is made while things go on."""
        ledger = self.sandbox.ledger
        assert ledger
        number, pieces = ledger.number, parts(still(self.sandbox))
        for part, piece in enumerate(pieces):
            self.log.draft(ledger.key, number, part, piece)
            for word in then:
                if word == "create":
                    create(self.sandbox)
                else:
                    getattr(self.sandbox, word)()
        self.log.settle(ledger.key, number)

    @rule()
    def fail(self) -> None:
        """The disk is full for a moment."""
        before = portrait(self.sandbox)
        self.log.full = True
        with pytest.raises(Unwritten, match="full"):
            self.sandbox.step(self._much)
        self.log.full = False
        assert portrait(self.sandbox) == before

    def _much(self) -> None:
        self.sandbox.snapshot()
        self.sandbox.configure(Config())
        create(self.sandbox, "ada+completes@example.com", "http://a.example/")
        self.sandbox.reset()

    @invariant()
    def what_is_read_is_what_is_remembered(self) -> None:
        read = read_again(self.log, self.sandbox.name)
        assert portrait(read) == portrait(self.sandbox)
        assert sharing(read) == sharing(self.sandbox)


TestRemembered = Remembered.TestCase
TestRemembered.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)


def test_a_log_of_version_0_1_is_refused_with_a_sentence() -> None:
    log = Failing()
    assert log.open("a", {"seed": "seed", "sampled": False}, [b'[["state",{},["frozen",0,0],0]]'], None)
    with pytest.raises(Unusable, match=r"logs of 0\.1 are not read"):
        read_again(log)


def test_an_image_in_another_format_is_refused() -> None:
    log = Failing()
    assert log.open("a", {"seed": "seed", "sampled": False}, [Writer().write([("format", (FORMAT + 1,))])], None)
    with pytest.raises(Unusable, match="format 3 is unknown"):
        read_again(log)


def test_who_reads_it_counts_the_same_calls_against_a_limit_whichever_way_the_clock_was_turned() -> None:
    log = Failing()
    sandbox = opened(log)
    sandbox.configure(Config(rate_limit=2))
    told = []
    for days in (0, 1, 1, 1, 0, 0, 0):
        sandbox.set_clock(sandbox.state.clock.at(days * instant.DAY))
        told.append(create(sandbox).status)
        assert portrait(read_again(log)) == portrait(sandbox)
    assert told == [201, 201, 201, 429, 201, 201, 429]
