"""The options of the commands: each is a variable of the environment too, and what cannot be is refused by name."""

import re
from collections.abc import Callable
from typing import Any

import click

from simulator.core import instant
from simulator.core.log_place import log_place
from simulator.core.urls import host_and_port, is_web_url
from simulator.server.masking import hidden
from simulator.settings import PREFIX, from_environment

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_HOST = re.compile(r"[^\s,;:/?#@\[\]]+|(?=.*:.*[:*])[0-9a-f.:*]+", re.IGNORECASE)
"""A name or an IPv4 address, or an IPv6 address, which has two colons at least; `*` is allowed in them."""


def _from(name: str, otherwise: str | None = None) -> Callable[[], str | None]:
    """An option's default: the environment's word, else the one given."""
    return lambda: from_environment(name) or otherwise


def option(name: str, otherwise: str | None, text: str, **more: Any) -> Callable[[Any], Any]:
    """An option of a command, `SIMULATOR_…` in the environment, with its help."""
    said = f"{text}  [env: {PREFIX}{name.upper()}{f'; default: {otherwise}' if otherwise else ''}]"
    return click.option(f"--{name.replace('_', '-')}", default=_from(name, otherwise), help=said, **more)


def web_url(context: click.Context, option: click.Parameter, value: str | None) -> str | None:
    """A URL with a host."""
    if value is not None and not is_web_url(value):
        raise click.BadParameter(f"{value!r} is no http or https URL with a host, such as https://simulator.example")
    return value


def base_url(context: click.Context, option: click.Parameter, value: str | None) -> str | None:
    """A URL with a host that paths can follow."""
    web_url(context, option, value)
    if value is not None and ("?" in value or "#" in value):
        raise click.BadParameter(f"{value!r} has a query or a fragment; links begin with it, and a path follows")
    return value


def control_token() -> str | None:
    """The environment's token; it must be one that a header can carry."""
    token = from_environment("control_token")
    if token is not None and (token != token.strip() or _CONTROL.search(token)):
        wrong = "a control character in it" if token == token.strip() else "a blank or a line's end around it"
        raise click.UsageError(f"SIMULATOR_CONTROL_TOKEN has {wrong}, which no Authorization header can carry")
    return token


def place(context: click.Context, option: click.Parameter, value: str) -> str:
    """Where a log can be."""
    try:
        log_place(value)
    except ValueError as problem:
        raise click.BadParameter(f"{hidden(value)!r}: {problem}") from None
    return value


class Number(click.FloatRange):
    """A number within bounds, which NaN is not."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number; `nan` is none."""
        number = super().convert(value, param, ctx)
        if number != number:
            self.fail(f"{value!r} is no number.", param, ctx)
        return number


def seconds(context: click.Context, option: click.Parameter, value: str | None) -> float | None:
    """A duration in seconds, longer than zero."""
    if value is None:
        return None
    try:
        ticks = instant.parse_duration(value)
        found = None if ticks is None else ticks / instant.SECOND
    except (ValueError, OverflowError):  # so many digits that they are no number
        found = None
    if found is None:
        meant = "weeks, days, hours, minutes and seconds, such as PT1H or P7D"
        raise click.BadParameter(f"{value!r} is no ISO 8601 duration of {meant}")
    if not found:
        raise click.BadParameter(f"{value!r} is no time at all; it must be longer than zero")
    return found


def to_listen(context: click.Context, option: click.Parameter, value: str) -> str:
    """A host to listen on, by name or address."""
    if not value.strip(" []"):
        raise click.BadParameter(f"{value!r} is no host; 0.0.0.0 listens on every address of this machine")
    return value


def hosts(context: click.Context, option: click.Parameter, value: str | None) -> tuple[str, ...] | None:
    """Hosts by name or address."""
    if not value:
        return None
    named = tuple(part.strip() for part in value.split(",") if part.strip())
    for part in named or (value,):
        if not _HOST.fullmatch(part):
            raise click.BadParameter(f"{part!r} is no host, such as hook.example, *.hook.example, 127.0.0.1 or ::1")
    return named


def host_port(context: click.Context, option: click.Parameter, value: str | None) -> str | None:
    """HOST:PORT."""
    if value is not None and host_and_port(value) is None:
        raise click.BadParameter(f"{value!r} is no HOST:PORT, such as 127.0.0.1:1025")
    return value
