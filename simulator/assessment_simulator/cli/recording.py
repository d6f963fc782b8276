"""`record`, `redact` and `compare`: the commands about recordings of a vendor."""

import sys
from pathlib import Path

import click

from assessment_simulator.cli import values
from assessment_simulator.cli.options import PATH, parsed
from assessment_simulator.settings import Settings

_FOLDER = click.argument("folder", type=PATH)
_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.option("--vendor", required=True, type=click.Choice(["pymetrics", "predictive-index"]))
@click.option("--upstream", required=True, callback=parsed(values.base_url), help="Base address of the vendor.")
@click.option("--to", "folder", required=True, type=PATH, help="Folder of the recording.")
@click.option(
    "--host", default="127.0.0.1", show_default=True, callback=parsed(values.bind_host), help="Address to listen on."
)
@click.option("--port", default=0, show_default=True, type=click.IntRange(0, 65_535), help="Port; 0 takes a free one.")
@click.option("--allow-writes", is_flag=True, help="Pass on requests that change something at the vendor, too.")
@click.option("--twice", is_flag=True, help="Send each request that reads twice, to find values that always change.")
def record(vendor: str, upstream: str, folder: Path, host: str, port: int, allow_writes: bool, twice: bool) -> None:
    """Pass requests to a vendor, and keep them and the answers without secrets and personal data.

    Point your client to the address that is printed. Ctrl-C ends the recording.
    """
    from assessment_simulator import comparing, logging_setup

    settings = Settings(host=host, port=port)
    logging_setup.set_up(settings.log_format, settings.log_level, settings.access_log)
    try:
        comparing.record(
            vendor.replace("-", "_"), upstream, folder, settings, click.echo, allow_writes=allow_writes, twice=twice
        )
    except (OSError, ValueError) as problem:
        raise click.ClickException(f"{problem}") from None


@click.command()
@_FOLDER
def redact(folder: Path) -> None:
    """Replace secrets and personal data in an old recording, in place."""
    from assessment_simulator.comparing import redact as redact_all

    try:
        click.echo(f"redacted {redact_all(folder)} calls")
    except (OSError, ValueError) as problem:
        raise click.ClickException(f"{problem}") from None


@click.command()
@_FOLDER
@click.option("--exclusions", type=_FILE, help="TOML file of [[exclude]] with place, reason and date.")
@click.option(
    "--verified",
    type=_FILE,
    help="JSON file to which the rules that agree are added, if the recording is of the vendor.",
)
@click.option("--junit", type=_FILE, help="Write the report as JUnit's XML.")
@click.option("--html", "page", type=_FILE, help="Write the report as a page.")
def compare(
    folder: Path, exclusions: Path | None, verified: Path | None, junit: Path | None, page: Path | None
) -> None:
    """Replay a recording against the simulator, and say what differs.

    The exit status is 0 if all that was checked agrees, 1 if something differs, 3 if something could not be checked,
    4 if nothing of it was exercised, and 2 if the recording cannot be read.
    """
    from assessment_simulator.comparing import compare as compare_all

    try:
        sys.exit(compare_all(folder, exclusions, verified, junit, page, click.echo))
    except (OSError, ValueError) as problem:
        click.echo(f"Error: {problem}", err=True)
        sys.exit(2)
