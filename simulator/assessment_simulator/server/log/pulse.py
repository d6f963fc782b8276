"""Which of the processes that share a log are alive, as far as one of them can know.

Each writes down now and then that it is there. Whether it still does is judged by the clock of whoever looks, never by
comparing two machines' clocks; and who could not write himself for a while, because the log was away or he was asleep,
knows nothing of the others' silence, and begins to listen anew.
"""

from collections.abc import Callable, Iterable
from time import monotonic

DEAD_AFTER = 5.0
"""Seconds of silence after which a process is taken for dead."""
FORGOTTEN_AFTER = 60.0
"""Seconds of silence after which nothing is kept of it."""
SLEPT = 2.5
"""Seconds after which a process that has not written anything itself knows nothing of others."""


class Pulse:
    """What one process has heard of the others."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._beaten = clock()
        self._heard: dict[str, tuple[int, float]] = {}
        """The last word of each, and since when it has been the last."""

    def beat(self) -> None:
        """This process has written that it is there."""
        now = self._clock()
        if now - self._beaten > SLEPT:
            self._heard.clear()
        self._beaten = now

    def hear(self, words: Iterable[tuple[str, int]]) -> None:
        """Take down what each has written last; who has nothing there any more has ended."""
        now = self._clock()
        heard = ((owner, word, self._heard.get(owner)) for owner, word in words)
        self._heard = {
            owner: before if before is not None and before[0] == word else (word, now) for owner, word, before in heard
        }

    def alive(self) -> frozenset[str]:
        """Those that have written something lately."""
        return frozenset(owner for owner, (_, since) in self._heard.items() if self._clock() - since <= DEAD_AFTER)

    def silent(self) -> list[tuple[str, int]]:
        """Those of whom nothing is to be kept any more, with their last words."""
        now = self._clock()
        return [(owner, word) for owner, (word, since) in self._heard.items() if now - since > FORGOTTEN_AFTER]
