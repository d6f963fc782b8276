"""Processes that commit to one sandbox in turn, each with a memory of its own."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from assessment_simulator.core import instant
from assessment_simulator.server.advance import CutShort, played
from assessment_simulator.server.dispatcher import AT_ONCE, Dispatcher
from assessment_simulator.server.egress import Policy
from assessment_simulator.server.log.sqlite import SqliteLog
from assessment_simulator.server.meters import Meters
from assessment_simulator.server.sandbox import Sandbox
from assessment_simulator.server.sender import HttpSender
from tests.server.log.worlds import compact, create, ids, opened, portrait, read_again

HOOK = "http://127.0.0.1:9/hook"


class Pair(NamedTuple):
    """The same sandbox as two processes have it, and the log of each."""

    mine: Sandbox
    theirs: Sandbox
    log: SqliteLog
    other: SqliteLog


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    with ExitStack() as stack:
        one, other = (stack.enter_context(closing(SqliteLog(tmp_path / "log.db", shared=True))) for _ in range(2))
        mine = opened(one)
        yield Pair(mine, read_again(other), one, other)


def test_commits_that_an_image_has_replaced_between_two_looks_are_read_from_it(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        create(pair.mine)
    newest = pair.other.newest

    def overtaken(key: int) -> Any:
        found = newest(key)
        monkeypatch.setattr(pair.other, "newest", newest)
        compact(pair.log, pair.mine)
        create(pair.mine)
        return found

    monkeypatch.setattr(pair.other, "newest", overtaken)
    create(pair.theirs)
    assert len(ids(pair.theirs)) == 5
    compact(pair.other, pair.theirs)
    assert portrait(read_again(pair.log)) == portrait(pair.theirs)


@pytest.mark.parametrize("target", [None, 2 * instant.HOUR])
def test_an_advance_that_another_process_has_ended_turns_the_clock_no_more(pair: Pair, target: int | None) -> None:
    create(pair.mine, "ada+completes-in-1h@example.com")
    pair.mine.snapshot()
    player = pair.mine.begin_play()
    assert player

    def running() -> list[Any]:
        assert pair.theirs.ledger
        pair.theirs.ledger.refresh()
        if pair.theirs.player:
            pair.theirs.restore("snapshot-1")
        return []

    before = pair.mine.state.clock.let_go()
    with pytest.raises(CutShort, match="restored"):
        asyncio.run(played(pair.mine, player, target, running))
    assert (pair.mine.state.clock, pair.theirs.state.clock) == (before, before)


def _delete(pair: Pair) -> None:
    assert pair.theirs.ledger
    pair.other.delete(pair.theirs.ledger.key)


def _end_play(pair: Pair) -> None:
    assert pair.theirs.ledger
    pair.theirs.ledger.refresh()
    assert pair.theirs.player
    pair.theirs.end_play(pair.theirs.player)


def _break(pair: Pair) -> None:
    pair.log.close()


@pytest.mark.parametrize(("ending", "status"), [(_delete, 410), (_end_play, 409), (_break, 503)])
def test_an_advance_that_is_cut_short_says_why_and_what_had_happened(
    pair: Pair, ending: Callable[[Pair], None], status: int
) -> None:
    create(pair.mine, "ada+completes-in-1h@example.com")
    create(pair.mine, "bo+completes-in-2h@example.com")
    player = pair.mine.begin_play()
    assert player

    looks = iter([lambda _: None, ending])

    def running() -> list[Any]:
        next(looks)(pair)
        return []

    with pytest.raises(CutShort) as cut:
        asyncio.run(played(pair.mine, player, None, running))
    assert cut.value.status == status
    assert [event.what for event in cut.value.events] == ["complete"]


async def test_who_has_no_turn_at_several_listeners_looks_again_once_at_a_time_and_is_not_busy_when_all_is_done(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[float] = []
    loop = asyncio.get_running_loop()
    later = loop.call_later

    def counted(after: float, *more: Any) -> asyncio.TimerHandle:
        looks.append(after)
        return later(after, *more)

    monkeypatch.setattr(loop, "call_later", counted)
    for port in (1, 2, 3):
        for _ in range(AT_ONCE + 1):
            create(pair.mine, "ada+completes@example.com", f"http://127.0.0.1:{port}/hook")
    tried = [pair.mine.state.pending[id] for id in pair.mine.state.pending]
    for delivery in tried:
        pair.mine.claim(delivery, AT_ONCE)
    assert pair.theirs.ledger
    dispatcher = Dispatcher(pair.theirs, HttpSender(Policy(())), Meters())
    pair.theirs.ledger.refresh()
    for _ in range(3):
        pair.theirs.watch()
    assert len(looks) == 1
    busy = [dispatcher.busy]
    pair.mine.reset()
    pair.theirs.watch()
    assert [*busy, dispatcher.busy] == [True, False]
    await dispatcher.close()
