"""Hides what is secret in what is shown: keys, tokens, passwords, user:password in addresses, the seals of links.

It goes by names and forms, never by how likely a text looks: a member of a body or a query that is called as a secret
is called, also where an address stands in a text; a header that carries one; what stands before the `@` of an address;
the seal behind the sandbox's own name; and a token of a sandbox, wherever it stands.
"""

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any
from urllib.parse import quote_plus, unquote_plus

from assessment_simulator.storage import json_codec

HIDDEN = "***"
Hide = Callable[[str, str], str]
"""What to write for a secret, given the name of what holds it and the secret.

The name of a header begins with `header.`; that of a seal is `seal.` and the id of the invitation."""

SEAL, USERINFO = "seal", "user and password"
"""The names of secrets that no header or member holds."""
_MEMBERS = frozenset(
    "access_token api_key assessment_password authorization client_secret id_token password refresh_token secret token "
    "webhook_secret x_api_key".replace("_", "").split()
)
_HEADERS = frozenset("api-key cookie proxy-authorization set-cookie x-api-key x-auth-token".split())
_MEMBER = re.compile(
    r'"((?:access|id|refresh)[_-]?token|(?:x[_-])?api[_-]?key|assessment[_-]?password|password|token'
    r'|(?:(?:client|webhook)[_-]?)?secret)"(\s*:\s*)("(?:[^"\\]|\\.)*(?:"|\\?\Z)|[^\s"{\[,}\]]+)',
    re.IGNORECASE | re.DOTALL,
)
"""A secret member as JSON has it, be the text around it JSON or not, and be it cut off."""
_SEALED = re.compile(r"(?<![0-9a-z.-])([a-z0-9-]{1,64}\.)[0-9a-f]{24}(?![0-9a-f])")
"""A sandbox's name and a seal, as links have them."""
_SEAL = re.compile(r"(?<=\.)([0-9a-f]{24})(?![0-9a-f])(?:(?=\.([0-9A-Za-z-]+)))?")
"""A seal, and the id that it is for."""
_USERINFO = re.compile(r'(:(?:\\?/){2})([^/?#\s"\\]+)@')
_QUERY = re.compile(r"""([?&](?:amp;)?)([^=&?#\s"'\\<>]+)=([^&#\s"'\\<>]+)""")
"""A name and its value in the query of an address."""
_TOKEN = re.compile(r"(?<![0-9a-z-])sim-[a-z0-9-]{1,64}\.[0-9]+\.[0-9a-f]{40}(?![0-9a-f])")
"""A token as pymetrics' token call makes it."""


def _stars(name: str, secret: str) -> str:
    return HIDDEN


class Mask:
    """Hides the secrets of the exchanges of the sandbox `name`; `hide` says what to write instead."""

    def __init__(self, name: str, hide: Hide = _stars) -> None:
        self._sealed = f"{name}." if name else ""
        self._hide = hide
        self._written: set[str] = {HIDDEN, ""}

    def _hidden(self, name: str, secret: str) -> str:
        """What to write for it; what was written for a secret already stays."""
        if secret in self._written:
            return secret
        written = self._hide(name, secret)
        self._written.add(written)
        return written

    def plain(self, text: str) -> str:
        """A text without tokens and seals, and its addresses without what is secret in them."""
        if self._sealed and self._sealed in text:
            text = _SEAL.sub(self._link, text)
        text = _TOKEN.sub(lambda found: self._hidden("access_token", found[0]), text)
        text = _QUERY.sub(self._queried, text)
        return _USERINFO.sub(lambda found: f"{found[1]}{self._hidden(USERINFO, found[2])}@", text)

    def _link(self, found: re.Match[str]) -> str:
        seal, id = found.groups("")
        is_ours = found.string.endswith(self._sealed, 0, found.start())
        return self._hidden(f"{SEAL}.{id}", seal) if is_ours else seal

    def _queried(self, found: re.Match[str]) -> str:
        before, name, value = found.groups()
        name_read = unquote_plus(name)
        return f"{before}{name}={self._hidden(name_read, value)}" if _is_secret(name_read) else found[0]

    def header(self, name: str, value: str) -> str:
        """The value of a header; of an `Authorization` the scheme is left."""
        known = name.lower()
        if known == "authorization":
            scheme, space, credential = value.partition(" ")
            place = f"header.{known}"
            return f"{scheme} {self._hidden(place, credential)}" if space else self._hidden(place, value)
        return self._hidden(f"header.{known}", value) if known in _HEADERS else self.plain(value)

    def pairs(self, text: str) -> str:
        """A form or a query; only what is secret is written anew."""
        return "&".join(self._pair(pair) for pair in text.split("&")) if "=" in text else text

    def _pair(self, pair: str) -> str:
        name, _, written = pair.partition("=")
        value = unquote_plus(written)
        shown = self._member(unquote_plus(name), value)
        return pair if shown == value else f"{name}={quote_plus(shown, safe='*:/@')}"

    def body(self, text: str) -> str:
        """A body as text: JSON stays as it was written, as far as it can."""
        text = _MEMBER.sub(self._written_member, text)
        text = self.plain(text)
        try:
            value = json_codec.loads(text.encode())
        except ValueError:
            return self.pairs(text)
        shown = self.value(value)
        return text if shown == value else json_codec.dumps(shown).decode()

    def _written_member(self, found: re.Match[str]) -> str:
        name, between, value = found.groups()
        if value in ("null", '""'):
            return found[0]
        return f'"{name}"{between}"{self._hidden(name, value.strip(chr(34)))}"'

    def value(self, value: Any) -> Any:
        """JSON values."""
        if isinstance(value, dict):
            return {name: self._member(name, one) for name, one in value.items()}
        if isinstance(value, list):
            return [self.value(one) for one in value]
        return self.plain(value) if isinstance(value, str) else value

    def _member(self, name: str, value: Any) -> Any:
        if value is None or not _is_secret(name):
            return self.value(value)
        return self._hidden(name, value if isinstance(value, str) else json_codec.dumps(value).decode())


ALONE = Mask("")
"""Hides what belongs to no sandbox: all but the seals of links."""

_SAID = (
    r"(\b(?:bearer|basic)\s+|\b(?:(?:access|id|refresh)[_-]?token|(?:x[_-])?api[_-]?key|assessment[_-]?password|password"
    r"|token|(?:(?:client|webhook)[_-]?)?secret)=|\b(?:(?:x-)?api-key|(?:set-)?cookie)['\"]?\s*[:,]\s*b?['\"]?)[^\s&'\",;)]+"
)
"""A secret in a line of a log: behind a scheme of access, in a form or a query, behind the name of a header."""


@cache
def _said() -> re.Pattern[str]:
    return re.compile(_SAID, re.IGNORECASE)  # it takes milliseconds, and most servers never need it


def hidden(text: str) -> str:
    """A line of a log, or a traceback, whatever is in it, without secrets; it belongs to no sandbox."""
    text = _SEALED.sub(lambda found: f"{found[1]}{HIDDEN}", text)
    text = _said().sub(lambda found: f"{found[1]}{HIDDEN}", text)
    return ALONE.plain(_MEMBER.sub(_hide_member, text))


def _hide_member(found: re.Match[str]) -> str:
    return f'"{found[1]}"{found[2]}"{HIDDEN}"'


def _is_secret(name: str) -> bool:
    return name.lower().replace("_", "").replace("-", "") in _MEMBERS


def headers_of(mask: Mask, headers: Mapping[bytes, bytes]) -> dict[str, str]:
    """Headers as they may be shown, by name."""
    found = ((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers.items())
    return {name: mask.header(name, value) for name, value in found}
