"""The clock of a sandbox: it follows the machine's clock until it is frozen. A sandbox has no other source of time."""

import time
from dataclasses import dataclass
from typing import Literal

from assessment_simulator.core import instant


def machine_now() -> int:
    """The machine's time in ticks."""
    return time.time_ns() // 100


@dataclass(frozen=True, slots=True)
class Clock:
    """Running: `ahead` ticks ahead of the machine. Frozen: at `ahead` itself.

    `held` is a running clock that stands still during an advance; the control API shows it as running.
    """

    mode: Literal["running", "frozen"] = "running"
    ahead: int = 0
    held: bool = False

    def now(self) -> int:
        """The sandbox's time in ticks, at most the latest time that can be written."""
        now = self.ahead if self.held or self.mode == "frozen" else machine_now() + self.ahead
        return now if now < instant.LATEST else instant.LATEST

    @property
    def stands(self) -> bool:
        """Whether the clock stands still."""
        return self.held or self.mode == "frozen"

    def at(self, moment: int) -> "Clock":
        """The same clock, in the same mode, at another time."""
        return Clock(self.mode, moment if self.stands else moment - machine_now(), self.held)

    def freeze(self, moment: int) -> "Clock":
        """A clock that is frozen at `moment`."""
        return Clock("frozen", moment)

    def run(self) -> "Clock":
        """A clock that runs on from this one's time."""
        return Clock("running", self.now() - machine_now())

    def hold(self) -> "Clock":
        """The same clock, standing still until it is let go."""
        return Clock(self.mode, self.now(), held=True)

    def let_go(self) -> "Clock":
        """The clock as it was before it was held, at its present time."""
        return self.freeze(self.ahead) if self.mode == "frozen" else self.run()
