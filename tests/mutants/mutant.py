"""One mutant: one small change of one place of the simulator, and the promise that it breaks."""

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = "assessment_simulator"


@dataclass(frozen=True)
class Mutant:
    """In `file`, a path within the package, the text `before` (it stands there just once) becomes `after`.

    `breaks` says in one sentence what is wrong from then on, as somebody would tell it who looks from outside.
    """

    id: str
    file: str
    before: str
    after: str
    breaks: str

    @property
    def path(self) -> Path:
        """The file that is changed."""
        return ROOT / "simulator" / PACKAGE / self.file

    @property
    def module(self) -> str:
        """The module that is changed, by its dotted name."""
        return f"{PACKAGE}.{self.file.removesuffix('.py').removesuffix('/__init__').replace('/', '.')}"

    def of(self, source: str) -> str:
        """The changed text of the file; raises ValueError where the place is not there just once."""
        found = source.count(self.before)
        if found != 1:
            raise ValueError(f"mutant {self.id}: {self.file} holds its place {found} times, not once: {self.before!r}")
        return source.replace(self.before, self.after)
