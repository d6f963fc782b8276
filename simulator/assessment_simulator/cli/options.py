"""Options: those that also have an environment variable, and those that several commands share."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from assessment_simulator.cli.values import sandbox_name
from assessment_simulator.core.text import install
from assessment_simulator.core.urls import is_web_url
from assessment_simulator.settings import PREFIX, Settings, from_environment, local_url


def control_token() -> str | None:
    """The control token of the environment; it must be one that a header can carry."""
    token = from_environment("control_token")
    if token is not None and (token != token.strip() or re.search(r"[\x00-\x1f\x7f]", token)):
        wrong = "a control character in it" if token == token.strip() else "a space or line break at its start or end"
        raise click.UsageError(f"SIMULATOR_CONTROL_TOKEN has {wrong}, which no Authorization header can carry")
    return token


def need_cryptography(what: str) -> None:
    """Raise an error of the command if the package is missing."""
    try:
        import cryptography  # noqa: F401
    except ModuleNotFoundError:
        raise click.ClickException(f"{what} needs the package cryptography: {install('tls')}") from None


def parsed(parse: Callable[[Any], Any]) -> Callable[[click.Context, click.Parameter, Any], Any]:
    """A callback for click that reports a ValueError of `parse` under the name of the option."""

    def callback(context: click.Context, option: click.Parameter, value: Any) -> Any:
        try:
            return None if value is None else parse(value)
        except ValueError as problem:
            raise click.BadParameter(str(problem)) from None

    return callback


def option(
    name: str, default: str | None, text: str, parse: Callable[[Any], Any] = lambda value: value, **more: Any
) -> Callable[[Any], Any]:
    """An option whose default is its environment variable, else `default`; its value is None without either."""
    full = f"{text}  [env: {PREFIX}{name.upper()}{f'; default: {default}' if default else ''}]"
    return click.option(
        f"--{name.replace('_', '-')}", default=lambda: from_environment(name) or default, help=full,
        callback=parsed(parse), **more,
    )  # fmt: skip


# click before 8.2 takes the opposite of the default for `flag_value`, and the default is a function here.
FLAG: dict[str, Any] = {"is_flag": True, "flag_value": True, "type": bool}
PATH = click.Path(path_type=Path)
URL = click.option(
    "--url", default=None,
    help="Base address of the server.  [default: the server that the SIMULATOR_ variables describe]",
)  # fmt: skip
SANDBOX = click.option(
    "--sandbox", default="demo", show_default=True, callback=parsed(sandbox_name), help="Name of the sandbox."
)
CA = click.option("--ca", default=None, type=PATH, help="Authority to trust, for https (PEM).")


def server_url(url: str | None) -> str:
    """The given URL, else that of the server that the same environment starts; raises ValueError."""
    if url is None:
        host, port = from_environment("host") or Settings().host, from_environment("port") or str(Settings().port)
        if not port.strip("0"):
            raise click.UsageError("SIMULATOR_PORT is 0, so the server chose its port; give its URL with --url")
        url = local_url(host, port, tls=bool(from_environment("tls") or from_environment("tls_cert")))
    if not is_web_url(url):
        raise ValueError(f"{url!r} is not an http or https URL with a host")
    return url
