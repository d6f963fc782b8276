"""Which processes are alive, as far as one of them can know."""

import pytest

from assessment_simulator.server.log.pulse import Pulse

A, B = "a", "b"
Step = tuple[float, dict[str, int] | None]
"""A moment, and what is written then by whom; this process beats, too, but where there is None."""

STORIES: dict[str, tuple[list[Step], set[str]]] = {
    "nobody": ([(0, {})], set()),
    "who has just been seen for the first time": ([(0, {A: 1})], {A}),
    "who goes on writing": ([(second, {A: second}) for second in range(20)], {A}),
    "who has been silent for less than five seconds": ([(second, {A: 1}) for second in range(5)], {A}),
    "who has been silent for longer": ([(second, {A: 1}) for second in range(7)], set()),
    "who has ended": ([(0, {A: 1}), (1, {})], set()),
    "who writes again": ([*((second, {A: 1}) for second in range(7)), (7, {A: 2})], {A}),
    "whose clock goes back": ([(second, {A: 100 - second}) for second in range(20)], {A}),
    "one of two": ([(second, {A: second, B: 1}) for second in range(7)], {A}),
    "both were silent, and this process too": ([(0, {A: 1, B: 1}), (6.5, {A: 1, B: 1})], {A, B}),
    "one has still said nothing after all slept": (
        [(0, {A: 1, B: 1}), *((6.5 + second, {A: second, B: 1}) for second in range(7))], {A},
    ),
    "this process could not write, though it could read": (
        [(0, {A: 1}), *((second, None) for second in range(1, 9)), (9, {A: 1})], {A},
    ),
}  # fmt: skip


@pytest.mark.parametrize("story", STORIES)
def test_who_is_alive(story: str) -> None:
    steps, alive = STORIES[story]
    now = 0.0
    pulse = Pulse(lambda: now)
    words: dict[str, int] = {}
    for now, written in steps:  # noqa: B007 - the clock reads it
        if written is not None:
            words = written
            pulse.beat()
        pulse.hear(words.items())
    assert pulse.alive() == alive


def test_what_a_silent_process_wrote_last_is_told_when_it_is_to_be_forgotten() -> None:
    now = 0.0
    pulse = Pulse(lambda: now)
    for second in range(62):
        now = float(second)
        pulse.beat()
        pulse.hear({A: 7, B: second}.items())
        assert pulse.silent() == ([(A, 7)] if second > 60 else [])
