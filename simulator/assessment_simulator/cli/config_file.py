"""The file of `serve --config`: the sandboxes that a server opens at its start."""

import json
from pathlib import Path
from typing import Any

import click


def read_config(path: Path) -> dict[str, dict[str, Any]]:
    """The sandboxes of a configuration file, each of their settings checked."""
    import tomllib

    from assessment_simulator.app import VENDORS
    from assessment_simulator.core.text import SANDBOX_NAME
    from assessment_simulator.http.problem_details import Problem
    from assessment_simulator.seeds import opening

    try:
        text = path.read_text("utf-8")
        content = tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
    except FileNotFoundError:
        raise click.ClickException(f"{path}: there is no such file") from None
    except (OSError, ValueError, RecursionError) as problem:
        kind = "TOML" if path.suffix == ".toml" else "JSON (a TOML file's name ends in .toml)"
        raise click.ClickException(f"{path}: cannot be read as {kind}: {problem}") from None
    sandboxes = content.get("sandboxes") if isinstance(content, dict) else None
    if not isinstance(sandboxes, dict) or len(content) != 1:
        shape = "{name: {settings and seeds}}"
        raise click.ClickException(f'{path}: must be an object with the one member "sandboxes": {shape}')
    for name, config in sandboxes.items():
        if not SANDBOX_NAME.fullmatch(name) or not isinstance(config, dict):
            rule = "the name must be 1 to 64 of a-z, 0-9 and -, and its value an object"
            raise click.ClickException(f"{path}: sandboxes.{name}: {rule}")
        try:
            opening(VENDORS, name, config)
        except Problem as problem:
            raise click.ClickException(f"{path}: sandboxes.{name}: {problem.detail}") from None
    return sandboxes
