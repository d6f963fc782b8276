"""`scripts/contracts`: every property of the server, whatever keeps the log and however many processes there are."""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from assessment_contracts.cli import PROPERTIES, chosen
from assessment_contracts.kit import ServerProcess, serve_command
from assessment_contracts.report import Report, told
from assessment_contracts.runner import PROFILES, Outcome, Profile, Runner, Verdict
from assessment_contracts.target import Target
from tests.balancer import Balancer
from tests.postgres import new_database, postgres

Urls = Callable[[ExitStack, str, Path], list[str]]
"""Starts servers over what keeps the log (a PostgreSQL server, a folder) until the stack is closed."""


class Place(NamedTuple):
    """A way to serve: what it is called in the table, and the servers. Several stand behind a balancer."""

    title: str
    start: Urls


def _served(stack: ExitStack, *options: str) -> str:
    return stack.enter_context(ServerProcess(serve_command(*options))).url


def _memory(stack: ExitStack, server: str, folder: Path) -> list[str]:
    return [_served(stack)]


def _sqlite(stack: ExitStack, server: str, folder: Path) -> list[str]:
    return [_served(stack, "--log", f"sqlite:{folder}/alone.db")]


def _postgresql(stack: ExitStack, server: str, folder: Path) -> list[str]:
    return [_served(stack, "--log", new_database(server))]


def _balanced(stack: ExitStack, server: str, folder: Path) -> list[str]:
    log = new_database(server)
    return [_served(stack, "--log", log) for _ in range(3)]


PLACES = {
    "memory": Place("memory", _memory),
    "sqlite": Place("SQLite", _sqlite),
    "postgresql": Place("PostgreSQL", _postgresql),
    "balanced": Place("PostgreSQL, three servers, by turns", _balanced),
}
"""Every way, by its name on the command line."""


@contextmanager
def serves(name: str, server: str) -> Iterator[str]:
    """Serve in that way for as long as the block lasts; gives the address to ask."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        urls = PLACES[name].start(stack, server, Path(folder))
        yield urls[0] if len(urls) == 1 else stack.enter_context(Balancer(*urls)).url


def ask(url: str, profile: Profile, only: tuple[str, ...] = (), tell: Callable[[str], None] = print) -> list[Outcome]:
    """What became of each property; what broke is told at once."""
    target = Target(url)
    target.probe()

    def note(outcome: Outcome) -> None:
        if outcome.verdict is not Verdict.HELD:
            tell(told(outcome, Report("contracts", url, "", [outcome], outcome.seconds, {})))

    try:
        return Runner(target, profile).run(chosen(PROPERTIES, only=only), note)
    finally:
        target.close()


def main() -> int:
    """Ask in every way, and tell."""
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
            held = sum(outcome.verdict is Verdict.HELD for outcome in outcomes)
            wrong += len(outcomes) - held
            title, seconds = PLACES[name].title, time.monotonic() - began
            print(f"| {title} | {held} | {len(outcomes)} | {seconds:.0f} |", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
