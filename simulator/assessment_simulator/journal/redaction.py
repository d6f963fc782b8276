"""Replaces secrets in what is shown: keys, tokens, passwords, user:password in URLs, the seals of links.

Secrets are recognised by their place, not by how random a text looks: a member of a body or a parameter of a query
whose name is that of a secret, also where a URL stands in a text; a header that carries one; what stands before the `@`
of a URL; the seal behind the sandbox's own name; and an access token of a sandbox, anywhere.
"""

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any
from urllib.parse import quote_plus, unquote_plus

from assessment_simulator.storage import json_codec

HIDDEN = "***"
# Returns what to show instead of a secret, given its name and the secret.
# The name is that of the member or parameter; `header.` and the name of a header; `seal.` and the id of an invitation;
# or `USERINFO`.
Replace = Callable[[str, str], str]
SEAL, USERINFO = "seal", "user and password"
_MEMBERS = frozenset(
    "access_token api_key assessment_password authorization client_id client_secret id_token password refresh_token "
    "secret token "
    "webhook_secret x_api_key".replace("_", "").split()
)
_HARMLESS = frozenset(
    "accept accept-encoding accept-language allow connection content-encoding content-length content-type date host "
    "link origin simulator-hint simulator-note simulator-rule traceparent transfer-encoding user-agent vary "
    "x-request-id".split()
)
_SUSPECT = re.compile("key|secret|token|pass|auth|cred|bearer|session|sign|client", re.IGNORECASE)
_LONGEST_SHOWN = 1_000
_HEADERS = frozenset("api-key cookie proxy-authorization set-cookie x-api-key x-auth-token".split())
_NAMES = (
    r"(?:access|id|refresh)[_-]?token|(?:x[_-])?api[_-]?key|assessment[_-]?password|password|token"
    r"|(?:(?:client|webhook)[_-]?)?secret|client[_-]?id"
)
# A secret member in JSON syntax, also where the text around it is no JSON or is cut off.
_MEMBER = re.compile(rf'"({_NAMES})"(\s*:\s*)("(?:[^"\\]|\\.)*(?:"|\\?\Z)|[^\s"{{\[,}}\]]+)', re.IGNORECASE | re.DOTALL)
# The id of a client is shown only if it names a sandbox: another one may be a real account's.
_CLIENT = "clientid"
# The name of any sandbox and a seal.
_NAMED_SEAL = re.compile(r"(?<![0-9a-z.-])([a-z0-9-]{1,64}\.)[0-9a-f]{24}(?![0-9a-f])")
# A seal, and the id that follows it.
_SEAL = re.compile(r"(?<=\.)([0-9a-f]{24})(?![0-9a-f])(?:(?=\.([0-9A-Za-z-]+)))?")
_USERINFO = re.compile(r'(:(?:\\?/){2})([^/?#\s"\\]+)@')
# A name and its value in the query of a URL.
_PARAMETER = re.compile(r"""([?&](?:amp;)?)([^=&?#\s"'\\<>]+)=([^&#\s"'\\<>]+)""")
# An access token of pymetrics.
_TOKEN = re.compile(r"(?<![0-9a-z-])sim-[a-z0-9-]{1,64}\.[0-9]+\.[0-9a-f]{40}(?![0-9a-f])")


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")


def _is_secret(name: str) -> bool:
    return _plain(name) in _MEMBERS


class Mask:
    """Hides the secrets of the sandbox `name`; without a name, all but the seals of links."""

    def __init__(self, name: str, replace: Replace = lambda name, secret: HIDDEN) -> None:
        self._owner = f"{name}." if name else ""
        self._replace = replace
        self._replacements = {HIDDEN, ""}

    def _hidden(self, name: str, secret: str) -> str:
        """What to show instead. A replacement stays as it is when its text is read again."""
        if secret in self._replacements or (secret.startswith("sim-") and _plain(name) == _CLIENT):
            return secret
        shown = self._replace(name, secret)
        self._replacements.add(shown)
        return shown

    def plain(self, text: str) -> str:
        """A text: hides tokens, seals, and the secrets in its URLs."""

        def seal(found: re.Match[str]) -> str:
            is_own = found.string.endswith(self._owner, 0, found.start())
            return self._hidden(f"{SEAL}.{found[2] or ''}", found[1]) if is_own else found[1]

        def parameter(found: re.Match[str]) -> str:
            before, name, value = found.groups()
            name_read = unquote_plus(name)
            return f"{before}{name}={self._hidden(name_read, value)}" if _is_secret(name_read) else found[0]

        if self._owner and self._owner in text:
            text = _SEAL.sub(seal, text)
        text = _TOKEN.sub(lambda found: self._hidden("access_token", found[0]), text)
        text = _PARAMETER.sub(parameter, text)
        return _USERINFO.sub(lambda found: f"{found[1]}{self._hidden(USERINFO, found[2])}@", text)

    def header(self, name: str, value: str) -> str:
        """The value of a header; of `Authorization` the scheme is shown."""
        known = name.lower()
        if known == "authorization":
            scheme, space, credential = value.partition(" ")
            if space:
                return f"{scheme} {self._hidden(f'header.{known}', credential)}"
        elif known not in _HEADERS:
            return self.plain(value)
        return self._hidden(f"header.{known}", value)

    def headers(self, headers: Mapping[bytes, bytes]) -> dict[str, str]:
        """Headers by name."""
        decoded = ((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers.items())
        return {name: self.header(name, value) for name, value in decoded}

    def pairs(self, text: str) -> str:
        """A form or a query; pairs without a secret stay as they are written."""
        if "=" not in text:
            return text
        shown = []
        for pair in text.split("&"):
            name, _, written = pair.partition("=")
            value = unquote_plus(written)
            masked = self._member(unquote_plus(name), value)
            shown.append(pair if masked == value else f"{name}={quote_plus(masked, safe='*:/@')}")
        return "&".join(shown)

    def body(self, text: str) -> str:
        """A body; JSON keeps its spelling as far as possible."""

        def member(found: re.Match[str]) -> str:
            name, between, value = found.groups()
            if value in ("null", '""'):
                return found[0]
            return f'"{name}"{between}"{self._hidden(name, value.strip(chr(34)))}"'

        text = self.plain(_MEMBER.sub(member, text))
        try:
            value = json_codec.loads(text.encode())
        except ValueError:
            return self.pairs(text)
        shown = self.value(value)  # finds names that are written with escapes, and secrets that are objects
        return text if shown == value else json_codec.dumps(shown).decode()

    def value(self, value: Any) -> Any:
        """A JSON value."""
        if isinstance(value, dict):
            return {name: self._member(name, one) for name, one in value.items()}
        if isinstance(value, list):
            return [self.value(one) for one in value]
        return self.plain(value) if isinstance(value, str) else value

    def _member(self, name: str, value: Any) -> Any:
        if value is None or not _is_secret(name):
            return self.value(value)
        return self._hidden(name, value if isinstance(value, str) else json_codec.dumps(value).decode())


class UnknownMask(Mask):
    """Hides what may be a secret in a request whose key is unknown: it can be anywhere, also a real vendor's key.

    Of headers only those are shown that carry none, of parameters, forms and other text the names, and of JSON the
    members whose names do not look like that of a secret.
    """

    def header(self, name: str, value: str) -> str:
        return super().header(name, value)[:_LONGEST_SHOWN] if name.lower() in _HARMLESS else HIDDEN

    def pairs(self, text: str) -> str:
        pairs = (pair.partition("=") for pair in text.split("&"))
        return "&".join(f"{name}={HIDDEN}" if between else HIDDEN for name, between, _ in pairs) if text else ""

    def _member(self, name: str, value: Any) -> Any:
        return HIDDEN if value is not None and _SUSPECT.search(name) else super()._member(name, value)


# Hides the secrets of what belongs to no sandbox.
NO_SANDBOX = Mask("")


@cache
def _in_log_lines() -> re.Pattern[str]:
    """A secret in a log line: after an authentication scheme, in a form or query, after the name of a header."""
    # Compiling it takes milliseconds, and most servers never need it.
    return re.compile(
        rf"(\b(?:bearer|basic)\s+|\b(?:{_NAMES})="
        r"|\b(?:(?:x-)?api-key|(?:set-)?cookie)['\"]?\s*[:,]\s*b?['\"]?)[^\s&'\",;)]+",
        re.IGNORECASE,
    )


def redact(text: str) -> str:
    """A log line or a traceback without secrets, of any sandbox."""
    text = _NAMED_SEAL.sub(rf"\1{HIDDEN}", text)
    text = _in_log_lines().sub(rf"\1{HIDDEN}", text)
    return NO_SANDBOX.plain(_MEMBER.sub(rf'"\1"\2"{HIDDEN}"', text))
