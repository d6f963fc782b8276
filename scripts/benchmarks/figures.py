"""What was measured, what it should reach, and how both are written."""

from dataclasses import dataclass
from statistics import median, quantiles
from typing import Any, Literal

FORMS = {
    "ratio": "{:.2f}",
    "/s": "{:,.0f}/s",
    "ms": "{:,.1f} ms",
    "µs": "{:,.0f} µs",
    "MB": "{:,.1f} MB",
    "bytes": "{:,.0f} bytes",
    "%": "{:.0f} %",
    "pairs": "{:.0f} used",
}


@dataclass(frozen=True, slots=True)
class Goal:
    """A bound on the ratio to bare or on the simulator's own value: the least it should be, or the most."""

    of: Literal["ratio", "simulator"]
    bound: float
    at_least: bool = False

    def kept(self, value: float) -> bool:
        """Whether a value reaches it."""
        return value >= self.bound if self.at_least else value <= self.bound


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table. `ratios` are those of the paired slices; their median is the figure.

    `disturbed` says that other processes took the cores meanwhile, so that the figure says little.
    """

    group: str
    what: str
    unit: str
    simulator: float
    bare: float | None = None
    ratios: tuple[float, ...] = ()
    goal: Goal | None = None
    disturbed: bool = False

    @property
    def ratio(self) -> float | None:
        """The simulator's value as a multiple of the bare app's."""
        if self.ratios:
            return median(self.ratios)
        return self.simulator / self.bare if self.bare else None

    @property
    def verdict(self) -> str:
        """`ok`, `MISSED`, or nothing where there is no goal."""
        if self.goal is None:
            return ""
        value = self.ratio if self.goal.of == "ratio" else self.simulator
        return "ok" if value is not None and self.goal.kept(value) else "MISSED"

    def cells(self) -> tuple[str, ...]:
        """The line as the table shows it: measure, bare, simulator, ratio, goal, verdict."""
        form = FORMS[self.unit].format
        bare = "" if self.bare is None else form(self.bare)
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}{_spread(self.ratios)}"
        verdict = f"{self.verdict}, disturbed" if self.verdict and self.disturbed else self.verdict
        return (self.what, bare, form(self.simulator), ratio, self._bound(), verdict)

    def _bound(self) -> str:
        if self.goal is None:
            return ""
        form = FORMS["ratio" if self.goal.of == "ratio" else self.unit]
        return f"{'≥' if self.goal.at_least else '≤'} {form.format(self.goal.bound)}"

    def as_json(self) -> dict[str, Any]:
        """The line for machines."""
        return {
            "group": self.group, "what": self.what, "unit": self.unit, "simulator": self.simulator, "bare": self.bare,
            "ratio": self.ratio, "ratios": self.ratios, "goal": self._bound() or None, "verdict": self.verdict or None,
            "disturbed": self.disturbed,
        }  # fmt: skip


def _spread(ratios: tuple[float, ...]) -> str:
    """The middle half of the pairs: what lies outside of it was this machine's mood."""
    if len(ratios) < 4:
        return ""
    low, _, high = quantiles(ratios, n=4)
    return f" ({low:.2f} to {high:.2f})"
