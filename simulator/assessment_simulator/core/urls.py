"""What can be a URL, judged by its form and never rewritten: the caller's string is kept as it came."""

import re
from base64 import b64encode
from collections.abc import Mapping
from urllib.parse import parse_qsl, unquote, unquote_to_bytes, urlsplit

FORM = "application/x-www-form-urlencoded"
# The most parameters of a query or a form.
MOST_PARAMETERS = 1_000
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*", re.ASCII)
_FORBIDDEN = re.compile(r"[\s\x00-\x1f\x7f]")
_PREFIX = re.compile(r"(?:/(?:[A-Za-z0-9._~@:+-]|%[0-9A-Fa-f]{2})+)*")
_LONGEST_PREFIX = 256
_HOST_AND_PORT = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([\w.-]+)):(\d{1,5})", re.ASCII)


# What the names have in common by which a container reaches the machine that it runs on (Docker, Podman).
_HOST_NAMES = ("docker.internal", "containers.internal")
CONTAINER_HINT = (
    "host.docker.internal is known in containers only (on Linux with --add-host=host.docker.internal:host-gateway); if "
    "this server runs outside of a container, send the address with 127.0.0.1"
)


def names_container_host(url: str) -> bool:
    """Whether a URL has a name by which a container reaches its machine."""
    return any(name in url.lower() for name in _HOST_NAMES)


def container_hints(url: str | None) -> tuple[str, ...]:
    """The hint about a URL with such a name."""
    return (CONTAINER_HINT,) if url and names_container_host(url) else ()


def is_url(text: str, schemes: tuple[str, ...] = ()) -> bool:
    """Whether `text` is an absolute URL with a host, of one of `schemes` (lower case) or, without any, of whichever."""
    if _FORBIDDEN.search(text):
        return False
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018  a property that raises for a port out of range
    except ValueError:
        return False
    known = parts.scheme in schemes if schemes else _SCHEME.fullmatch(parts.scheme) is not None
    return known and bool(parts.hostname)


def is_web_url(text: str) -> bool:
    """Whether `text` is an absolute http or https URL with a host."""
    return is_url(text, ("http", "https"))


def path_prefix(path: str) -> str | None:
    """The prefix of all paths that the path of a base URL stands for, as links have it, without a slash at its end.

    None for what cannot be one: letters that a link or a cookie would have to escape, and steps upwards.
    """
    prefix = path.removesuffix("/")
    if len(prefix) > _LONGEST_PREFIX or not _PREFIX.fullmatch(prefix):
        return None
    return None if {".", ".."} & {unquote(part) for part in prefix.split("/")} else prefix


def host_and_port(text: str) -> tuple[str, int] | None:
    """The two parts of HOST:PORT, an IPv6 address in brackets; None when it is something else."""
    found = _HOST_AND_PORT.fullmatch(text)
    return (found[1] or found[2], int(found[3])) if found and 0 < int(found[3]) < 65_536 else None


def basic_auth(url: str) -> tuple[str, str | None]:
    """The URL without `user:password@`, and the `Authorization` header that these stand for, if there are any.

    A URL without them stays letter for letter. They are percent-decoded and go over the wire as UTF-8 (RFC 7617).
    """
    scheme, slashes, rest = url.partition("://")
    end = next((at for at, letter in enumerate(rest) if letter in "/?#"), len(rest))
    userinfo, found, host = rest[:end].rpartition("@")
    if not found:
        return url, None
    user, _, password = userinfo.partition(":")
    octets = unquote_to_bytes(user) + b":" + unquote_to_bytes(password)
    return f"{scheme}{slashes}{host}{rest[end:]}", f"Basic {b64encode(octets).decode()}"


def parse_query(text: bytes) -> Mapping[str, str]:
    """The parameters of a query string or a form; of several with one name the last counts.

    Raises ValueError for more than `MOST_PARAMETERS`.
    """
    if not text:
        return {}
    pairs = parse_qsl(text.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MOST_PARAMETERS)
    return dict(pairs)
