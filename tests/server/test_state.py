"""The state of a sandbox: records, tokens, timers and deliveries; copies are independent."""

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from assessment_simulator.core import instant
from assessment_simulator.core.config import Config
from assessment_simulator.core.decision import TOKEN, Record, Timer, WebhookEvent
from assessment_simulator.core.retry_schedule import Attempt, Delivery, WebhookRequest, WebhookResponse
from assessment_simulator.sandbox import state as state_module
from assessment_simulator.sandbox.state import STALE, Clock, State, rendered

DAY = instant.DAY
# The kinds of records whose history is kept.
THINGS = frozenset({"thing"})


def new() -> State:
    return State(Config(), Clock("frozen", 0))


def record(id: str, status: Any = None, kind: str = "thing", **more: Any) -> Record:
    return Record(kind, id, status, {"id": id, "status": status}, **more)


def delivery(id: str, invitation: str = "i", due: int = 0) -> Delivery:
    return Delivery(id, WebhookEvent(id, "v", invitation, "http://a/", "text/plain", id), due, due)


def attempt(number: int, at: int, status: int) -> Attempt:
    return Attempt(number, at, WebhookRequest("http://a/", (), b""), WebhookResponse(status, (), ""), None, 0.0)


# Records.


def test_record_is_found_by_kind_and_id() -> None:
    state = new()
    state.save(rendered([record("a", 1), record("a", 2, "other")]), 0)
    found, other = state.get("thing", "a"), state.get("other", "a")
    assert found
    assert other
    assert (found.id, found.status, found.public, found.internal) == ("a", 1, {"id": "a", "status": 1}, {})
    assert other.status == 2
    assert state.get("thing", "b") is state.get("nothing", "a") is None
    assert state.all("nothing") == []


def test_records_are_listed_in_order_of_creation_and_reads_are_immutable() -> None:
    state = new()
    state.save(rendered([record("b", 0, internal={"deep": [1]}), record("a", 1)]), 0)
    before, listed = state.get("thing", "b"), state.all("thing")
    assert before
    before.public["status"] = 9
    before.internal["deep"].append(2)
    assert (before.public["status"], before.internal["deep"]) == (0, [1])
    state.save(rendered([record("c", 2), record("b", 3)]), 0)
    assert (before.status, [stored.status for stored in listed]) == (0, [0, 1])
    assert [(stored.id, stored.status) for stored in state.all("thing")] == [("b", 3), ("a", 1), ("c", 2)]


def test_records_are_saved_together_or_not_at_all() -> None:
    state = new()
    state.save(rendered([record("a", 1, keys=(("k", "v"),))]), 0)
    broken = Record("thing", "c", 3, {"value": object()})
    with pytest.raises((TypeError, AttributeError)):
        state.save(rendered([record("a", 2, keys=(("k", "w"),)), record("b", 2, keys=(("k", "v"),)), broken]), 0)
    assert [(stored.id, stored.status) for stored in state.all("thing")] == [("a", 1)]
    assert state.indexes.get(("k", "v")) == ("a", None)
    assert state.indexes.get(("k", "w")) is None


def test_index_returns_every_id_saved_under_a_key() -> None:
    state = new()
    for id in ("a", "b", "b", "c"):
        state.save(rendered([record(id, keys=(("k", "v"), ("k", id)))]), 0)
    assert state.indexes[("k", "v")] == ("c", ("b", ("a", None)))
    assert state.indexes[("k", "b")] == ("b", None)


# Tokens.


def token(id: str, lapses: int) -> Record:
    return Record(TOKEN, id, lapses, {})


def kept(state: State) -> list[str]:
    return [stored.id for stored in state.all(TOKEN)]


def test_token_is_kept_for_a_day_after_it_expired() -> None:
    state = new()
    state.save(rendered([record("old", 1), *(token(str(number), number) for number in range(50))]), 0)
    state.save(rendered([token("a", 100)]), 0)
    state.save(rendered([token("b", DAY + 99)]), DAY + 99)
    assert kept(state) == ["a", "b"]
    twin = state.copy()
    state.save(rendered([token("c", 2 * DAY)]), DAY + 100)
    assert (kept(state), kept(twin)) == (["b", "c"], ["a", "b"])
    assert state.get(TOKEN, "a") is None
    assert [stored.id for stored in state.all("thing")] == ["old"]


def test_token_is_kept_when_the_clock_is_set_far_back_or_ahead() -> None:
    state = new()
    state.save(rendered([token("ahead", 100 * DAY)]), 99 * DAY)
    state.save(rendered([token("back", -99 * DAY)]), -100 * DAY)
    assert kept(state) == ["ahead", "back"]


def test_tokens_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state_module, "MOST_TOKENS", 5)
    state = new()
    for number in range(12):
        state.save(rendered([token(str(number), DAY)]), 0)
    assert kept(state) == ["7", "8", "9", "10", "11"]


# Alarms.


def rung(state: State) -> list[Timer]:
    """All timers, in the order in which they fire; none is left."""
    found = []
    while (timer := state.next_timer()) is not None:
        found.append(timer)
        state.set_timer(Timer(timer.operation, timer.id, None))
    return found


def test_timers_fire_by_due_time_then_by_order_of_creation() -> None:
    state = new()
    for number, (id, at) in enumerate([("c", 5), ("a", 1), ("b", 5), ("d", 0), ("e", 5)]):
        state.sequence = number
        state.set_timer(Timer("ring", id, at))
    assert [timer.id for timer in rung(state)] == ["d", "a", "c", "b", "e"]


def test_invitation_has_one_timer_for_each_operation() -> None:
    state = new()
    for at in (None, 5, 9, 5, 9):
        state.set_timer(Timer("ring", "a", at))
    state.set_timer(Timer("other", "a", 7))
    assert (state.next_timer(), state.next_due()) == (Timer("other", "a", 7), 7)
    state.set_timer(Timer("other", "a", None))
    assert state.next_timer() == Timer("ring", "a", 9)
    state.set_timer(Timer("ring", "a", None))
    assert (state.next_timer(), state.next_due()) == (None, None)


# Deliveries.


def taken(state: State, now: int = 0) -> list[str]:
    found = []
    while (one := state.claim_due(now)) is not None:
        found.append(one.id)
    return found


def queue(*ids: str, due: int = 0) -> State:
    """A state with these deliveries; the first letter of each names its invitation."""
    state = new()
    for id in ids:
        state.sequence += 1
        state.enqueue(delivery(id, id[0], due))
    return state


def test_only_the_first_pending_delivery_of_an_invitation_is_due() -> None:
    state = queue("a1", "a2", "b1")
    assert taken(state) == ["a1", "b1"]
    state.after(state.deliveries["a1"], attempt(1, 0, 200))
    assert taken(state) == ["a2"]


def test_delivery_is_not_claimed_before_it_is_due() -> None:
    state = queue("a", due=5)
    assert (taken(state, 4), state.next_due()) == ([], 5)
    assert (taken(state, 5), state.next_due()) == (["a"], None)


def test_attempt_in_flight_is_due_again_in_a_copy() -> None:
    state = queue("c1", "a1", "a2", "b1")
    state.claim_due(0)
    twin = state.copy()
    twin.queue_again()
    # At one instant in the order of creation.
    assert (taken(twin), taken(state)) == (["c1", "a1", "b1"], ["a1", "b1"])


def test_fork_has_no_deliveries() -> None:
    state = queue("a")
    twin = state.forked()
    assert (twin.deliveries, twin.next_due(), taken(twin, 9)) == ({}, None, [])
    assert (list(state.deliveries), taken(state, 9)) == (["a"], ["a"])


def test_stale_entries_of_the_queues_do_not_accumulate() -> None:
    state = new()
    for number in range(5 * STALE):
        state.set_timer(Timer("ring", "a", number))
        state.enqueue(delivery(str(number), str(number)))
        del state.ordering_keys[str(number)], state.pending[str(number)]
    assert len(state.timer_heap) <= 2 + STALE
    assert len(state.due) <= STALE
    assert state.next_timer() == Timer("ring", "a", 5 * STALE - 1)


def test_rebuilt_queue_keeps_the_order_of_timers() -> None:
    state = new()
    for id in ("c", "a", "b"):
        state.set_timer(Timer("ring", id, 7))
    for number in range(2 * STALE):
        state.set_timer(Timer("ring", "d", 8 + number))
    assert [timer.id for timer in rung(state)] == ["c", "a", "b", "d"]


# The history of what was saved.


def test_history_contains_changes_of_status_only() -> None:
    history = new().history
    for at, status in enumerate([0, 0, 10, 10, 0]):
        saved = (record("a", status), record("b", 7), record("c", status, kind="other"))
        history.add(rendered(saved), (), THINGS, at, f"step-{at}")
    assert history.of("a") == [(0, "step-0", None, 0), (2, "step-2", 0, 10), (4, "step-4", 10, 0)]
    assert history.of("b") == [(0, "step-0", None, 7)]
    assert history.of("c") == []


def test_history_of_an_archived_record_is_deleted_but_still_counted() -> None:
    history = new().history
    gone = (("thing", "a"), ("other", "x"), ("thing", "never"))
    for step, saved, forgotten in [
        ("make", [record("a", 1)], ()),
        ("archive", [], gone),
        ("make", [record("a", 1)], ()),
    ]:
        history.add(rendered(saved), forgotten, THINGS, 5, step)
    assert history.of("a") == [(5, "make", None, 1)]
    assert history.tally == {("thing", None, "make", 1): 2, ("thing", 1, "archive", None): 1}


# Copies share nothing.


def everything(state: State) -> Any:
    """All that can be seen of a state, without changing it."""
    twin = state.copy()
    fired, tried = rung(twin), []
    while (found := twin.claim_due(10**9)) is not None:
        tried.append(found)
        twin.after(found, attempt(1, 0, 400))
    return (
        state.sequence,
        state.config,
        state.clock,
        [(s.id, s.status, s.public, s.internal) for kind in ("thing", "other", TOKEN) for s in state.all(kind)],
        [(key, state.indexes[key]) for key in sorted(state.indexes)],
        [state.history.of(id) for id in "abc"],
        dict(state.history.tally),
        fired,
        list(state.deliveries.items()),
        tried,
        [state.ordering_keys.get(invitation) for invitation in "abc"],
        state.next_due(),
    )


CHANGES = ["save", "move", "archive", "alarm", "silence", "owe", "try", "take", "settings", "queue again"]


def change(state: State, kind: str, id: str, number: int) -> None:
    match kind:
        case "save":
            saved = record(id, number, keys=(("k", id), ("k", str(number))))
            state.save(rendered([saved, token(f"{id}{number}", number * DAY)]), 0)
        case "move":
            state.history.add(rendered([record(id, number % 3)]), (), THINGS, number, "move")
        case "archive":
            state.history.add((), (("thing", id),), THINGS, number, "archive")
        case "alarm" | "silence":
            state.set_timer(Timer("ring", id, number if kind == "alarm" else None))
        case "owe":
            state.enqueue(delivery(f"d{state.sequence}-{id}", id, number))
        case "try":
            if (found := state.claim_due(number)) is not None:
                state.after(found, attempt(len(found.attempts) + 1, number, 200 if number % 2 else 500))
        case "take":
            state.claim_due(number)
        case "settings":
            state.config, state.clock = Config(invitation_days=4 + number), Clock("frozen", number)
        case "queue again":
            state.queue_again()


changes = st.tuples(
    st.integers(0, 5), st.sampled_from(CHANGES), st.sampled_from("abc"), st.integers(0, 9), st.booleans()
)


@settings(max_examples=150)
@given(st.lists(changes, max_size=60))
def test_changes_of_a_state_do_not_affect_its_copies(
    steps: list[tuple[int, str, str, int, bool]],
) -> None:
    branches = [new()]
    seen = [everything(branches[0])]
    for which, kind, id, number, is_copied in steps:
        here = which % len(branches)
        if is_copied and len(branches) < 6:
            branches.append(branches[here].copy())
            seen.append(everything(branches[-1]))
            assert seen[-1] == seen[here]
        branches[here].sequence += 1
        change(branches[here], kind, id, number)
        seen[here] = everything(branches[here])
        assert [everything(branch) for branch in branches] == seen


@settings(max_examples=100)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from([200, 400, 500])), max_size=40))
def test_deliveries_of_an_invitation_are_finished_in_order_of_creation(owed: list[tuple[str, int]]) -> None:
    state = new()
    answers = {}
    for number, (invitation, status) in enumerate(owed):
        state.sequence += 1
        answers[f"{number:02}"] = status
        state.enqueue(delivery(f"{number:02}", invitation))
    finished: dict[str, list[str]] = {invitation: [] for invitation in "abc"}
    while (due := state.next_due()) is not None:
        found = state.claim_due(due)
        assert found
        assert found.id == min(set(state.ordering_keys[found.event.invitation]))
        state.after(found, attempt(len(found.attempts) + 1, due, answers[found.id]))
        if state.deliveries[found.id].due is None:
            finished[found.event.invitation].append(found.id)
    assert finished == {i: [f"{n:02}" for n, (invitation, _) in enumerate(owed) if invitation == i] for i in finished}
    assert len(state.pending) == len(state.ordering_keys) == 0


@given(st.integers(0, 30), st.sets(st.integers(0, 29)), st.integers(0, 35), st.integers(0, 35))
@example(5, {1}, 2, 10**30)
@example(5, {1}, 10**30, 10**30)
def test_page_is_a_slice_of_the_remaining_records(count: int, gone: set[int], skip: int, top: int) -> None:
    state = new()
    state.save(rendered([record(str(number)) for number in range(count)]), 0)
    for number in gone & set(range(count)):
        del state.tables["thing"][str(number)]
    left = [str(number) for number in range(count) if number not in gone]
    assert [stored.id for stored in state.all("thing")] == left
    assert [stored.id for stored in state.newest("thing")] == left[::-1]
    assert [stored.id for stored in state.page("thing", skip, top)] == left[skip : skip + top]
    assert state.count(["thing", "other"]) == len(left)
