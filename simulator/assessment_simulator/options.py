"""Options of the commands. Each is also an environment variable; an invalid value is refused with the option's name."""

import re
from collections.abc import Callable
from ipaddress import ip_network
from typing import Any
from urllib.parse import urlsplit

import click

from assessment_simulator.core import instant
from assessment_simulator.core.log_location import log_place
from assessment_simulator.core.urls import host_and_port, is_web_url, path_prefix
from assessment_simulator.http.allowed_hosts import ANY, is_address, pattern
from assessment_simulator.http.cross_origin import parse_origin
from assessment_simulator.journal.redaction import hidden
from assessment_simulator.settings import PREFIX, Settings, address_to_ask, from_environment

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_HOST = re.compile(r"[^\s,;:/?#@\[\]]+|(?=.*:.*[:*])[0-9a-f.:*]+", re.IGNORECASE)
"""A name or an IPv4 address, or an IPv6 address, which has two colons at least; `*` is allowed in them."""
_PATTERN = re.compile(r"\.?[a-z0-9_-]+(\.[a-z0-9_-]+)*")


def _from(name: str, otherwise: str | None = None) -> Callable[[], str | None]:
    """An option's default: the environment's word, else the one given."""
    return lambda: from_environment(name) or otherwise


def option(name: str, otherwise: str | None, text: str, **more: Any) -> Callable[[Any], Any]:
    """An option of a command, `SIMULATOR_…` in the environment, with its help."""
    said = f"{text}  [env: {PREFIX}{name.upper()}{f'; default: {otherwise}' if otherwise else ''}]"
    return click.option(f"--{name.replace('_', '-')}", default=_from(name, otherwise), help=said, **more)


FLAG: dict[str, Any] = {
    "is_flag": True,
    "flag_value": True,  # click before 8.2 takes the opposite of the default, which is a function here
    "type": bool,
    "callback": lambda context, option, value: bool(value),
}
"""What makes an option a flag."""


def web_url(context: click.Context, option: click.Parameter, value: str | None) -> str | None:
    """A URL with a host."""
    if value is not None and not is_web_url(value):
        raise click.BadParameter(
            f"{value!r} is not an http or https URL with a host, such as https://simulator.example"
        )
    return value


def base_url(context: click.Context, option: click.Parameter, value: str | None) -> str | None:
    """A URL with a host that paths can follow."""
    web_url(context, option, value)
    if value is not None and urlsplit(value).username is not None:
        raise click.BadParameter(f"{hidden(value)!r} has a user; links to it would tell the password to each reader")
    if value is not None and ("?" in value or "#" in value):
        raise click.BadParameter(f"{value!r} has a query or a fragment; links begin with it, and a path follows")
    if value is not None and path_prefix(urlsplit(value).path) is None:
        allowed = "letters, digits and . _ ~ @ : + -, others escaped as in %20, and no empty, . or .. segments"
        raise click.BadParameter(f"{value!r} has a path that links cannot begin with; it may have {allowed}")
    return value


def control_token() -> str | None:
    """The environment's token; it must be one that a header can carry."""
    token = from_environment("control_token")
    if token is not None and (token != token.strip() or _CONTROL.search(token)):
        wrong = "a control character in it" if token == token.strip() else "a space or line break at its start or end"
        raise click.UsageError(f"SIMULATOR_CONTROL_TOKEN has {wrong}, which no Authorization header can carry")
    return token


def own_address() -> str:
    """The address under which this machine reaches the server that the same environment starts."""
    usual = Settings()
    host, port = from_environment("host") or usual.host, from_environment("port") or str(usual.port)
    if port.strip("0") == "":
        raise click.UsageError("SIMULATOR_PORT is 0, so the server chose its port itself; say with --url where it is")
    return address_to_ask(host, port, tls=bool(from_environment("tls") or from_environment("tls_cert")))


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
            self.fail(f"{value!r} is not a number.", param, ctx)
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
        raise click.BadParameter(f"{value!r} is not an ISO 8601 duration of {meant}")
    if not found:
        raise click.BadParameter(f"{value!r} is zero; it must be longer than zero")
    return found


def to_listen(context: click.Context, option: click.Parameter, value: str) -> str:
    """A host to listen on, by name or address."""
    if not value.strip(" []"):
        raise click.BadParameter(f"{value!r} is not a host; 0.0.0.0 listens on every address of this machine")
    return value


def hosts(context: click.Context, option: click.Parameter, value: str | None) -> tuple[str, ...] | None:
    """Hosts by name or address."""
    if not value:
        return None
    named = tuple(part.strip() for part in value.split(",") if part.strip())
    for part in named or (value,):
        if not _HOST.fullmatch(part):
            raise click.BadParameter(f"{part!r} is not a host, such as hook.example, *.hook.example, 127.0.0.1 or ::1")
    return named


def networks(context: click.Context, option: click.Parameter, value: str | None) -> tuple[str, ...]:
    """IP addresses and networks."""
    named = _listed(value)
    for part in named:
        try:
            ip_network(part)
        except ValueError as problem:
            example = "such as 127.0.0.1, 10.0.0.0/8 or fd00::/8"
            raise click.BadParameter(f"{part!r} is not an IP address or network, {example}: {problem}") from None
    return named


def host_names(context: click.Context, option: click.Parameter, value: str | None) -> tuple[str, ...]:
    """Host names that requests may be sent to; a leading dot includes subdomains, `*` is every host."""
    named = _listed(value)
    for part in named:
        if part != ANY and not is_address(part.strip("[]")) and not _PATTERN.fullmatch(pattern(part)):
            raise click.BadParameter(
                f"{part!r} is not a host name, such as sim.example, .example.com (with its subdomains) or *; "
                "it has no scheme, port or path"
            )
    return named


def origins(context: click.Context, option: click.Parameter, value: str | None) -> tuple[str, ...]:
    """Origins of web pages; `*` is every origin."""
    named = _listed(value)
    for part in named:
        if part != ANY and parse_origin(part.rstrip("/")) is None:
            raise click.BadParameter(
                f"{part!r} is not an origin, such as https://app.example or http://10.0.0.5:3000: "
                "a scheme, a host and perhaps a port, without a path"
            )
    return named


def _listed(value: str | None) -> tuple[str, ...]:
    named = tuple(part.strip() for part in (value or "").split(",") if part.strip())
    if value and not named:
        raise click.BadParameter(f"{value!r} is empty")
    return named


def host_port(context: click.Context, option: click.Parameter, value: str | None) -> str | None:
    """HOST:PORT."""
    if value is not None and host_and_port(value) is None:
        raise click.BadParameter(f"{value!r} is not HOST:PORT, such as 127.0.0.1:1025")
    return value


def host_and_perhaps_port(context: click.Context, option: click.Parameter, value: str | None) -> str | None:
    """HOST or HOST:PORT."""
    known = value is None or host_and_port(value) is not None or _HOST.fullmatch(value.strip("[]"))
    if not known:
        raise click.BadParameter(f"{value!r} is neither HOST nor HOST:PORT, such as 10.0.0.7 or 10.0.0.7:9000")
    return value
