"""Loads one module of the simulator changed: its source is rewritten on its way in, and nothing on the disk is.

Bytecode is neither read nor written for that module, so no other process ever meets the change.
"""

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, ModuleType

from tests.mutants.mutant import Mutant


class _Loader(SourceFileLoader):
    """Reads one file, and compiles what the mutant makes of it."""

    def __init__(self, mutant: Mutant) -> None:
        super().__init__(mutant.module, str(mutant.path))
        self._mutant = mutant

    def get_code(self, fullname: str) -> CodeType:
        """The changed module's code, compiled anew."""
        return compile(self._mutant.of(self._mutant.path.read_text("utf-8")), self.path, "exec", dont_inherit=True)


class _Finder(MetaPathFinder):
    """Finds the one module, before anybody else is asked."""

    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Where to load that module from; None for every other one."""
        found = PathFinder.find_spec(fullname, path, target) if fullname == self._mutant.module else None
        if found is not None:
            found.loader = _Loader(self._mutant)
            found.cached = None
        return found


def install(mutant: Mutant) -> None:
    """From now on this process knows the changed module only; it must not have been imported yet.

    Raises ValueError where the place of the change is not there.
    """
    mutant.of(mutant.path.read_text("utf-8"))
    if mutant.module in sys.modules:
        raise RuntimeError(f"{mutant.module} is loaded already, unchanged")
    sys.meta_path.insert(0, _Finder(mutant))
