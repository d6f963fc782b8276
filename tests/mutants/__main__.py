"""The command behind `scripts/mutants`: serve one mutant, list them, or let the contracts look at them."""

import sys
from pathlib import Path

import click

from tests.mutants import MUTANTS, install


@click.group()
def main() -> None:
    """Simulators that are broken on purpose, to show that the contracts notice."""


@main.command(context_settings={"ignore_unknown_options": True})
@click.argument("id", type=click.Choice([*MUTANTS]), metavar="ID")
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def serve(id: str, options: tuple[str, ...]) -> None:
    """Serve with the change ID; OPTIONS are those of `assessment-simulator serve`."""
    try:
        install(MUTANTS[id])
    except ValueError as problem:
        raise click.ClickException(str(problem)) from None
    from assessment_simulator.cli import main as simulator  # after the change is installed

    simulator(["serve", *options], prog_name="assessment-simulator")


@main.command("list")
def show() -> None:
    """Print the mutants and what is wrong with each."""
    wide = max(map(len, MUTANTS))
    for mutant in MUTANTS.values():
        click.echo(f"{mutant.id:{wide}}  {mutant.breaks}")


@main.command()
@click.option("--only", metavar="ID,…", help="Some of them; * is allowed.")
@click.option("--sample", type=click.IntRange(1), help="So many, evenly spread.")
@click.option("--at-once", default=2, show_default=True, type=click.IntRange(1), help="So many side by side.")
@click.option("--budget", default=110, show_default=True, type=click.IntRange(1), help="Seconds for each.")
@click.option("--write", type=click.Path(path_type=Path, dir_okay=False), help="Renew this page; for full runs only.")
def run(only: str | None, sample: int | None, at_once: int, budget: int, write: Path | None) -> None:
    """Let the contracts look at the mutants, after the unchanged server."""
    from tests.mutants import page, running  # which load the program, and `serve` must not

    if write and (only or sample):
        raise click.UsageError("--write is for full runs: without --only and --sample")
    chosen = [*MUTANTS.values()]
    try:
        chosen = running.named(chosen, only) if only else chosen
    except ValueError as problem:
        raise click.UsageError(str(problem)) from None
    chosen = running.sample(chosen, sample) if sample else chosen
    control = running.look(None, budget)
    click.echo(page.line(control))
    if control.status != 0:
        raise click.ClickException(f"the contracts must hold where nothing is changed\n{control.told}")
    outcomes = []
    for outcome in running.every(chosen, budget, at_once):
        click.echo(page.line(outcome))
        outcomes.append(outcome)
    click.echo(page.summary(outcomes))
    if write:
        page.write(write, outcomes)
    sys.exit(0 if page.reached(outcomes) else 1)


main(prog_name="scripts/mutants")
