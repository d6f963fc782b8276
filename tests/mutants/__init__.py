"""Simulators that are broken on purpose, each in one place: what is aimed at a simulator has to notice every one.

Each `.txt` file here is a table: its title, and under `@ FILE` the mutants of a file of the program. A mutant is its id
with a sentence of what is wrong from then on, as somebody would describe it who looks from outside; the text that
stands in the file exactly once (`-`); and the text that replaces it (`+`, or nothing). `running` lets the contracts
look at mutants, `page` reports the results, and `python -m tests.mutants` is the command behind `scripts/mutants`.
"""

from dataclasses import dataclass
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType

ROOT = Path(__file__).parents[2]
PACKAGE = "assessment_simulator"
# In the order in which the vendors' pages speak of these things.
_FILES = (
    "pymetrics_access", "pymetrics_orders", "pymetrics_reading", "predictive_index_creating", "predictive_index_rules",
    "predictive_index_reading", "webhooks", "machinery", "fakes", "sequences",
)  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """In `file`, a path within the package, the text `before` becomes `after`; `breaks` says what is wrong then."""

    id: str
    file: str
    before: str
    after: str
    breaks: str

    @property
    def path(self) -> Path:
        """The file that is changed."""
        return ROOT / "simulator" / PACKAGE / self.file

    def of(self, source: str) -> str:
        """The changed text of the file; raises ValueError where the place is not there just once."""
        found = source.count(self.before)
        if found != 1:
            raise ValueError(f"mutant {self.id}: {self.file} holds its place {found} times, not once: {self.before!r}")
        return source.replace(self.before, self.after)


def _read(name: str) -> tuple[str, list[Mutant]]:
    """The title and the mutants of a table."""
    title, *blocks = (Path(__file__).parent / f"{name}.txt").read_text("utf-8").rstrip().split("\n\n")
    file, mutants = "", list[Mutant]()
    for block in blocks:
        head, *lines = block.split("\n")
        if head.startswith("@ "):
            file = head[2:]
            continue
        id, _, breaks = head.partition(": ")
        before, after = ("\n".join(line[2:] for line in lines if line[0] == mark) for mark in "-+")
        mutants.append(Mutant(id, file, before, after, breaks))
    return title.removeprefix("# "), mutants


TABLES: dict[str, list[Mutant]] = dict(map(_read, _FILES))
MUTANTS: dict[str, Mutant] = {mutant.id: mutant for mutants in TABLES.values() for mutant in mutants}


def install(mutant: Mutant) -> None:
    """From now on this process loads the mutant's module changed; raises ValueError where its place is not there.

    Nothing on the disk changes: bytecode is neither read nor written for that module, so no other process meets it.
    """
    changed = mutant.of(mutant.path.read_text("utf-8"))
    unchanged = SourceFileLoader.get_code

    def get_code(loader: SourceFileLoader, name: str) -> CodeType | None:
        if Path(loader.path).as_posix().endswith(f"/{PACKAGE}/{mutant.file}"):
            return compile(changed, loader.path, "exec", dont_inherit=True)
        return unchanged(loader, name)

    SourceFileLoader.get_code = get_code  # type: ignore[method-assign, assignment]
