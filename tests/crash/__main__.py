"""The command behind `scripts/crash`."""

import argparse
import platform
import sys
import tempfile
import time
from contextlib import ExitStack

from tests.crash.running import run
from tests.postgres import new_database, postgres


def main() -> int:
    options = argparse.ArgumentParser(prog="scripts/crash")
    options.add_argument("--kills", type=int, default=200)
    options.add_argument("--seed", type=int, default=int(time.time()))
    options.add_argument("--log", choices=["sqlite", "postgresql"], default="sqlite")
    options.add_argument("--servers", type=int, help="how many share the log; 1 with SQLite, 3 with PostgreSQL")
    asked = options.parse_args()
    print(f"{time.strftime('%Y-%m-%d')}; {platform.system()}, CPython {platform.python_version()}; {vars(asked)}")
    with ExitStack() as stack:
        if asked.log == "sqlite":
            log = f"sqlite:{stack.enter_context(tempfile.TemporaryDirectory())}/crash.db"
        else:
            log = new_database(stack.enter_context(postgres()))
        verdict = run(asked.kills, asked.seed, log, asked.servers or (1 if asked.log == "sqlite" else 3))
    print(verdict)
    return 1 if verdict.wrong else 0


sys.exit(main())
