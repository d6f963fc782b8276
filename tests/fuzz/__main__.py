"""The command behind `scripts/fuzz`."""

import random
import sys

import click

from tests.fuzz.running import run_for


@click.command()
@click.option("--seconds", default=600.0, show_default=True, type=click.FloatRange(1), help="How long.")
@click.option("--seed", type=int, help="Where to begin: an equal one sends the same; otherwise drawn, and told.")
def main(seconds: float, seed: int | None) -> None:
    """Fuzz a server of its own; ends with 1, and the shortest request that shows it, when something is found."""
    number = random.randrange(1_000_000) if seed is None else seed
    click.echo(f"seed {number}", err=True)
    try:
        fuzzer = run_for(seconds, number, lambda line: click.echo(line, err=True))
    except AssertionError as problem:
        click.echo(f"found with --seed {number}:\n{problem}")
        sys.exit(1)
    for target, count in fuzzer.sent.items():
        click.echo(f"{count:>9}  {target}")
    by = ", ".join(f"{status}: {count}" for status, count in sorted(fuzzer.statuses.items()))
    click.echo(f"answers {by}\nslowest answer {fuzzer.slowest:.2f} s; no 5xx, no hang, no traceback")


if __name__ == "__main__":
    main()
