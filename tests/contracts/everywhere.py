"""`scripts/contracts`: every property of the server, whatever keeps the log and however many processes there are."""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager

from assessment_contracts.cli import PROPERTIES
from assessment_contracts.kit import ServerProcess, serve_command
from assessment_contracts.property import select
from assessment_contracts.report import Report, described
from assessment_contracts.runner import PROFILES, Outcome, Profile, Runner, Verdict
from assessment_contracts.target import Target
from tests.balancer import Balancer
from tests.postgres import new_database, postgres

# Every way to serve, by its name on the command line: its title in the table.
PLACES = {
    "memory": "memory",
    "sqlite": "SQLite",
    "postgresql": "PostgreSQL",
    "balanced": "PostgreSQL, three servers, by turns",
}


@contextmanager
def serves(name: str, server: str) -> Iterator[str]:
    """Serve in that way, with this PostgreSQL server, for as long as the block lasts; gives the address to ask."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        log = {"memory": "memory", "sqlite": f"sqlite:{folder}/alone.db"}.get(name) or new_database(server)
        command = serve_command("--log", log)
        if name == "balanced":
            urls = [stack.enter_context(ServerProcess(command)).url for _ in range(3)]
            yield stack.enter_context(Balancer(*urls)).url
        else:
            yield stack.enter_context(ServerProcess(command)).url


def ask(url: str, profile: Profile, only: tuple[str, ...] = (), tell: Callable[[str], None] = print) -> list[Outcome]:
    """What became of each property; failures are reported at once."""

    outcomes = []
    with closing(Target(url)) as target:
        target.probe()
        for property in select(PROPERTIES, only):
            outcomes.append(Runner(target, profile).run(property))
            if outcomes[-1].verdict is not Verdict.PASSED:
                tell(described(outcomes[-1], Report("contracts", url, "", outcomes[-1:], outcomes[-1].seconds)))
    return outcomes


def main() -> int:
    """Ask in every way, and print the table."""
    options = argparse.ArgumentParser(prog="scripts/contracts")
    options.add_argument("--profile", choices=list(PROFILES), default="default")
    options.add_argument("--log", choices=list(PLACES), nargs="+", default=list(PLACES))
    options.add_argument("--only", nargs="+", default=[], metavar="GLOB")
    asked = options.parse_args()
    wrong = 0
    print("| log | passed | of | seconds |\n|---|--:|--:|--:|")
    with postgres() as server:
        for name in asked.log:
            with serves(name, server) as url:
                began = time.monotonic()
                outcomes = ask(url, PROFILES[asked.profile], tuple(asked.only))
            held = sum(outcome.verdict is Verdict.PASSED for outcome in outcomes)
            wrong += len(outcomes) - held
            print(f"| {PLACES[name]} | {held} | {len(outcomes)} | {time.monotonic() - began:.0f} |", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
