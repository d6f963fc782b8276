"""`scripts/crash`."""

import argparse
import platform
import sys
import tempfile
import time
from pathlib import Path

from tests.crash.running import run


def main() -> int:
    """Run, and tell."""
    options = argparse.ArgumentParser(prog="scripts/crash")
    options.add_argument("--kills", type=int, default=200)
    options.add_argument("--seed", type=int, default=int(time.time()))
    asked = options.parse_args()
    print(f"{time.strftime('%Y-%m-%d')}; {platform.system()}, CPython {platform.python_version()}; seed {asked.seed}")
    with tempfile.TemporaryDirectory() as folder:
        verdict = run(asked.kills, asked.seed, Path(folder))
    print(verdict)
    return 1 if verdict.wrong else 0


sys.exit(main())
